//! Bounces, complaints and automatic mail as the programs that send them write them: what each comes to.

#![expect(clippy::indexing_slicing, reason = "a test may fail loudly")]

use postroom_mail as mail;
use postroom_mail::classify::{BounceClass, Classification, MailKind, classify};

fn judged(raw: &str) -> Classification {
    let parsed = mail::parse(raw.as_bytes());
    classify(raw.as_bytes(), &parsed, false)
}

/// A report by RFC 3464 with one or more recipients' fields.
fn report(text: &str, fields: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: sender@example.org\nSubject: Undelivered Mail\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\n{text}\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{fields}\n\
         --b\nContent-Type: message/rfc822\n\n\
         Message-ID: <first@example.org>\nFrom: sender@example.org\nTo: who@example.net\nSubject: Hello\n\nBody\n\n--b--\n"
    )
}

#[test]
fn reports_prefer_the_more_telling_status() {
    let cases = [
        ("5.0.0", "550 5.2.2 mailbox full", "5.2.2"),
        ("4.4.7", "421 4.7.1 try later, greylisted", "4.7.1"),
        ("4.4.7", "550 4.4.7 expired <421 4.4.2 Connection timed out>", "4.4.2"),
        ("5.1.1", "550 5.7.1 Message rejected as spam", "5.7.1"),
        ("5.2.1", "550 5.1.1 no such user", "5.1.1"),
        ("5.1.1", "no code at all", "5.1.1"),
    ];
    for (field, diagnostic, status) in cases {
        let fields = format!(
            "Final-Recipient: rfc822; who@example.net\nAction: failed\nStatus: {field}\nDiagnostic-Code: smtp; {diagnostic}\n"
        );
        let seen = judged(&report("", &fields));
        assert_eq!(seen.recipients[0].status.as_deref(), Some(status), "{field} {diagnostic}");
        assert_eq!(seen.recipients[0].diagnostic, diagnostic);
    }
}

#[test]
fn unknown_users_are_hard_only_where_the_address_was_answered() {
    let fields = |status: &str, diagnostic: &str| {
        format!(
            "Final-Recipient: rfc822; who@example.net\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n"
        )
    };
    let cases = [
        ("5.1.1", "550 5.1.1 User unknown", BounceClass::Hard),
        ("5.0.0", "550 <who@example.net>: User unknown", BounceClass::Hard),
        ("5.0.0", "550 user unknown (in reply to RCPT TO command)", BounceClass::Hard),
        // Gateways of mobile carriers, after they saw the content.
        ("5.2.0", "550 : User unknown", BounceClass::Soft),
        ("5.7.1", "550 5.7.1 User Unknown", BounceClass::Soft),
    ];
    for (status, diagnostic, class) in cases {
        assert_eq!(judged(&report("", &fields(status, diagnostic))).recipients[0].class, class, "{diagnostic}");
    }
}

#[test]
fn what_is_ours_to_mend_is_told_from_what_is_the_recipients() {
    let cases = [
        ("5.7.26", "550 5.7.26 This mail is unauthenticated; SPF check failed", true),
        ("5.7.25", "550 5.7.25 no PTR record", true),
        ("5.7.1", "554 5.7.1 Relay access denied", true),
        ("5.1.1", "550 5.1.1 User unknown", false),
        ("5.2.2", "552 5.2.2 mailbox full", false),
    ];
    for (status, diagnostic, ours) in cases {
        let fields = format!(
            "Final-Recipient: rfc822; who@example.net\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {diagnostic}\n"
        );
        assert_eq!(judged(&report("", &fields)).recipients[0].infrastructure, ours, "{diagnostic}");
    }
}

#[test]
fn a_pipe_or_a_local_host_gives_way_to_the_address_it_stood_for() {
    let seen = judged(&report(
        "",
        "Original-Recipient: rfc822; who@example.net\nFinal-Recipient: rfc822; @relay.example.net:who@store\nAction: failed\nStatus: 5.2.0\n",
    ));
    assert_eq!(seen.recipients[0].address, "who@example.net");
    assert_eq!(seen.original.as_ref().map(|original| original.subject.as_str()), Some("Hello"));
    let piped = judged(&report("", "Final-Recipient: rfc822; |/usr/bin/filter\nAction: failed\nStatus: 5.3.0\n"));
    assert_eq!(piped.recipients[0].address, "who@example.net");
}

#[test]
fn internationalized_reports_are_read() {
    let raw = report("", "Final-Recipient: utf-8; wer@größe.example\nAction: failed\nStatus: 5.1.1\n")
        .replace("message/delivery-status", "message/global-delivery-status");
    assert_eq!(judged(&raw).recipients[0].address, "wer@größe.example");
}

#[test]
fn delays_are_no_bounces() {
    let seen = judged(&report("", "Final-Recipient: rfc822; who@example.net\nAction: delayed\nStatus: 4.4.1\n"));
    assert_eq!((seen.kind, seen.recipients[0].class), (MailKind::Delay, BounceClass::Soft));
}

#[test]
fn complaints_carry_their_type() {
    let arf = |kind: &str| {
        format!(
            "From: fbl@isp.example\nTo: abuse@example.org\nSubject: Complaint\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n\
             --b\nContent-Type: message/feedback-report\n\nFeedback-Type: {kind}\nVersion: 1\nUser-Agent: x/1\n\
             Original-Rcpt-To: <who@example.net>\n\n--b--\n"
        )
    };
    for kind in ["abuse", "fraud", "virus", "other", "opt-out", "not-spam", "auth-failure"] {
        let seen = judged(&arf(kind));
        assert_eq!((seen.kind, seen.complaint.unwrap().feedback_type.as_str()), (MailKind::Complaint, kind));
        assert_eq!(seen.recipients[0].address, "who@example.net");
    }
    let apple = "From: who@example.net\nTo: leave@example.org\nSubject: unsubscribe\nAuto-Submitted: auto-replied\n\
        X-Apple-Unsubscribe: true\n\nunsubscribe\n";
    assert_eq!(judged(apple).complaint.unwrap().feedback_type, "opt-out");
}

#[test]
fn automatic_answers_are_known_by_field_or_subject() {
    let fields = ["Auto-Submitted: auto-replied", "X-Autoreply: yes", "X-Autorespond: hello", "Precedence: auto_reply"];
    for field in fields {
        let raw = format!("From: who@example.net\nTo: sender@example.org\nSubject: Hello\n{field}\n\nI am away.\n");
        assert_eq!(judged(&raw).kind, MailKind::AutoReply, "{field}");
    }
    let subjects = [
        "Automatic reply: Hello",
        "Out of Office: Hello",
        "Automatische Antwort: Hello",
        "Réponse automatique : Hello",
        "Respuesta automática: Hello",
        "Автоответ: Hello",
        "自動応答: Hello",
        "Αυτόματη απάντηση: Hello",
    ];
    for subject in subjects {
        let raw = format!(
            "From: who@example.net\nTo: sender@example.org\nSubject: {subject}\nIn-Reply-To: <first@example.org>\n\nAway.\n"
        );
        assert_eq!(judged(&raw).kind, MailKind::AutoReply, "{subject}");
    }
}

#[test]
fn people_who_write_about_bounces_are_no_bounces() {
    let cases = [
        "Re: Undeliverable mail again\n\nI got \"550 5.1.1 User unknown\" for who@example.net. Why?\n",
        "Fw: failure notice\n\n<who@example.net>:\nRemote host said: 550 no such user\n",
        "Vacation photos\n\nLook.\n",
    ];
    for case in cases {
        let raw = format!("From: Person <person@example.net>\nTo: sender@example.org\nSubject: {case}");
        assert_eq!(judged(&raw).kind, MailKind::Message, "{case}");
    }
}
