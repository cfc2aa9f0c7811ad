//! Workspaces never meet: what belongs to another answers 404 on every route there is.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(a_foreign_key_gets_404_on_every_route);

/// A key of a second workspace, made with the command line.
pub fn key_of_another_workspace(postroom: &Postroom) -> String {
    let workspace = postroom.run(&["workspace", "create", "--name", "Another"]);
    let arguments = ["key", "create", "--quiet", "--name", "All", "--scope", "admin", "--workspace", workspace.trim()];
    postroom.run(&arguments).trim().to_owned()
}

async fn a_foreign_key_gets_404_on_every_route(database: Database) {
    let postroom = Postroom::start(database).await;
    let ours = postroom.api();
    let known = fill(&postroom, &ours).await;
    let foreign = postroom.api_with_key(&key_of_another_workspace(&postroom));
    let document = ours.get("//openapi.json").await.expect(200).json();
    let mut walked = 0;
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for method in ["get", "post", "put", "patch", "delete"] {
            if operations.get(method).is_none() || !path.starts_with("/api/v1/") {
                continue;
            }
            if path.contains('{') {
                let filled = fill_in(path, &known);
                let body = body_for(method, path);
                let answer = ask(&foreign, method, &filled, body).await;
                assert_eq!(answer.status, 404, "{method} {filled} → {}", String::from_utf8_lossy(&answer.body));
                walked += 1;
            } else if method == "get" && !path.ends_with("/stream") {
                let answer = ask(&foreign, method, path, None).await;
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                for id in known.values().flat_map(BTreeMap::values) {
                    assert!(!body.contains(id.as_str()), "GET {path} shows {id} to another workspace: {body}");
                }
                walked += 1;
            }
        }
    }
    assert!(walked >= 30, "only {walked} routes were walked");
    // Ids of ours in a body are not there either.
    let content = json!({ "type": "email", "email": { "subject": "x", "text": "x" } });
    let send = json!({ "channelId": known["channels"]["id"], "to": "x@example.test", "content": content });
    let status = foreign.post("/messages", send).await.status;
    assert!(status == 404 || status == 422, "sending from another workspace's channel → {status}");
    let bind = json!({ "name": "x", "scopes": ["messages:read"], "channelId": known["channels"]["id"] });
    let status = foreign.post("/api-keys", bind).await.status;
    assert!(status == 404 || status == 422, "binding a key to another workspace's channel → {status}");
    // And ours still has everything.
    for resource in ["channels", "conversations", "messages", "contacts", "webhooks"] {
        let id = &known[resource]["id"];
        ours.get(&format!("/{resource}/{id}")).await.expect(200);
    }
}

/// Make one of everything; resource → name of the parameter → id.
async fn fill(postroom: &Postroom, api: &Api) -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
    let (channel, receiver) = (api.channel().await, WebhookReceiver::start().await);
    let endpoint = api.post("/webhooks", json!({ "url": receiver.url(), "events": ["*"] })).await.expect(201).json();
    let mail = mail::with_attachment(&channel.address(), "Secret plans", "plans.txt", "text/plain", b"plans");
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
    let message = api.all("/messages").await.remove(0);
    receiver.wait_for("message.received", 1).await;
    let endpoint_id = text(&endpoint, "/id");
    let deliveries = api.get(&format!("/webhooks/{endpoint_id}/deliveries")).await.expect(200).json();
    let key = api.post("/api-keys", json!({ "name": "Second", "scopes": ["messages:read"] })).await.expect(201).json();
    let users = api.get("/users").await.expect(200).json();
    let template = json!({ "name": "secret plans", "channel": "email", "content": { "subject": "x", "text": "x" } });
    let template = api.post("/templates", template).await.expect(201).json();
    let suppression = api.post("/suppressions", json!({ "address": "no@example.test" })).await.expect(201).json();
    let domain = api.post("/domains", json!({ "name": "secret.example.test" })).await.expect(201).json();
    let list = api.post("/lists", json!({ "name": "secret people" })).await.expect(201).json();
    let member = json!({ "members": [{ "contactId": text(&message, "/contactId") }] });
    api.post(&format!("/lists/{}/members", text(&list, "/id")), member).await.expect(200);
    let team = api.post("/teams", json!({ "name": "secret team" })).await.expect(201).json();
    let view = json!({ "name": "secret view", "filter": { "status": "open" }, "shared": true });
    let view = api.post("/views", view).await.expect(201).json();
    let automation = json!({ "name": "secret rule", "trigger": "message.received", "actions": [{ "type": "stop" }] });
    let automation = api.post("/automations", automation).await.expect(201).json();
    let policy = json!({ "name": "secret promise", "firstResponseSeconds": 3_600 });
    let policy = api.post("/sla-policies", policy).await.expect(201).json();
    let gone = api.post("/contacts", json!({ "addresses": ["gone@example.test"] })).await.expect(201).json();
    let erase = format!("/contacts/{}/erase", text(&gone, "/id"));
    let erasure = api.post(&erase, json!({})).await.expect(202).json();
    let id = |value: String| BTreeMap::from([("id", value)]);
    BTreeMap::from([
        ("channels", id(channel.id())),
        ("conversations", id(text(&message, "/conversationId"))),
        ("contacts", id(text(&message, "/contactId"))),
        (
            "messages",
            BTreeMap::from([
                ("id", text(&message, "/id")),
                ("attachmentId", text(&message, "/content/email/attachments/0/id")),
            ]),
        ),
        ("webhooks", BTreeMap::from([("id", endpoint_id), ("deliveryId", text(&deliveries, "/items/0/id"))])),
        ("api-keys", id(text(&key, "/id"))),
        ("templates", id(text(&template, "/id"))),
        ("suppressions", id(text(&suppression, "/id"))),
        ("domains", id(text(&domain, "/id"))),
        ("lists", BTreeMap::from([("id", text(&list, "/id")), ("contactId", text(&message, "/contactId"))])),
        // They need a domain that DNS proves: that another's are not shown is among the API's own tests.
        ("use-cases", id("uc_00000000000000000000000000".into())),
        ("broadcasts", id("bc_00000000000000000000000000".into())),
        ("users", id(text(&users, "/items/0/id"))),
        ("teams", id(text(&team, "/id"))),
        ("views", id(text(&view, "/id"))),
        ("automations", id(text(&automation, "/id"))),
        ("sla-policies", id(text(&policy, "/id"))),
        ("erasures", id(text(&erasure, "/id"))),
        ("drafts", id(text(&message, "/conversationId"))),
        // A person's: a key has none.
        ("uploads", id("upl_00000000000000000000000000".into())),
    ])
}

/// `/api/v1/messages/{id}/…` with ids of ours in the place of its parameters.
fn fill_in(path: &str, known: &BTreeMap<&str, BTreeMap<&str, String>>) -> String {
    let resource = path.trim_start_matches("/api/v1/").split('/').next().expect("a resource");
    let ids = known.get(resource).unwrap_or_else(|| panic!("make one of {resource} in `fill`: {path} needs it"));
    let mut first = true;
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| {
            let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else { return segment };
            let name = if std::mem::take(&mut first) { "id" } else { name };
            let key = ["attachmentId", "deliveryId", "contactId"]
                .into_iter()
                .find(|key| name.to_lowercase().contains(&key.to_lowercase().replace("id", "")));
            ids[key.unwrap_or("id")].as_str()
        })
        .collect();
    segments.join("/")
}

/// A body the route would take, so that it gets as far as the look-up.
fn body_for(method: &str, path: &str) -> Option<Value> {
    match (method, path.rsplit('/').next()?) {
        ("get" | "delete", _) => None,
        ("post", "messages") => Some(json!({ "text": "x" })),
        ("post", "members") => Some(json!({ "members": [{ "address": "x@example.test" }] })),
        ("post", "replay") => Some(json!({ "after": "evt_00000000000000000000000000" })),
        ("post", "merge") if path.contains("/contacts/") => {
            Some(json!({ "contactId": "ct_00000000000000000000000000" }))
        }
        ("post", "addresses") => Some(json!({ "address": "x@example.test" })),
        ("post", "notes") => Some(json!({ "text": "x" })),
        ("patch", _) if path.contains("/notes/") => Some(json!({ "text": "x" })),
        ("post", "merge") => Some(json!({ "conversationIds": ["conv_00000000000000000000000000"] })),
        ("post", "split") => Some(json!({ "messageIds": ["msg_00000000000000000000000000"] })),
        ("post", "move") => Some(json!({ "channelId": "ch_00000000000000000000000000" })),
        ("put", _) if path.contains("/drafts/") => Some(json!({ "version": 0, "content": {} })),
        ("post", "test") if path.contains("/automations/") => Some(json!({})),
        ("post", "test") if path.contains("/templates/") => {
            Some(json!({ "channelId": "ch_00000000000000000000000000", "to": "x@example.test", "variables": {} }))
        }
        ("post", "cancel" | "retry" | "test" | "rotate-secret" | "verify" | "rotate-dkim") => None,
        _ => Some(json!({})),
    }
}

async fn ask(api: &Api, method: &str, path: &str, body: Option<Value>) -> crate::api::Answer {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
    let request = api.request(method, &format!("/{path}"));
    api.send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}
