//! The human half of a bounce: sentences of many mail servers. Owns finding the original mail, the recipients and what was
//! said of each; never takes a sentence for a fact where a report (RFC 3464) has one.

use crate::ParsedMail;

/// Recipients read of one notice.
const RECIPIENTS_MAX: usize = 100;

/// Lines that begin the copy of the original mail, in lower case without dashes and blanks around them.
#[rustfmt::skip]
const ORIGINAL_BEGINS: &[&str] = &[
    "below this line is a copy of the message", "this is a copy of", "below is a copy of",
    "the header of the original", "header of the original", "original message", "original message follows",
    "original mail as follows", "original message header", "original message headers", "original headers",
    "original text follows", "returned message", "returned message follows", "the body of the message is",
    "unsent message follows", "unsent message below", "message header follows", "message headers follow",
    "message text follows", "included is a copy of the message header", "included below is", "a copy of your message",
    "the original message follows", "undelivered message", "copy of message", "your original message",
    "message follows", "content-type: message/rfc822", "start of returned message", "begin of returned message",
];

/// The notice and the copy of the original mail that follows it, if one does.
pub(super) fn split(text: &str) -> (&str, &str) {
    let mut at = 0;
    let mut previous_blank = true;
    for line in text.split_inclusive('\n') {
        let bare = line.trim().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let marked = ORIGINAL_BEGINS
            .iter()
            .any(|mark| bare == *mark || mark.len() > 16 && bare.starts_with(mark) && bare.len() < 100);
        // Without a mark: a blank line and then what only a head begins with.
        let head =
            previous_blank && ["received:", "return-path:"].iter().any(|name| starts_with_ignoring_case(line, name));
        if marked || head {
            let body = if marked { at + line.len() } else { at };
            return (text.get(..at).unwrap_or_default(), text.get(body..).unwrap_or_default());
        }
        previous_blank = line.trim().is_empty();
        at += line.len();
    }
    (text, "")
}

fn starts_with_ignoring_case(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The list whose fml (fml.org) refused a mail: it writes as the list's administrator and says what it is.
pub(super) fn fml_list(mail: &ParsedMail) -> Option<String> {
    const REFUSALS: &[&str] = &["not member", "loop alert", "article from ", "not authenticated", "undeliverable"];
    if !mail.header("x-mlserver")?.trim_start().to_ascii_lowercase().starts_with("fml") {
        return None;
    }
    let subject = mail.subject.to_lowercase();
    let (local, domain) = mail.from.first()?.address.split_once('@')?;
    let list = local.strip_suffix("-admin")?;
    // fml names the list in its Message-ID as well: `DATE.FMLID.LIST@DOMAIN`.
    let of_id = mail.message_id.as_deref().and_then(|id| {
        let (before, domain) = id.split_once('@')?;
        let (_, list) = before.split_once(".FML")?.1.split_once('.')?;
        Some(format!("{list}@{domain}"))
    });
    let address = of_id.unwrap_or_else(|| format!("{list}@{domain}"));
    REFUSALS.iter().any(|phrase| subject.contains(phrase)).then(|| address.to_lowercase())
}

/// How surely an address in a notice is a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Mentioned,
    RecipientCommand,
    LineBegins,
}

/// A recipient and what stands next to its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub address: String,
    pub said: String,
}

/// The recipients a notice speaks of. `parties`: addresses of the sender and the daemon, which it speaks of as well.
pub(super) fn recipients(notice: &str, parties: &[String]) -> Vec<Found> {
    let mut found: Vec<(Rank, Found)> = Vec::new();
    for line in notice.lines() {
        for (address, rank) in ranked(line) {
            if found.len() >= RECIPIENTS_MAX || is_office(&address) || parties.contains(&address) {
                continue;
            }
            match found.iter_mut().find(|(_, known)| known.address == address) {
                Some((known, _)) => *known = rank.max(*known),
                None => found.push((rank, Found { address, said: String::new() })),
            }
        }
    }
    let best = found.iter().map(|(rank, _)| *rank).max();
    let mut found: Vec<Found> =
        found.into_iter().filter(|(rank, _)| Some(*rank) == best).map(|(_, recipient)| recipient).collect();
    for recipient in &mut found {
        recipient.said = said_of(notice, &recipient.address);
    }
    found
}

/// The addresses of a line and how they stand in it.
fn ranked(line: &str) -> impl Iterator<Item = (String, Rank)> {
    const RECIPIENT_WORDS: &[&str] = &[
        "rcpt to",
        "recipient",
        "delivered to",
        "deliver to",
        "undeliverable to",
        "your message to",
        "mail to",
        "message to",
        "delivery to",
        "addressed to",
        "could not be sent to",
        "mailto:",
        "smtp:",
        "was not delivered",
        "failed",
        "mailbox",
        "your email to",
    ];
    let lower = line.to_lowercase();
    let quoted_field = [
        "from:",
        "sender:",
        "reply-to:",
        "message-id:",
        "subject:",
        "date:",
        "to:",
        "cc:",
        "return-path:",
        "mail from:",
        ">>> mail from",
        "received:",
        "references:",
    ]
    .iter()
    .any(|name| lower.trim_start().starts_with(name));
    let spoken_to = RECIPIENT_WORDS.iter().any(|word| lower.contains(word)) && !lower.contains("mail from:");
    let start = speech_begins(line);
    addresses(line).into_iter().map(move |(at, address)| {
        let rank = if quoted_field {
            Rank::Mentioned
        } else if at <= start {
            Rank::LineBegins
        } else if spoken_to {
            Rank::RecipientCommand
        } else {
            Rank::Mentioned
        };
        (address, rank)
    })
}

/// The paragraph an address begins or is named in, and all other lines that name it. In sendmail's transcripts what the two servers
/// said (`>>>`, `<<<`) stands before the recipient it was about.
pub(super) fn said_of(notice: &str, address: &str) -> String {
    const LINES_MAX: usize = 30;
    let mut said: Vec<&str> = Vec::new();
    let mut exchanged: Vec<&str> = Vec::new();
    let mut following = false;
    for line in notice.lines().map(str::trim) {
        let named = addresses(line);
        let spoken = line.starts_with("<<< ") || line.starts_with(">>> ");
        if spoken && !named.iter().any(|(_, name)| name == address) {
            exchanged.push(line);
            continue;
        }
        if named.iter().any(|(_, name)| name == address) {
            following = true;
            said.append(&mut exchanged);
        } else if line.is_empty() && !said.last().is_some_and(|last| last.ends_with(':'))
            || begins_with_address(line, &named)
        {
            following = false;
        }
        if !spoken {
            exchanged.clear();
        }
        if following {
            said.push(line);
        }
    }
    said.truncate(LINES_MAX);
    said.join("\n")
}

/// Where a line's words begin: behind its marks, and behind a reply code (`550 5.1.1 <user@example.com>…`).
fn speech_begins(line: &str) -> usize {
    let after =
        |at: usize| line.get(at..).and_then(|rest| rest.find(char::is_alphanumeric)).map_or(at, |next| at + next);
    let start = after(0);
    let word = |at: usize| line.get(at..).and_then(|rest| rest.split([' ', '-']).next()).unwrap_or_default();
    let code = word(start);
    if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return start;
    }
    let next = after(start + code.len());
    let status = word(next);
    let enhanced = !status.is_empty() && status.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if enhanced { after(next + status.len()) } else { next }
}

fn begins_with_address(line: &str, named: &[(usize, String)]) -> bool {
    let start = speech_begins(line);
    named.first().is_some_and(|(at, _)| *at <= start)
}

/// Addresses of offices, not of people: whom to ask for help.
fn is_office(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default();
    ["postmaster", "mailer-daemon", "abuse", "mail-daemon", "mailerdaemon"].contains(&local)
}

/// The addresses in a line with their places, in lower case.
pub(super) fn addresses(line: &str) -> Vec<(usize, String)> {
    let bytes = line.as_bytes();
    let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(byte) || *byte >= 0x80;
    let domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') || *byte >= 0x80;
    let mut found = Vec::new();
    let mut from = 0;
    for at in memchr::memchr_iter(b'@', bytes) {
        let before = bytes.get(from..at).unwrap_or_default();
        let length = before.iter().rev().take_while(|byte| local(byte)).count();
        let after = bytes.get(at + 1..).unwrap_or_default();
        let reach = after.iter().take_while(|byte| domain(byte)).count();
        from = at + 1;
        let host = line.get(at + 1..at + 1 + reach).unwrap_or_default().trim_end_matches(['.', '-', '_']);
        let Some(name) = line.get(at - length..at) else { continue };
        let start = at - length + (name.len() - name.trim_start_matches(['\'', '`', '*', '=', '.', '-', '/']).len());
        let name = line.get(start..at).unwrap_or_default();
        if !name.is_empty() && host.contains('.') && !host.starts_with('.') {
            found.push((start, format!("{name}@{host}").to_lowercase()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_found_as_servers_name_them() {
        let cases = [
            (
                "Sorry.\n\n<one@example.com>:\n550 no such user\n\n<two@example.com>:\nmailbox full\n",
                vec!["one@example.com", "two@example.com"],
            ),
            (
                "The following addresses failed:\n\n  one@example.com\n    host mx.example [192.0.2.1]: 550 no\n",
                vec!["one@example.com"],
            ),
            (
                "Your message to one@example.com could not be delivered.\nAsk postmaster@example.com.\n",
                vec!["one@example.com"],
            ),
            ("From: me@example.org\nTo: one@example.com\nno luck\n", vec!["one@example.com"]),
        ];
        for (notice, expected) in cases {
            let found: Vec<String> =
                recipients(notice, &["me@example.org".to_owned()]).into_iter().map(|found| found.address).collect();
            assert_eq!(found, expected, "{notice}");
        }
    }

    #[test]
    fn what_is_said_goes_with_its_address() {
        let notice = "<one@example.com>:\n550 no such user\n\n<two@example.com>:\nmailbox full\n";
        let found = recipients(notice, &[]);
        assert!(found[0].said.contains("no such user") && !found[0].said.contains("full"), "{found:?}");
        assert!(found[1].said.contains("mailbox full"), "{found:?}");
    }

    #[test]
    fn the_copy_of_the_original_is_told_from_the_notice() {
        for mark in [
            "--- Below this line is a copy of the message.\n\n",
            "------ This is a copy of the message, including all the headers. ------\n",
            "   ----- Original message -----\n",
            "\nReceived: by x\n",
        ] {
            let text = format!("It failed.\n{mark}Subject: hi\n");
            let (notice, original) = split(&text);
            assert_eq!(notice.trim(), "It failed.", "{mark}");
            assert!(original.contains("Subject: hi"), "{mark}");
        }
    }
}
