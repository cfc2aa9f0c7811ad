//! Not an open relay, by any of the usual tricks: the mailroom is asked for exactly the mailbox that was meant, and its
//! no is final.

use super::super::SmtpInLimits;
use super::talk;

#[test]
fn no_trick_makes_us_take_mail_for_others() {
    let long = "l".repeat(65);
    let long_domain = format!("{}.test", ["d".repeat(60).as_str(); 5].join("."));
    let cases = [
        ("<u@elsewhere.test>", "550"),
        ("<u%elsewhere.test@inbox.test>", "550"),
        ("<u%elsewhere.test>", "501"),
        ("<elsewhere.test!u@inbox.test>", "550"),
        ("<elsewhere.test!u>", "501"),
        ("<@inbox.test:u@elsewhere.test>", "550"),
        ("<@inbox.test,@inbox.test:u@elsewhere.test>", "550"),
        ("<\"u@elsewhere.test\"@inbox.test>", "550"),
        ("<\"u@elsewhere.test\">", "501"),
        ("<u@elsewhere.test@inbox.test>", "501"),
        ("<u@elsewhere.test,a@inbox.test>", "501"),
        ("<a@inbox.test> <u@elsewhere.test>", "555"),
        ("<a@inbox.test>,<u@elsewhere.test>", "501"),
        ("<a@[127.0.0.1]>", "550"),
        ("<a@[IPv6:::1]>", "550"),
        ("<a@localhost>", "550"),
        ("<a@inbox.test.elsewhere.test>", "550"),
        ("<u@elsewhere.test\0@inbox.test>", "500"),
        ("a@inbox.test", "501"),
        ("<>", "501"),
        (&format!("<{long}@inbox.test>"), "553"),
        (&format!("<a@{long_domain}>"), "553"),
    ];
    for (path, code) in cases {
        let stream = format!("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:{path}\r\nDATA\r\n");
        let talk = talk(SmtpInLimits::DEFAULT, stream.as_bytes(), 9_999);
        assert_eq!(talk.codes()[3..], [code, "503"], "{path}: {}", talk.replies);
    }
}

#[test]
fn the_mailbox_that_is_meant_is_asked_for() {
    let cases = [
        ("<a@inbox.test>", "a@inbox.test"),
        ("<A@INBOX.test>", "A@INBOX.test"),
        ("<\"a\"@inbox.test>", "a@inbox.test"),
        ("<@x.test,@y.test:a@inbox.test>", "a@inbox.test"),
        ("<u%elsewhere.test@inbox.test>", "u%elsewhere.test@inbox.test"),
        ("<\"u@elsewhere.test\"@inbox.test>", "\"u@elsewhere.test\"@inbox.test"),
        ("<postmaster>", "postmaster@inbox.test"),
        ("<Postmaster>", "postmaster@inbox.test"),
    ];
    for (path, address) in cases {
        let stream = format!("EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:{path}\r\n");
        let talk = talk(SmtpInLimits::DEFAULT, stream.as_bytes(), 9_999);
        assert_eq!(talk.addresses, [address], "{path}: {}", talk.replies);
    }
}
