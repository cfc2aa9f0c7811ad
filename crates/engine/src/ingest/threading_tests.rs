//! Mails and the conversations they must come to, taken in in every order, on both databases.
//!
//! A row is a situation: its mails, and which of them belong together. Every order of arrival gets a channel of its own.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use model::channel::Channel;
use model::conversation::ConversationStatus;
use model::message::{Direction, ThreadedBy};
use model::{ConversationId, MessageId};
use store::testing::TestDb;
use store::{Priority, conversations, messages, on_both_engines};

use super::threading_cases::{CASES, Case, Letter, Order};
use crate::sending::{self, ReplyRequest, SendRequest};
use crate::testing::{self, TestEngine};

on_both_engines!(
    mails_come_to_their_conversations_in_every_order,
    everybody_who_answers_a_broadcast_has_a_conversation_of_their_own,
    an_answer_to_our_mail_joins_from_any_address,
    a_loop_of_two_auto_responders_ends_with_us,
    a_parent_of_another_workspace_is_nobodys_parent,
);

/// Orders tried of a situation with more mails than can be tried in all orders.
const ORDERS_SAMPLED: usize = 40;
const ALL_ORDERS_MAILS_MAX: usize = 4;

/// Every order of `0..count`, or a sample that is the same each time; the order of writing first.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![(0..count).collect::<Vec<_>>()];
    if count <= ALL_ORDERS_MAILS_MAX {
        // Heap's algorithm without recursion.
        let (mut order, mut counters, mut at) = ((0..count).collect::<Vec<_>>(), vec![0; count], 1);
        while at < count {
            if counters[at] < at {
                order.swap(if at % 2 == 0 { 0 } else { counters[at] }, at);
                orders.push(order.clone());
                counters[at] += 1;
                at = 1;
            } else {
                counters[at] = 0;
                at += 1;
            }
        }
        return orders;
    }
    let mut state: u64 = 0x2545_F491_4F6C_DD1D;
    for _ in 1..ORDERS_SAMPLED {
        let mut order: Vec<usize> = (0..count).collect();
        for end in (1..count).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            order.swap(end, usize::try_from((state >> 33) % (end as u64 + 1)).expect("an index"));
        }
        orders.push(order);
    }
    orders
}

/// The letter as a mail. `round` keeps the ids of one order apart from the next one's.
fn raw(letter: &Letter, ours: &str, round: &str) -> String {
    let id = |name: &str| format!("<{name}.{round}@mail.example>");
    let mut mail = format!("From: {}\r\nTo: {}\r\n", letter.from, letter.to.replace("US", ours));
    if !letter.cc.is_empty() {
        let _ = write!(mail, "Cc: {}\r\n", letter.cc.replace("US", ours));
    }
    let _ = write!(mail, "Subject: {}\r\n", letter.subject);
    if !letter.id.is_empty() {
        let _ = write!(mail, "Message-ID: {}\r\n", id(letter.id));
    }
    if !letter.in_reply_to.is_empty() {
        let _ = write!(mail, "In-Reply-To: {}\r\n", id(letter.in_reply_to));
    }
    if !letter.references.is_empty() {
        let references: Vec<String> = letter.references.iter().map(|name| id(name)).collect();
        let _ = write!(mail, "References: {}\r\n", references.join("\r\n "));
    }
    for field in letter.fields {
        let _ = write!(mail, "{field}\r\n");
    }
    let _ = write!(mail, "\r\n{}\r\n", letter.body);
    mail
}

async fn threaded(test: &TestEngine, id: &MessageId) -> (ConversationId, ThreadedBy) {
    let (workspace, id) = (test.workspace_id.clone(), id.clone());
    let row = test.engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await.expect("the store");
    let row = row.expect("the message");
    (row.conversation_id, row.threaded_by)
}

/// Which mails are together, each group and the groups in order.
type Partition = BTreeSet<BTreeSet<usize>>;

async fn sort(test: &TestEngine, channel: &Channel, case: &Case, order: &[usize], round: &str) -> Partition {
    let mut placed: Vec<(ConversationId, BTreeSet<usize>)> = Vec::new();
    for &number in order {
        let mail = raw(&case.letters[number], "support@acme.test", round);
        let message = test.receive_at(channel, mail).await;
        let (conversation, _) = threaded(test, &message).await;
        match placed.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, numbers)) => {
                numbers.insert(number);
            }
            None => placed.push((conversation, BTreeSet::from([number]))),
        }
    }
    placed.into_iter().map(|(_, numbers)| numbers).collect()
}

async fn mails_come_to_their_conversations_in_every_order(database: TestDb) {
    let test = TestEngine::start(database).await;
    let mut wrong = String::new();
    let mut tried = 0;
    for (place, case) in CASES.iter().enumerate() {
        let partition =
            |groups: &[&[usize]]| -> Partition { groups.iter().map(|group| group.iter().copied().collect()).collect() };
        let written: Vec<usize> = (0..case.letters.len()).collect();
        let mut reached = BTreeSet::new();
        for (turn, order) in orders(case.letters.len()).iter().enumerate() {
            let round = format!("{place}x{turn}");
            let channel = channel(&test, case, &round).await;
            let found = sort(&test, &channel, case, order, &round).await;
            tried += 1;
            let mut allowed = vec![partition(case.together)];
            if let Order::Matters { otherwise, because } = case.order
                && *order != written
            {
                assert!(!because.is_empty(), "{}", case.what);
                allowed.extend(otherwise.iter().map(|groups| partition(groups)));
            }
            if !allowed.contains(&found) {
                let _ = writeln!(wrong, "{}: in the order {order:?} they came to {found:?}", case.what);
            }
            reached.insert(found);
        }
        if let Order::Matters { otherwise, .. } = case.order {
            // What is allowed and never happens would hide what does.
            for groups in otherwise.iter().filter(|groups| !reached.contains(&partition(groups))) {
                let _ = writeln!(wrong, "{}: no order comes to {groups:?}", case.what);
            }
        }
    }
    println!("{tried} orders of {} situations", CASES.len());
    assert!(wrong.is_empty(), "\n{wrong}");
}

async fn channel(test: &TestEngine, case: &Case, round: &str) -> Channel {
    // Contacts are the workspace's and so shared by all orders: a channel of its own keeps their conversations apart.
    let request = crate::channels::ChannelRequest {
        name: Some(format!("Channel {round}")),
        provider: Some(model::channel::Provider::Forwarding),
        email_address: Some(Some(format!("c{round}@acme.test"))),
        thread_by_subject: Some(case.by_subject),
        ..Default::default()
    };
    crate::channels::create(&test.engine, &test.key(), request).await.expect("a channel")
}

fn text_to(recipients: &[&str], subject: &str) -> SendRequest {
    let mailbox = |address: &&str| mail::Mailbox { name: None, address: (*address).to_owned() };
    SendRequest {
        to: recipients.iter().map(mailbox).collect(),
        subject: subject.to_owned(),
        text: Some("Words".into()),
        ..SendRequest::default()
    }
}

/// The Message-ID and conversation of a mail of ours.
async fn sent(test: &TestEngine, id: &MessageId) -> (String, ConversationId) {
    let (workspace, id) = (test.workspace_id.clone(), id.clone());
    let row = test.engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await.expect("the store");
    let row = row.expect("the message");
    (row.rfc_message_id.expect("a Message-ID"), row.conversation_id)
}

fn answer(from: &str, parent: &str) -> String {
    format!(
        "From: {from}\r\nTo: support@acme.test\r\nSubject: Re: News\r\nMessage-ID: <{}@answers.example>\r\n\
         In-Reply-To: <{parent}>\r\n\r\nAn answer of {from}.\r\n",
        MessageId::generate()
    )
}

async fn everybody_who_answers_a_broadcast_has_a_conversation_of_their_own(database: TestDb) {
    let test = TestEngine::start(database).await;
    let people = ["ada@example.org", "bert@example.org", "cora@example.org"];
    let request = text_to(&people, "News");
    let id = sending::send(&test.engine, &test.key(), &test.channel.id, request).await.expect("sent");
    let (news, _) = sent(&test, &id).await;
    let mut conversations = BTreeSet::new();
    for from in people.into_iter().chain(["stranger@example.net"]) {
        let first = threaded(&test, &test.receive(answer(from, &news)).await).await.0;
        // Who writes again stays in their own.
        assert_eq!(threaded(&test, &test.receive(answer(from, &news)).await).await.0, first, "{from}");
        conversations.insert(first.as_str().to_owned());
    }
    assert_eq!(conversations.len(), 4, "each has their own");
}

async fn an_answer_to_our_mail_joins_from_any_address(database: TestDb) {
    let test = TestEngine::start(database).await;
    let request = text_to(&["ada+shop@example.org"], "News");
    let id = sending::send(&test.engine, &test.key(), &test.channel.id, request).await.expect("sent");
    let (news, conversation) = sent(&test, &id).await;
    for (from, new_sender) in [("ada@example.org", false), ("ada+home@example.org", false), ("alias@example.net", true)]
    {
        let message = test.receive(answer(from, &news)).await;
        let workspace = test.workspace_id.clone();
        let row = test.engine.db.read(move |tx| messages::get(tx, &workspace, &message)).await.expect("the store");
        let row = row.expect("the message");
        assert_eq!(row.conversation_id, conversation, "{from}");
        assert_eq!((row.threaded_by, row.flags.new_sender), (ThreadedBy::InReplyTo, new_sender), "{from}");
    }
}

async fn a_loop_of_two_auto_responders_ends_with_us(database: TestDb) {
    let test = TestEngine::start(database).await;
    let question = "From: ada@example.org\r\nTo: support@acme.test\r\nSubject: Lamp\r\nMessage-ID: <lamp@example.org>\r\n\r\nIt broke.";
    let (conversation, _) = threaded(&test, &test.receive(question).await).await;
    let reply = ReplyRequest { text: Some("We are away.".into()), ..ReplyRequest::default() };
    let id = sending::reply(&test.engine, &test.key(), &conversation, reply).await.expect("sent");
    let (mut last, _) = sent(&test, &id).await;
    resolve(&test, &conversation).await;
    // What machines say to machines: each names the one before, as the signs of RFC 3834 and of older programs.
    let signs = [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "X-Autorespond: away",
        "Precedence: auto_reply",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All\r\nAuto-Submitted: auto-replied (vacation)",
    ];
    for (turn, sign) in signs.iter().cycle().take(12).enumerate() {
        let mail = format!(
            "From: ada@example.org\r\nTo: support@acme.test\r\nSubject: Automatic reply: Lamp\r\nMessage-ID: <away{turn}@example.org>\r\n\
             In-Reply-To: <{last}>\r\n{sign}\r\n\r\nI am away too, {turn}.\r\n"
        );
        let id = test.receive(mail).await;
        let workspace = test.workspace_id.clone();
        let row = test.engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await.expect("the store");
        let row = row.expect("the message");
        assert!(row.flags.auto_reply, "{sign}");
        assert_eq!(row.conversation_id, conversation, "{sign}");
        last = format!("away{turn}@example.org");
    }
    let (workspace, id) = (test.workspace_id.clone(), conversation.clone());
    let row = test.engine.db.read(move |tx| conversations::get(tx, &workspace, &id)).await.expect("the store");
    assert_eq!(row.expect("it").public.status, ConversationStatus::Resolved, "a machine opens no case again");
    let (ours, id) = (Some(Direction::Outbound), conversation.clone());
    let newest = test.engine.db.read(move |tx| messages::newest_mail(tx, &id, ours)).await.expect("the store");
    assert_eq!(newest.expect("ours").preview, "We are away.", "nothing answered by itself");
}

async fn resolve(test: &TestEngine, conversation: &ConversationId) {
    let (workspace, id) = (test.workspace_id.clone(), conversation.clone());
    let resolved = test.engine.db.write(Priority::Foreground, move |tx| {
        let before = conversations::get(tx, &workspace, &id)?.expect("the conversation");
        let mut after = before.clone();
        after.public.status = ConversationStatus::Resolved;
        conversations::apply_change(tx, &before, &after)
    });
    resolved.await.expect("resolved");
}

async fn a_parent_of_another_workspace_is_nobodys_parent(database: TestDb) {
    let test = TestEngine::start(database).await;
    let other = testing::workspace(&test.engine, "Second").await;
    let theirs = testing::channel(&test.engine, &testing::all_scopes(&other), "Theirs").await;
    let question = "From: ada@example.org\r\nSubject: Lamp\r\nMessage-ID: <lamp@example.org>\r\n\r\nIt broke.";
    test.receive_at(&theirs, question).await;
    let (_, by) = threaded(&test, &test.receive(answer("ada@example.org", "lamp@example.org")).await).await;
    assert_eq!(by, ThreadedBy::New);
}
