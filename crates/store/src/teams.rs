//! Teams and their members, and whose turn it is. Who is told of what a team is given is the engine's business.

use std::collections::HashMap;

use model::team::{Assignment, Team};
use model::{ConversationId, TeamId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Topic, Tx, Value};
use crate::error::{Result, StoreError};

const TABLE: &str = "team";
const COLUMNS: &str = "id, name, assignment, created_at";

fn assignment(text: &str) -> Result<Assignment> {
    Assignment::parse(text).ok_or_else(|| StoreError::corrupt(TABLE, format!("assignment {text}")))
}

/// Its members are left out.
fn from_row(row: &Row<'_>) -> Result<Team> {
    Ok(Team {
        id: TeamId::from_stored(row.text(0)?),
        name: row.text(1)?,
        member_ids: Vec::new(),
        assignment: assignment(&row.text(2)?)?,
        created_at: row.time(3)?,
    })
}

/// What tells names apart, whatever their case.
fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// A name that another team of the workspace has is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, team: &Team) -> Result<()> {
    tx.execute(
        "INSERT INTO team (id, workspace_id, name, name_key, assignment, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            (&team.id).into(),
            workspace.into(),
            (&team.name).into(),
            name_key(&team.name).into(),
            team.assignment.as_str().into(),
            team.created_at.into(),
        ],
    )?;
    add_members(tx, team)
}

/// Changes name, assignment and members. A name that another has is a unique violation.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, team: &Team) -> Result<()> {
    tx.execute(
        "UPDATE team SET name = $3, name_key = $4, assignment = $5 WHERE id = $1 AND workspace_id = $2",
        &[
            (&team.id).into(),
            workspace.into(),
            (&team.name).into(),
            name_key(&team.name).into(),
            team.assignment.as_str().into(),
        ],
    )?;
    remove_members(tx, &team.id)?;
    add_members(tx, team)
}

fn add_members(tx: &mut Tx<'_>, team: &Team) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = team.member_ids.iter().map(|user| vec![(&team.id).into(), user.into()]).collect();
    tx.insert_many(
        "INSERT INTO team_member (team_id, user_id)",
        2,
        "ON CONFLICT (team_id, user_id) DO NOTHING",
        &rows,
    )?;
    Ok(())
}

fn remove_members(tx: &mut Tx<'_>, id: &TeamId) -> Result<()> {
    tx.execute("DELETE FROM team_member WHERE team_id = $1", &[id.into()])?;
    Ok(())
}

/// A team of the workspace that was not deleted, with its members.
///
/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &TeamId) -> Result<Option<Team>> {
    let sql = format!("SELECT {COLUMNS} FROM team WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL");
    let Some(mut team) = tx.query_one(&sql, &[id.into(), workspace.into()], from_row)? else { return Ok(None) };
    let sql = "SELECT user_id FROM team_member WHERE team_id = $1 ORDER BY user_id";
    team.member_ids = tx.query(sql, &[id.into()], |row| row.text(0).map(UserId::from_stored))?;
    Ok(Some(team))
}

/// Makes others who would change the team wait for this transaction. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, id: &TeamId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_one("SELECT 1 FROM team WHERE id = $1 FOR UPDATE", &[id.into()], |_| Ok(()))?;
    }
    Ok(())
}

/// The teams that somebody is of.
///
/// # Errors
/// What the database says.
pub fn of_member(tx: &mut Tx<'_>, user: &UserId) -> Result<Vec<TeamId>> {
    let sql = "SELECT team_id FROM team_member WHERE user_id = $1 ORDER BY team_id";
    tx.query(sql, &[user.into()], |row| row.text(0).map(TeamId::from_stored))
}

/// All teams of a workspace with their members, oldest first.
///
/// # Errors
/// What the database says.
pub fn list(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<Vec<Team>> {
    let sql = format!("SELECT {COLUMNS} FROM team WHERE workspace_id = $1 AND deleted_at IS NULL ORDER BY id");
    let mut teams = tx.query(&sql, &[workspace.into()], from_row)?;
    let sql = "SELECT m.team_id, m.user_id FROM team t JOIN team_member m ON m.team_id = t.id
               WHERE t.workspace_id = $1 AND t.deleted_at IS NULL ORDER BY m.team_id, m.user_id";
    let mut members: HashMap<String, Vec<UserId>> = HashMap::new();
    for (team, user) in tx.query(sql, &[workspace.into()], |row| Ok((row.text(0)?, row.text(1)?)))? {
        members.entry(team).or_default().push(UserId::from_stored(user));
    }
    for team in &mut teams {
        team.member_ids = members.remove(team.id.as_str()).unwrap_or_default();
    }
    Ok(teams)
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM team WHERE workspace_id = $1 AND deleted_at IS NULL";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Nobody is of the team any more and no channel gives it anything; its conversations let go of it by and by
/// ([`conversations_of_deleted`]). False where there is none.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &TeamId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE team SET deleted_at = $3 WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    if tx.execute(sql, &[id.into(), workspace.into(), now.into()])? == 0 {
        return Ok(false);
    }
    remove_members(tx, id)?;
    tx.announce(Topic::Access);
    tx.execute("UPDATE channel SET team_id = NULL WHERE team_id = $1", &[id.into()])?;
    Ok(true)
}

/// A team that was deleted, and some of the conversations that still have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub workspace_id: WorkspaceId,
    pub id: TeamId,
    /// None are left where it is empty.
    pub conversations: Vec<ConversationId>,
}

/// The team that was deleted first, with up to `take` of its conversations.
///
/// # Errors
/// What the database says.
pub fn conversations_of_deleted(tx: &mut Tx<'_>, take: usize) -> Result<Option<Deleted>> {
    let sql = "SELECT workspace_id, id FROM team WHERE deleted_at IS NOT NULL ORDER BY deleted_at, id LIMIT 1";
    let team = |row: &Row<'_>| Ok((WorkspaceId::from_stored(row.text(0)?), TeamId::from_stored(row.text(1)?)));
    let Some((workspace_id, id)) = tx.query_one(sql, &[], team)? else { return Ok(None) };
    let sql = "SELECT id FROM conversation WHERE workspace_id = $1 AND team_id = $2 LIMIT $3";
    let values = [(&workspace_id).into(), (&id).into(), take.into()];
    let conversations = tx.query(sql, &values, |row| row.text(0).map(ConversationId::from_stored))?;
    Ok(Some(Deleted { workspace_id, id, conversations }))
}

/// Forgets a deleted team that no conversation has.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, id: &TeamId) -> Result<()> {
    tx.execute("DELETE FROM team WHERE id = $1 AND deleted_at IS NOT NULL", &[id.into()])?;
    Ok(())
}

/// Where a team's assignment has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub assignment: Assignment,
    pub last_assigned_id: Option<UserId>,
}

/// The turn of a team that is about to be given a conversation, held until the transaction ends: the team can't be deleted meanwhile,
/// and where it assigns, others wait for their own turn. `None` where the team is not there.
///
/// # Errors
/// What the database says.
pub fn take_turn(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &TeamId) -> Result<Option<Turn>> {
    let sql =
        "SELECT assignment, last_assigned_id FROM team WHERE id = $1 AND workspace_id = $2 AND deleted_at IS NULL";
    let turn = |row: &Row<'_>| {
        let last_assigned_id = row.text_or_null(1)?.map(UserId::from_stored);
        Ok(Turn { assignment: assignment(&row.text(0)?)?, last_assigned_id })
    };
    let values = [id.into(), workspace.into()];
    let found = tx.query_one(sql, &values, turn)?;
    let (Dialect::Postgres, Some(seen)) = (tx.dialect(), &found) else { return Ok(found) };
    // Those who only name the team need not wait for each other.
    let hold = if seen.assignment == Assignment::Manual { "FOR SHARE" } else { "FOR UPDATE" };
    let held = tx.query_one(&format!("{sql} {hold}"), &values, turn)?;
    let became_automatic = |turn: &Turn| seen.assignment == Assignment::Manual && turn.assignment != Assignment::Manual;
    Ok(held.map(|turn| if became_automatic(&turn) { seen.clone() } else { turn }))
}

/// Notes who was given a conversation.
///
/// # Errors
/// What the database says.
pub fn end_turn(tx: &mut Tx<'_>, id: &TeamId, user: &UserId) -> Result<()> {
    tx.execute("UPDATE team SET last_assigned_id = $2 WHERE id = $1", &[id.into(), user.into()])?;
    Ok(())
}

/// The members of a team who are not away, in the order of their ids.
///
/// # Errors
/// What the database says.
pub fn available_members(tx: &mut Tx<'_>, id: &TeamId) -> Result<Vec<UserId>> {
    tx.query(
        "SELECT m.user_id FROM team_member m JOIN user_account u ON u.id = m.user_id
         WHERE m.team_id = $1 AND u.available ORDER BY m.user_id",
        &[id.into()],
        |row| row.text(0).map(UserId::from_stored),
    )
}

/// How many open conversations each of these users has, by the maintained counts; who has none is left out.
///
/// # Errors
/// What the database says.
pub fn open_conversations(tx: &mut Tx<'_>, workspace: &WorkspaceId, users: &[UserId]) -> Result<HashMap<UserId, i64>> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("workspace_id = ?", workspace);
    conditions.bind_list("assignee_id IN (?)", users.iter().map(Value::from));
    let sql = format!(
        "SELECT assignee_id, CAST(SUM(conversations) AS BIGINT) FROM conversation_count WHERE {} AND status = 'open' GROUP BY assignee_id",
        conditions.text()
    );
    let counted = tx.query(&sql, conditions.values(), |row| Ok((UserId::from_stored(row.text(0)?), row.int(1)?)))?;
    Ok(counted.into_iter().collect())
}
