//! An erasure that is cut off goes on where it was, and takes what is shared only with the last who has it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::erasure::{ADDRESS, SECRET, traces, wait_until_done, write_with};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    an_erasure_that_is_cut_off_goes_on_after_the_restart,
    what_a_contact_wrote_in_a_conversation_of_others_goes_and_the_rest_stays,
);

async fn an_erasure_that_is_cut_off_goes_on_after_the_restart(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let (contact, _) = write_with(&postroom, &api, &channel).await;
    let erasure = api.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(202).json();
    for _ in 0..3 {
        postroom.kill();
        postroom.launch().await;
    }
    let api = postroom.api();
    let done = wait_until_done(&api, &erasure).await;
    assert_eq!((done["counts"]["messages"].as_u64(), done["counts"]["conversations"].as_u64()), (Some(4), Some(1)));
    assert_eq!(traces(&postroom), BTreeSet::new());
}

async fn what_a_contact_wrote_in_a_conversation_of_others_goes_and_the_rest_stays(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let opening = Mail::new(&address, "Together").from("bert@example.test").message_id("<opening@example.test>");
    let opening = opening.header(&format!("Cc: {ADDRESS}"));
    smtp_client::send(postroom.smtp, "bert@example.test", &address, opening.bytes()).await.expect("250");
    let answer =
        Mail::new(&address, "Re: Together").from(&format!("Quillon <{ADDRESS}>")).body(&format!("{SECRET}\r\n"));
    let answer = answer.in_reply_to("<opening@example.test>");
    smtp_client::send(postroom.smtp, ADDRESS, &address, answer.bytes()).await.expect("250");
    let [conversation] = &api.items("/conversations").await[..] else { panic!("one conversation") };
    let conversation = text(conversation, "/id");
    let contact = text(&api.items(&format!("/contacts?q={ADDRESS}")).await[0], "/id");
    let erasure = api.post(&format!("/contacts/{contact}/erase"), json!({})).await.expect(202).json();
    let done = wait_until_done(&api, &erasure).await;
    assert_eq!((done["counts"]["messages"].as_u64(), done["counts"]["conversations"].as_u64()), (Some(1), Some(0)));
    let shown = api.get(&format!("/conversations/{conversation}")).await.expect(200).json();
    assert_eq!(shown["messageCount"], 1);
    assert!(!shown.to_string().contains(SECRET), "{shown}");
    let left = api.items(&format!("/conversations/{conversation}/messages")).await;
    assert_eq!(left.iter().map(|each| text(each, "/from")).collect::<Vec<_>>(), ["bert@example.test"]);
    eventually("the word to be found no more", || async {
        api.items(&format!("/search?q={SECRET}")).await.is_empty().then_some(())
    })
    .await;
}
