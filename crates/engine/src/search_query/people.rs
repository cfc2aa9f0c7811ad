//! Whom `assignee:` names. Pure: the people are given.

use model::UserId;
use model::key::User;

use super::Problem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssigneeAsked {
    Me,
    Nobody,
    User(UserId),
}

/// `me`, `none`, a user's address, the part of it before the `@`, or their name or the beginning of it.
///
/// # Errors
/// Nobody is called so, or several are.
pub fn assignee(typed: &str, users: &[User]) -> Result<AssigneeAsked, Problem> {
    let wanted = typed.trim().to_lowercase();
    match wanted.as_str() {
        "me" => return Ok(AssigneeAsked::Me),
        "none" | "nobody" => return Ok(AssigneeAsked::Nobody),
        _ => {}
    }
    let exact = |user: &&User| user.email.to_lowercase() == wanted || user.id.as_str() == wanted;
    if let Some(user) = users.iter().find(exact) {
        return Ok(AssigneeAsked::User(user.id.clone()));
    }
    let is_called = |user: &&User, whole: bool| {
        let name = user.name.as_deref().unwrap_or_default().to_lowercase();
        let local = user.email.split('@').next().unwrap_or_default().to_lowercase();
        if whole { name == wanted || local == wanted } else { name.starts_with(&wanted) || local.starts_with(&wanted) }
    };
    for whole in [true, false] {
        let found: Vec<&User> = users.iter().filter(|user| is_called(user, whole)).collect();
        match found.as_slice() {
            [] => {}
            [one] => return Ok(AssigneeAsked::User(one.id.clone())),
            several => {
                let addresses: Vec<&str> = several.iter().take(3).map(|user| user.email.as_str()).collect();
                let detail = format!("several people are called so ({}): give the whole address", addresses.join(", "));
                return Err(Problem { asked: format!("assignee:{typed}"), detail });
            }
        }
    }
    let detail = "nobody of this workspace is called so; me, none, a name or an address are known".to_owned();
    Err(Problem { asked: format!("assignee:{typed}"), detail })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use model::channel::Signature;
    use model::key::Role;

    #[test]
    fn people_are_found_by_what_they_are_called() {
        let user = |email: &str, name: Option<&str>| User {
            id: UserId::derived(Timestamp::from_millis(1), email.as_bytes()),
            email: email.to_owned(),
            name: name.map(str::to_owned),
            role: Role::Agent,
            available: true,
            second_factor: false,
            signature: Signature::default(),
            last_sign_in_at: None,
            created_at: Timestamp::from_millis(1),
        };
        let users = [user("ada@example.org", Some("Ada Example")), user("adam@example.org", None)];
        let found = |typed: &str| assignee(typed, &users);
        assert_eq!(found("ME"), Ok(AssigneeAsked::Me));
        assert_eq!(found("nobody"), Ok(AssigneeAsked::Nobody));
        for typed in ["ada", "Ada@example.org", "ada example", "ada e"] {
            assert_eq!(found(typed), Ok(AssigneeAsked::User(users[0].id.clone())), "{typed}");
        }
        assert_eq!(found("adam"), Ok(AssigneeAsked::User(users[1].id.clone())));
        assert!(found("ad").unwrap_err().to_string().contains("ada@example.org, adam@example.org"));
        assert!(found("bob").unwrap_err().to_string().starts_with("assignee:bob can't be read"));
    }
}
