//! The words of Postroom as types: ids, times, messages, conversations, events, limits.
//! Owns names and shapes only; never does I/O, never reads a clock except where a caller asks for `now`.

pub mod absence;
pub mod account;
pub mod analytics;
pub mod audit;
pub mod auth;
pub mod authentication_form;
pub mod automation;
pub mod broadcast;
pub mod business_hours;
pub mod channel;
pub mod contact;
pub mod contact_list;
pub mod conversation;
pub mod domain;
pub mod draft;
pub mod event;
pub mod id;
pub mod identity_provider;
pub mod insight;
pub mod key;
pub mod limits;
pub mod message;
pub mod oauth2;
pub mod presence;
pub mod privacy;
pub mod second_factor;
pub mod sending;
pub mod session;
pub mod sla;
pub mod suppression;
pub mod survey;
pub mod team;
pub mod template;
pub mod time;
pub mod use_case;
pub mod view;
pub mod webhook;
mod words;
pub mod workspace;

pub use id::*;
pub use time::Timestamp;
