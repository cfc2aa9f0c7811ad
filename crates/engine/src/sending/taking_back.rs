//! Messages that were accepted and are to go another way: cancelled before they leave, or tried once more. Never composes one.

use model::key::{Principal, Scope};
use model::message::{Direction, MessageStatus};
use model::{MessageId, Timestamp};
use store::{Priority, deliveries, messages};

use crate::{Engine, EngineError, Result, once};

/// Cancels a scheduled message, or one whose deliveries have not begun.
///
/// # Errors
/// It is not there, or too late (409).
pub async fn cancel(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<()> {
    use MessageStatus::{Cancelled, Queued, Scheduled};
    let changed = move_deliveries(engine, principal, id, &[Scheduled, Queued], Cancelled, false).await?;
    if changed == 0 {
        return Err(EngineError::Conflict(
            "the message is not waiting any more: it was sent, is being sent, or was cancelled before".into(),
        ));
    }
    Ok(())
}

/// Tries the deliveries that failed, or wait for another try, once more, now.
///
/// # Errors
/// It is not there, or has no delivery to retry (409).
pub async fn retry(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<()> {
    use MessageStatus::{Bounced, Deferred, Failed, Queued, Suppressed};
    // A suppression that was taken away meanwhile no longer holds it back; one that is there does so again.
    let changed =
        move_deliveries(engine, principal, id, &[Failed, Bounced, Deferred, Suppressed], Queued, true).await?;
    if changed == 0 {
        return Err(EngineError::Conflict("no delivery of this message failed or waits for another try".into()));
    }
    Ok(())
}

async fn move_deliveries(
    engine: &Engine,
    principal: &Principal,
    id: &MessageId,
    from: &'static [MessageStatus],
    to: MessageStatus,
    now: bool,
) -> Result<u64> {
    if !principal.may(Scope::MessagesSend) {
        return Err(EngineError::Forbidden(format!("this needs the scope {}", Scope::MessagesSend.as_str())));
    }
    let (workspace, id, bound) = (principal.workspace_id.clone(), id.clone(), principal.clone());
    let once = once::asked();
    let changed = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let Some(message) =
            messages::get(tx, &workspace, &id)?.filter(|message| bound.sees(message.channel_id.as_ref()))
        else {
            return Ok(None);
        };
        if message.direction != Direction::Outbound {
            return Ok(Some(0));
        }
        if once.noted(tx)?.is_some() {
            return Ok(Some(1));
        }
        let at = Timestamp::now();
        let changed = deliveries::move_all(tx, &id, from, to, now.then_some(at), at)?;
        if changed > 0 {
            once.note_last(tx, id.as_str())?;
            if to == MessageStatus::Cancelled {
                crate::broadcasts::note_cancelled(tx, &id)?;
            }
            crate::delivering::refresh_status(tx, &workspace, &id)?;
        }
        Ok(Some(changed))
    })
    .await?;
    changed.ok_or(EngineError::NotFound { what: "the message" })
}
