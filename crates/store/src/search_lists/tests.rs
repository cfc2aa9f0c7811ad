use super::*;
use crate::conversations::{self, ConversationRow};
use crate::db::Priority;
use crate::messages::{self, AttachmentRow};
use crate::on_both_engines;
use crate::search::{self, IndexRow, SearchClause, SearchDocument};
use crate::testing::TestDb;
use model::conversation::{ConversationPriority, ConversationStatus};
use model::message::Disposition;
use model::{AttachmentId, Timestamp, WorkspaceId};

const AT: Timestamp = Timestamp::from_millis(1_705_314_600_000);
const MESSAGES: usize = 600;

fn clause(text: &str, prefix: bool, sender: bool) -> SearchClause {
    SearchClause { terms: text.split(' ').map(str::to_owned).collect(), prefix, sender, negated: false }
}

fn without(clause: SearchClause) -> SearchClause {
    SearchClause { negated: true, ..clause }
}

fn words(n: usize) -> Vec<String> {
    let mut words = vec!["common".to_owned(), format!("number{n}")];
    words.extend((n.is_multiple_of(10)).then(|| "tenth".to_owned()));
    words.extend(["big", "red", "ball"].map(str::to_owned));
    if n.is_multiple_of(2) {
        words.swap(2, 3);
    }
    words
}

/// Messages of ninety conversations, every third resolved, all in the index.
async fn fill(db: &crate::Db) {
    db.write(Priority::Foreground, |tx| {
        let mut documents = Vec::new();
        for n in 0..MESSAGES {
            let mut row = crate::message_lists::tests::message(n);
            row.attachments.extend((n % 20 == 3).then(|| file(n)));
            row.seq = messages::insert(tx, &row)?;
            if conversations::get(tx, &row.workspace_id, &row.conversation_id)?.is_none() && !n.is_multiple_of(17) {
                let mut conversation = conversation(&row.conversation_id, &row.workspace_id);
                conversation.public.channel_id = row.channel_id.clone();
                if n / 7 % 3 == 0 {
                    conversation.public.status = ConversationStatus::Resolved;
                }
                conversations::insert(tx, &mut conversation)?;
            }
            documents.push(IndexRow::of(
                tx.dialect(),
                &SearchDocument {
                    seq: row.seq,
                    workspace_id: &row.workspace_id,
                    channel_id: row.channel_id.as_ref(),
                    with_files: !row.attachments.is_empty(),
                    sender: ["ann".to_owned(), format!("from{}", n % 4)].iter().collect(),
                    terms: words(n).iter().collect(),
                },
            ));
        }
        for documents in documents.chunks(70) {
            search::put(tx, documents)?;
        }
        // Again, the newest first, and one a time: what is indexed twice is found once.
        documents.iter().rev().try_for_each(|document| search::put(tx, std::slice::from_ref(document)))
    })
    .await
    .unwrap();
}

fn file(n: usize) -> AttachmentRow {
    AttachmentRow {
        id: AttachmentId::derived(AT, &n.to_be_bytes()),
        part: 2,
        filename: Some("plan.pdf".into()),
        content_type: "application/pdf".into(),
        size: 100,
        content_id: None,
        disposition: Disposition::Attachment,
        withheld: None,
    }
}

fn conversation(id: &ConversationId, workspace: &WorkspaceId) -> ConversationRow {
    ConversationRow {
        workspace_id: workspace.clone(),
        subject_base: String::new(),
        reply_token: format!("t{id}"),
        public: Conversation {
            id: id.clone(),
            channel_id: None,
            use_case_id: None,
            contact_id: None,
            subject: String::new(),
            number: 1,
            priority: ConversationPriority::Normal,
            status: ConversationStatus::Open,
            assignee_id: None,
            team_id: None,
            labels: Vec::new(),
            unread: false,
            message_count: 1,
            preview: String::new(),
            snoozed_until: None,
            last_activity_at: AT,
            created_at: AT,
            related_conversation_ids: Vec::new(),
            sla: None,
        },
    }
}

fn workspace() -> WorkspaceId {
    WorkspaceId::derived(AT, b"first")
}

fn filter() -> MatchFilter {
    MatchFilter::of(ConversationFilter::all(workspace()))
}

/// The `n` of every message found, over all pages.
async fn found(db: &crate::Db, clauses: &[SearchClause], filter: &MatchFilter, take: usize) -> Vec<usize> {
    let (mut before, mut all) = (i64::MAX, Vec::new());
    loop {
        let (clauses, filter) = (clauses.to_vec(), filter.clone());
        let page = db
            .read(move |tx| {
                let workspace_id = workspace();
                let terms = TermQuery { workspace_id: &workspace_id, channel_id: None, clauses: &clauses };
                messages(tx, &terms, &filter, before, take)
            })
            .await
            .unwrap();
        all.extend(page.items.iter().map(|row| row.subject.trim_start_matches("Message ").parse::<usize>().unwrap()));
        match page.go_on_before {
            Some(next) => before = next,
            None => return all,
        }
    }
}

fn expected(fits: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..MESSAGES).rev().filter(|n| !n.is_multiple_of(17) && fits(*n)).collect()
}

async fn terms_phrases_beginnings_and_senders_are_found_newest_first(test: TestDb) {
    fill(&test.db).await;
    for take in [1, 7, 100] {
        if take == 1 {
            let rare = [clause("number77", false, false)];
            assert_eq!(found(&test.db, &rare, &filter(), take).await, [77]);
            continue;
        }
        for (clauses, fits) in [
            (
                vec![clause("tenth", false, false)],
                Box::new(|n: usize| n.is_multiple_of(10)) as Box<dyn Fn(usize) -> bool>,
            ),
            (vec![clause("common", false, false), clause("tenth", false, false)], Box::new(|n| n.is_multiple_of(10))),
            (vec![clause("number5", true, false)], Box::new(|n: usize| n.to_string().starts_with('5'))),
            // More words than are looked up one by one.
            (vec![clause("number", true, false)], Box::new(|_| true)),
            (vec![clause("number", true, false), clause("tenth", false, false)], Box::new(|n| n.is_multiple_of(10))),
            (vec![clause("common number", true, false)], Box::new(|_| true)),
            (vec![clause("nobody", true, false)], Box::new(|_| false)),
            (vec![clause("from", true, true)], Box::new(|_| true)),
            (vec![clause("numb", true, true)], Box::new(|_| false)),
            (vec![clause("from3", false, true)], Box::new(|n| n % 4 == 3)),
            (vec![clause("from3", false, false)], Box::new(|n| n % 4 == 3)),
            (vec![clause("big red ball", false, false)], Box::new(|n| n % 2 == 1)),
            (vec![clause("big re", true, false)], Box::new(|n| n % 2 == 1)),
            (vec![clause("common", false, true)], Box::new(|_| false)),
            (vec![clause("absent", false, false)], Box::new(|_| false)),
            (vec![clause("big red", false, true)], Box::new(|_| false)),
            (vec![], Box::new(|_| true)),
            (vec![without(clause("tenth", false, false))], Box::new(|n| !n.is_multiple_of(10))),
            (
                vec![clause("common", false, false), without(clause("big red ball", false, false))],
                Box::new(|n| n.is_multiple_of(2)),
            ),
            (vec![clause("tenth", false, false), without(clause("from2", false, true))], Box::new(|n| n % 20 == 0)),
            (vec![without(clause("number", true, false))], Box::new(|_| false)),
            (vec![clause("tenth", false, false), without(clause("nobody", true, false))], Box::new(|n| n % 10 == 0)),
            (
                vec![without(clause("tenth", false, false)), without(clause("from1", false, true))],
                Box::new(|n| n % 10 != 0 && n % 4 != 1),
            ),
        ] {
            assert_eq!(found(&test.db, &clauses, &filter(), take).await, expected(fits), "{clauses:?} by {take}");
        }
    }
}

async fn other_filters_leave_what_they_should(test: TestDb) {
    fill(&test.db).await;
    let open = ConversationFilter { status: Some(ConversationStatus::Open), ..filter().conversation };
    let open = MatchFilter::of(open);
    let clauses = [clause("common", false, false)];
    assert_eq!(found(&test.db, &clauses, &open, 50).await, expected(|n| n / 7 % 90 % 3 != 0));
    let with_files = MatchFilter { attachments: Some(true), ..filter() };
    assert_eq!(found(&test.db, &clauses, &with_files, 7).await, expected(|n| n % 20 == 3));
    assert_eq!(found(&test.db, &[], &with_files, 7).await, expected(|n| n % 20 == 3));
    let without = MatchFilter { attachments: Some(false), ..filter() };
    assert_eq!(found(&test.db, &clauses, &without, 50).await, expected(|n| n % 20 != 3));
    let resolved = MatchFilter { not_statuses: vec![ConversationStatus::Open], ..filter() };
    assert_eq!(found(&test.db, &clauses, &resolved, 50).await, expected(|n| n / 7 % 90 % 3 == 0));
    let unlabelled = MatchFilter { not_labels: vec!["spam".to_owned()], ..filter() };
    assert_eq!(found(&test.db, &clauses, &unlabelled, 50).await, expected(|_| true));
    let heads = Some(HeadTest::of(|subject, _| subject.ends_with('3')));
    let threes = MatchFilter { heads, ..filter() };
    assert_eq!(found(&test.db, &clauses, &threes, 50).await, expected(|n| n % 10 == 3));
    let past = MatchFilter { before: Some(Timestamp::from_millis(0)), ..filter() };
    assert!(found(&test.db, &clauses, &past, 50).await.is_empty());
    let since = MatchFilter { since: Some(Timestamp::from_millis(0)), ..filter() };
    assert_eq!(found(&test.db, &clauses, &since, 50).await, expected(|_| true));
}

async fn each_conversation_is_found_once_over_all_pages(test: TestDb) {
    fill(&test.db).await;
    let (mut before, mut all) = (i64::MAX, Vec::new());
    loop {
        let page = test
            .db
            .read(move |tx| {
                let (workspace_id, clauses) = (workspace(), [clause("tenth", false, false)]);
                let terms = TermQuery { workspace_id: &workspace_id, channel_id: None, clauses: &clauses };
                conversations(tx, &terms, &filter(), before, 4)
            })
            .await
            .unwrap();
        all.extend(page.items.into_iter().map(|found| found.conversation.id.into_string()));
        match page.go_on_before {
            Some(next) => before = next,
            None => break,
        }
    }
    let mut newest_first: Vec<String> = Vec::new();
    for n in expected(|n| n.is_multiple_of(10)) {
        let id = crate::message_lists::tests::message(n).conversation_id.into_string();
        if !newest_first.contains(&id) {
            newest_first.push(id);
        }
    }
    assert_eq!(all, newest_first);
}

async fn a_channel_and_a_workspace_see_their_own(test: TestDb) {
    fill(&test.db).await;
    let channel = model::ChannelId::derived(AT, &[1]);
    let seqs = test
        .db
        .read(move |tx| {
            let (first, stranger) = (workspace(), WorkspaceId::generate());
            let clauses = [clause("common", false, false)];
            let its = TermQuery { workspace_id: &first, channel_id: Some(&channel), clauses: &clauses };
            let nobodys = TermQuery { workspace_id: &stranger, channel_id: None, clauses: &clauses };
            let nobodys = search::prepare(tx, &nobodys, false)?.expect("a query");
            let its = search::prepare(tx, &its, false)?.expect("a query");
            assert!(search::newest(tx, &nobodys, i64::MAX, 10)?.is_empty());
            let found = search::newest(tx, &its, i64::MAX, 1_000)?;
            assert_eq!(search::among(tx, &its, &found[..3])?.len(), 3);
            assert!(search::newest(tx, &its, i64::MIN, 10)?.is_empty());
            Ok(found.len())
        })
        .await
        .unwrap();
    assert_eq!(seqs, expected(|n| !n.is_multiple_of(5) && n % 3 == 1).len());
}

/// Marks in the index are short. Two workspaces with the same one still never meet.
async fn workspaces_whose_ids_end_alike_never_meet(test: TestDb) {
    fill(&test.db).await;
    let own = workspace();
    let alike = WorkspaceId::from_stored(format!("ws_{}{}", "0".repeat(20), &own.as_str()[own.as_str().len() - 6..]));
    let found = test
        .db
        .read(move |tx| {
            let clauses = [clause("common", false, false)];
            let terms = TermQuery { workspace_id: &alike, channel_id: None, clauses: &clauses };
            let filter = MatchFilter::of(ConversationFilter::all(alike.clone()));
            let messages = messages(tx, &terms, &filter, i64::MAX, 10)?.items.len();
            Ok((messages, conversations(tx, &terms, &filter, i64::MAX, 10)?.items.len()))
        })
        .await;
    assert_eq!(found.unwrap(), (0, 0));
}

async fn what_is_removed_is_not_found(test: TestDb) {
    fill(&test.db).await;
    let find = |db: crate::Db| async move { found(&db, &[clause("number42", false, false)], &filter(), 5).await };
    assert_eq!(find(test.db.clone()).await, [42]);
    let seq = 43;
    test.db.write(Priority::Foreground, move |tx| search::remove(tx, seq)).await.unwrap();
    assert!(find(test.db.clone()).await.is_empty());
}

on_both_engines!(
    terms_phrases_beginnings_and_senders_are_found_newest_first,
    other_filters_leave_what_they_should,
    each_conversation_is_found_once_over_all_pages,
    a_channel_and_a_workspace_see_their_own,
    workspaces_whose_ids_end_alike_never_meet,
    what_is_removed_is_not_found,
);
