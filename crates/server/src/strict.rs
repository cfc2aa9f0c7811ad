//! Reads bodies and queries strictly: what can't be read is a 400, what is read but wrong a 422 that points at the field.

use std::borrow::Cow;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header;
use axum::http::request::Parts;
use bytes::Bytes;
use engine::FieldError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;

/// A JSON body.
pub struct StrictJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for StrictJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let JsonBytes(body) = JsonBytes::from_request(request, state).await?;
        parse(&body).map(Self)
    }
}

/// The bytes of a body that says it is JSON.
pub struct JsonBytes(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBytes {
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
        Ok(Self(body))
    }
}

/// Reads JSON as [`StrictJson`] does.
///
/// # Errors
/// A 400 for what is no JSON, a 422 for what is not this kind of thing.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let parsed = parse_shape(body)?;
    refuse_nul(body)?;
    Ok(parsed)
}

/// As [`parse`], for a body whose parts are each parsed on their own.
///
/// # Errors
/// As [`parse`].
pub fn parse_shape<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // Else a list would be taken for an object, its items in the fields' order.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::invalid(vec![FieldError::new("", "expected an object, not a list")]));
    }
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

/// NUL is in no text that is kept here, and PostgreSQL takes none. In JSON it can only be written as an escape.
fn refuse_nul(body: &[u8]) -> Result<(), Problem> {
    if memchr::memmem::find(body, b"\\u0000").is_none() {
        return Ok(());
    }
    let value: serde_json::Value =
        serde_json::from_slice(body).map_err(|error| Problem::unreadable(format!("the body is not JSON: {error}")))?;
    match nul_in(&value) {
        Some(pointer) => Err(Problem::invalid(vec![FieldError::new(pointer, "contains NUL (U+0000)")])),
        None => Ok(()),
    }
}

/// The pointer of the first text with a NUL in it.
fn nul_in(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::String(text) => text.contains('\0').then(String::new),
        Value::Array(list) => {
            list.iter().enumerate().find_map(|(index, item)| Some(format!("/{index}{}", nul_in(item)?)))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            let below = if name.contains('\0') { String::new() } else { nul_in(item)? };
            Some(format!("/{}{below}", escaped(name)))
        }),
        _ => None,
    }
}

/// Characters of what was sent that an answer repeats: enough to know it again, and never as much as was sent.
const REPEATED_CHARS_MAX: usize = 200;
/// Of the end of a message, which says what was expected.
const EXPECTED_CHARS_MAX: usize = 2_000;

/// A message whose middle is left out where it repeats too much.
fn shortened(message: &str) -> Cow<'_, str> {
    let count = message.chars().count();
    if count <= REPEATED_CHARS_MAX + EXPECTED_CHARS_MAX {
        return Cow::Borrowed(message);
    }
    let begin: String = message.chars().take(2 * REPEATED_CHARS_MAX).collect();
    let end: String = message.chars().skip(count - EXPECTED_CHARS_MAX).collect();
    let expected = end.split_once(", expected ").map(|(_, expected)| format!(", expected {expected}"));
    Cow::Owned(format!("{begin}…{}", expected.unwrap_or_default()))
}

/// serde names an unknown, missing or repeated field in its message; the pointer should name it too.
fn wrong_field(pointer: String, message: &str) -> FieldError {
    let message = &*shortened(message.split(" at line ").next().unwrap_or(message));
    let named = ["unknown field `", "missing field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix)?.split('`').next());
    let said = in_terms_of_json(message);
    match named {
        Some(name) if !pointer.ends_with(&format!("/{}", escaped(name))) => {
            FieldError::new(format!("{pointer}/{}", escaped(name)), said)
        }
        _ => FieldError::new(pointer, said),
    }
}

/// serde speaks in Rust's terms.
fn in_terms_of_json(message: &str) -> String {
    let named = |kind: &str| match kind {
        "sequence" | "a sequence" => "a list".to_owned(),
        "map" | "a map" => "an object".to_owned(),
        "a string" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        kind if kind.starts_with("struct ") => "an object".to_owned(),
        kind => kind.strip_prefix("string ").map_or_else(|| kind.to_owned(), |text| format!("the text {text}")),
    };
    let found_and_expected = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix)?.rsplit_once(", expected "));
    match found_and_expected {
        Some((found, expected)) => format!("expected {}, not {}", named(expected), named(found)),
        None => message.to_owned(),
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", escaped(key))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// RFC 6901 §3. Of a name that is no field of anything the beginning.
fn escaped(name: &str) -> String {
    let name: String = name.chars().take(REPEATED_CHARS_MAX).collect();
    name.replace('~', "~0").replace('/', "~1")
}

/// A field that is null is as one that is not there.
pub fn null_is_absent<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A query string; its type denies unknown fields.
pub struct StrictQuery<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for StrictQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::<T>::from_request_parts(parts, state).await.map_err(|rejection| {
            let said = rejection.body_text();
            let said = said.strip_prefix("Failed to deserialize query string: ").unwrap_or(&said);
            let number = ["invalid digit found in string", "cannot parse integer from empty string"];
            let said = number.iter().fold(said.to_owned(), |said, rust| said.replace(rust, "a whole number is needed"));
            Problem::unreadable(format!("the query can't be read: {said}"))
        })?;
        Ok(Self(query))
    }
}

/// An id in the path. One that is no id at all is simply not there.
pub struct IdPath<T>(pub T);

impl<T: std::str::FromStr + Send, S: Send + Sync> FromRequestParts<S> for IdPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let TextPath(text) = TextPath::<String>::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|_| Problem::not_found("there is nothing with this id"))
    }
}

/// Texts in the path. What is no UTF-8 names nothing.
pub struct TextPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for TextPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found("there is nothing with this id"))
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
    fn what_is_expected_is_said_in_terms_of_json() {
        for (body, detail) in [
            (r#"{"inner":null}"#, "expected a list, not null"),
            (r#"{"inner":[5]}"#, "expected an object, not integer `5`"),
            (r#"{"inner":[{"n":"x"}]}"#, "expected a whole number, 0 or more, not the text \"x\""),
            ("7", "expected an object, not integer `7`"),
        ] {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.errors[0].detail, detail, "{body}");
        }
    }

    #[test]
    fn nul_is_found_where_it_is_and_not_where_it_is_only_spelled() {
        let texts = |body: &str| parse::<std::collections::HashMap<String, String>>(body.as_bytes());
        let problem = texts(r#"{"a":"fine","b/c":"x\u0000"}"#).expect_err("a NUL");
        assert_eq!(problem.errors[0].pointer, "/b~1c");
        assert!(texts(r#"{"a":"\\u0000"}"#).is_ok());
    }

    #[test]
    fn an_answer_repeats_little_of_what_was_sent() {
        let long = "x".repeat(1_000_000);
        for (body, said) in [
            (format!(r#"{{"inner":"{long}"}}"#), "expected a list, not the text \"xxx"),
            (format!(r#"{{"{long}":1}}"#), "unknown field `xxx"),
            (format!(r#"{{"inner":[{{"n":"{long}"}}]}}"#), "expected a whole number, 0 or more, not the text \"xxx"),
        ] {
            let problem = parse::<Outer>(body.as_bytes()).expect_err("what is wrong");
            let [field] = problem.errors.as_slice() else { panic!("{problem:?}") };
            assert!(field.detail.starts_with(said), "{}", field.detail);
            assert!(field.detail.len() < 1_000 && field.pointer.len() < 300, "{}", field.pointer);
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let cases = [
            (r#"{"inner":[{"n":1},{"n":"x"}]}"#, 422, "/inner/1/n"),
            (r#"{"inner":[{"m":1}]}"#, 422, "/inner/0/m"),
            (r#"{"inner":[{}]}"#, 422, "/inner/0/n"),
            (r#"{"iner":[]}"#, 422, "/iner"),
            (r#"{"in/ner":[]}"#, 422, "/in~1ner"),
            (r#"{"inner":["#, 400, ""),
            (r#"{"inner":[]} x"#, 400, ""),
            (r#"[[{"n":1}]]"#, 422, ""),
            ("null", 422, ""),
            (r#"{"inner":[],"inner":[]}"#, 422, "/inner"),
            (r#"{"inner":[{"n":"\u0000"}]}"#, 422, "/inner/0/n"),
        ];
        for (body, status, pointer) in cases {
            let problem = parse::<Outer>(body.as_bytes()).expect_err(body);
            assert_eq!(problem.status, status, "{body}: {problem:?}");
            assert_eq!(problem.errors.first().map_or("", |field| field.pointer.as_str()), pointer, "{body}");
        }
    }
}
