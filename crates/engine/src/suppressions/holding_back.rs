//! Whom a mailing does not go to. Owns the rule for replies in a conversation; changes nothing but by telling of it.
//!
//! | what is sent | what stops it |
//! |---|---|
//! | anything | a suppression of the workspace, of the use case or of the domain it is sent by, whatever its reason |
//! | a mail that an account sends to no list | of the workspace's: `hardBounce`, `complaint`, `manual` |
//! | a reply on a channel, in a conversation the recipient wrote in | of the workspace's: `hardBounce`, `complaint`, `manual` |
//!
//! Who wrote to us wants an answer, also if they take no newsletters any more (`unsubscribe`), and their mailbox is at work, also if it
//! was full last week (`softBounce`). Who called our mail spam, and whom somebody put on the list by hand, is not written to at all.

use std::collections::HashMap;

use model::event::EventType;
use model::message::MessageStatus;
use model::suppression::{Suppression, SuppressionReason, SuppressionScope};
use model::{ChannelId, ConversationId, MessageId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{Result, Tx, messages, suppressions, use_cases};

/// What is sent, as far as suppressions go by it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mailing<'m> {
    pub use_case: Option<&'m str>,
    pub domain: Option<&'m str>,
    /// The conversation on a channel that it goes on in.
    pub conversation: Option<&'m ConversationId>,
}

/// Of these addresses, those that are suppressed, by the address as it was given. Of several suppressions the one with the strongest reason.
///
/// # Errors
/// What the database says.
pub fn blocking(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    use_case: Option<&str>,
    domain: Option<&str>,
    addresses: &[&str],
) -> Result<HashMap<String, Suppression>> {
    held_back(tx, workspace, Mailing { use_case, domain, conversation: None }, addresses, Timestamp::now())
}

/// As [`blocking`], with the rule for replies.
pub(crate) fn held_back(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    mailing: Mailing<'_>,
    addresses: &[&str],
    now: Timestamp,
) -> Result<HashMap<String, Suppression>> {
    let keyed: Vec<(String, &str)> = addresses.iter().map(|address| (key(address), *address)).collect();
    let keys: Vec<&str> = keyed.iter().map(|(key, _)| key.as_str()).collect();
    let concerned: Vec<Suppression> = suppressions::of_addresses(tx, workspace, &keys, now)?
        .into_iter()
        .filter(|suppression| concerns(suppression, mailing))
        .collect();
    let mut held = HashMap::new();
    for (key, address) in keyed {
        let mut of_address: Vec<&Suppression> =
            concerned.iter().filter(|suppression| suppression.address == key).collect();
        let may_be_answered = of_address.iter().any(|suppression| !stops_replies(suppression));
        if let Some(conversation) = mailing.conversation
            && may_be_answered
            && messages::wrote_in(tx, conversation, &key)?
        {
            of_address.retain(|suppression| stops_replies(suppression));
        }
        if let Some(strongest) = of_address.into_iter().max_by_key(|suppression| suppression.reason) {
            held.insert(address.to_owned(), strongest.clone());
        }
    }
    Ok(held)
}

fn key(address: &str) -> String {
    mail::address::normalize(address).unwrap_or_else(|| address.to_lowercase())
}

fn concerns(suppression: &Suppression, mailing: Mailing<'_>) -> bool {
    let scope_id = suppression.scope_id.as_deref();
    match suppression.scope {
        SuppressionScope::Workspace => true,
        SuppressionScope::UseCase => scope_id.is_some() && scope_id == mailing.use_case,
        SuppressionScope::Domain => scope_id.is_some() && scope_id == mailing.domain,
    }
}

fn stops_replies(suppression: &Suppression) -> bool {
    use SuppressionReason::{Complaint, HardBounce, Manual};
    suppression.scope == SuppressionScope::Workspace && matches!(suppression.reason, HardBounce | Complaint | Manual)
}

/// As [`held_back`], for a mail that an account sends. A person's own mail is no mailing: what stops it is what stops replies.
pub(crate) fn held_back_of_mailbox(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    list: Option<&str>,
    recipients: &[String],
    now: Timestamp,
) -> Result<HashMap<String, Suppression>> {
    let mailing = Mailing { use_case: list, ..Mailing::default() };
    let addresses: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let mut held = held_back(tx, workspace, mailing, &addresses, now)?;
    held.retain(|_, suppression| list.is_some() || stops_replies(suppression));
    Ok(held)
}

/// As [`held_back`], for recipients of a message that was accepted before.
pub(crate) fn held_back_of_message(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &MessageId,
    recipients: &[&str],
    now: Timestamp,
) -> Result<HashMap<String, Suppression>> {
    let keys: Vec<String> = recipients.iter().map(|address| key(address)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    if suppressions::of_addresses(tx, workspace, &keys, now)?.is_empty() {
        return Ok(HashMap::new());
    }
    let Some(message) = messages::get(tx, workspace, id)? else { return Ok(HashMap::new()) };
    let use_case = match &message.use_case_id {
        Some(id) => use_cases::get_even_deleted(tx, workspace, id)?,
        None => None,
    };
    let mailing = Mailing {
        use_case: message.use_case_id.as_ref().map(|id| id.as_str()),
        domain: use_case.as_ref().map(|use_case| use_case.domain_id.as_str()),
        conversation: message.channel_id.is_some().then_some(&message.conversation_id),
    };
    held_back(tx, workspace, mailing, recipients, now)
}

/// What a delivery's log says of it.
pub(crate) fn words(suppression: &Suppression) -> String {
    let place = match (&suppression.scope_id, suppression.scope) {
        (Some(id), scope) => format!("the {} {id}", scope.as_str()),
        (None, _) => "the workspace".to_owned(),
    };
    format!("not sent: the address is suppressed for {place} ({}, {})", suppression.reason.as_str(), suppression.id)
}

/// Tells that a recipient is not written to.
pub(crate) fn tell_held_back(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: Option<&ChannelId>,
    message: &MessageId,
    recipient: &str,
    suppression: &Suppression,
    at: Timestamp,
) -> Result<()> {
    let data = json!({ "messageId": message, "status": MessageStatus::Suppressed, "recipient": recipient,
        "reason": suppression.reason, "suppressionId": suppression.id, "response": words(suppression) });
    let event = NewEvent {
        workspace_id: workspace,
        channel_id: channel,
        event_type: EventType::MessageSuppressed,
        subject_id: message.as_str(),
        data: &data,
        at,
    };
    events::append(tx, &event).map(drop)
}
