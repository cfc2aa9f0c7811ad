//! What claiming deliveries costs while few wait and while many do, asked in turn so that the machine's noise is the same for all:
//! `cargo run --release -p postroom-store --features testing --example claim_cost -- 1000 1000000`. Each claim is given back, so that
//! as many wait for the next. With `POSTROOM_TEST_POSTGRES_URL` set and `--postgres`, on PostgreSQL.

#![expect(clippy::expect_used, reason = "a measurement that can't go on ends")]

use std::time::{Duration, Instant};

use model::message::{Delivery, MessageStatus};
use model::{DeliveryId, MessageId, Timestamp, WorkspaceId};
use postroom_store::deliveries::{self, Claim, DeliveryRow};
use postroom_store::testing::TestDb;
use postroom_store::{Db, Priority, Tx};

const ROUNDS: usize = 200;
/// Deliveries of one claim.
const TAKE: usize = 100;
/// Deliveries of one transaction while the queue is filled.
const BATCH: usize = 5_000;
/// Domains that mail goes to; the first of them gets the older half of it.
const DOMAINS: usize = 1_000;
const AT: i64 = 1_700_000_000_000;

fn destination(n: usize, count: usize) -> String {
    let domain = if n < count / 2 { 0 } else { n % DOMAINS };
    format!("mx:domain-{domain}.example")
}

fn waiting(n: usize, count: usize) -> DeliveryRow {
    let at = Timestamp::from_millis(AT + n as i64);
    DeliveryRow {
        workspace_id: WorkspaceId::derived(at, b"one"),
        channel_id: None,
        destination: destination(n, count),
        first_attempt_at: None,
        public: Delivery {
            id: DeliveryId::derived(at, &n.to_be_bytes()),
            message_id: MessageId::derived(at, &n.to_be_bytes()),
            recipient: format!("person-{n}@recipients.example"),
            status: MessageStatus::Queued,
            transport: "mx".into(),
            attempts: Vec::new(),
            next_attempt_at: Some(at),
            waits_for: None,
            created_at: at,
            updated_at: at,
        },
    }
}

async fn fill(db: &Db, count: usize) {
    for first in (0..count).step_by(BATCH) {
        let insert = move |tx: &mut Tx<'_>| {
            (first..count.min(first + BATCH)).try_for_each(|n| deliveries::insert(tx, &waiting(n, count)))
        };
        db.write(Priority::Foreground, insert).await.expect("deliveries");
    }
}

/// The time of a claim. The first domain is busy, or none is.
async fn claim(db: &Db, busy: bool) -> Duration {
    let now = Timestamp::now();
    let claim = Claim {
        now,
        lease_until: now.plus(Duration::from_secs(1_200)),
        lease: "measured".into(),
        busy: if busy { vec![destination(0, 2)] } else { Vec::new() },
        take: TAKE,
        after: String::new(),
    };
    let work = move |tx: &mut Tx<'_>| {
        let began = Instant::now();
        let (claimed, _) = deliveries::claim(tx, &claim)?;
        Ok((began.elapsed(), claimed))
    };
    let (taken, claimed) = db.write(Priority::Delivery, work).await.expect("claimed");
    assert_eq!(claimed.len(), TAKE, "not as many as wait");
    let give_back = move |tx: &mut Tx<'_>| {
        claimed.iter().try_for_each(|row| {
            let (ids, due) = ([row.public.id.clone()], row.public.created_at);
            deliveries::release(tx, &ids, "measured", due).map(drop)
        })
    };
    db.write(Priority::Delivery, give_back).await.expect("given back");
    taken
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let postgres = arguments.iter().any(|argument| argument == "--postgres");
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let mut queues = Vec::new();
    for size in &sizes {
        let db = if postgres { TestDb::postgres() } else { TestDb::sqlite() };
        fill(&db.db, *size).await;
        queues.push((db, vec![Vec::new(), Vec::new()]));
    }
    for _ in 0..ROUNDS {
        for (db, times) in &mut queues {
            for (busy, times) in times.iter_mut().enumerate() {
                times.push(claim(&db.db, busy == 1).await);
            }
        }
    }
    println!("claiming {TAKE} deliveries, median of {ROUNDS}; ratio to the first");
    let mut first: Option<[Duration; 2]> = None;
    for (size, (_, times)) in sizes.iter().zip(&mut queues) {
        let medians = [0, 1].map(|busy| times.get_mut(busy).map(|times| median(times)).unwrap_or_default());
        let base = *first.get_or_insert(medians);
        let cell = |busy: usize| {
            let ratio = medians[busy].as_secs_f64() / base[busy].as_secs_f64();
            format!("{:>8.3} ms (×{ratio:.2})", medians[busy].as_secs_f64() * 1_000.0)
        };
        println!("{size:>9} waiting   nobody busy {}   the older half for a busy domain {}", cell(0), cell(1));
    }
}
