//! Internal notes: messages of a conversation that never leave the workspace.

use model::event::EventType;
use model::key::{Actor, Principal, Scope, User};
use model::limits::{NOTE_BYTES_MAX, PREVIEW_CHARS_MAX};
use model::message::{Direction, Message, MessageStatus, ThreadedBy};
use model::{ConversationId, MessageId, Timestamp};
use store::conversations::{self, ConversationRow};
use store::messages::{self, Envelope, MessageFlags, MessageRow};
use store::{Priority, Tx, users};

use super::{change, visible_locked};
use crate::{Engine, EngineError, Result, access_check, once};

/// Adds a note.
///
/// # Errors
/// The text is empty or too long; the conversation is not there, or not the asker's; the scope `conversations:write`
/// is missing.
pub async fn add_note(
    engine: &Engine,
    principal: &Principal,
    conversation: &ConversationId,
    text: String,
) -> Result<Message> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return crate::messages::load(engine, principal, &MessageId::from_stored(id)).await;
    }
    if text.trim().is_empty() {
        return Err(EngineError::invalid("/text", "a note needs a text"));
    }
    if text.len() > NOTE_BYTES_MAX {
        return Err(EngineError::invalid("/text", format!("a note has at most {NOTE_BYTES_MAX} bytes")));
    }
    let (asking, id, now) = (principal.clone(), conversation.clone(), Timestamp::now());
    let note = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(before) = visible_locked(tx, &asking, &id)? else { return Ok(None) };
        let author = match &asking.actor {
            Actor::User(user, _) => users::get(tx, &asking.workspace_id, user)?.map(|row| row.public),
            Actor::Key(_) => None,
        };
        let note = row(&before, author, &text, now);
        if let Some(earlier) = once.note(tx, note.id.as_str())? {
            return Ok(Some(MessageId::from_stored(earlier)));
        }
        messages::insert(tx, &note)?;
        let mut after = before.clone();
        after.public.last_activity_at = before.public.last_activity_at.max(now);
        conversations::apply_change(tx, &before, &after)?;
        change::append(tx, &after, EventType::ConversationUpdated, now)?;
        Ok(Some(note.id))
    });
    let id = note.await?.ok_or(EngineError::NotFound { what: "the conversation" })?;
    crate::messages::load(engine, principal, &id).await
}

/// A note that an automation adds to a conversation that is locked. Answers the conversation as it is now.
///
/// # Errors
/// What the database says.
pub(crate) fn add_automatic_note(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    automation: &str,
    text: &str,
    now: Timestamp,
) -> store::Result<ConversationRow> {
    let mut note = row(before, None, text, now);
    note.from_name = Some(automation.to_owned());
    messages::insert(tx, &note)?;
    let mut after = before.clone();
    after.public.last_activity_at = before.public.last_activity_at.max(now);
    conversations::apply_change(tx, before, &after)?;
    change::append(tx, &after, EventType::ConversationUpdated, now)?;
    Ok(after)
}

fn row(conversation: &ConversationRow, author: Option<User>, text: &str, now: Timestamp) -> MessageRow {
    MessageRow {
        seq: 0,
        id: MessageId::generate(),
        workspace_id: conversation.workspace_id.clone(),
        channel_id: conversation.public.channel_id.clone(),
        use_case_id: conversation.public.use_case_id.clone(),
        conversation_id: conversation.public.id.clone(),
        contact_id: None,
        direction: Direction::Outbound,
        status: MessageStatus::Sent,
        private: true,
        author_id: author.as_ref().map(|user| user.id.clone()),
        from_address: author.as_ref().map(|user| user.email.clone()).unwrap_or_default(),
        from_name: author.and_then(|user| user.name),
        recipients: Vec::new(),
        subject: conversation.public.subject.clone(),
        preview: text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(PREVIEW_CHARS_MAX).collect(),
        note: Some(text.to_owned()),
        rfc_message_id: None,
        in_reply_to: None,
        references: Vec::new(),
        kind: "note".to_owned(),
        flags: MessageFlags::default(),
        auth: None,
        attachments: Vec::new(),
        limits: Vec::new(),
        threaded_by: ThreadedBy::Conversation,
        envelope: Envelope::default(),
        custom_data: serde_json::Map::new(),
        tags: Vec::new(),
        identity: None,
        blob_id: None,
        raw_size: 0,
        scheduled_at: None,
        sent_at: now,
        created_at: now,
    }
}
