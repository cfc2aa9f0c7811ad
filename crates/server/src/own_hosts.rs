//! Hosts of sending domains' own that lead here: at each of them is what it is for and nothing else, so that none is a second
//! dashboard; and the MTA-STS policies. Which hosts these are is the engine's to say.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use engine::Engine;
use engine::domains::{self, HostUse};

use crate::app::App;

const POLICY: &str = "/.well-known/mta-sts.txt";
/// What mail leads to.
const OF_MAIL: [&str; 3] = ["/t/o/", "/t/c/", "/unsubscribe/"];

pub fn router() -> Router<App> {
    Router::new().route(POLICY, get(policy))
}

/// The policy about TLS of the domain whose host this is (RFC 8461 §3.3).
async fn policy(State(engine): State<Engine>, request: Request) -> Response {
    let found = match host(&request) {
        Some(host) => domains::mta_sts_policy(&engine, host).await,
        None => Ok(None),
    };
    match found {
        Ok(Some(policy)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], policy).into_response(),
        Ok(None) => nothing(),
        Err(error) => {
            tracing::error!(%error, "an MTA-STS policy could not be looked up");
            (StatusCode::SERVICE_UNAVAILABLE, "The policy could not be looked up. Ask again later.\n").into_response()
        }
    }
}

/// Wraps every route. What mail leads to is answered at any host, without a look-up.
pub async fn layer(State(engine): State<Engine>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if OF_MAIL.iter().any(|beginning| path.starts_with(beginning)) {
        return next.run(request).await;
    }
    let is_policy = path == POLICY;
    let found = match host(&request) {
        Some(host) => domains::host_use(&engine, host).await,
        None => Ok(HostUse::Everything),
    };
    let is_there = match found {
        Ok(HostUse::Everything) => true,
        Ok(HostUse::Tracking) => false,
        Ok(HostUse::Policy) => is_policy,
        Err(error) => {
            // Nothing behind it works without the database either, but for health, which has to.
            tracing::error!(%error, "whose host a request names could not be looked up; it is answered as at ours");
            true
        }
    };
    if is_there { next.run(request).await } else { nothing() }
}

fn nothing() -> Response {
    (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response()
}

/// The host a request names, without its port. Of HTTP/2 it is in the URI.
fn host(request: &Request) -> Option<&str> {
    let named = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map_or(named, |authority| Some(authority.as_str()))?;
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(host),
        _ => Some(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_with_or_without_its_port() {
        for (named, expected) in [
            ("click.acme.test", "click.acme.test"),
            ("click.acme.test:8025", "click.acme.test"),
            ("[::1]:8025", "[::1]"),
            ("[::1]", "[::1]"),
        ] {
            let request = Request::builder().uri("/").header("host", named).body(axum::body::Body::empty());
            assert_eq!(host(&request.expect("a request")), Some(expected));
        }
        let request = Request::builder().uri("http://click.acme.test:80/").body(axum::body::Body::empty());
        assert_eq!(host(&request.expect("a request")), Some("click.acme.test"));
    }
}
