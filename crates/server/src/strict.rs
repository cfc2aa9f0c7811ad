//! Reads bodies and queries strictly: what can't be read is a 400, what is read but wrong a 422 that points at the field.

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use bytes::Bytes;
use engine::FieldError;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body.
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("application/json");
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !essence.ends_with("+json") {
            return Err(Problem::new(
                axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupportedMediaType",
                format!("the body is {essence}; application/json is needed"),
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                Problem::from(engine::EngineError::TooLarge { limit: model::limits::REQUEST_BODY_BYTES_MAX as u64 })
            } else {
                Problem::unreadable("the body could not be read")
            }
        })?;
        parse(&body).map(Self)
    }
}

/// Reads JSON as [`StrictJson`] does.
///
/// # Errors
/// A 400 for what is no JSON, a 422 for what is not this kind of thing.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        if inner.is_data() {
            Problem::invalid(vec![wrong_field(pointer, &inner.to_string())])
        } else {
            Problem::unreadable(format!("the body is not JSON: {inner}"))
        }
    })?;
    deserializer.end().map_err(|error| Problem::unreadable(format!("the body is not one JSON document: {error}")))?;
    Ok(parsed)
}

/// serde names an unknown or missing field in its message; the pointer should name it too.
fn wrong_field(pointer: String, message: &str) -> FieldError {
    let message = message.split(" at line ").next().unwrap_or(message);
    let named = ["unknown field `", "missing field `"]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix)?.split('`').next());
    match named {
        Some(name) if !pointer.ends_with(&format!("/{name}")) => FieldError::new(format!("{pointer}/{name}"), message),
        _ => FieldError::new(pointer, message),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A query string; its type denies unknown fields.
pub struct StrictQuery<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::unreadable(format!("the query can't be read: {}", rejection.body_text())))?;
        Ok(Self(query))
    }
}

/// An id in the path. One that is no id at all is simply not there.
pub struct IdPath<T>(pub T);

impl<T: std::str::FromStr + Send, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = || Problem::not_found("there is nothing with this id");
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| not_found())?;
        text.parse().map(Self).map_err(|_| not_found())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading matters")]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its reading matters")]
    struct Inner {
        n: u32,
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let cases = [
            (r#"{"inner":[{"n":1},{"n":"x"}]}"#, 422, "/inner/1/n"),
            (r#"{"inner":[{"m":1}]}"#, 422, "/inner/0/m"),
            (r#"{"inner":[{}]}"#, 422, "/inner/0/n"),
            (r#"{"iner":[]}"#, 422, "/iner"),
            (r#"{"inner":["#, 400, ""),
            (r#"{"inner":[]} x"#, 400, ""),
        ];
        for (body, status, pointer) in cases {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.status, status, "{body}: {problem:?}");
            assert_eq!(problem.errors.first().map_or("", |field| field.pointer.as_str()), pointer, "{body}");
        }
    }
}
