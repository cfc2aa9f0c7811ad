//! One folder, brought up to date: listed at first, then what is gone, what changed and what is new. Owns the order of questions for
//! servers of every ability; what was seen is exact after a cut anywhere.

use std::ops::RangeInclusive;
use std::sync::Arc;

use model::Timestamp;
use model::event::EventType;
use model::limits::MESSAGE_BYTES_MAX;
use serde_json::json;
use store::mailbox_folders::{self, FolderRow};
use store::{Priority, Tx, accounts, mailbox_mails};
use tokio::sync::mpsc;

use super::arriving::{Keeper, LeaseLost, Telling, message_id, place_row};
use super::correspondence::RECENT;
use super::taking_in::{FETCHED_AHEAD, MAILS_AT_ONCE, take_in};
use crate::EngineError;
use crate::ports::{
    FetchedMail, FlagsOf, FolderStatus, MailboxFailure, MailboxResult, MailboxRow, MailboxSession, Resync, Selected,
};

/// Rows of a folder that are kept in one transaction.
const ROWS_AT_ONCE: usize = 1_000;
/// Mails whose bytes are asked for at once when a folder is filled in, newest first.
const ASKED_AT_ONCE: usize = 500;
/// Mails that are looked up at once to be filled in.
const FILLED_AT_ONCE: usize = 20_000;

/// Why the work on a mailbox ended.
#[derive(Debug)]
pub(super) enum Broken {
    Mailbox(MailboxFailure),
    Engine(EngineError),
    LeaseLost,
}

impl From<MailboxFailure> for Broken {
    fn from(failure: MailboxFailure) -> Self {
        Self::Mailbox(failure)
    }
}

impl From<EngineError> for Broken {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<store::StoreError> for Broken {
    fn from(error: store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<LeaseLost> for Broken {
    fn from(_: LeaseLost) -> Self {
        Self::LeaseLost
    }
}

pub(super) type Worked<T> = std::result::Result<T, Broken>;

/// Selects the folder and brings it up to date. It stays selected.
pub(super) async fn bring_up_to_date(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    folder: &mut FolderRow,
) -> Worked<()> {
    let resync = folder
        .highest_modseq
        .filter(|_| folder.listed)
        .map(|highest_modseq| Resync { uid_validity: folder.uid_validity, highest_modseq });
    let selected = session.select(&folder.path, resync).await?;
    if folder.listed && selected.uid_validity != folder.uid_validity {
        reset(keeper, folder, selected.uid_validity).await?;
    }
    if !folder.listed {
        return list(keeper, session, folder, &selected).await;
    }
    let is_known = folder.highest_modseq.is_some() && folder.highest_modseq == selected.highest_modseq;
    if let Some(changes) = &selected.resynced {
        let gone = changes.vanished.clone();
        take_away(keeper, folder, move |uid| gone.iter().any(|range| range.contains(&uid))).await?;
        change_flags(keeper, folder, changes.flags.clone()).await?;
    } else if !is_known {
        compare(keeper, session, folder, &selected).await?;
    }
    fetch_new(keeper, session, folder).await?;
    note(keeper, folder, &selected).await
}

/// Whether the server says of the folder what is known of it: there is nothing to ask.
pub(super) fn is_up_to_date(known: &FolderRow, status: Option<&FolderStatus>) -> bool {
    known.listed
        && status.is_some_and(|status| {
            status.messages == known.messages
                && status.uid_validity == known.uid_validity
                && (status.uid_next == 0 || status.uid_next == known.uid_next)
                && status.highest_modseq.is_some()
                && status.highest_modseq == known.highest_modseq
        })
}

/// A folder that was not listed yet and is empty, as its status says it: there is nothing to list, and what comes is new.
pub(super) fn listed_as_empty(folder: &FolderRow, status: Option<&FolderStatus>) -> Option<FolderRow> {
    let status = status.filter(|status| status.messages == 0 && status.uid_validity > 0 && status.uid_next > 0)?;
    (!folder.listed).then(|| FolderRow {
        listed: true,
        uid_validity: status.uid_validity,
        uid_next: status.uid_next,
        highest_modseq: status.highest_modseq,
        messages: 0,
        ..folder.clone()
    })
}

/// What came into the selected folder.
pub(super) async fn fetch_new(keeper: &Keeper, session: &mut dyn MailboxSession, folder: &mut FolderRow) -> Worked<()> {
    let (id, from) = (folder.id, folder.uid_next.max(1));
    let known = keeper.engine.db.read(move |tx| mailbox_mails::uids(tx, id, from)).await?;
    let wanted = missing(from, &known);
    let came = fetch(keeper, session, folder, &wanted, Telling::Everything).await?;
    let highest = came.last().copied().max(known.last().copied());
    if let Some(next) = highest.and_then(|highest| highest.checked_add(1))
        && next > folder.uid_next
    {
        folder.uid_next = next;
        let row = folder.clone();
        in_step(keeper, move |_, tx| mailbox_folders::update(tx, &row)).await?;
    }
    Ok(())
}

/// Fetches these and commits them. Answers the UIDs that came, ascending.
async fn fetch(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    folder: &FolderRow,
    wanted: &[RangeInclusive<u32>],
    telling: Telling,
) -> Worked<Vec<u32>> {
    let (out, fetched) = mpsc::channel(FETCHED_AHEAD);
    let shared = Arc::new(folder.clone());
    let (asked, kept) =
        tokio::join!(session.mails(wanted, MESSAGE_BYTES_MAX, out), take_in(keeper, &shared, fetched, telling));
    // What stands in the way of keeping it is the cause where both failed.
    let came = kept?;
    asked?;
    Ok(came)
}

/// UIDs from `from` on without those that are known.
fn missing(from: u32, known: &[u32]) -> Vec<RangeInclusive<u32>> {
    let mut ranges = Vec::new();
    let mut next = from;
    for &uid in known {
        if uid > next {
            ranges.push(next..=uid - 1);
        }
        next = uid.saturating_add(1);
    }
    ranges.push(next..=u32::MAX);
    ranges
}

/// What was there at first is known, not told. In a folder that came later or began anew, mail may lie that came since and was never
/// told of: what is recent is fetched at once, and told unless the account held it before.
async fn list(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    folder: &mut FolderRow,
    selected: &Selected,
) -> Worked<()> {
    let mut listed = Listed::default();
    if selected.exists > 0 {
        let id = keeper.account.id.clone();
        let account = keeper.engine.db.read(move |tx| accounts::get(tx, &id)).await?;
        let recent = Timestamp::now().minus(RECENT).max(keeper.notify_from());
        let recent = account.is_some_and(|account| account.initialized).then_some(recent);
        let (out, rows) = mpsc::channel(ROWS_AT_ONCE);
        let (asked, kept) =
            tokio::join!(session.rows(1..=u32::MAX, None, out), keep_rows(keeper, folder.id, recent, rows));
        listed = kept?;
        asked?;
    }
    if !listed.recent.is_empty() {
        let wanted: Vec<_> = listed.recent.iter().map(|uid| *uid..=*uid).collect();
        fetch(keeper, session, folder, &wanted, Telling::WhatIsUnknown).await?;
    }
    folder.listed = true;
    folder.uid_validity = selected.uid_validity;
    folder.uid_next = selected.uid_next.max(listed.highest.saturating_add(1));
    note(keeper, folder, selected).await
}

#[derive(Default)]
struct Listed {
    highest: u32,
    /// UIDs of mails the server has had since a given time; they are not kept yet.
    recent: Vec<u32>,
}

async fn keep_rows(
    keeper: &Keeper,
    folder: i64,
    recent: Option<Timestamp>,
    mut rows: mpsc::Receiver<MailboxRow>,
) -> Worked<Listed> {
    let mut listed = Listed::default();
    let mut some = Vec::with_capacity(ROWS_AT_ONCE);
    let is_recent = |row: &MailboxRow| recent.is_some_and(|since| row.internal_date.is_none_or(|at| at >= since));
    while rows.recv_many(&mut some, ROWS_AT_ONCE).await > 0 {
        listed.highest = some.iter().map(|row| row.uid).max().unwrap_or(0).max(listed.highest);
        let (later, now): (Vec<_>, Vec<_>) = some.drain(..).partition(is_recent);
        listed.recent.extend(later.iter().map(|row| row.uid));
        let places: Vec<_> = now.iter().map(|row| place_row(folder, row)).collect();
        in_step(keeper, move |_, tx| mailbox_mails::put_places(tx, &places)).await?;
    }
    Ok(listed)
}

/// How far the folder is read, and what it holds.
async fn note(keeper: &Keeper, folder: &mut FolderRow, selected: &Selected) -> Worked<()> {
    let before = folder.clone();
    folder.highest_modseq = selected.highest_modseq;
    folder.messages = selected.exists;
    if selected.mailbox_id.is_some() {
        folder.mailbox_id.clone_from(&selected.mailbox_id);
    }
    if *folder != before || !before.listed {
        let row = folder.clone();
        in_step(keeper, move |_, tx| mailbox_folders::update(tx, &row)).await?;
    }
    Ok(())
}

/// The server began to count anew: nothing of what was known there holds.
async fn reset(keeper: &Keeper, folder: &mut FolderRow, uid_validity: u32) -> Worked<()> {
    let before = folder.uid_validity;
    folder.listed = false;
    folder.uid_validity = uid_validity;
    folder.uid_next = 1;
    folder.highest_modseq = None;
    let row = folder.clone();
    in_step(keeper, move |keeper, tx| {
        mailbox_mails::clear_folder(tx, row.id)?;
        mailbox_folders::update(tx, &row)?;
        let data =
            json!({ "path": row.path, "uidValidity": uid_validity.to_string(), "prevUidValidity": before.to_string() });
        keeper.tell(tx, EventType::MailboxReset, &row, &data, Timestamp::now())
    })
    .await
}

/// For servers that do not tell what changed: the UIDs there are against those that are known, and the flags.
async fn compare(
    keeper: &Keeper,
    session: &mut dyn MailboxSession,
    folder: &FolderRow,
    selected: &Selected,
) -> Worked<()> {
    let there = if selected.exists == 0 { Vec::new() } else { session.uids().await? };
    take_away(keeper, folder, move |uid| there.binary_search(&uid).is_err()).await?;
    if selected.exists == 0 {
        return Ok(());
    }
    let (out, mut rows) = mpsc::channel(ROWS_AT_ONCE);
    let collect = async {
        let mut flags = Vec::new();
        while let Some(MailboxRow { uid, flags: now, modseq, .. }) = rows.recv().await {
            flags.push(FlagsOf { uid, flags: now, modseq });
        }
        flags
    };
    let (asked, flags) = tokio::join!(session.rows(1..=u32::MAX, folder.highest_modseq, out), collect);
    asked?;
    change_flags(keeper, folder, flags).await
}

async fn take_away(
    keeper: &Keeper,
    folder: &FolderRow,
    is_gone: impl Fn(u32) -> bool + Send + Sync + 'static,
) -> Worked<()> {
    let id = folder.id;
    let known = keeper.engine.db.read(move |tx| mailbox_mails::uids(tx, id, 0)).await?;
    let gone: Vec<u32> = known.into_iter().filter(|uid| is_gone(*uid)).collect();
    for some in gone.chunks(MAILS_AT_ONCE) {
        let (some, folder) = (some.to_vec(), folder.clone());
        in_step(keeper, move |keeper, tx| {
            for &uid in &some {
                let Some(lying) = mailbox_mails::lying_at(tx, folder.id, uid)? else { continue };
                mailbox_mails::remove_place(tx, folder.id, uid)?;
                let mut data = json!({ "id": message_id(folder.id, uid), "uid": uid });
                let message_id = lying.mail.as_ref().and_then(|mail| mail.summary.get("messageId"));
                if let (Some(message_id), Some(data)) = (message_id, data.as_object_mut()) {
                    data.insert("messageId".into(), message_id.clone());
                }
                keeper.tell(tx, EventType::MailDeleted, &folder, &data, Timestamp::now())?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

async fn change_flags(keeper: &Keeper, folder: &FolderRow, flags: Vec<FlagsOf>) -> Worked<()> {
    if flags.is_empty() {
        return Ok(());
    }
    let id = folder.id;
    let known = keeper.engine.db.read(move |tx| mailbox_mails::flags(tx, id)).await?;
    let differs = |now: &FlagsOf| {
        let before = known.binary_search_by_key(&now.uid, |(uid, _)| *uid).ok().and_then(|at| known.get(at));
        let (_, before) = before?;
        let added: Vec<String> = now.flags.iter().filter(|flag| !before.contains(flag)).cloned().collect();
        let deleted: Vec<String> = before.iter().filter(|flag| !now.flags.contains(flag)).cloned().collect();
        (!added.is_empty() || !deleted.is_empty()).then(|| (now.clone(), added, deleted))
    };
    let changed: Vec<_> = flags.iter().filter_map(differs).collect();
    for some in changed.chunks(MAILS_AT_ONCE) {
        let (some, folder) = (some.to_vec(), folder.clone());
        in_step(keeper, move |keeper, tx| {
            for (now, added, deleted) in &some {
                mailbox_mails::set_flags(tx, folder.id, now.uid, &now.flags)?;
                let mut change = json!({ "value": now.flags });
                if let Some(change) = change.as_object_mut() {
                    for (name, flags) in [("added", added), ("deleted", deleted)] {
                        if !flags.is_empty() {
                            change.insert(name.into(), json!(flags));
                        }
                    }
                }
                let data =
                    json!({ "id": message_id(folder.id, now.uid), "uid": now.uid, "changes": { "flags": change } });
                keeper.tell(tx, EventType::MailUpdated, &folder, &data, Timestamp::now())?;
            }
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Fetches the bytes of what was only listed, newest first, until nothing is missing.
pub(super) async fn fill_in(keeper: &Keeper, session: &mut dyn MailboxSession, folder: &FolderRow) -> Worked<()> {
    let shared = Arc::new(folder.clone());
    let id = folder.id;
    let mut selected = false;
    loop {
        let mut uids = keeper.engine.db.read(move |tx| mailbox_mails::to_fetch(tx, id, FILLED_AT_ONCE)).await?;
        if uids.is_empty() {
            return Ok(());
        }
        if !selected {
            let now = session.select(&folder.path, None).await?;
            if now.uid_validity != folder.uid_validity {
                return Ok(());
            }
            selected = true;
        }
        let (out, fetched) = mpsc::channel(FETCHED_AHEAD);
        let (asked, kept) =
            tokio::join!(ask_for(session, &uids, out), take_in(keeper, &shared, fetched, Telling::Nothing));
        let came = kept?;
        asked?;
        // What did not come is not there any more, and is not asked for again.
        uids.retain(|uid| came.binary_search(uid).is_err());
        if !uids.is_empty() {
            in_step(keeper, move |_, tx| mailbox_mails::set_unreadable(tx, id, &uids)).await?;
        }
    }
}

/// Some at a time, so that the newest come first; what is asked for next does not wait for what came to be kept.
async fn ask_for(
    session: &mut dyn MailboxSession,
    descending: &[u32],
    out: mpsc::Sender<FetchedMail>,
) -> MailboxResult<()> {
    for some in descending.chunks(ASKED_AT_ONCE) {
        let ranges: Vec<RangeInclusive<u32>> = some.iter().rev().map(|uid| *uid..=*uid).collect();
        session.mails(&ranges, MESSAGE_BYTES_MAX, out.clone()).await?;
    }
    Ok(())
}

/// Writes as long as the account is ours.
pub(super) async fn in_step<F>(keeper: &Keeper, work: F) -> Worked<()>
where
    F: FnOnce(&Keeper, &mut Tx<'_>) -> store::Result<()> + Send + 'static,
{
    let owner = keeper.clone();
    let kept = keeper
        .engine
        .db
        .write(Priority::Delivery, move |tx| {
            if !accounts::is_kept_by(tx, &owner.account.id, &owner.lease)? {
                return Ok(false);
            }
            work(&owner, tx)?;
            Ok(true)
        })
        .await?;
    if kept { Ok(()) } else { Err(Broken::LeaseLost) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_lies_between_what_is_known() {
        assert_eq!(missing(1, &[]), [1..=u32::MAX]);
        assert_eq!(missing(5, &[5, 6, 9]), [7..=8, 10..=u32::MAX]);
        assert_eq!(missing(5, &[7]), [5..=6, 8..=u32::MAX]);
    }
    fn folder(listed: bool) -> FolderRow {
        FolderRow {
            id: 7,
            path: "Sent".into(),
            delimiter: None,
            attributes: Vec::new(),
            special_use: None,
            special_use_source: None,
            selectable: true,
            uid_validity: 9,
            uid_next: 5,
            highest_modseq: Some(3),
            mailbox_id: None,
            messages: 2,
            unseen: 0,
            listed,
        }
    }

    fn status() -> FolderStatus {
        FolderStatus { messages: 2, uid_next: 5, uid_validity: 9, highest_modseq: Some(3), ..FolderStatus::default() }
    }

    #[test]
    fn a_folder_is_asked_nothing_only_where_its_status_is_all_that_is_known() {
        let up_to_date = |status: FolderStatus| is_up_to_date(&folder(true), Some(&status));
        assert!(up_to_date(status()));
        // What servers may leave out.
        assert!(up_to_date(FolderStatus { uid_next: 0, ..status() }));
        for other in [
            FolderStatus { messages: 3, ..status() },
            FolderStatus { uid_next: 6, ..status() },
            FolderStatus { uid_validity: 10, ..status() },
            FolderStatus { highest_modseq: Some(4), ..status() },
            // Flags may have changed without a word.
            FolderStatus { highest_modseq: None, ..status() },
        ] {
            assert!(!up_to_date(other.clone()), "{other:?}");
        }
        assert!(!is_up_to_date(&folder(true), None) && !is_up_to_date(&folder(false), Some(&status())));
        let unknown = FolderRow { highest_modseq: None, ..folder(true) };
        assert!(!is_up_to_date(&unknown, Some(&FolderStatus { highest_modseq: None, ..status() })));
    }

    #[test]
    fn an_empty_folder_is_listed_by_its_status_alone() {
        let empty = FolderStatus { messages: 0, ..status() };
        let listed = listed_as_empty(&folder(false), Some(&empty)).unwrap();
        assert_eq!((listed.listed, listed.messages, listed.uid_next, listed.id), (true, 0, 5, 7));
        // From then on, what comes is a difference.
        assert!(is_up_to_date(&listed, Some(&empty)));
        assert!(!is_up_to_date(&listed, Some(&FolderStatus { messages: 1, uid_next: 6, ..empty.clone() })));
        for other in [
            FolderStatus { messages: 1, ..empty.clone() },
            FolderStatus { uid_next: 0, ..empty.clone() },
            FolderStatus { uid_validity: 0, ..empty.clone() },
        ] {
            assert_eq!(listed_as_empty(&folder(false), Some(&other)), None, "{other:?}");
        }
        assert_eq!(listed_as_empty(&folder(false), None), None);
        assert_eq!(listed_as_empty(&folder(true), Some(&empty)), None);
    }
}
