//! Mailboxes that are signed in to at an OAuth 2 provider: through the form, with a Dovecot that takes the provider's tokens; renewed
//! before they end and when they are refused; and given up with words when the consent is taken back.

use serde_json::{Value, json};

use crate::api::{Api, eventually, text};
use crate::browser::Browser;
use crate::database::{Database, on_both_databases};
use crate::oauth2_provider::{ACCESS, CLIENT_ID, CLIENT_SECRET, OAuth2Provider, REFRESH};
use crate::postfix::Postfix;
use crate::postroom_process::Postroom;
use servers::dovecot::Dovecot;

on_both_databases!(
    a_mailbox_is_connected_at_a_provider_and_its_tokens_are_renewed,
    mail_is_sent_with_the_providers_token_which_is_renewed_when_it_is_refused,
);

const EMAIL: &str = "ann@example.com";

async fn form(api: &Api, sign_in: Option<&str>) -> String {
    let body = json!({ "account": "ann", "email": EMAIL, "redirectUrl": "http://app.example/done", "type": sign_in });
    text(&api.post("//v1/authentication/form", body).await.expect(200).json(), "/url")
}

async fn account(api: &Api) -> Value {
    api.get("//v1/account/ann").await.expect(200).json()
}

async fn until_state(api: &Api, wanted: &str) -> Value {
    eventually(&format!("the account to be {wanted}"), || async {
        let account = account(api).await;
        (account["state"] == wanted).then_some(account)
    })
    .await
}

/// From a form's button to the application.
async fn sign_in(browser: &Browser, postroom: &Postroom, url: &str) -> String {
    let first = browser.get(url).await.expect(200);
    assert!(first.html.contains("Sign in with Example Mail"), "{}", first.html);
    let link = first.html.split_once("/accounts/new/oauth2?").and_then(|(_, rest)| rest.split_once('"'));
    let link = link.expect("a button").0.replace("&amp;", "&");
    let there = browser.follow(&format!("http://{}/accounts/new/oauth2?{link}", postroom.http)).await;
    let back = browser.follow(&there).await;
    browser.follow(&back).await
}

/// A command on a connection of its own, which is opened with the account's token.
async fn search(api: &Api) -> crate::api::Answer {
    api.post("//v1/account/ann/search?path=INBOX", json!({ "search": { "unseen": true } })).await
}

async fn a_mailbox_is_connected_at_a_provider_and_its_tokens_are_renewed(database: Database) {
    let provider = OAuth2Provider::start(EMAIL).await;
    let dovecot = Dovecot::start_asking(&provider.url("/introspect")).await;
    let postroom = Postroom::start(database).await;
    let (api, browser) = (postroom.api(), Browser::new());
    let app = json!({
        "name": "Example", "title": "Example Mail", "provider": "oidc", "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET,
        "authorizeUrl": provider.url("/authorize"), "tokenUrl": provider.url("/token"), "scopes": ["openid", "email"],
        "imap": { "host": "127.0.0.1", "port": dovecot.port, "secure": false },
    });
    let made = api.post("//v1/oauth2", app).await.expect(200).json();
    let id = text(&made, "/id");
    assert_eq!(made, json!({ "id": id, "created": true }));
    let listed = api.get("//v1/oauth2").await.expect(200).json();
    assert_eq!((&listed["total"], &listed["apps"][0]["clientSecret"]), (&json!(1), &json!("******")), "{listed:#}");

    // Nothing is to be had with a state that is not this browser's, or with one that was altered.
    let url = form(&api, Some(&id)).await;
    let there = browser.follow(&url).await;
    assert!(there.contains("code_challenge_method=S256") && there.contains("login_hint=ann%40example.com"), "{there}");
    let back = browser.follow(&there).await;
    Browser::new().get(&back).await.expect(403);
    browser.get(&back.replace("state=", "state=A")).await.expect(403);
    let denied = back.replace("code=", "error=access_denied&x=");
    let denied = browser.get(&denied).await.expect(422);
    assert!(denied.html.contains("access_denied") && denied.html.contains("Try again"), "{}", denied.html);
    let unknown = browser.get(&back.replace("code=code", "code=none")).await.expect(422);
    assert!(unknown.html.contains("invalid_grant"), "{}", unknown.html);
    api.get("//v1/account/ann").await.expect(404);

    let onward = sign_in(&browser, &postroom, &form(&api, None).await).await;
    assert_eq!(onward, "http://app.example/done?account=ann&state=new", "{:?}", provider.refusals());
    let connected = until_state(&api, "connected").await;
    assert_eq!(
        (&connected["type"], &connected["oauth2"], &connected["email"], &connected["name"]),
        (&json!("oidc"), &json!({ "provider": id, "auth": { "user": EMAIL } }), &json!(EMAIL), &json!("Ann")),
        "{connected:#}"
    );
    search(&api).await.expect(200);
    assert_eq!((provider.renewed(), provider.bad()), (0, 0), "a good token is used as it is");

    // Refused: renewed once, and used from then on.
    provider.end_access();
    search(&api).await.expect(200);
    assert_eq!((provider.renewed(), provider.bad()), (1, 1));
    search(&api).await.expect(200);
    assert_eq!((provider.renewed(), provider.bad()), (1, 1));

    // Soon over: renewed before anybody refuses it. The follower of the account, too, goes on with what was kept.
    provider.lasts(60);
    provider.end_access();
    search(&api).await.expect(200);
    assert_eq!((provider.renewed(), provider.bad()), (2, 2));
    provider.lasts(3_600);
    dovecot.kick(EMAIL);
    eventually("the token to be renewed", || async { (provider.renewed() == 3).then_some(()) }).await;
    until_state(&api, "connected").await;
    search(&api).await.expect(200);
    assert_eq!((provider.renewed(), provider.bad()), (3, 2));

    // Where only the database's file is looked at, no token and no secret is seen.
    if matches!(postroom.database, Database::Sqlite) {
        for file in std::fs::read_dir(postroom.data_folder()).expect("the data folder") {
            let file = file.expect("a file").path();
            let bytes = if file.is_file() { std::fs::read(&file).expect("read a file") } else { continue };
            let held = String::from_utf8_lossy(&bytes);
            for secret in [ACCESS, REFRESH, CLIENT_SECRET] {
                assert!(!held.contains(secret), "{secret} in {}", file.display());
            }
        }
    }

    // The consent is taken back: said, with what to do; and a new one connects the same account.
    provider.end_all();
    search(&api).await.expect(503);
    dovecot.kick(EMAIL);
    let refused = until_state(&api, "authenticationError").await;
    assert!(text(&refused, "/lastError/response").contains("invalid_grant"), "{refused:#}");
    assert!(text(&refused, "/lastError/hint").contains("form"), "{refused:#}");
    let onward = sign_in(&browser, &postroom, &form(&api, None).await).await;
    assert_eq!(onward, "http://app.example/done?account=ann&state=existing", "{:?}", provider.refusals());
    until_state(&api, "connected").await;

    // Switched off, it is offered no more; taken away, it says how many accounts had it.
    let off =
        api.send(api.request(reqwest::Method::PUT, &format!("//v1/oauth2/{id}")).json(&json!({ "enabled": false })));
    off.await.expect(200);
    let first = browser.get(&form(&api, None).await).await.expect(200);
    assert!(!first.html.contains("Sign in with"), "{}", first.html);
    browser.get(&form(&api, Some(&id)).await).await.expect(404);
    let gone = api.delete(&format!("//v1/oauth2/{id}")).await.expect(200).json();
    assert_eq!(gone, json!({ "id": id, "deleted": true, "accounts": 1 }));
    api.get(&format!("//v1/oauth2/{id}")).await.expect(404);
    let wrong = json!({ "name": "x", "provider": "oidc", "clientId": "x", "authorizeUrl": "ftp://x", "tokenUrl": "x" });
    let wrong = api.post("//v1/oauth2", wrong).await.expect(400).json();
    let fields: Vec<&str> =
        wrong["fields"].as_array().expect("fields").iter().filter_map(|it| it["key"].as_str()).collect();
    assert_eq!(fields, ["authorizeUrl", "tokenUrl", "imap"], "{wrong:#}");
}

async fn mail_is_sent_with_the_providers_token_which_is_renewed_when_it_is_refused(database: Database) {
    let provider = OAuth2Provider::start(EMAIL).await;
    let dovecot = Dovecot::start_asking(&provider.url("/introspect")).await;
    // It has tokens looked at by the same Dovecot.
    let postfix = Postfix::start_beside(&dovecot).await;
    let postroom = Postroom::start(database).await;
    let (api, browser) = (postroom.api(), Browser::new());
    let server = |port: u16| json!({ "host": "127.0.0.1", "port": port, "secure": false });
    let app = json!({
        "name": "Example", "title": "Example Mail", "provider": "oidc", "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET,
        "authorizeUrl": provider.url("/authorize"), "tokenUrl": provider.url("/token"), "scopes": ["openid", "email"],
        "imap": server(dovecot.port), "smtp": server(postfix.port),
    });
    let id = text(&api.post("//v1/oauth2", app).await.expect(200).json(), "/id");
    // What was shown and is sent back is no new secret.
    let shown = api.send(
        api.request(reqwest::Method::PUT, &format!("//v1/oauth2/{id}")).json(&json!({ "clientSecret": "******" })),
    );
    shown.await.expect(200);
    let onward = sign_in(&browser, &postroom, &form(&api, None).await).await;
    assert_eq!(onward, "http://app.example/done?account=ann&state=new", "{:?}", provider.refusals());
    until_state(&api, "connected").await;
    let send = async |subject: &str| {
        let mail = json!({ "to": "good@local.test", "subject": subject, "text": "Hello." });
        let id = text(&api.post("//v1/account/ann/submit", mail).await.expect(200).json(), "/messageId");
        eventually(&format!("{subject} to be delivered"), || async {
            postfix.mailbox("good").into_iter().find(|mail| mail.contains(&id))
        })
        .await
    };
    // Refused by the way out: renewed, and sent in the same try.
    provider.end_access();
    assert!(send("First").await.contains("From: \"Ann\" <ann@example.com>"));
    assert_eq!((provider.renewed(), provider.bad()), (1, 1));
    send("Second").await;
    assert_eq!((provider.renewed(), provider.bad()), (1, 1), "a good token is used as it is");
    let told = api.all_events().await;
    assert!(!told.iter().any(|event| event["type"] == "messageDeliveryError"), "{told:#?}");
}
