//! Contacts as people look them up and correct them. Mail makes contacts (`ingest`); nothing here does.

use std::fmt;
use std::str::FromStr;

use model::contact::{Activity, Contact, ContactSummary};
use model::conversation::Conversation;
use model::key::{Principal, Scope};
use model::limits::{CONTACT_ATTRIBUTES_BYTES_MAX, CONTACT_NAME_CHARS_MAX};
use model::{ContactId, MessageId};
use serde_json::{Map, Value as Json};
use store::contact_lists::{self, ContactFilter, PrefixKey};
use store::message_lists::{self, MessageFilter, MessageKey, MessageSlice};
use store::messages::MessageRow;
use store::{NotAPlace, Priority, contacts};

use crate::conversations::{self, ConversationPlace, ConversationQuery};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result, access_check};

/// A place in a list of contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactPlace {
    Id(ContactId),
    /// Among those that begin with what was typed.
    Prefix(PrefixKey),
}

impl fmt::Display for ContactPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(formatter),
            Self::Prefix(key) => write!(formatter, "/{key}"),
        }
    }
}

impl FromStr for ContactPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        match text.strip_prefix('/') {
            Some(key) => key.parse().map(Self::Prefix),
            None => text.parse().map(Self::Id).map_err(|_| NotAPlace),
        }
    }
}

/// What is to be different of a contact; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContactChange {
    /// The inner `None` takes the name away.
    pub name: Option<Option<String>>,
    /// Merged into those there are; a null takes one away.
    pub attributes: Option<Map<String, Json>>,
}

/// A page of contacts, newest first; or of those of which an address or the name begins with `q`, addresses first.
///
/// # Errors
/// The scope `contacts:read` is missing, or the place is of another list.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    q: Option<String>,
    slice: SliceOf<ContactPlace>,
) -> Result<Listing<Contact, ContactPlace>> {
    access_check::scope(principal, Scope::ContactsRead)?;
    let filter = filter(principal);
    let take = slice.take;
    let other_list = || EngineError::Unreadable("the cursor is of another list: ask for the first page again".into());
    match q.map(|q| q.trim().to_lowercase()).filter(|q| !q.is_empty()) {
        // No name or address has one, and PostgreSQL takes none.
        Some(prefix) if prefix.contains('\0') => Ok(Listing::empty()),
        Some(prefix) => {
            let after = match slice.after {
                None => None,
                Some(ContactPlace::Prefix(key)) => Some(key),
                Some(ContactPlace::Id(_)) => return Err(other_list()),
            };
            let found = engine
                .db
                .read(move |tx| contact_lists::by_prefix(tx, &filter, &prefix, after.as_ref(), take + 1))
                .await?;
            let Listing { items, next } = Listing::cut(found, take, |(key, _)| ContactPlace::Prefix(key.clone()));
            Ok(Listing { items: items.into_iter().map(|(_, contact)| contact).collect(), next })
        }
        None => {
            let after = match slice.after {
                None => None,
                Some(ContactPlace::Id(id)) => Some(id),
                Some(ContactPlace::Prefix(_)) => return Err(other_list()),
            };
            let ascending = slice.ascending;
            let found =
                engine.db.read(move |tx| contact_lists::page(tx, &filter, after.as_ref(), ascending, take + 1)).await?;
            Ok(Listing::cut(found, take, |contact| ContactPlace::Id(contact.id.clone())))
        }
    }
}

fn filter(principal: &Principal) -> ContactFilter {
    ContactFilter { workspace_id: principal.workspace_id.clone(), channel_id: principal.channel_id.clone() }
}

/// # Errors
/// It is not there, or not the asker's; the scope `contacts:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &ContactId) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsRead)?;
    let (filter, id) = (filter(principal), id.clone());
    let found = engine.db.read(move |tx| known(tx, &filter, &id)).await?;
    found.ok_or(EngineError::NotFound { what: "the contact" })
}

/// Who the people of a page of conversations are. Whoever sees the conversations sees with whom they are.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn summaries(engine: &Engine, principal: &Principal, ids: Vec<ContactId>) -> Result<Vec<ContactSummary>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| contact_lists::summaries(tx, &workspace, &ids)).await?)
}

fn known(tx: &mut store::Tx<'_>, filter: &ContactFilter, id: &ContactId) -> store::Result<Option<Contact>> {
    if !contact_lists::is_known(tx, filter, id)? {
        return Ok(None);
    }
    contacts::get(tx, &filter.workspace_id, id)
}

/// Changes a contact's name or attributes.
///
/// # Errors
/// Fields that are wrong; it is not there, or not the asker's; the scope `contacts:write` is missing.
pub async fn change(engine: &Engine, principal: &Principal, id: &ContactId, change: ContactChange) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let change = change.checked()?;
    let (filter, id) = (filter(principal), id.clone());
    let changed = engine
        .db
        .write(Priority::Foreground, move |tx| {
            contact_lists::lock(tx, &id)?;
            let Some(before) = known(tx, &filter, &id)? else { return Ok(None) };
            let after = change.applied(before);
            let too_large = serde_json::to_string(&after.attributes).map_or(0, |attributes| attributes.len())
                > CONTACT_ATTRIBUTES_BYTES_MAX;
            if !too_large {
                contact_lists::update(tx, &filter.workspace_id, &after)?;
                if change.name.is_some() {
                    contacts::keep_name(tx, &filter.workspace_id, &id)?;
                }
            }
            Ok(Some((after, too_large)))
        })
        .await?;
    match changed {
        None => Err(EngineError::NotFound { what: "the contact" }),
        Some((_, true)) => Err(EngineError::invalid(
            "/attributes",
            format!("a contact's attributes come to at most {CONTACT_ATTRIBUTES_BYTES_MAX} bytes of JSON"),
        )),
        Some((contact, false)) => Ok(contact),
    }
}

impl ContactChange {
    fn checked(mut self) -> Result<Self> {
        let mut errors = Vec::new();
        if let Some(Some(name)) = &mut self.name {
            *name = name.trim().to_owned();
            let length = name.chars().count();
            if length == 0 || length > CONTACT_NAME_CHARS_MAX || name.chars().any(char::is_control) {
                let detail = format!(
                    "a name has 1 to {CONTACT_NAME_CHARS_MAX} characters, none of them a control character; null takes it away"
                );
                errors.push(FieldError::new("/name", detail));
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(EngineError::Invalid(errors)) }
    }

    fn applied(&self, mut contact: Contact) -> Contact {
        if let Some(name) = &self.name {
            contact.name = name.clone();
        }
        for (key, value) in self.attributes.iter().flatten() {
            if value.is_null() {
                contact.attributes.remove(key);
            } else {
                contact.attributes.insert(key.clone(), value.clone());
            }
        }
        contact
    }
}

/// A page of a contact's conversations, the last active first.
///
/// # Errors
/// As [`get`]; the scope `conversations:read` is missing.
pub async fn conversations(
    engine: &Engine,
    principal: &Principal,
    id: &ContactId,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Conversation, ConversationPlace>> {
    let contact = get(engine, principal, id).await?;
    let query = ConversationQuery { contact_id: Some(contact.id), ..ConversationQuery::default() };
    conversations::list(engine, principal, query, slice).await
}

/// A page of the mails to and from a contact, newest first.
///
/// # Errors
/// As [`get`]; the scope `messages:read` is missing.
pub async fn activities(
    engine: &Engine,
    principal: &Principal,
    id: &ContactId,
    slice: SliceOf<MessageKey>,
) -> Result<Listing<Activity, MessageKey>> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let contact = get(engine, principal, id).await?;
    let mut filter = MessageFilter::all(principal.workspace_id.clone());
    filter.contact_id = Some(contact.id.clone());
    filter.channel_id.clone_from(&principal.channel_id);
    let take = slice.take;
    let part = MessageSlice { after: slice.after, ascending: slice.ascending, take: take + 1 };
    let found = engine.db.read(move |tx| message_lists::page(tx, &filter, &part)).await?;
    let Listing { items, next } = Listing::cut(found, take, |(key, _)| key.clone());
    Ok(Listing { items: items.into_iter().map(|(_, row)| activity(&contact.id, row)).collect(), next })
}

fn activity(contact: &ContactId, row: MessageRow) -> Activity {
    let body = row.id.as_str().strip_prefix(MessageId::PREFIX).unwrap_or_default();
    Activity {
        id: format!("act_{body}"),
        contact_id: contact.clone(),
        account_id: None,
        direction: row.direction,
        subject: row.subject,
        occurred_at: row.sent_at,
        message_id: row.id,
    }
}
