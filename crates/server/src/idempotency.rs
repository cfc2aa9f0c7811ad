//! `Idempotency-Key`: a POST that creates or sends is done once, however often it is sent. The key is reserved before the work
//! and its answer kept for a day; a crash in between frees it after a while.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::EngineError;
use http_body_util::BodyExt;
use model::key::{Actor, Principal};
use model::limits::REQUEST_BODY_BYTES_MAX;
use model::{Timestamp, WorkspaceId};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use store::Priority;
use store::idempotency::{self, Earlier};

use crate::app::App;
use crate::problem::Problem;
use crate::{auth, observe};

const HEADER: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;
/// A reservation without an answer for this long was left by a crash.
const STALE: Duration = Duration::from_secs(5 * 60);

/// Whether a POST there heeds the header: not one that proves itself otherwise than by a key or a session, and a
/// session is a cookie, which can't be answered again.
pub fn concerns(path: &str) -> bool {
    path.starts_with("/api/v1/") && path != "/api/v1/session"
}

/// Wraps every route; acts on a POST with the header.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let concerned = *request.method() == Method::POST && concerns(request.uri().path());
    if !concerned || !request.headers().contains_key(HEADER) {
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
    let hash = fingerprint(&principal, parts.uri.path(), &body);
    let (workspace, reserved_key, now) = (principal.workspace_id.clone(), key.clone(), Timestamp::now());
    let earlier = app
        .engine
        .db
        .write(Priority::Foreground, move |tx| {
            idempotency::reserve(tx, &workspace, &reserved_key, &hash, now, now.minus(STALE))
        })
        .await
        .map_err(EngineError::from)?;
    match earlier {
        Earlier::None => {
            let place = Place { workspace: principal.workspace_id, key };
            // In a task of its own: who hangs up in the middle must find the answer when they ask again.
            let work = carry_out(app.clone(), place, Request::from_parts(parts, body.into()), next);
            tokio::spawn(observe::within(observe::request_id(), work))
                .await
                .map_err(|error| Problem::internal(&error))?
        }
        Earlier::Answered { status, response } => {
            Place { workspace: principal.workspace_id, key }.replay(app, status, &response)
        }
        Earlier::OtherRequest => Err(conflict("this Idempotency-Key was used for another request; use a new one")),
        Earlier::UnderWay => Err(conflict("a request with this Idempotency-Key is under way; ask again in a moment")),
    }
}

/// What makes two requests the same: who asks, for what, with which body. Another key of the workspace, which may see
/// less, is never shown the first one's answer.
fn fingerprint(principal: &Principal, path: &str, body: &[u8]) -> Vec<u8> {
    let actor = match &principal.actor {
        Actor::User(id, _) => id.as_str(),
        Actor::Key(id) => id.as_str(),
    };
    let mut hash = Sha256::new();
    for part in [actor.as_bytes(), path.as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(body);
    hash.finalize().to_vec()
}

fn conflict(detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotencyConflict", detail)
}

/// Where an answer is kept. It may hold a secret that is shown once, so it is sealed.
struct Place {
    workspace: WorkspaceId,
    key: String,
}

impl Place {
    fn aad(&self) -> String {
        format!("idempotency/response/{}/{}", self.workspace, self.key)
    }

    fn replay(&self, app: &App, status: u16, sealed: &str) -> Result<Response, Problem> {
        let sealed = STANDARD.decode(sealed).map_err(|error| Problem::internal(&error))?;
        let answer = app.engine.vault.unseal_text(&self.aad(), &sealed).map_err(|error| Problem::internal(&error))?;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
        let headers = [(header::CONTENT_TYPE.as_str(), content_type), ("idempotent-replayed", "true")];
        Ok((status, headers, answer.expose_secret().to_owned()).into_response())
    }
}

/// Does the work and keeps what came of it. A refusal did nothing: it frees the key, so that a caller who mends the
/// request or waits can go on with it.
async fn carry_out(app: App, place: Place, request: Request, next: Next) -> Result<Response, Problem> {
    // A panic in the work frees the key at once, too.
    let worked = tokio::spawn(observe::within(observe::request_id(), next.run(request))).await;
    let (parts, body) = worked.unwrap_or_else(|error| Problem::internal(&error).into_response()).into_parts();
    let body = body.collect().await.map_err(|error| Problem::internal(&error))?.to_bytes();
    let status = parts.status;
    let answer = status
        .is_success()
        .then(|| STANDARD.encode(app.engine.vault.seal(&place.aad(), String::from_utf8_lossy(&body).as_bytes())));
    let kept = app
        .engine
        .db
        .write(Priority::Foreground, move |tx| match answer {
            Some(answer) => idempotency::answer(tx, &place.workspace, &place.key, status.as_u16(), &answer),
            None => idempotency::release(tx, &place.workspace, &place.key),
        })
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "an answer was not kept for its Idempotency-Key; a repetition within minutes is refused");
    }
    Ok(Response::from_parts(parts, body.into()))
}
