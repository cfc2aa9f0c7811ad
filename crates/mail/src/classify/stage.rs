//! Which SMTP command a server refused, as far as a bounce says so. Owns the words of the mail servers that report it; never
//! judges what the refusal means.

use std::sync::LazyLock;

use crate::phrases::Phrases;

/// The part of an SMTP session (RFC 5321 §3) that was answered with a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The connection, the greeting, EHLO: nothing was said of sender or recipient yet.
    Connection,
    MailFrom,
    RcptTo,
    /// DATA, or the mail behind it.
    Data,
}

use Stage::{Connection, Data, MailFrom, RcptTo};

/// In lower case. Postfix says "in reply to", Exim "after", qmail a sentence, Yahoo a word in brackets, Gmail a number, DragonFly
/// "did not like our".
#[rustfmt::skip]
const SAID: &[(&str, Stage)] = &[
    ("in reply to rcpt to", RcptTo), ("after rcpt to", RcptTo), ("after pipelined rcpt to", RcptTo),
    ("while sending rcpt to", RcptTo), ("[rcpt_to]", RcptTo), ("does not like recipient", RcptTo),
    ("did not like our rcpt to", RcptTo), ("(state 14)", RcptTo), ("response to rcpt to", RcptTo), ("smtp:rcpt host", RcptTo),
    ("in reply to mail from", MailFrom), ("after mail from", MailFrom), ("after pipelined mail from", MailFrom),
    ("while sending mail from", MailFrom), ("[mail_from]", MailFrom), ("but sender was rejected", MailFrom),
    ("did not like our mail from", MailFrom), ("(state 12)", MailFrom), ("(state 13)", MailFrom), ("response to mail from", MailFrom),
    ("in reply to end of data", Data), ("in reply to data", Data), ("after end of data", Data), ("after data", Data),
    ("after pipelined end of data", Data), ("while sending end of data", Data), ("while sending message body", Data),
    ("[eom]", Data), ("[data]", Data), ("failed on data command", Data), ("failed after i sent the message", Data),
    ("did not like our data", Data), ("did not like our eom", Data), ("did not like our final data", Data),
    ("(state 15)", Data), ("(state 16)", Data), ("(state 17)", Data), ("(state 18)", Data), ("response to end of data", Data),
    ("refused to talk to me", Connection), ("in reply to ehlo", Connection), ("in reply to helo", Connection),
    ("after initial connection", Connection), ("after ehlo", Connection), ("after helo", Connection),
    ("[connect]", Connection), ("but greeting failed", Connection), ("but my name was rejected", Connection),
    ("while performing the ehlo handshake", Connection), ("while performing the helo handshake", Connection),
    ("while receiving the initial server greeting", Connection), ("did not like our ehlo", Connection),
    ("did not like our helo", Connection),
];

/// The stage a text names. `text` and `address`, the recipient's, are in lower case.
pub(super) fn of(text: &str, address: &str) -> Option<Stage> {
    static ROWS: LazyLock<Phrases> =
        LazyLock::new(|| Phrases::in_rows(SAID.iter().enumerate().map(|(row, (words, _))| (row, *words))));
    let said = ROWS.first_row_in(text, |_| false).and_then(|row| SAID.get(row)).map(|(_, stage)| *stage);
    said.or_else(|| of_transcript(text)).or_else(|| answers(text, address).then_some(RcptTo))
}

/// Postfix's answer to RCPT begins with the recipient: `550 5.1.1 <user@example.com>: Recipient address rejected`.
fn answers(text: &str, address: &str) -> bool {
    let named = format!("<{address}>:");
    text.match_indices(&named).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default().trim_end();
        let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
        word.trim_end_matches(':').bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
            && word.starts_with(['4', '5'])
    })
}

/// In a transcript (Sendmail, Courier, EZweb) the command stands before the refusal: `>>> DATA`, `<<< 550 …`.
/// m-FILTER gives it a heading instead.
fn of_transcript(text: &str) -> Option<Stage> {
    let mut command = None;
    let mut headed = false;
    for line in text.lines().map(str::trim) {
        if std::mem::take(&mut headed) {
            return of_command(line);
        }
        if let Some(sent) = line.strip_prefix(">>>") {
            command = of_command(sent.trim());
        } else if line.contains("while talking to") {
            command = Some(Connection);
        } else if command.is_some() && line.strip_prefix("<<<").is_some_and(|reply| reply.trim_start().starts_with('5'))
        {
            return command;
        }
        headed = line.trim_matches('-') == "smtp command";
    }
    None
}

fn of_command(line: &str) -> Option<Stage> {
    [("rcpt", RcptTo), ("mail", MailFrom), ("data", Data), ("bdat", Data), ("ehlo", Connection), ("helo", Connection)]
        .into_iter()
        .find(|(verb, _)| line.starts_with(verb))
        .map(|(_, stage)| stage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_name_the_command_each_in_its_own_way() {
        let cases = [
            ("said: 550 no (in reply to rcpt to command)", Some(RcptTo)),
            ("smtp error from remote mail server after end of data: 550 no", Some(Data)),
            ("... while talking to mx.example.:\n>>> data\n<<< 550 no", Some(Data)),
            ("while talking to mx.example:\n>>> rcpt to:<a@example.org>\n<<< 550 no", Some(RcptTo)),
            ("... while talking to mx.example.:\n<<< 554 not you", Some(Connection)),
            ("-------server message\n550 no\n-------smtp command\ndata", Some(Data)),
            ("550 5.1.1 <b@example.org>: recipient address rejected", Some(RcptTo)),
            ("550 <b@example.org>... no such user", None),
            ("mail from: a@example.org\nrcpt to: b@example.org", None),
        ];
        for (text, stage) in cases {
            assert_eq!(of(text, "b@example.org"), stage, "{text}");
        }
    }
}
