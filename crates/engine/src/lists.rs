//! Lists of contacts: made, renamed, taken away, and who is on them. Owns their rules; what is sent to a list is the broadcasts'
//! business.

mod import;
mod members;

use model::contact_list::ContactList;
use model::key::{Principal, Scope};
use model::limits::{LIST_NAME_CHARS_MAX, LISTS_MAX};
use model::{ContactListId, Timestamp, WorkspaceId};
use store::{Priority, StoreError, Tx, broadcasts, lists};

#[doc(hidden)]
pub use self::import::fuzz_import;
pub use self::import::{Imported, ImportedRowError, import};
pub use self::members::{Added, NewMember, Who, add_members, members, remove_member};
use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the list" };

/// Lists are the workspace's, as the contacts of all its channels are.
fn may(principal: &Principal, scope: Scope) -> Result<()> {
    access_check::scope(principal, scope)?;
    access_check::unbound(
        principal,
        "lists are the workspace's: a key bound to a channel neither sees nor changes them",
    )
}

/// A page of lists, newest first.
///
/// # Errors
/// The scope `contacts:read` is missing, or the key is bound to a channel.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    slice: SliceOf<ContactListId>,
) -> Result<Listing<ContactList, ContactListId>> {
    may(principal, Scope::ContactsRead)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| lists::page(tx, &workspace, after.as_ref(), ascending, take + 1)).await?;
    Ok(Listing::cut(found, take, |list| list.id.clone()))
}

/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &ContactListId) -> Result<ContactList> {
    may(principal, Scope::ContactsRead)?;
    find(engine, &principal.workspace_id, id).await
}

/// A list of the workspace, whoever asks.
pub(crate) async fn find(engine: &Engine, workspace: &WorkspaceId, id: &ContactListId) -> Result<ContactList> {
    let (workspace, id) = (workspace.clone(), id.clone());
    engine.db.read(move |tx| lists::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// Makes a list with nobody on it.
///
/// # Errors
/// The name is wrong; another has it, or there are too many (409); the scope `contacts:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, name: String) -> Result<ContactList> {
    may(principal, Scope::ContactsWrite)?;
    let name = checked_name(&name)?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return find(engine, &principal.workspace_id, &ContactListId::from_stored(id)).await;
    }
    let now = Timestamp::now();
    let list = ContactList { id: ContactListId::generate(), name, member_count: 0, created_at: now, updated_at: now };
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        if let Some(earlier) = once.noted(tx)? {
            let id = ContactListId::from_stored(earlier);
            return lists::get(tx, &workspace, &id)?.ok_or(StoreError::Conflict).map(Some);
        }
        if lists::count(tx, &workspace)? >= LISTS_MAX as u64 {
            return Ok(None);
        }
        lists::insert(tx, &workspace, &list)?;
        audit::note(tx, &by, "list.created", target(&list), &[])?;
        once.note_last(tx, list.id.as_str())?;
        Ok(Some(list))
    };
    let made = engine.db.write(Priority::Foreground, work).await;
    made.map_err(taken)?.ok_or_else(|| EngineError::Conflict(format!("a workspace has at most {LISTS_MAX} lists")))
}

fn target(list: &ContactList) -> Target<'_> {
    Target::of("list", &list.id).named(&list.name)
}

fn taken(error: StoreError) -> EngineError {
    if error.is_unique_violation() {
        return EngineError::Conflict("another list has this name".into());
    }
    error.into()
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > LIST_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(EngineError::invalid("/name", format!("1 to {LIST_NAME_CHARS_MAX} characters on one line")));
    }
    Ok(name.to_owned())
}

/// Gives a list another name; `None` leaves it.
///
/// # Errors
/// As [`create`]; it is not there, or not the asker's.
pub async fn rename(
    engine: &Engine,
    principal: &Principal,
    id: &ContactListId,
    name: Option<String>,
) -> Result<ContactList> {
    may(principal, Scope::ContactsWrite)?;
    let Some(name) = name else { return find(engine, &principal.workspace_id, id).await };
    let name = checked_name(&name)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(before) = lists::get(tx, &workspace, &id)? else { return Ok(None) };
        lists::rename(tx, &workspace, &id, &name, Timestamp::now())?;
        let Some(after) = lists::get(tx, &workspace, &id)? else { return Ok(None) };
        audit::note_changes(tx, &by, "list.changed", target(&after), &renamed(&before, &after))?;
        Ok(Some(after))
    };
    engine.db.write(Priority::Foreground, work).await.map_err(taken)?.ok_or(MISSING)
}

/// Who joins meanwhile is no part of it.
fn renamed(before: &ContactList, after: &ContactList) -> Vec<String> {
    if before.name == after.name { Vec::new() } else { vec!["name".into()] }
}

/// Takes a list away. Its contacts stay.
///
/// # Errors
/// It is not there, or not the asker's; a broadcast that is not over goes to it (409); the scope `contacts:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &ContactListId) -> Result<()> {
    may(principal, Scope::ContactsWrite)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        // Whoever starts a broadcast to it waits for this, or this for them.
        let Some((list, _)) = lists::lock(tx, &workspace, &id)? else { return Ok(Some(false)) };
        if broadcasts::any_under_way(tx, &id)? {
            return Ok(None);
        }
        audit::note(tx, &by, "list.deleted", target(&list), &[])?;
        lists::delete(tx, &workspace, &id, Timestamp::now()).map(Some)
    };
    match crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await? {
        Some(true) => Ok(()),
        Some(false) => Err(MISSING),
        None => Err(EngineError::Conflict(
            "a broadcast that is scheduled, being sent or paused goes to this list: cancel it first, or wait for its end"
                .into(),
        )),
    }
}
