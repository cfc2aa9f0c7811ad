//! Many phrases looked for in one walk over a text. Owns the search; the phrases are their users'.

use aho_corasick::{AhoCorasick, MatchKind};

/// Phrases in rows, the earlier row the more important one.
pub(crate) struct Phrases {
    /// `None` if it could not be built, which no table of ours is large enough for.
    automaton: Option<AhoCorasick>,
    /// The row of each phrase.
    rows: Vec<usize>,
}

impl Phrases {
    pub fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Self {
        Self::in_rows(phrases.into_iter().map(|phrase| (0, phrase)))
    }

    pub fn in_rows<'a>(phrases: impl IntoIterator<Item = (usize, &'a str)>) -> Self {
        let (rows, phrases): (Vec<usize>, Vec<&str>) = phrases.into_iter().unzip();
        Self { automaton: AhoCorasick::builder().match_kind(MatchKind::Standard).build(phrases).ok(), rows }
    }

    pub fn any_in(&self, text: &str) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }

    /// The first row, by its number, of which a phrase is in the text, leaving one out.
    pub fn first_row_in(&self, text: &str, but: impl Fn(usize) -> bool) -> Option<usize> {
        let matches = self.automaton.as_ref()?.find_overlapping_iter(text);
        matches.filter_map(|found| self.rows.get(found.pattern().as_usize()).copied()).filter(|row| !but(*row)).min()
    }

    /// Where phrases are: first and last byte of each.
    pub fn places_in<'t>(&'t self, text: &'t str) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        self.automaton
            .iter()
            .flat_map(move |automaton| automaton.find_overlapping_iter(text))
            .map(|found| found.range())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_row_wins_wherever_its_phrase_stands() {
        let phrases = Phrases::in_rows([(0, "full"), (1, "mailbox"), (1, "box is"), (2, "is")]);
        assert_eq!(phrases.first_row_in("the mailbox is full", |_| false), Some(0));
        assert_eq!(phrases.first_row_in("the mailbox is full", |row| row == 0), Some(1));
        assert_eq!(phrases.first_row_in("nothing", |_| false), None);
        assert!(phrases.any_in("this") && !phrases.any_in("that"));
        assert_eq!(phrases.places_in("box is").collect::<Vec<_>>(), [0..6, 4..6]);
    }
}
