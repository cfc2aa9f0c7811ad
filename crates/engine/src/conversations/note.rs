//! Internal notes: messages of a conversation that never leave the workspace.

use model::event::EventType;
use model::key::{Actor, Principal, Scope, User};
use model::limits::{NOTE_BYTES_MAX, PREVIEW_CHARS_MAX};
use model::message::{Direction, Message, MessageStatus, ThreadedBy};
use model::{ConversationId, MessageId, Timestamp, UserId};
use serde::Serialize;
use store::conversations::{self, ConversationRow};
use store::messages::{self, Envelope, MessageFlags, MessageRow};
use store::{Priority, StoreError, Tx, mentions, users};

use super::{change, mention, visible_locked};
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
        tell_the_mentioned(tx, &after, &note, now)?;
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

/// Keeps whom the note mentions, with the event that tells them.
fn tell_the_mentioned(
    tx: &mut Tx<'_>,
    conversation: &ConversationRow,
    note: &MessageRow,
    now: Timestamp,
) -> store::Result<()> {
    let text = note.note.as_deref().unwrap_or_default();
    if !text.contains('@') {
        return Ok(());
    }
    let users: Vec<User> = users::list(tx, &note.workspace_id)?.into_iter().map(|row| row.public).collect();
    let mentioned = mention::mentioned(text, &users);
    if mentioned.is_empty() {
        return Ok(());
    }
    // Who mentions themselves knows it already.
    let is_news = |user: &UserId| Some(user) != note.author_id.as_ref();
    mentions::add(tx, &note.workspace_id, &conversation.public, &note.id, &mentioned, is_news)?;
    let mut data =
        serde_json::to_value(&conversation.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    if let Some(fields) = data.as_object_mut() {
        let mention = Mention { message_id: &note.id, author_id: note.author_id.as_ref(), user_ids: &mentioned };
        let mention = serde_json::to_value(mention).map_err(|error| StoreError::corrupt("mention", error))?;
        fields.insert("mention".to_owned(), mention);
    }
    change::append_data(tx, conversation, EventType::ConversationMentioned, &data, now).map(drop)
}

/// What the event says beside the conversation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mention<'m> {
    message_id: &'m MessageId,
    author_id: Option<&'m UserId>,
    user_ids: &'m [UserId],
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
