//! Messages: single rows and what the workers need of them. Lists are in `message_lists`, which names which in `message_references`.

use std::collections::HashSet;

use model::auth::AuthResults;
use model::message::{Direction, Disposition, MessageStatus, Recipient, ThreadedBy, Withheld};
use model::{AttachmentId, ChannelId, ContactId, ConversationId, MessageId, Timestamp, UseCaseId, UserId, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Tx, Value, json};
use crate::error::{Result, StoreError};

/// An attachment's place in the raw mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentRow {
    pub id: AttachmentId,
    /// What `mail::attachment_bytes` finds it by.
    pub part: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    pub content_type: String,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    pub disposition: Disposition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
}

/// Whom the envelope named and who brought the mail.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    pub mail_from: String,
    pub rcpt_to: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MessageFlags {
    pub auto_reply: bool,
    pub unauthenticated: bool,
    pub new_sender: bool,
    pub message_id_reused: bool,
    /// What it says is its recipient's alone: a link in it signs its reader in.
    pub confidential: bool,
    /// It answers nobody: it was forwarded, or written to somebody who took no part in its conversation.
    pub aside: bool,
}

impl MessageFlags {
    pub(crate) fn to_bits(self) -> i64 {
        i64::from(self.auto_reply)
            | i64::from(self.unauthenticated) << 1
            | i64::from(self.new_sender) << 2
            | i64::from(self.message_id_reused) << 3
            | i64::from(self.confidential) << 4
            | i64::from(self.aside) << 5
    }

    pub(crate) fn from_bits(bits: i64) -> Self {
        let flag = |place: i64| bits >> place & 1 == 1;
        Self {
            auto_reply: flag(0),
            unauthenticated: flag(1),
            new_sender: flag(2),
            message_id_reused: flag(3),
            confidential: flag(4),
            aside: flag(5),
        }
    }
}

/// A message as it is kept: what lists, threading and workers need. Text and HTML are read from the raw mail.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// Order of arrival; 0 until it is inserted.
    pub seq: i64,
    pub id: MessageId,
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub conversation_id: ConversationId,
    pub contact_id: Option<ContactId>,
    pub direction: Direction,
    pub status: MessageStatus,
    pub private: bool,
    pub author_id: Option<UserId>,
    pub from_address: String,
    pub from_name: Option<String>,
    pub recipients: Vec<Recipient>,
    pub subject: String,
    pub preview: String,
    /// The text of an internal note.
    pub note: Option<String>,
    /// RFC 5322 Message-ID without angle brackets.
    pub rfc_message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub kind: String,
    pub flags: MessageFlags,
    pub auth: Option<AuthResults>,
    pub attachments: Vec<AttachmentRow>,
    pub limits: Vec<String>,
    pub threaded_by: ThreadedBy,
    pub envelope: Envelope,
    pub custom_data: Map<String, Json>,
    pub tags: Vec<String>,
    /// What makes it the same message when it comes again. Unique.
    pub identity: Option<Vec<u8>>,
    pub blob_id: Option<i64>,
    pub raw_size: u64,
    pub scheduled_at: Option<Timestamp>,
    pub sent_at: Timestamp,
    pub created_at: Timestamp,
}

pub(crate) const COLUMNS: &str = "id, workspace_id, channel_id, use_case_id, conversation_id, contact_id, direction, status, private, author_id, \
     from_address, from_name, recipients, subject, preview, note, rfc_message_id, in_reply_to, reference_ids, kind, flags, auth, attachments, \
     limits, threaded_by, envelope, custom_data, tags, identity, blob_id, raw_size, scheduled_at, sent_at, created_at";
const COLUMN_COUNT: usize = 34;
const TABLE: &str = "message";

/// Columns are `seq` and then [`COLUMNS`].
pub(crate) fn from_row(row: &Row<'_>) -> Result<MessageRow> {
    let wrong = |what: &str, value: &str| StoreError::corrupt(TABLE, format!("{what} {value}"));
    let (direction, status, threaded_by) = (row.text(7)?, row.text(8)?, row.text(25)?);
    let auth = row.text_or_null(22)?;
    Ok(MessageRow {
        seq: row.int(0)?,
        id: MessageId::from_stored(row.text(1)?),
        workspace_id: WorkspaceId::from_stored(row.text(2)?),
        channel_id: row.text_or_null(3)?.map(ChannelId::from_stored),
        use_case_id: row.text_or_null(4)?.map(UseCaseId::from_stored),
        conversation_id: ConversationId::from_stored(row.text(5)?),
        contact_id: row.text_or_null(6)?.map(ContactId::from_stored),
        direction: Direction::parse(&direction).ok_or_else(|| wrong("direction", &direction))?,
        status: MessageStatus::parse(&status).ok_or_else(|| wrong("status", &status))?,
        private: row.bool(9)?,
        author_id: row.text_or_null(10)?.map(UserId::from_stored),
        from_address: row.text(11)?,
        from_name: row.text_or_null(12)?,
        recipients: row.json(TABLE, 13)?,
        subject: row.text(14)?,
        preview: row.text(15)?,
        note: row.text_or_null(16)?,
        rfc_message_id: row.text_or_null(17)?,
        in_reply_to: row.text_or_null(18)?,
        references: row.json(TABLE, 19)?,
        kind: row.text(20)?,
        flags: MessageFlags::from_bits(row.int(21)?),
        auth: auth
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| StoreError::corrupt(TABLE, error))?,
        attachments: row.json(TABLE, 23)?,
        limits: row.json(TABLE, 24)?,
        threaded_by: ThreadedBy::parse(&threaded_by).ok_or_else(|| wrong("threaded_by", &threaded_by))?,
        envelope: row.json(TABLE, 26)?,
        custom_data: row.json(TABLE, 27)?,
        tags: row.json(TABLE, 28)?,
        identity: row.bytes_or_null(29)?,
        blob_id: row.int_or_null(30)?,
        raw_size: row.int(31)?.unsigned_abs(),
        scheduled_at: row.time_or_null(32)?,
        sent_at: row.time(33)?,
        created_at: row.time(34)?,
    })
}

/// Keeps a new message with its tags. Answers its place in the order of arrival.
///
/// # Errors
/// What the database says; a unique violation where the identity is taken.
pub fn insert(tx: &mut Tx<'_>, message: &MessageRow) -> Result<i64> {
    let auth = message
        .auth
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| StoreError::corrupt(TABLE, error))?;
    let values: [Value<'_>; COLUMN_COUNT] = [
        (&message.id).into(),
        (&message.workspace_id).into(),
        (&message.channel_id).into(),
        (&message.use_case_id).into(),
        (&message.conversation_id).into(),
        (&message.contact_id).into(),
        message.direction.as_str().into(),
        message.status.as_str().into(),
        message.private.into(),
        (&message.author_id).into(),
        (&message.from_address).into(),
        (&message.from_name).into(),
        json(TABLE, &message.recipients)?.into(),
        (&message.subject).into(),
        (&message.preview).into(),
        (&message.note).into(),
        (&message.rfc_message_id).into(),
        (&message.in_reply_to).into(),
        json(TABLE, &message.references)?.into(),
        (&message.kind).into(),
        message.flags.to_bits().into(),
        auth.into(),
        json(TABLE, &message.attachments)?.into(),
        json(TABLE, &message.limits)?.into(),
        message.threaded_by.as_str().into(),
        json(TABLE, &message.envelope)?.into(),
        json(TABLE, &message.custom_data)?.into(),
        json(TABLE, &message.tags)?.into(),
        (&message.identity).into(),
        message.blob_id.into(),
        message.raw_size.into(),
        message.scheduled_at.into(),
        message.sent_at.into(),
        message.created_at.into(),
    ];
    let seq = tx.insert_numbered(insert_sql(), "seq", &values)?;
    crate::search_queue::add(tx, seq)?;
    for tag in &message.tags {
        tx.execute(
            "INSERT INTO message_tag (workspace_id, tag, message_seq) VALUES ($1, $2, $3) ON CONFLICT (workspace_id, tag, message_seq) DO NOTHING",
            &[(&message.workspace_id).into(), tag.into(), seq.into()],
        )?;
    }
    Ok(seq)
}

fn insert_sql() -> &'static str {
    static SQL: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SQL.get_or_init(|| format!("INSERT INTO message ({COLUMNS}) VALUES ({})", crate::db::placeholders(1, COLUMN_COUNT)))
}

/// The message with this identity, if it was here before.
///
/// # Errors
/// What the database says.
pub fn id_by_identity(tx: &mut Tx<'_>, identity: &[u8]) -> Result<Option<MessageId>> {
    tx.query_one("SELECT id FROM message WHERE identity = $1", &[identity.into()], |row| {
        row.text(0).map(MessageId::from_stored)
    })
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &MessageId) -> Result<Option<MessageRow>> {
    let sql = format!("SELECT seq, {COLUMNS} FROM message WHERE id = $1 AND workspace_id = $2");
    tx.query_one(&sql, &[id.into(), workspace.into()], from_row)
}

/// What delivering needs of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Outbound {
    /// RFC 5321 reverse-path.
    pub mail_from: String,
    pub recipients: Vec<Recipient>,
    pub blob_id: Option<i64>,
}

/// # Errors
/// What the database says.
pub fn outbound(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &MessageId) -> Result<Option<Outbound>> {
    let sql = "SELECT envelope, recipients, blob_id FROM message WHERE id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[id.into(), workspace.into()], |row| {
        let envelope: Envelope = row.json(TABLE, 0)?;
        Ok(Outbound { mail_from: envelope.mail_from, recipients: row.json(TABLE, 1)?, blob_id: row.int_or_null(2)? })
    })
}

/// Messages of all workspaces behind `seq` in order of arrival, for those who work through them all.
///
/// # Errors
/// What the database says.
pub fn after(tx: &mut Tx<'_>, seq: i64, take: usize) -> Result<Vec<MessageRow>> {
    tx.query(
        &format!("SELECT seq, {COLUMNS} FROM message WHERE seq > $1 ORDER BY seq LIMIT $2"),
        &[seq.into(), take.into()],
        from_row,
    )
}

/// Messages the search index does not hold yet, in order of arrival.
///
/// # Errors
/// What the database says.
pub fn unindexed(tx: &mut Tx<'_>, take: usize) -> Result<Vec<MessageRow>> {
    let sql = format!(
        "SELECT seq, {COLUMNS} FROM message WHERE seq IN (SELECT message_seq FROM search_queue ORDER BY message_seq LIMIT $1) ORDER BY seq"
    );
    tx.query(&sql, &[take.into()], from_row)
}

/// Those of these messages that are there, and stay until this transaction ends.
///
/// # Errors
/// What the database says.
pub fn still_there(tx: &mut Tx<'_>, seqs: &[i64]) -> Result<HashSet<i64>> {
    if seqs.is_empty() {
        return Ok(HashSet::new());
    }
    let lock = if tx.dialect() == Dialect::Postgres { "FOR KEY SHARE" } else { "" };
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    let sql = format!("SELECT seq FROM message WHERE {} {lock}", conditions.text());
    Ok(tx.query(&sql, conditions.values(), |row| row.int(0))?.into_iter().collect())
}

/// The newest message's place; 0 when there is none.
///
/// # Errors
/// What the database says.
pub fn newest_seq(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.query_one("SELECT COALESCE(MAX(seq), 0) FROM message", &[], |row| row.int(0))?.unwrap_or(0))
}

/// The newest mail of a conversation that has a Message-ID, for the head of a reply: its id and its references.
///
/// # Errors
/// What the database says.
pub fn newest_mail(
    tx: &mut Tx<'_>,
    conversation: &ConversationId,
    direction: Option<Direction>,
) -> Result<Option<MessageRow>> {
    let filter = direction.map_or("", |direction| match direction {
        Direction::Inbound => "AND direction = 'inbound'",
        Direction::Outbound => "AND direction = 'outbound'",
    });
    let sql = format!(
        "SELECT seq, {COLUMNS} FROM message WHERE conversation_id = $1 AND blob_id IS NOT NULL {filter} ORDER BY seq DESC LIMIT 1"
    );
    tx.query_one(&sql, &[conversation.into()], from_row)
}

/// Whether a mail of the conversation came or was written after this message; notes and what was cancelled do not count.
///
/// # Errors
/// What the database says.
pub fn has_newer_mail(tx: &mut Tx<'_>, conversation: &ConversationId, seen: &MessageId) -> Result<bool> {
    let sql = "SELECT 1 FROM message WHERE conversation_id = $1 AND seq > (SELECT seq FROM message WHERE id = $2) \
               AND blob_id IS NOT NULL AND status <> 'cancelled' LIMIT 1";
    Ok(tx.query_one(sql, &[conversation.into(), seen.into()], |_| Ok(()))?.is_some())
}

/// Whether somebody at this address wrote a mail of the conversation; what machines answer does not count.
///
/// # Errors
/// What the database says.
pub fn wrote_in(tx: &mut Tx<'_>, conversation: &ConversationId, address: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM message WHERE conversation_id = $1 AND direction = 'inbound' AND kind = 'message' AND from_address = $2 LIMIT 1";
    Ok(tx.query_one(sql, &[conversation.into(), address.into()], |_| Ok(()))?.is_some())
}

/// # Errors
/// What the database says.
pub fn set_status(tx: &mut Tx<'_>, id: &MessageId, status: MessageStatus, recipients: &[Recipient]) -> Result<()> {
    tx.execute(
        "UPDATE message SET status = $2, recipients = $3 WHERE id = $1",
        &[id.into(), status.as_str().into(), json(TABLE, &recipients)?.into()],
    )?;
    Ok(())
}

/// Writes again what is derived from the raw mail. Answers whether anything was different.
///
/// # Errors
/// What the database says.
pub fn rewrite_derived(tx: &mut Tx<'_>, before: &MessageRow, after: &MessageRow) -> Result<bool> {
    if before == after {
        return Ok(false);
    }
    tx.execute(
        "UPDATE message SET from_address = $2, from_name = $3, recipients = $4, subject = $5, preview = $6, rfc_message_id = $7, in_reply_to = $8,
             reference_ids = $9, kind = $10, flags = $11, attachments = $12, limits = $13 WHERE id = $1",
        &[
            (&after.id).into(),
            (&after.from_address).into(),
            (&after.from_name).into(),
            json(TABLE, &after.recipients)?.into(),
            (&after.subject).into(),
            (&after.preview).into(),
            (&after.rfc_message_id).into(),
            (&after.in_reply_to).into(),
            json(TABLE, &after.references)?.into(),
            (&after.kind).into(),
            after.flags.to_bits().into(),
            json(TABLE, &after.attachments)?.into(),
            json(TABLE, &after.limits)?.into(),
        ],
    )?;
    Ok(true)
}
