//! The product: ingest, threading, conversations, sending, events. Defines the ports that `gateway` implements;
//! never names a provider and never opens a socket.

pub mod access;
mod access_check;
pub mod analytics;
mod answering;
pub mod attachments;
pub mod audit;
pub mod automations;
mod bounces;
pub mod broadcasts;
pub mod business_hours;
mod caches;
pub mod channels;
pub mod contacts;
pub mod conversations;
pub mod delivering;
pub mod delivery_schedule;
pub mod domains;
pub mod drafts;
mod due;
pub mod erasures;
pub mod error;
pub mod events;
pub mod export;
pub mod identity_providers;
pub mod inbound_http;
pub mod ingest;
pub mod insight;
pub mod invitations;
pub mod listing;
pub mod lists;
mod mac;
pub mod mailboxes;
pub mod maintenance;
pub mod messages;
pub mod once;
pub mod ports;
pub mod presence;
pub mod raw;
#[cfg(test)]
mod reading_tests;
pub mod reindex;
pub mod retention;
mod return_path;
pub mod search;
pub mod search_index;
pub mod search_query;
pub mod search_terms;
pub mod sending;
pub mod sequencer;
pub mod sla;
pub mod submission;
pub mod suppressions;
pub mod surveys;
pub mod teams;
pub mod templates;
#[cfg(any(test, feature = "testing"))]
#[expect(clippy::expect_used, reason = "a test without its product can't go on")]
pub mod testing;
pub mod timing;
pub mod tokens;
pub mod tracking;
pub mod unsubscribe;
pub mod uploads;
pub mod use_cases;
pub mod users;
pub mod vault_rotation;
pub mod views;
pub mod way_out;
pub mod webhook_endpoints;
mod webhook_replay;
pub mod webhook_schedule;
pub mod webhook_signing;
pub mod webhooks;
pub mod words;
pub mod workspace;

use std::sync::Arc;

use store::blobs::BlobStore;
use store::vault::Vault;
use store::{Db, Priority, Tx};

pub use error::{EngineError, FieldError, Result};
pub use way_out::{DeliveryMode, WayOut};

/// What the product was started with.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Where people and providers reach us, without a slash at the end (`http://127.0.0.1:8025`).
    pub public_url: String,
    /// The domain of generated receiving addresses (`inbox.localhost`).
    pub inbound_domain: String,
    /// What we call ourselves in Message-IDs and EHLO.
    pub hostname: String,
    /// The way out of channels that have none of their own.
    pub delivery: DeliveryMode,
    /// The instance's smarthost; deliveries that were queued for it go there whatever `delivery` says by now.
    pub smarthost: Option<ports::Smarthost>,
    /// Lists of bad senders' addresses that a domain's doctor looks into, by their DNS names.
    pub dns_blocklists: Vec<String>,
    /// Keep of who opens and clicks the network alone (/24, /48), and no name of their program.
    pub tracking_anonymise_ip: bool,
    /// What domains may be delegated to; `None`: their owners publish all records themselves.
    pub name_server: Option<NameServer>,
}

/// The name server of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameServer {
    /// What NS records name, in its ASCII form and lower case.
    pub hostname: String,
    /// Where it is reached; needed where its name lies in a domain that is delegated to it.
    pub addresses: Vec<std::net::IpAddr>,
}

/// The adapters to the outside world.
#[derive(Clone)]
pub struct Ports {
    pub transport: Arc<dyn ports::Transport>,
    pub webhooks: Arc<dyn ports::WebhookSender>,
    pub fetcher: Arc<dyn ports::Fetcher>,
    pub mailboxes: Arc<dyn ports::MailboxDialer>,
    pub discovery: Arc<dyn ports::MailboxDiscovery>,
    pub providers: Arc<dyn ports::ProviderClient>,
    pub domain_dns: Arc<dyn ports::DomainDns>,
}

/// The product, ready to be asked. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub config: Arc<EngineConfig>,
    pub db: Db,
    pub blobs: Arc<BlobStore>,
    pub vault: Arc<Vault>,
    pub ports: Ports,
    pub routes: Arc<channels::RouteCache>,
    pub keys: Arc<access::KeyCache>,
    /// The domains' DKIM keys, opened.
    pub(crate) dkim_keys: Arc<domains::OpenKeys>,
    /// One renewal of an account's tokens at a time.
    pub(crate) renewing: Arc<mailboxes::oauth2_tokens::Renewing>,
}

impl Engine {
    pub fn new(config: EngineConfig, db: Db, blobs: Arc<BlobStore>, vault: Arc<Vault>, ports: Ports) -> Self {
        let routes = Arc::new(channels::RouteCache::new(&db));
        let keys = Arc::new(access::KeyCache::new(&db));
        let (dkim_keys, renewing) = (Arc::default(), Arc::default());
        Self { config: Arc::new(config), db, blobs, vault, ports, routes, keys, dkim_keys, renewing }
    }
}

/// How often a transaction that met another one is run again.
const CONFLICT_TRIES: u32 = 8;

/// Runs `work` again when it met another transaction: somebody created the same contact at the same moment, say.
pub(crate) async fn write_again_on_conflict<T, F>(db: &Db, priority: Priority, work: F) -> store::Result<T>
where
    T: Send + 'static,
    F: Fn(&mut Tx<'_>) -> store::Result<T> + Send + Sync + 'static,
{
    let work = Arc::new(work);
    let mut tries = 0;
    loop {
        let this_time = work.clone();
        match db.write_repeatable(priority, move |tx| this_time(tx)).await {
            Err(error) if (error.is_unique_violation() || error.is_transient()) && tries < CONFLICT_TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}
