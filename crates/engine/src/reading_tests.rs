//! What people and programs read: messages made of real mail, lists, searches, attachments, events; and who sees what.

use crate::conversations::{AssigneeQuery, ConversationChange, ConversationQuery};
use crate::listing::SliceOf;
use crate::messages::MessageQuery;
use crate::search::Sort;
use crate::testing::{self, TestEngine};
use crate::{EngineError, attachments, contacts, conversations, events, messages, search};
use model::conversation::ConversationStatus;
use model::event::EventType;
use model::key::{Principal, Scope};
use model::message::{Content, Direction, Disposition, EmailContent, Message};
use model::{AttachmentId, ChannelId, ConversationId, MessageId, Timestamp};
use store::on_both_engines;
use store::testing::TestDb;

fn plain(n: usize, subject: &str, text: &str) -> String {
    format!(
        "From: Zoë Müller <zoe{n}@example.org>\r\nTo: Support <support@acme.test>\r\nCc: boss@acme.test\r\nSubject: {subject}\r\n\
         Message-ID: <m{n}@example.org>\r\nDate: Mon, 15 Jan 2024 10:30:00 +0000\r\n\r\n{text}\r\n"
    )
}

const MULTIPART: &str = "From: Ann <ann@example.org>\r\nTo: support@acme.test\r\nSubject: =?utf-8?q?Caf=C3=A9?= plan\r\n\
Message-ID: <multi@example.org>\r\nIn-Reply-To: <earlier@example.org>\r\nReferences: <first@example.org> <earlier@example.org>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=mixed\r\n\r\n\
--mixed\r\nContent-Type: multipart/related; boundary=related\r\n\r\n\
--related\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n\
--alt\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nThe caf=E9 is open.\r\n\
--alt\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=\"x()\">The <b>caf\u{e9}</b> is open.</p><script>alert(1)</script>\
<img src=\"cid:logo@here\"><img src=\"https://tracker.example/p.gif\">\r\n--alt--\r\n\
--related\r\nContent-Type: image/png\r\nContent-ID: <logo@here>\r\nContent-Disposition: inline; filename=logo.png\r\n\
Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--related--\r\n\
--mixed\r\nContent-Type: text/html; name=evil.html\r\nContent-Disposition: attachment; filename=evil.html\r\n\r\n<script>alert(2)</script>\r\n\
--mixed--\r\n";

fn first<P>(take: usize) -> SliceOf<P> {
    SliceOf { after: None, ascending: false, take }
}

fn email(message: &Message) -> &EmailContent {
    match &message.content {
        Content::Email { email } => email,
        Content::Note { .. } => panic!("a note"),
    }
}

fn is_not_found<T: std::fmt::Debug>(outcome: Result<T, EngineError>) {
    assert!(matches!(outcome, Err(EngineError::NotFound { .. })), "{outcome:?}");
}

fn is_invalid<T: std::fmt::Debug>(outcome: Result<T, EngineError>, pointer: &str) {
    match outcome {
        Err(EngineError::Invalid(fields)) => assert!(fields.iter().any(|field| field.pointer == pointer), "{fields:?}"),
        other => panic!("{other:?}"),
    }
}

async fn a_multipart_mail_is_shown_with_all_its_parts(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(MULTIPART).await;
    let message = messages::get(&test.engine, &test.key(), &id).await.unwrap();
    let shown = email(&message);
    assert_eq!(shown.subject, "Café plan");
    assert_eq!(shown.text.as_deref().map(str::trim), Some("The café is open."));
    assert!(shown.html.as_deref().unwrap().contains("<b>café</b>"));
    assert_eq!(message.metadata.message_id.as_deref(), Some("<multi@example.org>"));
    assert_eq!(message.metadata.in_reply_to.as_deref(), Some("<earlier@example.org>"));
    assert_eq!(message.metadata.references, ["<first@example.org>", "<earlier@example.org>"]);
    assert!(message.metadata.headers["from"].contains("ann@example.org"));
    assert_eq!((message.from.as_str(), message.to.as_deref()), ("ann@example.org", Some("support@acme.test")));
    let files: Vec<(&str, Disposition)> =
        shown.attachments.iter().map(|file| (file.filename.as_deref().unwrap(), file.disposition)).collect();
    assert_eq!(files, [("logo.png", Disposition::Inline), ("evil.html", Disposition::Attachment)]);
    for file in &shown.attachments {
        assert!(file.url.starts_with(&format!("http://127.0.0.1:8025/attachments/{id}/{}?expires=", file.id)));
    }
    let raw = messages::raw(&test.engine, &test.key(), &id).await.unwrap();
    assert!(std::str::from_utf8(&raw).unwrap().ends_with(MULTIPART), "the raw mail is what came");
}

async fn attachments_are_served_by_id_content_id_and_signed_link(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(MULTIPART).await;
    let (engine, key) = (&test.engine, test.key());
    let message = messages::get(engine, &key, &id).await.unwrap();
    let logo = &email(&message).attachments[0];
    let png = attachments::get(engine, &key, &id, logo.id.as_str()).await.unwrap();
    assert_eq!(png.bytes, b"\x89PNG\r\n\x1a\n");
    for name in ["logo@here", "<logo@here>"] {
        assert_eq!(attachments::get(engine, &key, &id, name).await.unwrap(), png);
    }
    is_not_found(attachments::get(engine, &key, &id, "nothing@here").await);
    is_not_found(attachments::get(engine, &key, &id, AttachmentId::generate().as_str()).await);

    let query = logo.url.split_once('?').unwrap().1;
    let (expires, signature) = query.split_once('&').unwrap();
    let expires: i64 = expires.strip_prefix("expires=").unwrap().parse().unwrap();
    let signature = signature.strip_prefix("signature=").unwrap();
    assert_eq!(attachments::by_link(engine, &id, &logo.id, expires, signature).await.unwrap(), png);
    let other = &email(&message).attachments[1].id;
    for (attachment, expires, signature) in [
        (&logo.id, expires + 3_600, signature),
        (other, expires, signature),
        (&logo.id, expires, "AAAA"),
        (&logo.id, 0, signature),
    ] {
        let refused = attachments::by_link(engine, &id, attachment, expires, signature).await;
        assert!(matches!(refused, Err(EngineError::Forbidden(_))), "{refused:?}");
    }
}

async fn html_is_shown_without_what_could_harm(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(MULTIPART).await;
    let page = messages::html(&test.engine, &test.key(), &id, false, mail::html::ColorScheme::Light, "bm9uY2U".into())
        .await
        .unwrap();
    assert!(!page.document.contains("alert(1)") && !page.document.contains("onclick"), "{}", page.document);
    assert!(page.document.contains("café"));
    let note = plain(1, "text only", "1 < 2 && <b>not bold</b>");
    let text = test.receive(note).await;
    let page =
        messages::html(&test.engine, &test.key(), &text, false, mail::html::ColorScheme::Light, "bm9uY2U".into())
            .await
            .unwrap();
    assert!(page.document.contains("bold") && !page.document.contains("<b>"), "{}", page.document);
}

async fn lists_page_without_gaps_and_shorter_where_mails_are_large(database: TestDb) {
    let test = TestEngine::start(database).await;
    for n in 0..25 {
        test.receive(plain(n, &format!("Subject {n}"), "text")).await;
    }
    let (engine, key) = (&test.engine, test.key());
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let slice = SliceOf { after, ascending: true, take: 4 };
        let page = messages::list(engine, &key, MessageQuery::default(), slice).await.unwrap();
        seen.extend(page.items.iter().map(|message| email(message).subject.clone()));
        match page.next {
            Some(next) => after = Some(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, (0..25).map(|n| format!("Subject {n}")).collect::<Vec<_>>());
    let outbound = MessageQuery { direction: Some(Direction::Outbound), ..MessageQuery::default() };
    assert!(messages::list(engine, &key, outbound, first(5)).await.unwrap().items.is_empty());
}

async fn search_finds_in_every_part_and_follows_every_filter(database: TestDb) {
    let test = TestEngine::start(database).await;
    let multi = test.receive(MULTIPART).await;
    let invoice = test.receive(plain(1, "Your invoice", "The total is 42 euros, dear Björn.")).await;
    let other = test.receive(plain(2, "Lunch", "Shall we discuss the invoice at the café?")).await;
    test.settle().await;
    let (engine, key) = (&test.engine, test.key());
    let find = async |q: &str| -> Vec<MessageId> {
        let found = search::find(engine, &key, q, Sort::Newest, first(10)).await.unwrap();
        found.listing.items.into_iter().map(|hit| hit.id).collect()
    };
    for (q, expected) in [
        ("invoice", vec![&other, &invoice]),
        ("cafe", vec![&other, &multi]),
        ("\"the invoice\"", vec![&other]),
        ("bjorn 42", vec![&invoice]),
        ("inv*", vec![&other, &invoice]),
        ("evil.html", vec![&multi]),
        ("from:zoe1", vec![&invoice]),
        ("from:zoe1@example.org", vec![&invoice]),
        ("from:muller", vec![&other, &invoice]),
        ("has:attachment", vec![&multi]),
        ("is:open", vec![&other, &invoice, &multi]),
        ("is:resolved invoice", vec![]),
        ("label:none", vec![]),
        ("\"", vec![]),
        ("NEAR( OR AND *", vec![]),
    ] {
        assert_eq!(find(q).await, expected.into_iter().cloned().collect::<Vec<_>>(), "{q}");
    }
    let ranked = search::find(engine, &key, "invoice", Sort::Relevance, first(10)).await.unwrap();
    assert_eq!(ranked.listing.items[0].id, invoice, "the subject weighs more than the text");
    assert!(!ranked.ranked_newest_only);
    let hit = &search::find(engine, &key, "euros", Sort::Newest, first(1)).await.unwrap().listing.items[0];
    assert_eq!(hit.snippet, "The total is 42 euros, dear Björn.");
    let listed = ConversationQuery { q: Some("invoice".into()), ..ConversationQuery::default() };
    let subjects: Vec<String> = conversations::list(engine, &key, listed, first(10))
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|listed| listed.conversation.subject)
        .collect();
    assert_eq!(subjects, ["Lunch", "Your invoice"]);
}

async fn a_change_is_counted_told_and_found(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(plain(1, "Help", "please")).await;
    test.receive(plain(2, "Other", "thing")).await;
    let (engine, user) = (&test.engine, test.user("ann@acme.test").await);
    let me = match &user.actor {
        model::key::Actor::User(id, _) => id.clone(),
        model::key::Actor::Key(_) => unreachable!(),
    };
    let conversation = messages::get(engine, &user, &id).await.unwrap().conversation_id;
    let change = ConversationChange {
        status: Some(ConversationStatus::Resolved),
        assignee_id: Some(Some(me.clone())),
        labels: Some(vec![" urgent ".into(), "billing".into(), "urgent".into()]),
        unread: Some(false),
        ..ConversationChange::default()
    };
    let changed = conversations::change(engine, &user, &conversation, change.clone()).await.unwrap();
    assert_eq!(changed.labels, ["billing", "urgent"]);
    assert_eq!(conversations::get(engine, &user, &conversation).await.unwrap(), changed);
    // The same again changes nothing and says nothing.
    conversations::change(engine, &user, &conversation, change).await.unwrap();
    let counts = conversations::counts(engine, &user).await.unwrap();
    assert_eq!((counts.open, counts.resolved, counts.mine, counts.unassigned, counts.unread), (1, 1, 0, 1, 1));
    let mine = ConversationQuery { assignee: Some(AssigneeQuery::Me), ..ConversationQuery::default() };
    let listed = conversations::list(engine, &user, mine.clone(), first(5)).await.unwrap().items;
    assert_eq!(listed, [conversations::Listed { conversation: changed, found: None }]);
    is_invalid(conversations::list(engine, &test.key(), mine, first(5)).await, "/assigneeId");
    test.settle().await;
    let told = events::after(engine, &user, 0, 100).await.unwrap();
    let types: Vec<EventType> = told
        .events
        .iter()
        .filter(|event| event.data["id"] == conversation.as_str() && event.event_type != EventType::ConversationCreated)
        .map(|event| event.event_type)
        .collect();
    use EventType::{ConversationAssigned, ConversationResolved, ConversationUpdated};
    assert_eq!(types, [ConversationUpdated, ConversationAssigned, ConversationResolved]);

    let snooze = |until| ConversationChange { snoozed_until: Some(until), ..ConversationChange::default() };
    let later = Timestamp::now().plus(std::time::Duration::from_secs(3_600));
    let snoozed = conversations::change(engine, &user, &conversation, snooze(Some(later))).await.unwrap();
    assert_eq!((snoozed.status, snoozed.snoozed_until), (ConversationStatus::Snoozed, Some(later)));
    let open = ConversationChange { status: Some(ConversationStatus::Open), ..ConversationChange::default() };
    let opened = conversations::change(engine, &user, &conversation, open).await.unwrap();
    assert_eq!((opened.status, opened.snoozed_until), (ConversationStatus::Open, None));
}

async fn wrong_changes_name_their_field(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(plain(1, "Help", "please")).await;
    let (engine, key) = (&test.engine, test.key());
    let conversation = messages::get(engine, &key, &id).await.unwrap().conversation_id;
    let none = ConversationChange::default;
    for (change, pointer) in [
        (ConversationChange { labels: Some(vec!["ok".into(), "  ".into()]), ..none() }, "/labels/1"),
        (ConversationChange { labels: Some(vec!["a\nb".into()]), ..none() }, "/labels/0"),
        (ConversationChange { labels: Some((0..51).map(|n| n.to_string()).collect()), ..none() }, "/labels"),
        (ConversationChange { snoozed_until: Some(Some(Timestamp::from_millis(1))), ..none() }, "/snoozedUntil"),
        (ConversationChange { assignee_id: Some(Some(model::UserId::generate())), ..none() }, "/assigneeId"),
        (ConversationChange { team_id: Some(Some(model::TeamId::generate())), ..none() }, "/teamId"),
    ] {
        is_invalid(conversations::change(engine, &key, &conversation, change).await, pointer);
    }
    is_invalid(conversations::add_note(engine, &key, &conversation, " \n".into()).await, "/text");
    is_invalid(conversations::add_note(engine, &key, &conversation, "x".repeat(100_000)).await, "/text");
    is_not_found(conversations::change(engine, &key, &ConversationId::generate(), none()).await);
}

async fn a_note_is_in_its_conversation_and_nowhere_else(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(plain(1, "Help", "please")).await;
    let (engine, user) = (&test.engine, test.user("ann@acme.test").await);
    let conversation = messages::get(engine, &user, &id).await.unwrap().conversation_id;
    let note = conversations::add_note(engine, &user, &conversation, "call them <b>back</b>".into()).await.unwrap();
    assert!(note.private && note.from == "ann@acme.test");
    assert_eq!(note.content, Content::Note { text: "call them <b>back</b>".into() });
    let slice = SliceOf { after: None, ascending: true, take: 10 };
    let thread = conversations::messages(engine, &user, &conversation, slice).await.unwrap();
    assert_eq!(thread.items.iter().map(|message| &message.id).collect::<Vec<_>>(), [&id, &note.id]);
    let listed = messages::list(engine, &user, MessageQuery::default(), first(10)).await.unwrap();
    assert_eq!(listed.items.len(), 1, "a list of mail has no notes");
    is_not_found(messages::raw(engine, &user, &note.id).await);
    test.settle().await;
    let found = search::find(engine, &user, "call back", Sort::Newest, first(5)).await.unwrap();
    assert_eq!(found.listing.items[0].id, note.id);
}

async fn contacts_are_read_and_corrected(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(plain(7, "Help", "please")).await;
    let (engine, key) = (&test.engine, test.key());
    let contact = messages::get(engine, &key, &id).await.unwrap().contact_id.unwrap();
    let found = contacts::list(engine, &key, Some("ZOE7".into()), first(5)).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].id, contact);
    let change = contacts::ContactChange {
        name: Some(Some(" Zoë M. ".into())),
        attributes: serde_json::from_str(r#"{"plan":"gold","old":null}"#).unwrap(),
        updated_at: None,
    };
    let changed = contacts::change(engine, &key, &contact, change).await.unwrap();
    assert_eq!((changed.name.as_deref(), changed.attributes.len()), (Some("Zoë M."), 1));
    assert_eq!(contacts::get(engine, &key, &contact).await.unwrap(), changed);
    let activities = contacts::activities(engine, &key, &contact, first(5)).await.unwrap();
    assert_eq!((activities.items.len(), activities.items[0].message_id.clone()), (1, id.into_string()));
    assert_eq!(contacts::conversations(engine, &key, &contact, first(5)).await.unwrap().items.len(), 1);
    let too_much = serde_json::from_value(serde_json::json!({ "x": "y".repeat(20_000) })).unwrap();
    let change = contacts::ContactChange { attributes: Some(too_much), ..Default::default() };
    is_invalid(contacts::change(engine, &key, &contact, change).await, "/attributes");
    let change = contacts::ContactChange { name: Some(Some("a\u{0}b".into())), ..Default::default() };
    is_invalid(contacts::change(engine, &key, &contact, change).await, "/name");
}

async fn events_are_read_in_order_with_their_messages(database: TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let mut received = Vec::new();
    for n in 0..6 {
        received.push(test.receive(plain(n, &format!("Subject {n}"), "text")).await);
    }
    test.settle().await;
    let (mut position, mut all) = (0, Vec::new());
    loop {
        let page = events::after(engine, &key, position, 4).await.unwrap();
        all.extend(page.events);
        match page.next {
            Some(next) => position = events::position(engine, &key, Some(&next)).await.unwrap(),
            None => break,
        }
    }
    let messages: Vec<&model::event::Event> =
        all.iter().filter(|event| event.event_type == EventType::MessageReceived).collect();
    assert_eq!(messages.len(), received.len());
    for (event, id) in messages.iter().zip(&received) {
        assert_eq!(event.data["id"], id.as_str());
        assert_eq!(event.data["content"]["email"]["text"].as_str().unwrap().trim(), "text");
        assert!(event.data.get("messageId").is_none());
    }
    let newest = events::newest(engine, &key.workspace_id).await.unwrap();
    let last = events::position(engine, &key, all.last().map(|event| &event.id)).await.unwrap();
    assert_eq!(newest, all.last().map(|event| (event.id.clone(), last)));
    assert!(events::after(engine, &key, last, 10).await.unwrap().events.is_empty());
    let gone = events::position(engine, &key, Some(&model::EventId::generate())).await;
    assert!(matches!(gone, Err(EngineError::Gone(_))), "{gone:?}");
}

async fn nobody_sees_what_is_another_workspaces_or_another_channels(database: TestDb) {
    let test = TestEngine::start(database).await;
    let engine = &test.engine;
    let id = test.receive(MULTIPART).await;
    test.settle().await;
    let message = messages::get(engine, &test.key(), &id).await.unwrap();
    let (conversation, contact) = (message.conversation_id.clone(), message.contact_id.clone().unwrap());
    let stranger = testing::all_scopes(&testing::workspace(engine, "Second").await);
    let bound = test.bound_key(&testing::channel(engine, &test.key(), "Sales").await.id);
    for outsider in [&stranger, &bound] {
        is_not_found(messages::get(engine, outsider, &id).await);
        is_not_found(messages::raw(engine, outsider, &id).await);
        is_not_found(messages::deliveries(engine, outsider, &id).await);
        is_not_found(messages::html(engine, outsider, &id, true, mail::html::ColorScheme::Light, "n".into()).await);
        is_not_found(attachments::get(engine, outsider, &id, "logo@here").await);
        is_not_found(conversations::get(engine, outsider, &conversation).await);
        is_not_found(conversations::messages(engine, outsider, &conversation, first(5)).await);
        is_not_found(conversations::change(engine, outsider, &conversation, ConversationChange::default()).await);
        is_not_found(conversations::add_note(engine, outsider, &conversation, "hello".into()).await);
        is_not_found(contacts::get(engine, outsider, &contact).await);
        is_not_found(contacts::conversations(engine, outsider, &contact, first(5)).await);
        is_not_found(contacts::activities(engine, outsider, &contact, first(5)).await);
        is_not_found(contacts::change(engine, outsider, &contact, contacts::ContactChange::default()).await);
        assert!(messages::list(engine, outsider, MessageQuery::default(), first(5)).await.unwrap().items.is_empty());
        let all = ConversationQuery::default();
        assert!(conversations::list(engine, outsider, all, first(5)).await.unwrap().items.is_empty());
        assert!(contacts::list(engine, outsider, None, first(5)).await.unwrap().items.is_empty());
        assert!(contacts::list(engine, outsider, Some("ann".into()), first(5)).await.unwrap().items.is_empty());
        assert!(search::find(engine, outsider, "cafe", Sort::Newest, first(5)).await.unwrap().listing.items.is_empty());
        let seen = events::after(engine, outsider, 0, 100).await.unwrap().events;
        assert!(seen.iter().all(|event| !event.data.to_string().contains("multi@example.org")), "{seen:?}");
        assert_eq!(conversations::counts(engine, outsider).await.unwrap().open, 0);
    }
    let elsewhere = MessageQuery { channel_id: Some(ChannelId::generate()), ..MessageQuery::default() };
    assert!(messages::list(engine, &bound, elsewhere, first(5)).await.unwrap().items.is_empty());
}

async fn a_missing_scope_is_said(database: TestDb) {
    let test = TestEngine::start(database).await;
    let id = test.receive(plain(1, "Help", "please")).await;
    let conversation = messages::get(&test.engine, &test.key(), &id).await.unwrap().conversation_id;
    let engine = &test.engine;
    let with = |scopes: &[Scope]| Principal { scopes: scopes.to_vec(), ..test.key() };
    let none = with(&[]);
    fn refused<T: std::fmt::Debug>(outcome: Result<T, EngineError>, scope: &str) {
        assert!(matches!(&outcome, Err(EngineError::Forbidden(detail)) if detail.contains(scope)), "{outcome:?}");
    }
    refused(messages::get(engine, &none, &id).await, "messages:read");
    refused(conversations::get(engine, &none, &conversation).await, "conversations:read");
    let reader = with(&[Scope::ConversationsRead]);
    let change = ConversationChange::default();
    refused(conversations::change(engine, &reader, &conversation, change).await, "conversations:write");
    refused(conversations::add_note(engine, &reader, &conversation, "x".into()).await, "conversations:write");
    refused(contacts::list(engine, &reader, None, first(1)).await, "contacts:read");
    refused(events::after(engine, &reader, 0, 1).await, "events:read");
    refused(search::find(engine, &reader, "x", Sort::Newest, first(1)).await, "messages:read");
    assert!(conversations::get(engine, &reader, &conversation).await.is_ok());
}

on_both_engines!(
    a_multipart_mail_is_shown_with_all_its_parts,
    attachments_are_served_by_id_content_id_and_signed_link,
    html_is_shown_without_what_could_harm,
    lists_page_without_gaps_and_shorter_where_mails_are_large,
    search_finds_in_every_part_and_follows_every_filter,
    a_change_is_counted_told_and_found,
    wrong_changes_name_their_field,
    a_note_is_in_its_conversation_and_nowhere_else,
    contacts_are_read_and_corrected,
    events_are_read_in_order_with_their_messages,
    nobody_sees_what_is_another_workspaces_or_another_channels,
    a_missing_scope_is_said,
);
