//! Every limit is reached, answered with its code, and lets what is just below it through.

use super::super::SmtpInLimits;
use super::{ENVELOPE, talk};

const DEFAULT: SmtpInLimits = SmtpInLimits::DEFAULT;

#[test]
fn mails_over_the_limit_are_refused_after_their_end() {
    let limits = SmtpInLimits { message_bytes_max: 1_000, ..DEFAULT };
    let mail = |bytes: usize| format!("{ENVELOPE}{}\r\n.\r\nNOOP\r\n", "x".repeat(bytes - 2));
    for piece in [1, 100, 9_999] {
        assert_eq!(talk(limits, mail(1_000).as_bytes(), piece).codes()[5..], ["250", "250"]);
        let over = talk(limits, mail(1_001).as_bytes(), piece);
        assert_eq!(over.codes()[5..], ["552", "250"]);
        assert_eq!(over.refusals, ["too_large"]);
    }
}

#[test]
fn the_smallest_limit_of_the_recipients_holds() {
    let envelope = ENVELOPE.replace("DATA", "RCPT TO:<small@inbox.test>\r\nDATA");
    let mail = |bytes: usize| format!("{envelope}{}\r\n.\r\n", "x".repeat(bytes - 2));
    assert_eq!(talk(DEFAULT, mail(100).as_bytes(), 9_999).codes().last(), Some(&"250"));
    assert_eq!(talk(DEFAULT, mail(101).as_bytes(), 9_999).codes().last(), Some(&"552"));
}

#[test]
fn who_never_stops_sending_is_cut_off() {
    let limits = SmtpInLimits { message_bytes_max: 1_000, ..DEFAULT };
    let data = talk(limits, format!("{ENVELOPE}{}", "x".repeat(3_000)).as_bytes(), 100);
    assert!(data.closed && data.codes().last() == Some(&"552"));
    let envelope = ENVELOPE.replace("DATA\r\n", "");
    let bdat = talk(limits, format!("{envelope}BDAT 18446744073709551615 LAST\r\nx").as_bytes(), 100);
    assert!(bdat.closed && bdat.codes().last() == Some(&"552"));
    let unasked = talk(limits, b"BDAT 18446744073709551615 LAST\r\nx", 100);
    assert!(unasked.closed);
}

#[test]
fn recipients_beyond_the_limit_are_put_off() {
    let limits = SmtpInLimits { recipients_max: 1, ..DEFAULT };
    let stream = ENVELOPE.replace("DATA", "RCPT TO:<b@inbox.test>\r\nDATA") + "x\r\n.\r\n";
    let talk = talk(limits, stream.as_bytes(), 9_999);
    assert_eq!(talk.codes()[3..], ["250", "452", "354", "250"]);
    assert!(talk.replies.contains("452 4.5.3"));
}

#[test]
fn errors_commands_and_messages_of_a_session_are_limited() {
    let errors = SmtpInLimits { errors_per_session_max: 3, ..DEFAULT };
    let talked = talk(errors, "XYZZY\r\n".repeat(9).as_bytes(), 9_999);
    assert_eq!(talked.codes(), ["220", "500", "500", "500", "421"]);
    assert!(talked.closed);

    let guesses = format!("EHLO x.test\r\nMAIL FROM:<>\r\n{}", "RCPT TO:<no@inbox.test>\r\n".repeat(9));
    let talked = talk(errors, guesses.as_bytes(), 9_999);
    assert_eq!(talked.codes()[3..], ["550", "550", "550", "421"]);

    let commands = SmtpInLimits { commands_between_messages_max: 5, ..DEFAULT };
    let talked = talk(commands, "NOOP\r\n".repeat(9).as_bytes(), 9_999);
    assert_eq!(talked.codes(), ["220", "250", "250", "250", "250", "250", "421"]);
    let mails = format!("{ENVELOPE}x\r\n.\r\n{0}x\r\n.\r\n{0}x\r\n.\r\n", &ENVELOPE[13..]);
    assert_eq!(talk(commands, mails.as_bytes(), 9_999).deliveries.len(), 3);

    let messages = SmtpInLimits { messages_per_session_max: 2, ..DEFAULT };
    let talked = talk(messages, mails.as_bytes(), 9_999);
    assert_eq!(talked.deliveries.len(), 2);
    assert_eq!((talked.codes().last(), talked.closed), (Some(&"421"), true));
}

#[test]
fn lines_that_are_too_long_are_skipped_whole() {
    let limits = SmtpInLimits { command_line_bytes_max: 512, ..DEFAULT };
    let fits = format!("NOOP {}\r\n", "x".repeat(512 - 7));
    let over = format!("NOOP {}\r\nNOOP\r\n", "x".repeat(5_000));
    for piece in [1, 511, 512, 513, 9_999] {
        assert_eq!(talk(limits, fits.as_bytes(), piece).codes(), ["220", "250"]);
        assert_eq!(talk(limits, over.as_bytes(), piece).codes(), ["220", "500", "250"]);
    }
}
