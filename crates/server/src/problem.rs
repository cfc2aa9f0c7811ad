//! Errors on the wire: RFC 9457 problem documents. Owns codes and titles; what went wrong inside is logged, never told.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{EngineError, FieldError};
use serde::Serialize;

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProblemField {
    /// RFC 6901 pointer into the request.
    pub pointer: String,
    pub detail: String,
}

/// RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    #[serde(rename = "type")]
    pub problem_type: String,
    pub title: String,
    pub status: u16,
    /// For the person who reads it.
    pub detail: String,
    /// For programs; stable.
    pub code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// To look up in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    #[serde(skip)]
    pub retry_after_seconds: Option<u64>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            problem_type: "about:blank".into(),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            errors: Vec::new(),
            request_id: None,
            retry_after_seconds: None,
        }
    }

    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable", detail)
    }

    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "notFound", detail)
    }

    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map_or_else(
            || "a field is wrong".to_owned(),
            |error| match error.pointer.as_str() {
                "" => format!("the body: {}", error.detail),
                pointer => format!("{pointer}: {}", error.detail),
            },
        );
        let errors =
            errors.into_iter().map(|error| ProblemField { pointer: error.pointer, detail: error.detail }).collect();
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail) }
    }

    pub fn too_many(detail: impl Into<String>, retry_after_seconds: u64) -> Self {
        let retry_after_seconds = Some(retry_after_seconds.max(1));
        Self { retry_after_seconds, ..Self::new(StatusCode::TOO_MANY_REQUESTS, "tooManyRequests", detail) }
    }

    /// Ours to mend: logged with an id, told without a detail.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        let request_id = crate::observe::request_id();
        tracing::error!(%error, request_id, "a request failed");
        let detail = "something went wrong on our side; look the request id up in the log";
        Self { request_id: Some(request_id), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail) }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::NotFound { what } => Self::not_found(format!("{what} was not found")),
            EngineError::Unreadable(detail) => Self::unreadable(detail),
            EngineError::Invalid(errors) => Self::invalid(errors),
            EngineError::Conflict(detail) => Self::new(StatusCode::CONFLICT, "conflict", detail),
            EngineError::Forbidden(detail) => Self::forbidden(detail),
            EngineError::Gone(detail) => Self::new(StatusCode::GONE, "gone", detail),
            EngineError::TooOften { detail, retry_after_seconds } => Self::too_many(detail, retry_after_seconds),
            EngineError::TooLarge { limit } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", format!("at most {limit} bytes are accepted"))
            }
            EngineError::Unavailable(detail) => Self {
                retry_after_seconds: Some(5),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            },
            EngineError::Store(store::StoreError::Unavailable(detail)) => {
                tracing::error!(detail, "the store is unavailable");
                let detail = "the database can't be reached at the moment; try again";
                Self {
                    retry_after_seconds: Some(5),
                    ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
                }
            }
            other => Self::internal(&other),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What every handler answers.
pub type Answer<T> = Result<T, Problem>;
