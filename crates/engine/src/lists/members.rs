//! Who is on a list: added by contact or by address, paged through, taken off. Nobody is on a list twice.

use model::contact_list::{ContactList, ListMember};
use model::event::EventType;
use model::key::{Principal, Scope};
use model::limits::{
    CONTACT_NAME_CHARS_MAX, LIST_MEMBER_VARIABLES_BYTES_MAX, LIST_MEMBERS_ADDED_MAX, LIST_MEMBERS_MAX,
};
use model::{ContactId, ContactListId, Timestamp, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::events::{self, NewEvent};
use store::list_members::{self, MemberRow};
use store::{Priority, StoreError, Tx, broadcasts, contacts, lists};

use super::{MISSING, find, may, target};
use crate::audit::{self, By};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result};

/// Whom to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Contact(ContactId),
    /// Somebody at an address; a contact is made where nobody has it.
    Address {
        address: String,
        name: Option<String>,
    },
}

/// A member that is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMember {
    pub who: Who,
    /// `None`: those of a member that is there stay.
    pub variables: Option<Map<String, Json>>,
}

/// What came of adding members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    pub added: usize,
    /// Were on the list, with other variables or another address.
    pub changed: usize,
    pub unchanged: usize,
}

/// A page of members, in the order of joining, or the newest first.
///
/// # Errors
/// The list is not there, or not the asker's; the scope `contacts:read` is missing.
pub async fn members(
    engine: &Engine,
    principal: &Principal,
    id: &ContactListId,
    slice: SliceOf<i64>,
) -> Result<Listing<ListMember, i64>> {
    may(principal, Scope::ContactsRead)?;
    let id = find(engine, &principal.workspace_id, id).await?.id;
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| list_members::page(tx, &id, after, ascending, take + 1)).await?;
    let Listing { items, next } = Listing::cut(found, take, |member| member.seq);
    Ok(Listing { items: items.into_iter().map(|member| member.public).collect(), next })
}

/// Adds members, all or none. One that is on the list gets these variables.
///
/// # Errors
/// Members that are wrong, or too many at once; the list is not there, or would be too long (409); the scope `contacts:write` is missing.
pub async fn add_members(
    engine: &Engine,
    principal: &Principal,
    id: &ContactListId,
    new: Vec<NewMember>,
) -> Result<Added> {
    may(principal, Scope::ContactsWrite)?;
    find(engine, &principal.workspace_id, id).await?;
    if !(1..=LIST_MEMBERS_ADDED_MAX).contains(&new.len()) {
        let detail = format!("{} members; 1 to {LIST_MEMBERS_ADDED_MAX} can be added at once", new.len());
        return Err(EngineError::invalid("/members", detail));
    }
    let mut errors = Vec::new();
    let mut checked = Vec::with_capacity(new.len());
    for (place, member) in new.into_iter().enumerate() {
        match check(member) {
            Ok(member) => checked.push(member),
            Err((field, detail)) => errors.push(FieldError::new(format!("/members/{place}/{field}"), detail)),
        }
    }
    if !errors.is_empty() {
        return Err(EngineError::Invalid(errors));
    }
    keep(engine, &principal.workspace_id, id, checked, None).await
}

/// A member in its one spelling, or the field that is wrong and how.
pub(super) fn check(mut new: NewMember) -> std::result::Result<NewMember, (&'static str, String)> {
    if let Who::Address { address, name } = &mut new.who {
        *address = mail::address::normalize(address)
            .ok_or_else(|| ("address", "an e-mail address is needed, such as ann@example.org".to_owned()))?;
        *name = name.take().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let is_name =
            |name: &String| name.chars().count() <= CONTACT_NAME_CHARS_MAX && !name.chars().any(char::is_control);
        if !name.as_ref().is_none_or(is_name) {
            let detail = format!("at most {CONTACT_NAME_CHARS_MAX} characters, none of them a control character");
            return Err(("name", detail));
        }
    }
    let bytes = new.variables.as_ref().map_or(0, |variables| Json::Object(variables.clone()).to_string().len());
    if bytes > LIST_MEMBER_VARIABLES_BYTES_MAX {
        let detail = format!("{bytes} bytes of JSON; at most {LIST_MEMBER_VARIABLES_BYTES_MAX} are possible");
        return Err(("variables", detail));
    }
    Ok(new)
}

/// Why members were not added.
enum Refusal {
    NoList,
    Full,
    /// At this place, no such contact, or one without an address.
    NoContact(usize, String),
}

/// Adds checked members in one transaction, which writes down who imports them where that is said.
pub(super) async fn keep(
    engine: &Engine,
    workspace: &WorkspaceId,
    id: &ContactListId,
    new: Vec<NewMember>,
    importer: Option<By>,
) -> Result<Added> {
    let (workspace, id) = (workspace.clone(), id.clone());
    let work = move |tx: &mut Tx<'_>| {
        let kept = put(tx, &workspace, &id, &new, Timestamp::now())?;
        if let (Ok((_, list)), Some(by)) = (&kept, &importer) {
            audit::note(tx, by, "list.imported", target(list), &[])?;
        }
        Ok(kept.map(|(added, _)| added))
    };
    let kept = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?;
    kept.map_err(|refusal| match refusal {
        Refusal::NoList => MISSING,
        Refusal::Full => EngineError::Conflict(format!("a list has at most {LIST_MEMBERS_MAX} members")),
        Refusal::NoContact(place, detail) => EngineError::invalid(format!("/members/{place}/contactId"), detail),
    })
}

fn put(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &ContactListId,
    new: &[NewMember],
    now: Timestamp,
) -> store::Result<std::result::Result<(Added, ContactList), Refusal>> {
    let Some((list, mut seq)) = lists::lock(tx, workspace, id)? else { return Ok(Err(Refusal::NoList)) };
    // Nothing is written before all contacts are known to be there.
    let mut known = Vec::with_capacity(new.len());
    for (place, member) in new.iter().enumerate() {
        match &member.who {
            Who::Address { .. } => known.push(None),
            Who::Contact(contact) => match primary_address(tx, workspace, contact)? {
                Ok(address) => known.push(Some((contact.clone(), address))),
                Err(detail) => return Ok(Err(Refusal::NoContact(place, detail))),
            },
        }
    }
    if list.member_count + new.len() as u64 > LIST_MEMBERS_MAX {
        return Ok(Err(Refusal::Full));
    }
    let mut done = Added::default();
    for (member, known) in new.iter().zip(known) {
        let (contact, address) = match (&member.who, known) {
            (_, Some(known)) => known,
            (Who::Address { address, name }, None) => {
                (contact_at(tx, workspace, address, name.as_deref(), now)?, address.clone())
            }
            (Who::Contact(_), None) => continue,
        };
        match list_members::get(tx, id, &contact)? {
            Some(there) => {
                let variables = member.variables.as_ref().unwrap_or(&there.public.variables);
                if is_same(&there, &address, variables) {
                    done.unchanged += 1;
                } else {
                    list_members::update(tx, id, there.seq, &address, variables)?;
                    done.changed += 1;
                }
            }
            None => {
                seq += 1;
                let none = Map::new();
                let variables = member.variables.as_ref().unwrap_or(&none);
                list_members::insert(tx, id, seq, &contact, &address, variables, now)?;
                done.added += 1;
            }
        }
    }
    let added = i64::try_from(done.added).unwrap_or(i64::MAX);
    if done != (Added { unchanged: done.unchanged, ..Added::default() }) {
        lists::count_members(tx, id, added, Some(seq), now)?;
    }
    Ok(Ok((done, list)))
}

fn is_same(there: &MemberRow, address: &str, variables: &Map<String, Json>) -> bool {
    there.public.address == address && there.public.variables == *variables
}

fn primary_address(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    contact: &ContactId,
) -> store::Result<std::result::Result<String, String>> {
    let Some(contact) = contacts::get(tx, workspace, contact)? else {
        return Ok(Err("there is no such contact in this workspace".into()));
    };
    let primary = contact.addresses.into_iter().next();
    Ok(primary.map(|first| first.address).ok_or_else(|| "the contact has no address to write to".into()))
}

/// The contact who has the address, made where nobody has it.
fn contact_at(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    address: &str,
    name: Option<&str>,
    now: Timestamp,
) -> store::Result<ContactId> {
    if let Some((id, has_name)) = contacts::by_address(tx, workspace, address)? {
        if let (Some(name), false) = (name, has_name) {
            contacts::fill_name(tx, workspace, &id, name)?;
        }
        return Ok(id);
    }
    let contact = contacts::insert(tx, workspace, name, address, now)?;
    let data = serde_json::to_value(&contact).map_err(|error| StoreError::corrupt("contact", error))?;
    let event = NewEvent {
        workspace_id: workspace,
        channel_id: None,
        event_type: EventType::ContactCreated,
        subject_id: contact.id.as_str(),
        data: &data,
        at: now,
    };
    events::append(tx, &event)?;
    Ok(contact.id)
}

/// Takes a contact off a list. Broadcasts under way in which it had not had its turn do not go to it.
///
/// # Errors
/// The list is not there, or not the asker's, or the contact not on it; the scope `contacts:write` is missing.
pub async fn remove_member(
    engine: &Engine,
    principal: &Principal,
    id: &ContactListId,
    contact: &ContactId,
) -> Result<()> {
    may(principal, Scope::ContactsWrite)?;
    let (workspace, id, contact) = (principal.workspace_id.clone(), id.clone(), contact.clone());
    let work = move |tx: &mut Tx<'_>| {
        if lists::lock(tx, &workspace, &id)?.is_none() {
            return Ok(Err(MISSING));
        }
        let Some(seq) = list_members::remove(tx, &id, &contact)? else {
            return Ok(Err(EngineError::NotFound { what: "the member" }));
        };
        lists::count_members(tx, &id, -1, None, Timestamp::now())?;
        // After the row is gone: whoever makes a chunk of messages holds the broadcast, and looks for the row then.
        broadcasts::forget_member(tx, &id, seq)?;
        Ok(Ok(()))
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?
}
