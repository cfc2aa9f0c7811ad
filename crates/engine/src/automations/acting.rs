//! What matched is done: made ready outside of any transaction, then written in one, with its log entry. Whoever calls moves the cursor
//! in the same transaction, so that what was done is never done again, and never forgotten.

use std::time::Duration;

use mail::Mailbox;
use model::automation::{Automation, AutomationAction, AutomationRun, AutomationStep, AutomationTrigger, StepOutcome};
use model::conversation::Conversation;
use model::event::EventType;
use model::key::{Actor, Principal, Scope};
use model::limits::{AUTOMATION_REPLIES_HOURLY_MAX, AUTOMATION_REPLY_HOURS};
use model::{
    ApiKeyId, AutomationId, AutomationRunId, ConversationId, EventId, MessageId, Timestamp, WebhookEndpointId,
    WorkspaceId,
};
use serde_json::{Map, Value as Json, json};
use store::conversations::ConversationRow;
use store::events::NewEvent;
use store::{
    Tx, automation_runs, automations, conversation_lists, conversations, events, users, webhook_endpoints,
    webhook_queue,
};

use super::facts::Case;
use super::{changing, checking, deciding, loop_safety};
use crate::conversations::{add_automatic_note, give_to_team, keep_change};
use crate::sending::{self, Automatic, Ready, ReplyRequest};
use crate::templates::{TemplateReference, TemplateUse};
use crate::{Engine, EngineError, Result, surveys};

/// What set automations off.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    /// Of one cause an automation runs once.
    pub name: String,
    pub trigger: AutomationTrigger,
    pub event_id: Option<EventId>,
    /// The automations that led to it.
    pub chain: Vec<AutomationId>,
}

/// What is to be done about one case.
pub(super) struct Prepared {
    workspace_id: WorkspaceId,
    conversation_id: ConversationId,
    message_id: Option<MessageId>,
    subject: String,
    from: String,
    /// Whom automatic answers are counted for.
    recipient: String,
    /// Why nobody is asked for a rating; where it was looked into.
    not_asked: Option<&'static str>,
    cause: Cause,
    automations: Vec<ToRun>,
}

struct ToRun {
    automation: Automation,
    answer: Option<Answer>,
}

/// What became of composing an answer.
enum Answer {
    Ready(Box<Ready>),
    Not(StepOutcome, String),
}

/// Makes everything ready that takes more than the database.
///
/// # Errors
/// What the store says. What is wrong with an answer is no error: it is said in the log.
pub(super) async fn prepare(engine: &Engine, case: &Case, cause: Cause, matched: Vec<Automation>) -> Result<Prepared> {
    let recipient = counted_for(case);
    let mut automations = Vec::with_capacity(matched.len());
    let mut answered_by: Option<String> = None;
    for automation in matched {
        let reply = deciding::to_do(&automation.actions).iter().find_map(|action| match action {
            AutomationAction::Reply { text, template_id } => Some((text.clone(), template_id.clone())),
            _ => None,
        });
        let answer = match (reply, &answered_by) {
            (None, _) => None,
            (Some(_), Some(name)) => Some(Answer::Not(StepOutcome::Skipped, format!("“{name}” answered this mail"))),
            (Some((text, template)), None) => {
                let template = template.map(TemplateReference::Id);
                Some(answer(engine, case, &automation, &recipient, text, template).await?)
            }
        };
        if matches!(answer, Some(Answer::Ready(_))) {
            answered_by = Some(automation.name.clone());
        }
        automations.push(ToRun { automation, answer });
    }
    Ok(Prepared {
        workspace_id: case.row.workspace_id.clone(),
        conversation_id: case.row.public.id.clone(),
        message_id: case.message.as_ref().map(|message| message.id.clone()),
        subject: case.row.public.subject.clone(),
        from: case.facts.mail.from.clone(),
        recipient,
        not_asked: case.not_asked(),
        cause,
        automations,
    })
}

/// A contact has several addresses: it is one correspondent.
pub(super) fn counted_for(case: &Case) -> String {
    let contact = case.message.as_ref().and_then(|message| message.contact_id.as_ref());
    match contact {
        Some(id) => id.to_string(),
        None => mail::address::mailbox(&case.facts.mail.from.to_lowercase()).into_owned(),
    }
}

/// Why somebody is not answered again yet.
pub(super) fn too_soon(
    tx: &mut Tx<'_>,
    automation: &AutomationId,
    recipient: &str,
    now: Timestamp,
) -> store::Result<Option<String>> {
    let hours = |hours: u64| now.minus(Duration::from_secs(hours * 60 * 60));
    if automation_runs::last_reply(tx, automation, recipient)?.is_some_and(|at| at > hours(AUTOMATION_REPLY_HOURS)) {
        let detail = format!("it answered them within the last {AUTOMATION_REPLY_HOURS} hours");
        return Ok(Some(detail));
    }
    if automation_runs::replies_since(tx, automation, hours(1))? >= AUTOMATION_REPLIES_HOURLY_MAX {
        let detail =
            format!("it answered {AUTOMATION_REPLIES_HOURLY_MAX} people within the last hour, which is the most");
        return Ok(Some(detail));
    }
    Ok(None)
}

async fn answer(
    engine: &Engine,
    case: &Case,
    automation: &Automation,
    recipient: &str,
    text: Option<String>,
    template: Option<TemplateReference>,
) -> Result<Answer> {
    let skipped = |detail: &str| Ok(Answer::Not(StepOutcome::Skipped, detail.to_owned()));
    if let Some(why) = case.not_answered {
        return skipped(why);
    }
    let Some(message) = &case.message else { return skipped("nobody wrote to us in this conversation") };
    let (id, whom, now) = (automation.id.clone(), recipient.to_owned(), Timestamp::now());
    if let Some(why) = engine.db.read(move |tx| too_soon(tx, &id, &whom, now)).await? {
        return skipped(&why);
    }
    let in_reply_to = message.rfc_message_id.clone().filter(|id| mail::compose::clean_message_id(id).is_ok());
    let said = Map::from_iter([("automationId".to_owned(), json!(automation.id))]);
    let request = ReplyRequest {
        text,
        to: Some(vec![Mailbox { name: message.from_name.clone(), address: message.from_address.clone() }]),
        template: template.map(|reference| TemplateUse { reference, version: None, variables: variables(case) }),
        automatic: Some(Automatic { in_reply_to, headers: loop_safety::headers(), said, confidential: false }),
        ..ReplyRequest::default()
    };
    let principal = principal(&case.row.workspace_id);
    match sending::prepare_reply(engine, &principal, &case.row.public.id, request).await {
        Ok(ready) => Ok(Answer::Ready(Box::new(ready))),
        Err(error @ (EngineError::Store(_) | EngineError::Unavailable(_))) => Err(error),
        Err(error) => Ok(Answer::Not(StepOutcome::Failed, in_words(&error))),
    }
}

fn in_words(error: &EngineError) -> String {
    match error {
        EngineError::Invalid(fields) => {
            let told: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.pointer, field.detail)).collect();
            told.join("; ")
        }
        EngineError::Internal(detail) => {
            tracing::error!(detail, "an automatic answer could not be made");
            "an error of Postroom's own; its log says more".to_owned()
        }
        other => other.to_string(),
    }
}

/// What a template is filled in with.
fn variables(case: &Case) -> Map<String, Json> {
    let mail = &case.facts.mail;
    let name = case.message.as_ref().and_then(|message| message.from_name.clone()).unwrap_or_default();
    let contact = json!({ "name": name, "address": mail.from, "attributes": case.facts.attributes });
    let conversation = json!({ "id": case.row.public.id, "subject": case.row.public.subject });
    Map::from_iter([
        ("contact".to_owned(), contact),
        ("conversation".to_owned(), conversation),
        ("message".to_owned(), json!({ "subject": mail.subject })),
    ])
}

/// In whose name machines of ours act: the workspace's own.
pub(crate) fn principal(workspace: &WorkspaceId) -> Principal {
    let actor = Actor::Key(ApiKeyId::from_stored("key_of_the_automations".to_owned()));
    Principal { workspace_id: workspace.clone(), actor, scopes: vec![Scope::Admin], channel_id: None }
}

/// Does it, and writes the log.
///
/// # Errors
/// What the database says.
pub(super) fn act(tx: &mut Tx<'_>, prepared: &Prepared, now: Timestamp) -> store::Result<()> {
    conversation_lists::lock(tx, &prepared.conversation_id)?;
    for to_run in &prepared.automations {
        if automation_runs::ran(tx, &to_run.automation.id, &prepared.cause.name)? {
            continue;
        }
        let Some(row) = conversations::get(tx, &prepared.workspace_id, &prepared.conversation_id)? else {
            return Ok(());
        };
        let mut acting = Acting { tx, prepared, to_run, before: row.clone(), after: row, now };
        let mut steps = Vec::with_capacity(to_run.automation.actions.len());
        for action in deciding::to_do(&to_run.automation.actions) {
            let (outcome, detail) = acting.do_one(action)?;
            steps.push(AutomationStep { action: action.name().to_owned(), outcome, detail });
        }
        acting.flush()?;
        let run = AutomationRun {
            id: AutomationRunId::generate(),
            automation_id: to_run.automation.id.clone(),
            trigger: prepared.cause.trigger,
            event_id: prepared.cause.event_id.clone(),
            conversation_id: prepared.conversation_id.clone(),
            message_id: prepared.message_id.clone(),
            subject: prepared.subject.clone(),
            from: prepared.from.clone(),
            failed: steps.iter().any(|step| step.outcome == StepOutcome::Failed),
            steps,
            created_at: now,
        };
        automation_runs::insert(tx, &prepared.workspace_id, &prepared.cause.name, &run)?;
    }
    Ok(())
}

/// One automation at work on one conversation.
struct Acting<'a, 'tx, 'c> {
    tx: &'a mut Tx<'c>,
    prepared: &'tx Prepared,
    to_run: &'tx ToRun,
    /// As it is in the database.
    before: ConversationRow,
    after: ConversationRow,
    now: Timestamp,
}

impl Acting<'_, '_, '_> {
    fn do_one(&mut self, action: &AutomationAction) -> store::Result<(StepOutcome, String)> {
        let workspace = &self.prepared.workspace_id;
        if let Some(step) = judge(self.tx, workspace, action, &mut self.after.public, self.now)? {
            return Ok(step);
        }
        match action {
            AutomationAction::Note { text } => {
                self.flush()?;
                let name = &self.to_run.automation.name;
                self.before = add_automatic_note(self.tx, &self.before, name, text, self.now)?;
                self.after = self.before.clone();
                Ok((StepOutcome::Done, String::new()))
            }
            AutomationAction::Reply { .. } => self.reply(),
            AutomationAction::AskForRating {} => {
                // Being resolved asks in a while: now comes after it.
                self.flush()?;
                self.ask_for_rating()
            }
            AutomationAction::Webhook { endpoint_id } => {
                self.flush()?;
                self.post(endpoint_id)?;
                Ok((StepOutcome::Done, String::new()))
            }
            _ => Ok((StepOutcome::Done, String::new())),
        }
    }

    fn reply(&mut self) -> store::Result<(StepOutcome, String)> {
        let ready = match &self.to_run.answer {
            Some(Answer::Ready(ready)) => ready,
            Some(Answer::Not(outcome, detail)) => return Ok((*outcome, detail.clone())),
            None => return Ok((StepOutcome::Skipped, String::new())),
        };
        let (automation, recipient) = (&self.to_run.automation.id, &self.prepared.recipient);
        if let Some(why) = too_soon(self.tx, automation, recipient, self.now)? {
            return Ok((StepOutcome::Skipped, why));
        }
        self.flush()?;
        sending::write_each(self.tx, [&**ready])?;
        automation_runs::note_reply(self.tx, automation, recipient, self.now)?;
        let row = conversations::get(self.tx, &self.prepared.workspace_id, &self.prepared.conversation_id)?;
        if let Some(row) = row {
            (self.before, self.after) = (row.clone(), row);
        }
        Ok((StepOutcome::Done, format!("to {}", self.prepared.from)))
    }

    /// The survey's mail is made and sent by `surveys`, once this is written.
    fn ask_for_rating(&mut self) -> store::Result<(StepOutcome, String)> {
        let why = match self.prepared.not_asked {
            Some(why) => Some(why),
            None => surveys::ask_now(self.tx, &self.before, &self.to_run.automation.id, self.now)?,
        };
        Ok(match why {
            Some(why) => (StepOutcome::Skipped, why.to_owned()),
            None => (StepOutcome::Done, format!("of {}", self.prepared.from)),
        })
    }

    /// An event for one endpoint alone.
    fn post(&mut self, endpoint: &WebhookEndpointId) -> store::Result<()> {
        let automation = &self.to_run.automation;
        let data = json!({
            "automationId": automation.id,
            "automationName": automation.name,
            "trigger": self.prepared.cause.trigger,
            "messageId": self.prepared.message_id,
            "conversation": self.after.public,
        });
        let event = NewEvent {
            workspace_id: &self.prepared.workspace_id,
            channel_id: self.after.public.channel_id.as_ref(),
            event_type: EventType::AutomationMatched,
            subject_id: automation.id.as_str(),
            data: &data,
            at: self.now,
        };
        let id = events::append(self.tx, &event)?;
        let workspace = &self.prepared.workspace_id;
        webhook_queue::add(self.tx, workspace, endpoint, &id, EventType::AutomationMatched, self.now)
    }

    /// Writes what is different by now, with its events.
    fn flush(&mut self) -> store::Result<()> {
        if self.after == self.before {
            return Ok(());
        }
        // A team that it comes to assigns it as it does any other.
        give_to_team(self.tx, &self.before, &mut self.after)?;
        let told = keep_change(self.tx, &self.before, &self.after, self.now)?;
        let mut chain = self.prepared.cause.chain.clone();
        chain.push(self.to_run.automation.id.clone());
        for (event_type, event) in told {
            if AutomationTrigger::parse(event_type.as_str()).is_some() {
                automations::mark(self.tx, &event, &chain, self.now)?;
            }
        }
        self.before = self.after.clone();
        Ok(())
    }
}

/// Changes the conversation as an action says, and tells of it; or why it can't be done. `None`: it is no change of the conversation, and
/// what it names is there.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    action: &AutomationAction,
    conversation: &mut Conversation,
    now: Timestamp,
) -> store::Result<Option<(StepOutcome, String)>> {
    if let Some((_, why)) = checking::missing_of_action(tx, workspace, action)? {
        return Ok(Some((StepOutcome::Failed, why.to_owned())));
    }
    if let AutomationAction::Webhook { endpoint_id } = action {
        let endpoint = webhook_endpoints::get(tx, workspace, endpoint_id)?;
        let off = endpoint.is_some_and(|endpoint| !endpoint.public.enabled);
        return Ok(off.then(|| (StepOutcome::Failed, "this webhook is disabled".to_owned())));
    }
    let Some((outcome, mut detail)) = changing::change(action, conversation, now) else { return Ok(None) };
    if let (AutomationAction::AssignUser { user_id }, StepOutcome::Done) = (action, outcome) {
        let user = users::get(tx, workspace, user_id)?.map(|row| row.public);
        detail = user.map(|user| user.name.unwrap_or(user.email)).unwrap_or_default();
    }
    Ok(Some((outcome, detail)))
}
