//! Files of mails: by id, by Content-ID, by signed URL; withheld where the channel says so; never trusted.

use serde_json::{Value, json};

use crate::api::{Answer, text};
use crate::database::{Database, on_both_databases};
use crate::mail::{self, Mail};
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    raw_mail_comes_back_byte_for_byte,
    files_are_found_by_id_content_id_and_signed_url,
    what_the_channel_does_not_want_is_withheld,
);

async fn raw_mail_comes_back_byte_for_byte(database: Database) {
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    let mut sent = Vec::new();
    // Below and above what the database keeps inline, and well above one read buffer.
    for size in [10, 16_000, 17_000, 300_000, 3_000_000] {
        let noise: Vec<u8> = (0..size).map(|_| rand::random()).collect();
        let mail =
            mail::with_attachment(&address, &format!("{size} bytes"), "noise.bin", "application/octet-stream", &noise);
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
        sent.push((mail, noise));
    }
    postroom.kill();
    postroom.launch().await;
    let messages = api.all("/messages?order=asc").await;
    for ((mail, noise), message) in sent.iter().zip(&messages) {
        let id = text(message, "/id");
        let raw = api.get(&format!("/messages/{id}/raw")).await.expect(200).body;
        assert!(raw.ends_with(&mail.bytes()), "{}: not the bytes that were sent", mail.subject);
        let attachment = text(message, "/content/email/attachments/0/id");
        let file = api.get(&format!("/messages/{id}/attachments/{attachment}")).await.expect(200);
        assert_eq!(file.body, noise, "{}", mail.subject);
    }
}

fn related(address: &str) -> Mail {
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let body = format!(
        "--=_related\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Logo: <img src=\"cid:logo@1\"></p>\r\n\
         --=_related\r\nContent-Type: image/png\r\nContent-ID: <logo@1>\r\nContent-Disposition: inline; filename=\"logo.png\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n\
         --=_related\r\nContent-Type: image/svg+xml\r\nContent-Disposition: attachment; filename=\"drawing.svg\"\r\n\r\n{svg}\r\n--=_related--\r\n",
        mail::base64_lines(b"\x89PNG\r\n\x1a\n....")
    );
    Mail::new(address, "With a logo").header("Content-Type: multipart/related; boundary=\"=_related\"").body(&body)
}

async fn files_are_found_by_id_content_id_and_signed_url(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let address = api.channel().await.address();
    smtp_client::send(postroom.smtp, "ada@example.test", &address, related(&address).bytes()).await.expect("250");
    let message = api.all("/messages").await.remove(0);
    let id = text(&message, "/id");
    let files = message["content"]["email"]["attachments"].as_array().expect("attachments").clone();
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!((&files[0]["disposition"], &files[0]["contentId"]), (&json!("inline"), &json!("logo@1")));

    let by_content_id = api.get(&format!("/messages/{id}/attachments/logo%401")).await.expect(200);
    assert_eq!(by_content_id.body, &b"\x89PNG\r\n\x1a\n...."[..]);
    is_harmless(&by_content_id, true);
    let svg = api.get(&format!("/messages/{id}/attachments/{}", text(&files[1], "/id"))).await.expect(200);
    is_harmless(&svg, false);
    api.get(&format!("/messages/{id}/attachments/nothing")).await.expect(404);

    // The signed URL needs no key, and is good for this file alone.
    let url = text(&files[0], "/url");
    let (base, path) = url.split_at(url.find("/attachments").expect("a path"));
    assert_eq!(base, format!("http://{}", postroom.http));
    let anybody = api.without_key();
    assert_eq!(anybody.get(&format!("/{path}")).await.expect(200).body, by_content_id.body);
    let other = text(&files[1], "/id");
    let forgeries = [
        path.replace(&text(&files[0], "/id"), &other),
        path.replace("signature=", "signature=A"),
        raise_expiry(path),
        path.split('?').next().expect("a path").to_owned(),
    ];
    for forged in forgeries {
        let status = anybody.get(&format!("/{forged}")).await.status;
        assert!((400..=404).contains(&status), "{forged} → {status}");
    }
}

fn raise_expiry(path: &str) -> String {
    let at = path.find("expires=").expect("an expiry") + "expires=".len();
    format!("{}9{}", &path[..at], &path[at..])
}

/// What a sender chose must not run on our origin.
fn is_harmless(answer: &Answer, image: bool) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("sandbox"), "no sandbox in {policy:?}");
    let disposition = answer.header("content-disposition").unwrap_or_default();
    let expected = if image { "inline" } else { "attachment" };
    assert!(disposition.starts_with(expected), "{disposition:?}");
}

async fn what_the_channel_does_not_want_is_withheld(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let limits = json!({ "maxAttachmentBytes": 1000, "blockedFileTypes": ["exe", "application/x-sh"] });
    let address = api.channel_like(json!({ "limits": limits })).await.address();
    let files: [(&str, &str, usize, Value); 4] = [
        ("fine.pdf", "application/pdf", 900, Value::Null),
        ("large.pdf", "application/pdf", 1100, json!("tooLarge")),
        ("setup.EXE", "application/octet-stream", 10, json!("blockedType")),
        ("script", "application/x-sh", 10, json!("blockedType")),
    ];
    for (name, content_type, size, withheld) in files {
        let mail = mail::with_attachment(&address, name, name, content_type, &vec![b'x'; size]);
        smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
        let message = api.get("/messages?take=1").await.expect(200).json()["items"][0].clone();
        let file = &message["content"]["email"]["attachments"][0];
        assert_eq!(file["withheld"], withheld, "{name}");
        assert_eq!(file["size"], size);
        let path = format!("/messages/{}/attachments/{}", text(&message, "/id"), text(file, "/id"));
        api.get(&path).await.expect(if withheld.is_null() { 200 } else { 403 });
        let raw = api.get(&format!("/messages/{}/raw", text(&message, "/id"))).await.expect(200).body;
        assert!(raw.ends_with(&mail.bytes()), "{name} is not in the raw mail any more");
    }
}
