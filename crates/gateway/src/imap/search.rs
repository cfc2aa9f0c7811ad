//! What to look for, as the keys of SEARCH (RFC 9051 §6.4.4). Pure.

use engine::ports::MailboxSearch;

use super::command::Command;
use super::data::written_day;

/// The keys; `ALL` where nothing is asked. `set`: the UIDs it is about, as many as fit into a command.
pub(super) fn keys(search: &MailboxSearch, set: Option<&str>) -> Command {
    let mut command = Command { parts: Vec::new() };
    let mut any = false;
    let mut word = |command: Command, word: &str| {
        any = true;
        command.words(word)
    };
    if let Some(set) = set {
        command = word(command, &format!("UID {set}"));
    }
    let flags = [
        (search.seen, "SEEN", "UNSEEN"),
        (search.flagged, "FLAGGED", "UNFLAGGED"),
        (search.answered, "ANSWERED", "UNANSWERED"),
        (search.deleted, "DELETED", "UNDELETED"),
        (search.draft, "DRAFT", "UNDRAFT"),
    ];
    for (wanted, yes, no) in flags {
        if let Some(wanted) = wanted {
            command = word(command, if wanted { yes } else { no });
        }
    }
    let texts = [
        ("FROM", &search.from),
        ("TO", &search.to),
        ("CC", &search.cc),
        ("BCC", &search.bcc),
        ("SUBJECT", &search.subject),
        ("BODY", &search.body),
        ("TEXT", &search.text),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            command = word(command, key).string(text);
        }
    }
    for (name, text) in &search.headers {
        command = word(command, "HEADER").string(name).string(text);
    }
    let days = [
        ("SINCE", search.since),
        ("BEFORE", search.before),
        ("SENTSINCE", search.sent_since),
        ("SENTBEFORE", search.sent_before),
    ];
    for (key, day) in days {
        if let Some(day) = day.and_then(written_day) {
            command = word(command, &format!("{key} {day}"));
        }
    }
    for (key, bytes) in [("LARGER", search.larger), ("SMALLER", search.smaller)] {
        if let Some(bytes) = bytes {
            command = word(command, &format!("{key} {bytes}"));
        }
    }
    if let Some(raw) = &search.gmail_raw {
        command = word(command, "X-GM-RAW").string(raw);
    }
    if any { command } else { command.words("ALL") }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::super::command::Part;
    use super::*;

    #[test]
    fn all_that_is_said_becomes_a_key() {
        let text = |search: &MailboxSearch| {
            keys(search, Some("1:3,9:*").filter(|_| search.uids.is_some()))
                .parts
                .iter()
                .map(|part| match part {
                    Part::Line(line) => String::from_utf8_lossy(line).into_owned(),
                    Part::Literal(bytes) => format!("{{{}}}", bytes.len()),
                })
                .collect::<String>()
        };
        assert_eq!(text(&MailboxSearch::default()), " ALL");
        let search = MailboxSearch {
            seen: Some(false),
            from: Some("ann".into()),
            subject: Some("Grüße".into()),
            since: Some(Timestamp::from_millis(0)),
            larger: Some(10),
            uids: Some(vec![1..=3, 9..=u32::MAX]),
            headers: vec![("List-Id".into(), "x\r\ny".into())],
            gmail_raw: Some("has:attachment".into()),
            ..MailboxSearch::default()
        };
        assert_eq!(
            text(&search),
            " UID 1:3,9:* UNSEEN FROM \"ann\" SUBJECT {7} HEADER \"List-Id\" {4} SINCE 01-Jan-1970 LARGER 10 X-GM-RAW \"has:attachment\""
        );
    }
}
