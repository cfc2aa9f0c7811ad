//! What people type into a search box, as what is looked for. What is no known operator is a word; an operator whose value can't
//! be read is told of.
//!
//! Words must all be there; `"several words"` stand together; `word*` is the beginning of a word; `-` in front of anything means
//! without it. `from:` looks at the author's name and address, `to:` at the recipients', `subject:` at the subject alone;
//! `has:attachment`, `priority:low|normal|high|urgent`, `#42`, `is:open|pending|snoozed|resolved|unread|read|mentioned|unassigned|overdue`, `label:`, `assignee:`, `before:` and
//! `after:` filter.

mod dates;
mod people;
mod tokens;

use std::fmt;

use model::Timestamp;
use model::conversation::{ConversationPriority, ConversationStatus};
use model::limits::SEARCH_QUERY_CHARS_MAX;
use model::sla::SlaFilter;
use store::conversation_lists::ConversationFilter;
use store::search::SearchClause;
use store::search_lists::MatchFilter;

pub use people::{AssigneeAsked, assignee};

use crate::search_terms;
use tokens::{Token, tokens};

/// Characters of a query that are read.
pub const QUERY_CHARS_MAX: usize = SEARCH_QUERY_CHARS_MAX;
/// Things one query may ask for; those behind are left out.
const CLAUSES_MAX: usize = 32;

/// A part of a mail that an operator looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Subject,
    Recipients,
}

/// Words that stand in one part of a mail, or (`clause.negated`) do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldClause {
    pub field: Field,
    pub clause: SearchClause,
}

/// An operator whose value can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// As it was typed (`is:teleported`).
    pub asked: String,
    /// What would be accepted.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} can't be read: {}", self.asked, self.detail)
    }
}

/// A query, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchQuery {
    pub clauses: Vec<SearchClause>,
    pub fields: Vec<FieldClause>,
    pub status: Option<ConversationStatus>,
    pub not_statuses: Vec<ConversationStatus>,
    pub unread: Option<bool>,
    pub label: Option<String>,
    pub not_labels: Vec<String>,
    pub attachments: Option<bool>,
    /// A person, as typed.
    pub assignee: Option<String>,
    /// Whoever asks is mentioned in a note.
    pub mentioned: bool,
    pub priority: Option<ConversationPriority>,
    /// The conversation that is called so.
    pub number: Option<u64>,
    /// A timer that runs is over its time.
    pub overdue: bool,
    /// The mail is of then or later, and earlier than then.
    pub since: Option<Timestamp>,
    pub before: Option<Timestamp>,
    /// It asks for what can't be: two states at once, or nothing that has letters or digits.
    pub nothing: bool,
    pub problems: Vec<Problem>,
}

impl SearchQuery {
    /// Whether only such filters are asked for as the lists of conversations have.
    pub fn is_plain_filter(&self) -> bool {
        self.clauses.is_empty() && self.fields.is_empty() && !self.looks_at_messages()
    }

    fn looks_at_messages(&self) -> bool {
        let without = !self.not_statuses.is_empty() || !self.not_labels.is_empty();
        without || self.attachments.is_some() || self.since.is_some() || self.before.is_some()
    }

    /// Adds what the query says of conversations to `filter`; false where the two exclude each other. Whom it names
    /// (`assignee`, `mentioned`) is for who knows the people.
    pub fn narrow(&self, filter: &mut ConversationFilter) -> bool {
        let mut possible = true;
        if let Some(status) = self.status {
            possible &= filter.status.replace(status).is_none_or(|asked| asked == status);
        }
        if let Some(unread) = self.unread {
            possible &= filter.unread.replace(unread).is_none_or(|asked| asked == unread);
        }
        if self.overdue {
            possible &= filter.sla.replace(SlaFilter::Breached).is_none_or(|asked| asked == SlaFilter::Breached);
        }
        if let Some(priority) = self.priority {
            possible &= filter.priority.replace(priority).is_none_or(|asked| asked == priority);
        }
        if let Some(number) = self.number {
            possible &= filter.number.replace(number).is_none_or(|asked| asked == number);
        }
        if let Some(label) = &self.label {
            possible &= filter.label.replace(label.clone()).is_none_or(|asked| asked == *label);
        }
        possible
    }

    /// What the index is asked: words of a part of the mail are among all of its words.
    pub fn index_clauses(&self) -> Vec<SearchClause> {
        let of_fields = self.fields.iter().map(|field| &field.clause).filter(|clause| !clause.negated);
        self.clauses.iter().chain(of_fields).cloned().collect()
    }

    /// What the messages that the index gives must have besides.
    pub fn match_filter(&self, conversation: ConversationFilter) -> MatchFilter {
        let mut filter = MatchFilter::of(conversation);
        filter.attachments = self.attachments;
        filter.since = self.since;
        filter.before = self.before;
        filter.not_statuses.clone_from(&self.not_statuses);
        filter.not_labels.clone_from(&self.not_labels);
        if !self.fields.is_empty() {
            let fields = self.fields.clone();
            filter.heads = Some(store::search_lists::HeadTest::of(move |subject, recipients| {
                let subject = search_terms::in_order(subject);
                let recipients: Vec<Vec<String>> = recipients
                    .iter()
                    .map(|to| {
                        search_terms::in_order(&format!("{} {}", to.name.as_deref().unwrap_or_default(), to.address))
                    })
                    .collect();
                fields.iter().all(|asked| {
                    let found = match asked.field {
                        Field::Subject => asked.clause.is_in(&subject),
                        Field::Recipients => recipients.iter().any(|terms| asked.clause.is_in(terms)),
                    };
                    found != asked.clause.negated
                })
            }));
        }
        filter
    }
}

/// Reads a query, as of `now`. Whatever was typed, there is a result.
pub fn parse(text: &str, now: Timestamp) -> SearchQuery {
    let text = text.char_indices().nth(QUERY_CHARS_MAX).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let mut query = SearchQuery::default();
    for token in tokens(text) {
        if !query.take_operator(&token, now) {
            query.clauses.extend(clauses(&token, &token.plain(), false));
        }
    }
    query.clauses.truncate(CLAUSES_MAX);
    query.fields.truncate(CLAUSES_MAX);
    let filters = query.status.is_some()
        || query.unread.is_some()
        || query.label.is_some()
        || query.assignee.is_some()
        || query.mentioned
        || query.priority.is_some()
        || query.number.is_some()
        || query.overdue
        || query.looks_at_messages();
    query.nothing |= query.clauses.is_empty() && query.fields.is_empty() && !filters;
    query
}

fn clauses(token: &Token, text: &str, sender: bool) -> Vec<SearchClause> {
    let mut clauses = search_terms::clauses(text, token.prefix, sender);
    clauses.iter_mut().for_each(|clause| clause.negated = token.negated);
    clauses
}

impl SearchQuery {
    /// Was it an operator?
    fn take_operator(&mut self, token: &Token, now: Timestamp) -> bool {
        let Some(key) = token.key.as_deref() else { return self.take_number(token) };
        if token.value.is_empty() {
            return false;
        }
        match key {
            "from" => {
                let clauses = clauses(token, &token.value, true);
                let is_operator = !clauses.is_empty();
                self.clauses.extend(clauses);
                return is_operator;
            }
            "to" | "subject" => {
                let field = if key == "to" { Field::Recipients } else { Field::Subject };
                let clauses = clauses(token, &token.value, false);
                let is_operator = !clauses.is_empty();
                self.fields.extend(clauses.into_iter().map(|clause| FieldClause { field, clause }));
                return is_operator;
            }
            "label" if token.negated => self.not_labels.push(token.value.clone()),
            "label" => {
                let label = self.label.replace(token.value.clone());
                self.nothing |= label.is_some_and(|other| other != token.value);
            }
            "has" => self.take_has(token),
            "is" => self.take_is(token),
            "priority" => self.take_priority(token),
            "number" if token.negated => self.unreadable(token, "it can't be negated"),
            "number" => {
                if !self.take_number(token) {
                    self.unreadable(token, "a conversation's number is needed, such as number:42 or #42");
                }
            }
            "assignee" if token.negated => {
                self.unreadable(token, "it can't be negated; is:unassigned finds what nobody has")
            }
            "assignee" => {
                let before = self.assignee.replace(token.value.clone());
                self.nothing |= before.is_some_and(|other| other != token.value);
            }
            "before" | "after" => self.take_day(token, key == "after", now),
            _ => return false,
        }
        true
    }

    fn unreadable(&mut self, token: &Token, detail: &str) {
        self.problems.push(Problem { asked: token.typed(), detail: detail.to_owned() });
    }

    /// `number:42`, `#42`.
    fn take_number(&mut self, token: &Token) -> bool {
        let digits = match (&token.key, token.value.strip_prefix('#')) {
            (_, Some(digits)) => digits,
            (Some(_), None) => &token.value,
            (None, None) => return false,
        };
        let Some(number) = digits.parse().ok().filter(|_| !token.negated) else { return false };
        self.nothing |= self.number.replace(number).is_some_and(|other| other != number);
        true
    }

    fn take_priority(&mut self, token: &Token) {
        match ConversationPriority::parse(&token.value.to_lowercase()) {
            Some(priority) if !token.negated => {
                self.nothing |= self.priority.replace(priority).is_some_and(|other| other != priority);
            }
            Some(_) => self.unreadable(token, "it can't be negated"),
            None => self.unreadable(token, "priority: knows low, normal, high and urgent"),
        }
    }

    fn take_has(&mut self, token: &Token) {
        match token.value.to_lowercase().as_str() {
            "attachment" | "attachments" | "file" | "files" => {
                let before = self.attachments.replace(!token.negated);
                self.nothing |= before.is_some_and(|other| other == token.negated);
            }
            _ => self.unreadable(token, "has: knows attachment"),
        }
    }

    fn take_is(&mut self, token: &Token) {
        let value = token.value.to_lowercase();
        match value.as_str() {
            "unread" | "read" => {
                let unread = (value == "unread") != token.negated;
                let before = self.unread.replace(unread);
                self.nothing |= before.is_some_and(|other| other != unread);
            }
            "mentioned" | "unassigned" | "overdue" if token.negated => self.unreadable(token, "it can't be negated"),
            "mentioned" => self.mentioned = true,
            "overdue" => self.overdue = true,
            "unassigned" => {
                let before = self.assignee.replace("none".to_owned());
                self.nothing |= before.is_some_and(|other| other != "none");
            }
            state => match ConversationStatus::parse(state) {
                Some(status) if token.negated => self.not_statuses.push(status),
                Some(status) => {
                    let before = self.status.replace(status);
                    self.nothing |= before.is_some_and(|other| other != status);
                }
                None => self.unreadable(
                    token,
                    "is: knows open, pending, snoozed, resolved, unread, read, mentioned, unassigned and overdue",
                ),
            },
        }
    }

    fn take_day(&mut self, token: &Token, since: bool, now: Timestamp) {
        if token.negated {
            self.unreadable(token, "it can't be negated: before: and after: are each other's opposite");
            return;
        }
        let Some(day) = dates::day(&token.value.to_lowercase(), now) else {
            self.unreadable(
                token,
                "a day is needed, as 2026-05-31, 2026-05, today, yesterday or 7d (days, w, m, y ago)",
            );
            return;
        };
        // Of several the narrowest.
        if since {
            self.since = Some(self.since.map_or(day, |other| other.max(day)));
        } else {
            self.before = Some(self.before.map_or(day, |other| other.min(day)));
        }
    }
}

#[cfg(test)]
mod tests;
