//! Whether an automation's conditions hold. Pure: what they are held against comes in as values.
//!
//! Regular expressions are compiled by `regex`, whose time is linear in the text whatever the pattern, and whose compiled size is
//! limited: a pattern that somebody made can cost no more than that.

use std::collections::HashMap;

use model::automation::{
    Automation, AutomationAction, Condition, ConditionField, ConditionMatch, ConditionOperator, Conditions,
};
use model::conversation::Conversation;
use model::limits::AUTOMATION_PATTERN_BYTES_MAX;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value as Json};

/// How deep groups of a pattern may be within each other.
const PATTERN_DEPTH_MAX: u32 = 50;
/// Compiled patterns remembered.
const PATTERNS_MAX: usize = 1_000;

/// What is known of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MailFacts {
    pub from: String,
    /// Of its head and its envelope.
    pub recipients: Vec<String>,
    pub subject: String,
    /// Empty where no condition asks for it.
    pub body: String,
    pub has_attachment: bool,
    pub auto_reply: bool,
}

/// What conditions look at.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub mail: MailFacts,
    pub conversation: Conversation,
    /// The contact's.
    pub attributes: Map<String, Json>,
    pub within_hours: bool,
}

/// Why a pattern is none.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(AUTOMATION_PATTERN_BYTES_MAX)
        .dfa_size_limit(AUTOMATION_PATTERN_BYTES_MAX)
        .nest_limit(PATTERN_DEPTH_MAX)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "this regular expression is too large once it is compiled".to_owned(),
            // Its last line says what is wrong; those before it draw where.
            error => {
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                format!("not a regular expression: {last}")
            }
        })
}

/// Patterns that were compiled before.
#[derive(Debug, Default)]
pub(crate) struct Patterns(HashMap<String, Option<Regex>>);

impl Patterns {
    fn get(&mut self, pattern: &str) -> Option<Regex> {
        if let Some(known) = self.0.get(pattern) {
            return known.clone();
        }
        if self.0.len() >= PATTERNS_MAX {
            self.0.clear();
        }
        let compiled = compile(pattern).ok();
        self.0.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

/// Conditions that are ready to be asked.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    match_: ConditionMatch,
    tests: Vec<Test>,
    pub needs_body: bool,
    pub answers: bool,
}

#[derive(Debug, Clone)]
struct Test {
    field: ConditionField,
    attribute: String,
    operator: ConditionOperator,
    /// In lower case.
    value: String,
    /// `None` where the pattern is none: it matches nothing.
    pattern: Option<Regex>,
}

impl Rule {
    pub fn of(automation: &Automation, patterns: &mut Patterns) -> Self {
        Self::new(&automation.conditions, &automation.actions, patterns)
    }

    pub fn new(conditions: &Conditions, actions: &[AutomationAction], patterns: &mut Patterns) -> Self {
        let tests: Vec<Test> = conditions.items.iter().map(|condition| Test::new(condition, patterns)).collect();
        Self {
            match_: conditions.match_,
            needs_body: tests.iter().any(|test| test.field == ConditionField::Body),
            answers: actions
                .iter()
                .any(|action| matches!(action, AutomationAction::Reply { .. } | AutomationAction::AskForRating {})),
            tests,
        }
    }

    pub fn matches(&self, facts: &Facts) -> bool {
        match self.match_ {
            ConditionMatch::All => self.tests.iter().all(|test| test.holds(facts)),
            ConditionMatch::Any => self.tests.is_empty() || self.tests.iter().any(|test| test.holds(facts)),
        }
    }
}

impl Test {
    fn new(condition: &Condition, patterns: &mut Patterns) -> Self {
        let pattern = condition.operator == ConditionOperator::Matches;
        Self {
            field: condition.field,
            attribute: condition.attribute.clone().unwrap_or_default(),
            operator: condition.operator,
            value: condition.value.trim().to_lowercase(),
            pattern: pattern.then(|| patterns.get(&condition.value)).flatten(),
        }
    }

    /// Of a field with several values one has to fit; for what must not be, none may.
    fn holds(&self, facts: &Facts) -> bool {
        use ConditionOperator::{Contains, EndsWith, Is, IsNot, Matches, NotContains, StartsWith};
        let any = |fits: &dyn Fn(&str) -> bool| values(self, facts).iter().any(|value| fits(value));
        let wanted = self.value.as_str();
        match self.operator {
            Is => any(&|value| value.to_lowercase() == wanted),
            IsNot => !any(&|value| value.to_lowercase() == wanted),
            Contains => any(&|value| value.to_lowercase().contains(wanted)),
            NotContains => !any(&|value| value.to_lowercase().contains(wanted)),
            StartsWith => any(&|value| value.to_lowercase().starts_with(wanted)),
            EndsWith => any(&|value| value.to_lowercase().ends_with(wanted)),
            Matches => self.pattern.as_ref().is_some_and(|pattern| any(&|value| pattern.is_match(value))),
        }
    }
}

/// The values a field has. One that is missing is an empty text, so that it is not what is asked for, and contains nothing.
fn values(test: &Test, facts: &Facts) -> Vec<String> {
    let (mail, conversation) = (&facts.mail, &facts.conversation);
    let flag = |is: bool| vec![if is { "true" } else { "false" }.to_owned()];
    match test.field {
        ConditionField::From => vec![mail.from.clone()],
        ConditionField::FromDomain => {
            vec![mail.from.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default()]
        }
        ConditionField::To => mail.recipients.clone(),
        ConditionField::Subject => vec![mail.subject.trim().to_owned()],
        ConditionField::Body => vec![mail.body.clone()],
        ConditionField::ChannelId => {
            vec![conversation.channel_id.as_ref().map(ToString::to_string).unwrap_or_default()]
        }
        ConditionField::Label => conversation.labels.clone(),
        ConditionField::HasAttachment => flag(mail.has_attachment),
        ConditionField::AutoReply => flag(mail.auto_reply),
        ConditionField::Status => vec![conversation.status.as_str().to_owned()],
        ConditionField::Priority => vec![conversation.priority.as_str().to_owned()],
        ConditionField::ContactAttribute => vec![facts.attributes.get(&test.attribute).map(text).unwrap_or_default()],
        ConditionField::BusinessHours => vec![if facts.within_hours { "inside" } else { "outside" }.to_owned()],
    }
}

/// A value as somebody would write it.
fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}
