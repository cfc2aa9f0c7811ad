//! Whether a text speaks of what was erased: by an id, or by an address. Pure.

/// What ids of things that are erased begin with.
const PREFIXES: &[&str] = &["conv_", "msg_", "ct_", "act_", "cnote_", "svy_", "evt_"];

/// The ids that a text names.
pub(crate) fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
}

/// Whether a text has one of these addresses (in lower case) in it, as a whole address.
pub(crate) fn names_one(text: &str, addresses: &[String]) -> bool {
    if addresses.is_empty() {
        return false;
    }
    let text = text.to_lowercase();
    addresses.iter().any(|address| {
        text.match_indices(address.as_str()).any(|(at, _)| {
            let (before, after) = (text.get(..at).unwrap_or(""), text.get(at + address.len()..).unwrap_or(""));
            !before.ends_with(|character: char| character.is_alphanumeric() || "._+-".contains(character))
                && !goes_on(after)
        })
    })
}

/// A domain that goes on is another one; a full stop ends a sentence.
fn goes_on(after: &str) -> bool {
    let mut characters = after.chars();
    match characters.next() {
        Some('.') => characters.next().is_some_and(char::is_alphanumeric),
        Some(character) => character.is_alphanumeric() || character == '-',
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let text = r#"{"id":"conv_01abc","x":["msg_02","ch_03"],"url":"http://h/api/v1/messages/msg_04/raw"}"#;
        assert_eq!(ids(text).collect::<Vec<_>>(), ["conv_01abc", "msg_02", "msg_04"]);
        assert_eq!(ids("").count(), 0);
    }

    #[test]
    fn an_address_is_found_whole_whatever_its_case_and_no_other_that_only_looks_like_it() {
        let addresses = ["ada@example.org".to_owned()];
        for text in ["Ada <ADA@Example.org>", "\"ada@example.org\"", "write to ada@example.org.", "ada@example.org"] {
            assert!(names_one(text, &addresses), "{text}");
        }
        for text in [
            "lada@example.org",
            "x.ada@example.org",
            "ada@example.organic",
            "ada@example.org.uk",
            "ada@example.org-x",
            "",
        ] {
            assert!(!names_one(text, &addresses), "{text}");
        }
        assert!(!names_one("ada@example.org", &[]));
    }
}
