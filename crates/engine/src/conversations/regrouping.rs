//! Conversations that people merge, split, or move to another channel, each in one transaction with its events. Mail alone never does
//! any of this: what was shown and answered changes its place only by somebody's hand.

use std::collections::BTreeSet;

use model::conversation::{Conversation, ConversationStatus};
use model::event::EventType;
use model::key::{Principal, Scope};
use model::limits::LABELS_MAX;
use model::message::Direction;
use model::{ChannelId, ConversationId, MessageId, Timestamp};
use serde_json::json;
use store::conversation_moves::{self, MovableMessage};
use store::conversations::{self, ConversationRow};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Tx, channels, contacts, mentions};

use super::{change, visible_locked};
use crate::{Engine, EngineError, Result, access_check, once};

/// Conversations merged into one at once.
const MERGED_MAX: usize = 20;
/// Messages that change their conversation in one transaction.
const MESSAGES_MAX: usize = 1_000;
/// Conversations that one is shown to be related to.
const RELATED_MAX: usize = 50;
const MISSING: EngineError = EngineError::NotFound { what: "the conversation" };

/// Merges others into a conversation: their messages, labels and people come to it, and their ids lead to it.
///
/// # Errors
/// None or too many are named, one is not there, they have too many messages; the scope `conversations:write` is missing.
pub async fn merge(
    engine: &Engine,
    principal: &Principal,
    id: &ConversationId,
    others: Vec<ConversationId>,
) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let others: BTreeSet<ConversationId> = others.into_iter().collect();
    if others.is_empty() || others.len() > MERGED_MAX {
        return Err(EngineError::invalid("/conversationIds", format!("1 to {MERGED_MAX} conversations")));
    }
    if others.contains(id) {
        return Err(EngineError::invalid("/conversationIds", "a conversation can't be merged into itself"));
    }
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return super::get(engine, principal, &ConversationId::from_stored(earlier)).await;
    }
    let (asking, id) = (principal.clone(), id.clone());
    let merged = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        // In the order of their ids, so that two merges never wait for each other.
        let (mut rows, mut missing) = (Vec::new(), Vec::new());
        for each in others.iter().chain([&id]).collect::<BTreeSet<_>>() {
            match visible_locked(tx, &asking, each)? {
                Some(row) => rows.push(row),
                None => missing.push(each.clone()),
            }
        }
        if let Some(other) = missing.iter().find(|other| **other != id).filter(|_| !missing.contains(&id)) {
            return Ok(Err(missing_other(other)));
        }
        let Some(place) = rows.iter().position(|row| row.public.id == id) else { return Ok(Err(MISSING)) };
        let before = rows.swap_remove(place);
        let merged = merge_into(tx, &before, &rows, Timestamp::now())?;
        if merged.is_ok() {
            once.note_last(tx, id.as_str())?;
        }
        Ok(merged)
    });
    merged.await?
}

fn missing_other(id: &ConversationId) -> EngineError {
    EngineError::invalid("/conversationIds", format!("{id} is no conversation of this workspace"))
}

fn merge_into(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    others: &[ConversationRow],
    now: Timestamp,
) -> store::Result<Result<Conversation>> {
    let id = &before.public.id;
    // Looked at before anything is changed: what is refused leaves all as it was.
    let mut moving = Vec::with_capacity(others.len());
    for other in others {
        let moved = conversation_moves::messages(tx, &other.public.id, MESSAGES_MAX + 1)?;
        if moved.len() > MESSAGES_MAX {
            let detail =
                format!("{} has more than {MESSAGES_MAX} messages: merge the other one into it", other.public.id);
            return Ok(Err(EngineError::Conflict(detail)));
        }
        moving.push((other, moved));
    }
    let mut after = before.clone();
    for (other, moved) in moving {
        conversation_moves::reassign(tx, &before.workspace_id, &moved, id)?;
        conversation_moves::copy_participants(tx, &other.public.id, id)?;
        take_over(&mut after.public, &other.public);
        conversation_moves::end(tx, other, id, now)?;
        let data = json!({ "id": other.public.id, "mergedInto": id });
        let (workspace_id, channel_id) = (&other.workspace_id, other.public.channel_id.as_ref());
        let event = NewEvent {
            workspace_id,
            channel_id,
            event_type: EventType::ConversationMerged,
            subject_id: other.public.id.as_str(),
            data: &data,
            at: now,
        };
        events::append(tx, &event)?;
    }
    after.public.related_conversation_ids.retain(|related| others.iter().all(|other| other.public.id != *related));
    conversations::apply_change(tx, before, &after)?;
    change::append(tx, &after, EventType::ConversationUpdated, now)?;
    Ok(Ok(after.public))
}

/// What one conversation was to people, the one that stays is too.
fn take_over(into: &mut Conversation, other: &Conversation) {
    into.message_count += other.message_count;
    into.unread |= other.unread;
    if into.status != ConversationStatus::Open && other.status == ConversationStatus::Open {
        into.status = ConversationStatus::Open;
        into.snoozed_until = None;
    }
    if other.last_activity_at > into.last_activity_at {
        into.preview.clone_from(&other.preview);
        into.last_activity_at = other.last_activity_at;
    }
    if into.assignee_id.is_none() {
        into.assignee_id.clone_from(&other.assignee_id);
    }
    if into.team_id.is_none() {
        into.team_id.clone_from(&other.team_id);
    }
    if into.contact_id.is_none() {
        into.contact_id.clone_from(&other.contact_id);
    }
    let labels: BTreeSet<String> = into.labels.drain(..).chain(other.labels.iter().cloned()).collect();
    into.labels = labels.into_iter().take(LABELS_MAX).collect();
    for related in &other.related_conversation_ids {
        relate(into, related);
    }
}

fn relate(conversation: &mut Conversation, other: &ConversationId) {
    let known = &mut conversation.related_conversation_ids;
    if *other != conversation.id && !known.contains(other) && known.len() < RELATED_MAX {
        known.push(other.clone());
    }
}

/// Makes messages of a conversation one of their own. Answers to them go there.
///
/// # Errors
/// None is named, one is not of the conversation, or none would be left; the conversation is not there, or has too many messages; the
/// scope `conversations:write` is missing.
pub async fn split(
    engine: &Engine,
    principal: &Principal,
    id: &ConversationId,
    message_ids: Vec<MessageId>,
) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let wanted: BTreeSet<MessageId> = message_ids.into_iter().collect();
    if wanted.is_empty() {
        return Err(EngineError::invalid("/messageIds", "name the messages that make a conversation of their own"));
    }
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return super::get(engine, principal, &ConversationId::from_stored(earlier)).await;
    }
    let (asking, id) = (principal.clone(), id.clone());
    let split = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(before) = visible_locked(tx, &asking, &id)? else { return Ok(Err(MISSING)) };
        let all = conversation_moves::messages(tx, &id, MESSAGES_MAX + 1)?;
        if all.len() > MESSAGES_MAX {
            let detail = format!("a conversation of more than {MESSAGES_MAX} messages can't be split");
            return Ok(Err(EngineError::Conflict(detail)));
        }
        let (moved, left): (Vec<_>, Vec<_>) = all.into_iter().partition(|message| wanted.contains(&message.id));
        if moved.len() < wanted.len() {
            return Ok(Err(EngineError::invalid("/messageIds", "one of them is no message of this conversation")));
        }
        if left.iter().all(|message| message.private) || moved.iter().all(|message| message.private) {
            let detail =
                "at least one mail has to stay and at least one has to go: a conversation is more than its notes";
            return Ok(Err(EngineError::invalid("/messageIds", detail)));
        }
        let new = split_off(tx, &before, &moved, &left, Timestamp::now())?;
        once.note_last(tx, new.id.as_str())?;
        Ok(Ok(new))
    });
    split.await?
}

fn split_off(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    moved: &[MovableMessage],
    left: &[MovableMessage],
    now: Timestamp,
) -> store::Result<Conversation> {
    let mut new = new_conversation(tx, before, moved, now)?;
    relate(&mut new.public, &before.public.id);
    conversations::insert(tx, &mut new)?;
    let without_labels =
        ConversationRow { public: Conversation { labels: Vec::new(), ..new.public.clone() }, ..new.clone() };
    conversations::apply_change(tx, &without_labels, &new)?;
    conversation_moves::reassign(tx, &before.workspace_id, moved, &new.public.id)?;
    let addresses = people(moved);
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    conversations::add_participants(tx, &new.public.id, &addresses)?;
    let mut after = before.clone();
    summarize(&mut after.public, left);
    relate(&mut after.public, &new.public.id);
    conversations::apply_change(tx, before, &after)?;
    mentions::follow_split(tx, &before.public.id, &new.public.id)?;
    let mut data = serde_json::to_value(&new.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    if let Some(fields) = data.as_object_mut() {
        fields.insert("splitFrom".to_owned(), json!(before.public.id));
    }
    change::append_data(tx, &new, EventType::ConversationCreated, &data, now)?;
    change::append(tx, &after, EventType::ConversationUpdated, now)?;
    Ok(new.public)
}

fn new_conversation(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    moved: &[MovableMessage],
    now: Timestamp,
) -> store::Result<ConversationRow> {
    let mails = || moved.iter().filter(|message| !message.private);
    let subject = mails().next().map(|message| message.subject.clone()).unwrap_or_default();
    let writer = mails().find(|message| message.direction == Direction::Inbound);
    let contact = match writer.and_then(|message| mail::address::normalize(&message.from_address)) {
        Some(address) => contacts::id_by_address(tx, &before.workspace_id, &address)?,
        None => None,
    };
    let mut public = Conversation {
        id: ConversationId::generate(),
        contact_id: contact.or_else(|| before.public.contact_id.clone()),
        status: ConversationStatus::Open,
        snoozed_until: None,
        related_conversation_ids: Vec::new(),
        sla: None,
        created_at: now,
        subject,
        ..before.public.clone()
    };
    summarize(&mut public, moved);
    Ok(ConversationRow {
        workspace_id: before.workspace_id.clone(),
        subject_base: mail::subject::normalize(&public.subject).base,
        reply_token: crate::tokens::reply_token(now),
        public,
    })
}

/// What a list shows of a conversation, from its messages.
pub(crate) fn summarize(conversation: &mut Conversation, messages: &[MovableMessage]) {
    let mails = || messages.iter().filter(|message| !message.private);
    conversation.message_count = u32::try_from(mails().count()).unwrap_or(u32::MAX);
    if let Some(newest) = mails().next_back() {
        conversation.preview.clone_from(&newest.preview);
    }
    if let Some(newest) = messages.iter().map(|message| message.created_at).max() {
        conversation.last_activity_at = newest;
    }
}

/// Whoever wrote these mails, and whom we wrote to alone.
fn people(messages: &[MovableMessage]) -> Vec<String> {
    let mut addresses: Vec<String> = Vec::new();
    for message in messages.iter().filter(|message| !message.private) {
        let one = match (message.direction, message.recipients.as_slice()) {
            (Direction::Inbound, _) => &message.from_address,
            (Direction::Outbound, [recipient]) => &recipient.address,
            (Direction::Outbound, _) => continue,
        };
        let Some(address) = mail::address::normalize(one) else { continue };
        let mailbox = mail::address::mailbox(&address).into_owned();
        if !addresses.contains(&mailbox) {
            addresses.push(mailbox);
        }
    }
    addresses
}

/// Moves a conversation to another channel: it is answered from there. What came by the old one stays what it was, and an answer to it
/// still finds the conversation.
///
/// # Errors
/// The channel or the conversation is not there; the scope `conversations:write` is missing.
pub async fn move_to_channel(
    engine: &Engine,
    principal: &Principal,
    id: &ConversationId,
    channel: ChannelId,
) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let (asking, id) = (principal.clone(), id.clone());
    let moved = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(before) = visible_locked(tx, &asking, &id)? else { return Ok(Err(MISSING)) };
        if !asking.sees(Some(&channel)) || channels::get(tx, &asking.workspace_id, &channel)?.is_none() {
            return Ok(Err(EngineError::invalid("/channelId", "no channel of this workspace has this id")));
        }
        let mut after = before.clone();
        after.public.channel_id = Some(channel.clone());
        after.public.use_case_id = None;
        if after != before {
            let now = Timestamp::now();
            conversations::apply_change(tx, &before, &after)?;
            change::append(tx, &after, EventType::ConversationUpdated, now)?;
            tell_former(tx, &before, &after, now)?;
        }
        Ok(Ok(after.public))
    });
    moved.await?
}

/// Whoever listens to the former channel alone hears that the conversation has gone.
fn tell_former(
    tx: &mut Tx<'_>,
    before: &ConversationRow,
    after: &ConversationRow,
    now: Timestamp,
) -> store::Result<()> {
    let Some(former) = &before.public.channel_id else { return Ok(()) };
    let data = serde_json::to_value(&after.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    let event = NewEvent {
        workspace_id: &after.workspace_id,
        channel_id: Some(former),
        event_type: EventType::ConversationUpdated,
        subject_id: after.public.id.as_str(),
        data: &data,
        at: now,
    };
    events::append(tx, &event).map(drop)
}
