//! The search index: which messages hold which words. Owns what is asked of it and the walk newest first; each engine's
//! texts are in its own file. Never cuts text into words (`engine::search_terms` does, the same for both engines) and never
//! reads a user's syntax.

mod postgres;
mod sqlite;

use model::{ChannelId, WorkspaceId};

use crate::db::{Dialect, Tx};
use crate::error::Result;

/// Words in the order of a text. Of letters and digits only: whatever else comes in is left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// A space behind every word.
    text: String,
}

impl Words {
    pub fn push(&mut self, word: &str) {
        let before = self.text.len();
        if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.text.push_str(word);
        } else {
            self.text.extend(word.chars().filter(|character| character.is_alphanumeric()));
        }
        if self.text.len() > before {
            self.text.push(' ');
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split_terminator(' ')
    }
}

impl<W: AsRef<str>> FromIterator<W> for Words {
    fn from_iter<I: IntoIterator<Item = W>>(words: I) -> Self {
        let mut all = Self::default();
        words.into_iter().for_each(|word| all.push(word.as_ref()));
        all
    }
}

/// What the index keeps of one message. Words are folded already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDocument<'d> {
    /// `message.seq`.
    pub seq: i64,
    pub workspace_id: &'d WorkspaceId,
    pub channel_id: Option<&'d ChannelId>,
    /// It has attached files.
    pub with_files: bool,
    /// Of the author's name and address.
    pub sender: Words,
    /// Of the subject, the text, the recipients and the attachments' names.
    pub terms: Words,
}

/// A message as the index of one engine takes it in. Made where there is time for it, and not by the one who writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// What the engine's index counts messages by.
    key: i64,
    columns: [Option<String>; 3],
}

impl IndexRow {
    pub fn of(dialect: Dialect, document: &SearchDocument<'_>) -> Self {
        match dialect {
            Dialect::Sqlite => sqlite::row(document),
            Dialect::Postgres => postgres::row(document),
        }
    }
}

/// One thing all found messages have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchClause {
    /// Words, folded. More than one: they stand next to each other in this order.
    pub terms: Vec<String>,
    /// The last term is the beginning of a word.
    pub prefix: bool,
    /// Only the author's name and address are looked at.
    pub sender: bool,
    /// No message has it.
    pub negated: bool,
}

impl SearchClause {
    /// Whether a text, cut into its words, has it.
    pub fn is_in(&self, text: &[String]) -> bool {
        let Some(last) = self.terms.len().checked_sub(1) else { return false };
        text.windows(self.terms.len()).any(|window| {
            window.iter().zip(&self.terms).enumerate().all(|(place, (term, wanted))| {
                if self.prefix && place == last { term.starts_with(wanted.as_str()) } else { term == wanted }
            })
        })
    }

    /// A quotation mark that came in all the same would end the text.
    fn words(&self) -> impl Iterator<Item = String> {
        self.terms.iter().map(|term| term.chars().filter(|character| character.is_alphanumeric()).collect())
    }
}

/// Every clause must hold (one that is negated: must not).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermQuery<'q> {
    pub workspace_id: &'q WorkspaceId,
    pub channel_id: Option<&'q ChannelId>,
    pub clauses: &'q [SearchClause],
}

/// A query in the index's own words; the same for all pages of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexQuery<'q> {
    terms: &'q TermQuery<'q>,
    text: String,
}

/// Puts messages into the index; one that is there already is replaced.
///
/// # Errors
/// What the database says.
pub fn put(tx: &mut Tx<'_>, rows: &[IndexRow]) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::put(tx, rows),
        Dialect::Postgres => postgres::put(tx, rows),
    }
}

/// Takes a message out of the index.
///
/// # Errors
/// What the database says.
pub fn remove(tx: &mut Tx<'_>, seq: i64) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::remove(tx, seq),
        Dialect::Postgres => postgres::remove(tx, seq),
    }
}

/// Reads a query. With `with_files`, the index may leave out messages without attached files; it need not, so the caller
/// looks again. `None`: nothing can be found.
///
/// # Errors
/// What the database says.
pub fn prepare<'q>(tx: &mut Tx<'_>, terms: &'q TermQuery<'q>, with_files: bool) -> Result<Option<IndexQuery<'q>>> {
    let text = match tx.dialect() {
        Dialect::Sqlite => sqlite::match_text(tx, terms, with_files)?,
        Dialect::Postgres => Some(postgres::tsquery(terms.clauses)),
    };
    Ok(text.map(|text| IndexQuery { terms, text }))
}

/// The newest messages before `before` that hold every clause, newest first, as `message.seq`.
///
/// # Errors
/// What the database says.
pub fn newest(tx: &mut Tx<'_>, query: &IndexQuery<'_>, before: i64, take: usize) -> Result<Vec<i64>> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::newest(tx, &query.text, before, take),
        Dialect::Postgres => postgres::newest(tx, query, before, take),
    }
}

/// Which of these messages hold every clause.
///
/// # Errors
/// What the database says.
pub fn among(tx: &mut Tx<'_>, query: &IndexQuery<'_>, seqs: &[i64]) -> Result<Vec<i64>> {
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    match tx.dialect() {
        Dialect::Sqlite => sqlite::among(tx, &query.text, seqs),
        Dialect::Postgres => postgres::among(tx, query, seqs),
    }
}
