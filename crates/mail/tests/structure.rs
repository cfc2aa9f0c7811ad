//! Mails as programs break them: every part is found, every byte is shown, listed, or said to be in the raw message only.

#![expect(clippy::indexing_slicing, reason = "a test may fail loudly")]

use postroom_mail::{ParsedMail, attachment_bytes, parse};

const MIXED: &str = "Content-Type: multipart/mixed; boundary=b\n\n";
const FILE: &str = "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n";

/// Lines to a mail with CRLF line ends.
fn mail(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn text(parsed: &ParsedMail) -> &str {
    parsed.text.as_deref().unwrap_or_default().trim_end()
}

#[test]
fn a_text_and_a_file_are_found_behind_whatever_boundaries() {
    let rows = [
        ("no closing delimiter", format!("{MIXED}--b\n\nhello\n--b\n{FILE}")),
        ("white space behind delimiters", format!("{MIXED}--b \t\n\nhello\n--b  \n{FILE}--b-- \n")),
        (
            "a boundary that should be in quotes",
            format!(
                "Content-Type: multipart/mixed; boundary=--=_Part_1/2:3\n\n----=_Part_1/2:3\n\nhello\n----=_Part_1/2:3\n{FILE}----=_Part_1/2:3--\n"
            ),
        ),
        (
            "a boundary with white space at its end, which a relay cut off",
            format!("Content-Type: multipart/mixed; boundary=\"b \"\n\n--b\n\nhello\n--b\n{FILE}--b--\n"),
        ),
        (
            "an inner boundary that begins like the outer one",
            format!(
                "{MIXED}--b\nContent-Type: multipart/alternative; boundary=b-1\n\n--b-1\n\nhello\n--b-1--\n--b\n{FILE}--b--\n"
            ),
        ),
        (
            "an outer boundary that begins like the inner one",
            format!(
                "Content-Type: multipart/mixed; boundary=b-1\n\n--b-1\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nhello\n--b--\n--b-1\n{FILE}--b-1--\n"
            ),
        ),
        (
            "one boundary for both",
            format!(
                "{MIXED}--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nhello\n--b--\n--b\n{FILE}--b--\n"
            ),
        ),
        (
            "an inner multipart without an end",
            format!("{MIXED}--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nhello\n--b\n{FILE}--b--\n"),
        ),
        (
            "another boundary than is declared",
            format!(
                "Content-Type: multipart/mixed; boundary=z\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n{FILE}--b--\n"
            ),
        ),
        (
            "no boundary declared",
            format!("Content-Type: multipart/mixed\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n{FILE}--b--\n"),
        ),
        ("a closing delimiter between parts", format!("{MIXED}--b\n\nhello\n--b--\n--b\n{FILE}--b--\n")),
        ("no line break before a delimiter", format!("{MIXED}--b\n\nhello--b\n{FILE}--b--\n")),
        ("no line break before the end", format!("{MIXED}--b\n\nhello\n--b\n{}--b--", FILE.trim_end())),
        ("no empty line behind a delimiter", format!("{MIXED}--b\nhello\n--b\n{FILE}--b--\n")),
        ("no empty line before the data", format!("{MIXED}--b\n\nhello\n--b\n{}--b--\n", FILE.replace("\n\n", "\n"))),
        (
            "two Content-Types",
            format!(
                "Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain\n\n--b\n\nhello\n--b\n{FILE}--b--\n"
            ),
        ),
        (
            "a subtype nobody knows",
            format!("Content-Type: multipart/x-new; boundary=b\n\n--b\n\nhello\n--b\n{FILE}--b--\n"),
        ),
        ("no subtype", format!("Content-Type: multipart; boundary=b\n\n--b\n\nhello\n--b\n{FILE}--b--\n")),
        (
            "a space in the empty line",
            format!("Content-Type: multipart/mixed; boundary=b\n \n--b\n\nhello\n--b\n{FILE}--b--\n"),
        ),
        (
            "a line before the head",
            format!("From a@example.org Mon Jan  5 10:12:00 2026\n{MIXED}--b\n\nhello\n--b\n{FILE}--b--\n"),
        ),
    ];
    for (name, lines) in rows {
        for (ends, raw) in
            [("CRLF", mail(&lines)), ("LF", lines.clone().into_bytes()), ("CR", lines.replace('\n', "\r").into_bytes())]
        {
            let parsed = parse(&raw);
            assert_eq!(text(&parsed), "hello", "{name}, {ends}");
            assert_eq!(parsed.attachments.len(), 1, "{name}, {ends}");
            assert_eq!(parsed.attachments[0].filename.as_deref(), Some("a.pdf"), "{name}, {ends}");
            assert_eq!(
                attachment_bytes(&raw, parsed.attachments[0].part).as_deref(),
                Some(&b"Hello"[..]),
                "{name}, {ends}"
            );
            assert!(parsed.limits.is_empty(), "{name}, {ends}: {:?}", parsed.limits);
        }
    }
}

#[test]
fn lines_like_a_boundary_are_text() {
    for line in [" --b", "--bc", "-- b", "x --b", "--B", "> --b\n> Content-Type: text/plain", "--b-1"] {
        let raw = mail(&format!("{MIXED}--b\n\none\n{line}\ntwo\n--b--\n"));
        assert_eq!(text(&parse(&raw)), format!("one\n{line}\ntwo"));
    }
}

#[test]
fn heads_are_read_whatever_is_in_them() {
    for (name, raw, subject, body) in [
        ("no empty line", "Subject: s\nhello there\nmore\n", "s", "hello there\nmore"),
        ("an empty line too late", "Subject: s\nhello there\n\nmore\n", "s", "hello there\n\nmore"),
        ("a space in the empty line", "Subject: s\n \nHello: you\nthere\n\nmore\n", "s\nHello: you", "there\n\nmore"),
        ("a space in the empty line before text", "Subject: s\n \nHello you\n\nmore\n", "s", "Hello you\n\nmore"),
        ("a line of spaces within a field", "Subject: s\n \n t\n\nbody\n", "s t", "body"),
        ("white space before the colon", "Subject\t : s\n\nbody\n", "s", "body"),
        ("no white space behind it", "Subject:s\n\nbody\n", "s", "body"),
        ("a byte order mark", "\u{feff}Subject: s\n\nbody\n", "s", "body"),
        ("only a head", "Subject: s\n", "s", ""),
        ("only text", "hello there\n", "", "hello there"),
        ("nothing", "", "", ""),
    ] {
        let parsed = parse(&mail(raw));
        assert_eq!(parsed.subject, subject.split('\n').next().unwrap_or_default(), "{name}");
        assert_eq!(text(&parsed), body, "{name}");
    }
}

#[test]
fn what_is_left_out_is_said() {
    let rows = [
        (
            "a line that is no field",
            "Subject: s\nno field at all\nTo: a@example.org\n\nbody\n".to_owned(),
            "no field at all",
        ),
        ("text before the parts", format!("{MIXED}Important!\n--b\n\nhello\n--b--\n"), "10 bytes"),
        ("text behind the parts", format!("{MIXED}--b\n\nhello\n--b--\nfooter\n"), "6 bytes"),
    ];
    for (name, raw, said) in rows {
        let limits = parse(&mail(&raw)).limits;
        assert_eq!(limits.len(), 1, "{name}: {limits:?}");
        assert!(limits[0].contains(said), "{name}: {limits:?}");
    }
    // What is there for readers without MIME is no loss.
    let raw = mail(&format!("{MIXED}This is a multi-part message in MIME format.\n--b\n\nhello\n--b--\n\n"));
    assert!(parse(&raw).limits.is_empty());
    // A multipart that is closed before it begins has nothing but what stands before.
    let raw = mail(&format!("{MIXED}all there is\n--b--\n"));
    assert_eq!(text(&parse(&raw)), "all there is");
}

#[test]
fn the_first_of_two_fields_counts() {
    let parsed =
        parse(&mail("Subject: one\nSubject: two\nContent-Type: text/html\nContent-Type: text/plain\n\n<p>hello</p>\n"));
    assert_eq!((parsed.subject.as_str(), parsed.text.as_deref()), ("one", None));
    assert!(parsed.html.is_some());
}

#[test]
fn containers_of_every_kind_are_opened_or_kept() {
    let files = |raw: &str| -> Vec<String> {
        let raw = mail(raw);
        let parsed = parse(&raw);
        let described = |file: &postroom_mail::ParsedAttachment| {
            format!("{} {} {}", file.filename.as_deref().unwrap_or("-"), file.content_type, file.size)
        };
        std::iter::once(text(&parsed).to_owned()).chain(parsed.attachments.iter().map(described)).collect()
    };
    let digest = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n--b\nContent-Type: text/plain\n\nhello\n--b--\n";
    assert_eq!(files(digest), ["hello", "- message/rfc822 17"]);
    let external = format!(
        "{MIXED}--b\n\nhello\n--b\nContent-Type: message/external-body; access-type=URL;\n URL=\"https://example.org/a.pdf\"\n\nContent-Type: application/pdf\n\n--b--\n"
    );
    assert_eq!(files(&external), ["hello", "- message/external-body 31"]);
    let partial = "Content-Type: message/partial; id=\"x@example.org\"; number=2; total=3\n\nthe second piece\n";
    assert_eq!(files(partial), ["", "- message/partial 18"]);
    let double = format!(
        "{MIXED}--b\n\nhello\n--b\nContent-Type: multipart/appledouble; boundary=c\n\n--c\nContent-Type: application/applefile; name=\"%a.pdf\"\n\nforks\n--c\n{FILE}--c--\n--b--\n"
    );
    assert_eq!(files(&double), ["hello", "%a.pdf application/applefile 5", "a.pdf application/pdf 5"]);
    let yenc = "Subject: x\n\n=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3\n";
    assert_eq!(files(yenc), ["=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3"]);
}

#[test]
fn a_signature_over_the_mail_is_no_file() {
    for kind in ["application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"] {
        let raw = mail(&format!(
            "Content-Type: multipart/signed; boundary=b; protocol=\"{kind}\"\n\n--b\n\nhello\n--b\nContent-Type: {kind}; name=signature\n\nx\n--b--\n"
        ));
        let parsed = parse(&raw);
        assert_eq!((text(&parsed), parsed.signed_with.as_deref()), ("hello", Some(kind)));
        assert!(parsed.attachments.is_empty());
    }
    // One that is sent along is.
    let raw =
        mail(&format!("{MIXED}--b\n\nhello\n--b\nContent-Type: application/pgp-signature; name=a.sig\n\nx\n--b--\n"));
    let parsed = parse(&raw);
    assert_eq!((parsed.attachments.len(), parsed.signed_with), (1, None));
}

#[test]
fn the_root_of_related_parts_is_the_body_wherever_it_stands() {
    let image = "Content-Type: image/png\nContent-ID: <i@example.org>\n\nx\n";
    let html = "Content-Type: text/html\nContent-ID: <root@example.org>\n\n<img src=\"cid:i@example.org\">\n";
    for (parameter, first, second) in [("", html, image), ("; start=\"<root@example.org>\"", image, html)] {
        let raw = mail(&format!(
            "Content-Type: multipart/related; boundary=b{parameter}\n\n--b\n{first}--b\n{second}--b--\n"
        ));
        let parsed = parse(&raw);
        assert!(parsed.html.is_some());
        assert_eq!(parsed.attachments.iter().map(|file| file.content_type.as_str()).collect::<Vec<_>>(), ["image/png"]);
    }
}

#[test]
fn types_are_known_by_careless_spellings() {
    for (kind, html) in [
        ("html", true),
        ("text / html; charset=utf-8", true),
        ("TEXT/HTML", true),
        ("plain", false),
        ("text", false),
        ("", false),
    ] {
        let parsed = parse(&mail(&format!("Content-Type: {kind}\n\nhello\n")));
        assert_eq!((parsed.html.is_some(), parsed.text.is_some()), (html, !html), "{kind}");
    }
}

#[test]
fn a_page_without_a_label_is_read_as_it_says() {
    for meta in ["<meta charset=koi8-r>", "<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=KOI8-R'>"] {
        let raw =
            [b"Content-Type: text/html\r\n\r\n<html><head>", meta.as_bytes(), b"</head><p>\xf0\xd2\xc9</p>"].concat();
        assert!(parse(&raw).html.is_some_and(|html| html.contains("<p>При</p>")), "{meta}");
    }
}

#[test]
fn rich_and_enriched_bodies_are_text() {
    for (kind, body, said) in [
        ("text/enriched", "<bold>Hello</bold>\nthere\n\nyou\n", "Hello there\nyou"),
        ("text/richtext", "<bold>Hello</bold><nl>there\n", "Hello\nthere"),
        ("application/rtf", "{\\rtf1\\ansi Hello\\par there}\n", "Hello\nthere"),
        ("text/rtf", "{\\rtf1\\ansi Hello\\par there}\n", "Hello\nthere"),
    ] {
        assert_eq!(text(&parse(&mail(&format!("Content-Type: {kind}\n\n{body}")))), said, "{kind}");
    }
}
