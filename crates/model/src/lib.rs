//! The words of Postroom as types: ids, times, messages, conversations, events, limits.
//! Owns names and shapes only; never does I/O, never reads a clock except where a caller asks for `now`.

pub mod auth;
pub mod channel;
pub mod contact;
pub mod conversation;
pub mod event;
pub mod id;
pub mod key;
pub mod limits;
pub mod message;
pub mod time;
pub mod webhook;

pub use id::*;
pub use time::Timestamp;
