//! Commands as they are written (RFC 9051 §6): atoms, quoted strings, literals, sets of UIDs. Pure; nothing a caller gives can
//! become another command.

use std::ops::RangeInclusive;

use bytes::Bytes;

use super::utf7;

/// Octets of a quoted string; longer ones are literals.
const QUOTED_BYTES_MAX: usize = 200;
/// Octets of a set of UIDs in one command: servers limit the line (RFC 7162 §4 recommends 8192).
pub(super) const SET_BYTES_MAX: usize = 6_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Line(Vec<u8>),
    Literal(Bytes),
}

/// A command without its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub parts: Vec<Part>,
}

impl Command {
    /// Words of ours, which hold nothing that came from elsewhere.
    pub(super) fn new(words: &str) -> Self {
        Self { parts: vec![Part::Line(words.as_bytes().to_vec())] }
    }

    pub(super) fn words(mut self, words: &str) -> Self {
        self.extend(b" ");
        self.extend(words.as_bytes());
        self
    }

    /// A string, quoted or as a literal.
    pub(super) fn string(mut self, text: &str) -> Self {
        self.extend(b" ");
        if text.len() <= QUOTED_BYTES_MAX && text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            self.quote(text);
        } else {
            self.parts.push(Part::Literal(Bytes::copy_from_slice(text.as_bytes())));
        }
        self
    }

    /// A mailbox by its name: in UTF-8 where the server takes that, else in modified UTF-7.
    pub(super) fn mailbox(mut self, name: &str, utf8: bool) -> Self {
        if !utf8 || name.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
            return self.string(&utf7::encode(name));
        }
        self.extend(b" ");
        self.quote(name);
        self
    }

    pub(super) fn literal(mut self, bytes: Bytes) -> Self {
        self.extend(b" ");
        self.literal_behind(bytes)
    }

    /// A literal without a blank before it.
    pub(super) fn literal_behind(mut self, bytes: Bytes) -> Self {
        self.parts.push(Part::Literal(bytes));
        self
    }

    pub(super) fn close(mut self) -> Self {
        self.extend(b")");
        self
    }

    fn quote(&mut self, text: &str) {
        let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
        self.extend(format!("\"{escaped}\"").as_bytes());
    }

    fn extend(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            Some(Part::Line(line)) => line.extend_from_slice(bytes),
            _ => self.parts.push(Part::Line(bytes.to_vec())),
        }
    }
}

/// Flags that can be written as they are: system flags and keywords (RFC 9051 §9, `flag`).
pub(super) fn flag_list(flags: &[String]) -> Option<String> {
    let is_flag = |flag: &String| {
        let name = flag.strip_prefix('\\').unwrap_or(flag);
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte))
    };
    flags.iter().all(is_flag).then(|| format!("({})", flags.join(" ")))
}

/// UIDs as sets, each short enough for a command. The largest number stands for `*`.
pub(super) fn sets(ranges: &[RangeInclusive<u32>]) -> Vec<String> {
    let mut sets = vec![String::new()];
    for range in ranges.iter().filter(|range| range.start() <= range.end()) {
        let number = |uid: u32| if uid == u32::MAX { "*".to_owned() } else { uid.to_string() };
        let text = if range.start() == range.end() {
            number(*range.start())
        } else {
            format!("{}:{}", number(*range.start()), number(*range.end()))
        };
        if sets.last().is_some_and(|set| set.len() + text.len() >= SET_BYTES_MAX) {
            sets.push(String::new());
        }
        if let Some(set) = sets.last_mut() {
            if !set.is_empty() {
                set.push(',');
            }
            set.push_str(&text);
        }
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// Single UIDs as ranges, in ascending order.
pub(super) fn ranges(uids: &[u32]) -> Vec<RangeInclusive<u32>> {
    let mut sorted = uids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut ranges: Vec<RangeInclusive<u32>> = Vec::new();
    for uid in sorted {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(uid) => *last = *last.start()..=uid,
            _ => ranges.push(uid..=uid),
        }
    }
    ranges
}

/// `1:3,7`, as servers write it.
pub(super) fn read_set(text: &str) -> Vec<RangeInclusive<u32>> {
    let number = |text: &str| if text == "*" { Some(u32::MAX) } else { text.parse().ok() };
    text.split(',')
        .filter_map(|part| match part.split_once(':') {
            Some((one, other)) => {
                let (one, other) = (number(one)?, number(other)?);
                Some(one.min(other)..=one.max(other))
            }
            None => number(part).map(|uid| uid..=uid),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(command: Command) -> String {
        let mut out = String::new();
        for part in command.parts {
            match part {
                Part::Line(line) => out.push_str(&String::from_utf8(line).unwrap()),
                Part::Literal(bytes) => {
                    out.push_str(&format!("{{{}}}{}", bytes.len(), String::from_utf8_lossy(&bytes)))
                }
            }
        }
        out
    }

    #[test]
    fn what_is_given_stays_one_argument() {
        let rows = [
            ("plain", " \"plain\""),
            ("a \"b\\", " \"a \\\"b\\\\\""),
            ("a\r\na1 LOGOUT", " {12}a\r\na1 LOGOUT"),
            ("é", " {2}é"),
            ("", " \"\""),
        ];
        for (text, wanted) in rows {
            assert_eq!(written(Command::new("X").string(text)), format!("X{wanted}"), "{text:?}");
        }
        assert_eq!(written(Command::new("SELECT").mailbox("Gelöscht", false)), "SELECT \"Gel&APY-scht\"");
        assert_eq!(written(Command::new("SELECT").mailbox("Gelöscht", true)), "SELECT \"Gelöscht\"");
        assert_eq!(written(Command::new("SELECT").mailbox("a\r\nb", true)), "SELECT \"a&AA0ACg-b\"");
    }

    #[test]
    fn flags_that_are_none_are_refused() {
        let list = |flags: &[&str]| flag_list(&flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["\\Seen", "$Junk", "todo"]).as_deref(), Some("(\\Seen $Junk todo)"));
        assert_eq!(list(&[]).as_deref(), Some("()"));
        for bad in ["", "\\", "a b", "a)\r\nx", "é", "a\"", "*"] {
            assert_eq!(list(&[bad]), None, "{bad:?}");
        }
    }

    #[test]
    fn uids_are_written_in_few_words_and_short_commands() {
        assert_eq!(sets(&ranges(&[5, 1, 2, 3, 9, 9])), ["1:3,5,9"]);
        assert_eq!(sets(&[7..=u32::MAX]), ["7:*"]);
        assert_eq!(sets(&[]), Vec::<String>::new());
        let odd: Vec<u32> = (0..5_000).map(|number| number * 2 + 1).collect();
        let all = sets(&ranges(&odd));
        assert!(all.len() > 1 && all.iter().all(|set| set.len() <= SET_BYTES_MAX));
        let back: Vec<u32> = all.iter().flat_map(|set| read_set(set)).flatten().collect();
        assert_eq!(back, odd);
        assert_eq!(read_set("3:1,x,5"), [1..=3, 5..=5]);
    }
}
