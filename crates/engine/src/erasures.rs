//! Erasing: a contact whose data is to go, and what a retention rule says is over. Owns who may ask, what goes in which order, and that
//! a cut goes on where it was; `content` takes away, `sweeping` removes what still speaks of it. What has to go from which table is
//! `store::erasing`'s.
//!
//! An erasure is a row that says how far it is. Every step is a transaction that holds the row, does a bounded part, and moves on; done
//! again after a cut, or by another node at once, it does nothing twice.

mod content;
pub(crate) mod naming;
mod sweeping;

use std::time::Duration;

use model::event::EventType;
use model::key::Principal;
use model::privacy::{ErasedSuppressions, Erasure, ErasureCounts, ErasureReason};
use model::suppression::{Suppression, SuppressionReason, SuppressionScope};
use model::{ContactId, ErasureId, SuppressionId, Timestamp, WorkspaceId};
use serde_json::json;
use store::erasures::{self, ErasureRow, Stage};
use store::events::{self, NewEvent};
use store::{Priority, Tx, blob_graves, contact_lists, contact_notes, contacts, erasing, suppressions};
use tokio_util::sync::CancellationToken;

use crate::audit::{self, By, Target};
use crate::listing::{Listing, SliceOf};
use crate::users::require_admin_of_all;
use crate::{Engine, EngineError, Result, once};

const MISSING: EngineError = EngineError::NotFound { what: "the erasure" };
const NO_CONTACT: EngineError = EngineError::NotFound { what: "the contact" };
/// How often it is looked for erasures that are not done.
const INTERVAL: Duration = Duration::from_millis(500);
/// Erasures that go on at the same time.
const AT_ONCE: usize = 10;
/// How long a place that was emptied in an object store takes no mail; longer than a mail is on its way from there to its row.
const GRAVES_KEPT: Duration = Duration::from_secs(60 * 60);

/// How much an erasure of this contact would take away.
///
/// # Errors
/// Not an administrator; the contact is not there.
pub async fn preview(engine: &Engine, principal: &Principal, id: &ContactId) -> Result<ErasureCounts> {
    require_admin_of_all(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let counted = engine.db.read(move |tx| {
        let Some(contact) = contacts::get(tx, &workspace, &id)? else { return Ok(None) };
        let (conversations, messages, activities) = erasing::count(tx, &workspace, &contact)?;
        let mut held = 0;
        for address in &contact.addresses {
            held += suppressions::all_of(tx, &workspace, &address.address)?.len() as u64;
        }
        Ok(Some(ErasureCounts {
            conversations,
            messages,
            activities,
            contact_notes: contact_notes::count(tx, &id)?,
            lists: store::contact_merges::lists_of(tx, &workspace, &id)?.len() as u64,
            suppressions: held,
            reports: 0,
        }))
    });
    counted.await?.ok_or(NO_CONTACT)
}

/// Begins to erase a contact. The contact itself, its addresses and notes are gone when this returns; its mail follows in steps, and
/// [`get`] tells when the last trace is gone. Asked again, it answers the erasure that there is.
///
/// # Errors
/// Not an administrator; the contact is not there and never was erased.
pub async fn erase(
    engine: &Engine,
    principal: &Principal,
    id: &ContactId,
    kept: ErasedSuppressions,
) -> Result<Erasure> {
    require_admin_of_all(principal)?;
    let once = once::asked();
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let begun = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        if let Some(row) = erasures::of_contact(tx, &workspace, &id)? {
            return Ok(Some(row));
        }
        let begun = begin(tx, &workspace, &id, kept, &by)?;
        if let Some(row) = &begun {
            once.note_last(tx, row.id.as_str())?;
        }
        Ok(begun)
    });
    Ok(begun.await?.ok_or(NO_CONTACT)?.public())
}

fn begin(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    id: &ContactId,
    kept: ErasedSuppressions,
    by: &By,
) -> store::Result<Option<ErasureRow>> {
    contact_lists::lock(tx, id)?;
    let Some(contact) = contacts::get(tx, workspace, id)? else { return Ok(None) };
    let now = Timestamp::now();
    let addresses: Vec<String> = contact.addresses.iter().map(|each| each.address.clone()).collect();
    let mut row = new_row(workspace, ErasureReason::Contact, now);
    row.contact_id = Some(id.clone());
    row.suppressions = kept;
    row.requested_by = by.actor_id().map(str::to_owned);
    for address in &addresses {
        row.counts.suppressions += keep_back(tx, workspace, address, kept, now)?;
    }
    row.addresses = addresses;
    (row.counts.contact_notes, row.counts.lists) = erasing::contact(tx, workspace, &contact, now)?;
    erasures::insert(tx, &row)?;
    erasures::note(tx, &row.id, &[id.as_str()])?;
    audit::note(tx, by, "contact.erased", Target::of("contact", id), &[])?;
    let data = json!({ "id": id, "erasureId": row.id });
    let (workspace_id, subject_id) = (workspace, id.as_str());
    let event_type = EventType::ContactErased;
    events::append(tx, &NewEvent { workspace_id, channel_id: None, event_type, subject_id, data: &data, at: now })?;
    Ok(Some(row))
}

pub(crate) fn new_row(workspace: &WorkspaceId, reason: ErasureReason, now: Timestamp) -> ErasureRow {
    ErasureRow {
        id: ErasureId::generate(),
        workspace_id: workspace.clone(),
        reason,
        contact_id: None,
        addresses: Vec::new(),
        suppressions: ErasedSuppressions::Keep,
        stage: Stage::Content,
        place: String::new(),
        bound: 0,
        stage_since: now,
        counts: ErasureCounts::default(),
        requested_by: None,
        created_at: now,
        finished_at: None,
    }
}

/// What holds mail to the address back, from now on. Answers how many suppressions were changed or taken away.
fn keep_back(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    address: &str,
    kept: ErasedSuppressions,
    now: Timestamp,
) -> store::Result<u64> {
    if kept == ErasedSuppressions::Remove {
        let hash = suppressions::hashed(workspace, address);
        suppressions::forget_address(tx, workspace, &hash)?;
        return suppressions::forget_address(tx, workspace, address);
    }
    let there = suppressions::hash(tx, workspace, address)?;
    if kept == ErasedSuppressions::Add {
        let address = suppressions::hashed(workspace, address);
        let whole = SuppressionScope::Workspace;
        if suppressions::at_place(tx, workspace, &address, whole, "")?.is_none() {
            let suppression = Suppression {
                id: SuppressionId::generate(),
                address,
                scope: whole,
                scope_id: None,
                reason: SuppressionReason::Manual,
                detail: None,
                message_id: None,
                expires_at: None,
                created_at: now,
            };
            suppressions::insert(tx, workspace, &suppression)?;
        }
    }
    Ok(there)
}

/// # Errors
/// Not an administrator; it is not there.
pub async fn get(engine: &Engine, principal: &Principal, id: &ErasureId) -> Result<Erasure> {
    require_admin_of_all(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let found = engine.db.read(move |tx| erasures::get(tx, &workspace, &id)).await?;
    Ok(found.ok_or(MISSING)?.public())
}

/// A page of erasures, newest first unless ascending.
///
/// # Errors
/// Not an administrator.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    slice: SliceOf<ErasureId>,
) -> Result<Listing<Erasure, ErasureId>> {
    require_admin_of_all(principal)?;
    let (workspace, take) = (principal.workspace_id.clone(), slice.take);
    let read = move |tx: &mut Tx<'_>| erasures::page(tx, &workspace, slice.after.as_ref(), slice.ascending, take + 1);
    let found: Vec<Erasure> = engine.db.read(read).await?.iter().map(ErasureRow::public).collect();
    Ok(Listing::cut(found, take, |erasure| erasure.id.clone()))
}

/// Goes on with what is not done until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.cancelled() => return,
        }
        while !shutdown.is_cancelled() {
            match step(&engine).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    tracing::error!(%error, "erasures could not go on; trying again");
                    break;
                }
            }
        }
    }
}

/// What came of one step of an erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// There is more to do at once.
    Moved,
    /// Something else has to happen first.
    Waits,
}

/// One step of every erasure that is not done. False where there is nothing to do by now.
///
/// # Errors
/// What the store says.
pub async fn step(engine: &Engine) -> Result<bool> {
    let open = engine.db.read(|tx| erasures::open(tx, AT_ONCE)).await?;
    let (mut moved, mut swept) = (false, false);
    for row in open {
        // One sweep is for all that wait for one.
        if row.stage == Stage::Traces && std::mem::replace(&mut swept, true) {
            continue;
        }
        let done = match row.stage {
            Stage::Content | Stage::Drafts => content::step(engine, &row).await,
            _ => sweeping::step(engine, &row).await,
        };
        match done {
            Ok(Step::Moved) => moved = true,
            Ok(Step::Waits) => {}
            Err(error) => {
                tracing::error!(%error, erasure = %row.id, stage = row.stage.as_str(), "an erasure could not go on; trying again");
            }
        }
    }
    Ok(moved)
}

/// Places in the object store that were emptied long enough ago take mail again.
pub(crate) fn forget_graves(tx: &mut Tx<'_>, now: Timestamp) -> store::Result<()> {
    blob_graves::forget(tx, now.minus(GRAVES_KEPT))
}
