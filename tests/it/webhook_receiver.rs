//! An application that receives webhooks: records every request, answers as it is told, checks signatures.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::api::eventually;

/// What the application answers to a request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    Status(u16),
    /// With a `Location`.
    Redirect(String),
    /// Never, as far as a test can tell.
    Hang,
}

#[derive(Debug, Clone)]
pub struct Received {
    pub headers: axum::http::HeaderMap,
    pub body: bytes::Bytes,
}

impl Received {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", self.headers));
        value.to_str().expect("an ASCII header")
    }

    /// Signed by the holder of `whsec_…`, as Standard Webhooks has it: HMAC-SHA256 of `id.timestamp.body`.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let base64 = base64::engine::general_purpose::STANDARD;
        let key = base64.decode(secret.strip_prefix("whsec_").expect("a whsec_ secret")).expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.", self.header("webhook-id"), self.header("webhook-timestamp")).as_bytes());
        mac.update(&self.body);
        let expected = format!("v1,{}", base64.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    /// Taken one a request; then every request is answered 200.
    planned: VecDeque<Behaviour>,
    always: Option<Behaviour>,
}

/// Serves on a loopback port until it is dropped.
pub struct WebhookReceiver {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: tokio::task::JoinHandle<()>,
}

impl WebhookReceiver {
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = axum::Router::new().fallback(receive).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { address, shared, server }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answer the next requests like this, one each, and those after them with 200.
    pub fn plan(&self, behaviours: impl IntoIterator<Item = Behaviour>) {
        self.shared.lock().expect("the receiver").planned.extend(behaviours);
    }

    /// Answer every request like this.
    pub fn always(&self, behaviour: Behaviour) {
        self.shared.lock().expect("the receiver").always = Some(behaviour);
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().expect("the receiver").received.clone()
    }

    /// The requests of one event type.
    pub fn of_type(&self, event_type: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.json()["type"] == event_type).collect()
    }

    /// Wait for at least `count` requests of an event type.
    pub async fn wait_for(&self, event_type: &str, count: usize) -> Vec<Received> {
        eventually(&format!("{count} webhooks {event_type}"), || async {
            let received = self.of_type(event_type);
            (received.len() >= count).then_some(received)
        })
        .await
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(shared): State<Arc<Mutex<Shared>>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let behaviour = {
        let mut shared = shared.lock().expect("the receiver");
        shared.received.push(Received { headers: parts.headers, body });
        shared.planned.pop_front().or_else(|| shared.always.clone()).unwrap_or(Behaviour::Status(200))
    };
    match behaviour {
        Behaviour::Status(status) => axum::http::StatusCode::from_u16(status).expect("a status").into_response(),
        Behaviour::Redirect(to) => (axum::http::StatusCode::FOUND, [("location", to)]).into_response(),
        Behaviour::Hang => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            axum::http::StatusCode::OK.into_response()
        }
    }
}
