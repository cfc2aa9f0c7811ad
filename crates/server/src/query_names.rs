//! A query parameter that an operation does not document is a 400: a typo must not be silent. So is one that no text can be.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::{openapi, paging};

static KNOWN: LazyLock<HashMap<(String, String), HashSet<String>>> = LazyLock::new(openapi::query_parameters);

/// Wraps the documented routes.
pub async fn layer(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    match unknown(&request).or_else(|| not_a_text(uri.query()?)) {
        Some(problem) => problem.into_response(),
        None => paging::within(uri.path(), next.run(request)).await,
    }
}

/// NUL is in no text that is kept here, and PostgreSQL takes none. What somebody looks for may be anything: it is not found.
fn not_a_text(query: &str) -> Option<Problem> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (name, _) = pairs.find(|(name, value)| name != "q" && value.contains('\0'))?;
    Some(Problem::unreadable(format!("the query parameter {name} contains NUL (U+0000)")))
}

fn unknown(request: &Request) -> Option<Problem> {
    let query = request.uri().query().filter(|query| !query.is_empty())?;
    let path = request.extensions().get::<MatchedPath>()?.as_str().to_owned();
    // Mail programs and the gateways before them hang things of their own onto links.
    if path.starts_with("/t/") {
        return None;
    }
    let known = KNOWN.get(&(request.method().as_str().to_owned(), path))?;
    let name = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .find(|name| !known.contains(name.as_ref()))?;
    let mut names: Vec<&str> = known.iter().map(String::as_str).collect();
    names.sort_unstable();
    let possible = match names.as_slice() {
        [] => "none is".to_owned(),
        [one] => format!("{one} is"),
        several => format!("{} are", several.join(", ")),
    };
    Some(Problem::unreadable(format!("the query parameter {name} is not known here; {possible}")))
}
