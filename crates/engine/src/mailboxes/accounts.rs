//! Accounts: added, changed, taken away, looked at. Owns what an account may be; never connects but to test.

use model::account::{AccountSettings, AccountState, MailServer};
use model::event::EventType;
use model::key::{Principal, Scope};
use model::oauth2::AccountOAuth2;
use model::{AccountId, Timestamp};
use secrecy::SecretString;
use serde_json::json;
use store::accounts::{self, AccountRow};
use store::mailbox_folders::{self, FolderRow};
use store::mailbox_mails::{self, Lying};
use store::{Priority, Tx, webhook_endpoints};

use super::account_audit::{has_secret, shown, target};
use super::{secrets, telling};
use crate::audit::{self, By};
use crate::ports::{MailboxServer, TestStep};
use crate::{Engine, EngineError, FieldError, Result, access_check};

/// Characters of an account's name.
const NAME_CHARS_MAX: usize = 256;
/// Accounts of a workspace.
const PAGE_MAX: usize = 1_000;

const MISSING: EngineError = EngineError::NotFound { what: "the account" };

/// What an account is created from or changed to. `None` leaves a field as it is.
#[derive(Default, Clone)]
pub struct AccountRequest {
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub imap: Option<ServerRequest>,
    pub smtp: Option<ServerRequest>,
    pub subconnections: Option<Vec<String>>,
    pub folders: Option<Vec<String>>,
    /// What for (`\Sent`), and the path.
    pub special_folders: Option<Vec<(String, String)>>,
    pub notify_from: Option<Timestamp>,
    /// Both servers take its tokens. Another sign-in to a server ends it.
    pub oauth2: Option<OAuth2Grant>,
}

/// What a provider granted.
#[derive(Clone)]
pub struct OAuth2Grant {
    pub of: AccountOAuth2,
    pub refresh: Option<SecretString>,
    /// When the access token ends, which is the secret of both servers.
    pub expires_at: Option<Timestamp>,
}

/// A server and its secret.
#[derive(Clone)]
pub struct ServerRequest {
    pub server: MailServer,
    /// `None` keeps the one there is.
    pub secret: Option<SecretString>,
    pub disabled: bool,
}

pub(super) fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::ChannelsWrite)?;
    unbound(principal)
}

pub(super) fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::ChannelsRead)
        .or_else(|_| access_check::scope(principal, Scope::ChannelsWrite))?;
    unbound(principal)
}

/// Accounts are no channel's.
pub(super) fn unbound(principal: &Principal) -> Result<()> {
    access_check::unbound(principal, "a key bound to a channel has no accounts")
}

/// Adds an account, or changes the one of that name. Answers whether it is new.
///
/// # Errors
/// Fields that are wrong, all at once.
pub async fn put(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    request: AccountRequest,
) -> Result<(AccountRow, bool)> {
    may_write(principal)?;
    put_with(engine, audit::by(principal), name, request, |_, _| Ok(())).await
}

/// As [`put`], for whoever may. `also` is done in the same transaction, and is told whether the account is new.
pub(super) async fn put_with(
    engine: &Engine,
    by: By,
    name: &str,
    request: AccountRequest,
    also: impl FnOnce(&mut Tx<'_>, bool) -> store::Result<()> + Send + 'static,
) -> Result<(AccountRow, bool)> {
    check_name(name)?;
    let workspace = by.workspace().clone();
    let (of, called) = (workspace.clone(), name.to_owned());
    if let Some(existing) = engine.db.read(move |tx| accounts::by_name(tx, &of, &called)).await? {
        not_a_channels(&existing)?;
        return change(engine, by, existing, request, |tx| also(tx, false)).await.map(|row| (row, false));
    }
    let now = Timestamp::now();
    let mut row = AccountRow {
        id: AccountId::generate(),
        workspace_id: workspace,
        name: name.to_owned(),
        display_name: None,
        email: None,
        settings: AccountSettings::default(),
        secrets: None,
        channel_id: None,
        state: AccountState::Init,
        last_error: None,
        refusals: 0,
        initialized: false,
        version: 1,
        synced_at: None,
        created_at: now,
        updated_at: now,
    };
    apply(engine, &mut row, request)?;
    let kept = row.clone();
    let added = engine
        .db
        .write(Priority::Foreground, move |tx| {
            also(tx, true)?;
            accounts::insert(tx, &row)?;
            audit::note(tx, &by, "account.created", target(&row), &[])?;
            tell(tx, &row, EventType::AccountAdded, now)
        })
        .await;
    match added {
        Ok(()) => Ok((kept, true)),
        Err(error) if error.is_unique_violation() => {
            Err(EngineError::Conflict("an account of this name was added at the same moment".into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// # Errors
/// Not there; fields that are wrong.
pub async fn update(engine: &Engine, principal: &Principal, name: &str, request: AccountRequest) -> Result<AccountRow> {
    may_write(principal)?;
    let existing = find(engine, principal, name).await?.ok_or(MISSING)?;
    not_a_channels(&existing)?;
    change(engine, audit::by(principal), existing, request, |_| Ok(())).await
}

async fn change(
    engine: &Engine,
    by: By,
    row: AccountRow,
    request: AccountRequest,
    also: impl FnOnce(&mut Tx<'_>) -> store::Result<()> + Send + 'static,
) -> Result<AccountRow> {
    // Tokens that are renewed meanwhile are not to be undone.
    let _turn = engine.renewing.turn(&row.id).await;
    let mut row = engine.db.read(move |tx| accounts::get(tx, &row.id)).await?.ok_or(MISSING)?;
    let (before, new_secret) = (shown(&row), has_secret(&request));
    apply(engine, &mut row, request)?;
    row.updated_at = Timestamp::now();
    let mut changed = audit::changed(&before, &shown(&row));
    changed.extend(new_secret.then(|| "credentials".to_owned()));
    let kept = row.clone();
    let work = move |tx: &mut Tx<'_>| {
        also(tx)?;
        audit::note_changes(tx, &by, "account.changed", target(&row), &changed)?;
        accounts::update(tx, &row)
    };
    engine.db.write(Priority::Foreground, work).await?;
    Ok(kept)
}

/// What a channel owns is set up with the channel.
fn not_a_channels(row: &AccountRow) -> Result<()> {
    match &row.channel_id {
        Some(id) => Err(EngineError::Conflict(format!(
            "the account is the mailbox of channel {id}: change the channel instead"
        ))),
        None => Ok(()),
    }
}

pub(super) fn check_name(name: &str) -> Result<()> {
    let fine = !name.trim().is_empty() && name.chars().count() <= NAME_CHARS_MAX && !name.contains(char::is_control);
    if fine {
        Ok(())
    } else {
        Err(EngineError::invalid("/account", "a name of 1 to 256 characters, without control characters"))
    }
}

fn apply(engine: &Engine, row: &mut AccountRow, request: AccountRequest) -> Result<()> {
    let mut errors = Vec::new();
    let mut kept = secrets::unseal(engine, row)?;
    if let Some(name) = request.display_name {
        row.display_name = Some(name);
    }
    if let Some(email) = request.email {
        if mail::address::normalize(&email).is_none() {
            errors.push(FieldError::new("/email", "an address such as user@example.com"));
        }
        row.email = Some(email);
    }
    match request.oauth2 {
        Some(grant) => {
            row.settings.oauth2 = Some(grant.of);
            (kept.refresh, kept.expires_at) = (grant.refresh.or(kept.refresh), grant.expires_at);
        }
        None if request.imap.as_ref().is_some_and(|imap| imap.secret.is_some()) => {
            row.settings.oauth2 = None;
            (kept.refresh, kept.expires_at) = (None, None);
        }
        None => {}
    }
    if let Some(imap) = request.imap {
        check_server("/imap", &imap.server, &mut errors);
        row.settings.disabled = imap.disabled;
        replace(&mut row.settings.imap, &mut kept.imap, imap);
    }
    if let Some(smtp) = request.smtp {
        check_server("/smtp", &smtp.server, &mut errors);
        replace(&mut row.settings.smtp, &mut kept.smtp, smtp);
    }
    // A token is renewed for the server it was given for, and for no other.
    if kept.imap.is_none() && row.settings.oauth2.take().is_some() {
        (kept.refresh, kept.expires_at) = (None, None);
    }
    let settings = &mut row.settings;
    if let Some(subconnections) = request.subconnections {
        settings.subconnections = subconnections;
    }
    if let Some(folders) = request.folders {
        settings.folders = folders;
    }
    if let Some(special_folders) = request.special_folders {
        settings.special_folders = special_folders;
    }
    settings.notify_from = request.notify_from.or(settings.notify_from);
    if !errors.is_empty() {
        return Err(EngineError::Invalid(errors));
    }
    row.state = match row.state {
        _ if settings.imap.is_none() || settings.disabled => AccountState::Disconnected,
        AccountState::Disconnected | AccountState::Paused => AccountState::Init,
        state => state,
    };
    row.secrets = secrets::seal(engine, &row.id, &kept)?;
    Ok(())
}

/// A secret goes to the server it was given for, and to no other.
fn replace(server: &mut Option<MailServer>, secret: &mut Option<SecretString>, request: ServerRequest) {
    let moved = server.as_ref().is_some_and(|before| before.host != request.server.host);
    if request.secret.is_some() {
        *secret = request.secret;
    } else if moved {
        *secret = None;
    }
    *server = Some(request.server);
}

fn check_server(pointer: &str, server: &MailServer, errors: &mut Vec<FieldError>) {
    if server.host.trim().is_empty() || server.host.contains(char::is_whitespace) {
        errors.push(FieldError::new(format!("{pointer}/host"), "a host name such as mail.example.com"));
    }
    if server.port == 0 {
        errors.push(FieldError::new(format!("{pointer}/port"), "a port from 1 to 65535"));
    }
    if server.username.is_empty() {
        errors.push(FieldError::new(format!("{pointer}/auth/user"), "the name to sign in with"));
    }
}

/// # Errors
/// Not there.
pub async fn delete(engine: &Engine, principal: &Principal, name: &str) -> Result<()> {
    may_write(principal)?;
    let row = find(engine, principal, name).await?.ok_or(MISSING)?;
    not_a_channels(&row)?;
    let by = audit::by(principal);
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        audit::note(tx, &by, "account.deleted", target(&row), &[])?;
        accounts::delete(tx, &row.id)?;
        if let Some(endpoint) = webhook_endpoints::of_account(tx, &row.workspace_id, &row.name)? {
            webhook_endpoints::delete(tx, &endpoint.public.id)?;
        }
        tell(tx, &row, EventType::AccountDeleted, Timestamp::now())
    })
    .await?;
    Ok(())
}

/// Connects anew and looks at everything, a paused account too.
///
/// # Errors
/// Not there.
pub async fn begin_anew(engine: &Engine, principal: &Principal, name: &str) -> Result<()> {
    may_write(principal)?;
    let row = find(engine, principal, name).await?.ok_or(MISSING)?;
    engine.db.write(Priority::Foreground, move |tx| accounts::begin_anew(tx, &row.id, Timestamp::now())).await?;
    Ok(())
}

pub(super) fn tell(tx: &mut Tx<'_>, row: &AccountRow, event_type: EventType, at: Timestamp) -> store::Result<()> {
    let data = json!({ "account": row.name, "data": { "account": row.name } });
    telling::tell(tx, row, event_type, &data, at)
}

async fn find(engine: &Engine, principal: &Principal, name: &str) -> Result<Option<AccountRow>> {
    let (workspace, name) = (principal.workspace_id.clone(), name.to_owned());
    Ok(engine.db.read(move |tx| accounts::by_name(tx, &workspace, &name)).await?)
}

/// # Errors
/// Not there.
pub async fn get(engine: &Engine, principal: &Principal, name: &str) -> Result<AccountRow> {
    may_read(principal)?;
    find(engine, principal, name).await?.ok_or(MISSING)
}

/// What an account is called, for whoever may know.
///
/// # Errors
/// What the store says.
pub async fn name_of(engine: &Engine, principal: &Principal, id: &AccountId) -> Result<Option<String>> {
    if may_read(principal).is_err() {
        return Ok(None);
    }
    let id = id.clone();
    let row = engine.db.read(move |tx| accounts::get(tx, &id)).await?;
    Ok(row.filter(|row| row.workspace_id == principal.workspace_id).map(|row| row.name))
}

/// A page of accounts by name, and how many there are.
///
/// # Errors
/// A scope is missing.
pub async fn page(
    engine: &Engine,
    principal: &Principal,
    state: Option<AccountState>,
    skip: usize,
    take: usize,
) -> Result<(Vec<AccountRow>, u64)> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| accounts::page(tx, &workspace, state, skip, take.min(PAGE_MAX))).await?)
}

/// The folders of an account, by path.
///
/// # Errors
/// Not there.
pub async fn folders(engine: &Engine, principal: &Principal, name: &str) -> Result<Vec<FolderRow>> {
    let account = get(engine, principal, name).await?;
    Ok(engine.db.read(move |tx| mailbox_folders::list(tx, &account.id)).await?)
}

/// The folder of this path, or of this use (`\Sent`).
///
/// # Errors
/// Not there.
pub async fn folder(engine: &Engine, principal: &Principal, name: &str, path: &str) -> Result<FolderRow> {
    let all = folders(engine, principal, name).await?;
    let is_asked = |folder: &FolderRow| {
        folder.path == path
            || folder.special_use.as_deref() == Some(path)
            || path.eq_ignore_ascii_case("inbox") && folder.path == "INBOX"
    };
    all.into_iter().find(is_asked).ok_or(EngineError::NotFound { what: "the folder" })
}

/// A page of a folder, the newest UIDs first, and how many lie in it.
///
/// # Errors
/// Not there.
pub async fn messages(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    path: &str,
    skip: usize,
    take: usize,
) -> Result<(FolderRow, Vec<Lying>, u32)> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let folder = folder(engine, principal, name, path).await?;
    let id = folder.id;
    let (page, count) =
        engine.db.read(move |tx| Ok((mailbox_mails::page(tx, id, skip, take)?, mailbox_mails::count(tx, id)?))).await?;
    Ok((folder, page, count))
}

/// A message by its id: where it lies, and what it is.
///
/// # Errors
/// Not there.
pub async fn message(engine: &Engine, principal: &Principal, name: &str, id: &str) -> Result<(FolderRow, Lying)> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let missing = EngineError::NotFound { what: "the message" };
    let account = get(engine, principal, name).await?;
    let Some((folder, uid)) = super::place_of(id) else { return Err(missing) };
    let found = engine
        .db
        .read(move |tx| {
            let Some(folder) = mailbox_folders::get(tx, &account.id, folder)? else { return Ok(None) };
            Ok(mailbox_mails::lying_at(tx, folder.id, uid)?.map(|lying| (folder, lying)))
        })
        .await?;
    found.ok_or(missing)
}

/// The bytes of a message that is kept.
///
/// # Errors
/// Its bytes were not fetched yet, or can't be.
pub async fn source(engine: &Engine, lying: &Lying) -> Result<bytes::Bytes> {
    let blob = lying.mail.as_ref().and_then(|mail| mail.blob_id);
    let unread = || {
        let why =
            if lying.place.unreadable { "its server does not give its bytes" } else { "its bytes are not fetched yet" };
        EngineError::Unavailable(format!("the message is there, but {why}"))
    };
    Ok(crate::raw::read(engine, blob.ok_or_else(unread)?).await?)
}

/// Tries both servers of a request, without keeping anything.
///
/// # Errors
/// A scope is missing.
pub async fn verify(
    engine: &Engine,
    principal: &Principal,
    imap: Option<ServerRequest>,
    smtp: Option<ServerRequest>,
) -> Result<(Vec<TestStep>, Vec<TestStep>)> {
    may_write(principal)?;
    Ok(try_out(engine, imap, smtp).await)
}

/// As [`verify`], for whoever may.
pub(super) async fn try_out(
    engine: &Engine,
    imap: Option<ServerRequest>,
    smtp: Option<ServerRequest>,
) -> (Vec<TestStep>, Vec<TestStep>) {
    let mailbox: Option<MailboxServer> =
        imap.map(|imap| secrets::of_imap(&imap.server, imap.secret.unwrap_or_default()));
    let smarthost = smtp.map(|smtp| secrets::of_smtp(&smtp.server, smtp.secret));
    let (ports, sending) = (&engine.ports, &engine.ports);
    tokio::join!(
        async {
            match &mailbox {
                Some(server) => ports.mailboxes.test(server).await,
                None => Vec::new(),
            }
        },
        async {
            match &smarthost {
                Some(host) => sending.transport.test(host).await,
                None => Vec::new(),
            }
        }
    )
}
