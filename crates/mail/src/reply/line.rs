//! What single lines of a reply are: quote, head of a quoted mail, rule, signature. Owns the recognition; the
//! decision what to keep is the caller's.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::words;

/// Bytes of a line that marks the original mail.
const MARK_BYTES_MAX: usize = 240;
/// Characters of a field's name, and bytes in which it has to end, with blanks and marks of emphasis around it.
const FIELD_NAME_CHARS_MAX: usize = 24;
const FIELD_NAME_BYTES_MAX: usize = 160;
/// Lines looked at for the head of a quoted mail.
const HEAD_LINES_MAX: usize = 12;

pub(super) fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}' | '\u{1427}'))
}

/// `> text`, `| text`, or by initials: `AB> text`.
pub(super) fn is_quote(line: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with('>') {
        return true;
    }
    if let Some(rest) = line.strip_prefix('|') {
        // A table has more than one bar.
        return !rest.contains('|');
    }
    let letters = line.chars().take_while(|c| c.is_alphabetic()).count();
    let rest = line.trim_start_matches(char::is_alphabetic);
    (1..=10).contains(&letters) && (rest.starts_with("> ") || rest == ">")
}

/// Only dashes, underscores, stars …, two at least.
pub(super) fn is_rule(line: &str) -> bool {
    let bare = line.trim().trim_matches('*');
    let bare = if bare.is_empty() { line.trim() } else { bare };
    let mut chars = bare.chars();
    let Some(first) = chars.next().filter(|first| !first.is_alphanumeric()) else { return false };
    "-_=*#~+—–━─".contains(first) && bare.chars().count() >= 2 && chars.all(|c| c == first || c == ' ')
}

/// RFC 3676 §4.3, also as it is left when the blank at its end is lost.
pub(super) fn is_signature_mark(line: &str) -> bool {
    matches!(line.trim_end(), "--" | "—" | "–" | "- --" | "__")
}

/// "Sent from my phone", in many languages.
pub(super) fn is_device(line: &str) -> bool {
    let bare = line.trim().trim_matches(|c: char| "<>()[]*_-—".contains(c)).trim();
    let lower = bare.to_lowercase();
    if lower.chars().count() > 140 || lower.is_empty() {
        return false;
    }
    let begins = words::DEVICE.iter().any(|start| {
        lower.starts_with(start)
            && lower.get(start.len()..).is_none_or(|rest| !rest.chars().next().is_some_and(|c| c.is_ascii_alphabetic()))
    });
    let ends = lower.ends_with("gesendet") && lower.starts_with("von ")
        || lower.ends_with("から送信")
        || lower.ends_with("傳送")
        || lower.ends_with("에서 보냄")
        || lower.ends_with("gönderildi")
        || lower.contains("from mobile");
    if !(begins || ends) {
        return false;
    }
    let address = lower.find(['<', '(']).unwrap_or(lower.len()).min(lower.find("http").unwrap_or(lower.len()));
    let said = lower.get(..address).unwrap_or_default().trim_end_matches(['.', '!']);
    let sentence = said.contains([',', ';', ':']) || said.contains(". ") || said.split_whitespace().count() > 10;
    !sentence || words::DEVICE_EXCUSES.iter().any(|excuse| lower.contains(excuse)) || ends
}

/// `-----Original Message-----` and its kin, also what ticket systems ask to write above.
pub(super) fn is_original_mark(line: &str) -> bool {
    let bare = line.trim().trim_matches(['*', '>', ' ', '_']);
    if bare.is_empty() || bare.len() > MARK_BYTES_MAX {
        return false;
    }
    let decorated = !bare.starts_with(char::is_alphanumeric);
    if !decorated && !bare.ends_with(':') {
        // Most lines of a mail come here: nothing is allocated for them.
        return words::REPLY_ABOVE.iter().any(|words| starts_with_ignoring_case(bare, words));
    }
    let lower = bare.to_lowercase();
    if words::REPLY_ABOVE.iter().any(|words| lower.contains(words)) {
        return true;
    }
    let inner = lower.trim_matches(|c: char| !c.is_alphanumeric());
    if decorated {
        bare.starts_with(['-', '—', '=', '#']) && words::ORIGINAL.iter().any(|mark| inner.starts_with(mark))
    } else {
        is_forward_mark(inner)
    }
}

/// "Begin forwarded message:", which stands without dashes.
fn is_forward_mark(inner: &str) -> bool {
    let plain = ["begin ", "anfang ", "début ", "inicio ", "inizio ", "início "];
    plain.iter().any(|start| inner.starts_with(start)) && words::ORIGINAL.iter().any(|mark| inner.starts_with(mark))
        || inner.starts_with("vidarebefordrat brev")
        || inner.starts_with("videresendt")
}

/// How many lines from the first on are the head of a quoted mail: `From: …`, `Sent: …` in any language. 0 if they are none.
pub(super) fn quoted_head(lines: &[&str]) -> usize {
    if !field_name(lines.first().copied().unwrap_or_default()).is_some_and(|name| is_field(&name)) {
        return 0;
    }
    let (mut from, mut others, mut end) = (false, 0, 0);
    let mut blanks = 0;
    for (index, line) in lines.iter().take(HEAD_LINES_MAX).enumerate() {
        if is_blank(line) {
            blanks += 1;
            if blanks > 1 || from && others >= 2 {
                break;
            }
            continue;
        }
        match field_name(line) {
            Some(name) if words::FROM.contains(&name.as_str()) && !from => (from, end) = (true, index + 1),
            Some(name) if is_field(&name) => (others, end) = (others + 1, index + 1),
            // A long subject or many recipients go on in the next line.
            _ if blanks == 0 && end == index && (from || others > 0) => end = index + 1,
            _ => break,
        }
    }
    if from && others >= 1 && others + usize::from(from) >= 2 || others >= 3 { end } else { 0 }
}

fn is_field(name: &str) -> bool {
    static FIELDS: LazyLock<HashSet<&str>> =
        LazyLock::new(|| words::FROM.iter().chain(words::OTHER_FIELDS).copied().collect());
    FIELDS.contains(name)
}

/// The name before a colon, in lower case, without marks of emphasis.
fn field_name(line: &str) -> Option<String> {
    // Most lines have no colon, of either kind.
    memchr::memchr2(b':', "：".as_bytes()[0], line.as_bytes())?;
    let line = line.trim().trim_start_matches(['>', ' ']).trim_start_matches(['*', '_']);
    let name = line.get(..line.floor_char_boundary(FIELD_NAME_BYTES_MAX))?;
    let (name, _) = name.split_once([':', '：'])?;
    let name = name.trim().trim_matches(['*', '_']).trim();
    (!name.is_empty() && name.chars().count() <= FIELD_NAME_CHARS_MAX).then(|| name.to_lowercase())
}

/// Whatever the case of ASCII letters. A look at the first byte decides nearly always.
pub(super) fn starts_with_ignoring_case(text: &str, word: &str) -> bool {
    // `| 0x20` makes a capital small; what else it makes alike, the comparison tells apart.
    let first = |text: &str| text.as_bytes().first().map(|byte| byte | 0x20);
    first(text) == first(word)
        && text.as_bytes().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_quoted_mails_are_known() {
        for (case, expected) in [
            ("From: Ann\nSent: Monday\nTo: Bob\nSubject: Tea", 4),
            ("*Von:* Ann\n*Gesendet:* Montag\n*An:* Bob\n*Betreff:* Tee", 4),
            ("差出人: Ann\n件名: 茶", 2),
            ("From: here to there\nit is far", 0),
            ("Note: this\nFrom: that", 0),
        ] {
            let lines: Vec<&str> = case.lines().collect();
            assert_eq!(quoted_head(&lines), expected, "{case}");
        }
    }

    #[test]
    fn lines_of_devices_are_told_from_sentences() {
        for case in [
            "Sent from my iPhone",
            "Sent from my cell, please excuse any typos.",
            "Von meinem iPhone gesendet",
            "Envoyé de mon iPhone",
            "iPhoneから送信",
            "Get Outlook for iOS<https://example.com>",
        ] {
            assert!(is_device(case), "{case}");
        }
        for case in [
            "Sent from my desk, it was easier to read.",
            "From my point of view, it works: try it.",
            "Presented by Ann",
        ] {
            assert!(!is_device(case), "{case}");
        }
    }
}
