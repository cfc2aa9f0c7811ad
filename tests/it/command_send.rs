//! `postroom send`: a mail by the ordinary way, beside a running server.

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(a_mail_sent_beside_the_server_goes_the_ordinary_way, what_is_wrong_is_said_and_nothing_is_sent);

async fn a_mail_sent_beside_the_server_goes_the_ordinary_way(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    // Larger than what the database keeps inline, and the server alone writes the pack files.
    let noise: Vec<u8> = (0..200_000).map(|_| rand::random()).collect();
    std::fs::write(postroom.folder().join("noise.bin"), &noise).expect("write the file");
    std::fs::write(postroom.folder().join("mail.html"), "<p>Hello <b>Ana</b></p>").expect("write the file");
    let id = channel.id();
    let said = postroom.run(&[
        "send",
        "--to",
        "Ana <ana@example.test>",
        "--subject",
        "By hand",
        "--text",
        "Hello Ana",
        "--html",
        "mail.html",
        "--attach",
        "noise.bin",
        "--channel",
        &id,
    ]);
    let message_id = said.lines().next().expect("the id").to_owned();
    assert!(message_id.starts_with("msg_"), "{said}");
    assert!(said.contains("sandbox") && said.contains("a server answers"), "{said}");
    let message = eventually("the sandbox to capture it", || async {
        let message = api.get(&format!("/messages/{message_id}")).await.expect(200).json();
        ["sent", "delivered"].contains(&message["status"].as_str()?).then_some(message)
    })
    .await;
    assert_eq!(message["to"], "ana@example.test");
    assert_eq!(message["channelId"], id.as_str());
    assert_eq!(text(&message, "/content/email/subject"), "By hand");
    let attachment = text(&message, "/content/email/attachments/0/id");
    let fetched = api.get(&format!("/messages/{message_id}/attachments/{attachment}")).await.expect(200);
    assert_eq!(fetched.body, noise, "the attachment is not what was attached");
    assert_eq!(api.all("/messages?transport=sandbox").await.len(), 1);

    let quiet = postroom.run(&["send", "--to", "b@example.test", "--subject", "x", "--text", "x", "--quiet"]);
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    api.get(&format!("/messages/{}", quiet.trim())).await.expect(200);
}

async fn what_is_wrong_is_said_and_nothing_is_sent(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await.id();
    for (arguments, code, words) in [
        (&["--to", "ana", "--text", "x"][..], 1, &["--to", "ana"][..]),
        (&["--to", "a@example.test"], 2, &["--text"]),
        (&["--to", "a@example.test", "--text", "x", "--attach", "none.pdf"], 1, &["none.pdf"]),
        (&["--to", "a@example.test", "--text", "x", "--channel", "ch_01h455vb4pex5vsknk084sn02q"], 1, &["no channel"]),
        (&["--to", "a@example.test", "--text", "x", "--channel", "nonsense"], 2, &["nonsense"]),
        (&["--to", "a@example.test", "--text", ""], 1, &["text"]),
    ] {
        let all = [&["send", "--subject", "x"][..], arguments].concat();
        let output = postroom.run_any(&all);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word:?} is not in: {said}");
        }
    }
    // A channel of another workspace is not ours to send from.
    let other = postroom.run(&["workspace", "create", "--name", "Other"]);
    let output = postroom.run_any(&[
        "send",
        "--to",
        "a@example.test",
        "--subject",
        "x",
        "--text",
        "x",
        "--channel",
        &channel,
        "--workspace",
        other.trim(),
    ]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("another workspace"), "{output:?}");
    assert_eq!(api.all("/messages").await.len(), 0, "something was sent");
}
