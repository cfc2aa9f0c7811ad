//! What holds of every conversation, however senseless.

use proptest::prelude::*;

use super::super::dry_run::dry_run;

/// Pieces of SMTP, whole and broken, so that the machine is led deep and then astray.
fn word() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "EHLO x.test\r\n",
        "HELO x\r\n",
        "MAIL FROM:<a@x.test>\r\n",
        "MAIL FROM:<> SIZE=9\r\n",
        "RCPT TO:<a@inbox.test>\r\n",
        "RCPT TO:<b@other.test>\r\n",
        "DATA\r\n",
        "BDAT 5\r\n",
        "BDAT 3 LAST\r\n",
        "BDAT 9999999\r\n",
        "RSET\r\n",
        "\r\n",
        ".",
        "\r",
        "\n",
        "\r\n.\r\n",
        ".\r\n",
        "\0",
        "Received: x\r\n",
        "QUIT\r\n",
        "NOOP\r\n",
        "STARTTLS\r\n",
        "<",
        "@",
        "\"",
        "\u{fc}",
    ];
    prop_oneof![
        8 => prop::sample::select(words.to_vec()).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (1_usize..6_000).prop_map(|count| vec![b'x'; count]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cut_of_the_stream_changes_nothing_and_no_broken_line_is_stored(
        words in prop::collection::vec(word(), 0..40),
        piece in 1_usize..700,
        begun in any::<bool>(),
    ) {
        let envelope = b"EHLO x.test\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<a@inbox.test>\r\n";
        let stream = [if begun { envelope.as_slice() } else { b"" }, &words.concat()].concat();
        let whole = dry_run(&stream, stream.len());
        let cut = dry_run(&stream, piece);
        prop_assert_eq!(cut.codes(), whole.codes());
        prop_assert_eq!(&cut.mails, &whole.mails);
        prop_assert!(whole.replies.ends_with(b"\r\n"));
        for mail in &whole.mails {
            let text = String::from_utf8_lossy(mail).replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n', '\0']));
        }
    }
}
