//! HTTP clients whose connections the guard decides on. Owns how they are built: no proxy from the environment (it would
//! connect for us, past the guard), no redirects by themselves, our own TLS.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Guard;
use crate::tls_client::TlsTrust;

/// How long an idle connection to a host is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Idle connections kept a host.
const IDLE_PER_HOST_MAX: usize = 4;

pub(crate) struct HttpTimeouts {
    pub connect: Duration,
    /// Between two reads of an answer.
    pub read: Duration,
}

/// A client that connects where `guard` allows. Hosts that are addresses never reach its resolver:
/// [`Guard::check_parsed`] must see every URL before it is requested.
pub(crate) fn client(guard: &Guard, trust: &TlsTrust, timeouts: &HttpTimeouts) -> Result<reqwest::Client, String> {
    let tls = trust.client_config().map_err(|error| error.to_string())?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(GuardedNames(guard.clone()))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .user_agent(concat!("Postroom/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .read_timeout(timeouts.read)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .build()
        .map_err(|error| error.to_string())
}

struct GuardedNames(Guard);

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let addresses = guard.resolve(name.as_str()).await?;
            // Port 0 stands for the URL's.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
