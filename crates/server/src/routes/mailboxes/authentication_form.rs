//! Connecting a mailbox in a browser, without an account here: the form an application asks for, and its two pages. Owns cookies,
//! fields and what is shown where; what a form allows is the engine's to say.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use engine::mailboxes::authentication_form::{self, Form, FormRefusal};
use engine::words::{Notice, Words};
use engine::{EngineError, tokens};
use model::authentication_form::FormRequest;
use serde_json::{Value, json};

use super::accounts::AccountBody;
use super::authentication_form_fields::{Said, failed_fields, field_of, filled, found_words, is_address, prefilled};
use super::authentication_form_oauth2::{buttons, leave_for};
use super::authentication_form_page::{self as page, FieldMistake, Fields, Frame, Tried};
use super::error::{Answered, Asker, Body};
use crate::app::App;
use crate::auth;
use crate::client_address::client;
use crate::problem::Problem;
use crate::routes::language::Visitor;

/// Bytes of a filled-in form.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// Ties the pages to the browser they were shown in. Lax: a provider sends the person back from its own site.
const COOKIE: &str = "postroom_form";
/// Characters of the cookie, five random bits each, and how long it lasts, hours.
const COOKIE_CHARS: usize = 26;
const COOKIE_HOURS: i64 = 24;

/// `POST /v1/authentication/form`.
pub(super) async fn create(
    State(app): State<App>,
    Asker(principal): Asker,
    Body(body): Body<AccountBody>,
) -> Answered<Json<Value>> {
    let request: FormRequest = body.form();
    let url = authentication_form::create(&app.engine, &principal, request).await?;
    Ok(Json(json!({ "url": url })))
}

/// A page that ends here, whether it went well or not.
type Page = Result<Response, Response>;

/// The form of a link, and the browser it is shown in.
pub(super) struct Opened {
    pub form: Form,
    pub words: &'static Words,
    visitor: Visitor,
    pub query: String,
    pub browser: String,
    cookies: CookieJar,
}

impl Opened {
    fn frame(&self, app: &App) -> Frame<'_> {
        Frame {
            words: self.words,
            query: self.query.clone(),
            token: authentication_form::page_token(&app.engine, &self.form.id, &self.browser),
            application: application(&self.form),
        }
    }

    /// With the cookie that the page counts on.
    pub(super) fn show(&self, app: &App, page: Response) -> Response {
        let cookie = Cookie::build((COOKIE, self.browser.clone()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(app.public_origin.starts_with("https:"))
            .max_age(time::Duration::hours(COOKIE_HOURS));
        (self.cookies.clone().add(cookie), page).into_response()
    }
}

/// The host a person goes on to.
pub(super) fn application(form: &Form) -> &str {
    let url = form.request.redirect_url.split_once("://").map_or("", |(_, rest)| rest);
    url.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The browser's own mark, if it has one of ours.
pub(super) fn browser(headers: &HeaderMap) -> Option<String> {
    let cookie = CookieJar::from_headers(headers).get(COOKIE).map(|cookie| cookie.value().to_owned());
    cookie.filter(|value| value.len() == COOKIE_CHARS && value.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

pub(super) async fn open(app: &App, query: &str, headers: &HeaderMap) -> Result<Opened, Response> {
    let named = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (data, signature) = (named("data"), named("sig"));
    let visitor = Visitor::of(headers);
    let form = authentication_form::open(&app.engine, &data, &signature).await;
    let form = form.map_err(|refusal| refused(visitor, &refusal))?;
    let words = visitor.stranger(form.language);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("data", &data)
        .append_pair("sig", &signature)
        .finish();
    let browser = browser(headers).unwrap_or_else(|| tokens::random(COOKIE_CHARS));
    Ok(Opened { form, words, visitor, query, browser, cookies: CookieJar::new() })
}

/// Why a form can't be filled in, and what to do.
pub(super) fn refused(visitor: Visitor, refusal: &FormRefusal) -> Response {
    let words = visitor.stranger(None);
    match refusal {
        FormRefusal::Altered => page::end(words, StatusCode::FORBIDDEN, &words.mailbox.altered),
        FormRefusal::Expired => page::end(words, StatusCode::GONE, &words.mailbox.expired),
        FormRefusal::Spent { form, outcome } => {
            let words = visitor.stranger(form.language);
            let Notice { title, text } = words.mailbox.spent;
            let label = (words.mailbox.on_to)(application(form));
            let url = authentication_form::onward(form, *outcome);
            page::notice(words, StatusCode::GONE, title, text, Some((&label, &url)))
        }
        FormRefusal::Failed(error) => failed(words, error),
    }
}

/// Ours to mend, or to try again.
pub(super) fn failed(words: &Words, error: &EngineError) -> Response {
    let request_id = crate::observe::request_id();
    tracing::error!(%error, request_id, "a mailbox could not be connected");
    let text = (words.page.failed_text)(&request_id);
    page::notice(words, StatusCode::SERVICE_UNAVAILABLE, words.page.failed, &text, None)
}

/// The first page.
pub(super) async fn show(State(app): State<App>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let opened = match open(&app, &query, request.headers()).await {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let asked = &opened.form.request;
    let fields = Fields {
        name: asked.name.clone().unwrap_or_default(),
        email: asked.email.clone().unwrap_or_default(),
        ..Fields::default()
    };
    if !opened.form.request.takes_passwords() {
        // One way alone is asked for: straight there.
        let chosen = asked.sign_in.clone().unwrap_or_default();
        return leave_for(&app, &opened, &chosen).await;
    }
    let shown = who(&app, &opened, StatusCode::OK, &fields, &[]).await;
    opened.show(&app, shown)
}

async fn who(app: &App, opened: &Opened, status: StatusCode, fields: &Fields, mistakes: &[FieldMistake]) -> Response {
    match buttons(app, opened).await {
        Ok(buttons) => page::who(status, &opened.frame(app), fields, mistakes, &buttons),
        Err(failed) => failed,
    }
}

/// What was filled in.
pub(super) async fn submit(State(app): State<App>, request: Request) -> Response {
    submitted(&app, request).await.unwrap_or_else(|page| page)
}

async fn submitted(app: &App, request: Request) -> Page {
    let (headers, from) = (request.headers().clone(), client(request.extensions()));
    let opened = open(app, request.uri().query().unwrap_or_default(), &headers).await?;
    if !opened.form.request.takes_passwords() {
        return Err(refused(opened.visitor, &FormRefusal::Altered));
    }
    let bytes = axum::body::to_bytes(request.into_body(), FORM_BYTES_MAX).await;
    let said = bytes
        .ok()
        .and_then(|bytes| Said::read(&bytes))
        .ok_or_else(|| page::end(opened.words, StatusCode::PAYLOAD_TOO_LARGE, &opened.words.mailbox.too_long))?;
    let foreign = headers.contains_key(header::ORIGIN) && auth::check_origin(app, &headers).is_err();
    let ours = authentication_form::is_page_token(&app.engine, &opened.form.id, &opened.browser, said.get("token"));
    if foreign || !ours {
        return Err(not_from_our_page(&opened));
    }
    let shown = match said.get("step") {
        "find" => find(app, &opened, &said, from).await?,
        _ => connect(app, &opened, &said, from).await?,
    };
    Ok(opened.show(app, shown))
}

fn not_from_our_page(opened: &Opened) -> Response {
    let Notice { title, text } = opened.words.mailbox.open_too_long;
    let again = format!("/accounts/new?{}", opened.query);
    let again = Some((opened.words.mailbox.try_again, again.as_str()));
    page::notice(opened.words, StatusCode::FORBIDDEN, title, text, again)
}

/// How often servers are tried is limited, for the form and for the address that asks.
pub(super) fn limit(app: &App, words: &Words, form: &Form, from: std::net::IpAddr) -> Result<(), Response> {
    app.limiter.check_probe(form.id.as_str(), from).map_err(|problem: Problem| {
        let seconds = problem.retry_after_seconds.unwrap_or(1);
        let (title, text) = (words.mailbox.too_often, (words.mailbox.too_often_text)(seconds));
        let mut shown = page::notice(words, StatusCode::TOO_MANY_REQUESTS, title, &text, None);
        shown.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        shown
    })
}

/// From the first page to the second.
async fn find(app: &App, opened: &Opened, said: &Said, from: std::net::IpAddr) -> Page {
    let mut fields = said.fields();
    if !is_address(&fields.email) {
        let mistakes = [("email", opened.words.mailbox.enter_address.to_owned())];
        return Ok(who(app, opened, StatusCode::UNPROCESSABLE_ENTITY, &fields, &mistakes).await);
    }
    limit(app, opened.words, &opened.form, from)?;
    let found = authentication_form::discover(&app.engine, &fields.email).await;
    let found = found.map_err(|error| failed(opened.words, &error))?;
    fields.imap = prefilled(found.imap.as_ref(), &fields.email, "993");
    fields.smtp = prefilled(found.smtp.as_ref(), &fields.email, "465");
    fields.same = fields.smtp.user == fields.imap.user;
    let found = found_words(&found, &opened.words.mailbox);
    Ok(page::servers(StatusCode::OK, &opened.frame(app), &fields, &[], Some(found), &Tried::default()))
}

/// From the second page to the account.
async fn connect(app: &App, opened: &Opened, said: &Said, from: std::net::IpAddr) -> Page {
    let fields = said.fields();
    if !is_address(&fields.email) {
        let mistakes = [("email", opened.words.mailbox.enter_address.to_owned())];
        return Ok(who(app, opened, StatusCode::UNPROCESSABLE_ENTITY, &fields, &mistakes).await);
    }
    let again = |mistakes: &[FieldMistake], tried: &Tried| {
        page::servers(StatusCode::UNPROCESSABLE_ENTITY, &opened.frame(app), &fields, mistakes, None, tried)
    };
    let filled = match filled(&fields, said, &opened.words.mailbox) {
        Ok(filled) => filled,
        Err(mistakes) => return Ok(again(&mistakes, &Tried::default())),
    };
    limit(app, opened.words, &opened.form, from)?;
    let (imap, smtp) = authentication_form::try_out(&app.engine, &filled).await;
    let tried = Tried { imap, smtp };
    let mistakes = failed_fields(&tried.imap, &tried.smtp, fields.same, &opened.words.mailbox);
    if !mistakes.is_empty() {
        return Ok(again(&mistakes, &tried));
    }
    match authentication_form::connect(&app.engine, &opened.form, filled).await {
        Ok(outcome) => {
            let url = authentication_form::onward(&opened.form, outcome);
            Ok(page::connected(opened.words, application(&opened.form), &url))
        }
        Err(FormRefusal::Failed(EngineError::Invalid(errors))) => {
            let mistakes: Vec<FieldMistake> =
                errors.into_iter().map(|error| (field_of(&error.pointer), error.detail)).collect();
            Ok(again(&mistakes, &tried))
        }
        Err(refusal) => Err(refused(opened.visitor, &refusal)),
    }
}
