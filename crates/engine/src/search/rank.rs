//! How well a message fits a search, by where its terms are: all in the subject, some there, in the author's name,
//! among the first words, further down. The newer of two equals comes first. Pure.

use store::messages::MessageRow;
use store::search::SearchClause;

use crate::search_terms;

const IN_SUBJECT: u32 = 8;
const IN_SENDER: u32 = 4;
const IN_PREVIEW: u32 = 2;
const FURTHER_DOWN: u32 = 1;
/// All clauses stand in the subject.
const ALL_IN_SUBJECT: u32 = 16;

/// Best first; `rows` come newest first.
pub(super) fn ranked(rows: Vec<MessageRow>, clauses: &[SearchClause]) -> Vec<MessageRow> {
    let mut scored: Vec<(u32, MessageRow)> = rows.into_iter().map(|row| (score(&row, clauses), row)).collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, row)| row).collect()
}

fn score(row: &MessageRow, clauses: &[SearchClause]) -> u32 {
    let terms = |text: &str| -> Vec<String> { search_terms::in_order(text) };
    let subject = terms(&row.subject);
    let sender = terms(&format!("{} {}", row.from_name.as_deref().unwrap_or_default(), row.from_address));
    let preview = terms(&row.preview);
    let all = !clauses.is_empty() && clauses.iter().all(|clause| !clause.sender && clause.is_in(&subject));
    let each = clauses.iter().map(|clause| {
        if !clause.sender && clause.is_in(&subject) {
            IN_SUBJECT
        } else if clause.is_in(&sender) {
            IN_SENDER
        } else if clause.is_in(&preview) {
            IN_PREVIEW
        } else {
            FURTHER_DOWN
        }
    });
    each.sum::<u32>() + if all { ALL_IN_SUBJECT } else { 0 }
}
