//! Who is asking: an API key, or the dashboard's session cookie with our own origin. Owns headers and cookies; what a key may do
//! is the engine's to say.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use engine::access::{self, Present};
use model::UserId;
use model::key::{Actor, Principal};

use crate::app::App;
use crate::problem::Problem;

pub const SESSION_COOKIE: &str = "postroom_session";

/// Whoever asks, checked.
pub struct Caller(pub Principal);

impl Caller {
    /// The user, if one asks and not a program.
    pub fn user(&self) -> Option<&UserId> {
        match &self.0.actor {
            Actor::User(id, _) => Some(id),
            Actor::Key(_) => None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    App: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let app = App::from_ref(state);
        let principal = authenticate(&app, &parts.method, parts.uri.path(), &parts.headers).await?;
        app.limiter.check(&principal)?;
        Ok(Self(principal))
    }
}

/// The headers, with the key that a query may carry.
///
/// # Errors
/// It has characters that no key has.
pub fn with_access_token(query: Option<&str>, mut headers: HeaderMap) -> Result<HeaderMap, Problem> {
    let query = query.unwrap_or_default();
    let token = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "access_token");
    if let Some((_, token)) = token {
        let value = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| Problem::unreadable("the access token has characters that no key has"))?;
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(headers)
}

/// Whether somebody may ask there who has to set up a second factor first: to see who they are, and to do it.
fn leads_to_second_factor(path: &str) -> bool {
    let own = path.strip_prefix("/api/v1/users/me").unwrap_or(path);
    own.is_empty() || own == "/second-factor" || own.starts_with("/second-factor/")
}

/// Who asks with these headers, for what is at `path`.
///
/// # Errors
/// 401 without a good key or session, 403 for a change with a cookie from another origin, or from somebody without the second factor that
/// their workspace wants.
pub async fn authenticate(app: &App, method: &Method, path: &str, headers: &HeaderMap) -> Result<Principal, Problem> {
    if let Some(key) = api_key(headers) {
        let found = access::by_api_key(&app.engine, key).await?;
        return found.ok_or_else(|| Problem::unauthenticated("the API key is not known, or was deleted"));
    }
    let missing = || Problem::unauthenticated("an API key is needed: `Authorization: Bearer <key>`");
    let present = session(app, headers).await?.ok_or_else(missing)?;
    if !method.is_safe() {
        check_origin(app, headers)?;
    }
    if present.needs_second_factor && !leads_to_second_factor(path) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "secondFactorRequired",
            "this workspace wants everybody to have a second factor: set one up first, in the profile or at /api/v1/users/me/second-factor",
        ));
    }
    Ok(present.principal)
}

/// The key of `Authorization: Bearer` or `X-API-Key`.
fn api_key(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    bearer.or_else(|| headers.get("x-api-key").and_then(|value| value.to_str().ok()))
}

/// The token of the session cookie.
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    CookieJar::from_headers(headers).get(SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
}

/// Whom the session cookie speaks for.
///
/// # Errors
/// What the store says.
pub async fn session(app: &App, headers: &HeaderMap) -> Result<Option<Present>, Problem> {
    match session_token(headers) {
        Some(token) => Ok(access::by_session(&app.engine, &token, user_agent(headers)).await?),
        None => Ok(None),
    }
}

/// What the browser calls itself.
pub fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())
}

/// A change that comes with a cookie must come from our own pages: the public URL's origin, or the host that was asked.
///
/// # Errors
/// 403 for another origin, or none.
pub fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN)
        .ok_or_else(|| Problem::forbidden("a change with a session cookie needs an Origin header"))?;
    let host = text(header::HOST).unwrap_or_default();
    let same_host =
        origin.split_once("://").is_some_and(|(_, authority)| !host.is_empty() && authority.eq_ignore_ascii_case(host));
    if same_host || origin.eq_ignore_ascii_case(&app.public_origin) {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "a change with a session cookie must come from {}, not from {origin}",
        app.public_origin
    )))
}

/// The cookie of a session that lasts `seconds`; 0 takes it away.
pub fn session_cookie(app: &App, token: String, seconds: u64) -> Cookie<'static> {
    let age = i64::try_from(seconds).unwrap_or(i64::MAX);
    Cookie::build((SESSION_COOKIE, token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.public_origin.starts_with("https:"))
        .max_age(time::Duration::seconds(age))
        .build()
}
