//! What the product asks of a way out.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::Timestamp;
use model::channel::TransportSecurity;
use model::message::HostTried;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// One transaction: the same bytes to some recipients.
#[derive(Debug, Clone)]
pub struct OutboundMail {
    /// RFC 5321 reverse-path; empty for `<>`.
    pub mail_from: String,
    pub recipients: Vec<String>,
    pub raw: Bytes,
    /// What reports about the mail are to name it by (RFC 3461 ENVID), where the next hop offers such reports.
    pub envelope_id: Option<String>,
}

/// What the next hop said of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientOutcome {
    pub recipient: String,
    pub result: DeliveryResult,
    /// The host spoken to.
    pub host: Option<String>,
    /// The answer, or what went wrong, in one line.
    pub response: String,
    pub tls: bool,
    /// The address spoken to, where the host is one of several.
    pub address: Option<String>,
    /// Protocol and cipher suite; with `, DANE` at the end where the host's TLSA records prove that it is the right one.
    pub tls_version: Option<String>,
    /// Who was asked before in the same attempt and did not take it.
    pub tried_before: Vec<HostTried>,
}

impl RecipientOutcome {
    /// Of a recipient for whom nobody was spoken to.
    pub fn unspoken(recipient: String, result: DeliveryResult, response: String) -> Self {
        Self {
            recipient,
            result,
            host: None,
            response,
            tls: false,
            address: None,
            tls_version: None,
            tried_before: Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryResult {
    /// The next hop took responsibility (2xx after DATA).
    Delivered,
    /// 4xx, or no connection: try again.
    Deferred,
    /// 5xx about the recipient or the content: never try again.
    Bounced,
    /// Ours to mend (authentication, TLS, policy of the smarthost): try again, tell the operator, suppress nobody.
    Infrastructure,
    /// Captured; nothing left the machine.
    Captured,
}

impl DeliveryResult {
    /// As metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Deferred => "deferred",
            Self::Bounced => "bounced",
            Self::Infrastructure => "infrastructure",
            Self::Captured => "captured",
        }
    }
}

/// How to sign in to a smarthost.
#[derive(Debug, Clone)]
pub enum SmtpAuth {
    Password {
        username: String,
        password: SecretString,
    },
    /// OAUTHBEARER (RFC 7628) where the server offers it, else XOAUTH2.
    Bearer {
        username: String,
        token: SecretString,
    },
}

/// A smarthost: somebody else's server that takes our mail.
#[derive(Debug, Clone)]
pub struct Smarthost {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
    pub auth: Option<SmtpAuth>,
}

/// A way out. Answers for every recipient, in their order; never panics, never hangs past its timeouts.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    async fn send(&self, smarthost: &Smarthost, mail: OutboundMail) -> Vec<RecipientOutcome>;

    /// To the mail exchangers of `domain` (A-labels, or an address literal), which all recipients are at.
    async fn send_to_mx(&self, domain: &str, mail: OutboundMail) -> Vec<RecipientOutcome>;

    /// Connect, say EHLO, upgrade, sign in, and quit: a result a step (`smtp.connect`, `smtp.tls`, `smtp.auth`).
    async fn test(&self, smarthost: &Smarthost) -> Vec<TestStep>;
}

/// A step of Test Connection, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestStep {
    /// `smtp.connect`, `smtp.tls`, `smtp.auth`, …
    pub name: String,
    pub ok: bool,
    /// What was seen: the server's own words where there are any.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub duration_ms: u64,
}

/// A webhook request, signed and ready.
#[derive(Debug, Clone)]
pub struct WebhookRequest {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookResponse {
    /// Absent when no answer came.
    pub status_code: Option<u16>,
    /// The first bytes of the answer as text, or what went wrong.
    pub body: String,
    /// From the `Retry-After` header, seconds or a date, against `at`.
    pub retry_after: Option<Duration>,
    pub at: Timestamp,
    pub duration: Duration,
}

/// Sends webhooks through the SSRF guard; follows no redirect.
#[async_trait]
pub trait WebhookSender: Send + Sync + 'static {
    async fn post(&self, request: WebhookRequest) -> WebhookResponse;

    /// Is this a URL a webhook may be sent to, as far as can be told without connecting? The error says what would be right.
    fn check_url(&self, url: &str) -> Result<(), String>;
}

#[derive(Debug, Clone)]
pub struct Fetched {
    pub body: Bytes,
    pub content_type: Option<String>,
    /// From Content-Disposition, else the last segment of the path.
    pub filename: Option<String>,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum FetchError {
    /// The URL may not be fetched: its scheme, or it leads into a private network.
    #[error("{0}")]
    Refused(String),
    #[error("larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("{0}")]
    Failed(String),
}

/// Fetches attachments by URL through the SSRF guard.
#[async_trait]
pub trait Fetcher: Send + Sync + 'static {
    async fn fetch(&self, url: &str, bytes_max: u64) -> Result<Fetched, FetchError>;
}
