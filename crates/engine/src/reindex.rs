//! Rebuilds from the raw mails all that is derived from them, and comes to the same. Decisions that were made when a mail arrived
//! (its conversation, who vouched for it) are kept: they are facts, not derivations.

use model::channel::ChannelLimits;
use model::limits::SUBJECT_CHARS_MAX;
use store::messages::{AttachmentRow, MessageRow};
use store::{Priority, blobs_table, messages, search_queue};

use crate::ingest::{AttachmentPolicy, Reading, read};
use crate::{Engine, Result, raw};

/// Messages of a step.
const STEP: usize = 200;

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub messages: u64,
    /// Of these, how many were written differently before.
    pub changed: u64,
    /// The last one looked at, and the newest there is, in order of arrival.
    pub position: i64,
    pub newest: i64,
}

/// Rebuilds everything; tells `watch` after every step. The search index follows by itself.
///
/// # Errors
/// What the store says.
pub async fn reindex(engine: &Engine, mut watch: impl FnMut(Progress)) -> Result<Progress> {
    let mut progress = Progress { newest: engine.db.read(messages::newest_seq).await?, ..Progress::default() };
    loop {
        let position = progress.position;
        let rows = engine
            .db
            .read(move |tx| {
                let rows = messages::after(tx, position, STEP)?;
                rows.into_iter()
                    .map(|row| {
                        let blob = row.blob_id.map(|id| blobs_table::get(tx, id)).transpose()?;
                        Ok((row, blob))
                    })
                    .collect::<store::Result<Vec<_>>>()
            })
            .await?;
        let Some(last) = rows.last().map(|(row, _)| row.seq) else { break };
        progress.messages += rows.len() as u64;
        let mut changes = Vec::new();
        for (row, blob) in rows {
            let Some(blob) = blob else { continue };
            let bytes = raw::decode(engine, blob).await?;
            let null_reverse_path = row.envelope.mail_from.is_empty() && row.envelope.helo.is_some();
            let after = derived(&row, read(&bytes, null_reverse_path));
            if after != row {
                changes.push((row, after));
            }
        }
        progress.changed += changes.len() as u64;
        progress.position = last;
        if !changes.is_empty() {
            engine
                .db
                .write(Priority::Background, move |tx| {
                    changes
                        .iter()
                        .try_for_each(|(before, after)| messages::rewrite_derived(tx, before, after).map(drop))
                })
                .await?;
        }
        watch(progress);
    }
    engine.db.write(Priority::Background, search_queue::add_all).await?;
    Ok(progress)
}

/// The row with everything derived as this version derives it.
fn derived(row: &MessageRow, reading: Reading) -> MessageRow {
    let mut after = row.clone();
    if !reading.from_address.is_empty() {
        after.from_address.clone_from(&reading.from_address);
        after.from_name.clone_from(&reading.from_name);
    }
    // Outbound recipients carry their deliveries' states, and blind copies that the mail does not name.
    if row.direction == model::message::Direction::Inbound && !reading.recipients.is_empty() {
        after.recipients.clone_from(&reading.recipients);
    }
    after.subject = reading.subject.chars().take(SUBJECT_CHARS_MAX).collect();
    after.preview = reading.preview;
    after.rfc_message_id = reading.rfc_message_id;
    after.in_reply_to = reading.in_reply_to;
    after.references = reading.references;
    after.kind = reading.kind.to_owned();
    after.flags.auto_reply = reading.auto_reply;
    after.limits = reading.limits;
    after.attachments = attachments(row, &reading.attachments);
    after
}

/// What was withheld stays withheld: that was the channel's decision at the time.
fn attachments(row: &MessageRow, found: &[mail::ParsedAttachment]) -> Vec<AttachmentRow> {
    let mut rows = AttachmentPolicy(&ChannelLimits::default()).rows(&row.id, row.created_at, found);
    for attachment in &mut rows {
        attachment.withheld =
            row.attachments.iter().find(|before| before.id == attachment.id).and_then(|before| before.withheld);
    }
    rows
}
