//! What was written with a contact: the messages of channels and the mails of people's mailboxes, in one order of time. Reads only.

use std::fmt;
use std::str::FromStr;

use model::contact::Activity;
use model::key::{Principal, Scope};
use model::{ContactId, MessageId, Timestamp};
use store::message_lists::{self, MessageFilter, MessageKey, MessageSlice};
use store::messages::MessageRow;
use store::{NotAPlace, activities};

use super::get;
use crate::listing::{Listing, SliceOf};
use crate::{Engine, Result, access_check};

/// Where a page of activities ended: in the messages of channels, and in the mails of people's mailboxes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityPlace {
    messages: Option<MessageKey>,
    mails: Option<(Timestamp, String)>,
}

impl fmt::Display for ActivityPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(key) = &self.messages {
            write!(formatter, "{key}")?;
        }
        formatter.write_str("~")?;
        match &self.mails {
            Some((at, id)) => write!(formatter, "{}~{id}", at.as_millis()),
            None => Ok(()),
        }
    }
}

impl FromStr for ActivityPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        let (messages, mails) = text.split_once('~').ok_or(NotAPlace)?;
        let messages = if messages.is_empty() { None } else { Some(messages.parse()?) };
        let mails = match mails.split_once('~') {
            Some((at, id)) => Some((Timestamp::from_millis(at.parse().map_err(|_| NotAPlace)?), id.to_owned())),
            None if mails.is_empty() => None,
            None => return Err(NotAPlace),
        };
        Ok(Self { messages, mails })
    }
}

/// A page of the mails to and from a contact, newest first: of channels, and of people's mailboxes.
///
/// # Errors
/// As [`get`]; the scope `messages:read` is missing.
pub async fn activities(
    engine: &Engine,
    principal: &Principal,
    id: &ContactId,
    slice: SliceOf<ActivityPlace>,
) -> Result<Listing<Activity, ActivityPlace>> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let contact = get(engine, principal, id).await?;
    let mut filter = MessageFilter::all(principal.workspace_id.clone());
    filter.contact_id = Some(contact.id.clone());
    filter.channel_id.clone_from(&principal.channel_id);
    let (take, ascending) = (slice.take, slice.ascending);
    let place = slice.after.unwrap_or_default();
    let part = MessageSlice { after: place.messages.clone(), ascending, take: take + 1 };
    let (workspace, person, mails_after) = (principal.workspace_id.clone(), contact.id.clone(), place.mails.clone());
    // Mailboxes are no channel's.
    let bound = principal.channel_id.is_some();
    let (messages, mails) = engine
        .db
        .read(move |tx| {
            let messages = message_lists::page(tx, &filter, &part)?;
            let after = mails_after.as_ref();
            let mails = if bound {
                Vec::new()
            } else {
                activities::of_contact(tx, &workspace, &person, after, ascending, take + 1)?
            };
            Ok((messages, mails))
        })
        .await?;
    let messages = messages.into_iter().map(|(key, row)| (Some(key), activity(&contact.id, row)));
    Ok(merged(messages.collect(), mails, place, take, ascending))
}

/// Two lists in one order of time, each keeping its own.
fn merged(
    messages: Vec<(Option<MessageKey>, Activity)>,
    mails: Vec<Activity>,
    mut place: ActivityPlace,
    take: usize,
    ascending: bool,
) -> Listing<Activity, ActivityPlace> {
    let more = messages.len() + mails.len() > take;
    let (mut messages, mut mails) = (messages.into_iter().peekable(), mails.into_iter().peekable());
    let mut items = Vec::with_capacity(take);
    while items.len() < take {
        let message_first = match (messages.peek(), mails.peek()) {
            (Some((_, message)), Some(mail)) => (message.occurred_at >= mail.occurred_at) != ascending,
            (message, _) => message.is_some(),
        };
        if message_first && let Some((key, item)) = messages.next() {
            place.messages = key;
            items.push(item);
        } else if let Some(item) = mails.next() {
            place.mails = Some((item.occurred_at, item.id.clone()));
            items.push(item);
        } else {
            break;
        }
    }
    Listing { items, next: more.then_some(place) }
}

fn activity(contact: &ContactId, row: MessageRow) -> Activity {
    let body = row.id.as_str().strip_prefix(MessageId::PREFIX).unwrap_or_default();
    Activity {
        id: format!("act_{body}"),
        contact_id: contact.clone(),
        conversation_id: Some(row.conversation_id),
        account_id: None,
        direction: row.direction,
        subject: row.subject,
        occurred_at: row.sent_at,
        message_id: row.id.into_string(),
    }
}
