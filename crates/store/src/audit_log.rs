//! The audit log. Entries are added and, when they are old, forgotten; the database itself refuses to change one.

use model::audit::{AuditActor, AuditActorType, AuditEntry, AuditTarget};
use model::{AuditEntryId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "audit_entry";
const COLUMNS: &str =
    "id, at, actor_type, actor_id, actor_name, address, action, target_type, target_id, target_name, changed";

fn from_row(row: &Row<'_>) -> Result<AuditEntry> {
    let actor = row.text(2)?;
    Ok(AuditEntry {
        id: AuditEntryId::from_stored(row.text(0)?),
        at: row.time(1)?,
        actor: AuditActor {
            actor_type: AuditActorType::parse(&actor)
                .ok_or_else(|| StoreError::corrupt(TABLE, format!("actor {actor}")))?,
            id: row.text_or_null(3)?,
            name: row.text_or_null(4)?,
        },
        address: row.text_or_null(5)?,
        action: row.text(6)?,
        target: AuditTarget { target_type: row.text(7)?, id: row.text(8)?, name: row.text_or_null(9)? },
        changed: row.json(TABLE, 10)?,
    })
}

/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, entry: &AuditEntry) -> Result<()> {
    let changed = json(TABLE, &entry.changed)?;
    tx.execute(
        &format!(
            "INSERT INTO audit_entry ({COLUMNS}, workspace_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            (&entry.id).into(),
            entry.at.into(),
            entry.actor.actor_type.as_str().into(),
            (&entry.actor.id).into(),
            (&entry.actor.name).into(),
            (&entry.address).into(),
            (&entry.action).into(),
            (&entry.target.target_type).into(),
            (&entry.target.id).into(),
            (&entry.target.name).into(),
            changed.into(),
            workspace.into(),
        ],
    )?;
    Ok(())
}

/// What a list is confined to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor_id: Option<String>,
    pub action: Option<String>,
    pub target_type: Option<String>,
    pub target_id: Option<String>,
    pub since: Option<Timestamp>,
    /// Not within.
    pub before: Option<Timestamp>,
}

/// Entries with their places in the log.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    filter: &Filter,
    after: Option<i64>,
    ascending: bool,
    take: usize,
) -> Result<Vec<(i64, AuditEntry)>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    let texts = [
        ("actor_id = ?", &filter.actor_id),
        ("action = ?", &filter.action),
        ("target_type = ?", &filter.target_type),
        ("target_id = ?", &filter.target_id),
    ];
    for (condition, value) in texts {
        if let Some(value) = value {
            conditions.bind(condition, value);
        }
    }
    for (condition, time) in [("at >= ?", filter.since), ("at < ?", filter.before)] {
        if let Some(time) = time {
            conditions.bind(condition, time);
        }
    }
    if let Some(after) = after {
        conditions.bind(if ascending { "seq > ?" } else { "seq < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql =
        format!("SELECT {COLUMNS}, seq FROM audit_entry WHERE {} ORDER BY seq {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok((row.int(11)?, from_row(row)?)))
}

/// Forgets what is older than its workspace keeps, some at once.
///
/// # Errors
/// What the database says.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp, limit: usize) -> Result<u64> {
    tx.execute(
        "DELETE FROM audit_entry WHERE seq IN (
             SELECT a.seq FROM workspace w JOIN audit_entry a ON a.workspace_id = w.id AND a.at < $1 - w.audit_days * 86400000 LIMIT $2)",
        &[now.into(), limit.into()],
    )
}
