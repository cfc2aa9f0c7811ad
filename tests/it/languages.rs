//! What Postroom itself writes to people: in the workspace's language, or in their browser's where they come from elsewhere.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Answer, Api, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(mails_and_their_pages_have_the_workspace_s_language, strangers_are_spoken_to_in_their_own_language,);

/// A captured message, its quoted-printable parts as one reads them.
async fn raw(api: &Api, id: &str) -> String {
    let path = format!("/messages/{id}");
    eventually("the message to be captured", || async {
        let message = api.get(&path).await.expect(200).json();
        (message["status"] == "delivered" || message["status"] == "sent").then_some(())?;
        let raw = api.get(&format!("{path}/raw")).await.expect(200).body;
        Some(decoded(&raw))
    })
    .await
}

/// Quoted-printable (RFC 2045 §6.7), wherever it is.
fn decoded(raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw).replace("=\r\n", "");
    let mut pieces = raw.split('=');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        match piece.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&piece.as_bytes()[2..]);
            }
            None => bytes.extend(format!("={piece}").into_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A page as a browser of these languages gets it.
async fn page(api: &Api, path: &str, languages: &str, status: u16) -> String {
    let request = api.without_key().request(Method::GET, &format!("/{path}"));
    let page: Answer = api.send(request.header("accept-language", languages)).await.expect(status);
    let html = String::from_utf8_lossy(&page.body).into_owned();
    let lang = page.header("content-language").expect("a language");
    assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{lang}: {html}");
    html
}

async fn speak(api: &Api, language: Value) {
    api.patch("/workspace", json!({ "language": language })).await.expect(200);
}

/// The mail that invites somebody.
async fn invitation(api: &Api, email: &str) -> String {
    let made = api.post("/users", json!({ "email": email, "name": "Ada", "role": "agent", "invite": true })).await;
    raw(api, &text(&made.expect(201).json(), "/invitation/messageId")).await
}

/// The mail that asks how the help was.
async fn survey(postroom: &Postroom, api: &Api, subject: &str, from: &str) -> String {
    let channel = api.channel().await;
    let path = format!("/channels/{}/survey", channel.id());
    api.put(&path, json!({ "enabled": true, "delayHours": 0, "contactDays": 1 })).await.expect(200);
    let mail = Mail::new(&channel.address(), subject).from(from);
    smtp_client::send(postroom.smtp, from, &channel.address(), mail.bytes()).await.expect("250");
    let all = api.items("/conversations").await;
    let found = all.iter().find(|each| text(each, "/subject") == subject).expect("the conversation");
    let path = format!("/conversations/{}", text(found, "/id"));
    api.patch(&path, json!({ "status": "resolved" })).await.expect(200);
    let asked = eventually("the survey", || async {
        let messages = api.items(&format!("{path}/messages")).await;
        messages.into_iter().find(|message| !message["customData"]["surveyId"].is_null())
    });
    raw(api, &text(&asked.await, "/id")).await
}

/// The first link of a mail that leads there, below the server.
fn link(raw: &str, to: &str) -> String {
    let start = raw.find(to).unwrap_or_else(|| panic!("no {to} in {raw}"));
    raw[start..].chars().take_while(|character| !"?\r\n \"<>".contains(*character)).collect()
}

async fn mails_and_their_pages_have_the_workspace_s_language(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();

    // Nobody chose: mails are English, and their pages the browser's.
    let invited = invitation(&api, "ada@example.org").await;
    assert!(invited.contains("Content-Language: en") && invited.contains("Accept the invitation"), "{invited}");
    let asked = survey(&postroom, &api, "Lamp", "ann@example.test").await;
    assert!(asked.contains("Content-Language: en") && asked.contains("May we ask how our help was?"), "{asked}");
    let english = link(&asked, "/survey/svy_");
    assert!(page(&api, &english, "fr, en;q=0.5", 200).await.contains("How was our help?"));
    assert!(page(&api, &english, "de-AT", 200).await.contains("Wie war unsere Hilfe?"));

    speak(&api, json!("de")).await;
    let invited = invitation(&api, "bo@example.org").await;
    assert!(invited.contains("Content-Language: de") && invited.contains("Einladung annehmen"), "{invited}");
    assert!(invited.contains("Guten Tag Ada,") && !invited.contains("Hello"), "{invited}");
    let asked = survey(&postroom, &api, "Stuhl", "bob@example.test").await;
    assert!(asked.contains("Content-Language: de") && asked.contains("zu „Stuhl“"), "{asked}");
    assert!(asked.contains("<div lang=\"de\"") && asked.contains("Geht so"), "{asked}");
    let german = link(&asked, "/survey/svy_");
    let shown = page(&api, &german, "en", 200).await;
    assert!(shown.contains("<html lang=\"de\">") && shown.contains("Antwort senden"), "{shown}");

    // Whoever answers goes on in the language they began in.
    let answer = |body: &'static str| {
        let request = api.without_key().request(Method::POST, &format!("/{german}"));
        let form = request.header("content-type", "application/x-www-form-urlencoded");
        api.send(form.header("accept-language", "en").body(body))
    };
    let nothing = answer("rating=").await.expect(400);
    assert!(String::from_utf8_lossy(&nothing.body).contains("Nichts ausgewählt"));
    answer("rating=good").await.expect(303);
    assert!(page(&api, &german, "en", 200).await.contains("Ihre Antwort"));
    // A link that is not ours belongs to no workspace.
    assert!(page(&api, &format!("{german}x"), "en", 404).await.contains("This link does not work"));
    assert!(page(&api, "/unsubscribe/msg_1/x", "de", 404).await.contains("Dieser Link funktioniert nicht"));
}

async fn strangers_are_spoken_to_in_their_own_language(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let form = json!({ "account": "bo", "email": "bo@example.com", "redirectUrl": "http://app.example/" });
    let url = text(&api.post("//v1/authentication/form", form).await.expect(200).json(), "/url");
    let path = format!("/{}", url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).expect("a path").1);
    assert!(page(&api, &path, "de", 200).await.contains("Ihr Postfach verbinden"));
    assert!(page(&api, &path, "fr", 200).await.contains("Connect your mailbox"));
    speak(&api, json!("de")).await;
    assert!(page(&api, &path, "fr", 200).await.contains("Ihr Postfach verbinden"), "the workspace's, then");
    assert!(page(&api, &path, "en-GB", 200).await.contains("Connect your mailbox"));
    assert!(page(&api, &format!("{path}x"), "fr", 403).await.contains("This link does not work"));
    assert!(page(&api, "/t/c/nothing", "de", 404).await.contains("Dieser Link führt nirgendwohin."));

    // What programs read stays English.
    let request = api.without_key().request(Method::GET, "/conversations");
    let problem = api.send(request.header("accept-language", "de")).await.expect(401).json();
    assert!(text(&problem, "/title").is_ascii() && problem["detail"].to_string().is_ascii(), "{problem}");
    let wrong = api.patch("/workspace", json!({ "language": "fr" })).await.expect(422).json();
    assert!(wrong.to_string().contains("one of en, de, or null"), "{wrong}");
}
