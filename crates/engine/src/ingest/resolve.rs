//! Reads what the store knows of a mail's ancestors, sender and subject, for the threading rules. Never writes.

use std::time::Duration;

use mail::threading::{Candidates, ConversationMatch, ParentMatch, TokenMatch};
use model::conversation::ConversationStatus;
use model::message::{Direction, ThreadedBy};
use model::{ContactId, Timestamp};
use store::conversations::{ConversationRow, SubjectQuery};
use store::message_references::Ancestor;
use store::{Result, Tx, conversation_moves, conversations, message_references};

use super::Reading;
use crate::ports::Route;

/// How long after its last activity a conversation may be joined by subject alone.
const SUBJECT_WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Conversations of a contact looked at for a subject.
const SUBJECT_CANDIDATES: usize = 20;

/// Gathers the candidates, rule by rule, and stops as soon as one is sure to decide. `id_reused`: another mail of the channel had
/// its Message-ID before, and those who name it mean that one.
pub(super) fn candidates(
    tx: &mut Tx<'_>,
    route: &Route,
    reading: &Reading,
    contact: Option<&ContactId>,
    id_reused: bool,
    now: Timestamp,
) -> Result<Candidates> {
    let mut found = Candidates { token: by_token(tx, route, reading)?, ..Candidates::default() };
    if found.token.is_some() {
        return Ok(found);
    }
    let ancestors = reading.ancestors();
    found.parents = parents(tx, route, reading, &ancestors)?;
    if found.parents.iter().any(|parent| parent.same_scope && (parent.ours_to_one || parent.sender_takes_part)) {
        return Ok(found);
    }
    found.shared_ancestors = shared_ancestors(tx, route, reading, &ancestors, id_reused)?;
    if route.thread_by_subject
        && !reading.subject_base.is_empty()
        && let Some(contact) = contact
    {
        found.subjects = subjects(tx, route, reading, contact, now)?;
    }
    Ok(found)
}

fn by_token(tx: &mut Tx<'_>, route: &Route, reading: &Reading) -> Result<Option<TokenMatch>> {
    let Some(token) = &route.reply_token else { return Ok(None) };
    let Some(row) = of_token(tx, route, token)? else { return Ok(None) };
    let same_scope = row.public.channel_id == route.channel_id && row.public.use_case_id == route.use_case_id;
    if !same_scope && !was_here(tx, route, &row)? {
        return Ok(None);
    }
    let sender_takes_part = conversations::takes_part(tx, &row.public.id, &reading.author())?;
    Ok(Some(TokenMatch { conversation: row.public.id, sender_takes_part }))
}

fn of_token(tx: &mut Tx<'_>, route: &Route, token: &str) -> Result<Option<ConversationRow>> {
    if let Some(row) = conversations::by_reply_token(tx, &route.workspace_id, token)? {
        return Ok(Some(row));
    }
    match conversation_moves::merged_token(tx, &route.workspace_id, token)? {
        Some(into) => conversations::get(tx, &route.workspace_id, &into),
        None => Ok(None),
    }
}

/// A conversation that was moved or merged hears from its former channel still.
fn was_here(tx: &mut Tx<'_>, route: &Route, row: &ConversationRow) -> Result<bool> {
    match &route.channel_id {
        Some(channel) => conversation_moves::was_of_channel(tx, &row.public.id, channel),
        None => Ok(false),
    }
}

fn parents(tx: &mut Tx<'_>, route: &Route, reading: &Reading, ancestors: &[&str]) -> Result<Vec<ParentMatch>> {
    let stored = message_references::ancestors(tx, &route.workspace_id, ancestors)?;
    let mut parents = Vec::new();
    for id in ancestors {
        let in_scope =
            |ancestor: &&Ancestor| ancestor.channel_id == route.channel_id && ancestor.use_case_id == route.use_case_id;
        let with_id = || stored.iter().filter(|ancestor| ancestor.rfc_message_id == *id);
        // Of several mails with the same id the first of our own channel counts.
        let Some(ancestor) = with_id().find(in_scope).or_else(|| with_id().next()) else { continue };
        let named_directly =
            reading.in_reply_to.as_deref() == Some(*id) || reading.original_message_id.as_deref() == Some(*id);
        parents.push(ParentMatch {
            conversation: ancestor.conversation_id.clone(),
            by: if named_directly { ThreadedBy::InReplyTo } else { ThreadedBy::References },
            same_scope: in_scope(&ancestor),
            ours_to_one: ancestor.direction == Direction::Outbound && ancestor.recipient_count == 1,
            sender_takes_part: conversations::takes_part(tx, &ancestor.conversation_id, &reading.author())?,
        });
    }
    Ok(parents)
}

/// Conversations with mails that follow an ancestor nobody has stored, or this mail itself: an answer may come before its
/// question. Who may join is the same in either order of arrival.
fn shared_ancestors(
    tx: &mut Tx<'_>,
    route: &Route,
    reading: &Reading,
    ancestors: &[&str],
    id_reused: bool,
) -> Result<Vec<ConversationMatch>> {
    let itself = reading.rfc_message_id.as_deref().filter(|_| !id_reused);
    let ids: Vec<&str> = ancestors.iter().copied().chain(itself).collect();
    let (channel, use_case) = (route.channel_id.as_ref(), route.use_case_id.as_ref());
    let followers = message_references::followers(tx, &route.workspace_id, channel, use_case, &ids)?;
    if followers.is_empty() {
        return Ok(Vec::new());
    }
    let addressed = reading.taking_part(&route.recipient);
    let mut matches: Vec<ConversationMatch> = Vec::new();
    for follower in followers {
        if matches.iter().any(|found| found.may_join && found.conversation == follower.conversation_id) {
            continue;
        }
        // An answer joins its question if its author wrote that or is named by it, whichever of the two came first.
        let mut may_join = addressed.iter().any(|address| *address == mail::address::mailbox(&follower.from_address));
        if !may_join && itself != Some(follower.follows.as_str()) {
            may_join = conversations::takes_part(tx, &follower.conversation_id, &reading.author())?;
        }
        matches.push(ConversationMatch { conversation: follower.conversation_id, may_join });
    }
    Ok(matches)
}

fn subjects(
    tx: &mut Tx<'_>,
    route: &Route,
    reading: &Reading,
    contact: &ContactId,
    now: Timestamp,
) -> Result<Vec<ConversationMatch>> {
    let query = SubjectQuery {
        contact,
        channel: route.channel_id.as_ref(),
        use_case: route.use_case_id.as_ref(),
        subject_base: &reading.subject_base,
        since: now.minus(SUBJECT_WINDOW),
        look_at: SUBJECT_CANDIDATES,
    };
    let may_join = |status| reading.subject_is_reply || status != ConversationStatus::Resolved;
    let recent = conversations::recent_by_subject(tx, &query)?.into_iter();
    Ok(recent.map(|(conversation, status)| ConversationMatch { may_join: may_join(status), conversation }).collect())
}
