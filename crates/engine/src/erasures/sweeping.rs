//! What still speaks of what is gone: events, what endpoints and programs were answered, raw mails outside of the database, and on SQLite
//! the pages and the log that hold bytes of rows that are no more.

use std::collections::HashSet;
use std::time::Duration;

use model::Timestamp;
use serde_json::json;
use store::blobs::BlobLocation;
use store::erased_traces::{self, Trace};
use store::erasures::{self, ErasureRow, Stage};
use store::{Priority, Tx, blob_graves, erasing};

use super::{Step, naming};
use crate::{Engine, Result};

/// Events, deliveries and answers that are looked at in one transaction.
const TEXTS_STEP: usize = 200;
/// Raw mails destroyed in one step.
const BLOBS_STEP: usize = 20;
/// Ids forgotten in one transaction.
const SUBJECTS_STEP: usize = 500;
/// How long those who follow the events get to read them: counts, webhooks, streams. What they have not read by then says no more.
const FOLLOWERS_WAITED_FOR: Duration = Duration::from_secs(2);

pub(super) async fn step(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    match row.stage {
        Stage::Blobs => blobs(engine, row).await,
        Stage::Traces => traces(engine, row).await,
        _ => texts(engine, row).await,
    }
}

async fn texts(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    let (id, stage) = (row.id.clone(), row.stage);
    let moved = crate::write_again_on_conflict(&engine.db, Priority::Background, move |tx| {
        let Some(mut row) = erasures::hold(tx, &id, stage)? else { return Ok(Step::Waits) };
        let now = Timestamp::now();
        let before = row.clone();
        let through = match stage {
            Stage::Events => events(tx, &mut row, now)?,
            Stage::Webhooks => webhooks(tx, &mut row)?,
            _ => answers(tx, &mut row)?,
        };
        if through && stage == Stage::Answers && something_came(tx, &row)? {
            // A mail that was on its way when the contact went.
            row.stage = Stage::Content;
            row.place.clear();
        } else if through {
            row.go_on(now);
        }
        if row == before {
            return Ok(Step::Waits);
        }
        erasures::update(tx, &row)?;
        Ok(Step::Moved)
    });
    Ok(moved.await?)
}

fn something_came(tx: &mut Tx<'_>, row: &ErasureRow) -> store::Result<bool> {
    let Some(contact) = &row.contact_id else { return Ok(false) };
    Ok(erasing::conversation_of_contact(tx, &row.workspace_id, contact)?.is_some()
        || !erasing::messages_of_contact(tx, contact, 1)?.is_empty()
        || !erasing::messages_to(tx, &row.workspace_id, &row.addresses, 1)?.is_empty())
}

/// True where all were looked at.
fn events(tx: &mut Tx<'_>, row: &mut ErasureRow, now: Timestamp) -> store::Result<bool> {
    if row.place.is_empty() {
        if now.since(row.stage_since) < FOLLOWERS_WAITED_FOR {
            return Ok(false);
        }
        let Some(bound) = erased_traces::events_bound(tx, row.stage_since)? else { return Ok(false) };
        (row.bound, row.place) = (bound, "0".to_owned());
    }
    let position = row.place.parse().unwrap_or(0);
    let (found, last) = erased_traces::events(tx, &row.workspace_id, position, row.bound, TEXTS_STEP)?;
    let speaking = speaking(tx, row, &found)?;
    for trace in &found {
        if speaking.contains(&trace.id) {
            let said = json!({ "id": trace.subject_id, "erased": true }).to_string();
            erased_traces::empty_event(tx, &trace.id, &said)?;
            erasures::note(tx, &row.id, &[&trace.id])?;
        }
    }
    match last {
        Some(last) => row.place = last.to_string(),
        None => return Ok(true),
    }
    Ok(false)
}

/// The ids of those texts that speak of what was erased.
fn speaking(tx: &mut Tx<'_>, row: &ErasureRow, found: &[Trace]) -> store::Result<HashSet<String>> {
    let shown: Vec<Vec<String>> = found.iter().map(|trace| naming::previews(&trace.text)).collect();
    let named: HashSet<&str> = found
        .iter()
        .flat_map(|trace| naming::ids(&trace.text).chain(std::iter::once(trace.subject_id.as_str())))
        .chain(shown.iter().flatten().map(String::as_str))
        .collect();
    let named: Vec<&str> = named.into_iter().collect();
    let erased = erasures::noted(tx, &row.id, &named)?;
    let speaks = |(trace, shown): &(&Trace, &Vec<String>)| {
        // What speaks of the erasure itself says whose it was by an id, and nothing else.
        if trace.text.contains(row.id.as_str()) {
            return false;
        }
        erased.contains(&trace.subject_id)
            || naming::ids(&trace.text).any(|id| erased.contains(id))
            || naming::names_one(&trace.text, &row.addresses)
            || shown.iter().any(|words| erased.contains(words))
    };
    Ok(found.iter().zip(&shown).filter(speaks).map(|(trace, _)| trace.id.clone()).collect())
}

fn webhooks(tx: &mut Tx<'_>, row: &mut ErasureRow) -> store::Result<bool> {
    let (found, last) = erased_traces::webhook_deliveries(tx, &row.workspace_id, &row.place, TEXTS_STEP)?;
    let events: Vec<&str> = found.iter().map(|(_, event)| event.as_str()).collect();
    let erased = erasures::noted(tx, &row.id, &events)?;
    for (id, event) in &found {
        if erased.contains(event) {
            erased_traces::empty_webhook_log(tx, id)?;
        }
    }
    match last {
        Some(last) => row.place = last,
        None => return Ok(true),
    }
    Ok(false)
}

fn answers(tx: &mut Tx<'_>, row: &mut ErasureRow) -> store::Result<bool> {
    let (found, last) = erased_traces::answers(tx, &row.workspace_id, &row.place, TEXTS_STEP)?;
    let speaking = speaking(tx, row, &found)?;
    for key in &speaking {
        erased_traces::empty_answer(tx, &row.workspace_id, key)?;
    }
    match last {
        Some(last) => row.place = last,
        None => return Ok(true),
    }
    Ok(false)
}

/// What can't be destroyed is tried again later, and the erasure is not done as long.
async fn blobs(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    let id = row.id.clone();
    let graves = engine.db.read(move |tx| blob_graves::some(tx, &id, BLOBS_STEP)).await?;
    if graves.is_empty() {
        return go_on(engine, row).await;
    }
    let mut destroyed = false;
    for grave in graves {
        let begun = grave.clone();
        if !engine.db.write(Priority::Background, move |tx| blob_graves::begin(tx, &begun)).await? {
            continue;
        }
        let location = BlobLocation::from_stored(grave.location.clone());
        if let Err(error) = engine.blobs.destroy(&location, grave.workspace_id.as_str(), &grave.hash).await {
            tracing::error!(%error, erasure = %row.id, "a raw mail could not be destroyed; trying again");
            continue;
        }
        engine.db.write(Priority::Background, move |tx| blob_graves::destroyed(tx, &grave, Timestamp::now())).await?;
        destroyed = true;
    }
    Ok(if destroyed { Step::Moved } else { Step::Waits })
}

/// The next stage; from here on nobody needs the addresses any more.
async fn go_on(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    let (id, stage) = (row.id.clone(), row.stage);
    let moved = engine.db.write(Priority::Background, move |tx| {
        if erasures::forget_subjects(tx, &id, SUBJECTS_STEP)? > 0 {
            return Ok(Step::Moved);
        }
        let Some(mut row) = erasures::hold(tx, &id, stage)? else { return Ok(Step::Waits) };
        row.addresses.clear();
        row.go_on(Timestamp::now());
        erasures::update(tx, &row)?;
        Ok(Step::Moved)
    });
    Ok(moved.await?)
}

/// The parts of the last stage, in their order.
const INDEX: &str = "index";
const PAGES: &str = "pages";
const LOG: &str = "log";

/// One sweep is for all that came to this stage before it began.
async fn traces(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    if row.place == LOG {
        if !engine.db.empty_log().await? {
            return Ok(Step::Waits);
        }
        return finish(engine, row).await;
    }
    let id = row.id.clone();
    let moved = engine.db.write(Priority::Background, move |tx| {
        let Some(mut row) = erasures::hold(tx, &id, Stage::Traces)? else { return Ok(Step::Waits) };
        let place = match row.place.as_str() {
            "" => {
                row.bound = Timestamp::now().as_millis();
                if erased_traces::rewrite_search_index(tx, true)? { PAGES } else { INDEX }
            }
            INDEX if erased_traces::rewrite_search_index(tx, false)? => PAGES,
            INDEX => INDEX,
            _ if erased_traces::empty_free_pages(tx)? => LOG,
            _ => PAGES,
        };
        place.clone_into(&mut row.place);
        erasures::update(tx, &row)?;
        Ok(Step::Moved)
    });
    Ok(moved.await?)
}

async fn finish(engine: &Engine, row: &ErasureRow) -> Result<Step> {
    let begun = Timestamp::from_millis(row.bound);
    let finished = engine.db.write(Priority::Background, move |tx| {
        let now = Timestamp::now();
        for mut row in erasures::open(tx, super::AT_ONCE)? {
            if row.stage == Stage::Traces && row.stage_since <= begun {
                row.finished_at = Some(now);
                row.go_on(now);
                erasures::update(tx, &row)?;
            }
        }
        Ok(Step::Moved)
    });
    Ok(finished.await?)
}
