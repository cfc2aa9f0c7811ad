//! `/unsubscribe/…`: where the link of a mail leads. A mail program's one click (RFC 8058) is a POST and works without cookies; opening
//! the link changes nothing, and shows a page that asks. Owns what is shown there; what an opt-out stops is the engine's.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use engine::unsubscribe::{self, Asker, Leaving, SubscribedTo, Subscription};
use engine::words::{Notice, Words};
use engine::{Engine, EngineError};

use super::language::Visitor;
use super::page::{escape, notice, page};
use crate::app::App;
use crate::client_address::client;
use crate::observe;

/// Bytes of a filled-in form, or of a mail program's.
const FORM_BYTES_MAX: usize = 4 * 1024;
/// Characters of a user agent that are kept.
const USER_AGENT_CHARS_MAX: usize = 300;

pub fn router() -> Router<App> {
    Router::new().route("/unsubscribe/{message}/{signature}", get(show).post(change))
}

/// What the link speaks of and the words for it, or why there is nothing.
async fn find(
    engine: &Engine,
    visitor: Visitor,
    message: &str,
    signature: &str,
) -> Result<(Subscription, &'static Words), Response> {
    match unsubscribe::look_up(engine, message, signature).await {
        Ok(subscription) => {
            let words = visitor.mail_reader(subscription.language);
            Ok((subscription, words))
        }
        Err(EngineError::NotFound { .. }) => {
            let words = visitor.mail_reader(None);
            Err(said(words, StatusCode::NOT_FOUND, &words.unsubscribe.no_link))
        }
        Err(error) => Err(failed(visitor.mail_reader(None), &error)),
    }
}

fn said(words: &Words, status: StatusCode, said: &Notice) -> Response {
    notice(words.language, status, said.title, said.text, words.page.footer)
}

fn failed(words: &Words, error: &EngineError) -> Response {
    let request_id = observe::request_id();
    tracing::error!(%error, request_id, "an opt-out could not be looked up or kept");
    let text = (words.page.failed_text)(&request_id);
    notice(words.language, StatusCode::SERVICE_UNAVAILABLE, words.page.failed, &text, words.page.footer)
}

async fn show(
    State(engine): State<Engine>,
    Path((message, signature)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match find(&engine, Visitor::of(&headers), &message, &signature).await {
        Ok((subscription, words)) => shown(words, &subscription),
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
    let (subscription, words) = match find(&engine, Visitor::of(request.headers()), &message, &signature).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if let Err(too_often) = limiter.check_opt_out(&subscription.mail_id) {
        return too_often.into_response();
    }
    let asker = asker(&request);
    let Ok(body) = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await else {
        return said(words, StatusCode::PAYLOAD_TOO_LARGE, &words.unsubscribe.too_long);
    };
    let Some(wish) = wish(&body) else {
        return said(words, StatusCode::BAD_REQUEST, &words.unsubscribe.nothing_changed);
    };
    let done = match wish {
        Wish::OneClick => unsubscribe::leave(&engine, &subscription, Leaving::This, &asker).await,
        Wish::Leave(leaving) => unsubscribe::leave(&engine, &subscription, leaving, &asker).await,
        Wish::ComeBack => unsubscribe::come_back(&engine, &subscription, &asker).await,
    };
    match done {
        Err(error) => failed(words, &error),
        // A mail program reads it, and shows it to nobody.
        Ok(()) if wish == Wish::OneClick => (StatusCode::OK, "You are unsubscribed.\n").into_response(),
        Ok(()) => Redirect::to(&format!("/unsubscribe/{message}/{signature}")).into_response(),
    }
}

fn asker(request: &Request) -> Asker {
    let user_agent = |headers: &HeaderMap| {
        let value = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes)?;
        Some(String::from_utf8_lossy(value).chars().take(USER_AGENT_CHARS_MAX).collect())
    };
    Asker { ip: Some(client(request.extensions())), user_agent: user_agent(request.headers()) }
}

fn button(value: &str, label: &str, class: &str) -> String {
    format!("<button class=\"{class}\" name=\"leave\" value=\"{value}\">{}</button>", escape(label))
}

fn shown(words: &Words, subscription: &Subscription) -> Response {
    let texts = &words.unsubscribe;
    let address = format!("<strong>{}</strong>", escape(&subscription.address));
    let sender = escape(subscription.sender());
    let from = match &subscription.to {
        SubscribedTo::UseCase { use_case, .. } => format!("{} ({sender})", escape(&use_case.entity_name)),
        SubscribedTo::List { .. } => sender,
    };
    let what = escape(subscription.name());
    let everything = subscription
        .domain()
        .map_or_else(String::new, |domain| button("domain", &(texts.leave_domain)(domain), "button plain"));
    let come_back = button("nothing", texts.come_back, "button plain");
    // The texts hold no markup of their own; what is put into them is escaped.
    let (title, text, buttons) = match (subscription.left_domain, subscription.left) {
        (false, false) => {
            (texts.leave, (texts.gets)(&address, &what, &from), button("useCase", texts.leave, "button") + &everything)
        }
        (false, true) => (texts.left, (texts.left_text)(&what, &from, &address), everything + &come_back),
        (true, _) => {
            let domain = escape(subscription.domain().unwrap_or_default());
            (texts.left, (texts.left_domain_text)(&domain, &address), come_back)
        }
    };
    let body = format!(
        "<h1>{}</h1><p>{text}</p><form method=\"post\"><div class=\"actions\">{buttons}</div></form>",
        escape(title)
    );
    page(words.language, StatusCode::OK, title, "", &body, words.page.footer)
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
