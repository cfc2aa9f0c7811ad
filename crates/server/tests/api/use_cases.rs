//! Use cases: made of verified domains, sent under, answered, left.

use axum::body::Body;
use axum::http::Request;
use model::domain::DomainStatus;
use serde_json::{Value, json};
use store::testing::TestDb;
use store::{Priority, domains};

use crate::idempotency::post_to;
use crate::support::{Answer, Server};

store::on_both_engines!(
    a_use_case_is_made_changed_and_taken_away,
    a_use_case_is_made_once,
    changes_at_the_same_moment_are_all_made,
    what_is_wrong_with_a_use_case_is_pointed_at,
    mail_is_sent_and_answered_under_a_use_case,
    a_reply_across_use_cases_is_not_linked,
    people_leave_by_the_link_of_their_mail_and_come_back,
    an_opt_out_outlasts_a_suppression_that_ends,
    a_link_goes_to_and_fro_a_few_times_a_minute,
    a_link_that_is_not_ours_opens_nothing,
    requests_of_the_documentation_work,
);

const DOMAIN: &str = "mail.acme.example";

pub async fn verified_domain(server: &Server) -> String {
    let made = server.post("/api/v1/domains", json!({"name": DOMAIN})).await.expect(201).json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let (workspace, wanted) = (server.product.workspace_id.clone(), id.parse().expect("an id"));
    let verify = move |tx: &mut store::Tx<'_>| {
        let mut row = domains::get(tx, &workspace, &wanted)?.expect("the domain");
        row.status = DomainStatus::Verified;
        domains::update(tx, &row)
    };
    server.engine().db.write(Priority::Foreground, verify).await.expect("verified");
    id
}

pub fn new(domain: &str, name: &str) -> Value {
    json!({"domainId": domain, "entityName": "Acme Shop", "name": name, "senderAddress": format!("{name}@{DOMAIN}"),
        "emailType": "transactional"})
}

pub async fn make(server: &Server, body: Value) -> String {
    let made = server.post("/api/v1/use-cases", body).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn message(use_case: &str, to: &str) -> Value {
    json!({"useCaseId": use_case, "to": to, "content": {"type": "email", "email": {
        "subject": "On its way", "text": "Your parcel left. {{unsubscribeUrl}}", "html": "<p>Your parcel left.</p>"}}})
}

async fn raw(server: &Server, message: &Value) -> String {
    server.get(&format!("/api/v1/messages/{}/raw", message["id"].as_str().expect("an id"))).await.expect(200).text
}

/// A header field's value, unfolded.
fn field(raw: &str, name: &str) -> Option<String> {
    let head = raw.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n ", " ").replace("\r\n\t", " ");
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase())))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

async fn a_use_case_is_made_changed_and_taken_away(database: TestDb) {
    let server = Server::start(database).await;
    let pending = server.post("/api/v1/domains", json!({"name": "new.acme.example"})).await.expect(201).json();
    let early = json!({"domainId": pending["id"], "entityName": "A", "name": "x", "senderAddress": "x@new.acme.example", "emailType": "marketing"});
    server.post("/api/v1/use-cases", early).await.expect_problem(409, "conflict");

    let domain = verified_domain(&server).await;
    let id = make(&server, new(&domain, "orders")).await;
    let path = format!("/api/v1/use-cases/{id}");
    let made = server.get(&path).await.expect(200).json();
    assert_eq!((&made["unsubscribable"], &made["senderAddress"]), (&json!(true), &json!(format!("orders@{DOMAIN}"))));
    server.post("/api/v1/use-cases", new(&domain, "orders")).await.expect_problem(409, "conflict");
    server.delete(&format!("/api/v1/domains/{domain}")).await.expect_problem(409, "conflict");

    let changed =
        server.patch(&path, json!({"unsubscribable": false, "description": "Receipts"})).await.expect(200).json();
    assert_eq!((&changed["unsubscribable"], &changed["description"]), (&json!(false), &json!("Receipts")));
    let refused = server.patch(&path, json!({"emailType": "marketing"})).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/unsubscribable"]);
    let listed = server.get(&format!("/api/v1/use-cases?domainId={domain}")).await.expect(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
    server.post("/api/v1/messages", message(&id, "ann@example.com")).await.expect_problem(404, "notFound");
    make(&server, new(&domain, "orders")).await;
}

async fn a_use_case_is_made_once(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let body = new(&domain, "orders");
    let ask = || post_to(&server, "/api/v1/use-cases", &server.key, "one", &body);
    // As where the answer was lost: the note of the first run answers the second.
    let first = ask().await.expect(201).json();
    let second = ask().await.expect(201).json();
    assert_eq!(first, second);
    let listed = server.get("/api/v1/use-cases").await.expect(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}

async fn changes_at_the_same_moment_are_all_made(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let path = format!("/api/v1/use-cases/{}", make(&server, new(&domain, "orders")).await);
    make(&server, new(&domain, "news")).await;
    let change = async |change: Value| server.patch(&path, change).await.expect(200);
    let (name, description) = (json!({"name": "Orders"}), json!({"description": "Receipts"}));
    let (entity, open) = (json!({"entityName": "Acme"}), json!({"unsubscribable": false}));
    let taken = server.patch(&path, json!({"senderAddress": format!("news@{DOMAIN}"), "entityName": "Lost"}));
    let (.., taken) = tokio::join!(change(name), change(description), change(entity), change(open), taken);
    taken.expect_problem(409, "conflict");
    let after = server.get(&path).await.expect(200).json();
    assert_eq!((&after["name"], &after["description"]), (&json!("Orders"), &json!("Receipts")));
    assert_eq!((&after["entityName"], &after["unsubscribable"]), (&json!("Acme"), &json!(false)));
}

async fn what_is_wrong_with_a_use_case_is_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let with = |field: &str, value: Value| {
        let mut body = new(&domain, "orders");
        body[field] = value;
        body
    };
    for (body, pointer) in [
        (with("senderAddress", json!("orders@acme.example")), "/senderAddress"),
        (with("senderAddress", json!(format!("a+b@{DOMAIN}"))), "/senderAddress"),
        (with("senderAddress", json!("orders")), "/senderAddress"),
        (with("entityName", json!(" ")), "/entityName"),
        (with("name", json!("line\nbreak")), "/name"),
        (with("emailType", json!("spam")), "/emailType"),
        (with("domainId", json!("dom_00000000000000000000000000")), "/domainId"),
        (with("domainId", json!("nonsense")), "/domainId"),
        (with("colour", json!("red")), "/colour"),
    ] {
        let refused = server.post("/api/v1/use-cases", body.clone()).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), [pointer], "{body}");
    }
    let id = make(&server, new(&domain, "orders")).await;
    let mut two = message(&id, "ann@example.com");
    two["to"] = json!(["ann@example.com", "bob@example.com"]);
    let refused = server.post("/api/v1/messages", two).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/to"]);
    let mut both = message(&id, "ann@example.com");
    both["channelId"] = json!(server.product.channel.id);
    let refused = server.post("/api/v1/messages", both).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/useCaseId"]);
    let mut own = message(&id, "ann@example.com");
    own["content"]["email"]["headers"] = json!({"List-Unsubscribe": "<mailto:x@example.com>"});
    let refused = server.post("/api/v1/messages", own).await.expect_problem(422, "invalid");
    assert_eq!(refused.pointers(), ["/content/email/headers/List-Unsubscribe"]);
}

/// A mail that answers, taken in at an address.
async fn answer(server: &Server, to: &str, in_reply_to: &str) -> Value {
    let route = engine::channels::route(server.engine(), to).await.expect("a route");
    let raw = format!(
        "From: Ann <ann@example.com>\r\nTo: {to}\r\nSubject: Re: On its way\r\nMessage-ID: <{}@example.com>\r\nIn-Reply-To: {in_reply_to}\r\n\r\nThanks!\r\n",
        rand::random::<u64>()
    );
    let arrival = engine::ports::Arrival {
        at: model::Timestamp::now(),
        peer: None,
        helo: None,
        mail_from: "ann@example.com".into(),
        tls: false,
    };
    let mail = engine::ports::InboundMail { raw: raw.into(), routes: vec![route], arrival, auth: None };
    let accepted = engine::ingest::accept(server.engine(), mail).await.expect("taken in");
    server.get(&format!("/api/v1/messages/{}", accepted.messages[0].id)).await.expect(200).json()
}

async fn mail_is_sent_and_answered_under_a_use_case(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let id = make(&server, new(&domain, "orders")).await;
    let sent = server.post("/api/v1/messages", message(&id, "ann@example.com")).await.expect(202).json();
    assert_eq!((&sent["useCaseId"], &sent["channelId"], &sent["status"]), (&json!(id), &Value::Null, &json!("queued")));
    let mail = raw(&server, &sent).await;
    assert!(
        field(&mail, "From")
            .is_some_and(|from| from.contains("Acme Shop") && from.contains(&format!("orders@{DOMAIN}"))),
        "{mail}"
    );
    assert!(
        field(&mail, "DKIM-Signature").is_some_and(|signature| signature.contains(&format!("d={DOMAIN}"))),
        "{mail}"
    );
    assert_eq!(field(&mail, "List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    assert!(!mail.contains("{{unsubscribeUrl}}"), "{mail}");

    let message_id = sent["metadata"]["messageId"].as_str().expect("a Message-ID");
    let answered = answer(&server, &format!("orders@{DOMAIN}"), message_id).await;
    assert_eq!(
        (&answered["useCaseId"], &answered["conversationId"]),
        (&json!(id), &sent["conversationId"]),
        "{answered}"
    );
    let conversation = format!("/api/v1/conversations/{}", sent["conversationId"].as_str().expect("an id"));
    assert_eq!(server.get(&conversation).await.expect(200).json()["useCaseId"], json!(id));
    let reply =
        server.post(&format!("{conversation}/messages"), json!({"text": "You are welcome."})).await.expect(202).json();
    assert_eq!(
        (&reply["useCaseId"], &reply["to"], &reply["conversationId"]),
        (&json!(id), &json!("ann@example.com"), &sent["conversationId"])
    );
    assert_eq!(reply["metadata"]["inReplyTo"], answered["metadata"]["messageId"]);
}

async fn a_reply_across_use_cases_is_not_linked(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let (orders, news) = (make(&server, new(&domain, "orders")).await, make(&server, new(&domain, "news")).await);
    let sent = server.post("/api/v1/messages", message(&orders, "ann@example.com")).await.expect(202).json();
    let message_id = sent["metadata"]["messageId"].as_str().expect("a Message-ID");
    let answered = answer(&server, &format!("news@{DOMAIN}"), message_id).await;
    assert_eq!(answered["useCaseId"], json!(news));
    assert_ne!(answered["conversationId"], sent["conversationId"]);
    server.product.settle().await;
    let events = server.get("/api/v1/events?take=100").await.expect(200).json();
    let rejected = events["items"].as_array().expect("events").iter().any(|event| event["type"] == "thread.rejected");
    assert!(rejected, "{events}");
    let mut across = message(&news, "ann@example.com");
    across["conversationId"] = sent["conversationId"].clone();
    server.post("/api/v1/messages", across).await.expect_problem(409, "conflict");
}

async fn open(server: &Server, link: &str, body: Option<&str>) -> Answer {
    let path = link.strip_prefix("http://127.0.0.1:8025").expect("our own link");
    let request = Request::builder().uri(path).header("user-agent", "Mail program");
    let request = match body {
        Some(body) => request
            .method("POST")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned())),
        None => request.body(Body::empty()),
    };
    server.send(request.expect("a request")).await
}

async fn link_of(server: &Server, use_case: &str) -> String {
    let sent = server.post("/api/v1/messages", message(use_case, "Ann@Example.com")).await.expect(202).json();
    let list = field(&raw(server, &sent).await, "List-Unsubscribe").expect("a link");
    list.trim_matches(['<', '>']).to_owned()
}

async fn status_of_next(server: &Server, use_case: &str) -> String {
    let sent = server.post("/api/v1/messages", message(use_case, "ann@example.com")).await.expect(202).json();
    sent["status"].as_str().expect("a status").to_owned()
}

async fn people_leave_by_the_link_of_their_mail_and_come_back(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let (orders, news) = (make(&server, new(&domain, "orders")).await, make(&server, new(&domain, "news")).await);
    let link = link_of(&server, &orders).await;

    let page = open(&server, &link, None).await.expect(200);
    assert!(page.text.contains("ann@example.com") && page.text.contains("Acme Shop"), "{}", page.text);
    assert_eq!(status_of_next(&server, &orders).await, "queued", "opening the link changes nothing");

    for _ in 0..2 {
        open(&server, &link, Some("List-Unsubscribe=One-Click")).await.expect(200);
    }
    assert_eq!(status_of_next(&server, &orders).await, "suppressed");
    assert_eq!(status_of_next(&server, &news).await, "queued", "another use case goes on");
    open(&server, &link, Some("leave=domain")).await.expect(303);
    assert_eq!(status_of_next(&server, &news).await, "suppressed");
    let listed = server.get("/api/v1/suppressions?address=ann@example.com").await.expect(200).json();
    let mut scopes: Vec<&str> =
        listed["items"].as_array().expect("items").iter().filter_map(|item| item["scope"].as_str()).collect();
    scopes.sort_unstable();
    assert_eq!(scopes, ["domain", "useCase"], "{listed}");

    open(&server, &link, Some("leave=nothing")).await.expect(303);
    assert_eq!(status_of_next(&server, &orders).await, "queued");
    server.product.settle().await;
    let events = server.get("/api/v1/events?take=100").await.expect(200).json();
    let of = |wanted: &str| -> Vec<Value> {
        let items = events["items"].as_array().expect("events").iter();
        items.filter(|event| event["type"] == wanted).map(|event| event["data"].clone()).collect()
    };
    let left = of("email.unsubscribed");
    assert_eq!(left.len(), 2, "a click that is made again tells nothing: {left:?}");
    assert_eq!(
        (&left[0]["scope"], &left[0]["recipient"], &left[0]["metadata"]["userAgent"]),
        (&json!("useCase"), &json!("ann@example.com"), &json!("Mail program"))
    );
    assert_eq!(of("email.resubscribed").len(), 2);

    // Its mail may lie in mailboxes for years.
    server.delete(&format!("/api/v1/use-cases/{orders}")).await.expect(204);
    open(&server, &link, Some("List-Unsubscribe=One-Click")).await.expect(200);
}

async fn an_opt_out_outlasts_a_suppression_that_ends(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let orders = make(&server, new(&domain, "orders")).await;
    let link = link_of(&server, &orders).await;
    let end = model::Timestamp::now().plus(std::time::Duration::from_secs(3_600)).to_string();
    let for_now = json!({"address": "ann@example.com", "scope": "useCase", "scopeId": orders, "reason": "softBounce", "expiresAt": end});
    server.post("/api/v1/suppressions", for_now).await.expect(201);
    open(&server, &link, Some("List-Unsubscribe=One-Click")).await.expect(200);
    let listed = server.get("/api/v1/suppressions?address=ann@example.com").await.expect(200).json();
    let kept = &listed["items"][0];
    assert_eq!((&kept["reason"], &kept["expiresAt"]), (&json!("unsubscribe"), &Value::Null), "{listed}");
}

async fn a_link_goes_to_and_fro_a_few_times_a_minute(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let orders = make(&server, new(&domain, "orders")).await;
    let link = link_of(&server, &orders).await;
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(open(&server, &link, Some("leave=useCase")).await.status.as_u16());
        statuses.push(open(&server, &link, Some("leave=nothing")).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses.last()), (303, Some(&429)), "{statuses:?}");
    let other = link_of(&server, &orders).await;
    open(&server, &other, Some("List-Unsubscribe=One-Click")).await.expect(200);
}

async fn a_link_that_is_not_ours_opens_nothing(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let orders = make(&server, new(&domain, "orders")).await;
    let link = link_of(&server, &orders).await;
    let (stem, signature) = link.rsplit_once('/').expect("a signature");
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for wrong in [format!("{stem}/{other}{}", &signature[1..]), format!("{stem}/x"), link.replace("msg_", "msg_x")] {
        for body in [None, Some("List-Unsubscribe=One-Click")] {
            open(&server, &wrong, body).await.expect(404);
        }
    }
    open(&server, &link, Some("nonsense")).await.expect(400);
    open(&server, &link, Some(&"x".repeat(10_000))).await.expect(413);
    assert_eq!(status_of_next(&server, &orders).await, "queued");
}

/// The blocks `http` of docs/USE-CASES.md, in their order.
async fn requests_of_the_documentation_work(database: TestDb) {
    let server = Server::start(database).await;
    let domain = verified_domain(&server).await;
    let page = include_str!("../../../../docs/USE-CASES.md");
    let (mut use_case, mut requests) = (String::new(), 0);
    for block in page.split("```http\n").skip(1) {
        let block = block.split_once("```").expect("an end").0;
        let block = block
            .replace("dom_…", &domain)
            .replace("uc_…", &use_case)
            .replace("ch_…", server.product.channel.id.as_str());
        if let Some((path, body)) = block.strip_prefix("POST ").and_then(|block| block.split_once('\n')) {
            let body = serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}"));
            let answer = server.post(path, body).await;
            assert!(answer.status.is_success(), "POST {path}: {}", answer.text);
            if path.ends_with("/use-cases") {
                use_case = answer.json()["id"].as_str().expect("an id").to_owned();
            }
            requests += 1;
        }
        for path in block.lines().filter_map(|line| line.strip_prefix("GET ")) {
            server.get(path).await.expect(200);
            requests += 1;
        }
    }
    assert_eq!(requests, 4);
}
