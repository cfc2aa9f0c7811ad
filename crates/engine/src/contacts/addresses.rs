//! A contact's addresses: one more, another primary one, one that is not theirs after all. An address is of one contact.

use model::contact::Contact;
use model::event::EventType;
use model::key::{Principal, Scope};
use model::{ContactId, Timestamp, WorkspaceId};
use store::{Priority, Tx, contact_lists, contacts};

use super::{MISSING, NEW_ADDRESSES_MAX, filter, known, later, tell};
use crate::{Engine, EngineError, Result, access_check, once};

/// Addresses that one contact comes to have.
pub(super) const ADDRESSES_MAX: usize = 50;
const _: () = assert!(NEW_ADDRESSES_MAX <= ADDRESSES_MAX, "a contact could be made that can't be");

/// Adds an address, or makes one that is there the primary one. What is so already stays as it is.
///
/// # Errors
/// It is no address; it is another contact's, or there are too many (409); the contact is not there; the scope `contacts:write` is missing.
pub async fn put(
    engine: &Engine,
    principal: &Principal,
    id: &ContactId,
    address: &str,
    primary: bool,
) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let wrong = || EngineError::invalid("/address", "an address such as user@example.com");
    let address = mail::address::normalize(address).ok_or_else(wrong)?;
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return super::get(engine, principal, &ContactId::from_stored(earlier)).await;
    }
    let (filter, id, taken) = (filter(principal), id.clone(), address.clone());
    let put = engine.db.write(Priority::Foreground, move |tx| {
        contact_lists::lock(tx, &id)?;
        let workspace = &filter.workspace_id;
        let Some(before) = known(tx, &filter, &id)? else { return Ok(Err(MISSING)) };
        let there = before.addresses.iter().any(|known| known.address == address);
        if !there {
            if before.addresses.len() >= ADDRESSES_MAX {
                return Ok(Err(EngineError::Conflict(format!("a contact has at most {ADDRESSES_MAX} addresses"))));
            }
            contacts::add_address(tx, workspace, &id, &address)?;
        }
        if primary || before.addresses.is_empty() {
            contacts::set_primary(tx, workspace, &id, &address)?;
        }
        once.note_last(tx, id.as_str())?;
        changed(tx, workspace, before).map(Ok)
    });
    match put.await {
        Err(error) if error.is_unique_violation() => Err(EngineError::Conflict(format!(
            "{taken} is another contact's: merge the two if they are one person, or take the address away from the other one first"
        ))),
        other => other?,
    }
}

/// Takes an address away; mail from it makes a contact of its own then. Of the primary one, the first of the others takes its place.
///
/// # Errors
/// The contact does not have it, or has no other (409); the contact is not there; the scope `contacts:write` is missing.
pub async fn remove(engine: &Engine, principal: &Principal, id: &ContactId, address: &str) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let (filter, id) = (filter(principal), id.clone());
    let address = mail::address::normalize(address).unwrap_or_default();
    let removed = engine.db.write(Priority::Foreground, move |tx| {
        contact_lists::lock(tx, &id)?;
        let workspace = &filter.workspace_id;
        let Some(before) = known(tx, &filter, &id)? else { return Ok(Err(MISSING)) };
        let Some(gone) = before.addresses.iter().find(|known| known.address == address) else {
            return Ok(Err(EngineError::NotFound { what: "the contact's address" }));
        };
        let Some(next) = before.addresses.iter().find(|known| known.address != address) else {
            let detail = "a contact has at least one address: add another one first, or erase the contact";
            return Ok(Err(EngineError::Conflict(detail.into())));
        };
        contacts::remove_address(tx, workspace, &id, &address)?;
        if gone.primary {
            contacts::set_primary(tx, workspace, &id, &next.address)?;
        }
        changed(tx, workspace, before).map(Ok)
    });
    removed.await?
}

/// The contact as it is now; where that is different, it is told.
fn changed(tx: &mut Tx<'_>, workspace: &WorkspaceId, before: Contact) -> store::Result<Contact> {
    let now: Timestamp = later(&before);
    let Some(mut after) = contacts::get(tx, workspace, &before.id)? else { return Ok(before) };
    if after != before {
        after.updated_at = now;
        contact_lists::update(tx, workspace, &after)?;
        tell(tx, workspace, EventType::ContactUpdated, &after, now)?;
    }
    Ok(after)
}
