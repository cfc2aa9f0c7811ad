//! The product: ingest, threading, conversations, sending, events. Defines the ports that `gateway` implements;
//! never names a provider and never opens a socket.

pub mod delivery_schedule;
pub mod error;
pub mod ports;
pub mod search_terms;
pub mod webhook_schedule;
pub mod webhook_signing;

use std::sync::Arc;

use store::Db;

pub use error::{EngineError, FieldError, Result};

/// What the product was started with.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where people and providers reach us, without a slash at the end (`http://127.0.0.1:8025`).
    pub public_url: String,
    /// The domain of generated receiving addresses (`inbox.localhost`).
    pub inbound_domain: String,
    /// What we call ourselves in Message-IDs and EHLO.
    pub hostname: String,
}

/// The adapters to the outside world.
#[derive(Clone)]
pub struct Ports {
    pub transport: Arc<dyn ports::Transport>,
    pub webhooks: Arc<dyn ports::WebhookSender>,
    pub fetcher: Arc<dyn ports::Fetcher>,
}

/// The product, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub config: Arc<EngineConfig>,
    pub db: Db,
    pub ports: Ports,
}
