//! People's mailboxes: accounts are set up, kept in step with their servers, read and acted on. One file a step:
//! `keeping` holds the leases and starts a follower for each account, `following` connects, lists and listens, `folder_sync` brings
//! a folder up to date, `taking_in` keeps the stages of that busy at the same time, `arriving` reads what came (purely) and commits it with
//! its events, `correspondence` says what it is to a CRM.
//! `authentication_form` lets people connect theirs, `autoconfig` finds their servers, `oauth2` signs in at a provider, `oauth2_tokens` renews
//! what it granted. Never speaks a protocol: the ports do.

mod account_audit;
pub mod accounts;
mod activity;
mod arriving;
pub mod authentication_form;
pub mod autoconfig;
pub mod backfilling;
pub(crate) mod channel_account;
pub mod commands;
mod correspondence;
mod folder_list;
mod folder_sync;
mod following;
pub mod gateways;
pub mod keeping;
pub mod links;
pub mod notify;
pub mod oauth2;
pub mod oauth2_apps;
pub mod oauth2_tokens;
pub mod outbox;
mod queueing;
mod reports;
mod secrets;
mod sent_copies;
pub mod special_use;
pub mod submit;
pub mod submitting;
mod summary;
mod taking_in;
mod telling;

pub use arriving::{message_id, place_of, shown};
pub(crate) use secrets::of_imap;
