//! Composed messages read back by a parser: what was put in comes out, and nothing else.

#![expect(clippy::expect_used, clippy::type_complexity, reason = "a test says what it expects; tables have wide rows")]

use postroom_mail as mail;

use mail::Mailbox;
use mail::compose::{Draft, DraftAttachment, DraftError, compose, needs_smtputf8};
use mail_parser::MessageParser;
use model::Timestamp;
use proptest::prelude::*;

fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
    Mailbox { name: name.map(str::to_owned), address: address.to_owned() }
}

fn draft() -> Draft {
    Draft {
        from: mailbox(Some("Acme Support"), "support@acme.example"),
        to: vec![mailbox(None, "ann@example.org")],
        subject: "Your order".to_owned(),
        date: Timestamp::from_millis(1_705_314_600_000),
        message_id: "id1@acme.example".to_owned(),
        text: Some("Hello\n".to_owned()),
        boundary_seed: 7,
        ..Draft::default()
    }
}

fn file(filename: &str, content_type: &str, data: &[u8]) -> DraftAttachment {
    DraftAttachment {
        filename: filename.to_owned(),
        content_type: content_type.to_owned(),
        content_id: None,
        inline: false,
        data: data.to_vec(),
    }
}

fn written(draft: &Draft) -> String {
    String::from_utf8(compose(draft).expect("the draft is right")).expect("composed mail is UTF-8")
}

fn pointers(draft: &Draft) -> Vec<String> {
    let errors: Vec<DraftError> = compose(draft).expect_err("the draft is wrong");
    errors.into_iter().map(|error| error.pointer).collect()
}

/// The content types of a message, outermost first, depth first.
fn structure(message: &str) -> Vec<String> {
    let types = message.split("\r\n").filter_map(|line| line.strip_prefix("Content-Type: "));
    types.map(|value| value.split(';').next().unwrap_or_default().to_owned()).collect()
}

/// What every message that leaves must hold to, whatever is in it.
fn assert_well_formed(message: &[u8]) {
    for (at, byte) in message.iter().enumerate() {
        match byte {
            b'\n' => {
                assert_eq!(at.checked_sub(1).and_then(|before| message.get(before)), Some(&b'\r'), "bare LF at {at}")
            }
            b'\r' => assert_eq!(message.get(at + 1), Some(&b'\n'), "bare CR at {at}"),
            0 => panic!("NUL at {at}"),
            _ => {}
        }
    }
    for line in message.split(|&byte| byte == b'\n') {
        assert!(line.len() <= 999, "a line of {} octets", line.len());
    }
}

#[test]
fn a_plain_message_is_written_as_expected() {
    let expected = "Date: Mon, 15 Jan 2024 10:30:00 +0000\r\n\
        From: \"Acme Support\" <support@acme.example>\r\n\
        To: <ann@example.org>\r\n\
        Subject: Your order\r\n\
        Message-ID: <id1@acme.example>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: text/plain; charset=\"utf-8\"\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\n\
        Hello\r\n";
    assert_eq!(written(&draft()), expected);
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    let mut draft = draft();
    draft.html = Some("<p>Hello</p>".to_owned());
    draft.attachments = vec![file("a.bin", "application/octet-stream", &[0, 1, 2])];
    assert_eq!(written(&draft), written(&draft));
    let first = written(&draft);
    draft.boundary_seed += 1;
    assert_ne!(first, written(&draft));
}

#[test]
fn parts_are_nested_as_their_roles_ask() {
    let logo =
        DraftAttachment { content_id: Some("<logo>".into()), inline: true, ..file("logo.png", "image/png", b"png") };
    let pdf = file("a.pdf", "application/pdf", b"pdf");
    let rows: [(Option<&str>, Option<&str>, Vec<DraftAttachment>, &[&str]); 8] = [
        (Some("t"), None, vec![], &["text/plain"]),
        (None, None, vec![], &["text/plain"]),
        (Some("t"), Some("<p>h"), vec![], &["multipart/alternative", "text/plain", "text/html"]),
        (None, Some("<p>h"), vec![], &["multipart/alternative", "text/plain", "text/html"]),
        (Some("t"), None, vec![pdf.clone()], &["multipart/mixed", "text/plain", "application/pdf"]),
        (
            Some("t"),
            Some("<p>h"),
            vec![logo.clone()],
            &["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"],
        ),
        (
            Some("t"),
            Some("<p>h"),
            vec![pdf, logo.clone()],
            &[
                "multipart/mixed",
                "multipart/alternative",
                "text/plain",
                "multipart/related",
                "text/html",
                "image/png",
                "application/pdf",
            ],
        ),
        (Some("t"), None, vec![logo], &["multipart/mixed", "text/plain", "image/png"]),
    ];
    for (text, html, attachments, expected) in rows {
        let mut draft = draft();
        draft.text = text.map(str::to_owned);
        draft.html = html.map(str::to_owned);
        draft.attachments = attachments;
        assert_eq!(structure(&written(&draft)), expected, "{text:?} {html:?}");
    }
}

#[test]
fn text_is_made_from_html_when_missing() {
    let mut draft = draft();
    draft.text = Some("  \n".to_owned());
    draft.html = Some("<p>Hello <b>Ann</b></p><p>Bye</p>".to_owned());
    let message = compose(&draft).expect("the draft is right");
    let message = MessageParser::new().parse(&message).expect("it is read");
    let text = message.body_text(0).expect("there is a text");
    assert!(text.contains("Hello") && text.contains("Bye") && !text.contains('<'), "{text}");
}

#[test]
fn no_field_can_carry_a_line_end_or_nul() {
    for bad in ["x\r\nBcc: evil@example.net", "x\nBcc: y", "x\rBcc: y", "x\0", "x\r\n", "\n x"] {
        let set: [(&str, fn(&mut Draft, String)); 14] = [
            ("from", |draft, bad| draft.from.name = Some(bad)),
            ("from", |draft, bad| draft.from.address = format!("a@example.org{bad}")),
            ("to/0", |draft, bad| draft.to[0].name = Some(bad)),
            ("to/0", |draft, bad| draft.to[0].address = format!("{bad}@example.org")),
            ("cc/0", |draft, bad| draft.cc = vec![mailbox(Some(&bad), "a@example.org")]),
            ("replyTo/0", |draft, bad| draft.reply_to = vec![mailbox(Some(&bad), "a@example.org")]),
            ("subject", |draft, bad| draft.subject = bad),
            ("messageId", |draft, bad| draft.message_id = bad),
            ("inReplyTo", |draft, bad| draft.in_reply_to = Some(bad)),
            ("references/1", |draft, bad| draft.references = vec!["a@b".into(), bad]),
            ("headers/X-Foo", |draft, bad| draft.headers = vec![("X-Foo".into(), bad)]),
            ("attachments/0/filename", |draft, bad| draft.attachments = vec![file(&bad, "text/csv", b"")]),
            ("attachments/0/contentType", |draft, bad| {
                draft.attachments = vec![file("a", &format!("text/csv{bad}"), b"")]
            }),
            ("attachments/0/contentId", |draft, bad| {
                draft.attachments = vec![DraftAttachment { content_id: Some(bad), ..file("a", "image/png", b"") }];
            }),
        ];
        for (pointer, change) in set {
            let mut draft = draft();
            change(&mut draft, bad.to_owned());
            assert_eq!(pointers(&draft), [pointer], "{bad:?}");
        }
        let mut draft = draft();
        draft.headers = vec![(format!("X-{bad}"), "x".into())];
        assert_eq!(pointers(&draft).len(), 1, "{bad:?}");
    }
}

#[test]
fn headers_of_ours_cannot_be_set_by_callers() {
    let names = [
        "From",
        "to",
        "CC",
        "Bcc",
        "Sender",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Reply-To",
        "Return-Path",
        "Received",
        "DKIM-Signature",
        "MIME-Version",
        "Content-Type",
        "content-transfer-encoding",
        "",
        "X Y",
        "X:Y",
        "X-Ü",
        "X\tY",
    ];
    for name in names {
        let mut draft = draft();
        draft.headers = vec![(name.to_owned(), "x".to_owned())];
        assert_eq!(pointers(&draft).len(), 1, "{name}");
    }
    let mut draft = draft();
    draft.headers = vec![("a/b~c".to_owned(), "x\n".to_owned())];
    assert_eq!(pointers(&draft), ["headers/a~1b~0c"]);
}

#[test]
fn callers_headers_are_kept_as_they_are() {
    let long = format!("<https://example.org/u/{}>", "a".repeat(300));
    let mut draft = draft();
    // A line may be folded at two spaces, where readers disagree on how many are left.
    let spaced = "?=A  0A aA0aAaa00  aa a Aa  %C3%BC!a!aA0aa0a000AAAA!!000Aa0!0a!0A!AaA0aA";
    draft.headers = vec![
        ("List-Unsubscribe".into(), long.clone()),
        ("X-Ticket".into(), "Größe".into()),
        ("X-Own".into(), spaced.into()),
    ];
    let message = written(&draft);
    assert_eq!(mail::parse(message.as_bytes()).header("x-own"), Some(spaced), "{message}");
    assert!(message.contains(&long), "{message}");
    assert!(message.contains("X-Ticket: =?utf-8?"), "{message}");
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let mut draft = draft();
    draft.from.address = "nobody".into();
    draft.to.push(mailbox(None, "x@"));
    draft.attachments = vec![file("a", "nothing", b""), file("b", "multipart/mixed", b"")];
    assert_eq!(pointers(&draft), ["from", "to/1", "attachments/0/contentType", "attachments/1/contentType"]);
}

#[test]
fn internationalised_addresses_need_smtputf8_only_when_they_must() {
    let mut draft = draft();
    draft.to = vec![mailbox(Some("Jürgen"), "j@müller.example")];
    let message = written(&draft);
    assert!(message.contains("<j@xn--mller-kva.example>"), "{message}");
    assert!(!needs_smtputf8(message.as_bytes()));
    draft.to = vec![mailbox(None, "用户@例え.jp")];
    let message = written(&draft);
    assert!(message.contains("<用户@例え.jp>"), "{message}");
    assert!(needs_smtputf8(message.as_bytes()));
}

#[test]
fn references_keep_the_first_and_the_last() {
    let mut draft = draft();
    draft.references = (0..500).map(|at| format!("<{at}@example.org>")).collect();
    draft.in_reply_to = Some("499@example.org".into());
    let message = written(&draft);
    let parsed = MessageParser::new().parse(message.as_bytes()).expect("it is read");
    let ids: Vec<&str> = parsed.references().expect("there are several").iter().collect();
    assert_eq!(ids.len(), 30);
    assert_eq!(ids.first().copied(), Some("0@example.org"));
    assert_eq!(ids.last().copied(), Some("499@example.org"));
    assert_eq!(parsed.in_reply_to().and_then(|ids| ids.first()), Some("499@example.org"));
}

#[test]
fn an_answer_refers_to_its_parent_even_if_the_references_do_not() {
    let mut draft = draft();
    draft.in_reply_to = Some("<parent@example.org>".into());
    assert!(written(&draft).contains("References: <parent@example.org>\r\n"));
}

#[test]
fn an_encoded_word_in_a_name_or_subject_is_shown_as_it_was_typed() {
    let text = "=?utf-8?Q?hi?= and =?x";
    let mut draft = draft();
    draft.subject = text.into();
    draft.from.name = Some(text.into());
    let message = compose(&draft).expect("the draft is right");
    let parsed = MessageParser::new().parse(&message).expect("it is read");
    assert_eq!(parsed.subject(), Some(text));
    assert_eq!(parsed.from().and_then(|from| from.first()).and_then(|from| from.name()), Some(text));
}

#[test]
fn blind_recipients_alone_leave_a_readable_to() {
    let mut draft = draft();
    draft.to.clear();
    assert!(written(&draft).contains("To: undisclosed-recipients:;\r\n"));
}

#[test]
fn attached_messages_are_not_encoded() {
    let mut draft = draft();
    draft.attachments = vec![file("a.eml", "message/rfc822", b"Subject: x\n\nbody\n")];
    let message = written(&draft);
    assert!(message.contains("Content-Transfer-Encoding: 7bit\r\n\r\nSubject: x\r\n\r\nbody\r\n"), "{message}");
    // What can't be carried unencoded is a file like any other.
    draft.attachments = vec![file("a.eml", "message/rfc822", b"Subject: \xff\n\nbody\n")];
    assert!(written(&draft).contains("Content-Type: application/octet-stream\r\n"));
}

#[test]
fn content_that_holds_the_boundary_gets_another() {
    let mut draft = draft();
    draft.html = Some("<p>x".into());
    let first = written(&draft);
    let at = first.find("boundary=\"").expect("there is a boundary") + 10;
    let boundary = first[at..].split('"').next().expect("it ends").to_owned();
    draft.text = Some(format!("--{boundary}\n"));
    let second = written(&draft);
    assert!(!second.contains(&format!("boundary=\"{boundary}\"")), "{second}");
    let parsed = MessageParser::new().parse(second.as_bytes()).expect("it is read");
    assert_eq!(parsed.body_text(0).as_deref().map(str::trim), Some(format!("--{boundary}").as_str()));
}

#[test]
fn more_than_a_mail_may_hold_is_refused() {
    let mut draft = draft();
    draft.attachments = vec![file("a", "application/octet-stream", &vec![0; 40 * 1024 * 1024])];
    assert_eq!(pointers(&draft), ["attachments"]);
}

#[test]
fn addresses_no_standard_allows_are_refused() {
    let Ok(corpus) =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/addresses.jsonl"))
    else {
        eprintln!("skipped: the corpus of addresses is not here");
        return;
    };
    let mut wrong = Vec::new();
    for line in corpus.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON lines");
        let address = row["address"].as_str().unwrap_or_default();
        let accepted = mail::compose::normalize_address(address).is_ok();
        let category = row["category"].as_str().unwrap_or_default();
        if accepted == (category == "ISEMAIL_ERR") && matches!(category, "ISEMAIL_ERR" | "ISEMAIL_VALID_CATEGORY") {
            wrong.push((address.to_owned(), category.to_owned()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,120}", "\\PC{0,60}", "([a-z]{1,12} ){0,18}[a-z]", "[äöü€ 漢字a-c=?_\"\\\\<>,;:()@.]{0,80}",]
        .prop_map(|text| text.trim().to_owned())
}

fn address() -> impl Strategy<Value = String> {
    "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9-]{1,10}){0,2}@[a-z0-9]{1,20}(\\.[a-z]{2,10}){0,3}"
}

fn attachments() -> impl Strategy<Value = Vec<DraftAttachment>> {
    let types =
        prop::sample::select(vec!["text/csv", "application/pdf", "image/png", "text/plain; charset=iso-8859-1"]);
    let one = (words(), types, prop::collection::vec(any::<u8>(), 0..130), any::<bool>());
    prop::collection::vec(one, 0..4).prop_map(|files| {
        let files = files.into_iter().enumerate();
        files
            .map(|(at, (name, content_type, data, related))| DraftAttachment {
                filename: format!("{name}.x"),
                content_type: content_type.to_owned(),
                content_id: related.then(|| format!("part{at}")),
                inline: related,
                data,
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_composed_is_what_is_read(
        subject in words(),
        name in words(),
        from in address(),
        to in prop::collection::vec((words(), address()), 1..5),
        text in "(\\PC{0,100}(\r\n|\n)){0,20}",
        html in prop::option::of("<p>[a-z <>&;äöü=\r\n]{0,200}</p>"),
        value in words(),
        attachments in attachments(),
        boundary_seed in any::<u64>(),
    ) {
        let draft = Draft {
            from: mailbox(Some(&name), &from),
            to: to.iter().map(|(name, address)| mailbox(Some(name), address)).collect(),
            subject: subject.clone(), text: Some(text.clone()), html: html.clone(), attachments: attachments.clone(),
            headers: vec![("X-Own".into(), value)], boundary_seed, ..draft()
        };
        let message = compose(&draft).expect("the draft is right");
        assert_well_formed(&message);
        let parsed = MessageParser::new().parse(&message).expect("it is read");
        prop_assert_eq!(parsed.subject().unwrap_or_default(), subject.as_str());
        let first = parsed.from().and_then(|from| from.first()).expect("there is a sender");
        prop_assert_eq!(first.name().unwrap_or_default(), name.as_str());
        prop_assert_eq!(first.address().unwrap_or_default(), from.as_str());
        let read: Vec<_> = parsed.to().expect("there are recipients").mailboxes()
            .map(|to| (to.name().unwrap_or_default().to_owned(), to.address().unwrap_or_default().to_owned())).collect();
        prop_assert_eq!(read, to);
        if !text.trim().is_empty() {
            let canonical = text.replace("\r\n", "\n").replace('\n', "\r\n").replace('\0', "");
            let read = parsed.body_text(0).expect("there is a text");
            prop_assert_eq!(read.trim_end(), canonical.trim_end());
        }
        let read: Vec<_> = parsed.parts().filter(|part| part.content_disposition().is_some()).map(|part| part.decoded().into_owned()).collect();
        let mut wanted: Vec<_> = attachments.iter().map(|file| file.data.clone()).collect();
        let mut read_sorted = read.clone();
        wanted.sort();
        read_sorted.sort();
        prop_assert_eq!(read_sorted, wanted);
        let mut names: Vec<_> = parsed.parts().filter_map(|part| part.attachment_name().map(str::to_owned)).collect();
        let mut wanted: Vec<_> = attachments.iter().map(|file| file.filename.clone()).collect();
        names.sort();
        wanted.sort();
        prop_assert_eq!(names, wanted);
    }

    #[test]
    fn no_text_whatever_adds_a_header_field(bad in any::<String>(), also in "(\r|\n|\0|:|[A-Za-z]|<|>|@|,|;|\"|=|\\?){0,30}") {
        for bad in [bad, also] {
            let mut draft = draft();
            draft.subject = bad.clone();
            draft.from.name = Some(bad.clone());
            draft.headers = vec![("X-Own".into(), bad.clone())];
            draft.references = vec![bad.clone()];
            draft.attachments = vec![file(&bad, "text/plain", bad.as_bytes())];
            draft.text = Some(bad.clone());
            if let Ok(message) = compose(&draft) {
                assert_well_formed(&message);
                let parsed = MessageParser::new().parse(&message).expect("it is read");
                let mut names: Vec<_> = parsed.headers().iter().map(|header| header.name().to_string()).collect();
                names.retain(|name| name != "References");
                let wanted = ["Date", "From", "To", "Subject", "Message-ID", "X-Own", "MIME-Version", "Content-Type"];
                prop_assert_eq!(names, wanted);
            }
        }
    }

    #[test]
    fn reading_an_address_never_panics_and_is_stable(text in any::<String>(), near in "[a-z <>\"@.,\\\\ü\\[\\]:0-9-]{0,40}") {
        for text in [text, near] {
            if let Ok(read) = mail::compose::parse_mailbox(&text) {
                let again = mail::compose::normalize_address(&read.address);
                prop_assert_eq!(again, Ok(read.address));
            }
        }
    }
}
