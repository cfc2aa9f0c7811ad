//! Address fields (RFC 5322 §3.4 and §4.4, RFC 6532), as programs write them. Owns taking them apart into mailboxes; never
//! checks whether an address could be delivered to (that is `address`'s).

use crate::{Mailbox, encoded};

/// The mailboxes of an address field, groups opened.
pub(crate) fn read(value: &str) -> Vec<Mailbox> {
    let mut list = List::default();
    let mut rest = value;
    // A quote that nothing closes is a character like any other; it is looked for once.
    let mut quotes = true;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '"' => match quotes.then(|| quoted(tail)).flatten() {
                Some((text, tail)) => {
                    list.open.word(text, true);
                    tail
                }
                None => {
                    quotes = false;
                    tail
                }
            },
            '(' => {
                let (text, tail) = comment(tail);
                list.open.comments.push(text);
                list.open.space = true;
                tail
            }
            '<' => {
                let (inner, tail) = angle(tail);
                list.address(&inner);
                tail
            }
            '>' => tail,
            ',' => {
                list.end(true);
                tail
            }
            ';' => {
                list.end(false);
                tail
            }
            // Behind the scheme of a URL, or the name of a group.
            ':' if list.open.scheme() => tail,
            ':' => {
                list.end(false);
                tail
            }
            c if c.is_whitespace() => {
                list.open.space = true;
                tail
            }
            _ => {
                let end = word_end(rest);
                let (word, tail) = rest.split_at(end);
                list.open.word(word.to_owned(), false);
                tail
            }
        };
    }
    list.end(false);
    list.done
}

/// Up to what has a meaning of its own. An encoded word may hold such characters.
fn word_end(text: &str) -> usize {
    if let Some(length) = encoded::word_length(text) {
        return length;
    }
    // A domain literal has colons (RFC 5321 §4.1.3).
    let mut bracket = false;
    for (at, c) in text.char_indices().skip(1) {
        let closes = match c {
            '[' => {
                bracket = text.get(..at).is_some_and(|before| before.ends_with('@'));
                false
            }
            ']' => {
                bracket = false;
                false
            }
            ':' => !bracket,
            '"' | '(' | '<' | '>' | ',' | ';' => true,
            '=' => text.get(at..).is_some_and(|rest| encoded::word_length(rest).is_some()),
            c => c.is_whitespace(),
        };
        if closes {
            return at;
        }
    }
    text.len()
}

/// The text of a quoted string and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => return Some((out, text.get(at + 1..)?)),
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            c => out.push(c),
        }
        escaped = false;
    }
    None
}

/// The text of a comment, comments within included, and what follows it.
fn comment(text: &str) -> (String, &str) {
    let mut out = String::new();
    let (mut depth, mut escaped) = (1_usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '(' if !escaped => depth += 1,
            ')' if !escaped => {
                depth -= 1;
                if depth == 0 {
                    return (out, text.get(at + 1..).unwrap_or_default());
                }
            }
            _ => {}
        }
        escaped = false;
        out.push(c);
    }
    (out, "")
}

/// What stands in angle brackets, and what follows them. Without the closing one it ends where a mailbox does.
fn angle(text: &str) -> (String, &str) {
    let text = text.trim_start_matches(|c: char| c == '<' || c.is_whitespace());
    let (mut in_quotes, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' if !escaped => in_quotes = !in_quotes,
            '>' | '<' if !in_quotes => {
                let skipped = usize::from(c == '>');
                return (text.get(..at).unwrap_or_default().to_owned(), text.get(at + skipped..).unwrap_or_default());
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    let end = text.find(['>', ',', ';']).unwrap_or(text.len());
    let (inner, rest) = text.split_at(end);
    (inner.to_owned(), rest)
}

/// One mailbox as far as it was read.
#[derive(Default)]
struct Open {
    words: Vec<Word>,
    comments: Vec<String>,
    address: Option<String>,
    /// What stands behind the address: a name there, or the next mailbox without a comma before it.
    after: Vec<Word>,
    /// White space stood before what comes next.
    space: bool,
}

struct Word {
    text: String,
    quoted: bool,
    space: bool,
}

impl Open {
    fn word(&mut self, text: String, quoted: bool) {
        let word = Word { text, quoted, space: std::mem::take(&mut self.space) };
        if self.address.is_some() { self.after.push(word) } else { self.words.push(word) }
    }

    /// Takes away `mailto`, if that is what was read last.
    fn scheme(&mut self) -> bool {
        let is_scheme =
            self.words.last().is_some_and(|word| word.text.trim_start_matches('[').eq_ignore_ascii_case("mailto"));
        if is_scheme && let Some(word) = self.words.pop() {
            self.space = word.space;
        }
        is_scheme
    }

    /// The words, else the comments.
    fn name(&self) -> Option<String> {
        let words = if self.words.is_empty() { &self.after } else { &self.words };
        let mut name = phrase(words);
        let comments: Vec<String> = self.comments.iter().map(|comment| tidy(&encoded::decode(comment))).collect();
        let comments = comments.iter().filter(|comment| !comment.is_empty());
        if name.is_empty() {
            name = comments.cloned().collect::<Vec<_>>().join(" ");
        } else {
            for comment in comments {
                name.push_str(&format!(" ({comment})"));
            }
        }
        (!name.is_empty()).then_some(name)
    }
}

fn phrase(words: &[Word]) -> String {
    let mut phrase = String::new();
    for word in words {
        if word.space && !phrase.is_empty() {
            phrase.push(' ');
        }
        phrase.push_str(&word.text);
    }
    tidy(&encoded::decode(&phrase))
}

#[derive(Default)]
struct List {
    done: Vec<Mailbox>,
    open: Open,
    /// A name before a comma: the comma may have been part of it (`Example, Zoë <…>` without quotes).
    pending: Option<String>,
}

impl List {
    /// An address in angle brackets.
    fn address(&mut self, inner: &str) {
        if self.open.address.is_some() {
            let words = std::mem::take(&mut self.open.after);
            self.end(false);
            self.open.words = words;
        }
        self.open.address = Some(clean(inner));
    }

    /// The end of a mailbox, at a comma or for another reason.
    fn end(&mut self, at_comma: bool) {
        let open = std::mem::take(&mut self.open);
        let pending = self.pending.take();
        match open.address.as_deref() {
            Some("") => {}
            Some(address) => {
                let name = match (pending, open.name()) {
                    (Some(before), Some(name)) => Some(format!("{before}, {name}")),
                    (_, name) => name,
                };
                self.done.push(Mailbox { name, address: address.to_owned() });
            }
            None if open.words.iter().any(|word| encoded::decode(&word.text).contains('@')) => self.bare(&open),
            None if at_comma => self.pending = open.name(),
            None => {}
        }
    }

    /// Addresses without brackets; other words beside one are its name.
    fn bare(&mut self, open: &Open) {
        let (mut words, mut addresses): (Vec<Word>, Vec<String>) = (Vec::new(), Vec::new());
        // White space around the at sign was allowed once (RFC 5322 §4.4).
        let mut glue = false;
        for word in &open.words {
            let text = encoded::decode(&word.text);
            let joins = glue
                || text.starts_with('@')
                || words.last().is_some_and(|last: &Word| last.quoted && !word.space && text.contains('@'));
            glue = text.ends_with('@');
            match words.last_mut() {
                Some(last) if joins => {
                    let local = if last.quoted { quote(&last.text) } else { std::mem::take(&mut last.text) };
                    last.text = format!("{local}{text}");
                    last.quoted = false;
                }
                _ => words.push(Word { text: text.into_owned(), quoted: word.quoted, space: word.space }),
            }
        }
        words.retain(|word| {
            let address = clean(&word.text);
            let is_address = address.find('@').is_some_and(|at| at > 0 && at + 1 < address.len())
                && (address.starts_with('"') || !address.contains(' '));
            if is_address {
                addresses.push(address);
            }
            !is_address
        });
        let names = Open { words, comments: open.comments.clone(), ..Open::default() };
        let name = names.name().filter(|_| addresses.len() == 1);
        self.done.extend(addresses.into_iter().map(|address| Mailbox { name: name.clone(), address }));
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An address without what programs put around it: white space, a route (RFC 5322 §4.4), quotes, a scheme.
fn clean(address: &str) -> String {
    let decoded = encoded::decode(address);
    let mut text = decoded.trim();
    if let Some((_, rest)) = text.split_once(':').filter(|(route, _)| route.starts_with('@')) {
        text = rest.trim();
    }
    let bracketed = text.strip_prefix('[').map(|rest| rest.strip_suffix(']').unwrap_or(rest));
    text = bracketed.unwrap_or(text);
    text = text
        .get(..7)
        .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
        .map_or(text, |_| text.get(7..).unwrap_or_default());
    if !text.contains('[') {
        text = text.strip_suffix(']').unwrap_or(text);
    }
    text = text.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(text);
    if text.contains('"') {
        // White space counts in quotes: only the line break of a fold is none of it (RFC 5322 §2.2.3).
        return tidy(&text.replace(['\r', '\n'], ""));
    }
    if !text.contains(char::is_whitespace) {
        return tidy(text);
    }
    // White space beside a dot, an at sign or a line break is folding.
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out = String::with_capacity(text.len());
    for word in words {
        let folded = out.is_empty() || out.ends_with(['.', '@']) || word.starts_with(['.', '@']);
        if !folded {
            out.push(' ');
        }
        out.push_str(word);
    }
    tidy(&out)
}

/// Without control characters, white space as single spaces at line breaks only.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut folding = false;
    for c in text.trim().chars() {
        match c {
            '\r' | '\n' => folding = true,
            ' ' | '\t' if folding => {}
            c => {
                if std::mem::take(&mut folding) && !out.ends_with(' ') {
                    out.push(' ');
                }
                match c {
                    '\t' => out.push(' '),
                    c if c.is_control() => {}
                    c => out.push(c),
                }
            }
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(value: &str) -> Vec<(String, String)> {
        read(value).into_iter().map(|mailbox| (mailbox.name.unwrap_or_default(), mailbox.address)).collect()
    }

    #[test]
    fn mailboxes_are_read_however_they_are_written() {
        let one: &[(&str, &str, &str)] = &[
            ("a@b.test", "", "a@b.test"),
            ("<a@b.test>", "", "a@b.test"),
            ("Ann <a@b.test>", "Ann", "a@b.test"),
            ("\"Ann, B\" <a@b.test>", "Ann, B", "a@b.test"),
            ("\"Ann \\\"Q\\\" B\" <a@b.test>", "Ann \"Q\" B", "a@b.test"),
            ("\"Ann\r\n B\" <a@b.test>", "Ann B", "a@b.test"),
            ("Ann \"Bo\" C. <a@b.test>", "Ann Bo C.", "a@b.test"),
            ("a@b.test (Ann)", "Ann", "a@b.test"),
            ("Ann <a@b.test> (home)", "Ann (home)", "a@b.test"),
            ("Ann (x (y) z) B <a@b.test>", "Ann B (x (y) z)", "a@b.test"),
            ("<a@b.test> Ann", "Ann", "a@b.test"),
            ("ann@x.test <a@b.test>", "ann@x.test", "a@b.test"),
            // Encoded words, quoted, glued, with commas.
            ("=?utf-8?q?Z=C3=BC?=<a@b.test>", "Zü", "a@b.test"),
            ("\"=?utf-8?q?Z=C3=BC?=\" <a@b.test>", "Zü", "a@b.test"),
            ("=?utf-8?q?Z=C3=BC, Ann?= <a@b.test>", "Zü, Ann", "a@b.test"),
            ("=?utf-8?B?5Lit5p?=\r\n =?utf-8?B?aH?= <a@b.test>", "中文", "a@b.test"),
            ("a@b.test (=?utf-8?q?Z=C3=BC?=)", "Zü", "a@b.test"),
            ("=?utf-8?q?a=40b=2Etest?=", "", "a@b.test"),
            ("中文 <a@b.test>", "中文", "a@b.test"),
            // A comma nobody quoted.
            ("=?utf-8?q?Z=C3=BC?=,\r\n =?utf-8?q?Ann?= <a@b.test>", "Zü, Ann", "a@b.test"),
            ("Example, Zoë <a@b.test>", "Example, Zoë", "a@b.test"),
            // What was allowed once.
            ("<@r1.test,@r2.test:a@b.test>", "", "a@b.test"),
            ("Ann <@r1.test:a@b.test>", "Ann", "a@b.test"),
            ("a @ b.test", "", "a@b.test"),
            ("Ann <a@\r\n b.test>", "Ann", "a@b.test"),
            ("\"a b\"@b.test", "", "\"a b\"@b.test"),
            ("Ann <\"a b\"@b.test>", "Ann", "\"a b\"@b.test"),
            ("a@[IPv6:2001:db8::1]", "", "a@[IPv6:2001:db8::1]"),
            // What was never.
            ("Ann <a@b.test", "Ann", "a@b.test"),
            ("Ann <<a@b.test>>", "Ann", "a@b.test"),
            ("Ann a@b.test", "Ann", "a@b.test"),
            ("Ann <mailto:a@b.test>", "Ann", "a@b.test"),
            ("Ann [mailto:a@b.test]", "Ann", "a@b.test"),
            ("'a@b.test'", "", "a@b.test"),
            ("\"a@b.test\"", "", "a@b.test"),
            ("\"unclosed <a@b.test>", "unclosed", "a@b.test"),
            ("Mail Delivery System <MAILER-DAEMON>", "Mail Delivery System", "MAILER-DAEMON"),
        ];
        for (written, name, address) in one {
            assert_eq!(people(written), [((*name).to_owned(), (*address).to_owned())], "{written}");
        }
    }

    #[test]
    fn lists_and_groups_are_opened() {
        for (written, addresses) in [
            ("a@b.test, c@d.test", "a@b.test c@d.test"),
            ("a@b.test,, c@d.test,", "a@b.test c@d.test"),
            ("a@b.test; C <c@d.test>", "a@b.test c@d.test"),
            ("A <a@b.test> C <c@d.test>", "a@b.test c@d.test"),
            ("a@b.test c@d.test", "a@b.test c@d.test"),
            ("g: a@b.test, c@d.test;, e@f.test", "a@b.test c@d.test e@f.test"),
            ("undisclosed-recipients:;", ""),
            ("Ann", ""),
            ("Empty <>", ""),
            ("", ""),
        ] {
            let seen: Vec<String> = people(written).into_iter().map(|(_, address)| address).collect();
            assert_eq!(seen.join(" "), addresses, "{written}");
        }
        assert_eq!(people("A <a@b.test> C <c@d.test>")[1].0, "C");
    }
}
