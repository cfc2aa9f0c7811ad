//! The search index on SQLite: one FTS5 table. Owns how a message and a query look in it.
//!
//! - FTS5 goes forwards through the messages of a word by leaps, but backwards page by page. So the newest message has the
//!   lowest key, and newest first is forwards.
//! - Every word carries a mark of its workspace in front. A word that another workspace uses all the time is another word,
//!   and no query needs a second condition that holds for every message.
//! - FTS5 answers the beginning of a word by putting together all messages of all words that begin so. Few words are
//!   looked up one by one instead, which stops when the page is full.

use model::{ChannelId, WorkspaceId};

use super::{IndexRow, SearchClause, SearchDocument, TermQuery, Words};
use crate::conditions::Conditions;
use crate::db::{Tx, Value};
use crate::error::Result;

/// The key of the message before the first one. Keys of up to 35 bits take five bytes, and nobody has as many mails.
const KEYS_FROM: i64 = (1 << 35) - 1;
/// Letters of the workspace's mark: the end of its id, 30 random bits. That two have the same costs time, and shows
/// nothing: who reads messages asks whose they are.
const MARK_CHARS: usize = 6;
/// Stands before what is no word of a text: a letter to FTS5, and in no workspace's mark.
const NO_WORD: char = '\u{a7}';
/// Words that begin as was asked and are looked up one by one, at most.
const WORDS_LOOKED_UP_MAX: usize = 128;
/// Entries of the index read at once to find those words.
const ENTRIES_AT_ONCE: usize = 32;

fn key(seq: i64) -> i64 {
    KEYS_FROM.saturating_sub(seq)
}

fn mark(workspace: &WorkspaceId) -> &str {
    let id = workspace.as_str();
    id.len().checked_sub(MARK_CHARS).and_then(|begin| id.get(begin..)).unwrap_or(id)
}

/// What holds for every message of the workspace.
fn everything(mark: &str) -> String {
    format!("{NO_WORD}{mark}")
}

fn with_files(mark: &str) -> String {
    format!("{NO_WORD}{mark}file")
}

/// An id as one word: the tokenizer would cut it at the underscore.
fn channel_word(channel: &ChannelId) -> String {
    let id = channel.as_str().chars().filter(char::is_ascii_alphanumeric);
    std::iter::once(NO_WORD).chain(id).collect()
}

pub(super) fn row(document: &SearchDocument<'_>) -> IndexRow {
    let mark = mark(document.workspace_id);
    let mut scope = everything(mark);
    let others = document.channel_id.map(channel_word).into_iter().chain(document.with_files.then(|| with_files(mark)));
    for word in others {
        scope.push(' ');
        scope.push_str(&word);
    }
    let marked = |words: &Words| {
        let mut text = String::with_capacity(words.text.len() * 2);
        for word in words.iter() {
            text.push_str(mark);
            text.push_str(word);
            text.push(' ');
        }
        text
    };
    let columns = [Some(scope), Some(marked(&document.sender)), Some(marked(&document.terms))];
    IndexRow { key: key(document.seq), columns }
}

pub(super) fn put(tx: &mut Tx<'_>, rows: &[IndexRow]) -> Result<()> {
    // FTS5 gathers rows in memory as long as their keys rise.
    let mut rows: Vec<&IndexRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.key);
    for row in rows {
        let [scope, sender, terms] = &row.columns;
        tx.execute(
            "INSERT OR REPLACE INTO message_search (rowid, scope, sender, terms) VALUES ($1, $2, $3, $4)",
            &[row.key.into(), scope.into(), sender.into(), terms.into()],
        )?;
    }
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    tx.execute("DELETE FROM message_search WHERE rowid = $1", &[key(seq).into()])?;
    Ok(())
}

pub(super) fn newest(tx: &mut Tx<'_>, text: &str, before: i64, take: usize) -> Result<Vec<i64>> {
    tx.query(
        "SELECT rowid FROM message_search WHERE message_search MATCH $1 AND rowid > $2 ORDER BY rowid LIMIT $3",
        &[text.into(), key(before).into(), take.into()],
        |row| Ok(key(row.int(0)?)),
    )
}

pub(super) fn among(tx: &mut Tx<'_>, text: &str, seqs: &[i64]) -> Result<Vec<i64>> {
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("message_search MATCH ?", text);
    conditions.bind_list("rowid IN (?)", seqs.iter().map(|seq| Value::from(key(*seq))));
    let sql = format!("SELECT rowid FROM message_search WHERE {}", conditions.text());
    tx.query(&sql, conditions.values(), |row| Ok(key(row.int(0)?)))
}

/// FTS5's query syntax. Words are quoted, so that none of them is an operator. `None`: nothing can match.
pub(super) fn match_text(tx: &mut Tx<'_>, query: &TermQuery<'_>, files: bool) -> Result<Option<String>> {
    let mark = mark(query.workspace_id);
    let mut parts: Vec<String> = query.channel_id.map(channel_word).into_iter().collect();
    parts.extend(files.then(|| with_files(mark)));
    if parts.is_empty() && query.clauses.iter().all(|clause| clause.negated) {
        parts.push(everything(mark));
    }
    for part in &mut parts {
        *part = format!("scope : \"{part}\"");
    }
    let mut unwanted = Vec::new();
    for clause in query.clauses {
        let words = clause_text(tx, mark, clause)?;
        let words = words.map(|words| if clause.sender { format!("sender : {words}") } else { words });
        match words {
            Some(words) if clause.negated => unwanted.push(words),
            Some(words) => parts.push(words),
            // Nothing begins so: nothing has to be left out.
            None if clause.negated => {}
            None => return Ok(None),
        }
    }
    let wanted = parts.join(" AND ");
    Ok(Some(if unwanted.is_empty() { wanted } else { format!("({wanted}) NOT ({})", unwanted.join(" OR ")) }))
}

fn clause_text(tx: &mut Tx<'_>, mark: &str, clause: &SearchClause) -> Result<Option<String>> {
    let mut words: Vec<String> = clause.words().map(|word| format!("{mark}{word}")).collect();
    if !clause.prefix {
        return Ok(Some(format!("\"{}\"", words.join(" "))));
    }
    let Some(beginning) = words.pop() else { return Ok(None) };
    let before = words.join(" ");
    Ok(match words_that_begin(tx, &beginning)? {
        None => Some(format!("\"{before} {beginning}\" *")),
        Some(found) if found.is_empty() => None,
        Some(found) => {
            let phrases: Vec<String> = found.iter().map(|word| format!("\"{before} {word}\"")).collect();
            Some(format!("({})", phrases.join(" OR ")))
        }
    })
}

/// The index's words that begin so; `None` if there are more than are looked up one by one.
fn words_that_begin(tx: &mut Tx<'_>, beginning: &str) -> Result<Option<Vec<String>>> {
    let (mut words, mut from): (Vec<String>, String) = (Vec::new(), beginning.to_owned());
    loop {
        let entries = tx.query(
            "SELECT term FROM message_search_word WHERE term >= $1 ORDER BY term LIMIT $2",
            &[from.into(), ENTRIES_AT_ONCE.into()],
            |row| row.text(0),
        )?;
        let is_end = entries.len() < ENTRIES_AT_ONCE;
        for word in entries {
            if !word.starts_with(beginning) {
                return Ok(Some(words));
            }
            if words.last() == Some(&word) {
                continue;
            }
            if words.len() == WORDS_LOOKED_UP_MAX {
                return Ok(None);
            }
            words.push(word);
        }
        let Some(last) = words.last().filter(|_| !is_end) else { return Ok(Some(words)) };
        // A word has an entry for every place it stands at: the next one begins behind all of them.
        from = format!("{last}\u{1}");
    }
}
