//! Pages of what was searched for: the index gives the newest messages with the terms, the tables say which of them
//! the other filters leave. Looks through a bounded number of matches a page; a page may be short and still go on.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use model::conversation::{Conversation, ConversationStatus};
use model::message::Recipient;
use model::{ConversationId, Timestamp};

use crate::conditions::Conditions;
use crate::conversation_lists::{self, ConversationFilter};
use crate::db::{Tx, Value};
use crate::error::Result;
use crate::message_lists;
use crate::messages::MessageRow;
use crate::search::{IndexQuery, TermQuery, among, newest, prepare};

/// Matches looked through for one page; the next page goes on behind them.
const MATCHES_A_PAGE_MAX: usize = 2_000;
/// Matches taken from the index at once, at most.
const MATCHES_AT_ONCE_MAX: usize = 200;
/// Newer messages of a conversation that are asked whether they were on an earlier page.
const NEWER_MESSAGES_MAX: usize = 500;

/// What else the found messages must have. The conversation's filter names the workspace.
#[derive(Debug, Clone)]
pub struct MatchFilter {
    pub conversation: ConversationFilter,
    /// With (or without) attached files.
    pub attachments: Option<bool>,
    /// Of then or later, and of earlier than then.
    pub since: Option<Timestamp>,
    pub before: Option<Timestamp>,
    /// Their conversation has none of these.
    pub not_statuses: Vec<ConversationStatus>,
    pub not_labels: Vec<String>,
    /// What is asked of subject and recipients: the index does not tell them from the text.
    pub heads: Option<HeadTest>,
}

impl MatchFilter {
    pub fn of(conversation: ConversationFilter) -> Self {
        Self {
            conversation,
            attachments: None,
            since: None,
            before: None,
            not_statuses: Vec::new(),
            not_labels: Vec::new(),
            heads: None,
        }
    }

    fn needs_the_conversation(&self) -> bool {
        let asked = self.conversation != ConversationFilter::all(self.conversation.workspace_id.clone());
        asked || !self.not_statuses.is_empty() || !self.not_labels.is_empty()
    }
}

type HeadHolds = dyn Fn(&str, &[Recipient]) -> bool + Send + Sync;

/// Whether a message's subject and recipients are as asked.
#[derive(Clone)]
pub struct HeadTest(Arc<HeadHolds>);

impl HeadTest {
    pub fn of(holds: impl Fn(&str, &[Recipient]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    pub fn holds(&self, subject: &str, recipients: &[Recipient]) -> bool {
        (self.0)(subject, recipients)
    }
}

impl fmt::Debug for HeadTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HeadTest")
    }
}

/// A page of what was found, and where to go on (`None`: at the end).
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    pub items: Vec<T>,
    pub go_on_before: Option<i64>,
}

impl<T> Found<T> {
    fn nothing() -> Self {
        Self { items: Vec::new(), go_on_before: None }
    }
}

/// The newest messages that match, each with its conversation's id on it.
///
/// # Errors
/// What the database says.
pub fn messages(
    tx: &mut Tx<'_>,
    terms: &TermQuery<'_>,
    filter: &MatchFilter,
    before: i64,
    take: usize,
) -> Result<Found<MessageRow>> {
    let Some(query) = prepare(tx, terms, filter.attachments == Some(true))? else { return Ok(Found::nothing()) };
    let mut seqs: Vec<i64> = Vec::new();
    let go_on_before = walk(tx, &query, filter, before, take, |_, matches| {
        let wanted = take - seqs.len();
        seqs.extend(matches.iter().take(wanted).map(|found| found.seq));
        let last = (matches.len() >= wanted).then(|| matches.get(wanted - 1).map(|found| found.seq)).flatten();
        Ok(last)
    })?;
    Ok(Found { items: message_lists::by_seqs(tx, &seqs)?, go_on_before })
}

/// A conversation, and its newest message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundConversation {
    pub conversation: Conversation,
    pub message: MessageRow,
}

/// The conversations with the newest matches, each once, over all pages.
///
/// # Errors
/// What the database says.
pub fn conversations(
    tx: &mut Tx<'_>,
    terms: &TermQuery<'_>,
    filter: &MatchFilter,
    before: i64,
    take: usize,
) -> Result<Found<FoundConversation>> {
    let Some(query) = prepare(tx, terms, filter.attachments == Some(true))? else { return Ok(Found::nothing()) };
    let (mut ids, mut seqs): (Vec<String>, Vec<i64>) = (Vec::new(), Vec::new());
    let mut seen: HashSet<String> = HashSet::new();
    let go_on_before = walk(tx, &query, filter, before, take, |tx, matches| {
        for found in matches {
            if seen.insert(found.conversation_id.clone())
                && !was_on_an_earlier_page(tx, &query, filter, &found.conversation_id, before)?
            {
                ids.push(found.conversation_id.clone());
                seqs.push(found.seq);
                if ids.len() == take {
                    return Ok(Some(found.seq));
                }
            }
        }
        Ok(None)
    })?;
    let mut messages: HashMap<ConversationId, MessageRow> = HashMap::new();
    for message in message_lists::by_seqs(tx, &seqs)? {
        messages.insert(message.conversation_id.clone(), message);
    }
    let found = conversation_lists::by_ids(tx, &ids)?.into_iter();
    let items = found.filter_map(|conversation| {
        let message = messages.remove(&conversation.id)?;
        Some(FoundConversation { conversation, message })
    });
    Ok(Found { items: items.collect(), go_on_before })
}

struct Match {
    seq: i64,
    conversation_id: String,
}

/// Walks the matches from the newest before `before` on, some at a time, until `full` answers the last one it took.
/// Answers where to go on.
fn walk<'t>(
    tx: &mut Tx<'t>,
    query: &IndexQuery<'_>,
    filter: &MatchFilter,
    before: i64,
    take: usize,
    mut full: impl FnMut(&mut Tx<'t>, &[Match]) -> Result<Option<i64>>,
) -> Result<Option<i64>> {
    if take == 0 {
        return Ok(None);
    }
    // One more than a page first: most pages are filled by what comes first, or by little more.
    let (mut before, mut looked_through, mut at_once) = (before, 0, take + 1);
    while looked_through < MATCHES_A_PAGE_MAX {
        let seqs = newest(tx, query, before, at_once)?;
        let Some(oldest) = seqs.last().copied() else { return Ok(None) };
        let matches = filtered(tx, filter, &seqs)?;
        let is_end = seqs.len() < at_once;
        if let Some(last) = full(tx, &matches)? {
            return Ok((!is_end || last != oldest).then_some(last));
        }
        if is_end {
            return Ok(None);
        }
        before = oldest;
        looked_through += seqs.len();
        at_once = looked_through.min(MATCHES_AT_ONCE_MAX);
    }
    Ok(Some(before))
}

/// Those of the messages that the filter leaves, newest first.
fn filtered(tx: &mut Tx<'_>, filter: &MatchFilter, seqs: &[i64]) -> Result<Vec<Match>> {
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("m.seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    // Whatever the index says: nobody sees another workspace's.
    conditions.bind("COALESCE(m.workspace_id, '') = ?", &filter.conversation.workspace_id);
    // CROSS JOIN: SQLite keeps the order of the tables, and begins with the few messages.
    let mut tables = "message m";
    if filter.needs_the_conversation() {
        tables = "message m CROSS JOIN conversation c";
        conditions.add("c.id = m.conversation_id");
        conversation_lists::restrict(&filter.conversation, &mut conditions);
        for status in &filter.not_statuses {
            conditions.bind("c.status <> ?", status.as_str());
        }
        for label in &filter.not_labels {
            let has = "NOT EXISTS (SELECT 1 FROM conversation_label w WHERE w.conversation_id = c.id AND w.label = ?)";
            conditions.bind(has, label);
        }
    }
    if let Some(since) = filter.since {
        conditions.bind("m.sent_at >= ?", since);
    }
    if let Some(before) = filter.before {
        conditions.bind("m.sent_at < ?", before);
    }
    let has_file = r#"m.attachments LIKE '%"disposition":"attachment"%'"#;
    match filter.attachments {
        Some(true) => conditions.add(has_file),
        Some(false) => conditions.add(format!("NOT ({has_file})")),
        None => {}
    }
    let head = if filter.heads.is_some() { ", m.subject, m.recipients" } else { "" };
    let sql = format!("SELECT m.seq, m.conversation_id{head} FROM {tables} WHERE {}", conditions.text());
    let found = tx.query(&sql, conditions.values(), |row| {
        let holds = match &filter.heads {
            Some(test) => test.holds(&row.text(2)?, &row.json::<Vec<Recipient>>("message", 3)?),
            None => true,
        };
        Ok(holds.then_some(Match { seq: row.int(0)?, conversation_id: row.text(1)? }))
    })?;
    let mut matches: Vec<Match> = found.into_iter().flatten().collect();
    matches.sort_by_key(|found| std::cmp::Reverse(found.seq));
    Ok(matches)
}

fn was_on_an_earlier_page(
    tx: &mut Tx<'_>,
    query: &IndexQuery<'_>,
    filter: &MatchFilter,
    conversation: &str,
    before: i64,
) -> Result<bool> {
    if before == i64::MAX {
        return Ok(false);
    }
    let id = ConversationId::from_stored(conversation.to_owned());
    let newer = tx.query(
        "SELECT seq FROM message WHERE conversation_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
        &[(&id).into(), before.into(), NEWER_MESSAGES_MAX.into()],
        |row| row.int(0),
    )?;
    let matching = among(tx, query, &newer)?;
    Ok(!matching.is_empty() && !filtered(tx, filter, &matching)?.is_empty())
}

#[cfg(test)]
mod tests;
