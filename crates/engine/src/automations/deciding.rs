//! Which automations match a case, one after another: each sees what those before it make of the conversation. Pure.

use model::Timestamp;
use model::automation::{Automation, AutomationAction};

use super::changing;
use super::matching::{Facts, Rule};

/// Those that match, in their order, up to one behind which none is looked at.
pub(crate) fn decide<'r>(
    rules: impl IntoIterator<Item = (&'r Automation, &'r Rule)>,
    facts: &mut Facts,
    now: Timestamp,
) -> Vec<&'r Automation> {
    let mut matched = Vec::new();
    for (automation, rule) in rules {
        if !rule.matches(facts) {
            continue;
        }
        matched.push(automation);
        for action in to_do(&automation.actions) {
            changing::change(action, &mut facts.conversation, now);
        }
        if automation.stop_after || stops(&automation.actions) {
            break;
        }
    }
    matched
}

/// The actions up to `stop`, which is one of them.
pub(crate) fn to_do(actions: &[AutomationAction]) -> &[AutomationAction] {
    let end = actions.iter().position(|action| matches!(action, AutomationAction::Stop {}));
    end.and_then(|end| actions.get(..=end)).unwrap_or(actions)
}

fn stops(actions: &[AutomationAction]) -> bool {
    actions.iter().any(|action| matches!(action, AutomationAction::Stop {}))
}
