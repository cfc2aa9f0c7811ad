//! What webhooks of a mailbox carry, with a real Dovecot: text and header fields where they were asked for, bounces and complaints.

use serde_json::{Value, json};

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;
use crate::webhook_receiver::WebhookReceiver;
use servers::PASSWORD;
use servers::dovecot::Dovecot;

on_both_databases!(
    new_mail_comes_with_what_was_asked_for,
    bounces_and_complaints_are_told_of,
    an_account_may_have_webhooks_of_its_own,
);

async fn connect(database: Database, settings: Value) -> (Dovecot, Postroom, WebhookReceiver) {
    let dovecot = Dovecot::start().await;
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let hooks = WebhookReceiver::start().await;
    let mut all = json!({ "webhooks": hooks.url(), "webhooksEnabled": true, "webhookEvents": ["*"] });
    for (name, value) in settings.as_object().expect("settings") {
        all[name] = value.clone();
    }
    api.post("//v1/settings", all).await.expect(200);
    let account = json!({ "account": "bo", "email": "bo@local.test",
        "imap": { "host": "127.0.0.1", "port": dovecot.port, "secure": false, "auth": { "user": "bo", "pass": PASSWORD } } });
    api.post("//v1/account", account).await.expect(200);
    eventually("the account to be connected", || async {
        let account = api.get("//v1/account/bo").await.expect(200).json();
        (account["state"] == "connected").then_some(())
    })
    .await;
    (dovecot, postroom, hooks)
}

async fn told(hooks: &WebhookReceiver, event: &str) -> Value {
    eventually(event, || async {
        hooks.received().into_iter().map(|request| request.json()).find(|body| body["event"] == event)
    })
    .await
}

async fn new_mail_comes_with_what_was_asked_for(database: Database) {
    let asked = json!({ "notifyText": true, "notifyTextSize": 5, "notifyHeaders": ["X-Order", "Subject"] });
    let (dovecot, postroom, hooks) = connect(database, asked.clone()).await;
    let settings = postroom.api().get("//v1/settings").await.expect(200).json();
    for (name, value) in asked.as_object().expect("settings") {
        assert_eq!(&settings[name], value, "{settings}");
    }
    let mail = "From: ann@example.org\nTo: bo@local.test\nSubject: Hi\nX-Order: 7\nX-Other: 8\nMessage-ID: <1@example.org>\n\nHello, Bo.\n";
    dovecot.sign_in("bo").append("INBOX", "", mail);
    let new = told(&hooks, "messageNew").await;
    assert_eq!(new["data"]["text"]["plain"], "Hello", "{new:#}");
    assert_eq!(new["data"]["headers"], json!({ "subject": ["Hi"], "x-order": ["7"] }), "{new:#}");
    // Signed with the service's secret, whatever its form.
    let api = postroom.api();
    api.post("//v1/settings", json!({ "serviceSecret": "a b" })).await.expect(200);
    assert!(!api.get("//v1/settings").await.expect(200).json().to_string().contains("a b"));
    dovecot.sign_in("bo").append("INBOX", "", &mail.replace("1@", "2@"));
    let signed = eventually("the second mail", || async {
        hooks.received().into_iter().find(|request| request.json()["data"]["messageId"] == "<2@example.org>")
    })
    .await;
    assert_eq!(signed.header("x-ee-wh-signature"), signature(b"a b", &signed.body));
    let too_many: Vec<String> = (0..200).map(|number| format!("X-{number}")).collect();
    postroom.api().post("//v1/settings", json!({ "notifyHeaders": too_many })).await.expect(400);
}

/// HMAC-SHA256 of the body, base64url without padding.
fn signature(key: &[u8], body: &[u8]) -> String {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(body);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

async fn bounces_and_complaints_are_told_of(database: Database) {
    let (dovecot, _postroom, hooks) = connect(database, json!({})).await;
    let mut program = dovecot.sign_in("bo");
    program.append(
        "INBOX",
        "",
        "From: MAILER-DAEMON@example.org\nTo: bo@local.test\nSubject: Undelivered Mail Returned to Sender\nMessage-ID: <b@example.org>\n\
         MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n\
         Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\n\
         --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <sent@local.test>\nSubject: Offer\n\n--b--\n",
    );
    let bounce = told(&hooks, "messageBounce").await;
    let data = &bounce["data"];
    assert_eq!(
        (&data["recipient"], &data["action"], &data["messageId"], &data["response"]["status"], &data["reason"]),
        (
            &json!("gone@example.org"),
            &json!("failed"),
            &json!("<sent@local.test>"),
            &json!("5.1.1"),
            &json!("userUnknown")
        ),
        "{bounce:#}"
    );
    assert_eq!(data["bounceMessage"], told(&hooks, "messageNew").await["data"]["id"]);
    program.append(
        "INBOX",
        "",
        "From: fbl@example.org\nTo: bo@local.test\nSubject: Complaint\nMessage-ID: <c@example.org>\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b\n\nA complaint.\n\
         --b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: cross@example.org\n\n\
         --b\nContent-Type: message/rfc822\n\nFrom: bo@local.test\nTo: cross@example.org\nSubject: Offer\nMessage-ID: <sent2@local.test>\n\nBuy!\n--b--\n",
    );
    let complaint = told(&hooks, "messageComplaint").await;
    let data = &complaint["data"];
    assert_eq!(
        (&data["arf"]["feedbackType"], &data["arf"]["recipient"], &data["headers"]["messageId"]),
        (&json!("abuse"), &json!(["cross@example.org"]), &json!("<sent2@local.test>")),
        "{complaint:#}"
    );
}

async fn an_account_may_have_webhooks_of_its_own(database: Database) {
    let (dovecot, postroom, all) = connect(database, json!({})).await;
    let api = postroom.api();
    let own = WebhookReceiver::start().await;
    let put = async |url: &str| {
        let request = api.request(reqwest::Method::PUT, "//v1/account/bo").json(&json!({ "webhooks": url }));
        api.send(request).await
    };
    put("ftp://example.org").await.expect(400);
    put(&own.url()).await.expect(200);
    let mail = |number: usize| {
        format!("From: ann@example.org\nSubject: {number}\nMessage-ID: <{number}@example.org>\n\nHello.\n")
    };
    dovecot.sign_in("bo").append("INBOX", "", &mail(1));
    assert_eq!(told(&own, "messageNew").await["data"]["subject"], "1");
    // Others hear of it again once it has none.
    put("").await.expect(200);
    dovecot.sign_in("bo").append("INBOX", "", &mail(2));
    assert_eq!(told(&all, "messageNew").await["data"]["subject"], "2");
    let subjects = |hooks: &WebhookReceiver| -> Vec<Value> {
        let bodies = hooks.received().into_iter().map(|request| request.json());
        bodies.filter(|body| body["event"] == "messageNew").map(|body| body["data"]["subject"].clone()).collect()
    };
    assert_eq!((subjects(&own), subjects(&all)), (vec![json!("1")], vec![json!("2")]));
    let settings = api.get("//v1/settings").await.expect(200).json();
    assert_eq!(settings["webhooks"], all.url(), "an account's is not everybody's");
}
