//! The dashboard's session: sign in, who am I, sign out.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum_extra::extract::CookieJar;
use engine::{Engine, EngineError, access, events};
use model::key::User;
use model::{EventId, WorkspaceId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::workspaces::WorkspaceRow;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, peer};
use crate::auth;
use crate::problem::{Answer, Problem};
use crate::strict::parse;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show, sign_in, sign_out))
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

#[derive(Serialize, utoipa::ToSchema)]
struct SessionWorkspace {
    id: WorkspaceId,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    user: User,
    workspace: SessionWorkspace,
    /// The newest event at that moment, if there was any: whoever reads more now and opens the stream `after` it misses nothing.
    last_event_id: Option<EventId>,
}

impl Session {
    async fn of(engine: &Engine, user: User, workspace: WorkspaceRow) -> Answer<Self> {
        let newest = events::newest(engine, &workspace.id).await?;
        let workspace = SessionWorkspace { id: workspace.id, name: workspace.name };
        Ok(Self { user, workspace, last_event_id: newest.map(|(id, _)| id) })
    }
}

/// Sign in with an email and a password, or with a one-time link's token
#[utoipa::path(post, path = "/api/v1/session", operation_id = "signIn", tag = "session", request_body = SignIn, security(()), responses((status = 200, description = "Signed in; the cookie is set", body = Session), (status = 401, description = "They do not fit")))]
async fn sign_in(State(app): State<App>, request: Request) -> Answer<(CookieJar, Json<Session>)> {
    use secrecy::ExposeSecret;
    app.limiter.check_sign_in(peer(request.extensions()))?;
    let headers = request.headers().clone();
    if headers.contains_key(axum::http::header::ORIGIN) {
        auth::check_origin(&app, &headers)?;
    }
    let body = axum::body::to_bytes(request.into_body(), 16 * 1024)
        .await
        .map_err(|_| Problem::unreadable("the body is too long"))?;
    let credentials: SignIn = parse(&body)?;
    let signed_in = match credentials {
        SignIn { token: Some(token), .. } => access::sign_in_by_link(&app.engine, token.expose_secret()).await,
        SignIn { email: Some(email), password: Some(password), .. } => {
            app.limiter.check_account(&email)?;
            access::sign_in(&app.engine, &email, password).await
        }
        _ => {
            return Err(Problem::invalid(vec![engine::FieldError::new(
                "/email",
                "an email and a password, or a token, are needed",
            )]));
        }
    };
    let signed_in = signed_in.map_err(|error| match error {
        EngineError::Forbidden(detail) => Problem::unauthenticated(detail),
        other => other.into(),
    })?;
    let cookie = auth::session_cookie(&app, signed_in.token.expose_secret().to_owned(), signed_in.seconds);
    let session = Session::of(&app.engine, signed_in.user, signed_in.workspace).await?;
    Ok((CookieJar::new().add(cookie), Json(session)))
}

/// Who is signed in
#[utoipa::path(get, path = "/api/v1/session", operation_id = "getSession", tag = "session", responses((status = 200, description = "The user and the workspace", body = Session), (status = 401, description = "Nobody is")))]
async fn show(State(app): State<App>, headers: HeaderMap) -> Answer<Json<Session>> {
    let found = auth::session(&app.engine, &headers).await?;
    let (principal, user) = found.ok_or_else(|| Problem::unauthenticated("nobody is signed in"))?;
    let workspace = access::workspace(&app.engine, &principal.workspace_id).await?;
    Ok(Json(Session::of(&app.engine, user, workspace).await?))
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
