//! What a person newly wrote in a reply, apart from what their program quoted. Never changes what is stored.

/// A reply taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    pub reply_text: String,
    pub quoted: Option<String>,
    pub signature: Option<String>,
}

/// The reply text of a plain text body.
pub fn from_text(text: &str) -> Reply {
    Reply { reply_text: text.trim().to_owned(), ..Reply::default() }
}

/// The reply text of an HTML body.
pub fn from_html(html: &str) -> Reply {
    from_text(&mail_parser::html_to_text(html))
}

/// The reply text of a mail: of its text body, or of its HTML where it has no text.
pub fn of(mail: &crate::ParsedMail) -> Reply {
    match (&mail.text, &mail.html) {
        (Some(text), _) if !text.trim().is_empty() => from_text(text),
        (_, Some(html)) => from_html(html),
        _ => Reply::default(),
    }
}
