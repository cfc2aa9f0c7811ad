//! The accounts: people's mailboxes as they were set up, and who keeps them in step. Secrets come in sealed.

use std::time::Duration;

use model::account::{AccountError, AccountSettings, AccountState};
use model::{AccountId, ChannelId, OAuth2AppId, Timestamp, WorkspaceId};

use crate::db::{Row, Topic, Tx, json};
use crate::error::{Result, StoreError};
use crate::{linked_mails, submissions};

const TABLE: &str = "account";
/// How long a lease lasts unless it is renewed.
pub const LEASE: Duration = Duration::from_secs(20);

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    pub id: AccountId,
    pub workspace_id: WorkspaceId,
    /// What its owner's application calls it.
    pub name: String,
    pub display_name: Option<String>,
    pub email: Option<String>,
    pub settings: AccountSettings,
    /// Sealed by the vault.
    pub secrets: Option<Vec<u8>>,
    pub channel_id: Option<ChannelId>,
    pub state: AccountState,
    pub last_error: Option<AccountError>,
    /// Sign-ins refused since one succeeded.
    pub refusals: u32,
    /// It was connected once.
    pub initialized: bool,
    /// Rises with every change that whoever syncs it must heed.
    pub version: i64,
    pub synced_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "id, workspace_id, name, display_name, email, settings, secrets, channel_id, state, last_error, refusals, initialized, \
     version, synced_at, created_at, updated_at";

fn from_row(row: &Row<'_>) -> Result<AccountRow> {
    let state = row.text(8)?;
    let last_error = match row.text_or_null(9)? {
        Some(_) => Some(row.json(TABLE, 9)?),
        None => None,
    };
    Ok(AccountRow {
        id: AccountId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        name: row.text(2)?,
        display_name: row.text_or_null(3)?,
        email: row.text_or_null(4)?,
        settings: row.json(TABLE, 5)?,
        secrets: row.bytes_or_null(6)?,
        channel_id: row.text_or_null(7)?.map(ChannelId::from_stored),
        state: AccountState::parse(&state).ok_or_else(|| StoreError::corrupt(TABLE, format!("state {state}")))?,
        last_error,
        refusals: u32::try_from(row.int(10)?).unwrap_or(u32::MAX),
        initialized: row.bool(11)?,
        version: row.int(12)?,
        synced_at: row.time_or_null(13)?,
        created_at: row.time(14)?,
        updated_at: row.time(15)?,
    })
}

/// # Errors
/// What the database says; a unique violation where the workspace has an account of this name.
pub fn insert(tx: &mut Tx<'_>, row: &AccountRow) -> Result<()> {
    tx.announce(Topic::Accounts);
    tx.execute(
        &format!("INSERT INTO account ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, 0, $10, 1, NULL, $11, $11)"),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.name).into(),
            (&row.display_name).into(),
            (&row.email).into(),
            json(TABLE, &row.settings)?.into(),
            (&row.secrets).into(),
            (&row.channel_id).into(),
            row.state.as_str().into(),
            row.initialized.into(),
            row.created_at.into(),
        ],
    )?;
    Ok(())
}

/// Changes how it is set up; whoever syncs it begins anew.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &AccountRow) -> Result<()> {
    tx.announce(Topic::Accounts);
    tx.execute(
        "UPDATE account SET display_name = $2, email = $3, settings = $4, secrets = $5, state = $6, refusals = 0, version = version + 1,
             last_error = NULL, updated_at = $7 WHERE id = $1",
        &[
            (&row.id).into(),
            (&row.display_name).into(),
            (&row.email).into(),
            json(TABLE, &row.settings)?.into(),
            (&row.secrets).into(),
            row.state.as_str().into(),
            row.updated_at.into(),
        ],
    )?;
    Ok(())
}

/// Whoever syncs it begins anew, a paused one too.
///
/// # Errors
/// What the database says.
pub fn begin_anew(tx: &mut Tx<'_>, id: &AccountId, now: Timestamp) -> Result<()> {
    tx.announce(Topic::Accounts);
    tx.execute(
        "UPDATE account SET version = version + 1, refusals = 0, updated_at = $2,
             state = CASE WHEN state = 'paused' THEN 'init' ELSE state END WHERE id = $1",
        &[id.into(), now.into()],
    )?;
    Ok(())
}

/// Takes the account away with all that is known of its mailbox. Activities stay: they happened.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &AccountId) -> Result<()> {
    tx.announce(Topic::Accounts);
    // First, so that whoever keeps it in step waits here and then finds it gone.
    tx.execute("DELETE FROM account WHERE id = $1", &[id.into()])?;
    let places = "DELETE FROM mailbox_place WHERE folder_id IN (SELECT id FROM mailbox_folder WHERE account_id = $1)";
    tx.execute(places, &[id.into()])?;
    tx.execute("DELETE FROM mailbox_folder WHERE account_id = $1", &[id.into()])?;
    submissions::delete_all(tx, id)?;
    linked_mails::delete_tracked(tx, id)?;
    tx.execute("DELETE FROM backfill WHERE account_id = $1", &[id.into()])?;
    // Those that are a message's too stay with it.
    let bytes =
        "DELETE FROM blob WHERE id IN (SELECT blob_id FROM mailbox_mail WHERE account_id = $1 AND message_id IS NULL)";
    tx.execute(bytes, &[id.into()])?;
    tx.execute("DELETE FROM mailbox_mail WHERE account_id = $1", &[id.into()])?;
    crate::templates::delete_of_account(tx, id)?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, id: &AccountId) -> Result<Option<AccountRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM account WHERE id = $1"), &[id.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn by_name(tx: &mut Tx<'_>, workspace: &WorkspaceId, name: &str) -> Result<Option<AccountRow>> {
    let sql = format!("SELECT {COLUMNS} FROM account WHERE workspace_id = $1 AND name = $2");
    tx.query_one(&sql, &[workspace.into(), name.into()], from_row)
}

/// The account a channel owns.
///
/// # Errors
/// What the database says.
pub fn of_channel(tx: &mut Tx<'_>, channel: &ChannelId) -> Result<Option<AccountRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM account WHERE channel_id = $1"), &[channel.into()], from_row)
}

/// A page of a workspace's accounts, by name, and how many there are in all.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    state: Option<AccountState>,
    skip: usize,
    take: usize,
) -> Result<(Vec<AccountRow>, u64)> {
    let state = state.map(AccountState::as_str);
    let filter = "workspace_id = $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2)";
    let total = tx
        .query_one(&format!("SELECT COUNT(*) FROM account WHERE {filter}"), &[workspace.into(), state.into()], |row| {
            row.int(0)
        })?
        .unwrap_or(0);
    let sql = format!("SELECT {COLUMNS} FROM account WHERE {filter} ORDER BY name LIMIT $3 OFFSET $4");
    let rows = tx.query(&sql, &[workspace.into(), state.into(), take.into(), skip.into()], from_row)?;
    Ok((rows, total.unsigned_abs()))
}

/// Accounts that are to be kept in step and that nobody keeps, the longest unheeded first: they are ours until `until`.
///
/// # Errors
/// What the database says.
pub fn claim(tx: &mut Tx<'_>, lease: &str, now: Timestamp, until: Timestamp, take: usize) -> Result<Vec<AccountRow>> {
    let free = "state NOT IN ('paused', 'disconnected') AND (lease_until IS NULL OR lease_until < $1)";
    let sql = format!("SELECT {COLUMNS} FROM account WHERE {free} ORDER BY lease_until, id LIMIT $2");
    let found = tx.query(&sql, &[now.into(), take.into()], from_row)?;
    let mut claimed = Vec::new();
    for account in found {
        let sql = format!("UPDATE account SET lease = $2, lease_until = $3 WHERE id = $4 AND {free}");
        if tx.execute(&sql, &[now.into(), lease.into(), until.into(), (&account.id).into()])? == 1 {
            claimed.push(account);
        }
    }
    Ok(claimed)
}

/// Accounts this lease keeps, with their versions; all of them are kept until `until` from now on.
///
/// # Errors
/// What the database says.
pub fn renew(tx: &mut Tx<'_>, lease: &str, until: Timestamp) -> Result<Vec<(AccountId, i64)>> {
    tx.execute("UPDATE account SET lease_until = $2 WHERE lease = $1", &[lease.into(), until.into()])?;
    kept(tx, lease)
}

/// Accounts this lease keeps, with their versions.
///
/// # Errors
/// What the database says.
pub fn kept(tx: &mut Tx<'_>, lease: &str) -> Result<Vec<(AccountId, i64)>> {
    tx.query("SELECT id, version FROM account WHERE lease = $1", &[lease.into()], |row| {
        Ok((AccountId::from_stored(row.text(0)?), row.int(1)?))
    })
}

/// Others may keep it at once.
///
/// # Errors
/// What the database says.
pub fn release(tx: &mut Tx<'_>, id: &AccountId, lease: &str) -> Result<()> {
    let sql = "UPDATE account SET lease = NULL, lease_until = NULL WHERE id = $1 AND lease = $2";
    tx.execute(sql, &[id.into(), lease.into()])?;
    Ok(())
}

/// All leases of a process that is gone, where there is only ever one process.
///
/// # Errors
/// What the database says.
pub fn release_all(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute("UPDATE account SET lease = NULL, lease_until = NULL WHERE lease IS NOT NULL", &[])?;
    Ok(())
}

/// Whether this lease keeps the account, as of this transaction; on PostgreSQL it stays so until the transaction's end.
///
/// # Errors
/// What the database says.
pub fn is_kept_by(tx: &mut Tx<'_>, id: &AccountId, lease: &str) -> Result<bool> {
    // A change of nothing locks the row.
    Ok(tx.execute("UPDATE account SET lease = lease WHERE id = $1 AND lease = $2", &[id.into(), lease.into()])? == 1)
}

/// Where the account is with its server.
///
/// # Errors
/// What the database says.
pub fn set_state(
    tx: &mut Tx<'_>,
    id: &AccountId,
    state: AccountState,
    error: Option<&AccountError>,
    refusals: u32,
) -> Result<()> {
    let error = error.map(|error| json(TABLE, error)).transpose()?;
    tx.execute(
        "UPDATE account SET state = $2, last_error = $3, refusals = $4 WHERE id = $1",
        &[id.into(), state.as_str().into(), error.into(), refusals.into()],
    )?;
    Ok(())
}

/// Every folder is known. Answers whether that is so for the first time.
///
/// # Errors
/// What the database says.
pub fn set_connected(tx: &mut Tx<'_>, id: &AccountId, now: Timestamp) -> Result<bool> {
    let first = tx.execute(
        "UPDATE account SET initialized = $2 WHERE id = $1 AND initialized = $3",
        &[id.into(), true.into(), false.into()],
    )? == 1;
    tx.execute(
        "UPDATE account SET state = 'connected', last_error = NULL, refusals = 0, synced_at = $2 WHERE id = $1",
        &[id.into(), now.into()],
    )?;
    Ok(first)
}

/// Sealed secrets of all workspaces, to be sealed anew.
///
/// # Errors
/// What the database says.
pub fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(AccountId, Vec<u8>)>> {
    tx.query("SELECT id, secrets FROM account WHERE secrets IS NOT NULL", &[], |row| {
        Ok((AccountId::from_stored(row.text(0)?), row.bytes(1)?))
    })
}

/// Secrets that were renewed, in the place of those they were renewed from. False where somebody else was first.
///
/// # Errors
/// What the database says.
pub fn renew_sealed(tx: &mut Tx<'_>, id: &AccountId, before: &[u8], after: &[u8]) -> Result<bool> {
    let sql = "UPDATE account SET secrets = $3 WHERE id = $1 AND secrets = $2";
    Ok(tx.execute(sql, &[id.into(), before.into(), after.into()])? == 1)
}

/// How many accounts of a workspace sign in by this application.
///
/// # Errors
/// What the database says.
pub fn count_of_oauth2_app(tx: &mut Tx<'_>, workspace: &WorkspaceId, app: &OAuth2AppId) -> Result<u64> {
    // The settings are JSON of our own; an id is in no other place of them.
    let pattern = format!("%\"app\":\"{app}\"%");
    let sql = "SELECT COUNT(*) FROM account WHERE workspace_id = $1 AND settings LIKE $2";
    Ok(tx.query_one(sql, &[workspace.into(), pattern.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// # Errors
/// What the database says.
pub fn set_sealed(tx: &mut Tx<'_>, id: &AccountId, secrets: &[u8]) -> Result<()> {
    tx.execute("UPDATE account SET secrets = $2 WHERE id = $1", &[id.into(), secrets.into()])?;
    Ok(())
}
