//! Whatever a server sends is replies or an error, wherever the packets are cut; a reply fits one printable line.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[expect(dead_code, reason = "the client uses more of it")]
#[path = "../../crates/gateway/src/smtp_out/reply.rs"]
mod reply;

use reply::{LINES_MAX, Reply, ReplyError, ReplyParser};

fn read(pieces: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>) {
    let (mut parser, mut replies) = (ReplyParser::default(), Vec::new());
    for piece in pieces {
        parser.feed(piece);
        loop {
            match parser.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(error) => return (replies, Some(error)),
            }
        }
    }
    (replies, None)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let whole = read(&[bytes]);
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(read(&[head, tail]), whole);
    for reply in &whole.0 {
        assert!((200..600).contains(&reply.code) && reply.lines.len() <= LINES_MAX);
        assert!(!reply.to_string().contains(char::is_control));
    }
});
