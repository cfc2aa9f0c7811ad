//! How a domain's mail leaves: limits, the plan it is warmed up by, a server of its own. Owns what these may be and how they are kept;
//! counting is `delivering::allowance`'s, and speaking to the server the transport's.

use std::time::Duration;

use model::channel::TransportSecurity;
use model::key::Principal;
use model::limits::{SEND_LIMIT_MAX, WARM_UP_GROWTH_PERCENT_MAX};
use model::sending::{DomainPolicy, DomainSmarthost, SendLimits, WarmUp};
use model::{DomainId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use store::domains::{self, DomainRow};
use store::{StoreError, Tx};

use super::{may_write, row, unbound};
use crate::channels::{check_host, check_limits};
use crate::delivering::allowance;
use crate::ports::{Smarthost, SmtpAuth, TestStep};
use crate::vault_rotation::domain_smarthost_place as place;
use crate::{Engine, EngineError, FieldError, Result};

const USERNAME_CHARS_MAX: usize = 320;

/// What is to be different; what is `None` stays. An inner `None` takes away.
#[derive(Debug, Clone, Default)]
pub struct PolicyChange {
    pub limits: Option<Option<SendLimits>>,
    pub warm_up: Option<Option<WarmUp>>,
    pub smarthost: Option<Option<NewSmarthost>>,
}

impl PolicyChange {
    pub(super) fn is_empty(&self) -> bool {
        self.limits.is_none() && self.warm_up.is_none() && self.smarthost.is_none()
    }
}

/// A server that is to take a domain's mail.
#[derive(Debug, Clone)]
pub struct NewSmarthost {
    pub host: String,
    /// 587 where it is not said, 465 with TLS.
    pub port: Option<u16>,
    /// STARTTLS where it is not said, TLS at port 465.
    pub security: Option<TransportSecurity>,
    pub username: Option<String>,
    /// Not said: the one that was given for this very server.
    pub password: Option<SecretString>,
}

/// Keeps what was applied. What waits for a limit that is another by now is looked at anew.
pub(super) fn keep(tx: &mut Tx<'_>, row: &mut DomainRow, now: Timestamp) -> store::Result<()> {
    let before = domains::get(tx, &row.workspace_id, &row.id)?.map(|row| row.policy).unwrap_or_default();
    row.updated_at = now.max(row.updated_at.plus(Duration::from_millis(1)));
    domains::set_policy(tx, row)?;
    row.version += 1;
    if (&before.limits, &before.warm_up) != (&row.policy.limits, &row.policy.warm_up) {
        allowance::changed(tx, row.id.as_str(), now)?;
    }
    Ok(())
}

/// Puts a change into the row.
///
/// # Errors
/// Fields that are wrong.
pub(super) fn apply(engine: &Engine, row: &mut DomainRow, change: &PolicyChange, now: Timestamp) -> Result<()> {
    let mut errors = Vec::new();
    if let Some(limits) = &change.limits {
        row.policy.limits = limits.unwrap_or_default();
        check_limits(&row.policy.limits, &mut errors);
    }
    if let Some(plan) = &change.warm_up {
        let begun = row.policy.warm_up.take().and_then(|earlier| earlier.started_at);
        row.policy.warm_up = plan.clone().map(|plan| WarmUp {
            started_at: plan.started_at.or(begun).or(Some(now)),
            today: None,
            ..plan
        });
        row.policy.warm_up.iter().for_each(|plan| check_warm_up(plan, &mut errors));
    }
    match &change.smarthost {
        Some(Some(new)) => set_smarthost(engine, row, new, &mut errors),
        Some(None) => (row.policy.smarthost, row.policy_secret) = (None, None),
        None => {}
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

fn check_warm_up(plan: &WarmUp, errors: &mut Vec<FieldError>) {
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    let fits = |count: u32| (1..=SEND_LIMIT_MAX).contains(&count);
    match (plan.start_per_day, plan.steps.is_empty()) {
        (None, true) => wrong("/warmUp", "startPerDay with growthPercent, or steps, are needed".into()),
        (Some(_), false) => wrong("/warmUp/steps", "either startPerDay or steps".into()),
        (Some(start), true) => {
            if !fits(start) {
                wrong("/warmUp/startPerDay", format!("a number from 1 to {SEND_LIMIT_MAX}"));
            }
            if plan.growth_percent.is_none_or(|growth| !(1..=WARM_UP_GROWTH_PERCENT_MAX).contains(&growth)) {
                wrong("/warmUp/growthPercent", format!("a number from 1 to {WARM_UP_GROWTH_PERCENT_MAX}"));
            }
            if plan.end_per_day.is_some_and(|end| end <= start) {
                wrong("/warmUp/endPerDay", "more than startPerDay".into());
            }
        }
        (None, false) => {
            let days = WarmUp::DAYS_MAX as usize;
            if plan.steps.len() > days || !plan.steps.iter().all(|count| fits(*count)) {
                wrong("/warmUp/steps", format!("at most {days} numbers from 1 to {SEND_LIMIT_MAX}"));
            }
            if plan.growth_percent.is_some() || plan.end_per_day.is_some() {
                wrong("/warmUp/steps", "growthPercent and endPerDay belong to startPerDay".into());
            }
        }
    }
}

fn set_smarthost(engine: &Engine, row: &mut DomainRow, new: &NewSmarthost, errors: &mut Vec<FieldError>) {
    let security = new.security.unwrap_or(match new.port {
        Some(465) => TransportSecurity::Tls,
        _ => TransportSecurity::Starttls,
    });
    let port = new.port.unwrap_or(if security == TransportSecurity::Tls { 465 } else { 587 });
    check_host("/smarthost/host", Some(&new.host), true, errors);
    if port == 0 {
        errors.push(FieldError::new("/smarthost/port", "a port from 1 to 65535"));
    }
    let username = new.username.as_deref().unwrap_or_default();
    if username.chars().count() > USERNAME_CHARS_MAX || username.chars().any(char::is_control) {
        errors.push(FieldError::new(
            "/smarthost/username",
            format!("at most {USERNAME_CHARS_MAX} characters on one line"),
        ));
    }
    let smarthost = DomainSmarthost { host: new.host.clone(), port, security, username: new.username.clone() };
    // A kept password is only ever shown to the server it was given for.
    let is_at_home = row.policy.smarthost.as_ref() == Some(&smarthost);
    match (&new.username, &new.password) {
        (None, Some(_)) => errors.push(FieldError::new("/smarthost/username", "whose password it is")),
        (None, None) => row.policy_secret = None,
        (Some(_), Some(password)) => {
            let sealed = engine.vault.seal(&place(&row.id), password.expose_secret().as_bytes());
            row.policy_secret = Some(sealed);
        }
        (Some(_), None) if is_at_home && row.policy_secret.is_some() => {}
        (Some(_), None) => errors.push(FieldError::new(
            "/smarthost/password",
            "the user's password is needed, again where the server, its port, its security or the user changes",
        )),
    }
    row.policy.smarthost = Some(smarthost);
}

/// Tries the domain's own server: connects, upgrades, signs in, and quits. A result a step.
///
/// # Errors
/// The domain has no server of its own (409); it is not there, or not the asker's; the scope `domains:write` is missing.
pub async fn test_smarthost(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<Vec<TestStep>> {
    may_write(principal)?;
    unbound(principal)?;
    let row = row(engine, &principal.workspace_id, id).await?;
    let none = || EngineError::Conflict("the domain has no smarthost of its own: set one with PATCH first".into());
    let smarthost = opened(engine, &row)?.ok_or_else(none)?;
    Ok(engine.ports.transport.test(&smarthost).await)
}

/// The server that takes a domain's mail, its password unsealed; `None` where the domain has none, or is gone.
pub(crate) async fn smarthost(engine: &Engine, workspace: &WorkspaceId, id: &DomainId) -> Result<Option<Smarthost>> {
    match row(engine, workspace, id).await {
        Ok(row) => opened(engine, &row),
        Err(EngineError::NotFound { .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn opened(engine: &Engine, row: &DomainRow) -> Result<Option<Smarthost>> {
    let DomainPolicy { smarthost: Some(own), .. } = &row.policy else { return Ok(None) };
    let unsealed = row.policy_secret.as_ref().map(|sealed| engine.vault.unseal_text(&place(&row.id), sealed));
    let password = unsealed.transpose().map_err(|error| StoreError::Vault(error.to_string()))?;
    let auth = own.username.clone().zip(password);
    Ok(Some(Smarthost {
        host: own.host.clone(),
        port: own.port,
        security: own.security,
        auth: auth.map(|(username, password)| SmtpAuth::Password { username, password }),
    }))
}
