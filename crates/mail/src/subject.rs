//! The subject a conversation goes by: reply and forward marks removed. Never touches the mail itself.

/// A subject without its marks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Normalized {
    /// White space collapsed, in lower case.
    pub base: String,
    pub is_reply: bool,
    pub is_forward: bool,
}

pub fn normalize(subject: &str) -> Normalized {
    let trimmed = subject.trim();
    let lower = trimmed.to_lowercase();
    match lower.strip_prefix("re:") {
        Some(rest) => Normalized { base: rest.trim().to_owned(), is_reply: true, is_forward: false },
        None => Normalized { base: lower, is_reply: false, is_forward: false },
    }
}
