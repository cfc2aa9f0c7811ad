//! The search index: which messages hold which terms. Owns the two engines' query texts and the walk newest first;
//! never cuts text into terms (`engine::search_terms` does, the same for both engines) and never reads a user's syntax.

use model::{ChannelId, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Dialect, Tx, Value};
use crate::error::Result;

/// What the index keeps of one message. Terms are folded words of letters and digits only, in the order of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDocument<'d> {
    /// `message.seq`.
    pub seq: i64,
    pub workspace_id: &'d WorkspaceId,
    pub channel_id: Option<&'d ChannelId>,
    /// Of the author's name and address.
    pub sender: Vec<String>,
    /// Of the subject, the text, the recipients and the attachments' names.
    pub terms: Vec<String>,
}

/// One thing all found messages have. Terms as in [`SearchDocument`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchClause {
    /// More than one: they stand next to each other in this order.
    pub terms: Vec<String>,
    /// The last term is the beginning of a word.
    pub prefix: bool,
    /// Only the author's name and address are looked at.
    pub sender: bool,
}

/// Every clause must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermQuery<'q> {
    pub workspace_id: &'q WorkspaceId,
    pub channel_id: Option<&'q ChannelId>,
    pub clauses: &'q [SearchClause],
}

/// Puts messages into the index; one that is there already is replaced.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, documents: &[SearchDocument<'_>]) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => put_sqlite(tx, documents),
        Dialect::Postgres => put_postgres(tx, documents),
    }
}

fn put_sqlite(tx: &mut Tx<'_>, documents: &[SearchDocument<'_>]) -> Result<()> {
    for document in documents {
        tx.execute(
            "INSERT OR REPLACE INTO message_search (rowid, scope, sender, terms) VALUES ($1, $2, $3, $4)",
            &[
                document.seq.into(),
                scope(document.workspace_id, document.channel_id).into(),
                document.sender.join(" ").into(),
                document.terms.join(" ").into(),
            ],
        )?;
    }
    Ok(())
}

fn put_postgres(tx: &mut Tx<'_>, documents: &[SearchDocument<'_>]) -> Result<()> {
    for document in documents {
        tx.execute(
            "INSERT INTO message_search (seq, workspace_id, channel_id, terms) VALUES ($1, $2, $3, CAST(CAST($4 AS TEXT) AS TSVECTOR))
             ON CONFLICT (seq) DO UPDATE SET channel_id = excluded.channel_id, terms = excluded.terms",
            &[
                document.seq.into(),
                document.workspace_id.into(),
                document.channel_id.into(),
                tsvector(document).into(),
            ],
        )?;
    }
    Ok(())
}

/// Takes a message out of the index.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    let key = if tx.dialect() == Dialect::Sqlite { "rowid" } else { "seq" };
    tx.execute(&format!("DELETE FROM message_search WHERE {key} = $1"), &[seq.into()])?;
    Ok(())
}

/// The newest messages before `before` that hold every clause, newest first, as `message.seq`.
///
/// # Errors
/// What the database says.
pub fn newest(tx: &mut Tx<'_>, query: &TermQuery<'_>, before: i64, take: usize) -> Result<Vec<i64>> {
    match tx.dialect() {
        Dialect::Sqlite => tx.query(
            "SELECT rowid FROM message_search WHERE message_search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
            &[match_text(query).into(), before.into(), take.into()],
            |row| row.int(0),
        ),
        Dialect::Postgres => {
            let mut conditions = Conditions::after(vec![take.into()]);
            conditions.bind("seq < ?", before);
            newest_postgres(tx, query, conditions)
        }
    }
}

/// Which of these messages hold every clause.
///
/// # Errors
/// What the database says.
pub fn among(tx: &mut Tx<'_>, query: &TermQuery<'_>, seqs: &[i64]) -> Result<Vec<i64>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    match tx.dialect() {
        Dialect::Sqlite => {
            let mut conditions = Conditions::after(Vec::new());
            conditions.bind("message_search MATCH ?", match_text(query));
            conditions.bind_list("rowid IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
            let sql = format!("SELECT rowid FROM message_search WHERE {}", conditions.text());
            tx.query(&sql, conditions.values(), |row| row.int(0))
        }
        Dialect::Postgres => {
            let mut conditions = Conditions::after(vec![seqs.len().into()]);
            conditions.bind_list("seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
            newest_postgres(tx, query, conditions)
        }
    }
}

fn newest_postgres(tx: &mut Tx<'_>, query: &TermQuery<'_>, mut conditions: Conditions<'_>) -> Result<Vec<i64>> {
    // A plan made for these very terms: how common they are decides between the walk newest first and the index of
    // terms. A plan kept for any terms would take one of the two for all.
    tx.execute("SET LOCAL plan_cache_mode = force_custom_plan", &[])?;
    conditions.bind("workspace_id = ?", query.workspace_id.as_str().to_owned());
    if let Some(channel) = query.channel_id {
        conditions.bind("channel_id = ?", channel.as_str().to_owned());
    }
    if !query.clauses.is_empty() {
        conditions.bind("terms @@ CAST(CAST(? AS TEXT) AS TSQUERY)", tsquery(query.clauses));
    }
    let sql = format!("SELECT seq FROM message_search WHERE {} ORDER BY seq DESC LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), |row| row.int(0))
}

/// An id as one term: the tokenizer would cut it at the underscore.
fn id_term(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn scope(workspace: &WorkspaceId, channel: Option<&ChannelId>) -> String {
    let mut text = id_term(workspace.as_str());
    if let Some(channel) = channel {
        text.push(' ');
        text.push_str(&id_term(channel.as_str()));
    }
    text
}

/// FTS5's query syntax. Terms are quoted, so that none of them is an operator.
fn match_text(query: &TermQuery<'_>) -> String {
    let mut parts = vec![format!("scope : \"{}\"", id_term(query.workspace_id.as_str()))];
    parts.extend(query.channel_id.map(|channel| format!("scope : \"{}\"", id_term(channel.as_str()))));
    parts.extend(query.clauses.iter().map(|clause| {
        let columns = if clause.sender { "sender" } else { "{sender terms}" };
        let star = if clause.prefix { " *" } else { "" };
        format!("{columns} : \"{}\"{star}", quoted(clause).join(" "))
    }));
    parts.join(" AND ")
}

/// PostgreSQL's query syntax.
fn tsquery(clauses: &[SearchClause]) -> String {
    let clauses: Vec<String> = clauses
        .iter()
        .map(|clause| {
            let terms = quoted(clause);
            let last = terms.len().saturating_sub(1);
            let terms: Vec<String> = terms
                .iter()
                .enumerate()
                .map(|(place, term)| {
                    let star = if clause.prefix && place == last { "*" } else { "" };
                    let weight = if clause.sender { "A" } else { "" };
                    let colon = if star.is_empty() && weight.is_empty() { "" } else { ":" };
                    format!("'{term}'{colon}{star}{weight}")
                })
                .collect();
            format!("({})", terms.join(" <-> "))
        })
        .collect();
    clauses.join(" & ")
}

/// Terms are letters and digits; a quotation mark that came in all the same would end the text.
fn quoted(clause: &SearchClause) -> Vec<String> {
    clause.terms.iter().map(|term| term.chars().filter(|c| c.is_alphanumeric()).collect()).collect()
}

/// Positions a tsvector can tell apart; words behind are found, but not as part of a phrase.
const TSVECTOR_POSITION_MAX: usize = 16_383;

/// `'term':3A,9`: the sender's terms first, then a gap, so that no phrase reaches from one into the other.
fn tsvector(document: &SearchDocument<'_>) -> String {
    let sender = document.sender.iter().enumerate().map(|(place, term)| (place + 1, "A", term));
    let gap = document.sender.len() + 2;
    let terms = document.terms.iter().enumerate().map(|(place, term)| (place + gap, "", term));
    let mut text = String::new();
    for (position, weight, term) in sender.chain(terms) {
        let term: String = term.chars().filter(|c| c.is_alphanumeric()).collect();
        if !term.is_empty() {
            text.push_str(&format!("'{term}':{}{weight} ", position.min(TSVECTOR_POSITION_MAX)));
        }
    }
    text
}
