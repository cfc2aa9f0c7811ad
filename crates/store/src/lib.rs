//! The only SQL, the only blobs on disk or in an object store, and the vault for secrets at rest.
//! One file a table. Never decides what the product does: it keeps what the engine tells it to keep.

pub mod api_keys;
pub mod backup;
pub mod blobs;
pub mod blobs_table;
pub mod channels;
mod conditions;
pub mod contact_lists;
pub mod contacts;
pub mod conversation_lists;
pub mod conversations;
pub mod db;
pub mod deliveries;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod message_lists;
pub mod messages;
pub mod migrate;
pub mod progress;
pub mod search;
pub mod search_lists;
pub mod search_queue;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::expect_used, reason = "a test that has no database can't go on")]
pub mod testing;
pub mod users;
pub mod vault;
pub mod webhook_endpoints;
pub mod webhook_queue;
pub mod webhook_replays;
pub mod workspaces;

pub use db::{Db, DbConfig, Dialect, Priority, Topic, Tx};
pub use error::{NotAPlace, Result, StoreError};
