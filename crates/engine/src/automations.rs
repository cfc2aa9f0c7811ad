//! Automations: when something happens, and it is of a kind, then something is done. Owns who may make them and their order; `following`
//! runs them, `matching` and `changing` decide, `loop_safety` says whom no machine answers, `dry_run` only looks.

mod acting;
mod changing;
mod checking;
mod deciding;
mod dry_run;
mod facts;
mod following;
mod loop_safety;
mod matching;
#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;
mod waiting;

use std::time::Duration;

use model::automation::{Automation, AutomationAction, AutomationRun, AutomationTrigger, Conditions};
use model::key::{Principal, Scope};
use model::limits::AUTOMATIONS_MAX;
use model::{AutomationId, AutomationRunId, Timestamp};
use store::automations::{self, AutomationRow};
use store::{Priority, StoreError, Tx, automation_idle, automation_runs, workspaces};

pub(crate) use self::acting::principal;
pub use self::dry_run::{DryRun, test, test_kept};
pub(crate) use self::facts::newest_to_answer;
pub use self::following::{Follower, run};
pub(crate) use self::loop_safety::headers as automatic_headers;
use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check};

const MISSING: EngineError = EngineError::NotFound { what: "the automation" };

/// An automation that is to be. The last in the order.
#[derive(Debug, Clone)]
pub struct NewAutomation {
    pub name: String,
    pub enabled: bool,
    pub trigger: AutomationTrigger,
    pub idle_minutes: Option<u32>,
    pub conditions: Conditions,
    pub actions: Vec<AutomationAction>,
    pub stop_after: bool,
}

/// What is to be different of an automation; what is `None` stays. An inner `None` takes away.
#[derive(Debug, Clone, Default)]
pub struct AutomationChange {
    pub name: Option<String>,
    pub enabled: Option<bool>,
    /// Its place in the order, from 0 on; beyond the end is the last.
    pub position: Option<u64>,
    pub trigger: Option<AutomationTrigger>,
    pub idle_minutes: Option<Option<u32>>,
    pub conditions: Option<Conditions>,
    pub actions: Option<Vec<AutomationAction>>,
    pub stop_after: Option<bool>,
}

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::AutomationsRead)
        .or_else(|_| access_check::scope(principal, Scope::AutomationsWrite))?;
    unbound(principal)
}

fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::AutomationsWrite)?;
    unbound(principal)
}

fn unbound(principal: &Principal) -> Result<()> {
    access_check::unbound(principal, "automations are the workspace's: a key bound to a channel has none")
}

/// A page of automations, in the order in which they are looked at.
///
/// # Errors
/// The scope `automations:read` is missing, or the key is bound to a channel.
pub async fn list(engine: &Engine, principal: &Principal, slice: SliceOf<i64>) -> Result<Listing<Automation, i64>> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| automations::page(tx, &workspace, after, ascending, take + 1)).await?;
    let place = |automation: &Automation| i64::try_from(automation.position).unwrap_or(i64::MAX);
    Ok(Listing::cut(found.into_iter().map(|row| row.public).collect(), take, place))
}

/// # Errors
/// It is not there, or not the asker's; as [`list`].
pub async fn get(engine: &Engine, principal: &Principal, id: &AutomationId) -> Result<Automation> {
    may_read(principal)?;
    Ok(find(engine, principal, id).await?.public)
}

async fn find(engine: &Engine, principal: &Principal, id: &AutomationId) -> Result<AutomationRow> {
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| automations::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// Makes an automation. What happened before does not set it off.
///
/// # Errors
/// Fields that are wrong; there are too many (409); the scope `automations:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewAutomation) -> Result<Automation> {
    may_write(principal)?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &AutomationId::from_stored(id)).await;
    }
    let now = Timestamp::now();
    let automation = Automation {
        id: AutomationId::generate(),
        name: new.name,
        enabled: new.enabled,
        position: 0,
        trigger: new.trigger,
        idle_minutes: new.idle_minutes,
        conditions: new.conditions,
        actions: new.actions,
        stop_after: new.stop_after,
        created_at: now,
        updated_at: now,
    };
    let automation = checking::checked(automation).map_err(EngineError::Invalid)?;
    let row = AutomationRow { workspace_id: principal.workspace_id.clone(), enabled_since: now, public: automation };
    let by = audit::by(principal);
    let made = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(earlier) = once.noted(tx)? {
                let id = AutomationId::from_stored(earlier);
                let found = automations::get(tx, &row.workspace_id, &id)?.ok_or(StoreError::Conflict)?;
                return Ok(Ok(found.public));
            }
            let wrong = checking::missing(tx, &row.workspace_id, &row.public)?;
            if !wrong.is_empty() {
                return Ok(Err(EngineError::Invalid(wrong)));
            }
            workspaces::lock(tx, &row.workspace_id)?;
            let others = automations::list(tx, &row.workspace_id)?;
            if others.len() >= AUTOMATIONS_MAX {
                let detail = format!("a workspace has at most {AUTOMATIONS_MAX} automations");
                return Ok(Err(EngineError::Conflict(detail)));
            }
            let mut row = row;
            row.public.position = others.last().map_or(0, |last| last.public.position + 1);
            automations::insert(tx, &row)?;
            audit::note(tx, &by, "automation.created", target(&row.public), &[])?;
            once.note_last(tx, row.public.id.as_str())?;
            Ok(Ok(row.public))
        })
        .await;
    made?
}

/// Changes an automation, or moves it.
///
/// # Errors
/// As [`create`]; it is not there, or not the asker's.
pub async fn change(
    engine: &Engine,
    principal: &Principal,
    id: &AutomationId,
    change: AutomationChange,
) -> Result<Automation> {
    may_write(principal)?;
    loop {
        let before = find(engine, principal, id).await?;
        let now = Timestamp::now();
        let mut after = before.clone();
        after.public =
            checking::checked(change.clone().applied(before.public.clone(), now)).map_err(EngineError::Invalid)?;
        // Whatever happened while it was off, or something else, stays as it is.
        let is_another = (before.public.trigger, before.public.enabled) != (after.public.trigger, after.public.enabled);
        if is_another {
            after.enabled_since = now;
        }
        let (position, by) = (change.position, audit::by(principal));
        let keep = move |tx: &mut Tx<'_>| {
            let kept = keep(tx, &before, &after, position)?;
            if let Some(Ok(shown)) = &kept {
                let changed = audit::changed(&before.public, shown);
                audit::note_changes(tx, &by, "automation.changed", target(shown), &changed)?;
            }
            Ok(kept)
        };
        let kept = crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await?;
        // Another change came between: begin again from what it made.
        if let Some(outcome) = kept {
            return outcome;
        }
    }
}

fn target(automation: &Automation) -> Target<'_> {
    Target::of("automation", &automation.id).named(&automation.name)
}

fn keep(
    tx: &mut Tx<'_>,
    before: &AutomationRow,
    after: &AutomationRow,
    position: Option<u64>,
) -> store::Result<Option<Result<Automation>>> {
    let wrong = checking::missing(tx, &after.workspace_id, &after.public)?;
    if !wrong.is_empty() {
        return Ok(Some(Err(EngineError::Invalid(wrong))));
    }
    if position.is_some() {
        workspaces::lock(tx, &after.workspace_id)?;
    }
    if !automations::update(tx, before.public.updated_at, after)? {
        return Ok(None);
    }
    let (was, is) = (&before.public, &after.public);
    match is.idle_minutes {
        Some(minutes) if is.enabled && was.idle_minutes != Some(minutes) => {
            automation_idle::set_minutes(tx, &is.id, minutes)?;
        }
        Some(_) if is.enabled => {}
        _ => automation_idle::forget(tx, &is.id)?,
    }
    let mut shown = is.clone();
    if let Some(position) = position {
        shown.position = move_to(tx, after, position)?;
    }
    Ok(Some(Ok(shown)))
}

/// Puts an automation at a place among the others, which make room. Answers where it is.
fn move_to(tx: &mut Tx<'_>, row: &AutomationRow, position: u64) -> store::Result<u64> {
    let mut all = automations::list(tx, &row.workspace_id)?;
    let Some(at) = all.iter().position(|each| each.public.id == row.public.id) else { return Ok(position) };
    let moved = all.remove(at);
    let place = usize::try_from(position).unwrap_or(usize::MAX).min(all.len());
    all.insert(place, moved);
    for (place, each) in all.iter().enumerate() {
        if each.public.position != place as u64 {
            automations::set_place(tx, &row.workspace_id, &each.public.id, place as u64)?;
        }
    }
    Ok(place as u64)
}

impl AutomationChange {
    fn applied(self, before: Automation, now: Timestamp) -> Automation {
        let trigger = self.trigger.unwrap_or(before.trigger);
        let idle_minutes = match self.idle_minutes {
            Some(minutes) => minutes,
            // Another trigger has no use for it.
            None => before.idle_minutes.filter(|_| trigger == AutomationTrigger::ConversationIdle),
        };
        Automation {
            name: self.name.unwrap_or(before.name),
            enabled: self.enabled.unwrap_or(before.enabled),
            trigger,
            idle_minutes,
            conditions: self.conditions.unwrap_or(before.conditions),
            actions: self.actions.unwrap_or(before.actions),
            stop_after: self.stop_after.unwrap_or(before.stop_after),
            // No two changes have the same: the next one tells by it whether it knows this one.
            updated_at: now.max(before.updated_at.plus(Duration::from_millis(1))),
            ..before
        }
    }
}

/// Takes an automation away, with its log. What it did stays.
///
/// # Errors
/// It is not there, or not the asker's; the scope `automations:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &AutomationId) -> Result<()> {
    may_write(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(row) = automations::get(tx, &workspace, &id)? else { return Ok(false) };
        audit::note(tx, &by, "automation.deleted", target(&row.public), &[])?;
        automations::delete(tx, &workspace, &id)
    };
    let gone = engine.db.write(Priority::Foreground, work).await?;
    if gone { Ok(()) } else { Err(MISSING) }
}

/// A page of what an automation did, newest first.
///
/// # Errors
/// As [`get`].
pub async fn runs(
    engine: &Engine,
    principal: &Principal,
    id: &AutomationId,
    slice: SliceOf<AutomationRunId>,
) -> Result<Listing<AutomationRun, AutomationRunId>> {
    let id = get(engine, principal, id).await?.id;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine
        .db
        .read(move |tx| automation_runs::page(tx, &workspace, &id, after.as_ref(), ascending, take + 1))
        .await?;
    Ok(Listing::cut(found, take, |run| run.id.clone()))
}
