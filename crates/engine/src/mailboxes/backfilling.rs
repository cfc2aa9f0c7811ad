//! History becomes activities, on demand: mails that lay in a mailbox before it was connected, or before somebody was a contact. Goes on
//! where it stopped; what was noted once is not noted again.

use std::time::Duration;

use model::Timestamp;
use model::account::Correspondence;
use model::key::Principal;
use model::message::Direction;
use serde_json::Value as Json;
use store::accounts::{self, AccountRow};
use store::backfills::{self, BackfillRow, HistoryMail};
use store::{Priority, Topic};
use tokio_util::sync::CancellationToken;

use super::activity::{self, MailBetween};
use crate::{Engine, EngineError, Result, due};

/// Mails looked at in one transaction.
const MAILS_AT_ONCE: usize = 200;
/// How long a claimed one is ours.
const LEASE: Duration = Duration::from_secs(60);
/// How long it waits for bytes that are still to be fetched.
const WAIT: Duration = Duration::from_secs(5);
/// How long work that nobody announced may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    pub row: BackfillRow,
    /// Mails it looks at in all, as far as is known.
    pub total: u64,
}

/// Begins one, anew where there was one.
///
/// # Errors
/// Not there; a scope is missing.
pub async fn begin(engine: &Engine, principal: &Principal, name: &str, since: Option<Timestamp>) -> Result<Backfill> {
    super::accounts::may_write(principal)?;
    let account = super::accounts::get(engine, principal, name).await?;
    if account.channel_id.is_some() {
        return Err(EngineError::Conflict("the account is a channel's: its messages are activities themselves".into()));
    }
    engine.db.write(Priority::Foreground, move |tx| backfills::begin(tx, &account.id, since, Timestamp::now())).await?;
    get(engine, principal, name).await
}

/// # Errors
/// Not there: the account, or a run.
pub async fn get(engine: &Engine, principal: &Principal, name: &str) -> Result<Backfill> {
    let account = super::accounts::get(engine, principal, name).await?;
    let found = engine.db.read(move |tx| {
        let Some(row) = backfills::get(tx, &account.id)? else { return Ok(None) };
        let (mails, unfetched) =
            if row.finished_at.is_some() { (0, 0) } else { backfills::left(tx, &account.id, row.reached)? };
        Ok(Some(Backfill { total: row.mails + mails + unfetched, row }))
    });
    found.await?.ok_or(EngineError::NotFound { what: "a backfill of the account" })
}

/// Works at what was begun until it is told to stop.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let mut news = engine.db.subscribe(Topic::Submissions);
    while !shutdown.is_cancelled() {
        let stepped = step(&engine).await;
        match &stepped {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "history could not be made activities; trying again"),
        }
        let pause = due::pause(&engine, backfills::next_due, LOOK_AGAIN, stepped.is_err()).await;
        tokio::select! {
            _ = news.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => {}
        }
    }
}

/// Some mails of one account. Answers whether there was something to do.
async fn step(engine: &Engine) -> Result<bool> {
    let now = Timestamp::now();
    let claim = move |tx: &mut store::Tx<'_>| backfills::claim(tx, now, now.plus(LEASE));
    let Some(row) = engine.db.write(Priority::Delivery, claim).await? else { return Ok(false) };
    let work = move |tx: &mut store::Tx<'_>| {
        let mut row = row.clone();
        let Some(account) = accounts::get(tx, &row.account_id)? else {
            return backfills::reach(tx, &row, None, now);
        };
        let mails = backfills::mails(tx, &account.id, row.reached, MAILS_AT_ONCE)?;
        for mail in &mails {
            row.activities += note(tx, &account, mail, row.since, now)?;
            row.reached = mail.id;
            row.mails += 1;
        }
        let due_at = if mails.len() == MAILS_AT_ONCE {
            Some(now)
        } else {
            let (mails, unfetched) = backfills::left(tx, &account.id, row.reached)?;
            // Until every folder was listed once, nobody knows what there is.
            (mails + unfetched > 0 || !account.initialized).then(|| now.plus(WAIT))
        };
        backfills::reach(tx, &row, due_at, now)
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, work).await?;
    Ok(true)
}

fn note(
    tx: &mut store::Tx<'_>,
    account: &AccountRow,
    mail: &HistoryMail,
    since: Option<Timestamp>,
    now: Timestamp,
) -> store::Result<u64> {
    let at = mail.internal_date.unwrap_or(now);
    let (Some(direction), true) = (direction(mail, account.email.as_deref()), since.is_none_or(|since| at >= since))
    else {
        return Ok(0);
    };
    let people = match direction {
        Direction::Inbound => addresses(&mail.summary, &["from"]),
        Direction::Outbound => addresses(&mail.summary, &["to", "cc"]),
    };
    let subject = mail.summary.get("subject").and_then(Json::as_str).unwrap_or_default();
    let between = MailBetween {
        mail_id: mail.id,
        direction,
        addresses: &people,
        rfc_message_id: mail.rfc_message_id.as_deref().unwrap_or_default(),
        subject,
        occurred_at: at,
        imported: true,
    };
    activity::note(tx, account, &between, now)
}

/// As for mail that just came, but for its age: drafts, spam, and mail without Message-ID or author are nobody's.
fn direction(mail: &HistoryMail, own: Option<&str>) -> Option<Direction> {
    let is_nobodys = mail.rfc_message_id.is_none() || mail.correspondence == Correspondence::Draft;
    let special_use = mail.special_use.as_deref();
    if is_nobodys || matches!(special_use, Some("\\Drafts" | "\\Junk")) {
        return None;
    }
    let author = mail.summary.get("from").and_then(|from| from.get("address")).and_then(Json::as_str);
    let is_own = author.zip(own).is_some_and(|(author, own)| author.eq_ignore_ascii_case(own));
    match (special_use, author) {
        (Some("\\Sent"), _) => Some(Direction::Outbound),
        _ if is_own => Some(Direction::Outbound),
        (_, Some(_)) => Some(Direction::Inbound),
        (_, None) => None,
    }
}

/// Normalised, each once.
fn addresses(summary: &Json, fields: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for field in fields.iter().filter_map(|field| summary.get(field)) {
        let people = field.as_array().map_or(std::slice::from_ref(field), Vec::as_slice);
        for person in people {
            let written = person.get("address").and_then(Json::as_str);
            if let Some(address) = written.and_then(mail::address::normalize)
                && !found.contains(&address)
            {
                found.push(address);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn history_is_sent_received_or_nobodys() {
        let base = || HistoryMail {
            id: 1,
            rfc_message_id: Some("1@x".into()),
            correspondence: Correspondence::Seen,
            summary: json!({ "from": { "address": "ann@x.test" }, "to": [{ "address": "Bo@y.test" }, { "address": "bo@y.test" }] }),
            internal_date: None,
            special_use: Some("\\Inbox".into()),
        };
        let rows = [
            (base(), Some(Direction::Inbound)),
            (HistoryMail { special_use: None, ..base() }, Some(Direction::Inbound)),
            (HistoryMail { special_use: Some("\\Sent".into()), ..base() }, Some(Direction::Outbound)),
            (HistoryMail { special_use: Some("\\Junk".into()), ..base() }, None),
            (HistoryMail { correspondence: Correspondence::Draft, ..base() }, None),
            (HistoryMail { rfc_message_id: None, ..base() }, None),
            (HistoryMail { summary: json!({}), ..base() }, None),
        ];
        for (index, (mail, wanted)) in rows.iter().enumerate() {
            assert_eq!(direction(mail, Some("bo@y.test")), *wanted, "row {index}");
        }
        // Kept elsewhere than among sent mail.
        assert_eq!(direction(&base(), Some("ANN@x.test")), Some(Direction::Outbound));
        assert_eq!(addresses(&base().summary, &["to", "cc"]), ["bo@y.test"]);
        assert_eq!(addresses(&base().summary, &["from"]), ["ann@x.test"]);
    }
}
