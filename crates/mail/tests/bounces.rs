//! Bounces, delays, complaints and answers of machines, in the words of those who send them, and what each comes to.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use postroom_mail as mail;
use serde_json::Value;

/// A mail as a server sends it: from its daemon, with a null reverse path.
fn notice(subject: &str, body: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.org>\r\nTo: sender@example.org\r\n\
         Subject: {subject}\r\nMessage-ID: <b1@mx.example.org>\r\n\r\n{}",
        body.replace('\n', "\r\n")
    )
}

/// RFC 3464 with one group of fields about one recipient, behind what a person is to read.
fn report(text: &str, group: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: sender@example.org\r\nSubject: Delivery Status Notification\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\n{}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n{}\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <m1@example.org>\r\nFrom: sender@example.org\r\n\
         To: user@example.net\r\nSubject: Hello\r\n\r\nHello\r\n--b--\r\n",
        text.replace('\n', "\r\n"),
        group.replace('\n', "\r\n")
    )
}

fn failed(status: &str, diagnostic: &str) -> String {
    let group = format!(
        "Final-Recipient: rfc822; user@example.net\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n"
    );
    report("It failed.", &group)
}

fn only_recipient(seen: &Value) -> (&str, &str, &str) {
    let recipients = seen["bounce"]["recipients"].as_array().unwrap();
    assert_eq!(recipients.len(), 1, "{seen:#}");
    assert_eq!(recipients.first().unwrap()["address"], "user@example.net", "{seen:#}");
    let field = |name: &str| recipients.first().unwrap()[name].as_str().unwrap();
    (field("class"), field("status"), field("reason"))
}

#[test]
fn notices_in_words_come_to_a_class_a_code_and_a_reason() {
    let qmail = |said: &str| {
        notice(
            "failure notice",
            &format!(
                "Hi. This is the qmail-send program at mx.example.org.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\
                 This is a permanent error; I've given up. Sorry it didn't work out.\n\n<user@example.net>:\n{said}\n\n\
                 --- Below this line is a copy of the message.\n\nReturn-Path: <sender@example.org>\nMessage-ID: <m1@example.org>\nSubject: Hello\n"
            ),
        )
    };
    let exim = |said: &str| {
        notice(
            "Mail delivery failed: returning message to sender",
            &format!(
                "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\n\
                 recipients. This is a permanent error. The following address(es) failed:\n\n  user@example.net\n    {said}\n\n\
                 ------ This is a copy of the message, including all the headers. ------\n\nMessage-ID: <m1@example.org>\n"
            ),
        )
    };
    let cases = [
        // qmail
        (
            qmail("192.0.2.1 does not like recipient.\nRemote host said: 550 no such user\nGiving up on 192.0.2.1."),
            ("hard", "5.0.911", "userUnknown"),
        ),
        (
            qmail("Connected to 192.0.2.1 but my name was rejected.\nRemote host said: 501 Invalid domain name"),
            ("soft", "5.0.971", "blocked"),
        ),
        (
            qmail("Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 550 not you"),
            ("soft", "5.0.918", "senderRejected"),
        ),
        (qmail("Sorry, no mailbox here by that name. (#5.1.1)"), ("hard", "5.1.1", "userUnknown")),
        (qmail("Sorry, I couldn't find any host named example.net. (#5.1.2)"), ("hard", "5.1.2", "hostUnknown")),
        (qmail("user is over quota"), ("soft", "5.0.922", "mailboxFull")),
        // Exim
        (
            exim("SMTP error from remote mail server after RCPT TO:<user@example.net>:\n    550 User unknown"),
            ("hard", "5.0.911", "userUnknown"),
        ),
        // Filters say so too, behind the mail.
        (
            exim("SMTP error from remote mail server after end of data:\n    550 User unknown"),
            ("soft", "5.0.910", "filtered"),
        ),
        (
            exim("SMTP error from remote mail server after initial connection:\n    554 rejected"),
            ("soft", "5.0.971", "blocked"),
        ),
        (exim("retry timeout exceeded"), ("soft", "4.0.947", "expired")),
        (exim("an MX or SRV record indicated no SMTP service"), ("hard", "5.0.932", "notAccepting")),
        // Others
        (
            notice(
                "Undeliverable: Hello",
                "Your message did not reach some or all of the intended recipients.\n\n      user@example.net on 1/2/2001 3:04 PM\n            The recipient name is not recognized\n\tMSEXCH:IMS:A:B:C 0 (000C05A6) Unknown Recipient\n",
            ),
            ("hard", "5.0.911", "userUnknown"),
        ),
        (
            notice(
                "Returned mail",
                "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> MAIL From:<sender@example.org>\n<<< 550 5.7.1 your host is on our blacklist\n<user@example.net>... failed\n",
            ),
            ("soft", "5.7.1", "blocked"),
        ),
        (
            notice(
                "Undeliverable Mail",
                "Unknown user: user@example.net\n\nOriginal message follows.\n\nSubject: Hello\n",
            ),
            ("hard", "5.0.911", "userUnknown"),
        ),
        (
            notice(
                "Delivery Status Notification (Failure)",
                "Delivery to the following recipient failed permanently:\n\n     user@example.net\n\nTechnical details of permanent failure:\nThe recipient server did not accept our requests to connect.\n",
            ),
            ("soft", "5.0.947", "expired"),
        ),
    ];
    for (raw, expected) in cases {
        let seen = mail::inspect(raw.as_bytes());
        assert_eq!(seen["kind"], "bounce", "{raw}");
        assert_eq!(only_recipient(&seen), expected, "{raw}");
    }
}

#[test]
fn a_server_s_own_code_is_nearer_than_the_summary_of_who_reports_it() {
    let cases = [
        (
            failed("5.0.0", "550 5.1.1 <user@example.net>: Recipient address rejected: User unknown"),
            ("hard", "5.1.1", "userUnknown"),
        ),
        (
            failed(
                "4.4.7",
                "554 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.2 Connection timed out>",
            ),
            ("soft", "4.4.2", "expired"),
        ),
        (failed("5.1.1", "552 5.2.2 Over quota"), ("soft", "5.2.2", "mailboxFull")),
        (failed("5.1.1", "551 not our customer"), ("hard", "5.1.6", "moved")),
        (failed("5.2.1", "550 5.2.1 The account is disabled"), ("soft", "5.2.1", "disabled")),
        (failed("5.7.1", "550 5.7.1 message rejected as spam"), ("soft", "5.7.1", "rejectedSpam")),
        (failed("5.7.26", "550 5.7.26 This mail is unauthenticated"), ("soft", "5.7.26", "authFailed")),
        (failed("5.3.4", "552 5.3.4 message too big"), ("soft", "5.3.4", "tooLarge")),
        (failed("5.4.1", "550 5.4.1 Recipient address rejected: Access denied"), ("hard", "5.4.1", "userUnknown")),
        (failed("5.0.0", "550 : User unknown"), ("soft", "5.0.0", "filtered")),
    ];
    for (raw, expected) in cases {
        let seen = mail::inspect(raw.as_bytes());
        assert_eq!((&seen["kind"], &seen["originalMessageId"]), (&"bounce".into(), &"m1@example.org".into()), "{raw}");
        assert_eq!(only_recipient(&seen), expected, "{raw}");
    }
}

#[test]
fn what_the_sending_server_adds_does_not_overrule_the_code_it_concluded() {
    let text = "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> DATA\n<<< 551 not our user\n\
                550 5.1.1 <user@example.net>... User unknown\n";
    let group = "Final-Recipient: RFC822; user@example.net\nAction: failed\nStatus: 5.1.6\nDiagnostic-Code: SMTP; 551 not our user\n";
    let seen = mail::inspect(report(text, group).as_bytes());
    assert_eq!(only_recipient(&seen), ("hard", "5.1.6", "moved"));
}

#[test]
fn what_two_servers_said_to_each_other_is_of_the_recipient_that_follows() {
    let text = "   ----- Transcript of session follows -----\nWhile talking to mx.example.net:\n>>> MAIL From:<sender@example.org>\n\
                <<< 501 no access from mail server [192.0.2.55] which is an open relay.\n554 <one@example.net>... Remote protocol error\n\
                While talking to mx.example.com:\n>>> RCPT To:<two@example.com>\n<<< 550 <two@example.com>... User unknown\n\
                550 <two@example.com>... User unknown\n";
    let seen = mail::inspect(notice("Returned mail: User unknown", text).as_bytes());
    let recipients = seen["bounce"]["recipients"].as_array().unwrap();
    let told: Vec<_> = recipients.iter().map(|recipient| (&recipient["address"], &recipient["reason"])).collect();
    assert_eq!(
        told,
        [(&"one@example.net".into(), &"blocked".into()), (&"two@example.com".into(), &"userUnknown".into())],
        "{seen:#}"
    );
}

#[test]
fn the_judgement_of_powermta_counts_where_its_code_says_nothing() {
    let group = "Final-Recipient: rfc822; user@example.net\nAction: failed\nStatus: 5.0.0 (undefined status)\n\
                 Diagnostic-Code: smtp;554 delivery error: dd\nX-PowerMTA-BounceCategory: bad-mailbox\n";
    let seen = mail::inspect(report("delivery failed", group).as_bytes());
    assert_eq!(only_recipient(&seen), ("hard", "5.0.0", "userUnknown"));
}

#[test]
fn a_pipe_is_where_a_mail_went_and_not_whom_it_was_for() {
    let group = "Action: failed\nFinal-Recipient: rfc822;|/usr/local/bin/filter\nStatus: 5.0.0\n";
    let text = "  pipe to |/usr/local/bin/filter\n    generated by user@example.net\n";
    let seen = mail::inspect(report(text, group).as_bytes());
    assert_eq!(only_recipient(&seen).0, "soft", "{seen:#}");
}

#[test]
fn every_recipient_of_a_report_is_told_apart() {
    let group = "Final-Recipient: rfc822; one@example.net\nAction: failed\nStatus: 5.1.1\n\n\
                 Final-Recipient: rfc822; two@example.net\nAction: failed\nStatus: 5.2.2\n\n\
                 Final-Recipient: rfc822; three@example.net\nAction: delivered\nStatus: 2.0.0\n";
    let seen = mail::inspect(report("Some failed.", group).as_bytes());
    let recipients = seen["bounce"]["recipients"].as_array().unwrap();
    let told: Vec<_> = recipients.iter().map(|recipient| (&recipient["address"], &recipient["class"])).collect();
    assert_eq!(
        told,
        [(&"one@example.net".into(), &"hard".into()), (&"two@example.net".into(), &"soft".into())],
        "{seen:#}"
    );
}

#[test]
fn a_delay_is_no_bounce_yet() {
    let group = "Final-Recipient: rfc822; user@example.net\nAction: delayed\nStatus: 4.4.1\nWill-Retry-Until: Sun, 29 Nov 2026 10:00:00 +0000\n";
    let seen = mail::inspect(report("Will be retried.", group).as_bytes());
    assert_eq!(seen["kind"], "delay");
    assert_eq!(only_recipient(&seen).0, "soft");
}

#[test]
fn complaints_name_their_type() {
    let arf = |kind: &str| {
        format!(
            "From: fbl@example.net\r\nTo: abuse@example.org\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nA complaint.\r\n\
             --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: fbl/1\r\nVersion: 1\r\n\
             Original-Rcpt-To: user@example.net\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Hello\r\n\r\nHello\r\n--b--\r\n"
        )
    };
    for kind in ["abuse", "fraud", "virus", "other", "not-spam", "auth-failure", "opt-out"] {
        let seen = mail::inspect(arf(kind).as_bytes());
        assert_eq!((&seen["kind"], &seen["complaint"]["feedbackType"]), (&"complaint".into(), &kind.into()));
    }
    let apple = "From: user@example.net\r\nTo: optout@example.org\r\nSubject: unsubscribe\r\nX-Apple-Unsubscribe: true\r\n\
                 Auto-Submitted: auto-replied\r\n\r\nApple Mail sent this email to unsubscribe.\r\n";
    let seen = mail::inspect(apple.as_bytes());
    assert_eq!((&seen["kind"], &seen["complaint"]["feedbackType"]), (&"complaint".into(), &"opt-out".into()));
}

#[test]
fn amazon_s_notifications_are_read_also_where_their_lines_were_broken() {
    let sns = |message: &str| {
        format!(
            "From: SES <no-reply@sns.amazonaws.com>\r\nTo: bounces@example.org\r\nSubject: AWS Notification Message\r\n\
             x-amz-sns-message-id: 1\r\n\r\n{message}\r\n\r\n--\r\nIf you wish to stop receiving notifications, visit the link below.\r\n"
        )
    };
    let bounce = r#"{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"User@example.net","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}"#;
    let broken = bounce.replace("smtp; 550", "smtp;\r\n 550");
    let enveloped = serde_json::json!({ "Type": "Notification", "Message": bounce }).to_string();
    for message in [bounce, &broken, &enveloped] {
        let seen = mail::inspect(sns(message).as_bytes());
        assert_eq!(only_recipient(&seen), ("hard", "5.1.1", "userUnknown"), "{message}");
    }
    let complaint = r#"{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"user@example.net"}]}}"#;
    assert_eq!(mail::inspect(sns(complaint).as_bytes())["complaint"]["feedbackType"], "abuse");
    // What is no notification stays a message.
    for other in ["{\"notificationType\":", "{\"notificationType\":\"Bounce\"}", "notificationType"] {
        assert_eq!(mail::inspect(sns(other).as_bytes())["complaint"], Value::Null, "{other}");
    }
}

#[test]
fn people_who_write_about_bounces_are_people() {
    for (subject, body) in [
        ("Re: Undeliverable: Hello", "Did you see? It said 550 5.1.1 user unknown for user@example.net."),
        ("mailbox full?", "My mailbox is full, could not be delivered, what now?"),
    ] {
        let raw =
            format!("From: Ann <ann@example.net>\r\nTo: sender@example.org\r\nSubject: {subject}\r\n\r\n{body}\r\n");
        assert_eq!(mail::inspect(raw.as_bytes())["kind"], "message", "{raw}");
    }
}
