//! What people type into a search box is bounded, and asks the index for nothing but words.
#![no_main]

use engine::search_query::{self, parse};
use engine::search_terms::clauses;
use libfuzzer_sys::fuzz_target;
use model::Timestamp;

const CLAUSES_MAX: usize = 32;

fn is_word(term: &str) -> bool {
    !term.is_empty() && term.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"\"'*:()^-+\\%_".contains(c))
}

fuzz_target!(|text: &str| {
    let query = parse(text, Timestamp::from_millis(1_800_000_000_000));
    let fields = query.fields.iter().map(|field| &field.clause);
    assert!(query.clauses.len() <= CLAUSES_MAX && query.fields.len() <= CLAUSES_MAX);
    for clause in query.clauses.iter().chain(fields).chain(&clauses(text, true, false)) {
        assert!(!clause.terms.is_empty() && clause.terms.iter().all(|term| is_word(term)), "{clause:?}");
    }
    let chars: usize = query.problems.iter().map(|problem| problem.asked.chars().count()).sum();
    assert!(chars <= 2 * search_query::QUERY_CHARS_MAX);
});
