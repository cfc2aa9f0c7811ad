//! Signing in at a provider from an authentication form: on the way there, and back. Owns what is said to the person; tokens are the
//! engine's.

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use engine::EngineError;
use engine::mailboxes::authentication_form::{self, Form};
use engine::mailboxes::oauth2::{self, NotConnected};
use serde::Deserialize;

use super::authentication_form::{Opened, application, browser, failed, limit, open, refused};
use super::authentication_form_page::{self as page, ProviderButton};
use crate::app::{App, peer};

/// Characters of a provider's words that are shown.
const WORDS_CHARS_MAX: usize = 300;

/// A button for each application.
pub(super) async fn buttons(app: &App, opened: &Opened) -> Result<Vec<ProviderButton>, Response> {
    let offers = oauth2::offers(&app.engine, &opened.form).await.map_err(|error| failed(&error))?;
    let button = |offer: oauth2::Offer| ProviderButton {
        label: format!("Sign in with {}", offer.title),
        url: format!("/accounts/new/oauth2?{}&app={}", opened.query, offer.app),
    };
    Ok(offers.into_iter().map(button).collect())
}

/// On the way to the provider: `GET /accounts/new/oauth2`.
pub(super) async fn leave(State(app): State<App>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let opened = match open(&app, &query, request.headers()).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let named = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "app");
    let chosen = named.map(|(_, app)| app.into_owned()).unwrap_or_default();
    leave_for(&app, &opened, &chosen).await
}

pub(super) async fn leave_for(app: &App, opened: &Opened, chosen: &str) -> Response {
    match oauth2::authorize_url(&app.engine, &opened.form, chosen, &opened.browser).await {
        Ok(url) => opened.show(app, elsewhere(&url)),
        Err(EngineError::NotFound { .. }) => page::notice(
            StatusCode::NOT_FOUND,
            "This way to sign in is not offered",
            "It was switched off or taken away. Go back to the application that sent you here and begin again.",
            None,
        ),
        Err(error) => failed(&error),
    }
}

fn elsewhere(url: &str) -> Response {
    let headers = [(header::LOCATION, url.to_owned()), (header::CACHE_CONTROL, "no-store".to_owned())];
    (StatusCode::SEE_OTHER, headers).into_response()
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Returned {
    state: String,
    code: String,
    error: String,
    error_description: String,
}

/// Back from the provider: `GET /oauth`.
pub(super) async fn come_back(State(app): State<App>, Query(returned): Query<Returned>, request: Request) -> Response {
    let browser = browser(request.headers());
    let back = match oauth2::come_back(&app.engine, &returned.state, browser.as_deref()).await {
        Ok(back) => back,
        Err(refusal) => return refused(&refusal),
    };
    if !returned.error.is_empty() {
        let words = format!("{} {}", returned.error, returned.error_description);
        return not_connected(&app, &back.form, NotConnected::Provider(words));
    }
    if let Err(limited) = limit(&app, &back.form, peer(request.extensions())) {
        return limited;
    }
    match oauth2::connect(&app.engine, &back, &returned.code).await {
        Ok(outcome) => elsewhere(&authentication_form::onward(&back.form, outcome)),
        Err(why) => not_connected(&app, &back.form, why),
    }
}

fn not_connected(app: &App, form: &Form, why: NotConnected) -> Response {
    let link = authentication_form::link_of(&app.engine, form).unwrap_or_default();
    let again = Some(("Try again", link.as_str()));
    let title = "Your mailbox is not connected";
    match why {
        NotConnected::Provider(words) => {
            let words: String = words.trim().chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect();
            let text = format!("The provider did not let {} in. It said: {words}", application(form));
            page::notice(StatusCode::UNPROCESSABLE_ENTITY, title, &text, again)
        }
        NotConnected::Nobody => {
            let text = "The provider did not say whose mailbox it is. Ask whoever set this up to add the scopes openid and email.";
            page::notice(StatusCode::UNPROCESSABLE_ENTITY, title, text, again)
        }
        NotConnected::Servers(steps) => page::servers_refused(title, &steps, &link),
        NotConnected::Form(refusal) => refused(&refusal),
    }
}
