//! A server of one test, asked without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use engine::Engine;
use engine::access::{self, BootstrapOptions};
use engine::testing::TestEngine;
use model::key::Scope;
use model::limits::IDEMPOTENCY_SECONDS;
use model::{Timestamp, WorkspaceId};
use postroom_server::{ServerConfig, TrustedProxies};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use store::testing::TestDb;
use tower::ServiceExt as _;

pub struct Server {
    pub product: Arc<TestEngine>,
    pub router: Router,
    /// All scopes, in the product's workspace.
    pub key: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The pointers of a 422, in their order.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str().map(str::to_owned)).collect()
    }

    /// Fails the test unless the answer has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// Fails the test unless the answer is a problem document with this status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        answer
    }
}

impl Server {
    pub async fn start(database: TestDb) -> Self {
        let product = Arc::new(TestEngine::start(database).await);
        let router = router(&product.engine);
        let key = key(&product.engine, &product.workspace_id, &[Scope::Admin]).await;
        Self { product, router, key }
    }

    /// A second server on the same database, which knows of the first by the database alone.
    pub fn another_node(&self) -> Self {
        Self { product: self.product.clone(), router: router(self.engine()), key: self.key.clone() }
    }

    /// As after a day.
    pub async fn forget_requests(&self) {
        let later = Timestamp::now().plus(std::time::Duration::from_secs(IDEMPOTENCY_SECONDS + 1));
        engine::maintenance::step(self.engine(), later).await.expect("housekeeping");
    }

    pub fn engine(&self) -> &Engine {
        &self.product.engine
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &self.key, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, &self.key, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.ask("PATCH", path, &self.key, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &self.key, None).await
    }

    pub async fn ask(&self, method: &str, path: &str, key: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {key}"));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.expect("a request")).await
    }

    /// As a browser asks, which takes compressed answers; it has to come whole.
    pub async fn get_compressed(&self, path: &str) -> Answer {
        let request = Request::builder().uri(path).header("authorization", format!("Bearer {}", self.key));
        let request = request.header("accept-encoding", "gzip").body(Body::empty());
        let answer = self.send(request.expect("a request")).await;
        assert_eq!(answer.header("content-encoding"), "gzip", "{path}");
        answer
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    /// A key of another workspace that may do everything there.
    pub async fn foreign_key(&self) -> String {
        let other = access::create_workspace(self.engine(), "Other").await.expect("a workspace");
        key(self.engine(), &other, &[Scope::Admin]).await
    }
}

fn router(engine: &Engine) -> Router {
    let config = ServerConfig {
        render_metrics: Arc::new(|| "postroom_up 1\n".into()),
        shutdown: Default::default(),
        trusted_proxies: TrustedProxies::default(),
    };
    postroom_server::router(engine.clone(), config)
}

pub async fn key(engine: &Engine, workspace: &WorkspaceId, scopes: &[Scope]) -> String {
    let made = access::create_key(engine, workspace, "Test", scopes.to_vec(), None).await.expect("a key");
    made.1.expose_secret().to_owned()
}

pub fn no_options() -> BootstrapOptions {
    BootstrapOptions::default()
}
