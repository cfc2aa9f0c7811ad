//! What a person newly wrote in a reply, apart from what their program quoted. Never changes what is stored.

mod attribution;
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

/// Bytes of a text in which the opening of a reply is looked for first.
const OPENING_BYTES: usize = 8 * 1024;

/// What the reply text of a mail begins with: enough of it for a preview, without a look at all of a long mail.
pub fn opening(mail: &crate::ParsedMail) -> String {
    if let Some(text) = mail.text.as_deref().filter(|text| text.len() > OPENING_BYTES) {
        let start = text.get(..text.floor_char_boundary(OPENING_BYTES)).unwrap_or_default();
        let whole_lines = start.rsplit_once('\n').map_or(start, |(lines, _)| lines);
        let reply_text = from_text(whole_lines).reply_text;
        // Where it begins with a long quote, the answer is further down.
        if !reply_text.is_empty() {
            return reply_text;
        }
    }
    of(mail).reply_text
}

/// The reply text of a mail: of its text body, or of its HTML where it has no text.
pub fn of(mail: &crate::ParsedMail) -> Reply {
    match (&mail.text, &mail.html) {
        (Some(text), _) if !text.trim().is_empty() => from_text(text),
        (_, Some(html)) => from_html(html),
        _ => Reply::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_mail_opens_with_what_its_writer_wrote() {
        let filler = "Another line of the mail.\r\n".repeat(1_000);
        let quote = "> a line they wrote before\r\n".repeat(1_000);
        let above =
            format!("Yes, please.\r\n{filler}On Mon, 5 Jan 2026 at 10:12, Ann <ann@example.com> wrote:\r\n{quote}");
        let below = format!("On Mon, 5 Jan 2026 at 10:12, Ann <ann@example.com> wrote:\r\n{quote}\r\nYes, please.\r\n");
        for text in [above, below, "Yes, please.".to_owned()] {
            let mail = crate::ParsedMail { text: Some(text), ..Default::default() };
            let opening = opening(&mail);
            assert!(opening.starts_with("Yes, please."), "{}", opening.get(..80).unwrap_or(&opening));
            assert!(of(&mail).reply_text.starts_with(opening.get(..12).unwrap_or_default()));
        }
    }
}
