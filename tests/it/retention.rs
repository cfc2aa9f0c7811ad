//! Retention: nothing goes until a rule says so; then what is over goes, and only that.

use serde_json::{Value, json};

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(resolved_conversations_go_when_their_time_is_over);

async fn resolved_conversations_go_when_their_time_is_over(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let (first, second) = (api.channel().await, api.channel().await);
    let mut made = Vec::new();
    for (channel, subject) in
        [(&first, "old"), (&first, "old but open"), (&first, "new"), (&second, "old of another channel")]
    {
        let mail = Mail::new(&channel.address(), subject);
        smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
        let all = api.items("/conversations").await;
        let of = |each: &&Value| text(each, "/subject") == subject;
        made.push(text(all.iter().find(of).expect("the conversation"), "/id"));
    }
    let [old, open, new, other] = &made[..] else { panic!("four conversations") };
    for id in [old, new, other] {
        api.patch(&format!("/conversations/{id}"), json!({ "status": "resolved" })).await.expect(200);
    }
    let days_ago = |days: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
        i64::try_from(now).expect("a time") - days * 86_400_000
    };
    for id in [old, open, other] {
        let at = days_ago(40);
        postroom.execute_sql(&format!("UPDATE conversation SET last_activity_at = {at} WHERE id = '{id}'"));
    }
    let nothing = json!({ "resolvedDays": null, "reportDays": null, "channels": [] });
    assert_eq!(api.get("/retention").await.expect(200).json(), nothing);
    let own = json!([{ "channelId": second.id(), "resolvedDays": null }]);
    let rules = json!({ "resolvedDays": 30, "channels": own });
    let counted = async |rules: &Value| {
        api.post("/retention/preview", rules.clone()).await.expect(200).json()["conversations"].as_u64()
    };
    assert_eq!(counted(&json!({ "resolvedDays": 30 })).await, Some(2));
    assert_eq!(counted(&rules).await, Some(1), "a channel has a rule of its own");
    assert_eq!(counted(&json!({ "resolvedDays": 50 })).await, Some(0));
    for (wrong, pointer) in [
        (json!({ "resolvedDays": 0 }), "/resolvedDays"),
        (
            json!({ "channels": [{ "channelId": "ch_00000000000000000000000000", "resolvedDays": 1 }] }),
            "/channels/0/channelId",
        ),
        (json!({ "resolvedDays": 1, "days": 2 }), "/days"),
    ] {
        assert_eq!(api.put("/retention", wrong).await.expect(422).pointers(), [pointer]);
    }
    api.as_new_user("agent@example.test", "agent").await.put("/retention", rules.clone()).await.expect(403);
    api.put("/retention", rules).await.expect(200);
    let erasure = eventually("the rule to be carried out", || async {
        let erasures = api.items("/erasures").await;
        erasures.into_iter().find(|each| each["status"] == "done")
    })
    .await;
    assert_eq!((text(&erasure, "/reason"), erasure["counts"]["conversations"].as_u64()), ("retention".into(), Some(1)));
    api.get(&format!("/conversations/{old}")).await.expect(404);
    for id in [open, new, other] {
        api.get(&format!("/conversations/{id}")).await.expect(200);
    }
    let events = api.all_events().await;
    let erased: Vec<&Value> = events.iter().filter(|event| event["type"] == "conversation.erased").collect();
    assert_eq!(erased.len(), 1);
    assert_eq!(text(erased[0], "/data/id"), *old);
    let spoken = events.iter().filter(|event| event["data"]["subject"] == "old").count();
    assert_eq!(spoken, 0, "an event still says what the conversation was about");
}
