//! Message templates: made, changed, previewed, sent; by the platform API and by the mailbox API.

use model::key::Scope;
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::support::{Answer, Server, key};

store::on_both_engines!(
    a_template_is_made_changed_and_taken_away,
    changes_at_the_same_moment_are_all_made,
    what_is_wrong_with_a_template_is_pointed_at,
    a_preview_shows_what_is_missing,
    messages_are_sent_from_templates,
    replies_are_sent_from_templates,
    variables_that_are_missing_are_pointed_at,
    templates_need_their_scopes,
    the_mailbox_api_shows_the_same_templates,
    templates_of_an_account_are_its_own,
    requests_of_the_documentation_work,
);

pub fn welcome() -> Value {
    json!({"name": "welcome_email", "description": "For new customers", "channel": "email", "content": {
        "subject": "Welcome to {{company_name}}, {{first_name}}!",
        "html": "<h1>Welcome, {{first_name}}!</h1>{{#each steps}}<p>{{this}}</p>{{/each}}",
        "previewText": "Three steps",
    }})
}

fn variables() -> Value {
    json!({"company_name": "Acme & Co", "first_name": "<Ann>", "steps": ["one", "two"]})
}

async fn make(server: &Server, body: Value) -> String {
    let made = server.post("/api/v1/templates", body).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn message(server: &Server, template: Value) -> Value {
    json!({"channelId": server.product.channel.id, "to": "ann@example.com", "template": template})
}

async fn a_template_is_made_changed_and_taken_away(database: TestDb) {
    let server = Server::start(database).await;
    let id = make(&server, welcome()).await;
    let path = format!("/api/v1/templates/{id}");
    let made = server.get(&path).await.expect(200).json();
    assert_eq!((&made["version"], &made["format"], &made["channel"]), (&json!(1), &json!("html"), &json!("email")));
    assert_eq!(made["content"]["previewText"], "Three steps");
    assert_eq!(made["content"]["text"], Value::Null);

    server.patch(&path, json!({"description": null})).await.expect(200);
    let renamed = server.patch(&path, json!({"name": " greeting "})).await.expect(200).json();
    assert_eq!(
        (&renamed["name"], &renamed["version"], &renamed["description"]),
        (&json!("greeting"), &json!(1), &Value::Null)
    );
    let changed = json!({"content": {"text": "Hi {{first_name}}", "previewText": null}});
    let changed = server.patch(&path, changed).await.expect(200).json();
    assert_eq!((&changed["version"], &changed["content"]["previewText"]), (&json!(2), &Value::Null));
    assert_eq!(changed["content"]["html"], welcome()["content"]["html"], "what is left out stays");

    let versions = server.get(&format!("{path}/versions?take=1")).await.expect(200).json();
    assert_eq!(versions["items"][0]["number"], 2);
    let cursor = versions["cursor"].as_str().expect("a cursor");
    let versions = server.get(&format!("{path}/versions?take=1&cursor={cursor}")).await.expect(200).json();
    assert_eq!((&versions["items"][0]["number"], &versions["cursor"]), (&json!(1), &json!("")));
    assert_eq!(versions["items"][0]["content"], made["content"], "a version stays as it was");

    let other = make(&server, json!({"name": "other", "content": {"text": "x"}})).await;
    server
        .post("/api/v1/templates", json!({"name": "greeting", "content": {"text": "x"}}))
        .await
        .expect_problem(409, "conflict");
    server
        .patch(&format!("/api/v1/templates/{other}"), json!({"name": "greeting"}))
        .await
        .expect_problem(409, "conflict");
    let list = server.get("/api/v1/templates").await.expect(200).json();
    let names: Vec<&str> =
        list["items"].as_array().expect("items").iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["other", "greeting"]);

    server.delete(&path).await.expect(204);
    server.get(&path).await.expect(404);
    server.delete(&path).await.expect(404);
    make(&server, json!({"name": "greeting", "content": {"text": "x"}})).await;
}

async fn changes_at_the_same_moment_are_all_made(database: TestDb) {
    let server = Server::start(database).await;
    make(&server, json!({"name": "taken", "content": {"text": "x"}})).await;
    let id = make(&server, welcome()).await;
    let path = format!("/api/v1/templates/{id}");
    let change = async |content: Value| server.patch(&path, json!({"content": content})).await.expect(200);
    let (subject, text) = (json!({"subject": "Changed"}), json!({"text": "Changed"}));
    let (html, preview_text) = (json!({"html": "Changed"}), json!({"previewText": "Changed"}));
    let described = server.patch(&path, json!({"description": "Changed"}));
    let taken = server.patch(&path, json!({"name": "taken", "content": {"text": "Lost"}}));
    let (.., described, taken) =
        tokio::join!(change(subject), change(text), change(html), change(preview_text), described, taken);
    assert_eq!(described.expect(200).json()["description"], "Changed");
    taken.expect_problem(409, "conflict");
    let after = server.get(&path).await.expect(200).json();
    let wanted = json!({"subject": "Changed", "html": "Changed", "text": "Changed", "previewText": "Changed"});
    assert_eq!(after["description"], "Changed");
    assert_eq!((&after["content"], &after["version"], &after["name"]), (&wanted, &json!(5), &json!("welcome_email")));
}

async fn what_is_wrong_with_a_template_is_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let cases: [(Value, &[&str]); 8] = [
        (json!({"name": "", "content": {"text": "x"}}), &["/name"]),
        (json!({"name": "a\nb", "content": {"text": "x"}}), &["/name"]),
        (json!({"name": "a", "content": {}}), &["/content/html"]),
        (
            json!({"name": "a", "content": {"text": "{{#if}}", "html": "{{x", "subject": "a\nb"}}),
            &["/content/subject", "/content/html", "/content/text"],
        ),
        (json!({"name": "a", "content": {"html": "x".repeat(300_000)}}), &["/content/html"]),
        (json!({"name": "a", "format": "mjml", "content": {"html": "<p>no mjml</p>"}}), &["/content/html"]),
        (json!({"name": "a", "format": "word", "content": {"html": "x"}}), &["/format"]),
        (json!({"name": "a", "channel": "sms", "content": {"text": "x"}}), &["/channel"]),
    ];
    for (body, pointers) in cases {
        let answer = server.post("/api/v1/templates", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(answer.pointers(), pointers, "{:.200}: {}", body.to_string(), answer.text);
    }
    let id = make(&server, welcome()).await;
    let answer = server.patch(&format!("/api/v1/templates/{id}"), json!({"content": {"html": "a\n {{/if}}"}})).await;
    let answer = answer.expect_problem(422, "invalid");
    assert!(answer.text.contains("line 2, column 2"), "{}", answer.text);
}

async fn a_preview_shows_what_is_missing(database: TestDb) {
    let server = Server::start(database).await;
    let id = make(&server, welcome()).await;
    let preview = async |body: Value| server.post(&format!("/api/v1/templates/{id}/preview"), body).await;
    let whole = preview(json!({"variables": variables()})).await.expect(200).json();
    assert_eq!(whole["subject"], "Welcome to Acme & Co, <Ann>!");
    let html = whole["html"].as_str().expect("an html");
    assert!(
        html.ends_with("<h1>Welcome, &lt;Ann&gt;!</h1><p>one</p><p>two</p>") && html.contains("Three steps"),
        "{html}"
    );
    assert!(whole["text"].as_str().expect("a text").contains("Welcome, <Ann>!"), "{whole}");
    assert_eq!(whole["missing"], json!([]));
    let partly = preview(json!({"variables": {"first_name": "Ann"}})).await.expect(200).json();
    assert_eq!(partly["subject"], "Welcome to , Ann!");
    let told: Vec<_> = partly["missing"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|fault| (&fault["variable"], &fault["pointer"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("company_name"), &json!("/variables/company_name")), (&json!("steps"), &json!("/variables/steps"))]
    );

    server.patch(&format!("/api/v1/templates/{id}"), json!({"content": {"subject": "Second"}})).await.expect(200);
    assert_eq!(preview(json!({"variables": variables()})).await.expect(200).json()["subject"], "Second");
    let first = preview(json!({"variables": variables(), "version": 1})).await.expect(200).json();
    assert_eq!(first["subject"], whole["subject"]);
    preview(json!({"version": 3})).await.expect(404);
    let answer = preview(json!({"variables": {"a": "x".repeat(300_000)}})).await.expect_problem(422, "invalid");
    assert_eq!(answer.pointers(), ["/variables"]);
    let endless = make(&server, json!({"name": "endless", "content": {"html": "{{> endless}}"}})).await;
    let answer = server.post(&format!("/api/v1/templates/{endless}/preview"), json!({})).await;
    assert!(answer.expect_problem(422, "invalid").text.contains("include each other"));
}

fn email(answer: &Value) -> (&str, &str, &str) {
    let email = &answer["content"]["email"];
    let text = |name: &str| email[name].as_str().unwrap_or_default();
    (text("subject"), text("html"), text("text"))
}

async fn messages_are_sent_from_templates(database: TestDb) {
    let server = Server::start(database).await;
    make(&server, json!({"name": "layout", "content": {"html": "<main>{{> @partial-block}}</main>"}})).await;
    let wrapped = json!({"name": "wrapped", "content": {"subject": "S {{a}}", "html": "{{#> layout}}<p>{{a}}</p>{{/layout}}", "text": "T {{a}}"}});
    let id = make(&server, wrapped).await;
    let by_name = message(&server, json!({"name": "wrapped", "variables": {"a": "<1>"}}));
    let sent = server.post("/api/v1/messages", by_name.clone()).await.expect(202).json();
    let (subject, html, text) = email(&sent);
    assert_eq!((subject, html.trim(), text.trim()), ("S <1>", "<main><p>&lt;1&gt;</p></main>", "T <1>"));

    let mut with_file = message(&server, json!({"id": id, "variables": {"a": 2}}));
    with_file["content"] = json!({"type": "email", "email": {"cc": "bert@example.com", "attachments": [{"filename": "a.txt", "content": "YQ=="}]}});
    let sent = server.post("/api/v1/messages", with_file).await.expect(202).json();
    assert_eq!(sent["content"]["email"]["attachments"][0]["filename"], "a.txt");
    assert_eq!((sent["recipients"].as_array().map(Vec::len), email(&sent).0), (Some(2), "S 2"));

    server.patch(&format!("/api/v1/templates/{id}"), json!({"content": {"subject": "New"}})).await.expect(200);
    let first = message(&server, json!({"id": id, "version": 1, "variables": {"a": 3}}));
    assert_eq!(email(&server.post("/api/v1/messages", first).await.expect(202).json()).0, "S 3");

    let missing = message(&server, json!({"name": "wrapped"}));
    let batch = server.post("/api/v1/messages/batch", json!({"messages": [by_name, missing]})).await.expect(202).json();
    assert_eq!((&batch["items"][0]["status"], &batch["items"][1]["status"]), (&json!(202), &json!(422)));
    assert_eq!(batch["items"][1]["error"]["errors"][0]["pointer"], "/template/variables/a");

    let test = json!({"channelId": server.product.channel.id, "to": "me@example.com", "variables": {"a": 4}});
    let sent = server.post(&format!("/api/v1/templates/{id}/test"), test).await.expect(202).json();
    assert_eq!((&sent["to"], email(&sent).2.trim()), (&json!("me@example.com"), "T 4"));
}

async fn replies_are_sent_from_templates(database: TestDb) {
    let server = Server::start(database).await;
    make(&server, json!({"name": "answer", "content": {"subject": "Not used {{b}}", "text": "Dear {{a}}"}})).await;
    let mail = "From: Ann <ann@example.org>\r\nTo: support@acme.test\r\nSubject: hello\r\nMessage-ID: <t1@example.org>\r\n\
                Date: Mon, 15 Jan 2024 10:30:00 +0000\r\n\r\nhello\r\n";
    let received = server.product.receive(mail).await;
    let received = server.get(&format!("/api/v1/messages/{received}")).await.expect(200).json();
    let path = format!("/api/v1/conversations/{}/messages", received["conversationId"].as_str().expect("an id"));
    let sent =
        server.post(&path, json!({"template": {"name": "answer", "variables": {"a": "Ann"}}})).await.expect(202).json();
    assert_eq!((email(&sent).0, email(&sent).2.trim()), ("Re: hello", "Dear Ann"));
    let pointers = async |body: Value| server.post(&path, body).await.expect_problem(422, "invalid").pointers();
    assert_eq!(pointers(json!({"template": {"name": "answer"}})).await, ["/template/variables/a"]);
    assert_eq!(pointers(json!({"template": {"name": "answer"}, "text": "x"})).await, ["/text"]);
    assert_eq!(pointers(json!({"template": {"name": "answer"}, "private": true})).await, ["/template"]);
}

async fn variables_that_are_missing_are_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let content = json!({"subject": "{{a}}", "html": "{{user.first.name}}{{#each items}}{{price}}{{/each}}{{list}}", "text": "{{a}}"});
    make(&server, json!({"name": "t", "content": content})).await;
    make(&server, json!({"name": "broken", "content": {"text": "{{> nowhere}}"}})).await;
    let send = async |template: Value| {
        server.post("/api/v1/messages", message(&server, template)).await.expect_problem(422, "invalid")
    };
    let answer = send(json!({"name": "t", "variables": {"items": [{"price": 1}, {}], "list": [], "user": {}}})).await;
    let expected = [
        "/template/variables/a",
        "/template/variables/user/first/name",
        "/template/variables/items/1/price",
        "/template/variables/list",
    ];
    assert_eq!(answer.pointers(), expected, "{}", answer.text);
    assert!(answer.text.contains("the variable items.1.price is missing (html, line 1, column 35)"), "{}", answer.text);
    let long =
        send(json!({"name": "t", "variables": {"a": "x\ny", "user": {"first": {"name": 1}}, "items": [], "list": 1}}))
            .await;
    assert_eq!(long.pointers(), ["/template/variables/a"], "{}", long.text);
    for (template, pointer) in [
        (json!({"name": "none"}), "/template/name"),
        (json!({"id": "tpl_00000000000000000000000000"}), "/template/id"),
        (json!({"id": "none"}), "/template/id"),
        (json!({"name": "t", "version": 9}), "/template/version"),
        (json!({}), "/template/name"),
        (json!({"name": "t", "id": "x"}), "/template/name"),
        (json!({"name": "t", "vars": {}}), "/template/vars"),
        (json!({"name": "t", "variables": []}), "/template/variables"),
        (json!({"name": "broken"}), "/template"),
    ] {
        assert_eq!(send(template.clone()).await.pointers(), [pointer], "{template}");
    }
    let mut both = message(&server, json!({"name": "t"}));
    both["content"] = json!({"email": {"subject": "s", "html": "h"}});
    let answer = server.post("/api/v1/messages", both).await.expect_problem(422, "invalid");
    assert_eq!(answer.pointers(), ["/content/email/subject", "/content/email/html"]);
}

async fn templates_need_their_scopes(database: TestDb) {
    let server = Server::start(database).await;
    let id = make(&server, json!({"name": "t", "content": {"text": "x"}})).await;
    let workspace = &server.product.workspace_id;
    let sender = key(server.engine(), workspace, &[Scope::MessagesSend]).await;
    let reader = key(server.engine(), workspace, &[Scope::TemplatesRead]).await;
    let path = format!("/api/v1/templates/{id}");
    let ask = async |method: &str, path: &str, key: &str, body: Value| -> Answer {
        server.ask(method, path, key, (method != "GET" && method != "DELETE").then_some(body)).await
    };
    ask("POST", "/api/v1/messages", &sender, message(&server, json!({"name": "t"}))).await.expect(202);
    ask("GET", &path, &sender, Value::Null).await.expect_problem(403, "forbidden");
    ask("POST", &format!("{path}/preview"), &sender, json!({})).await.expect_problem(403, "forbidden");
    ask("GET", &path, &reader, Value::Null).await.expect(200);
    ask("POST", &format!("{path}/preview"), &reader, json!({})).await.expect(200);
    let test = json!({"channelId": server.product.channel.id, "to": "a@example.com"});
    ask("POST", &format!("{path}/test"), &reader, test).await.expect_problem(403, "forbidden");
    ask("POST", "/api/v1/templates", &reader, json!({"name": "u", "content": {"text": "x"}}))
        .await
        .expect_problem(403, "forbidden");
    ask("PATCH", &path, &reader, json!({"name": "u"})).await.expect_problem(403, "forbidden");
    ask("DELETE", &path, &reader, Value::Null).await.expect_problem(403, "forbidden");
}

async fn the_mailbox_api_shows_the_same_templates(database: TestDb) {
    let server = Server::start(database).await;
    let put = async |path: &str, body: Value| server.ask("PUT", path, &server.key, Some(body)).await;
    let content =
        json!({"subject": "Hi {{params.name}}", "text": "Hi", "html": "<p>Hi {{params.name}}", "previewText": "P"});
    let new = json!({"name": "Welcome Email", "description": "d", "content": content, "unknown": 1});
    let made = server.post("/v1/templates/template", new.clone()).await.expect(200).json();
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(made, json!({"created": true, "account": null, "id": id}));
    let shown = server.get(&format!("/v1/templates/template/{id}")).await.expect(200).json();
    assert_eq!(
        (&shown["content"], &shown["format"], &shown["name"]),
        (&content, &json!("html"), &json!("Welcome Email"))
    );
    let platform = server.get(&format!("/api/v1/templates/{id}")).await.expect(200).json();
    assert_eq!((&platform["createdAt"], &platform["updatedAt"]), (&shown["created"], &shown["updated"]));

    let changed = put(&format!("/v1/templates/template/{id}"), json!({"content": {"text": "", "subject": "New"}}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed, json!({"updated": true, "account": null, "id": id}));
    let platform = server.get(&format!("/api/v1/templates/{id}")).await.expect(200).json();
    assert_eq!(
        (&platform["content"]["subject"], &platform["content"]["text"], &platform["version"]),
        (&json!("New"), &Value::Null, &json!(2))
    );

    let list = server.get("/v1/templates?pageSize=1").await.expect(200).json();
    assert_eq!(
        (&list["total"], &list["page"], &list["pages"], &list["templates"][0]["id"]),
        (&json!(1), &json!(0), &json!(1), &json!(id))
    );
    assert!(list["templates"][0].get("content").is_none());
    let wrong = server
        .post("/v1/templates/template", json!({"name": "x", "content": {"html": "{{#if"}}))
        .await
        .expect(400)
        .json();
    assert_eq!(wrong["fields"][0]["key"], "content.html", "{wrong}");
    server
        .post("/v1/templates/template", json!({"name": "x", "format": "markdown", "content": {"html": "x"}}))
        .await
        .expect(400);
    server.post("/v1/templates/template", new).await.expect(409);
    assert_eq!(
        server.delete(&format!("/v1/templates/template/{id}")).await.expect(200).json(),
        json!({"deleted": true, "account": null, "id": id})
    );
    server.get(&format!("/v1/templates/template/{id}")).await.expect(404);
    server.get("/v1/templates/template/none").await.expect(404);
}

async fn templates_of_an_account_are_its_own(database: TestDb) {
    let server = Server::start(database).await;
    for name in ["first", "second"] {
        let imap = json!({"host": "127.0.0.1", "port": 1, "secure": false, "auth": {"user": name, "pass": "x"}});
        server
            .post("/v1/account", json!({"account": name, "name": name, "email": "a@example.com", "imap": imap}))
            .await
            .expect(200);
    }
    let make = async |account: Value, name: &str, html: &str| {
        let body = json!({"account": account, "name": name, "content": {"html": html, "subject": ""}});
        let made = server.post("/v1/templates/template", body).await.expect(200).json();
        made["id"].as_str().expect("an id").to_owned()
    };
    make(Value::Null, "footer", "shared").await;
    let page = make(json!("first"), "page", "{{> footer}}").await;
    let preview = async || {
        server.post(&format!("/api/v1/templates/{page}/preview"), json!({})).await.expect(200).json()["html"].clone()
    };
    assert_eq!(preview().await, "shared");
    make(json!("second"), "footer", "second's").await;
    assert_eq!(preview().await, "shared", "another account's is not seen");
    make(json!("first"), "footer", "own").await;
    assert_eq!(preview().await, "own");
    let ids = async |query: &str| {
        let list = server.get(&format!("/v1/templates{query}")).await.expect(200).json();
        list["templates"].as_array().expect("templates").iter().map(|item| item["account"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids("?account=first").await, [json!("first"), json!("first")]);
    assert_eq!(ids("").await, [Value::Null]);
    server.get("/v1/templates?account=none").await.expect(404);
    server.delete("/v1/templates/account/first").await.expect(400);
    assert_eq!(
        server.delete("/v1/templates/account/first?force=true").await.expect(200).json(),
        json!({"flushed": true, "account": "first"})
    );
    assert!(ids("?account=first").await.is_empty());
    server.delete("/v1/account/second").await.expect(200);
    let all = server.get("/api/v1/templates").await.expect(200).json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "an account's templates go with it: {all}");
}

/// The blocks `http` of docs/TEMPLATES.md, in their order.
async fn requests_of_the_documentation_work(database: TestDb) {
    let server = Server::start(database).await;
    let page = include_str!("../../../../docs/TEMPLATES.md");
    let (mut template, mut requests) = (String::new(), 0);
    for block in page.split("```http\nPOST ").skip(1) {
        let (path, body) =
            block.split_once("\n```").and_then(|(block, _)| block.split_once('\n')).expect("a path and a body");
        let body = body.replace("ch_…", server.product.channel.id.as_str());
        let body = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}"));
        let answer = server.post(&path.replace("tpl_…", &template), body).await;
        assert!(answer.status.is_success(), "POST {path}: {}", answer.text);
        if path.ends_with("/templates") {
            template = answer.json()["id"].as_str().expect("an id").to_owned();
        }
        requests += 1;
    }
    assert_eq!(requests, 4);
}
