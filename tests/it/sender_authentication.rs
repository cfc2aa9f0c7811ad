//! SPF, DKIM and DMARC are verified against the DNS, recorded on the message, and enforced where a channel asks for it.

use serde_json::json;

use crate::database::{Database, on_both_databases};
use crate::dns_zone::DnsZone;
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(results_are_recorded_and_a_channel_may_refuse);

async fn results_are_recorded_and_a_channel_may_refuse(database: Database) {
    let zone = DnsZone::start(&[
        ("good.test", "v=spf1 ip4:127.0.0.0/8 -all"),
        ("_dmarc.good.test", "v=DMARC1; p=reject"),
        ("strict.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.strict.test", "v=DMARC1; p=reject"),
        ("mild.test", "v=spf1 ip4:192.0.2.1 -all"),
        ("_dmarc.mild.test", "v=DMARC1; p=none"),
    ])
    .await;
    let postroom = Postroom::start_with(database, &[("POSTROOM_DNS_SERVER", &zone.address.to_string())]).await;
    let api = postroom.api();
    let send = async |domain: &str, address: &str| {
        let sender = format!("ada@{domain}");
        let mail = Mail::new(address, domain).from(&format!("Ada <{sender}>"));
        smtp_client::send(postroom.smtp, &sender, address, mail.bytes()).await
    };
    let newest = async || api.get("/messages?take=1").await.expect(200).json()["items"][0]["metadata"].clone();

    let channel = api.channel_like(json!({ "authPolicy": "reject" })).await.address();
    send("good.test", &channel).await.expect("250");
    let metadata = newest().await;
    assert_eq!((&metadata["auth"]["spf"], &metadata["auth"]["dmarc"]), (&json!("pass"), &json!("pass")), "{metadata}");
    send("strict.test", &channel).await.expect("550 5.7.1");
    send("mild.test", &channel).await.expect("250");
    let metadata = newest().await;
    assert_eq!((&metadata["auth"]["spf"], &metadata["auth"]["dmarc"]), (&json!("fail"), &json!("fail")), "{metadata}");
    // Nothing is published: nothing passes, nothing is refused.
    send("unknown.test", &channel).await.expect("250");
    assert_eq!(newest().await["auth"]["dmarc"], "none");

    let marking = api.channel_like(json!({ "authPolicy": "mark" })).await.address();
    send("strict.test", &marking).await.expect("250");
    assert_eq!(newest().await["unauthenticated"], true);
    let recording = api.channel_like(json!({ "authPolicy": "none" })).await.address();
    send("strict.test", &recording).await.expect("250");
    let metadata = newest().await;
    assert_eq!(metadata["auth"]["dmarc"], "fail");
    assert!(metadata.get("unauthenticated").is_none(), "{metadata}");
}
