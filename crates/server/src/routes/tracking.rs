//! `/t/o/{token}` and `/t/c/{token}`: the pixel and the links of tracked messages, for whoever has the mail. Owns what a visitor is told;
//! an unknown token learns nothing.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Engine;
use engine::tracking::{self, Visit};
use engine::words::Notice;
use model::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::language::Visitor;
use super::page::escape;
use crate::app::App;
use crate::client_address::client;
use crate::strict::TextPath;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(pixel)).routes(routes!(click))
}

/// A transparent GIF of one pixel.
const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// Headers in which programs say that they only look ahead.
const PURPOSES: [&str; 4] = ["purpose", "sec-purpose", "x-purpose", "x-moz"];

/// The pixel of a tracked message; asking for it counts as an open.
#[utoipa::path(get, path = "/t/o/{token}", operation_id = "openMessage", security(()), tag = "tracking",
    params(("token" = String, Path)),
    responses((status = 200, content_type = "image/gif", body = Vec<u8>), (status = 404, content_type = "text/html", body = String)))]
async fn pixel(State(engine): State<Engine>, TextPath(token): TextPath<String>, request: Request) -> Response {
    if tracking::opened(&engine, &token, visit(&request)).await {
        ([(header::CONTENT_TYPE, "image/gif"), (header::CACHE_CONTROL, NO_STORE)], GIF).into_response()
    } else {
        unknown(request.headers())
    }
}

/// A link of a tracked message; following it counts as a click.
#[utoipa::path(get, path = "/t/c/{token}", operation_id = "followLink", security(()), tag = "tracking",
    params(("token" = String, Path)),
    responses((status = 302, description = "Where the link leads."), (status = 404, content_type = "text/html", body = String)))]
async fn click(State(engine): State<Engine>, TextPath(token): TextPath<String>, request: Request) -> Response {
    let target = tracking::clicked(&engine, &token, visit(&request)).await;
    match target.and_then(|url| HeaderValue::from_str(&url).ok()) {
        Some(url) => {
            let headers = [
                (header::LOCATION, url),
                (header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE)),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ];
            (StatusCode::FOUND, headers).into_response()
        }
        None => unknown(request.headers()),
    }
}

const NO_STORE: &str = "no-store, private, max-age=0";

fn unknown(headers: &HeaderMap) -> Response {
    let words = Visitor::of(headers).stranger(None);
    let (lang, Notice { title, text }) = (words.language.tag(), &words.page.leads_nowhere);
    let page = format!(
        "<!doctype html><html lang=\"{lang}\"><meta charset=\"utf-8\"><title>{}</title><p>{}</p></html>",
        escape(title),
        escape(text)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, NO_STORE),
        (header::CONTENT_LANGUAGE, lang),
    ];
    (StatusCode::NOT_FOUND, headers, page).into_response()
}

fn visit(request: &Request) -> Visit {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let purposes: Vec<&str> = PURPOSES.iter().filter_map(|name| text(name)).collect();
    Visit {
        at: Timestamp::now(),
        ip: Some(client(request.extensions())),
        user_agent: text("user-agent").map(str::to_owned),
        head: request.method() == Method::HEAD,
        purpose: purposes.join(" "),
    }
}
