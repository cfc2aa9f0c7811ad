//! SMTP smuggling: what looks like the end of a mail but is not must never make a second mail of its rest.

use std::path::PathBuf;

use super::super::SmtpInLimits;
use super::listener::{Server, exchange};
use super::{ENVELOPE, talk};

/// Sequences that some server somewhere has taken for the end, made here: every way to write "dot alone" with one or more
/// of its line ends broken, doubled, or mixed with NUL.
fn lookalikes() -> Vec<Vec<u8>> {
    let ends: [&[u8]; 8] = [b"\n", b"\r", b"\r\n", b"\r\r\n", b"\n\r", b"\r\0\n", b"\0\r\n", b"\r\n\0"];
    let mut all = Vec::new();
    for before in ends {
        for after in ends {
            for dot in [b".".as_slice(), b".\0", b"\0."] {
                all.push([before, dot, after].concat());
            }
        }
    }
    all.retain(|sequence| memchr::memmem::find(sequence, b"\r\n.\r\n").is_none());
    all
}

/// The rows of the shared corpus, where it is at hand.
fn corpus() -> Vec<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/smtp_smuggling.json");
    let Ok(text) = std::fs::read_to_string(path) else { return Vec::new() };
    let corpus: serde_json::Value = serde_json::from_str(&text).expect("the corpus is JSON");
    let rows = corpus["sequences"].as_array().expect("rows");
    rows.iter().map(|row| row["seq"].as_str().expect("a sequence").as_bytes().to_vec()).collect()
}

fn smuggle(sequence: &[u8]) -> Vec<u8> {
    let second = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<b@inbox.test>\r\nDATA\r\nsecond\r\n.\r\n";
    [ENVELOPE.as_bytes(), b"Subject: x\r\n\r\nbody", sequence, second, b"QUIT\r\n"].concat()
}

#[test]
fn the_machine_makes_one_mail_or_a_refusal_of_every_sequence() {
    for sequence in lookalikes().into_iter().chain(corpus()) {
        let stream = smuggle(&sequence);
        for piece in [1, 2, 3, 5, 64, stream.len()] {
            let talk = talk(SmtpInLimits::DEFAULT, &stream, piece);
            let shown = sequence.escape_ascii().to_string();
            // Greeting, EHLO, MAIL, RCPT, 354, one final answer, QUIT: no second MAIL was heard.
            assert_eq!(talk.codes().len(), 7, "{shown} by {piece}: {}", talk.replies);
            let last = talk.codes()[5];
            assert!(last.starts_with('5') && talk.deliveries.is_empty() || last == "250" && talk.deliveries.len() == 1);
        }
    }
}

#[test]
fn the_true_end_is_still_the_end() {
    let talk = talk(SmtpInLimits::DEFAULT, &smuggle(b"\r\n.\r\n"), 9_999);
    assert_eq!(talk.deliveries.len(), 2);
}

#[tokio::test]
async fn a_real_listener_makes_one_mail_or_a_refusal_of_every_sequence() {
    let server = Server::start(SmtpInLimits::DEFAULT).await;
    for sequence in lookalikes().into_iter().chain(corpus()) {
        let before = server.mails().len();
        let replies = exchange(server.address, &smuggle(&sequence)).await;
        let shown = sequence.escape_ascii().to_string();
        let finals: Vec<&str> = replies.lines().skip_while(|line| !line.starts_with("354")).skip(1).collect();
        let [answer, bye] = finals.as_slice() else { panic!("{shown}: {replies}") };
        assert!(bye.starts_with("221"));
        let stored = server.mails().len() - before;
        assert!(
            answer.starts_with('5') && stored == 0 || answer.starts_with("250") && stored == 1,
            "{shown}: {replies}"
        );
    }
    server.stop().await;
}
