//! Which conversation a mail joins, and what joining does to it.

use serde_json::{Value, json};

use crate::api::{Api, Channel, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    a_reply_joins_by_in_reply_to_and_reopens,
    a_reply_token_joins_whoever_holds_it_and_marks_a_new_sender,
    a_stranger_does_not_join_somebody_elses_conversation,
    a_parent_of_another_channel_is_not_joined,
    the_subject_joins_only_its_own_contact,
    an_answer_that_comes_before_its_question_joins_it,
    who_got_a_copy_takes_part_and_who_shares_a_tickets_id_does_not,
    automatic_answers_to_and_fro_open_no_case_and_are_not_answered,
);

/// Send a mail and return the newest message: the one it became.
async fn deliver(postroom: &Postroom, recipient: &str, mail: &Mail) -> Value {
    let sender = mail.from.rsplit(['<']).next().expect("an address").trim_end_matches('>').to_owned();
    smtp_client::send(postroom.smtp, &sender, recipient, mail.bytes()).await.expect("250");
    let newest = postroom.api().get("/messages?direction=inbound&take=1").await.expect(200).json();
    assert_eq!(newest["items"][0]["metadata"]["messageId"], mail.message_id.as_str());
    newest["items"][0].clone()
}

/// Answer the conversation and return the message with the headers it was given.
async fn answer(api: &Api, conversation: &str, words: &str) -> Value {
    let path = format!("/conversations/{conversation}/messages");
    let id = text(&api.post(&path, json!({ "text": words })).await.expect(202).json(), "/id");
    eventually("the answer to be sent", || async {
        let message = api.get(&format!("/messages/{id}")).await.expect(200).json();
        (message["status"] == "sent" || message["status"] == "delivered").then_some(message)
    })
    .await
}

/// The Reply-To address of a sent message: the one with the token.
async fn reply_address(api: &Api, message: &Value) -> String {
    let raw = api.get(&format!("/messages/{}/raw", text(message, "/id"))).await.expect(200).body;
    let raw = String::from_utf8_lossy(&raw).replace("\r\n ", " ");
    let field = raw.lines().find(|line| line.to_ascii_lowercase().starts_with("reply-to:")).expect("a Reply-To field");
    let address = field.split_once(':').expect("a value").1.trim();
    address.rsplit('<').next().expect("an address").trim_end_matches('>').to_owned()
}

async fn a_reply_joins_by_in_reply_to_and_reopens(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = deliver(&postroom, &address, &Mail::new(&address, "Broken lamp")).await;
    let conversation = text(&first, "/conversationId");
    let sent = answer(&api, &conversation, "Send it back, please.").await;
    let path = format!("/conversations/{conversation}");
    api.patch(&path, json!({ "status": "resolved" })).await.expect(200);
    api.get(&path).await.expect(200);

    let reply = Mail::new(&address, "Something else entirely").in_reply_to(&text(&sent, "/metadata/messageId"));
    let reply = deliver(&postroom, &address, &reply).await;
    assert_eq!(text(&reply, "/conversationId"), conversation);
    assert_eq!(reply["threadedBy"], "inReplyTo");
    let reopened = api.get(&path).await.expect(200).json();
    assert_eq!(reopened["status"], "open");
    assert_eq!(reopened["unread"], true);
    assert_eq!(reopened["messageCount"], 3);

    // The whole chain goes out again, also where the client dropped it.
    let second = answer(&api, &conversation, "Thank you.").await;
    let references = second["metadata"]["references"].as_array().expect("references").clone();
    for ancestor in [&first, &sent, &reply] {
        assert!(references.contains(&ancestor["metadata"]["messageId"]), "{ancestor} is missing from {references:?}");
    }
    // By References alone.
    let by_references =
        Mail::new(&address, "Later").header(&format!("References: {}", text(&second, "/metadata/messageId")));
    let by_references = deliver(&postroom, &address, &by_references).await;
    assert_eq!(by_references["threadedBy"], "references");
    assert_eq!(text(&by_references, "/conversationId"), conversation);
}

async fn a_reply_token_joins_whoever_holds_it_and_marks_a_new_sender(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = deliver(&postroom, &address, &Mail::new(&address, "A question")).await;
    let conversation = text(&first, "/conversationId");
    let sent = answer(&api, &conversation, "Ask away.").await;
    let token_address = reply_address(&api, &sent).await;
    assert!(token_address.contains("+r."), "{token_address}");

    let colleague = Mail::new(&token_address, "No relation").from("Bert <bert@example.test>");
    let joined = deliver(&postroom, &token_address, &colleague).await;
    assert_eq!(joined["threadedBy"], "replyToken");
    assert_eq!(text(&joined, "/conversationId"), conversation);
    assert_eq!(joined["metadata"]["newSender"], true);
    // Replies go to who wrote last.
    assert_eq!(answer(&api, &conversation, "Both of you.").await["to"], "bert@example.test");

    // A token that was made up joins nothing, and loses nothing.
    let (local, domain) = address.rsplit_once('@').expect("an address");
    let forged = format!("{local}+r.AAAAAAAAAAAAAAAAAAAAAAAA@{domain}");
    let mail = Mail::new(&forged, "Made up").from("Eve <eve@example.test>");
    let reply = smtp_client::send(postroom.smtp, "eve@example.test", &forged, mail.bytes()).await;
    if reply.code == 250 {
        let newest = api.get("/messages?take=1").await.expect(200).json();
        assert_ne!(text(&newest, "/items/0/conversationId"), conversation);
    } else {
        reply.expect("550 5.1.1");
    }
}

async fn a_stranger_does_not_join_somebody_elses_conversation(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = Mail::new(&address, "Private matter");
    let message = deliver(&postroom, &address, &first).await;
    let conversation = text(&message, "/conversationId");
    // Eve saw Ada's Message-ID on a mailing list.
    let eve = Mail::new(&address, "Re: Private matter").from("Eve <eve@example.test>").in_reply_to(&first.message_id);
    let eve = deliver(&postroom, &address, &eve).await;
    assert_ne!(text(&eve, "/conversationId"), conversation);
    let new = api.get(&format!("/conversations/{}", text(&eve, "/conversationId"))).await.expect(200).json();
    assert!(
        new["relatedConversationIds"].as_array().is_some_and(|related| related.contains(&json!(conversation))),
        "{new}"
    );
}

async fn a_parent_of_another_channel_is_not_joined(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (support, sales): (Channel, Channel) = (api.channel().await, api.channel().await);
    let first = Mail::new(&support.address(), "For support");
    let conversation = text(&deliver(&postroom, &support.address(), &first).await, "/conversationId");
    let crossing = Mail::new(&sales.address(), "Re: For support").in_reply_to(&first.message_id);
    let crossing = deliver(&postroom, &sales.address(), &crossing).await;
    assert_ne!(text(&crossing, "/conversationId"), conversation);
    assert_eq!(crossing["threadedBy"], "new");
    let rejected = api.all_events().await.into_iter().filter(|event| event["type"] == "thread.rejected").count();
    assert_eq!(rejected, 1);
}

async fn the_subject_joins_only_its_own_contact(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = deliver(&postroom, &address, &Mail::new(&address, "Invoice 4711")).await;
    let conversation = text(&first, "/conversationId");
    let same = deliver(&postroom, &address, &Mail::new(&address, "AW: Invoice 4711")).await;
    assert_eq!(same["threadedBy"], "subject");
    assert_eq!(text(&same, "/conversationId"), conversation);
    let other = Mail::new(&address, "Re: Invoice 4711").from("Bert <bert@example.test>");
    assert_ne!(text(&deliver(&postroom, &address, &other).await, "/conversationId"), conversation);

    let strict = api.channel_like(json!({ "name": "Strict", "threadBySubject": false })).await;
    let one = deliver(&postroom, &strict.address(), &Mail::new(&strict.address(), "Invoice")).await;
    let two = deliver(&postroom, &strict.address(), &Mail::new(&strict.address(), "Re: Invoice")).await;
    assert_ne!(one["conversationId"], two["conversationId"]);
}

async fn an_answer_that_comes_before_its_question_joins_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let question = Mail::new(&address, "Broken lamp").header("Cc: Bert <bert@example.test>");
    let answer = Mail::new(&address, "Which lamp?").from("Bert <bert@example.test>").in_reply_to(&question.message_id);
    let answer = deliver(&postroom, &address, &answer).await;
    assert_eq!(answer["threadedBy"], "new");
    let question = deliver(&postroom, &address, &question).await;
    assert_eq!(question["threadedBy"], "sharedAncestor");
    assert_eq!(question["conversationId"], answer["conversationId"]);
}

async fn who_got_a_copy_takes_part_and_who_shares_a_tickets_id_does_not(database: Database) {
    let postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let first = Mail::new(&address, "Broken lamp").header("Cc: Bert <bert+lamps@example.test>");
    let conversation = text(&deliver(&postroom, &address, &first).await, "/conversationId");
    let bert = Mail::new(&address, "Mine too").from("Bert <bert@example.test>").in_reply_to(&first.message_id);
    let bert = deliver(&postroom, &address, &bert).await;
    assert_eq!((text(&bert, "/conversationId"), &bert["threadedBy"]), (conversation, &json!("inReplyTo")));

    let mut conversations = std::collections::BTreeSet::new();
    for person in ["cora", "dora", "cora"] {
        let mail = Mail::new(&address, &format!("About {person}"))
            .from(&format!("<{person}@example.test>"))
            .in_reply_to("<ticket-4711@tickets.example>");
        conversations.insert(text(&deliver(&postroom, &address, &mail).await, "/conversationId"));
    }
    assert_eq!(conversations.len(), 2, "one each");
}

async fn automatic_answers_to_and_fro_open_no_case_and_are_not_answered(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let first = deliver(&postroom, &address, &Mail::new(&address, "Broken lamp")).await;
    let conversation = text(&first, "/conversationId");
    let mut last = text(&answer(&api, &conversation, "We are away.").await, "/metadata/messageId");
    let path = format!("/conversations/{conversation}");
    api.patch(&path, json!({ "status": "resolved" })).await.expect(200);
    for sign in ["Auto-Submitted: auto-replied", "X-Autoreply: yes", "Precedence: auto_reply"] {
        let away = Mail::new(&address, "Automatic reply: Broken lamp").header(sign).in_reply_to(&last);
        let received = deliver(&postroom, &address, &away).await;
        assert_eq!(text(&received, "/conversationId"), conversation, "{sign}");
        last = away.message_id;
    }
    assert_eq!(api.get(&path).await.expect(200).json()["status"], "resolved");
    let sent = api.get("/messages?direction=outbound").await.expect(200).json();
    assert_eq!(sent["items"].as_array().map(Vec::len), Some(1), "the product answers nothing by itself");
}
