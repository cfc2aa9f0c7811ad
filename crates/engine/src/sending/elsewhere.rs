//! Mail that a channel's owner sent with another program, seen in the mailbox's folder of sent mail: it joins its conversation like one
//! sent from here. Nothing is delivered; that was done.

use model::channel::Channel;
use model::event::EventType;
use model::limits::RECIPIENTS_OUTBOUND_MAX;
use model::message::{RecipientType, ThreadedBy};
use model::{ConversationId, MessageId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{Result, Tx, message_references};

use super::conversation::{self, Thread};
use super::enqueue::{self, Outgoing, RawMail, SentBy};
use super::sender::Sender;
use super::{SendRequest, WayOut, draft};
use crate::ingest::Reading;

/// `None` where the channel has the message: it was sent from here.
pub(crate) fn note_sent(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: &Channel,
    reading: &Reading,
    blob_id: i64,
    size: u64,
) -> Result<Option<MessageId>> {
    let own_id = reading.rfc_message_id.as_deref();
    let known = message_references::ancestors(tx, workspace, &own_id.into_iter().collect::<Vec<_>>())?;
    if known.iter().any(|message| message.channel_id.as_ref() == Some(&channel.id)) {
        return Ok(None);
    }
    let thread = match conversation_of(tx, workspace, channel, reading)? {
        Some((id, by)) => conversation::load(tx, workspace, &id, by)?.unwrap_or_else(Thread::new),
        None => Thread::new(),
    };
    let now = Timestamp::now();
    let outgoing = Outgoing {
        id: MessageId::generate(),
        workspace_id: workspace.clone(),
        mail_from: draft::sender_address(channel).to_owned(),
        sender: Sender::of_channel(channel, WayOut { transport: "smtp", destination: String::new() }),
        request: request(reading),
        thread,
        reading: reading.clone(),
        raw: RawMail::Kept(blob_id),
        size,
        sent_by: SentBy::Other,
        survey: None,
        now,
    };
    enqueue::enqueue(tx, &outgoing)?;
    let recipient = outgoing.request.to.first().map(|to| to.address.clone());
    let data = json!({ "messageId": outgoing.id, "status": "sent", "recipient": recipient,
        "response": "sent with another program; seen in the mailbox's folder of sent mail" });
    let event = NewEvent {
        workspace_id: workspace,
        channel_id: Some(&channel.id),
        event_type: EventType::MessageSent,
        subject_id: outgoing.id.as_str(),
        data: &data,
        at: now,
    };
    events::append(tx, &event)?;
    Ok(Some(outgoing.id))
}

/// What it answers, or what answers it and came first.
fn conversation_of(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: &Channel,
    reading: &Reading,
) -> Result<Option<(ConversationId, ThreadedBy)>> {
    let ancestors = reading.ancestors();
    let stored = message_references::ancestors(tx, workspace, &ancestors)?;
    let ours = stored.iter().filter(|message| message.channel_id.as_ref() == Some(&channel.id));
    let nearest = ancestors.iter().find_map(|id| ours.clone().find(|message| message.rfc_message_id == **id));
    if let Some(message) = nearest {
        let directly = ancestors.first() == Some(&message.rfc_message_id.as_str());
        let by = if directly { ThreadedBy::InReplyTo } else { ThreadedBy::References };
        return Ok(Some((message.conversation_id.clone(), by)));
    }
    let Some(own_id) = reading.rfc_message_id.as_deref() else { return Ok(None) };
    let followers = message_references::followers(tx, workspace, Some(&channel.id), None, &[own_id])?;
    Ok(followers.into_iter().next().map(|follower| (follower.conversation_id, ThreadedBy::References)))
}

fn request(reading: &Reading) -> SendRequest {
    let to = |wanted: RecipientType| {
        let of_type = reading.recipients.iter().filter(|recipient| recipient.recipient_type == wanted);
        let mailbox = |recipient: &model::message::Recipient| mail::Mailbox {
            name: recipient.name.clone(),
            address: recipient.address.clone(),
        };
        of_type.take(RECIPIENTS_OUTBOUND_MAX).map(mailbox).collect()
    };
    SendRequest {
        to: to(RecipientType::To),
        cc: to(RecipientType::Cc),
        bcc: to(RecipientType::Bcc),
        ..SendRequest::default()
    }
}
