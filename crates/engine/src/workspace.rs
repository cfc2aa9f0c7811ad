//! A workspace's own settings. The time zone is the business hours' own: there is one truth of it.

use jiff::tz::TimeZone;
use model::key::{Principal, Scope};
use model::workspace::Workspace;
use model::{Timestamp, WorkspaceId};
use store::workspaces::WorkspaceRow;
use store::{Priority, Tx, business_hours, identity_providers, workspaces};

use crate::audit::{self, Target};
use crate::users::require_admin_of_all;
use crate::words::Language;
use crate::{Engine, EngineError, FieldError, Result, access, access_check};

const SESSION_SECONDS: std::ops::RangeInclusive<u64> = 60 * 60..=90 * 24 * 60 * 60;
const AUDIT_LOG_DAYS: std::ops::RangeInclusive<u64> = 30..=3_650;
const MISSING: EngineError = EngineError::NotFound { what: "the workspace" };

/// What is to be different; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WorkspaceChange {
    pub name: Option<String>,
    pub time_zone: Option<String>,
    pub language: Option<Option<String>>,
    pub second_factor_required: Option<bool>,
    pub session_seconds: Option<u64>,
    pub password_sign_in: Option<bool>,
    pub audit_log_days: Option<u64>,
}

/// # Errors
/// The scope `conversations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal) -> Result<Workspace> {
    // Who works with conversations sees times in its zone.
    access_check::scope(principal, Scope::ConversationsRead)?;
    let workspace = principal.workspace_id.clone();
    engine.db.read(move |tx| read(tx, &workspace)).await?.ok_or(MISSING)
}

fn read(tx: &mut Tx<'_>, id: &WorkspaceId) -> store::Result<Option<Workspace>> {
    let Some(row) = workspaces::get(tx, id)? else { return Ok(None) };
    shown(tx, row).map(Some)
}

fn shown(tx: &mut Tx<'_>, row: WorkspaceRow) -> store::Result<Workspace> {
    Ok(Workspace {
        time_zone: crate::business_hours::of_workspace(tx, &row.id)?.time_zone,
        id: row.id,
        name: row.name,
        language: row.language,
        second_factor_required: row.second_factor_required,
        session_seconds: row.session_seconds.unsigned_abs(),
        password_sign_in: row.password_sign_in,
        audit_log_days: row.audit_days.unsigned_abs(),
    })
}

/// # Errors
/// Not an administrator; fields that are wrong; passwords would be off without another way in (409).
pub async fn change(engine: &Engine, principal: &Principal, change: WorkspaceChange) -> Result<Workspace> {
    require_admin_of_all(principal)?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let keep = move |tx: &mut Tx<'_>| {
        let Some(row) = workspaces::get_to_change(tx, &workspace)? else { return Ok(Err(MISSING)) };
        let before = shown(tx, row)?;
        let after = match change.clone().applied(before.clone()) {
            Ok(after) => after,
            Err(errors) => return Ok(Err(EngineError::Invalid(errors))),
        };
        let provider = identity_providers::of_workspace(tx, &workspace)?;
        if !after.password_sign_in && !provider.is_some_and(|provider| provider.enabled) {
            let detail = "without passwords nobody could sign in: set up an identity provider first";
            return Ok(Err(EngineError::Conflict(detail.into())));
        }
        put(tx, &before, &after)?;
        let target = Target::of("workspace", &workspace).named(&after.name);
        audit::note_changes(tx, &by, "workspace.changed", target, &audit::changed(&before, &after))?;
        Ok(Ok(after))
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await?
}

fn put(tx: &mut Tx<'_>, before: &Workspace, after: &Workspace) -> store::Result<()> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = WorkspaceRow {
        id: after.id.clone(),
        name: after.name.clone(),
        language: after.language.clone(),
        second_factor_required: after.second_factor_required,
        session_seconds: number(after.session_seconds),
        password_sign_in: after.password_sign_in,
        audit_days: number(after.audit_log_days),
    };
    workspaces::update(tx, &row)?;
    if after.session_seconds < before.session_seconds {
        access::shorten(tx, &after.id, row.session_seconds)?;
    }
    if after.time_zone != before.time_zone {
        let mut hours = crate::business_hours::of_workspace(tx, &after.id)?;
        hours.time_zone.clone_from(&after.time_zone);
        business_hours::set(tx, &after.id, &hours, Timestamp::now())?;
    }
    Ok(())
}

impl WorkspaceChange {
    /// The settings as they are to be, or all that is wrong with them.
    fn applied(self, before: Workspace) -> std::result::Result<Workspace, Vec<FieldError>> {
        let after = Workspace {
            name: self.name.map_or(before.name, |name| name.trim().to_owned()),
            time_zone: self.time_zone.map_or(before.time_zone, |zone| zone.trim().to_owned()),
            language: self.language.unwrap_or(before.language),
            second_factor_required: self.second_factor_required.unwrap_or(before.second_factor_required),
            session_seconds: self.session_seconds.unwrap_or(before.session_seconds),
            password_sign_in: self.password_sign_in.unwrap_or(before.password_sign_in),
            audit_log_days: self.audit_log_days.unwrap_or(before.audit_log_days),
            ..before
        };
        let mut errors = Vec::new();
        if let Err(EngineError::Invalid(wrong)) = access::checked_name(&after.name) {
            errors.extend(wrong);
        }
        if TimeZone::get(&after.time_zone).is_err() {
            let detail = "a time zone of the IANA database is expected, such as Europe/Berlin or America/New_York";
            errors.push(FieldError::new("/timeZone", detail));
        }
        let languages = Language::ALL.map(Language::tag);
        if after.language.as_deref().is_some_and(|language| !languages.contains(&language)) {
            errors.push(FieldError::new("/language", format!("one of {}, or null", languages.join(", "))));
        }
        let ranges = [
            ("/sessionSeconds", after.session_seconds, SESSION_SECONDS),
            ("/auditLogDays", after.audit_log_days, AUDIT_LOG_DAYS),
        ];
        for (pointer, value, range) in ranges {
            if !range.contains(&value) {
                let detail = format!("a whole number from {} to {}", range.start(), range.end());
                errors.push(FieldError::new(pointer, detail));
            }
        }
        if errors.is_empty() { Ok(after) } else { Err(errors) }
    }
}
