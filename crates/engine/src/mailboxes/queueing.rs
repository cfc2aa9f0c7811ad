//! Composed mails of accounts become submissions, all or nothing, but for recipients who are not written to. Owns what each came to.

use model::limits::MESSAGE_BYTES_MAX;
use model::suppression::SuppressionReason;
use model::{SubmissionId, Timestamp};
use serde::{Deserialize, Serialize};
use store::blobs_table::{self, NewBlob};
use store::linked_mails::LinkedMailRow;
use store::submissions::SubmissionRow;
use store::{Priority, StoreError, Tx, linked_mails, submissions};

use super::submit::Composed;
use crate::suppressions::{Place, held_back_of_mailbox};
use crate::{Engine, EngineError, Result, once, raw};

/// Bytes of all mails of one request.
const BYTES_MAX: u64 = 4 * MESSAGE_BYTES_MAX;
/// Mails of an account that wait to be sent.
const WAITING_MAX: u64 = 100_000;

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    pub queue_id: SubmissionId,
    /// Without angle brackets.
    pub message_id: String,
    pub send_at: Timestamp,
    /// Whether the message that was referred to is there.
    pub referred: Option<bool>,
    /// Recipients who are not written to.
    #[serde(default)]
    pub held_back: Vec<HeldBack>,
    /// They were all: nothing is sent.
    #[serde(default)]
    pub is_skipped: bool,
}

/// A recipient who is on a list of those who are not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBack {
    pub address: String,
    pub reason: SuppressionReason,
    /// As the mailbox API calls it.
    pub list_id: String,
}

struct Kept {
    row: SubmissionRow,
    blob: NewBlob,
    linked: Option<LinkedMailRow>,
    referred: Option<bool>,
}

/// Queues what was composed, all or nothing. Answers what each came to, in their order; the same request sent again is answered and
/// not done again. Recipients who are suppressed for the mail's list or the workspace are left out; a mail with no others is skipped.
///
/// # Errors
/// The account has too many that wait; the store can't keep them.
pub async fn queue(engine: &Engine, mails: Vec<Composed>) -> Result<Vec<Submitted>> {
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return read_outcome(&earlier);
    }
    if mails.iter().map(|mail| mail.raw.len() as u64).sum::<u64>() > BYTES_MAX {
        return Err(EngineError::TooLarge { limit: BYTES_MAX });
    }
    let mut kept: Vec<Kept> = Vec::with_capacity(mails.len());
    for mail in mails {
        let blob = raw::keep(engine, &[&mail.row.workspace_id], &mail.raw).await?.pop();
        let (_, blob) = blob.ok_or_else(|| EngineError::Internal("the raw mail was not kept".into()))?;
        kept.push(Kept { row: mail.row, blob, linked: mail.linked, referred: mail.referred });
    }
    let work = move |tx: &mut Tx<'_>| -> store::Result<Option<String>> {
        if let Some(earlier) = once.noted(tx)? {
            return Ok(Some(earlier));
        }
        if let Some(first) = kept.first()
            && submissions::count(tx, &first.row.account_id)? + kept.len() as u64 > WAITING_MAX
        {
            return Ok(None);
        }
        let outcome = kept.iter().map(|mail| put(tx, mail)).collect::<store::Result<Vec<_>>>()?;
        let noted = serde_json::to_string(&outcome).map_err(|error| StoreError::corrupt("submission", error))?;
        once.note_last(tx, &noted)?;
        Ok(Some(noted))
    };
    let noted = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?;
    let full = || EngineError::Conflict(format!("{WAITING_MAX} mails of this account wait to be sent: take some back"));
    read_outcome(&noted.ok_or_else(full)?)
}

fn put(tx: &mut Tx<'_>, mail: &Kept) -> store::Result<Submitted> {
    let mut row = mail.row.clone();
    let held = held_back_of_mailbox(tx, &row.workspace_id, row.list_id.as_deref(), &row.rcpt_to, row.created_at)?;
    let left_out = row.rcpt_to.iter().filter_map(|address| held.get(address).map(|by| (address, by)));
    let held_back: Vec<HeldBack> = left_out
        .map(|(address, by)| {
            let place = Place { scope: by.scope, scope_id: by.scope_id.clone() };
            HeldBack { address: address.clone(), reason: by.reason, list_id: place.list_id().to_owned() }
        })
        .collect();
    row.rcpt_to.retain(|address| !held.contains_key(address));
    row.pending.clone_from(&row.rcpt_to);
    let is_skipped = row.rcpt_to.is_empty();
    if !is_skipped {
        row.blob_id = blobs_table::put(tx, &row.workspace_id, &mail.blob)?;
        submissions::insert(tx, &row)?;
        if let Some(linked) = &mail.linked {
            linked_mails::insert(tx, linked)?;
        }
    }
    Ok(Submitted {
        queue_id: row.id,
        message_id: row.rfc_message_id,
        send_at: row.due_at,
        referred: mail.referred,
        held_back,
        is_skipped,
    })
}

fn read_outcome(noted: &str) -> Result<Vec<Submitted>> {
    serde_json::from_str(noted).map_err(|error| EngineError::Internal(format!("an earlier outcome: {error}")))
}
