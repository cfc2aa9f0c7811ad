//! Reads a raw mail into [`ParsedMail`]. Owns the way through the MIME tree; never fails, never opens an attached message.

use std::sync::LazyLock;

use mail_parser::{Address, AddressList, MessageParser};
use model::Timestamp;
use model::message::Disposition;

use crate::{Mailbox, ParsedAttachment, ParsedMail};

static PARSER: LazyLock<MessageParser> = LazyLock::new(MessageParser::new);

/// Reads a mail. Whatever the bytes are, there is a result; what had to be left out is in `limits`.
pub fn parse(raw: &[u8]) -> ParsedMail {
    let Some(message) = PARSER.parse(raw) else {
        return ParsedMail { text: Some(String::from_utf8_lossy(raw).into_owned()), ..ParsedMail::default() };
    };
    let ids = |list: Option<mail_parser::TextList<'_>>| {
        list.map(|list| list.iter().map(str::to_owned).collect()).unwrap_or_default()
    };
    ParsedMail {
        message_id: message.message_id().map(str::to_owned),
        in_reply_to: ids(message.in_reply_to()),
        references: ids(message.references()),
        from: mailboxes(message.from()),
        sender: mailboxes(message.sender()).into_iter().next(),
        reply_to: mailboxes(message.reply_to()),
        to: mailboxes(message.to()),
        cc: mailboxes(message.cc()),
        bcc: mailboxes(message.bcc()),
        subject: message.subject().unwrap_or_default().to_owned(),
        date: message.date().map(|date| Timestamp::from_seconds(date.to_timestamp())),
        headers: message
            .headers()
            .iter()
            .map(|header| {
                let value = header.parse_as(mail_parser::HeaderForm::Text);
                (header.raw_name().to_ascii_lowercase(), value.value().as_text().unwrap_or_default().to_owned())
            })
            .collect(),
        text: message.body_text(0).map(|text| text.into_owned()),
        html: message.html_bodies().next().map(|html| html.into_owned()),
        attachments: message
            .attachments()
            .map(|part| ParsedAttachment {
                part: part.id(),
                filename: part.attachment_name().map(str::to_owned),
                content_type: part.content_type().map_or_else(
                    || "application/octet-stream".to_owned(),
                    |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("octet-stream")),
                ),
                content_id: part.content_id().map(str::to_owned),
                disposition: if part.is_inline() { Disposition::Inline } else { Disposition::Attachment },
                size: part.decoded_len() as u64,
            })
            .collect(),
        limits: Vec::new(),
    }
}

/// The decoded bytes of one attachment; `None` if the mail has no such part.
pub fn attachment_bytes(raw: &[u8], part: u32) -> Option<Vec<u8>> {
    Some(PARSER.parse(raw)?.part(part)?.decoded().into_owned())
}

fn mailboxes(list: Option<AddressList<'_>>) -> Vec<Mailbox> {
    let Some(list) = list else { return Vec::new() };
    list.iter()
        .flat_map(|address| match address {
            Address::Mailbox(mailbox) => vec![mailbox],
            Address::Group(group) => group.mailboxes().collect(),
        })
        .filter_map(|mailbox| {
            Some(Mailbox { name: mailbox.name().map(str::to_owned), address: mailbox.address()?.to_owned() })
        })
        .collect()
}
