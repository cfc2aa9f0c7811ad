//! The search index on PostgreSQL: a `tsvector` a message. Owns how a message and a query look in it.

use super::{IndexQuery, IndexRow, SearchClause, SearchDocument};
use crate::conditions::Conditions;
use crate::db::{Tx, Value};
use crate::error::Result;

/// Positions a tsvector can tell apart; words behind are found, but not as part of a phrase.
const TSVECTOR_POSITION_MAX: usize = 16_383;
/// Messages put into the index by one statement.
const ROWS_A_STATEMENT: usize = 25;

pub(super) fn row(document: &SearchDocument<'_>) -> IndexRow {
    let (workspace, channel) = (document.workspace_id.to_string(), document.channel_id.map(ToString::to_string));
    IndexRow { key: document.seq, columns: [Some(workspace), channel, Some(tsvector(document))] }
}

/// `'term':3A,9`: the sender's terms first, then a gap, so that no phrase reaches from one into the other.
fn tsvector(document: &SearchDocument<'_>) -> String {
    let mut text = String::with_capacity(document.terms.text.len() * 2);
    let mut add = |position: usize, weight: &str, word: &str| {
        text.push_str(&format!("'{word}':{}{weight} ", position.min(TSVECTOR_POSITION_MAX)));
    };
    let mut next = 1;
    for word in document.sender.iter() {
        add(next, "A", word);
        next += 1;
    }
    for word in document.terms.iter() {
        next += 1;
        add(next, "", word);
    }
    text
}

pub(super) fn put(tx: &mut Tx<'_>, rows: &[IndexRow]) -> Result<()> {
    for rows in rows.chunks(ROWS_A_STATEMENT) {
        let mut values: Vec<Value<'_>> = Vec::with_capacity(rows.len() * 4);
        let mut tuples = Vec::with_capacity(rows.len());
        for row in rows {
            values.push(row.key.into());
            values.extend(row.columns.iter().map(Value::from));
            let last = values.len();
            let (key, workspace, channel) = (last - 3, last - 2, last - 1);
            tuples.push(format!("(${key}, ${workspace}, ${channel}, CAST(CAST(${last} AS TEXT) AS TSVECTOR))"));
        }
        let sql = format!(
            "INSERT INTO message_search (seq, workspace_id, channel_id, terms) VALUES {}
             ON CONFLICT (seq) DO UPDATE SET channel_id = excluded.channel_id, terms = excluded.terms",
            tuples.join(", ")
        );
        tx.execute(&sql, &values)?;
    }
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    tx.execute("DELETE FROM message_search WHERE seq = $1", &[seq.into()])?;
    Ok(())
}

pub(super) fn newest(tx: &mut Tx<'_>, query: &IndexQuery<'_>, before: i64, take: usize) -> Result<Vec<i64>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("seq < ?", before);
    restricted(tx, query, conditions)
}

pub(super) fn among(tx: &mut Tx<'_>, query: &IndexQuery<'_>, seqs: &[i64]) -> Result<Vec<i64>> {
    let mut conditions = Conditions::after(vec![seqs.len().into()]);
    conditions.bind_list("seq IN (?)", seqs.iter().map(|seq| Value::from(*seq)));
    restricted(tx, query, conditions)
}

fn restricted(tx: &mut Tx<'_>, query: &IndexQuery<'_>, mut conditions: Conditions<'_>) -> Result<Vec<i64>> {
    // A plan made for these very terms: how common they are decides between the walk newest first and the index of
    // terms. A plan kept for any terms would take one of the two for all.
    tx.execute("SET LOCAL plan_cache_mode = force_custom_plan", &[])?;
    conditions.bind("workspace_id = ?", query.terms.workspace_id.as_str().to_owned());
    if let Some(channel) = query.terms.channel_id {
        conditions.bind("channel_id = ?", channel.as_str().to_owned());
    }
    if !query.text.is_empty() {
        conditions.bind("terms @@ CAST(CAST(? AS TEXT) AS TSQUERY)", query.text.clone());
    }
    let sql = format!("SELECT seq FROM message_search WHERE {} ORDER BY seq DESC LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), |row| row.int(0))
}

/// PostgreSQL's query syntax; empty where no clause asks for anything.
pub(super) fn tsquery(clauses: &[SearchClause]) -> String {
    let clauses: Vec<String> = clauses
        .iter()
        .map(|clause| {
            let last = clause.terms.len().saturating_sub(1);
            let terms: Vec<String> = clause
                .words()
                .enumerate()
                .map(|(place, term)| {
                    let star = if clause.prefix && place == last { "*" } else { "" };
                    let weight = if clause.sender { "A" } else { "" };
                    let colon = if star.is_empty() && weight.is_empty() { "" } else { ":" };
                    format!("'{term}'{colon}{star}{weight}")
                })
                .collect();
            let not = if clause.negated { "!" } else { "" };
            format!("{not}({})", terms.join(" <-> "))
        })
        .collect();
    clauses.join(" & ")
}
