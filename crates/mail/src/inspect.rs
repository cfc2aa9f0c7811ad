//! What `postroom inspect` prints of a mail: the parse, the reply text and the judgement as JSON. Owns that document only.

use model::limits;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::classify::{Classification, MailKind, classify};
use crate::{Mailbox, ParsedAttachment, attachment_bytes, mime, parse, reply};

/// A raw mail as a JSON object.
pub fn inspect(raw: &[u8]) -> Value {
    let mail = parse(raw);
    let judged = classify(raw, &mail, mail.header("return-path").is_some_and(|path| path.trim() == "<>"));
    let reply = reply::of(&mail);
    json!({
        "messageId": mail.message_id,
        "inReplyTo": mail.in_reply_to,
        "references": mail.references,
        "subject": mail.subject,
        "from": mailboxes(&mail.from),
        "to": mailboxes(&mail.to),
        "cc": mailboxes(&mail.cc),
        "replyTo": mailboxes(&mail.reply_to),
        "date": mail.date,
        "text": mail.text,
        "html": mail.html,
        "replyText": reply.reply_text,
        "quoted": reply.quoted,
        "signature": reply.signature,
        "attachments": mail.attachments.iter().map(|attachment| file(raw, attachment)).collect::<Vec<_>>(),
        "signedWith": mail.signed_with,
        "parts": parts(raw),
        "kind": judged.kind.as_str(),
        "autoReply": judged.auto_reply,
        "bounce": bounce(&judged),
        "complaint": judged.complaint.as_ref().map(|complaint| json!({ "feedbackType": complaint.feedback_type })),
        "originalMessageId": judged.original_message_id,
        "limits": mail.limits,
    })
}

/// A bare body, without a head.
pub fn inspect_body(body: &str, html: bool) -> Value {
    let reply = if html { reply::from_html(body) } else { reply::from_text(body) };
    json!({ "replyText": reply.reply_text, "quoted": reply.quoted, "signature": reply.signature })
}

fn mailboxes(list: &[Mailbox]) -> Value {
    list.iter().map(|mailbox| json!({ "name": mailbox.name, "address": mailbox.address })).collect()
}

fn file(raw: &[u8], attachment: &ParsedAttachment) -> Value {
    let bytes = attachment_bytes(raw, attachment.part).unwrap_or_default();
    json!({
        "part": attachment.part,
        "filename": attachment.filename,
        "contentType": attachment.content_type,
        "size": attachment.size,
        "contentId": attachment.content_id,
        "disposition": attachment.disposition,
        "sha256": digest(&bytes),
    })
}

/// Attached messages opened within each other.
const OPENED_DEPTH_MAX: usize = 8;
/// Leaves listed.
const PARTS_SHOWN_MAX: usize = limits::MIME_PARTS_MAX;

/// Every leaf, also those that became body text, as its transfer encoding left it. Behind an attached message come its own
/// leaves, which are no parts of this mail: `within` says so.
fn parts(raw: &[u8]) -> Value {
    let mut shown = Vec::new();
    open(raw, None, OPENED_DEPTH_MAX, &mut shown);
    Value::Array(shown)
}

fn open(raw: &[u8], within: Option<&str>, depth: usize, shown: &mut Vec<Value>) {
    let path = |number: u32| within.map_or_else(|| number.to_string(), |within| format!("{within}.{number}"));
    let part = |number: u32, content_type: String, bytes: &[u8]| {
        json!({
            "part": path(number),
            "within": within,
            "contentType": content_type,
            "size": bytes.len(),
            "sha256": digest(bytes),
        })
    };
    let Some(message) = mime::structure(raw) else {
        // No empty line, no body (RFC 5322 §2.1): what is shown as text are lines of a head that is none.
        shown.push(part(1, "text/plain".to_owned(), b""));
        return;
    };
    for leaf in mime::leaves(&message).0 {
        if shown.len() >= PARTS_SHOWN_MAX {
            return;
        }
        let bytes = leaf.decoded();
        shown.push(part(leaf.number, leaf.content_type(), &bytes));
        if depth > 0 && matches!(leaf.media(), ("message", "rfc822" | "global")) {
            open(&bytes, Some(&path(leaf.number)), depth - 1, shown);
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bounce(judged: &Classification) -> Option<Value> {
    matches!(judged.kind, MailKind::Bounce | MailKind::Delay).then(|| {
        let recipients: Vec<Value> = judged
            .recipients
            .iter()
            .map(|recipient| {
                json!({
                    "address": recipient.address,
                    "class": recipient.class.as_str(),
                    "status": recipient.status,
                    "reason": recipient.reason.as_str(),
                    "diagnostic": recipient.diagnostic,
                    "infrastructure": recipient.infrastructure,
                })
            })
            .collect();
        json!({ "recipients": recipients })
    })
}
