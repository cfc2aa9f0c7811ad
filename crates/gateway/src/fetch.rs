//! Fetches attachments by URL through the guard, up to a size. Owns the HTTP of it and the file name it suggests.
//! Never keeps or judges what it fetched, and sends no cookies or credentials.
//!
//! Up to [`REDIRECTS_MAX`] redirects are followed (links to files usually are one); each target is judged as the first URL
//! was. From https to http none is followed.

mod filename;

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use engine::ports::{FetchError, Fetched, Fetcher};
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, LOCATION};
use url::Url;

use crate::guard::{Guard, HttpTimeouts, client};
use crate::tls_client::TlsTrust;
use crate::webhooks::describe;

/// Redirects followed for one file.
pub const REDIRECTS_MAX: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence while reading.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest time for a file, redirects included.
const FETCH_TIMEOUT: Duration = Duration::from_secs(60);

/// Fetches files where the guard allows.
#[derive(Debug, Clone)]
pub struct HttpFetcher {
    guard: Guard,
    client: reqwest::Client,
}

impl HttpFetcher {
    /// # Errors
    /// TLS can't be set up with `trust`.
    pub fn new(guard: Guard, trust: &TlsTrust) -> Result<Self, String> {
        let timeouts = HttpTimeouts { connect: CONNECT_TIMEOUT, read: READ_TIMEOUT };
        let client = client(&guard, trust, &timeouts)?;
        Ok(Self { guard, client })
    }

    async fn follow(&self, url: &str, bytes_max: u64) -> Result<Fetched, FetchError> {
        let mut url = Url::parse(url).map_err(|error| FetchError::Refused(format!("this is not a URL: {error}")))?;
        for _ in 0..=REDIRECTS_MAX {
            let response = self.get(&url).await?;
            let status = response.status();
            if status.is_redirection() {
                url = redirect_target(&url, &response)?;
            } else if status.is_success() {
                return read(&url, response, bytes_max).await;
            } else {
                return Err(FetchError::Failed(format!("{} answered {status}", place(&url))));
            }
        }
        Err(FetchError::Failed(format!("more than {REDIRECTS_MAX} redirects")))
    }

    async fn get(&self, url: &Url) -> Result<reqwest::Response, FetchError> {
        self.guard.check_parsed(url).map_err(|error| FetchError::Refused(error.to_string()))?;
        self.client.get(url.clone()).send().await.map_err(|error| {
            let text = describe(&error, FETCH_TIMEOUT);
            if crate::guard::refusal(&error).is_some() { FetchError::Refused(text) } else { FetchError::Failed(text) }
        })
    }
}

#[async_trait]
impl Fetcher for HttpFetcher {
    async fn fetch(&self, url: &str, bytes_max: u64) -> Result<Fetched, FetchError> {
        tokio::time::timeout(FETCH_TIMEOUT, self.follow(url, bytes_max))
            .await
            .unwrap_or_else(|_| Err(FetchError::Failed(format!("not there within {} s", FETCH_TIMEOUT.as_secs()))))
    }
}

fn redirect_target(from: &Url, response: &reqwest::Response) -> Result<Url, FetchError> {
    let location = header(response, &LOCATION).ok_or_else(|| {
        FetchError::Failed(format!("{} answered {} without a place to go", place(from), response.status()))
    })?;
    let target = from
        .join(location)
        .map_err(|error| FetchError::Failed(format!("{} redirects to no URL: {error}", place(from))))?;
    if from.scheme() == "https" && target.scheme() == "http" {
        return Err(FetchError::Refused(format!("{} redirects from https to http", place(from))));
    }
    Ok(target)
}

async fn read(url: &Url, mut response: reqwest::Response, bytes_max: u64) -> Result<Fetched, FetchError> {
    if response.content_length().is_some_and(|length| length > bytes_max) {
        return Err(FetchError::TooLarge { limit: bytes_max });
    }
    let content_type = header(&response, &CONTENT_TYPE).map(str::to_owned);
    let disposition = header(&response, &CONTENT_DISPOSITION);
    let filename = disposition.and_then(filename::of_disposition).or_else(|| filename::of_path(url.path()));
    let mut body = BytesMut::new();
    let lost = |error: reqwest::Error| FetchError::Failed(describe(&error, READ_TIMEOUT));
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        let length = u64::try_from(body.len().saturating_add(chunk.len())).unwrap_or(u64::MAX);
        if length > bytes_max {
            return Err(FetchError::TooLarge { limit: bytes_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { body: Bytes::from(body), content_type, filename })
}

fn header<'a>(response: &'a reqwest::Response, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The URL without its query, which may be a signature.
fn place(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path())
}

#[cfg(test)]
mod tests;
