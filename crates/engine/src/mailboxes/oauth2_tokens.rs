//! Access tokens of accounts that sign in by OAuth 2: renewed before they end, and once more where a server refuses one. Owns when;
//! sealed at rest beside the passwords of other accounts. Never logs one.
//!
//! Renewals of one account take turns in a process. Between processes the store decides: whoever comes second uses what the first
//! one kept, since many providers end a refresh token with its use.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use model::oauth2::AccountOAuth2;
use model::{AccountId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use store::accounts::{self, AccountRow};
use store::oauth2_apps::OAuth2AppRow;
use store::{Priority, StoreError};
use tokio::sync::Mutex;

use super::oauth2_apps;
use super::secrets::{self, AccountSecrets};
use crate::ports::{
    FetchError, MailboxFailure, MailboxFailureKind, MailboxResult, MailboxServer, MailboxSession, MailboxSignIn,
    ProviderAnswer, Smarthost, SmtpAuth,
};
use crate::{Engine, EngineError, Result};

/// A token that ends sooner is renewed first.
const RENEW_BEFORE: Duration = Duration::from_secs(5 * 60);
/// The longest that a provider's word for how long a token lasts is believed.
const LASTS_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Characters of a provider's own words that are shown.
const WORDS_CHARS_MAX: usize = 300;
/// Places where renewals wait for each other: accounts share them.
const TURNS: usize = 64;

/// One renewal of an account's tokens at a time.
pub struct Renewing {
    hasher: RandomState,
    turns: Vec<Mutex<()>>,
}

impl Default for Renewing {
    fn default() -> Self {
        Self { hasher: RandomState::new(), turns: (0..TURNS).map(|_| Mutex::default()).collect() }
    }
}

impl Renewing {
    /// Waits until nobody else renews or changes this account.
    pub(super) async fn turn(&self, id: &AccountId) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let at = usize::try_from(self.hasher.hash_one(id) % TURNS as u64).unwrap_or(0);
        Some(self.turns.get(at)?.lock().await)
    }
}

/// What a token endpoint grants (RFC 6749 §5.1).
#[derive(Deserialize)]
pub(super) struct Granted {
    pub access_token: SecretString,
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// Seconds.
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    pub id_token: Option<SecretString>,
}

impl Granted {
    pub fn expires_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.expires_in.map(|seconds| now.plus(Duration::from_secs(seconds).min(LASTS_MAX)))
    }
}

/// What a token endpoint refuses with (RFC 6749 §5.2).
#[derive(Deserialize, Default)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// Why no token was granted.
#[derive(Debug)]
pub(super) struct NotGranted {
    /// The grant itself is of no use any more: the person has to consent again.
    pub for_good: bool,
    pub detail: String,
}

/// Asks the application's token endpoint.
pub(super) async fn ask(
    engine: &Engine,
    app: &OAuth2AppRow,
    mut fields: Vec<(&'static str, SecretString)>,
) -> Result<std::result::Result<Granted, NotGranted>> {
    let places = oauth2_apps::places(engine, app)?;
    fields.push(("client_id", app.settings.client_id.clone().into()));
    if let Some(secret) = oauth2_apps::client_secret(engine, app)? {
        fields.push(("client_secret", secret));
    }
    Ok(granted(engine.ports.providers.post_form(&places.token_url, fields).await))
}

fn granted(answer: std::result::Result<ProviderAnswer, FetchError>) -> std::result::Result<Granted, NotGranted> {
    let answer = answer.map_err(|error| NotGranted { for_good: false, detail: error.to_string() })?;
    if answer.status == 200 {
        return serde_json::from_slice(&answer.body)
            .map_err(|_| NotGranted { for_good: false, detail: "the provider's answer holds no access token".into() });
    }
    let refused: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
    let mut words = format!("the provider answered {} {} {}", answer.status, refused.error, refused.error_description);
    words.retain(|c| !c.is_control());
    let detail = words.trim_end().chars().take(WORDS_CHARS_MAX).collect();
    Err(NotGranted { for_good: refused.error == "invalid_grant", detail })
}

/// Opens an account's mailbox; one that signs in by OAuth 2 with a token that holds, and once more with a new one where the server
/// refuses it. Answers what was connected to as well.
///
/// # Errors
/// What the store says; the failure of the connection is inside.
pub(super) async fn open(
    engine: &Engine,
    account: &AccountRow,
) -> Result<MailboxResult<(MailboxServer, Box<dyn MailboxSession>)>> {
    let server = match mailbox_server(engine, account, None).await? {
        Ok(server) => server,
        Err(failure) => return Ok(Err(failure)),
    };
    let refused = match engine.ports.mailboxes.open(&server).await {
        Err(failure) if failure.kind == MailboxFailureKind::SignIn && account.settings.oauth2.is_some() => failure,
        opened => return Ok(opened.map(|session| (server, session))),
    };
    let (MailboxSignIn::Bearer { token, .. } | MailboxSignIn::Password { password: token, .. }) = &server.sign_in;
    let server = match mailbox_server(engine, account, Some(token)).await? {
        Ok(server) => server,
        // What the mail server said is what counts where the provider says nothing new.
        Err(failure) if failure.kind == MailboxFailureKind::SignIn => return Ok(Err(failure)),
        Err(_) => return Ok(Err(refused)),
    };
    Ok(engine.ports.mailboxes.open(&server).await.map(|session| (server, session)))
}

/// Where an account's mail goes out, if it does; with a token that holds. `refused`: what the server did not take.
///
/// # Errors
/// What the store says; why there is no token is inside.
pub async fn smarthost(
    engine: &Engine,
    account: &AccountRow,
    refused: Option<&Smarthost>,
) -> Result<MailboxResult<Option<Smarthost>>> {
    let Some(smtp) = &account.settings.smtp else { return Ok(Ok(None)) };
    let refused = refused.and_then(|refused| match &refused.auth {
        Some(SmtpAuth::Bearer { token, .. }) => Some(token),
        _ => None,
    });
    let kept = match fresh(engine, account, refused).await? {
        Ok(kept) => kept,
        Err(failure) => return Ok(Err(failure)),
    };
    Ok(Ok(Some(secrets::of_smtp(smtp, kept.smtp))))
}

async fn mailbox_server(
    engine: &Engine,
    account: &AccountRow,
    refused: Option<&SecretString>,
) -> Result<MailboxResult<MailboxServer>> {
    if account.settings.oauth2.is_none() {
        return Ok(Ok(secrets::mailbox_server(engine, account)?));
    }
    let missing = || EngineError::Conflict("the account has no IMAP server".into());
    let imap = account.settings.imap.as_ref().ok_or_else(missing)?;
    let kept = match fresh(engine, account, refused).await? {
        Ok(kept) => kept,
        Err(failure) => return Ok(Err(failure)),
    };
    Ok(Ok(secrets::of_imap(imap, kept.imap.unwrap_or_default())))
}

/// The account's secrets as they are now, renewed where they end soon or are the ones that were `refused`.
async fn fresh(
    engine: &Engine,
    account: &AccountRow,
    refused: Option<&SecretString>,
) -> Result<MailboxResult<AccountSecrets>> {
    let Some(of) = &account.settings.oauth2 else { return Ok(Ok(secrets::unseal(engine, account)?)) };
    let _turn = engine.renewing.turn(&account.id).await;
    let row = latest(engine, account).await?;
    let kept = secrets::unseal(engine, &row)?;
    let now = Timestamp::now();
    let ends = kept.expires_at.is_some_and(|at| at <= now.plus(RENEW_BEFORE));
    // Both servers have the same one; another one was renewed meanwhile.
    let token = kept.imap.as_ref().or(kept.smtp.as_ref());
    let is_refused =
        refused.is_some_and(|refused| token.is_none_or(|token| token.expose_secret() == refused.expose_secret()));
    if !ends && !is_refused {
        return Ok(Ok(kept));
    }
    renew(engine, &row, of, kept).await
}

/// The follower's own row may be old.
async fn latest(engine: &Engine, account: &AccountRow) -> Result<AccountRow> {
    let id = account.id.clone();
    let row = engine.db.read(move |tx| accounts::get(tx, &id)).await?;
    row.ok_or(EngineError::NotFound { what: "the account" })
}

async fn renew(
    engine: &Engine,
    row: &AccountRow,
    of: &AccountOAuth2,
    kept: AccountSecrets,
) -> Result<MailboxResult<AccountSecrets>> {
    let Some(app) = oauth2_apps::of_workspace(engine, &row.workspace_id, &of.app).await? else {
        return Ok(Err(over("the OAuth 2 application of this account was deleted")));
    };
    let Some(refresh) = kept.refresh.clone() else {
        return Ok(Err(over("the access token ended, and the provider gave nothing to renew it with")));
    };
    let fields = vec![("grant_type", SecretString::from("refresh_token")), ("refresh_token", refresh)];
    let granted = match ask(engine, &app, fields).await? {
        Ok(granted) => granted,
        Err(refused) => {
            // Another process may have been first, and ended the refresh token with that.
            let now = latest(engine, row).await?;
            if now.secrets != row.secrets {
                return Ok(Ok(secrets::unseal(engine, &now)?));
            }
            return Ok(Err(if refused.for_good { over(&refused.detail) } else { later(&refused.detail) }));
        }
    };
    let expires_at = granted.expires_at(Timestamp::now());
    let token = granted.access_token;
    let renewed = AccountSecrets {
        // A server that was changed meanwhile has no secret, and gets none.
        imap: kept.imap.as_ref().map(|_| token.clone()),
        smtp: kept.smtp.as_ref().map(|_| token.clone()),
        refresh: granted.refresh_token.or(kept.refresh),
        expires_at,
    };
    let (id, before) = (row.id.clone(), row.secrets.clone().unwrap_or_default());
    let after = secrets::seal(engine, &row.id, &renewed)?.unwrap_or_default();
    let keep = move |tx: &mut store::Tx<'_>| accounts::renew_sealed(tx, &id, &before, &after);
    if engine.db.write(Priority::Delivery, keep).await? {
        return Ok(Ok(renewed));
    }
    let now = latest(engine, row).await?;
    Ok(Ok(secrets::unseal(engine, &now).map_err(|error| StoreError::Vault(error.to_string()))?))
}

/// The person has to consent again.
fn over(detail: &str) -> MailboxFailure {
    MailboxFailure {
        kind: MailboxFailureKind::SignIn,
        detail: detail.to_owned(),
        code: None,
        hint: Some("make another authentication form for this account, and let its owner sign in again".into()),
    }
}

/// The provider can't be asked at the moment.
fn later(detail: &str) -> MailboxFailure {
    MailboxFailure { kind: MailboxFailureKind::Connect, detail: detail.to_owned(), code: None, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> std::result::Result<ProviderAnswer, FetchError> {
        Ok(ProviderAnswer { status, body: body.to_owned().into() })
    }

    #[test]
    fn a_grant_is_read_and_a_refusal_says_whether_it_is_for_good() {
        let now = Timestamp::from_millis(1_000);
        let whole = granted(answer(200, r#"{"access_token":"a","expires_in":60,"refresh_token":"r","x":1}"#)).ok();
        let whole = whole.unwrap();
        assert_eq!(whole.expires_at(now), Some(Timestamp::from_millis(61_000)));
        assert_eq!(whole.refresh_token.unwrap().expose_secret(), "r");
        let least = granted(answer(200, r#"{"access_token":"a"}"#)).ok().unwrap();
        assert!(least.refresh_token.is_none() && least.expires_at(now).is_none());
        let long = granted(answer(200, r#"{"access_token":"a","expires_in":18446744073709551615}"#)).ok().unwrap();
        assert_eq!(long.expires_at(now), Some(now.plus(LASTS_MAX)));
        for (status, body, for_good) in [
            (400, r#"{"error":"invalid_grant","error_description":"revoked\r\nby its owner"}"#, true),
            (401, r#"{"error":"invalid_client"}"#, false),
            (500, "<html>", false),
            (200, "{}", false),
            (302, "", false),
        ] {
            let refused = granted(answer(status, body)).err().unwrap();
            assert_eq!(refused.for_good, for_good, "{status} {body}");
            assert!(!refused.detail.contains('\n') && !refused.detail.is_empty());
        }
        assert!(!granted(Err(FetchError::Failed("no".into()))).err().unwrap().for_good);
    }

    store::on_both_engines!(a_token_is_never_renewed_for_another_server);

    async fn a_token_is_never_renewed_for_another_server(database: store::testing::TestDb) {
        use super::super::accounts::{AccountRequest, OAuth2Grant, ServerRequest, put, update};
        use model::OAuth2AppId;
        use model::account::MailServer;
        use model::channel::TransportSecurity;
        use model::oauth2::OAuth2Provider;

        let test = crate::testing::TestEngine::start(database).await;
        let (engine, key) = (&test.engine, test.key());
        let server = |host: &str, secret: Option<&str>| {
            let security = TransportSecurity::Tls;
            let server = MailServer {
                host: host.into(),
                port: 993,
                security,
                username: "ann".into(),
                bearer: true,
                accept_invalid_certificates: false,
            };
            Some(ServerRequest { server, secret: secret.map(SecretString::from), disabled: false })
        };
        let grant = OAuth2Grant {
            of: AccountOAuth2 { app: OAuth2AppId::generate(), provider: OAuth2Provider::Oidc },
            refresh: Some("refresh".into()),
            expires_at: Some(Timestamp::now().plus(Duration::from_secs(3_600))),
        };
        let request = AccountRequest {
            imap: server("imap.example", Some("access")),
            smtp: server("smtp.example", Some("access")),
            oauth2: Some(grant),
            ..AccountRequest::default()
        };
        let (row, _) = put(engine, &key, "ann", request).await.unwrap();
        let kept = fresh(engine, &row, None).await.unwrap().unwrap();
        assert_eq!(kept.imap.unwrap().expose_secret(), "access");

        // What else is changed keeps the sign-in; a refused token is renewed, which has no application here.
        let renamed = AccountRequest { display_name: Some("Ann".into()), ..AccountRequest::default() };
        let row = update(engine, &key, "ann", renamed).await.unwrap();
        let access = SecretString::from("access");
        let failure = fresh(engine, &row, Some(&access)).await.unwrap().err().unwrap();
        assert_eq!(failure.kind, MailboxFailureKind::SignIn);
        assert!(failure.hint.is_some() && failure.detail.contains("deleted"), "{failure:?}");

        let outgoing = AccountRequest { smtp: server("smtp.evil.example", None), ..AccountRequest::default() };
        let row = update(engine, &key, "ann", outgoing).await.unwrap();
        let kept = fresh(engine, &row, None).await.unwrap().unwrap();
        assert!(kept.smtp.is_none() && kept.imap.is_some());
        let moved = AccountRequest { imap: server("imap.evil.example", None), ..AccountRequest::default() };
        let row = update(engine, &key, "ann", moved).await.unwrap();
        let kept = secrets::unseal(engine, &row).unwrap();
        assert!(row.settings.oauth2.is_none() && kept.imap.is_none() && kept.refresh.is_none());
    }
}
