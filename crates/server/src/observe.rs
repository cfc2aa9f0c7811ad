//! What is seen of every request: an id to look up, a line in the log, numbers for the metrics. Never a query string
//! (tokens travel there), a header or a body.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use engine::audit;

use crate::client_address::client;

/// The answer's header with the request's id.
const HEADER: &str = "x-request-id";
/// Random characters of an id.
const ID_CHARS: usize = 16;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// The id of the request under way; a new one outside of any.
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_else(|_| new_id())
}

fn new_id() -> String {
    format!("req_{}", engine::tokens::random(ID_CHARS))
}

/// Runs `work`, in a task of its own, say, as part of the request `id` that this task does.
pub fn within<T>(id: String, work: impl Future<Output = T>) -> impl Future<Output = T> {
    REQUEST_ID.scope(id, audit::carried(work))
}

/// Wraps every route.
pub async fn layer(request: Request, next: Next) -> Response {
    let (id, begun, method) = (new_id(), Instant::now(), request.method().clone());
    // The template, not the path: ids would make a series of every message.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let address = client(request.extensions());
    let mut response = REQUEST_ID.scope(id.clone(), audit::within(address, next.run(request))).await;
    let (status, seconds) = (response.status().as_u16(), begun.elapsed().as_secs_f64());
    tracing::debug!(%method, route, status, seconds, request_id = id, "answered a request");
    let labels = [("method", method.as_str().to_owned()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("postroom_http_requests_total", &labels).increment(1);
    metrics::histogram!("postroom_http_request_seconds", "route" => route).record(seconds);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
