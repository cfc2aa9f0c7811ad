//! `/unsubscribe/…`: where the link of a mail leads. A mail program's one click (RFC 8058) is a POST and works without cookies; opening
//! the link changes nothing, and shows a page that asks. Owns what is said there; what an opt-out stops is the engine's.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::unsubscribe::{self, Asker, Leaving, SubscribedTo, Subscription};
use engine::{Engine, EngineError};

use super::page::{escape, notice, page};
use crate::app::{App, peer};
use crate::observe;

/// Bytes of a filled-in form, or of a mail program's.
const FORM_BYTES_MAX: usize = 4 * 1024;
/// Characters of a user agent that are kept.
const USER_AGENT_CHARS_MAX: usize = 300;
const FOOTER: &str = "This page was opened by the link of a mail. It needs no account.";

pub fn router() -> Router<App> {
    Router::new().route("/unsubscribe/{message}/{signature}", get(show).post(change))
}

async fn find(engine: &Engine, message: &str, signature: &str) -> Result<Subscription, Response> {
    unsubscribe::look_up(engine, message, signature).await.map_err(|error| match error {
        EngineError::NotFound { .. } => notice(
            StatusCode::NOT_FOUND,
            "This link does not work",
            "It is not complete, or was changed on its way. Open the link of the mail once more, or answer the mail and ask to be taken off the list.",
            FOOTER,
        ),
        error => failed(&error),
    })
}

fn failed(error: &EngineError) -> Response {
    let request_id = observe::request_id();
    tracing::error!(%error, request_id, "an opt-out could not be looked up or kept");
    notice(
        StatusCode::SERVICE_UNAVAILABLE,
        "That did not work",
        &format!("Something went wrong on our side, and nothing was changed. Try again in a moment. ({request_id})"),
        FOOTER,
    )
}

async fn show(State(engine): State<Engine>, Path((message, signature)): Path<(String, String)>) -> Response {
    match find(&engine, &message, &signature).await {
        Ok(subscription) => shown(&subscription),
        Err(answer) => answer,
    }
}

/// What a POST asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// A mail program's, in whatever encoding of forms it likes (RFC 8058 §3.2).
    OneClick,
    Leave(Leaving),
    ComeBack,
}

fn wish(body: &[u8]) -> Option<Wish> {
    let text = String::from_utf8_lossy(body);
    let multipart = text.contains("name=\"List-Unsubscribe\"") && text.contains("One-Click");
    if multipart {
        return Some(Wish::OneClick);
    }
    url::form_urlencoded::parse(body).find_map(|(name, value)| match (name.as_ref(), value.as_ref()) {
        ("List-Unsubscribe", "One-Click") => Some(Wish::OneClick),
        ("leave", "useCase") => Some(Wish::Leave(Leaving::This)),
        ("leave", "domain") => Some(Wish::Leave(Leaving::Domain)),
        ("leave", "nothing") => Some(Wish::ComeBack),
        _ => None,
    })
}

async fn change(
    State(App { engine, limiter, .. }): State<App>,
    Path((message, signature)): Path<(String, String)>,
    request: Request,
) -> Response {
    let subscription = match find(&engine, &message, &signature).await {
        Ok(subscription) => subscription,
        Err(answer) => return answer,
    };
    if let Err(too_often) = limiter.check_opt_out(&subscription.mail_id) {
        return too_often.into_response();
    }
    let asker = asker(&request);
    let Ok(body) = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await else {
        return notice(
            StatusCode::PAYLOAD_TOO_LARGE,
            "That was too long",
            "Open the link of the mail once more.",
            FOOTER,
        );
    };
    let Some(wish) = wish(&body) else {
        let detail = "Nothing was changed: the request said neither List-Unsubscribe=One-Click nor what to leave. Open the link of the mail in a browser.";
        return notice(StatusCode::BAD_REQUEST, "Nothing was changed", detail, FOOTER);
    };
    let done = match wish {
        Wish::OneClick => unsubscribe::leave(&engine, &subscription, Leaving::This, &asker).await,
        Wish::Leave(leaving) => unsubscribe::leave(&engine, &subscription, leaving, &asker).await,
        Wish::ComeBack => unsubscribe::come_back(&engine, &subscription, &asker).await,
    };
    match done {
        Err(error) => failed(&error),
        Ok(()) if wish == Wish::OneClick => (StatusCode::OK, "You are unsubscribed.\n").into_response(),
        Ok(()) => Redirect::to(&format!("/unsubscribe/{message}/{signature}")).into_response(),
    }
}

fn asker(request: &Request) -> Asker {
    let user_agent = |headers: &HeaderMap| {
        let value = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes)?;
        Some(String::from_utf8_lossy(value).chars().take(USER_AGENT_CHARS_MAX).collect())
    };
    Asker { ip: Some(peer(request.extensions())), user_agent: user_agent(request.headers()) }
}

fn button(value: &str, label: &str, class: &str) -> String {
    format!("<button class=\"{class}\" name=\"leave\" value=\"{value}\">{}</button>", escape(label))
}

fn shown(subscription: &Subscription) -> Response {
    let (address, sender) = (escape(&subscription.address), escape(subscription.sender()));
    let from = match &subscription.to {
        SubscribedTo::UseCase { use_case, .. } => format!("{} ({sender})", escape(&use_case.entity_name)),
        SubscribedTo::List { .. } => sender,
    };
    let what = escape(subscription.name());
    let everything = subscription.domain().map_or_else(String::new, |domain| {
        button("domain", &format!("Unsubscribe from everything of {domain}"), "button plain")
    });
    let (title, text, buttons) = match (subscription.left_domain, subscription.left) {
        (false, false) => (
            "Unsubscribe",
            format!("<strong>{address}</strong> gets “{what}” from {from}."),
            button("useCase", "Unsubscribe", "button") + &everything,
        ),
        (false, true) => (
            "You are unsubscribed",
            format!("“{what}” from {from} does not come to <strong>{address}</strong> any more."),
            everything + &button("nothing", "Subscribe again", "button plain"),
        ),
        (true, _) => (
            "You are unsubscribed",
            format!(
                "Nothing from {} comes to <strong>{address}</strong> any more.",
                escape(subscription.domain().unwrap_or_default())
            ),
            button("nothing", "Subscribe again", "button plain"),
        ),
    };
    let body =
        format!("<h1>{title}</h1><p>{text}</p><form method=\"post\"><div class=\"actions\">{buttons}</div></form>");
    page(StatusCode::OK, title, "", &body, FOOTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_from_forms_of_both_kinds() {
        assert_eq!(wish(b"List-Unsubscribe=One-Click"), Some(Wish::OneClick));
        let multipart =
            b"--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
        assert_eq!(wish(multipart), Some(Wish::OneClick));
        assert_eq!(wish(b"leave=domain"), Some(Wish::Leave(Leaving::Domain)));
        assert_eq!(wish(b"leave=nothing"), Some(Wish::ComeBack));
        for nothing in [b"".as_slice(), b"leave=", b"leave=all", b"\xff\xfe", b"List-Unsubscribe=Two-Clicks"] {
            assert_eq!(wish(nothing), None);
        }
    }
}
