//! Housekeeping at intervals: snoozed conversations wake, what has expired is forgotten. Small steps, never in anybody's way.

use std::time::Duration;

use model::Timestamp;
use model::conversation::ConversationStatus;
use model::event::EventType;
use model::limits::{
    AUTOMATION_REPLY_HOURS, AUTOMATION_RUN_RETENTION_DAYS, EVENT_RETENTION_DAYS, IDEMPOTENCY_SECONDS,
    INSIGHT_RETENTION_DAYS,
};
use store::events::NewEvent;
use store::{
    Priority, StoreError, Tx, audit_log, authentication_forms, automation_runs, automations, conversation_lists,
    conversations, drafts, events, idempotency, insight_facts, lists, presence, sessions, suppressions, uploads,
    webhook_queue,
};
use tokio_util::sync::CancellationToken;

use crate::{Engine, Result};

const INTERVAL: Duration = Duration::from_secs(5);
/// How long a form that is over can still say so.
const FORMS_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Rows of a step.
const STEP: usize = 500;
/// Steps of a round in which conversations let go of deleted teams, and follow contacts that were merged.
const LET_GO_STEPS: usize = 10;
/// Members of a deleted list forgotten in a step.
const MEMBERS_STEP: usize = 2_000;

/// Runs until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = step(&engine, Timestamp::now()).await {
            tracing::error!(%error, "housekeeping did not finish; trying again");
        }
    }
}

/// One round, as of `now`.
///
/// # Errors
/// What the store says.
pub async fn step(engine: &Engine, now: Timestamp) -> Result<()> {
    engine.db.write(Priority::Background, move |tx| wake_snoozed(tx, now)).await?;
    let events_before = now.minus(Duration::from_secs(EVENT_RETENTION_DAYS * 24 * 60 * 60));
    let keys_before = now.minus(Duration::from_secs(IDEMPOTENCY_SECONDS));
    let forms_before = now.minus(FORMS_KEPT);
    let drafts_before = now.minus(crate::drafts::DRAFT_KEPT);
    let runs_before = now.minus(Duration::from_secs(AUTOMATION_RUN_RETENTION_DAYS * 24 * 60 * 60));
    let facts_before = now.minus(Duration::from_secs(INSIGHT_RETENTION_DAYS * 24 * 60 * 60));
    let replies_before = now.minus(Duration::from_secs(AUTOMATION_REPLY_HOURS * 60 * 60));
    engine
        .db
        .write(Priority::Background, move |tx| {
            events::forget(tx, events_before, STEP)?;
            webhook_queue::forget(tx, events_before, STEP)?;
            idempotency::forget(tx, keys_before)?;
            authentication_forms::forget(tx, forms_before, STEP)?;
            suppressions::forget(tx, now, crate::suppressions::soft_bounces_since(now), STEP)?;
            lists::forget_deleted(tx, MEMBERS_STEP)?;
            presence::forget(tx, now)?;
            drafts::forget(tx, drafts_before)?;
            uploads::forget(tx, now)?;
            automation_runs::forget(tx, runs_before, STEP)?;
            automation_runs::forget_replies(tx, replies_before, STEP)?;
            automations::forget_marks(tx, events_before, STEP)?;
            insight_facts::forget(tx, facts_before, STEP)?;
            sessions::forget(tx, now)?;
            audit_log::forget_old(tx, now, STEP)?;
            crate::erasures::forget_graves(tx, now)?;
            Ok(())
        })
        .await?;
    for _ in 0..LET_GO_STEPS {
        if !crate::teams::let_go_some(engine, Priority::Background).await? {
            break;
        }
    }
    for _ in 0..LET_GO_STEPS {
        if !crate::contacts::merging::follow_some(engine, Priority::Background).await? {
            break;
        }
    }
    while crate::retention::start_due(engine, now).await? {}
    crate::surveys::ask_due(engine, now).await
}

fn wake_snoozed(tx: &mut Tx<'_>, now: Timestamp) -> store::Result<()> {
    for (workspace, id) in conversations::due_to_wake(tx, now, STEP)? {
        conversation_lists::lock(tx, &id)?;
        let Some(before) = conversations::get(tx, &workspace, &id)? else { continue };
        if before.public.snoozed_until.is_none_or(|until| until > now) {
            continue; // woken, or put to sleep again, meanwhile
        }
        let mut after = before.clone();
        after.public.snoozed_until = None;
        if after.public.status == ConversationStatus::Snoozed {
            after.public.status = ConversationStatus::Open;
            after.public.unread = true;
        }
        conversations::apply_change(tx, &before, &after)?;
        let data = serde_json::to_value(&after.public).map_err(|error| StoreError::corrupt("conversation", error))?;
        let channel_id = after.public.channel_id.as_ref();
        let event_type = EventType::ConversationUpdated;
        events::append(
            tx,
            &NewEvent {
                workspace_id: &workspace,
                channel_id,
                event_type,
                subject_id: id.as_str(),
                data: &data,
                at: now,
            },
        )?;
    }
    Ok(())
}
