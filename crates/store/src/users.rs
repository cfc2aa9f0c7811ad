//! Users. Passwords come in hashed.

use model::key::{Role, User};
use model::{Timestamp, UserId, WorkspaceId};

use crate::db::{Dialect, Row, Tx, json};
use crate::error::{Result, StoreError};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    pub workspace_id: WorkspaceId,
    /// PHC string; absent for a user who signs in by link alone.
    pub password_hash: Option<String>,
    pub public: User,
}

const TABLE: &str = "user_account";

/// Of `user_account u`.
pub(crate) const COLUMNS: &str = "u.id, u.workspace_id, u.email, u.name, u.role, u.password_hash, u.created_at, u.available, u.last_sign_in_at, EXISTS (SELECT 1 FROM second_factor f WHERE f.user_id = u.id AND f.enabled_at IS NOT NULL), u.signature";
/// How many they are.
pub(crate) const COLUMN_COUNT: usize = 11;

pub(crate) fn from_row(row: &Row<'_>) -> Result<UserRow> {
    let role = row.text(4)?;
    Ok(UserRow {
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        password_hash: row.text_or_null(5)?,
        public: User {
            id: UserId::from_stored(row.text(0)?),
            email: row.text(2)?,
            name: row.text_or_null(3)?,
            role: Role::parse(&role).ok_or_else(|| StoreError::corrupt(TABLE, format!("role {role}")))?,
            available: row.bool(7)?,
            second_factor: row.bool(9)?,
            signature: row.json(TABLE, 10)?,
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
        "INSERT INTO user_account (id, workspace_id, email, name, role, password_hash, created_at, available, last_sign_in_at, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
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
            json(TABLE, &public.signature)?.into(),
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

/// Changes name, role, password, signature and whether they are available.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, user: &UserRow) -> Result<()> {
    let public = &user.public;
    tx.execute(
        "UPDATE user_account SET name = $2, role = $3, password_hash = $4, available = $5, signature = $6 WHERE id = $1",
        &[
            (&public.id).into(),
            (&public.name).into(),
            public.role.as_str().into(),
            (&user.password_hash).into(),
            public.available.into(),
            json(TABLE, &public.signature)?.into(),
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
    crate::sessions::remove_all(tx, id)?;
    crate::mentions::forget_user(tx, id)?;
    crate::views::forget_user(tx, id)?;
    for table in ["team_member", "draft", "upload", "presence", "second_factor", "recovery_code", "user_identity"] {
        tx.execute(&format!("DELETE FROM {table} WHERE user_id = $1"), &[id.into()])?;
    }
    tx.execute("DELETE FROM user_account WHERE id = $1", &[id.into()])?;
    Ok(())
}
