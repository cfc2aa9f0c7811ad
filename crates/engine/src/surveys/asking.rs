//! Sends the surveys whose time has come, or says why one is not sent. Nobody is asked who is a machine, was suppressed, or was asked a
//! short while ago; the mail says that a machine wrote it, as automatic answers do.

use std::time::Duration;

use mail::Mailbox;
use model::conversation::ConversationStatus;
use model::survey::{RatingValue, SurveySettings};
use model::{ContactId, ConversationId, Timestamp};
use serde_json::{Map, json};
use store::conversations::ConversationRow;
use store::messages::MessageRow;
use store::surveys::{self, SurveyRow};
use store::{Priority, Tx, channels, contacts, conversations, users, workspaces};

use super::answering::url;
use crate::answering::escaped;
use crate::automations::{automatic_headers, newest_to_answer, principal};
use crate::sending::{self, Automatic, ReplyRequest};
use crate::suppressions::blocking;
use crate::words::{self, Language, Words};
use crate::{Engine, EngineError, Result};

/// Surveys sent in one round.
const ROUND: usize = 20;
const DAY: u64 = 24 * 60 * 60;

/// One round.
///
/// # Errors
/// What the store says.
pub(crate) async fn ask_due(engine: &Engine, now: Timestamp) -> Result<()> {
    for survey in engine.db.read(move |tx| surveys::due(tx, now, ROUND)).await? {
        let id = survey.id.clone();
        let why_not = match ask(engine, &survey, now).await {
            Ok(None) => continue,
            Ok(Some(why)) => why,
            Err(error @ (EngineError::Store(_) | EngineError::Unavailable(_) | EngineError::Internal(_))) => {
                tracing::error!(%error, survey = %id, "a survey could not be sent; trying again");
                continue;
            }
            Err(error) => error.to_string(),
        };
        engine.db.write(Priority::Background, move |tx| surveys::skip(tx, &id, &why_not)).await?;
    }
    Ok(())
}

/// What is known of a survey that is to be sent.
struct Asked {
    conversation: ConversationRow,
    settings: SurveySettings,
    /// Who asks, by the name that the channel sends by.
    from: String,
    language: Language,
}

/// Sends it, or says why not.
async fn ask(engine: &Engine, survey: &SurveyRow, now: Timestamp) -> Result<Option<String>> {
    let asked = survey.clone();
    let asked = match engine.db.read(move |tx| look(tx, &asked, now)).await? {
        Ok(asked) => asked,
        Err(why) => return Ok(Some(why.to_owned())),
    };
    let (workspace, id): (_, &ConversationId) = (&survey.workspace_id, &survey.conversation_id);
    let mail = match newest_to_answer(engine, workspace, id, now).await? {
        Ok(mail) => mail,
        Err(why) => return Ok(Some(why.to_owned())),
    };
    let (owner, address) = (workspace.clone(), mail.from_address.clone());
    let held = engine.db.read(move |tx| blocking(tx, &owner, None, None, &[address.as_str()])).await?;
    if !held.is_empty() {
        return Ok(Some("the address is suppressed".into()));
    }
    let ready =
        sending::prepare_reply(engine, &principal(workspace), id, request(engine, survey, &asked, &mail)).await?;
    let (survey, contact_days) = (survey.clone(), asked.settings.contact_days);
    let sent = engine.db.write(Priority::Delivery, move |tx| {
        if was_asked(tx, &survey.contact_id, contact_days, now)? || !surveys::sent(tx, &survey.id, ready.id(), now)? {
            return Ok(());
        }
        sending::write_each(tx, [&ready])
    });
    sent.await?;
    Ok(None)
}

fn look(
    tx: &mut Tx<'_>,
    survey: &SurveyRow,
    now: Timestamp,
) -> store::Result<std::result::Result<Asked, &'static str>> {
    let workspace = &survey.workspace_id;
    let Some(conversation) = conversations::get(tx, workspace, &survey.conversation_id)? else {
        return Ok(Err("the conversation is gone"));
    };
    // An automation asks whatever the channel does by itself.
    let asked_for = survey.automation_id.is_some();
    if conversation.public.status != ConversationStatus::Resolved && !asked_for {
        return Ok(Err("the conversation was opened again"));
    }
    let settings = surveys::settings(tx, workspace, &survey.channel_id)?.unwrap_or_default();
    let channel = channels::get(tx, workspace, &survey.channel_id)?;
    let Some(channel) = channel.filter(|_| settings.enabled || asked_for) else {
        return Ok(Err("the channel does not ask any more"));
    };
    if contacts::get(tx, workspace, &survey.contact_id)?.is_none() {
        return Ok(Err("the contact is gone"));
    }
    if was_asked(tx, &survey.contact_id, settings.contact_days, now)? {
        return Ok(Err(super::ASKED));
    }
    let colleague = match &survey.assignee_id {
        Some(id) => users::get(tx, workspace, id)?.and_then(|row| row.public.name),
        None => None,
    };
    let house = match channel.public.display_name {
        Some(name) => name,
        None => workspaces::get(tx, workspace)?.map(|workspace| workspace.name).unwrap_or_default(),
    };
    let from = colleague.map_or(house.clone(), |name| format!("{name} ({house})"));
    let language = words::of_workspace(tx, workspace)?.unwrap_or_default();
    Ok(Ok(Asked { conversation, settings, from, language }))
}

pub(super) fn was_asked(tx: &mut Tx<'_>, contact: &ContactId, days: u32, now: Timestamp) -> store::Result<bool> {
    let since = now.minus(Duration::from_secs(u64::from(days) * DAY));
    Ok(surveys::last_asked(tx, contact)?.is_some_and(|at| at > since))
}

fn request(engine: &Engine, survey: &SurveyRow, asked: &Asked, mail: &MessageRow) -> ReplyRequest {
    let letter = Letter {
        words: asked.language.words(),
        name: mail.from_name.as_deref(),
        from: &asked.from,
        subject: &asked.conversation.public.subject,
        is_closed: asked.conversation.public.status == ConversationStatus::Resolved,
        own: asked.settings.text.as_deref(),
        url: &url(engine, &survey.id),
    };
    let mut headers = automatic_headers();
    headers.push(words::header(asked.language));
    let in_reply_to = mail.rfc_message_id.clone().filter(|id| mail::compose::clean_message_id(id).is_ok());
    ReplyRequest {
        text: Some(letter.text()),
        html: Some(letter.html()),
        to: Some(vec![Mailbox { name: mail.from_name.clone(), address: mail.from_address.clone() }]),
        automatic: Some(Automatic {
            in_reply_to,
            headers,
            said: Map::from_iter([("surveyId".to_owned(), json!(survey.id))]),
            // Whoever has the link answers: the colleagues are not to.
            confidential: true,
        }),
        ..ReplyRequest::default()
    }
}

/// What a survey's mail says. Its first words, which lists show, hold no link.
struct Letter<'l> {
    words: &'static Words,
    name: Option<&'l str>,
    from: &'l str,
    subject: &'l str,
    is_closed: bool,
    own: Option<&'l str>,
    url: &'l str,
}

impl Letter<'_> {
    fn lead(&self) -> String {
        let survey = &self.words.survey;
        let subject = Some(self.subject.trim()).filter(|subject| !subject.is_empty());
        let about = if self.is_closed { survey.closed } else { survey.written };
        format!("{}\n\n{}", about(self.from, subject), self.own.unwrap_or(survey.may_we_ask))
    }

    fn link(&self, rating: RatingValue) -> String {
        format!("{}?rating={}", self.url, rating.as_str())
    }

    fn text(&self) -> String {
        let link = |rating: RatingValue| format!("{}: {}\n", self.words.survey.rating(rating), self.link(rating));
        let links: String = RatingValue::ALL.into_iter().map(link).collect();
        format!("{}\n\n{}\n\n{links}", (self.words.greeting)(self.name), self.lead())
    }

    fn html(&self) -> String {
        let paragraphs: String = std::iter::once((self.words.greeting)(self.name))
            .chain(self.lead().split("\n\n").map(str::to_owned))
            .map(|text| format!("<p>{}</p>", escaped(&text).replace('\n', "<br>")))
            .collect();
        let link = |rating: RatingValue| {
            format!(
                "<a href=\"{}\" style=\"display:inline-block;margin:0 8px 8px 0;padding:12px 22px;border-radius:8px;\
                 border:1px solid #8b8a83;color:#1b1c1f;text-decoration:none;font-weight:600\">{}</a>",
                escaped(&self.link(rating)),
                escaped(self.words.survey.rating(rating))
            )
        };
        let links: String = RatingValue::ALL.into_iter().map(link).collect();
        let lang = self.words.language.tag();
        format!(
            "<div lang=\"{lang}\" style=\"max-width:520px;font:16px/1.5 sans-serif;color:#1c1f23\">{paragraphs}<p style=\"margin:24px 0\">{links}</p></div>"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn the_first_words_hold_no_link_in_any_language_and_names_are_no_markup() {
        for language in Language::ALL {
            let words = language.words();
            let (name, url) = (Some("<b>Ada</b>"), "https://mail.example/survey/svy_1/x");
            let letter =
                Letter { words, name, from: "Bo & Co", subject: "<i>Lamp</i>", is_closed: true, own: None, url };
            let (text, html) = (letter.text(), letter.html());
            let before = text.split("http").next().unwrap_or_default();
            assert!(before.chars().count() > model::limits::PREVIEW_CHARS_MAX, "{text}");
            assert!(html.starts_with(&format!("<div lang=\"{}\"", language.tag())), "{html}");
            assert!(!html.contains("<b>") && !html.contains("<i>") && html.contains("Bo &amp; Co"), "{html}");
            for rating in RatingValue::ALL {
                let link = format!("{url}?rating={}", rating.as_str());
                assert!(text.contains(&format!("{}: {link}", words.survey.rating(rating))), "{text}");
            }
            let own = Letter { own: Some("Ours."), subject: " ", is_closed: false, ..letter };
            assert!(own.text().contains("\n\nOurs.\n\n") && !own.text().contains(words.survey.may_we_ask));
        }
    }
}
