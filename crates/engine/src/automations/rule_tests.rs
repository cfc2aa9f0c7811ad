//! Conditions, actions and what no machine answers: tables and properties, without a store.

use model::automation::{
    Automation, AutomationAction, AutomationTrigger, Condition, ConditionField, ConditionMatch, ConditionOperator,
    Conditions, StepOutcome,
};
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::limits::LABELS_MAX;
use model::message::{Direction, MessageStatus, ThreadedBy};
use model::{AutomationId, ChannelId, ConversationId, MessageId, Timestamp, UserId, WorkspaceId};
use proptest::prelude::*;
use serde_json::{Map, json};
use store::messages::{Envelope, MessageFlags, MessageRow};

use super::changing::change;
use super::checking::checked;
use super::deciding::{decide, to_do};
use super::loop_safety::{headers, why_not};
use super::matching::{Facts, MailFacts, Patterns, Rule};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn conversation() -> Conversation {
    Conversation {
        id: ConversationId::from_stored("conv_1".into()),
        channel_id: Some(ChannelId::from_stored("ch_1".into())),
        use_case_id: None,
        contact_id: None,
        subject: "Invoice 4711".into(),
        number: 1,
        priority: ConversationPriority::Normal,
        status: ConversationStatus::Open,
        assignee_id: None,
        team_id: None,
        labels: vec!["billing".into(), "vip".into()],
        unread: true,
        message_count: 1,
        preview: String::new(),
        snoozed_until: None,
        last_activity_at: NOW,
        created_at: NOW,
        related_conversation_ids: Vec::new(),
        sla: None,
    }
}

fn facts() -> Facts {
    Facts {
        mail: MailFacts {
            from: "ada@shop.example.org".into(),
            recipients: vec!["Support@acme.test".into(), "boss@acme.test".into()],
            subject: "Invoice 4711 is WRONG".into(),
            body: "Straße 12\nThe total is 99 EUR.".into(),
            has_attachment: true,
            auto_reply: false,
        },
        conversation: conversation(),
        attributes: Map::from_iter([("plan".to_owned(), json!("Gold")), ("seats".to_owned(), json!(12))]),
        within_hours: false,
    }
}

fn condition(field: &str, operator: &str, value: &str) -> Condition {
    let (field, attribute) = match field.strip_prefix("attribute:") {
        Some(name) => ("contactAttribute", Some(name.to_owned())),
        None => (field, None),
    };
    Condition {
        field: ConditionField::parse(field).unwrap(),
        attribute,
        operator: ConditionOperator::parse(operator).unwrap(),
        value: value.into(),
    }
}

fn rule(match_: ConditionMatch, items: Vec<Condition>) -> Rule {
    Rule::new(&Conditions { match_, items }, &[], &mut Patterns::default())
}

fn automation(name: &str, conditions: Conditions, actions: Vec<AutomationAction>, stop_after: bool) -> Automation {
    Automation {
        id: AutomationId::generate(),
        name: name.into(),
        enabled: true,
        position: 0,
        trigger: AutomationTrigger::MessageReceived,
        idle_minutes: None,
        conditions,
        actions,
        stop_after,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn label(text: &str) -> AutomationAction {
    AutomationAction::AddLabel { label: text.into() }
}

#[test]
fn a_condition_holds_or_does_not() {
    for (field, operator, value, holds) in [
        ("from", "is", "ADA@shop.example.org", true),
        ("from", "is", "ada@shop.example", false),
        ("from", "isNot", "bob@example.org", true),
        ("fromDomain", "is", "shop.example.org", true),
        ("fromDomain", "endsWith", ".example.org", true),
        ("fromDomain", "is", "example.org", false),
        ("to", "is", "support@acme.test", true),
        ("to", "is", "boss@acme.test", true),
        ("to", "isNot", "boss@acme.test", false),
        ("to", "isNot", "sales@acme.test", true),
        ("to", "startsWith", "support@", true),
        ("to", "notContains", "sales", true),
        ("subject", "contains", "is wrong", true),
        ("subject", "notContains", "wrong", false),
        ("subject", "startsWith", "invoice", true),
        ("subject", "endsWith", "WRONG", true),
        ("subject", "matches", r"^invoice \d{4}\b", true),
        ("subject", "matches", r"^\d+$", false),
        ("body", "contains", "STRASSE", false),
        ("body", "contains", "straße", true),
        ("body", "matches", r"\d+ EUR", true),
        ("channelId", "is", "ch_1", true),
        ("channelId", "isNot", "ch_1", false),
        ("label", "is", "vip", true),
        ("label", "isNot", "vip", false),
        ("label", "contains", "bill", true),
        ("label", "isNot", "spam", true),
        ("hasAttachment", "is", "true", true),
        ("hasAttachment", "isNot", "true", false),
        ("autoReply", "is", "false", true),
        ("status", "is", "open", true),
        ("status", "isNot", "resolved", true),
        ("attribute:plan", "is", "gold", true),
        ("attribute:seats", "is", "12", true),
        ("attribute:seats", "startsWith", "1", true),
        ("attribute:country", "is", "", true),
        ("attribute:country", "isNot", "de", true),
        ("attribute:country", "contains", "d", false),
        ("businessHours", "is", "outside", true),
        ("businessHours", "is", "inside", false),
        // A pattern that is none matches nothing.
        ("subject", "matches", "(", false),
    ] {
        let rule = rule(ConditionMatch::All, vec![condition(field, operator, value)]);
        assert_eq!(rule.matches(&facts()), holds, "{field} {operator} {value}");
    }
}

#[test]
fn all_conditions_have_to_hold_or_any_and_without_one_it_always_matches() {
    let yes = || condition("from", "contains", "ada");
    let no = || condition("from", "contains", "bob");
    for (items, all, any) in [
        (vec![], true, true),
        (vec![yes()], true, true),
        (vec![no()], false, false),
        (vec![yes(), no()], false, true),
        (vec![no(), no()], false, false),
    ] {
        assert_eq!(rule(ConditionMatch::All, items.clone()).matches(&facts()), all, "all of {items:?}");
        assert_eq!(rule(ConditionMatch::Any, items.clone()).matches(&facts()), any, "any of {items:?}");
    }
}

#[test]
fn an_action_changes_the_conversation_or_says_why_not() {
    let (user, until) = (UserId::generate(), NOW.plus(std::time::Duration::from_secs(60 * 60)));
    let mut full = conversation();
    full.labels = (0..LABELS_MAX).map(|number| format!("l{number}")).collect();
    let mut snoozed = conversation();
    (snoozed.status, snoozed.snoozed_until) = (ConversationStatus::Snoozed, Some(until));
    let set = |status| AutomationAction::SetStatus { status };
    for (action, before, outcome) in [
        (label("new"), conversation(), Some(StepOutcome::Done)),
        (label("vip"), conversation(), Some(StepOutcome::Skipped)),
        (label("one too many"), full, Some(StepOutcome::Failed)),
        (AutomationAction::RemoveLabel { label: "vip".into() }, conversation(), Some(StepOutcome::Done)),
        (AutomationAction::RemoveLabel { label: "spam".into() }, conversation(), Some(StepOutcome::Skipped)),
        (AutomationAction::AssignUser { user_id: user.clone() }, conversation(), Some(StepOutcome::Done)),
        (set(ConversationStatus::Resolved), conversation(), Some(StepOutcome::Done)),
        (set(ConversationStatus::Open), conversation(), Some(StepOutcome::Skipped)),
        (set(ConversationStatus::Open), snoozed, Some(StepOutcome::Done)),
        (AutomationAction::Snooze { minutes: 60 }, conversation(), Some(StepOutcome::Done)),
        (AutomationAction::Note { text: "x".into() }, conversation(), None),
        (AutomationAction::Stop {}, conversation(), None),
    ] {
        let mut after = before.clone();
        let step = change(&action, &mut after, NOW);
        assert_eq!(step.as_ref().map(|(outcome, _)| *outcome), outcome, "{action:?}: {step:?}");
        let changed = after != before;
        assert_eq!(changed, outcome == Some(StepOutcome::Done), "{action:?}");
        // Done once, it is done.
        if changed && !matches!(action, AutomationAction::Snooze { .. }) {
            let again = change(&action, &mut after, NOW);
            assert_eq!(again.map(|(outcome, _)| outcome), Some(StepOutcome::Skipped), "{action:?}");
        }
        if let AutomationAction::SetStatus { .. } = action {
            assert_eq!(after.snoozed_until, None);
        }
    }
}

#[test]
fn each_automation_sees_what_those_before_it_did() {
    let when = |field, operator, value| Conditions {
        match_: ConditionMatch::All,
        items: vec![condition(field, operator, value)],
    };
    let always = Conditions::default;
    let first = automation("first", when("subject", "contains", "invoice"), vec![label("seen")], false);
    let second = automation("second", when("label", "is", "seen"), vec![label("twice")], false);
    let third = automation("third", when("label", "isNot", "twice"), vec![label("never")], false);
    let stopper = automation("stopper", always(), vec![label("last"), AutomationAction::Stop {}, label("not")], false);
    let quiet = automation("quiet", always(), vec![label("last")], true);
    let behind = automation("behind", always(), vec![label("behind")], false);
    for (all, names) in [
        (vec![&first, &second, &third, &behind], vec!["first", "second", "behind"]),
        (vec![&second, &first, &behind], vec!["first", "behind"]),
        (vec![&first, &stopper, &behind], vec!["first", "stopper"]),
        (vec![&quiet, &behind], vec!["quiet"]),
    ] {
        let mut patterns = Patterns::default();
        let rules: Vec<(&Automation, Rule)> = all.iter().map(|each| (*each, Rule::of(each, &mut patterns))).collect();
        let mut facts = facts();
        let matched = decide(rules.iter().map(|(each, rule)| (*each, rule)), &mut facts, NOW);
        assert_eq!(matched.iter().map(|each| each.name.as_str()).collect::<Vec<_>>(), names);
        assert!(!facts.conversation.labels.contains(&"not".to_owned()));
    }
    assert_eq!(to_do(&stopper.actions).len(), 2);
}

#[test]
fn what_can_not_be_kept_is_told_with_its_place() {
    let kept = |conditions, actions, idle_minutes| {
        let items = conditions;
        let conditions = Conditions { match_: ConditionMatch::All, items };
        let automation = Automation { idle_minutes, ..automation("a rule", conditions, actions, false) };
        checked(automation).map_err(|errors| errors.into_iter().map(|error| error.pointer).collect::<Vec<_>>())
    };
    let does = || vec![label("x")];
    assert!(kept(vec![], does(), None).is_ok());
    for (conditions, actions, idle_minutes, pointer) in [
        (vec![], vec![], None, "/actions"),
        (vec![], does(), Some(5), "/idleMinutes"),
        (vec![condition("subject", "matches", "(")], does(), None, "/conditions/items/0/value"),
        (vec![condition("subject", "matches", r"(?=x)")], does(), None, "/conditions/items/0/value"),
        (vec![condition("subject", "matches", &"\\w{900}".repeat(9))], does(), None, "/conditions/items/0/value"),
        (vec![condition("subject", "contains", " ")], does(), None, "/conditions/items/0/value"),
        (vec![condition("status", "contains", "open")], does(), None, "/conditions/items/0/operator"),
        (vec![condition("status", "is", "gone")], does(), None, "/conditions/items/0/value"),
        (vec![condition("autoReply", "is", "yes")], does(), None, "/conditions/items/0/value"),
        (vec![condition("contactAttribute", "is", "x")], does(), None, "/conditions/items/0/attribute"),
        (vec![condition("attribute:plan", "is", "x"); 31], does(), None, "/conditions/items"),
        (vec![], vec![label(" ")], None, "/actions/0/label"),
        (vec![], vec![AutomationAction::Snooze { minutes: 0 }], None, "/actions/0/minutes"),
        (vec![], vec![AutomationAction::Reply { text: None, template_id: None }], None, "/actions/0/text"),
        (vec![], vec![label("x"), AutomationAction::Note { text: " ".into() }], None, "/actions/1/text"),
        (vec![], vec![AutomationAction::SetStatus { status: ConversationStatus::Snoozed }], None, "/actions/0/status"),
    ] {
        assert_eq!(
            kept(conditions.clone(), actions.clone(), idle_minutes),
            Err(vec![pointer.to_owned()]),
            "{conditions:?} {actions:?}"
        );
    }
}

fn mail(from: &str, mail_from: &str) -> MessageRow {
    MessageRow {
        seq: 1,
        id: MessageId::generate(),
        workspace_id: WorkspaceId::generate(),
        channel_id: None,
        use_case_id: None,
        conversation_id: ConversationId::generate(),
        contact_id: None,
        direction: Direction::Inbound,
        status: MessageStatus::Received,
        private: false,
        author_id: None,
        from_address: from.into(),
        from_name: None,
        recipients: Vec::new(),
        subject: "Hello".into(),
        preview: String::new(),
        note: None,
        rfc_message_id: None,
        in_reply_to: None,
        references: Vec::new(),
        kind: "message".into(),
        flags: MessageFlags::default(),
        auth: None,
        attachments: Vec::new(),
        limits: Vec::new(),
        threaded_by: ThreadedBy::New,
        envelope: Envelope { mail_from: mail_from.into(), helo: Some("mx.example.org".into()), ..Envelope::default() },
        custom_data: Map::new(),
        tags: Vec::new(),
        identity: None,
        blob_id: None,
        raw_size: 0,
        scheduled_at: None,
        sent_at: NOW,
        created_at: NOW,
    }
}

fn is_answered(row: &MessageRow, head: &[(&'static str, &'static str)]) -> bool {
    let header = |name: &str| head.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    why_not(row, &header).is_none()
}

#[test]
fn a_machine_answers_people_alone() {
    let ada = || mail("ada@example.org", "ada@example.org");
    for (head, answered) in [
        (&[][..], true),
        (&[("Auto-Submitted", "no")], true),
        (&[("Auto-Submitted", "auto-replied")], false),
        (&[("Auto-Submitted", "auto-generated; type=x")], false),
        (&[("Precedence", "bulk")], false),
        (&[("Precedence", "List")], false),
        (&[("Precedence", "first-class")], true),
        (&[("List-Id", "<l.example.org>")], false),
        (&[("List-Unsubscribe", "<https://example.org/u>")], false),
        (&[("X-Auto-Response-Suppress", "OOF, AutoReply")], false),
        (&[("X-Auto-Response-Suppress", "DR, NDR")], true),
        (&[("Return-Path", "<>")], false),
        (&[("Return-Path", "<ada@example.org>")], true),
        (&[("X-Loop", "postroom")], false),
    ] {
        assert_eq!(is_answered(&ada(), head), answered, "{head:?}");
    }
    for (from, mail_from, answered) in [
        ("ada@example.org", "", false),
        ("", "ada@example.org", false),
        ("noreply@example.org", "x@example.org", false),
        ("No-Reply@example.org", "x@example.org", false),
        ("ada@example.org", "bounces+123@lists.example.org", false),
        ("ada@example.org", "owner-list@example.org", false),
        ("list-request@example.org", "ada@example.org", false),
        ("MAILER-DAEMON@example.org", "x@example.org", false),
        ("bounceadamson@example.org", "bounceadamson@example.org", true),
    ] {
        assert_eq!(is_answered(&mail(from, mail_from), &[]), answered, "{from} {mail_from}");
    }
    let mut row = ada();
    row.kind = "bounce".into();
    assert!(!is_answered(&row, &[]));
    let mut row = ada();
    row.flags.auto_reply = true;
    assert!(!is_answered(&row, &[]));
    let mut row = ada();
    row.flags.unauthenticated = true;
    assert!(!is_answered(&row, &[]));
    // A mailbox of one's own tells of no envelope.
    let mut row = ada();
    row.envelope = Envelope::default();
    assert!(is_answered(&row, &[]));
}

#[test]
fn what_we_answer_automatically_we_would_not_answer() {
    let head = headers();
    let header =
        |name: &str| head.iter().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    assert!(why_not(&mail("ada@example.org", "ada@example.org"), &header).is_some());
}

proptest! {
    /// Whatever somebody writes as a pattern, and whatever a mail says: nothing panics, and a pattern that is refused matches nothing.
    #[test]
    fn any_pattern_and_any_text_come_to_an_answer(pattern in ".{0,60}", text in ".{0,200}") {
        let rule = rule(ConditionMatch::All, vec![condition("subject", "matches", &pattern)]);
        let mut facts = facts();
        facts.mail.subject = text;
        let matches = rule.matches(&facts);
        prop_assert!(!matches || super::matching::compile(&pattern).is_ok());
    }

    /// An operator and its opposite never agree.
    #[test]
    fn opposites_never_agree(value in "[a-z@. ]{1,12}", text in "[A-Za-z@. ]{0,20}") {
        let mut facts = facts();
        facts.mail.subject = text;
        for (one, other) in [("is", "isNot"), ("contains", "notContains")] {
            for field in ["subject", "label", "to", "from"] {
                let holds = |operator| rule(ConditionMatch::All, vec![condition(field, operator, &value)]).matches(&facts);
                prop_assert_ne!(holds(one), holds(other), "{} {} {}", field, one, value);
            }
        }
    }
}
