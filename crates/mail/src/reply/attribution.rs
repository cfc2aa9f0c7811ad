//! The line or lines above a quote that say who wrote it and when: "On … Ann wrote:", in many languages and orders. Owns the
//! recognition; the words are in `words`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use super::line::{is_blank, is_quote, starts_with_ignoring_case};
use super::words;
use crate::phrases::Phrases;

/// Bytes of an attribution, all its lines together.
const ATTRIBUTION_BYTES_MAX: usize = 600;
/// Lines one attribution may be broken over.
const ATTRIBUTION_LINES_MAX: usize = 6;
/// Words of an attribution without date and address.
const NAME_WORDS_MAX: usize = 6;

/// How many lines from the first on are an attribution ("On … Ann wrote:"). 0 if they are none.
pub(super) fn attribution(lines: &[&str]) -> usize {
    let Some(first) = lines.first().map(|line| undecorated(line)) else { return 0 };
    if !may_begin_attribution(first) {
        return 0;
    }
    if is_named_quote(lines) {
        return 1;
    }
    let mut joined = String::new();
    let mut blanks = 0;
    for (index, line) in lines.iter().take(ATTRIBUTION_LINES_MAX).enumerate() {
        if is_blank(line) {
            blanks += 1;
            // Some programs leave blank lines between name and address; a paragraph is another matter.
            if blanks > 1 || !has_date(&joined) {
                return 0;
            }
            continue;
        }
        if index > 0
            && is_quote(line)
            && !line.trim_start().starts_with("> wrote")
            && !line.trim_start().starts_with(">:")
        {
            break;
        }
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(undecorated(line));
        if joined.len() > ATTRIBUTION_BYTES_MAX {
            return 0;
        }
        if is_attribution(&joined) {
            // Prose may run up to it: then the attribution begins further down.
            let later = (1..=index).any(|from| begins_anew(lines.get(from..=index).unwrap_or_default()));
            return if later { 0 } else { index + 1 };
        }
        if index == 0 && !may_go_on(first) {
            return 0;
        }
    }
    usize::from(begins_with_date(first) && (has_address(first) || first.contains("GMT")) && !first.contains('?'))
}

/// Whether an attribution that begins so may end in a later line.
fn may_go_on(first: &str) -> bool {
    first.ends_with('<') || has_address(first) || begins_with_date(first) || begins_with_on(first)
}

/// These lines are an attribution by themselves, from the first word on.
fn begins_anew(lines: &[&str]) -> bool {
    let joined = lines.iter().map(|line| undecorated(line)).collect::<Vec<_>>().join(" ");
    let lower = joined.to_lowercase();
    let on = begins_with_on(&joined) || begins_with_date(&joined);
    has_year(&lower) && on && is_attribution(&joined)
}

fn undecorated(line: &str) -> &str {
    let mut bare = line.trim();
    while let Some(rest) = bare.strip_prefix("- ") {
        bare = rest;
    }
    bare.trim_matches(['*', '_', ' ']).trim_start_matches(['-', ' ']).trim_end_matches(['-', ' '])
}

/// A quick look at the first line, so that ordinary text costs nothing more.
fn may_begin_attribution(first: &str) -> bool {
    if first.is_empty() || first.starts_with('>') {
        return false;
    }
    let digit = first.bytes().any(|byte| byte.is_ascii_digit());
    digit || first.contains('@') || first.ends_with([':', '：', '<']) || first.contains("http")
}

fn is_attribution(text: &str) -> bool {
    if !text.trim_end().ends_with([':', '：', '-', '*']) && !has_address(text) {
        return false;
    }
    static WROTE: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(words::WROTE.iter().copied()));
    let text = &*without_directions(text);
    let lower = text.to_lowercase();
    let end = lower.trim_end_matches([':', '：', ' ', '.', '-', '\u{a0}', '*']);
    let colon = lower.len() > end.len() && lower.get(end.len()..).is_some_and(|tail| tail.contains([':', '：', '-']));
    let mut verbs = WROTE.places_in(&lower).filter(|place| stands_alone(&lower, place)).peekable();
    let wrote = verbs.peek().is_some();
    let wrote_last = verbs.any(|place| place.end == end.len());
    let on = begins_with_on(text) || begins_with_date(text);
    let dated = has_date(&lower);
    let addressed = has_address(&lower);
    let told = ["i wrote", "we wrote"].iter().any(|own| end.ends_with(own));
    let when = dated && (on || has_time(&lower) || has_year(&lower)) && !told;
    // The verb may be without its colon only where all else is sure.
    wrote_last && (when && colon || addressed && (colon || dated))
        || wrote && colon && (addressed || dated && has_time(&lower))
        // Some languages need no verb: a whole date, and who it was.
        || colon && addressed && dated && has_time(&lower) && (on || has_year(&lower) && end.ends_with(['>', ')', ']']))
}

/// Programs wrap names of scripts that run from right to left in marks of direction (Unicode UAX 9).
fn without_directions(text: &str) -> Cow<'_, str> {
    const MARKS: &[char] = &[
        '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}',
        '\u{2068}', '\u{2069}',
    ];
    if text.contains(MARKS) { text.replace(MARKS, "").into() } else { text.into() }
}

/// "Ann wrote:" alone is what a person may write as well; with a quote right below it is not.
fn is_named_quote(lines: &[&str]) -> bool {
    let (Some(first), Some(next)) = (lines.first(), lines.iter().skip(1).find(|line| !is_blank(line))) else {
        return false;
    };
    let first = first.trim().to_lowercase();
    let Some(end) = first.strip_suffix([':', '：']).map(str::trim_end) else { return false };
    is_quote(next)
        && end.split_whitespace().count() <= NAME_WORDS_MAX
        && !["i wrote", "we wrote"].contains(&end)
        && words::WROTE.iter().any(|verb| end.strip_suffix(verb).is_some_and(|name| name.ends_with(' ')))
}

fn starts_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.chars().next().is_some_and(char::is_alphabetic) || !word.is_ascii())
}

/// "On", "Am", "Le" …: the first word, whatever its case.
fn begins_with_on(text: &str) -> bool {
    /// The bytes they begin with, capitals included. Most lines end here.
    static FIRST: LazyLock<[bool; 256]> = LazyLock::new(|| {
        let first = |word: &&str| word.chars().next().into_iter().flat_map(|c| c.to_uppercase().chain([c]));
        let bytes = words::ON.iter().flat_map(first).filter_map(|c| c.to_string().bytes().next());
        let mut first = [false; 256];
        bytes.for_each(|byte| first[usize::from(byte)] = true);
        first
    });
    const WORD_BYTES: usize = 24;
    if !text.bytes().next().is_some_and(|byte| FIRST[usize::from(byte)]) {
        return false;
    }
    let start = text.get(..text.floor_char_boundary(WORD_BYTES)).unwrap_or_default();
    if start.is_ascii() {
        let word_ends = |word: &str| !text.as_bytes().get(word.len()).is_some_and(u8::is_ascii_alphabetic);
        return words::ON.iter().any(|word| starts_with_ignoring_case(text, word) && word_ends(word));
    }
    let lower = start.to_lowercase();
    words::ON.iter().any(|word| starts_with_word(&lower, word))
}

/// A word of letters is not a part of a longer one; scripts without blanks know no such thing.
fn stands_alone(text: &str, place: &Range<usize>) -> bool {
    let before = text.get(..place.start).and_then(|text| text.chars().next_back());
    let after = text.get(place.end..).and_then(|text| text.chars().next());
    let ascii = text.get(place.clone()).is_some_and(str::is_ascii);
    !ascii || !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// A number of one, two or four digits and something that makes a date of it.
fn has_date(text: &str) -> bool {
    let numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter(|part| matches!(part.len(), 1 | 2 | 4)).take(3).count();
    numbers >= 2 || numbers == 1 && text.contains("20")
}

fn has_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|part| part.len() == 4 && (part.starts_with("19") || part.starts_with("20")))
}

/// `12:30`, `20.42`, `8:45`.
fn has_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        matches!(bytes.get(at), Some(b':' | b'.' | b'h'))
            && at > 0
            && bytes.get(at - 1).is_some_and(u8::is_ascii_digit)
            && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
            && bytes.get(at + 2).is_some_and(u8::is_ascii_digit)
    })
}

fn has_address(text: &str) -> bool {
    memchr::memchr_iter(b'@', text.as_bytes()).any(|at| {
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        let after = text.as_bytes().get(at + 1);
        before.is_some_and(u8::is_ascii_alphanumeric) && after.is_some_and(u8::is_ascii_alphanumeric)
    })
}

/// `2016-10-24 15:36 …`, `2013/7/20 …`, `2019年1月1日 …`.
fn begins_with_date(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..).unwrap_or_default();
    digits == 4 && rest.starts_with(['-', '/', '.', '年']) && has_date(text)
        || (1..=2).contains(&digits)
            && rest.starts_with([' ', '.', '/'])
            && has_date(text)
            && (has_time(text) || has_address(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_are_known_in_many_languages_and_over_several_lines() {
        let cases = [
            "On Mon, 5 Jan 2026 at 10:12, Ann Example <ann@example.com> wrote:",
            "On Mon, 5 Jan 2026 at 10:12, Ann Example <\nann@example.com> wrote:",
            "Am 05.01.2026 um 10:12 schrieb Ann:",
            "Ann Example <ann@example.com> schrieb am Mo., 5. Jan. 2026, 10:12:",
            "Le lun. 5 janv. 2026 à 10:12, Ann <ann@example.com> a\nécrit :",
            "El lun, 5 ene 2026 a las 10:12, Ann (<ann@example.com>) escribió:",
            "Il giorno lun 5 gen 2026 alle ore 10:12 Ann <ann@example.com> ha scritto:",
            "2026年1月5日(月) 10:12 Ann <ann@example.com>:",
            "在 2026年1月5日，上午10:12，Ann <ann@example.com> 写道：",
            "5 янв. 2026 г., в 10:12, Ann <ann@example.com> написал(а):",
            "---- On Mon, 05 Jan 2026 10:12:00 +0100 Ann <ann@example.com> wrote ----",
        ];
        for case in cases {
            let lines: Vec<&str> = case.lines().collect();
            assert_eq!(attribution(&lines), lines.len(), "{case}");
        }
    }

    #[test]
    fn sentences_are_no_attributions() {
        for case in [
            "On this day I wrote 3 letters.",
            "On your host you can run:",
            "We met at 10:30 in room 12.",
            "Call ann@example.com:",
            "See what I wrote:",
        ] {
            assert_eq!(attribution(&[case]), 0, "{case}");
        }
    }
}
