//! Codes of bounces: enhanced ones (RFC 3463), those of SMTP replies (RFC 5321 §4.2), and those concluded where none was stated.
//! Owns finding them in what was said, and what they mean by themselves.

/// Bytes of a diagnostic looked at.
pub(super) const DIAGNOSTIC_BYTES_MAX: usize = 8 * 1024;

/// What RFC 3463 says of the codes, as far as it names a reason.
const CODES: &[(&str, &str)] = &[
    ("1.1", "userunknown"),
    ("1.2", "hostunknown"),
    ("1.3", "userunknown"),
    ("1.4", "userunknown"),
    ("1.6", "hasmoved"),
    ("1.7", "rejected"),
    ("1.8", "rejected"),
    ("1.10", "notaccept"),
    ("2.1", "suspend"),
    ("2.2", "mailboxfull"),
    ("2.3", "mesgtoobig"),
    ("2.4", "filtered"),
    ("3.1", "systemfull"),
    ("3.2", "notaccept"),
    ("3.4", "mesgtoobig"),
    ("3.5", "systemerror"),
    ("3.0", "systemerror"),
    ("4.0", "networkerror"),
    ("4.1", "expired"),
    ("4.2", "networkerror"),
    ("4.3", "systemerror"),
    ("4.4", "hostunknown"),
    ("4.5", "systemerror"),
    ("4.6", "networkerror"),
    ("4.7", "expired"),
    ("5.3", "exceedlimit"),
    ("5.1", "syntaxerror"),
    ("5.2", "syntaxerror"),
    ("6.0", "contenterror"),
    ("6.1", "contenterror"),
    ("7.0", "securityerror"),
    ("7.1", "securityerror"),
    ("7.7", "securityerror"),
    ("7.9", "authfailure"),
    ("7.20", "authfailure"),
    ("7.23", "authfailure"),
    ("7.24", "authfailure"),
    ("7.25", "requireptr"),
    ("7.26", "authfailure"),
    ("7.27", "notaccept"),
    ("7.509", "authfailure"),
    ("7.606", "blocked"),
];

/// Of the range that RFC 3463 leaves alone, a code for what was concluded where none was stated. Sisimai uses the same numbers.
const CONCLUDED: &[(&str, &str)] = &[
    ("authfailure", "0.970"),
    ("badreputation", "0.975"),
    ("blocked", "0.971"),
    ("contenterror", "0.960"),
    ("exceedlimit", "0.923"),
    ("expired", "0.947"),
    ("failedstarttls", "0.976"),
    ("filtered", "0.910"),
    ("hasmoved", "0.916"),
    ("hostunknown", "0.912"),
    ("mailboxfull", "0.922"),
    ("mailererror", "0.939"),
    ("mesgtoobig", "0.934"),
    ("networkerror", "0.944"),
    ("norelaying", "0.909"),
    ("notaccept", "0.932"),
    ("notcompliantrfc", "0.974"),
    ("onhold", "0.901"),
    ("policyviolation", "0.972"),
    ("rejected", "0.918"),
    ("requireptr", "0.973"),
    ("securityerror", "0.970"),
    ("spamdetected", "0.980"),
    ("speeding", "0.945"),
    ("suspend", "0.921"),
    ("syntaxerror", "0.902"),
    ("systemerror", "0.930"),
    ("systemfull", "0.931"),
    ("toomanyconn", "0.945"),
    ("userunknown", "0.911"),
    ("virusdetected", "0.981"),
];

/// Subject and detail of a status code concluded from a reason.
pub(super) fn code_of(reason: &str) -> &'static str {
    CONCLUDED.iter().find(|(name, _)| *name == reason).map_or("0.900", |(_, code)| code)
}

/// The reason an enhanced status code names.
pub(super) fn of_status(status: &str) -> Option<&'static str> {
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
