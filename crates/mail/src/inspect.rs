//! What `postroom inspect` prints of a mail: the parse, the reply text and the judgement as JSON. Owns that document only.

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

/// Every leaf, also those that became body text, as its transfer encoding left it.
fn parts(raw: &[u8]) -> Value {
    let Some(message) = mime::structure(raw) else { return json!([]) };
    let (leaves, _) = mime::leaves(&message);
    leaves
        .iter()
        .map(|leaf| {
            let bytes = leaf.decoded();
            json!({
                "part": leaf.number,
                "contentType": leaf.content_type(),
                "size": bytes.len(),
                "sha256": digest(&bytes),
            })
        })
        .collect()
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
                    "reason": recipient.reason,
                })
            })
            .collect();
        json!({ "recipients": recipients })
    })
}
