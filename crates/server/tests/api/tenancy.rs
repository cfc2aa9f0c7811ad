//! Workspaces never meet: every route of the document, asked about one workspace's things with another's key.

use model::survey::RatingValue;
use model::{MessageId, SurveyId, Timestamp};
use serde_json::{Value, json};
use store::surveys::{self, SurveyRow};
use store::testing::TestDb;
use store::{Priority, Tx};

use crate::support::Server;
use crate::{lists, use_cases};

store::on_both_engines!(every_route_answers_a_foreign_key_as_if_nothing_were_there);

const MAIL: &str = "From: Ann <ann@example.org>\r\nTo: support@acme.test\r\nSubject: hello\r\nMessage-ID: <m1@example.org>\r\n\
    Date: Mon, 15 Jan 2024 10:30:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<p>hello there</p>\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\
    Content-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n";

/// One of everything, in the product's own workspace.
pub struct Things {
    channel: String,
    message: String,
    conversation: String,
    contact: String,
    attachment: String,
    webhook: String,
    delivery: String,
    api_key: String,
    user: String,
    event: String,
    template: String,
    suppression: String,
    domain: String,
    use_case: String,
    list: String,
    broadcast: String,
    team: String,
    automation: String,
    view: String,
    sla_policy: String,
    note: String,
    erasure: String,
}

impl Things {
    pub async fn make(server: &Server) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("an id, not {value}")).to_owned();
        let webhook = json!({"url": "https://hooks.example.com/in", "events": ["*"]});
        let webhook = text(&server.post("/api/v1/webhooks", webhook).await.expect(201).json()["id"]);
        server.post(&format!("/api/v1/webhooks/{webhook}/test"), json!({})).await.expect(202);
        let deliveries = server.get(&format!("/api/v1/webhooks/{webhook}/deliveries")).await.expect(200).json();
        let user = json!({"email": "ann@example.com", "role": "admin", "password": "correct horse"});
        let key = json!({"name": "App", "scopes": ["channels:read"]});
        let message = server.product.receive(MAIL).await.to_string();
        server.product.settle().await;
        engine::timing::step(&server.product.engine, model::Timestamp::now()).await.expect("a step");
        let shown = server.get(&format!("/api/v1/messages/{message}")).await.expect(200).json();
        let domain = use_cases::verified_domain(server).await;
        let use_case = use_cases::make(server, use_cases::new(&domain, "orders")).await;
        let list = lists::make(server, "Customers").await;
        lists::add(server, &list, json!([{"contactId": shown["contactId"]}])).await.expect(200);
        let broadcast =
            json!({"name": "Spring", "useCaseId": use_case, "listId": list, "subject": "Hello", "text": "Hello."});
        let broadcast = text(&server.post("/api/v1/broadcasts", broadcast).await.expect(201).json()["id"]);
        let conversation = format!("/api/v1/conversations/{}", text(&shown["conversationId"]));
        server.patch(&conversation, json!({"labels": ["parcel"]})).await.expect(200);
        let automation = json!({"name": "Parcels", "trigger": "message.received", "actions": [{"type": "stop"}]});
        let policy = json!({"name": "Usual", "firstResponseSeconds": 3600});
        let view = json!({"name": "Parcels", "filter": {"label": "parcel"}, "shared": true});
        let provider = json!({"name": "Acme", "issuer": "https://login.example", "clientId": "postroom"});
        server.ask("PUT", "/api/v1/workspace/identity-provider", &server.key, Some(provider)).await.expect(200);
        let note = format!("/api/v1/contacts/{}/notes", text(&shown["contactId"]));
        let note = server.post(&note, json!({"text": "likes parcels"})).await.expect(201).json();
        let gone = server.post("/api/v1/contacts", json!({"addresses": ["gone@example.com"]})).await.expect(201).json();
        let erase = format!("/api/v1/contacts/{}/erase", text(&gone["id"]));
        let erasure = server.post(&erase, json!({})).await.expect(202).json();
        rate(server, &text(&shown["conversationId"]), &text(&shown["contactId"])).await;
        Self {
            channel: server.product.channel.id.to_string(),
            conversation: text(&shown["conversationId"]),
            contact: text(&shown["contactId"]),
            attachment: text(&shown["content"]["email"]["attachments"][0]["id"]),
            message,
            delivery: text(&deliveries["items"][0]["id"]),
            webhook,
            api_key: text(&server.post("/api/v1/api-keys", key).await.expect(201).json()["id"]),
            user: text(&server.post("/api/v1/users", user).await.expect(201).json()["id"]),
            template: text(
                &server.post("/api/v1/templates", crate::templates::welcome()).await.expect(201).json()["id"],
            ),
            suppression: text(
                &server.post("/api/v1/suppressions", json!({"address": "no@example.com"})).await.expect(201).json()["id"],
            ),
            domain,
            use_case,
            list,
            broadcast,
            team: text(&server.post("/api/v1/teams", json!({"name": "Support"})).await.expect(201).json()["id"]),
            automation: text(&server.post("/api/v1/automations", automation).await.expect(201).json()["id"]),
            view: text(&server.post("/api/v1/views", view).await.expect(201).json()["id"]),
            sla_policy: text(&server.post("/api/v1/sla-policies", policy).await.expect(201).json()["id"]),
            note: text(&note["id"]),
            erasure: text(&erasure["id"]),
            event: text(&server.get("/api/v1/events").await.expect(200).json()["items"][0]["id"]),
        }
    }

    /// A path of the document with these things' ids in its places.
    pub fn fill(&self, template: &str) -> String {
        let id = match template.trim_start_matches("/api/v1/").split('/').next() {
            Some("channels") => &self.channel,
            Some("messages") => &self.message,
            Some("conversations") => &self.conversation,
            Some("contacts") => &self.contact,
            Some("webhooks") => &self.webhook,
            Some("api-keys") => &self.api_key,
            Some("users") => &self.user,
            Some("templates") => &self.template,
            Some("suppressions") => &self.suppression,
            Some("domains") => &self.domain,
            Some("use-cases") => &self.use_case,
            Some("lists") => &self.list,
            Some("broadcasts") => &self.broadcast,
            Some("teams") => &self.team,
            Some("automations") => &self.automation,
            Some("views") => &self.view,
            Some("sla-policies") => &self.sla_policy,
            Some("erasures") => &self.erasure,
            // A person's: a key has none, whatever its id.
            Some("uploads") => "upl_00000000000000000000000000",
            _ => "",
        };
        let path = template
            .replace("{id}", id)
            .replace("{attachmentId}", &self.attachment)
            .replace("{place}", &self.conversation)
            .replace("{contactId}", &self.contact)
            .replace("{noteId}", &self.note)
            .replace("{address}", "ann@example.org")
            .replace("{deliveryId}", &self.delivery);
        assert!(!path.contains('{') && !path.contains("//"), "{template}: say here what its ids are");
        path
    }

    /// A body that would do, if the thing were the asker's.
    fn body(&self, template: &str) -> Value {
        match template {
            "/api/v1/conversations/{id}/messages" => json!({"text": "hello"}),
            "/api/v1/conversations/{id}/merge" => json!({"conversationIds": ["conv_00000000000000000000000000"]}),
            "/api/v1/conversations/{id}/split" => json!({"messageIds": [self.message]}),
            "/api/v1/conversations/{id}/move" => json!({"channelId": self.channel}),
            "/api/v1/contacts/{id}/merge" => json!({"contactId": "ct_00000000000000000000000000"}),
            "/api/v1/contacts/{id}/addresses" => json!({"address": "a@example.com"}),
            "/api/v1/contacts/{id}/notes" | "/api/v1/contacts/{id}/notes/{noteId}" => json!({"text": "x"}),
            "/api/v1/drafts/{place}" => json!({"version": 0, "content": {}}),
            "/api/v1/templates/{id}/test" => json!({"channelId": self.channel, "to": "a@example.com"}),
            "/api/v1/lists/{id}/members" => json!({"members": [{"address": "a@example.com"}]}),
            "/api/v1/webhooks/{id}/replay" => json!({"after": self.event}),
            _ => json!({}),
        }
    }

    fn ids(&self) -> [&str; 22] {
        [
            &self.channel,
            &self.message,
            &self.conversation,
            &self.contact,
            &self.attachment,
            &self.webhook,
            &self.delivery,
            &self.api_key,
            &self.user,
            &self.event,
            &self.template,
            &self.suppression,
            &self.domain,
            &self.use_case,
            &self.list,
            &self.broadcast,
            &self.team,
            &self.automation,
            &self.view,
            &self.sla_policy,
            &self.note,
            &self.erasure,
        ]
    }
}

/// An answer to a survey, as if its mail had been sent and its link followed.
async fn rate(server: &Server, conversation: &str, contact: &str) {
    let now = Timestamp::now();
    let row = SurveyRow {
        id: SurveyId::generate(),
        workspace_id: server.product.workspace_id.clone(),
        conversation_id: conversation.parse().expect("an id"),
        contact_id: contact.parse().expect("an id"),
        channel_id: server.product.channel.id.clone(),
        team_id: None,
        assignee_id: None,
        automation_id: None,
        due_at: Some(now),
        sent_at: None,
        rating: None,
        comment: None,
        rated_at: None,
        changed_at: None,
        created_at: now,
    };
    let work = move |tx: &mut Tx<'_>| {
        surveys::insert(tx, &row, None)?;
        surveys::sent(tx, &row.id, &MessageId::generate(), now)?;
        surveys::answer(tx, &row.id, RatingValue::Good, Some("quick"), now)
    };
    server.product.engine.db.write(Priority::Foreground, work).await.expect("an answer");
}

async fn every_route_answers_a_foreign_key_as_if_nothing_were_there(database: TestDb) {
    let server = Server::start(database).await;
    let things = Things::make(&server).await;
    let foreign = server.foreign_key().await;
    let document = serde_json::to_value(postroom_server::document()).expect("serialises");
    let mut with_ids = 0;
    for (template, item) in document["paths"].as_object().expect("paths") {
        // Those prove themselves by a token of the thing's own; their tests are beside them.
        if !template.starts_with("/api/v1/") || template.ends_with("/stream") {
            continue;
        }
        for method in item.as_object().expect("operations").keys() {
            let method = method.to_uppercase();
            let body = matches!(method.as_str(), "POST" | "PATCH" | "PUT").then(|| things.body(template));
            let path = things.fill(template);
            let answer = server.ask(&method, &path, &foreign, body).await;
            if template.contains("{id}") {
                with_ids += 1;
                assert_eq!(answer.status.as_u16(), 404, "{method} {path}: {}", answer.text);
            }
            for id in things.ids().into_iter().filter(|id| !path.contains(*id)) {
                assert!(!answer.text.contains(id), "{method} {path} tells of {id}: {}", answer.text);
            }
        }
    }
    assert!(with_ids >= 25, "only {with_ids} operations were asked");

    // What is named in a body or a query is as foreign as what is named in a path.
    let content = json!({"type": "email", "email": {"subject": "s", "text": "t"}});
    let (name, address) = ("x", "a@example.com");
    let list = server.ask("POST", "/api/v1/lists", &foreign, Some(json!({"name": name}))).await.expect(201).json();
    let list = list["id"].as_str().expect("an id");
    for (method, path, body) in [
        ("POST", format!("/api/v1/lists/{list}/members"), Some(json!({"members": [{"contactId": things.contact}]}))),
        (
            "POST",
            "/api/v1/broadcasts".to_owned(),
            Some(json!({"name": name, "useCaseId": things.use_case, "listId": list, "subject": "s", "text": "t"})),
        ),
        (
            "POST",
            "/api/v1/messages".to_owned(),
            Some(json!({"channelId": things.channel, "to": address, "content": content})),
        ),
        (
            "POST",
            "/api/v1/api-keys".to_owned(),
            Some(json!({"name": "A", "scopes": ["admin"], "channelId": things.channel})),
        ),
        ("GET", format!("/api/v1/events?after={}", things.event), None),
    ] {
        let answer = server.ask(method, &path, &foreign, body).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {answer:?}");
    }
    for query in ["channelId", "conversationId", "contactId"] {
        let id = match query {
            "channelId" => &things.channel,
            "conversationId" => &things.conversation,
            _ => &things.contact,
        };
        let answer = server.ask("GET", &format!("/api/v1/messages?{query}={id}"), &foreign, None).await;
        assert!(!answer.text.contains(&things.message), "{query}: {}", answer.text);
    }
    // And nothing was changed by all of it.
    for template in [
        "/api/v1/channels/{id}",
        "/api/v1/messages/{id}",
        "/api/v1/webhooks/{id}",
        "/api/v1/users/{id}",
        "/api/v1/templates/{id}",
        "/api/v1/suppressions/{id}",
        "/api/v1/domains/{id}",
        "/api/v1/use-cases/{id}",
        "/api/v1/lists/{id}",
        "/api/v1/broadcasts/{id}",
        "/api/v1/teams/{id}",
        "/api/v1/automations/{id}",
        "/api/v1/views/{id}",
        "/api/v1/sla-policies/{id}",
        "/api/v1/contacts/{id}",
        "/api/v1/erasures/{id}",
    ] {
        server.get(&things.fill(template)).await.expect(200);
    }
}
