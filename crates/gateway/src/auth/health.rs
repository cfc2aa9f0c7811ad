//! Can DNS be reached at all? Owns the answer and how it is found out; never looks up a name for a mail.
//!
//! One dead domain says nothing of DNS as a whole, so a suspicion is checked by asking for the root's name servers. While
//! nobody answers that, mails don't wait for DNS; somebody asks again from time to time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RecordType};

use rustls::{ClientConfig, RootCertStore};

use crate::dns::{DnsConfig, DnsError};

/// Between two questions while DNS is down.
const PROBE_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Health {
    down: AtomicBool,
    probing: AtomicBool,
    /// Without a cache: yesterday's answer says nothing.
    resolver: TokioResolver,
}

impl Health {
    pub(super) fn new(dns: &DnsConfig) -> Result<Arc<Self>, DnsError> {
        let (config, mut options) = dns.resolver_parts()?;
        options.cache_size = 0;
        // Queries go in clear; reading the system's certificates for nothing takes longer than all else at start.
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| DnsError::Resolver(error.to_string()))?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .with_options(options)
            .with_tls_config(tls)
            .build()
            .map_err(|error| DnsError::Resolver(error.to_string()))?;
        Ok(Arc::new(Self { down: AtomicBool::new(false), probing: AtomicBool::new(false), resolver }))
    }

    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Something went wrong: find out, in the background, whether it is DNS as a whole. Needs a runtime.
    pub(super) fn suspect(self: &Arc<Self>) {
        if !self.probing.swap(true, Ordering::Relaxed) {
            tokio::spawn(probe(Arc::downgrade(self)));
        }
    }

    fn set_down(&self, down: bool) {
        if self.down.swap(down, Ordering::Relaxed) == down {
            return;
        }
        metrics::gauge!("postroom_dns_unreachable").set(if down { 1.0 } else { 0.0 });
        if down {
            tracing::warn!("DNS can't be reached: mails are taken in without SPF, DKIM and DMARC until it can");
        } else {
            tracing::info!("DNS can be reached again");
        }
    }
}

/// Until DNS answers, or nobody wants to know any more.
async fn probe(health: Weak<Health>) {
    loop {
        let Some(current) = health.upgrade() else { return };
        let reached = is_reached(&current.resolver).await;
        current.set_down(!reached);
        if reached {
            current.probing.store(false, Ordering::Relaxed);
            return;
        }
        drop(current);
        tokio::time::sleep(PROBE_PAUSE).await;
    }
}

/// Any answer will do, also a refusal: somebody is there.
async fn is_reached(resolver: &TokioResolver) -> bool {
    match resolver.lookup(Name::root(), RecordType::NS).await {
        Ok(_) | Err(NetError::Dns(_)) => true,
        Err(_) => false,
    }
}
