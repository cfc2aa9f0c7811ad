//! Turns a request into a draft: identity, signature, threading headers. Pure but for what it is given.

use mail::Mailbox;
use mail::compose::{Draft, DraftAttachment};
use model::channel::{Channel, Signature};
use model::{MessageId, Timestamp};

use super::SendRequest;
use super::conversation::{Thread, bare};
use super::sender::Sender;
use crate::Engine;

pub(super) fn draft(
    engine: &Engine,
    sender: &Sender,
    request: &SendRequest,
    thread: &Thread,
    files: Vec<DraftAttachment>,
    id: &MessageId,
    now: Timestamp,
) -> Draft {
    let in_reply_to = request.in_reply_to.as_deref().map(bare).or_else(|| thread.answered()).map(str::to_owned);
    let requested: Vec<String> = request.references.iter().map(|id| bare(id).to_owned()).collect();
    let references = thread.references(in_reply_to.as_deref(), &requested);
    let reply_to = if request.reply_to.is_empty() { own_reply_to(sender, thread) } else { request.reply_to.clone() };
    let (text, html) = signed(&sender.signature, request);
    let date = request.scheduled_at.filter(|at| *at > now).unwrap_or(now);
    Draft {
        from: sender.mailbox.clone(),
        reply_to,
        to: request.to.clone(),
        cc: request.cc.clone(),
        subject: request.subject.clone(),
        date,
        message_id: request.message_id.clone().unwrap_or_else(|| own_message_id(engine, id)),
        in_reply_to,
        references,
        text,
        html,
        attachments: files,
        headers: request.headers.clone(),
        boundary_seed: seed(id),
    }
}

pub(crate) fn own_message_id(engine: &Engine, id: &MessageId) -> String {
    format!("{id}@{}", engine.config.hostname)
}

/// The address a channel writes from.
pub(crate) fn sender_address(channel: &Channel) -> &str {
    channel.email_address.as_deref().unwrap_or(&channel.inbound_address)
}

/// Answers to whoever receives here come back with the conversation's token.
pub(crate) fn own_reply_to(sender: &Sender, thread: &Thread) -> Vec<Mailbox> {
    let Some((local, domain)) = sender.receives_at.as_deref().and_then(|address| address.split_once('@')) else {
        return Vec::new();
    };
    vec![Mailbox { name: sender.mailbox.name.clone(), address: format!("{local}+r.{}@{domain}", thread.reply_token) }]
}

/// The signature below the text, in each form the mail has.
fn signed(signature: &Signature, request: &SendRequest) -> (Option<String>, Option<String>) {
    let text = request.text.as_ref().map(|text| match &signature.text {
        Some(signature) => format!("{}\n\n-- \n{}", text.trim_end(), signature.trim_end()),
        None => text.clone(),
    });
    let html = request.html.as_ref().map(|html| match &signature.html {
        Some(signature) => insert_before_end(html, &format!("<div class=\"signature\">{signature}</div>")),
        None => html.clone(),
    });
    (text, html)
}

/// Before `</body>` where there is one.
pub(super) fn insert_before_end(html: &str, addition: &str) -> String {
    let end = html.to_ascii_lowercase().rfind("</body>").unwrap_or(html.len());
    format!("{}{addition}{}", &html[..end], &html[end..])
}

fn seed(id: &MessageId) -> u64 {
    use sha2::{Digest, Sha256};
    Sha256::digest(id.as_str()).iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}
