//! What servers say, as they say it, and what is read of it.

use proptest::prelude::*;

use super::*;

fn all(bytes: &[u8]) -> Vec<Response> {
    let mut reader = Reader::new(1_000_000);
    reader.push(bytes);
    let mut found = Vec::new();
    while let Some(response) = reader.next_response().unwrap() {
        found.push(response);
    }
    assert!(reader.is_empty());
    found
}

fn atom(text: &str) -> Value {
    text.parse().map_or_else(|_| Value::Atom(text.to_owned()), Value::Number)
}

fn text(text: &str) -> Value {
    Value::Text(Bytes::copy_from_slice(text.as_bytes()))
}

#[test]
fn answers_of_every_kind_are_read() {
    let status = |tag: Option<&str>, condition, code: Option<(&str, &str)>, text: &str| Response::Status {
        tag: tag.map(str::to_owned),
        condition,
        code: code.map(|(name, rest)| (name.to_owned(), rest.to_owned())),
        text: text.to_owned(),
    };
    let data = |number, name: &str, values| Response::Data { number, name: name.to_owned(), values };
    let rows = [
        (
            "* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n",
            status(None, Condition::Ok, Some(("CAPABILITY", "IMAP4rev1 IDLE")), "ready"),
        ),
        (
            "a1 NO [AUTHENTICATIONFAILED] (no) \"luck\r\n",
            status(Some("a1"), Condition::No, Some(("AUTHENTICATIONFAILED", "")), "(no) \"luck"),
        ),
        ("a2 ok done\n", status(Some("a2"), Condition::Ok, None, "done")),
        ("* BYE\r\n", status(None, Condition::Bye, None, "")),
        ("+ idling\r\n", Response::Continue("idling".to_owned())),
        ("+\r\n", Response::Continue(String::new())),
        ("* 23 EXISTS\r\n", data(Some(23), "EXISTS", vec![])),
        ("* SEARCH 1 2 3 \r\n", data(None, "SEARCH", vec![atom("1"), atom("2"), atom("3")])),
        ("* SEARCH\r\n", data(None, "SEARCH", vec![])),
        (
            "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent \\\"x\\\"\"\r\n",
            data(
                None,
                "LIST",
                vec![Value::List(vec![atom("\\HasNoChildren"), atom("\\Sent")]), text("/"), text("Sent \"x\"")],
            ),
        ),
        ("* LIST () NIL {5}\r\nINBOX\r\n", data(None, "LIST", vec![Value::List(vec![]), Value::Nil, text("INBOX")])),
        (
            "* 1 FETCH (UID 7 BODY[] {4}\r\na\r\nb FLAGS (\\Seen))\r\n",
            data(
                Some(1),
                "FETCH",
                vec![Value::List(vec![
                    atom("UID"),
                    atom("7"),
                    atom("BODY[]"),
                    text("a\r\nb"),
                    atom("FLAGS"),
                    Value::List(vec![atom("\\Seen")]),
                ])],
            ),
        ),
        (
            "* 1 fetch (BODY[HEADER.FIELDS (TO)] ~{0}\r\n)\r\n",
            data(Some(1), "FETCH", vec![Value::List(vec![atom("BODY[HEADER.FIELDS (TO)]"), text("")])]),
        ),
        // Left open, and closed once too often.
        (
            "* STATUS a (MESSAGES 1\r\n",
            data(None, "STATUS", vec![atom("a"), Value::List(vec![atom("MESSAGES"), atom("1")])]),
        ),
        ("* FLAGS (\\Seen))\r\n", data(None, "FLAGS", vec![Value::List(vec![atom("\\Seen")])])),
    ];
    for (bytes, wanted) in rows {
        assert_eq!(all(bytes.as_bytes()), [wanted], "{bytes}");
    }
}

#[test]
fn what_has_no_end_is_refused() {
    let mut reader = Reader::new(10);
    reader.push(&vec![b'x'; LINE_BYTES_MAX + 1]);
    assert!(reader.next_response().is_err());
    let mut reader = Reader::new(10);
    reader.push(format!("* X {}\r\n", "(".repeat(1_000)).as_bytes());
    assert!(reader.next_response().is_err());
    let mut reader = Reader::new(10);
    reader.push(b"HTTP/1.1 400 Bad Request\r\n");
    assert!(reader.next_response().is_err());
}

/// Of servers as they are: what each line is read as is in the table of `quirks_of_servers_are_understood`.
const TRANSCRIPT: &str = concat!(
    "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+] ready {1}\r\n",
    "\r\n",
    "* LIST (\\HasNoChildren) \"/\" {8}\r\nSent \"x\"\r\n",
    "* 1 FETCH (UID 7 FLAGS (\\Seen [x) BODY[] {14}\r\na: b\r\n\r\nbody}{5} RFC822.SIZE 14)\r\n",
    "* 2 FETCH (UID 8 BODY[] {200}\r\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
    "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678\n",
    " MODSEQ (12))\r\n",
    "* ESEARCH (TAG \"a1\") UID ALL 1:3,7\r\n",
    "* VANISHED (EARLIER) 41,43:116\n",
    "+ idling\r\n",
    "a1 OK [READ-WRITE] done\r\n",
);

fn read(pieces: &[&[u8]]) -> Vec<Result<Response, Malformed>> {
    let mut reader = Reader::new(100);
    let mut found = Vec::new();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_response() {
                Ok(Some(response)) => found.push(Ok(response)),
                Ok(None) => break,
                Err(error) => {
                    found.push(Err(error));
                    return found;
                }
            }
        }
    }
    found
}

fn cut(bytes: &[u8], cuts: &[usize]) -> Vec<Result<Response, Malformed>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(bytes.len())).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
    read(&pieces)
}

#[test]
fn quirks_of_servers_are_understood() {
    let found: Vec<Response> = read(&[TRANSCRIPT.as_bytes()]).into_iter().map(Result::unwrap).collect();
    assert_eq!(found.len(), 8);
    let values = |at: usize| match &found[at] {
        Response::Data { values, .. } => values.clone(),
        other => panic!("{other:?}"),
    };
    // Braces at the end of words for people announce nothing; an empty line says nothing.
    assert!(matches!(&found[0], Response::Status { text, .. } if text == "ready {1}"));
    assert_eq!(values(1)[2], text("Sent \"x\""));
    // A keyword with a bracket that never closes, and braces inside a body.
    let fetched = values(2)[0].as_list().to_vec();
    assert_eq!(fetched[3], Value::List(vec![atom("\\Seen"), atom("[x")]));
    assert_eq!(fetched[5], text("a: b\r\n\r\nbody}{"));
    // A literal larger than is kept is let go, and what follows it is read.
    assert_eq!(values(3)[0].as_list()[3..], [Value::Skipped(200), atom("MODSEQ"), Value::List(vec![atom("12")])]);
    assert_eq!(values(4)[2..], [atom("ALL"), atom("1:3,7")]);
    assert_eq!(values(5), [Value::List(vec![atom("EARLIER")]), atom("41,43:116")]);
    assert_eq!(found[6], Response::Continue("idling".to_owned()));
    assert!(matches!(&found[7], Response::Status { tag: Some(tag), .. } if tag == "a1"));
}

#[test]
fn numbers_stay_what_they_were() {
    for digits in ["0", "7", "18446744073709551615", "007", "18446744073709551616", "1:3"] {
        let [Response::Data { values, .. }] = &all(format!("* X {digits}\r\n").as_bytes())[..] else { panic!() };
        assert_eq!(values[0].as_text().as_deref(), Some(digits));
    }
}

#[test]
fn literals_of_one_response_are_limited_together_and_small_ones_keep_nothing_else() {
    let mut reader = Reader::new(10);
    reader.push(b"* X {6}\r\nabcdef {6}\r\nabcdef {4}\r\nabcd\r\n* Y {10}\r\n0123456789\r\n");
    let values = |response| match response {
        Some(Response::Data { values, .. }) => values,
        other => panic!("{other:?}"),
    };
    assert_eq!(values(reader.next_response().unwrap()), [text("abcdef"), Value::Skipped(6), text("abcd")]);
    assert_eq!(values(reader.next_response().unwrap()), [text("0123456789")]);
    // However long a skipped literal is, no more of it is kept than came at once.
    reader.push(b"* Z {4000000000000}\r\n");
    for _ in 0..1_000 {
        assert!(reader.next_response().unwrap().is_none());
        reader.push(&[b'x'; 1_000]);
    }
    assert!(reader.next_response().unwrap().is_none());
    assert!(reader.buffer.is_empty() && reader.buffer.capacity() < 16 * 1024, "{}", reader.buffer.capacity());
}

proptest! {
    #[test]
    fn no_split_changes_what_is_read(cuts in prop::collection::vec(0..TRANSCRIPT.len(), 0..12)) {
        prop_assert_eq!(cut(TRANSCRIPT.as_bytes(), &cuts), read(&[TRANSCRIPT.as_bytes()]));
    }

    #[test]
    fn nothing_panics_and_no_split_changes_what_is_read_of_broken_answers(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "* ", "a1 ", "OK ", "12 ", "FETCH ", "(", ")", "[", "]", "\"", "\\", "BODY[", "{3}", "{3}\r\n", "~{150}\r\n",
                "{99999999999999999999}\r\n", "\r\n", "\n", "\r", "UID 7", " ", "NIL", "+ ", "\u{e9}", "\0", "* LIST () ",
            ]),
            0..60,
        ),
        cuts in prop::collection::vec(0_usize..300, 0..8),
    ) {
        let bytes = format!("* {}\r\n", words.concat()).into_bytes();
        prop_assert_eq!(cut(&bytes, &cuts), read(&[&bytes]));
    }
}
