//! Whether a text speaks of what was erased: by an id, by an address, or by the first words of a message. Pure.

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What ids of things that are erased begin with.
const PREFIXES: &[&str] = &["conv_", "msg_", "ct_", "act_", "cnote_", "svy_", "evt_"];

/// The ids that a text names.
pub(crate) fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix)))
}

/// How it is noted that a conversation showed these words of a message. A hash: what was erased is kept nowhere.
pub(crate) fn preview(conversation: &str, words: &str) -> String {
    format!("preview {conversation} {}", HEXLOWER.encode(&Sha256::digest(words)))
}

/// The same of every conversation that a JSON text shows, wherever it stands.
pub(crate) fn previews(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::from_str(text) {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if let (Some(Value::String(id)), Some(Value::String(words))) = (fields.get("id"), fields.get("preview")) {
                found.push(preview(id, words));
            }
            fields.values().for_each(|field| collect(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
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
    fn the_words_that_a_conversation_shows_are_known_by_whose_they_are() {
        let text =
            r#"{"changed":[{"conversation":{"id":"conv_01","preview":"Hello"}},{"id":"conv_02"}],"preview":"x"}"#;
        assert_eq!(previews(text), [preview("conv_01", "Hello")]);
        assert_ne!(preview("conv_01", "Hello"), preview("conv_02", "Hello"));
        assert_eq!(previews("no JSON"), Vec::<String>::new());
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
