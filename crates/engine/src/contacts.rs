//! Contacts as people make them, look them up and correct them. Mail makes contacts as well (`ingest`).

pub mod addresses;
pub mod history;
pub mod merging;
pub mod notes;

use std::fmt;
use std::str::FromStr;

use model::contact::{Contact, ContactSummary};
use model::conversation::Conversation;
use model::event::EventType;
use model::key::{Principal, Scope};
use model::limits::{CONTACT_ATTRIBUTES_BYTES_MAX, CONTACT_NAME_CHARS_MAX};
use model::{ContactId, Timestamp, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::contact_lists::{self, ContactFilter, PrefixKey};
use store::events::{self, NewEvent};
use store::{NotAPlace, Priority, StoreError, Tx, contact_merges, contacts};

pub use self::history::{ActivityPlace, activities};
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
    /// The `updatedAt` that the change is made of: with another one nothing is changed.
    pub updated_at: Option<Timestamp>,
}

const MISSING: EngineError = EngineError::NotFound { what: "the contact" };

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

/// A contact; in place of one that was merged, the one it was merged into.
///
/// # Errors
/// It is not there, or not the asker's; the scope `contacts:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &ContactId) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsRead)?;
    let (filter, id) = (filter(principal), id.clone());
    let read = move |tx: &mut Tx<'_>| match known(tx, &filter, &id)? {
        Some(contact) => Ok(Some(contact)),
        None => match contact_merges::merged_into(tx, &filter.workspace_id, &id)? {
            Some(into) => known(tx, &filter, &into),
            None => Ok(None),
        },
    };
    engine.db.read(read).await?.ok_or(MISSING)
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

/// A contact that is to be.
#[derive(Debug, Clone, Default)]
pub struct NewContact {
    pub name: Option<String>,
    /// The first is the primary one.
    pub addresses: Vec<String>,
    pub attributes: Map<String, Json>,
}

/// Addresses of one contact when it is made.
const NEW_ADDRESSES_MAX: usize = 20;

/// Makes a contact before any mail came.
///
/// # Errors
/// Fields that are wrong; an address is another contact's (409); the scope `contacts:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewContact) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden("a key bound to a channel sees the contacts its mail makes".into()));
    }
    let change = ContactChange { name: new.name.map(Some), attributes: Some(new.attributes), updated_at: None };
    let change = change.checked()?;
    let addresses = checked_addresses(&new.addresses)?;
    if are_too_large(change.attributes.as_ref()) {
        return Err(attributes_too_large());
    }
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &ContactId::from_stored(id)).await;
    }
    let workspace = principal.workspace_id.clone();
    let made = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(earlier) = once.noted(tx)? {
                return contacts::get(tx, &workspace, &ContactId::from_stored(earlier))?.ok_or(StoreError::Conflict);
            }
            let now = Timestamp::now();
            let (first, others) = addresses.split_first().ok_or(StoreError::Conflict)?;
            let blank = contacts::insert(tx, &workspace, None, first, now)?;
            for other in others {
                contacts::add_address(tx, &workspace, &blank.id, other)?;
            }
            let id = blank.id.clone();
            let contact = change.applied(contacts::get(tx, &workspace, &id)?.unwrap_or(blank));
            contact_lists::update(tx, &workspace, &contact)?;
            tell(tx, &workspace, EventType::ContactCreated, &contact, now)?;
            once.note_last(tx, id.as_str())?;
            Ok(contact)
        })
        .await;
    match made {
        Err(error) if error.is_unique_violation() => {
            Err(EngineError::Conflict("one of the addresses is another contact's".into()))
        }
        other => Ok(other?),
    }
}

fn checked_addresses(written: &[String]) -> Result<Vec<String>> {
    let mut addresses: Vec<String> = Vec::new();
    for (index, address) in written.iter().take(NEW_ADDRESSES_MAX + 1).enumerate() {
        let wrong = || EngineError::invalid(format!("/addresses/{index}"), "an address such as user@example.com");
        let address = mail::address::normalize(address).ok_or_else(wrong)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() || addresses.len() > NEW_ADDRESSES_MAX {
        return Err(EngineError::invalid(
            "/addresses",
            format!("1 to {NEW_ADDRESSES_MAX} addresses, the primary one first"),
        ));
    }
    Ok(addresses)
}

/// What the event says is the contact as it is now.
fn tell(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    event_type: EventType,
    contact: &Contact,
    at: Timestamp,
) -> store::Result<()> {
    let data = serde_json::to_value(contact).map_err(|error| StoreError::corrupt("contact", error))?;
    let (workspace_id, subject_id) = (workspace, contact.id.as_str());
    events::append(tx, &NewEvent { workspace_id, channel_id: None, event_type, subject_id, data: &data, at }).map(drop)
}

/// Changes a contact's name or attributes.
///
/// # Errors
/// Fields that are wrong; somebody changed it since the change's `updated_at` (409); it is not there, or not the asker's; the scope
/// `contacts:write` is missing.
pub async fn change(engine: &Engine, principal: &Principal, id: &ContactId, change: ContactChange) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let change = change.checked()?;
    let (filter, id) = (filter(principal), id.clone());
    let changed = engine.db.write(Priority::Foreground, move |tx| {
        contact_lists::lock(tx, &id)?;
        let Some(before) = known(tx, &filter, &id)? else { return Ok(Err(MISSING)) };
        if change.updated_at.is_some_and(|seen| seen != before.updated_at) {
            return Ok(Err(changed_meanwhile(&before)));
        }
        let mut after = change.applied(before.clone());
        if are_too_large(Some(&after.attributes)) {
            return Ok(Err(attributes_too_large()));
        }
        if change.name.is_some() {
            contacts::keep_name(tx, &filter.workspace_id, &id)?;
        }
        if after != before {
            after.updated_at = later(&before);
            contact_lists::update(tx, &filter.workspace_id, &after)?;
            tell(tx, &filter.workspace_id, EventType::ContactUpdated, &after, after.updated_at)?;
        }
        Ok(Ok(after))
    });
    changed.await?
}

/// Now, and after what is kept: of two changes within a millisecond the later one is told apart.
fn later(before: &Contact) -> Timestamp {
    Timestamp::now().max(Timestamp::from_millis(before.updated_at.as_millis() + 1))
}

fn changed_meanwhile(contact: &Contact) -> EngineError {
    let name = contact.name.as_deref().map_or_else(|| "no name".to_owned(), |name| format!("the name “{name}”"));
    EngineError::Conflict(format!(
        "somebody changed the contact meanwhile (it has {name} now): look at it again, then make your change"
    ))
}

fn are_too_large(attributes: Option<&Map<String, Json>>) -> bool {
    attributes.and_then(|attributes| serde_json::to_string(attributes).ok()).unwrap_or_default().len()
        > CONTACT_ATTRIBUTES_BYTES_MAX
}

fn attributes_too_large() -> EngineError {
    let detail = format!("a contact's attributes come to at most {CONTACT_ATTRIBUTES_BYTES_MAX} bytes of JSON");
    EngineError::invalid("/attributes", detail)
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
    let listed = conversations::list(engine, principal, query, slice).await?;
    let items = listed.items.into_iter().map(|listed| listed.conversation).collect();
    Ok(Listing { items, next: listed.next })
}
