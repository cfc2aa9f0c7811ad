//! What Postroom itself writes to people: in its mails, and on the pages it shows to whoever has no account here. Owns the languages there
//! are and that each has every text; never who is written to. Programs are answered in English, whatever the language.
//!
//! Texts are plain: whoever puts them into HTML escapes them, and what is put into them. A language is one file beside this one and a line
//! in [`Language`]; a text that is missing does not compile.

mod de;
mod en;
#[cfg(test)]
mod tests;

use jiff::civil::Date;
use model::WorkspaceId;
use model::survey::RatingValue;
use store::{Tx, workspaces};

use crate::{Engine, Result};

/// A language that Postroom writes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// What is written where nothing says otherwise.
    #[default]
    English,
    German,
}

/// Languages of an `Accept-Language` that are looked at.
const ACCEPTED_MAX: usize = 20;

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// As `lang` and `Content-Language` have it (RFC 5646).
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    pub const fn words(self) -> &'static Words {
        match self {
            Self::English => &en::WORDS,
            Self::German => &de::WORDS,
        }
    }

    /// Of a tag, whatever its region; `None`: nothing is written in it.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The one that an `Accept-Language` (RFC 9110 §12.5.4) likes best among those there are.
    pub fn accepted(header: &str) -> Option<Self> {
        let liked = header.split(',').take(ACCEPTED_MAX).filter_map(|range| {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let quality = match parameters.trim().strip_prefix("q=") {
                Some(quality) => quality.trim().parse::<f32>().ok()?,
                None => 1.0,
            };
            Some((Self::parse(tag)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // Of two that are liked alike, the first.
        let better = |best: Option<(Self, f32)>, next: (Self, f32)| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            _ => Some(next),
        };
        liked.fold(None, better).map(|(language, _)| language)
    }
}

/// What a workspace has chosen, if it has.
pub(crate) fn of_workspace(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> store::Result<Option<Language>> {
    Ok(workspaces::get(tx, workspace)?.and_then(|row| Language::parse(row.language.as_deref()?)))
}

/// The language of a workspace's mails.
pub(crate) async fn for_mails(engine: &Engine, workspace: &WorkspaceId) -> Result<Language> {
    let workspace = workspace.clone();
    Ok(engine.db.read(move |tx| of_workspace(tx, &workspace)).await?.unwrap_or_default())
}

/// The field that tells a mail's language (RFC 3282).
pub(crate) fn header(language: Language) -> (String, String) {
    ("Content-Language".to_owned(), language.tag().to_owned())
}

type Of1 = fn(&str) -> String;
type Of2 = fn(&str, &str) -> String;

/// A heading, and what to do.
pub struct Notice {
    pub title: &'static str,
    pub text: &'static str,
}

/// Every text, in one language.
pub struct Words {
    pub language: Language,
    /// The name of whom a mail is to, if it is known.
    pub greeting: fn(Option<&str>) -> String,
    pub page: PageWords,
    pub invitation: InvitationWords,
    pub survey: SurveyWords,
    pub unsubscribe: UnsubscribeWords,
    pub mailbox: MailboxWords,
}

/// What pages have alike.
pub struct PageWords {
    pub footer: &'static str,
    pub footer_without_cookie: &'static str,
    pub failed: &'static str,
    /// The request that went wrong.
    pub failed_text: Of1,
    pub leads_nowhere: Notice,
}

pub struct InvitationWords {
    /// Who invites, if a person does, and to which workspace.
    pub subject: fn(Option<&str>, &str) -> String,
    pub lead: fn(Option<&str>, &str) -> String,
    pub accept: &'static str,
    pub until: fn(Date) -> String,
    pub unexpected: &'static str,
    pub copy: &'static str,
}

pub struct SurveyWords {
    /// Who asks, and the subject if there is one: so in all that have both.
    pub closed: fn(&str, Option<&str>) -> String,
    /// Of a conversation that may go on.
    pub written: fn(&str, Option<&str>) -> String,
    pub may_we_ask: &'static str,
    pub good: &'static str,
    pub ok: &'static str,
    pub bad: &'static str,
    pub how: &'static str,
    pub how_text: fn(&str, Option<&str>) -> String,
    pub thanks: &'static str,
    pub thanks_for_now: Of1,
    pub thanks_for_good: Of1,
    pub yours: &'static str,
    pub yours_text: fn(&str, Option<&str>) -> String,
    pub over: &'static str,
    pub over_text: fn(&str, Option<&str>) -> String,
    pub legend: &'static str,
    pub comment: &'static str,
    pub send: &'static str,
    pub change: &'static str,
    pub no_link: Notice,
    pub too_late: &'static str,
    /// Days in which an answer can be changed, and in which a survey can be answered.
    pub too_late_text: fn(u64, u64) -> String,
    pub nothing_chosen: Notice,
    pub too_long: &'static str,
    /// Characters of the longest comment.
    pub too_long_text: fn(usize) -> String,
}

impl SurveyWords {
    pub const fn rating(&self, rating: RatingValue) -> &'static str {
        match rating {
            RatingValue::Good => self.good,
            RatingValue::Ok => self.ok,
            RatingValue::Bad => self.bad,
        }
    }
}

pub struct UnsubscribeWords {
    pub leave: &'static str,
    pub leave_domain: Of1,
    /// An address, what it gets and of whom.
    pub gets: fn(&str, &str, &str) -> String,
    pub left: &'static str,
    /// What does not come any more, of whom and to which address.
    pub left_text: fn(&str, &str, &str) -> String,
    /// A domain and an address.
    pub left_domain_text: Of2,
    pub come_back: &'static str,
    pub no_link: Notice,
    pub too_long: Notice,
    pub nothing_changed: Notice,
}

/// A server of a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerKind {
    Incoming,
    Outgoing,
}

/// What is tried of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trial {
    Connect,
    Tls,
    SignIn,
    Folders,
    Other,
}

/// Of the pages on which a mailbox is connected.
pub struct MailboxWords {
    pub footer: &'static str,
    pub connect_title: &'static str,
    pub sign_in_to: Of1,
    pub step: fn(u8) -> &'static str,
    /// The application that will read and send.
    pub consent: Of1,
    pub or_with_password: &'static str,
    pub name: &'static str,
    pub name_hint: &'static str,
    pub email: &'static str,
    pub go_on: &'static str,
    pub looks_up: &'static str,
    pub incoming: &'static str,
    pub outgoing: &'static str,
    pub outgoing_hint: &'static str,
    pub server: &'static str,
    pub port: &'static str,
    pub security: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    pub password_hint: &'static str,
    pub same: &'static str,
    pub connect: &'static str,
    pub back: &'static str,
    pub signs_in: &'static str,
    pub not_yet: Of1,
    pub not_connected_yet: &'static str,
    pub tried: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    pub trial: fn(Trial) -> &'static str,
    /// What a server refused, and what else is known of it.
    pub refused: fn(ServerKind, Trial, Option<&str>) -> String,
    pub found_nothing: &'static str,
    pub guessed: &'static str,
    pub found: &'static str,
    pub enter_address: &'static str,
    pub enter_host: &'static str,
    pub enter_port: &'static str,
    pub enter_user: &'static str,
    pub enter_password: &'static str,
    pub connected: &'static str,
    pub taking_back: Of1,
    pub on_to: Of1,
    pub sign_in_with: Of1,
    pub try_again: &'static str,
    pub altered: Notice,
    pub expired: Notice,
    pub spent: Notice,
    pub open_too_long: Notice,
    pub not_offered: Notice,
    pub too_long: Notice,
    pub too_often: &'static str,
    /// Seconds to wait.
    pub too_often_text: fn(u64) -> String,
    pub not_connected: &'static str,
    /// The application that was not let in, and the provider's words.
    pub provider_refused: Of2,
    pub nobody: &'static str,
    pub servers_refused: &'static str,
}
