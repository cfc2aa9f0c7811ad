//! A new password of one's own: the present one is asked for, unless somebody has none or has just come in by a link.

use serde_json::json;

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(a_new_password_takes_the_present_one, who_came_by_a_link_may_have_forgotten_it);

const EMAIL: &str = "sean@example.test";

async fn new_password(api: &Api, password: &str, current: Option<&str>) -> crate::api::Answer {
    let mut body = json!({ "password": password });
    if let Some(current) = current {
        body["currentPassword"] = json!(current);
    }
    api.patch("/users/me", body).await
}

async fn is_asked(api: &Api) -> bool {
    api.get("/session").await.expect(200).json()["needsCurrentPassword"] == true
}

/// A session by a link that the command line makes.
async fn by_link(postroom: &Postroom) -> Api {
    let printed = postroom.run(&["user", "link", "--email", EMAIL]);
    let token = printed.split("token=").nth(1).expect("a link").trim().to_owned();
    postroom.api().signed_in(json!({ "token": token })).await
}

async fn a_new_password_takes_the_present_one(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let sean = api.as_new_user(EMAIL, "admin").await;
    let elsewhere = api.signed_in(json!({ "email": EMAIL, "password": "a long pass phrase" })).await;
    assert!(is_asked(&sean).await);
    for wrong in [None, Some(""), Some("no idea"), Some("another pass phrase")] {
        let refused = new_password(&sean, "another pass phrase", wrong).await.expect(422);
        assert_eq!(refused.pointers(), ["/currentPassword"], "{wrong:?}");
    }
    let me = text(&sean.get("/users/me").await.expect(200).json(), "/id");
    // What was tried and was not it, three times, is in the log.
    let log = api.items(&format!("/audit-log?action=user.passwordRefused&actorId={me}&targetId={me}")).await;
    assert_eq!(log.len(), 3, "{log:?}");
    // The same by the other path to oneself; and nothing else asks for it.
    let other_way = json!({ "password": "another pass phrase" });
    assert_eq!(sean.patch(&format!("/users/{me}"), other_way).await.expect(422).pointers(), ["/currentPassword"]);
    sean.patch("/users/me", json!({ "name": "Sean" })).await.expect(200);
    let alone = json!({ "name": "Sean", "currentPassword": "a long pass phrase" });
    assert_eq!(sean.patch("/users/me", alone).await.expect(422).pointers(), ["/currentPassword"]);
    elsewhere.get("/users/me").await.expect(200);
    let short = new_password(&sean, "short", Some("a long pass phrase")).await.expect(422);
    assert_eq!(short.pointers(), ["/password"]);

    new_password(&sean, "another pass phrase", Some("a long pass phrase")).await.expect(200);
    elsewhere.get("/users/me").await.expect(401);
    api.signed_in(json!({ "email": EMAIL, "password": "another pass phrase" })).await;
    // Administrators know nobody's.
    let ben = json!({ "email": "ben@example.test", "role": "agent", "password": "a pass phrase of Ben's" });
    let ben = text(&sean.post("/users", ben).await.expect(201).json(), "/id");
    let path = format!("/users/{ben}");
    let known = json!({ "password": "what Sean chose", "currentPassword": "a pass phrase of Ben's" });
    assert_eq!(sean.patch(&path, known).await.expect(422).pointers(), ["/currentPassword"]);
    sean.patch(&path, json!({ "password": "what Sean chose" })).await.expect(200);
}

async fn who_came_by_a_link_may_have_forgotten_it(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("/users", json!({ "email": EMAIL, "role": "agent" })).await.expect(201);
    let sean = by_link(&postroom).await;
    // Who has none is not asked, however long ago they came.
    let passes = "UPDATE user_session SET created_at = created_at - 1000000 WHERE purpose = 'session'";
    postroom.execute_sql(passes);
    assert!(!is_asked(&sean).await);
    new_password(&sean, "a long pass phrase", None).await.expect(200);
    assert!(is_asked(&sean).await);
    let refused = new_password(&sean, "another pass phrase", None).await.expect(422);
    assert_eq!(refused.pointers(), ["/currentPassword"]);

    let sean = by_link(&postroom).await;
    assert!(!is_asked(&sean).await);
    new_password(&sean, "another pass phrase", None).await.expect(200);
    // What is said is looked at all the same.
    let refused = new_password(&sean, "one more pass phrase", Some("a long pass phrase")).await.expect(422);
    assert_eq!(refused.pointers(), ["/currentPassword"]);
    postroom.execute_sql(passes);
    new_password(&sean, "one more pass phrase", None).await.expect(422);
    new_password(&sean, "one more pass phrase", Some("another pass phrase")).await.expect(200);
}
