//! The page a message's HTML is shown as, in a frame of its own without an origin.

use mail::ParsedMail;
use mail::html::{ColorScheme, SanitizeOptions, document, sanitize};
use store::messages::MessageRow;

use crate::attachments::Links;

/// A whole document, and what was left out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlPage {
    pub document: String,
    pub remote_images_blocked: u32,
}

pub(super) fn page(
    row: &MessageRow,
    mail: Option<&ParsedMail>,
    links: &Links,
    remote_images: bool,
    scheme: ColorScheme,
    nonce: &str,
) -> HtmlPage {
    let inline_image_url = |content_id: &str| {
        let file = row.attachments.iter().find(|file| file.content_id.as_deref() == Some(content_id))?;
        file.withheld.is_none().then(|| links.url(&row.id, &file.id))
    };
    let options = SanitizeOptions { inline_image_url: &inline_image_url, remote_images };
    let html = mail.and_then(|mail| mail.html.clone());
    let text = || {
        if row.flags.confidential {
            return super::CONFIDENTIAL.to_owned();
        }
        row.note.clone().or_else(|| mail.and_then(|mail| mail.text.clone())).unwrap_or_default()
    };
    let cleaned = sanitize(&html.unwrap_or_else(|| as_html(&text())), &options);
    // The number is ours, not the mail's: it goes behind the cleaned HTML.
    let counted = format!(
        "{}<script nonce=\"{nonce}\">window.remoteImagesBlocked={}</script>",
        cleaned.html, cleaned.remote_images_blocked
    );
    HtmlPage {
        document: document(&counted, &cleaned.style, Some(nonce), scheme),
        remote_images_blocked: cleaned.remote_images_blocked,
    }
}

/// Plain text as the HTML it is shown as.
fn as_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 32);
    html.push_str("<pre>");
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            other => html.push(other),
        }
    }
    html.push_str("</pre>");
    html
}
