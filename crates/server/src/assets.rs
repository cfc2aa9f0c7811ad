//! The dashboard's files, embedded. Unknown paths outside the API get the dashboard itself, which has its own pages.

use axum::extract::Request;
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dashboard;

const INDEX: &str = "index.html";
const NOT_BUILT: &str = "<!doctype html><title>Postroom</title><p>This build has no dashboard. Start it with <code>cargo xtask serve</code>, \
     which builds one. The API is described at <a href=\"/docs\">/docs</a>.";
/// Beginnings of paths that are never pages of the dashboard, whose own `/webhooks` is one.
const RESERVED: [&str; 6] = ["api", "v1", "webhooks/email", "assets", "attachments", "metrics"];

pub async fn serve(request: Request) -> Response {
    let uri: &Uri = request.uri();
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Dashboard::get(path) {
        return embedded(path, file);
    }
    let reserved = RESERVED
        .iter()
        .any(|reserved| path.strip_prefix(reserved).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if reserved || !request.method().is_safe() {
        return Problem::not_found(format!("there is nothing at {}", uri.path())).into_response();
    }
    match Dashboard::get(INDEX) {
        Some(file) => embedded(INDEX, file),
        None => (StatusCode::OK, Html(NOT_BUILT)).into_response(),
    }
}

fn embedded(path: &str, file: rust_embed::EmbeddedFile) -> Response {
    // Vite puts a hash of their content into the names under assets/.
    let caching = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let content_type = mime_guess::from_path(path).first_or_octet_stream().to_string();
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching.to_owned())], file.data).into_response()
}
