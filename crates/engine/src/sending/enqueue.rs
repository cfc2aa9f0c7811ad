//! Writes an outbound message, its conversation and one delivery a recipient in one transaction.

use std::collections::HashMap;

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::event::EventType;
use model::message::{Delivery, DeliveryAttempt, Direction, MessageStatus, Recipient, RecipientType};
use model::suppression::Suppression;
use model::{ContactId, ConversationId, DeliveryId, MessageId, Timestamp, WorkspaceId};
use store::blobs_table::NewBlob;
use store::conversations::ConversationRow;
use store::deliveries::DeliveryRow;
use store::events::NewEvent;
use store::messages::{Envelope, MessageFlags, MessageRow};
use store::surveys::SurveyRow;
use store::{
    Result, StoreError, Tx, blobs_table, contacts, conversation_lists, conversation_moves, conversations, deliveries,
    engagement, events, message_references, messages, surveys, teams,
};

use super::conversation::Thread;
use super::sender::Sender;
use super::{SendRequest, reaching};
use crate::ingest::{AttachmentPolicy, Reading};
use crate::suppressions::{Mailing, held_back, tell_held_back, words};

pub(super) struct Outgoing {
    pub id: MessageId,
    pub workspace_id: WorkspaceId,
    pub sender: Sender,
    /// RFC 5321 reverse-path.
    pub mail_from: String,
    pub request: SendRequest,
    pub thread: Thread,
    pub reading: Reading,
    pub raw: RawMail,
    /// Bytes.
    pub size: u64,
    pub sent_by: SentBy,
    /// The survey whose link is in it.
    pub survey: Option<SurveyRow>,
    pub now: Timestamp,
}

/// The bytes of a message: about to be kept, or kept.
pub(super) enum RawMail {
    New(NewBlob),
    Kept(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentBy {
    Us,
    /// Another program did; it is sent.
    Other,
}

pub(super) fn enqueue(tx: &mut Tx<'_>, outgoing: &Outgoing) -> Result<()> {
    let blob_id = match &outgoing.raw {
        RawMail::New(blob) => blobs_table::put(tx, &outgoing.workspace_id, blob)?,
        RawMail::Kept(id) => *id,
    };
    let contact_id = contact(tx, outgoing)?;
    let (conversation, began) = place(tx, outgoing, contact_id.as_ref())?;
    let mut message = message_row(outgoing, conversation.public.id.clone(), contact_id, blob_id);
    message.flags.aside = !began && !reaching::answers(tx, outgoing, &conversation)?;
    let held = hold_back(tx, outgoing, &mut message)?;
    let seq = messages::insert(tx, &message)?;
    let ancestors: Vec<&str> = outgoing.reading.ancestors().into_iter().take(1).collect();
    message_references::add_references(tx, &message, seq, &ancestors)?;
    let to_deliver = if outgoing.sent_by == SentBy::Us { message.recipients.as_slice() } else { &[] };
    for recipient in to_deliver {
        deliveries::insert(tx, &delivery(outgoing, recipient, held.get(&recipient.address)))?;
    }
    for recipient in to_deliver {
        if let Some(suppression) = held.get(&recipient.address) {
            let (channel, address) = (message.channel_id.as_ref(), recipient.address.as_str());
            tell_held_back(tx, &message.workspace_id, channel, &message.id, address, suppression, outgoing.now)?;
        }
    }
    if let Some(recipient) = message.recipients.first().filter(|_| outgoing.request.tracking.is_asked()) {
        let channel = outgoing.sender.channel_id();
        engagement::insert(tx, &outgoing.workspace_id, channel, &outgoing.id, &recipient.address, outgoing.now)?;
    }
    if let Some(survey) = &outgoing.survey {
        surveys::insert(tx, survey, Some(&outgoing.id))?;
    }
    let event_type = if began { EventType::ConversationCreated } else { EventType::ConversationUpdated };
    let data =
        serde_json::to_value(&conversation.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    let (workspace_id, channel_id) = (&outgoing.workspace_id, outgoing.sender.channel_id());
    events::append(
        tx,
        &NewEvent {
            workspace_id,
            channel_id,
            event_type,
            subject_id: conversation.public.id.as_str(),
            data: &data,
            at: outgoing.now,
        },
    )?;
    Ok(())
}

/// Those of its recipients that are not written to; the message's status says so.
fn hold_back(tx: &mut Tx<'_>, outgoing: &Outgoing, message: &mut MessageRow) -> Result<HashMap<String, Suppression>> {
    if outgoing.sent_by == SentBy::Other {
        return Ok(HashMap::new());
    }
    let mailing = Mailing {
        use_case: message.use_case_id.as_ref().map(|id| id.as_str()),
        domain: outgoing.sender.domain_id().map(|id| id.as_str()),
        conversation: message.channel_id.is_some().then_some(&message.conversation_id),
    };
    let addresses: Vec<&str> = message.recipients.iter().map(|recipient| recipient.address.as_str()).collect();
    let held = held_back(tx, &message.workspace_id, mailing, &addresses, outgoing.now)?;
    if !held.is_empty() {
        for recipient in &mut message.recipients {
            if held.contains_key(&recipient.address) {
                recipient.status = Some(MessageStatus::Suppressed);
            }
        }
        let statuses = message.recipients.iter().filter_map(|recipient| recipient.status);
        message.status = MessageStatus::most_urgent(statuses).unwrap_or(message.status);
    }
    Ok(held)
}

/// The contact is the first recipient.
fn contact(tx: &mut Tx<'_>, outgoing: &Outgoing) -> Result<Option<ContactId>> {
    if let Some(id) = outgoing.thread.conversation.as_ref().and_then(|row| row.public.contact_id.clone()) {
        return Ok(Some(id));
    }
    let Some(first) = outgoing.request.to.first() else { return Ok(None) };
    let Some(address) = mail::address::normalize(&first.address) else { return Ok(None) };
    if let Some(id) = contacts::id_by_address(tx, &outgoing.workspace_id, &address)? {
        return Ok(Some(id));
    }
    let contact = contacts::insert(tx, &outgoing.workspace_id, first.name.as_deref(), &address, outgoing.now)?;
    let data = serde_json::to_value(&contact).map_err(|error| StoreError::corrupt("contact", error))?;
    let (workspace_id, channel_id) = (&outgoing.workspace_id, outgoing.sender.channel_id());
    let event = NewEvent {
        workspace_id,
        channel_id,
        event_type: EventType::ContactCreated,
        subject_id: contact.id.as_str(),
        data: &data,
        at: outgoing.now,
    };
    events::append(tx, &event)?;
    Ok(Some(contact.id))
}

fn place(tx: &mut Tx<'_>, outgoing: &Outgoing, contact: Option<&ContactId>) -> Result<(ConversationRow, bool)> {
    let existing = outgoing.thread.conversation.as_ref().map(|row| &row.public.id);
    let (row, began) = match existing {
        Some(id) => (touch(tx, outgoing, id)?, false),
        None => {
            let mut row = new_conversation(outgoing, contact);
            // Of its channel's team, as one that comes in; nobody's turn, since it waits for nobody yet.
            if let Some(team) = outgoing.sender.team_id.as_ref().filter(|_| !outgoing.request.confidential) {
                row.public.team_id = teams::take_turn(tx, &outgoing.workspace_id, team)?.map(|_| team.clone());
            }
            conversations::insert(tx, &mut row)?;
            (row, true)
        }
    };
    let request = &outgoing.request;
    let addresses: Vec<String> = [&request.to, &request.cc, &request.bcc]
        .into_iter()
        .flatten()
        .filter_map(|mailbox| mail::address::normalize(&mailbox.address))
        .map(|address| mail::address::mailbox(&address).into_owned())
        .collect();
    // Those who got one of many copies have conversations of their own; they take part here only if this went to one person.
    if !began || addresses.len() == 1 {
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        conversations::add_participants(tx, &row.public.id, &addresses)?;
    } else if let Some(first) = addresses.first() {
        conversations::add_participants(tx, &row.public.id, &[first])?;
    }
    Ok((row, began))
}

/// Read again inside the transaction: somebody may have changed it since.
fn touch(tx: &mut Tx<'_>, outgoing: &Outgoing, id: &ConversationId) -> Result<ConversationRow> {
    conversation_lists::lock(tx, id)?;
    let before = match conversations::get(tx, &outgoing.workspace_id, id)? {
        Some(row) => row,
        None => {
            merged(tx, outgoing, id)?.ok_or_else(|| StoreError::corrupt("conversation", format!("{id} is missing")))?
        }
    };
    let mut after = before.clone();
    after.public.message_count += 1;
    after.public.preview.clone_from(&outgoing.reading.preview);
    after.public.last_activity_at = outgoing.now.max(before.public.last_activity_at);
    after.public.unread = before.public.unread && outgoing.request.automatic;
    conversations::apply_change(tx, &before, &after)?;
    Ok(after)
}

/// It was merged while its message was made.
fn merged(tx: &mut Tx<'_>, outgoing: &Outgoing, id: &ConversationId) -> Result<Option<ConversationRow>> {
    let Some(into) = conversation_moves::merged_into(tx, &outgoing.workspace_id, id)? else { return Ok(None) };
    conversation_lists::lock(tx, &into)?;
    conversations::get(tx, &outgoing.workspace_id, &into)
}

fn new_conversation(outgoing: &Outgoing, contact: Option<&ContactId>) -> ConversationRow {
    ConversationRow {
        workspace_id: outgoing.workspace_id.clone(),
        subject_base: outgoing.reading.subject_base.clone(),
        reply_token: outgoing.thread.reply_token.clone(),
        public: Conversation {
            id: ConversationId::generate(),
            channel_id: outgoing.sender.channel_id().cloned(),
            use_case_id: outgoing.sender.use_case_id().cloned(),
            contact_id: contact.cloned(),
            subject: outgoing.reading.subject.clone(),
            number: 0,
            priority: ConversationPriority::default(),
            status: if outgoing.request.confidential { ConversationStatus::Resolved } else { ConversationStatus::Open },
            assignee_id: None,
            team_id: None,
            labels: Vec::new(),
            unread: false,
            message_count: 1,
            preview: outgoing.reading.preview.clone(),
            snoozed_until: None,
            last_activity_at: outgoing.now,
            created_at: outgoing.now,
            related_conversation_ids: Vec::new(),
            sla: None,
        },
    }
}

fn waiting(outgoing: &Outgoing) -> (MessageStatus, Timestamp) {
    if outgoing.sent_by == SentBy::Other {
        return (MessageStatus::Sent, outgoing.reading.date.unwrap_or(outgoing.now).min(outgoing.now));
    }
    match outgoing.request.scheduled_at {
        Some(at) if at > outgoing.now => (MessageStatus::Scheduled, at),
        _ => (MessageStatus::Queued, outgoing.now),
    }
}

/// Every address once, as the first field that names it has it.
fn recipients(request: &SendRequest, status: MessageStatus) -> Vec<Recipient> {
    let mut recipients: Vec<Recipient> = Vec::new();
    for (recipient_type, mailboxes) in
        [(RecipientType::To, &request.to), (RecipientType::Cc, &request.cc), (RecipientType::Bcc, &request.bcc)]
    {
        for mailbox in mailboxes {
            if !recipients.iter().any(|recipient| recipient.address.eq_ignore_ascii_case(&mailbox.address)) {
                recipients.push(Recipient {
                    recipient_type,
                    address: mailbox.address.clone(),
                    name: mailbox.name.clone(),
                    status: Some(status),
                });
            }
        }
    }
    recipients
}

fn message_row(
    outgoing: &Outgoing,
    conversation_id: ConversationId,
    contact_id: Option<ContactId>,
    blob_id: i64,
) -> MessageRow {
    let (request, reading) = (&outgoing.request, &outgoing.reading);
    let (status, due_at) = waiting(outgoing);
    let recipients = recipients(request, status);
    MessageRow {
        seq: 0,
        id: outgoing.id.clone(),
        workspace_id: outgoing.workspace_id.clone(),
        channel_id: outgoing.sender.channel_id().cloned(),
        use_case_id: outgoing.sender.use_case_id().cloned(),
        conversation_id,
        contact_id,
        direction: Direction::Outbound,
        status,
        private: false,
        author_id: request.author_id.clone(),
        from_address: reading.from_address.clone(),
        from_name: reading.from_name.clone(),
        envelope: Envelope {
            mail_from: outgoing.mail_from.clone(),
            rcpt_to: recipients.iter().map(|recipient| recipient.address.clone()).collect(),
            peer: None,
            helo: None,
        },
        recipients,
        subject: reading.subject.clone(),
        preview: reading.preview.clone(),
        note: None,
        rfc_message_id: reading.rfc_message_id.clone(),
        in_reply_to: reading.in_reply_to.clone(),
        references: reading.references.clone(),
        kind: reading.kind.to_owned(),
        flags: MessageFlags {
            auto_reply: request.automatic,
            confidential: request.confidential,
            ..MessageFlags::default()
        },
        auth: None,
        attachments: AttachmentPolicy(&Default::default()).rows(&outgoing.id, outgoing.now, &reading.attachments),
        limits: reading.limits.clone(),
        threaded_by: outgoing.thread.by,
        custom_data: request.custom_data.clone(),
        tags: request.tags.clone(),
        identity: None,
        blob_id: Some(blob_id),
        raw_size: outgoing.size,
        scheduled_at: (status == MessageStatus::Scheduled).then_some(due_at),
        sent_at: due_at,
        created_at: outgoing.now,
    }
}

/// One that is held back is never due, and its log says why.
fn delivery(outgoing: &Outgoing, recipient: &Recipient, held: Option<&Suppression>) -> DeliveryRow {
    let (status, due_at) = waiting(outgoing);
    let status = if held.is_some() { MessageStatus::Suppressed } else { status };
    DeliveryRow {
        workspace_id: outgoing.workspace_id.clone(),
        channel_id: outgoing.sender.channel_id().cloned(),
        destination: outgoing.sender.way_out.destination_of(&recipient.address),
        first_attempt_at: None,
        public: Delivery {
            id: DeliveryId::generate(),
            message_id: outgoing.id.clone(),
            recipient: recipient.address.clone(),
            status,
            transport: outgoing.sender.way_out.transport.to_owned(),
            attempts: held.map(|held| DeliveryAttempt::unspoken(outgoing.now, words(held))).into_iter().collect(),
            next_attempt_at: held.is_none().then_some(due_at),
            waits_for: None,
            created_at: outgoing.now,
            updated_at: outgoing.now,
        },
    }
}
