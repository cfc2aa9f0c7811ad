//! How long a worker waits for what is due next. Owns the bounds of that wait; claims nothing, and knows no work by name.

use std::time::Duration;

use model::Timestamp;
use store::{StoreError, Tx};

use crate::Engine;

/// Between two looks at what is due and can't be begun yet.
const SHORTEST: Duration = Duration::from_millis(50);
/// After work that could not be claimed: a store in trouble is not asked, and its trouble not logged, all the time.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Until `next_due`, or `longest` where nothing is due or the store does not say; after a claim that failed a second.
pub(crate) async fn pause<F>(engine: &Engine, next_due: F, longest: Duration, claim_failed: bool) -> Duration
where
    F: FnOnce(&mut Tx<'_>) -> Result<Option<Timestamp>, StoreError> + Send + 'static,
{
    if claim_failed {
        return AFTER_FAILURE;
    }
    match engine.db.read(next_due).await {
        Ok(Some(due)) => due.since(Timestamp::now()).clamp(SHORTEST, longest),
        _ => longest,
    }
}
