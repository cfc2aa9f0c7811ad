//! Errors of the mailbox API, who asks it, and how its bodies are read.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::EngineError;
use model::key::Principal;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::app::App;
use crate::auth;
use crate::problem::Problem;
use crate::strict::JsonBytes;

/// `{"statusCode", "error", "message", "code"}`, and the fields that are wrong.
pub struct MailboxError(Problem);

impl From<Problem> for MailboxError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<EngineError> for MailboxError {
    fn from(error: EngineError) -> Self {
        Self(error.into())
    }
}

impl MailboxError {
    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        let fields = self.0.errors.iter().map(|field| format!("{}: {}", field.pointer, field.detail));
        let fields: Vec<String> = fields.collect();
        if fields.is_empty() { self.0.detail.clone() } else { fields.join("; ") }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self(Problem::unreadable(message))
    }
}

impl IntoResponse for MailboxError {
    fn into_response(self) -> Response {
        let problem = self.0;
        // What is wrong with a field is a 400 here.
        let status = match problem.status {
            422 => StatusCode::BAD_REQUEST,
            other => StatusCode::from_u16(other).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let mut body = json!({
            "statusCode": status.as_u16(),
            "error": status.canonical_reason().unwrap_or("Error"),
            "message": problem.detail,
            "code": problem.code,
        });
        if let Some(body) = body.as_object_mut() {
            if !problem.errors.is_empty() {
                let fields: Vec<_> = problem
                    .errors
                    .iter()
                    .map(|field| json!({ "key": field.pointer.trim_start_matches('/').replace('/', "."), "message": field.detail }))
                    .collect();
                body.insert("fields".into(), fields.into());
            }
            if let Some(request_id) = &problem.request_id {
                body.insert("requestId".into(), json!(request_id));
            }
        }
        let mut response = (status, axum::Json(body)).into_response();
        if let Some(seconds) = problem.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub type Answered<T> = Result<T, MailboxError>;

/// Whoever asks: by a key in a header, or in `?access_token=`.
pub struct Asker(pub Principal);

impl FromRequestParts<App> for Asker {
    type Rejection = MailboxError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, MailboxError> {
        let headers = auth::with_access_token(parts.uri.query(), parts.headers.clone())?;
        let principal = auth::authenticate(app, &parts.method, parts.uri.path(), &headers).await?;
        app.limiter.check(&principal)?;
        Ok(Self(principal))
    }
}

/// A body; what is not known of it is passed over.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = MailboxError;

    async fn from_request(request: Request, app: &App) -> Result<Self, MailboxError> {
        let JsonBytes(bytes) = JsonBytes::from_request(request, app).await?;
        let bytes = if bytes.is_empty() { b"{}".as_slice().into() } else { bytes };
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| MailboxError::bad_request(format!("the body can't be read: {error}")))
    }
}

/// A query; what is not known of it is passed over.
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = MailboxError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, MailboxError> {
        let Query(query) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|rejection| MailboxError::bad_request(format!("the query can't be read: {rejection}")))?;
        Ok(Self(query))
    }
}

/// The parts of the path that are names.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Named<T> {
    type Rejection = MailboxError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, MailboxError> {
        let Path(names) = Path::<T>::from_request_parts(parts, app)
            .await
            .map_err(|_| MailboxError(Problem::not_found("there is nothing of this name")))?;
        Ok(Self(names))
    }
}
