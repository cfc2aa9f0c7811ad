//! An OpenID provider on loopback: everybody who comes to sign in is the same person and agrees. It checks what it is sent as a strict
//! one does, ends every refresh token with its use, and can take tokens back.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub const CLIENT_ID: &str = "postroom-at-the-provider";
pub const CLIENT_SECRET: &str = "client-secret-of-the-provider";
/// How every access token begins, and every refresh token.
pub const ACCESS: &str = "access-secret-";
pub const REFRESH: &str = "refresh-secret-";

type Fields = BTreeMap<String, String>;

#[derive(Default)]
struct Books {
    /// The request of each code that was not used yet.
    codes: BTreeMap<String, Fields>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    number: u32,
    renewed: u32,
    /// Tokens that a mail server asked about and that were not good.
    bad: u32,
    lasts_seconds: u32,
    /// Why a sign-in was not granted, for whoever reads a failed test.
    refusals: Vec<String>,
}

#[derive(Clone)]
pub struct OAuth2Provider {
    pub address: SocketAddr,
    /// Who signs in.
    email: &'static str,
    books: Arc<Mutex<Books>>,
}

impl OAuth2Provider {
    pub async fn start(email: &'static str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let books = Books { lasts_seconds: 3_600, ..Books::default() };
        let provider = Self { address, email, books: Arc::new(Mutex::new(books)) };
        let router = Router::new()
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/introspect", post(introspect))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("the books")
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// How long the next access tokens last.
    pub fn lasts(&self, seconds: u32) {
        self.books().lasts_seconds = seconds;
    }

    /// No access token is good any more.
    pub fn end_access(&self) {
        self.books().access.clear();
    }

    /// The person took the consent back.
    pub fn end_all(&self) {
        self.books().refresh.clear();
        self.end_access();
    }

    /// How many tokens were renewed.
    pub fn renewed(&self) -> u32 {
        self.books().renewed
    }

    pub fn bad(&self) -> u32 {
        self.books().bad
    }

    pub fn refusals(&self) -> Vec<String> {
        self.books().refusals.clone()
    }

    fn grant(&self, nonce: Option<&str>) -> Response {
        let mut books = self.books();
        books.number += 1;
        let (access, refresh) = (format!("{ACCESS}{}", books.number), format!("{REFRESH}{}", books.number));
        books.access.insert(access.clone());
        books.refresh.insert(refresh.clone());
        let mut granted = json!({
            "access_token": access, "token_type": "Bearer", "expires_in": books.lasts_seconds, "refresh_token": refresh,
        });
        if let Some(nonce) = nonce {
            let claims = json!({ "aud": CLIENT_ID, "nonce": nonce, "email": self.email, "name": "Ann" });
            let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
            granted["id_token"] = format!("{}.{}.", part(json!({ "alg": "none" })), part(claims)).into();
        }
        Json(granted).into_response()
    }

    fn refuse(&self, error: &str, why: &str) -> Response {
        self.books().refusals.push(why.to_owned());
        (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": why }))).into_response()
    }
}

async fn authorize(State(provider): State<OAuth2Provider>, Query(fields): Query<Fields>) -> Response {
    let is = |name: &str, value: &str| fields.get(name).is_some_and(|said| said == value);
    let strict = is("response_type", "code") && is("client_id", CLIENT_ID) && is("code_challenge_method", "S256");
    let (Some(redirect), Some(state), true) = (fields.get("redirect_uri"), fields.get("state"), strict) else {
        return provider.refuse("invalid_request", "the authorization request lacks something");
    };
    let code = format!("code-{:032x}", rand::random::<u128>());
    let to = format!("{redirect}?code={code}&state={state}");
    provider.books().codes.insert(code, fields);
    Redirect::to(&to).into_response()
}

async fn token(State(provider): State<OAuth2Provider>, Form(fields): Form<Fields>) -> Response {
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if field("client_id") != CLIENT_ID || field("client_secret") != CLIENT_SECRET {
        return provider.refuse("invalid_client", "another client");
    }
    match field("grant_type").as_str() {
        "authorization_code" => {
            let asked = provider.books().codes.remove(&field("code"));
            let Some(asked) = asked else { return provider.refuse("invalid_grant", "no such code") };
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier")));
            if asked.get("code_challenge") != Some(&challenge) {
                return provider.refuse("invalid_grant", "the verifier does not fit the challenge");
            }
            if asked.get("redirect_uri") != Some(&field("redirect_uri")) {
                return provider.refuse("invalid_grant", "another redirect_uri");
            }
            provider.grant(asked.get("nonce").map(String::as_str))
        }
        "refresh_token" => {
            if !provider.books().refresh.remove(&field("refresh_token")) {
                return provider.refuse("invalid_grant", "no such refresh token");
            }
            provider.books().renewed += 1;
            provider.grant(None)
        }
        _ => provider.refuse("unsupported_grant_type", "another grant"),
    }
}

/// For the mail server (RFC 7662).
async fn introspect(State(provider): State<OAuth2Provider>, Form(fields): Form<Fields>) -> Response {
    let mut books = provider.books();
    let good = fields.get("token").is_some_and(|token| books.access.contains(token));
    if good {
        return Json(json!({ "active": true, "username": provider.email })).into_response();
    }
    books.bad += 1;
    Json(json!({ "active": false })).into_response()
}
