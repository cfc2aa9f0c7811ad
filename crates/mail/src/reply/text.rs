//! Takes a plain text reply apart, line by line. Owns the order of the rules; never loses a line: what is not reply text is
//! quoted or signature.

use super::Reply;
use super::attribution::attribution;
use super::line::{is_blank, is_device, is_original_mark, is_quote, is_rule, is_signature_mark, quoted_head};

/// Lines a signature has at most after its mark.
const SIGNATURE_LINES_MAX: usize = 20;
/// The same after a mere rule, which people also put between paragraphs.
const RULED_SIGNATURE_LINES_MAX: usize = 6;

/// Lines in which an attribution within a quote must end.
const ATTRIBUTION_LINES: usize = 4;

/// Where what others wrote begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// "On … wrote:", so many lines.
    Attribution(usize),
    /// `From: … Sent: …`, so many lines.
    Head(usize),
    /// `-----Original Message-----`.
    Mark,
}

/// Bytes of a body whose lines are looked at; what follows goes the way of the last of them.
const LOOKED_AT_BYTES_MAX: usize = 1024 * 1024;

pub(super) fn split(text: &str) -> Reply {
    let end = text.floor_char_boundary(LOOKED_AT_BYTES_MAX);
    let (head, tail) = text.split_at(end);
    let mut reply = split_lines(head);
    if !tail.is_empty() {
        reply.quoted.as_mut().unwrap_or(&mut reply.reply_text).push_str(tail);
    }
    reply
}

fn split_lines(text: &str) -> Reply {
    let text = text.replace("\r\n", "\n").replace('\u{feff}', "");
    let lines: Vec<&str> = text.split('\n').collect();
    let mut parts = Parts::default();
    parts.body(&lines);
    let kept = parts.finish();
    Reply { reply_text: joined(&kept), quoted: section(&parts.quoted), signature: section(&parts.signature) }
}

#[derive(Default)]
struct Parts<'a> {
    kept: Vec<&'a str>,
    quoted: Vec<&'a str>,
    signature: Vec<&'a str>,
    /// An attribution was taken out: what is quoted is known to be others' words.
    attributed: bool,
}

impl<'a> Parts<'a> {
    /// Sorts lines into kept and quoted.
    fn body(&mut self, lines: &[&'a str]) {
        let mut rest = lines;
        while let Some((at, cut)) = first_cut(rest) {
            let (before, from) = rest.split_at(at);
            self.kept.extend_from_slice(before);
            let own = self.kept.iter().any(|line| has_words(line));
            match cut {
                Cut::Attribution(length) => {
                    let (said, after) = from.split_at(length.min(from.len()));
                    self.quoted.extend_from_slice(said);
                    self.attributed = true;
                    let quote = quote_length(after);
                    let (quote, tail) = after.split_at(quote);
                    let answers = tail
                        .iter()
                        .take_while(|line| !is_signature_mark(line))
                        .any(|line| has_words(line) && !is_quote(line));
                    match (own, quote.is_empty()) {
                        // The quote goes unmarked to the end.
                        (true, true) => {
                            self.quoted.extend_from_slice(after);
                            return;
                        }
                        // Answers between the quotes: there the quotes are needed to understand them.
                        (true, false) if answers && !is_footer(tail) => {
                            self.kept.extend_from_slice(quote);
                            rest = tail;
                        }
                        (true, false) => {
                            self.quoted.extend_from_slice(quote);
                            self.kept.extend_from_slice(tail);
                            return;
                        }
                        // The answer stands below what it answers.
                        (false, _) => {
                            self.quoted.extend_from_slice(quote);
                            rest = tail;
                        }
                    }
                }
                Cut::Head(_) | Cut::Mark if own => {
                    self.quoted.extend_from_slice(from);
                    return;
                }
                // Nothing but a forwarded mail: its text is all there is to read.
                Cut::Head(length) => {
                    let (head, after) = from.split_at(length.min(from.len()));
                    self.quoted.extend_from_slice(head);
                    rest = after;
                }
                Cut::Mark => {
                    let (mark, after) = from.split_at(1);
                    self.quoted.extend_from_slice(mark);
                    rest = after;
                }
            }
        }
        self.kept.extend_from_slice(rest);
    }

    /// Takes quotes, rules and signatures off the end.
    fn finish(&mut self) -> Vec<&'a str> {
        let mut kept = std::mem::take(&mut self.kept);
        loop {
            let before = kept.len();
            trim_end(&mut kept);
            self.take_quote(&mut kept);
            self.take_signature(&mut kept);
            if kept.len() == before {
                break;
            }
        }
        let start = kept.iter().position(|line| !is_blank(line) && !is_rule(line)).unwrap_or(kept.len());
        kept.drain(..start);
        kept
    }

    /// A quote at the end answers nothing, if there is something before it.
    fn take_quote(&mut self, kept: &mut Vec<&'a str>) {
        let last = kept.iter().rposition(|line| !is_blank(line) && !is_quote(line));
        let begin = match last {
            Some(last) => last + 1,
            None if self.attributed || begins_attributed(kept) => 0,
            None => return,
        };
        if kept.get(begin..).is_some_and(|tail| tail.iter().any(|line| is_quote(line))) {
            let quote = kept.split_off(begin);
            self.quoted.splice(..0, quote);
        }
    }

    fn take_signature(&mut self, kept: &mut Vec<&'a str>) {
        let protected = code_end(kept);
        let Some(begin) = signature_begin(kept, protected) else { return };
        let signature = kept.split_off(begin);
        self.signature.splice(..0, signature);
    }
}

/// The first line after which others' words come, outside of code.
fn first_cut(lines: &[&str]) -> Option<(usize, Cut)> {
    let mut code = false;
    for (at, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code
                && lines.get(at + 1..).is_some_and(|rest| rest.iter().any(|line| line.trim_start().starts_with("```")));
            continue;
        }
        if code || is_blank(line) {
            continue;
        }
        let rest = lines.get(at..).unwrap_or_default();
        if is_original_mark(line) && !is_quote(line) {
            return Some((at, Cut::Mark));
        }
        if is_quote(line) {
            continue;
        }
        match (quoted_head(rest), attribution(rest)) {
            (0, 0) => {}
            (0, length) => return Some((at, Cut::Attribution(length))),
            (length, _) => return Some((at, Cut::Head(length))),
        }
    }
    None
}

/// How many lines from the first on are quoted, blank lines between quotes with them; lines a program wrapped too.
fn quote_length(lines: &[&str]) -> usize {
    let mut length = 0;
    for (index, line) in lines.iter().enumerate() {
        if is_quote(line) {
            length = index + 1;
        } else if !is_blank(line) {
            break;
        }
    }
    length
}

/// What follows a quote is only what a list or a program adds.
fn is_footer(lines: &[&str]) -> bool {
    let mut words = lines.iter().filter(|line| !is_blank(line));
    words.next().is_none_or(|line| is_rule(line) || is_signature_mark(line) || is_device(line))
}

/// Some programs put the attribution into the quote: then nothing of it is the writer's own.
fn begins_attributed(lines: &[&str]) -> bool {
    let unquoted: Vec<&str> = lines
        .iter()
        .skip_while(|line| is_blank(line))
        .take(ATTRIBUTION_LINES)
        .map(|line| line.trim_start_matches(['>', ' ']))
        .collect();
    attribution(&unquoted) > 0
}

/// A line with a letter or a digit: more than decoration.
fn has_words(line: &str) -> bool {
    !is_rule(line) && line.chars().any(|c| !c.is_whitespace() && !matches!(c, '>' | '|' | '\u{200b}' | '\u{1427}'))
}

fn trim_end(lines: &mut Vec<&str>) {
    let end = lines.iter().rposition(|line| !is_blank(line) && !is_rule(line)).map_or(0, |last| last + 1);
    // A rule that closes a block of code is code.
    lines.truncate(end);
}

/// The line after the last fenced block: signatures are looked for behind it.
fn code_end(lines: &[&str]) -> usize {
    lines.iter().rposition(|line| line.trim_start().starts_with("```")).map_or(0, |last| last + 1)
}

fn signature_begin(lines: &[&str], from: usize) -> Option<usize> {
    let filled = |range: std::ops::RangeFrom<usize>| {
        lines.get(range).unwrap_or_default().iter().filter(|line| !is_blank(line)).count()
    };
    let tail = || lines.iter().enumerate().skip(from);
    let mark = tail().find(|(at, line)| is_signature_mark(line) && filled(at + 1..) <= SIGNATURE_LINES_MAX);
    let rule =
        tail().filter(|(_, line)| is_rule(line) && line.trim().chars().count() >= 5).map(|(at, _)| at).next_back();
    let rule = rule.filter(|at| {
        *at > 0
            && filled(at + 1..) <= RULED_SIGNATURE_LINES_MAX
            && !lines.get(at + 1..).is_some_and(|rest| rest.iter().any(|line| is_quote(line)))
    });
    let device = tail().last().filter(|(_, line)| is_device(line)).map(|(at, _)| at);
    let name = tail().last().filter(|(at, line)| *at > 0 && is_dashed_name(line)).map(|(at, _)| at);
    [mark.map(|(at, _)| at), rule, device, name].into_iter().flatten().min()
}

/// `-Ann Example`: a dash and up to four words that look like a name.
fn is_dashed_name(line: &str) -> bool {
    let Some(name) = line.trim().strip_prefix('-') else { return false };
    name.starts_with(char::is_uppercase)
        && name.split_whitespace().count() <= 4
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\''))
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn section(lines: &[&str]) -> Option<String> {
    let text = joined(lines);
    (!text.trim().is_empty()).then_some(text)
}
