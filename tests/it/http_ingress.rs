//! Mail in by HTTP: the channel's webhook URL takes `message/rfc822`.

use reqwest::Method;
use serde_json::json;

use crate::api::{Answer, Api, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;

on_both_databases!(a_mail_posted_to_the_channels_url_is_taken_in);

async fn post(api: &Api, path: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let request = api.without_key().request(Method::POST, &format!("/{path}")).header("content-type", content_type);
    api.send(request.body(body)).await
}

async fn a_mail_posted_to_the_channels_url_is_taken_in(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel_like(json!({ "limits": { "maxMessageBytes": 100_000 } })).await;
    let url = text(&channel.json, "/webhookUrl");
    let path = url.strip_prefix(&format!("http://{}", postroom.http)).expect("our own URL").to_owned();
    let mail = Mail::new(&channel.address(), "By HTTP");

    let accepted = post(&api, &path, "message/rfc822", mail.bytes()).await.expect(202).json();
    let message = api.get(&format!("/messages/{}", text(&accepted, "/id"))).await.expect(200).json();
    assert_eq!(message["content"]["email"]["subject"], "By HTTP");
    assert_eq!(message["channelId"], channel.id().as_str());
    let again = post(&api, &path, "message/rfc822", mail.bytes()).await.expect(202).json();
    assert_eq!(again["id"], accepted["id"]);
    assert_eq!(api.all("/messages").await.len(), 1);

    let token = path.split_once("token=").expect("a token").1;
    post(&api, &path.replace(token, "wrong"), "message/rfc822", mail.bytes()).await.expect(401);
    let no_token = path.split('?').next().expect("a path");
    post(&api, no_token, "message/rfc822", mail.bytes()).await.expect(401);
    let unknown = path.replace(&channel.id(), "ch_00000000000000000000000000");
    post(&api, &unknown, "message/rfc822", mail.bytes()).await.expect(404);
    let large = Mail::new(&channel.address(), "Large").body(&"x\r\n".repeat(40_000));
    post(&api, &path, "message/rfc822", large.bytes()).await.expect(413);
    post(&api, &path, "image/png", mail.bytes()).await.expect(415);
    assert!(!postroom.log().contains(token), "the token is in the log");

    api.delete(&format!("/channels/{}", channel.id())).await.expect(204);
    post(&api, &path, "message/rfc822", mail.bytes()).await.expect(404);
}
