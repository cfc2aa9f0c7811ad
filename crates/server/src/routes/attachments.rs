//! Attachments, by key below their message and by signed link. Owns how a browser is told to treat them: what a sender
//! chose is never run and never shown as part of our origin.

use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use engine::Engine;
use engine::attachments::{self, File};
use model::{AttachmentId, MessageId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::path_id;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::{StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(by_key)).routes(routes!(by_link))
}

/// An attachment by its id, or by its Content-ID (percent-encoded).
#[utoipa::path(get, path = "/api/v1/messages/{id}/attachments/{attachmentId}", operation_id = "getAttachment",
    tag = "messages", params(("id" = MessageId, Path), ("attachmentId" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn by_key(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath((id, name)): TextPath<(String, String)>,
) -> Answer<Response> {
    let id: MessageId = path_id(&id, "the message")?;
    Ok(served(attachments::get(&engine, &principal, &id, &name).await?, "private, max-age=3600"))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LinkQuery {
    /// Until when the link holds, seconds since 1970.
    expires: i64,
    signature: String,
}

/// An attachment by the signed link its message carries; no key is needed.
#[utoipa::path(get, path = "/attachments/{messageId}/{attachmentId}", operation_id = "getAttachmentByLink", security(()),
    tag = "public", params(("messageId" = MessageId, Path), ("attachmentId" = AttachmentId, Path), LinkQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn by_link(
    State(engine): State<Engine>,
    TextPath((message, attachment)): TextPath<(String, String)>,
    StrictQuery(query): StrictQuery<LinkQuery>,
) -> Answer<Response> {
    let message: MessageId = path_id(&message, "the message")?;
    let attachment: AttachmentId = path_id(&attachment, "the attachment")?;
    let file = attachments::by_link(&engine, &message, &attachment, query.expires, &query.signature).await?;
    Ok(served(file, "private, max-age=3600, immutable"))
}

pub(super) fn served(file: File, caching: &'static str) -> Response {
    let (content_type, inline) = treated_as(&file.content_type);
    let headers: [(HeaderName, String); 6] = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (header::CONTENT_DISPOSITION, disposition(inline, file.filename.as_deref())),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox".into()),
        (header::REFERRER_POLICY, "no-referrer".into()),
        (header::CACHE_CONTROL, caching.into()),
    ];
    (headers, file.bytes).into_response()
}

/// The type a browser is told, and whether it may be shown in place. Only raster images may: they run nothing. What a
/// browser might run as part of our origin is only so many bytes.
fn treated_as(declared: &str) -> (&str, bool) {
    match declared {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp" => (declared, true),
        "application/pdf" | "application/zip" | "application/msword" | "application/rtf" | "text/plain"
        | "text/csv" | "text/calendar" | "message/rfc822" => (declared, false),
        other if other.ends_with("+xml") || other.ends_with("/xml") => ("application/octet-stream", false),
        other
            if is_token(other)
                && ["audio/", "video/", "application/vnd."].iter().any(|family| other.starts_with(family)) =>
        {
            (other, false)
        }
        _ => ("application/octet-stream", false),
    }
}

/// `type/subtype` of letters that can stand in a header (RFC 9110 §5.6.2).
fn is_token(media_type: &str) -> bool {
    media_type.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/+-.!#$&^_".contains(&byte))
}

/// RFC 8187: everything but its attr-chars is encoded.
const FILENAME: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// RFC 6266, with a name in ASCII for old programs. What separates folders in a name is taken out of it.
fn disposition(inline: bool, filename: Option<&str>) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let name: String = filename
        .unwrap_or("attachment")
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '/' | '\\' | ':' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
                '_'
            } else {
                c
            }
        })
        .take(200)
        .collect();
    let ascii: String = name.chars().map(|c| if c.is_ascii() && c != '"' && c != '%' { c } else { '_' }).collect();
    format!("{kind}; filename=\"{ascii}\"; filename*=UTF-8''{}", utf8_percent_encode(&name, FILENAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_raster_images_are_shown_and_nothing_that_runs_keeps_its_type() {
        for (declared, expected) in [
            ("image/png", ("image/png", true)),
            ("image/svg+xml", ("application/octet-stream", false)),
            ("text/html", ("application/octet-stream", false)),
            ("text/javascript", ("application/octet-stream", false)),
            ("application/xhtml+xml", ("application/octet-stream", false)),
            ("application/vnd.mozilla.xul+xml", ("application/octet-stream", false)),
            ("application/pdf", ("application/pdf", false)),
            ("application/vnd.ms-excel", ("application/vnd.ms-excel", false)),
            ("video/mp4\r\nX-Injected: 1", ("application/octet-stream", false)),
            ("", ("application/octet-stream", false)),
        ] {
            assert_eq!(treated_as(declared), expected, "{declared}");
        }
    }

    #[test]
    fn a_name_can_not_leave_its_header_or_its_folder() {
        assert_eq!(disposition(true, Some("logo.png")), "inline; filename=\"logo.png\"; filename*=UTF-8''logo.png");
        assert_eq!(
            disposition(false, Some("../é\"x\r\n.exe")),
            "attachment; filename=\"..___x__.exe\"; filename*=UTF-8''.._%C3%A9%22x__.exe"
        );
        assert_eq!(disposition(false, None), "attachment; filename=\"attachment\"; filename*=UTF-8''attachment");
        assert!(disposition(false, Some(&"n".repeat(5_000))).len() < 1_000);
    }
}
