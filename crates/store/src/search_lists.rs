//! Pages of what was searched for: the index gives the newest messages with the terms, the tables say which of them
//! the other filters leave. Looks through a bounded number of matches a page; a page may be short and still go on.

use std::collections::HashSet;

use model::ConversationId;
use model::conversation::Conversation;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchFilter {
    pub conversation: ConversationFilter,
    /// With (or without) attached files.
    pub attachments: Option<bool>,
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
) -> Result<Found<Conversation>> {
    let Some(query) = prepare(tx, terms, filter.attachments == Some(true))? else { return Ok(Found::nothing()) };
    let mut ids: Vec<String> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let go_on_before = walk(tx, &query, filter, before, take, |tx, matches| {
        for found in matches {
            if seen.insert(found.conversation_id.clone())
                && !was_on_an_earlier_page(tx, &query, filter, &found.conversation_id, before)?
            {
                ids.push(found.conversation_id.clone());
                if ids.len() == take {
                    return Ok(Some(found.seq));
                }
            }
        }
        Ok(None)
    })?;
    Ok(Found { items: conversation_lists::by_ids(tx, &ids)?, go_on_before })
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
    if filter.conversation != ConversationFilter::all(filter.conversation.workspace_id.clone()) {
        tables = "message m CROSS JOIN conversation c";
        conditions.add("c.id = m.conversation_id");
        conversation_lists::restrict(&filter.conversation, &mut conditions);
    }
    let has_file = r#"m.attachments LIKE '%"disposition":"attachment"%'"#;
    match filter.attachments {
        Some(true) => conditions.add(has_file),
        Some(false) => conditions.add(format!("NOT ({has_file})")),
        None => {}
    }
    let sql = format!("SELECT m.seq, m.conversation_id FROM {tables} WHERE {}", conditions.text());
    let mut matches =
        tx.query(&sql, conditions.values(), |row| Ok(Match { seq: row.int(0)?, conversation_id: row.text(1)? }))?;
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
