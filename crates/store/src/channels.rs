//! Channels and every address that ever received. Secrets come in sealed.

use model::channel::{AuthPolicy, Channel, ChannelStatus, Provider};
use model::{ChannelId, TeamId, Timestamp, WorkspaceId};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::db::{Row, Topic, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "channel";

/// A channel as it is kept. `public.webhook_url` is left empty: only the engine knows where we are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    pub workspace_id: WorkspaceId,
    /// Sealed by the vault.
    pub secrets: Option<Vec<u8>>,
    pub webhook_token: String,
    pub deleted_at: Option<Timestamp>,
    pub public: Channel,
}

const COLUMNS: &str = "id, workspace_id, name, provider, email_address, display_name, aliases, signature, config, secrets, limits, auth_policy, \
     thread_by_subject, status, inbound_address, webhook_token, created_at, updated_at, deleted_at, team_id";

/// The name serde gives a word (`mark`).
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn from_word<T: DeserializeOwned>(text: String) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| StoreError::corrupt(TABLE, error))
}

fn from_row(row: &Row<'_>) -> Result<ChannelRow> {
    let provider = row.text(3)?;
    let workspace_id = WorkspaceId::from_stored(row.text(1)?);
    Ok(ChannelRow {
        secrets: row.bytes_or_null(9)?,
        webhook_token: row.text(15)?,
        deleted_at: row.time_or_null(18)?,
        public: Channel {
            id: ChannelId::from_stored(row.text(0)?),
            workspace_id: Some(workspace_id.clone()),
            channel_type: "email".into(),
            name: row.text(2)?,
            provider: Provider::parse(&provider)
                .ok_or_else(|| StoreError::corrupt(TABLE, format!("provider {provider}")))?,
            email_address: row.text_or_null(4)?,
            display_name: row.text_or_null(5)?,
            aliases: row.json(TABLE, 6)?,
            signature: row.json(TABLE, 7)?,
            config: row.json(TABLE, 8)?,
            limits: row.json(TABLE, 10)?,
            auth_policy: from_word::<AuthPolicy>(row.text(11)?)?,
            thread_by_subject: row.bool(12)?,
            team_id: row.text_or_null(19)?.map(TeamId::from_stored),
            status: from_word::<ChannelStatus>(row.text(13)?)?,
            inbound_address: row.text(14)?,
            webhook_url: String::new(),
            created_at: row.time(16)?,
            updated_at: row.time(17)?,
        },
        workspace_id,
    })
}

/// Keeps a new channel and takes its receiving address, for good.
///
/// # Errors
/// What the database says; a unique violation where the address was ever taken.
pub fn insert(tx: &mut Tx<'_>, row: &ChannelRow) -> Result<()> {
    let public = &row.public;
    tx.execute(
        &format!("INSERT INTO channel ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, NULL, $19)"),
        &[
            (&public.id).into(),
            (&row.workspace_id).into(),
            (&public.name).into(),
            public.provider.as_str().into(),
            (&public.email_address).into(),
            (&public.display_name).into(),
            json(TABLE, &public.aliases)?.into(),
            json(TABLE, &public.signature)?.into(),
            json(TABLE, &public.config)?.into(),
            (&row.secrets).into(),
            json(TABLE, &public.limits)?.into(),
            word(&public.auth_policy).into(),
            public.thread_by_subject.into(),
            word(&public.status).into(),
            (&public.inbound_address).into(),
            (&row.webhook_token).into(),
            public.created_at.into(),
            public.updated_at.into(),
            (&public.team_id).into(),
        ],
    )?;
    tx.execute(
        "INSERT INTO channel_address (address, channel_id, workspace_id, active) VALUES ($1, $2, $3, $4)",
        &[(&public.inbound_address).into(), (&public.id).into(), (&row.workspace_id).into(), true.into()],
    )?;
    keep_own_addresses(tx, row)
}

/// The addresses a channel writes from. It receives at those whose domain is the workspace's too ([`by_own_address`]).
fn keep_own_addresses(tx: &mut Tx<'_>, row: &ChannelRow) -> Result<()> {
    let public = &row.public;
    tx.execute("DELETE FROM channel_own_address WHERE channel_id = $1", &[(&public.id).into()])?;
    for (place, address) in public.email_address.iter().map(|own| (0, own)).chain((1..).zip(&public.aliases)) {
        tx.execute(
            "INSERT INTO channel_own_address (address, channel_id, workspace_id, place) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
            &[address.to_lowercase().into(), (&public.id).into(), (&row.workspace_id).into(), i64::from(place).into()],
        )?;
    }
    Ok(())
}

/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &ChannelRow) -> Result<()> {
    tx.announce(Topic::Access);
    let public = &row.public;
    tx.execute(
        "UPDATE channel SET name = $2, email_address = $3, display_name = $4, aliases = $5, signature = $6, config = $7, secrets = $8, limits = $9,
             auth_policy = $10, thread_by_subject = $11, status = $12, updated_at = $13, team_id = $14 WHERE id = $1",
        &[
            (&public.id).into(),
            (&public.name).into(),
            (&public.email_address).into(),
            (&public.display_name).into(),
            json(TABLE, &public.aliases)?.into(),
            json(TABLE, &public.signature)?.into(),
            json(TABLE, &public.config)?.into(),
            (&row.secrets).into(),
            json(TABLE, &public.limits)?.into(),
            word(&public.auth_policy).into(),
            public.thread_by_subject.into(),
            word(&public.status).into(),
            public.updated_at.into(),
            (&public.team_id).into(),
        ],
    )?;
    keep_own_addresses(tx, row)
}

/// The channel stops receiving and is no longer shown; what it received stays, and its address stays taken.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &ChannelId, now: Timestamp) -> Result<()> {
    tx.announce(Topic::Access);
    tx.execute("UPDATE channel SET deleted_at = $2, secrets = NULL WHERE id = $1", &[id.into(), now.into()])?;
    tx.execute("UPDATE channel_address SET active = $2 WHERE channel_id = $1", &[id.into(), false.into()])?;
    Ok(())
}

/// A channel of the workspace that was not deleted.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ChannelId) -> Result<Option<ChannelRow>> {
    let sql = format!("SELECT {COLUMNS} FROM channel WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// Whether the workspace has, or had, this channel.
///
/// # Errors
/// What the database says.
pub fn was_there(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ChannelId) -> Result<bool> {
    let sql = "SELECT 1 FROM channel WHERE id = $1 AND workspace_id = $2";
    Ok(tx.query_one(sql, &[id.into(), workspace.into()], |_| Ok(()))?.is_some())
}

/// A channel whatever its workspace, for a request that proves itself by the channel's own token.
///
/// # Errors
/// What the database says.
pub fn get_any(tx: &mut Tx<'_>, id: &ChannelId) -> Result<Option<ChannelRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM channel WHERE id = $1 AND deleted_at IS NULL"), &[id.into()], from_row)
}

/// The channel that receives at an address.
///
/// # Errors
/// What the database says.
pub fn by_address(tx: &mut Tx<'_>, address: &str) -> Result<Option<ChannelRow>> {
    let columns = of_channel();
    let sql = format!(
        "SELECT {columns} FROM channel_address a JOIN channel c ON c.id = a.channel_id WHERE a.address = $1 AND a.active AND c.deleted_at IS NULL"
    );
    tx.query_one(&sql, &[address.into()], from_row)
}

/// The channel that writes from an address whose domain the same workspace has proved to be its own. Of several, the one whose main
/// address it is, and the oldest. `address` is in lower case, `domain` its part behind the `@`.
///
/// # Errors
/// What the database says.
pub fn by_own_address(tx: &mut Tx<'_>, address: &str, domain: &str) -> Result<Option<ChannelRow>> {
    let columns = of_channel();
    let sql = format!(
        "SELECT {columns} FROM channel_own_address o
         JOIN domain d ON d.name = $2 AND d.workspace_id = o.workspace_id AND d.status IN ('verified', 'failing')
         JOIN channel c ON c.id = o.channel_id
         WHERE o.address = $1 AND c.deleted_at IS NULL ORDER BY o.place, c.id LIMIT 1"
    );
    tx.query_one(&sql, &[address.into(), domain.into()], from_row)
}

/// The columns, of a table that is called `c` beside others.
fn of_channel() -> String {
    COLUMNS.split(", ").map(|column| format!("c.{}", column.trim())).collect::<Vec<_>>().join(", ")
}

/// Whether a channel of any workspace receives at an address, or writes from it. `address` is normalised.
///
/// # Errors
/// What the database says.
pub fn is_of_one(tx: &mut Tx<'_>, address: &str) -> Result<bool> {
    let literal = address.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let alias = format!("%\"{literal}\"%");
    let sql = "SELECT 1 FROM channel_address WHERE address = $1 AND active
               UNION ALL
               SELECT 1 FROM channel WHERE deleted_at IS NULL AND (LOWER(email_address) = $1 OR LOWER(aliases) LIKE $2 ESCAPE '\\')
               LIMIT 1";
    Ok(tx.query_one(sql, &[address.into(), alias.into()], |_| Ok(()))?.is_some())
}

/// Channels of all workspaces that name a mailbox and own no account.
///
/// # Errors
/// What the database says.
pub fn without_account(tx: &mut Tx<'_>) -> Result<Vec<ChannelRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM channel WHERE provider = $1 AND deleted_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM account WHERE account.channel_id = channel.id)"
    );
    tx.query(&sql, &[Provider::SmtpImap.as_str().into()], from_row)
}

/// Sealed secrets of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(ChannelId, Vec<u8>)>> {
    tx.query("SELECT id, secrets FROM channel WHERE secrets IS NOT NULL", &[], |row| {
        Ok((ChannelId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &ChannelId, secrets: &[u8]) -> Result<()> {
    tx.execute("UPDATE channel SET secrets = $2 WHERE id = $1", &[id.into(), secrets.into()])?;
    Ok(())
}

/// Channels of a workspace behind (or, newest first, before) `cursor`.
///
/// # Errors
/// What the database says.
pub fn list(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    only: Option<&ChannelId>,
    cursor: Option<&str>,
    ascending: bool,
    take: usize,
) -> Result<Vec<ChannelRow>> {
    let (comparison, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let sql = format!(
        "SELECT {COLUMNS} FROM channel WHERE workspace_id = $1 AND deleted_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR id = $2)
         AND (CAST($3 AS TEXT) IS NULL OR id {comparison} $3) ORDER BY id {order} LIMIT $4"
    );
    let only = only.map(|id| crate::db::Value::from(id.as_str()));
    tx.query(&sql, &[workspace.into(), only.unwrap_or(crate::db::Value::Null), cursor.into(), take.into()], from_row)
}
