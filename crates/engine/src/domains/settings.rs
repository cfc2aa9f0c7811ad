//! What a domain's owner can change: its tracking host, its policy about TLS, and how its mail leaves (`policy`).

use model::domain::{Domain, MtaStsMode};
use model::key::Principal;
use model::{DomainId, Timestamp};
use store::domains::DomainRow;
use store::{Priority, Topic, Tx, domains};

use super::policy::{self, PolicyChange};
use super::{MISSING, may_write, name, records, row, shown, unbound};
use crate::audit::{self, Target};
use crate::{Engine, EngineError, Result};

/// What is to be different; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct DomainChange {
    /// `Some(None)`: the usual one.
    pub tracking_host: Option<Option<String>>,
    pub mta_sts_mode: Option<MtaStsMode>,
    pub policy: PolicyChange,
}

/// Changes a domain. Records that it asks for now are looked for at once in the background; links in mail that went out lead on. What
/// waits for a limit of it is looked at anew.
///
/// # Errors
/// It is not there, or not the asker's; fields that are wrong, or a tracking host that is no name below the domain's or has another use
/// (422); the scope `domains:write` is missing.
pub async fn change(engine: &Engine, principal: &Principal, id: &DomainId, change: DomainChange) -> Result<Domain> {
    may_write(principal)?;
    unbound(principal)?;
    // What is wrong is told before anything is kept.
    let now = Timestamp::now();
    let mut found = row(engine, &principal.workspace_id, id).await?;
    policy::apply(engine, &mut found, &change.policy, now)?;
    let tracking_host = match &change.tracking_host {
        Some(said) => Some(tracking_host(engine, said.as_deref(), &found.name)?),
        None => None,
    };
    let (shared, workspace, id, by) =
        (engine.clone(), principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(mut row) = domains::get(tx, &workspace, &id)? else { return Ok(None) };
        let (at_first, secret) = (settings(&row), row.policy_secret.clone());
        if let Err(error) = policy::apply(&shared, &mut row, &change.policy, now) {
            return Ok(Some(Err(error)));
        }
        if !change.policy.is_empty() {
            policy::keep(tx, &mut row, now)?;
        }
        let before = row.clone();
        row.tracking_host = tracking_host.clone().unwrap_or(row.tracking_host);
        row.mta_sts_mode = change.mta_sts_mode.unwrap_or(row.mta_sts_mode);
        if row != before {
            (row.due_at, row.updated_at) = (now, now.max(row.updated_at));
            domains::update(tx, &row)?;
            tx.announce(Topic::Domains);
            row.version += 1;
        }
        let mut changed = audit::changed(&at_first, &settings(&row));
        if secret != row.policy_secret {
            changed.push("smarthost.password".into());
        }
        let target = Target::of("domain", &row.id).named(&row.name);
        audit::note_changes(tx, &by, "domain.changed", target, &changed)?;
        Ok(Some(Ok(row)))
    };
    let kept = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?.ok_or(MISSING)?;
    shown(engine, kept?).await
}

/// What of a domain people change.
fn settings(row: &DomainRow) -> serde_json::Value {
    let mut all = serde_json::to_value(&row.policy).unwrap_or_default();
    all["trackingHost"] = row.tracking_host.as_str().into();
    all["mtaStsMode"] = serde_json::to_value(row.mta_sts_mode).unwrap_or_default();
    all
}

/// The host as it is kept; the usual one where none is said.
pub(super) fn tracking_host(engine: &Engine, said: Option<&str>, domain: &str) -> Result<String> {
    let Some(said) = said else { return Ok(records::usual_tracking_host(domain)) };
    name::checked_tracking_host(said, domain, &engine.config)
        .map_err(|detail| EngineError::invalid("/trackingHost", detail))
}
