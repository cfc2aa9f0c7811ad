//! Amazon SES's own JSON about bounces and complaints, as Amazon SNS sends it by mail. Owns its fields
//! (<https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>); never trusts that they are there.

use serde_json::Value;

use super::report::{Action, Feedback, Group};

/// What a notification says.
pub(super) enum Notification {
    Bounce(Vec<Group>),
    Complaint(Feedback),
}

/// Recipients read of one notification.
const RECIPIENTS_MAX: usize = 100;

/// The notification in a mail's text: alone, or in the envelope of SNS.
pub(super) fn notification(text: &str) -> Option<Notification> {
    let text = text.trim_start();
    if !text.starts_with('{') || !text.contains("notificationType") {
        return None;
    }
    // SNS breaks long lines wherever they are long, and puts how to unsubscribe behind the notification.
    let unbroken = text.replace(['\r', '\n'], "");
    let mut value: Value = serde_json::Deserializer::from_str(&unbroken).into_iter().next()?.ok()?;
    if let Some(inner) = value["Message"].as_str() {
        value = serde_json::from_str(inner).ok()?;
    }
    let recipients =
        |list: &Value| -> Vec<Value> { list.as_array().into_iter().flatten().take(RECIPIENTS_MAX).cloned().collect() };
    let address = |recipient: &Value| recipient["emailAddress"].as_str().map(str::to_lowercase);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match value["notificationType"].as_str()? {
        "Bounce" => Some(Notification::Bounce(
            recipients(&value["bounce"]["bouncedRecipients"])
                .iter()
                .map(|recipient| Group {
                    recipient: address(recipient),
                    action: Some(Action::Failed),
                    status: text(&recipient["status"]),
                    diagnostic: text(&recipient["diagnosticCode"]).unwrap_or_default(),
                    category: None,
                })
                .collect(),
        )),
        "Complaint" => Some(Notification::Complaint(Feedback {
            kind: text(&value["complaint"]["complaintFeedbackType"]),
            recipients: recipients(&value["complaint"]["complainedRecipients"]).iter().filter_map(address).collect(),
        })),
        _ => None,
    }
}
