//! The dashboard's files, embedded. Unknown paths outside the API get the dashboard itself, which has its own pages.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::auth::session_token;
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dashboard;

const INDEX: &str = "index.html";
/// The same for who brings a session's cookie, good or not: what the workspace needs comes down with it (web/firstLoad.ts).
const SIGNED_IN_INDEX: &str = "signed-in.html";
const NOT_BUILT: &str = "<!doctype html><title>Postroom</title><p>This build has no dashboard. Start it with <code>cargo xtask serve</code>, \
     which builds one. The API is described at <a href=\"/docs\">/docs</a>.";
/// Beginnings of paths that are never pages of the dashboard, whose own `/webhooks` is one.
const RESERVED: [&str; 6] = ["api", "v1", "webhooks/email", "assets", "attachments", "metrics"];

pub async fn serve(request: Request) -> Response {
    let uri: &Uri = request.uri();
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dashboard::get(path) {
        return embedded(path, file, request.headers());
    }
    let reserved = RESERVED
        .iter()
        .any(|reserved| path.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if reserved || !request.method().is_safe() {
        return Problem::not_found(format!("there is nothing at {}", uri.path())).into_response();
    }
    let index = if session_token(request.headers()).is_some() { SIGNED_IN_INDEX } else { INDEX };
    match Dashboard::get(index) {
        Some(file) => ([(header::VARY, "cookie")], embedded(index, file, request.headers())).into_response(),
        None => (StatusCode::OK, Html(NOT_BUILT)).into_response(),
    }
}

fn embedded(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    // Vite puts a hash of their content into the names under assets/.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let content_type = mime_guess::from_path(path).first_or_octet_stream().to_string();
    let headings = [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching.to_owned())];
    match compressed(path, headers) {
        Some(small) => {
            let encoding = [(header::CONTENT_ENCODING, "br"), (header::VARY, "accept-encoding")];
            (headings, encoding, small.data).into_response()
        }
        None => (headings, file.data).into_response(),
    }
}

/// The same file as `web/precompress.ts` compressed it, for who understands that.
fn compressed(path: &str, headers: &HeaderMap) -> Option<EmbeddedFile> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes_brotli = |coding: &str| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_refused = weight.trim().strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("br") && !is_refused
    };
    accepted.split(',').any(takes_brotli).then(|| Dashboard::get(&format!("{path}.br")))?
}
