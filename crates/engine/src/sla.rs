//! Policies of how fast a workspace answers and resolves, and their order: of those that fit a conversation the first counts. Owns who
//! makes them; what runs by them is `timing`.

mod checking;

use std::time::Duration;

use model::key::{Principal, Scope};
use model::limits::SLA_POLICIES_MAX;
use model::sla::{SlaPolicy, SlaScope};
use model::{SlaPolicyId, Timestamp};
use store::{Priority, StoreError, Tx, conversation_timing, sla_policies, workspaces};

use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the SLA policy" };

/// A policy that is to be. The last in the order.
#[derive(Debug, Clone)]
pub struct NewSlaPolicy {
    pub name: String,
    pub applies_to: SlaScope,
    pub first_response_seconds: Option<u32>,
    pub next_response_seconds: Option<u32>,
    pub resolution_seconds: Option<u32>,
    pub business_hours_only: bool,
}

/// What is to be different of a policy; what is `None` stays. An inner `None` takes away.
#[derive(Debug, Clone, Default)]
pub struct SlaPolicyChange {
    pub name: Option<String>,
    /// Its place in the order, from 0 on; beyond the end is the last.
    pub position: Option<u64>,
    pub applies_to: Option<SlaScope>,
    pub first_response_seconds: Option<Option<u32>>,
    pub next_response_seconds: Option<Option<u32>>,
    pub resolution_seconds: Option<Option<u32>>,
    pub business_hours_only: Option<bool>,
}

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::AutomationsRead)
        .or_else(|_| access_check::scope(principal, Scope::AutomationsWrite))?;
    unbound(principal)
}

fn target(policy: &SlaPolicy) -> Target<'_> {
    Target::of("slaPolicy", &policy.id).named(&policy.name)
}

fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::AutomationsWrite)?;
    unbound(principal)
}

fn unbound(principal: &Principal) -> Result<()> {
    access_check::unbound(principal, "SLA policies are the workspace's: a key bound to a channel has none")
}

/// A page of policies, in the order in which they are looked at.
///
/// # Errors
/// The scope `automations:read` is missing, or the key is bound to a channel.
pub async fn list(engine: &Engine, principal: &Principal, slice: SliceOf<i64>) -> Result<Listing<SlaPolicy, i64>> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| sla_policies::page(tx, &workspace, after, ascending, take + 1)).await?;
    Ok(Listing::cut(found, take, |policy: &SlaPolicy| i64::try_from(policy.position).unwrap_or(i64::MAX)))
}

/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &SlaPolicyId) -> Result<SlaPolicy> {
    may_read(principal)?;
    find(engine, principal, id).await
}

async fn find(engine: &Engine, principal: &Principal, id: &SlaPolicyId) -> Result<SlaPolicy> {
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| sla_policies::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// Makes a policy. Conversations come under it with the next mail of their customer.
///
/// # Errors
/// Fields that are wrong; there are too many (409); the scope `automations:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewSlaPolicy) -> Result<SlaPolicy> {
    may_write(principal)?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return find(engine, principal, &SlaPolicyId::from_stored(id)).await;
    }
    let now = Timestamp::now();
    let policy = checking::checked(SlaPolicy {
        id: SlaPolicyId::generate(),
        name: new.name,
        position: 0,
        applies_to: new.applies_to,
        first_response_seconds: new.first_response_seconds,
        next_response_seconds: new.next_response_seconds,
        resolution_seconds: new.resolution_seconds,
        business_hours_only: new.business_hours_only,
        created_at: now,
        updated_at: now,
    })?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let make = move |tx: &mut Tx<'_>| {
        if let Some(earlier) = once.noted(tx)? {
            let found = sla_policies::get(tx, &workspace, &SlaPolicyId::from_stored(earlier))?;
            return found.ok_or(StoreError::Conflict).map(Ok);
        }
        let wrong = checking::missing(tx, &workspace, &policy)?;
        if !wrong.is_empty() {
            return Ok(Err(EngineError::Invalid(wrong)));
        }
        workspaces::lock(tx, &workspace)?;
        let others = sla_policies::list(tx, &workspace)?;
        if others.len() >= SLA_POLICIES_MAX {
            let detail = format!("a workspace has at most {SLA_POLICIES_MAX} SLA policies");
            return Ok(Err(EngineError::Conflict(detail)));
        }
        let mut policy = policy.clone();
        policy.position = others.last().map_or(0, |last| last.position + 1);
        sla_policies::insert(tx, &workspace, &policy)?;
        audit::note(tx, &by, "slaPolicy.created", target(&policy), &[])?;
        once.note_last(tx, policy.id.as_str())?;
        Ok(Ok(policy))
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, make).await?
}

/// Changes a policy, or moves it. What runs keeps the time it was given.
///
/// # Errors
/// As [`create`]; it is not there, or not the asker's.
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    id: &SlaPolicyId,
    change: SlaPolicyChange,
) -> Result<SlaPolicy> {
    may_write(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let keep = move |tx: &mut Tx<'_>| {
        let Some(before) = sla_policies::get(tx, &workspace, &id)? else { return Ok(Err(MISSING)) };
        let mut after = match checking::checked(change.clone().applied(before.clone(), Timestamp::now())) {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        let wrong = checking::missing(tx, &workspace, &after)?;
        if !wrong.is_empty() {
            return Ok(Err(EngineError::Invalid(wrong)));
        }
        if change.position.is_some() {
            workspaces::lock(tx, &workspace)?;
        }
        if !sla_policies::update(tx, &workspace, before.updated_at, &after)? {
            return Err(StoreError::Conflict);
        }
        if let Some(position) = change.position {
            after.position = move_to(tx, &workspace, &after, position)?;
        }
        let changed = audit::changed(&before, &after);
        audit::note_changes(tx, &by, "slaPolicy.changed", target(&after), &changed)?;
        Ok(Ok(after))
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await?
}

/// Puts a policy at a place among the others, which make room. Answers where it is.
fn move_to(tx: &mut Tx<'_>, workspace: &model::WorkspaceId, policy: &SlaPolicy, position: u64) -> store::Result<u64> {
    let mut all = sla_policies::list(tx, workspace)?;
    let Some(at) = all.iter().position(|each| each.id == policy.id) else { return Ok(position) };
    let moved = all.remove(at);
    let place = usize::try_from(position).unwrap_or(usize::MAX).min(all.len());
    all.insert(place, moved);
    for (place, each) in all.iter().enumerate() {
        if each.position != place as u64 {
            sla_policies::set_place(tx, workspace, &each.id, place as u64)?;
        }
    }
    Ok(place as u64)
}

impl SlaPolicyChange {
    fn applied(self, before: SlaPolicy, now: Timestamp) -> SlaPolicy {
        SlaPolicy {
            name: self.name.unwrap_or(before.name),
            applies_to: self.applies_to.unwrap_or(before.applies_to),
            first_response_seconds: self.first_response_seconds.unwrap_or(before.first_response_seconds),
            next_response_seconds: self.next_response_seconds.unwrap_or(before.next_response_seconds),
            resolution_seconds: self.resolution_seconds.unwrap_or(before.resolution_seconds),
            business_hours_only: self.business_hours_only.unwrap_or(before.business_hours_only),
            // No two changes have the same: the next one tells by it whether it knows this one.
            updated_at: now.max(before.updated_at.plus(Duration::from_millis(1))),
            ..before
        }
    }
}

/// Takes a policy away. What ran by it ends a moment later, and is told of no more.
///
/// # Errors
/// It is not there, or not the asker's; the scope `automations:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &SlaPolicyId) -> Result<()> {
    may_write(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let delete = move |tx: &mut Tx<'_>| {
        let turn = conversation_timing::turn(tx)?;
        let Some(policy) = sla_policies::get(tx, &workspace, &id)? else { return Ok(false) };
        sla_policies::delete(tx, &workspace, &id)?;
        audit::note(tx, &by, "slaPolicy.deleted", target(&policy), &[])?;
        // Whoever follows the events has read what is changed here: let them read it again.
        if conversation_timing::take_turn(tx, turn)? { Ok(true) } else { Err(StoreError::Conflict) }
    };
    let gone = crate::write_again_on_conflict(&engine.db, Priority::Foreground, delete).await?;
    if gone { Ok(()) } else { Err(MISSING) }
}
