//! Notes about a contact: for the colleagues alone. Everybody reads them; who wrote one, or an administrator, changes it.

use model::contact::ContactNote;
use model::event::EventType;
use model::key::{Actor, Principal, Role, Scope};
use model::limits::{CONTACT_NOTE_BYTES_MAX, CONTACT_NOTES_MAX};
use model::{ContactId, ContactNoteId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{Priority, Tx, api_keys, contact_lists, contact_notes, users};

use super::{MISSING as NO_CONTACT, filter, known};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, once};

const MISSING: EngineError = EngineError::NotFound { what: "the note" };

/// A page of notes, newest first unless ascending.
///
/// # Errors
/// The contact is not there, or not the asker's; the scope `contacts:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    contact: &ContactId,
    slice: SliceOf<ContactNoteId>,
) -> Result<Listing<ContactNote, ContactNoteId>> {
    let contact = super::get(engine, principal, contact).await?.id;
    let (workspace, take) = (principal.workspace_id.clone(), slice.take);
    let read = move |tx: &mut Tx<'_>| {
        contact_notes::page(tx, &workspace, &contact, slice.after.as_ref(), slice.ascending, take + 1)
    };
    let found = engine.db.read(read).await?;
    Ok(Listing::cut(found, take, |note| note.id.clone()))
}

/// # Errors
/// The text is empty or too long; there are too many (409); the contact is not there; the scope `contacts:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, contact: &ContactId, text: &str) -> Result<ContactNote> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let text = checked(text)?;
    let once = once::asked();
    let (asking, filter, contact) = (principal.clone(), filter(principal), contact.clone());
    let made = engine.db.write(Priority::Foreground, move |tx| {
        let workspace = &filter.workspace_id;
        if let Some(earlier) = once.noted(tx)? {
            let earlier = ContactNoteId::from_stored(earlier);
            return Ok(contact_notes::get(tx, workspace, &contact, &earlier)?.ok_or(MISSING));
        }
        contact_lists::lock(tx, &contact)?;
        if known(tx, &filter, &contact)?.is_none() {
            return Ok(Err(NO_CONTACT));
        }
        if contact_notes::count(tx, &contact)? >= CONTACT_NOTES_MAX {
            let detail = format!("there are {CONTACT_NOTES_MAX} notes about this contact: delete some first");
            return Ok(Err(EngineError::Conflict(detail)));
        }
        let (author_id, author_name) = author(tx, &asking)?;
        let now = Timestamp::now();
        let (id, contact_id) = (ContactNoteId::generate(), contact.clone());
        let note = ContactNote { id, contact_id, author_id, author_name, text, created_at: now, updated_at: now };
        contact_notes::insert(tx, workspace, &note)?;
        tell(tx, workspace, EventType::ContactNoteCreated, &note)?;
        once.note_last(tx, note.id.as_str())?;
        Ok(Ok(note))
    });
    made.await?
}

fn author(tx: &mut Tx<'_>, principal: &Principal) -> store::Result<(Option<model::UserId>, String)> {
    match &principal.actor {
        Actor::User(id, _) => {
            let user = users::get(tx, &principal.workspace_id, id)?.map(|row| row.public);
            Ok((Some(id.clone()), user.map(|user| user.name.unwrap_or(user.email)).unwrap_or_default()))
        }
        Actor::Key(id) => {
            let keys = api_keys::list(tx, &principal.workspace_id)?;
            let key = keys.into_iter().map(|row| row.public).find(|key| key.id == *id);
            Ok((None, key.map(|key| key.name).unwrap_or_default()))
        }
    }
}

/// # Errors
/// As [`create`]; the note is not there; somebody else wrote it, and the asker is no administrator (403).
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    contact: &ContactId,
    id: &ContactNoteId,
    text: &str,
) -> Result<ContactNote> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let text = checked(text)?;
    let (asking, contact, id) = (principal.clone(), contact.clone(), id.clone());
    let changed = engine.db.write(Priority::Foreground, move |tx| {
        let mut note = match own(tx, &asking, &contact, &id)? {
            Ok(note) => note,
            Err(error) => return Ok(Err(error)),
        };
        if note.text != text {
            note.updated_at = Timestamp::now();
            note.text = text;
            contact_notes::change(tx, &id, &note.text, note.updated_at)?;
            tell(tx, &asking.workspace_id, EventType::ContactNoteUpdated, &note)?;
        }
        Ok(Ok(note))
    });
    changed.await?
}

/// # Errors
/// The note is not there; somebody else wrote it, and the asker is no administrator (403); the scope `contacts:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, contact: &ContactId, id: &ContactNoteId) -> Result<()> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    let (asking, contact, id) = (principal.clone(), contact.clone(), id.clone());
    let deleted = engine.db.write(Priority::Foreground, move |tx| match own(tx, &asking, &contact, &id)? {
        Ok(note) => {
            contact_notes::delete(tx, &id)?;
            tell(tx, &asking.workspace_id, EventType::ContactNoteDeleted, &note).map(Ok)
        }
        Err(error) => Ok(Err(error)),
    });
    deleted.await?
}

/// Tells that there is another note, or one less. Not what it says: that is for the colleagues, and events go to programs.
fn tell(tx: &mut Tx<'_>, workspace_id: &WorkspaceId, event_type: EventType, note: &ContactNote) -> store::Result<()> {
    let data = json!({ "id": note.id, "contactId": note.contact_id, "authorId": note.author_id });
    let (subject_id, at) = (note.contact_id.as_str(), Timestamp::now());
    events::append(tx, &NewEvent { workspace_id, channel_id: None, event_type, subject_id, data: &data, at }).map(drop)
}

/// The note, if the asker may change it.
fn own(
    tx: &mut Tx<'_>,
    asking: &Principal,
    contact: &ContactId,
    id: &ContactNoteId,
) -> store::Result<Result<ContactNote>> {
    if known(tx, &filter(asking), contact)?.is_none() {
        return Ok(Err(NO_CONTACT));
    }
    let Some(note) = contact_notes::get(tx, &asking.workspace_id, contact, id)? else { return Ok(Err(MISSING)) };
    let may = match &asking.actor {
        Actor::User(user, role) => *role == Role::Admin || note.author_id.as_ref() == Some(user),
        Actor::Key(_) => note.author_id.is_none() || asking.may(Scope::Admin),
    };
    if may {
        return Ok(Ok(note));
    }
    let detail = format!("{} wrote this note: they or an administrator change it", note.author_name);
    Ok(Err(EngineError::Forbidden(detail)))
}

fn checked(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(EngineError::invalid("/text", "a note needs a text"));
    }
    if text.len() > CONTACT_NOTE_BYTES_MAX {
        return Err(EngineError::invalid("/text", format!("a note has at most {CONTACT_NOTE_BYTES_MAX} bytes")));
    }
    Ok(text.to_owned())
}
