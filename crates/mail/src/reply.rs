//! What a person newly wrote in a reply, apart from what their program quoted. Never changes what is stored.

mod html;
mod line;
mod text;
mod words;

/// A reply taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// What the person newly wrote. All of the body where nothing in it is known to be quoted.
    pub reply_text: String,
    /// What others wrote before, with the line that says so.
    pub quoted: Option<String>,
    pub signature: Option<String>,
}

/// The reply text of a plain text body.
pub fn from_text(body: &str) -> Reply {
    text::split(body)
}

/// The reply text of an HTML body.
pub fn from_html(body: &str) -> Reply {
    from_text(&html::to_text(body))
}

/// The reply text of a mail: of its text body, or of its HTML where it has no text.
pub fn of(mail: &crate::ParsedMail) -> Reply {
    match (&mail.text, &mail.html) {
        (Some(text), _) if !text.trim().is_empty() => from_text(text),
        (_, Some(html)) => from_html(html),
        _ => Reply::default(),
    }
}
