//! An invitation (RFC 5545) in words, for mails that have no other text. Owns reading the few properties a person looks for;
//! never works out time zones or recurrences.

/// Bytes of a calendar looked at.
const BYTES_MAX: usize = 256 * 1024;
/// Appointments told of.
const EVENTS_MAX: usize = 10;

/// The appointments of a calendar, a line for each thing to know; `None` if there is none.
pub(crate) fn summary(calendar: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut events = 0;
    let mut inside = false;
    let end = calendar.floor_char_boundary(BYTES_MAX);
    for line in unfold(calendar.get(..end).unwrap_or_default()) {
        let Some((name, value)) = property(&line) else { continue };
        match (name.as_str(), value) {
            ("BEGIN", "VEVENT" | "VTODO" | "VJOURNAL") => (inside, events) = (true, events + 1),
            ("END", "VEVENT" | "VTODO" | "VJOURNAL") => {
                inside = false;
                if events >= EVENTS_MAX {
                    break;
                }
            }
            // Alarms and time zones have descriptions and starts of their own.
            ("BEGIN", _) => inside = false,
            ("SUMMARY", value) if inside => out.push(unescape(value)),
            ("DTSTART", value) if inside => out.push(format!("Start: {}", time(value))),
            ("DTEND" | "DUE", value) if inside => out.push(format!("End: {}", time(value))),
            ("LOCATION", value) if inside && !value.is_empty() => out.push(format!("Location: {}", unescape(value))),
            ("DESCRIPTION", value) if inside && !value.is_empty() => out.push(format!("\n{}\n", unescape(value))),
            _ => {}
        }
    }
    (!out.is_empty()).then(|| out.join("\n"))
}

/// Continuation lines begin with white space (RFC 5545 §3.1).
fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

/// The name without its parameters, and the value.
fn property(line: &str) -> Option<(String, &str)> {
    let mut quoted = false;
    let colon = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == ':' && !quoted
    })?;
    let (head, value) = line.split_at_checked(colon.0)?;
    let name = head.split(';').next().unwrap_or_default().trim().to_ascii_uppercase();
    Some((name, value.get(1..).unwrap_or_default().trim()))
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// `20260115T103000Z` as `2026-01-15 10:30 UTC`; anything else as it is.
fn time(value: &str) -> String {
    let digits =
        |range: std::ops::Range<usize>| value.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    match (digits(0..4), digits(4..6), digits(6..8), value.get(8..9), digits(9..11), digits(11..13)) {
        (Some(year), Some(month), Some(day), Some("T"), Some(hour), Some(minute)) => {
            format!("{year}-{month}-{day} {hour}:{minute}{}", if value.ends_with('Z') { " UTC" } else { "" })
        }
        (Some(year), Some(month), Some(day), None, ..) => format!("{year}-{month}-{day}"),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_appointment_is_told_in_words() {
        let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n\
            SUMMARY;LANGUAGE=en:Tea\\, then\r\n  cake\r\nDTSTART;TZID=\"A:B\":20260115T103000\r\nDTEND:20260115T113000Z\r\n\
            LOCATION:Room 3\r\nBEGIN:VALARM\r\nDESCRIPTION:REMINDER\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        assert_eq!(
            summary(calendar).as_deref(),
            Some("Tea, then cake\nStart: 2026-01-15 10:30\nEnd: 2026-01-15 11:30 UTC\nLocation: Room 3")
        );
        assert_eq!(summary("hello"), None);
    }
}
