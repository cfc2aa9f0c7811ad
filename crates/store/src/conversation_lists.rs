//! Pages of conversations by last activity. Every page is read from an index that ends in (last_activity_at, id): a
//! filter left open is the merge of its few values, which the database does row by row and stops when the page is
//! full, so that the cost never grows with the box. Owns no change.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::sla::SlaFilter;
use model::{ChannelId, ContactId, ConversationId, TeamId, Timestamp, UserId, WorkspaceId};

use crate::conditions::Conditions;
use crate::conversations::{COLUMNS, from_row};
use crate::db::{Dialect, Tx, Value};
use crate::error::{NotAPlace, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignee {
    User(UserId),
    Nobody,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfTeam {
    Team(TeamId),
    None,
}

/// Which conversations; what is `None` is left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationFilter {
    pub workspace_id: WorkspaceId,
    pub status: Option<ConversationStatus>,
    pub priority: Option<ConversationPriority>,
    /// There is one at most.
    pub number: Option<u64>,
    pub unread: Option<bool>,
    pub channel_id: Option<ChannelId>,
    pub assignee: Option<Assignee>,
    pub team: Option<OfTeam>,
    pub label: Option<String>,
    pub contact_id: Option<ContactId>,
    /// Whom a note of it mentions.
    pub mentioned: Option<UserId>,
    /// How its timers stand.
    pub sla: Option<SlaFilter>,
}

impl ConversationFilter {
    pub fn all(workspace_id: WorkspaceId) -> Self {
        Self {
            workspace_id,
            status: None,
            priority: None,
            number: None,
            unread: None,
            channel_id: None,
            assignee: None,
            team: None,
            label: None,
            contact_id: None,
            mentioned: None,
            sla: None,
        }
    }

    /// Whether a label's list, or that of mentions, has to look at the conversations too.
    fn needs_the_conversation(&self) -> bool {
        let two_lists = self.label.is_some() && self.mentioned.is_some();
        let of_somebody = self.assignee.is_some() || self.team.is_some();
        let of_a_kind = self.unread.is_some() || self.sla.is_some() || self.priority.is_some();
        of_a_kind || self.channel_id.is_some() || of_somebody || two_lists
    }
}

/// A conversation's place in every list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    pub last_activity_at: Timestamp,
    pub id: String,
}

impl ActivityKey {
    pub fn of(conversation: &Conversation) -> Self {
        Self { last_activity_at: conversation.last_activity_at, id: conversation.id.as_str().to_owned() }
    }
}

impl fmt::Display for ActivityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.last_activity_at.as_millis(), self.id)
    }
}

impl FromStr for ActivityKey {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        let (time, id) = text.split_once('.').ok_or(NotAPlace)?;
        let last_activity_at = Timestamp::from_millis(time.parse().map_err(|_| NotAPlace)?);
        let id = id.parse::<ConversationId>().map_err(|_| NotAPlace)?.into_string();
        Ok(Self { last_activity_at, id })
    }
}

/// Which part of a list: `take` items behind `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivitySlice {
    pub after: Option<ActivityKey>,
    pub ascending: bool,
    pub take: usize,
}

/// A part of the list, its labels included.
///
/// # Errors
/// What the database says.
pub fn page(tx: &mut Tx<'_>, filter: &ConversationFilter, slice: &ActivitySlice) -> Result<Vec<Conversation>> {
    if is_surely_empty(tx, filter)? {
        return Ok(Vec::new());
    }
    let (sql, conditions) = keys_query(filter, slice);
    let ids = tx.query(&sql, conditions.values(), |row| row.text(1))?;
    by_ids(tx, &ids)
}

/// These conversations in this order, labels included; those that are gone are left out.
///
/// # Errors
/// What the database says.
pub fn by_ids(tx: &mut Tx<'_>, ids: &[String]) -> Result<Vec<Conversation>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("(?)", ids.iter().map(Value::from));
    let (places, values) = (conditions.text(), conditions.values());
    let sql = format!("SELECT {COLUMNS} FROM conversation WHERE id IN {places}");
    let rows = tx.query(&sql, values, from_row)?;
    let mut found: HashMap<String, Conversation> =
        rows.into_iter().map(|row| (row.public.id.as_str().to_owned(), row.public)).collect();
    let sql = format!(
        "SELECT conversation_id, label FROM conversation_label WHERE conversation_id IN {places} ORDER BY conversation_id, label"
    );
    for (id, label) in tx.query(&sql, values, |row| Ok((row.text(0)?, row.text(1)?)))? {
        if let Some(conversation) = found.get_mut(&id) {
            conversation.labels.push(label);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Makes others who would change the conversation wait for this transaction. SQLite has one writer anyway.
///
/// # Errors
/// What the database says.
pub fn lock(tx: &mut Tx<'_>, id: &ConversationId) -> Result<()> {
    if tx.dialect() == Dialect::Postgres {
        tx.query_one("SELECT 1 FROM conversation WHERE id = $1 FOR UPDATE", &[id.into()], |_| Ok(()))?;
    }
    Ok(())
}

/// The same for several, and for the counts of the workspace: always in the order of their keys, so that two who change many at
/// once wait for each other and never both.
///
/// # Errors
/// What the database says.
pub fn lock_all(tx: &mut Tx<'_>, workspace: &WorkspaceId, ids: &[ConversationId]) -> Result<()> {
    if tx.dialect() != Dialect::Postgres || ids.is_empty() {
        return Ok(());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("workspace_id = ?", workspace);
    conditions.bind_list("id IN (?)", ids.iter().map(Value::from));
    let sql = format!("SELECT 1 FROM conversation WHERE {} ORDER BY id FOR UPDATE", conditions.text());
    tx.query(&sql, conditions.values(), |_| Ok(()))?;
    tx.query(
        "SELECT 1 FROM conversation_count WHERE workspace_id = $1 ORDER BY channel_id, assignee_id, status, unread FOR UPDATE",
        &[workspace.into()],
        |_| Ok(()),
    )?;
    Ok(())
}

/// Two filters that each hold for many and together for nobody would be a long walk: the maintained counts know.
fn is_surely_empty(tx: &mut Tx<'_>, filter: &ConversationFilter) -> Result<bool> {
    let (Some(channel), Some(assignee)) = (&filter.channel_id, &filter.assignee) else { return Ok(false) };
    let assignee = match assignee {
        Assignee::User(user) => user.as_str(),
        Assignee::Nobody => "",
    };
    let counts = tx.query(
        "SELECT status, unread, conversations FROM conversation_count WHERE workspace_id = $1 AND channel_id = $2 AND assignee_id = $3",
        &[(&filter.workspace_id).into(), channel.into(), assignee.into()],
        |row| Ok((row.text(0)?, row.bool(1)?, row.int(2)?)),
    )?;
    let wanted = |status: &str, unread: bool| {
        filter.status.is_none_or(|wanted| wanted.as_str() == status)
            && filter.unread.is_none_or(|wanted| wanted == unread)
    };
    Ok(!counts.iter().any(|(status, unread, count)| wanted(status, *unread) && *count > 0))
}

/// The query for the keys of a part of the list: a branch an index range, merged by the database. Each branch has the
/// list's order from its index, so that neither engine reads more of a branch than the page takes from it; a limit in
/// the branches would make the database fill every one of them.
fn keys_query<'f>(filter: &'f ConversationFilter, slice: &'f ActivitySlice) -> (String, Conditions<'f>) {
    let list = List::of(filter);
    let (time, id) = list.key_columns();
    let mut conditions = Conditions::after(vec![slice.take.into()]);
    list.restrict(filter, &mut conditions);
    if let Some(after) = &slice.after {
        conditions.behind((time, id), slice.ascending, (after.last_activity_at.into(), (&after.id).into()));
    }
    let (tables, direction) = (list.tables(filter), if slice.ascending { "ASC" } else { "DESC" });
    let branches: Vec<String> = list
        .branches(filter)
        .iter()
        .map(|branch| {
            let wanted = conditions.text_with(branch);
            format!("SELECT {time}, {id} FROM {tables} WHERE {wanted}")
        })
        .collect();
    let merged = branches.join(" UNION ALL ");
    (format!("{merged} ORDER BY 1 {direction}, 2 {direction} LIMIT $1"), conditions)
}

/// Which index a filter is read from: the one that is expected to leave the least to look through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Number,
    Contact,
    Mention,
    Sla,
    Priority,
    Label,
    Assignee,
    Team,
    Channel,
    Workspace,
}

impl List {
    fn of(filter: &ConversationFilter) -> Self {
        match (&filter.contact_id, &filter.label, &filter.assignee, &filter.team, &filter.channel_id) {
            _ if filter.number.is_some() => Self::Number,
            (Some(_), ..) => Self::Contact,
            // Few are mentioned often: their list is the shortest.
            _ if filter.mentioned.is_some() => Self::Mention,
            // And few are late.
            _ if filter.sla.is_some() => Self::Sla,
            // Most are normal: those are looked for elsewhere.
            _ if filter.priority.is_some_and(|priority| priority != ConversationPriority::Normal) => Self::Priority,
            (_, Some(_), ..) => Self::Label,
            (_, _, Some(Assignee::User(_)), ..) => Self::Assignee,
            (_, _, _, Some(OfTeam::Team(_)), _) => Self::Team,
            (.., Some(_)) => Self::Channel,
            (_, _, Some(Assignee::Nobody), _, None) => Self::Assignee,
            (_, _, None, Some(OfTeam::None), None) => Self::Team,
            _ => Self::Workspace,
        }
    }

    fn key_columns(self) -> (&'static str, &'static str) {
        match self {
            Self::Label => ("l.last_activity_at", "l.conversation_id"),
            Self::Mention => ("n.last_activity_at", "n.conversation_id"),
            _ => ("c.last_activity_at", "c.id"),
        }
    }

    fn tables(self, filter: &ConversationFilter) -> &'static str {
        let alone = !filter.needs_the_conversation();
        match self {
            Self::Label if alone => "conversation_label l",
            // CROSS JOIN: SQLite keeps the order of the tables, and so the order of the list.
            Self::Label => "conversation_label l CROSS JOIN conversation c",
            Self::Mention if alone => "conversation_mention n",
            Self::Mention => "conversation_mention n CROSS JOIN conversation c",
            _ => "conversation c",
        }
    }

    /// The values of the columns between the index's beginning and its order.
    fn branches(self, filter: &ConversationFilter) -> Vec<Vec<String>> {
        let table = match self {
            Self::Label => "l",
            Self::Mention => "n",
            _ => "c",
        };
        let statuses: Vec<ConversationStatus> =
            filter.status.map_or_else(|| ConversationStatus::ALL.to_vec(), |status| vec![status]);
        let status = |status: &ConversationStatus| format!("{table}.status = '{}'", status.as_str());
        let unread = |unread: bool| format!("c.unread = {}", if unread { "TRUE" } else { "FALSE" });
        match self {
            // These are few: their index has the order alone.
            Self::Number | Self::Contact => {
                vec![filter.status.iter().map(status).chain(filter.unread.into_iter().map(unread)).collect()]
            }
            // COALESCE keeps a planner from the index of all open ones.
            Self::Sla => {
                let status = |one: &ConversationStatus| format!("COALESCE(c.status, '') = '{}'", one.as_str());
                vec![filter.status.iter().map(status).chain(filter.unread.into_iter().map(unread)).collect()]
            }
            Self::Label | Self::Mention | Self::Priority => statuses
                .iter()
                .map(|one| std::iter::once(status(one)).chain(filter.unread.into_iter().map(unread)).collect())
                .collect(),
            _ => {
                let flags = filter.unread.map_or_else(|| vec![true, false], |flag| vec![flag]);
                statuses
                    .iter()
                    .flat_map(|one| flags.iter().map(|flag| vec![status(one), unread(*flag)]).collect::<Vec<_>>())
                    .collect()
            }
        }
    }

    /// The conditions that are the same in every branch.
    fn restrict<'f>(self, filter: &'f ConversationFilter, conditions: &mut Conditions<'f>) {
        match self {
            Self::Number => {
                conditions.bind("c.workspace_id = ?", &filter.workspace_id);
                if let Some(contact) = &filter.contact_id {
                    conditions.bind("COALESCE(c.contact_id, '') = ?", contact);
                }
                with_label_and_mention(filter, conditions);
            }
            Self::Contact => {
                conditions.bind("c.contact_id = ?", &filter.contact_id);
                conditions.bind("COALESCE(c.workspace_id, '') = ?", &filter.workspace_id);
                with_label_and_mention(filter, conditions);
            }
            Self::Mention => {
                conditions.bind("n.workspace_id = ?", &filter.workspace_id);
                conditions.bind("n.user_id = ?", &filter.mentioned);
                if filter.needs_the_conversation() {
                    conditions.add("c.id = n.conversation_id");
                }
                if let Some(label) = &filter.label {
                    conditions.bind(HAS_LABEL, label);
                }
            }
            Self::Label => {
                conditions.bind("l.workspace_id = ?", &filter.workspace_id);
                conditions.bind("l.label = ?", &filter.label);
                if filter.needs_the_conversation() {
                    conditions.add("c.id = l.conversation_id");
                }
            }
            Self::Sla | Self::Priority => {
                conditions.bind("c.workspace_id = ?", &filter.workspace_id);
                if let Some(label) = &filter.label {
                    conditions.bind(HAS_LABEL, label);
                }
            }
            Self::Workspace | Self::Channel | Self::Assignee | Self::Team => {
                conditions.bind("c.workspace_id = ?", &filter.workspace_id);
            }
        }
        // COALESCE keeps a planner without statistics from choosing the index of a condition that is not the list's own.
        if let Some(channel) = &filter.channel_id {
            let own = self == Self::Channel;
            conditions.bind(if own { "c.channel_id = ?" } else { "COALESCE(c.channel_id, '') = ?" }, channel);
        }
        if let Some(sla) = filter.sla {
            let own = self == Self::Sla;
            conditions
                .bind(if own { "c.sla_state = ?" } else { "COALESCE(c.sla_state, '') = ?" }, sla.state().as_str());
        }
        if let Some(priority) = filter.priority {
            let word = priority.as_str();
            // Its index is of those alone that are not normal, which has to be said.
            conditions.add(match self {
                Self::Priority => format!("c.priority = '{word}' AND c.priority <> 'normal'"),
                _ => format!("COALESCE(c.priority, '') = '{word}'"),
            });
        }
        if let Some(number) = filter.number {
            conditions.bind("c.number = ?", i64::try_from(number).unwrap_or(i64::MAX));
        }
        match &filter.assignee {
            Some(Assignee::User(user)) if self == Self::Assignee => conditions.bind("c.assignee_id = ?", user),
            Some(Assignee::User(user)) => conditions.bind("COALESCE(c.assignee_id, '') = ?", user),
            Some(Assignee::Nobody) if self == Self::Assignee => conditions.add("c.assignee_id IS NULL"),
            Some(Assignee::Nobody) => conditions.add("COALESCE(c.assignee_id, '') = ''"),
            None => {}
        }
        match &filter.team {
            Some(OfTeam::Team(team)) if self == Self::Team => conditions.bind("c.team_id = ?", team),
            Some(OfTeam::Team(team)) => conditions.bind("COALESCE(c.team_id, '') = ?", team),
            Some(OfTeam::None) if self == Self::Team => conditions.add("c.team_id IS NULL"),
            Some(OfTeam::None) => conditions.add("COALESCE(c.team_id, '') = ''"),
            None => {}
        }
    }
}

const MENTIONS: &str = "EXISTS (SELECT 1 FROM conversation_mention h WHERE h.conversation_id = c.id AND h.user_id = ?)";
const HAS_LABEL: &str = "EXISTS (SELECT 1 FROM conversation_label h WHERE h.conversation_id = c.id AND h.label = ?)";

fn with_label_and_mention<'f>(filter: &'f ConversationFilter, conditions: &mut Conditions<'f>) {
    if let Some(label) = &filter.label {
        conditions.bind(HAS_LABEL, label);
    }
    if let Some(user) = &filter.mentioned {
        conditions.bind(MENTIONS, user);
    }
}

/// The conditions of `filter` on a conversation `c` of any origin.
pub(crate) fn restrict<'f>(filter: &'f ConversationFilter, conditions: &mut Conditions<'f>) {
    conditions.bind("c.workspace_id = ?", &filter.workspace_id);
    if let Some(status) = filter.status {
        conditions.bind("c.status = ?", status.as_str());
    }
    if let Some(unread) = filter.unread {
        conditions.bind("c.unread = ?", unread);
    }
    if let Some(channel) = &filter.channel_id {
        conditions.bind("c.channel_id = ?", channel);
    }
    if let Some(contact) = &filter.contact_id {
        conditions.bind("c.contact_id = ?", contact);
    }
    match &filter.assignee {
        Some(Assignee::User(user)) => conditions.bind("c.assignee_id = ?", user),
        Some(Assignee::Nobody) => conditions.add("c.assignee_id IS NULL"),
        None => {}
    }
    match &filter.team {
        Some(OfTeam::Team(team)) => conditions.bind("c.team_id = ?", team),
        Some(OfTeam::None) => conditions.add("c.team_id IS NULL"),
        None => {}
    }
    with_label_and_mention(filter, conditions);
    if let Some(priority) = filter.priority {
        conditions.bind("c.priority = ?", priority.as_str());
    }
    if let Some(number) = filter.number {
        conditions.bind("c.number = ?", i64::try_from(number).unwrap_or(i64::MAX));
    }
    if let Some(sla) = filter.sla {
        conditions.bind("c.sla_state = ?", sla.state().as_str());
    }
}

#[cfg(test)]
mod tests;
