//! A whole mail that somebody else composed, made ready to send: blind recipients leave the head, line ends become CRLF, and what a
//! mail must have is added (RFC 5322 §3.6). Everything else goes as it is.

use model::Timestamp;

use crate::fields;

/// A mail that may be handed to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyToSend {
    pub bytes: Vec<u8>,
    /// Its own, or the one it was given. Without angle brackets.
    pub message_id: String,
}

/// Fields that the next reader must not see, or that only a receiving server writes.
const LEFT_OUT: [&str; 3] = ["bcc", "resent-bcc", "return-path"];

/// `message_id` (without angle brackets) and `date` are for a mail that has none.
///
/// # Errors
/// It is no mail: it has no head, or no author. In words.
pub fn ready_to_send(raw: &[u8], message_id: &str, date: Timestamp) -> Result<ReadyToSend, String> {
    ready_without(raw, message_id, date, &|_| false, &[])
}

/// As [`ready_to_send`], without the fields whose names (in lower case) `leaves_out` says, and with those of `added` in front.
///
/// # Errors
/// As [`ready_to_send`].
pub fn ready_without(
    raw: &[u8],
    message_id: &str,
    date: Timestamp,
    leaves_out: &dyn Fn(&str) -> bool,
    added: &[(&str, String)],
) -> Result<ReadyToSend, String> {
    let head = fields::read(raw, 0, |_| false);
    let has = |name: &str| head.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name.as_bytes()));
    if head.fields.is_empty() || !has("from") {
        return Err(
            "a whole mail (RFC 5322) is needed: header fields, From among them, an empty line, and the content".into(),
        );
    }
    let own_id = crate::parse(raw).message_id;
    let mut bytes = Vec::with_capacity(raw.len() + raw.len() / 40);
    if !has("date") {
        bytes.extend_from_slice(format!("Date: {}\r\n", date.to_rfc5322()).as_bytes());
    }
    if own_id.is_none() {
        bytes.extend_from_slice(format!("Message-ID: <{message_id}>\r\n").as_bytes());
    }
    for (name, value) in added {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    for field in &head.fields {
        if leaves_out(&String::from_utf8_lossy(field.name).to_ascii_lowercase()) {
            continue;
        }
        let is = |name: &&str| field.name.eq_ignore_ascii_case(name.as_bytes());
        // A field that should hold an id and holds none is replaced.
        if LEFT_OUT.iter().any(is) || own_id.is_none() && is(&"message-id") {
            continue;
        }
        bytes.extend_from_slice(field.name);
        bytes.push(b':');
        push_lines(&mut bytes, field.value);
    }
    bytes.extend_from_slice(b"\r\n");
    push_lines(&mut bytes, raw.get(head.text.unwrap_or(head.body)..).unwrap_or_default());
    Ok(ReadyToSend { bytes, message_id: own_id.unwrap_or_else(|| message_id.to_owned()) })
}

/// With CRLF at the end of each line, the last one too.
fn push_lines(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let (line, after) = rest.split_at(end);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = match after {
            [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n', rest @ ..] => rest,
            _ => after,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(raw: &str) -> String {
        let ready = ready_to_send(raw.as_bytes(), "new@x", Timestamp::from_seconds(0)).expect("a mail");
        String::from_utf8(ready.bytes).expect("text")
    }

    #[test]
    fn blind_recipients_leave_and_what_is_missing_comes() {
        let sent = ready("From: a@x\nBcc: b@x,\n c@x\nTo: d@x\n\nHello\n.\nBye");
        assert_eq!(
            sent,
            "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\nMessage-ID: <new@x>\r\nFrom: a@x\r\nTo: d@x\r\n\r\nHello\r\n.\r\nBye\r\n"
        );
        assert!(!crate::parse(sent.as_bytes()).bcc.iter().any(|to| to.address == "c@x"));
    }

    #[test]
    fn what_is_whole_goes_as_it_is() {
        let whole = "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nMessage-ID: <own@x>\r\nFrom: a@x\r\nSubject: long\r\n\tfolded\r\n\r\nA\r\n\r\nB\r\n";
        let ready = ready_to_send(whole.as_bytes(), "new@x", Timestamp::from_seconds(0)).expect("a mail");
        assert_eq!((ready.bytes.as_slice(), ready.message_id.as_str()), (whole.as_bytes(), "own@x"));
    }

    #[test]
    fn what_is_no_mail_is_refused() {
        for bad in ["", "Hello", "\r\n\r\nHello", "To: a@x\r\n\r\nHello"] {
            assert!(ready_to_send(bad.as_bytes(), "new@x", Timestamp::from_seconds(0)).is_err(), "{bad:?}");
        }
    }
}
