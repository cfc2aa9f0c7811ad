//! Opens and clicks are told of, in answers too; a domain has a host of its own for its links, at which there is nothing else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Api, text};
use crate::database::{Database, on_both_databases};
use crate::domains::publish;
use crate::postroom_process::Postroom;

on_both_databases!(answers_are_tracked_as_any_mail_is, links_lead_by_a_host_of_the_domains_own);

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const HTML: &str = "<body><p><a href=\"https://example.org/?a=1\">Look</a></p></body>";

/// What is between these two in a mail's HTML.
pub fn between<'t>(html: &'t str, before: &str, after: &str) -> &'t str {
    let rest = html.split_once(before).unwrap_or_else(|| panic!("no {before} in {html}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {rest}")).0
}

/// A link as a person's browser follows it, whatever its host is.
pub async fn visit(api: &Api, link: &str) -> Answer {
    let url = reqwest::Url::parse(link).expect("a link");
    let host = format!("{}:{}", url.host_str().expect("a host"), url.port().expect("a port"));
    ask(api, &host, url.path(), BROWSER).await
}

async fn ask(api: &Api, host: &str, path: &str, agent: &str) -> Answer {
    let request = api.without_key().request(Method::GET, &format!("/{path}"));
    api.send(request.header("Host", host).header("User-Agent", agent)).await
}

/// Events of a kind about this message.
async fn told(api: &Api, event: &str, message: &str) -> Vec<Value> {
    let events = api.all_events().await.into_iter();
    events.filter(|one| one["type"] == event && one["data"]["messageId"] == message).collect()
}

async fn answers_are_tracked_as_any_mail_is(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    let first = json!({ "channelId": channel.id(), "to": "ann@example.org",
        "content": { "type": "email", "email": { "subject": "Hello", "text": "Hello" } } });
    let first = api.post("/messages", first).await.expect(202).json();
    let path = format!("/conversations/{}/messages", text(&first, "/conversationId"));
    let tracking = json!({ "opens": true, "clicks": true });
    let answer = api.post(&path, json!({ "html": HTML, "tracking": tracking })).await.expect(202).json();
    let (id, html) = (text(&answer, "/id"), text(&answer, "/content/email/html"));
    let link = between(&html, "<a href=\"", "\"");
    assert_eq!(
        visit(&api, between(&html, "<img src=\"", "\"")).await.expect(200).header("content-type"),
        Some("image/gif")
    );
    assert_eq!(visit(&api, link).await.expect(302).header("location"), Some("https://example.org/?a=1"));
    let opened = told(&api, "email.opened", &id).await;
    assert_eq!(opened.len(), 1);
    assert_eq!(
        (&opened[0]["data"]["recipient"], &opened[0]["data"]["metadata"]["machine"]),
        (&json!("ann@example.org"), &json!(false))
    );
    let clicked = told(&api, "email.clicked", &id).await;
    assert_eq!(clicked.iter().map(|one| text(one, "/data/url")).collect::<Vec<_>>(), ["https://example.org/?a=1"]);
    let counted = api.get(&format!("/messages/{id}")).await.expect(200).json();
    assert_eq!(counted["engagement"]["opens"], 1, "{counted}");
    // As of a message: one recipient, and marks need a place.
    let several = json!({ "html": HTML, "tracking": tracking, "cc": "bo@example.org" });
    assert_eq!(api.post(&path, several).await.expect(422).pointers(), ["/tracking"]);
    let plain = json!({ "text": "x", "tracking": tracking });
    assert_eq!(api.post(&path, plain).await.expect(422).pointers(), ["/tracking"]);
    let note = json!({ "text": "x", "private": true, "tracking": tracking });
    assert_eq!(api.post(&path, note).await.expect(422).pointers(), ["/tracking"]);
    let answer = api.post(&path, json!({ "html": HTML })).await.expect(202).json();
    assert_eq!(text(&answer, "/content/email/html").matches("/t/").count(), 0, "nobody asked for it");
}

/// A domain that sends and receives here, with all its records in DNS.
async fn domain(postroom: &mut Postroom) -> Value {
    let api = postroom.api();
    let new = json!({ "name": "acme.test", "trackingHost": "Click.acme.test" });
    let domain = api.post("/domains", new).await.expect(201).json();
    assert_eq!(domain["trackingHost"], "click.acme.test");
    let zone = Box::leak(Box::new(publish(&domain).await));
    postroom.stop().await;
    postroom.set("POSTROOM_DNS_SERVER", &zone.address.to_string());
    postroom.launch().await;
    let path = format!("/domains/{}/verify", text(&domain, "/id"));
    postroom.api().post(&path, json!({})).await.expect(200).json()
}

async fn links_lead_by_a_host_of_the_domains_own(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let domain = domain(&mut postroom).await;
    assert_eq!(domain["status"], "verified", "{domain:#}");
    let api = postroom.api();
    let path = format!("/domains/{}", text(&domain, "/id"));
    // What is suggested to a domain that receives stops nothing where it is missing.
    let records = domain["dnsRecords"].as_array().expect("records");
    let suggested = ["mtaSts", "mtaStsHost", "tlsRpt"];
    for purpose in suggested {
        let record = records.iter().find(|record| record["purpose"] == purpose).expect(purpose);
        assert_eq!((&record["required"], &record["status"]), (&json!(false), &json!("pending")), "{record}");
    }

    let use_case = json!({ "domainId": domain["id"], "entityName": "Acme", "name": "News", "senderAddress": "news@acme.test",
        "emailType": "marketing" });
    let use_case = api.post("/use-cases", use_case).await.expect(201).json();
    let mail = json!({ "useCaseId": use_case["id"], "to": "ann@example.org", "tracking": { "opens": true, "clicks": true },
        "content": { "type": "email", "email": { "subject": "Hello", "html": HTML } } });
    let html = text(&api.post("/messages", mail.clone()).await.expect(202).json(), "/content/email/html");
    let link = between(&html, "<a href=\"", "\"");
    assert!(link.starts_with("http://click.acme.test:"), "{html}");
    visit(&api, between(&html, "<img src=\"", "\"")).await.expect(200);
    visit(&api, link).await.expect(302);
    let mut links = html.split("href=\"").filter_map(|rest| rest.split_once('"')).map(|(link, _)| link);
    let unsubscribe = links.find(|link| link.contains("/unsubscribe/")).expect("a link to unsubscribe");
    assert!(unsubscribe.starts_with("http://click.acme.test"), "{unsubscribe}");
    visit(&api, unsubscribe).await.expect(200);
    // Links of a channel with an address of the domain, too.
    let channel = api.channel_like(json!({ "emailAddress": "support@acme.test" })).await;
    let mut of_channel = mail.clone();
    of_channel["channelId"] = json!(channel.id());
    of_channel.as_object_mut().expect("an object").remove("useCaseId");
    let html = text(&api.post("/messages", of_channel).await.expect(202).json(), "/content/email/html");
    assert!(html.contains("href=\"http://click.acme.test:"), "{html}");

    // Nothing else is there, in whatever spelling of the name.
    for path in [
        "/",
        "/index.html",
        "/api/v1/domains",
        "/v1/accounts",
        "/docs",
        "/healthz",
        "/metrics",
        "/sign-in",
        "/t",
        "/t/x",
    ] {
        for host in ["click.acme.test", "CLICK.acme.test.:8025"] {
            ask(&api, host, path, BROWSER).await.expect(404);
        }
    }
    let with_key = api.request(Method::GET, "/domains").header("Host", "click.acme.test");
    api.send(with_key).await.expect(404);
    ask(&api, "other.acme.test", "/healthz", BROWSER).await.expect(200);

    // The policy is at its own host alone.
    let policy = ask(&api, "mta-sts.acme.test", "/.well-known/mta-sts.txt", "").await.expect(200);
    let told = String::from_utf8_lossy(&policy.body).into_owned();
    assert!(told.starts_with("version: STSv1\r\nmode: testing\r\nmx: "), "{told}");
    assert_eq!(domain["mtaSts"]["policy"], told.as_str());
    ask(&api, "mta-sts.acme.test", "/", BROWSER).await.expect(404);
    ask(&api, "mta-sts.other.test", "/.well-known/mta-sts.txt", "").await.expect(404);
    let changed = api.patch(&path, json!({ "mtaStsMode": "enforce" })).await.expect(200).json();
    assert!(text(&changed, "/mtaSts/policy").contains("mode: enforce"), "{changed}");

    // A host without its record is not led by.
    assert_eq!(
        api.patch(&path, json!({ "trackingHost": "click.other.test" })).await.expect(422).pointers(),
        ["/trackingHost"]
    );
    let changed = api.patch(&path, json!({ "trackingHost": null })).await.expect(200).json();
    assert_eq!(changed["trackingHost"], "t.acme.test");
    let html = text(&api.post("/messages", mail).await.expect(202).json(), "/content/email/html");
    assert!(!html.contains("acme.test:"), "{html}");
    visit(&api, link).await.expect(302);
}
