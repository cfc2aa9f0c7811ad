//! Saved views of the conversations.

use model::view::View;
use model::{UserId, ViewId, WorkspaceId};

use crate::db::{Dialect, Row, Topic, Tx, json};
use crate::error::Result;

const COLUMNS: &str = "id, name, filter, shared, owner_id, place, created_at";

fn from_row(row: &Row<'_>) -> Result<View> {
    Ok(View {
        id: ViewId::from_stored(row.text(0)?),
        name: row.text(1)?,
        filter: row.json("conversation_view", 2)?,
        shared: row.bool(3)?,
        owner_id: Some(row.text(4)?).filter(|owner| !owner.is_empty()).map(UserId::from_stored),
        position: u32::try_from(row.int(5)?).unwrap_or(u32::MAX),
        created_at: row.time(6)?,
    })
}

fn owner(user: Option<&UserId>) -> &str {
    user.map_or("", UserId::as_str)
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, view: &View) -> Result<()> {
    let filter = json("conversation_view", &view.filter)?;
    tx.execute(
        &format!("INSERT INTO conversation_view (workspace_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
        &[
            workspace.into(),
            (&view.id).into(),
            (&view.name).into(),
            filter.into(),
            view.shared.into(),
            owner(view.owner_id.as_ref()).into(),
            view.position.into(),
            view.created_at.into(),
        ],
    )?;
    tx.announce(Topic::Views);
    Ok(())
}

/// Keeps name, filter, sharing and place.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, view: &View) -> Result<()> {
    let filter = json("conversation_view", &view.filter)?;
    tx.execute(
        "UPDATE conversation_view SET name = $3, filter = $4, shared = $5, place = $6 WHERE id = $1 AND workspace_id = $2",
        &[
            (&view.id).into(),
            workspace.into(),
            (&view.name).into(),
            filter.into(),
            view.shared.into(),
            view.position.into(),
        ],
    )?;
    tx.announce(Topic::Views);
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ViewId) -> Result<Option<View>> {
    let sql = format!("SELECT {COLUMNS} FROM conversation_view WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// The views of one owner (`None`: of the workspace's keys) in their order. On PostgreSQL nobody else changes them until the
/// transaction that `holds` them ends.
///
/// # Errors
/// What the database says.
pub fn of_owner(tx: &mut Tx<'_>, workspace: &WorkspaceId, user: Option<&UserId>, holds: bool) -> Result<Vec<View>> {
    let hold = if holds && tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM conversation_view WHERE workspace_id = $1 AND owner_id = $2 ORDER BY place, id {hold}"
    );
    tx.query(&sql, &[workspace.into(), owner(user).into()], from_row)
}

/// Those that others share, oldest first.
///
/// # Errors
/// What the database says.
pub fn shared_by_others(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    user: Option<&UserId>,
    take: usize,
) -> Result<Vec<View>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conversation_view WHERE workspace_id = $1 AND shared AND owner_id <> $2 ORDER BY id LIMIT $3"
    );
    tx.query(&sql, &[workspace.into(), owner(user).into(), take.into()], from_row)
}

/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ViewId) -> Result<()> {
    tx.execute("DELETE FROM conversation_view WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])?;
    tx.announce(Topic::Views);
    Ok(())
}

/// What a person had for themselves goes with them; what they shared stays.
///
/// # Errors
/// What the database says.
pub(crate) fn forget_user(tx: &mut Tx<'_>, user: &UserId) -> Result<()> {
    tx.execute("DELETE FROM conversation_view WHERE owner_id = $1 AND NOT shared", &[user.into()])?;
    Ok(())
}
