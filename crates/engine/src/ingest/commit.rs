//! Writes a mail and all that follows from it in one transaction: raw, message, contact, conversation, events.

use std::sync::Arc;

use mail::threading::{Decision, decide};
use model::auth::AuthResult;
use model::channel::AuthPolicy;
use model::contact::Contact;
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::event::EventType;
use model::message::{Direction, MessageStatus, Recipient, RecipientType, ThreadedBy};
use model::{ContactId, ConversationId, MessageId, TeamId, WorkspaceId};
use serde_json::{Map, json};
use sha2::{Digest, Sha256};
use store::blobs_table::NewBlob;
use store::conversations::ConversationRow;
use store::events::NewEvent;
use store::message_references::Namesake;
use store::messages::{Envelope, MessageFlags, MessageRow};
use store::{
    Result, StoreError, Tx, blobs_table, contacts, conversation_lists, conversations, delivery_reports,
    message_references, messages, teams,
};

use super::{AttachmentPolicy, Reading, Telling, accepted, resolve};
use crate::bounces::{self, Report};
use crate::ports::{AcceptedMessage, InboundMail, ReturnedTo, Route};
use crate::teams::assigning;

/// Ancestors remembered a mail, for those that share one.
const REFERENCES_REMEMBERED: usize = 20;

/// Everything the transaction needs; shared, since a transaction that met another one is run again.
pub(super) struct Prepared {
    pub mail: Arc<InboundMail>,
    pub reading: Arc<Reading>,
    pub blobs: Vec<(WorkspaceId, NewBlob)>,
    pub telling: Telling,
}

pub(super) fn commit(tx: &mut Tx<'_>, prepared: &Prepared) -> Result<Vec<AcceptedMessage>> {
    prepared.mail.routes.iter().map(|route| commit_route(tx, prepared, route, None)).collect()
}

/// `kept`: its bytes, where they were kept before.
pub(super) fn commit_route(
    tx: &mut Tx<'_>,
    prepared: &Prepared,
    route: &Route,
    kept: Option<i64>,
) -> Result<AcceptedMessage> {
    let (reading, at) = (&*prepared.reading, prepared.mail.arrival.at);
    let identity = identity(route, reading);
    if let Some(id) = messages::id_by_identity(tx, &identity)? {
        return Ok(accepted(id, true));
    }
    let (rfc_message_id, size) = (reading.rfc_message_id.as_deref(), prepared.mail.raw.len() as u64);
    let namesakes = message_references::namesakes(tx, &route.workspace_id, rfc_message_id, size)?;
    if let (Some(returned_to), Some(report)) = (&route.returned_to, &reading.report) {
        return keep_report(tx, prepared, route, returned_to, report, &identity, &namesakes);
    }
    let blob_id = match kept {
        Some(id) => id,
        None => keep_blob(tx, prepared, route, &namesakes)?,
    };
    let contact_id = contact(tx, prepared, route)?;
    let message_id_reused =
        rfc_message_id.is_some() && namesakes.iter().any(|namesake| namesake.channel_id == route.channel_id);
    let candidates = resolve::candidates(tx, route, reading, contact_id.as_ref(), message_id_reused, at)?;
    let decision = decide(&candidates);
    let (by, new_sender) = match &decision {
        Decision::Join { by, new_sender, .. } => (*by, *new_sender),
        Decision::Begin { .. } => (ThreadedBy::New, false),
    };
    let flags = MessageFlags {
        auto_reply: reading.auto_reply,
        unauthenticated: is_unauthenticated(prepared, route),
        new_sender,
        message_id_reused,
        confidential: false,
        aside: false,
    };
    let id = MessageId::derived(at, &identity);
    let conversation = place(tx, prepared, route, &decision, contact_id.as_ref())?;
    let message =
        message_row(prepared, route, id, conversation.public.id.clone(), contact_id, flags, by, identity, blob_id);
    let seq = messages::insert(tx, &message)?;
    let remembered: Vec<&str> = reading.ancestors().into_iter().take(REFERENCES_REMEMBERED).collect();
    message_references::add_references(tx, &message, seq, &remembered)?;
    tell(tx, prepared.telling, &message, &conversation, &decision)?;
    if let Some(report) = reading.report.as_deref().filter(|_| is_believed(prepared)) {
        bounces::act(tx, &route.workspace_id, report, None, at)?;
    }
    Ok(accepted(message.id, false))
}

/// A report that came back to a message's own return path belongs to that message: it is kept with it and begins no conversation.
fn keep_report(
    tx: &mut Tx<'_>,
    prepared: &Prepared,
    route: &Route,
    returned_to: &ReturnedTo,
    report: &Report,
    identity: &[u8],
    namesakes: &[Namesake],
) -> Result<AcceptedMessage> {
    let message = &returned_to.message;
    if delivery_reports::is_known(tx, identity)? {
        return Ok(accepted(message.clone(), true));
    }
    let at = prepared.mail.arrival.at;
    let blob_id = keep_blob(tx, prepared, route, namesakes)?;
    delivery_reports::insert(tx, &route.workspace_id, message, identity, report.kind(), blob_id, at)?;
    if is_believed(prepared) {
        bounces::act(tx, &route.workspace_id, report, Some(returned_to), at)?;
    }
    Ok(accepted(message.clone(), false))
}

/// Mail of old says nothing new, and what fails DMARC says nothing that holds.
fn is_believed(prepared: &Prepared) -> bool {
    !prepared.telling.imported && !fails_dmarc(prepared)
}

fn fails_dmarc(prepared: &Prepared) -> bool {
    prepared.mail.auth.as_ref().is_some_and(|auth| auth.dmarc == AuthResult::Fail)
}

/// The raw mail is kept once a workspace, also where it came to another channel before.
fn keep_blob(tx: &mut Tx<'_>, prepared: &Prepared, route: &Route, namesakes: &[Namesake]) -> Result<i64> {
    let blob = prepared.blobs.iter().find(|(workspace, _)| *workspace == route.workspace_id);
    let (_, blob) = blob.ok_or_else(|| StoreError::Blob(format!("no raw mail was kept for {}", route.workspace_id)))?;
    for blob_id in namesakes.iter().filter_map(|namesake| namesake.blob_id) {
        if blobs_table::is_of(tx, blob_id, &blob.hash)? {
            return Ok(blob_id);
        }
    }
    blobs_table::put(tx, &route.workspace_id, blob)
}

/// What makes a mail the same when it comes again: its channel, its Message-ID and what its author made.
fn identity(route: &Route, reading: &Reading) -> Vec<u8> {
    let mut hash = Sha256::new();
    let scope = [
        route.workspace_id.as_str(),
        route.channel_id.as_ref().map_or("", |id| id.as_str()),
        route.use_case_id.as_ref().map_or("", |id| id.as_str()),
    ];
    for part in scope.iter().copied().chain([reading.rfc_message_id.as_deref().unwrap_or("")]) {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(reading.fingerprint);
    hash.finalize().iter().copied().take(16).collect()
}

fn is_unauthenticated(prepared: &Prepared, route: &Route) -> bool {
    fails_dmarc(prepared) && route.auth_policy != AuthPolicy::None
}

fn contact(tx: &mut Tx<'_>, prepared: &Prepared, route: &Route) -> Result<Option<ContactId>> {
    let reading = &prepared.reading;
    if reading.from_address.is_empty() {
        return Ok(None);
    }
    let (workspace, address) = (&route.workspace_id, &reading.from_address);
    if let Some((id, named)) = contacts::by_address(tx, workspace, address)? {
        // A mail that only says who sent it must not name somebody.
        let name = reading.from_name.as_deref().filter(|_| !named && !is_unauthenticated(prepared, route));
        if let Some(name) = name {
            contacts::fill_name(tx, workspace, &id, name)?;
        }
        return Ok(Some(id));
    }
    let at = prepared.mail.arrival.at;
    let contact = contacts::insert(tx, workspace, reading.from_name.as_deref(), address, at)?;
    tell_of_contact(tx, prepared.telling, route, &contact)?;
    Ok(Some(contact.id))
}

fn tell_of_contact(tx: &mut Tx<'_>, telling: Telling, route: &Route, contact: &Contact) -> Result<()> {
    let data = serde_json::to_value(contact).map_err(|error| StoreError::corrupt("contact", error))?;
    let (workspace_id, channel_id) = (&route.workspace_id, route.channel_id.as_ref());
    telling.tell(
        tx,
        &NewEvent {
            workspace_id,
            channel_id,
            event_type: EventType::ContactCreated,
            subject_id: contact.id.as_str(),
            data: &data,
            at: telling.at,
        },
    )
}

/// Puts the mail into its conversation, old or new. Answers the conversation as it is now.
fn place(
    tx: &mut Tx<'_>,
    prepared: &Prepared,
    route: &Route,
    decision: &Decision,
    contact: Option<&ContactId>,
) -> Result<ConversationRow> {
    let reading = &prepared.reading;
    let row = match decision {
        Decision::Join { conversation, .. } => join(tx, prepared, route, conversation)?,
        Decision::Begin { related, .. } => {
            let mut row = new_conversation(prepared, route, contact, related.as_ref());
            if let Some(team) = &route.team_id {
                give_to_team(tx, prepared, team, &mut row)?;
            }
            conversations::insert(tx, &mut row)?;
            row
        }
    };
    let taking_part = reading.taking_part(&route.recipient);
    let taking_part: Vec<&str> = taking_part.iter().map(String::as_str).collect();
    conversations::add_participants(tx, &row.public.id, &taking_part)?;
    Ok(row)
}

/// Mail of old is a team's, but nobody's work.
fn give_to_team(tx: &mut Tx<'_>, prepared: &Prepared, team: &TeamId, row: &mut ConversationRow) -> Result<()> {
    if prepared.telling.imported {
        row.public.team_id = teams::take_turn(tx, &row.workspace_id, team)?.map(|_| team.clone());
    } else if let Some(given) = assigning::give(tx, &row.workspace_id, team, None)? {
        (row.public.team_id, row.public.assignee_id) = (Some(given.team_id), given.assignee_id);
    }
    Ok(())
}

fn join(tx: &mut Tx<'_>, prepared: &Prepared, route: &Route, id: &ConversationId) -> Result<ConversationRow> {
    let (reading, at) = (&prepared.reading, prepared.mail.arrival.at);
    // Two mails at the same time must count two.
    conversation_lists::lock(tx, id)?;
    let before = conversations::get(tx, &route.workspace_id, id)?
        .ok_or_else(|| StoreError::corrupt("conversation", format!("{id} is missing")))?;
    let mut after = before.clone();
    after.public.message_count += 1;
    after.public.preview.clone_from(&reading.preview);
    after.public.last_activity_at = at.max(before.public.last_activity_at);
    after.public.unread = true;
    // A machine's answer or a bounce is no reason to open a case again.
    if !reading.auto_reply
        && reading.kind == mail::classify::MailKind::Message.as_str()
        && before.public.status != ConversationStatus::Open
    {
        after.public.status = ConversationStatus::Open;
        after.public.snoozed_until = None;
    }
    conversations::apply_change(tx, &before, &after)?;
    Ok(after)
}

fn new_conversation(
    prepared: &Prepared,
    route: &Route,
    contact: Option<&ContactId>,
    related: Option<&ConversationId>,
) -> ConversationRow {
    let (reading, at) = (&prepared.reading, prepared.mail.arrival.at);
    ConversationRow {
        workspace_id: route.workspace_id.clone(),
        subject_base: reading.subject_base.clone(),
        reply_token: crate::tokens::reply_token(at),
        public: Conversation {
            id: ConversationId::generate(),
            channel_id: route.channel_id.clone(),
            use_case_id: route.use_case_id.clone(),
            contact_id: contact.cloned(),
            subject: reading.subject.clone(),
            number: 0,
            priority: ConversationPriority::default(),
            status: ConversationStatus::Open,
            assignee_id: None,
            team_id: None,
            labels: Vec::new(),
            unread: true,
            message_count: 1,
            preview: reading.preview.clone(),
            snoozed_until: None,
            last_activity_at: at,
            created_at: at,
            related_conversation_ids: related.into_iter().cloned().collect(),
            sla: None,
        },
    }
}

#[expect(clippy::too_many_arguments, reason = "a row is made in one place from what the steps before found")]
fn message_row(
    prepared: &Prepared,
    route: &Route,
    id: MessageId,
    conversation_id: ConversationId,
    contact_id: Option<ContactId>,
    flags: MessageFlags,
    threaded_by: ThreadedBy,
    identity: Vec<u8>,
    blob_id: i64,
) -> MessageRow {
    let (mail, reading) = (&*prepared.mail, &*prepared.reading);
    let at = mail.arrival.at;
    MessageRow {
        seq: 0,
        attachments: AttachmentPolicy(&route.limits).rows(&id, at, &reading.attachments),
        id,
        workspace_id: route.workspace_id.clone(),
        channel_id: route.channel_id.clone(),
        use_case_id: route.use_case_id.clone(),
        conversation_id,
        contact_id,
        direction: Direction::Inbound,
        status: MessageStatus::Received,
        private: false,
        author_id: None,
        from_address: if reading.from_address.is_empty() {
            mail.arrival.mail_from.clone()
        } else {
            reading.from_address.clone()
        },
        from_name: reading.from_name.clone(),
        recipients: recipients(reading, route),
        subject: reading.subject.clone(),
        preview: reading.preview.clone(),
        note: None,
        rfc_message_id: reading.rfc_message_id.clone(),
        in_reply_to: reading.in_reply_to.clone(),
        references: reading.references.clone(),
        kind: reading.kind.to_owned(),
        flags,
        auth: mail.auth.clone(),
        limits: reading.limits.clone(),
        threaded_by,
        envelope: Envelope {
            mail_from: mail.arrival.mail_from.clone(),
            rcpt_to: vec![route.recipient.clone()],
            peer: mail.arrival.peer.map(|peer| peer.to_string()),
            helo: mail.arrival.helo.clone(),
        },
        custom_data: Map::new(),
        tags: Vec::new(),
        identity: Some(identity),
        blob_id: Some(blob_id),
        raw_size: mail.raw.len() as u64,
        scheduled_at: None,
        sent_at: reading.date.unwrap_or(at).min(at),
        created_at: at,
    }
}

/// Whom the mail says it is for; a mail that says nobody is for its envelope recipient.
pub(crate) fn recipients(reading: &Reading, route: &Route) -> Vec<Recipient> {
    if reading.recipients.is_empty() {
        return vec![Recipient {
            recipient_type: RecipientType::Bcc,
            address: route.recipient.clone(),
            name: None,
            status: None,
        }];
    }
    reading.recipients.clone()
}

fn tell(
    tx: &mut Tx<'_>,
    telling: Telling,
    message: &MessageRow,
    conversation: &ConversationRow,
    decision: &Decision,
) -> Result<()> {
    let at = telling.at;
    let (workspace_id, channel_id) = (&message.workspace_id, message.channel_id.as_ref());
    let shown =
        serde_json::to_value(&conversation.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    let conversation_id = conversation.public.id.as_str();
    let event_type = if matches!(decision, Decision::Begin { .. }) {
        EventType::ConversationCreated
    } else {
        EventType::ConversationUpdated
    };
    telling
        .tell(tx, &NewEvent { workspace_id, channel_id, event_type, subject_id: conversation_id, data: &shown, at })?;
    if event_type == EventType::ConversationCreated && conversation.public.assignee_id.is_some() {
        let event_type = EventType::ConversationAssigned;
        let assigned = NewEvent { workspace_id, channel_id, event_type, subject_id: conversation_id, data: &shown, at };
        telling.tell(tx, &assigned)?;
    }
    let data = json!({ "messageId": message.id });
    telling.tell(
        tx,
        &NewEvent {
            workspace_id,
            channel_id,
            event_type: EventType::MessageReceived,
            subject_id: message.id.as_str(),
            data: &data,
            at,
        },
    )?;
    if let Decision::Begin { rejected: Some(rejected), .. } = decision {
        let data = json!({ "messageId": message.id, "conversationId": conversation_id, "rejectedConversationId": rejected,
            "reason": "the mail answers a message of another channel or use case; it was kept as a conversation of its own" });
        telling.tell(
            tx,
            &NewEvent {
                workspace_id,
                channel_id,
                event_type: EventType::ThreadRejected,
                subject_id: message.id.as_str(),
                data: &data,
                at,
            },
        )?;
    }
    Ok(())
}
