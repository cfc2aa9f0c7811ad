//! `Idempotency-Key`: a POST that creates or sends is done once, however often it is sent. The key is reserved before the
//! work and the answer kept for a day. That the work was done is noted by the work itself, in its own transaction
//! (`engine::once`): who asks again after a crash, or on another node, is answered with what is there.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{EngineError, once};
use http_body_util::BodyExt;
use model::key::{Actor, Principal};
use model::limits::REQUEST_BODY_BYTES_MAX;
use model::{Timestamp, WorkspaceId};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use store::Priority;
use store::idempotency::{self, Earlier, Place};

use crate::app::App;
use crate::problem::Problem;
use crate::routes::mailboxes::MailboxError;
use crate::{auth, observe};

const HEADER: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;

/// The keys whose requests this process is working at.
pub type UnderWay = Arc<Mutex<HashSet<(WorkspaceId, String)>>>;

/// A key's request is under way until this is dropped.
struct Working {
    all: UnderWay,
    key: (WorkspaceId, String),
}

impl Working {
    /// `None`: it is under way already.
    fn begin(all: &UnderWay, place: &Place) -> Option<Self> {
        let key = (place.workspace_id.clone(), place.key.clone());
        let begun = all.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        begun.then(|| Self { all: all.clone(), key })
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Whether a POST there heeds the header: not one that proves itself otherwise than by a key or a session, and a
/// session is a cookie, which can't be answered again.
pub fn concerns(path: &str) -> bool {
    let is_session = path.strip_prefix("/api/v1/session").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    (path.starts_with("/api/v1/") && !is_session) || is_of_mailboxes(path)
}

/// Of the mailbox API, which has errors of its own, and keys in the query.
fn is_of_mailboxes(path: &str) -> bool {
    path.starts_with("/v1/")
}

/// Wraps every route; acts on a POST with the header.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let concerned = *request.method() == Method::POST && concerns(request.uri().path());
    if !concerned || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    let of_mailboxes = is_of_mailboxes(request.uri().path());
    once(&app, request, next).await.unwrap_or_else(|problem| match of_mailboxes {
        true => MailboxError::from(problem).into_response(),
        false => problem.into_response(),
    })
}

async fn once(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let key = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    if key.is_empty() || key.len() > KEY_CHARS_MAX {
        return Err(Problem::unreadable(format!("an Idempotency-Key has 1 to {KEY_CHARS_MAX} ASCII characters")));
    }
    let mut headers = request.headers().clone();
    if is_of_mailboxes(request.uri().path()) {
        headers = auth::with_access_token(request.uri().query(), headers)?;
    }
    let principal = auth::authenticate(app, request.method(), request.uri().path(), &headers).await?;
    let (parts, body) = request.into_parts();
    let body = http_body_util::Limited::new(body, REQUEST_BODY_BYTES_MAX).collect().await;
    let body = body
        .map_err(|_| Problem::from(engine::EngineError::TooLarge { limit: REQUEST_BODY_BYTES_MAX as u64 }))?
        .to_bytes();
    let request_hash = fingerprint(&principal, parts.uri.path(), &body);
    let place = Place { workspace_id: principal.workspace_id, key, request_hash, item: 0 };
    let working = Working::begin(&app.under_way, &place);
    let wanted = place.clone();
    let reserve = move |tx: &mut store::Tx<'_>| idempotency::reserve(tx, &wanted, Timestamp::now());
    let earlier = app.engine.db.write(Priority::Foreground, reserve).await.map_err(EngineError::from)?;
    match (earlier, working) {
        (Earlier::OtherRequest, _) => Err(conflict("this Idempotency-Key was used for another request; use a new one")),
        (Earlier::Answered { status, response }, _) => replay(app, &place, status, &response),
        (Earlier::None | Earlier::Begun, None) => {
            Err(conflict("a request with this Idempotency-Key is under way; ask again in a moment"))
        }
        (begun @ (Earlier::None | Earlier::Begun), Some(working)) => {
            let again = begun == Earlier::Begun;
            // In a task of its own: who hangs up in the middle must find the answer when they ask again.
            let work = carry_out(app.clone(), place, again, Request::from_parts(parts, body.into()), next, working);
            tokio::spawn(observe::within(observe::request_id(), work))
                .await
                .map_err(|error| Problem::internal(&error))?
        }
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

/// An answer may hold a secret that is shown once, so it is sealed.
fn aad(place: &Place) -> String {
    format!("idempotency/response/{}/{}", place.workspace_id, place.key)
}

fn replay(app: &App, place: &Place, status: u16, sealed: &str) -> Result<Response, Problem> {
    let sealed = STANDARD.decode(sealed).map_err(|error| Problem::internal(&error))?;
    let answer = app.engine.vault.unseal_text(&aad(place), &sealed).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let content_type = if status.is_success() { "application/json" } else { "application/problem+json" };
    let headers = [(header::CONTENT_TYPE.as_str(), content_type), ("idempotent-replayed", "true")];
    Ok((status, headers, answer.expose_secret().to_owned()).into_response())
}

/// Does the work and keeps what came of it. A refusal did nothing: it frees the key, so that a caller who mends the
/// request or waits can go on with it.
async fn carry_out(
    app: App,
    place: Place,
    again: bool,
    request: Request,
    next: Next,
    _working: Working,
) -> Result<Response, Problem> {
    // A panic in the work frees the key, too.
    let work = once::within(place.clone(), again, next.run(request));
    let worked = tokio::spawn(observe::within(observe::request_id(), work)).await;
    let (parts, body) = worked.unwrap_or_else(|error| Problem::internal(&error).into_response()).into_parts();
    let body = body.collect().await.map_err(|error| Problem::internal(&error))?.to_bytes();
    let status = parts.status;
    let answer = status
        .is_success()
        .then(|| STANDARD.encode(app.engine.vault.seal(&aad(&place), String::from_utf8_lossy(&body).as_bytes())));
    let kept = app
        .engine
        .db
        .write(Priority::Foreground, move |tx| match answer {
            Some(answer) => idempotency::answer(tx, &place, status.as_u16(), &answer),
            None => idempotency::release(tx, &place),
        })
        .await;
    if let Err(error) = kept {
        tracing::error!(%error, "an answer was not kept for its Idempotency-Key; a repetition is answered with what is there");
    }
    Ok(Response::from_parts(parts, body.into()))
}
