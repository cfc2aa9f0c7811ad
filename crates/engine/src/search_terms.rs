//! Cuts text into the terms that are searched for: folded words, and pairs of characters where a script writes no
//! spaces. The same for what is indexed and what is asked, and for both databases. Pure; never touches the index.

use mail::ParsedMail;
use model::limits::{SEARCH_TERM_CHARS_MAX, SEARCH_TERMS_MAX, SEARCH_TEXT_CHARS_MAX};
use model::message::Disposition;
use store::messages::MessageRow;
use store::search::{SearchClause, SearchDocument, Words};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// What the index keeps of a message. `parsed` is its mail; a note has none.
pub fn document<'m>(row: &'m MessageRow, parsed: Option<&ParsedMail>) -> SearchDocument<'m> {
    let mut terms = Terms::new(SEARCH_TERMS_MAX);
    terms.add(&row.subject);
    for recipient in &row.recipients {
        terms.add(recipient.name.as_deref().unwrap_or_default());
        terms.add(&recipient.address);
    }
    for attachment in &row.attachments {
        terms.add(attachment.filename.as_deref().unwrap_or_default());
    }
    terms.add(row.note.as_deref().unwrap_or_default());
    if let Some(mail) = parsed {
        match (&mail.text, &mail.html) {
            (Some(text), _) if !text.trim().is_empty() => terms.add(text),
            (_, Some(html)) => terms.add(&mail::html::to_text(html)),
            _ => {}
        }
    }
    let mut sender = Terms::new(SEARCH_TERMS_MAX);
    sender.add(row.from_name.as_deref().unwrap_or_default());
    sender.add(&row.from_address);
    SearchDocument {
        seq: row.seq,
        workspace_id: &row.workspace_id,
        channel_id: row.channel_id.as_ref(),
        with_files: row.attachments.iter().any(|attachment| attachment.disposition == Disposition::Attachment),
        sender: sender.found,
        terms: terms.found,
    }
}

/// What a user's word or phrase asks for: one clause a stretch of words, one a stretch of characters written without
/// spaces. Empty where there is neither letter nor digit.
pub fn clauses(text: &str, prefix: bool, sender: bool) -> Vec<SearchClause> {
    let mut found: Vec<SearchClause> = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let clause = |terms: Vec<String>, prefix: bool| SearchClause { terms, prefix, sender, negated: false };
    cut(text, &mut |piece| {
        match piece {
            Piece::Word(word) => words.push(word.to_owned()),
            Piece::Run(run) => {
                if !words.is_empty() {
                    found.push(clause(std::mem::take(&mut words), false));
                }
                match run {
                    // It may be the first half of a pair.
                    [only] => found.push(clause(vec![only.to_string()], true)),
                    run => found.push(clause(run.windows(2).map(String::from_iter).collect(), false)),
                }
            }
        }
        true
    });
    if !words.is_empty() {
        found.push(clause(words, prefix));
    }
    found
}

/// The terms of a short text, as they would be indexed.
pub(crate) fn in_order(text: &str) -> Vec<String> {
    let mut terms = Terms::new(SEARCH_TERMS_MAX);
    terms.add(text);
    terms.found.iter().map(str::to_owned).collect()
}

struct Terms {
    found: Words,
    count: usize,
    max: usize,
}

impl Terms {
    fn new(max: usize) -> Self {
        Self { found: Words::default(), count: 0, max }
    }

    fn push(&mut self, word: &str) {
        if self.count < self.max {
            self.found.push(word);
            self.count += 1;
        }
    }

    fn add(&mut self, text: &str) {
        // As many bytes hold at most as many characters.
        let end =
            if text.len() <= SEARCH_TEXT_CHARS_MAX { None } else { text.char_indices().nth(SEARCH_TEXT_CHARS_MAX) };
        let text = end.and_then(|(end, _)| text.get(..end)).unwrap_or(text);
        cut(text, &mut |piece| {
            match piece {
                Piece::Word(word) => self.push(word),
                // The last one alone, so that it is found as the first half of no pair.
                Piece::Run(run) => {
                    for begin in 0..run.len() {
                        let mut pair = String::new();
                        pair.extend(run.iter().skip(begin).take(2));
                        self.push(&pair);
                    }
                }
            }
            self.count < self.max
        });
    }
}

enum Piece<'p> {
    Word(&'p str),
    /// Characters of a script that writes no spaces between words.
    Run(&'p [char]),
}

/// Gives every piece to `take` in order, until it says no.
fn cut(text: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) {
    let mut go_on = true;
    // No character is one with another across a space. Most stretches are ASCII, which needs no tables.
    for stretch in text.split_ascii_whitespace() {
        go_on &= if stretch.is_ascii() { cut_ascii(stretch, take) } else { cut_any(stretch, take) };
        if !go_on {
            return;
        }
    }
}

fn cut_ascii(text: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) -> bool {
    for word in text.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.get(..SEARCH_TERM_CHARS_MAX).unwrap_or(word);
        let go_on = if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            take(Piece::Word(&word.to_ascii_lowercase()))
        } else {
            take(Piece::Word(word))
        };
        if !go_on {
            return false;
        }
    }
    true
}

fn cut_any(text: &str, take: &mut dyn FnMut(Piece<'_>) -> bool) -> bool {
    let (mut word, mut length, mut run) = (String::new(), 0_usize, Vec::<char>::new());
    let mut go_on = true;
    let mut feed = |character: Option<char>| {
        let unspaced = character.is_some_and(is_unspaced);
        if !unspaced && !run.is_empty() {
            go_on &= take(Piece::Run(&run));
            run.clear();
        }
        let spaced = character.filter(|character| !unspaced && character.is_alphanumeric());
        if spaced.is_none() && !word.is_empty() {
            go_on &= take(Piece::Word(&word));
            word.clear();
            length = 0;
        }
        match character {
            Some(character) if unspaced => run.push(character),
            _ => {
                if let Some(character) = spaced
                    && length < SEARCH_TERM_CHARS_MAX
                {
                    word.push(character);
                    length += 1;
                }
            }
        }
        go_on
    };
    for character in text.nfkc() {
        if !fold(character, &mut |folded| feed(Some(folded))) {
            return false;
        }
    }
    feed(None)
}

/// Lower case, and without accents where a reader would leave them out.
fn fold(character: char, take: &mut dyn FnMut(char) -> bool) -> bool {
    let mut go_on = true;
    for lower in character.to_lowercase() {
        if has_optional_marks(lower) {
            decompose_canonical(lower, |part| {
                if !is_combining_mark(part) {
                    go_on &= take(part);
                }
            });
        } else if !('\u{300}'..='\u{36f}').contains(&lower) {
            go_on &= take(lower);
        }
    }
    go_on
}

/// Latin, Greek and Cyrillic: people search without the accents.
fn has_optional_marks(character: char) -> bool {
    matches!(character, '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}')
}

/// Thai, Lao, Burmese, Khmer, kana, Han and Hangul (whose particles join the word).
fn is_unspaced(character: char) -> bool {
    character.is_alphanumeric()
        && matches!(character,
            '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
            | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(text: &str) -> Vec<String> {
        in_order(text)
    }

    #[test]
    fn words_are_folded_and_cut_at_what_is_no_letter_or_digit() {
        for (text, expected) in [
            ("Hello, World!", vec!["hello", "world"]),
            ("anna.smith@Example.com", vec!["anna", "smith", "example", "com"]),
            ("Crème Brûlée ÅNGSTRÖM", vec!["creme", "brulee", "angstrom"]),
            ("Ёлка Ἀθῆναι", vec!["елка", "αθηναι"]),
            ("e\u{301}te\u{301}", vec!["ete"]),
            ("ｆｕｌｌ１２", vec!["full12"]),
            ("", vec![]),
            ("-- !? \u{0}", vec![]),
        ] {
            assert_eq!(indexed(text), expected, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_found_by_pairs() {
        assert_eq!(indexed("会議の予定 ok"), ["会議", "議の", "の予", "予定", "定", "ok"]);
        assert_eq!(clauses("議の予", false, false)[0].terms, ["議の", "の予"]);
        let one = &clauses("定", false, false)[0];
        assert_eq!((one.terms.as_slice(), one.prefix), (["定".to_owned()].as_slice(), true));
        assert_eq!(indexed("がガ"), ["がガ", "ガ"]);
    }

    #[test]
    fn an_address_is_asked_for_as_a_phrase() {
        let clauses = clauses("Anna@Example.com", true, true);
        assert_eq!(clauses.len(), 1);
        assert_eq!(clauses[0].terms, ["anna", "example", "com"]);
        assert!(clauses[0].prefix && clauses[0].sender);
    }

    #[test]
    fn what_is_indexed_of_one_mail_is_bounded() {
        let mut terms = Terms::new(10);
        terms.add(&"word ".repeat(1_000));
        terms.add(&"会".repeat(1_000));
        assert_eq!(terms.found.iter().count(), 10);
        let long = indexed(&"x".repeat(10_000));
        assert_eq!(long, ["x".repeat(SEARCH_TERM_CHARS_MAX)]);
        assert_eq!(clauses(&"x".repeat(10_000), false, false)[0].terms, long);
    }
}
