//! A sending domain is verified by its records in real DNS, in the background and when somebody asks, and tells of it.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::postroom_process::Postroom;

on_both_databases!(a_domain_is_verified_by_dns_and_fails_when_its_records_go);

/// What a domain asks for, in a name server.
pub async fn publish(domain: &Value) -> DnsZone {
    let records = domain["dnsRecords"].as_array().expect("records");
    let of_type = |wanted: &str| -> Vec<(String, String)> {
        let of_it = records.iter().filter(|record| record["type"] == wanted);
        of_it.map(|record| (text(record, "/name"), text(record, "/value"))).collect()
    };
    let (texts, exchangers, aliases) = (of_type("TXT"), of_type("MX"), of_type("CNAME"));
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let exchangers: Vec<(&str, &str)> = exchangers
        .iter()
        .map(|(name, value)| (name.as_str(), value.split_once(' ').expect("a preference and a host").1))
        .collect();
    let aliases: Vec<(&str, &str)> = aliases.iter().map(|(name, host)| (name.as_str(), host.as_str())).collect();
    DnsZone::with_aliases(&texts, &exchangers, &aliases).await
}

async fn states_told(api: &Api) -> Vec<(String, String)> {
    let events = api.all_events().await;
    let of_domains = events.iter().filter(|event| text(event, "/type").starts_with("domain."));
    of_domains.map(|event| (text(event, "/type"), text(event, "/data/status"))).collect()
}

async fn a_domain_is_verified_by_dns_and_fails_when_its_records_go(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let domain = postroom.api().post("/domains", json!({ "name": "Mail.Acme.test" })).await.expect(201).json();
    let path = format!("/domains/{}", text(&domain, "/id"));
    let zone = publish(&domain).await;
    postroom.stop().await;
    postroom.set("POSTROOM_DNS_SERVER", &zone.address.to_string());
    postroom.set("POSTROOM_DNS_BLOCKLISTS", "list.test");
    // As if time had passed.
    postroom.execute_sql("UPDATE domain SET due_at = 0");
    postroom.launch().await;
    let api = postroom.api();
    eventually("the domain is verified in the background", || async {
        let shown = api.get(&path).await.expect(200).json();
        (shown["status"] == "verified").then_some(())
    })
    .await;
    assert_eq!(states_told(&api).await, [("domain.verified".into(), "verified".into())]);
    let looked = api.get(&format!("{path}/doctor")).await.expect(200).json();
    let check = |name: &str| {
        let checks = looked["checks"].as_array().expect("checks");
        checks.iter().find(|check| text(check, "/name").starts_with(name)).expect(name)["ok"].clone()
    };
    assert_eq!(
        (check("dkim "), check("returnPath "), check("dmarc alignment")),
        (json!(true), json!(true), json!(true))
    );

    // Another zone, in which there is nothing.
    let empty = DnsZone::start(&[]).await;
    postroom.stop().await;
    postroom.set("POSTROOM_DNS_SERVER", &empty.address.to_string());
    postroom.launch().await;
    let api = postroom.api();
    let failing = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert_eq!((&failing["status"], failing["failingSince"].is_string()), (&json!("failing"), true), "{failing}");
    assert_eq!(states_told(&api).await[1..], [("domain.failed".into(), "failing".into())]);
    // No name server at all takes nothing away.
    drop(empty);
    let silent = api.post(&format!("{path}/verify"), json!({})).await.expect(200).json();
    assert_eq!((&silent["status"], silent["problem"].is_string()), (&json!("failing"), true), "{silent}");
}
