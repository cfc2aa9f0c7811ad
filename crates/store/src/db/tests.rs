//! Writes that share a commit: each is kept or undone alone, whatever becomes of its neighbours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Db, Priority, Tx};
use crate::error::{Result, StoreError};
use crate::on_both_engines;
use crate::testing::TestDb;

on_both_engines!(
    writes_that_fail_leave_nothing_and_take_nobody_with_them,
    a_write_that_panics_is_undone_alone,
    a_write_that_fails_before_it_wrote_is_not_run_twice,
);

fn put(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    tx.execute("INSERT INTO progress (name, position) VALUES ($1, 1)", &[name.into()]).map(drop)
}

fn fail() -> Result<()> {
    Err(StoreError::Unavailable("as it should".into()))
}

/// Keeps the writer busy until the answer is dropped, so that what is pushed meanwhile shares a commit.
async fn hold(db: &Db) -> std::sync::mpsc::Sender<()> {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (started, mut running) = tokio::sync::mpsc::unbounded_channel();
    let (db, held) = (db.clone(), std::sync::Mutex::new(held));
    tokio::spawn(async move {
        let wait = move |_: &mut Tx<'_>| {
            let _ = started.send(());
            let _ = held.lock().expect("no panic").recv();
            Ok(())
        };
        db.write_repeatable(Priority::Foreground, wait).await
    });
    running.recv().await.expect("the writer runs");
    release
}

/// Without the one that a migration puts there.
async fn names(db: &Db) -> Vec<String> {
    let sql = "SELECT name FROM progress WHERE name NOT IN ('automations', 'broadcasts') ORDER BY name";
    db.read(move |tx| tx.query(sql, &[], |row| row.text(0))).await.expect("the names")
}

async fn writes_that_fail_leave_nothing_and_take_nobody_with_them(test: TestDb) {
    let release = hold(&test.db).await;
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..40_u32 {
        let db = test.db.clone();
        writes.spawn(async move {
            let name = format!("{number:02}");
            let fails = number % 7 == 3;
            let work = move |tx: &mut Tx<'_>| {
                put(tx, &name)?;
                if fails { fail() } else { Ok(()) }
            };
            // Some that may be run again, some that may not, in one commit.
            let outcome = if number > 20 && number % 5 == 0 {
                db.write(Priority::Foreground, work).await
            } else {
                db.write_repeatable(Priority::Foreground, work).await
            };
            assert_eq!(outcome.is_err(), fails, "{number}: {outcome:?}");
        });
    }
    drop(release);
    while let Some(write) = writes.join_next().await {
        write.expect("a write as expected");
    }
    let expected: Vec<String> = (0..40).filter(|number| number % 7 != 3).map(|number| format!("{number:02}")).collect();
    assert_eq!(names(&test.db).await, expected);
}

async fn a_write_that_panics_is_undone_alone(test: TestDb) {
    let release = hold(&test.db).await;
    let write = |name: &'static str| {
        let db = test.db.clone();
        tokio::spawn(async move {
            let work = move |tx: &mut Tx<'_>| {
                put(tx, name)?;
                assert!(name != "b", "this one panics");
                Ok(())
            };
            db.write_repeatable(Priority::Foreground, work).await
        })
    };
    let writes = [write("a"), write("b"), write("c")];
    drop(release);
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(write.await.expect("an answer").is_ok());
    }
    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(names(&test.db).await, ["a", "c"]);
}

async fn a_write_that_fails_before_it_wrote_is_not_run_twice(test: TestDb) {
    let runs = Arc::new(AtomicUsize::new(0));
    let release = hold(&test.db).await;
    let count = |fails: bool| {
        let (db, runs) = (test.db.clone(), Arc::clone(&runs));
        tokio::spawn(async move {
            let work = move |_: &mut Tx<'_>| {
                runs.fetch_add(1, Ordering::Relaxed);
                if fails { fail() } else { Ok(()) }
            };
            db.write_repeatable(Priority::Foreground, work).await
        })
    };
    let writes = [count(false), count(true), count(false)];
    drop(release);
    for write in writes {
        drop(write.await.expect("an answer"));
    }
    assert_eq!(runs.load(Ordering::Relaxed), 3);
}

/// A full disk makes SQLite give up the whole transaction, not the statement alone: nothing of it may stay, nor of what comes
/// behind it in the same batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_sqlite_gives_up_takes_all_who_share_it() {
    let test = TestDb::sqlite();
    let release = hold(&test.db).await;
    let write = |name: &'static str, fills_the_disk: bool| {
        let db = test.db.clone();
        async move {
            let work = move |tx: &mut Tx<'_>| {
                if fills_the_disk {
                    let pages = tx.query_one("PRAGMA page_count", &[], |row| row.int(0))?.unwrap_or(0);
                    tx.batch(&format!("PRAGMA max_page_count = {pages}"))?;
                    let large = "x".repeat(1_000_000);
                    return tx
                        .execute("INSERT INTO progress (name, position) VALUES ($1, 1)", &[large.into()])
                        .map(drop);
                }
                put(tx, name)
            };
            db.write_repeatable(Priority::Foreground, work).await
        }
    };
    let (before, full, behind) = (write("before", false), write("", true), write("behind", false));
    let writes = tokio::spawn(async move { tokio::join!(biased; before, full, behind) });
    tokio::task::yield_now().await;
    drop(release);
    let (before, full, behind) = writes.await.expect("answers");
    assert!(full.is_err());
    // Whoever was told that it is kept finds it, and nobody else.
    let told: Vec<&str> = [("before", &before), ("behind", &behind)]
        .into_iter()
        .filter(|(_, told)| told.is_ok())
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names(&test.db).await, told);
}
