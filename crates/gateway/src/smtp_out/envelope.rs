//! The commands of one transaction and the bytes after DATA (RFC 5321 §3.3, §4.5.2). Pure.
//! Owns what may go on a command line, so that no address can smuggle a command in.

use engine::ports::OutboundMail;
use url::Host;

use super::capabilities::Capabilities;

/// Bytes of a path (RFC 5321 §4.5.3.1.3), doubled for UTF-8.
const PATH_BYTES_MAX: usize = 512;
/// Characters of an ENVID (RFC 3461 §4.4) and of an ORCPT (§4.2).
const ENVID_CHARS_MAX: usize = 100;
const ORCPT_CHARS_MAX: usize = 500;

/// Why a mail can't go to this server, before anything of it was said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum EnvelopeError {
    #[error("the address {0:?} can't be said in SMTP")]
    BadAddress(String),
    #[error("the mail of {bytes} bytes is larger than the server takes (SIZE {bytes_max})")]
    TooLarge { bytes: usize, bytes_max: u64 },
    #[error(
        "the mail needs SMTPUTF8 ({0}), which the server does not offer; use another smarthost, or an address in ASCII"
    )]
    NeedsSmtpUtf8(&'static str),
    #[error("the mail has 8-bit content, and the server does not offer 8BITMIME")]
    NeedsEightBitMime,
}

/// A transaction's commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    /// `MAIL FROM:<…> …` with its line end.
    pub mail: String,
    /// `RCPT TO:<…>` for each recipient in order; an error for those that can't be said.
    pub rcpt: Vec<Result<String, EnvelopeError>>,
}

impl Envelope {
    /// # Errors
    /// The server can't take this mail, whoever it is for.
    pub(super) fn new(mail: &OutboundMail, offered: &Capabilities) -> Result<Self, EnvelopeError> {
        let sender = path(&mail.mail_from)?;
        let recipients: Vec<_> = mail.recipients.iter().map(|address| recipient_path(address)).collect();
        let utf8_envelope = !sender.is_ascii() || recipients.iter().flatten().any(|path| !path.is_ascii());
        let utf8_needed = if utf8_envelope {
            Some("an address is not ASCII")
        } else if has_utf8_header(&mail.raw) {
            Some("a header field is not ASCII")
        } else {
            None
        };
        let eight_bit = !mail.raw.is_ascii();
        if let (Some(why), false) = (utf8_needed, offered.smtp_utf8) {
            return Err(EnvelopeError::NeedsSmtpUtf8(why));
        }
        if eight_bit && !offered.eight_bit_mime {
            return Err(EnvelopeError::NeedsEightBitMime);
        }
        if let Some(Some(bytes_max)) = offered.size
            && u64::try_from(mail.raw.len()).is_ok_and(|bytes| bytes > bytes_max)
        {
            return Err(EnvelopeError::TooLarge { bytes: mail.raw.len(), bytes_max });
        }
        let mut command = format!("MAIL FROM:<{sender}>");
        if offered.size.is_some() {
            command.push_str(&format!(" SIZE={}", mail.raw.len()));
        }
        if eight_bit {
            command.push_str(" BODY=8BITMIME");
        }
        if utf8_needed.is_some() {
            command.push_str(" SMTPUTF8");
        }
        let reports = mail.envelope_id.as_deref().filter(|_| offered.dsn);
        if let Some(id) = reports.map(xtext).filter(|id| !id.is_empty() && id.len() <= ENVID_CHARS_MAX) {
            command.push_str(&format!(" ENVID={id}"));
        }
        command.push_str("\r\n");
        let wishes = |path: &str| if reports.is_some() { report_wishes(path) } else { String::new() };
        let rcpt = recipients
            .into_iter()
            .map(|path| path.map(|path| format!("RCPT TO:<{path}>{}\r\n", wishes(&path))))
            .collect();
        Ok(Self { mail: command, rcpt })
    }
}

/// Which reports are wanted about a recipient, and by which address (RFC 3461 §4.1, §4.2).
fn report_wishes(path: &str) -> String {
    let original = xtext(path);
    if path.is_ascii() && original.len() <= ORCPT_CHARS_MAX {
        format!(" NOTIFY=FAILURE,DELAY ORCPT=rfc822;{original}")
    } else {
        " NOTIFY=FAILURE,DELAY".to_owned()
    }
}

/// RFC 3461 §4: what is no printable ASCII, `+` and `=` in hexadecimal.
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' => out.push_str(&format!("+{byte:02X}")),
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("+{byte:02X}")),
        }
    }
    out
}

fn recipient_path(address: &str) -> Result<String, EnvelopeError> {
    if address.is_empty() { Err(EnvelopeError::BadAddress(String::new())) } else { path(address) }
}

/// An address for between `<` and `>`; empty stays empty. An internationalised domain behind an ASCII local part becomes
/// A-labels (RFC 5891), which every server takes.
fn path(address: &str) -> Result<String, EnvelopeError> {
    let bad = || EnvelopeError::BadAddress(address.to_owned());
    if address.is_empty() {
        return Ok(String::new());
    }
    if address.len() > PATH_BYTES_MAX || address.chars().any(char::is_control) {
        return Err(bad());
    }
    let (local, domain) = address.rsplit_once('@').ok_or_else(bad)?;
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let unquotable = |c: char| c == ' ' || c == '<' || c == '>' || c == '"';
    let bad_local = local.is_empty() || (!quoted && local.contains(unquotable));
    if bad_local || domain.is_empty() || domain.contains([' ', '<', '>', '"', '@']) {
        return Err(bad());
    }
    if local.is_ascii() && !domain.is_ascii() && !domain.contains('%') {
        let Ok(Host::Domain(ascii)) = Host::parse(domain) else { return Err(bad()) };
        return Ok(format!("{local}@{ascii}"));
    }
    Ok(address.to_owned())
}

/// Does the header section carry UTF-8 (RFC 6532)? Other 8-bit rubbish is not what SMTPUTF8 is for.
fn has_utf8_header(raw: &[u8]) -> bool {
    if raw.starts_with(b"\r\n") {
        return false;
    }
    let end = memchr::memmem::find(raw, b"\r\n\r\n").unwrap_or(raw.len());
    let header = raw.get(..end).unwrap_or(raw);
    !header.is_ascii() && std::str::from_utf8(header).is_ok()
}

/// The mail as it goes after DATA, the final dot included (RFC 5321 §4.5.2): a dot that begins a line is doubled, a bare CR
/// or LF becomes CRLF (what a server makes of bare ones is the door of SMTP smuggling), and the last line is ended.
pub(super) fn stuff(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 64 + 16);
    let mut rest = raw;
    while !rest.is_empty() {
        if rest.first() == Some(&b'.') {
            out.push(b'.');
        }
        let Some(end) = memchr::memchr2(b'\r', b'\n', rest) else {
            out.extend_from_slice(rest);
            out.extend_from_slice(b"\r\n");
            break;
        };
        let (line, line_end) = rest.split_at(end);
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        let length = if line_end.starts_with(b"\r\n") { 2 } else { 1 };
        rest = line_end.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const PLAIN: &str = "Subject: x\r\n\r\nHello\r\n";

    fn everything() -> Capabilities {
        Capabilities { eight_bit_mime: true, smtp_utf8: true, size: Some(Some(1_000)), ..Capabilities::default() }
    }

    fn envelope(from: &str, to: &[&str], raw: &str, offered: &Capabilities) -> Result<Envelope, EnvelopeError> {
        let recipients = to.iter().map(|address| (*address).to_owned()).collect();
        Envelope::new(
            &OutboundMail {
                mail_from: from.to_owned(),
                recipients,
                raw: Bytes::from(raw.to_owned()),
                envelope_id: None,
            },
            offered,
        )
    }

    #[test]
    fn parameters_are_said_where_offered_and_needed() {
        let none = Capabilities::default();
        let cases = [
            ("a@example.org", PLAIN, none.clone(), "MAIL FROM:<a@example.org>\r\n"),
            ("", PLAIN, none, "MAIL FROM:<>\r\n"),
            ("a@example.org", PLAIN, everything(), "MAIL FROM:<a@example.org> SIZE=21\r\n"),
            ("a@example.org", "\r\nä", everything(), "MAIL FROM:<a@example.org> SIZE=4 BODY=8BITMIME\r\n"),
            ("ä@example.org", PLAIN, everything(), "MAIL FROM:<ä@example.org> SIZE=21 SMTPUTF8\r\n"),
            ("a@bücher.example", PLAIN, everything(), "MAIL FROM:<a@xn--bcher-kva.example> SIZE=21\r\n"),
            ("a@x", "A: ä\r\n\r\n", everything(), "MAIL FROM:<a@x> SIZE=9 BODY=8BITMIME SMTPUTF8\r\n"),
        ];
        for (from, raw, offered, expected) in cases {
            assert_eq!(envelope(from, &["b@example.org"], raw, &offered).unwrap().mail, expected);
        }
    }

    #[test]
    fn reports_are_asked_for_where_they_are_offered() {
        let mail = |envelope_id: Option<&str>| OutboundMail {
            mail_from: "a@example.org".to_owned(),
            recipients: vec!["b+c=d@example.org".to_owned(), "ä@example.org".to_owned()],
            raw: Bytes::from_static(PLAIN.as_bytes()),
            envelope_id: envelope_id.map(str::to_owned),
        };
        let dsn = Capabilities { dsn: true, smtp_utf8: true, ..Capabilities::default() };
        let asked = Envelope::new(&mail(Some("msg_1+ü")), &dsn).unwrap();
        assert_eq!(asked.mail, "MAIL FROM:<a@example.org> SMTPUTF8 ENVID=msg_1+2B+C3+BC\r\n");
        let rcpt: Vec<_> = asked.rcpt.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            rcpt,
            [
                "RCPT TO:<b+c=d@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;b+2Bc+3Dd@example.org\r\n",
                "RCPT TO:<ä@example.org> NOTIFY=FAILURE,DELAY\r\n",
            ]
        );
        let long = "x".repeat(ENVID_CHARS_MAX + 1);
        assert!(!Envelope::new(&mail(Some(&long)), &dsn).unwrap().mail.contains("ENVID"));
        for (envelope_id, offered) in [(None, dsn.clone()), (Some("x"), Capabilities { dsn: false, ..dsn })] {
            let plain = Envelope::new(&mail(envelope_id), &offered).unwrap();
            assert_eq!(plain.mail, "MAIL FROM:<a@example.org> SMTPUTF8\r\n");
            assert_eq!(plain.rcpt[0].as_deref(), Ok("RCPT TO:<b+c=d@example.org>\r\n"));
        }
    }

    #[test]
    fn what_the_server_can_not_take_is_said_before_it_is_sent() {
        let none = Capabilities::default();
        let small = Capabilities { size: Some(Some(20)), ..Capabilities::default() };
        let to = ["b@example.org"];
        assert_eq!(envelope("", &to, "\r\n\r\nä", &none), Err(EnvelopeError::NeedsEightBitMime));
        assert!(matches!(envelope("", &to, "A: ä\r\n\r\n", &none), Err(EnvelopeError::NeedsSmtpUtf8(_))));
        assert!(matches!(envelope("", &["ä@example.org"], PLAIN, &none), Err(EnvelopeError::NeedsSmtpUtf8(_))));
        assert_eq!(envelope("", &to, PLAIN, &small), Err(EnvelopeError::TooLarge { bytes: 21, bytes_max: 20 }));
    }

    #[test]
    fn no_address_can_carry_a_command() {
        for address in [
            "a@example.org>\r\nRCPT TO:<b@example.org",
            "a@example.org\nDATA",
            "a@example.org> SIZE=1",
            "a b@example.org",
            "a@exam ple.org",
            "<a@example.org>",
            "a\"b@example.org",
            "no-at-sign",
            "@example.org",
            "a@",
            "a\0@example.org",
        ] {
            let built = envelope("", &[address, "b@example.org"], PLAIN, &everything()).unwrap();
            assert_eq!(built.rcpt[0], Err(EnvelopeError::BadAddress(address.to_owned())), "{address:?}");
            assert!(built.rcpt[1].is_ok(), "the others are sent");
            assert!(envelope(address, &["b@example.org"], PLAIN, &everything()).is_err(), "{address:?}");
        }
        for address in
            ["a+b@example.org", "\"a b\"@example.org", "\"a>b\"@example.org", "a@[192.0.2.1]", "o'x@example.org"]
        {
            let built = envelope("", &[address], PLAIN, &everything()).unwrap();
            assert_eq!(built.rcpt, [Ok(format!("RCPT TO:<{address}>\r\n"))]);
        }
        assert!(envelope("", &[""], PLAIN, &everything()).unwrap().rcpt[0].is_err(), "the null path receives nothing");
    }

    #[test]
    fn dots_are_doubled_and_line_ends_made_whole() {
        let cases: &[(&[u8], &[u8])] = &[
            (b"", b".\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b"a", b"a\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b".a\r\n..b\r\n", b"..a\r\n...b\r\n.\r\n"),
            (b"a\n.\nb\r.\rc", b"a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"),
            (b"a\r\n.\n\r\nb", b"a\r\n..\r\n\r\nb\r\n.\r\n"),
            (b"a\r\r\nb", b"a\r\n\r\nb\r\n.\r\n"),
        ];
        for (raw, expected) in cases {
            assert_eq!(stuff(raw), *expected, "{}", String::from_utf8_lossy(raw).escape_debug());
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_mail_ends_it_early(raw in "[a.\r\n]{0,60}") {
            let out = stuff(raw.as_bytes());
            let text = String::from_utf8(out).unwrap();
            let lines: Vec<_> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            prop_assert_eq!(lines.iter().filter(|line| **line == ".").count(), 1);
            prop_assert_eq!(lines.last(), Some(&"."));
            prop_assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])));
        }

        #[test]
        fn what_is_stuffed_unstuffs_to_itself(lines in proptest::collection::vec("[.a-c]{0,5}", 0..10)) {
            let raw: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let out = String::from_utf8(stuff(raw.as_bytes())).unwrap();
            let body = out.strip_suffix(".\r\n").unwrap();
            let back: String =
                body.split_inclusive("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            prop_assert_eq!(back, raw);
        }

        #[test]
        fn no_text_makes_more_than_one_command(address in "\\PC{0,20}@?\\PC{0,20}|[\\x00-\\x7f]{0,20}") {
            if let Ok(path) = path(&address) {
                prop_assert!(!path.contains(['\r', '\n', '\0']));
            }
        }
    }
}
