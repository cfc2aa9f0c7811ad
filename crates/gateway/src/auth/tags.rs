//! Tag lists (RFC 6376 §3.2) as strictly as they are defined: what the library that checks signatures lets pass, and an attacker or a
//! broken signer could use. Owns their grammar; never knows what a tag means.

/// Tags of one list; a list with more is none.
const TAGS_MAX: usize = 64;
/// Names the library reads, in any case it finds them in. To the RFC a name in another case is another tag.
const READ_IN_ANY_CASE: &[&str] =
    &["v", "a", "b", "bh", "c", "d", "h", "i", "k", "l", "n", "p", "q", "r", "s", "t", "x", "z", "cv", "atps", "atpsh"];

/// The tags of a list, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// `None` if it is no tag list: an empty tag, a name twice, a name that is none, or one that the library would take for another.
    pub(super) fn read(list: &'a [u8]) -> Option<Self> {
        let list = trim(std::str::from_utf8(list).ok()?);
        // One semicolon may end the list.
        let list = list.strip_suffix(';').unwrap_or(list);
        let mut tags: Vec<(&str, &str)> = Vec::new();
        for tag in list.split(';') {
            let (name, value) = tag.split_once('=')?;
            let (name, value) = (trim(name), trim(value));
            let known = tags.iter().any(|(known, _)| *known == name);
            if !is_name(name) || known || tags.len() == TAGS_MAX || !is_value(value) {
                return None;
            }
            tags.push((name, value));
        }
        Some(Self(tags))
    }

    pub(super) fn get(&self, wanted: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value)
    }

    /// Whether a tag with something in it is there.
    pub(super) fn has(&self, wanted: &str) -> bool {
        self.get(wanted).is_some_and(|value| !value.is_empty())
    }

    /// Whether the list begins with this tag.
    pub(super) fn begins_with(&self, wanted: &str) -> bool {
        self.0.first().is_some_and(|(name, _)| *name == wanted)
    }
}

/// The values of a colon-separated list.
pub(super) fn values(list: &str) -> impl Iterator<Item = &str> {
    list.split(':').map(trim)
}

/// Without folding white space at its ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// `ALPHA *(ALPHA / DIGIT / "_")`.
fn is_name(name: &str) -> bool {
    let in_another_case = |known: &&str| *known != name && known.eq_ignore_ascii_case(name);
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !READ_IN_ANY_CASE.iter().any(in_another_case)
}

/// No control characters; beyond ASCII by RFC 8616.
fn is_value(value: &str) -> bool {
    value.chars().all(|character| is_space(character) || !character.is_control())
}

/// Base64 with white space anywhere (RFC 6376 §3.2), and something in it.
pub(super) fn is_base64(value: &str) -> bool {
    let digits = || value.bytes().filter(|byte| !is_space(char::from(*byte)));
    let padding = digits().rev().take_while(|byte| *byte == b'=').count();
    let length = digits().count() - padding;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    // Padding may be left out; one digit alone is no byte.
    let whole = matches!((length % 4, padding), (0 | 2 | 3, 0) | (2, 2) | (3, 1));
    length > 0 && whole && digits().take(length).all(alphabet)
}

/// How many bytes Base64 stands for.
pub(super) fn base64_bytes(value: &str) -> usize {
    value.bytes().filter(|byte| *byte != b'=' && !is_space(char::from(*byte))).count() * 3 / 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_lists_follow_the_grammar() {
        let good: [(&[u8], usize); 6] = [
            (b" a=rsa-sha256; b=x; d=example.test;\r\n", 3),
            (b"a = rsa-sha256 ;\r\n\tb = x y ; d=example.test", 3),
            (b"a=1", 1),
            (b"a=1;b=", 2),
            (b"x_9=1=2;", 1),
            ("n=\u{e9}".as_bytes(), 1),
        ];
        for (list, tags) in good {
            assert_eq!(Tags::read(list).map(|tags| tags.0.len()), Some(tags), "{list:?}");
        }
        let bad: [&[u8]; 13] = [
            b"",
            b";",
            b"a=1;;b=2",
            b"a=1; ;",
            b"a=1;a=2",
            b"a=1;A=2",
            b"BH=1",
            b"_=1",
            b"9=1",
            b"a b=1",
            b"a=1;\xff=2",
            b"a=\x001",
            b"a",
        ];
        for list in bad {
            assert_eq!(Tags::read(list), None, "{list:?}");
        }
        assert_eq!(Tags::read("x=1;".repeat(70).as_bytes()), None);
        let many = |count: usize| (0..count).map(|number| format!("x{number}=1")).collect::<Vec<_>>().join(";");
        assert!(Tags::read(many(TAGS_MAX).as_bytes()).is_some());
        assert_eq!(Tags::read(many(TAGS_MAX + 1).as_bytes()), None);
    }

    #[test]
    fn tags_are_found_by_their_name() {
        let tags = Tags::read(b"v=1; h = From : to:\r\n ARC-Seal ; b=; X9=y").expect("tags");
        assert!(tags.begins_with("v") && !tags.begins_with("h"));
        assert!(tags.has("h") && !tags.has("b") && !tags.has("a"));
        assert_eq!((tags.get("b"), tags.get("a")), (Some(""), None));
        assert_eq!(values(tags.get("h").expect("h")).collect::<Vec<_>>(), ["From", "to", "ARC-Seal"]);
    }

    #[test]
    fn base64_may_be_folded_and_lack_its_padding() {
        for good in ["YQ==", "YQ", "YWI=", "YWI", "YWJj", "Y W\r\n\tJ j", "+/+/", "Y Q = ="] {
            assert!(is_base64(good), "{good}");
        }
        for (value, bytes) in [("", 0), ("YQ==", 1), ("YQ", 1), ("Y W\r\n\tJ j", 3), ("YWJjZA=", 4)] {
            assert_eq!(base64_bytes(value), bytes, "{value}");
        }
        for bad in ["", " ", "=", "Y", "YQ=", "YQ===", "YWJj=", "YQ==YQ==", "Y-==", "YWJj*", "\u{e9}\u{e9}"] {
            assert!(!is_base64(bad), "{bad}");
        }
    }
}
