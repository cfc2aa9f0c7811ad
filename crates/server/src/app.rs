//! The application: its state, its layers in their order, and its shutdown.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use engine::Engine;
use model::limits::REQUEST_BODY_BYTES_MAX;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};

use crate::problem::Problem;
use crate::rate_limit::Limiter;
use crate::trusted_proxies::TrustedProxies;
use crate::{assets, client_address, docs, idempotency, observe, openapi, own_hosts, query_names, routes};

/// What the server is started with beside the engine.
#[derive(Clone)]
pub struct ServerConfig {
    /// Renders the metrics in Prometheus' text format.
    pub render_metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// Ends the streams when the server stops.
    pub shutdown: CancellationToken,
    /// Who is believed about where a request came from.
    pub trusted_proxies: TrustedProxies,
}

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    pub engine: Engine,
    pub config: ServerConfig,
    pub limiter: Arc<Limiter>,
    pub under_way: idempotency::UnderWay,
    /// Scheme, host and port of the public URL.
    pub public_origin: Arc<str>,
}

/// The whole of it.
pub fn router(engine: Engine, config: ServerConfig) -> Router {
    let public_origin =
        url::Url::parse(&engine.config.public_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let app =
        App { engine, config, limiter: Arc::default(), under_way: Arc::default(), public_origin: public_origin.into() };
    let (api, _) = openapi::api().split_for_parts();
    let compressible = SizeAbove::new(1_024)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::GRPC)
        .and(NotForContentType::const_new("application/zip"));
    Router::new()
        .merge(
            api.layer(middleware::from_fn_with_state(app.clone(), idempotency::layer))
                .layer(middleware::from_fn(query_names::layer)),
        )
        .merge(routes::health::router())
        .merge(routes::survey::router())
        .merge(routes::unsubscribe::router())
        .merge(routes::identity_provider::pages())
        .merge(routes::mailboxes::router().layer(middleware::from_fn_with_state(app.clone(), idempotency::layer)))
        .merge(docs::router())
        .merge(own_hosts::router())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(assets::serve)
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(middleware::from_fn_with_state(app.clone(), own_hosts::layer))
        .layer(middleware::from_fn(security_headers))
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem::internal(&"a handler panicked"))
        }))
        .layer(DefaultBodyLimit::max(REQUEST_BODY_BYTES_MAX))
        .layer(middleware::from_fn(observe::layer))
        .layer(middleware::from_fn_with_state(app.clone(), client_address::layer))
        .with_state(app)
}

async fn method_not_allowed(request: Request) -> Problem {
    let detail = format!("{} is not possible at {}; see /docs", request.method(), request.uri().path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", detail)
}

/// For every answer; a handler that sets its own policy keeps it.
async fn security_headers(request: Request, next: Next) -> Response {
    const DEFAULTS: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'",
        ),
    ];
    let mut response = next.run(request).await;
    for (name, value) in DEFAULTS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// # Errors
/// The address is taken, or not ours.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until the configuration's `shutdown`; requests under way are finished.
///
/// # Errors
/// The listener failed.
pub async fn serve(listener: TcpListener, engine: Engine, config: ServerConfig) -> io::Result<()> {
    let shutdown = config.shutdown.clone();
    let service = router(engine, config).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown.cancelled_owned()).await
}
