//! A submitted mail with an `Idempotency-Key` is sent once, however often it is submitted within a day. As in HTTP, the note is made by the
//! transaction that does the work.

use model::key::{Actor, Principal};
use model::{MessageId, Timestamp};
use sha2::{Digest as _, Sha256};
use store::Priority;
use store::idempotency::{self, Earlier, Place};

use super::{Result, refusal};
use crate::ports::SubmitError;
use crate::{Engine, EngineError, once};

/// What is kept as the answer's status.
const DONE: u16 = 250;

pub(super) async fn within(
    engine: &Engine,
    principal: &Principal,
    key: &str,
    identity: &[String],
    work: impl Future<Output = Result<MessageId>> + Send,
) -> Result<MessageId> {
    let store = |error: store::StoreError| refusal(EngineError::from(error));
    let place = Place {
        workspace_id: principal.workspace_id.clone(),
        key: key.to_owned(),
        request_hash: hash(principal, identity),
        item: 0,
    };
    let wanted = place.clone();
    let reserve = engine.db.write(Priority::Foreground, move |tx| idempotency::reserve(tx, &wanted, Timestamp::now()));
    let again = match reserve.await.map_err(store)? {
        Earlier::None => false,
        Earlier::Begun => true,
        Earlier::Answered { response, .. } => return Ok(MessageId::from_stored(response)),
        Earlier::OtherRequest => {
            return Err(SubmitError::refused(
                "5.7.1",
                "this Idempotency-Key was used for another request; use a new one",
            ));
        }
    };
    let done = once::within(place.clone(), again, work).await;
    let answer = done.as_ref().ok().map(|id| id.to_string());
    let kept = engine.db.write(Priority::Foreground, move |tx| match &answer {
        Some(id) => idempotency::answer(tx, &place, DONE, id),
        None => idempotency::release(tx, &place),
    });
    if let Err(error) = kept.await {
        tracing::error!(%error, "an answer was not kept for its Idempotency-Key; a repetition is answered with what is there");
    }
    done
}

fn hash(principal: &Principal, identity: &[String]) -> Vec<u8> {
    let actor = match &principal.actor {
        Actor::User(id, _) => id.as_str(),
        Actor::Key(id) => id.as_str(),
    };
    let mut hash = Sha256::new();
    for part in [actor, "submission"].into_iter().chain(identity.iter().map(String::as_str)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().to_vec()
}
