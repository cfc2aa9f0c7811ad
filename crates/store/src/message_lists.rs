//! Pages of messages in order of arrival. As with conversations, each filter is read from an index that ends in the
//! order, so that a page costs the same at any size. Owns no change.

mod arrival;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use model::message::{Direction, MessageStatus};
use model::{ChannelId, ContactId, ConversationId, DeliveryId, MessageId, Timestamp, UseCaseId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Tx, Value};
use crate::error::{NotAPlace, Result};
use crate::messages::{COLUMNS, MessageRow, from_row};

/// Which messages; what is `None` is left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFilter {
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub conversation_id: Option<ConversationId>,
    pub contact_id: Option<ContactId>,
    pub direction: Option<Direction>,
    pub status: Option<MessageStatus>,
    pub tag: Option<String>,
    /// Outbound messages with a delivery by this transport.
    pub transport: Option<String>,
    /// Outbound messages with a delivery to this address, whatever the case of its letters.
    pub recipient: Option<String>,
    /// Taken in, or accepted for sending, then or later.
    pub since: Option<Timestamp>,
    /// Taken in, or accepted for sending, earlier than then.
    pub before: Option<Timestamp>,
    /// Internal notes too.
    pub notes: bool,
}

impl MessageFilter {
    pub fn all(workspace_id: WorkspaceId) -> Self {
        Self {
            workspace_id,
            channel_id: None,
            use_case_id: None,
            conversation_id: None,
            contact_id: None,
            direction: None,
            status: None,
            tag: None,
            transport: None,
            recipient: None,
            since: None,
            before: None,
            notes: false,
        }
    }

    /// Inbound messages have one status and outbound ones the others: each says the direction. `None`: nothing matches.
    fn direction_of_status(&self) -> Option<(Option<Direction>, Option<MessageStatus>)> {
        let implied = match self.status {
            None => return Some((self.direction, None)),
            Some(MessageStatus::Received) => Direction::Inbound,
            Some(_) => Direction::Outbound,
        };
        let status = self.status.filter(|status| *status != MessageStatus::Received);
        self.direction.is_none_or(|asked| asked == implied).then_some((Some(implied), status))
    }
}

/// A message's place: by arrival, or in a list by transport or recipient by its delivery.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKey {
    Seq(i64),
    Delivery(String),
}

impl fmt::Display for MessageKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(formatter, "{seq}"),
            Self::Delivery(id) => formatter.write_str(id),
        }
    }
}

impl FromStr for MessageKey {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        if let Ok(seq) = text.parse() {
            return Ok(Self::Seq(seq));
        }
        text.parse::<DeliveryId>().map(|id| Self::Delivery(id.into_string())).map_err(|_| NotAPlace)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageSlice {
    pub after: Option<MessageKey>,
    pub ascending: bool,
    pub take: usize,
}

/// A part of the list with each message's place in it. A place of another list's kind is taken for the beginning.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, filter: &MessageFilter, slice: &MessageSlice) -> Result<Vec<(MessageKey, MessageRow)>> {
    let Some((direction, status)) = filter.direction_of_status() else { return Ok(Vec::new()) };
    let list = List::of(filter, status);
    let arrived = arrival::between(tx, filter.since, filter.before)?;
    let (sql, conditions) = keys_query(filter, slice, list, arrived, direction, status);
    let keys = tx.query(&sql, conditions.values(), |row| {
        let seq = row.int(1)?;
        let key = if list.is_by_delivery() { MessageKey::Delivery(row.text(0)?) } else { MessageKey::Seq(seq) };
        Ok((key, seq))
    })?;
    let seqs: Vec<i64> = keys.iter().map(|(_, seq)| *seq).collect();
    let mut rows: HashMap<i64, MessageRow> = by_seqs(tx, &seqs)?.into_iter().map(|row| (row.seq, row)).collect();
    Ok(keys.into_iter().filter_map(|(key, seq)| Some((key, rows.remove(&seq)?))).collect())
}

/// These messages, in the order asked for; those that are gone are left out.
///
/// # Errors
/// What the database says.
pub fn by_seqs(tx: &mut Tx<'_>, seqs: &[i64]) -> Result<Vec<MessageRow>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    let sql = format!("SELECT seq, {COLUMNS} FROM message WHERE {}", conditions.text());
    let rows = tx.query(&sql, conditions.values(), from_row)?;
    let mut found: HashMap<i64, MessageRow> = rows.into_iter().map(|row| (row.seq, row)).collect();
    Ok(seqs.iter().filter_map(|seq| found.remove(seq)).collect())
}

/// These messages of the workspace, in no order.
///
/// # Errors
/// What the database says.
pub fn by_ids(tx: &mut Tx<'_>, workspace: &WorkspaceId, ids: &[MessageId]) -> Result<Vec<MessageRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("id IN (?)", ids.iter().map(Value::from));
    conditions.bind("COALESCE(workspace_id, '') = ?", workspace);
    let sql = format!("SELECT seq, {COLUMNS} FROM message WHERE {}", conditions.text());
    tx.query(&sql, conditions.values(), from_row)
}

/// A message of whatever workspace, for who holds a signed link to it.
///
/// # Errors
/// What the database says.
pub fn of_any_workspace(tx: &mut Tx<'_>, id: &MessageId) -> Result<Option<MessageRow>> {
    tx.query_one(&format!("SELECT seq, {COLUMNS} FROM message WHERE id = $1"), &[id.into()], from_row)
}

/// Which index a filter is read from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Conversation,
    Recipient,
    Transport,
    Tag,
    Contact,
    UseCaseStatus,
    UseCase,
    ChannelStatus,
    Status,
    Channel,
    Workspace,
}

impl List {
    fn of(filter: &MessageFilter, status: Option<MessageStatus>) -> Self {
        if filter.conversation_id.is_some() {
            return Self::Conversation;
        }
        if filter.recipient.is_some() {
            return Self::Recipient;
        }
        if filter.transport.is_some() {
            return Self::Transport;
        }
        if filter.tag.is_some() {
            return Self::Tag;
        }
        if filter.contact_id.is_some() {
            return Self::Contact;
        }
        match (status, &filter.use_case_id, &filter.channel_id) {
            (Some(_), Some(_), _) => Self::UseCaseStatus,
            (None, Some(_), _) => Self::UseCase,
            (Some(_), None, Some(_)) => Self::ChannelStatus,
            (Some(_), None, None) => Self::Status,
            (None, None, Some(_)) => Self::Channel,
            (None, None, None) => Self::Workspace,
        }
    }

    fn is_by_delivery(self) -> bool {
        matches!(self, Self::Recipient | Self::Transport)
    }

    fn key(self) -> &'static str {
        match self {
            Self::Recipient | Self::Transport => "d.id",
            Self::Tag => "t.message_seq",
            _ => "m.seq",
        }
    }

    /// CROSS JOIN: SQLite keeps the order of the tables, and so the order of the list. The join's condition is in `restrict`.
    fn tables(self) -> &'static str {
        match self {
            Self::Recipient | Self::Transport => "delivery d CROSS JOIN message m",
            Self::Tag => "message_tag t CROSS JOIN message m",
            _ => "message m",
        }
    }

    /// The index of these lists has the direction before the order.
    fn branches_by_direction(self) -> bool {
        matches!(self, Self::Contact | Self::UseCase | Self::Channel | Self::Workspace)
    }

    /// The conditions on the index's first columns.
    fn restrict<'f>(self, filter: &'f MessageFilter, conditions: &mut Conditions<'f>) {
        match self {
            Self::Conversation => conditions.bind("m.conversation_id = ?", &filter.conversation_id),
            Self::Recipient => {
                conditions.add("m.id = d.message_id");
                conditions.bind("d.workspace_id = ?", &filter.workspace_id);
                conditions.bind("LOWER(d.recipient) = LOWER(?)", &filter.recipient);
            }
            Self::Transport => {
                conditions.add("m.id = d.message_id");
                conditions.bind("d.workspace_id = ?", &filter.workspace_id);
                conditions.bind(
                    // Of a message's several deliveries the last stands for it.
                    "d.transport = ? AND NOT EXISTS (SELECT 1 FROM delivery n WHERE n.message_id = d.message_id AND n.id > d.id AND n.transport = ?)",
                    &filter.transport,
                );
            }
            Self::Tag => {
                conditions.add("m.seq = t.message_seq");
                conditions.bind("t.workspace_id = ?", &filter.workspace_id);
                conditions.bind("t.tag = ?", &filter.tag);
            }
            Self::Contact => conditions.bind("m.contact_id = ?", &filter.contact_id),
            Self::UseCase | Self::UseCaseStatus => conditions.bind("m.use_case_id = ?", &filter.use_case_id),
            Self::Channel | Self::ChannelStatus => conditions.bind("m.channel_id = ?", &filter.channel_id),
            Self::Status | Self::Workspace => conditions.bind("m.workspace_id = ?", &filter.workspace_id),
        }
    }

    /// The conditions that are not the list's own; COALESCE keeps a planner without statistics from their indexes.
    fn restrict_further<'f>(self, filter: &'f MessageFilter, conditions: &mut Conditions<'f>) {
        if !matches!(self, Self::Status | Self::Workspace) {
            conditions.bind("COALESCE(m.workspace_id, '') = ?", &filter.workspace_id);
        }
        if let Some(channel) = &filter.channel_id
            && !matches!(self, Self::Channel | Self::ChannelStatus)
        {
            conditions.bind("COALESCE(m.channel_id, '') = ?", channel);
        }
        if let Some(use_case) = &filter.use_case_id
            && !matches!(self, Self::UseCase | Self::UseCaseStatus)
        {
            conditions.bind("COALESCE(m.use_case_id, '') = ?", use_case);
        }
        if let Some(contact) = &filter.contact_id
            && self != Self::Contact
        {
            conditions.bind("COALESCE(m.contact_id, '') = ?", contact);
        }
        if let Some(tag) = &filter.tag
            && self != Self::Tag
        {
            conditions.bind(
                "EXISTS (SELECT 1 FROM message_tag g WHERE g.workspace_id = m.workspace_id AND g.tag = ? AND g.message_seq = m.seq)",
                tag,
            );
        }
        if let Some(transport) = &filter.transport
            && self != Self::Transport
        {
            conditions
                .bind("EXISTS (SELECT 1 FROM delivery e WHERE e.message_id = m.id AND e.transport = ?)", transport);
        }
        if let Some(recipient) = &filter.recipient
            && self != Self::Recipient
        {
            let sent_to =
                "EXISTS (SELECT 1 FROM delivery r WHERE r.message_id = m.id AND LOWER(r.recipient) = LOWER(?))";
            conditions.bind(sent_to, recipient);
        }
        if !filter.notes {
            conditions.add("NOT m.private");
        }
    }
}

fn keys_query<'f>(
    filter: &'f MessageFilter,
    slice: &'f MessageSlice,
    list: List,
    arrived: arrival::Between,
    direction: Option<Direction>,
    status: Option<MessageStatus>,
) -> (String, Conditions<'f>) {
    let mut conditions = Conditions::after(vec![slice.take.into()]);
    list.restrict(filter, &mut conditions);
    list.restrict_further(filter, &mut conditions);
    arrived.restrict(filter, list.is_by_delivery(), list.key(), &mut conditions);
    if let Some(status) = status {
        conditions.bind("m.status = ?", status.as_str());
    }
    let behind = format!("{} {} ?", list.key(), if slice.ascending { ">" } else { "<" });
    match &slice.after {
        Some(MessageKey::Delivery(id)) if list.is_by_delivery() => conditions.bind(&behind, id),
        Some(MessageKey::Seq(seq)) if !list.is_by_delivery() => conditions.bind(&behind, *seq),
        _ => {}
    }
    let directions = match direction {
        Some(direction) => vec![Some(direction)],
        None if list.branches_by_direction() => vec![Some(Direction::Inbound), Some(Direction::Outbound)],
        None => vec![None],
    };
    let (key, tables, order) = (list.key(), list.tables(), if slice.ascending { "ASC" } else { "DESC" });
    let branches: Vec<String> = directions
        .into_iter()
        .map(|direction| {
            let branch: Vec<String> =
                direction.iter().map(|direction| format!("m.direction = '{}'", direction.as_str())).collect();
            let wanted = conditions.text_with(&branch);
            // The key twice: once as the place, once, where it is another, to find the row by.
            format!("SELECT {key}, m.seq FROM {tables} WHERE {wanted}")
        })
        .collect();
    // Merged by the database, as the lists of conversations are.
    (format!("{} ORDER BY 1 {order} LIMIT $1", branches.join(" UNION ALL ")), conditions)
}

#[cfg(test)]
pub(crate) mod tests;
