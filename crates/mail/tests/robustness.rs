//! Whatever arrives: no panic, bounded results, and what is listed can be fetched.

use postroom_mail as mail;
use proptest::prelude::*;

/// Bytes that look enough like mail to get past the first line.
fn mail_like() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\r\n".to_owned()),
        Just("\n\n".to_owned()),
        Just("--b".to_owned()),
        Just("--b--".to_owned()),
        Just("Content-Type: multipart/mixed; boundary=b\r\n".to_owned()),
        Just("Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n".to_owned()),
        Just("Content-Type: message/rfc822\r\n".to_owned()),
        Just("Content-Type: message/delivery-status\r\n".to_owned()),
        Just("Content-Type: message/feedback-report\r\n".to_owned()),
        Just("Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\neJ8+IgE=".to_owned()),
        Just("Content-Type: text/html; charset=x\r\n".to_owned()),
        Just("Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:".to_owned()),
        Just("Content-Disposition: attachment; filename*0*=utf-8''a%; filename*1=\"".to_owned()),
        Just("Content-Transfer-Encoding: x-uuencode\r\n".to_owned()),
        Just("From: MAILER-DAEMON <>\r\nSubject: undeliverable\r\n".to_owned()),
        Just("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n".to_owned()),
        Just("Subject: =?utf-8?q?=E2?= =?iso-2022-jp?b?GyRC?=\r\n".to_owned()),
        Just("Content-ID: <\u{1}a\u{0}>\r\nX-\u{b}Y: z\u{7}\u{89}\r\n".to_owned()),
        Just("Content-Type: multipart/signed; boundary=b-1\r\n".to_owned()),
        Just("Content-Type: multipart/digest\nboundary=\"b \"\n".to_owned()),
        Just("Content-Type: application/rtf\r\n\r\n{\\rtf1\\ansi\\'fc\\u8364?{\\*\\x }\\par".to_owned()),
        Just("Content-Type: text/enriched\r\n\r\n<<<bold>\n\n<param>".to_owned()),
        Just("Content-Transfer-Encoding: base64\r\n".to_owned()),
        Just("QUJD\r\nQUI=!\r\n".to_owned()),
        Just("--b-1\r\n".to_owned()),
        Just(" \r\nno field\r\n".to_owned()),
        Just("To: \"a <b@c.example>, (x) g: <@r:d@e.example>;\r\nDate: Mon, 5 Jan 26 25:61\r\n".to_owned()),
        Just("begin-base64 644 y\nQ2F0\n====\n".to_owned()),
        Just("\r".to_owned()),
        Just("begin 644 x\r\n#0V%T\r\n`\r\nend\r\n".to_owned()),
        Just("On Mon, 5 Jan 2026 at 10:12, A <a@b.example> wrote:\n> x\n".to_owned()),
        Just("From: a\nSent: b\nTo: c\n".to_owned()),
        Just("-- \nme\n".to_owned()),
        Just("<blockquote><div id=divRplyFwdMsg><p".to_owned()),
        Just("\u{1f4ee}é\u{0}&amp;&#x110000;".to_owned()),
        "[ -~]{0,40}".prop_map(|text| text),
    ];
    let bytes =
        prop_oneof![4 => piece.prop_map(String::into_bytes), 1 => proptest::collection::vec(any::<u8>(), 0..20)];
    proptest::collection::vec(bytes, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics_and_every_listed_part_can_be_fetched(raw in mail_like()) {
        let parsed = mail::parse(&raw);
        for attachment in &parsed.attachments {
            let bytes = mail::attachment_bytes(&raw, attachment.part);
            prop_assert_eq!(bytes.map(|bytes| bytes.len() as u64), Some(attachment.size));
        }
        for text in parsed.text.iter().chain(&parsed.html) {
            prop_assert!(!text.contains(['\0', '\r']));
        }
        let judged = mail::classify::classify(&raw, &parsed, true);
        let heads = parsed.headers.iter().flat_map(|(name, value)| [name, value]);
        let files = parsed.attachments.iter().flat_map(|a| a.filename.iter().chain(&a.content_id).chain([&a.content_type]));
        let people = parsed.from.iter().map(|mailbox| &mailbox.address).chain(judged.recipients.iter().map(|recipient| &recipient.address));
        for text in heads.chain(files).chain(people).chain(&parsed.references).chain([&parsed.subject]) {
            prop_assert!(!text.contains(|c: char| c.is_control()), "{:?}", text);
        }
        prop_assert_eq!(mail::fingerprint(&raw, &parsed), mail::fingerprint(&raw, &parsed.clone()));
        mail::reply::of(&parsed);
        prop_assert!(mail::inspect(&raw).is_object());
    }

    #[test]
    fn a_reply_loses_no_line(text in "(> ?)?([A-Za-z:@<>. \\-_*0-9]{0,30}(\n|\r\n)){0,30}") {
        let reply = mail::reply::from_text(&text);
        let all = [Some(reply.reply_text), reply.quoted, reply.signature].into_iter().flatten().collect::<Vec<_>>().join("\n");
        for line in text.lines().map(str::trim).filter(|line| line.chars().any(char::is_alphanumeric)) {
            prop_assert!(all.contains(line), "{:?} is gone", line);
        }
    }

    #[test]
    fn subjects_and_addresses_of_any_kind_are_taken(text in "\\PC{0,80}") {
        mail::subject::normalize(&text);
        if let Some(address) = mail::address::normalize(&text) {
            prop_assert_eq!(mail::address::normalize(&address), Some(address.clone()));
        }
        mail::reply::from_html(&text);
        mail::inspect_body(&text, true);
    }
}

#[test]
fn large_and_deep_mails_are_read_in_one_go() {
    const BYTES: usize = 512 * 1024;
    let repeated = |head: &str, piece: &str| [head.as_bytes(), piece.repeat(BYTES / piece.len()).as_bytes()].concat();
    for (head, piece) in [
        ("Content-Type: text/html\n\n", "<a"),
        ("Content-Type: text/html\n\n", "<style>"),
        ("Content-Type: text/html\n\n", "<blockquote>x"),
        ("Subject: undeliverable\nFrom: postmaster@a.example\n\n", "a@b.example: 550 "),
        ("Subject: \u{e9}", "=?x?q?"),
        ("To: ", "a@b.example,"),
        ("Subject: x\n\n", "begin 644 x\n"),
        ("Subject: x\n\n", "```\n"),
        ("Subject: x\n\n", "On 5 Jan 2026 10:12 a@b.example\n"),
        ("Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n"),
    ] {
        let raw = repeated(head, piece);
        let parsed = mail::parse(&raw);
        mail::classify::classify(&raw, &parsed, true);
        mail::reply::of(&parsed);
        mail::fingerprint(&raw, &parsed);
        assert!(parsed.text.map_or(0, |text| text.len()) <= 2 * raw.len(), "{head}{piece}");
    }
    let deep = "Content-Type: message/rfc822\n\n".repeat(10_000);
    assert_eq!(mail::parse(deep.as_bytes()).attachments.first().unwrap().content_type, "message/rfc822");
}
