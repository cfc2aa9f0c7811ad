//! Retention: how long a workspace keeps resolved conversations, and bounces and complaints. Off until somebody says otherwise. Owns the
//! rules and when they are looked at; what is over is erased by `erasures`, as a contact's conversations are.

use std::collections::HashSet;
use std::time::Duration;

use model::Timestamp;
use model::key::Principal;
use model::limits::{RETENTION_CHANNELS_MAX, RETENTION_DAYS_MAX};
use model::privacy::{ErasureCounts, ErasureReason, RetentionRules};
use store::{Priority, Tx, channels, erasures, retention};

use crate::audit::{self, Target};
use crate::erasures::new_row;
use crate::users::require_admin_of_all;
use crate::{Engine, EngineError, FieldError, Result};

/// How often a workspace's rules are looked at.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// # Errors
/// Not an administrator.
pub async fn get(engine: &Engine, principal: &Principal) -> Result<RetentionRules> {
    require_admin_of_all(principal)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| retention::get(tx, &workspace)).await?)
}

/// Keeps rules in place of those there were; what is over by them goes from now on.
///
/// # Errors
/// Not an administrator; fields that are wrong.
pub async fn put(engine: &Engine, principal: &Principal, rules: RetentionRules) -> Result<RetentionRules> {
    require_admin_of_all(principal)?;
    check(&rules)?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let kept = engine.db.write(Priority::Foreground, move |tx| {
        if let Some(place) = stranger(tx, &workspace, &rules)? {
            return Ok(Err(no_channel(place)));
        }
        let changed = audit::changed(&retention::get(tx, &workspace)?, &rules);
        retention::put(tx, &workspace, &rules, Timestamp::now())?;
        audit::note_changes(tx, &by, "retention.changed", Target::of("workspace", &workspace), &changed)?;
        Ok(Ok(rules))
    });
    kept.await?
}

/// How much would go at once if these rules held. Changes nothing.
///
/// # Errors
/// As [`put`].
pub async fn preview(engine: &Engine, principal: &Principal, rules: RetentionRules) -> Result<ErasureCounts> {
    require_admin_of_all(principal)?;
    check(&rules)?;
    let workspace = principal.workspace_id.clone();
    let counted = engine.db.read(move |tx| {
        if let Some(place) = stranger(tx, &workspace, &rules)? {
            return Ok(Err(no_channel(place)));
        }
        let (conversations, messages, reports) = retention::count_over(tx, &workspace, &rules, Timestamp::now())?;
        Ok(Ok(ErasureCounts { conversations, messages, reports, ..ErasureCounts::default() }))
    });
    counted.await?
}

/// The place of the first rule for a channel that is not there.
fn stranger(tx: &mut Tx<'_>, workspace: &model::WorkspaceId, rules: &RetentionRules) -> store::Result<Option<usize>> {
    for (place, rule) in rules.channels.iter().enumerate() {
        // A deleted channel's conversations stay, and its rule with them.
        if !channels::was_there(tx, workspace, &rule.channel_id)? {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

fn no_channel(place: usize) -> EngineError {
    EngineError::invalid(format!("/channels/{place}/channelId"), "no channel of this workspace has this id")
}

fn check(rules: &RetentionRules) -> Result<()> {
    let mut errors = Vec::new();
    let mut days = |pointer: String, days: Option<u32>| {
        if days.is_some_and(|days| days == 0 || days > RETENTION_DAYS_MAX) {
            errors
                .push(FieldError::new(pointer, format!("1 to {RETENTION_DAYS_MAX} days, or null to keep it for ever")));
        }
    };
    days("/resolvedDays".into(), rules.resolved_days);
    days("/reportDays".into(), rules.report_days);
    for (place, rule) in rules.channels.iter().enumerate() {
        days(format!("/channels/{place}/resolvedDays"), rule.resolved_days);
    }
    if rules.channels.len() > RETENTION_CHANNELS_MAX {
        errors.push(FieldError::new("/channels", format!("at most {RETENTION_CHANNELS_MAX} channels")));
    }
    let mut seen = HashSet::new();
    for (place, rule) in rules.channels.iter().enumerate() {
        if !seen.insert(&rule.channel_id) {
            errors.push(FieldError::new(format!("/channels/{place}/channelId"), "a channel has one rule"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

/// Looks at the rules of one workspace whose time has come, and begins to erase what is over. False where there is none.
///
/// # Errors
/// What the store says.
pub(crate) async fn start_due(engine: &Engine, now: Timestamp) -> Result<bool> {
    let started = engine.db.write(Priority::Background, move |tx| {
        let Some(workspace) = retention::due(tx, now)? else { return Ok(false) };
        if !retention::put_off(tx, &workspace, now, now.plus(INTERVAL))? {
            return Ok(true); // another node's
        }
        let rules = retention::get(tx, &workspace)?;
        if rules.say_nothing() || erasures::retention_is_open(tx, &workspace)? {
            return Ok(true);
        }
        let anything = !retention::conversations_over(tx, &workspace, &rules, now, 1)?.is_empty()
            || retention::report_is_over(tx, &workspace, &rules, now)?;
        if anything {
            erasures::insert(tx, &new_row(&workspace, ErasureReason::Retention, now))?;
        }
        Ok(true)
    });
    Ok(started.await?)
}
