//! What is asked of a policy before it is kept.

use std::collections::HashSet;

use model::WorkspaceId;
use model::limits::{SLA_POLICY_NAME_CHARS_MAX, SLA_SCOPE_IDS_MAX, SLA_SECONDS_MAX, SLA_SECONDS_MIN};
use model::sla::{SlaPolicy, SlaTimerName};
use store::{Tx, channels, teams};

use crate::{EngineError, FieldError, Result};

/// The policy in its one spelling, or all that is wrong with it.
pub(super) fn checked(mut policy: SlaPolicy) -> Result<SlaPolicy> {
    let mut errors = Vec::new();
    policy.name = policy.name.trim().to_owned();
    let length = policy.name.chars().count();
    if length == 0 || length > SLA_POLICY_NAME_CHARS_MAX || policy.name.chars().any(char::is_control) {
        let detail = format!("1 to {SLA_POLICY_NAME_CHARS_MAX} characters on one line");
        errors.push(FieldError::new("/name", detail));
    }
    let mut promised = false;
    for timer in SlaTimerName::ALL {
        let Some(seconds) = policy.seconds(timer) else { continue };
        promised = true;
        if !(SLA_SECONDS_MIN..=SLA_SECONDS_MAX).contains(&seconds) {
            let detail = format!("{SLA_SECONDS_MIN} to {SLA_SECONDS_MAX} seconds (90 days), or null");
            errors.push(FieldError::new(format!("/{}Seconds", timer.as_str()), detail));
        }
    }
    if !promised {
        let detail = "a policy promises something: give a time for the first answer, the next one, or the resolution";
        errors.push(FieldError::new("/firstResponseSeconds", detail));
    }
    let scope = &mut policy.applies_to;
    let mut seen = HashSet::new();
    scope.channel_ids.retain(|id| seen.insert(id.as_str().to_owned()));
    scope.team_ids.retain(|id| seen.insert(id.as_str().to_owned()));
    let mut priorities = HashSet::new();
    scope.priorities.retain(|priority| priorities.insert(*priority));
    for (name, count) in [("channelIds", scope.channel_ids.len()), ("teamIds", scope.team_ids.len())] {
        if count > SLA_SCOPE_IDS_MAX {
            errors.push(FieldError::new(format!("/appliesTo/{name}"), format!("at most {SLA_SCOPE_IDS_MAX}")));
        }
    }
    if errors.is_empty() { Ok(policy) } else { Err(EngineError::Invalid(errors)) }
}

/// What it names and the workspace does not have.
pub(super) fn missing(tx: &mut Tx<'_>, workspace: &WorkspaceId, policy: &SlaPolicy) -> store::Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    for (place, id) in policy.applies_to.channel_ids.iter().enumerate() {
        if channels::get(tx, workspace, id)?.is_none() {
            let pointer = format!("/appliesTo/channelIds/{place}");
            errors.push(FieldError::new(pointer, "no channel of this workspace has this id"));
        }
    }
    for (place, id) in policy.applies_to.team_ids.iter().enumerate() {
        if teams::get(tx, workspace, id)?.is_none() {
            let pointer = format!("/appliesTo/teamIds/{place}");
            errors.push(FieldError::new(pointer, "no team of this workspace has this id"));
        }
    }
    Ok(errors)
}
