//! Mail that waits for an answer, and the automations that ask how long. A mail is put down when it arrives; when its time has come it is
//! looked whether somebody answered. What was done is written in the transaction that takes it off.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::automation::AutomationTrigger;
use model::conversation::ConversationStatus;
use store::automation_idle::{self, Waiting};
use store::automations::AutomationRow;
use store::messages::MessageRow;
use store::{Priority, Tx};

use super::acting::{self, Cause};
use super::facts;
use super::following::{Live, matching, wanted};
use crate::{Engine, Result};

/// Due at once, at most.
pub(super) const AT_ONCE: usize = 50;

/// Whether a person wrote it to us.
pub(super) fn asks_for_an_answer(row: &MessageRow) -> bool {
    !row.flags.auto_reply && row.kind == mail::classify::MailKind::Message.as_str()
}

/// A mail that begins to wait.
pub(super) fn of(automation: &AutomationRow, row: &MessageRow, since: Timestamp) -> Option<Waiting> {
    let minutes = automation.public.idle_minutes?;
    Some(Waiting {
        automation_id: automation.public.id.clone(),
        conversation_id: row.conversation_id.clone(),
        workspace_id: row.workspace_id.clone(),
        message_id: row.id.clone(),
        message_seq: row.seq,
        since,
        due_at: since.plus(Duration::from_secs(u64::from(minutes) * 60)),
    })
}

/// Puts it down, unless an earlier mail of the conversation waits for an answer already.
pub(super) fn begin(tx: &mut Tx<'_>, waiting: &Waiting) -> store::Result<()> {
    let earlier = automation_idle::get(tx, &waiting.automation_id, &waiting.conversation_id)?;
    if let Some(earlier) = earlier
        && !automation_idle::was_answered(tx, &earlier.conversation_id, earlier.message_seq)?
    {
        return Ok(());
    }
    automation_idle::put(tx, waiting)
}

/// Runs what has waited long enough; what no automation asks for any more is taken off. Whether there may be more.
pub(super) async fn run_due(engine: &Engine, live: &[Live], due: Vec<Waiting>) -> Result<bool> {
    let more = due.len() == AT_ONCE;
    for waiting in due {
        run_one(engine, live, waiting).await?;
    }
    Ok(more)
}

async fn run_one(engine: &Engine, live: &[Live], waiting: Waiting) -> Result<()> {
    let of_it = |each: &&Live| {
        each.row.public.id == waiting.automation_id && each.row.public.trigger == AutomationTrigger::ConversationIdle
    };
    let candidates: Vec<&Live> = live.iter().filter(of_it).collect();
    let (workspace, conversation, message) = (&waiting.workspace_id, &waiting.conversation_id, &waiting.message_id);
    let case = match candidates.is_empty() {
        true => None,
        false => {
            facts::load(engine, workspace, conversation, Some(message), waiting.due_at, wanted(&candidates)).await?
        }
    };
    let mut prepared = None;
    if let Some(mut case) = case.filter(|case| case.row.public.status == ConversationStatus::Open) {
        let matched = matching(&candidates, &mut case);
        if !matched.is_empty() {
            let cause = Cause {
                name: format!("{}/{}", waiting.conversation_id, waiting.message_id),
                trigger: AutomationTrigger::ConversationIdle,
                event_id: None,
                chain: Vec::new(),
            };
            prepared = Some(acting::prepare(engine, &case, cause, matched).await?);
        }
    }
    let prepared = Arc::new(prepared);
    let write = move |tx: &mut Tx<'_>| {
        // Another node may have been here first; and somebody may have answered.
        if !automation_idle::take(tx, &waiting)?
            || automation_idle::was_answered(tx, &waiting.conversation_id, waiting.message_seq)?
        {
            return Ok(());
        }
        prepared.as_ref().as_ref().map_or(Ok(()), |prepared| acting::act(tx, prepared, Timestamp::now()))
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Delivery, write).await?)
}
