//! Messages are prepared one by one and written alone or several in one transaction. Owns the transaction, and whom a caller sends by
//! while it sends; composes nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::key::Principal;
use model::{ConversationId, MessageId};
use store::{Priority, Tx, conversation_lists, messages};

use super::enqueue::{self, Outgoing};
use super::sender::{self, SendBy, Sender};
use super::{SendRequest, prepare};
use crate::once::{self, Once};
use crate::{Engine, EngineError, Result};

/// A message that lacks nothing but its transaction.
pub struct Ready {
    pub(super) outgoing: Outgoing,
    pub(super) once: Once,
}

/// What came of preparing a message.
pub enum Prepared {
    /// The request was made before, and this came of it.
    Earlier(MessageId),
    Ready(Box<Ready>),
}

/// Prepares messages for one caller. Channels, use cases and domains are looked up once: it is made anew for every request.
pub struct Mailer<'m> {
    engine: &'m Engine,
    principal: &'m Principal,
    senders: Mutex<HashMap<SendBy, Sender>>,
}

impl<'m> Mailer<'m> {
    pub fn new(engine: &'m Engine, principal: &'m Principal) -> Self {
        Self { engine, principal, senders: Mutex::default() }
    }

    /// # Errors
    /// As [`super::send`].
    pub async fn prepare(&self, by: impl Into<SendBy>, request: SendRequest) -> Result<Prepared> {
        let once = once::asked();
        if let Some(id) = once.earlier(self.engine).await? {
            return Ok(Prepared::Earlier(MessageId::from_stored(id)));
        }
        let sender = self.sender(&by.into()).await?;
        let ready = prepare(self.engine, self.principal, sender, request, once).await?;
        Ok(Prepared::Ready(Box::new(ready)))
    }

    async fn sender(&self, by: &SendBy) -> Result<Sender> {
        let known = self.senders.lock().unwrap_or_else(PoisonError::into_inner).get(by).cloned();
        if let Some(sender) = known {
            return Ok(sender);
        }
        let sender = sender::find(self.engine, self.principal, by).await?;
        self.senders.lock().unwrap_or_else(PoisonError::into_inner).insert(by.clone(), sender.clone());
        Ok(sender)
    }

    /// Writes messages in one transaction, and each in one of its own where that fails. Returns once they are durable.
    pub async fn write(&self, ready: Vec<Ready>) -> Vec<Result<MessageId>> {
        let all: Vec<Arc<Ready>> = ready.into_iter().map(Arc::new).collect();
        let together = all.clone();
        let written = crate::write_again_on_conflict(&self.engine.db, Priority::Foreground, move |tx| {
            together.iter().map(|one| one.write(tx)).collect::<store::Result<Vec<_>>>()
        });
        match written.await {
            Ok(ids) => ids.into_iter().map(Ok).collect(),
            Err(error) if all.len() <= 1 => vec![Err(error.into())],
            Err(_) => {
                let mut outcomes = Vec::with_capacity(all.len());
                for one in all {
                    outcomes.push(write(self.engine, one).await);
                }
                outcomes
            }
        }
    }
}

impl Ready {
    pub(crate) fn id(&self) -> &MessageId {
        &self.outgoing.id
    }

    fn write(&self, tx: &mut Tx<'_>) -> store::Result<MessageId> {
        if let Some(earlier) = self.once.note(tx, self.outgoing.id.as_str())? {
            return Ok(MessageId::from_stored(earlier));
        }
        enqueue::enqueue(tx, &self.outgoing)?;
        Ok(self.outgoing.id.clone())
    }
}

/// Alone, unless somebody wrote in the conversation after the message that the author has seen.
pub(super) async fn write_unless_outdated(
    engine: &Engine,
    ready: Ready,
    conversation: &ConversationId,
    seen: MessageId,
) -> Result<MessageId> {
    let (ready, conversation) = (Arc::new(ready), conversation.clone());
    let written = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        conversation_lists::lock(tx, &conversation)?;
        if messages::has_newer_mail(tx, &conversation, &seen)? {
            return Ok(None);
        }
        ready.write(tx).map(Some)
    });
    written.await?.ok_or_else(|| {
        EngineError::Conflict(
            "somebody wrote in this conversation since the message in `lastSeenMessageId`: read that first, then send with the newest, or without it"
                .into(),
        )
    })
}

/// Alone.
pub(super) async fn write(engine: &Engine, ready: impl Into<Arc<Ready>>) -> Result<MessageId> {
    let ready = ready.into();
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| ready.write(tx)).await?)
}
