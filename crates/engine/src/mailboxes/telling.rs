//! Events of accounts, appended in the transaction that made them happen. Owns whose they are; never what they say.

use model::Timestamp;
use model::event::EventType;
use serde_json::Value as Json;
use store::accounts::AccountRow;
use store::events::{self, NewEvent};
use store::{Result, Tx};

/// `data` in the shape that listeners of the mailbox API know.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    account: &AccountRow,
    event_type: EventType,
    data: &Json,
    at: Timestamp,
) -> Result<()> {
    let event = NewEvent {
        workspace_id: &account.workspace_id,
        channel_id: account.channel_id.as_ref(),
        event_type,
        subject_id: account.id.as_str(),
        data,
        at,
    };
    events::append(tx, &event).map(drop)
}
