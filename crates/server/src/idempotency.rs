//! `Idempotency-Key`: a POST that creates or sends is done once, however often it is sent. The key is reserved before the work
//! and its answer kept for a day; a crash in between frees it after a while.

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use model::limits::REQUEST_BODY_BYTES_MAX;
use model::{Timestamp, WorkspaceId};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::Priority;
use store::idempotency::{self, Earlier};

use crate::app::App;
use crate::auth;
use crate::problem::Problem;

const HEADER: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;
/// A reservation without an answer for this long was left by a crash.
const STALE: Duration = Duration::from_secs(5 * 60);

/// Wraps every route; acts on a POST with the header.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    once(&app, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn once(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let key = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        return Err(Problem::unreadable(format!("an Idempotency-Key has 1 to {KEY_CHARS_MAX} ASCII characters")));
    }
    let principal = auth::authenticate(app, request.method(), request.headers()).await?;
    let (parts, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, REQUEST_BODY_BYTES_MAX).collect().await;
    let body = body
        .map_err(|_| Problem::from(engine::EngineError::TooLarge { limit: REQUEST_BODY_BYTES_MAX as u64 }))?
        .to_bytes();
    let mut hash = Sha256::new();
    hash.update(parts.uri.path().as_bytes());
    hash.update([0]);
    hash.update(&body);
    let hash = hash.finalize().to_vec();
    let (workspace, reserved_key, now) = (principal.workspace_id.clone(), key.clone(), Timestamp::now());
    let earlier = app
        .engine
        .db
        .write(Priority::Foreground, move |tx| {
            idempotency::reserve(tx, &workspace, &reserved_key, &hash, now, now.minus(STALE))
        })
        .await
        .map_err(engine::EngineError::from)?;
    match earlier {
        Earlier::None => {
            answer(app, principal.workspace_id, key, next.run(Request::from_parts(parts, body.into())).await).await
        }
        Earlier::Answered { status, response } => Ok(replay(status, response)),
        Earlier::OtherRequest => Err(conflict("this Idempotency-Key was used for another request; use a new one")),
        Earlier::UnderWay => Err(conflict("a request with this Idempotency-Key is under way; ask again in a moment")),
    }
}

fn conflict(detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotencyConflict", detail)
}

fn replay(status: u16, response: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    (status, [(header::CONTENT_TYPE.as_str(), content_type), ("idempotent-replayed", "true")], response).into_response()
}

/// Keeps the answer of work that was done; frees the key after a refusal, which did nothing and may be mended and tried again.
async fn answer(app: &App, workspace: WorkspaceId, key: String, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| Problem::internal(&error))?.to_bytes();
    let status = parts.status;
    let text = String::from_utf8_lossy(&body).into_owned();
    let kept = app
        .engine
        .db
        .write(Priority::Foreground, move |tx| {
            if status.is_success() {
                idempotency::answer(tx, &workspace, &key, status.as_u16(), &text)
            } else {
                idempotency::release(tx, &workspace, &key)
            }
        })
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "an answer was not kept for its Idempotency-Key; a repetition within minutes is refused");
    }
    Ok(Response::from_parts(parts, body.into()))
}
