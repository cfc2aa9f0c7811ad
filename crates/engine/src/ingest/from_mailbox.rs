//! Mail from a channel's own mailbox, taken in within the transaction that notes it was seen there.

use std::sync::Arc;

use bytes::Bytes;
use model::Timestamp;
use model::auth::AuthResults;
use store::{Result, Tx};

use super::{Reading, Telling, commit, read};
use crate::ports::{AcceptedMessage, Arrival, InboundMail, Route};

/// A mail from a mailbox, read.
pub(crate) struct FromMailbox {
    pub reading: Arc<Reading>,
    prepared: commit::Prepared,
}

impl FromMailbox {
    /// For a thread that may be kept busy.
    pub fn read(raw: Bytes, at: Timestamp) -> Self {
        let reading = Arc::new(read(&raw, false));
        // What the mailbox's own server made of SPF and DKIM was decided there.
        let auth: Option<AuthResults> = None;
        let arrival = Arrival { at, peer: None, helo: None, mail_from: String::new(), tls: false };
        let mail = Arc::new(InboundMail { raw, routes: Vec::new(), arrival, auth });
        let telling = Telling { at, imported: false };
        Self { prepared: commit::Prepared { mail, reading: reading.clone(), blobs: Vec::new(), telling }, reading }
    }

    /// Somebody wrote it to the channel. `blob_id`: its bytes, which are kept.
    pub fn receive(&self, tx: &mut Tx<'_>, route: &Route, blob_id: i64) -> Result<AcceptedMessage> {
        commit::commit_route(tx, &self.prepared, route, Some(blob_id))
    }

    pub fn size(&self) -> u64 {
        self.prepared.mail.raw.len() as u64
    }
}
