//! The dashboard's session: sign in, in one step or two, who am I, sign out.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use engine::access::{self, FirstStep, SignedIn};
use engine::{EngineError, events};
use model::key::User;
use model::{EventId, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::workspaces::WorkspaceRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth;
use crate::client_address::client;
use crate::problem::{Answer, Problem};
use crate::strict::parse;

const BODY_BYTES_MAX: usize = 16 * 1024;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, sign_in, sign_out)).routes(routes!(second_step))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: Option<String>,
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
    /// Of a one-time link, instead of the two.
    #[schema(value_type = Option<String>)]
    token: Option<SecretString>,
}

/// The second step of a sign-in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondStep {
    /// What the first step answered.
    #[schema(value_type = String)]
    token: SecretString,
    /// Six digits of the app, or a recovery code.
    #[schema(value_type = String)]
    code: SecretString,
}

/// A code is needed, too.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct CodeNeeded {
    /// For `POST /api/v1/session/second-step`.
    token: String,
    /// How long it is good.
    expires_in_seconds: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct SessionWorkspace {
    id: WorkspaceId,
    name: String,
    /// Of the dashboard, for people who chose none; null: their browser's.
    language: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct SignedInSession {
    user: User,
    workspace: SessionWorkspace,
    /// The workspace wants a second factor and the user has none: all else answers 403 until it is set up.
    needs_second_factor: bool,
    /// A new password of the user's own takes the present one (`currentPassword`).
    needs_current_password: bool,
    /// The newest event at that moment, if there was any: whoever reads more now and opens the stream `after` it misses nothing.
    last_event_id: Option<EventId>,
}

impl SignedInSession {
    async fn of(app: &App, user: User, workspace: WorkspaceRow, needs: Needs) -> Answer<Self> {
        let newest = events::newest(&app.engine, &workspace.id).await?;
        let workspace = SessionWorkspace { id: workspace.id, name: workspace.name, language: workspace.language };
        let Needs { second_factor, current_password } = needs;
        Ok(Self {
            user,
            workspace,
            needs_second_factor: second_factor,
            needs_current_password: current_password,
            last_event_id: newest.map(|(id, _)| id),
        })
    }
}

/// What a session has to do or to say.
struct Needs {
    second_factor: bool,
    current_password: bool,
}

/// Reads what somebody signs in with, as often as their network address may try.
async fn credentials<T: DeserializeOwned>(app: &App, request: Request) -> Answer<(T, HeaderMap)> {
    app.limiter.check_sign_in(client(request.extensions()))?;
    let headers = request.headers().clone();
    if headers.contains_key(axum::http::header::ORIGIN) {
        auth::check_origin(app, &headers)?;
    }
    let body = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX)
        .await
        .map_err(|_| Problem::from(EngineError::TooLarge { limit: BODY_BYTES_MAX as u64 }))?;
    Ok((parse(&body)?, headers))
}

fn refused(error: EngineError) -> Problem {
    match error {
        EngineError::Forbidden(detail) => Problem::unauthenticated(detail),
        other => other.into(),
    }
}

async fn begun(app: &App, signed_in: SignedIn) -> Answer<Response> {
    let cookie = auth::session_cookie(app, signed_in.token.expose_secret().to_owned(), signed_in.seconds);
    let needs =
        Needs { second_factor: signed_in.needs_second_factor, current_password: signed_in.needs_current_password };
    let session = SignedInSession::of(app, signed_in.user, signed_in.workspace, needs).await?;
    Ok((CookieJar::new().add(cookie), Json(session)).into_response())
}

/// Sign in with an email and a password, or with a one-time link's token
#[utoipa::path(post, path = "/api/v1/session", operation_id = "signIn", tag = "session", request_body = SignIn, security(()),
    responses((status = 200, description = "Signed in; the cookie is set", body = SignedInSession),
        (status = 202, description = "They fit, and a code of the second factor is needed", body = CodeNeeded),
        (status = 401, description = "They do not fit")))]
async fn sign_in(State(app): State<App>, request: Request) -> Answer<Response> {
    let (given, headers) = credentials(&app, request).await?;
    let user_agent = auth::user_agent(&headers);
    let step = match given {
        SignIn { token: Some(token), .. } => {
            access::sign_in_by_link(&app.engine, token.expose_secret(), user_agent).await
        }
        SignIn { email: Some(email), password: Some(password), .. } => {
            app.limiter.check_account(&email)?;
            access::sign_in(&app.engine, &email, password, user_agent).await
        }
        _ => {
            return Err(Problem::invalid(vec![engine::FieldError::new(
                "/email",
                "an email and a password, or a token, are needed",
            )]));
        }
    };
    match step.map_err(refused)? {
        FirstStep::Done(signed_in) => begun(&app, *signed_in).await,
        FirstStep::CodeNeeded { token, seconds } => {
            let needed = CodeNeeded { token: token.expose_secret().to_owned(), expires_in_seconds: seconds };
            Ok((StatusCode::ACCEPTED, Json(needed)).into_response())
        }
    }
}

/// The second step of a sign-in: a code of the authenticator app, or a recovery code
#[utoipa::path(post, path = "/api/v1/session/second-step", operation_id = "signInSecondStep", tag = "session",
    request_body = SecondStep, security(()),
    responses((status = 200, description = "Signed in; the cookie is set", body = SignedInSession),
        (status = 401, description = "The code does not fit, was used before, or the first step is over"),
        (status = 429, description = "Too many codes of this account did not fit")))]
async fn second_step(State(app): State<App>, request: Request) -> Answer<Response> {
    let (given, headers): (SecondStep, _) = credentials(&app, request).await?;
    let user_agent = auth::user_agent(&headers);
    let (token, code) = (given.token.expose_secret(), given.code.expose_secret());
    let signed_in = access::second_step(&app.engine, token, code, user_agent).await.map_err(refused)?;
    begun(&app, signed_in).await
}

/// Who is signed in
#[utoipa::path(get, path = "/api/v1/session", operation_id = "getSession", tag = "session", responses((status = 200, description = "The user and the workspace", body = SignedInSession), (status = 401, description = "Nobody is")))]
async fn show(State(app): State<App>, headers: HeaderMap) -> Answer<Json<SignedInSession>> {
    let found = auth::session(&app, &headers).await?;
    let present = found.ok_or_else(|| Problem::unauthenticated("nobody is signed in"))?;
    let needs = Needs { second_factor: present.needs_second_factor, current_password: present.needs_current_password };
    Ok(Json(SignedInSession::of(&app, present.user, present.workspace, needs).await?))
}

/// Sign out
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "signOut", tag = "session", responses((status = 204, description = "Signed out")))]
async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Answer<(StatusCode, CookieJar)> {
    if let Some(token) = auth::session_token(&headers) {
        auth::check_origin(&app, &headers)?;
        access::sign_out(&app.engine, &token).await?;
    }
    Ok((StatusCode::NO_CONTENT, CookieJar::new().add(auth::session_cookie(&app, String::new(), 0))))
}
