//! Teams: who is of them, what they are given, who of them gets it, and how a colleague comes in by an invitation.

use std::collections::HashMap;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    teams_are_made_changed_and_taken_away,
    conversations_are_listed_by_their_team_and_its_events_name_it,
    arrivals_at_once_are_dealt_out_evenly,
    the_least_busy_member_gets_the_next_one,
    an_invitation_is_read_by_the_invited_alone,
);

/// People with a password, their ids in the order of the names.
async fn people(api: &Api, names: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in names {
        let user = json!({ "email": format!("{name}@example.org"), "role": "agent", "password": "long enough" });
        ids.push(text(&api.post("/users", user).await.expect(201).json(), "/id"));
    }
    ids
}

async fn team(api: &Api, name: &str, assignment: &str, members: &[String]) -> String {
    let team = json!({ "name": name, "assignment": assignment, "memberIds": members });
    text(&api.post("/teams", team).await.expect(201).json(), "/id")
}

async fn receive(postroom: &Postroom, address: &str, subject: &str) {
    let mail = Mail::new(address, subject).from(&format!("{subject} <{}@example.test>", subject.to_lowercase()));
    smtp_client::send(postroom.smtp, "x@example.test", address, mail.bytes()).await.expect("250");
}

async fn teams_are_made_changed_and_taken_away(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ids = people(&api, &["ada", "bo"]).await;
    let made = json!({ "name": " Support ", "memberIds": [ids[0], ids[0]], "assignment": "roundRobin" });
    let made = api.post("/teams", made).await.expect(201).json();
    assert_eq!((&made["name"], &made["memberIds"]), (&json!("Support"), &json!([ids[0]])), "{made}");
    let path = format!("/teams/{}", text(&made, "/id"));
    assert_eq!(api.get(&path).await.expect(200).json(), made);
    api.post("/teams", json!({ "name": "SUPPORT" })).await.expect(409);
    let manual = api.post("/teams", json!({ "name": "Sales" })).await.expect(201).json();
    assert_eq!((&manual["assignment"], &manual["memberIds"]), (&json!("manual"), &json!([])));
    api.patch(&path, json!({ "name": "sales" })).await.expect(409);
    for (body, pointer) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "name": "x".repeat(101) }), "/name"),
        (json!({ "name": "New", "memberIds": [ids[0], "usr_00000000000000000000000000"] }), "/memberIds/1"),
        (json!({ "name": "New", "assignment": "random" }), "/assignment"),
        (json!({ "name": "New", "members": [] }), "/members"),
    ] {
        assert_eq!(api.post("/teams", body.clone()).await.expect(422).pointers(), [pointer], "{body}");
    }
    let changed = api.patch(&path, json!({ "name": "Support!", "memberIds": ids })).await.expect(200).json();
    assert_eq!(changed["memberIds"].as_array().map(Vec::len), Some(2), "{changed}");
    assert_eq!(changed["assignment"], "roundRobin");
    assert_eq!(api.all("/teams").await.len(), 2);

    // Who is deleted is of no team any more; agents and other keys change none.
    api.delete(&format!("/users/{}", ids[0])).await.expect(204);
    assert_eq!(api.get(&path).await.expect(200).json()["memberIds"], json!([ids[1]]));
    let reader = api.with_new_key(&["conversations:read", "conversations:write"], None).await;
    assert_eq!(reader.all("/teams").await.len(), 2);
    reader.post("/teams", json!({ "name": "Mine" })).await.expect(403);
    reader.patch(&path, json!({ "name": "Mine" })).await.expect(403);
    reader.delete(&path).await.expect(403);
    let stranger = api.with_new_key(&["channels:read"], None).await;
    stranger.get("/teams").await.expect(403);

    let channel = api.channel_like(json!({ "teamId": text(&made, "/id") })).await;
    receive(&postroom, &channel.address(), "Hello").await;
    let conversation = api.all("/conversations").await.remove(0);
    assert_eq!((&conversation["teamId"], &conversation["assigneeId"]), (&made["id"], &json!(ids[1])));
    api.delete(&path).await.expect(204);
    api.get(&path).await.expect(404);
    api.delete(&path).await.expect(404);
    let let_go = api.get(&format!("/conversations/{}", text(&conversation, "/id"))).await.expect(200).json();
    assert_eq!((&let_go["teamId"], &let_go["assigneeId"]), (&Value::Null, &json!(ids[1])), "{let_go}");
    assert_eq!(api.get(&format!("/channels/{}", channel.id())).await.expect(200).json()["teamId"], Value::Null);
    let again = api.post("/teams", json!({ "name": "support!" })).await.expect(201).json();
    assert_ne!(again["id"], made["id"], "the name is free again");
    receive(&postroom, &channel.address(), "Later").await;
    assert_eq!(api.all("/conversations").await[0]["teamId"], Value::Null);
}

async fn conversations_are_listed_by_their_team_and_its_events_name_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ids = people(&api, &["ada"]).await;
    let (support, sales) = (team(&api, "Support", "manual", &ids).await, team(&api, "Sales", "roundRobin", &ids).await);
    let address = api.channel().await.address();
    for subject in ["One", "Two", "Three"] {
        receive(&postroom, &address, subject).await;
    }
    let subjects = async |query: &str| -> Vec<String> {
        api.all(&format!("/conversations{query}")).await.iter().map(|item| text(item, "/subject")).collect()
    };
    let all = api.all("/conversations").await;
    let path = |n: usize| format!("/conversations/{}", text(&all[n], "/id"));
    let given = api.patch(&path(0), json!({ "teamId": support })).await.expect(200).json();
    assert_eq!((&given["teamId"], &given["assigneeId"]), (&json!(support), &Value::Null), "nobody is given it by hand");
    let given = api.patch(&path(2), json!({ "teamId": sales })).await.expect(200).json();
    assert_eq!((&given["teamId"], &given["assigneeId"]), (&json!(sales), &json!(ids[0])));
    assert_eq!(subjects(&format!("?teamId={support}")).await, ["Three"]);
    assert_eq!(subjects(&format!("?teamId={sales}&status=open")).await, ["One"]);
    assert_eq!(subjects("?teamId=none").await, ["Two"]);
    assert_eq!(subjects(&format!("?teamId={sales}&assigneeId=none")).await, [] as [&str; 0]);
    api.get("/conversations?teamId=nonsense").await.expect(400);
    for unknown in [json!("team_00000000000000000000000000"), json!("nonsense")] {
        assert_eq!(api.patch(&path(1), json!({ "teamId": unknown })).await.expect(422).pointers(), ["/teamId"]);
    }
    eventually("the events that name the team", || async {
        let events = api.all_events().await;
        let of_sales = events.iter().filter(|event| event["data"]["teamId"] == json!(sales));
        let types: Vec<String> = of_sales.map(|event| text(event, "/type")).collect();
        (types == ["conversation.updated", "conversation.assigned"]).then_some(())
    })
    .await;

    // Somebody who has it keeps it, and null takes the team away.
    let kept = api.patch(&path(2), json!({ "teamId": support })).await.expect(200).json();
    assert_eq!((&kept["teamId"], &kept["assigneeId"]), (&json!(support), &json!(ids[0])));
    let passed_on = api.patch(&path(2), json!({ "teamId": null, "assigneeId": null })).await.expect(200).json();
    assert_eq!((&passed_on["teamId"], &passed_on["assigneeId"]), (&Value::Null, &Value::Null));
    assert_eq!(subjects("?teamId=none").await, ["Two", "One"]);
}

async fn arrivals_at_once_are_dealt_out_evenly(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut ids = people(&api, &["ada", "bo", "cy", "di"]).await;
    let support = team(&api, "Support", "roundRobin", &ids).await;
    let channel = api.channel_like(json!({ "teamId": support })).await;
    let away = ids.pop().expect("di");
    let changed = api.patch(&format!("/users/{away}"), json!({ "available": false })).await.expect(200).json();
    assert_eq!(changed["available"], false);
    let address = channel.address();
    let arrivals = (0..24).map(|n| {
        let mail = Mail::new(&address, &format!("Question {n}")).from(&format!("ann{n}@example.test"));
        let (address, smtp) = (address.clone(), postroom.smtp);
        async move { smtp_client::send(smtp, "x@example.test", &address, mail.bytes()).await.expect("250") }
    });
    join_all(arrivals).await;
    let conversations = api.all(&format!("/conversations?teamId={support}")).await;
    assert_eq!(conversations.len(), 24);
    let mut dealt: HashMap<String, usize> = HashMap::new();
    for conversation in &conversations {
        *dealt.entry(text(conversation, "/assigneeId")).or_default() += 1;
    }
    let expected: HashMap<String, usize> = ids.iter().map(|id| (id.clone(), 8)).collect();
    assert_eq!(dealt, expected);
    for id in &ids {
        assert_eq!(api.all(&format!("/conversations?assigneeId={id}&status=open")).await.len(), 8);
    }
    eventually("an event of each assignment", || async {
        let events = api.all_events().await;
        let of_type = |wanted: &str| events.iter().filter(|event| event["type"] == wanted).count();
        (of_type("conversation.created") == 24 && of_type("conversation.assigned") == 24).then_some(())
    })
    .await;

    // With everybody away it waits for somebody; the next answer of the same person joins and is nobody else's.
    for id in &ids {
        api.patch(&format!("/users/{id}"), json!({ "available": false })).await.expect(200);
    }
    receive(&postroom, &address, "Holidays").await;
    let waiting = api.all(&format!("/conversations?teamId={support}&assigneeId=none")).await;
    assert_eq!(waiting.iter().map(|one| text(one, "/subject")).collect::<Vec<_>>(), ["Holidays"]);
}

async fn the_least_busy_member_gets_the_next_one(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let ids = people(&api, &["ada", "bo", "cy"]).await;
    let address = api.channel().await.address();
    for subject in ["A1", "A2", "B1"] {
        receive(&postroom, &address, subject).await;
        let newest = text(&api.all("/conversations").await[0], "/id");
        let busy = if subject.starts_with('A') { &ids[0] } else { &ids[1] };
        api.patch(&format!("/conversations/{newest}"), json!({ "assigneeId": busy })).await.expect(200);
    }
    let support = team(&api, "Support", "leastBusy", &ids).await;
    let channel = api.channel_like(json!({ "teamId": support })).await;
    let arrivals = (0..6).map(|n| {
        let mail = Mail::new(&channel.address(), &format!("Question {n}")).from(&format!("ann{n}@example.test"));
        let (address, smtp) = (channel.address(), postroom.smtp);
        async move { smtp_client::send(smtp, "x@example.test", &address, mail.bytes()).await.expect("250") }
    });
    join_all(arrivals).await;
    // Two, one and none before: three each now.
    for id in &ids {
        let open = api.all(&format!("/conversations?assigneeId={id}&status=open")).await;
        assert_eq!(open.len(), 3, "{id}");
    }
    // What is done is no load.
    for conversation in api.all(&format!("/conversations?assigneeId={}", ids[1])).await {
        let path = format!("/conversations/{}", text(&conversation, "/id"));
        api.patch(&path, json!({ "status": "resolved" })).await.expect(200);
    }
    receive(&postroom, &channel.address(), "Seventh").await;
    assert_eq!(api.all("/conversations").await[0]["assigneeId"], json!(ids[1]));
}

async fn an_invitation_is_read_by_the_invited_alone(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    for channel in api.all("/channels").await {
        api.delete(&format!("/channels/{}", text(&channel, "/id"))).await.expect(204);
    }
    let ada = json!({ "email": "ada@example.org", "name": "Ada", "role": "agent", "invite": true });
    api.post("/users", ada.clone()).await.expect(409);
    assert!(api.all("/users").await.iter().all(|user| user["email"] != "ada@example.org"), "nobody is left behind");
    let channel = api.channel().await;
    let mut wrong = ada.clone();
    wrong["password"] = json!("long enough");
    assert_eq!(api.post("/users", wrong).await.expect(422).pointers(), ["/password"]);
    let unasked = json!({ "email": "ada@example.org", "role": "agent", "channelId": channel.id() });
    assert_eq!(api.post("/users", unasked).await.expect(422).pointers(), ["/channelId"]);
    let mut elsewhere = ada.clone();
    elsewhere["channelId"] = json!("ch_00000000000000000000000000");
    assert_eq!(api.post("/users", elsewhere).await.expect(422).pointers(), ["/channelId"]);

    let made = api.post("/users", ada).await.expect(201).json();
    assert_eq!((&made["lastSignInAt"], &made["available"]), (&Value::Null, &json!(true)), "{made}");
    assert_eq!(made["invitation"]["channelId"], json!(channel.id()));
    assert_eq!(made["invitation"]["captured"], true);
    let url = text(&made, "/signInUrl");
    let path = format!("/messages/{}", text(&made, "/invitation/messageId"));
    let raw = eventually("the invitation to be captured", || async {
        let message = api.get(&path).await.expect(200).json();
        (message["status"] == "delivered" || message["status"] == "sent").then_some(())?;
        let raw = api.get(&format!("{path}/raw")).await.expect(200);
        Some(unfolded(&raw.body))
    })
    .await;
    assert!(raw.contains(&url), "{raw}");
    assert!(raw.contains("<ada@example.org>"), "{raw}");

    // Everybody else sees that there was one and nothing of what it says.
    let token = url.split("token=").nth(1).and_then(|rest| rest.split('&').next()).expect("a token");
    let reader = api.with_new_key(&["messages:read", "conversations:read", "events:read"], None).await;
    let shown = reader.get(&path).await.expect(200);
    reader.get(&format!("{path}/raw")).await.expect(403);
    let html = reader.get(&format!("{path}/html?remoteImages=false")).await.expect(200);
    let conversation = text(&shown.json(), "/conversationId");
    let thread = reader.get(&format!("/conversations/{conversation}/messages")).await.expect(200);
    for seen in [&shown.body, &html.body, &thread.body] {
        let seen = String::from_utf8_lossy(seen);
        assert!(seen.contains("recipient") && seen.contains("alone") && !seen.contains(token), "{seen}");
    }
    let events = Value::from(reader.all_events().await).to_string();
    assert!(!events.contains(token), "{events}");
    // Nor can anybody have it sent to themselves.
    let forward = json!({ "text": "Look.", "to": "eve@example.org", "forward": { "messageId": text(&made, "/invitation/messageId") } });
    let agent = api.as_new_user("eve@example.test", "agent").await;
    for asking in [&agent, &api] {
        let refused = asking.post(&format!("/conversations/{conversation}/messages"), forward.clone()).await;
        assert_eq!(refused.expect(422).pointers(), ["/forward/messageId"]);
    }
    assert!(api.all("/conversations?status=open").await.is_empty(), "it is nobody's work");

    // Sent again, the link before is worthless.
    let invite = format!("/users/{}/invite", text(&made, "/id"));
    let again = api.post(&invite, json!({})).await.expect(202).json();
    let raw = api.get(&format!("/messages/{}/raw", text(&again, "/messageId"))).await.expect(200);
    let raw = unfolded(&raw.body);
    let newer = raw.split("token=").nth(1).and_then(|rest| rest.split('&').next()).expect("a token").to_owned();
    let sign_in = async |token: &str| {
        let request = api.without_key().request(Method::POST, "/session").json(&json!({ "token": token }));
        api.send(request).await
    };
    sign_in(token).await.expect(401);
    let session = sign_in(&newer).await.expect(200).json();
    assert_eq!(session["user"]["id"], made["id"]);
    assert!(session["user"]["lastSignInAt"].is_string(), "{session}");
    api.post(&invite, json!({})).await.expect(409);
    api.post("/users/usr_00000000000000000000000000/invite", json!({})).await.expect(404);
    reader.post(&invite, json!({})).await.expect(403);
}

/// The text part of a mail, its soft line breaks (RFC 2045 §6.7) undone.
fn unfolded(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).replace("=\r\n", "").replace("=3D", "=")
}
