//! Mails from a folder: read and compressed beside the reactor, then committed with the place they lie at, what they are to a CRM,
//! and the events, in one transaction. A mail that was committed is never told of twice.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Timestamp;
use model::account::Correspondence;
use model::event::EventType;
use model::limits::INLINE_BLOB_BYTES_MAX;
use model::message::Direction;
use serde_json::{Map, Value as Json, json};
use store::accounts::{self, AccountRow};
use store::blobs_table::{self, NewBlob};
use store::mailbox_folders::FolderRow;
use store::mailbox_mails::{self, MailRow, PlaceRow};
use store::{Priority, StoreError, Tx, channels};

use super::activity::{self, MailBetween};
use super::channel_account;
use super::correspondence::{self, Sighting};
use super::reports::Report;
use super::summary::{self, Summary};
use super::telling;
use crate::ingest::FromMailbox;
use crate::ports::{FetchedMail, MailboxRow};
use crate::{Engine, Result, raw, tokens};

/// How far the clock of a mail server may be from ours.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose mailbox it is, and under which lease it is kept in step.
#[derive(Clone)]
pub(super) struct Keeper {
    pub engine: Engine,
    pub account: Arc<AccountRow>,
    pub lease: Arc<str>,
}

/// A mail, ready to be committed.
pub(super) struct Prepared {
    row: MailboxRow,
    /// Absent where the server gave no bytes.
    read: Option<Read>,
}

struct Read {
    summary: Summary,
    blob: NewBlob,
    /// Bytes.
    size: u64,
    /// In the mailbox of a channel.
    to_channel: Option<FromMailbox>,
}

impl Prepared {
    pub(super) const fn uid(&self) -> u32 {
        self.row.uid
    }
}

/// The id of a message in the mailbox API: its folder and its UID.
pub fn message_id(folder: i64, uid: u32) -> String {
    use base64::Engine as _;
    let folder = u32::try_from(folder).unwrap_or(0);
    let place = [folder.to_be_bytes(), uid.to_be_bytes()].concat();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(place)
}

/// The folder and the UID an id was made of.
pub fn place_of(id: &str) -> Option<(i64, u32)> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(id).ok()?;
    let (folder, uid) = bytes.split_first_chunk::<4>()?;
    let uid: [u8; 4] = uid.try_into().ok()?;
    Some((u32::from_be_bytes(*folder).into(), u32::from_be_bytes(uid)))
}

/// Somebody else keeps the account now, or nobody.
#[derive(Debug)]
pub(super) struct LeaseLost;

/// Which mails of a folder are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// They were listed before.
    Nothing,
    /// It is the folder that is new, or began anew: what the account did not hold before.
    WhatIsUnknown,
    Everything,
}

impl Keeper {
    /// Commits what came from a folder.
    pub(super) async fn keep_all(
        &self,
        folder: &Arc<FolderRow>,
        prepared: Vec<Prepared>,
        telling: Telling,
    ) -> Result<std::result::Result<(), LeaseLost>> {
        let with_bytes = prepared.iter().filter(|mail| mail.read.is_some()).count();
        let (keeper, folder, now) = (self.clone(), folder.clone(), Timestamp::now());
        let priority = if telling == Telling::Nothing { Priority::Delivery } else { Priority::Foreground };
        let work = move |tx: &mut Tx<'_>| keeper.commit(tx, &folder, &prepared, telling, now);
        if !crate::write_again_on_conflict(&self.engine.db, priority, work).await? {
            return Ok(Err(LeaseLost));
        }
        metrics::counter!("postroom_mailbox_mails_kept_total").increment(with_bytes as u64);
        Ok(Ok(()))
    }

    /// Reads and compresses mails, beside the reactor. Bytes of large ones are durable when this returns.
    pub(super) async fn prepare(&self, mails: Vec<FetchedMail>) -> Result<Vec<Prepared>> {
        let (small, large): (Vec<_>, Vec<_>) =
            mails.into_iter().partition(|mail| mail.raw.as_ref().is_none_or(|raw| raw.len() <= INLINE_BLOB_BYTES_MAX));
        let (to_channel, now) = (self.account.channel_id.is_some(), Timestamp::now());
        let work = move || -> store::Result<Vec<Prepared>> {
            small
                .into_iter()
                .map(|mail| {
                    let read = match &mail.raw {
                        Some(bytes) => Some(Read {
                            summary: summary::read(bytes),
                            blob: raw::inline(bytes)?,
                            size: bytes.len() as u64,
                            to_channel: to_channel.then(|| FromMailbox::read(bytes.clone(), now)),
                        }),
                        None => None,
                    };
                    Ok(Prepared { row: mail.row, read })
                })
                .collect()
        };
        let mut prepared = tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Panicked)??;
        for mail in large {
            let bytes = mail.raw.unwrap_or_default();
            let (summary, to_channel) = read_large(bytes.clone(), to_channel.then_some(now)).await?;
            let kept = raw::keep(&self.engine, &[&self.account.workspace_id], &bytes).await?;
            let blob = kept.into_iter().next().map(|(_, blob)| blob);
            let size = bytes.len() as u64;
            prepared.push(Prepared { row: mail.row, read: blob.map(|blob| Read { summary, blob, size, to_channel }) });
        }
        prepared.sort_by_key(|mail| mail.row.uid);
        Ok(prepared)
    }

    /// Whether the account is still ours; nothing was done if not.
    fn commit(
        &self,
        tx: &mut Tx<'_>,
        folder: &FolderRow,
        prepared: &[Prepared],
        telling: Telling,
        now: Timestamp,
    ) -> store::Result<bool> {
        if !accounts::is_kept_by(tx, &self.account.id, &self.lease)? {
            return Ok(false);
        }
        let channel = match &self.account.channel_id {
            Some(id) => channels::get(tx, &self.account.workspace_id, id)?,
            None => None,
        };
        let mut places = Vec::with_capacity(prepared.len());
        for mail in prepared {
            let before = mailbox_mails::place(tx, folder.id, mail.row.uid)?;
            if before.as_ref().is_some_and(|before| before.mail_id.is_some()) {
                continue;
            }
            let is_new_here = telling != Telling::Nothing && before.is_none();
            let mut place = place_row(folder.id, &mail.row);
            place.unreadable = mail.read.is_none();
            let Some(Read { summary, blob, size, to_channel }) = &mail.read else {
                if is_new_here {
                    self.tell_new(tx, folder, &place, None, false, now)?;
                }
                places.push(place);
                continue;
            };
            let known = mailbox_mails::id_by_identity(tx, &self.account.id, &summary.identity)?;
            let sighting = Sighting {
                special_use: special_use_of(folder, &mail.row),
                flags: &mail.row.flags,
                has_author: summary.author.is_some(),
                has_message_id: summary.rfc_message_id.is_some(),
                known: known.is_some() || telling == Telling::Nothing,
                internal_date: mail.row.internal_date,
                notify_from: self.notify_from(),
                now,
            };
            let correspondence = correspondence::of(&sighting);
            let is_told = is_new_here && (known.is_none() || telling == Telling::Everything);
            let kept = match known {
                Some(id) => mailbox_mails::get(tx, &self.account.id, id)?,
                None => {
                    let blob_id = blobs_table::put(tx, &self.account.workspace_id, blob)?;
                    Some(self.keep(tx, summary, &mail.row, correspondence, blob_id, *size, now)?)
                }
            };
            place.mail_id = kept.as_ref().map(|kept| kept.id);
            if is_told && let Some(kept) = &kept {
                let seems_new = !matches!(correspondence, Correspondence::Seen);
                self.tell_new(tx, folder, &place, Some(kept), seems_new, now)?;
                if let (Some(report), true) = (&summary.report, seems_new) {
                    self.tell_report(tx, folder, &place, report, now)?;
                }
                if let (Some(channel), Some(mail)) = (&channel, to_channel) {
                    channel_account::take_in(tx, channel, sighting.special_use, &place.flags, kept, mail)?;
                }
                self.note_activities(tx, kept.id, summary, &mail.row, correspondence, now)?;
            }
            places.push(place);
        }
        mailbox_mails::put_places(tx, &places)?;
        Ok(true)
    }

    /// Servers write INTERNALDATE in whole seconds, and by clocks of their own.
    pub(super) fn notify_from(&self) -> Timestamp {
        match self.account.settings.notify_from {
            Some(asked) => Timestamp::from_seconds(asked.as_seconds()),
            None => self.account.created_at.minus(CLOCKS_DIFFER_MAX),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a row is made in one place from what the steps before found")]
    fn keep(
        &self,
        tx: &mut Tx<'_>,
        summary: &Summary,
        row: &MailboxRow,
        correspondence: Correspondence,
        blob_id: i64,
        size: u64,
        now: Timestamp,
    ) -> store::Result<MailRow> {
        let ancestors: Vec<&str> = summary.ancestors.iter().map(String::as_str).collect();
        let thread_id = match &row.thread_id {
            Some(native) => native.clone(),
            None => mailbox_mails::thread_of(tx, &self.account.id, &ancestors)?.unwrap_or_else(|| tokens::random(16)),
        };
        let mut mail = MailRow {
            id: 0,
            identity: summary.identity,
            rfc_message_id: summary.rfc_message_id.clone(),
            thread_id,
            correspondence,
            summary: summary.shown.clone(),
            blob_id: Some(blob_id),
            size,
            created_at: now,
        };
        mail.id = mailbox_mails::insert(tx, &self.account.id, &mail)?;
        Ok(mail)
    }

    /// A mail from a contact; or, of one that was sent, a mail to each of the contacts it went to.
    fn note_activities(
        &self,
        tx: &mut Tx<'_>,
        mail_id: i64,
        summary: &Summary,
        row: &MailboxRow,
        correspondence: Correspondence,
        now: Timestamp,
    ) -> store::Result<()> {
        let (direction, addresses) = match correspondence {
            Correspondence::Received => (Direction::Inbound, summary.author.as_slice()),
            Correspondence::Sent => (Direction::Outbound, summary.addressees.as_slice()),
            Correspondence::Seen | Correspondence::Draft | Correspondence::Ignored => return Ok(()),
        };
        // A channel's messages are its contacts' activities themselves.
        if self.account.channel_id.is_some() {
            return Ok(());
        }
        let between = MailBetween {
            mail_id,
            direction,
            addresses,
            rfc_message_id: summary.rfc_message_id.as_deref().unwrap_or_default(),
            subject: &summary.subject,
            occurred_at: row.internal_date.unwrap_or(now),
            imported: false,
        };
        activity::note(tx, &self.account, &between, now).map(drop)
    }

    fn tell_new(
        &self,
        tx: &mut Tx<'_>,
        folder: &FolderRow,
        place: &PlaceRow,
        mail: Option<&MailRow>,
        seems_like_new: bool,
        at: Timestamp,
    ) -> store::Result<()> {
        let mut data = shown(folder, place, mail);
        data.insert("seemsLikeNew".into(), json!(seems_like_new));
        self.tell(tx, EventType::MailNew, folder, &Json::Object(data), at)
    }

    fn tell_report(
        &self,
        tx: &mut Tx<'_>,
        folder: &FolderRow,
        place: &PlaceRow,
        report: &Report,
        at: Timestamp,
    ) -> store::Result<()> {
        for data in &report.data {
            let mut data = data.clone();
            if let Some(data) = data.as_object_mut() {
                data.insert(report.id_name.into(), json!(message_id(folder.id, place.uid)));
            }
            self.tell(tx, report.event_type, folder, &data, at)?;
        }
        Ok(())
    }

    /// An event of a message or folder, in the shape that listeners of the mailbox API know.
    pub(super) fn tell(
        &self,
        tx: &mut Tx<'_>,
        event_type: EventType,
        folder: &FolderRow,
        data: &Json,
        at: Timestamp,
    ) -> store::Result<()> {
        let mut shown = json!({ "account": self.account.name, "path": folder.path, "data": data });
        if let (Some(special_use), Some(shown)) = (&folder.special_use, shown.as_object_mut()) {
            shown.insert("specialUse".into(), json!(special_use));
        }
        self.tell_as(tx, event_type, &shown, at)
    }

    pub(super) fn tell_as(
        &self,
        tx: &mut Tx<'_>,
        event_type: EventType,
        data: &Json,
        at: Timestamp,
    ) -> store::Result<()> {
        telling::tell(tx, &self.account, event_type, data, at)
    }
}

async fn read_large(bytes: Bytes, to_channel_at: Option<Timestamp>) -> Result<(Summary, Option<FromMailbox>)> {
    let work = move || (summary::read(&bytes), to_channel_at.map(|at| FromMailbox::read(bytes, at)));
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Panicked)?)
}

pub(super) fn place_row(folder: i64, row: &MailboxRow) -> PlaceRow {
    PlaceRow {
        folder_id: folder,
        uid: row.uid,
        mail_id: None,
        flags: row.flags.clone(),
        labels: row.labels.clone(),
        internal_date: row.internal_date,
        size: row.size,
        email_id: row.email_id.clone(),
        server_thread_id: row.thread_id.clone(),
        unreadable: false,
    }
}

/// What the mail is in: where one folder holds all mail, the labels say more than the folder.
fn special_use_of<'a>(folder: &'a FolderRow, row: &'a MailboxRow) -> Option<&'a str> {
    by_labels(&row.labels).or(folder.special_use.as_deref())
}

fn by_labels(labels: &[String]) -> Option<&'static str> {
    let known = [("\\Drafts", "\\Draft"), ("\\Sent", "\\Sent"), ("\\Inbox", "\\Inbox")];
    known.into_iter().find_map(|(special_use, label)| {
        let has = labels.iter().any(|it| it.eq_ignore_ascii_case(label) || it.eq_ignore_ascii_case(special_use));
        has.then_some(special_use)
    })
}

/// A message as the mailbox API shows it in lists and events.
pub fn shown(folder: &FolderRow, place: &PlaceRow, mail: Option<&MailRow>) -> Map<String, Json> {
    let id = message_id(folder.id, place.uid);
    let mut shown = match mail.map(|mail| mail.summary.clone()) {
        Some(Json::Object(summary)) => summary,
        _ => Map::new(),
    };
    let has = |flag: &str| place.flags.iter().any(|it| it.eq_ignore_ascii_case(flag));
    for file in shown.get_mut("attachments").and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(file) = file.as_object_mut() {
            let part = file.remove("part").and_then(|part| part.as_u64()).unwrap_or(0);
            file.insert("id".into(), json!(format!("{id}.{part}")));
        }
    }
    if let Some(text) = shown.get_mut("text").and_then(Json::as_object_mut) {
        text.insert("id".into(), json!(id));
    }
    let mut put = |name: &str, value: Json| shown.insert(name.to_owned(), value);
    put("uid", json!(place.uid));
    put("flags", json!(place.flags));
    put("size", json!(place.size));
    put("unseen", json!(!has("\\Seen")));
    for (name, flag) in [("flagged", "\\Flagged"), ("answered", "\\Answered"), ("draft", "\\Draft")] {
        if has(flag) {
            put(name, json!(true));
        }
    }
    if !place.labels.is_empty() {
        put("labels", json!(place.labels));
    }
    if let Some(at) = place.internal_date {
        put("date", json!(at));
    }
    if let Some(email_id) = &place.email_id {
        put("emailId", json!(email_id));
    }
    if let Some(thread_id) = mail.map(|mail| &mail.thread_id).or(place.server_thread_id.as_ref()) {
        put("threadId", json!(thread_id));
    }
    if let Some(special_use) = by_labels(&place.labels).or(folder.special_use.as_deref()) {
        put("messageSpecialUse", json!(special_use));
    }
    put("id", json!(id));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_places_and_back() {
        assert_eq!(place_of(&message_id(7, 2_240)), Some((7, 2_240)));
        assert_eq!(place_of(&message_id(1, u32::MAX)), Some((1, u32::MAX)));
        for bad in ["", "AAAA", "not an id", "AAAAAAAAAAAAAAAAAA"] {
            assert_eq!(place_of(bad), None, "{bad}");
        }
    }
}
