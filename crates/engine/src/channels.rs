//! Channels: created, changed, deleted, found by their address. Owns what a channel may be; never connects to anything but to test it.

mod check;
mod routing;
mod secrets;

use model::channel::{AuthPolicy, Channel, ChannelLimits, ChannelStatus, Provider, ProviderConfig, Signature};
use model::event::EventType;
use model::key::{Actor, Principal, Role, Scope};
use model::{ChannelId, TeamId, Timestamp, WorkspaceId};
use secrecy::SecretString;
use serde_json::json;
use store::channels::ChannelRow;
use store::events::NewEvent;
use store::{Priority, Tx, channels, events, teams};

use crate::audit::{self, Target};
use crate::delivering::allowance;
use crate::mailboxes::{self, channel_account};
use crate::ports::{Smarthost, TestStep};
use crate::{Engine, EngineError, Result, once};
pub(crate) use check::{check_host, check_limits};
pub(crate) use routing::of_channel;
pub use routing::{RouteCache, route};

const MISSING: EngineError = EngineError::NotFound { what: "the channel" };

/// What a channel is created from or changed to. `None` leaves a field as it is, or at its default.
#[derive(Debug, Clone, Default)]
pub struct ChannelRequest {
    pub name: Option<String>,
    pub provider: Option<Provider>,
    /// `Some(None)` takes the address away.
    pub email_address: Option<Option<String>>,
    pub display_name: Option<Option<String>>,
    pub aliases: Option<Vec<String>>,
    pub signature: Option<Signature>,
    /// Fields that are set are changed; the others stay.
    pub config: Option<ProviderConfig>,
    pub password: Option<SecretString>,
    pub limits: Option<ChannelLimits>,
    pub auth_policy: Option<AuthPolicy>,
    pub thread_by_subject: Option<bool>,
    /// `Some(None)`: new conversations go to no team.
    pub team_id: Option<Option<TeamId>>,
}

/// Only administrators and keys that may create channels do.
pub(crate) fn may_write(principal: &Principal) -> Result<()> {
    if let Actor::User(_, Role::Agent) = principal.actor {
        return Err(EngineError::Forbidden("only administrators create and change channels".into()));
    }
    if !principal.may(Scope::ChannelsWrite) {
        return Err(EngineError::Forbidden(format!("this needs the scope {}", Scope::ChannelsWrite.as_str())));
    }
    Ok(())
}

fn may_read(principal: &Principal) -> Result<()> {
    if principal.may(Scope::ChannelsRead) || principal.may(Scope::ChannelsWrite) {
        return Ok(());
    }
    Err(EngineError::Forbidden(format!("this needs the scope {}", Scope::ChannelsRead.as_str())))
}

/// # Errors
/// Fields that are wrong, all of them at once.
pub async fn create(engine: &Engine, principal: &Principal, request: ChannelRequest) -> Result<Channel> {
    may_write(principal)?;
    if principal.channel_id.is_some() {
        return Err(EngineError::Forbidden("a key bound to a channel can't create others".into()));
    }
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &ChannelId::from_stored(id)).await;
    }
    let now = Timestamp::now();
    let row = new_row(engine, &principal.workspace_id, &request, now)?;
    let account = channel_account::wanted(engine, &row, secrets::password(engine, &row)?)?;
    let by = audit::by(principal);
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if !team_is_there(tx, &row)? {
                return Ok(Err(no_such_team()));
            }
            if let Some(earlier) = once.note(tx, row.public.id.as_str())? {
                let id = ChannelId::from_stored(earlier);
                return channels::get(tx, &row.workspace_id, &id).map(|row| row.ok_or(MISSING));
            }
            channels::insert(tx, &row)?;
            channel_account::put(tx, &row.public.id, account.as_ref(), true)?;
            audit::note(tx, &by, "channel.created", target(&row), &[])?;
            tell(tx, &row, EventType::ChannelConnected, now)?;
            Ok(Ok(row))
        })
        .await?;
    Ok(shown(engine, principal, kept?))
}

/// A row for a new channel, not yet kept.
pub(crate) fn new_row(
    engine: &Engine,
    workspace: &WorkspaceId,
    request: &ChannelRequest,
    now: Timestamp,
) -> Result<ChannelRow> {
    let id = ChannelId::generate();
    let inbound_address = format!("{}@{}", crate::tokens::random(12), engine.config.inbound_domain);
    let provider = request.provider.ok_or_else(|| {
        EngineError::invalid("/provider", "say how mail comes and goes: forwarding, smtp_imap or sandbox")
    })?;
    let mut row = ChannelRow {
        workspace_id: workspace.clone(),
        secrets: None,
        webhook_token: crate::tokens::random(32),
        deleted_at: None,
        public: Channel {
            id,
            workspace_id: Some(workspace.clone()),
            channel_type: "email".into(),
            name: String::new(),
            provider,
            email_address: None,
            display_name: None,
            aliases: Vec::new(),
            signature: Signature::default(),
            config: ProviderConfig::default(),
            limits: ChannelLimits::default(),
            auth_policy: AuthPolicy::default(),
            thread_by_subject: true,
            team_id: None,
            status: ChannelStatus::Connected,
            inbound_address,
            webhook_url: String::new(),
            created_at: now,
            updated_at: now,
        },
    };
    apply(engine, &mut row, request)?;
    Ok(row)
}

/// Changes the row and checks the whole of it.
fn apply(engine: &Engine, row: &mut ChannelRow, request: &ChannelRequest) -> Result<()> {
    let public = &mut row.public;
    if let Some(name) = &request.name {
        public.name = name.trim().to_owned();
    }
    if let Some(address) = &request.email_address {
        public.email_address.clone_from(address);
    }
    if let Some(name) = &request.display_name {
        public.display_name.clone_from(name);
    }
    public.aliases = request.aliases.clone().unwrap_or_else(|| std::mem::take(&mut public.aliases));
    public.signature = request.signature.clone().unwrap_or_else(|| std::mem::take(&mut public.signature));
    public.limits = request.limits.clone().unwrap_or_else(|| std::mem::take(&mut public.limits));
    public.auth_policy = request.auth_policy.unwrap_or(public.auth_policy);
    public.thread_by_subject = request.thread_by_subject.unwrap_or(public.thread_by_subject);
    if let Some(team) = &request.team_id {
        public.team_id.clone_from(team);
    }
    if let Some(config) = &request.config {
        check::merge(&mut public.config, config);
    }
    if let Some(password) = &request.password {
        row.secrets = Some(secrets::seal(engine, &row.public.id, password));
    }
    let errors = check::check(&mut row.public, row.secrets.is_some());
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

/// # Errors
/// Not there; fields that are wrong.
pub async fn update(
    engine: &Engine,
    principal: &Principal,
    id: &ChannelId,
    request: ChannelRequest,
) -> Result<Channel> {
    may_write(principal)?;
    let mut row = load(engine, principal, id).await?;
    if request.provider.is_some_and(|provider| provider != row.public.provider) {
        return Err(EngineError::invalid("/provider", "a channel's provider can't be changed; create another channel"));
    }
    check::password_stays_home(&row, &request)?;
    let (before, by) = (row.public.clone(), audit::by(principal));
    apply(engine, &mut row, &request)?;
    let limits_change = before.limits.sending() != row.public.limits.sending();
    row.public.updated_at = Timestamp::now();
    let account = channel_account::wanted(engine, &row, secrets::password(engine, &row)?)?;
    let (new_password, new_team) = (request.password.is_some(), request.team_id.is_some());
    let kept = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if !team_is_there(tx, &row)? {
                if new_team {
                    return Ok(Err(no_such_team()));
                }
                // Deleted since the channel was read.
                row.public.team_id = None;
            }
            // The account first, as whoever keeps it in step does.
            channel_account::put(tx, &row.public.id, account.as_ref(), new_password)?;
            if limits_change {
                allowance::changed(tx, row.public.id.as_str(), row.public.updated_at)?;
            }
            channels::update(tx, &row)?;
            let mut changed = audit::changed(&before, &row.public);
            if new_password {
                changed.push("config.password".into());
            }
            audit::note_changes(tx, &by, "channel.changed", target(&row), &changed)?;
            Ok(Ok(row))
        })
        .await?;
    engine.routes.forget();
    Ok(shown(engine, principal, kept?))
}

fn target(row: &ChannelRow) -> Target<'_> {
    Target::of("channel", &row.public.id).named(&row.public.name)
}

/// The team a channel names can't be deleted before this transaction ends.
fn team_is_there(tx: &mut Tx<'_>, row: &ChannelRow) -> store::Result<bool> {
    match &row.public.team_id {
        Some(team) => Ok(teams::take_turn(tx, &row.workspace_id, team)?.is_some()),
        None => Ok(true),
    }
}

fn no_such_team() -> EngineError {
    EngineError::invalid("/teamId", "no team of this workspace has this id")
}

/// The channel stops receiving at once. Its conversations stay, and its address is never given to another.
///
/// # Errors
/// Not there.
pub async fn delete(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<()> {
    may_write(principal)?;
    let (row, by) = (load(engine, principal, id).await?, audit::by(principal));
    engine
        .db
        .write(Priority::Foreground, move |tx| {
            let now = Timestamp::now();
            channel_account::delete(tx, &row.public.id)?;
            channels::delete(tx, &row.public.id, now)?;
            audit::note(tx, &by, "channel.deleted", target(&row), &[])?;
            tell(tx, &row, EventType::ChannelDisconnected, now)
        })
        .await?;
    engine.routes.forget();
    Ok(())
}

pub(crate) fn tell(tx: &mut Tx<'_>, row: &ChannelRow, event_type: EventType, at: Timestamp) -> store::Result<()> {
    let data = json!({ "channelId": row.public.id, "name": row.public.name, "provider": row.public.provider, "emailAddress": row.public.email_address });
    let (workspace_id, channel_id) = (&row.workspace_id, Some(&row.public.id));
    events::append(
        tx,
        &NewEvent { workspace_id, channel_id, event_type, subject_id: row.public.id.as_str(), data: &data, at },
    )
    .map(drop)
}

async fn load(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<ChannelRow> {
    if !principal.sees(Some(id)) {
        return Err(MISSING);
    }
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| channels::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// # Errors
/// Not there, or not the principal's to see.
pub async fn get(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<Channel> {
    may_read(principal)?;
    Ok(shown(engine, principal, load(engine, principal, id).await?))
}

/// A page of channels, newest first unless `ascending`, behind the channel `after`.
///
/// # Errors
/// The scope is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    after: Option<String>,
    ascending: bool,
    take: usize,
) -> Result<Vec<Channel>> {
    may_read(principal)?;
    let (workspace, only) = (principal.workspace_id.clone(), principal.channel_id.clone());
    let rows = engine
        .db
        .read(move |tx| channels::list(tx, &workspace, only.as_ref(), after.as_deref(), ascending, take))
        .await?;
    Ok(rows.into_iter().map(|row| shown(engine, principal, row)).collect())
}

/// A channel of the workspace, for the product's own use.
pub(crate) async fn find(engine: &Engine, workspace: &WorkspaceId, id: &ChannelId) -> Result<Channel> {
    let (workspace, id) = (workspace.clone(), id.clone());
    Ok(engine.db.read(move |tx| channels::get(tx, &workspace, &id)).await?.ok_or(MISSING)?.public)
}

/// With the URL providers post to. Who may not change channels does not see its token: with it, anybody can put mail in.
fn shown(engine: &Engine, principal: &Principal, row: ChannelRow) -> Channel {
    let mut channel = row.public;
    channel.webhook_url = format!("{}/webhooks/email/{}", engine.config.public_url, channel.id);
    if may_write(principal).is_ok() {
        channel.webhook_url.push_str("?token=");
        channel.webhook_url.push_str(&row.webhook_token);
    }
    channel
}

/// Gives channels from before mailboxes were read the account they are to own.
///
/// # Errors
/// What the store says.
pub(crate) async fn make_missing_accounts(engine: &Engine) -> Result<()> {
    for row in engine.db.read(channels::without_account).await? {
        let Some(account) = channel_account::wanted(engine, &row, secrets::password(engine, &row)?)? else { continue };
        let put = move |tx: &mut Tx<'_>| channel_account::put(tx, &row.public.id, Some(&account), true);
        crate::write_again_on_conflict(&engine.db, Priority::Delivery, put).await?;
    }
    Ok(())
}

/// The channel's own smarthost, its password unsealed; `None` for a provider without one.
pub(crate) async fn smarthost(engine: &Engine, workspace: &WorkspaceId, id: &ChannelId) -> Result<Option<Smarthost>> {
    let (workspace, id) = (workspace.clone(), id.clone());
    let row = engine.db.read(move |tx| channels::get(tx, &workspace, &id)).await?.ok_or(MISSING)?;
    secrets::smarthost(engine, &row)
}

/// Tries a channel that is kept: a result a step.
///
/// # Errors
/// Not there.
pub async fn test(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<Vec<TestStep>> {
    may_write(principal)?;
    let row = load(engine, principal, id).await?;
    run_test(engine, &row).await
}

/// Tries what a channel would be, keeps nothing.
///
/// # Errors
/// Fields that are wrong.
pub async fn test_request(engine: &Engine, principal: &Principal, request: &ChannelRequest) -> Result<Vec<TestStep>> {
    may_write(principal)?;
    let row = new_row(engine, &principal.workspace_id, request, Timestamp::now())?;
    run_test(engine, &row).await
}

/// A result a step, of the way out and of the way in.
async fn run_test(engine: &Engine, row: &ChannelRow) -> Result<Vec<TestStep>> {
    if let Some(smarthost) = secrets::smarthost(engine, row)? {
        let password = secrets::password(engine, row)?.unwrap_or_default();
        let mailbox = channel_account::imap_server(&row.public).map(|imap| mailboxes::of_imap(&imap, password));
        let (mut steps, more) = tokio::join!(engine.ports.transport.test(&smarthost), async {
            match &mailbox {
                Some(server) => engine.ports.mailboxes.test(server).await,
                None => Vec::new(),
            }
        });
        steps.extend(more);
        return Ok(steps);
    }
    let detail = match row.public.provider {
        Provider::Forwarding => {
            format!("forward mail to {}; answers leave by the instance's way out", row.public.inbound_address)
        }
        _ => "mail to this channel's address is received, what it sends is captured; nothing leaves this machine"
            .to_owned(),
    };
    Ok(vec![TestStep { name: "channel.address".into(), ok: true, detail, hint: None, duration_ms: 0 }])
}

/// The channel a provider posts to, if the token is its own.
///
/// # Errors
/// No such channel (`NotFound`), or another token (`Forbidden`).
pub async fn by_token(engine: &Engine, id: &ChannelId, token: &str) -> Result<ChannelRow> {
    use subtle::ConstantTimeEq;
    let wanted = id.clone();
    let row = engine.db.read(move |tx| channels::get_any(tx, &wanted)).await?.ok_or(MISSING)?;
    if bool::from(row.webhook_token.as_bytes().ct_eq(token.as_bytes())) {
        return Ok(row);
    }
    Err(EngineError::Forbidden("the token is not this channel's".into()))
}
