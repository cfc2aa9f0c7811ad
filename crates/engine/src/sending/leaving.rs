//! How a mail of a use case says to unsubscribe: its header fields, and the link in what people read. Pure but for the link's signature.

use model::MessageId;
use model::use_case::EmailType;

use super::SendRequest;
use super::draft::insert_before_end;
use super::sender::Sender;
use crate::words::Language;
use crate::{Engine, EngineError, FieldError, Result, unsubscribe};

/// What the link is called in templates, and in contents that have `{{unsubscribeUrl}}`.
pub(super) const VARIABLE: &str = "unsubscribeUrl";
const PLACE: &str = "{{unsubscribeUrl}}";
const OURS: [&str; 2] = ["List-Unsubscribe", "List-Unsubscribe-Post"];

#[derive(Debug)]
pub(super) struct WayToLeave {
    pub url: String,
    /// Where nothing in the content leads to it, a line below does.
    is_marketing: bool,
    language: Language,
}

/// `None` where people can't unsubscribe from the sender's mail.
///
/// # Errors
/// The link is one person's, so such a mail has one recipient; its header fields are ours.
pub(super) fn way_to_leave(
    engine: &Engine,
    sender: &Sender,
    request: &SendRequest,
    id: &MessageId,
) -> Result<Option<WayToLeave>> {
    let Some(use_case) = sender.use_case.as_ref().filter(|use_case| use_case.unsubscribable) else { return Ok(None) };
    let mut errors = Vec::new();
    if request.to.len() > 1 || !request.cc.is_empty() || !request.bcc.is_empty() {
        let detail = "people can unsubscribe from this use case, so each message goes to one recipient, without cc and bcc: send one a recipient with POST /api/v1/messages/batch, or make the use case not unsubscribable";
        errors.push(FieldError::new("/to", detail));
    }
    for (name, _) in request.headers.iter().filter(|(name, _)| OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)))
    {
        let detail = "Postroom writes this field for use cases that people can unsubscribe from: leave it out";
        errors.push(FieldError::new(format!("{}/headers/{name}", request.pointer), detail));
    }
    if !errors.is_empty() {
        return Err(EngineError::Invalid(errors));
    }
    let is_marketing = use_case.email_type == EmailType::Marketing;
    let url = unsubscribe::url(engine, sender.links_at.as_deref(), id.as_str());
    Ok(Some(WayToLeave { url, is_marketing, language: sender.language }))
}

impl WayToLeave {
    /// Writes the link into what is to be sent.
    pub fn show(self, request: &mut SendRequest) {
        for content in [&mut request.text, &mut request.html].into_iter().flatten() {
            if content.contains(PLACE) {
                *content = content.replace(PLACE, &self.url);
            }
        }
        request.headers.extend(unsubscribe::headers(&self.url));
        if !self.is_marketing {
            return;
        }
        let (lang, leave) = (self.language.tag(), self.language.words().unsubscribe.leave);
        if let Some(text) = request.text.as_mut().filter(|text| !text.contains(&self.url)) {
            *text = format!("{}\n\n{leave}: {}\n", text.trim_end(), self.url);
        }
        if let Some(html) = request.html.as_mut().filter(|html| !html.contains(&self.url)) {
            let line = format!(
                "<p lang=\"{lang}\" style=\"margin-top:2em;font-size:12px;color:#666\"><a href=\"{}\" style=\"color:#666\">{leave}</a></p>",
                self.url
            );
            *html = insert_before_end(html, &line);
        }
    }
}
