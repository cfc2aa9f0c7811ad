use super::*;
use crate::db::Priority;
use crate::deliveries::{self, DeliveryRow};
use crate::messages::{self, Envelope, MessageFlags};
use crate::on_both_engines;
use crate::testing::TestDb;
use model::message::{Delivery, ThreadedBy};
use model::{DeliveryId, Timestamp};

const MESSAGES: usize = 1_500;
const AT: Timestamp = Timestamp::from_millis(1_705_314_600_000);
const MINUTE_MS: i64 = 60_000;

pub(crate) fn message(n: usize) -> MessageRow {
    let workspace = if n.is_multiple_of(17) { b"other" } else { b"first" };
    let outbound = n.is_multiple_of(3);
    let states = [MessageStatus::Sent, MessageStatus::Failed, MessageStatus::Queued];
    MessageRow {
        seq: 0,
        id: MessageId::derived(AT, &n.to_be_bytes()),
        workspace_id: WorkspaceId::derived(AT, workspace),
        channel_id: (!n.is_multiple_of(5)).then(|| ChannelId::derived(AT, &[(n % 3) as u8])),
        use_case_id: n.is_multiple_of(5).then(|| UseCaseId::derived(AT, &[(n % 2) as u8])),
        conversation_id: ConversationId::derived(AT, &(n / 7 % 90).to_be_bytes()),
        contact_id: (!n.is_multiple_of(11)).then(|| ContactId::derived(AT, &(n % 50).to_be_bytes())),
        direction: if outbound { Direction::Outbound } else { Direction::Inbound },
        status: if outbound { states[n / 3 % 3] } else { MessageStatus::Received },
        private: n % 30 == 3,
        author_id: None,
        from_address: "ann@example.org".into(),
        from_name: None,
        recipients: Vec::new(),
        subject: format!("Message {n}"),
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
        envelope: Envelope::default(),
        custom_data: serde_json::Map::new(),
        tags: if n.is_multiple_of(4) { vec!["bulk".into(), format!("t{}", n % 8)] } else { Vec::new() },
        identity: None,
        blob_id: None,
        raw_size: 10,
        scheduled_at: None,
        sent_at: AT,
        created_at: arrived_at(n),
    }
}

/// Ten minutes apart; every seventh was numbered long after its time.
fn arrived_at(n: usize) -> Timestamp {
    let late = if n.is_multiple_of(7) { 59 } else { 0 };
    Timestamp::from_millis(AT.as_millis() + (n as i64 * 10 - late) * MINUTE_MS)
}

/// Every third outbound message went by the sandbox, to two recipients.
fn deliveries_of(n: usize, row: &MessageRow) -> Vec<DeliveryRow> {
    let (count, transport) = match n % 9 {
        0 => (2, "sandbox"),
        3 => (1, "smtp"),
        _ => (0, ""),
    };
    (0..count)
        .map(|recipient: usize| DeliveryRow {
            workspace_id: row.workspace_id.clone(),
            channel_id: row.channel_id.clone(),
            destination: "example.org".into(),
            first_attempt_at: None,
            public: Delivery {
                id: DeliveryId::derived(Timestamp::from_millis(n as i64), &[recipient as u8]),
                message_id: row.id.clone(),
                recipient: format!("R{recipient}@example.org"),
                status: row.status,
                transport: transport.into(),
                attempts: Vec::new(),
                next_attempt_at: None,
                waits_for: None,
                created_at: AT,
                updated_at: AT,
            },
        })
        .collect()
}

/// A message, and its deliveries' transport and recipients.
type Filled = (MessageRow, String, Vec<String>);

async fn fill(db: &crate::Db) -> Vec<Filled> {
    db.write(Priority::Foreground, move |tx| {
        (0..MESSAGES)
            .map(|n| {
                let mut row = message(n);
                row.seq = messages::insert(tx, &row)?;
                let deliveries = deliveries_of(n, &row);
                for delivery in &deliveries {
                    deliveries::insert(tx, delivery)?;
                }
                let transport = deliveries.first().map(|one| one.public.transport.clone()).unwrap_or_default();
                Ok((row, transport, deliveries.into_iter().map(|one| one.public.recipient.to_lowercase()).collect()))
            })
            .collect()
    })
    .await
    .unwrap()
}

fn filters() -> Vec<MessageFilter> {
    let all = MessageFilter::all(WorkspaceId::derived(AT, b"first"));
    let channel = Some(ChannelId::derived(AT, &[1]));
    let contact = Some(ContactId::derived(AT, &7_usize.to_be_bytes()));
    let conversation = Some(ConversationId::derived(AT, &5_usize.to_be_bytes()));
    let (tag, transport) = (Some("bulk".to_owned()), Some("sandbox".to_owned()));
    let use_case = Some(UseCaseId::derived(AT, &[0]));
    let recipient = Some("r1@Example.org".to_owned());
    let (since, before) = (Some(arrived_at(400)), Some(arrived_at(900)));
    let bases = [
        all.clone(),
        MessageFilter { channel_id: channel.clone(), ..all.clone() },
        MessageFilter { contact_id: contact.clone(), ..all.clone() },
        MessageFilter { conversation_id: conversation.clone(), ..all.clone() },
        MessageFilter { conversation_id: conversation.clone(), notes: true, ..all.clone() },
        MessageFilter { tag: tag.clone(), ..all.clone() },
        MessageFilter { transport: transport.clone(), ..all.clone() },
        MessageFilter { transport: transport.clone(), channel_id: channel.clone(), ..all.clone() },
        MessageFilter { transport, tag: tag.clone(), ..all.clone() },
        MessageFilter { contact_id: contact, channel_id: channel.clone(), ..all.clone() },
        MessageFilter { use_case_id: use_case.clone(), ..all.clone() },
        MessageFilter { use_case_id: use_case.clone(), since, before, ..all.clone() },
        MessageFilter { use_case_id: use_case, tag: tag.clone(), recipient: recipient.clone(), ..all.clone() },
        MessageFilter { recipient: recipient.clone(), ..all.clone() },
        MessageFilter { recipient, conversation_id: conversation.clone(), before, ..all.clone() },
        MessageFilter { since, before, ..all.clone() },
        MessageFilter { since, tag: tag.clone(), ..all.clone() },
        MessageFilter { before, channel_id: channel.clone(), ..all.clone() },
        MessageFilter { conversation_id: conversation, channel_id: channel, tag, ..all },
    ];
    let mut filters = Vec::new();
    for base in bases {
        for direction in [None, Some(Direction::Inbound), Some(Direction::Outbound)] {
            for status in [None, Some(MessageStatus::Received), Some(MessageStatus::Failed)] {
                filters.push(MessageFilter { direction, status, ..base.clone() });
            }
        }
    }
    filters
}

fn fits(filter: &MessageFilter, (row, transport, recipients): &Filled) -> bool {
    row.workspace_id == filter.workspace_id
        && (filter.notes || !row.private)
        && filter.channel_id.as_ref().is_none_or(|channel| row.channel_id.as_ref() == Some(channel))
        && filter.use_case_id.as_ref().is_none_or(|use_case| row.use_case_id.as_ref() == Some(use_case))
        && filter.recipient.as_ref().is_none_or(|asked| recipients.contains(&asked.to_lowercase()))
        && filter.since.is_none_or(|since| row.created_at >= since)
        && filter.before.is_none_or(|before| row.created_at < before)
        && filter.contact_id.as_ref().is_none_or(|contact| row.contact_id.as_ref() == Some(contact))
        && filter.conversation_id.as_ref().is_none_or(|conversation| row.conversation_id == *conversation)
        && filter.direction.is_none_or(|direction| row.direction == direction)
        && filter.status.is_none_or(|status| row.status == status)
        && filter.tag.as_ref().is_none_or(|tag| row.tags.contains(tag))
        && filter.transport.as_ref().is_none_or(|wanted| transport == wanted)
}

async fn every_filter_pages_through_what_fits_it_and_nothing_else(test: TestDb) {
    let rows = fill(&test.db).await;
    for filter in filters() {
        let mut expected: Vec<&str> =
            rows.iter().filter(|row| fits(&filter, row)).map(|(row, ..)| row.id.as_str()).collect();
        for ascending in [true, false] {
            let (mut after, mut found) = (None, Vec::new());
            loop {
                let (filter, slice) = (filter.clone(), MessageSlice { after: after.clone(), ascending, take: 61 });
                let items = test.db.read(move |tx| page(tx, &filter, &slice)).await.unwrap();
                let full = items.len() == 61;
                after = items.last().map(|(key, _)| key.clone());
                found.extend(items.into_iter().map(|(_, row)| row.id));
                if !full {
                    break;
                }
            }
            assert_eq!(found.iter().map(MessageId::as_str).collect::<Vec<_>>(), expected, "{filter:?} {ascending}");
            expected.reverse();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_no_list_scans_or_sorts() {
    let test = TestDb::sqlite();
    fill(&test.db).await;
    for filter in filters() {
        let Some((direction, status)) = filter.direction_of_status() else { continue };
        let list = List::of(&filter, status);
        let key = if list.is_by_delivery() { MessageKey::Delivery("dlv_5".into()) } else { MessageKey::Seq(700) };
        for (after, ascending) in [(None, false), (Some(key.clone()), false), (Some(key), true)] {
            let (asked, slice) = (filter.clone(), MessageSlice { after, ascending, take: 50 });
            let plan = test
                .db
                .read(move |tx| {
                    let arrived = arrival::between(tx, asked.since, asked.before)?;
                    let (sql, conditions) = keys_query(&asked, &slice, list, arrived, direction, status);
                    tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), conditions.values(), |row| row.text(3))
                })
                .await
                .unwrap();
            assert!(plan.iter().any(|step| step.starts_with("SEARCH")), "{plan:#?}");
            for step in &plan {
                assert!(!step.contains("TEMP B-TREE"), "{filter:?}: {plan:#?}");
                assert!(!step.starts_with("SCAN") || step == "SCAN branch", "{filter:?}: {plan:#?}");
            }
        }
    }
}

/// Rows with numbers between the two, of all workspaces.
async fn numbered_between(test: &TestDb, since: Option<Timestamp>, before: Option<Timestamp>) -> i64 {
    let count = "SELECT COUNT(*) FROM message WHERE seq > $1 AND seq < $2";
    let found = test.db.read(move |tx| {
        let between = arrival::between(tx, since, before)?;
        let ends = [between.after.unwrap_or(0).into(), between.before.unwrap_or(i64::MAX).into()];
        tx.query_one(count, &ends, |row| row.int(0))
    });
    found.await.unwrap().unwrap()
}

async fn a_stretch_of_time_is_a_stretch_of_numbers_and_little_more(test: TestDb) {
    assert_eq!(numbered_between(&test, Some(AT), Some(AT)).await, 0, "an empty box");
    fill(&test.db).await;
    // 500 messages, and those of an hour on either side.
    let some = numbered_between(&test, Some(arrived_at(400)), Some(arrived_at(900))).await;
    assert!((500..=520).contains(&some), "{some}");
    let all = i64::try_from(MESSAGES).unwrap();
    assert_eq!(numbered_between(&test, Some(Timestamp::from_millis(0)), None).await, all);
    assert_eq!(numbered_between(&test, None, Some(arrived_at(MESSAGES * 2))).await, all);
    assert_eq!(numbered_between(&test, Some(arrived_at(MESSAGES * 2)), None).await, 0);
}

on_both_engines!(
    every_filter_pages_through_what_fits_it_and_nothing_else,
    a_stretch_of_time_is_a_stretch_of_numbers_and_little_more,
);
