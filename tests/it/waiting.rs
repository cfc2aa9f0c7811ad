//! Who waits for an answer, and since when: what goes to somebody else answers nobody, a conversation that was split or merged waits for
//! what it has, and of several servers one tells that the time is over.

use serde_json::{Value, json};

use crate::api::{Api, Channel, eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(
    what_goes_to_somebody_else_is_no_answer,
    a_conversation_that_is_split_waits_since_its_oldest_mail_without_an_answer,
);

const LONG_AGO: &str = "2020-01-01T00:00:00.000Z";

async fn promise(api: &Api) {
    let usual = json!({ "name": "Usual", "firstResponseSeconds": 3_600, "nextResponseSeconds": 3_600 });
    api.post("/sla-policies", usual).await.expect(201);
}

async fn receive(postroom: &Postroom, channel: &Channel, mail: &Mail) {
    smtp_client::send(postroom.smtp, "ada@example.test", &channel.address(), mail.bytes()).await.expect("250");
}

/// The timers of a conversation, once they are as wanted.
async fn timers(api: &Api, id: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        let found = api.get(&format!("/conversations/{id}")).await.expect(200).json()["sla"].clone();
        wanted(&found).then_some(found)
    })
    .await
}

async fn the_only_one(api: &Api) -> String {
    eventually("a conversation", || async { api.all("/conversations").await.first().map(|one| text(one, "/id")) }).await
}

async fn have_left(api: &Api, count: usize) {
    eventually("the messages to leave", || async {
        let events = api.all_events().await;
        (events.iter().filter(|event| event["type"] == "message.sent").count() == count).then_some(())
    })
    .await;
}

async fn what_goes_to_somebody_else_is_no_answer(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    promise(&api).await;
    let question = Mail::new(&channel.address(), "Broken").header("Cc: Ben <ben@example.test>");
    receive(&postroom, &channel, &question).await;
    let id = the_only_one(&api).await;
    let begun = timers(&api, &id, "a timer", |sla| sla["dueAt"].is_string()).await;
    let path = format!("/conversations/{id}/messages");
    let asked = text(&api.all(&path).await[0], "/id");
    let forward = json!({ "to": ["maker@example.org"], "text": "Can you help?", "forward": { "messageId": asked } });
    let aside = json!({ "to": ["maker@example.org"], "text": "They ask for it." });
    for message in [forward, aside] {
        api.post(&path, message).await.expect(202);
    }
    have_left(&api, 2).await;
    // Another mail comes behind them, and is counted behind them.
    receive(&postroom, &channel, &Mail::new(&channel.address(), "Hello?").in_reply_to(&question.message_id)).await;
    eventually("it to be counted", || async {
        (api.get("/insight/summary").await.expect(200).json()["received"] == 2).then_some(())
    })
    .await;
    let waits = timers(&api, &id, "it to wait", |sla| sla["firstResponse"]["metAt"].is_null()).await;
    assert_eq!(waits["dueAt"], begun["dueAt"]);
    let figures = api.get("/insight/summary").await.expect(200).json();
    assert_eq!((&figures["answers"], &figures["firstResponse"]["count"]), (&json!(0), &json!(0)), "{figures}");
    // Whom the customer wrote to beside us takes part.
    api.post(&path, json!({ "to": ["ben@example.test"], "text": "On its way." })).await.expect(202);
    timers(&api, &id, "the answer", |sla| sla["firstResponse"]["metAt"].is_string()).await;
    let figures = api.get("/insight/summary").await.expect(200).json();
    assert_eq!((&figures["answers"], &figures["firstResponse"]["count"]), (&json!(1), &json!(1)), "{figures}");
}

async fn a_conversation_that_is_split_waits_since_its_oldest_mail_without_an_answer(database: Database) {
    let postroom = Postroom::start(database).await;
    let api = postroom.api();
    let channel = api.channel().await;
    promise(&api).await;
    let first = Mail::new(&channel.address(), "Parcel");
    receive(&postroom, &channel, &first).await;
    let id = the_only_one(&api).await;
    timers(&api, &id, "a timer", |sla| sla["dueAt"].is_string()).await;
    let path = format!("/conversations/{id}/messages");
    api.post(&path, json!({ "text": "On its way." })).await.expect(202);
    timers(&api, &id, "the answer", |sla| sla["firstResponse"]["metAt"].is_string()).await;
    for subject in ["Something else", "Hello?"] {
        receive(&postroom, &channel, &Mail::new(&channel.address(), subject).in_reply_to(&first.message_id)).await;
    }
    let waits = timers(&api, &id, "the next answer to be waited for", |sla| sla["dueAt"].is_string()).await;
    assert_eq!(waits["nextResponse"]["dueAt"], waits["dueAt"]);

    // Two mails go: they are no answered conversation's any more, and were written when they were.
    let messages = api.all(&path).await;
    let moved: Vec<&Value> = messages.iter().skip(2).map(|message| &message["id"]).collect();
    let new = api.post(&format!("/conversations/{id}/split"), json!({ "messageIds": moved })).await.expect(201).json();
    let new = text(&new, "/id");
    let there = timers(&api, &new, "the new one's timer", |sla| sla["dueAt"].is_string()).await;
    assert_eq!(there["firstResponse"]["dueAt"], waits["dueAt"], "{there}");
    timers(&api, &id, "nobody to wait any more", |sla| sla["state"] == "idle" && sla["nextResponse"].is_null()).await;
    let told = api.all_events().await;
    let told = told.iter().find(|event| event["type"] == "conversation.created" && event["data"]["id"] == new.as_str());
    assert_eq!(told.expect("an event of it")["data"]["splitFrom"], id.as_str());

    // Together again, it waits as before.
    api.post(&format!("/conversations/{id}/merge"), json!({ "conversationIds": [new] })).await.expect(200);
    let again = timers(&api, &id, "it to wait again", |sla| sla["dueAt"].is_string()).await;
    assert_eq!(again["nextResponse"]["dueAt"], waits["dueAt"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_one_tells_that_the_time_is_over() {
    let mut one = Postroom::start(Database::postgres()).await;
    let other = one.start_beside().await;
    let apis = [one.api(), other.api()];
    let [api, others] = &apis;
    let channel = api.channel().await;
    promise(api).await;
    let is_over = async |subjects: std::ops::Range<usize>, all: usize| {
        for subject in subjects {
            let mail = Mail::new(&channel.address(), &format!("Parcel {subject}"));
            receive(&other, &channel, &mail).await;
        }
        let waiting = eventually("timers", || async {
            let found = others.all("/conversations?status=open").await;
            let run = found.iter().filter(|one| one["sla"]["dueAt"].is_string()).count();
            (run == all).then_some(found)
        })
        .await;
        // An hour passes, for all of them at once.
        let passes: String = waiting
            .iter()
            .filter(|one| one["sla"]["state"] == "onTrack")
            .map(|one| {
                let (id, due) = (text(one, "/id"), text(one, "/sla/dueAt"));
                format!(
                    "UPDATE conversation_timing SET next_at = 1, timers = REPLACE(timers, '\"dueAt\":\"{due}\"', '\"dueAt\":\"{LONG_AGO}\"') WHERE conversation_id = '{id}';"
                )
            })
            .collect();
        other.execute_sql(&format!("BEGIN; {passes} COMMIT;"));
        // The list knows by the clock, the events once a server has looked.
        let mut told = eventually("their time to be over", || async {
            let events = others.all_events().await;
            let of_type = events.iter().filter(|event| event["type"] == "conversation.sla_breached");
            let told: Vec<String> = of_type.map(|event| text(event, "/data/id")).collect();
            (told.len() >= all).then_some(told)
        })
        .await;
        assert_eq!(others.all("/conversations?sla=breached").await.len(), all);
        told.sort();
        let count = told.len();
        told.dedup();
        assert_eq!((count, told.len()), (all, all), "each is told of once");
    };
    is_over(0..20, 20).await;
    // Whoever is left goes on.
    one.kill();
    is_over(20..23, 23).await;
}
