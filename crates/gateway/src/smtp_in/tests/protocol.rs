//! What the machine answers, by tables.

use super::super::SmtpInLimits;
use super::{ENVELOPE, talk};

const DEFAULT: SmtpInLimits = SmtpInLimits::DEFAULT;

#[test]
fn conversations_get_the_codes_of_the_rfc() {
    let cases: [(&str, &str); 26] = [
        ("QUIT\r\n", "220 221"),
        ("NOOP\r\nRSET\r\nHELP\r\nVRFY a\r\n", "220 250 250 214 252"),
        ("EXPN a\r\nAUTH PLAIN\r\nETRN x\r\nXYZZY\r\n", "220 502 502 502 500"),
        ("MAIL FROM:<s@x.test>\r\n", "220 503"),
        ("HELO x.test\r\nMAIL FROM:<>\r\nRCPT TO:<a@inbox.test>\r\nDATA\r\n\r\n.\r\n", "220 250 250 250 354 250"),
        ("EHLO x.test\r\nRCPT TO:<a@inbox.test>\r\n", "220 250 503"),
        ("EHLO x.test\r\nDATA\r\n", "220 250 503"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nDATA\r\n", "220 250 250 503"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nMAIL FROM:<t@x.test>\r\n", "220 250 250 503"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRSET\r\nMAIL FROM:<t@x.test>\r\n", "220 250 250 250 250"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nEHLO x.test\r\nRCPT TO:<a@inbox.test>\r\n", "220 250 250 250 503"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<no@inbox.test>\r\nDATA\r\n", "220 250 250 550 503"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<slow@inbox.test>\r\n", "220 250 250 451"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test> SIZE=99999999999\r\n", "220 250 552"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test> SIZE=101\r\nRCPT TO:<small@inbox.test>\r\n", "220 250 250 552"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test> SIZE=100\r\nRCPT TO:<small@inbox.test>\r\n", "220 250 250 250"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<grüße@inbox.test>\r\n", "220 250 250 553"),
        ("EHLO x.test\r\nMAIL FROM:<s@x.test> SMTPUTF8\r\nRCPT TO:<grüße@inbox.test>\r\n", "220 250 250 250"),
        ("EHLO x.test\r\nMAIL FROM:<ä@x.test>\r\n", "220 250 553"),
        (
            "EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<a@inbox.test>\r\nRCPT TO:<strict@inbox.test>\r\n",
            "220 250 250 250 452",
        ),
        (
            "EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<a@inbox.test>\r\nBDAT 2\r\n\r\nDATA\r\n",
            "220 250 250 250 250 503",
        ),
        (
            "EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<a@inbox.test>\r\nBDAT 2\r\n\r\nRCPT TO:<b@inbox.test>\r\n",
            "220 250 250 250 250 503",
        ),
        ("EHLO x.test\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "220 250 503 250"),
        ("NOOP\nNOOP\r\n", "220 500 250"),
        ("GET / HTTP/1.1\r\nHost: x\r\n", "220 421"),
        ("STARTTLS\r\nSTARTTLS\r\n", "220 220 503"),
    ];
    for (stream, codes) in cases {
        // STARTTLS forgets what was sent with it, so those lines come one by one.
        let piece = if stream.starts_with("STARTTLS") { 10 } else { stream.len() };
        assert_eq!(talk(DEFAULT, stream.as_bytes(), piece).codes().join(" "), codes, "{stream}");
    }
}

#[test]
fn pieces_of_any_size_come_to_the_same() {
    let stream = format!("{ENVELOPE}Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\n{}QUIT\r\n", &ENVELOPE[13..])
        .replace("DATA\r\nQUIT", "BDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\nQUIT");
    let whole = talk(DEFAULT, stream.as_bytes(), stream.len());
    assert_eq!(whole.codes().join(" "), "220 250 250 250 354 250 250 250 250 250 250 221");
    for piece in 1..stream.len() {
        let cut = talk(DEFAULT, stream.as_bytes(), piece);
        assert_eq!(cut.replies, whole.replies, "pieces of {piece}");
        let raw = |talk: &super::Talk| talk.deliveries.iter().map(|delivery| delivery.raw.clone()).collect::<Vec<_>>();
        assert_eq!(raw(&cut), raw(&whole), "pieces of {piece}");
    }
}

#[test]
fn extensions_are_announced_and_tls_only_once() {
    let replies = talk(DEFAULT, b"EHLO x.test\r\n", 99).replies;
    for word in ["PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "CHUNKING", "STARTTLS"] {
        assert!(replies.contains(word), "{word} in {replies}");
    }
    assert!(!replies.contains("AUTH"));
    let secured = talk(DEFAULT, b"STARTTLS\r\nEHLO x.test\r\n", 10).replies;
    assert!(!secured.contains("250-STARTTLS"), "{secured}");
}

#[test]
fn trace_fields_come_first_and_the_mail_is_untouched() {
    let mail = "Subject: x\r\n\r\n\u{e9}\r\n";
    let talk = talk(DEFAULT, format!("{ENVELOPE}{mail}.\r\n").as_bytes(), 9_999);
    assert_eq!(talk.mail(), mail.as_bytes());
    let raw = String::from_utf8_lossy(&talk.deliveries[0].raw);
    assert!(raw.starts_with(
        "Return-Path: <s@x.test>\r\nReceived: from x.test ([127.0.0.1])\r\n by mx.inbox.test with ESMTP id "
    ));
    assert!(raw.contains("\r\n for <a@inbox.test>;\r\n Mon, 15 Jan 2024 10:30:00 +0000\r\nSubject: x"));
    assert_eq!((talk.deliveries[0].mail_from.as_str(), talk.deliveries[0].helo.as_str()), ("s@x.test", "x.test"));
}

#[test]
fn several_recipients_are_one_delivery_and_the_same_one_counts_once() {
    let stream = ENVELOPE.replace("DATA", "RCPT TO:<b@inbox.test>\r\nRCPT TO:<a@inbox.test>\r\nDATA") + "x\r\n.\r\n";
    let talk = talk(DEFAULT, stream.as_bytes(), 9_999);
    let recipients: Vec<&str> = talk.deliveries[0].routes.iter().map(|route| route.recipient.as_str()).collect();
    assert_eq!(recipients, ["a@inbox.test", "b@inbox.test"]);
    assert!(!String::from_utf8_lossy(&talk.deliveries[0].raw).contains(" for <"));
}

#[test]
fn bdat_takes_bytes_as_they_are_and_swallows_refused_chunks() {
    let envelope = ENVELOPE.replace("DATA\r\n", "");
    let cases: [(&str, &str, Option<&str>); 9] = [
        ("BDAT 7\r\n.\r\n..\r\nBDAT 0 LAST\r\n", "250 250", Some(".\r\n..\r\n")),
        ("BDAT 3\r\na\r\nBDAT 3 LAST\r\nb\r\n", "250 250", Some("a\r\nb\r\n")),
        ("BDAT 2\r\na\rBDAT 3 LAST\r\n\nb\r", "250 550", None),
        ("BDAT 2\r\na\rBDAT 2 LAST\r\n\nb", "250 250", Some("a\r\nb")),
        ("BDAT 3\r\na\nbBDAT 3 LAST\r\nb\r\n", "550 503", None),
        ("BDAT 3 LAST\r\na\rb", "550", None),
        ("BDAT 3 LAST\r\na\0b", "550", None),
        ("BDAT 2 LAST\r\nb\r", "550", None),
        ("BDAT 1 FIRST\r\n", "501", None),
    ];
    for (chunks, codes, mail) in cases {
        let stream = format!("{envelope}{chunks}");
        for piece in [1, 2, 3, stream.len()] {
            let talk = talk(DEFAULT, stream.as_bytes(), piece);
            assert_eq!(talk.codes()[4..].join(" "), codes, "{chunks:?} by {piece}");
            assert_eq!(talk.deliveries.len(), usize::from(mail.is_some()), "{chunks:?}");
            if let Some(mail) = mail {
                assert_eq!(talk.mail(), mail.as_bytes());
            }
        }
    }
}

#[test]
fn a_mail_that_goes_in_circles_ends() {
    let hops = |count: usize| {
        format!("{ENVELOPE}{}Subject: x\r\n\r\nReceived: not this\r\n.\r\n", "received: by x\r\n y\r\n".repeat(count))
    };
    assert_eq!(talk(DEFAULT, hops(50).as_bytes(), 9_999).codes().last(), Some(&"250"));
    let circles = talk(DEFAULT, hops(51).as_bytes(), 9_999);
    assert!(circles.replies.contains("554 5.4.6"), "{}", circles.replies);
}

#[test]
fn mails_with_very_many_header_fields_are_taken() {
    let stream = format!("{ENVELOPE}{}\r\nx\r\n.\r\n", "X: y\r\n".repeat(20_000));
    assert_eq!(talk(DEFAULT, stream.as_bytes(), 64 * 1024).codes().last(), Some(&"250"));
}
