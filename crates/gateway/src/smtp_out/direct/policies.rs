//! The MTA-STS policies of domains (RFC 8461): fetched over HTTPS through the guard, kept as long as they say.
//! Never decides what a policy means for a mail.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use moka::sync::Cache;
use reqwest::header::CONTENT_TYPE;
use tokio::time::Instant;
use url::Url;

use super::names::Names;
use crate::guard::{Guard, HttpTimeouts, client};
use crate::smtp_out::mta_sts::{MAX_AGE_MAX, Policy, record_id};
use crate::tls_client::TlsTrust;

/// Domains whose policies are kept.
const DOMAINS_MAX: u64 = 10_000;
/// Bytes of a policy file (RFC 8461 §3.3 suggests 64 KB).
const FILE_BYTES_MAX: usize = 64 * 1024;
/// For a policy file: mail waits for it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a file that could not be fetched is not asked for again (RFC 8461 §3.3 suggests five minutes).
const FETCH_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

pub(super) struct Policies {
    guard: Guard,
    client: reqwest::Client,
    /// Where the files are served; another than 443 is for tests.
    pub port: u16,
    kept: Cache<String, Kept>,
    failed: Cache<String, ()>,
}

#[derive(Clone)]
struct Kept {
    id: String,
    policy: Arc<Policy>,
    until: Instant,
}

impl Policies {
    pub(super) fn new(guard: Guard, trust: &TlsTrust, port: u16) -> Result<Self, String> {
        let timeouts = HttpTimeouts { connect: CONNECT_TIMEOUT, read: READ_TIMEOUT };
        let client = client(&guard, trust, &timeouts)?;
        let kept = Cache::builder().max_capacity(DOMAINS_MAX).time_to_live(MAX_AGE_MAX).build();
        let failed = Cache::builder().max_capacity(DOMAINS_MAX).time_to_live(FETCH_AGAIN_AFTER).build();
        Ok(Self { guard, client, port, kept, failed })
    }

    /// The policy that counts for a domain now. What is kept counts until it is too old, whatever DNS says or does not say,
    /// unless DNS tells of a newer one that can be fetched.
    pub(super) async fn of(&self, names: &Names, domain: &str) -> Option<Arc<Policy>> {
        let kept = self.kept.get(domain).filter(|kept| kept.until > Instant::now());
        let known = || kept.as_ref().map(|kept| kept.policy.clone());
        let Some(id) = record_id(&names.texts(&format!("_mta-sts.{domain}")).await) else { return known() };
        if kept.as_ref().is_some_and(|kept| kept.id == id) || self.failed.contains_key(domain) {
            return known();
        }
        match tokio::time::timeout(FETCH_TIMEOUT, self.fetch(domain)).await {
            Ok(Ok(policy)) => {
                let policy = Arc::new(policy);
                let until = Instant::now() + policy.max_age;
                self.kept.insert(domain.to_owned(), Kept { id, policy: policy.clone(), until });
                Some(policy)
            }
            failed => {
                let why =
                    failed.map_or_else(|_| "no answer in time".to_owned(), |fetched| fetched.err().unwrap_or_default());
                tracing::info!(domain, why, "the MTA-STS policy could not be fetched");
                self.failed.insert(domain.to_owned(), ());
                known()
            }
        }
    }

    async fn fetch(&self, domain: &str) -> Result<Policy, String> {
        let text = format!("https://mta-sts.{domain}:{}/.well-known/mta-sts.txt", self.port);
        let url = Url::parse(&text).map_err(|error| error.to_string())?;
        self.guard.check_parsed(&url).map_err(|error| error.to_string())?;
        let mut response = self.client.get(url).send().await.map_err(|error| format!("{error:?}"))?;
        // A redirect is no answer (RFC 8461 §3.3).
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("{} was answered", response.status()));
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("text/plain") {
            return Err(format!("the file is {media_type:?} and not text/plain"));
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
            if body.len().saturating_add(chunk.len()) > FILE_BYTES_MAX {
                return Err(format!("the file is larger than {FILE_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Policy::parse(&String::from_utf8_lossy(&body)).map_err(|error| error.to_string())
    }
}
