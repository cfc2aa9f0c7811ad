//! What people hold to come in: sessions of a browser, one-time links, and sign-ins that wait for their second step. Tokens are
//! kept as SHA-256. That one went is announced ([`Topic::Access`]), so that what was opened with it ends.

use model::{SessionId, Timestamp, UserId, WorkspaceId};

use crate::db::{Row, Topic, Tx};
use crate::error::Result;
use crate::users::{self, UserRow};

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    Session,
    /// Good once, for a session.
    SignIn,
    /// Good for a session together with a code of the second factor.
    SecondStep,
}

impl TokenPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SignIn => "sign-in",
            Self::SecondStep => "second-step",
        }
    }
}

/// A token of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    pub hash: Vec<u8>,
    pub user_id: UserId,
    /// A session's alone.
    pub id: Option<SessionId>,
    /// How it began: `password`, `link` or `provider`; unknown of what is older than that.
    pub method: Option<String>,
    pub user_agent: Option<String>,
    /// Of the network, where it was last used.
    pub address: Option<String>,
    /// Codes that did not fit.
    pub failures: i64,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

const COLUMNS: &str = "s.token_hash, s.user_id, s.id, s.method, s.user_agent, s.address, s.failures, s.created_at, s.last_used_at, s.expires_at";

fn from_row(row: &Row<'_>, at: usize) -> Result<TokenRow> {
    Ok(TokenRow {
        hash: row.bytes(at)?,
        user_id: UserId::from_stored(row.text(at + 1)?),
        id: row.text_or_null(at + 2)?.map(SessionId::from_stored),
        method: row.text_or_null(at + 3)?,
        user_agent: row.text_or_null(at + 4)?,
        address: row.text_or_null(at + 5)?,
        failures: row.int(at + 6)?,
        created_at: row.time(at + 7)?,
        last_used_at: row.time_or_null(at + 8)?,
        expires_at: row.time(at + 9)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, purpose: TokenPurpose, token: &TokenRow) -> Result<()> {
    tx.execute(
        "INSERT INTO user_session (token_hash, user_id, purpose, id, method, user_agent, address, failures, created_at, last_used_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            (&token.hash).into(),
            (&token.user_id).into(),
            purpose.as_str().into(),
            (&token.id).into(),
            (&token.method).into(),
            (&token.user_agent).into(),
            (&token.address).into(),
            token.failures.into(),
            token.created_at.into(),
            token.last_used_at.into(),
            token.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Whose token this is, if it is good.
///
/// # Errors
/// What the database says.
pub fn by_hash(
    tx: &mut Tx<'_>,
    hash: &[u8],
    purpose: TokenPurpose,
    now: Timestamp,
) -> Result<Option<(UserRow, TokenRow)>> {
    let sql = format!(
        "SELECT {}, {COLUMNS} FROM user_session s JOIN user_account u ON u.id = s.user_id
         WHERE s.token_hash = $1 AND s.purpose = $2 AND s.expires_at > $3",
        users::COLUMNS
    );
    tx.query_one(&sql, &[hash.into(), purpose.as_str().into(), now.into()], |row| {
        Ok((users::from_row(row)?, from_row(row, users::COLUMN_COUNT)?))
    })
}

/// A user's sessions that are good, the newest first.
///
/// # Errors
/// What the database says.
pub fn of_user(tx: &mut Tx<'_>, user: &UserId, now: Timestamp) -> Result<Vec<TokenRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM user_session s WHERE s.user_id = $1 AND s.purpose = 'session' AND s.expires_at > $2
         ORDER BY s.created_at DESC, s.token_hash"
    );
    tx.query(&sql, &[user.into(), now.into()], |row| from_row(row, 0))
}

/// Notes that a session is used, and from where.
///
/// # Errors
/// What the database says.
pub fn touch(
    tx: &mut Tx<'_>,
    hash: &[u8],
    address: Option<&str>,
    user_agent: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE user_session SET last_used_at = $2, address = COALESCE($3, address), user_agent = COALESCE($4, user_agent) WHERE token_hash = $1",
        &[hash.into(), now.into(), address.into(), user_agent.into()],
    )?;
    Ok(())
}

/// Counts a code that did not fit. Answers how many there were.
///
/// # Errors
/// What the database says.
pub fn fail(tx: &mut Tx<'_>, hash: &[u8]) -> Result<i64> {
    let sql = "UPDATE user_session SET failures = failures + 1 WHERE token_hash = $1 RETURNING failures";
    Ok(tx.query_one(sql, &[hash.into()], |row| row.int(0))?.unwrap_or(i64::MAX))
}

/// Makes a token worthless. False when it was already.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, hash: &[u8]) -> Result<bool> {
    tx.announce(Topic::Access);
    Ok(tx.execute("DELETE FROM user_session WHERE token_hash = $1", &[hash.into()])? > 0)
}

/// Ends one session of a user. False when there is none of this id.
///
/// # Errors
/// What the database says.
pub fn remove_session(tx: &mut Tx<'_>, user: &UserId, id: &SessionId) -> Result<bool> {
    tx.announce(Topic::Access);
    Ok(tx.execute("DELETE FROM user_session WHERE id = $1 AND user_id = $2", &[id.into(), user.into()])? > 0)
}

/// Makes all tokens of a user for this purpose worthless.
///
/// # Errors
/// What the database says.
pub fn remove_for(tx: &mut Tx<'_>, user: &UserId, purpose: TokenPurpose) -> Result<u64> {
    tx.announce(Topic::Access);
    let sql = "DELETE FROM user_session WHERE user_id = $1 AND purpose = $2";
    tx.execute(sql, &[user.into(), purpose.as_str().into()])
}

/// Makes all tokens of a user worthless but this one.
///
/// # Errors
/// What the database says.
pub fn remove_others(tx: &mut Tx<'_>, user: &UserId, kept: &[u8]) -> Result<u64> {
    tx.announce(Topic::Access);
    tx.execute("DELETE FROM user_session WHERE user_id = $1 AND token_hash <> $2", &[user.into(), kept.into()])
}

/// Makes all tokens of a user worthless.
///
/// # Errors
/// What the database says.
pub fn remove_all(tx: &mut Tx<'_>, user: &UserId) -> Result<u64> {
    tx.announce(Topic::Access);
    tx.execute("DELETE FROM user_session WHERE user_id = $1", &[user.into()])
}

/// No session of a workspace lasts longer than so many milliseconds from its beginning.
///
/// # Errors
/// What the database says.
pub fn shorten(tx: &mut Tx<'_>, workspace: &WorkspaceId, milliseconds: i64) -> Result<u64> {
    tx.announce(Topic::Access);
    tx.execute(
        "UPDATE user_session SET expires_at = created_at + $2 WHERE purpose = 'session' AND expires_at > created_at + $2
         AND user_id IN (SELECT id FROM user_account WHERE workspace_id = $1)",
        &[workspace.into(), milliseconds.into()],
    )
}

/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute("DELETE FROM user_session WHERE expires_at < $1", &[now.into()])
}
