//! Whole mails, read as a person would expect: bodies, attachments, names, limits, identity. Never tests the parts alone.

use model::message::Disposition;
use postroom_mail::{ParsedMail, attachment_bytes, fingerprint, parse};

/// Lines to a mail with CRLF line ends.
fn mail(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

fn names(parsed: &ParsedMail) -> Vec<(&str, &str)> {
    parsed
        .attachments
        .iter()
        .map(|attachment| (attachment.filename.as_deref().unwrap_or("-"), attachment.content_type.as_str()))
        .collect()
}

#[test]
fn a_plain_mail_is_its_head_and_text() {
    let parsed = parse(&mail(
        "Message-ID: <one@example.com>\nIn-Reply-To: Your mail of Monday <zero@example.com>\nReferences: <a@example.com>\n <zero@example.com>\n\
         From: =?utf-8?q?Zo=C3=AB?= Example <zoe@example.com>\nTo: team: ann@example.com, \"Bob, the other\" <bob@example.com>;\n\
         Cc: cy@example.com\nDate: Mon, 5 Jan 2026 10:12:00 +0100\nSubject: =?iso-8859-1?q?Tee_f=FCr?=\n =?iso-8859-1?q?_zwei?=\n\nHello\n",
    ));
    assert_eq!(parsed.message_id.as_deref(), Some("one@example.com"));
    assert_eq!(parsed.in_reply_to, ["zero@example.com"]);
    assert_eq!(parsed.references, ["a@example.com", "zero@example.com"]);
    assert_eq!(parsed.from[0].name.as_deref(), Some("Zoë Example"));
    assert_eq!(parsed.from[0].address, "zoe@example.com");
    assert_eq!(
        parsed.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>(),
        ["ann@example.com", "bob@example.com"]
    );
    assert_eq!(parsed.to[1].name.as_deref(), Some("Bob, the other"));
    assert_eq!(parsed.cc.len(), 1);
    assert_eq!(parsed.subject, "Tee für zwei");
    assert_eq!(parsed.date.unwrap().to_string(), "2026-01-05T09:12:00.000Z");
    assert_eq!(parsed.text.as_deref(), Some("Hello\n"));
    assert_eq!(parsed.header("SUBJECT"), Some("Tee für zwei"));
    assert!(parsed.html.is_none() && parsed.attachments.is_empty() && parsed.limits.is_empty());
}

#[test]
fn raw_8_bit_heads_are_read_as_utf_8_or_latin_1() {
    for head in [
        "Subject: Grüße\nFrom: Zoë <z@example.com>\n\nx".as_bytes(),
        b"Subject: Gr\xfc\xdfe\nFrom: Zo\xeb <z@example.com>\n\nx",
    ] {
        let parsed = parse(head);
        assert_eq!((parsed.subject.as_str(), parsed.from[0].name.as_deref()), ("Grüße", Some("Zoë")));
    }
}

#[test]
fn an_attached_message_is_one_closed_attachment() {
    let inner = "From: a@example.com\r\nSubject: inside\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n\r\ninner text\r\n--in\r\n\
        Content-Disposition: attachment; filename=deep.txt\r\n\r\ndeep\r\n--in--";
    let raw = format!(
        "Content-Type: multipart/mixed; boundary=out\r\n\r\n--out\r\n\r\nouter text\r\n--out\r\nContent-Type: message/rfc822; name=\"that.eml\"\r\n\r\n{inner}\r\n\
        --out\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\npdf\r\n--out--\r\n"
    );
    let parsed = parse(raw.as_bytes());
    assert_eq!(parsed.text.as_deref(), Some("outer text"));
    assert_eq!(names(&parsed), [("that.eml", "message/rfc822"), ("a.pdf", "application/pdf")]);
    assert_eq!(attachment_bytes(raw.as_bytes(), parsed.attachments[0].part).unwrap(), inner.as_bytes());
    assert_eq!(parsed.attachments[0].size, inner.len() as u64);
    assert_eq!(attachment_bytes(raw.as_bytes(), parsed.attachments[1].part).unwrap(), b"pdf");
    assert_eq!(attachment_bytes(raw.as_bytes(), 99), None);
}

#[test]
fn images_the_html_shows_are_inline_and_others_are_not() {
    let raw = mail(
        "Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nplain\n--a\nContent-Type: text/html\n\n\
         <p>rich <img src=\"cid:logo%40example\"></p>\n--a--\n--r\nContent-Type: image/png\nContent-ID: <logo@example>\nContent-Disposition: inline; filename=logo.png\n\
         Content-Transfer-Encoding: base64\n\niVBORw==\n--r\nContent-Type: image/png\nContent-ID: <unused@example>\nContent-Disposition: inline; filename=other.png\n\nx\n--r--\n",
    );
    let parsed = parse(&raw);
    assert_eq!(parsed.text.as_deref(), Some("plain"));
    assert!(parsed.html.unwrap().contains("rich"));
    let dispositions: Vec<_> =
        parsed.attachments.iter().map(|a| (a.content_id.as_deref().unwrap(), a.disposition)).collect();
    assert_eq!(dispositions, [("logo@example", Disposition::Inline), ("unused@example", Disposition::Attachment)]);
    assert_eq!(parsed.attachments[0].size, 4);
}

#[test]
fn all_text_parts_are_read_and_named_texts_are_kept() {
    let parsed = parse(&mail(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n--b\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n\nnotes\n--b\n\
         Content-Type: text/plain\n\nfooter of the list\n--b--\n",
    ));
    assert_eq!(parsed.text.as_deref(), Some("first\nfooter of the list"));
    assert_eq!(names(&parsed), [("notes.txt", "text/plain")]);
}

#[test]
fn what_is_said_in_one_form_only_is_in_both_bodies() {
    let parsed = parse(&mail(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nHello there\n--a\nContent-Type: text/html\n\n<b>Hello</b> there\n--a--\n\
         --b\n\nfooter <of> the list\n--b--\n",
    ));
    assert_eq!(parsed.text.as_deref(), Some("Hello there\nfooter <of> the list"));
    let html = parsed.html.unwrap();
    assert!(html.starts_with("<b>Hello</b> there") && html.contains("footer &lt;of&gt; the list"), "{html}");
}

#[test]
fn names_of_any_age_are_decoded() {
    for (disposition, expected) in [
        ("attachment; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ("attachment; filename*0*=iso-8859-1'de'Gr%FC; filename*1=sse.txt", "Grüsse.txt"),
        ("attachment; filename=\"=?utf-8?b?R3LDvMOfZS50eHQ=?=\"", "Grüße.txt"),
        ("attachment; filename=\"Grüße.txt\"", "Grüße.txt"),
        ("attachment; filename=plain.txt", "plain.txt"),
    ] {
        let raw = format!("Content-Type: application/octet-stream\r\nContent-Disposition: {disposition}\r\n\r\nx");
        assert_eq!(names(&parse(raw.as_bytes())), [(expected, "application/octet-stream")], "{disposition}");
    }
    let latin = b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"Gr\xfc\xdfe.txt\"\r\n\r\nx";
    assert_eq!(names(&parse(latin)), [("Grüße.txt", "application/octet-stream")]);
}

#[test]
fn an_invitation_without_text_is_told_in_words() {
    let raw = mail(
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Tea\nDTSTART:20260105T101200Z\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    let parsed = parse(&raw);
    assert_eq!(parsed.text.as_deref(), Some("Tea\nStart: 2026-01-05 10:12 UTC"));
    assert_eq!(names(&parsed), [("-", "text/calendar")]);
}

#[test]
fn files_pasted_into_text_are_attachments() {
    let raw = mail("Subject: x\n\nHere it is:\nbegin 644 cat.txt\n#0V%T\n`\nend\nBye\n");
    let parsed = parse(&raw);
    assert_eq!(parsed.text.as_deref(), Some("Here it is:\nBye\n"));
    assert_eq!(names(&parsed), [("cat.txt", "application/octet-stream")]);
    assert_eq!(attachment_bytes(&raw, parsed.attachments[0].part).unwrap(), b"Cat");
}

#[test]
fn what_outlook_wraps_up_is_listed_and_can_be_fetched() {
    let attribute = |id: u32, data: &[u8]| {
        let mut out = vec![1];
        out.extend(id.to_le_bytes());
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        out.extend([0, 0]);
        out
    };
    let mut tnef = vec![0x78, 0x9f, 0x3e, 0x22, 1, 0];
    for (id, data) in [(0x0006_9002, &[0; 14][..]), (0x0001_8010, b"tea.txt\0"), (0x0006_800f, b"Earl Grey")] {
        tnef.extend(attribute(id, data));
    }
    let mut raw = mail(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the list.\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n",
    );
    raw.extend(&tnef);
    raw.extend(b"\r\n--b--\r\n");
    let parsed = parse(&raw);
    assert_eq!(parsed.text.as_deref(), Some("See the list."));
    assert_eq!(names(&parsed), [("tea.txt", "application/octet-stream")]);
    assert_eq!(attachment_bytes(&raw, parsed.attachments[0].part).unwrap(), b"Earl Grey");
}

#[test]
fn broken_mails_are_shown_as_well_as_can_be() {
    for (raw, text) in [
        (&b""[..], None),
        (b"just words, no head\n", Some("just words, no head\n")),
        (b"\r\n\r\nbody only", Some("body only")),
        (b"   \nSubject: late head\n\nbody", Some("body")),
        (b"From someone Mon Jan  5 10:12:00 2026\nSubject: from an mbox\n\nbody", Some("body")),
        (b"Subject: bare\n\nLF\nonly\n", Some("LF\nonly\n")),
        (b"Subject: x\r\n\r\na\0b\rc", Some("ab\nc")),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", Some("no boundary")),
        (
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8!",
            Some("Hello"),
        ),
    ] {
        let parsed = parse(raw);
        assert_eq!(
            parsed.text.as_deref().map(|text| text.trim_start_matches('\n')),
            text,
            "{}",
            String::from_utf8_lossy(raw)
        );
    }
}

#[test]
fn limits_are_said_in_words() {
    let parts =
        format!("Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b--\r\n", "--b\r\n\r\nx\r\n".repeat(10_001));
    let nested: String = (0..200)
        .map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n"))
        .collect();
    let fields = format!("{}\r\nbody", "X-Field: value\r\n".repeat(5_000));
    for (raw, word) in [(parts, "parts"), (nested, "levels"), (fields, "header fields")] {
        let parsed = parse(raw.as_bytes());
        assert_eq!(parsed.limits.len(), 1, "{:?}", parsed.limits);
        assert!(parsed.limits[0].contains(word), "{:?}", parsed.limits);
    }
}

#[test]
fn one_mail_has_one_fingerprint_however_it_came() {
    let print = |raw: &[u8]| fingerprint(raw, &parse(raw));
    let original = mail(
        "From: a@example.com\nDate: Mon, 5 Jan 2026 10:12:00 +0000\nSubject: Tea\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße\n",
    );
    let text = String::from_utf8(original.clone()).unwrap();
    let relayed = format!("Received: from x by y; Mon, 5 Jan 2026 10:12:01 +0000\r\nDKIM-Signature: v=1\r\n{text}");
    let recoded = text.replace("8bit", "quoted-printable").replace("Grüße", "Gr=C3=BC=C3=9Fe");
    for (same, why) in [
        (relayed.clone(), "trace fields"),
        (text.replace("\r\n", "\n"), "line ends"),
        (recoded, "transfer encoding"),
        (format!("{text}\r\n\r\n"), "empty lines at the end"),
    ] {
        assert_eq!(print(same.as_bytes()), print(&original), "{why}");
    }
    for other in [
        text.replace("Grüße", "Grüsse"),
        text.replace("Tea", "Coffee"),
        text.replace("a@", "b@"),
        text.replace("10:12:00", "10:12:09"),
    ] {
        assert_ne!(print(other.as_bytes()), print(&original), "{other}");
    }
}

#[test]
fn what_lies_beyond_a_limit_still_makes_another_mail() {
    let many = |end: &str| {
        format!(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n{}--b\r\n\r\n{end}\r\n--b--\r\n",
            "--b\r\n\r\nx\r\n".repeat(1_500)
        )
        .into_bytes()
    };
    let (one, other) = (many("one"), many("other"));
    assert_ne!(fingerprint(&one, &parse(&one)), fingerprint(&other, &parse(&other)));
}
