//! What pages of lists and searches cost at different sizes of a box:
//! `cargo run --release -p postroom-store --features testing --example list_latency -- 10000 1000000`.
//! With `POSTROOM_TEST_POSTGRES_URL` set and `--postgres`, on PostgreSQL.

#![expect(clippy::expect_used, reason = "a measurement that can't go on ends")]

use std::time::Instant;

use model::conversation::{Conversation, ConversationStatus};
use model::message::{Direction, MessageStatus, ThreadedBy};
use model::{ChannelId, ContactId, ConversationId, MessageId, Timestamp, UserId, WorkspaceId};
use postroom_store::conversation_lists::{self, ActivitySlice, Assignee, ConversationFilter};
use postroom_store::conversations::{self, ConversationRow};
use postroom_store::message_lists::{self, MessageFilter, MessageSlice};
use postroom_store::messages::{self, Envelope, MessageFlags, MessageRow};
use postroom_store::search::{self, SearchClause, SearchDocument, TermQuery};
use postroom_store::search_lists::{self, MatchFilter};
use postroom_store::testing::TestDb;
use postroom_store::{Db, Priority, Tx};

const ROUNDS: usize = 200;
const WORDS: usize = 5_000;
const AT: i64 = 1_700_000_000_000;

fn scrambled(n: usize, salt: usize) -> usize {
    let mut x = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt as u64 * 0x2545_f491_4f6c_dd1d);
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (x >> 33) as usize
}

fn id<T>(make: impl Fn(Timestamp, &[u8]) -> T, n: usize) -> T {
    make(Timestamp::from_millis(AT), &n.to_be_bytes())
}

fn conversation(n: usize) -> ConversationRow {
    let status = match scrambled(n, 1) % 100 {
        0..=4 => ConversationStatus::Open,
        5..=6 => ConversationStatus::Pending,
        7 => ConversationStatus::Snoozed,
        _ => ConversationStatus::Resolved,
    };
    ConversationRow {
        workspace_id: id(WorkspaceId::derived, 0),
        subject_base: String::new(),
        reply_token: format!("t{n}"),
        public: Conversation {
            id: ConversationId::derived(Timestamp::from_millis(AT + n as i64), &n.to_be_bytes()),
            channel_id: Some(id(ChannelId::derived, scrambled(n, 2) % 10)),
            use_case_id: None,
            contact_id: Some(id(ContactId::derived, scrambled(n, 3) % 100_000)),
            subject: format!("Subject {n}"),
            status,
            assignee_id: (!scrambled(n, 4).is_multiple_of(3)).then(|| id(UserId::derived, scrambled(n, 5) % 20)),
            team_id: None,
            labels: Vec::new(),
            unread: scrambled(n, 6).is_multiple_of(10),
            message_count: 1,
            preview: "The first words of the newest message".into(),
            snoozed_until: None,
            last_activity_at: Timestamp::from_millis(AT + n as i64 * 1_000),
            created_at: Timestamp::from_millis(AT + n as i64 * 1_000),
            related_conversation_ids: Vec::new(),
        },
    }
}

fn message(n: usize, conversation: &ConversationRow) -> MessageRow {
    let outbound = n.is_multiple_of(4);
    let public = &conversation.public;
    MessageRow {
        seq: 0,
        id: MessageId::derived(Timestamp::from_millis(AT + n as i64), &n.to_be_bytes()),
        workspace_id: conversation.workspace_id.clone(),
        channel_id: public.channel_id.clone(),
        use_case_id: None,
        conversation_id: public.id.clone(),
        contact_id: public.contact_id.clone(),
        direction: if outbound { Direction::Outbound } else { Direction::Inbound },
        status: if outbound { MessageStatus::Sent } else { MessageStatus::Received },
        private: false,
        author_id: None,
        from_address: "ann@example.org".into(),
        from_name: None,
        recipients: Vec::new(),
        subject: public.subject.clone(),
        preview: public.preview.clone(),
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
        tags: Vec::new(),
        identity: None,
        blob_id: None,
        raw_size: 4_000,
        scheduled_at: None,
        sent_at: public.created_at,
        created_at: public.created_at,
    }
}

/// Words as unequally common as those of a language.
fn words(n: usize) -> Vec<String> {
    let word = |place: usize| {
        let roll = scrambled(n, 100 + place) as f64 / (u32::MAX >> 1) as f64;
        format!("w{}", (WORDS as f64).powf(roll.clamp(0.0, 1.0)) as usize)
    };
    (0..40).map(word).collect()
}

fn add(tx: &mut Tx<'_>, n: usize) -> postroom_store::Result<()> {
    let row = conversation(n);
    conversations::insert(tx, &row)?;
    if scrambled(n, 7).is_multiple_of(50) {
        let mut labelled = row.clone();
        labelled.public.labels = vec!["urgent".into()];
        conversations::apply_change(tx, &row, &labelled)?;
    }
    let mail = message(n, &row);
    let seq = messages::insert(tx, &mail)?;
    let (workspace_id, channel_id) = (&mail.workspace_id, mail.channel_id.as_ref());
    search::put(tx, &[SearchDocument { seq, workspace_id, channel_id, sender: vec!["ann".into()], terms: words(n) }])
}

type Asked = Box<dyn Fn(&mut Tx<'_>) -> postroom_store::Result<usize> + Send + Sync>;

fn questions() -> Vec<(&'static str, Asked)> {
    let all = || ConversationFilter::all(id(WorkspaceId::derived, 0));
    let list = |filter: ConversationFilter| -> Asked {
        let slice = ActivitySlice { after: None, ascending: false, take: 50 };
        Box::new(move |tx| Ok(conversation_lists::page(tx, &filter, &slice)?.len()))
    };
    let mails = |filter: MessageFilter| -> Asked {
        let slice = MessageSlice { after: None, ascending: false, take: 50 };
        Box::new(move |tx| Ok(message_lists::page(tx, &filter, &slice)?.len()))
    };
    let found = |queries: &'static [&'static str]| -> Asked {
        Box::new(move |tx| {
            let workspace_id = id(WorkspaceId::derived, 0);
            let clause = |word: &&str| {
                let terms = word.trim_end_matches('*').split('+').map(str::to_owned).collect();
                SearchClause { terms, prefix: word.ends_with('*'), sender: false }
            };
            let clauses: Vec<SearchClause> = queries.iter().map(clause).collect();
            let terms = TermQuery { workspace_id: &workspace_id, channel_id: None, clauses: &clauses };
            let filter = MatchFilter { conversation: ConversationFilter::all(workspace_id.clone()), attachments: None };
            Ok(search_lists::messages(tx, &terms, &filter, i64::MAX, 50)?.items.len())
        })
    };
    let (channel, user) = (Some(id(ChannelId::derived, 3)), Some(Assignee::User(id(UserId::derived, 4))));
    let open = Some(ConversationStatus::Open);
    vec![
        ("conversations", list(all())),
        ("  status", list(ConversationFilter { status: open, ..all() })),
        ("  unread", list(ConversationFilter { unread: Some(true), ..all() })),
        ("  channel", list(ConversationFilter { channel_id: channel.clone(), ..all() })),
        ("  assignee", list(ConversationFilter { assignee: user.clone(), ..all() })),
        ("  nobody", list(ConversationFilter { assignee: Some(Assignee::Nobody), ..all() })),
        ("  label", list(ConversationFilter { label: Some("urgent".into()), ..all() })),
        (
            "  channel+assignee+open",
            list(ConversationFilter { channel_id: channel.clone(), assignee: user, status: open, ..all() }),
        ),
        ("messages", mails(MessageFilter::all(id(WorkspaceId::derived, 0)))),
        ("  channel", mails(MessageFilter { channel_id: channel, ..MessageFilter::all(id(WorkspaceId::derived, 0)) })),
        (
            "  sent",
            mails(MessageFilter {
                status: Some(MessageStatus::Sent),
                ..MessageFilter::all(id(WorkspaceId::derived, 0))
            }),
        ),
        ("search a common word", found(&["w1"])),
        ("  a rarer word", found(&["w2000"])),
        ("  a rare word", found(&["w4999"])),
        ("  common and rarer", found(&["w2", "w1000"])),
        ("  beginning of a word", found(&["w49*"])),
        ("  phrase", found(&["w1+w2"])),
        ("  nothing", found(&["absent"])),
        (
            "counts",
            Box::new(|tx| {
                let (workspace, user) = (id(WorkspaceId::derived, 0), id(UserId::derived, 1));
                Ok(conversation_lists::counts(tx, &workspace, None, Some(&user))?.open as usize)
            }),
        ),
    ]
}

async fn measure(db: &Db, asked: &std::sync::Arc<Asked>) -> (usize, f64, f64) {
    let (mut times, mut found) = (Vec::with_capacity(ROUNDS), 0);
    for _ in 0..ROUNDS {
        let (asked, begun) = (asked.clone(), Instant::now());
        found = db.read(move |tx| asked(tx)).await.expect("an answer");
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (found, times[ROUNDS / 2], times[ROUNDS * 95 / 100])
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let postgres = arguments.iter().any(|argument| argument == "--postgres");
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let test = if postgres { TestDb::postgres() } else { TestDb::sqlite() };
    let mut filled = 0;
    for size in sizes {
        let begun = Instant::now();
        while filled < size {
            let (from, to) = (filled, (filled + 1_000).min(size));
            test.db.write(Priority::Foreground, move |tx| (from..to).try_for_each(|n| add(tx, n))).await.expect("kept");
            filled = to;
        }
        if postgres {
            test.db.write(Priority::Foreground, |tx| tx.execute("ANALYZE", &[])).await.expect("statistics");
        }
        println!("\n{size} conversations of one message each (filled in {:.1} s)", begun.elapsed().as_secs_f64());
        println!("{:28} {:>6} {:>9} {:>9}", "", "found", "p50 ms", "p95 ms");
        for (name, asked) in questions() {
            let (found, p50, p95) = measure(&test.db, &std::sync::Arc::new(asked)).await;
            println!("{name:28} {found:>6} {p50:>9.3} {p95:>9.3}");
        }
    }
}
