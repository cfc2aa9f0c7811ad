use super::*;
use crate::conversation_counts::{ConversationCounts, counts};
use crate::conversations::{self, ConversationRow};
use crate::db::Priority;
use crate::on_both_engines;
use crate::testing::TestDb;
use model::TeamId;
use model::sla::{Sla, SlaState};

const CONVERSATIONS: usize = 2_500;

struct Ids {
    workspace: WorkspaceId,
    other_workspace: WorkspaceId,
    channels: Vec<ChannelId>,
    users: Vec<UserId>,
    teams: Vec<TeamId>,
    contacts: Vec<ContactId>,
}

fn ids() -> Ids {
    let at = Timestamp::from_millis(1);
    Ids {
        workspace: WorkspaceId::derived(at, b"w"),
        other_workspace: WorkspaceId::derived(at, b"o"),
        channels: (0..3_u8).map(|n| ChannelId::derived(at, &[n])).collect(),
        users: (0..4_u8).map(|n| UserId::derived(at, &[n])).collect(),
        teams: (0..2_u8).map(|n| TeamId::derived(at, &[n])).collect(),
        contacts: (0..40_u8).map(|n| ContactId::derived(at, &[n])).collect(),
    }
}

/// Numbers that repeat themselves in no short cycle, the same in every run.
fn scrambled(n: usize, salt: usize) -> usize {
    n.wrapping_mul(2_654_435_761).wrapping_add(salt.wrapping_mul(40_503)).rotate_right(7) & 0xffff
}

fn sample(ids: &Ids, n: usize) -> ConversationRow {
    let pick = |salt: usize, of: usize| scrambled(n, salt) % of;
    // Several have the same time: the id then decides.
    let at = Timestamp::from_millis(1_000_000 + (scrambled(n, 1) / 50) as i64);
    let mut labels: Vec<String> = Vec::new();
    labels.extend((pick(2, 10) == 0).then(|| "urgent".to_owned()));
    labels.extend((pick(3, 3) == 0).then(|| "billing".to_owned()));
    ConversationRow {
        workspace_id: if pick(4, 20) == 0 { ids.other_workspace.clone() } else { ids.workspace.clone() },
        subject_base: String::new(),
        reply_token: format!("token{n}"),
        public: Conversation {
            id: model::ConversationId::derived(at, &n.to_be_bytes()),
            channel_id: ids.channels.get(pick(5, 4)).cloned(),
            use_case_id: None,
            contact_id: ids.contacts.get(pick(6, 41)).cloned(),
            subject: format!("Subject {n}"),
            // As `insert` counts them.
            number: 0,
            priority: ConversationPriority::ALL[pick(12, 6).min(3)],
            status: ConversationStatus::ALL[pick(7, 4)],
            assignee_id: ids.users.get(pick(8, 8)).cloned(),
            team_id: ids.teams.get(pick(9, 4)).cloned(),
            labels,
            unread: pick(10, 3) == 0,
            message_count: 1,
            preview: String::new(),
            snoozed_until: None,
            last_activity_at: at,
            created_at: at,
            related_conversation_ids: Vec::new(),
            sla: [None, Some(SlaState::OnTrack), Some(SlaState::Breached)][pick(11, 3)].map(|state| Sla {
                policy_id: model::SlaPolicyId::derived(at, b"p"),
                state,
                due_at: Some(at),
                first_response: None,
                next_response: None,
                resolution: None,
            }),
        },
    }
}

fn is_mentioned(row: &ConversationRow) -> bool {
    row.public.created_at.as_millis() % 3 == 0
}

async fn fill(db: &crate::Db, ids: &Ids) -> Vec<ConversationRow> {
    let mut rows: Vec<ConversationRow> = (0..CONVERSATIONS).map(|n| sample(ids, n)).collect();
    let mut counted: HashMap<WorkspaceId, u64> = HashMap::new();
    for row in &mut rows {
        let last = counted.entry(row.workspace_id.clone()).or_default();
        *last += 1;
        row.public.number = *last;
    }
    let (kept, mentioned) = (rows.clone(), ids.users[..1].to_vec());
    db.write(Priority::Foreground, move |tx| {
        for row in &rows {
            // Labels are written by a change, not by an insert.
            let mut plain = row.clone();
            plain.public.labels.clear();
            conversations::insert(tx, &mut plain)?;
            conversations::apply_change(tx, &plain, row)?;
            conversations::set_sla(tx, &row.public.id, row.public.sla.as_ref())?;
            // Mentioned before the conversation was active again: the list's order follows.
            if is_mentioned(row) {
                let note = model::MessageId::generate();
                crate::mentions::add(tx, &row.workspace_id, &plain.public, &note, &mentioned, |_| true)?;
                let mut earlier = row.clone();
                earlier.public.last_activity_at = Timestamp::from_millis(1);
                conversations::apply_change(tx, &earlier, row)?;
            }
        }
        Ok(())
    })
    .await
    .unwrap();
    kept
}

fn filters(ids: &Ids) -> Vec<ConversationFilter> {
    let all = ConversationFilter::all(ids.workspace.clone());
    let (channel, user) = (Some(ids.channels[1].clone()), Some(Assignee::User(ids.users[2].clone())));
    let mentioned = Some(ids.users[0].clone());
    let (contact, urgent) = (Some(ids.contacts[3].clone()), Some("urgent".to_owned()));
    let team = Some(OfTeam::Team(ids.teams[1].clone()));
    let late = Some(SlaFilter::Breached);
    let mut filters = Vec::new();
    for status in [None, Some(ConversationStatus::Open), Some(ConversationStatus::Resolved)] {
        for unread in [None, Some(true), Some(false)] {
            let base = ConversationFilter { status, unread, ..all.clone() };
            filters.extend([
                base.clone(),
                ConversationFilter { channel_id: channel.clone(), ..base.clone() },
                ConversationFilter { assignee: user.clone(), ..base.clone() },
                ConversationFilter { assignee: Some(Assignee::Nobody), ..base.clone() },
                ConversationFilter { label: urgent.clone(), ..base.clone() },
                ConversationFilter { contact_id: contact.clone(), ..base.clone() },
                ConversationFilter { channel_id: channel.clone(), assignee: user.clone(), ..base.clone() },
                ConversationFilter { channel_id: channel.clone(), assignee: Some(Assignee::Nobody), ..base.clone() },
                ConversationFilter { channel_id: channel.clone(), label: urgent.clone(), ..base.clone() },
                ConversationFilter { assignee: Some(Assignee::Nobody), label: urgent.clone(), ..base.clone() },
                ConversationFilter { contact_id: contact.clone(), label: Some("billing".into()), ..base.clone() },
                ConversationFilter { mentioned: mentioned.clone(), ..base.clone() },
                ConversationFilter { mentioned: mentioned.clone(), label: urgent.clone(), ..base.clone() },
                ConversationFilter { mentioned: mentioned.clone(), contact_id: contact.clone(), ..base.clone() },
                ConversationFilter { mentioned: mentioned.clone(), channel_id: channel.clone(), ..base.clone() },
                ConversationFilter { mentioned: mentioned.clone(), team: team.clone(), ..base.clone() },
                ConversationFilter { team: team.clone(), ..base.clone() },
                ConversationFilter { priority: Some(ConversationPriority::High), ..base.clone() },
                ConversationFilter { priority: Some(ConversationPriority::Normal), ..base.clone() },
                ConversationFilter {
                    priority: Some(ConversationPriority::High),
                    label: urgent.clone(),
                    ..base.clone()
                },
                ConversationFilter {
                    priority: Some(ConversationPriority::High),
                    assignee: user.clone(),
                    channel_id: channel.clone(),
                    ..base.clone()
                },
                ConversationFilter { number: Some(3), ..base.clone() },
                ConversationFilter { number: Some(3), label: urgent.clone(), ..base.clone() },
                ConversationFilter { sla: late, ..base.clone() },
                ConversationFilter { sla: late, channel_id: channel.clone(), label: urgent.clone(), ..base.clone() },
                ConversationFilter { sla: late, assignee: user.clone(), team: Some(OfTeam::None), ..base.clone() },
                ConversationFilter { sla: late, contact_id: contact.clone(), ..base.clone() },
                ConversationFilter { sla: late, mentioned: mentioned.clone(), ..base.clone() },
                ConversationFilter { team: Some(OfTeam::None), ..base.clone() },
                ConversationFilter { team: team.clone(), channel_id: channel.clone(), ..base.clone() },
                ConversationFilter { team: team.clone(), assignee: Some(Assignee::Nobody), ..base.clone() },
                ConversationFilter { team: Some(OfTeam::None), assignee: user.clone(), ..base.clone() },
                ConversationFilter { team: Some(OfTeam::None), assignee: Some(Assignee::Nobody), ..base.clone() },
                ConversationFilter { team: team.clone(), label: urgent.clone(), ..base.clone() },
                ConversationFilter { contact_id: contact.clone(), team: team.clone(), ..base.clone() },
                ConversationFilter { contact_id: contact.clone(), channel_id: channel.clone(), ..base },
            ]);
        }
    }
    filters.push(ConversationFilter { label: Some("unheard of".into()), ..all.clone() });
    filters.push(ConversationFilter { workspace_id: WorkspaceId::generate(), channel_id: channel, ..all.clone() });
    filters.push(ConversationFilter { contact_id: contact, ..ConversationFilter::all(ids.other_workspace.clone()) });
    filters
}

fn fits(filter: &ConversationFilter, row: &ConversationRow) -> bool {
    let public = &row.public;
    let assigned = match &filter.assignee {
        None => true,
        Some(Assignee::Nobody) => public.assignee_id.is_none(),
        Some(Assignee::User(user)) => public.assignee_id.as_ref() == Some(user),
    };
    let of_team = match &filter.team {
        None => true,
        Some(OfTeam::None) => public.team_id.is_none(),
        Some(OfTeam::Team(team)) => public.team_id.as_ref() == Some(team),
    };
    assigned
        && of_team
        && row.workspace_id == filter.workspace_id
        && filter.status.is_none_or(|status| status == public.status)
        && filter.priority.is_none_or(|priority| priority == public.priority)
        && filter.number.is_none_or(|number| number == public.number)
        && filter.unread.is_none_or(|unread| unread == public.unread)
        && filter.channel_id.as_ref().is_none_or(|channel| public.channel_id.as_ref() == Some(channel))
        && filter.contact_id.as_ref().is_none_or(|contact| public.contact_id.as_ref() == Some(contact))
        && filter.label.as_ref().is_none_or(|label| public.labels.contains(label))
        && (filter.mentioned.is_none() || is_mentioned(row))
        && filter.sla.is_none_or(|sla| public.sla.as_ref().is_some_and(|shown| shown.state == sla.state()))
}

async fn walk(db: &crate::Db, filter: &ConversationFilter, ascending: bool, take: usize) -> Vec<Conversation> {
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let (filter, slice) = (filter.clone(), ActivitySlice { after: after.clone(), ascending, take });
        let items = db.read(move |tx| page(tx, &filter, &slice)).await.unwrap();
        let full = items.len() == take;
        after = items.last().map(ActivityKey::of);
        all.extend(items);
        if !full {
            return all;
        }
    }
}

async fn every_filter_pages_through_what_fits_it_and_nothing_else(test: TestDb) {
    let ids = ids();
    let rows = fill(&test.db, &ids).await;
    for filter in filters(&ids) {
        let mut expected: Vec<Conversation> =
            rows.iter().filter(|row| fits(&filter, row)).map(|row| row.public.clone()).collect();
        for conversation in &mut expected {
            conversation.labels.sort();
        }
        expected.sort_by_key(ActivityKey::of);
        assert_eq!(walk(&test.db, &filter, true, 97).await, expected, "{filter:?}");
        expected.reverse();
        assert_eq!(walk(&test.db, &filter, false, 97).await, expected, "{filter:?}");
    }
}

async fn counts_are_those_of_the_open_conversations(test: TestDb) {
    let ids = ids();
    let rows = fill(&test.db, &ids).await;
    for channel in [None, Some(ids.channels[0].clone())] {
        let mine: Vec<&Conversation> = rows
            .iter()
            .filter(|row| row.workspace_id == ids.workspace)
            .map(|row| &row.public)
            .filter(|public| channel.is_none() || public.channel_id == channel)
            .collect();
        let of = |status| mine.iter().filter(|one| one.status == status).count() as u64;
        let open = |fits: &dyn Fn(&Conversation) -> bool| {
            mine.iter().filter(|one| one.status == ConversationStatus::Open && fits(one)).count() as u64
        };
        let user = ids.users[1].clone();
        let expected = ConversationCounts {
            open: of(ConversationStatus::Open),
            pending: of(ConversationStatus::Pending),
            snoozed: of(ConversationStatus::Snoozed),
            resolved: of(ConversationStatus::Resolved),
            unread: open(&|one| one.unread),
            mine: open(&|one| one.assignee_id.as_ref() == Some(&user)),
            unassigned: open(&|one| one.assignee_id.is_none()),
            mentions: 0,
        };
        let (workspace, asked) = (ids.workspace.clone(), user.clone());
        let channel = channel.clone();
        let counted = test.db.read(move |tx| counts(tx, &workspace, channel.as_ref(), Some(&asked))).await.unwrap();
        assert_eq!(counted, expected);
    }
}

/// What a page costs must not depend on what lies behind it: an index is walked in its own order, and nothing is sorted.
async fn no_list_scans_or_sorts(test: TestDb) {
    assert_eq!(test.db.dialect(), Dialect::Sqlite);
    let ids = ids();
    fill(&test.db, &ids).await;
    let after = Some(ActivityKey { last_activity_at: Timestamp::from_millis(1_000_500), id: "conv_5".into() });
    for filter in filters(&ids) {
        for (after, ascending) in [(None, false), (after.clone(), false), (after.clone(), true)] {
            let slice = ActivitySlice { after, ascending, take: 50 };
            let asked = filter.clone();
            let plan = test
                .db
                .read(move |tx| {
                    let (sql, conditions) = keys_query(&asked, &slice);
                    tx.query(&format!("EXPLAIN QUERY PLAN {sql}"), conditions.values(), |row| row.text(3))
                })
                .await
                .unwrap();
            for step in &plan {
                assert!(!step.contains("TEMP B-TREE"), "{filter:?}: {plan:#?}");
                assert!(!step.starts_with("SCAN"), "{filter:?}: {plan:#?}");
            }
            let searches: Vec<&String> = plan.iter().filter(|step| step.starts_with("SEARCH")).collect();
            assert!(!searches.is_empty());
            for step in searches.iter().filter(|step| step.starts_with("SEARCH c ") && !step.contains("(id=?)")) {
                let of_list =
                    ["status=?", "contact_id=?", "sla_state=?", "number=?"].iter().any(|column| step.contains(column));
                assert!(of_list, "{filter:?}: {plan:#?}");
            }
        }
    }
}

on_both_engines!(every_filter_pages_through_what_fits_it_and_nothing_else, counts_are_those_of_the_open_conversations);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_no_list_scans_or_sorts() {
    no_list_scans_or_sorts(TestDb::sqlite()).await;
}
