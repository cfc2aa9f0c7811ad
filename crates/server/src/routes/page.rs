//! The pages that people without an account here open: one card, no script, one style sheet inside. Owns how they look and what they
//! allow a browser; never what they say. Whoever puts text into one escapes it here.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::words::Language;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// Nothing but our own style sheet; forms go to us alone; nobody frames it.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// A page of HTML: `head` and `body` as they are, title and footer escaped.
pub(super) fn page(
    language: Language,
    status: StatusCode,
    title: &str,
    head: &str,
    body: &str,
    footer: &str,
) -> Response {
    let (title, footer, lang) = (escape(title), escape(footer), language.tag());
    let page = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title>{head}<style>{STYLE}</style></head><body><main><div class=\"card\">{body}</div>\
         <footer>{footer}</footer></main></body></html>"
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(lang));
    (status, headers, page).into_response()
}

/// Something is in the way, and this is what to do.
pub(super) fn notice(language: Language, status: StatusCode, title: &str, text: &str, footer: &str) -> Response {
    page(language, status, title, "", &format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text)), footer)
}
