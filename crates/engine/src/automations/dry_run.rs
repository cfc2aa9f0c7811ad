//! What an automation would have done with the newest mail. Looks only: nothing is changed, nothing is sent, nothing is noted.

use model::automation::{
    Automation, AutomationAction, AutomationStep, AutomationTest, AutomationTestMatch, AutomationTrigger, Conditions,
    StepOutcome,
};
use model::key::{Principal, Scope};
use model::limits::{AUTOMATION_TEST_MESSAGES_MAX, AUTOMATION_TEST_SHOWN_MAX};
use model::message::Direction;
use model::{AutomationId, Timestamp};
use store::message_lists::{self, MessageFilter, MessageSlice};
use store::messages::MessageRow;
use store::{Tx, conversations};

use super::acting::{self, judge};
use super::facts::{self, Case, Wanted};
use super::matching::{Patterns, Rule};
use super::{checking, deciding, get, may_read};
use crate::{Engine, EngineError, Result, access_check, surveys};

/// Mails read from the database at once.
const AT_ONCE: usize = 50;
const TAKE_USUAL: usize = 100;

/// An automation to try, kept or not.
#[derive(Debug, Clone)]
pub struct DryRun {
    pub trigger: AutomationTrigger,
    pub idle_minutes: Option<u32>,
    pub conditions: Conditions,
    pub actions: Vec<AutomationAction>,
    /// Mails looked at; 100 where it is not said.
    pub take: Option<usize>,
}

/// Tries an automation that is kept.
///
/// # Errors
/// It is not there; as [`test`].
pub async fn test_kept(
    engine: &Engine,
    principal: &Principal,
    id: &AutomationId,
    take: Option<usize>,
) -> Result<AutomationTest> {
    let automation = get(engine, principal, id).await?;
    run(engine, principal, automation, take).await
}

/// Tries one that is not kept.
///
/// # Errors
/// Fields that are wrong; a scope is missing (`automations:read`, `messages:read`).
pub async fn test(engine: &Engine, principal: &Principal, asked: DryRun) -> Result<AutomationTest> {
    let now = Timestamp::now();
    let mut automation = Automation {
        id: AutomationId::generate(),
        name: String::new(),
        enabled: false,
        position: 0,
        trigger: asked.trigger,
        idle_minutes: asked.idle_minutes,
        conditions: asked.conditions,
        actions: asked.actions,
        stop_after: false,
        created_at: now,
        updated_at: now,
    };
    let mut errors = Vec::new();
    checking::what_it_does(&mut automation, &mut errors);
    if !errors.is_empty() {
        return Err(EngineError::Invalid(errors));
    }
    run(engine, principal, automation, asked.take).await
}

async fn run(
    engine: &Engine,
    principal: &Principal,
    automation: Automation,
    take: Option<usize>,
) -> Result<AutomationTest> {
    may_read(principal)?;
    access_check::scope(principal, Scope::MessagesRead)?;
    let take = take.unwrap_or(TAKE_USUAL);
    if !(1..=AUTOMATION_TEST_MESSAGES_MAX).contains(&take) {
        let detail = format!("1 to {AUTOMATION_TEST_MESSAGES_MAX} mails");
        return Err(EngineError::invalid("/take", detail));
    }
    let rule = Rule::of(&automation, &mut Patterns::default());
    let wanted = Wanted { body: rule.needs_body, answers: rule.answers };
    let mut found = AutomationTest { looked_at: 0, matched: 0, matches: Vec::new() };
    for row in newest(engine, principal, automation.trigger, take).await? {
        found.looked_at += 1;
        let Some(mut case) = case_of(engine, row).await? else { continue };
        let shown = found.matches.len() < AUTOMATION_TEST_SHOWN_MAX;
        // Whether it would be answered is asked only of what is shown.
        facts::look_into(engine, &mut case, Wanted { body: wanted.body, answers: false }).await?;
        if !rule.matches(&case.facts) {
            continue;
        }
        found.matched += 1;
        if shown {
            if wanted.answers {
                facts::look_into(engine, &mut case, Wanted { body: false, answers: true }).await?;
            }
            found.matches.push(shown_match(engine, &automation, case).await?);
        }
    }
    Ok(found)
}

/// The newest mails; where the automation is about conversations, one of each.
async fn newest(
    engine: &Engine,
    principal: &Principal,
    trigger: AutomationTrigger,
    take: usize,
) -> Result<Vec<MessageRow>> {
    let mut filter = MessageFilter::all(principal.workspace_id.clone());
    filter.direction = Some(Direction::Inbound);
    let of_mails = trigger == AutomationTrigger::MessageReceived;
    let mut found: Vec<MessageRow> = Vec::new();
    let (mut after, mut looked_at) = (None, 0);
    while found.len() < take && looked_at < AUTOMATION_TEST_MESSAGES_MAX {
        let (filter, slice) = (filter.clone(), MessageSlice { after, ascending: false, take: AT_ONCE });
        let page = engine.db.read(move |tx| message_lists::page(tx, &filter, &slice)).await?;
        let is_end = page.len() < AT_ONCE;
        looked_at += page.len();
        after = page.last().map(|(key, _)| key.clone());
        for (_, row) in page {
            let known = !of_mails && found.iter().any(|other| other.conversation_id == row.conversation_id);
            if !known && found.len() < take {
                found.push(row);
            }
        }
        if is_end {
            break;
        }
    }
    Ok(found)
}

async fn case_of(engine: &Engine, message: MessageRow) -> Result<Option<Case>> {
    let at = message.created_at;
    let read = move |tx: &mut Tx<'_>| {
        let Some(row) = conversations::get(tx, &message.workspace_id, &message.conversation_id)? else {
            return Ok(None);
        };
        facts::of_rows(tx, row, Some(message.clone()), at).map(Some)
    };
    Ok(engine.db.read(read).await?)
}

async fn shown_match(engine: &Engine, automation: &Automation, case: Case) -> Result<AutomationTestMatch> {
    let automation = automation.clone();
    let read = move |tx: &mut Tx<'_>| {
        let (now, mut conversation) = (Timestamp::now(), case.row.public.clone());
        let mut steps = Vec::new();
        for action in deciding::to_do(&automation.actions) {
            let judged = judge(tx, &case.row.workspace_id, action, &mut conversation, now)?;
            let (outcome, detail) = match (judged, action) {
                (Some(judged), _) => judged,
                (None, AutomationAction::Reply { .. }) => answered(tx, &automation, &case, now)?,
                (None, AutomationAction::AskForRating {}) => asked(tx, &case, now)?,
                (None, _) => (StepOutcome::Done, String::new()),
            };
            steps.push(AutomationStep { action: action.name().to_owned(), outcome, detail });
        }
        Ok(AutomationTestMatch {
            conversation_id: case.row.public.id.clone(),
            message_id: case.message.as_ref().map(|message| message.id.clone()),
            subject: case.facts.mail.subject.clone(),
            from: case.facts.mail.from.clone(),
            at: case.message.as_ref().map_or(case.row.public.created_at, |message| message.created_at),
            steps,
        })
    };
    Ok(engine.db.read(read).await?)
}

fn answered(
    tx: &mut Tx<'_>,
    automation: &Automation,
    case: &Case,
    now: Timestamp,
) -> store::Result<(StepOutcome, String)> {
    if let Some(why) = case.not_answered {
        return Ok((StepOutcome::Skipped, why.to_owned()));
    }
    let soon = acting::too_soon(tx, &automation.id, &acting::counted_for(case), now)?;
    Ok(match soon {
        Some(why) => (StepOutcome::Skipped, why),
        None => (StepOutcome::Done, format!("to {}", case.facts.mail.from)),
    })
}

fn asked(tx: &mut Tx<'_>, case: &Case, now: Timestamp) -> store::Result<(StepOutcome, String)> {
    let why = match case.not_asked() {
        Some(why) => Some(why),
        None => surveys::why_not_now(tx, &case.row, now)?,
    };
    Ok(match why {
        Some(why) => (StepOutcome::Skipped, why.to_owned()),
        None => (StepOutcome::Done, format!("of {}", case.facts.mail.from)),
    })
}
