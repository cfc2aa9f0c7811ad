//! Forwards a message of a conversation: what it said and its files go along, below what is written to whoever gets it. Reads only.

use std::sync::Arc;

use mail::compose::Draft;
use model::channel::ChannelLimits;
use model::key::Principal;
use model::{ConversationId, MessageId};

use super::{ReplyRequest, SendRequest};
use crate::answering::{self, Action, Original};
use crate::ingest::AttachmentPolicy;
use crate::{Engine, EngineError, Result, messages, raw};

/// What is forwarded.
#[derive(Debug, Clone)]
pub struct Forward {
    /// A message of the same conversation.
    pub message_id: MessageId,
    /// Its files go along; images that its text shows do in any case.
    pub attachments: bool,
}

/// A mail that goes along.
#[derive(Debug, Clone)]
pub struct Forwarded {
    original: Arc<Original>,
    attachments: bool,
}

pub(super) async fn forward(
    engine: &Engine,
    principal: &Principal,
    conversation: &ConversationId,
    forward: &Forward,
    reply: ReplyRequest,
) -> Result<SendRequest> {
    let Some(to) = reply.to else {
        return Err(EngineError::invalid("/to", "say whom the message is forwarded to"));
    };
    let wrong = |detail: &str| EngineError::invalid("/forward/messageId", detail);
    let row = match messages::row(engine, principal, &forward.message_id).await {
        Err(EngineError::NotFound { .. }) => return Err(wrong("no such message in this conversation")),
        found => found?,
    };
    if row.conversation_id != *conversation {
        return Err(wrong("no such message in this conversation"));
    }
    // Administrators may read its raw mail, but what they forward everybody reads.
    if row.flags.confidential {
        return Err(wrong(&format!("it can't be forwarded: {}", messages::CONFIDENTIAL)));
    }
    let Some(blob) = row.blob_id else {
        return Err(wrong("an internal note is for the team alone: it can't be forwarded"));
    };
    let raw = raw::read(engine, blob).await?;
    let bytes = raw.clone();
    let parsed = tokio::task::spawn_blocking(move || mail::parse(&bytes)).await;
    let parsed = parsed.map_err(|_| EngineError::Internal("reading a raw mail panicked".into()))?;
    let subject = answering::subject(&parsed.subject, Action::Forward);
    let (in_reply_to, references) = answering::threading(&parsed);
    Ok(SendRequest {
        to,
        cc: reply.cc,
        bcc: reply.bcc,
        subject,
        text: reply.text,
        html: reply.html,
        in_reply_to,
        references,
        attachments: reply.attachments,
        conversation_id: Some(conversation.clone()),
        scheduled_at: reply.scheduled_at,
        undo_seconds: reply.undo_seconds,
        without_signature: reply.without_signature,
        author_id: reply.author_id,
        tracking: reply.tracking,
        forwarded: Some(Forwarded { original: Arc::new(Original { parsed, raw }), attachments: forward.attachments }),
        is_forward: true,
        ..SendRequest::default()
    })
}

impl Forwarded {
    /// Below the signature: what is above is ours.
    pub(super) fn put_below(&self, limits: &ChannelLimits, draft: &mut Draft) -> Result<()> {
        let original = &self.original;
        let text = draft.text.take().or_else(|| draft.html.is_none().then(String::new));
        // With a text alone the message would lose what its author meant it to look like.
        let html = draft.html.take().or_else(|| original.parsed.html.is_some().then(|| as_html(text.as_deref())));
        (draft.text, draft.html) = answering::quoted(&original.parsed, Action::Forward, text, html);
        for file in answering::files(original, draft.html.as_deref(), self.attachments) {
            let size = file.data.len() as u64;
            if AttachmentPolicy(limits).withheld(Some(&file.filename), &file.content_type, size).is_some() {
                let detail = format!(
                    "this channel does not send files such as {} ({}, {size} bytes): forward without attachments",
                    file.filename, file.content_type
                );
                return Err(EngineError::invalid("/forward/attachments", detail));
            }
            draft.attachments.push(file);
        }
        Ok(())
    }
}

fn as_html(text: Option<&str>) -> String {
    answering::escaped(text.unwrap_or_default()).trim_end().replace("\r\n", "\n").replace('\n', "<br>")
}
