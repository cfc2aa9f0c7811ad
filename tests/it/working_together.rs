//! Several people at the same conversations: who is there, whose answer comes first, drafts on every device, files that come before their
//! message, and conversations that are put together, taken apart, handed on and forwarded.

use serde_json::{Value, json};

use crate::api::{Api, Channel, text};
use crate::database::{Database, on_both_databases};
use crate::event_stream::EventStream;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    everybody_sees_who_is_there_and_who_writes,
    nobody_answers_over_an_answer_they_have_not_seen,
    a_draft_is_on_every_device_and_never_written_over_unseen,
    an_uploaded_file_goes_with_its_message,
    merged_conversations_are_one_wherever_they_are_answered,
    a_split_conversation_has_its_own_answers,
    a_moved_conversation_is_answered_from_its_new_channel,
    a_forwarded_message_goes_whole_to_whoever_gets_it,
);

/// A mail to the channel, and the conversation it began or joined.
async fn arrives(postroom: &Postroom, api: &Api, channel: &Channel, mail: Mail) -> Value {
    smtp_client::send(postroom.smtp, "x@example.test", &channel.address(), mail.bytes()).await.expect("250");
    api.all("/conversations").await.remove(0)
}

async fn everybody_sees_who_is_there_and_who_writes(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Hello");
    let id = text(&arrives(&postroom, &api, &channel, mail).await, "/id");
    let (ada, ben) =
        (api.as_new_user("ada@postroom.test", "agent").await, api.as_new_user("ben@postroom.test", "agent").await);
    let ada_id = text(&ada.get("/users/me").await.expect(200).json(), "/id");
    let path = format!("/conversations/{id}/presence");
    let mut bens = EventStream::open(&ben, None).await;

    ada.put(&path, json!({})).await.expect(204);
    let seen = bens.next_named("presence").await;
    assert_eq!(seen.id, "", "who is there is no event: it must not move the place of the stream");
    assert_eq!(seen.data, json!({ "conversationId": id, "people": [{ "userId": ada_id, "typing": false }] }));
    ada.put(&path, json!({ "typing": true })).await.expect(204);
    assert_eq!(bens.next_named("presence").await.data["people"][0]["typing"], true);
    // Being there says nothing of writing.
    ada.put(&path, json!({})).await.expect(204);
    assert_eq!(api.get(&path).await.expect(200).json()["people"][0]["typing"], true);
    ada.delete(&path).await.expect(204);
    assert_eq!(bens.next_named("presence").await.data["people"], json!([]));

    // Programs are nowhere, and what is not there has nobody.
    api.put(&path, json!({})).await.expect(403);
    ada.put("/conversations/conv_00000000000000000000000000/presence", json!({})).await.expect(404);
    assert_eq!(ada.put(&path, json!({ "writing": true })).await.expect(422).pointers(), ["/writing"]);
}

async fn nobody_answers_over_an_answer_they_have_not_seen(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Hello");
    let id = text(&arrives(&postroom, &api, &channel, mail).await, "/id");
    let path = format!("/conversations/{id}/messages");
    let question = text(&api.all(&path).await[0], "/id");
    let first = json!({ "text": "From one", "lastSeenMessageId": question });
    let answer = api.post(&path, first).await.expect(202).json();
    let second = json!({ "text": "From another", "lastSeenMessageId": question });
    let refused = api.post(&path, second).await.expect(409).json();
    assert!(text(&refused, "/detail").contains("lastSeenMessageId"), "{refused}");
    assert_eq!(api.all(&path).await.len(), 2, "what was refused is not there");
    // A note is no answer, and whoever has seen the newest may write.
    api.post(&path, json!({ "text": "Between us", "private": true })).await.expect(201);
    api.post(&path, json!({ "text": "Again", "lastSeenMessageId": answer["id"] })).await.expect(202);
    let wrong = api.post(&path, json!({ "text": "x", "lastSeenMessageId": "1" })).await.expect(422);
    assert_eq!(wrong.pointers(), ["/lastSeenMessageId"]);
}

async fn a_draft_is_on_every_device_and_never_written_over_unseen(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Hello");
    let id = text(&arrives(&postroom, &api, &channel, mail).await, "/id");
    let (ada, ben) =
        (api.as_new_user("ada@postroom.test", "agent").await, api.as_new_user("ben@postroom.test", "agent").await);
    let mut other_device = EventStream::open(&ada, None).await;
    let path = format!("/drafts/{id}");
    ada.get(&path).await.expect(404);
    let content = json!({ "text": "Dear", "html": "<p>Dear</p>", "to": ["x@example.test"] });
    let draft = ada.put(&path, json!({ "version": 0, "content": content })).await.expect(200).json();
    let told = other_device.next_named("draft").await.data;
    assert_eq!(told, json!({ "place": id, "version": draft["version"] }));
    assert_eq!(ada.get(&path).await.expect(200).json()["content"]["to"], json!(["x@example.test"]));
    assert_eq!(ada.items("/drafts").await.len(), 1);
    // The same again is no other; made of an older one it is refused, and nothing is lost.
    let again = ada.put(&path, json!({ "version": 0, "content": content })).await.expect(200).json();
    assert_eq!(again, draft);
    ada.put(&path, json!({ "version": 0, "content": { "text": "Other" } })).await.expect(409);
    let later =
        ada.put(&path, json!({ "version": draft["version"], "content": { "text": "Later" } })).await.expect(200).json();
    assert!(later["version"].as_i64() > draft["version"].as_i64());
    // Drafts are somebody's.
    ben.get(&path).await.expect(404);
    assert!(ben.items("/drafts").await.is_empty());
    api.get("/drafts").await.expect(403);
    let too_large = json!({ "version": 0, "content": { "text": "x".repeat(600_000) } });
    assert_eq!(ada.put("/drafts/new", too_large).await.expect(422).pointers(), ["/content"]);
    ada.put("/drafts/elsewhere", json!({ "version": 0, "content": {} })).await.expect(404);
    ada.delete(&path).await.expect(204);
    ada.delete(&path).await.expect(204);
    ada.get(&path).await.expect(404);
}

async fn an_uploaded_file_goes_with_its_message(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let ada = api.as_new_user("ada@postroom.test", "agent").await;
    let bytes = b"\x89PNG not really".to_vec();
    let request = ada.request(reqwest::Method::POST, "/uploads?filename=..%2Flogo.png").body(bytes.clone());
    let upload = ada.send(request).await.expect(201).json();
    assert_eq!((&upload["filename"], &upload["contentType"]), (&json!("logo.png"), &json!("image/png")), "{upload}");
    let path = format!("/uploads/{}", text(&upload, "/id"));
    assert_eq!(ada.get(&path).await.expect(200).body, bytes);
    let email = json!({ "subject": "Look", "html": "<img src=\"cid:logo\">", "attachments": [
        { "uploadId": upload["id"], "contentId": "logo" }, { "uploadId": upload["id"], "filename": "copy.png" } ] });
    let body =
        json!({ "channelId": channel.id(), "to": "x@example.test", "content": { "type": "email", "email": email } });
    let sent = ada.post("/messages", body).await.expect(202).json();
    let files = &sent["content"]["email"]["attachments"];
    assert_eq!((&files[0]["disposition"], &files[1]["filename"]), (&json!("inline"), &json!("copy.png")), "{files}");
    let stored =
        api.get(&format!("/messages/{}/attachments/{}", text(&sent, "/id"), text(files, "/1/id"))).await.expect(200);
    assert_eq!(stored.body, bytes);
    ada.delete(&path).await.expect(204);
    let email = json!({ "subject": "Look", "text": "x", "attachments": [{ "uploadId": upload["id"] }] });
    let body =
        json!({ "channelId": channel.id(), "to": "x@example.test", "content": { "type": "email", "email": email } });
    assert_eq!(ada.post("/messages", body).await.expect(422).pointers(), ["/content/email/attachments/0/uploadId"]);
    let empty = ada.request(reqwest::Method::POST, "/uploads?filename=empty.txt");
    ada.send(empty).await.expect(400);
    let by_key = api.request(reqwest::Method::POST, "/uploads?filename=a.txt").body("a");
    api.send(by_key).await.expect(403);
}

async fn merged_conversations_are_one_wherever_they_are_answered(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let address = channel.address();
    let first = arrives(&postroom, &api, &channel, Mail::new(&address, "Order").message_id("<1@example.test>")).await;
    let second = arrives(&postroom, &api, &channel, Mail::new(&address, "Parcel").message_id("<2@example.test>")).await;
    let (one, two) = (text(&first, "/id"), text(&second, "/id"));
    api.patch(&format!("/conversations/{two}"), json!({ "labels": ["urgent"] })).await.expect(200);
    let answer =
        api.post(&format!("/conversations/{two}/messages"), json!({ "text": "On its way" })).await.expect(202).json();
    let raw = api.get(&format!("/messages/{}/raw", text(&answer, "/id"))).await.expect(200);
    let raw = String::from_utf8_lossy(&raw.body).into_owned();
    let reply_to = raw.lines().find_map(|line| line.strip_prefix("Reply-To: ")).expect("Reply-To").to_owned();
    let reply_to = reply_to.rsplit('<').next().expect("an address").trim_end_matches(['>', '\r']).to_owned();

    let merge = format!("/conversations/{one}/merge");
    let merged = api.post(&merge, json!({ "conversationIds": [two] })).await.expect(200).json();
    assert_eq!(
        (&merged["id"], &merged["messageCount"], &merged["labels"]),
        (&json!(one), &json!(3), &json!(["urgent"]))
    );
    assert_eq!(api.all("/conversations").await.len(), 1);
    let counts = api.get("/conversations/counts").await.expect(200).json();
    assert_eq!(counts["open"], 1, "{counts}");
    assert_eq!(api.all(&format!("/conversations/{one}/messages")).await.len(), 3);
    // The former id leads to the one that stays.
    assert_eq!(api.get(&format!("/conversations/{two}")).await.expect(200).json()["id"], json!(one));
    // Answers come to it by the address that was given out, and by what they answer.
    for (mail, to) in [
        (Mail::new(&reply_to, "By its address"), reply_to.clone()),
        (Mail::new(&address, "By what it answers").in_reply_to("<2@example.test>"), address.clone()),
    ] {
        smtp_client::send(postroom.smtp, "x@example.test", &to, mail.bytes()).await.expect("250");
    }
    assert_eq!(api.all("/conversations").await.len(), 1);
    assert_eq!(api.all(&format!("/conversations/{one}/messages")).await.len(), 5);
    let told = api.all_events().await;
    let told = told.iter().find(|event| event["type"] == "conversation.merged").expect("an event of it");
    assert_eq!(told["data"], json!({ "id": two, "mergedInto": one }));
    for wrong in [json!([]), json!([one]), json!(["conv_00000000000000000000000000"])] {
        let refused = api.post(&merge, json!({ "conversationIds": wrong })).await.expect(422);
        assert_eq!(refused.pointers(), ["/conversationIds"]);
    }
}

async fn a_split_conversation_has_its_own_answers(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let address = channel.address();
    arrives(&postroom, &api, &channel, Mail::new(&address, "Order").message_id("<1@example.test>")).await;
    let mail = Mail::new(&address, "Something else").message_id("<2@example.test>").in_reply_to("<1@example.test>");
    let id = text(&arrives(&postroom, &api, &channel, mail).await, "/id");
    let path = format!("/conversations/{id}/messages");
    let messages = api.all(&path).await;
    assert_eq!(messages.len(), 2);
    let split = format!("/conversations/{id}/split");
    let new = api.post(&split, json!({ "messageIds": [messages[1]["id"]] })).await.expect(201).json();
    assert_eq!((&new["subject"], &new["messageCount"]), (&json!("Something else"), &json!(1)), "{new}");
    assert_eq!(new["relatedConversationIds"], json!([id]));
    assert_eq!(api.all(&path).await.len(), 1);
    let left = api.get(&format!("/conversations/{id}")).await.expect(200).json();
    assert_eq!((&left["messageCount"], &left["relatedConversationIds"]), (&json!(1), &json!([new["id"]])));
    let mail = Mail::new(&address, "Re: Something else").in_reply_to("<2@example.test>");
    assert_eq!(arrives(&postroom, &api, &channel, mail).await["id"], new["id"]);
    let everything = json!({ "messageIds": [messages[0]["id"]] });
    assert_eq!(api.post(&split, everything).await.expect(422).pointers(), ["/messageIds"]);
    // Put together again it is as it was.
    let merge = format!("/conversations/{id}/merge");
    let merged = api.post(&merge, json!({ "conversationIds": [new["id"]] })).await.expect(200).json();
    assert_eq!((&merged["messageCount"], &merged["relatedConversationIds"]), (&json!(3), &json!([])));
}

async fn a_moved_conversation_is_answered_from_its_new_channel(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (old, new) = (api.channel().await, api.channel_like(json!({ "name": "Sales" })).await);
    let mail = Mail::new(&old.address(), "Hello").message_id("<1@example.test>");
    let id = text(&arrives(&postroom, &api, &old, mail).await, "/id");
    let path = format!("/conversations/{id}/move");
    let moved = api.post(&path, json!({ "channelId": new.id() })).await.expect(200).json();
    assert_eq!(moved["channelId"], json!(new.id()));
    assert!(api.all(&format!("/conversations?channelId={}", old.id())).await.is_empty());
    assert_eq!(api.all(&format!("/conversations?channelId={}", new.id())).await.len(), 1);
    let answer =
        api.post(&format!("/conversations/{id}/messages"), json!({ "text": "From sales" })).await.expect(202).json();
    assert_eq!(answer["from"], json!(new.address()));
    // An answer to what went by the old channel still finds it.
    let mail = Mail::new(&old.address(), "Re: Hello").in_reply_to("<1@example.test>");
    assert_eq!(text(&arrives(&postroom, &api, &old, mail).await, "/id"), id);
    let nowhere = json!({ "channelId": "ch_00000000000000000000000000" });
    assert_eq!(api.post(&path, nowhere).await.expect(422).pointers(), ["/channelId"]);
}

async fn a_forwarded_message_goes_whole_to_whoever_gets_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let mail = Mail::new(&channel.address(), "Broken").body("It does not start.");
    let id = text(&arrives(&postroom, &api, &channel, mail).await, "/id");
    let path = format!("/conversations/{id}/messages");
    let question = text(&api.all(&path).await[0], "/id");
    let forward = json!({ "to": ["maker@example.org"], "text": "Can you help?", "forward": { "messageId": question } });
    let sent = api.post(&path, forward).await.expect(202).json();
    let email = &sent["content"]["email"];
    assert_eq!((&email["subject"], &sent["to"]), (&json!("Fwd: Broken"), &json!("maker@example.org")));
    let written = text(email, "/text");
    assert!(written.starts_with("Can you help?"), "{written}");
    assert!(written.contains("Forwarded message") && written.contains("It does not start."), "{written}");
    // Their answer comes back to the conversation.
    let answered = text(&sent, "/metadata/messageId");
    let mail = Mail::new(&channel.address(), "Re: Fwd: Broken").from("maker@example.org").in_reply_to(&answered);
    assert_eq!(text(&arrives(&postroom, &api, &channel, mail).await, "/id"), id);
    let to_nobody = json!({ "text": "x", "forward": { "messageId": question } });
    assert_eq!(api.post(&path, to_nobody).await.expect(422).pointers(), ["/to"]);
    let note = api.post(&path, json!({ "text": "Between us", "private": true })).await.expect(201).json();
    let a_note = json!({ "to": ["maker@example.org"], "forward": { "messageId": note["id"] } });
    assert_eq!(api.post(&path, a_note).await.expect(422).pointers(), ["/forward/messageId"]);
}
