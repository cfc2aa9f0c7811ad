//! In whose name a mail goes out: a channel or a use case, as far as composing and queueing ask. Looks both up; sends nothing.

use std::fmt;

use mail::Mailbox;
use model::channel::{Channel, ChannelLimits, Provider, Signature};
use model::key::Principal;
use model::use_case::UseCase;
use model::{ChannelId, DomainId, TeamId, UseCaseId, WorkspaceId};

use super::draft;
use crate::domains::{self, Signing};
use crate::words::{self, Language};
use crate::{Engine, EngineError, Result, WayOut, return_path, use_cases};

/// Whom a mail is sent by, and its answers belong to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    /// What else it may write from, by its own choice.
    other_addresses: Vec<String>,
    pub signature: Signature,
    pub limits: ChannelLimits,
    /// Where answers come back with their conversation's token. `None`: they come to the sender's own mailbox, by its own ways.
    pub receives_at: Option<String>,
    /// Whose a conversation is that begins with the mail.
    pub team_id: Option<TeamId>,
    pub way_out: WayOut,
    /// Where links of the mail begin, where that is a host of the domain's own.
    pub links_at: Option<String>,
    /// The host of return paths, where they are the domain's own.
    return_path_host: Option<String>,
    /// Where the mail is signed by us.
    pub signing: Option<Signing>,
    /// Of the line by which a use case's mail is left.
    pub language: Language,
}

impl Sender {
    pub fn of_channel(channel: &Channel, way_out: WayOut) -> Self {
        let receives_itself = matches!(channel.provider, Provider::Forwarding | Provider::Sandbox);
        Self {
            by: SendBy::Channel(channel.id.clone()),
            use_case: None,
            mailbox: Mailbox { name: channel.display_name.clone(), address: draft::sender_address(channel).to_owned() },
            other_addresses: channel.aliases.iter().chain([&channel.inbound_address]).cloned().collect(),
            signature: channel.signature.clone(),
            limits: channel.limits.clone(),
            receives_at: receives_itself.then(|| channel.inbound_address.clone()),
            team_id: channel.team_id.clone(),
            way_out,
            links_at: None,
            return_path_host: None,
            signing: None,
            language: Language::default(),
        }
    }

    /// The same sender, writing from the one of its addresses that is asked for.
    ///
    /// # Errors
    /// It is none of its addresses.
    pub fn writing_from(mut self, asked: Option<Mailbox>) -> Result<Self> {
        let Some(asked) = asked else { return Ok(self) };
        let own = || std::iter::once(&self.mailbox.address).chain(&self.other_addresses);
        let Some(address) = own().find(|address| address.eq_ignore_ascii_case(&asked.address)).cloned() else {
            let own: Vec<&str> = own().map(String::as_str).collect();
            let detail = format!("{} does not write from {}; it does from {}", self.by, asked.address, own.join(", "));
            return Err(EngineError::invalid("/from", detail));
        };
        self.mailbox = Mailbox { name: asked.name.or(self.mailbox.name), address };
        Ok(self)
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
    let mut sender = Sender::of_channel(&channel, way_out);
    if sender.receives_at.is_some() && receives_at_own_address(engine, &channel, &principal.workspace_id).await? {
        sender.receives_at.clone_from(&channel.email_address);
    }
    Ok(sender)
}

/// Whether answers to the channel's own address lead back to it, so that they need no other.
async fn receives_at_own_address(engine: &Engine, channel: &Channel, workspace: &WorkspaceId) -> Result<bool> {
    let Some(address) = &channel.email_address else { return Ok(false) };
    if !domains::receives_mail_to(engine, workspace, address).await? {
        return Ok(false);
    }
    let route = crate::channels::route(engine, address).await;
    Ok(route.is_ok_and(|route| route.channel_id.as_ref() == Some(&channel.id)))
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
    let (domain, signing) = domains::sending(engine, workspace, &use_case.domain_id).await?;
    let language = words::for_mails(engine, workspace).await?;
    Ok(Sender {
        by: SendBy::UseCase(use_case.id.clone()),
        mailbox: Mailbox { name: Some(use_case.entity_name.clone()), address: use_case.sender_address.clone() },
        other_addresses: Vec::new(),
        signature: Signature::default(),
        limits: ChannelLimits::default(),
        receives_at: domains::receives(&domain).then(|| use_case.sender_address.clone()),
        team_id: None,
        way_out: engine.way_out_of_domain(&domain),
        links_at: domains::links(&engine.config, &domain),
        return_path_host: Some(domains::return_path_host(&domain.name)),
        use_case: Some(use_case),
        signing: Some(signing),
        language,
    })
}
