//! What is known of a conversation and its mail when automations are asked about it. Reads only.

use mail::ParsedMail;
use model::limits::AUTOMATION_BODY_BYTES_MAX;
use model::message::Direction;
use model::{ConversationId, MessageId, Timestamp, WorkspaceId};
use serde_json::Map;
use store::conversations::ConversationRow;
use store::messages::MessageRow;
use store::{Tx, channels, contacts, conversations, messages, use_cases};

use super::loop_safety;
use super::matching::{Facts, MailFacts};
use crate::business_hours::{self, Hours};
use crate::{Engine, Result, messages as reading};

/// A conversation, and the mail that it is about.
pub(super) struct Case {
    pub row: ConversationRow,
    /// The one that arrived, or the newest that somebody wrote to us.
    pub message: Option<MessageRow>,
    pub facts: Facts,
    /// Why no machine answers that mail; where it was looked into.
    pub not_answered: Option<&'static str>,
}

const NOBODY_WROTE: &str = "nobody wrote to us in this conversation";

impl Case {
    /// Why nobody is asked for a rating; where it was looked into whether a machine answers.
    pub fn not_asked(&self) -> Option<&'static str> {
        self.not_answered.or_else(|| self.message.is_none().then_some(NOBODY_WROTE))
    }
}

/// What has to be looked into, since an automation asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub body: bool,
    pub answers: bool,
}

/// The newest mail that somebody wrote in a conversation, or why no machine answers it.
///
/// # Errors
/// What the store says.
pub(crate) async fn newest_to_answer(
    engine: &Engine,
    workspace: &WorkspaceId,
    conversation: &ConversationId,
    at: Timestamp,
) -> Result<std::result::Result<MessageRow, &'static str>> {
    let wanted = Wanted { body: false, answers: true };
    let Some(case) = load(engine, workspace, conversation, None, at, wanted).await? else {
        return Ok(Err("the conversation is gone"));
    };
    Ok(match (case.not_answered, case.message) {
        (None, Some(message)) => Ok(message),
        (why, _) => Err(why.unwrap_or(NOBODY_WROTE)),
    })
}

/// What is in the database. `None` where the conversation is gone.
pub(super) async fn load(
    engine: &Engine,
    workspace: &WorkspaceId,
    conversation: &ConversationId,
    message: Option<&MessageId>,
    at: Timestamp,
    wanted: Wanted,
) -> Result<Option<Case>> {
    let (workspace, conversation, message) = (workspace.clone(), conversation.clone(), message.cloned());
    let read = move |tx: &mut Tx<'_>| {
        let Some(row) = conversations::get(tx, &workspace, &conversation)? else { return Ok(None) };
        let message = match message {
            Some(id) => messages::get(tx, &workspace, &id)?,
            None => messages::newest_mail(tx, &conversation, Some(Direction::Inbound))?,
        };
        of_rows(tx, row, message, at).map(Some)
    };
    let Some(mut case) = engine.db.read(read).await? else { return Ok(None) };
    look_into(engine, &mut case, wanted).await?;
    Ok(Some(case))
}

/// Of a conversation and a mail that were read.
pub(super) fn of_rows(
    tx: &mut Tx<'_>,
    row: ConversationRow,
    message: Option<MessageRow>,
    at: Timestamp,
) -> store::Result<Case> {
    let attributes = match &row.public.contact_id {
        Some(id) => contacts::get(tx, &row.workspace_id, id)?.map(|contact| contact.attributes),
        None => None,
    };
    let within_hours = Hours::new(&business_hours::of_workspace(tx, &row.workspace_id)?).are_open(at);
    let facts = Facts {
        mail: message.as_ref().map(mail_facts).unwrap_or_default(),
        conversation: row.public.clone(),
        attributes: attributes.unwrap_or_else(Map::new),
        within_hours,
    };
    Ok(Case { row, message, facts, not_answered: None })
}

fn mail_facts(row: &MessageRow) -> MailFacts {
    let mut recipients: Vec<String> = row.recipients.iter().map(|recipient| recipient.address.clone()).collect();
    for address in &row.envelope.rcpt_to {
        if !recipients.iter().any(|known| known.eq_ignore_ascii_case(address)) {
            recipients.push(address.clone());
        }
    }
    MailFacts {
        from: row.from_address.clone(),
        recipients,
        subject: row.subject.clone(),
        body: String::new(),
        has_attachment: !row.attachments.is_empty(),
        auto_reply: row.flags.auto_reply,
    }
}

/// Reads the raw mail where somebody asks for what only it says. One that can't be read has no text, and is not answered.
pub(super) async fn look_into(engine: &Engine, case: &mut Case, wanted: Wanted) -> Result<()> {
    let Some(message) = case.message.as_ref().filter(|_| wanted.body || wanted.answers) else {
        case.not_answered = case.message.is_none().then_some("nobody wrote to us in this conversation");
        return Ok(());
    };
    let parsed = reading::parsed(engine, message).await.unwrap_or_else(|error| {
        tracing::error!(%error, message = %message.id, "a raw mail can't be read; automations see it without its text");
        None
    });
    if wanted.body {
        case.facts.mail.body = parsed.as_ref().map(text).unwrap_or_default();
    }
    if wanted.answers {
        let header = |name: &str| parsed.as_ref().and_then(|mail| mail.header(name));
        case.not_answered = loop_safety::why_not(message, &header);
        if case.not_answered.is_none() && parsed.is_none() {
            case.not_answered = Some("the raw mail can't be read, so that nobody knows whether a machine sent it");
        }
        if case.not_answered.is_none() && is_ours(engine, &message.from_address).await? {
            case.not_answered = Some("the mail comes from an address of ours");
        }
    }
    Ok(())
}

fn text(mail: &ParsedMail) -> String {
    let mut text = match (&mail.text, &mail.html) {
        (Some(text), _) if !text.trim().is_empty() => text.clone(),
        (_, Some(html)) => mail::html::to_text(html),
        _ => String::new(),
    };
    text.truncate(text.floor_char_boundary(AUTOMATION_BODY_BYTES_MAX));
    text
}

/// Whether mail to an address comes back to this installation.
async fn is_ours(engine: &Engine, address: &str) -> Result<bool> {
    let Some(address) = mail::address::normalize(address) else { return Ok(false) };
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if domain.eq_ignore_ascii_case(&engine.config.inbound_domain) {
        return Ok(true);
    }
    let mailbox = mail::address::mailbox(&address).into_owned();
    let ours = engine.db.read(move |tx| {
        for address in [&address, &mailbox] {
            if channels::is_of_one(tx, address)? || use_cases::by_address(tx, address)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    });
    Ok(ours.await?)
}
