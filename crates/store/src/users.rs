//! Users, their sessions and one-time sign-in tokens. Passwords come in hashed; tokens as SHA-256.

use model::key::{Role, User};
use model::{Timestamp, UserId, WorkspaceId};

use crate::db::{Dialect, Row, Tx};
use crate::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    pub workspace_id: WorkspaceId,
    /// PHC string; absent for a user who signs in by link alone.
    pub password_hash: Option<String>,
    pub public: User,
}

const COLUMNS: &str =
    "u.id, u.workspace_id, u.email, u.name, u.role, u.password_hash, u.created_at, u.available, u.last_sign_in_at";

fn from_row(row: &Row<'_>) -> Result<UserRow> {
    let role = row.text(4)?;
    Ok(UserRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        password_hash: row.text_or_null(5)?,
        public: User {
            id: UserId::from_stored(row.text(0)?),
            email: row.text(2)?,
            name: row.text_or_null(3)?,
            role: Role::parse(&role).ok_or_else(|| StoreError::corrupt("user_account", format!("role {role}")))?,
            available: row.bool(7)?,
            last_sign_in_at: row.time_or_null(8)?,
            created_at: row.time(6)?,
        },
    })
}

/// Emails are unique in the whole instance; a taken one is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, user: &UserRow) -> Result<()> {
    let public = &user.public;
    tx.execute(
        "INSERT INTO user_account (id, workspace_id, email, name, role, password_hash, created_at, available, last_sign_in_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&public.id).into(),
            (&user.workspace_id).into(),
            (&public.email).into(),
            (&public.name).into(),
            public.role.as_str().into(),
            (&user.password_hash).into(),
            public.created_at.into(),
            public.available.into(),
            public.last_sign_in_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<UserRow>> {
    tx.query_one(&format!("SELECT {COLUMNS} FROM user_account u WHERE u.email = $1"), &[email.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &UserId) -> Result<Option<UserRow>> {
    let sql = format!("SELECT {COLUMNS} FROM user_account u WHERE u.id = $1 AND u.workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// The users of a workspace, oldest first.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<UserRow>> {
    tx.query(
        &format!("SELECT {COLUMNS} FROM user_account u WHERE u.workspace_id = $1 ORDER BY u.id"),
        &[workspace.into()],
        from_row,
    )
}

/// Changes name, role, password and whether they are available.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, user: &UserRow) -> Result<()> {
    let public = &user.public;
    tx.execute(
        "UPDATE user_account SET name = $2, role = $3, password_hash = $4, available = $5 WHERE id = $1",
        &[
            (&public.id).into(),
            (&public.name).into(),
            public.role.as_str().into(),
            (&user.password_hash).into(),
            public.available.into(),
        ],
    )?;
    Ok(())
}

/// Notes that the user came in.
///
/// # Errors
/// What the database says.
pub fn signed_in(tx: &mut Tx<'_>, id: &UserId, now: Timestamp) -> Result<()> {
    tx.execute("UPDATE user_account SET last_sign_in_at = $2 WHERE id = $1", &[id.into(), now.into()])?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn set_password(tx: &mut Tx<'_>, id: &UserId, password_hash: &str) -> Result<()> {
    tx.execute("UPDATE user_account SET password_hash = $2 WHERE id = $1", &[id.into(), password_hash.into()])?;
    Ok(())
}

/// How many administrators a workspace has. On PostgreSQL they are held until the transaction ends, so that two who
/// remove each other at once can't both succeed.
///
/// # Errors
/// What the database says.
pub fn admins(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<usize> {
    let hold = if tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!("SELECT id FROM user_account WHERE workspace_id = $1 AND role = 'admin' ORDER BY id {hold}");
    Ok(tx.query(&sql, &[workspace.into()], |row| row.text(0))?.len())
}

/// Forgets a user with their sessions and takes them out of their teams. What they wrote keeps their id.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, id: &UserId) -> Result<()> {
    remove_tokens(tx, id)?;
    crate::mentions::forget_user(tx, id)?;
    crate::views::forget_user(tx, id)?;
    for table in ["team_member", "draft", "upload", "presence"] {
        tx.execute(&format!("DELETE FROM {table} WHERE user_id = $1"), &[id.into()])?;
    }
    tx.execute("DELETE FROM user_account WHERE id = $1", &[id.into()])?;
    Ok(())
}

/// What a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenPurpose {
    Session,
    /// Good once, for a session.
    SignIn,
}

impl TokenPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::SignIn => "sign-in",
        }
    }
}

/// # Errors
/// What the database says.
pub fn add_token(
    tx: &mut Tx<'_>,
    token_hash: &[u8],
    user: &UserId,
    purpose: TokenPurpose,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    tx.execute(
        "INSERT INTO user_session (token_hash, user_id, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[token_hash.into(), user.into(), purpose.as_str().into(), now.into(), expires_at.into()],
    )?;
    Ok(())
}

/// Whose token this is, if it is good.
///
/// # Errors
/// What the database says.
pub fn by_token(tx: &mut Tx<'_>, token_hash: &[u8], purpose: TokenPurpose, now: Timestamp) -> Result<Option<UserRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM user_session s JOIN user_account u ON u.id = s.user_id WHERE s.token_hash = $1 AND s.purpose = $2 AND s.expires_at > $3"
    );
    tx.query_one(&sql, &[token_hash.into(), purpose.as_str().into(), now.into()], from_row)
}

/// Makes a token worthless. False when it was already.
///
/// # Errors
/// What the database says.
pub fn remove_token(tx: &mut Tx<'_>, token_hash: &[u8]) -> Result<bool> {
    Ok(tx.execute("DELETE FROM user_session WHERE token_hash = $1", &[token_hash.into()])? > 0)
}

/// Makes all tokens of a user for this purpose worthless.
///
/// # Errors
/// What the database says.
pub fn remove_tokens_for(tx: &mut Tx<'_>, user: &UserId, purpose: TokenPurpose) -> Result<u64> {
    let sql = "DELETE FROM user_session WHERE user_id = $1 AND purpose = $2";
    tx.execute(sql, &[user.into(), purpose.as_str().into()])
}

/// Makes all tokens of a user worthless.
///
/// # Errors
/// What the database says.
pub fn remove_tokens(tx: &mut Tx<'_>, user: &UserId) -> Result<u64> {
    tx.execute("DELETE FROM user_session WHERE user_id = $1", &[user.into()])
}
