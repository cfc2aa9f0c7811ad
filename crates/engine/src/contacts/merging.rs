//! Two contacts that are one person become one. Addresses, notes, attributes and lists come along in one transaction, after which the
//! former id leads to the one that stays; conversations and mails follow in small steps, each with its events, and a cut goes on.

use model::contact::Contact;
use model::event::EventType;
use model::key::{Principal, Scope};
use model::{ContactId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{
    Priority, Tx, contact_lists, contact_merges, contacts, conversation_lists, conversations, list_members, lists,
};

use super::addresses::ADDRESSES_MAX;
use super::{MISSING, are_too_large, attributes_too_large, filter, known, later, tell};
use crate::audit::{self, Target};
use crate::conversations::append;
use crate::{Engine, EngineError, Result, access_check, once};

/// Conversations that follow in one transaction, and messages and activities.
const CONVERSATIONS_STEP: usize = 50;
const MAILS_STEP: usize = 500;
/// Steps while whoever merges waits; the rest is housekeeping's.
const STEPS_WAITED: usize = 20;

/// Merges another contact into this one. Where both say something (a name, an attribute, a list), what this one says stays.
///
/// # Errors
/// They are the same; one is not there, or they have too many addresses or attributes together (409, 422); the key is bound to a
/// channel; the scope `contacts:write` is missing.
pub async fn merge(engine: &Engine, principal: &Principal, id: &ContactId, other: &ContactId) -> Result<Contact> {
    access_check::scope(principal, Scope::ContactsWrite)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden("a key bound to a channel does not see all that two contacts have".into()));
    }
    if id == other {
        return Err(EngineError::invalid("/contactId", "a contact can't be merged into itself"));
    }
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return super::get(engine, principal, &ContactId::from_stored(earlier)).await;
    }
    let (filter, by) = (filter(principal), audit::by(principal));
    let (id, other) = (id.clone(), other.clone());
    let merged = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        // In the order of their ids, so that two merges never wait for each other.
        let mut both = [&id, &other];
        both.sort();
        both.iter().try_for_each(|each| contact_lists::lock(tx, each))?;
        let Some(before) = known(tx, &filter, &id)? else { return Ok(Err(MISSING)) };
        let Some(gone) = known(tx, &filter, &other)? else {
            return Ok(Err(EngineError::invalid("/contactId", "no contact of this workspace has this id")));
        };
        let merged = merge_into(tx, &filter.workspace_id, &before, &gone)?;
        if merged.is_ok() {
            audit::note(tx, &by, "contact.merged", Target::of("contact", &id), &[])?;
            once.note_last(tx, id.as_str())?;
        }
        Ok(merged)
    });
    let merged = merged.await??;
    for _ in 0..STEPS_WAITED {
        if !follow_some(engine, Priority::Foreground).await? {
            break;
        }
    }
    Ok(merged)
}

fn merge_into(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    before: &Contact,
    gone: &Contact,
) -> store::Result<Result<Contact>> {
    let mut after = before.clone();
    if after.name.is_none() {
        after.name.clone_from(&gone.name);
    }
    for (key, value) in &gone.attributes {
        after.attributes.entry(key.clone()).or_insert_with(|| value.clone());
    }
    if are_too_large(Some(&after.attributes)) {
        return Ok(Err(attributes_too_large()));
    }
    if before.addresses.len() + gone.addresses.len() > ADDRESSES_MAX {
        let detail = format!("together they have more than {ADDRESSES_MAX} addresses: take some away first");
        return Ok(Err(EngineError::Conflict(detail)));
    }
    after.updated_at = later(before);
    let now = after.updated_at;
    for list in contact_merges::lists_of(tx, workspace, &gone.id)? {
        let counts = lists::lock(tx, workspace, &list)?.is_some();
        if list_members::get(tx, &list, &before.id)?.is_none() {
            contact_merges::replace_on_list(tx, &list, &gone.id, &before.id)?;
        } else if list_members::remove(tx, &list, &gone.id)?.is_some() && counts {
            lists::count_members(tx, &list, -1, None, now)?;
        }
    }
    contact_merges::begin(tx, workspace, &gone.id, &before.id, now)?;
    contact_lists::update(tx, workspace, &after)?;
    let Some(after) = contacts::get(tx, workspace, &before.id)? else { return Ok(Err(MISSING)) };
    let data = json!({ "id": gone.id, "mergedInto": before.id });
    let (workspace_id, subject_id) = (workspace, gone.id.as_str());
    let event_type = EventType::ContactMerged;
    events::append(tx, &NewEvent { workspace_id, channel_id: None, event_type, subject_id, data: &data, at: now })?;
    tell(tx, workspace, EventType::ContactUpdated, &after, now)?;
    Ok(Ok(after))
}

/// Some of what a merged contact had goes to the other. False where nothing is left.
pub(crate) async fn follow_some(engine: &Engine, priority: Priority) -> Result<bool> {
    Ok(crate::write_again_on_conflict(&engine.db, priority, |tx| follow(tx, Timestamp::now())).await?)
}

fn follow(tx: &mut Tx<'_>, now: Timestamp) -> store::Result<bool> {
    let Some((workspace, from, into)) = contact_merges::unfinished(tx)? else { return Ok(false) };
    let left = contact_merges::conversations_left(tx, &workspace, &from, CONVERSATIONS_STEP)?;
    for id in &left {
        conversation_lists::lock(tx, id)?;
        let Some(before) = conversations::get(tx, &workspace, id)? else { continue };
        if before.public.contact_id.as_ref() != Some(&from) {
            continue; // somebody else's meanwhile
        }
        let mut after = before.clone();
        after.public.contact_id = Some(into.clone());
        conversations::apply_change(tx, &before, &after)?;
        append(tx, &after, EventType::ConversationUpdated, now)?;
    }
    if left.is_empty() && contact_merges::move_some(tx, &from, &into, MAILS_STEP)? == 0 {
        contact_merges::finish(tx, &from)?;
    }
    Ok(true)
}
