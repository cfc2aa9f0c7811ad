//! Codes of bounces: enhanced ones (RFC 3463), those of SMTP replies (RFC 5321 §4.2), and those concluded where none was stated.
//! Owns finding them in what was said, and what they mean by themselves.

use super::BounceReason;

/// Bytes of a diagnostic looked at.
pub(super) const DIAGNOSTIC_BYTES_MAX: usize = 8 * 1024;

/// What RFC 3463 says of the codes, as far as it names a reason.
const CODES: &[(&str, BounceReason)] = &[
    ("1.1", BounceReason::UserUnknown),
    ("1.2", BounceReason::HostUnknown),
    ("1.3", BounceReason::UserUnknown),
    ("1.4", BounceReason::UserUnknown),
    ("1.6", BounceReason::Moved),
    ("1.7", BounceReason::SenderRejected),
    ("1.8", BounceReason::SenderRejected),
    ("1.10", BounceReason::NotAccepting),
    ("2.1", BounceReason::Disabled),
    ("2.2", BounceReason::MailboxFull),
    ("2.3", BounceReason::TooLarge),
    ("2.4", BounceReason::Filtered),
    ("3.1", BounceReason::SystemFull),
    ("3.2", BounceReason::NotAccepting),
    ("3.4", BounceReason::TooLarge),
    ("3.5", BounceReason::SystemError),
    ("3.0", BounceReason::SystemError),
    ("4.0", BounceReason::Network),
    ("4.1", BounceReason::Expired),
    ("4.2", BounceReason::Network),
    ("4.3", BounceReason::SystemError),
    ("4.4", BounceReason::HostUnknown),
    ("4.5", BounceReason::SystemError),
    ("4.6", BounceReason::Network),
    ("4.7", BounceReason::Expired),
    ("5.3", BounceReason::LimitExceeded),
    ("5.1", BounceReason::ProtocolError),
    ("5.2", BounceReason::ProtocolError),
    ("6.0", BounceReason::ContentRejected),
    ("6.1", BounceReason::ContentRejected),
    ("7.0", BounceReason::SecurityRefused),
    ("7.1", BounceReason::SecurityRefused),
    ("7.7", BounceReason::SecurityRefused),
    ("7.9", BounceReason::AuthFailed),
    ("7.20", BounceReason::AuthFailed),
    ("7.23", BounceReason::AuthFailed),
    ("7.24", BounceReason::AuthFailed),
    ("7.25", BounceReason::NoReverseDns),
    ("7.26", BounceReason::AuthFailed),
    ("7.27", BounceReason::NotAccepting),
    ("7.509", BounceReason::AuthFailed),
    ("7.606", BounceReason::Blocked),
];

/// Of the range that RFC 3463 leaves alone, a code for what was concluded where none was stated. Sisimai uses the same numbers.
const CONCLUDED: &[(BounceReason, &str)] = &[
    (BounceReason::AuthFailed, "0.970"),
    (BounceReason::BadReputation, "0.975"),
    (BounceReason::Blocked, "0.971"),
    (BounceReason::ContentRejected, "0.960"),
    (BounceReason::LimitExceeded, "0.923"),
    (BounceReason::Expired, "0.947"),
    (BounceReason::TlsRequired, "0.976"),
    (BounceReason::Filtered, "0.910"),
    (BounceReason::Moved, "0.916"),
    (BounceReason::HostUnknown, "0.912"),
    (BounceReason::MailboxFull, "0.922"),
    (BounceReason::MailerFailed, "0.939"),
    (BounceReason::TooLarge, "0.934"),
    (BounceReason::Network, "0.944"),
    (BounceReason::RelayDenied, "0.909"),
    (BounceReason::NotAccepting, "0.932"),
    (BounceReason::Malformed, "0.974"),
    (BounceReason::OnHold, "0.901"),
    (BounceReason::Policy, "0.972"),
    (BounceReason::SenderRejected, "0.918"),
    (BounceReason::NoReverseDns, "0.973"),
    (BounceReason::SecurityRefused, "0.970"),
    (BounceReason::RejectedSpam, "0.980"),
    (BounceReason::RateLimited, "0.945"),
    (BounceReason::Disabled, "0.921"),
    (BounceReason::ProtocolError, "0.902"),
    (BounceReason::SystemError, "0.930"),
    (BounceReason::SystemFull, "0.931"),
    (BounceReason::TooManyConnections, "0.945"),
    (BounceReason::UserUnknown, "0.911"),
    (BounceReason::VirusDetected, "0.981"),
];

/// Subject and detail of a status code concluded from a reason.
pub(super) fn code_of(reason: BounceReason) -> &'static str {
    CONCLUDED.iter().find(|(name, _)| *name == reason).map_or("0.900", |(_, code)| code)
}

/// The reason an enhanced status code names.
pub(super) fn of_status(status: &str) -> Option<BounceReason> {
    let (_, detail) = status.split_once('.')?;
    CODES.iter().find(|(code, _)| *code == detail).map(|(_, reason)| *reason)
}

/// The first enhanced status code (RFC 3463) in a text: three numbers that stand alone.
pub(super) fn status_in(text: &str) -> Option<String> {
    let end = text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    text.get(..end)
        .unwrap_or_default()
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| is_status(word))
        .map(str::to_owned)
}

/// The last enhanced code that follows a reply code of its class: `550 5.1.1`, `550-'5.7.1`, `550 #5.1.1`.
pub(super) fn answered_status(text: &str) -> Option<String> {
    let end = text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    let text = text.get(..end).unwrap_or_default();
    let mut found = None;
    let mut reply = "";
    for word in text.split(|c: char| c.is_whitespace() || matches!(c, '-' | '<' | '>' | '(' | ')' | ';' | ':')) {
        let word = word.trim_matches(['\'', '"', '#', '[', ']', ',', '.']);
        if is_status(word) && !reply.is_empty() && reply.get(..1) == word.get(..1) {
            found = Some(word.to_owned());
        }
        if !word.is_empty() {
            let code =
                word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit());
            reply = if code { word } else { "" };
        }
    }
    found
}

fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    let class = numbers.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
    let rest = |number: Option<&str>| {
        number.is_some_and(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    class && rest(numbers.next()) && rest(numbers.next()) && numbers.next().is_none()
}

/// The first SMTP reply code (RFC 5321 §4.2) of a failure.
pub(super) fn reply_code_in(text: &str) -> Option<u16> {
    let end = text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    text.get(..end)
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '[')
        .filter(|word| word.len() == 3)
        .find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_codes_stand_alone() {
        assert_eq!(status_in("host 192.0.2.45 said: 550 5.1.1 no"), Some("5.1.1".to_owned()));
        assert_eq!(status_in("smtp; 550 (#5.1.2)."), Some("5.1.2".to_owned()));
        assert_eq!(status_in("from 5.6.7.8 at 10:00"), None);
        assert_eq!(reply_code_in("said: 550-no such"), Some(550));
        assert_eq!(reply_code_in("[192.0.2.500] 250 ok"), None);
    }
}
