//! Finds the conversation a mail to send belongs to, and what its head must name so that every client threads it. Reads only.

use mail::Mailbox;
use model::ConversationId;
use model::key::Principal;
use model::limits::REFERENCES_MAX;
use model::message::{Direction, ThreadedBy};
use store::conversations::ConversationRow;
use store::messages::MessageRow;
use store::{conversations, message_references, messages};

use super::sender::Sender;
use super::{Automatic, ReplyRequest, SendBy, SendRequest};
use crate::{Engine, EngineError, Result};

/// Where a mail to send goes on.
#[derive(Debug, Clone)]
pub(crate) struct Thread {
    /// `None`: it begins a conversation.
    pub conversation: Option<ConversationRow>,
    /// Of the conversation, be it there or about to begin.
    pub reply_token: String,
    pub by: ThreadedBy,
    /// The newest mail that somebody wrote to us.
    newest_inbound: Option<MessageRow>,
    newest_mail: Option<MessageRow>,
    /// Message-IDs of the conversation, oldest first.
    chain: Vec<String>,
}

impl Thread {
    pub fn new() -> Self {
        let reply_token = crate::tokens::reply_token(model::Timestamp::now());
        Self {
            conversation: None,
            reply_token,
            by: ThreadedBy::New,
            newest_inbound: None,
            newest_mail: None,
            chain: Vec::new(),
        }
    }

    /// The mail that is answered when the request names none.
    pub fn answered(&self) -> Option<&str> {
        let newest = self.newest_inbound.as_ref().or(self.newest_mail.as_ref());
        newest
            .and_then(|message| message.rfc_message_id.as_deref())
            .filter(|id| mail::compose::clean_message_id(id).is_ok())
    }

    /// The whole chain, oldest first, ending in `in_reply_to`: what the answered mail named, what the request names, and what we
    /// know from our own records, since clients drop References.
    pub fn references(&self, in_reply_to: Option<&str>, requested: &[String]) -> Vec<String> {
        let named = self
            .newest_inbound
            .as_ref()
            .or(self.newest_mail.as_ref())
            .map(|message| message.references.as_slice())
            .unwrap_or_default();
        let mut chain: Vec<String> = Vec::new();
        // What a stranger's mail calls an id may be none; it must not spoil our answer.
        let inherited = named.iter().chain(&self.chain).filter(|id| mail::compose::clean_message_id(id).is_ok());
        for id in inherited.chain(requested) {
            if !chain.contains(id) && Some(id.as_str()) != in_reply_to {
                chain.push(id.clone());
            }
        }
        chain.extend(in_reply_to.map(str::to_owned));
        if chain.len() > REFERENCES_MAX {
            // The first names the thread, the last ones the place in it.
            let surplus = chain.len() - REFERENCES_MAX;
            chain.drain(1..=surplus);
        }
        chain
    }

    /// Fills a reply in from the conversation.
    pub fn answer(&self, sender: &Sender, reply: ReplyRequest) -> Result<SendRequest> {
        let subject = self.conversation.as_ref().map(|row| row.public.subject.as_str()).unwrap_or_default();
        let subject = if mail::subject::normalize(subject).is_reply {
            subject.to_owned()
        } else {
            format!("Re: {subject}").trim_end().to_owned()
        };
        let to = match reply.to {
            Some(to) => to,
            None => self.writer(sender)?,
        };
        let automatic = reply.automatic.is_some();
        let Automatic { in_reply_to, headers, said: custom_data, confidential } = reply.automatic.unwrap_or_default();
        Ok(SendRequest {
            headers,
            in_reply_to,
            custom_data,
            automatic,
            confidential,
            to,
            cc: reply.cc,
            bcc: reply.bcc,
            subject,
            text: reply.text,
            html: reply.html,
            attachments: reply.attachments,
            conversation_id: self.conversation.as_ref().map(|row| row.public.id.clone()),
            scheduled_at: reply.scheduled_at,
            undo_seconds: reply.undo_seconds,
            without_signature: reply.without_signature,
            author_id: reply.author_id,
            tracking: reply.tracking,
            ..SendRequest::default()
        })
    }

    /// Who wrote last; where nobody wrote yet, whom we wrote to.
    fn writer(&self, sender: &Sender) -> Result<Vec<Mailbox>> {
        if let Some(message) = &self.newest_inbound
            && message.from_address.contains('@')
        {
            return Ok(vec![Mailbox { name: message.from_name.clone(), address: message.from_address.clone() }]);
        }
        let ours = sender.mailbox.address.as_str();
        let recipients = self.newest_mail.iter().flat_map(|message| &message.recipients);
        let to: Vec<Mailbox> = recipients
            .filter(|recipient| {
                recipient.recipient_type == model::message::RecipientType::To
                    && !recipient.address.eq_ignore_ascii_case(ours)
            })
            .map(|recipient| Mailbox { name: recipient.name.clone(), address: recipient.address.clone() })
            .collect();
        if to.is_empty() {
            return Err(EngineError::Conflict(
                "nobody can be answered in this conversation: its mail names no sender. Say whom to write to with `to`"
                    .into(),
            ));
        }
        Ok(to)
    }
}

/// The conversation a request names, or the one its `inReplyTo` belongs to.
pub(crate) async fn find(
    engine: &Engine,
    principal: &Principal,
    sender: &Sender,
    request: &SendRequest,
) -> Result<Thread> {
    if let Some(id) = &request.conversation_id {
        let (thread, owner) = open(engine, principal, id).await?;
        if owner != sender.by {
            let detail = format!("conversation {id} belongs to {owner}, not to {}", sender.by);
            return Err(EngineError::Conflict(detail));
        }
        return Ok(thread);
    }
    let named: Vec<String> =
        request.in_reply_to.iter().chain(request.references.iter().rev()).map(|id| bare(id).to_owned()).collect();
    if named.is_empty() {
        return Ok(Thread::new());
    }
    let (workspace, sent_by) = (principal.workspace_id.clone(), sender.by.clone());
    let found = engine
        .db
        .read(move |tx| {
            let ids: Vec<&str> = named.iter().map(String::as_str).collect();
            let stored = message_references::ancestors(tx, &workspace, &ids)?;
            let ours = |id: &&str| {
                stored.iter().find(|ancestor| {
                    let owner = SendBy::of(ancestor.channel_id.as_ref(), ancestor.use_case_id.as_ref());
                    ancestor.rfc_message_id == **id && owner.as_ref() == Some(&sent_by)
                })
            };
            let Some(ancestor) = ids.iter().find_map(ours) else { return Ok(None) };
            let by = if ids.first() == Some(&ancestor.rfc_message_id.as_str()) {
                ThreadedBy::InReplyTo
            } else {
                ThreadedBy::References
            };
            let conversation = ancestor.conversation_id.clone();
            load(tx, &workspace, &conversation, by)
        })
        .await?;
    Ok(found.unwrap_or_else(Thread::new))
}

/// A conversation by its id, and whom it is answered by.
pub(super) async fn open(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<(Thread, SendBy)> {
    const MISSING: EngineError = EngineError::NotFound { what: "the conversation" };
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let thread = engine.db.read(move |tx| load(tx, &workspace, &id, ThreadedBy::Conversation)).await?.ok_or(MISSING)?;
    let head = thread.conversation.as_ref().map(|row| &row.public);
    let channel_id = head.and_then(|head| head.channel_id.as_ref());
    if !principal.sees(channel_id) {
        return Err(MISSING);
    }
    let owner = SendBy::of(channel_id, head.and_then(|head| head.use_case_id.as_ref()));
    let without = || EngineError::Conflict("this conversation has no channel to answer from".into());
    Ok((thread, owner.ok_or_else(without)?))
}

pub(super) fn load(
    tx: &mut store::Tx<'_>,
    workspace: &model::WorkspaceId,
    id: &ConversationId,
    by: ThreadedBy,
) -> store::Result<Option<Thread>> {
    let Some(conversation) = conversations::get(tx, workspace, id)? else { return Ok(None) };
    let newest_inbound = messages::newest_mail(tx, id, Some(Direction::Inbound))?;
    let newest_mail = messages::newest_mail(tx, id, None)?;
    let chain = message_references::rfc_ids(tx, id, REFERENCES_MAX)?;
    Ok(Some(Thread {
        reply_token: conversation.reply_token.clone(),
        conversation: Some(conversation),
        by,
        newest_inbound,
        newest_mail,
        chain,
    }))
}

/// A Message-ID without its angle brackets.
pub(super) fn bare(id: &str) -> &str {
    let id = id.trim();
    id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id)
}
