//! Mails on their way out of accounts: claim with a lease → send, or copy into the folder of sent mail → record. Owns when each is
//! tried and what its outcome means; no transaction is open while anybody's server is spoken to.

use std::time::Duration;

use model::event::EventType;
use model::message::DeliveryAttempt;
use model::{ChannelId, MessageId, SubmissionId, Timestamp};
use rand::RngExt as _;
use serde_json::{Value as Json, json};
use store::accounts::{self, AccountRow};
use store::submissions::{self, Stage, SubmissionError, SubmissionRow};
use store::{Dialect, Priority, Topic, Tx, linked_mails, messages};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{gateways, oauth2_tokens, sent_copies, telling};
use crate::ports::{DeliveryResult, OutboundMail, RecipientOutcome, Smarthost};
use crate::suppressions::{held_back_of_mailbox, words};
use crate::{Engine, EngineError, Result, delivery_schedule, due, raw, tokens};

/// How long a claimed one is ours: longer than any SMTP transaction may take (RFC 5321 §4.5.3.2).
const LEASE: Duration = Duration::from_secs(20 * 60);
/// Under way at once.
const UNDER_WAY_MAX: usize = 16;
/// How long work that nobody announced may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// Tries of a mail whose request does not say.
pub const ATTEMPTS: u32 = 10;
/// The delay after the first failed try; it doubles with each, as EmailEngine's does.
const DELAY_MIN: Duration = Duration::from_secs(5);
const DELAY_MAX: Duration = Duration::from_secs(4 * 60 * 60);

/// Sends and copies until it is told to stop; what is under way then is finished.
pub async fn run(engine: Engine, shutdown: CancellationToken) {
    let lease = tokens::random(16);
    if engine.db.dialect() == Dialect::Sqlite
        && let Err(error) =
            engine.db.write(Priority::Delivery, |tx| submissions::free_claimed(tx, Timestamp::now())).await
    {
        tracing::error!(%error, "mails left under way could not be freed; they are when their lease ends");
    }
    let mut news = engine.db.subscribe(Topic::Submissions);
    let mut tasks = JoinSet::new();
    while !shutdown.is_cancelled() {
        let room = UNDER_WAY_MAX.saturating_sub(tasks.len());
        let claimed = if room == 0 { Ok(Vec::new()) } else { claim(&engine, &lease, room).await };
        let failed = claimed.is_err();
        let claimed = claimed.unwrap_or_else(|error| {
            tracing::error!(%error, "mails of accounts could not be claimed; trying again");
            Vec::new()
        });
        let idle = claimed.is_empty();
        for row in claimed {
            let (engine, lease) = (engine.clone(), lease.clone());
            tasks.spawn(async move {
                let id = row.id.clone();
                if let Err(error) = serve(&engine, &lease, row).await {
                    tracing::error!(%error, %id, "a mail's way out could not be recorded; it is tried again when its lease ends");
                }
            });
        }
        if idle {
            let pause = due::pause(&engine, submissions::next_due, LOOK_AGAIN, failed).await;
            tokio::select! {
                _ = news.changed() => {}
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => {}
            }
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

async fn claim(engine: &Engine, lease: &str, room: usize) -> Result<Vec<SubmissionRow>> {
    let (lease, now) = (lease.to_owned(), Timestamp::now());
    Ok(engine
        .db
        .write(Priority::Delivery, move |tx| submissions::claim(tx, now, now.plus(LEASE), &lease, room))
        .await?)
}

async fn serve(engine: &Engine, lease: &str, row: SubmissionRow) -> Result<()> {
    let id = row.account_id.clone();
    let Some(account) = engine.db.read(move |tx| accounts::get(tx, &id)).await? else {
        return finish(engine, lease, row).await;
    };
    match row.stage {
        Stage::Send => {
            let outcomes = attempt(engine, &account, &row).await.unwrap_or_else(|error| {
                let unserved = |recipient: &String| {
                    RecipientOutcome::unspoken(recipient.clone(), DeliveryResult::Infrastructure, error.to_string())
                };
                row.pending.iter().map(unserved).collect()
            });
            record(engine, lease, &account, row, outcomes).await
        }
        Stage::Copy => match sent_copies::copy(engine, &account, &row).await {
            Ok(()) => finish(engine, lease, row).await,
            Err(error) => put_off_copy(engine, lease, &account, row, &error).await,
        },
    }
}

async fn attempt(engine: &Engine, account: &AccountRow, row: &SubmissionRow) -> Result<Vec<RecipientOutcome>> {
    // Who was put on a list since it was queued.
    let (mut outcomes, recipients) = held_back(engine, row).await?;
    if recipients.is_empty() {
        return Ok(outcomes);
    }
    outcomes.extend(send(engine, account, row, recipients).await?);
    Ok(outcomes)
}

/// Those of its recipients who are not written to any more, with why, and the others.
async fn held_back(engine: &Engine, row: &SubmissionRow) -> Result<(Vec<RecipientOutcome>, Vec<String>)> {
    let (workspace, list, pending) = (row.workspace_id.clone(), row.list_id.clone(), row.pending.clone());
    let now = Timestamp::now();
    let held = engine.db.read(move |tx| held_back_of_mailbox(tx, &workspace, list.as_deref(), &pending, now)).await?;
    let (out, left): (Vec<&String>, Vec<&String>) = row.pending.iter().partition(|to| held.contains_key(*to));
    let outcome = |to: &String| {
        let why = held.get(to).map(words).unwrap_or_default();
        RecipientOutcome::unspoken(to.clone(), DeliveryResult::Bounced, why)
    };
    Ok((out.into_iter().map(outcome).collect(), left.into_iter().cloned().collect()))
}

async fn send(
    engine: &Engine,
    account: &AccountRow,
    row: &SubmissionRow,
    recipients: Vec<String>,
) -> Result<Vec<RecipientOutcome>> {
    let smarthost = match &row.gateway {
        Some(gateway) => gateways::smarthost(engine, &row.workspace_id, gateway).await?,
        None => smarthost(engine, account, None).await?,
    };
    let raw = raw::read(engine, row.blob_id).await?;
    let mail = OutboundMail { mail_from: row.mail_from.clone(), recipients, raw, envelope_id: None };
    let outcomes = engine.ports.transport.send(&smarthost, mail.clone()).await;
    // A token that was refused is renewed once. Nobody was served where all were refused for our sake.
    let is_refused = outcomes.iter().all(|outcome| outcome.result == DeliveryResult::Infrastructure);
    if row.gateway.is_some() || account.settings.oauth2.is_none() || !is_refused {
        return Ok(outcomes);
    }
    match smarthost_again(engine, account, &smarthost).await? {
        Some(renewed) => Ok(engine.ports.transport.send(&renewed, mail).await),
        None => Ok(outcomes),
    }
}

async fn smarthost(engine: &Engine, account: &AccountRow, refused: Option<&Smarthost>) -> Result<Smarthost> {
    let missing = || EngineError::Conflict("the account has no SMTP server any more: set one".into());
    let found = oauth2_tokens::smarthost(engine, account, refused).await?;
    found.map_err(|failure| EngineError::Unavailable(failure.to_string()))?.ok_or_else(missing)
}

/// With another token than the one that was refused; `None` where there is none.
async fn smarthost_again(engine: &Engine, account: &AccountRow, refused: &Smarthost) -> Result<Option<Smarthost>> {
    match smarthost(engine, account, Some(refused)).await {
        Ok(renewed) => Ok(Some(renewed)),
        Err(EngineError::Unavailable(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn finish(engine: &Engine, lease: &str, row: SubmissionRow) -> Result<()> {
    let lease = lease.to_owned();
    engine.db.write(Priority::Delivery, move |tx| submissions::finish(tx, &row, &lease)).await?;
    Ok(())
}

/// A copy is a convenience: it is given up in silence but for the log.
async fn put_off_copy(
    engine: &Engine,
    lease: &str,
    account: &AccountRow,
    mut row: SubmissionRow,
    error: &EngineError,
) -> Result<()> {
    row.attempts += 1;
    if row.attempts >= ATTEMPTS {
        tracing::warn!(account = account.name, id = %row.id, %error, "a sent mail could not be copied into its folder; given up");
        return finish(engine, lease, row).await;
    }
    let now = Timestamp::now();
    row.last_error = Some(SubmissionError { response: error.to_string(), at: now });
    row.due_at = now.plus(delay(row.attempts));
    let lease = lease.to_owned();
    engine.db.write(Priority::Delivery, move |tx| submissions::put_off(tx, &row, &lease)).await?;
    Ok(())
}

fn delay(attempts: u32) -> Duration {
    let factor = 2_u32.checked_pow(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    delivery_schedule::spread(DELAY_MIN.saturating_mul(factor).min(DELAY_MAX), rand::rng().random_range(0.0..1.0))
}

/// What the outcomes of a try come to.
struct Judged {
    served: Vec<RecipientOutcome>,
    refused: Vec<RecipientOutcome>,
    /// To be tried again.
    left: Vec<RecipientOutcome>,
}

fn judge(outcomes: Vec<RecipientOutcome>, last_try: bool) -> Judged {
    let mut judged = Judged { served: Vec::new(), refused: Vec::new(), left: Vec::new() };
    for outcome in outcomes {
        match outcome.result {
            DeliveryResult::Delivered | DeliveryResult::Captured => judged.served.push(outcome),
            DeliveryResult::Bounced => judged.refused.push(outcome),
            DeliveryResult::Deferred | DeliveryResult::Infrastructure if last_try => judged.refused.push(outcome),
            DeliveryResult::Deferred | DeliveryResult::Infrastructure => judged.left.push(outcome),
        }
    }
    judged
}

async fn record(
    engine: &Engine,
    lease: &str,
    account: &AccountRow,
    mut row: SubmissionRow,
    outcomes: Vec<RecipientOutcome>,
) -> Result<()> {
    let now = Timestamp::now();
    row.attempts += 1;
    let through = row.gateway.clone().map(|gateway| (gateway, outcomes.clone()));
    let judged = judge(outcomes, row.attempts >= row.attempts_max);
    row.pending = judged.left.iter().map(|outcome| outcome.recipient.clone()).collect();
    row.rcpt_to.retain(|recipient| !judged.refused.iter().any(|refused| refused.recipient == *recipient));
    let somebody_got_it = row.pending.len() < row.rcpt_to.len();
    if let Some(last) = judged.left.last().or(judged.refused.last()) {
        row.last_error = Some(SubmissionError { response: last.response.clone(), at: now });
    }
    let is_done = row.pending.is_empty() && !(somebody_got_it && row.copies);
    if !row.pending.is_empty() {
        row.due_at = now.plus(delay(row.attempts));
    } else if !is_done {
        (row.stage, row.attempts, row.due_at) = (Stage::Copy, 0, now);
    }
    let (lease, account) = (lease.to_owned(), account.clone());
    let write = move |tx: &mut Tx<'_>| {
        let kept =
            if is_done { submissions::finish(tx, &row, &lease)? } else { submissions::put_off(tx, &row, &lease)? };
        if !kept {
            return Ok(());
        }
        if !judged.served.is_empty() {
            linked_mails::set_sent(tx, &row.id, now)?;
        }
        tell(tx, &account, &row, &judged, now)?;
        // Last: mails that leave at the same time wait here for each other.
        match &through {
            Some((gateway, outcomes)) => gateways::note_use(tx, &row.workspace_id, gateway, outcomes, now),
            None => Ok(()),
        }
    };
    crate::write_again_on_conflict(&engine.db, Priority::Delivery, write).await?;
    Ok(())
}

fn tell(
    tx: &mut Tx<'_>,
    account: &AccountRow,
    row: &SubmissionRow,
    judged: &Judged,
    now: Timestamp,
) -> store::Result<()> {
    let message_id = format!("<{}>", row.rfc_message_id);
    let data = |outcomes: &[RecipientOutcome], said: &str| {
        let to: Vec<&str> = outcomes.iter().map(|outcome| outcome.recipient.as_str()).collect();
        let response = outcomes.last().map(|outcome| outcome.response.clone());
        json!({ "messageId": message_id, "queueId": row.id, "envelope": { "from": row.mail_from, "to": to }, said: response })
    };
    let say = |tx: &mut Tx<'_>, event_type: EventType, data: Json| {
        telling::tell(tx, account, event_type, &json!({ "account": account.name, "data": data }), now)
    };
    if !judged.served.is_empty() {
        say(tx, EventType::MailSent, data(&judged.served, "response"))?;
    }
    if !judged.refused.is_empty() {
        say(tx, EventType::MailFailed, data(&judged.refused, "error"))?;
    }
    if !judged.left.is_empty() {
        let mut data = data(&judged.left, "error");
        let job = json!({ "attemptsMade": row.attempts, "attempts": row.attempts_max, "nextAttempt": row.due_at });
        if let Some(data) = data.as_object_mut() {
            data.insert("job".into(), job);
            if let Some(code) = judged.left.last().and_then(|outcome| reply_code(&outcome.response)) {
                data.insert("smtpResponseCode".into(), json!(code));
            }
        }
        say(tx, EventType::MailDeliveryError, data)?;
    }
    Ok(())
}

/// The reply code an answer begins with (RFC 5321 §4.2).
pub(super) fn reply_code(response: &str) -> Option<u16> {
    response.get(..3).and_then(|code| code.parse().ok()).filter(|code| (200..600).contains(code))
}

/// A channel's message was sent by its own mailbox's server: a copy of it belongs into the folder of sent mail.
pub(crate) fn copy_of(
    tx: &mut Tx<'_>,
    channel: &ChannelId,
    message: &MessageId,
    sent: &DeliveryAttempt,
) -> store::Result<()> {
    let Some(account) = accounts::of_channel(tx, channel)? else { return Ok(()) };
    if submissions::is_of_message(tx, message)? {
        return Ok(());
    }
    let Some(row) = messages::get(tx, &account.workspace_id, message)? else { return Ok(()) };
    // Whoever reads the mailbox would read it there.
    if row.flags.confidential {
        return Ok(());
    }
    let (Some(blob_id), Some(rfc_message_id)) = (row.blob_id, row.rfc_message_id) else { return Ok(()) };
    let copy = SubmissionRow {
        id: SubmissionId::generate(),
        workspace_id: account.workspace_id,
        account_id: account.id,
        stage: Stage::Copy,
        rfc_message_id,
        subject: row.subject,
        mail_from: row.envelope.mail_from,
        rcpt_to: Vec::new(),
        pending: Vec::new(),
        blob_id,
        message_id: Some(message.clone()),
        copies: true,
        sent_path: None,
        reference: None,
        attempts: 0,
        attempts_max: ATTEMPTS,
        last_error: None,
        due_at: sent.at,
        scheduled_at: sent.at,
        created_at: sent.at,
        claimed: false,
        list_id: None,
        gateway: None,
    };
    submissions::insert(tx, &copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(recipient: &str, result: DeliveryResult) -> RecipientOutcome {
        RecipientOutcome::unspoken(recipient.into(), result, "x".into())
    }

    #[test]
    fn what_can_be_tried_again_is_until_the_last_try() {
        let outcomes = || {
            vec![
                outcome("a", DeliveryResult::Delivered),
                outcome("b", DeliveryResult::Bounced),
                outcome("c", DeliveryResult::Deferred),
                outcome("d", DeliveryResult::Infrastructure),
            ]
        };
        let counts = |judged: &Judged| (judged.served.len(), judged.refused.len(), judged.left.len());
        assert_eq!(counts(&judge(outcomes(), false)), (1, 1, 2));
        assert_eq!(counts(&judge(outcomes(), true)), (1, 3, 0));
    }

    #[test]
    fn answers_begin_with_a_reply_code_or_have_none() {
        assert_eq!(reply_code("451 4.3.0 later"), Some(451));
        assert_eq!(reply_code("no answer"), None);
        assert_eq!(reply_code("99"), None);
    }
}
