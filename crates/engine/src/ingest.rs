//! A mail arrives: read → resolve → commit, one file an arrow. Owns the way from bytes to a conversation;
//! never answers before everything that follows from the mail is durable.

mod commit;
mod from_mailbox;
mod reading;
mod resolve;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use model::{MessageId, Timestamp};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Tx};

use crate::Engine;
use crate::ports::{AcceptError, Accepted, AcceptedMessage, InboundMail, Mailroom, Route, RouteError};
use crate::raw;
pub(crate) use from_mailbox::FromMailbox;
pub use reading::{AttachmentPolicy, Reading, read};

/// Raw mails larger than this are read off the reactor, bytes: parsing them would hold up other sessions.
const READ_APART_BYTES: usize = 128 * 1024;

#[async_trait]
impl Mailroom for Engine {
    async fn route(&self, address: &str) -> Result<Route, RouteError> {
        crate::channels::route(self, address).await
    }

    async fn accept(&self, mail: InboundMail) -> Result<Accepted, AcceptError> {
        accept(self, mail).await
    }
}

/// Takes a mail in: one message for each route, all or none.
///
/// # Errors
/// The store can't keep it at the moment. Nothing was kept then.
pub async fn accept(engine: &Engine, mail: InboundMail) -> Result<Accepted, AcceptError> {
    let telling = Telling { at: mail.arrival.at, imported: false };
    take_in(engine, mail, telling).await
}

/// Takes in mail of old, as [`accept`] does. Its events are of now, and webhooks do not carry them unless `notify`.
///
/// # Errors
/// As [`accept`].
pub async fn import(engine: &Engine, mail: InboundMail, notify: bool) -> Result<Accepted, AcceptError> {
    take_in(engine, mail, Telling { at: Timestamp::now(), imported: !notify }).await
}

/// How what happened is told.
#[derive(Debug, Clone, Copy)]
struct Telling {
    at: Timestamp,
    imported: bool,
}

impl Telling {
    fn tell(self, tx: &mut Tx<'_>, event: &NewEvent<'_>) -> store::Result<()> {
        let append = if self.imported { events::append_imported } else { events::append };
        append(tx, event).map(drop)
    }
}

async fn take_in(engine: &Engine, mail: InboundMail, telling: Telling) -> Result<Accepted, AcceptError> {
    let begun = Instant::now();
    let mail = Arc::new(mail);
    let reading = Arc::new(read_mail(&mail).await?);
    let workspaces: Vec<_> = mail.routes.iter().map(|route| &route.workspace_id).collect();
    let blobs = raw::keep(engine, &workspaces, &mail.raw).await.map_err(unavailable)?;
    let prepared = commit::Prepared { mail, reading, blobs, telling };
    // Somebody else may create the same contact, or take in the same mail, at this very moment.
    let messages =
        crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| commit::commit(tx, &prepared))
            .await
            .map_err(unavailable)?;
    metrics::counter!("postroom_ingest_messages_total").increment(messages.len() as u64);
    metrics::histogram!("postroom_ingest_seconds").record(begun.elapsed());
    Ok(Accepted { messages })
}

async fn read_mail(mail: &Arc<InboundMail>) -> Result<Reading, AcceptError> {
    if mail.raw.len() <= READ_APART_BYTES {
        return Ok(read(&mail.raw, mail.arrival.has_null_reverse_path()));
    }
    let mail = mail.clone();
    let reading = tokio::task::spawn_blocking(move || read(&mail.raw, mail.arrival.has_null_reverse_path())).await;
    reading.map_err(|_| AcceptError::Unavailable("reading the mail failed".into()))
}

fn unavailable(error: StoreError) -> AcceptError {
    tracing::error!(%error, "a mail could not be kept; its sender is asked to try again");
    AcceptError::Unavailable("it can't be kept; see the log".into())
}

fn accepted(id: MessageId, duplicate: bool) -> AcceptedMessage {
    AcceptedMessage { id, duplicate }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod threading_cases;
#[cfg(test)]
mod threading_tests;
