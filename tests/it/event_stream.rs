//! A reader of `GET /events/stream` (server-sent events).

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::Value;

use crate::api::Api;
use crate::postroom_process::PATIENCE;

pub struct EventStream {
    chunks: std::pin::Pin<Box<dyn futures_util::Stream<Item = reqwest::Result<bytes::Bytes>> + Send>>,
    buffered: String,
}

/// One event of the stream.
#[derive(Debug, Clone)]
pub struct StreamedEvent {
    pub id: String,
    /// The frame's own name, which a signal has and its data does not.
    pub name: String,
    pub data: Value,
}

impl StreamedEvent {
    pub fn event_type(&self) -> &str {
        self.data["type"].as_str().unwrap_or_default()
    }
}

impl EventStream {
    /// Open the stream: what happens from now on, or what happened after `last_event_id`.
    pub async fn open(api: &Api, last_event_id: Option<&str>) -> Self {
        let mut request = api.request(Method::GET, "/events/stream");
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        let answer = request.send().await.expect("the event stream");
        assert_eq!(answer.status(), 200);
        let content_type = answer.headers()["content-type"].to_str().expect("a content type").to_owned();
        assert!(content_type.starts_with("text/event-stream"), "{content_type}");
        Self { chunks: Box::pin(answer.bytes_stream()), buffered: String::new() }
    }

    /// The next event; comments are passed over.
    pub async fn next(&mut self) -> StreamedEvent {
        self.next_if_any().await.expect("the stream to go on")
    }

    /// What the server still tells before it ends the stream.
    pub async fn until_it_ends(&mut self) -> Vec<StreamedEvent> {
        let mut told = Vec::new();
        while let Some(event) = self.next_if_any().await {
            told.push(event);
        }
        told
    }

    /// `None` when the stream is at its end.
    async fn next_if_any(&mut self) -> Option<StreamedEvent> {
        loop {
            while let Some((block, rest)) = self.buffered.split_once("\n\n") {
                let event = parse(block);
                self.buffered = rest.to_owned();
                if event.is_some() {
                    return event;
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.chunks.next()).await.expect("an event in time");
            let chunk = chunk?.expect("a chunk");
            self.buffered.push_str(&String::from_utf8_lossy(&chunk).replace("\r\n", "\n"));
        }
    }

    /// The next frame of a name.
    pub async fn next_named(&mut self, name: &str) -> StreamedEvent {
        loop {
            let event = self.next().await;
            if event.name == name {
                return event;
            }
        }
    }

    /// The next event of a type.
    pub async fn next_of_type(&mut self, event_type: &str) -> StreamedEvent {
        loop {
            let event = self.next().await;
            if event.event_type() == event_type {
                return event;
            }
        }
    }
}

fn parse(block: &str) -> Option<StreamedEvent> {
    let field = |name: &str| -> Vec<&str> {
        block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim_start).collect()
    };
    let data = field("data").join("\n");
    if data.is_empty() {
        return None;
    }
    let id = field("id").first().copied().unwrap_or_default().to_owned();
    let name = field("event").first().copied().unwrap_or_default().to_owned();
    Some(StreamedEvent { id, name, data: serde_json::from_str(&data).expect("JSON data") })
}
