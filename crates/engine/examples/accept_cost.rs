//! What taking a mail in costs, without a network: for counting instructions, which noise does not change.
//! `cargo build --release -p postroom-engine --features testing --example accept_cost`, then
//! `valgrind --tool=callgrind target/release/examples/accept_cost 2000` and once more with `0`: the difference is the mails'.
//! A second argument `index` puts them into the search index as well.

#![expect(clippy::expect_used, reason = "a measurement that can't go on ends")]

use std::sync::Arc;

use postroom_engine::search_index;
use postroom_engine::testing::TestEngine;
use store::testing::TestDb;

/// Mails under way at a time: they share commits.
const AT_ONCE: usize = 20;

/// About 4 KB, from one of a few hundred people, with a subject and a Message-ID of its own.
fn mail(number: usize) -> Vec<u8> {
    let mut mail = format!(
        "Received: from mx.example.org (mx.example.org [192.0.2.1]) by in.example.com with ESMTP id {number:08x};\r\n\
         \tSat, 21 Nov 2026 12:00:00 +0000\r\nFrom: Person {person} <person{person}@example.org>\r\nTo: support@acme.test\r\n\
         Subject: Order {number} has not arrived\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n\
         Message-ID: <{number}.{person}@mail.example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
        person = number % 300
    );
    let mut line = 0;
    while mail.len() < 4_096 {
        mail.push_str(&format!(
            "Line {line} of mail {number}: the parcel {} left on day {}.\r\n",
            line * 7 + number,
            line % 31
        ));
        line += 1;
    }
    mail.into_bytes()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(2_000);
    let index = arguments.next().is_some_and(|word| word == "index");
    let test = Arc::new(TestEngine::start(TestDb::sqlite()).await);
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..AT_ONCE {
        let test = Arc::clone(&test);
        senders.spawn(async move {
            for number in (sender..count).step_by(AT_ONCE) {
                test.receive(mail(number)).await;
            }
        });
    }
    senders.join_all().await;
    while index && search_index::index_some(&test.engine).await.expect("the index") > 0 {}
}
