//! `/healthz`, `/readyz`, `/metrics`: for those who run the instance.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::key::Scope;

use crate::app::App;
use crate::auth;
use crate::client_address::is_of_this_machine;
use crate::problem::{Answer, Problem};

pub fn router() -> Router<App> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// The process is up and its database answers.
async fn ready(State(app): State<App>) -> Response {
    match app.engine.db.read(store::workspaces::first).await {
        Ok(_) => "ready\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}

/// For this machine, or a key with `metrics:read`.
async fn metrics(State(app): State<App>, request: Request) -> Answer<Response> {
    if !is_of_this_machine(&request) {
        let principal = auth::authenticate(&app, request.method(), request.uri().path(), request.headers()).await?;
        if !principal.may(Scope::MetricsRead) {
            return Err(Problem::forbidden("metrics need a key with the scope metrics:read"));
        }
    }
    let text = (app.config.render_metrics)();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
