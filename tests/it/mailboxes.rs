//! People's mailboxes on a real Dovecot: listed, heard of, acted on; what was seen is told once, over cuts, restarts and servers of
//! every ability.

use reqwest::Method;
use serde_json::{Value, json};
use servers::PASSWORD;
use servers::dovecot::Dovecot;

use crate::api::eventually;
use crate::database::{Database, on_both_databases};
use crate::mailbox_api::{account, assert_told_once, connected, mail, messages, put, state, told, wait_told};
use crate::postroom_process::Postroom;
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(
    a_mailbox_is_listed_heard_of_and_acted_on,
    servers_of_every_ability_are_kept_in_step_with,
    nothing_is_told_twice_or_missed_over_cuts_and_restarts,
    folders_come_and_go_and_begin_anew,
    a_refused_password_is_said_and_a_new_one_connects,
    what_is_asked_wrongly_is_answered_in_words,
);

async fn a_mailbox_is_listed_heard_of_and_acted_on(database: Database) {
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    program.append("INBOX", "\\Seen", &mail(1, "Ann <ann@example.org>", "old"));
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let receiver = WebhookReceiver::start().await;
    let settings = json!({ "webhooks": receiver.url(), "webhooksEnabled": true, "webhookEvents": ["*"] });
    api.post("//v1/settings", settings).await.expect(200);
    let contact = api.post("/contacts", json!({ "name": "Ann", "addresses": ["ann@example.org", "ann@work.example"] }));
    let contact = contact.await.expect(201).json()["id"].as_str().expect("an id").to_owned();

    let added = api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200).json();
    assert_eq!(added, json!({ "account": "bo", "state": "new" }));
    connected(&api, "bo").await;
    assert_eq!(api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200).json()["state"], "existing");
    connected(&api, "bo").await;
    wait_told(&receiver, "accountInitialized", 1).await;
    // What was there is listed, its bytes too, and is no news.
    let old = eventually("the old mail to be read", || async {
        messages(&api, "bo", "INBOX").await.into_iter().find(|message| message["subject"] == "old")
    })
    .await;
    assert_eq!((&old["unseen"], &old["from"]["address"]), (&json!(false), &json!("ann@example.org")), "{old}");
    assert_eq!(told(&receiver, "messageNew"), Vec::<Value>::new());

    program.append("INBOX", "", &mail(2, "Ann <ann@example.org>", "new"));
    let news = wait_told(&receiver, "messageNew", 1).await;
    let data = &news[0]["data"];
    assert_eq!(
        (
            &news[0]["account"],
            &news[0]["path"],
            &news[0]["specialUse"],
            &data["messageSpecialUse"],
            &data["seemsLikeNew"]
        ),
        (&json!("bo"), &json!("INBOX"), &json!("\\Inbox"), &json!("\\Inbox"), &json!(true)),
        "{news:#?}"
    );
    assert_eq!((&data["messageId"], &data["subject"]), (&json!("<2.new@example.org>"), &json!("new")));
    let signed =
        receiver.received().into_iter().find(|request| request.json()["event"] == "messageNew").expect("it came");
    assert!(!signed.header("x-ee-wh-signature").is_empty() && signed.header("x-ee-wh-attempts-made") == "1");
    let id = data["id"].as_str().expect("an id").to_owned();

    // Read by its id: whole, its text, its source.
    let whole = api.get(&format!("//v1/account/bo/message/{id}?textType=*")).await.expect(200).json();
    assert_eq!(whole["text"]["plain"], "Hello, this is mail 2.\n", "{whole:#}");
    assert_eq!(whole["headers"]["subject"], json!(["new"]));
    let text = api.get(&format!("//v1/account/bo/text/{id}")).await.expect(200).json();
    assert_eq!(text["plain"], "Hello, this is mail 2.\n");
    let source = api.get(&format!("//v1/account/bo/message/{id}/source")).await.expect(200);
    assert!(String::from_utf8_lossy(&source.body).contains("Subject: new\r\n"));

    // Sent from the person's own program: one activity for each contact it went to, and none for strangers.
    program.append(
        "Sent",
        "\\Seen",
        &mail(3, "Bo <bo@example.com>", "sent")
            .replace("Bo <bo@example.com>\nSubject", "ann@work.example, x@y.example\nSubject"),
    );
    wait_told(&receiver, "messageNew", 2).await;
    program.append(
        "Drafts",
        "\\Draft",
        &mail(4, "Bo <bo@example.com>", "draft").replace("To: Bo <bo@example.com>", "To: ann@example.org"),
    );
    let activities = api.items(&format!("/contacts/{contact}/activities")).await;
    let shown: Vec<_> =
        activities.iter().map(|it| (it["direction"].clone(), it["subject"].clone(), it["accountId"].clone())).collect();
    assert_eq!(
        shown
            .iter()
            .map(|(direction, subject, _)| (direction.as_str(), subject.as_str()))
            .collect::<std::collections::BTreeSet<_>>(),
        std::collections::BTreeSet::from([(Some("inbound"), Some("new")), (Some("outbound"), Some("sent"))]),
        "{activities:#?}"
    );

    // Flags, as a client of the API and as the person.
    put(&api, &format!("//v1/account/bo/message/{id}"), json!({ "flags": { "add": ["\\Flagged"] } })).await;
    let updated = wait_told(&receiver, "messageUpdated", 1).await;
    assert_eq!(updated[0]["data"]["changes"]["flags"]["added"], json!(["\\Flagged"]), "{updated:#?}");

    // Moved: gone here, there again, and no news to a CRM.
    let moved = put(&api, &format!("//v1/account/bo/message/{id}/move"), json!({ "path": "\\Sent" })).await;
    let place = moved["id"].as_str().expect("where it is").to_owned();
    let gone = wait_told(&receiver, "messageDeleted", 1).await;
    assert_eq!(gone[0]["data"]["id"], json!(id));
    let news = wait_told(&receiver, "messageNew", 3).await;
    assert_eq!((&news[2]["data"]["id"], &news[2]["data"]["seemsLikeNew"]), (&json!(place), &json!(false)), "{news:#?}");
    assert_eq!(api.items(&format!("/contacts/{contact}/activities")).await.len(), 2, "a move made an activity");
    api.get(&format!("//v1/account/bo/message/{id}")).await.expect(404);

    // Deleted: into the trash, and for good from there.
    let deleted = api.delete(&format!("//v1/account/bo/message/{place}")).await.expect(200).json();
    assert_eq!(deleted["moved"]["destination"], "Trash", "{deleted}");
    let found = api
        .post("//v1/account/bo/search?path=INBOX", json!({ "search": { "subject": "old" } }))
        .await
        .expect(200)
        .json();
    assert_eq!((&found["total"], &found["messages"][0]["subject"]), (&json!(1), &json!("old")), "{found:#}");

    let raw = "RnJvbTogYUB4LnRlc3QNClN1YmplY3Q6IHVwDQoNCmhpDQo=";
    let uploaded = api
        .post("//v1/account/bo/message", json!({ "path": "INBOX", "raw": raw, "flags": ["\\Seen"] }))
        .await
        .expect(200);
    assert!(uploaded.json()["id"].is_string());
    api.delete("//v1/account/bo").await.expect(200);
    wait_told(&receiver, "accountDeleted", 1).await;
    api.get("//v1/account/bo").await.expect(404);
}

async fn servers_of_every_ability_are_kept_in_step_with(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    for (index, capability) in [
        "IMAP4rev1 LITERAL+ SASL-IR",
        "IMAP4rev1 IDLE UIDPLUS",
        "IMAP4rev1 IDLE CONDSTORE ENABLE MOVE NAMESPACE SPECIAL-USE",
        "IMAP4rev1 IDLE ENABLE QRESYNC UIDPLUS MOVE ESEARCH LIST-EXTENDED LIST-STATUS LITERAL+ ID",
    ]
    .into_iter()
    .enumerate()
    {
        let dovecot = Dovecot::start_offering(capability).await;
        let name = format!("bo{index}");
        let mut program = dovecot.sign_in(&name);
        for number in 0..5 {
            program.append("INBOX", "", &mail(number, "ann@example.org", "there"));
        }
        api.post("//v1/account", account(dovecot.port, &name)).await.expect(200);
        connected(&api, &name).await;
        program.append("INBOX", "", &mail(7, "ann@example.org", "come"));
        let count = async |wanted: usize| {
            eventually(&format!("{wanted} messages ({capability})"), || async {
                let found = messages(&api, &name, "INBOX").await;
                (found.len() == wanted && found.iter().all(|it| it["subject"].is_string())).then_some(found)
            })
            .await
        };
        let found = count(6).await;
        program.run("SELECT INBOX");
        program.run("UID STORE 1 +FLAGS (\\Answered)");
        program.run("UID STORE 2:3 +FLAGS (\\Deleted)");
        program.run("EXPUNGE");
        count(4).await;
        eventually(&format!("the flag ({capability})"), || async {
            let all = messages(&api, &name, "INBOX").await;
            all.iter().any(|it| it["uid"] == 1 && it["answered"] == true).then_some(())
        })
        .await;
        // Acted on without MOVE and UIDPLUS as well.
        let newest = found[0]["id"].as_str().expect("an id");
        put(&api, &format!("//v1/account/{name}/message/{newest}/move"), json!({ "path": "Sent" })).await;
        count(3).await;
        let sent =
            eventually("the moved mail", || async { messages(&api, &name, "Sent").await.into_iter().next() }).await;
        assert_eq!(sent["subject"], "come", "{capability}");
        // Before the next server begins, this one is not asked any more.
        api.delete(&format!("//v1/account/{name}")).await.expect(200);
    }
}

async fn nothing_is_told_twice_or_missed_over_cuts_and_restarts(database: Database) {
    const ROUNDS: usize = 4;
    const MAILS: usize = 15;
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    let mut postroom = Postroom::start(database).await;
    postroom.api().post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&postroom.api(), "bo").await;
    let mut sent = 0;
    for round in 0..ROUNDS {
        for number in 0..MAILS {
            program.append("INBOX", "", &mail(sent, "ann@example.org", "stream"));
            sent += 1;
            if number == MAILS / 2 {
                match round % 3 {
                    0 => postroom.kill(),
                    1 => dovecot.kick("bo"),
                    _ => {
                        dovecot.restart().await;
                        program = dovecot.sign_in("bo");
                    }
                }
            }
            if round % 3 == 1 && number == MAILS / 2 {
                program = dovecot.sign_in("bo");
            }
        }
        if round % 3 == 0 {
            postroom.launch().await;
        }
    }
    let api = postroom.api();
    eventually("all mails to be there", || async { (messages(&api, "bo", "INBOX").await.len() == sent).then_some(()) })
        .await;
    let wanted: Vec<String> = (0..sent).map(|number| format!("<{number}.stream@example.org>")).collect();
    assert_told_once(&api, "bo", "INBOX", &wanted).await;
}

async fn folders_come_and_go_and_begin_anew(database: Database) {
    let dovecot = Dovecot::start().await;
    let mut program = dovecot.sign_in("bo");
    program.run("CREATE Projects");
    program.append("Projects", "", &mail(1, "ann@example.org", "plan"));
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("//v1/account", account(dovecot.port, "bo")).await.expect(200);
    connected(&api, "bo").await;
    eventually("the plan", || async { (messages(&api, "bo", "Projects").await.len() == 1).then_some(()) }).await;
    program.run("DELETE Projects");
    program.run("CREATE Projects");
    program.append("Projects", "", &mail(2, "ann@example.org", "other"));
    program.run("CREATE \"Gel&APY-scht\"");
    program.run("RENAME Projects Ideas");
    put(&api, "//v1/account/bo/sync", json!({})).await;
    let paths = eventually("the folders", || async {
        let folders = api.get("//v1/account/bo/mailboxes").await.expect(200).json();
        let paths: Vec<String> =
            folders["mailboxes"].as_array()?.iter().filter_map(|it| it["path"].as_str().map(str::to_owned)).collect();
        paths.contains(&"Ideas".to_owned()).then_some(paths)
    })
    .await;
    assert!(paths.contains(&"Gelöscht".to_owned()) && !paths.contains(&"Projects".to_owned()), "{paths:?}");
    let ideas = eventually("the other", || async {
        messages(&api, "bo", "Ideas").await.into_iter().find(|it| it["subject"] == "other")
    });
    assert_eq!(ideas.await["path"], "Ideas");
    let types: Vec<String> =
        api.all_events().await.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect();
    for wanted in ["mailboxNew", "mailboxDeleted"] {
        assert!(types.iter().any(|it| it == wanted), "no {wanted} in {types:?}");
    }
    // The same name, made anew: the server counts from one again.
    program.run("DELETE Ideas");
    program.run("CREATE Ideas");
    program.append("Ideas", "", &mail(3, "ann@example.org", "third"));
    put(&api, "//v1/account/bo/sync", json!({})).await;
    eventually("the reset", || async {
        let reset = api.all_events().await.into_iter().any(|event| event["type"] == "mailboxReset");
        let third = messages(&api, "bo", "Ideas").await.iter().any(|it| it["subject"] == "third");
        (reset && third).then_some(())
    })
    .await;
}

async fn a_refused_password_is_said_and_a_new_one_connects(database: Database) {
    let dovecot = Dovecot::start().await;
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let mut wrong = account(dovecot.port, "bo");
    wrong["imap"]["auth"]["pass"] = "wrong".into();
    let tested = api.post("//v1/verifyAccount", wrong.clone()).await.expect(200).json();
    assert_eq!(tested["imap"]["success"], false, "{tested}");
    assert_eq!(tested["imap"]["code"], "imap.auth", "{tested}");
    assert!(tested["imap"]["steps"][2]["hint"].as_str().is_some_and(|hint| hint.contains("password")), "{tested}");
    api.post("//v1/account", wrong).await.expect(200);
    let refused = eventually("the refusal", || async {
        let account = api.get("//v1/account/bo").await.expect(200).json();
        (account["state"] == "authenticationError").then_some(account)
    })
    .await;
    assert_eq!(refused["lastError"]["serverResponseCode"], "AUTHENTICATIONFAILED", "{refused}");
    assert!(!refused.to_string().contains("wrong"), "a secret is shown: {refused}");
    put(&api, "//v1/account/bo", json!({ "imap": account(dovecot.port, "bo")["imap"] })).await;
    connected(&api, "bo").await;
    let account = api.get("//v1/account/bo").await.expect(200).json();
    assert_eq!(account["lastError"], Value::Null);
    assert!(!postroom.log().contains(PASSWORD), "a secret is logged");
    let events = api.all_events().await;
    let of = |wanted: &str| events.iter().filter(|event| event["type"] == wanted).count();
    assert_eq!((of("authenticationError"), of("authenticationSuccess")), (1, 1));
}

async fn what_is_asked_wrongly_is_answered_in_words(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let post = async |path: &str, body: Value, status: u16| api.post(path, body).await.expect(status).json();
    let missing = api.get("//v1/account/nobody").await.expect(404).json();
    assert_eq!(
        (&missing["statusCode"], &missing["error"], &missing["code"]),
        (&json!(404), &json!("Not Found"), &json!("notFound"))
    );
    let imap = json!({ "host": "a b", "port": 143, "auth": { "user": "x", "pass": "y" } });
    let bad = post("//v1/account", json!({ "account": "bo", "email": "nonsense", "imap": imap }), 400).await;
    let keys: Vec<&str> =
        bad["fields"].as_array().expect("fields").iter().filter_map(|field| field["key"].as_str()).collect();
    assert_eq!(keys, ["email", "imap.host"], "{bad}");
    let bad = post("//v1/account", json!({ "account": "bo", "imap": { "host": "x.example" } }), 400).await;
    assert!(bad["message"].as_str().is_some_and(|message| message.contains("imap.auth.user")), "{bad}");
    post("//v1/account", json!({ "account": "" }), 400).await;
    api.send(api.request(Method::POST, "//v1/account").header("content-type", "application/json").body("{"))
        .await
        .expect(400);
    let nobody = api.without_key();
    assert_eq!(nobody.get("//v1/accounts").await.expect(401).json()["statusCode"], 401);
    // A key in the query is as good as one in a header; one without the scope may not.
    let key = &postroom.key;
    nobody.get(&format!("//v1/accounts?access_token={key}&unknown=1")).await.expect(200);
    api.with_new_key(&["messages:read"], None).await.get("//v1/accounts").await.expect(403);
    // An account without a server is there, and nobody connects it.
    post("//v1/account", json!({ "account": "paper" }), 200).await;
    assert_eq!(state(&api, "paper").await, "disconnected");
    let none = api.get("//v1/account/paper/messages?path=INBOX").await.expect(404).json();
    assert!(none["message"].as_str().is_some_and(|message| message.contains("folder")), "{none}");
    api.get("//v1/account/paper/message/nonsense").await.expect(404);
    let list = api.get("//v1/accounts?state=disconnected").await.expect(200).json();
    assert_eq!(
        (&list["total"], &list["pages"], &list["accounts"][0]["account"]),
        (&json!(1), &json!(1), &json!("paper"))
    );
    api.get("//v1/accounts?state=nonsense").await.expect(400);
    // Another workspace's accounts are not there.
    postroom.run(&["workspace", "create", "--name", "Other"]);
    let contact = json!({ "addresses": ["ann@example.org"] });
    api.post("/contacts", contact.clone()).await.expect(201);
    api.post("/contacts", contact).await.expect(409);
    assert_eq!(
        api.post("/contacts", json!({ "addresses": ["nonsense"] })).await.expect(422).pointers(),
        ["/addresses/0"]
    );
    let large = json!({ "addresses": ["bo@example.org"], "attributes": { "note": "x".repeat(20_000) } });
    assert_eq!(api.post("/contacts", large).await.expect(422).pointers(), ["/attributes"]);
    assert_eq!(api.post("/contacts", json!({ "addresses": [] })).await.expect(422).pointers(), ["/addresses"]);
}
