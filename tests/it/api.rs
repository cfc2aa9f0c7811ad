//! An HTTP client for the platform API that fails with the whole answer in its message.

use std::net::SocketAddr;
use std::sync::Once;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Value, json};

use crate::postroom_process::PATIENCE;

/// A client without a proxy, a redirect policy or a cookie of its own.
pub fn http_client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .expect("an HTTP client")
}

#[derive(Clone)]
pub struct Api {
    client: reqwest::Client,
    server: SocketAddr,
    key: Option<String>,
    /// Of somebody who is signed in, as a browser sends it.
    cookie: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub request: String,
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: bytes::Bytes,
}

impl Answer {
    /// The answer if it has this status; else the test fails and shows it.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} → {}", self.request, String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.request, String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The pointers of a problem's field errors.
    #[track_caller]
    pub fn pointers(&self) -> Vec<String> {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.request);
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| text(error, "/pointer")).collect()
    }
}

impl Api {
    pub fn new(server: SocketAddr, key: Option<&str>) -> Self {
        Self { client: http_client(), server, key: key.map(str::to_owned), cookie: None }
    }

    pub fn without_key(&self) -> Self {
        Self { key: None, ..self.clone() }
    }

    /// What a browser that has the dashboard open says it is at.
    pub fn origin(&self) -> String {
        format!("http://{}", self.server)
    }

    /// The same server with a new key of these scopes, bound to a channel if one is named.
    pub async fn with_new_key(&self, scopes: &[&str], channel: Option<&str>) -> Self {
        let mut key = json!({ "name": "Test", "scopes": scopes });
        if let Some(channel) = channel {
            key["channelId"] = channel.into();
        }
        let key = self.post("/api-keys", key).await.expect(201).json();
        Self { key: Some(text(&key, "/key")), ..self.clone() }
    }

    /// The same server as a new person of the workspace, signed in.
    pub async fn as_new_user(&self, email: &str, role: &str) -> Self {
        let password = "a long pass phrase";
        self.post("/users", json!({ "email": email, "role": role, "password": password })).await.expect(201);
        self.signed_in(json!({ "email": email, "password": password })).await
    }

    /// Whoever signs in with this.
    pub async fn signed_in(&self, credentials: Value) -> Self {
        let session = self.without_key().post("/session", credentials).await.expect(200);
        let cookie =
            session.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        Self { key: None, cookie: Some(cookie), ..self.clone() }
    }

    /// A request below `/api/v1`, or to any path of the server that begins with `//`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = if let Some(path) = path.strip_prefix('/').filter(|path| path.starts_with('/')) {
            format!("http://{}{path}", self.server)
        } else {
            format!("http://{}/api/v1{path}", self.server)
        };
        let request = self.client.request(method, url);
        match (&self.key, &self.cookie) {
            (Some(key), _) => request.bearer_auth(key),
            (None, Some(cookie)) => {
                request.header("cookie", cookie).header("origin", format!("http://{}", self.server))
            }
            (None, None) => request,
        }
    }

    /// Send it; when told to come back later, come back later, as a good client does.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request");
        let shown = format!("{} {}", request.method(), request.url());
        loop {
            let again = request.try_clone().expect("a request without a stream");
            let answer = self.client.execute(again).await.unwrap_or_else(|error| panic!("{shown}: {error:?}"));
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let body = answer.bytes().await.unwrap_or_else(|error| panic!("{shown}: {error:?}"));
            let answer = Answer { request: shown.clone(), status, headers, body };
            if status != 429 {
                return answer;
            }
            let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse().ok());
            tokio::time::sleep(std::time::Duration::from_secs(seconds.expect("a 429 says when to come back"))).await;
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// The items of every page of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = if cursor.is_empty() {
                format!("{path}{separator}take=100")
            } else {
                format!("{path}{separator}take=100&cursor={cursor}")
            };
            let page = self.get(&page).await.expect(200).json();
            items.extend(page["items"].as_array().expect("items").iter().cloned());
            cursor = text(&page, "/cursor");
            if cursor.is_empty() {
                return items;
            }
        }
    }

    /// The items of a list that is one page: a message has so many recipients and no more.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        self.get(path).await.expect(200).json()["items"].as_array().expect("items").clone()
    }

    /// Every event that is kept, oldest first.
    pub async fn all_events(&self) -> Vec<Value> {
        let (mut events, mut after) = (Vec::<Value>::new(), String::new());
        loop {
            let page = self.get(&format!("/events?take=100{after}")).await.expect(200).json();
            let items = page["items"].as_array().expect("items").clone();
            let Some(last) = items.last() else { return events };
            after = format!("&after={}", text(last, "/id"));
            events.extend(items);
        }
    }

    /// The value of a metric without labels, or the sum over its labels; nothing if it is not there.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let metrics = self.get("//metrics").await.expect(200);
        let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
        let values = metrics.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            (series.split('{').next() == Some(name)).then(|| value.parse::<f64>().ok()).flatten()
        });
        values.fold(None, |sum, value| Some(sum.unwrap_or_default() + value))
    }

    /// A new channel with a generated receiving address that captures what it sends.
    pub async fn channel(&self) -> Channel {
        self.channel_like(json!({})).await
    }

    /// As `channel`, with these fields as well.
    pub async fn channel_like(&self, fields: Value) -> Channel {
        let mut body = json!({ "type": "email", "name": "Support", "provider": "sandbox" });
        for (name, value) in fields.as_object().expect("fields") {
            body[name] = value.clone();
        }
        Channel { json: self.post("/channels", body).await.expect(201).json() }
    }
}

/// A channel as the API answered it.
pub struct Channel {
    pub json: Value,
}

impl Channel {
    pub fn id(&self) -> String {
        text(&self.json, "/id")
    }

    /// Where it receives.
    pub fn address(&self) -> String {
        text(&self.json, "/inboundAddress")
    }
}

/// A text that must be there.
#[track_caller]
pub fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("no text at {pointer} of {value:#}")).to_owned()
}

/// Ask again and again until there is an answer; what is waited for happens in another process.
#[track_caller]
pub fn eventually<'a, T, F>(what: &'a str, ask: impl Fn() -> F + 'a) -> impl Future<Output = T> + 'a
where
    T: 'a,
    F: Future<Output = Option<T>>,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            assert!(Instant::now() < deadline, "{caller}: still waiting for {what} after {PATIENCE:?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}
