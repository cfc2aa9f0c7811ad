//! Invitations: the mail by which a new colleague comes in. Owns what it is made of, which channel sends it and that nobody else reads the
//! link in it; who may add people is `users`' business, and the texts are `words`'.

use jiff::tz::TimeZone;
use mail::Mailbox;
use model::channel::{Channel, ChannelStatus};
use model::key::{Actor, Principal, User};
use model::{ChannelId, MessageId, Timestamp, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};
use store::{Priority, channels, users};

use crate::access::{self, INVITATION_LINK};
use crate::answering::escaped;
use crate::delivering::SANDBOX;
use crate::sending::{self, SendRequest};
use crate::users::require_admin_of_all;
use crate::words::{self, InvitationWords, Words};
use crate::{Engine, EngineError, Result, audit, once};

/// Channels looked through for one that can send.
const CHANNELS_LOOKED_THROUGH: usize = 200;
const TAG: &str = "invitation";

/// An invitation that was accepted for sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    pub message_id: MessageId,
    pub channel_id: ChannelId,
    /// The sandbox has it: it does not leave this machine.
    pub captured: bool,
}

/// How to invite somebody once more.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InviteAgain {
    /// The channel that sends it; the workspace's first one that can where it is not said.
    pub channel_id: Option<ChannelId>,
}

/// Where a link's token is taken to. Whoever comes in by it chooses a password first.
pub(crate) fn link(engine: &Engine, token: &str) -> String {
    format!("{}/sign-in?token={token}&welcome=true", engine.config.public_url)
}

/// The channel that sends invitations: the one that is asked for, or the oldest whose mail leaves this machine, or the oldest.
///
/// # Errors
/// It is not there; the workspace has none (409).
pub(crate) async fn channel(engine: &Engine, principal: &Principal, asked: Option<ChannelId>) -> Result<Channel> {
    if let Some(id) = asked {
        return crate::channels::find(engine, &principal.workspace_id, &id).await.map_err(|error| match error {
            EngineError::NotFound { .. } => {
                EngineError::invalid("/channelId", "no channel of this workspace has this id")
            }
            other => other,
        });
    }
    let workspace = principal.workspace_id.clone();
    let found =
        engine.db.read(move |tx| channels::list(tx, &workspace, None, None, true, CHANNELS_LOOKED_THROUGH)).await?;
    let mut found: Vec<Channel> =
        found.into_iter().map(|row| row.public).filter(|channel| channel.status == ChannelStatus::Connected).collect();
    let leaves = found.iter().position(|channel| engine.way_out(channel).transport != SANDBOX);
    if found.is_empty() {
        return Err(EngineError::Conflict(
            "no channel can send the invitation: create one first, or leave `invite` out and pass the signInUrl on yourself"
                .into(),
        ));
    }
    Ok(found.swap_remove(leaves.unwrap_or(0)))
}

/// Invites somebody who was added a moment ago, as another part of the request that adds them.
pub(crate) async fn send_first(
    engine: &Engine,
    principal: &Principal,
    user: &User,
    channel: &Channel,
    url: &str,
) -> Result<Invitation> {
    once::item(1, send(engine, principal, user, channel, url)).await
}

/// Invites somebody once more who has not signed in yet. The links they were sent before are worthless from then on.
///
/// # Errors
/// Not an administrator; no such user; they have signed in already, or no channel can send the invitation (409).
pub async fn again(engine: &Engine, principal: &Principal, id: &UserId, how: InviteAgain) -> Result<Invitation> {
    require_admin_of_all(principal)?;
    crate::users::get(engine, principal, id).await?;
    let channel = channel(engine, principal, how.channel_id).await?;
    if let Some(earlier) = once::asked().earlier(engine).await? {
        return Ok(invitation(engine, &channel, MessageId::from_stored(earlier)));
    }
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let invited = engine.db.write(Priority::Foreground, move |tx| {
        let Some(row) = users::get(tx, &workspace, &id)? else { return Ok(None) };
        if row.public.last_sign_in_at.is_some() {
            return Ok(Some((row.public, None)));
        }
        let token = access::new_invitation_token(tx, &row.public.id)?;
        audit::note(tx, &by, "user.invited", access::target_user(&row.public), &[])?;
        Ok(Some((row.public, Some(token))))
    });
    match invited.await? {
        None => Err(EngineError::NotFound { what: "the user" }),
        Some((user, None)) => Err(EngineError::Conflict(format!(
            "{} has signed in already and needs no invitation; whoever forgot the password is given a new one",
            user.email
        ))),
        Some((user, Some(token))) => send(engine, principal, &user, &channel, &link(engine, &token)).await,
    }
}

async fn send(engine: &Engine, principal: &Principal, user: &User, channel: &Channel, url: &str) -> Result<Invitation> {
    let workspace = access::workspace(engine, &principal.workspace_id).await?.name;
    let host = inviter(engine, principal).await?;
    let language = words::for_mails(engine, &principal.workspace_id).await?;
    let letter = Letter {
        words: language.words(),
        host: host.as_ref().map(|host| host.name.as_deref().unwrap_or(&host.email)),
        guest: user.name.as_deref(),
        workspace: &workspace,
        url,
        until: Timestamp::now().plus(INVITATION_LINK),
    };
    let request = SendRequest {
        to: vec![Mailbox { name: user.name.clone(), address: user.email.clone() }],
        subject: letter.subject(),
        text: Some(letter.text()),
        html: Some(letter.html()),
        headers: vec![words::header(language)],
        tags: vec![TAG.into()],
        author_id: host.map(|host| host.id),
        confidential: true,
        ..SendRequest::default()
    };
    let id = sending::send(engine, principal, &channel.id, request).await?;
    Ok(invitation(engine, channel, id))
}

fn invitation(engine: &Engine, channel: &Channel, message_id: MessageId) -> Invitation {
    let captured = engine.way_out(channel).transport == SANDBOX;
    Invitation { message_id, channel_id: channel.id.clone(), captured }
}

/// `None` where a key invites.
async fn inviter(engine: &Engine, principal: &Principal) -> Result<Option<User>> {
    let Actor::User(id, _) = &principal.actor else { return Ok(None) };
    let (workspace, id): (WorkspaceId, UserId) = (principal.workspace_id.clone(), id.clone());
    let found = engine.db.read(move |tx| users::get(tx, &workspace, &id)).await?;
    Ok(found.map(|row| row.public))
}

/// What an invitation says. Its first words, which lists show, hold no link.
struct Letter<'l> {
    words: &'static Words,
    host: Option<&'l str>,
    guest: Option<&'l str>,
    workspace: &'l str,
    url: &'l str,
    until: Timestamp,
}

impl Letter<'_> {
    fn subject(&self) -> String {
        (self.words.invitation.subject)(self.host, self.workspace)
    }

    fn greeting(&self) -> String {
        (self.words.greeting)(self.guest)
    }

    fn lead(&self) -> String {
        (self.words.invitation.lead)(self.host, self.workspace)
    }

    fn until(&self) -> String {
        let until = jiff::Timestamp::from_millisecond(self.until.as_millis()).unwrap_or_default();
        (self.words.invitation.until)(until.to_zoned(TimeZone::UTC).date())
    }

    fn text(&self) -> String {
        let InvitationWords { accept, unexpected, .. } = self.words.invitation;
        format!(
            "{}\n\n{}\n\n{accept}:\n{}\n\n{}\n\n{unexpected}\n",
            self.greeting(),
            self.lead(),
            self.url,
            self.until(),
        )
    }

    fn html(&self) -> String {
        let InvitationWords { accept, unexpected, copy, .. } = self.words.invitation;
        let (url, lang) = (escaped(self.url), self.words.language.tag());
        format!(
            "<div lang=\"{lang}\" style=\"max-width:520px;font:16px/1.5 sans-serif;color:#1c1f23\"><p>{}</p><p>{}</p>\
             <p style=\"margin:28px 0\"><a href=\"{url}\" style=\"display:inline-block;padding:12px 22px;border-radius:8px;\
             background:#1f4fd8;color:#ffffff;text-decoration:none;font-weight:600\">{}</a></p>\
             <p style=\"font-size:14px;color:#565d66\">{} {}</p>\
             <p style=\"font-size:14px;color:#565d66\">{}<br>{url}</p></div>",
            escaped(&self.greeting()),
            escaped(&self.lead()),
            escaped(accept),
            escaped(&self.until()),
            escaped(unexpected),
            escaped(copy),
        )
    }
}

#[cfg(test)]
mod tests {
    use model::limits::PREVIEW_CHARS_MAX;

    use super::*;
    use crate::words::Language;

    #[test]
    fn the_words_that_lists_show_hold_no_link_and_names_are_no_markup() {
        let url = "https://mail.example/sign-in?token=secret&welcome=true";
        for (host, guest, workspace) in
            [(Some("<b>Ada</b>"), Some("Bo & Co"), "The \"Shop\""), (None, None, "S"), (Some("a"), Some("b"), "c")]
        {
            for language in Language::ALL {
                let words = language.words();
                let letter = Letter { words, host, guest, workspace, url, until: Timestamp::from_millis(0) };
                check(&letter);
            }
        }
    }

    fn check(letter: &Letter<'_>) {
        let text = letter.text();
        let seen: String =
            text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(PREVIEW_CHARS_MAX).collect();
        assert!(!seen.contains("http"), "{seen}");
        assert!(text.contains(&format!("\n{}\n", letter.url)), "{text}");
        let html = letter.html();
        assert!(html.contains("token=secret&amp;welcome=true\""), "{html}");
        assert!(!html.contains("<b>"), "{html}");
        let day = if letter.words.language == Language::German { "01.01.1970" } else { "1970-01-01" };
        assert!(letter.until().contains(day), "{}", letter.until());
    }
}
