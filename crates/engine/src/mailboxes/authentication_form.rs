//! Forms that people connect their mailboxes with, without an account here: an application asks for one, and sends the person to it.
//! Owns who may do what with a form: its link is signed, holds for a day and is spent once, in the transaction that makes the
//! account. Never shows anything; pages are the server's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use model::authentication_form::FormRequest;
use model::key::Principal;
use model::{AuthenticationFormId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use store::authentication_forms::{self, FormRow};
use store::{Priority, StoreError};
use url::Url;

use super::accounts::{self, AccountRequest, ServerRequest};
use super::autoconfig;
use crate::audit::By;
use crate::mac::mac;
use crate::ports::{Discovered, TestStep};
use crate::words::{self, Language};
use crate::{Engine, EngineError, Result, tokens};

/// How long a form can be filled in.
const FORM_LASTS: Duration = Duration::from_secs(24 * 60 * 60);
/// Characters of a generated account name.
const ACCOUNT_CHARS: usize = 16;
/// Characters of the URL a person goes on to.
const REDIRECT_CHARS_MAX: usize = 2_000;
/// Bytes of all that an application asks of an account.
const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// What links are signed for, and pages.
const LINK_KEY: &str = "authentication form links";
const PAGE_KEY: &str = "authentication form pages";

/// A form whose link is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub id: AuthenticationFormId,
    pub workspace_id: WorkspaceId,
    /// Its workspace's, if it has chosen one.
    pub language: Option<Language>,
    pub request: FormRequest,
    pub expires_at: Timestamp,
}

/// Why a form can't be filled in.
#[derive(Debug)]
pub enum FormRefusal {
    /// The link is not ours, or was changed or cut.
    Altered,
    Expired,
    /// What came of it, and where the person may go on.
    Spent {
        form: Box<Form>,
        outcome: Outcome,
    },
    Failed(EngineError),
}

impl From<EngineError> for FormRefusal {
    fn from(error: EngineError) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for FormRefusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What became of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    New,
    Existing,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Existing => "existing",
        }
    }

    fn of(is_new: bool) -> Self {
        if is_new { Self::New } else { Self::Existing }
    }
}

/// What a link carries. The row has the rest, and is what counts.
#[derive(Serialize, Deserialize)]
struct Data {
    account: String,
    /// The form.
    n: AuthenticationFormId,
    /// When it is over, Unix milliseconds.
    t: i64,
}

/// Makes a form. Answers its link.
///
/// # Errors
/// A scope is missing; fields that are wrong.
pub async fn create(engine: &Engine, principal: &Principal, mut request: FormRequest) -> Result<String> {
    accounts::may_write(principal)?;
    check_redirect(&request.redirect_url)?;
    if request.account.is_empty() {
        request.account = tokens::random(ACCOUNT_CHARS);
    }
    accounts::check_name(&request.account)?;
    let text = serde_json::to_string(&request).map_err(|error| EngineError::Internal(error.to_string()))?;
    if text.len() > REQUEST_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: REQUEST_BYTES_MAX as u64 });
    }
    let now = Timestamp::now();
    let row = FormRow {
        id: AuthenticationFormId::generate(),
        workspace_id: principal.workspace_id.clone(),
        request: text,
        expires_at: now.plus(FORM_LASTS),
        outcome: None,
        created_at: now,
    };
    let data = Data { account: request.account, n: row.id.clone(), t: row.expires_at.as_millis() };
    engine.db.write(Priority::Foreground, move |tx| authentication_forms::insert(tx, &row)).await?;
    link(engine, &data)
}

/// The signature is over all that says where the person goes on: nobody is sent anywhere else.
fn check_redirect(url: &str) -> Result<()> {
    let wrong =
        || EngineError::invalid("/redirectUrl", "an http or https URL, such as https://app.example.com/mailbox");
    let parsed = Url::parse(url).map_err(|_| wrong())?;
    let fine = matches!(parsed.scheme(), "http" | "https")
        && parsed.has_host()
        && parsed.username().is_empty()
        && parsed.password().is_none()
        && url.chars().count() <= REDIRECT_CHARS_MAX;
    if fine { Ok(()) } else { Err(wrong()) }
}

/// The link of a form, once more.
///
/// # Errors
/// The vault has no key.
pub fn link_of(engine: &Engine, form: &Form) -> Result<String> {
    let (account, n) = (form.request.account.clone(), form.id.clone());
    link(engine, &Data { account, n, t: form.expires_at.as_millis() })
}

fn link(engine: &Engine, data: &Data) -> Result<String> {
    let data = serde_json::to_vec(data).map_err(|error| EngineError::Internal(error.to_string()))?;
    let data = URL_SAFE_NO_PAD.encode(data);
    let keys = engine.vault.derive(LINK_KEY);
    let key = keys.first().ok_or_else(|| EngineError::Internal("the vault has no key".into()))?;
    let signature = URL_SAFE_NO_PAD.encode(mac(key, data.as_bytes()).finalize().into_bytes());
    Ok(format!("{}/accounts/new?data={data}&sig={signature}", engine.config.public_url))
}

/// In constant time, by any key of the vault.
fn is_signed(engine: &Engine, purpose: &str, text: &str, signature: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
    engine.vault.derive(purpose).iter().any(|key| mac(key, text.as_bytes()).verify_slice(&signature).is_ok())
}

/// The form of a link.
///
/// # Errors
/// Why it can't be filled in.
pub async fn open(engine: &Engine, data: &str, signature: &str) -> std::result::Result<Form, FormRefusal> {
    if !is_signed(engine, LINK_KEY, data, signature) {
        return Err(FormRefusal::Altered);
    }
    let data: Option<Data> = URL_SAFE_NO_PAD.decode(data).ok().and_then(|json| serde_json::from_slice(&json).ok());
    by_id(engine, &data.ok_or(FormRefusal::Altered)?.n).await
}

/// The form of this id, for whoever proved to have its link.
///
/// # Errors
/// Why it can't be filled in.
pub(super) async fn by_id(engine: &Engine, id: &AuthenticationFormId) -> std::result::Result<Form, FormRefusal> {
    let wanted = id.clone();
    let found = engine.db.read(move |tx| {
        let Some(row) = authentication_forms::get(tx, &wanted)? else { return Ok(None) };
        let language = words::of_workspace(tx, &row.workspace_id)?;
        Ok(Some((row, language)))
    });
    // Signed and not there: forgotten, long after it was over.
    let (row, language) = found.await?.ok_or(FormRefusal::Expired)?;
    let request = serde_json::from_str(&row.request)
        .map_err(|error| FormRefusal::Failed(StoreError::corrupt("authentication_form", error).into()))?;
    let form = Form { id: row.id, workspace_id: row.workspace_id, language, request, expires_at: row.expires_at };
    match row.outcome.as_deref() {
        Some(outcome) => {
            Err(FormRefusal::Spent { form: Box::new(form), outcome: Outcome::of(outcome == Outcome::New.as_str()) })
        }
        None if row.expires_at <= Timestamp::now() => Err(FormRefusal::Expired),
        None => Ok(form),
    }
}

/// Ties a page of this form to a browser that was shown it, so that no other site can send it off.
pub fn page_token(engine: &Engine, form: &AuthenticationFormId, browser: &str) -> String {
    let keys = engine.vault.derive(PAGE_KEY);
    let signed = keys.first().map(|key| mac(key, format!("{form}/{browser}").as_bytes()).finalize().into_bytes());
    signed.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default()
}

/// Is this the token of that page?
pub fn is_page_token(engine: &Engine, form: &AuthenticationFormId, browser: &str, token: &str) -> bool {
    is_signed(engine, PAGE_KEY, &format!("{form}/{browser}"), token)
}

/// Where the mailbox of this address seems to be.
///
/// # Errors
/// It is no address.
pub async fn discover(engine: &Engine, email: &str) -> Result<Discovered> {
    autoconfig::find(engine, email).await
}

/// What the person said.
pub struct Filled {
    pub name: Option<String>,
    pub email: String,
    pub imap: ServerRequest,
    /// `None`: mail is only read.
    pub smtp: Option<ServerRequest>,
}

/// Signs in to both servers: a result a step.
pub async fn try_out(engine: &Engine, filled: &Filled) -> (Vec<TestStep>, Vec<TestStep>) {
    accounts::try_out(engine, Some(filled.imap.clone()), filled.smtp.clone()).await
}

/// Makes or changes the account, and spends the form with it.
///
/// # Errors
/// The form was spent or is over by now; fields that are wrong.
pub async fn connect(engine: &Engine, form: &Form, filled: Filled) -> std::result::Result<Outcome, FormRefusal> {
    let asked = form.request.clone();
    let request = AccountRequest {
        display_name: filled.name,
        email: Some(filled.email),
        imap: Some(filled.imap),
        smtp: filled.smtp,
        subconnections: asked.subconnections,
        folders: asked.folders,
        notify_from: asked.notify_from,
        ..AccountRequest::default()
    };
    put(engine, form, request).await
}

pub(super) async fn put(
    engine: &Engine,
    form: &Form,
    request: AccountRequest,
) -> std::result::Result<Outcome, FormRefusal> {
    let id = form.id.clone();
    let spend = move |tx: &mut store::Tx<'_>, is_new: bool| {
        let spent = authentication_forms::spend(tx, &id, Outcome::of(is_new).as_str(), Timestamp::now())?;
        // Undoes the account with it.
        if spent { Ok(()) } else { Err(StoreError::Conflict) }
    };
    // Whoever has the form's link: nobody of the workspace has to be signed in.
    let by = By::unknown(&form.workspace_id);
    match accounts::put_with(engine, by, &form.request.account, request, spend).await {
        Ok((_, is_new)) => Ok(Outcome::of(is_new)),
        Err(error @ (EngineError::Conflict(_) | EngineError::Store(StoreError::Conflict))) => {
            by_id(engine, &form.id).await?;
            Err(FormRefusal::Failed(EngineError::Unavailable(format!("try again: {error}"))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Where the person goes on: the application's URL, told which account it is and what became of it.
pub fn onward(form: &Form, outcome: Outcome) -> String {
    let Ok(mut url) = Url::parse(&form.request.redirect_url) else { return String::new() };
    url.query_pairs_mut().append_pair("account", &form.request.account).append_pair("state", outcome.as_str());
    url.into()
}

#[cfg(test)]
mod tests;
