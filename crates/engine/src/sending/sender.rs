//! In whose name a mail goes out: a channel or a use case, as far as composing and queueing ask. Looks both up; sends nothing.

use std::fmt;

use mail::Mailbox;
use model::channel::{Channel, ChannelLimits, Provider, Signature};
use model::key::Principal;
use model::use_case::UseCase;
use model::{ChannelId, DomainId, UseCaseId, WorkspaceId};

use super::draft;
use crate::{Engine, EngineError, Result, WayOut, domains, return_path, use_cases};

/// Whom a mail is sent by, and its answers belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendBy {
    Channel(ChannelId),
    UseCase(UseCaseId),
}

impl SendBy {
    /// Of a message or a conversation.
    pub(super) fn of(channel: Option<&ChannelId>, use_case: Option<&UseCaseId>) -> Option<Self> {
        match (use_case, channel) {
            (Some(id), _) => Some(Self::UseCase(id.clone())),
            (None, Some(id)) => Some(Self::Channel(id.clone())),
            (None, None) => None,
        }
    }
}

impl From<&ChannelId> for SendBy {
    fn from(id: &ChannelId) -> Self {
        Self::Channel(id.clone())
    }
}

/// For errors: `channel ch_…`, `use case uc_…`.
impl fmt::Display for SendBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Channel(id) => write!(formatter, "channel {id}"),
            Self::UseCase(id) => write!(formatter, "use case {id}"),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Sender {
    pub by: SendBy,
    pub use_case: Option<UseCase>,
    pub mailbox: Mailbox,
    pub signature: Signature,
    pub limits: ChannelLimits,
    /// Where answers come back with their conversation's token. `None`: they come to the sender's own mailbox, by its own ways.
    pub receives_at: Option<String>,
    pub way_out: WayOut,
    /// The host of return paths, where they are the domain's own.
    return_path_host: Option<String>,
}

impl Sender {
    pub fn of_channel(channel: &Channel, way_out: WayOut) -> Self {
        let receives_itself = matches!(channel.provider, Provider::Forwarding | Provider::Sandbox);
        Self {
            by: SendBy::Channel(channel.id.clone()),
            use_case: None,
            mailbox: Mailbox { name: channel.display_name.clone(), address: draft::sender_address(channel).to_owned() },
            signature: channel.signature.clone(),
            limits: channel.limits.clone(),
            receives_at: receives_itself.then(|| channel.inbound_address.clone()),
            way_out,
            return_path_host: None,
        }
    }

    /// RFC 5321 reverse-path.
    pub fn returns_to(&self, engine: &Engine, token: Option<String>) -> String {
        let address = &self.mailbox.address;
        match (&self.return_path_host, token) {
            (Some(host), Some(token)) => return_path::of_domain(address, &self.way_out, host, &token),
            (_, token) => return_path::envelope_sender(address, &self.way_out, &engine.config.inbound_domain, token),
        }
    }

    pub fn channel_id(&self) -> Option<&ChannelId> {
        match &self.by {
            SendBy::Channel(id) => Some(id),
            SendBy::UseCase(_) => None,
        }
    }

    pub fn use_case_id(&self) -> Option<&UseCaseId> {
        self.use_case.as_ref().map(|use_case| &use_case.id)
    }

    /// Whose keys sign the mail.
    pub fn domain_id(&self) -> Option<&DomainId> {
        self.use_case.as_ref().map(|use_case| &use_case.domain_id)
    }
}

/// # Errors
/// The scope is missing; the channel or use case is not there, or not the asker's; a use case's domain is not verified (409).
pub(super) async fn find(engine: &Engine, principal: &Principal, by: &SendBy) -> Result<Sender> {
    super::may_send(principal)?;
    match by {
        SendBy::Channel(id) => channel(engine, principal, id).await,
        SendBy::UseCase(id) => use_case(engine, principal, id).await,
    }
}

async fn channel(engine: &Engine, principal: &Principal, id: &ChannelId) -> Result<Sender> {
    if !principal.sees(Some(id)) {
        return Err(EngineError::NotFound { what: "the channel" });
    }
    let channel = crate::channels::find(engine, &principal.workspace_id, id).await?;
    let way_out = engine.way_out(&channel);
    Ok(Sender::of_channel(&channel, way_out))
}

async fn use_case(engine: &Engine, principal: &Principal, id: &UseCaseId) -> Result<Sender> {
    if !principal.sees(None) {
        return Err(EngineError::NotFound { what: "the use case" });
    }
    of_use_case(engine, &principal.workspace_id, id).await
}

/// A use case of the workspace, whoever asks.
///
/// # Errors
/// It is not there; its domain is not verified (409).
pub(crate) async fn of_use_case(engine: &Engine, workspace: &WorkspaceId, id: &UseCaseId) -> Result<Sender> {
    let use_case = use_cases::find(engine, workspace, id).await?;
    let domain = domains::verified(engine, workspace, &use_case.domain_id).await?;
    Ok(Sender {
        by: SendBy::UseCase(use_case.id.clone()),
        mailbox: Mailbox { name: Some(use_case.entity_name.clone()), address: use_case.sender_address.clone() },
        signature: Signature::default(),
        limits: ChannelLimits::default(),
        receives_at: domains::receives(&domain).then(|| use_case.sender_address.clone()),
        way_out: engine.own_way_out(),
        return_path_host: Some(domains::return_path_host(&domain.name)),
        use_case: Some(use_case),
    })
}
