//! Checks domains against DNS, when somebody asks for it and in the background. The state and its event are one transaction; none is
//! open while DNS is waited for.

use std::time::Duration;

use model::domain::{DnsRecord, DnsRecordPurpose, DnsRecordStatus};
use model::event::EventType;
use model::{DomainId, Timestamp, WorkspaceId};
use store::domains::{self, DomainRow};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Topic, Tx, zone_owners};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::asking;
use super::judging::Judged;
use super::{MISSING, records, states, zone, zones};
use crate::{Engine, EngineError, Result, due};

/// Domains checked at a time.
const AT_ONCE: usize = 8;
/// For one domain. A process that dies leaves its domains to others after that.
const LEASE: Duration = Duration::from_secs(5 * 60);
/// Between two looks at what is due.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a check is begun again because the domain changed meanwhile.
const TRIES: usize = 3;

/// Checks what is due until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        let outcome = tokio::select! {
            outcome = step(&engine, Timestamp::now()) => outcome,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = &outcome {
            tracing::error!(%error, "sending domains could not be checked; trying again");
        }
        if outcome.as_ref().is_ok_and(|checked| *checked == AT_ONCE) {
            continue;
        }
        let pause = due::pause(&engine, domains::next_due, LONGEST_PAUSE, outcome.is_err()).await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Checks some of what is due as of `now`; how many they were.
///
/// # Errors
/// What the store says.
pub async fn step(engine: &Engine, now: Timestamp) -> Result<usize> {
    let claimed = engine.db.write(Priority::Background, move |tx| domains::claim(tx, now, LEASE, AT_ONCE)).await?;
    let count = claimed.len();
    let mut checking = JoinSet::new();
    for row in claimed {
        let engine = engine.clone();
        checking.spawn(async move { check(&engine, row, now).await.map(drop) });
    }
    for outcome in checking.join_all().await {
        match outcome {
            // It was taken away meanwhile.
            Ok(()) | Err(EngineError::NotFound { .. }) => {}
            Err(error) => tracing::error!(%error, "a sending domain could not be checked; trying again"),
        }
    }
    Ok(count)
}

/// Asks DNS about a domain and keeps what comes of it.
pub(super) async fn check(engine: &Engine, mut row: DomainRow, now: Timestamp) -> Result<DomainRow> {
    for _ in 0..TRIES {
        let checked = asking::ask(engine, &row).await;
        let (config, before) = (engine.config.clone(), row.clone());
        let work = move |tx: &mut Tx<'_>| {
            let Some(mut row) = domains::get(tx, &before.workspace_id, &before.id)? else { return Ok(None) };
            if row.keys != before.keys || row.tracking_host != before.tracking_host {
                return Ok(Some((row, false)));
            }
            let is_taken = domains::sends_elsewhere(tx, &row.name, &row.id)?;
            let event = states::apply(&mut row, &checked, is_taken, now);
            let is_told = row.status.sends() || row.problem.as_deref() == Some(states::NAME_TAKEN);
            if !is_told && may_lead_here(&checked) && !may_be_served(tx, &row)? {
                row.problem = Some(states::NOT_SERVED.to_owned());
            }
            domains::update(tx, &row)?;
            row.version += 1;
            if zone::differs(&config, &before, &row, now) {
                tx.announce(Topic::Domains);
            }
            if event == Some(EventType::DomainVerified) {
                zone_owners::set(tx, &row.name, &row.workspace_id)?;
                tx.announce(Topic::Domains);
            }
            if let Some(event_type) = event {
                let data = serde_json::to_value(records::public(&config, &row))
                    .map_err(|error| StoreError::corrupt("domain", error))?;
                tell(tx, &row.workspace_id, &row.id, event_type, &data, now)?;
            }
            Ok(Some((row, true)))
        };
        let (kept, is_done) =
            crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?.ok_or(MISSING)?;
        if is_done {
            return Ok(kept);
        }
        row = kept;
    }
    Err(EngineError::Conflict("the domain is being changed; ask again in a moment".into()))
}

/// Whether the name is delegated to us, or to somebody who gives no answer, as we do where nobody is answered for. Of other names it is
/// nobody's business which workspaces have them.
fn may_lead_here(checked: &[(DnsRecord, Judged)]) -> bool {
    checked.iter().any(|(record, judged)| {
        let leads_here = matches!(judged.status, None | Some(DnsRecordStatus::Verified));
        record.purpose == DnsRecordPurpose::Delegation && leads_here
    })
}

/// Whether our name server answers for the domain as this workspace's; `Zones` goes by the same rule.
fn may_be_served(tx: &mut Tx<'_>, row: &DomainRow) -> store::Result<bool> {
    for name in zones::above(&row.name) {
        if let Some(owner) = zone_owners::of(tx, name)? {
            return Ok(owner == row.workspace_id);
        }
    }
    Ok(!domains::is_elsewhere(tx, &row.name, &row.id)?)
}

fn tell(
    tx: &mut Tx<'_>,
    workspace_id: &WorkspaceId,
    id: &DomainId,
    event_type: EventType,
    data: &serde_json::Value,
    at: Timestamp,
) -> store::Result<()> {
    let event = NewEvent { workspace_id, channel_id: None, event_type, subject_id: id.as_str(), data, at };
    events::append(tx, &event).map(drop)
}
