//! The only SQL, the only blobs on disk or in an object store, and the vault for secrets at rest.
//! One file a table. Never decides what the product does: it keeps what the engine tells it to keep.

pub mod accounts;
pub mod activities;
pub mod allowances;
pub mod analytics;
pub mod api_keys;
pub mod authentication_forms;
pub mod backfills;
pub mod backup;
pub mod blobs;
pub mod blobs_table;
pub mod broadcast_recipients;
pub mod broadcasts;
pub mod channels;
mod conditions;
pub mod contact_lists;
pub mod contacts;
pub mod conversation_lists;
pub mod conversations;
pub mod db;
pub mod deliveries;
pub mod delivery_reports;
pub mod domains;
pub mod engagement;
pub mod error;
pub mod events;
pub mod idempotency;
pub mod linked_mails;
pub mod list_members;
pub mod lists;
pub mod mailbox_folders;
pub mod mailbox_mails;
pub mod message_lists;
pub mod message_references;
pub mod messages;
pub mod migrate;
pub mod oauth2_apps;
pub mod progress;
pub mod search;
pub mod search_lists;
pub mod search_queue;
pub mod submissions;
pub mod suppressions;
pub mod teams;
pub mod templates;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::expect_used, reason = "a test that has no database can't go on")]
pub mod testing;
pub mod use_cases;
pub mod users;
pub mod vault;
pub mod webhook_endpoints;
pub mod webhook_queue;
pub mod webhook_replays;
pub mod workspaces;
pub mod zone_owners;

pub use db::{Db, DbConfig, Dialect, Priority, Topic, Tx};
pub use error::{NotAPlace, Result, StoreError};
