//! Work that its caller asked to be done once (`Idempotency-Key`). Whoever does it notes what came of it in the transaction
//! that does it; a repetition finds the note, does nothing, and answers with what is there. Never keeps an answer: that is
//! the server's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::idempotency::{self, Place};
use store::{StoreError, Tx};

use crate::{Engine, EngineError, Result};

tokio::task_local! {
    static ASKED: Once;
}

/// The request under way, if its caller asked for it to be done once; else it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Once(Option<Request>);

#[derive(Debug, Clone)]
struct Request {
    place: Place,
    /// It was begun before: something may have come of it.
    again: bool,
}

/// Does `work` as the request of `place`; `again` where the same request was begun before.
pub async fn within<T>(place: Place, again: bool, work: impl Future<Output = T>) -> T {
    ASKED.scope(Once(Some(Request { place, again })), work).await
}

/// Does `work` as one of several things the request asks for.
pub async fn item<T>(number: usize, work: impl Future<Output = T>) -> T {
    let mut once = asked();
    if let Some(request) = &mut once.0 {
        request.place.item = number;
    }
    ASKED.scope(once, work).await
}

/// `work` for a task of its own, as a part of the request that this task does.
pub fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    ASKED.scope(asked(), work)
}

/// What this task was asked.
pub(crate) fn asked() -> Once {
    ASKED.try_with(Clone::clone).unwrap_or_default()
}

impl Once {
    /// What came of it when it was begun before, if anything did.
    pub async fn earlier(&self, engine: &Engine) -> Result<Option<String>> {
        let Some(request) = self.0.as_ref().filter(|request| request.again) else { return Ok(None) };
        let place = request.place.clone();
        Ok(engine.db.read(move |tx| idempotency::outcome_of(tx, &place)).await?)
    }

    /// The first thing of the transaction that does the work. `Some` is what an earlier run noted: nothing may be done.
    pub fn note(&self, tx: &mut Tx<'_>, outcome: &str) -> store::Result<Option<String>> {
        match &self.0 {
            Some(request) => idempotency::note(tx, &request.place, outcome, Timestamp::now()),
            None => Ok(None),
        }
    }

    /// What an earlier run noted, for work whose outcome is known only when it is done: [`Self::note_last`] follows.
    pub fn noted(&self, tx: &mut Tx<'_>) -> store::Result<Option<String>> {
        match &self.0 {
            Some(request) => idempotency::outcome_of(tx, &request.place),
            None => Ok(None),
        }
    }

    /// Another run at the same time that was first makes a conflict of it: the transaction is undone and may run again.
    pub fn note_last(&self, tx: &mut Tx<'_>, outcome: &str) -> store::Result<()> {
        match self.note(tx, outcome)? {
            None => Ok(()),
            Some(_) => Err(StoreError::Conflict),
        }
    }

    /// An outcome that holds a secret, so that it can be answered once more.
    pub fn seal(&self, engine: &Engine, outcome: &impl Serialize) -> Result<String> {
        let Some(request) = &self.0 else { return Ok(String::new()) };
        let text = serde_json::to_vec(outcome).map_err(|error| EngineError::Internal(error.to_string()))?;
        Ok(STANDARD.encode(engine.vault.seal(&aad(&request.place), &text)))
    }

    pub fn unseal<T: DeserializeOwned>(&self, engine: &Engine, outcome: &str) -> Result<T> {
        let damaged = || StoreError::Vault("what came of an earlier request is damaged".into());
        let request = self.0.as_ref().ok_or_else(damaged)?;
        let sealed = STANDARD.decode(outcome).map_err(|_| damaged())?;
        let text = engine.vault.unseal(&aad(&request.place), &sealed).map_err(|_| damaged())?;
        Ok(serde_json::from_slice(&text).map_err(|_| damaged())?)
    }
}

fn aad(place: &Place) -> String {
    format!("idempotency/outcome/{}/{}/{}", place.workspace_id, place.key, place.item)
}
