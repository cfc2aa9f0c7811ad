//! What a page of conversations and a search cost, filter by filter: the cost must not grow with the box.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use super::postroom::Postroom;
use super::report::quantile;

const REQUESTS: usize = 200;
/// Conversations that get a label, an assignee, a status, so that each filter has something to find.
const WORKED_ON: usize = 300;

/// One question, and the 95th percentile of its time.
pub struct Listed {
    pub question: String,
    pub p95: Duration,
}

/// Resolve, label and assign some conversations.
///
/// # Errors
/// The API refuses.
pub fn work_on_some(postroom: &Postroom) -> anyhow::Result<()> {
    let mut api = postroom.api()?;
    let user = api.get_json("/api/v1/users")?["items"][0]["id"].clone();
    let (mut cursor, mut done) = (String::new(), 0);
    while done < WORKED_ON {
        let page = api.get_json(&format!("/api/v1/conversations?take=100&cursor={cursor}"))?;
        for conversation in page["items"].as_array().context("items")? {
            let id = conversation["id"].as_str().context("an id")?;
            let status = ["open", "pending", "resolved"][done % 3];
            let change = json!({ "status": status, "labels": ["bench"], "assigneeId": user });
            api.send_json("PATCH", &format!("/api/v1/conversations/{id}"), &change)?;
            done += 1;
        }
        cursor = page["cursor"].as_str().unwrap_or_default().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    Ok(())
}

/// # Errors
/// The API refuses.
pub fn measure(postroom: &Postroom, channel: &str) -> anyhow::Result<Vec<Listed>> {
    let mut api = postroom.api()?;
    let user = api.get_json("/api/v1/users")?["items"][0]["id"].as_str().context("a user")?.to_owned();
    let questions = [
        "/conversations".to_owned(),
        "/conversations?order=asc".to_owned(),
        "/conversations?status=open".to_owned(),
        "/conversations?status=pending".to_owned(),
        "/conversations?status=resolved".to_owned(),
        format!("/conversations?channelId={channel}"),
        format!("/conversations?channelId={channel}&status=open"),
        format!("/conversations?assigneeId={user}"),
        "/conversations?assigneeId=none".to_owned(),
        "/conversations?label=bench".to_owned(),
        "/conversations?unread=true".to_owned(),
        "/conversations/counts".to_owned(),
        "/search?q=parcel".to_owned(),
        "/search?q=parcel%20garden".to_owned(),
        "/search?q=%22order%20parcel%22".to_owned(),
        "/search?q=gard*".to_owned(),
        "/search?q=nosuchword".to_owned(),
    ];
    questions
        .into_iter()
        .map(|question| {
            let path = format!("/api/v1{question}");
            api.get(&path)?;
            let mut times = Vec::with_capacity(REQUESTS);
            for _ in 0..REQUESTS {
                let started = Instant::now();
                api.get(&path)?;
                times.push(started.elapsed());
                // Below the rate limit of a key, and idle in between.
                std::thread::sleep(Duration::from_millis(11));
            }
            let question = question.replace(channel, "…").replace(&user, "…");
            Ok(Listed { question, p95: quantile(&mut times, 0.95) })
        })
        .collect()
}
