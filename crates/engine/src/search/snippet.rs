//! The words around the first match of a search, as plain text. Pure.

use store::search::SearchClause;

use crate::search_terms;

/// Characters before the match, and in all.
const BEFORE_CHARS: usize = 60;
const SNIPPET_CHARS_MAX: usize = 200;
/// Characters of a text that are looked through.
const TEXT_CHARS_MAX: usize = 64 * 1024;

/// `None` where no clause matches in the text (it did in the subject, or in a name).
pub(super) fn around(text: &str, clauses: &[SearchClause]) -> Option<String> {
    let text: String = text.chars().take(TEXT_CHARS_MAX).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let wanted: Vec<&SearchClause> = clauses.iter().filter(|clause| !clause.sender && !clause.negated).collect();
    let found = words.iter().position(|word| {
        let terms: Vec<String> = search_terms::clauses(word, false, false).into_iter().flat_map(|c| c.terms).collect();
        wanted.iter().any(|clause| is_in(clause, &terms))
    })?;
    let (mut begin, mut before) = (found, 0);
    while begin > 0 && before < BEFORE_CHARS {
        begin -= 1;
        before += words.get(begin).map_or(0, |word| word.chars().count() + 1);
    }
    let joined = words.get(begin..)?.join(" ");
    let mut snippet: String = joined.chars().take(SNIPPET_CHARS_MAX).collect();
    if begin > 0 {
        snippet.insert(0, '…');
    }
    if joined.chars().nth(SNIPPET_CHARS_MAX).is_some() {
        snippet.push('…');
    }
    Some(snippet)
}

/// Is the clause's first term among them?
fn is_in(clause: &SearchClause, terms: &[String]) -> bool {
    let Some(first) = clause.terms.first() else { return false };
    let begins = clause.prefix && clause.terms.len() == 1;
    terms.iter().any(|term| if begins { term.starts_with(first.as_str()) } else { term == first })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snippet(text: &str, query: &str) -> Option<String> {
        around(text, &crate::search_query::parse(query, model::Timestamp::from_millis(0)).clauses)
    }

    #[test]
    fn a_match_is_shown_with_what_is_around_it() {
        assert_eq!(
            snippet("Hello,\r\n\r\nthe  INVOICE is here", "invoice").as_deref(),
            Some("Hello, the INVOICE is here")
        );
        assert_eq!(snippet("Le café est fermé", "ferme").as_deref(), Some("Le café est fermé"));
        assert_eq!(snippet("please re-send it", "\"send it\"").as_deref(), Some("please re-send it"));
        assert_eq!(snippet("an invitation", "invi*").as_deref(), Some("an invitation"));
        assert_eq!(snippet("今日の会議の予定", "会議").as_deref(), Some("今日の会議の予定"));
        assert_eq!(snippet("nothing of the kind", "invoice"), None);
        assert_eq!(snippet("anna", "from:anna"), None);
        assert_eq!(snippet("", "x"), None);
    }

    #[test]
    fn long_texts_are_cut_on_both_sides() {
        let text = format!("{} needle {}", "hay ".repeat(500), "straw ".repeat(500));
        let found = snippet(&text, "needle").unwrap();
        assert!(found.starts_with('…') && found.ends_with('…') && found.contains("needle"));
        assert!(found.chars().count() <= SNIPPET_CHARS_MAX + 2);
    }
}
