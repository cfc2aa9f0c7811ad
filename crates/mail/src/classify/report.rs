//! The machine's half of a report: delivery status (RFC 3464, 6533), feedback (RFC 5965). Owns their fields; never guesses.

/// Recipients read of one report.
const RECIPIENTS_MAX: usize = 1_000;

/// RFC 3464 §2.3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Failed,
    Delayed,
    Delivered,
}

/// One recipient's fields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Group {
    pub recipient: Option<String>,
    pub action: Option<Action>,
    pub status: Option<String>,
    pub diagnostic: String,
    /// X-PowerMTA-BounceCategory.
    pub category: Option<String>,
}

/// The recipients of a delivery status. The fields about the message as a whole are no group.
pub(super) fn groups(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut group = Group::default();
    let mut original = None;
    let mut close = |group: &mut Group, original: &mut Option<String>| {
        let mut closed = std::mem::take(group);
        closed.recipient = closed.recipient.filter(|address| !address.is_empty());
        let fallback = original.take();
        // A pipe or a file is where the mail went; the original recipient is whom it was for.
        if !closed.recipient.as_deref().is_some_and(is_usable) {
            closed.recipient = fallback.filter(|address| is_usable(address)).or(closed.recipient);
        }
        if closed.recipient.is_some() && groups.len() < RECIPIENTS_MAX {
            groups.push(closed);
        }
    };
    for (name, value) in fields(text) {
        match name.as_str() {
            "" => close(&mut group, &mut original),
            "final-recipient" => {
                if group.recipient.is_some() {
                    close(&mut group, &mut original);
                }
                group.recipient = Some(address(&value));
            }
            "original-recipient" => original = Some(address(&value)),
            "action" => group.action = action(&value),
            "x-powermta-bouncecategory" => group.category = Some(value.to_ascii_lowercase()),
            "status" => group.status = super::code::status_in(&value),
            "diagnostic-code" => {
                group.diagnostic = value.split_once(';').map_or(value.as_str(), |(_, text)| text).trim().to_owned();
            }
            _ => {}
        }
    }
    close(&mut group, &mut original);
    groups
}

/// A mailbox at a domain, not a pipe, a file or a host within a site.
pub(super) fn is_usable(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !address.starts_with(['|', '/', '@']) && (domain.contains('.') || domain.starts_with('['))
    })
}

fn action(value: &str) -> Option<Action> {
    match value.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "failed" | "failure" => Some(Action::Failed),
        "delayed" => Some(Action::Delayed),
        "delivered" | "relayed" | "expanded" => Some(Action::Delivered),
        _ => None,
    }
}

/// `rfc822; <user@example.com>`: the address in lower case.
fn address(value: &str) -> String {
    let value = value.split_once(';').map_or(value, |(_, address)| address);
    let value = value.trim().trim_matches(['<', '>', ' ']);
    // A source route (RFC 5321 appendix C) goes, a comment or a second form may follow.
    let value = value.strip_prefix('@').and_then(|route| route.split_once(':')).map_or(value, |(_, address)| address);
    let value = value.split([' ', '\t', '>']).next().unwrap_or_default().to_lowercase();
    match value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.to_owned(),
        None => value,
    }
}

/// What a feedback report says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Feedback {
    pub kind: Option<String>,
    pub recipients: Vec<String>,
}

pub(super) fn feedback(text: &str) -> Feedback {
    let mut feedback = Feedback::default();
    for (name, value) in fields(text) {
        match name.as_str() {
            "feedback-type" => feedback.kind = feedback.kind.or(Some(value.to_lowercase())),
            "original-rcpt-to" | "removal-recipient" | "x-hmxmroriginalrecipient"
                if feedback.recipients.len() < RECIPIENTS_MAX =>
            {
                let recipient = address(&value);
                if !recipient.is_empty() && !feedback.recipients.contains(&recipient) {
                    feedback.recipients.push(recipient);
                }
            }
            _ => {}
        }
    }
    feedback
}

/// Fields with their lower-case names, unfolded; an empty line is a field without a name.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.trim().is_empty() {
            fields.push((String::new(), String::new()));
        } else if let (true, Some((name, value))) = (line.starts_with([' ', '\t']), fields.last_mut()) {
            if !name.is_empty() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_is_a_group() {
        let text = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; <One@Example.com>\nAction: failed\nStatus: 5.1.1 (bad)\n\
            Diagnostic-Code: smtp; 550 no\n  such user\n\nOriginal-Recipient: rfc822;two@example.com\nAction: delayed\nStatus: 4.4.7\n";
        let groups = groups(text);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].recipient.as_deref(), Some("one@example.com"));
        assert_eq!(groups[0].action, Some(Action::Failed));
        assert_eq!(groups[0].status.as_deref(), Some("5.1.1"));
        assert_eq!(groups[0].diagnostic, "550 no such user");
        assert_eq!(groups[1].recipient.as_deref(), Some("two@example.com"));
        assert_eq!(groups[1].action, Some(Action::Delayed));
    }

    #[test]
    fn feedback_names_its_type_and_recipients() {
        let text = "Feedback-Type: Abuse\nUser-Agent: x/1\nOriginal-Rcpt-To: <Who@example.com>\n";
        assert_eq!(
            feedback(text),
            Feedback { kind: Some("abuse".to_owned()), recipients: vec!["who@example.com".to_owned()] }
        );
    }
}
