//! What pages of lists and searches cost in boxes of different sizes, asked in turn so that the machine's noise is the same for all:
//! `cargo run --release -p postroom-store --features testing --example list_latency -- 10000 1000000`.
//! `--keep FOLDER` keeps the SQLite databases for the next run. `--busy` commits a write before every question, which empties the
//! readers' caches. With `POSTROOM_TEST_POSTGRES_URL` set and `--postgres`, on PostgreSQL.

#![expect(clippy::expect_used, reason = "a measurement that can't go on ends")]

use std::sync::Arc;
use std::time::Instant;

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::message::{Direction, Disposition, MessageStatus, ThreadedBy};
use model::{AttachmentId, ChannelId, ContactId, ConversationId, MessageId, Timestamp, UserId, WorkspaceId};
use postroom_store::conversation_counts;
use postroom_store::conversation_lists::{self, ActivitySlice, Assignee, ConversationFilter};
use postroom_store::conversations::{self, ConversationRow};
use postroom_store::message_lists::{self, MessageFilter, MessageSlice};
use postroom_store::messages::{self, AttachmentRow, Envelope, MessageFlags, MessageRow};
use postroom_store::search::{self, IndexRow, SearchClause, SearchDocument, TermQuery, Words};
use postroom_store::search_lists::{self, MatchFilter};
use postroom_store::testing::TestDb;
use postroom_store::{Db, DbConfig, Priority, Tx, migrate, search_queue};

const ROUNDS: usize = 400;
/// Mails put into the index at once, as the engine does.
const BATCH: usize = 100;
/// Of what is seldom, a box of any size has this many.
const SELDOM: usize = 60;
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

fn conversation(n: usize, size: usize) -> ConversationRow {
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
            contact_id: Some(id(ContactId::derived, scrambled(n, 3) % (size / SELDOM))),
            subject: format!("Subject {n}"),
            number: 0,
            priority: ConversationPriority::ALL[scrambled(n, 7) % 4],
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
            sla: None,
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
        attachments: if scrambled(n, 8).is_multiple_of(10) { vec![file(n)] } else { Vec::new() },
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

fn file(n: usize) -> AttachmentRow {
    AttachmentRow {
        id: id(AttachmentId::derived, n),
        part: 2,
        filename: Some(format!("{n}.pdf")),
        content_type: "application/pdf".into(),
        size: 1_000,
        content_id: None,
        disposition: Disposition::Attachment,
        withheld: None,
    }
}

/// Words as unequally common as those of a language.
fn words(n: usize, size: usize) -> Words {
    let word = |place: usize| {
        let roll = scrambled(n, 100 + place) as f64 / (u32::MAX >> 1) as f64;
        format!("w{}", (WORDS as f64).powf(roll.clamp(0.0, 1.0)) as usize)
    };
    // As numbers of orders are: another one in every mail.
    let others =
        std::iter::once(format!("order{n}")).chain(n.is_multiple_of(size / SELDOM).then(|| "seldom".to_owned()));
    (0..40).map(word).chain(others).collect()
}

/// A conversation and its mail. Answers what the search index is to hold.
fn add(tx: &mut Tx<'_>, n: usize, size: usize) -> postroom_store::Result<(i64, IndexRow)> {
    let mut row = conversation(n, size);
    conversations::insert(tx, &mut row)?;
    if scrambled(n, 7).is_multiple_of(50) {
        let mut labelled = row.clone();
        labelled.public.labels = vec!["urgent".into()];
        conversations::apply_change(tx, &row, &labelled)?;
    }
    let mail = message(n, &row);
    let seq = messages::insert(tx, &mail)?;
    let document = SearchDocument {
        seq,
        workspace_id: &mail.workspace_id,
        channel_id: mail.channel_id.as_ref(),
        with_files: !mail.attachments.is_empty(),
        sender: [format!("ann{}", scrambled(n, 9) % 100), "example".into()].iter().collect(),
        terms: words(n, size),
    };
    Ok((seq, IndexRow::of(tx.dialect(), &document)))
}

fn add_all(tx: &mut Tx<'_>, range: std::ops::Range<usize>, size: usize) -> postroom_store::Result<()> {
    let added: Vec<(i64, IndexRow)> = range.map(|n| add(tx, n, size)).collect::<postroom_store::Result<_>>()?;
    let (seqs, rows): (Vec<i64>, Vec<IndexRow>) = added.into_iter().unzip();
    search::put(tx, &rows)?;
    search_queue::remove(tx, &seqs)
}

type Asked = Arc<dyn Fn(&mut Tx<'_>) -> postroom_store::Result<usize> + Send + Sync>;
type Question = (&'static str, Asked);

fn questions(size: usize) -> Vec<Question> {
    let mut all = lists(size);
    all.extend(searches());
    all.push((
        "counts",
        Arc::new(|tx: &mut Tx<'_>| {
            let (workspace, user) = (id(WorkspaceId::derived, 0), id(UserId::derived, 1));
            Ok(conversation_counts::counts(tx, &workspace, None, Some(&user))?.open as usize)
        }),
    ));
    all
}

fn lists(size: usize) -> Vec<Question> {
    let all = || ConversationFilter::all(id(WorkspaceId::derived, 0));
    let asked = |slice: ActivitySlice, filter: ConversationFilter| -> Asked {
        Arc::new(move |tx| Ok(conversation_lists::page(tx, &filter, &slice)?.len()))
    };
    let first = ActivitySlice { after: None, ascending: false, take: 51 };
    let list = |filter: ConversationFilter| asked(first.clone(), filter);
    let halfway = {
        let row = conversation(size / 2, size).public;
        ActivitySlice { after: Some(conversation_lists::ActivityKey::of(&row)), ..first.clone() }
    };
    let mails = |filter: MessageFilter| -> Asked {
        let slice = MessageSlice { after: None, ascending: false, take: 51 };
        Arc::new(move |tx| Ok(message_lists::page(tx, &filter, &slice)?.len()))
    };
    let every_mail = || MessageFilter::all(id(WorkspaceId::derived, 0));
    let (channel, contact) = (Some(id(ChannelId::derived, 3)), Some(id(ContactId::derived, 5)));
    let (user, nobody) = (Some(Assignee::User(id(UserId::derived, 4))), Some(Assignee::Nobody));
    let (open, unread, label) = (Some(ConversationStatus::Open), Some(true), Some("urgent".to_owned()));
    let resolved = Some(ConversationStatus::Resolved);
    vec![
        ("conversations", list(all())),
        ("  halfway down", asked(halfway, all())),
        ("  the oldest", asked(ActivitySlice { ascending: true, ..first.clone() }, all())),
        ("  open", list(ConversationFilter { status: open, ..all() })),
        ("  resolved", list(ConversationFilter { status: resolved, ..all() })),
        ("  unread", list(ConversationFilter { unread, ..all() })),
        ("  open+unread", list(ConversationFilter { status: open, unread, ..all() })),
        ("  channel", list(ConversationFilter { channel_id: channel.clone(), ..all() })),
        ("  channel+resolved", list(ConversationFilter { channel_id: channel.clone(), status: resolved, ..all() })),
        ("  channel+unread", list(ConversationFilter { channel_id: channel.clone(), unread, ..all() })),
        ("  assignee", list(ConversationFilter { assignee: user.clone(), ..all() })),
        ("  assignee+resolved", list(ConversationFilter { assignee: user.clone(), status: resolved, ..all() })),
        ("  nobody", list(ConversationFilter { assignee: nobody.clone(), ..all() })),
        ("  nobody+open", list(ConversationFilter { assignee: nobody.clone(), status: open, ..all() })),
        ("  channel+nobody", list(ConversationFilter { channel_id: channel.clone(), assignee: nobody, ..all() })),
        ("  channel+assignee", list(ConversationFilter { channel_id: channel.clone(), assignee: user, ..all() })),
        ("  label", list(ConversationFilter { label: label.clone(), ..all() })),
        ("  label+resolved", list(ConversationFilter { label: label.clone(), status: resolved, ..all() })),
        ("  label+channel", list(ConversationFilter { label, channel_id: channel.clone(), ..all() })),
        ("  contact", list(ConversationFilter { contact_id: contact.clone(), ..all() })),
        ("  contact+resolved", list(ConversationFilter { contact_id: contact.clone(), status: resolved, ..all() })),
        ("messages", mails(every_mail())),
        ("  channel", mails(MessageFilter { channel_id: channel, ..every_mail() })),
        ("  contact", mails(MessageFilter { contact_id: contact, ..every_mail() })),
        ("  sent", mails(MessageFilter { status: Some(MessageStatus::Sent), ..every_mail() })),
    ]
}

/// `word*` begins a word, `one+two` is a phrase, `@name` a sender.
fn clause(text: &&str) -> SearchClause {
    let word = text.trim_start_matches('@').trim_end_matches('*');
    let terms = word.split('+').map(str::to_owned).collect();
    SearchClause { terms, prefix: text.ends_with('*'), sender: text.starts_with('@'), negated: false }
}

fn searches() -> Vec<Question> {
    let everywhere = || ConversationFilter::all(id(WorkspaceId::derived, 0));
    let asked =
        |words: &[&str], conversation: ConversationFilter, attachments: Option<bool>, in_lists: bool| -> Asked {
            let clauses: Vec<SearchClause> = words.iter().map(clause).collect();
            let filter = MatchFilter { attachments, ..MatchFilter::of(conversation) };
            Arc::new(move |tx| {
                let workspace_id = id(WorkspaceId::derived, 0);
                let channel_id = filter.conversation.channel_id.as_ref();
                let terms = TermQuery { workspace_id: &workspace_id, channel_id, clauses: &clauses };
                if in_lists {
                    return Ok(search_lists::conversations(tx, &terms, &filter, i64::MAX, 50)?.items.len());
                }
                Ok(search_lists::messages(tx, &terms, &filter, i64::MAX, 50)?.items.len())
            })
        };
    let found = |words: &[&str]| asked(words, everywhere(), None, false);
    let channel_id = Some(id(ChannelId::derived, 3));
    let status = Some(ConversationStatus::Resolved);
    vec![
        ("search a common word", found(&["w1"])),
        ("  a rarer word", found(&["w300"])),
        ("  a seldom word", found(&["seldom"])),
        ("  one mail's word", found(&["order4321"])),
        ("  two common words", found(&["w1", "w2"])),
        ("  common and rarer", found(&["w2", "w300"])),
        ("  two rarer words", found(&["w50", "w60"])),
        ("  common and seldom", found(&["w1", "seldom"])),
        ("  three words", found(&["w1", "w5", "w20"])),
        ("  phrase", found(&["w1+w2"])),
        ("  phrase, rarer", found(&["w1+w40"])),
        ("  beginning, common", found(&["w1*"])),
        ("  beginning of few words", found(&["w300*"])),
        ("  beginning of many words", found(&["w49*"])),
        ("  beginning of one word", found(&["seld*"])),
        ("  beginning of numbers", found(&["order12*"])),
        ("  beginning and common", found(&["w49*", "w1"])),
        ("  sender", found(&["@ann17"])),
        ("  beginning of a sender", found(&["@ann1*"])),
        ("  sender and common", found(&["@ann17", "w1"])),
        ("  common, with a file", asked(&["w1"], everywhere(), Some(true), false)),
        ("  with a file", asked(&[], everywhere(), Some(true), false)),
        ("  nothing", found(&["absent"])),
        ("  nothing, and common", found(&["absent", "w1"])),
        ("  nothing begins so", found(&["absen*"])),
        ("list of a common word", asked(&["w1"], everywhere(), None, true)),
        ("  and resolved", asked(&["w1"], ConversationFilter { status, ..everywhere() }, None, true)),
        ("  and channel", asked(&["w1"], ConversationFilter { channel_id, ..everywhere() }, None, true)),
    ]
}

struct Measured {
    found: usize,
    p50: f64,
    p95: f64,
}

/// The same question to every box in turn.
async fn measure(boxes: &[(usize, Db)], asked: &[Asked], busy: bool) -> Vec<Measured> {
    let mut times = vec![Vec::with_capacity(ROUNDS); boxes.len()];
    let mut found = vec![0; boxes.len()];
    for _ in 0..ROUNDS {
        for (place, (_, db)) in boxes.iter().enumerate() {
            if busy {
                let write = "INSERT INTO progress (name, position) VALUES ('measured', 0)
                    ON CONFLICT (name) DO UPDATE SET position = progress.position + 1";
                db.write(Priority::Foreground, |tx| tx.execute(write, &[])).await.expect("a write");
            }
            let (asked, begun) = (asked[place].clone(), Instant::now());
            found[place] = db.read(move |tx| asked(tx)).await.expect("an answer");
            times[place].push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    let of = |(mut times, found): (Vec<f64>, usize)| {
        times.sort_by(f64::total_cmp);
        Measured { found, p50: times[ROUNDS / 2], p95: times[ROUNDS * 95 / 100] }
    };
    times.into_iter().zip(found).map(of).collect()
}

async fn fill(db: &Db, size: usize) {
    let begun = Instant::now();
    for from in (0..size).step_by(BATCH) {
        let to = (from + BATCH).min(size);
        db.write(Priority::Foreground, move |tx| add_all(tx, from..to, size)).await.expect("kept");
    }
    if db.dialect() == postroom_store::Dialect::Postgres {
        db.write(Priority::Foreground, |tx| tx.execute("ANALYZE", &[])).await.expect("statistics");
    }
    println!("{size} conversations of one message each, filled in {:.1} s", begun.elapsed().as_secs_f64());
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let kept = arguments.iter().position(|argument| argument == "--keep").and_then(|place| arguments.get(place + 1));
    let only = arguments.iter().position(|argument| argument == "--only").and_then(|place| arguments.get(place + 1));
    let (mut boxes, mut temporary) = (Vec::new(), Vec::new());
    for size in arguments.iter().filter_map(|argument| argument.parse::<usize>().ok()) {
        let db = if let Some(folder) = kept {
            let path = std::path::Path::new(folder).join(format!("{size}.db"));
            let filled = path.exists();
            let db = tokio::task::spawn_blocking(move || {
                let db = Db::open(&DbConfig::Sqlite { path }).expect("open the database");
                migrate::migrate(&db).expect("migrate the database");
                db
            });
            let db = db.await.expect("a database");
            if !filled {
                fill(&db, size).await;
            }
            db
        } else {
            let test = if given("--postgres") { TestDb::postgres() } else { TestDb::sqlite() };
            let db = test.db.clone();
            temporary.push(test);
            fill(&db, size).await;
            db
        };
        boxes.push((size, db));
    }
    print!("{:28}", "");
    boxes.iter().for_each(|(size, _)| print!(" {:>6} {:>10} {:>9}", "found", format!("p50@{size}"), "p95 ms"));
    println!("   p50 ×   p95 ×");
    let all: Vec<Vec<Question>> = boxes.iter().map(|(size, _)| questions(*size)).collect();
    for (place, (name, _)) in all.first().expect("a size").iter().enumerate() {
        if only.is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let asked: Vec<Asked> = all.iter().map(|questions| questions[place].1.clone()).collect();
        let measured = measure(&boxes, &asked, given("--busy")).await;
        print!("{name:28}");
        measured.iter().for_each(|one| print!(" {:>6} {:>10.3} {:>9.3}", one.found, one.p50, one.p95));
        let (first, last) = (&measured[0], &measured[measured.len() - 1]);
        println!(" {:>7.2} {:>7.2}", last.p50 / first.p50, last.p95 / first.p95);
    }
    boxes.iter().for_each(|(_, db)| db.close());
}
