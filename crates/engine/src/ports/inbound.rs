//! What a way in (SMTP listener, HTTP, import) asks of the product.

use std::net::IpAddr;

use async_trait::async_trait;
use bytes::Bytes;
use model::auth::AuthResults;
use model::channel::{AuthPolicy, ChannelLimits};
use model::{ChannelId, DeliveryId, MessageId, TeamId, Timestamp, UseCaseId, WorkspaceId};

/// Where an address leads. An address belongs to one channel of the whole instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub workspace_id: WorkspaceId,
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub auth_policy: AuthPolicy,
    /// Largest mail this channel takes, bytes.
    pub message_bytes_max: u64,
    /// What the channel withholds of attachments.
    pub limits: ChannelLimits,
    /// Whether mail may join by its subject alone.
    pub thread_by_subject: bool,
    /// The team that its new conversations go to.
    pub team_id: Option<TeamId>,
    /// The envelope recipient as it was given.
    pub recipient: String,
    /// The token of `inbox+r.<token>@…`, if the address carries one.
    pub reply_token: Option<String>,
    /// What of ours the address is the return path of.
    pub returned_to: Option<ReturnedTo>,
}

/// A message whose return path something came back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedTo {
    pub message: MessageId,
    /// Of one recipient alone; `None` where the return path was that of all of them.
    pub delivery: Option<DeliveryId>,
}

/// How a mail came to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub at: Timestamp,
    pub peer: Option<IpAddr>,
    pub helo: Option<String>,
    /// RFC 5321 reverse-path; empty for `<>`.
    pub mail_from: String,
    pub tls: bool,
}

impl Arrival {
    /// It came by SMTP with `MAIL FROM:<>`, as bounces do. Mail that came otherwise has no reverse-path at all.
    pub fn has_null_reverse_path(&self) -> bool {
        self.helo.is_some() && self.mail_from.is_empty()
    }
}

/// A mail with its envelope, ready to be taken in. One mail to several channels is several messages.
#[derive(Debug, Clone)]
pub struct InboundMail {
    /// The whole mail, trace header included, CRLF line ends as received.
    pub raw: Bytes,
    pub routes: Vec<Route>,
    pub arrival: Arrival,
    pub auth: Option<AuthResults>,
}

/// What became of a mail: one entry a route, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub messages: Vec<AcceptedMessage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedMessage {
    pub id: MessageId,
    /// The same mail was here before; nothing was added.
    pub duplicate: bool,
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum AcceptError {
    /// Try again later: SMTP 451, HTTP 503. Nothing was stored.
    #[error("the mail can't be stored at the moment: {0}")]
    Unavailable(String),
    /// Never try again: SMTP 554, HTTP 422. Nothing was stored.
    #[error("the mail is refused: {0}")]
    Refused(String),
}

#[derive(Debug, Clone, thiserror::Error)]
pub enum RouteError {
    /// Nobody receives at this address, or no longer: SMTP 550 5.1.1.
    #[error("no channel receives at this address")]
    Unknown,
    /// SMTP 451 4.3.0.
    #[error("addresses can't be looked up at the moment: {0}")]
    Unavailable(String),
}

/// The product, as the ways in see it.
#[async_trait]
pub trait Mailroom: Send + Sync + 'static {
    /// Who receives at `address` (local-part and domain, no angle brackets, any case)?
    async fn route(&self, address: &str) -> Result<Route, RouteError>;

    /// Take the mail in. Returns once the mail and all that follows from it is durable.
    async fn accept(&self, mail: InboundMail) -> Result<Accepted, AcceptError>;
}
