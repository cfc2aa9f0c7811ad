//! A product of one test: its own database and folder, and an outside world that only listens. Never part of the product.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::channel::{Channel, Provider, Signature};
use model::domain::{Domain, DomainStatus};
use model::key::{Actor, Principal, Role, Scope, User};
use model::oauth2::{OAuth2Places, OAuth2Provider};
use model::use_case::{EmailType, UseCase};
use model::{ApiKeyId, ChannelId, MessageId, Timestamp, UserId, WorkspaceId};
use secrecy::SecretString;
use store::Priority;
use store::blobs::BlobStore;
use store::testing::TestDb;
use store::users::{self, UserRow};
use store::vault::Vault;
use store::workspaces;

use crate::channels::{self, ChannelRequest};
use crate::ports::{
    Arrival, DeliveryResult, Discovered, DnsAnswer, DnsGap, DomainDns, FetchError, Fetched, Fetcher, InboundMail,
    MailboxDialer, MailboxDiscovery, MailboxFailure, MailboxFailureKind, MailboxResult, MailboxServer, MailboxSession,
    OutboundMail, ProviderAnswer, ProviderClient, RecipientOutcome, Smarthost, TestStep, Transport, WebhookRequest,
    WebhookResponse, WebhookSender,
};
use crate::use_cases::{self, NewUseCase};
use crate::{DeliveryMode, Engine, EngineConfig, Ports, domains, ingest, search_index};

/// A product with one workspace and one channel.
pub struct TestEngine {
    pub engine: Engine,
    pub workspace_id: WorkspaceId,
    pub channel: Channel,
    /// Goes last: the database and the folder.
    _database: TestDb,
}

impl TestEngine {
    pub async fn start(database: TestDb) -> Self {
        let config = EngineConfig {
            public_url: "http://127.0.0.1:8025".into(),
            inbound_domain: "inbox.localhost".into(),
            hostname: "postroom.test".into(),
            smarthost: None,
            dns_blocklists: Vec::new(),
            delivery: DeliveryMode::Sandbox,
            tracking_anonymise_ip: false,
            name_server: None,
        };
        let blobs = Arc::new(BlobStore::open(None, database.folder()).expect("a blob store"));
        let vault = Arc::new(Vault::open(database.folder(), None).expect("a vault"));
        let ports = Ports {
            transport: Arc::new(Nobody),
            webhooks: Arc::new(Nobody),
            fetcher: Arc::new(Nobody),
            mailboxes: Arc::new(Nobody),
            discovery: Arc::new(Nobody),
            providers: Arc::new(Nobody),
            domain_dns: Arc::new(Nobody),
        };
        let engine = Engine::new(config, database.db.clone(), blobs, vault, ports);
        let workspace_id = workspace(&engine, "First").await;
        let channel = channel(&engine, &all_scopes(&workspace_id), "Support").await;
        Self { engine, workspace_id, channel, _database: database }
    }

    /// A key of the workspace that may do everything.
    pub fn key(&self) -> Principal {
        all_scopes(&self.workspace_id)
    }

    /// A key that may do everything in one channel.
    pub fn bound_key(&self, channel: &ChannelId) -> Principal {
        Principal { channel_id: Some(channel.clone()), ..self.key() }
    }

    /// Somebody of the workspace, signed in.
    pub async fn user(&self, email: &str) -> Principal {
        let id = UserId::generate();
        let row = UserRow {
            workspace_id: self.workspace_id.clone(),
            password_hash: None,
            public: User {
                id: id.clone(),
                email: email.to_owned(),
                name: Some("Ann".into()),
                role: Role::Admin,
                available: true,
                second_factor: false,
                signature: Signature::default(),
                last_sign_in_at: None,
                created_at: Timestamp::now(),
            },
        };
        self.engine.db.write(Priority::Foreground, move |tx| users::insert(tx, &row)).await.expect("a user");
        Principal { actor: Actor::User(id, Role::Admin), ..self.key() }
    }

    /// Takes a mail in at the channel's address.
    pub async fn receive(&self, raw: impl Into<Bytes>) -> MessageId {
        self.receive_at(&self.channel, raw).await
    }

    pub async fn receive_at(&self, channel: &Channel, raw: impl Into<Bytes>) -> MessageId {
        let route = channels::route(&self.engine, &channel.inbound_address).await.expect("a route");
        let arrival = Arrival {
            at: Timestamp::now(),
            peer: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            helo: None,
            mail_from: "sender@example.org".into(),
            tls: false,
        };
        let mail = InboundMail { raw: raw.into(), routes: vec![route], arrival, auth: None };
        let accepted = ingest::accept(&self.engine, mail).await.expect("the mail is taken in");
        accepted.messages.into_iter().next().expect("one message").id
    }

    /// Brings the index and the events' positions up to date.
    pub async fn settle(&self) {
        while search_index::index_some(&self.engine).await.expect("the index") > 0 {}
        self.engine.db.write(Priority::Foreground, store::events::sequence).await.expect("positions");
    }
}

/// Another workspace of the same instance.
pub async fn workspace(engine: &Engine, name: &'static str) -> WorkspaceId {
    let made = engine.db.write(Priority::Foreground, move |tx| workspaces::insert(tx, name, Timestamp::now())).await;
    made.expect("a workspace")
}

pub async fn channel(engine: &Engine, principal: &Principal, name: &str) -> Channel {
    let request = ChannelRequest {
        name: Some(name.into()),
        provider: Some(Provider::Forwarding),
        email_address: Some(Some(format!("{}@acme.test", name.to_lowercase()))),
        ..ChannelRequest::default()
    };
    channels::create(engine, principal, request).await.expect("a channel")
}

/// A domain that sends, whatever DNS says.
pub async fn verified_domain(engine: &Engine, principal: &Principal, name: &str) -> Domain {
    let domain = domains::create(engine, principal, name).await.expect("a domain");
    let (workspace, id) = (principal.workspace_id.clone(), domain.id.clone());
    let verify = move |tx: &mut store::Tx<'_>| {
        let mut row = store::domains::get(tx, &workspace, &id)?.expect("the domain");
        row.status = DomainStatus::Verified;
        store::domains::update(tx, &row)
    };
    engine.db.write(Priority::Foreground, verify).await.expect("verified");
    domain
}

/// One of a domain that sends; its mail may have several recipients.
pub async fn use_case(engine: &Engine, principal: &Principal, domain: &Domain) -> UseCase {
    let new = NewUseCase {
        domain_id: domain.id.clone(),
        entity_name: "Acme".into(),
        name: "news".into(),
        sender_address: format!("news@{}", domain.name),
        email_type: EmailType::Transactional,
        unsubscribable: Some(false),
        description: None,
    };
    use_cases::create(engine, principal, new).await.expect("a use case")
}

pub fn all_scopes(workspace_id: &WorkspaceId) -> Principal {
    Principal {
        workspace_id: workspace_id.clone(),
        actor: Actor::Key(ApiKeyId::generate()),
        scopes: vec![Scope::Admin],
        channel_id: None,
    }
}

/// An outside world in which nothing is reached.
struct Nobody;

fn nobody_for(mail: OutboundMail) -> Vec<RecipientOutcome> {
    let outcome = |recipient| RecipientOutcome::unspoken(recipient, DeliveryResult::Deferred, "nobody is there".into());
    mail.recipients.into_iter().map(outcome).collect()
}

#[async_trait]
impl Transport for Nobody {
    async fn send(&self, _: &Smarthost, mail: OutboundMail) -> Vec<RecipientOutcome> {
        nobody_for(mail)
    }

    async fn send_to_mx(&self, _: &str, mail: OutboundMail) -> Vec<RecipientOutcome> {
        nobody_for(mail)
    }

    async fn test(&self, _: &Smarthost) -> Vec<TestStep> {
        Vec::new()
    }
}

#[async_trait]
impl WebhookSender for Nobody {
    async fn post(&self, _: WebhookRequest) -> WebhookResponse {
        WebhookResponse {
            status_code: None,
            body: "nobody is there".into(),
            retry_after: None,
            at: Timestamp::now(),
            duration: Duration::ZERO,
        }
    }

    fn check_url(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}

#[async_trait]
impl MailboxDialer for Nobody {
    async fn open(&self, _: &MailboxServer) -> MailboxResult<Box<dyn MailboxSession>> {
        Err(MailboxFailure {
            kind: MailboxFailureKind::Connect,
            detail: "nobody is there".into(),
            code: None,
            hint: None,
        })
    }

    async fn test(&self, _: &MailboxServer) -> Vec<TestStep> {
        Vec::new()
    }
}

#[async_trait]
impl ProviderClient for Nobody {
    fn places(&self, _: OAuth2Provider, _: Option<&str>) -> Option<OAuth2Places> {
        None
    }

    fn check_url(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn post_form(&self, _: &str, _: Vec<(&'static str, SecretString)>) -> Result<ProviderAnswer, FetchError> {
        Err(FetchError::Failed("nobody is there".into()))
    }

    fn allows_plain_http(&self) -> bool {
        false
    }

    async fn post_form_as(
        &self,
        _: &str,
        _: (&str, &SecretString),
        _: Vec<(&'static str, SecretString)>,
    ) -> Result<ProviderAnswer, FetchError> {
        Err(FetchError::Failed("nobody is there".into()))
    }

    async fn get(&self, _: &str) -> Result<ProviderAnswer, FetchError> {
        Err(FetchError::Failed("nobody is there".into()))
    }

    async fn get_with_token(&self, _: &str, _: &SecretString) -> Result<ProviderAnswer, FetchError> {
        Err(FetchError::Failed("nobody is there".into()))
    }
}

#[async_trait]
impl DomainDns for Nobody {
    async fn texts(&self, _: &str) -> DnsAnswer<String> {
        Err(DnsGap::Failed("nobody is there".into()))
    }

    async fn mail_hosts(&self, _: &str) -> DnsAnswer<(u16, String)> {
        Err(DnsGap::Failed("nobody is there".into()))
    }

    async fn aliases(&self, _: &str) -> DnsAnswer<String> {
        Err(DnsGap::Failed("nobody is there".into()))
    }

    async fn name_servers(&self, _: &str) -> DnsAnswer<String> {
        Err(DnsGap::Failed("nobody is there".into()))
    }

    async fn addresses(&self, _: &str) -> DnsAnswer<IpAddr> {
        Err(DnsGap::Failed("nobody is there".into()))
    }

    async fn pointers(&self, _: IpAddr) -> DnsAnswer<String> {
        Err(DnsGap::Failed("nobody is there".into()))
    }
}

#[async_trait]
impl MailboxDiscovery for Nobody {
    async fn discover(&self, _: &str) -> Discovered {
        Discovered::default()
    }
}

#[async_trait]
impl Fetcher for Nobody {
    async fn fetch(&self, _: &str, _: u64) -> Result<Fetched, FetchError> {
        Err(FetchError::Failed("nobody is there".into()))
    }
}

/// The code that an authenticator app with this secret, as it was shown, shows now.
pub fn code_of_app(secret: &str) -> String {
    let seconds = Timestamp::now().as_millis().div_euclid(1_000);
    crate::access::totp::code_now(secret, seconds).expect("a secret in base 32")
}
