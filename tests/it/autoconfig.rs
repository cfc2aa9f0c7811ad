//! Where a mailbox is, found out from its address: from DNS, from a database of providers by the domain or by whoever takes its mail.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::json;

use crate::database::Database;
use crate::dns_zone::DnsZone;
use crate::postroom_process::Postroom;

type Files = Arc<BTreeMap<&'static str, String>>;

/// A database of providers. Gives its URL.
async fn database_of_providers(files: Files) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1.1", listener.local_addr().expect("an address"));
    let file = |State(files): State<Files>, Path(domain): Path<String>| async move {
        files.get(domain.as_str()).cloned().ok_or(StatusCode::NOT_FOUND)
    };
    let router = Router::new().route("/v1.1/{domain}", get(file)).with_state(files);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn file(host: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"{host}\">\
         <incomingServer type=\"imap\"><hostname>imap.{host}</hostname><port>993</port><socketType>SSL</socketType>\
         <username>%EMAILLOCALPART%</username></incomingServer>\
         <outgoingServer type=\"smtp\"><hostname>smtp.{host}</hostname><port>587</port><socketType>STARTTLS</socketType>\
         <username>%EMAILADDRESS%</username></outgoingServer></emailProvider></clientConfig>"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_found_in_dns_and_in_a_database_of_providers() {
    let zone = DnsZone::with_services(
        &[],
        &[("hosted.example", "mx1.provider.example")],
        &[
            ("_imaps._tcp.srv.example", "imap.srv.example", 993),
            ("_imap._tcp.srv.example", "other.srv.example", 143),
            ("_submissions._tcp.srv.example", ".", 0),
            ("_submission._tcp.srv.example", "smtp.srv.example", 587),
        ],
    )
    .await;
    let files =
        BTreeMap::from([("listed.example", file("listed.example")), ("provider.example", file("provider.example"))]);
    let url = database_of_providers(Arc::new(files)).await;
    let (dns, url) = (zone.address.to_string(), url.as_str());
    let environment = [("POSTROOM_DNS_SERVER", dns.as_str()), ("POSTROOM_AUTOCONFIG_URL", url)];
    let postroom = Postroom::start_with(Database::sqlite(), &environment).await;
    let api = postroom.api();
    let server = |host: &str, port: u16, user: &str| json!({ "host": host, "port": port, "secure": port == 993, "auth": { "user": user } });
    let cases = [
        (
            "ann@srv.example",
            json!({
                "imap": server("imap.srv.example", 993, "ann@srv.example"),
                "smtp": server("smtp.srv.example", 587, "ann@srv.example"),
                "_source": "srv",
            }),
        ),
        (
            "ann@listed.example",
            json!({
                "imap": server("imap.listed.example", 993, "ann"),
                "smtp": server("smtp.listed.example", 587, "ann@listed.example"),
                "_source": "ispdb",
            }),
        ),
        (
            "ann@hosted.example",
            json!({
                "imap": server("imap.provider.example", 993, "ann"),
                "smtp": server("smtp.provider.example", 587, "ann@hosted.example"),
                "_source": "ispdb",
            }),
        ),
        ("ann@unknown.example", json!({ "imap": {}, "smtp": {}, "_source": "unknown" })),
    ];
    for (address, expected) in cases {
        let found = api.get(&format!("//v1/autoconfig?email={address}")).await.expect(200).json();
        assert_eq!(found, expected, "{address}");
    }
    api.get("//v1/autoconfig?email=nobody").await.expect(400);
    api.get("//v1/autoconfig").await.expect(400);
    api.without_key().get("//v1/autoconfig?email=ann@srv.example").await.expect(401);
    let stranger = api.with_new_key(&["messages:read"], None).await;
    stranger.get("//v1/autoconfig?email=ann@srv.example").await.expect(403);
}
