//! Writes an outbound message, its conversation and one delivery a recipient in one transaction.

use model::channel::Channel;
use model::conversation::{Conversation, ConversationStatus};
use model::event::EventType;
use model::message::{Delivery, Direction, MessageStatus, Recipient, RecipientType};
use model::{ContactId, ConversationId, DeliveryId, MessageId, Timestamp, WorkspaceId};
use store::blobs_table::NewBlob;
use store::conversations::ConversationRow;
use store::deliveries::DeliveryRow;
use store::events::NewEvent;
use store::messages::{Envelope, MessageFlags, MessageRow};
use store::{
    Result, StoreError, Tx, blobs_table, contacts, conversation_lists, conversations, deliveries, events, messages,
};

use super::conversation::Thread;
use super::{SendRequest, draft};
use crate::WayOut;
use crate::ingest::{AttachmentPolicy, Reading};

pub(super) struct Outgoing {
    pub id: MessageId,
    pub workspace_id: WorkspaceId,
    pub channel: Channel,
    pub route: WayOut,
    pub request: SendRequest,
    pub thread: Thread,
    pub reading: Reading,
    pub blob: NewBlob,
    pub size: u64,
    pub now: Timestamp,
}

pub(super) fn enqueue(tx: &mut Tx<'_>, outgoing: &Outgoing) -> Result<()> {
    let blob_id = blobs_table::put(tx, &outgoing.workspace_id, &outgoing.blob)?;
    let contact_id = contact(tx, outgoing)?;
    let (conversation, began) = place(tx, outgoing, contact_id.as_ref())?;
    let message = message_row(outgoing, conversation.public.id.clone(), contact_id, blob_id);
    let seq = messages::insert(tx, &message)?;
    let ancestors: Vec<&str> = outgoing.reading.ancestors().into_iter().take(1).collect();
    messages::add_references(tx, &message, seq, &ancestors)?;
    for recipient in &message.recipients {
        deliveries::insert(tx, &delivery(outgoing, recipient))?;
    }
    let event_type = if began { EventType::ConversationCreated } else { EventType::ConversationUpdated };
    let data =
        serde_json::to_value(&conversation.public).map_err(|error| StoreError::corrupt("conversation", error))?;
    let (workspace_id, channel_id) = (&outgoing.workspace_id, Some(&outgoing.channel.id));
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
    let (workspace_id, channel_id) = (&outgoing.workspace_id, Some(&outgoing.channel.id));
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
            let row = new_conversation(outgoing, contact);
            conversations::insert(tx, &row)?;
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
    let before = conversations::get(tx, &outgoing.workspace_id, id)?
        .ok_or_else(|| StoreError::corrupt("conversation", format!("{id} is missing")))?;
    let mut after = before.clone();
    after.public.message_count += 1;
    after.public.preview.clone_from(&outgoing.reading.preview);
    after.public.last_activity_at = outgoing.now.max(before.public.last_activity_at);
    after.public.unread = false;
    conversations::apply_change(tx, &before, &after)?;
    Ok(after)
}

fn new_conversation(outgoing: &Outgoing, contact: Option<&ContactId>) -> ConversationRow {
    ConversationRow {
        workspace_id: outgoing.workspace_id.clone(),
        subject_base: outgoing.reading.subject_base.clone(),
        reply_token: outgoing.thread.reply_token.clone(),
        public: Conversation {
            id: ConversationId::generate(),
            channel_id: Some(outgoing.channel.id.clone()),
            use_case_id: None,
            contact_id: contact.cloned(),
            subject: outgoing.reading.subject.clone(),
            status: ConversationStatus::Open,
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
        },
    }
}

fn waiting(outgoing: &Outgoing) -> (MessageStatus, Timestamp) {
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
        channel_id: Some(outgoing.channel.id.clone()),
        use_case_id: None,
        conversation_id,
        contact_id,
        direction: Direction::Outbound,
        status,
        private: false,
        author_id: request.author_id.clone(),
        from_address: reading.from_address.clone(),
        from_name: reading.from_name.clone(),
        envelope: Envelope {
            mail_from: draft::sender_address(&outgoing.channel).to_owned(),
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
        flags: MessageFlags::default(),
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

fn delivery(outgoing: &Outgoing, recipient: &Recipient) -> DeliveryRow {
    let (status, due_at) = waiting(outgoing);
    DeliveryRow {
        workspace_id: outgoing.workspace_id.clone(),
        channel_id: Some(outgoing.channel.id.clone()),
        destination: outgoing.route.destination.clone(),
        first_attempt_at: None,
        created_at: outgoing.now,
        public: Delivery {
            id: DeliveryId::generate(),
            message_id: outgoing.id.clone(),
            recipient: recipient.address.clone(),
            status,
            transport: outgoing.route.transport.to_owned(),
            attempts: Vec::new(),
            next_attempt_at: Some(due_at),
            updated_at: outgoing.now,
        },
    }
}
