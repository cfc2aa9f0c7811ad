//! People sign in with an identity provider: who comes in, who does not, and with which keys. The provider here says whatever it is
//! told to; that a real one is understood is a journey of the dashboard.

use std::sync::{Arc, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::api::{Api, text};
use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(people_come_in_by_the_provider_and_nobody_else);

struct Key {
    id: String,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(id: &str) -> Self {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref()).expect("a key");
        Self { id: id.to_owned(), pair }
    }

    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
        json!({ "kty": "EC", "crv": "P-256", "kid": self.id, "x": part(1), "y": part(33) })
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(json!({ "alg": "ES256", "kid": self.id })), part(claims.clone()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// A provider whose codes say what it is to vouch for.
#[derive(Clone)]
struct Provider {
    issuer: String,
    key: Arc<Mutex<Key>>,
}

impl Provider {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self { issuer, key: Arc::new(Mutex::new(Key::new("first"))) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", provider.issuer);
    Json(
        json!({ "issuer": provider.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"), "jwks_uri": at("keys") }),
    )
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    Json(json!({ "keys": [provider.key.lock().expect("the key").public()] }))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> (StatusCode, Json<Value>) {
    let field =
        |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let basic = format!("Basic {}", STANDARD.encode("postroom:a+secret"));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(basic.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" })));
    }
    let code = URL_SAFE_NO_PAD.decode(field("code")).ok().and_then(|code| serde_json::from_slice::<Value>(&code).ok());
    let Some(code) = code else { return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))) };
    if URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier"))) != text(&code, "/challenge") {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" })));
    }
    let token = provider.key.lock().expect("the key").sign(&code["claims"]);
    (StatusCode::OK, Json(json!({ "id_token": token, "token_type": "Bearer", "access_token": "x" })))
}

/// Leaves for the provider and comes back with what it says of `person`. Where the browser ends up, and its cookie.
async fn sign_in(api: &Api, provider: &Provider, person: Value) -> (String, Option<String>) {
    let browser = api.without_key();
    let offered = browser.get("/session/providers").await.expect(200).json();
    let path = format!("//sign-in/provider/{}", text(&offered, "/items/0/id"));
    let leaving = browser.get(&path).await.expect(303);
    let attempt = leaving.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
    let there = leaving.header("location").expect("a location").to_owned();
    let query = there.split_once('?').expect("a query").1.to_owned();
    let said = |name: &str| {
        let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default();
        found.to_owned()
    };
    assert_eq!(said("code_challenge_method"), "S256", "{there}");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let mut claims = json!({ "iss": provider.issuer, "aud": "postroom", "exp": now + 300, "iat": now, "nonce": said("nonce"), "email_verified": true });
    for (name, value) in person.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    let code = json!({ "challenge": said("code_challenge"), "claims": claims }).to_string();
    let back = format!("//sign-in/provider/callback?code={}&state={}", URL_SAFE_NO_PAD.encode(code), said("state"));
    let request = browser.request(Method::GET, &back).header("cookie", attempt);
    let answer = browser.send(request).await.expect(303);
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|set| set.to_str().ok());
    let session = cookies.filter_map(|set| set.split(';').next()).find(|set| set.starts_with("postroom_session="));
    (answer.header("location").expect("a location").to_owned(), session.map(str::to_owned))
}

async fn people_come_in_by_the_provider_and_nobody_else(database: Database) {
    let postroom = Postroom::start(database).await;
    let (api, provider) = (postroom.api(), Provider::start().await);
    let path = "/workspace/identity-provider";
    let mut settings = json!({ "name": "Acme", "issuer": provider.issuer, "clientId": "postroom", "clientSecret": "a secret", "emailDomains": ["Acme.test"] });
    let test = api.post(&format!("{path}/test"), settings.clone()).await.expect(200).json();
    assert_eq!(test["ok"], true, "{test}");
    let mut wrong = settings.clone();
    wrong["clientSecret"] = json!("another");
    let test = api.post(&format!("{path}/test"), wrong).await.expect(200).json();
    assert_eq!((&test["ok"], &test["steps"][2]["ok"]), (&json!(false), &json!(false)), "{test}");
    let kept = api.put(path, settings.clone()).await.expect(200);
    assert!(!String::from_utf8_lossy(&kept.body).contains("a secret"));
    assert_eq!(kept.json()["emailDomains"], json!(["acme.test"]));

    let bo = json!({ "sub": "bo-1", "email": "bo@acme.test", "name": "Bo" });
    let refused = async |person: &Value, why: &str| {
        let (location, session) = sign_in(&api, &provider, person.clone()).await;
        assert_eq!((location.as_str(), session), (format!("/sign-in?refused={why}").as_str(), None), "{person}");
    };
    // Nobody is added until somebody says so.
    refused(&bo, "unknown").await;
    refused(&json!({ "sub": "1", "email": "bo@acme.test", "email_verified": false }), "unverifiedEmail").await;
    refused(&json!({ "sub": "1", "email": "bo@elsewhere.test" }), "otherDomain").await;
    refused(&json!({ "sub": "1", "email": "bo@acme.test", "aud": "another" }), "provider").await;
    refused(&json!({ "sub": "1", "email": "bo@acme.test", "nonce": "another" }), "provider").await;

    let ann = json!({ "email": "ann@acme.test", "role": "admin", "password": "a long pass phrase" });
    let ann = text(&api.post("/users", ann).await.expect(201).json(), "/id");
    let (location, session) = sign_in(&api, &provider, json!({ "sub": "ann-1", "email": "Ann@acme.test" })).await;
    let session = session.unwrap_or_else(|| panic!("{location}"));
    let me = api.without_key();
    let me = me.send(me.request(Method::GET, "/users/me").header("cookie", session)).await.expect(200).json();
    assert_eq!(me["id"], ann);
    // The account is hers from now on, whatever its address; another account with her address is not.
    let (_, session) = sign_in(&api, &provider, json!({ "sub": "ann-1", "email": "ann.married@acme.test" })).await;
    assert!(session.is_some());
    refused(&json!({ "sub": "not-ann", "email": "ann@acme.test" }), "unknown").await;

    settings["createsPeople"] = json!(true);
    settings.as_object_mut().expect("settings").remove("clientSecret");
    api.put(path, settings).await.expect(200);
    // With keys that were rotated meanwhile.
    *provider.key.lock().expect("the key") = Key::new("second");
    assert!(sign_in(&api, &provider, bo.clone()).await.1.is_some());
    assert!(sign_in(&api, &provider, bo).await.1.is_some());
    let users = api.all("/users").await;
    let bo: Vec<&Value> = users.iter().filter(|user| user["email"] == "bo@acme.test").collect();
    assert_eq!(
        bo.iter().map(|user| (&user["role"], &user["name"])).collect::<Vec<_>>(),
        [(&json!("agent"), &json!("Bo"))]
    );

    // The only way in can't be closed.
    api.patch("/workspace", json!({ "passwordSignIn": false })).await.expect(200);
    let password = json!({ "email": "ann@acme.test", "password": "a long pass phrase" });
    api.without_key().post("/session", password.clone()).await.expect(401);
    api.delete(path).await.expect(409);
    api.patch("/workspace", json!({ "passwordSignIn": true })).await.expect(200);
    api.without_key().post("/session", password).await.expect(200);
    api.delete(path).await.expect(204);
    let offered = api.without_key().get("/session/providers").await.expect(200).json();
    assert_eq!(offered["items"], json!([]));
}
