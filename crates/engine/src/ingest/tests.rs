//! What taking a mail in leaves in the store.

use model::channel::Channel;
use store::on_both_engines;
use store::testing::TestDb;

use crate::testing::{self, TestEngine};

on_both_engines!(a_mail_that_comes_to_two_channels_is_kept_once);

async fn raw_mails(test: &TestEngine) -> i64 {
    let count = "SELECT CAST(COUNT(*) AS BIGINT) FROM blob";
    let counted = test.engine.db.read(move |tx| tx.query_one(count, &[], |row| row.int(0))).await;
    counted.expect("a count").expect("one row")
}

async fn a_mail_that_comes_to_two_channels_is_kept_once(database: TestDb) {
    let test = TestEngine::start(database).await;
    let other: Channel = testing::channel(&test.engine, &test.key(), "Sales").await;
    let named = "From: ana@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: One\r\n\r\nHello";
    let nameless = "From: ana@example.org\r\nSubject: Two\r\n\r\nHello";
    let as_long = "From: ana@example.org\r\nSubject: Six\r\n\r\nHello";
    for (mail, kept) in [(named, 1), (nameless, 2), (as_long, 3)] {
        let first = test.receive(mail).await;
        let second = test.receive_at(&other, mail).await;
        assert_ne!(first, second, "a message of each channel's own");
        assert_eq!(raw_mails(&test).await, kept, "{mail}");
    }
}
