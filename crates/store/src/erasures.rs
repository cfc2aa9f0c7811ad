//! Erasures as jobs: what is erased, how far it is, and the ids of what it took away. What has to go where is in `erasing`.

use std::collections::HashSet;

use model::privacy::{ErasedSuppressions, Erasure, ErasureCounts, ErasureReason, ErasureStatus};
use model::{ContactId, ErasureId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Tx, Value, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "erasure";
/// Ids asked for in one statement.
const IDS_AT_ONCE: usize = 200;

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Messages, conversations, and all that hangs on them.
    Content,
    /// Drafts that name an address.
    Drafts,
    /// What events say.
    Events,
    /// What webhooks were answered about such events.
    Webhooks,
    /// What requests were answered.
    Answers,
    /// Raw mails outside of the database.
    Blobs,
    /// What the database still holds of rows that are gone.
    Traces,
    Done,
}

impl Stage {
    const ALL: [Self; 8] = [
        Self::Content,
        Self::Drafts,
        Self::Events,
        Self::Webhooks,
        Self::Answers,
        Self::Blobs,
        Self::Traces,
        Self::Done,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Drafts => "drafts",
            Self::Events => "events",
            Self::Webhooks => "webhooks",
            Self::Answers => "answers",
            Self::Blobs => "blobs",
            Self::Traces => "traces",
            Self::Done => "done",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text)
    }

    pub fn next(self) -> Self {
        let place = Self::ALL.iter().position(|stage| *stage == self).unwrap_or_default();
        Self::ALL.get(place + 1).copied().unwrap_or(Self::Done)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    pub id: ErasureId,
    pub workspace_id: WorkspaceId,
    pub reason: ErasureReason,
    pub contact_id: Option<ContactId>,
    /// In their one spelling. Empty once it is done.
    pub addresses: Vec<String>,
    pub suppressions: ErasedSuppressions,
    pub stage: Stage,
    /// How far the stage is, in its own terms; empty at its beginning.
    pub place: String,
    /// Where the stage ends: the newest event's position when it began.
    pub bound: i64,
    pub stage_since: Timestamp,
    pub counts: ErasureCounts,
    pub requested_by: Option<String>,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

impl ErasureRow {
    pub fn public(&self) -> Erasure {
        let status = if self.finished_at.is_some() { ErasureStatus::Done } else { ErasureStatus::Running };
        Erasure {
            id: self.id.clone(),
            reason: self.reason,
            contact_id: self.contact_id.clone(),
            status,
            counts: self.counts,
            created_at: self.created_at,
            finished_at: self.finished_at,
        }
    }

    /// The next stage, from its beginning.
    pub fn go_on(&mut self, now: Timestamp) {
        self.stage = self.stage.next();
        self.place.clear();
        self.bound = 0;
        self.stage_since = now;
    }
}

const COLUMNS: &str = "id, workspace_id, reason, contact_id, addresses, suppressions, stage, place, bound, stage_since, counts, \
     requested_by, created_at, finished_at";

fn from_row(row: &Row<'_>) -> Result<ErasureRow> {
    let (reason, suppressions, stage) = (row.text(2)?, row.text(5)?, row.text(6)?);
    let wrong = |what: &str, value: &str| StoreError::corrupt(TABLE, format!("{what} {value}"));
    Ok(ErasureRow {
        id: ErasureId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        reason: ErasureReason::parse(&reason).ok_or_else(|| wrong("reason", &reason))?,
        contact_id: row.text_or_null(3)?.map(ContactId::from_stored),
        addresses: row.json(TABLE, 4)?,
        suppressions: ErasedSuppressions::parse(&suppressions).ok_or_else(|| wrong("suppressions", &suppressions))?,
        stage: Stage::parse(&stage).ok_or_else(|| wrong("stage", &stage))?,
        place: row.text(7)?,
        bound: row.int(8)?,
        stage_since: row.time(9)?,
        counts: row.json(TABLE, 10)?,
        requested_by: row.text_or_null(11)?,
        created_at: row.time(12)?,
        finished_at: row.time_or_null(13)?,
    })
}

/// # Errors
/// What the database says; a unique violation where the contact is being erased already.
pub fn insert(tx: &mut Tx<'_>, row: &ErasureRow) -> Result<()> {
    tx.execute(
        &format!(
            "INSERT INTO erasure ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
        ),
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            row.reason.as_str().into(),
            (&row.contact_id).into(),
            json(TABLE, &row.addresses)?.into(),
            row.suppressions.as_str().into(),
            row.stage.as_str().into(),
            (&row.place).into(),
            row.bound.into(),
            row.stage_since.into(),
            json(TABLE, &row.counts)?.into(),
            (&row.requested_by).into(),
            row.created_at.into(),
            row.finished_at.into(),
        ],
    )?;
    Ok(())
}

/// Keeps how far it is.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, row: &ErasureRow) -> Result<()> {
    tx.execute(
        "UPDATE erasure SET addresses = $2, stage = $3, place = $4, bound = $5, stage_since = $6, counts = $7, finished_at = $8 WHERE id = $1",
        &[
            (&row.id).into(),
            json(TABLE, &row.addresses)?.into(),
            row.stage.as_str().into(),
            (&row.place).into(),
            row.bound.into(),
            row.stage_since.into(),
            json(TABLE, &row.counts)?.into(),
            row.finished_at.into(),
        ],
    )?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ErasureId) -> Result<Option<ErasureRow>> {
    let sql = format!("SELECT {COLUMNS} FROM erasure WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// The erasure of a contact, under way or done.
///
/// # Errors
/// What the database says.
pub fn of_contact(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &ContactId) -> Result<Option<ErasureRow>> {
    let sql = format!("SELECT {COLUMNS} FROM erasure WHERE contact_id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[contact.into(), workspace.into()], from_row)
}

/// Newest first, or ascending by id.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: Option<&ErasureId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<ErasureRow>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("workspace_id = ?", workspace);
    if let Some(after) = after {
        conditions.bind(if ascending { "id > ?" } else { "id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM erasure WHERE {} ORDER BY id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// Those that are not done, oldest first.
///
/// # Errors
/// What the database says.
pub fn open(tx: &mut Tx<'_>, take: usize) -> Result<Vec<ErasureRow>> {
    let sql = format!("SELECT {COLUMNS} FROM erasure WHERE finished_at IS NULL ORDER BY id LIMIT $1");
    tx.query(&sql, &[take.into()], from_row)
}

/// Whether a retention rule of the workspace is being carried out.
///
/// # Errors
/// What the database says.
pub fn retention_is_open(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<bool> {
    let sql = "SELECT 1 FROM erasure WHERE finished_at IS NULL AND workspace_id = $1 AND reason = 'retention' LIMIT 1";
    Ok(tx.query_one(sql, &[workspace.into()], |_| Ok(()))?.is_some())
}

/// An erasure that is still at this stage, for this transaction alone: other nodes that want to go on with it wait.
///
/// # Errors
/// What the database says.
pub fn hold(tx: &mut Tx<'_>, id: &ErasureId, stage: Stage) -> Result<Option<ErasureRow>> {
    let lock = if tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM erasure WHERE id = $1 AND stage = $2 AND finished_at IS NULL {lock}");
    tx.query_one(&sql, &[id.into(), stage.as_str().into()], from_row)
}

/// Something was taken away.
///
/// # Errors
/// What the database says.
pub fn note(tx: &mut Tx<'_>, id: &ErasureId, subjects: &[&str]) -> Result<()> {
    let rows: Vec<Vec<Value<'_>>> = subjects.iter().map(|subject| vec![id.into(), (*subject).into()]).collect();
    tx.insert_many(
        "INSERT INTO erased_subject (erasure_id, subject_id)",
        2,
        "ON CONFLICT (erasure_id, subject_id) DO NOTHING",
        &rows,
    )?;
    Ok(())
}

/// Which of these an erasure took away.
///
/// # Errors
/// What the database says.
pub fn noted(tx: &mut Tx<'_>, id: &ErasureId, subjects: &[&str]) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    for some in subjects.chunks(IDS_AT_ONCE) {
        let mut conditions = Conditions::after(Vec::new());
        conditions.bind("erasure_id = ?", id);
        conditions.bind_list("subject_id IN (?)", some.iter().map(|subject| Value::from(*subject)));
        let sql = format!("SELECT subject_id FROM erased_subject WHERE {}", conditions.text());
        found.extend(tx.query(&sql, conditions.values(), |row| row.text(0))?);
    }
    Ok(found)
}

/// Forgets some ids of what it took away. Answers how many.
///
/// # Errors
/// What the database says.
pub fn forget_subjects(tx: &mut Tx<'_>, id: &ErasureId, take: usize) -> Result<u64> {
    tx.execute(
        "DELETE FROM erased_subject WHERE erasure_id = $1 AND subject_id IN (
             SELECT subject_id FROM erased_subject WHERE erasure_id = $1 LIMIT $2)",
        &[id.into(), take.into()],
    )
}
