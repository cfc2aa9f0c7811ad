//! A message as the API and the events show it: the row, and what its raw mail says. Pure.

use std::collections::BTreeMap;

use mail::ParsedMail;
use model::limits::MESSAGE_BODY_BYTES_SHOWN_MAX;
use model::message::{
    Attachment, Content, EmailContent, Engagement, Message, MessageMetadata, Recipient, RecipientType,
};
use store::messages::{AttachmentRow, MessageRow};

/// Makes the message of its row and, where it has one, its mail. `url` gives an attachment's address.
pub(super) fn view(
    row: MessageRow,
    parsed: Option<ParsedMail>,
    engagement: Option<Engagement>,
    url: &dyn Fn(&AttachmentRow) -> String,
) -> Message {
    let mut limits = row.limits.clone();
    let headers = parsed.as_ref().map(headers).unwrap_or_default();
    let content = match &row.note {
        Some(note) => Content::Note { text: note.clone() },
        None => Content::Email { email: email(&row, parsed, &mut limits, url) },
    };
    let metadata = MessageMetadata {
        message_id: row.rfc_message_id.as_deref().map(in_brackets),
        in_reply_to: row.in_reply_to.as_deref().map(in_brackets),
        references: row.references.iter().map(|id| in_brackets(id)).collect(),
        headers,
        auth: row.auth,
        auto_reply: row.flags.auto_reply,
        kind: row.kind,
        unauthenticated: row.flags.unauthenticated,
        new_sender: row.flags.new_sender,
        message_id_reused: row.flags.message_id_reused,
        limits,
    };
    Message {
        id: row.id,
        channel_id: row.channel_id,
        channel_type: "email".to_owned(),
        use_case_id: row.use_case_id,
        conversation_id: row.conversation_id,
        contact_id: row.contact_id,
        direction: row.direction,
        status: row.status,
        private: row.private,
        author_id: row.author_id,
        mentions: Vec::new(),
        from: row.from_address,
        to: first_recipient(&row.recipients),
        recipients: row.recipients,
        custom_data: row.custom_data,
        tags: row.tags,
        content,
        scheduled_at: row.scheduled_at,
        timestamp: row.sent_at,
        threaded_by: row.threaded_by,
        engagement,
        metadata,
    }
}

fn email(
    row: &MessageRow,
    parsed: Option<ParsedMail>,
    limits: &mut Vec<String>,
    url: &dyn Fn(&AttachmentRow) -> String,
) -> EmailContent {
    let reply_text = parsed.as_ref().map(|mail| mail::reply::of(mail).reply_text);
    let (text, html) = parsed.map(|mail| (mail.text, mail.html)).unwrap_or_default();
    let mut shown = |what: &str, body: Option<String>| {
        let too_long = body.as_ref().is_some_and(|body| body.len() > MESSAGE_BODY_BYTES_SHOWN_MAX);
        if too_long {
            limits.push(format!(
                "the {what} is longer than {MESSAGE_BODY_BYTES_SHOWN_MAX} bytes and is left out here; it is in the raw message"
            ));
        }
        body.filter(|_| !too_long)
    };
    EmailContent {
        subject: row.subject.clone(),
        text: shown("text", text),
        html: shown("html", html),
        reply_text: reply_text.filter(|text| text.len() <= MESSAGE_BODY_BYTES_SHOWN_MAX),
        cc: addresses(&row.recipients, RecipientType::Cc),
        attachments: row.attachments.iter().map(|file| attachment(file, url(file))).collect(),
    }
}

fn attachment(row: &AttachmentRow, url: String) -> Attachment {
    Attachment {
        id: row.id.clone(),
        filename: row.filename.clone(),
        content_type: row.content_type.clone(),
        size: row.size,
        content_id: row.content_id.clone(),
        disposition: row.disposition,
        url,
        withheld: row.withheld,
    }
}

/// Of a repeated field the first, as a reader would see it from the top.
fn headers(mail: &ParsedMail) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in &mail.headers {
        headers.entry(name.clone()).or_insert_with(|| value.clone());
    }
    headers
}

fn first_recipient(recipients: &[Recipient]) -> Option<String> {
    let first = recipients.iter().find(|recipient| recipient.recipient_type == RecipientType::To);
    first.or_else(|| recipients.first()).map(|recipient| recipient.address.clone())
}

fn addresses(recipients: &[Recipient], wanted: RecipientType) -> Vec<String> {
    let of_type = recipients.iter().filter(|recipient| recipient.recipient_type == wanted);
    of_type.map(|recipient| recipient.address.clone()).collect()
}

fn in_brackets(id: &str) -> String {
    format!("<{id}>")
}
