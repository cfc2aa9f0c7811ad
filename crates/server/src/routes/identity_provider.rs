//! `/api/v1/workspace/identity-provider`: where the workspace's people may sign in with OpenID Connect; and `/sign-in/provider/…`, where
//! browsers leave for it and come back.

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use engine::Engine;
use engine::identity_providers::{self, CALLBACK_PATH, ProviderSettings, Refusal, Return};
use model::IdentityProviderId;
use model::identity_provider::IdentityProvider;
use model::key::Role;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::channels::TestResult;
use crate::app::App;
use crate::auth::{self, Caller};
use crate::client_address::client;
use crate::problem::{Answer, Problem};
use crate::strict::{StrictJson, TextPath};

const ATTEMPT_COOKIE: &str = "postroom_sign_in_attempt";
const PROVIDER_PATH: &str = "/sign-in/provider";

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, put, delete)).routes(routes!(test)).routes(routes!(offered))
}

/// Pages a browser is sent through; no part of the API.
pub fn pages() -> Router<App> {
    Router::new().route(CALLBACK_PATH, get(come_back)).route("/sign-in/provider/{id}", get(leave))
}

/// The identity provider that the workspace's people may sign in with.
#[utoipa::path(get, path = "/api/v1/workspace/identity-provider", operation_id = "getIdentityProvider", tag = "workspace",
    responses((status = 200, body = IdentityProvider), (status = 404, description = "None is set up")))]
async fn show(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<IdentityProvider>> {
    Ok(Json(identity_providers::get(&engine, &principal).await?))
}

/// All of a provider's settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = IdentityProviderInput)]
struct Body {
    /// On the sign-in page, for everybody to see.
    name: String,
    /// An https URL, as the provider calls itself.
    issuer: String,
    client_id: String,
    /// Write-only. Left out, the one that is kept stays, as long as the issuer does.
    #[schema(value_type = Option<String>)]
    client_secret: Option<SecretString>,
    /// Only people with an email address of these come in; none: those who are users already.
    #[serde(default)]
    email_domains: Vec<String>,
    /// Of people who are added; `agent` where it is not said.
    #[serde(default = "agent")]
    role: Role,
    /// Whether people who are no users yet are added. It needs email domains.
    #[serde(default)]
    creates_people: bool,
    /// `true` where it is not said.
    #[serde(default = "on")]
    enabled: bool,
}

fn agent() -> Role {
    Role::Agent
}

fn on() -> bool {
    true
}

impl From<Body> for ProviderSettings {
    fn from(body: Body) -> Self {
        Self {
            name: body.name,
            issuer: body.issuer,
            client_id: body.client_id,
            client_secret: body.client_secret,
            email_domains: body.email_domains,
            role: body.role,
            creates_people: body.creates_people,
            enabled: body.enabled,
        }
    }
}

/// Sets the identity provider up, in the place of the one there was. Administrators alone do.
#[utoipa::path(put, path = "/api/v1/workspace/identity-provider", operation_id = "putIdentityProvider", tag = "workspace",
    request_body = Body, responses((status = 200, body = IdentityProvider), (status = 409, description = "Nobody could sign in any more")))]
async fn put(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<Body>,
) -> Answer<Json<IdentityProvider>> {
    Ok(Json(identity_providers::put(&engine, &principal, body.into()).await?))
}

/// Takes the identity provider away. Administrators alone do.
#[utoipa::path(delete, path = "/api/v1/workspace/identity-provider", operation_id = "deleteIdentityProvider", tag = "workspace",
    responses((status = 204, description = "It is gone"), (status = 409, description = "Nobody could sign in any more")))]
async fn delete(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<StatusCode> {
    identity_providers::delete(&engine, &principal).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries an identity provider's settings without keeping them.
#[utoipa::path(post, path = "/api/v1/workspace/identity-provider/test", operation_id = "testIdentityProvider", tag = "workspace",
    request_body = Body, responses((status = 200, description = "A result a step", body = TestResult)))]
async fn test(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<Body>,
) -> Answer<Json<TestResult>> {
    Ok(Json(identity_providers::test(&engine, &principal, body.into()).await?.into()))
}

/// A way to sign in.
#[derive(Serialize, ToSchema)]
struct SignInProvider {
    /// `/sign-in/provider/{id}` is where a browser goes.
    id: IdentityProviderId,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct SignInProviders {
    items: Vec<SignInProvider>,
}

/// What the sign-in page offers beside a password
#[utoipa::path(get, path = "/api/v1/session/providers", operation_id = "listSignInProviders", tag = "session", security(()),
    responses((status = 200, description = "Identity providers, by their names", body = SignInProviders)))]
async fn offered(State(engine): State<Engine>) -> Answer<Json<SignInProviders>> {
    let offered = identity_providers::offered(&engine).await?;
    Ok(Json(SignInProviders { items: offered.into_iter().map(|(id, name)| SignInProvider { id, name }).collect() }))
}

/// Kept by the browser while somebody is at the provider. `Lax`: they come back from another site.
fn attempt_cookie(app: &App, attempt: String, seconds: u64) -> Cookie<'static> {
    Cookie::build((ATTEMPT_COOKIE, attempt))
        .path(PROVIDER_PATH)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.public_origin.starts_with("https:"))
        .max_age(time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
        .build()
}

fn refused(app: &App, refusal: Refusal) -> Response {
    let forgotten = CookieJar::new().add(attempt_cookie(app, String::new(), 0));
    (forgotten, Redirect::to(&format!("/sign-in?refused={}", refusal.as_str()))).into_response()
}

async fn leave(State(app): State<App>, TextPath(id): TextPath<String>, request: Request) -> Answer<Response> {
    app.limiter.check_sign_in(client(request.extensions()))?;
    let Ok(id) = id.parse() else { return Ok(refused(&app, Refusal::Off)) };
    Ok(match identity_providers::start(&app.engine, &id).await? {
        Ok(departure) => {
            let cookie = attempt_cookie(&app, departure.attempt, departure.seconds);
            (CookieJar::new().add(cookie), Redirect::to(&departure.url)).into_response()
        }
        Err(refusal) => refused(&app, refusal),
    })
}

/// What a provider may say; what else it says is passed over (RFC 6749 §4.1.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Back {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    iss: Option<String>,
}

async fn come_back(State(app): State<App>, headers: HeaderMap, request: Request) -> Answer<Response> {
    app.limiter.check_sign_in(client(request.extensions()))?;
    let Query(back) = Query::<Back>::try_from_uri(request.uri())
        .map_err(|_| Problem::unreadable("the provider's answer can't be read"))?;
    let attempt = CookieJar::from_headers(&headers).get(ATTEMPT_COOKIE).map(|cookie| cookie.value().to_owned());
    let back = Return { code: back.code, state: back.state, error: back.error, iss: back.iss };
    let finished =
        identity_providers::finish(&app.engine, attempt.as_deref(), back, auth::user_agent(&headers)).await?;
    Ok(match finished {
        Ok(signed_in) => {
            let session = auth::session_cookie(&app, signed_in.token.expose_secret().to_owned(), signed_in.seconds);
            let cookies = CookieJar::new().add(session).add(attempt_cookie(&app, String::new(), 0));
            (cookies, Redirect::to("/")).into_response()
        }
        Err(refusal) => refused(&app, refusal),
    })
}
