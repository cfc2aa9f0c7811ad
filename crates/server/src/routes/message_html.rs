//! `/api/v1/messages/{id}/html`: a message's HTML as a page for a frame without an origin. Owns the policy it is sent
//! under; what is cleaned out of the HTML is `mail::html`'s.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{Engine, messages};
use model::MessageId;
use rand::RngExt;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::{StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(html))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HtmlQuery {
    #[serde(default)]
    /// Whether images from elsewhere are shown; their hosts then learn that the mail is read.
    remote_images: bool,
    /// What the page around the frame looks like: in the dark, mail that sets no colours is light on dark.
    #[serde(default)]
    #[param(inline)]
    color_scheme: ColorScheme,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum ColorScheme {
    #[default]
    Light,
    Dark,
}

/// A message's HTML (or its text), cleaned, as a page for a sandboxed frame. The page tells the one around it its height
/// by `postMessage`: `{type: "postroom:height", height, remoteImagesBlocked}`.
#[utoipa::path(get, path = "/api/v1/messages/{id}/html", operation_id = "getMessageHtml", tag = "messages",
    params(("id" = MessageId, Path), HtmlQuery), responses((status = 200, content_type = "text/html", body = String)))]
async fn html(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<HtmlQuery>,
) -> Answer<Response> {
    let id: MessageId = path_id(&id, "the message")?;
    let nonce = STANDARD.encode(rand::rng().random::<[u8; 18]>());
    let policy = policy(&engine.config.public_url, query.remote_images, &nonce);
    let scheme = match query.color_scheme {
        ColorScheme::Light => mail::html::ColorScheme::Light,
        ColorScheme::Dark => mail::html::ColorScheme::Dark,
    };
    let page = messages::html(&engine, &principal, &id, query.remote_images, scheme, nonce).await?;
    let headers: [(HeaderName, String); 6] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".into()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN".into()),
        (header::REFERRER_POLICY, "no-referrer".into()),
        (header::CACHE_CONTROL, "private, no-store".into()),
    ];
    Ok((headers, page.document).into_response())
}

/// Nothing is loaded but images, nothing runs but the one script, and the page has no origin even when it is opened
/// outside its frame.
fn policy(public_url: &str, remote_images: bool, nonce: &str) -> String {
    let own = url::Url::parse(public_url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let remote = if remote_images { " https: http:" } else { "" };
    format!(
        "default-src 'none'; img-src data: {own}{remote}; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
         sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox"
    )
}
