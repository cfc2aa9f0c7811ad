//! A query parameter that an operation does not document is a 400: a typo must not be silent.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::openapi;
use crate::problem::Problem;

static KNOWN: LazyLock<HashMap<(String, String), HashSet<String>>> = LazyLock::new(openapi::query_parameters);

/// Wraps the documented routes.
pub async fn layer(request: Request, next: Next) -> Response {
    match unknown(&request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn unknown(request: &Request) -> Option<Problem> {
    let query = request.uri().query().filter(|query| !query.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    let known = KNOWN.get(&(request.method().as_str().to_owned(), path))?;
    let name = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .find(|name| !known.contains(name.as_ref()))?;
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    let possible = if names.is_empty() { "none is".to_owned() } else { format!("{} are", names.join(", ")) };
    Some(Problem::unreadable(format!("the query parameter {name} is not known here; {possible}")))
}
