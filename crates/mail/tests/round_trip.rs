//! What goes into a mail comes out of it: composed mails read back, and MIME trees of any shape taken apart again.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use model::message::Disposition;
use postroom_mail as mail;
use postroom_mail::Mailbox;
use postroom_mail::compose::{Draft, DraftAttachment, compose, normalize_address};
use proptest::prelude::*;

/// Text of one line in any script, and such as looks like what a mail is made of.
fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,40}",
        4 => "\\PC{0,30}",
        2 => any::<String>(),
        1 => prop::sample::select(vec![
            "=?utf-8?Q?=C3=BC?=", "=?", "?=", "=?utf-8?B?", "<a@b.example>", "\"", "\\", "(x)", ", ", "; ", ":", "%C3%BC", "''",
            "  ", "\u{2028}", "é", "e\u{301}", "👩‍👩‍👧", "نص", "日本語テキスト", "=20", "_", "@", "[x]", "mailto:",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6)
        .prop_map(|pieces| pieces.concat().chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned())
}

fn address() -> impl Strategy<Value = String> {
    let local = prop_oneof![
        4 => "[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\\.[a-z0-9-]{1,10}){0,2}",
        1 => "\"[a-z @,;:<>()]{1,20}\"",
        1 => "[a-zäöü漢]{1,10}",
    ];
    let domain = prop_oneof![4 => "[a-z0-9]{1,20}(\\.[a-z]{2,10}){1,3}", 1 => Just("[192.0.2.1]".to_owned()), 1 => Just("[IPv6:2001:db8::1]".to_owned()), 1 => Just("bücher.example".to_owned())];
    (local, domain)
        .prop_map(|(local, domain)| format!("{local}@{domain}"))
        .prop_filter_map("an address mail can be sent to", |address| normalize_address(&address).ok())
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    (prop::option::of(line()), address())
        .prop_map(|(name, address)| Mailbox { name: name.filter(|name| !name.is_empty()), address })
}

fn body() -> impl Strategy<Value = String> {
    prop_oneof![
        "(\\PC{0,80}\n){0,20}",
        "([ -~]{0,120}(\r\n|\n)){0,20}",
        "(-- ?\n|--x\n|From x\n|\\.\n|=3D\n|>|a | \n){0,20}",
        "x{0,3000}"
    ]
}

fn file() -> impl Strategy<Value = DraftAttachment> {
    let types = prop::sample::select(vec![
        "text/csv",
        "text/plain",
        "text/html; charset=iso-8859-1",
        "application/pdf",
        "image/png",
        "application/octet-stream",
        "text/calendar; method=REQUEST",
        "application/ms-tnef",
        "application/x-long.type+xml; a=\"b; c\"",
    ]);
    (line(), types, prop::collection::vec(any::<u8>(), 0..200), any::<bool>()).prop_map(
        |(name, content_type, data, inline)| {
            DraftAttachment {
                // 255 characters are the most a name may have.
                filename: format!("{}.x", name.chars().take(250).collect::<String>()),
                content_type: content_type.to_owned(),
                content_id: inline.then(String::new),
                inline,
                data,
            }
        },
    )
}

fn draft() -> impl Strategy<Value = Draft> {
    let people = || prop::collection::vec(mailbox(), 0..4);
    let ids = prop::collection::vec("[a-zA-Z0-9.+$=/_-]{1,60}@[a-z0-9.-]{1,40}", 1..12);
    let texts = (body(), prop::option::of("<p>(\\PC{0,80}\n){0,6}</p>"), prop::collection::vec(file(), 0..4));
    ((mailbox(), people(), people(), people()), (line(), 0..4_000_000_000_i64, ids, line()), texts, any::<u64>())
        .prop_map(
            |((from, reply_to, to, cc), (subject, seconds, ids, value), (text, html, mut files), boundary_seed)| {
                for (at, file) in files.iter_mut().enumerate() {
                    file.content_id = file.content_id.take().map(|_| format!("part{at}@mail.example"));
                }
                Draft {
                    from,
                    reply_to,
                    to,
                    cc,
                    subject: subject.chars().take(990).collect::<String>().trim().to_owned(),
                    date: Timestamp::from_seconds(seconds),
                    message_id: "one@mail.example".to_owned(),
                    in_reply_to: ids.last().cloned(),
                    references: ids,
                    text: Some(text),
                    html,
                    attachments: files,
                    headers: vec![("X-Own".to_owned(), value.replace("=?", ""))],
                    boundary_seed,
                }
            },
        )
}

/// As it is written on lines of one kind, without what no mail keeps.
fn canonical(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "").trim_end().to_owned()
}

/// Reads a composed message and compares it with what it was made of.
fn assert_same(draft: &Draft, message: &[u8]) -> Result<(), TestCaseError> {
    let read = mail::parse(message);
    prop_assert_eq!(&read.subject, &draft.subject);
    prop_assert_eq!(&read.from, &vec![draft.from.clone()]);
    prop_assert_eq!((&read.reply_to, &read.to, &read.cc), (&draft.reply_to, &draft.to, &draft.cc));
    prop_assert_eq!(read.date, Some(draft.date));
    prop_assert_eq!(read.message_id.as_deref(), Some(draft.message_id.as_str()));
    prop_assert_eq!(read.in_reply_to.first(), draft.in_reply_to.as_ref());
    prop_assert_eq!(read.references.last(), draft.in_reply_to.as_ref());
    prop_assert_eq!(read.header("x-own"), draft.headers.first().map(|(_, value)| value.trim()));
    let text = draft.text.as_deref().unwrap_or_default();
    if !text.trim().is_empty() {
        prop_assert_eq!(read.text.as_deref().map(canonical), Some(canonical(text)));
    }
    if let Some(html) = &draft.html {
        prop_assert_eq!(read.html.as_deref().map(canonical), Some(canonical(html)));
    }
    let key = |name: &str, kind: &str, id: Option<&str>, data: &[u8]| {
        (name.to_owned(), kind.split(';').next().unwrap_or_default().to_owned(), id.map(str::to_owned), data.to_vec())
    };
    let mut sent: Vec<_> = draft
        .attachments
        .iter()
        .map(|file| key(file.filename.trim(), &file.content_type, file.content_id.as_deref(), &file.data))
        .collect();
    let mut found: Vec<_> = read
        .attachments
        .iter()
        .map(|file| {
            let data = mail::attachment_bytes(message, file.part).unwrap();
            key(file.filename.as_deref().unwrap_or_default(), &file.content_type, file.content_id.as_deref(), &data)
        })
        .collect();
    sent.sort();
    found.sort();
    prop_assert_eq!(found, sent);
    prop_assert!(read.limits.is_empty(), "{:?}", read.limits);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_composed_mail_is_read_as_it_was_meant(draft in draft()) {
        let message = compose(&draft).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?;
        assert_same(&draft, &message)?;
    }

    #[test]
    fn a_mail_within_mails_comes_back_byte_for_byte(drafts in prop::collection::vec(draft(), 1..5)) {
        let mut drafts = drafts;
        let mut inner: Option<Vec<u8>> = None;
        for draft in &mut drafts {
            // Only what needs no 8-bit head can go as message/rfc822.
            if let Some(message) = inner.take() {
                let kind = if message.is_ascii() { "message/rfc822" } else { "application/octet-stream" };
                draft.attachments.push(DraftAttachment {
                    filename: "forwarded.eml".to_owned(),
                    content_type: kind.to_owned(),
                    data: message,
                    ..DraftAttachment::default()
                });
            }
            inner = Some(compose(draft).map_err(|errors| TestCaseError::fail(format!("{errors:?}")))?);
        }
        let mut message = inner.unwrap();
        for draft in drafts.iter().rev() {
            assert_same(draft, &message)?;
            let read = mail::parse(&message);
            let Some(file) = read.attachments.iter().find(|file| file.filename.as_deref() == Some("forwarded.eml")) else { break };
            message = mail::attachment_bytes(&message, file.part).unwrap();
        }
    }
}

/// A part as some program writes it.
#[derive(Debug, Clone)]
enum Part {
    File { data: Vec<u8>, encoding: &'static str },
    Multipart { subtype: &'static str, parts: Vec<Part>, preamble: bool, closed: bool },
}

fn part() -> impl Strategy<Value = Part> {
    let encoding = prop::sample::select(vec!["base64", "quoted-printable", "x-uuencode", "8bit"]);
    let file = (prop::collection::vec(any::<u8>(), 0..100), encoding)
        .prop_map(|(data, encoding)| Part::File { data, encoding });
    file.prop_recursive(6, 24, 4, |inner| {
        let subtype = prop::sample::select(vec!["mixed", "related", "parallel", "x-unknown"]);
        (subtype, prop::collection::vec(inner, 1..4), any::<bool>(), any::<bool>())
            .prop_map(|(subtype, parts, preamble, closed)| Part::Multipart { subtype, parts, preamble, closed })
    })
}

/// Boundaries begin like those of the multiparts around them, which is where readers get lost.
fn write(part: &Part, boundary: &str, end: &str, out: &mut Vec<u8>, files: &mut Vec<Vec<u8>>) {
    let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
    match part {
        Part::File { data, encoding } => {
            put(&format!("Content-Type: application/x-file; name=f{}{end}", files.len()));
            put(&format!("Content-Transfer-Encoding: {encoding}{end}{end}"));
            let mut data = data.clone();
            match *encoding {
                "base64" => STANDARD
                    .encode(&data)
                    .as_bytes()
                    .chunks(19)
                    .for_each(|line| put(&format!("{}{end}", String::from_utf8_lossy(line)))),
                "quoted-printable" => {
                    for bytes in data.chunks(7) {
                        bytes.iter().for_each(|byte| put(&format!("={byte:02X}")));
                        put(&format!("={end}"));
                    }
                    put(end);
                }
                "x-uuencode" => {
                    put(&format!("begin 644 f{end}"));
                    let symbol = |value: u32| match value & 63 {
                        0 => '`'.to_string(),
                        value => char::from(b' ' + value as u8).to_string(),
                    };
                    for bytes in data.chunks(45) {
                        put(&symbol(bytes.len() as u32));
                        for group in bytes.chunks(3) {
                            let at = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
                            let word = at(0) << 16 | at(1) << 8 | at(2);
                            [word >> 18, word >> 12, word >> 6, word].iter().for_each(|value| put(&symbol(*value)));
                        }
                        put(end);
                    }
                    put(&format!("`{end}end{end}"));
                }
                _ => {
                    data.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'-'));
                    out.extend_from_slice(&data);
                    out.extend_from_slice(end.as_bytes());
                }
            }
            files.push(data);
        }
        Part::Multipart { subtype, parts, preamble, closed } => {
            put(&format!("Content-Type: multipart/{subtype};{end}\tboundary=\"{boundary}\"{end}{end}"));
            if *preamble {
                put(&format!("This is a multi-part message in MIME format.{end}"));
            }
            for (index, part) in parts.iter().enumerate() {
                out.extend_from_slice(format!("--{boundary}{end}").as_bytes());
                write(part, &format!("{boundary}{index}"), end, out, files);
            }
            if *closed {
                out.extend_from_slice(format!("--{boundary}--{end}").as_bytes());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_file_of_any_tree_comes_back(part in part(), crlf in any::<bool>(), stem in prop::sample::select(vec!["b", "--", "=_x", "a b", "x'()+_,-./:=?x"])) {
        let end = if crlf { "\r\n" } else { "\n" };
        let (mut raw, mut files) = (b"Subject: tree\n".to_vec(), Vec::new());
        write(&part, stem, end, &mut raw, &mut files);
        let read = mail::parse(&raw);
        let found: Vec<_> = read.attachments.iter().map(|file| mail::attachment_bytes(&raw, file.part).unwrap()).collect();
        // Where nothing closes the last multipart, the last line end is the file's.
        let trimmed = |files: &[Vec<u8>]| files.iter().map(|data| data.trim_ascii_end().to_vec()).collect::<Vec<_>>();
        prop_assert_eq!(trimmed(&found), trimmed(&files));
        prop_assert!(read.attachments.iter().all(|file| file.disposition == Disposition::Attachment));
        prop_assert!(read.limits.is_empty(), "{:?}", read.limits);
    }
}
