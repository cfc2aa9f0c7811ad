//! What goes first: messages, conversations, activities, submissions and drafts, some in each transaction.

use model::event::EventType;
use model::privacy::ErasureReason;
use model::{ConversationId, Timestamp};
use serde_json::json;
use store::conversations::{self, ConversationRow};
use store::erasing::{self, DraftKey};
use store::erasures::{self, ErasureRow, Stage};
use store::events::{self, NewEvent};
use store::messages::MessageRow;
use store::{Priority, Tx, conversation_lists, conversation_moves, retention};

use super::{Step, naming};
use crate::conversations::{append, summarize};
use crate::{Engine, Result};

/// Messages, activities and reports that go in one transaction, and drafts that are looked at.
const MESSAGES_STEP: usize = 20;
const ACTIVITIES_STEP: usize = 50;
const REPORTS_STEP: usize = 50;
const DRAFTS_STEP: usize = 50;
/// Submissions of a workspace that are looked through; they are on their way out and few.
const SUBMISSIONS_MAX: usize = 1_000;
/// Conversations that one run of a retention rule takes; the next run takes more.
const RETENTION_CONVERSATIONS_MAX: u64 = 20_000;
/// Messages of somebody else's conversation that it is summed up from; one with more keeps its count.
const SUMMED_UP_MAX: usize = 1_000;

pub(super) async fn step(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    let (id, stage) = (row.id.clone(), row.stage);
    let moved = crate::write_again_on_conflict(&engine.db, Priority::Background, move |tx| {
        let Some(mut row) = erasures::hold(tx, &id, stage)? else { return Ok(Step::Waits) };
        let now = Timestamp::now();
        let through = match stage {
            Stage::Drafts => drafts(tx, &mut row)?,
            _ if row.reason == ErasureReason::Retention => what_is_over(tx, &mut row, now)?,
            _ => of_contact(tx, &mut row, now)?,
        };
        if through {
            row.go_on(now);
        }
        erasures::update(tx, &row)?;
        Ok(Step::Moved)
    });
    Ok(moved.await?)
}

/// True where nothing of the contact is left.
fn of_contact(tx: &mut Tx<'_>, row: &mut ErasureRow, now: Timestamp) -> store::Result<bool> {
    let Some(contact) = row.contact_id.clone() else { return Ok(true) };
    if let Some(conversation) = erasing::conversation_of_contact(tx, &row.workspace_id, &contact)? {
        erase_some_of(tx, row, &conversation, now)?;
        return Ok(false);
    }
    let mut messages = erasing::messages_of_contact(tx, &contact, MESSAGES_STEP)?;
    if messages.is_empty() {
        messages = erasing::messages_to(tx, &row.workspace_id, &row.addresses, MESSAGES_STEP)?;
    }
    if let Some(first) = messages.first() {
        let conversation = first.conversation_id.clone();
        let own: Vec<&MessageRow> = messages.iter().filter(|message| message.conversation_id == conversation).collect();
        in_another_conversation(tx, row, &conversation, &own, now)?;
        return Ok(false);
    }
    let activities = erasing::activities(tx, &row.id, &contact, ACTIVITIES_STEP)?;
    if !activities.is_empty() {
        let ids: Vec<&str> = activities.iter().map(String::as_str).collect();
        erasures::note(tx, &row.id, &ids)?;
        row.counts.activities += activities.len() as u64;
        return Ok(false);
    }
    erasing::submissions(tx, &row.id, &row.workspace_id, &row.addresses, SUBMISSIONS_MAX)?;
    Ok(true)
}

/// True where nothing is over any more, or this run has done enough.
fn what_is_over(tx: &mut Tx<'_>, row: &mut ErasureRow, now: Timestamp) -> store::Result<bool> {
    let rules = retention::get(tx, &row.workspace_id)?;
    if row.counts.conversations < RETENTION_CONVERSATIONS_MAX {
        let over = retention::conversations_over(tx, &row.workspace_id, &rules, now, 1)?;
        if let Some(conversation) = over.first() {
            erase_some_of(tx, row, conversation, now)?;
            return Ok(false);
        }
    }
    let Some(before) = retention::reports_before(&rules, now) else { return Ok(true) };
    let reports = erasing::reports(tx, &row.id, &row.workspace_id, before, REPORTS_STEP)?;
    row.counts.reports += reports;
    Ok(reports == 0)
}

/// Some messages of a conversation, and the conversation with the last of them.
fn erase_some_of(tx: &mut Tx<'_>, row: &mut ErasureRow, id: &ConversationId, now: Timestamp) -> store::Result<()> {
    conversation_lists::lock(tx, id)?;
    let messages = erasing::messages_of_conversation(tx, id, MESSAGES_STEP)?;
    erase_messages(tx, row, messages.iter())?;
    if messages.len() < MESSAGES_STEP
        && let Some(conversation) = conversations::get(tx, &row.workspace_id, id)?
    {
        erase_conversation(tx, row, &conversation, now)?;
    }
    Ok(())
}

fn erase_messages<'m>(
    tx: &mut Tx<'_>,
    row: &mut ErasureRow,
    messages: impl Iterator<Item = &'m MessageRow>,
) -> store::Result<()> {
    for message in messages {
        erasing::message(tx, &row.id, message)?;
        erasures::note(tx, &row.id, &[message.id.as_str()])?;
        row.counts.messages += 1;
    }
    Ok(())
}

fn erase_conversation(
    tx: &mut Tx<'_>,
    row: &mut ErasureRow,
    conversation: &ConversationRow,
    now: Timestamp,
) -> store::Result<()> {
    let id = &conversation.public.id;
    erasing::conversation(tx, conversation)?;
    erasures::note(tx, &row.id, &[id.as_str()])?;
    row.counts.conversations += 1;
    let data = json!({ "id": id, "erasureId": row.id });
    let event = NewEvent {
        workspace_id: &row.workspace_id,
        channel_id: conversation.public.channel_id.as_ref(),
        event_type: EventType::ConversationErased,
        subject_id: id.as_str(),
        data: &data,
        at: now,
    };
    events::append(tx, &event).map(drop)
}

/// What the contact wrote in somebody else's conversation, or was written to there.
fn in_another_conversation(
    tx: &mut Tx<'_>,
    row: &mut ErasureRow,
    id: &ConversationId,
    messages: &[&MessageRow],
    now: Timestamp,
) -> store::Result<()> {
    conversation_lists::lock(tx, id)?;
    erase_messages(tx, row, messages.iter().copied())?;
    // The conversation stays, and so do its events, some of which show the words.
    let worded = messages.iter().filter(|message| !message.preview.is_empty());
    let shown: Vec<String> = worded.map(|message| naming::preview(id.as_str(), &message.preview)).collect();
    erasures::note(tx, &row.id, &shown.iter().map(String::as_str).collect::<Vec<_>>())?;
    let mailboxes: Vec<String> =
        row.addresses.iter().map(|address| mail::address::mailbox(address).into_owned()).collect();
    erasing::take_out(tx, id, &mailboxes)?;
    let Some(before) = conversations::get(tx, &row.workspace_id, id)? else { return Ok(()) };
    let left = conversation_moves::messages(tx, id, SUMMED_UP_MAX)?;
    if left.iter().all(|message| message.private) {
        for note in erasing::messages_of_conversation(tx, id, SUMMED_UP_MAX)? {
            erase_messages(tx, row, std::iter::once(&note))?;
        }
        return erase_conversation(tx, row, &before, now);
    }
    let mut after = before.clone();
    if left.len() < SUMMED_UP_MAX {
        summarize(&mut after.public, &left);
    }
    conversations::apply_change(tx, &before, &after)?;
    append(tx, &after, EventType::ConversationUpdated, now).map(drop)
}

/// Drafts that name an address. True where all were looked at.
fn drafts(tx: &mut Tx<'_>, row: &mut ErasureRow) -> store::Result<bool> {
    if row.addresses.is_empty() {
        return Ok(true);
    }
    let (user, place) = row.place.split_once(' ').unwrap_or_default();
    let after: DraftKey = (user.to_owned(), place.to_owned());
    let found = erasing::drafts_behind(tx, &row.workspace_id, &after, DRAFTS_STEP)?;
    for ((user, place), content) in &found {
        if naming::names_one(content, &row.addresses) {
            erasing::draft(tx, &model::UserId::from_stored(user.clone()), place, content)?;
        }
    }
    if let Some(((user, place), _)) = found.last() {
        row.place = format!("{user} {place}");
    }
    Ok(found.len() < DRAFTS_STEP)
}
