//! Whatever strangers send is read, judged and taken apart: no panic, no time that grows with the square of the size.

use postroom_mail as mail;

/// Everything that reads a raw mail.
fn read(raw: &[u8]) {
    let parsed = mail::parse(raw);
    for attachment in parsed.attachments.iter().take(20) {
        let _ = mail::attachment_bytes(raw, attachment.part);
    }
    let _ = mail::fingerprint(raw, &parsed);
    let _ = mail::classify::classify(raw, &parsed, true);
    let _ = mail::reply::of(&parsed);
    let _ = mail::inspect(raw);
}

#[test]
fn mail_made_to_hurt_is_survived() {
    let many = |line: &str, count: usize| line.repeat(count).into_bytes();
    let body = |body: Vec<u8>| [b"From: a@example.org\r\nSubject: x\r\n\r\n".as_slice(), &body].concat();
    let typed = |content_type: &str, body: Vec<u8>| {
        [format!("From: a@example.org\r\nContent-Type: {content_type}\r\n\r\n").into_bytes(), body].concat()
    };
    let nested = (0..2_000)
        .map(|at| format!("Content-Type: multipart/mixed; boundary=b{at}\r\n\r\n--b{at}\r\n"))
        .collect::<String>();
    let rows = [
        ("quoted lines", body(many("> > > x\r\n", 100_000))),
        ("quote marks", body(many("> ", 400_000))),
        ("header-like lines in the body", body(many("From: a@example.org\r\n", 50_000))),
        ("attributions", body(many("On Mon, 15 Jan 2024 at 10:30, A <a@b.example> wrote:\r\n", 15_000))),
        ("dividers", body(many("-----Original Message-----\r\n", 30_000))),
        ("blank lines", body(many("\r\n", 400_000))),
        ("one long line", body(many("x", 800_000))),
        ("signatures", body(many("-- \r\n", 100_000))),
        ("header fields", [many("From: a@example.org\r\n", 50_000), b"\r\nx".to_vec()].concat()),
        (
            "received fields",
            [many("Received: from a by b; Mon, 15 Jan 2024 10:30:00 +0000\r\n", 15_000), b"\r\nx".to_vec()].concat(),
        ),
        ("one folded field", [b"Subject: ".to_vec(), many("x\r\n ", 200_000), b"\r\n\r\n".to_vec()].concat()),
        ("references", [b"References: ".to_vec(), many("<a@b.example> ", 60_000), b"\r\n\r\n".to_vec()].concat()),
        ("recipients", [b"To: ".to_vec(), many("\"A\" <a@b.example>, ", 40_000), b"\r\n\r\n".to_vec()].concat()),
        ("recipients in groups", [b"To: ".to_vec(), many("g:", 200_000), b"\r\n\r\n".to_vec()].concat()),
        ("comments", [b"From: ".to_vec(), many("(", 400_000), b"\r\n\r\n".to_vec()].concat()),
        ("encoded words", [b"Subject: ".to_vec(), many("=?utf-8?Q?a?= ", 60_000), b"\r\n\r\n".to_vec()].concat()),
        ("parameters", typed(&many_text("a*0=b; ", 60_000), b"x".to_vec())),
        ("nested parts", [b"From: a@example.org\r\n".to_vec(), nested.into_bytes()].concat()),
        ("nested messages", many("Content-Type: message/rfc822\r\n\r\n", 10_000)),
        ("parts", typed("multipart/mixed; boundary=b", many("--b\r\n\r\nx\r\n", 50_000))),
        ("quoted-printable", typed("text/plain\r\nContent-Transfer-Encoding: quoted-printable", many("=", 400_000))),
        ("base64", typed("text/plain\r\nContent-Transfer-Encoding: base64", many("=A", 400_000))),
        ("html", typed("text/html", many("<div><blockquote>", 30_000))),
        ("flowed text", typed("text/plain; format=flowed", many("x \r\n", 200_000))),
        ("uuencoded files", body(many("begin 644 a\r\n", 50_000))),
        ("calendar", typed("text/calendar", many("BEGIN:VEVENT\r\n", 50_000))),
        (
            "delivery report",
            typed(
                "multipart/report; report-type=delivery-status; boundary=b",
                [
                    b"--b\r\nContent-Type: message/delivery-status\r\n\r\n".to_vec(),
                    many("Final-Recipient: rfc822;a@b.example\r\nAction: failed\r\n\r\n", 10_000),
                ]
                .concat(),
            ),
        ),
        ("bytes that are no text", body(vec![0xff; 400_000])),
        ("nothing but NUL", vec![0; 400_000]),
    ];
    for (name, raw) in rows {
        eprintln!("reading {name}");
        read(&raw);
    }
    for subject in ["Re: ", "[x] ", "Re[2]: ", "(", "Fwd:Re:", "回复：", " "] {
        let _ = mail::subject::normalize(&subject.repeat(50_000));
    }
}

fn many_text(text: &str, count: usize) -> String {
    format!("text/plain; {}", text.repeat(count))
}
