//! What is asked of an automation before it is kept: its texts, its conditions, its actions, and that what it names is there.

use model::automation::{
    Automation, AutomationAction, AutomationTrigger, Condition, ConditionField, ConditionOperator,
};
use model::conversation::ConversationStatus;
use model::limits::{
    AUTOMATION_ACTIONS_MAX, AUTOMATION_ATTRIBUTE_CHARS_MAX, AUTOMATION_CONDITIONS_MAX, AUTOMATION_MINUTES_MAX,
    AUTOMATION_NAME_CHARS_MAX, AUTOMATION_TEXT_BYTES_MAX, AUTOMATION_VALUE_CHARS_MAX, LABEL_CHARS_MAX,
};
use model::{ChannelId, WorkspaceId};
use store::{Tx, channels, teams, templates, users, webhook_endpoints};

use super::matching;
use crate::FieldError;

/// An automation that can be kept: its texts trimmed. Everything that is wrong otherwise.
pub(super) fn checked(mut automation: Automation) -> Result<Automation, Vec<FieldError>> {
    let mut errors = Vec::new();
    automation.name = automation.name.trim().to_owned();
    let length = automation.name.chars().count();
    if length == 0 || length > AUTOMATION_NAME_CHARS_MAX || automation.name.chars().any(char::is_control) {
        let detail = format!("1 to {AUTOMATION_NAME_CHARS_MAX} characters on one line");
        errors.push(FieldError::new("/name", detail));
    }
    what_it_does(&mut automation, &mut errors);
    if errors.is_empty() { Ok(automation) } else { Err(errors) }
}

/// All but its name.
pub(super) fn what_it_does(automation: &mut Automation, errors: &mut Vec<FieldError>) {
    match (automation.trigger, automation.idle_minutes) {
        (AutomationTrigger::ConversationIdle, Some(1..=AUTOMATION_MINUTES_MAX)) => {}
        (AutomationTrigger::ConversationIdle, _) => {
            let detail = format!("1 to {AUTOMATION_MINUTES_MAX} minutes without an answer");
            errors.push(FieldError::new("/idleMinutes", detail));
        }
        (_, None) => {}
        (_, Some(_)) => {
            errors.push(FieldError::new("/idleMinutes", "only conversation.idle asks how long: leave it out"));
        }
    }
    let conditions = &mut automation.conditions.items;
    if conditions.len() > AUTOMATION_CONDITIONS_MAX {
        let detail = format!("at most {AUTOMATION_CONDITIONS_MAX} conditions");
        errors.push(FieldError::new("/conditions/items", detail));
    }
    for (place, condition) in conditions.iter_mut().enumerate() {
        check_condition(condition, &format!("/conditions/items/{place}"), errors);
    }
    if automation.actions.is_empty() || automation.actions.len() > AUTOMATION_ACTIONS_MAX {
        errors.push(FieldError::new("/actions", format!("1 to {AUTOMATION_ACTIONS_MAX} actions")));
    }
    for (place, action) in automation.actions.iter_mut().enumerate() {
        check_action(action, &format!("/actions/{place}"), errors);
    }
}

fn check_condition(condition: &mut Condition, at: &str, errors: &mut Vec<FieldError>) {
    let mut wrong = |field: &str, detail: String| errors.push(FieldError::new(format!("{at}/{field}"), detail));
    let attribute = condition.attribute.as_deref().map(str::trim).unwrap_or_default();
    match condition.field == ConditionField::ContactAttribute {
        true if attribute.is_empty() || attribute.chars().count() > AUTOMATION_ATTRIBUTE_CHARS_MAX => {
            let detail = format!("the name of a contact's attribute, 1 to {AUTOMATION_ATTRIBUTE_CHARS_MAX} characters");
            wrong("attribute", detail);
        }
        false if condition.attribute.is_some() => wrong("attribute", "only contactAttribute has one".into()),
        _ => {}
    }
    let is_choice = condition.field.is_choice();
    if is_choice && !matches!(condition.operator, ConditionOperator::Is | ConditionOperator::IsNot) {
        let detail = format!("{} is one of a few: `is` or `isNot` are expected", condition.field.as_str());
        wrong("operator", detail);
    }
    if condition.operator != ConditionOperator::Matches {
        condition.value = condition.value.trim().to_owned();
    }
    let value = condition.value.as_str();
    if value.chars().count() > AUTOMATION_VALUE_CHARS_MAX {
        wrong("value", format!("at most {AUTOMATION_VALUE_CHARS_MAX} characters"));
        return;
    }
    let choices: &[&str] = match condition.field {
        ConditionField::HasAttachment | ConditionField::AutoReply => &["true", "false"],
        ConditionField::Status => &["open", "pending", "snoozed", "resolved"],
        ConditionField::Priority => &["low", "normal", "high", "urgent"],
        ConditionField::BusinessHours => &["inside", "outside"],
        _ => &[],
    };
    if !choices.is_empty() && !choices.contains(&value) {
        wrong("value", format!("one of {}", choices.join(", ")));
    }
    match condition.operator {
        ConditionOperator::Matches => {
            if let Err(detail) = matching::compile(value) {
                wrong("value", detail);
            }
        }
        // Nothing is something that a field can be; but everything contains it.
        ConditionOperator::Is | ConditionOperator::IsNot => {}
        _ if value.is_empty() => wrong("value", "what to look for".into()),
        _ => {}
    }
}

fn check_action(action: &mut AutomationAction, at: &str, errors: &mut Vec<FieldError>) {
    let mut wrong = |field: &str, detail: String| errors.push(FieldError::new(format!("{at}/{field}"), detail));
    match action {
        AutomationAction::AddLabel { label } | AutomationAction::RemoveLabel { label } => {
            *label = label.trim().to_owned();
            let length = label.chars().count();
            if length == 0 || length > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
                wrong("label", format!("1 to {LABEL_CHARS_MAX} characters, none of them a control character"));
            }
        }
        AutomationAction::SetStatus { status: ConversationStatus::Snoozed } => {
            wrong("status", "open, pending or resolved; `snooze` says for how long".into());
        }
        AutomationAction::Snooze { minutes } if !(1..=AUTOMATION_MINUTES_MAX).contains(minutes) => {
            wrong("minutes", format!("1 to {AUTOMATION_MINUTES_MAX} minutes"));
        }
        AutomationAction::Reply { text: None, template_id: None } => {
            wrong("text", "a text, or a templateId, is needed".into());
        }
        AutomationAction::Reply { text: Some(_), template_id: Some(_) } => {
            wrong("text", "the template gives it: leave it out".into());
        }
        AutomationAction::Reply { text: Some(text), .. } | AutomationAction::Note { text } => {
            if text.trim().is_empty() {
                wrong("text", "what it is to say".into());
            } else if text.len() > AUTOMATION_TEXT_BYTES_MAX {
                wrong("text", format!("at most {AUTOMATION_TEXT_BYTES_MAX} bytes"));
            }
        }
        _ => {}
    }
}

/// What an automation names and the workspace does not have.
pub(super) fn missing(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    automation: &Automation,
) -> store::Result<Vec<FieldError>> {
    let mut errors = Vec::new();
    for (place, condition) in automation.conditions.items.iter().enumerate() {
        if condition.field == ConditionField::ChannelId {
            let there = match condition.value.parse::<ChannelId>() {
                Ok(id) => channels::get(tx, workspace, &id)?.is_some(),
                Err(_) => false,
            };
            if !there {
                let pointer = format!("/conditions/items/{place}/value");
                errors.push(FieldError::new(pointer, "no channel of this workspace has this id"));
            }
        }
    }
    for (place, action) in automation.actions.iter().enumerate() {
        if let Some((field, detail)) = missing_of_action(tx, workspace, action)? {
            errors.push(FieldError::new(format!("/actions/{place}/{field}"), detail));
        }
    }
    Ok(errors)
}

/// What an action names and the workspace does not have: the field, and why it can't be.
pub(super) fn missing_of_action(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    action: &AutomationAction,
) -> store::Result<Option<(&'static str, &'static str)>> {
    Ok(match action {
        AutomationAction::AssignUser { user_id } => {
            let there = users::get(tx, workspace, user_id)?.is_some();
            (!there).then_some(("userId", "no user of this workspace has this id"))
        }
        AutomationAction::AssignTeam { team_id } => {
            let there = teams::get(tx, workspace, team_id)?.is_some();
            (!there).then_some(("teamId", "no team of this workspace has this id"))
        }
        AutomationAction::Reply { template_id: Some(template), .. } => {
            let there = templates::get(tx, workspace, template)?.is_some();
            (!there).then_some(("templateId", "there is no such template in this workspace"))
        }
        AutomationAction::Webhook { endpoint_id } => match webhook_endpoints::get(tx, workspace, endpoint_id)? {
            Some(_) => None,
            None => Some(("endpointId", "no webhook of this workspace has this id")),
        },
        _ => None,
    })
}
