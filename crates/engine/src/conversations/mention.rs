//! Whom a note mentions: `@` and a person's name, address, or the part of it before the `@`. Pure; never looks anything up.

use model::UserId;
use model::key::User;
use model::limits::NOTE_MENTIONS_MAX;

/// The people whom the text mentions, each once, in their order. Of two names that fit the longer counts; a first name counts
/// where one person alone has it.
pub fn mentioned(text: &str, users: &[User]) -> Vec<UserId> {
    let names = names(users);
    let mut found: Vec<UserId> = Vec::new();
    let mut before = None;
    for (place, character) in text.char_indices() {
        let begins = character == '@' && !before.is_some_and(|before: char| before.is_alphanumeric());
        before = Some(character);
        if !begins || found.len() == NOTE_MENTIONS_MAX {
            continue;
        }
        let rest = text.get(place + 1..).unwrap_or_default();
        if let Some(id) = longest(rest, &names)
            && !found.contains(id)
        {
            found.push(id.clone());
        }
    }
    found
}

fn longest<'n>(rest: &str, names: &'n [(String, UserId)]) -> Option<&'n UserId> {
    let fitting = names.iter().filter(|(name, _)| begins_with_word(rest, name));
    fitting.max_by_key(|(name, _)| name.len()).map(|(_, id)| id)
}

/// Whatever its case, and not as the beginning of a longer word.
fn begins_with_word(rest: &str, name: &str) -> bool {
    let mut left = rest.chars();
    for wanted in name.chars() {
        let Some(found) = left.next() else { return false };
        if !found.to_lowercase().eq(wanted.to_lowercase()) {
            return false;
        }
    }
    match (left.next(), left.next()) {
        (None, _) => true,
        (Some(next), _) if next.is_alphanumeric() || next == '_' => false,
        // `@ada.` ends a sentence, `@ada.lovelace` and `@ada@example.org` are somebody else.
        (Some('.' | '-' | '@' | '+'), Some(further)) => !further.is_alphanumeric(),
        _ => true,
    }
}

/// The first name, and what stands before the `@` of the address.
fn short_names(user: &User) -> Vec<String> {
    let first = user.name.as_deref().and_then(|name| name.split_whitespace().next());
    first.into_iter().chain(user.email.split('@').next()).map(str::to_lowercase).collect()
}

/// Everything that somebody can be called.
fn names(users: &[User]) -> Vec<(String, UserId)> {
    let mut names: Vec<(String, UserId)> = Vec::new();
    for user in users {
        names.push((user.email.clone(), user.id.clone()));
        names.extend(user.name.iter().map(|name| (name.clone(), user.id.clone())));
        for short in short_names(user) {
            let several = users.iter().any(|other| other.id != user.id && short_names(other).contains(&short));
            if !several {
                names.push((short, user.id.clone()));
            }
        }
    }
    names.retain(|(name, _)| !name.trim().is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use model::channel::Signature;
    use model::key::Role;

    fn user(email: &str, name: Option<&str>) -> User {
        User {
            id: UserId::derived(Timestamp::from_millis(1), email.as_bytes()),
            email: email.to_owned(),
            name: name.map(str::to_owned),
            role: Role::Agent,
            created_at: Timestamp::from_millis(1),
            available: true,
            second_factor: false,
            signature: Signature::default(),
            last_sign_in_at: None,
        }
    }

    #[test]
    fn people_are_mentioned_by_any_of_their_names() {
        let users = [
            user("ada@example.org", Some("Ada Example")),
            user("bob.b@example.org", Some("Bob")),
            user("bob@example.net", Some("Bob Other")),
            user("jose@example.org", Some("José")),
        ];
        let of = |text: &str| -> Vec<&str> {
            let ids = mentioned(text, &users);
            ids.iter().map(|id| users.iter().find(|user| user.id == *id).unwrap().email.as_str()).collect()
        };
        for (text, expected) in [
            ("@ada look", vec!["ada@example.org"]),
            ("@Ada Example, look", vec!["ada@example.org"]),
            ("ask @ADA.", vec!["ada@example.org"]),
            ("(@ada@example.org)", vec!["ada@example.org"]),
            ("@bob@example.net and @ada", vec!["bob@example.net", "ada@example.org"]),
            ("@Bob Other", vec!["bob@example.net"]),
            ("@bob.b, please", vec!["bob.b@example.org"]),
            ("@José?", vec!["jose@example.org"]),
            ("@ada and @Ada Example", vec!["ada@example.org"]),
            ("mail ada@example.org", vec![]),
            ("@adam", vec![]),
            ("@ada.lovelace", vec![]),
            ("@nobody @ @", vec![]),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_note_mentions_so_many_and_no_more() {
        let users: Vec<User> = (0..100).map(|n| user(&format!("u{n}@example.org"), None)).collect();
        let text: String = (0..100).map(|n| format!("@u{n} ")).collect();
        assert_eq!(mentioned(&text, &users).len(), NOTE_MENTIONS_MAX);
    }
}
