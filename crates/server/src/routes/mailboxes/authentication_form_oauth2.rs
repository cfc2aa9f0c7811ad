//! Signing in at a provider from an authentication form: on the way there, and back. Owns what the person is shown; tokens are the
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
use crate::app::App;
use crate::client_address::client;
use crate::routes::language::Visitor;

/// Characters of a provider's words that are shown.
const WORDS_CHARS_MAX: usize = 300;

/// A button for each application.
pub(super) async fn buttons(app: &App, opened: &Opened) -> Result<Vec<ProviderButton>, Response> {
    let offers = oauth2::offers(&app.engine, &opened.form).await.map_err(|error| failed(opened.words, &error))?;
    let button = |offer: oauth2::Offer| ProviderButton {
        label: (opened.words.mailbox.sign_in_with)(&offer.title),
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
        Err(EngineError::NotFound { .. }) => {
            page::end(opened.words, StatusCode::NOT_FOUND, &opened.words.mailbox.not_offered)
        }
        Err(error) => failed(opened.words, &error),
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
    let (browser, visitor) = (browser(request.headers()), Visitor::of(request.headers()));
    let back = match oauth2::come_back(&app.engine, &returned.state, browser.as_deref()).await {
        Ok(back) => back,
        Err(refusal) => return refused(visitor, &refusal),
    };
    let words = visitor.stranger(back.form.language);
    if !returned.error.is_empty() {
        let said = format!("{} {}", returned.error, returned.error_description);
        return not_connected(&app, visitor, &back.form, NotConnected::Provider(said));
    }
    if let Err(limited) = limit(&app, words, &back.form, client(request.extensions())) {
        return limited;
    }
    match oauth2::connect(&app.engine, &back, &returned.code).await {
        Ok(outcome) => elsewhere(&authentication_form::onward(&back.form, outcome)),
        Err(why) => not_connected(&app, visitor, &back.form, why),
    }
}

fn not_connected(app: &App, visitor: Visitor, form: &Form, why: NotConnected) -> Response {
    let words = visitor.stranger(form.language);
    let texts = &words.mailbox;
    let link = authentication_form::link_of(&app.engine, form).unwrap_or_default();
    let again = Some((texts.try_again, link.as_str()));
    match why {
        NotConnected::Provider(said) => {
            let said: String = said.trim().chars().filter(|c| !c.is_control()).take(WORDS_CHARS_MAX).collect();
            let text = (texts.provider_refused)(application(form), &said);
            page::notice(words, StatusCode::UNPROCESSABLE_ENTITY, texts.not_connected, &text, again)
        }
        NotConnected::Nobody => {
            page::notice(words, StatusCode::UNPROCESSABLE_ENTITY, texts.not_connected, texts.nobody, again)
        }
        NotConnected::Servers(steps) => page::servers_refused(words, &steps, &link),
        NotConnected::Form(refusal) => refused(visitor, &refusal),
    }
}
