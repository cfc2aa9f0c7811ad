//! What people type into a search box, as what is looked for. Never fails: what is no known filter is a word.
//!
//! Words must all be there; `"several words"` stand together; `word*` is the beginning of a word; `from:` looks at the
//! author's name and address; `has:attachment`, `is:open|pending|snoozed|resolved|unread|read` and `label:` filter.

use model::conversation::ConversationStatus;
use store::conversation_lists::ConversationFilter;
use store::search::SearchClause;

use crate::search_terms;

/// Characters of a query that are read.
pub const QUERY_CHARS_MAX: usize = 500;
/// Things one query may ask for; those behind are left out.
const CLAUSES_MAX: usize = 32;

/// A query, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SearchQuery {
    pub clauses: Vec<SearchClause>,
    pub status: Option<ConversationStatus>,
    pub unread: Option<bool>,
    pub label: Option<String>,
    pub attachments: Option<bool>,
    /// It asks for what can't be: two states at once, or nothing that has letters or digits.
    pub nothing: bool,
}

impl SearchQuery {
    /// Whether nothing but filters is asked for.
    pub fn has_no_terms(&self) -> bool {
        self.clauses.is_empty()
    }
}

impl SearchQuery {
    /// Adds what the query says of conversations to `filter`; false where the two exclude each other.
    pub fn narrow(&self, filter: &mut ConversationFilter) -> bool {
        let mut possible = true;
        if let Some(status) = self.status {
            possible &= filter.status.replace(status).is_none_or(|asked| asked == status);
        }
        if let Some(unread) = self.unread {
            possible &= filter.unread.replace(unread).is_none_or(|asked| asked == unread);
        }
        if let Some(label) = &self.label {
            possible &= filter.label.replace(label.clone()).is_none_or(|asked| asked == *label);
        }
        possible
    }
}

/// Reads a query. Whatever was typed, there is a result.
pub fn parse(text: &str) -> SearchQuery {
    let text = text.char_indices().nth(QUERY_CHARS_MAX).map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
    let mut query = SearchQuery::default();
    for token in tokens(text) {
        if !query.take_filter(&token) {
            query.clauses.extend(search_terms::clauses(&token.plain(), token.prefix, false));
        }
    }
    query.clauses.truncate(CLAUSES_MAX);
    let no_filter =
        query.status.is_none() && query.unread.is_none() && query.label.is_none() && query.attachments.is_none();
    query.nothing |= query.clauses.is_empty() && no_filter;
    query
}

impl SearchQuery {
    /// Was it a filter?
    fn take_filter(&mut self, token: &Token) -> bool {
        let Some(key) = token.key.as_deref() else { return false };
        let value = token.value.to_lowercase();
        match (key, value.as_str()) {
            ("from", _) => {
                let clauses = search_terms::clauses(&token.value, token.prefix, true);
                let is_filter = !clauses.is_empty();
                self.clauses.extend(clauses);
                return is_filter;
            }
            ("label", _) if !token.value.is_empty() => {
                let label = self.label.replace(token.value.clone());
                self.nothing |= label.is_some_and(|other| other != token.value);
            }
            ("has", "attachment" | "attachments" | "file" | "files") => self.attachments = Some(true),
            ("is", "unread" | "read") => {
                let before = self.unread.replace(value == "unread");
                self.nothing |= before.is_some_and(|other| Some(other) != self.unread);
            }
            ("is", state) => {
                let Some(status) = ConversationStatus::parse(state) else { return false };
                let before = self.status.replace(status);
                self.nothing |= before.is_some_and(|other| other != status);
            }
            _ => return false,
        }
        true
    }
}

/// One thing that was typed: `key:value`, `key:"a value"`, `word`, `word*`, `"a phrase"`.
#[derive(Debug, Default)]
struct Token {
    key: Option<String>,
    value: String,
    prefix: bool,
}

impl Token {
    /// As it was typed, for what turns out to be no filter.
    fn plain(&self) -> String {
        match &self.key {
            Some(key) => format!("{key} {}", self.value),
            None => self.value.clone(),
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut token = Token::default();
        let key_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if key_end > 0
            && let (key, after) = rest.split_at(key_end)
            && let Some(after) = after.strip_prefix(':')
            && !after.starts_with(char::is_whitespace)
        {
            token.key = Some(key.to_ascii_lowercase());
            rest = after;
        }
        let (value, after) = match rest.strip_prefix(['"', '\u{201c}', '\u{201d}']) {
            // A quotation that never ends goes to the end.
            Some(quoted) => quoted.split_once(['"', '\u{201c}', '\u{201d}']).unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        let (value, after_star) = match (value.strip_suffix('*'), after.strip_prefix('*')) {
            (Some(value), _) => (value, Some(after)),
            (None, Some(after)) => (value, Some(after)),
            (None, None) => (value, None),
        };
        token.prefix = after_star.is_some();
        token.value = value.trim().to_owned();
        rest = after_star.unwrap_or(after).trim_start();
        found.push(token);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `word`, `word*`, `a+b` for neighbours, `@word` for senders.
    fn shown(query: &SearchQuery) -> Vec<String> {
        let show = |clause: &SearchClause| {
            let sender = if clause.sender { "@" } else { "" };
            format!("{sender}{}{}", clause.terms.join("+"), if clause.prefix { "*" } else { "" })
        };
        query.clauses.iter().map(show).collect()
    }

    #[test]
    fn words_phrases_beginnings_and_senders() {
        for (text, expected) in [
            ("hello world", vec!["hello", "world"]),
            ("\"hello world\" again", vec!["hello+world", "again"]),
            ("\u{201c}hello world\u{201d}", vec!["hello+world"]),
            ("inv*", vec!["inv*"]),
            ("\"red bal\"*", vec!["red+bal*"]),
            ("\"red bal*\"", vec!["red+bal*"]),
            ("\"never ends here", vec!["never+ends+here"]),
            ("from:anna", vec!["@anna"]),
            ("FROM:Anna@Example.com", vec!["@anna+example+com"]),
            ("from:\"Anna Smith\" invoice", vec!["@anna+smith", "invoice"]),
            ("from:ann*", vec!["@ann*"]),
            ("a-b_c.d", vec!["a+b+c+d"]),
            ("Crème", vec!["creme"]),
            ("会議", vec!["会議"]),
            ("(foo) AND NOT bar", vec!["foo", "and", "not", "bar"]),
            ("\"", vec![]),
            ("* ** \"*\"", vec![]),
        ] {
            assert_eq!(shown(&parse(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_filter_and_is_none_is_words() {
        for (text, expected) in [
            ("re:hello", vec!["re+hello"]),
            ("https://example.com/a", vec!["https+example+com+a"]),
            ("is:teleported", vec!["is+teleported"]),
            ("has:wings", vec!["has+wings"]),
            ("from:", vec!["from"]),
            ("from: anna", vec!["from", "anna"]),
            ("subject:invoice", vec!["subject+invoice"]),
            ("label:", vec!["label"]),
            ("10:30", vec!["10+30"]),
        ] {
            let query = parse(text);
            assert_eq!(shown(&query), expected, "{text}");
            assert!(query.status.is_none() && query.label.is_none() && query.attachments.is_none(), "{text}");
        }
    }

    #[test]
    fn filters_filter() {
        let query = parse("is:open has:attachment label:\"very urgent\" is:unread invoice");
        assert_eq!(query.status, Some(ConversationStatus::Open));
        assert_eq!((query.attachments, query.unread), (Some(true), Some(true)));
        assert_eq!(query.label.as_deref(), Some("very urgent"));
        assert_eq!(shown(&query), ["invoice"]);
        assert!(!query.nothing);
        assert!(parse("IS:Resolved").has_no_terms());
    }

    #[test]
    fn what_can_not_be_finds_nothing() {
        for text in ["", "   ", "!!! --", "\"\"", "is:open is:resolved", "is:read is:unread", "label:a label:b"] {
            assert!(parse(text).nothing, "{text}");
        }
        assert!(!parse("is:open is:open").nothing);
    }

    #[test]
    fn long_queries_are_cut_and_the_number_of_clauses_is_bounded() {
        assert!(parse(&"a ".repeat(10_000)).clauses.len() <= CLAUSES_MAX);
        assert_eq!(parse(&"é".repeat(10_000)).clauses.len(), 1);
    }
}
