//! PostgreSQL: threads that own a connection each, reconnect when it is lost, and pass on announcements between nodes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use postgres::config::SslMode;
use postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::queue::{BoxedJob, Queue};
use super::tx::{Connection, Statements};
use super::{Topic, Topics, Tx, count_busy};
use crate::error::{Result, StoreError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the listener waits for an announcement before it looks whether to stop.
const LISTEN_WAIT: Duration = Duration::from_millis(500);
const RECONNECT_WAIT: Duration = Duration::from_secs(1);
const CHANNEL: &str = "postroom";

pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
}

impl Connector {
    pub fn new(url: &str) -> Result<Self> {
        let mut config: Config = url.parse().map_err(|error| {
            StoreError::Configuration(format!(
                "the database URL can't be read ({error}); it should look like postgres://user:password@host:5432/name"
            ))
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        config.application_name("postroom");
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Configuration(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config, tls: MakeRustlsConnect::new(client) })
    }

    fn connect(&self) -> Result<Client> {
        let connected = match self.config.get_ssl_mode() {
            SslMode::Disable => self.config.connect(NoTls),
            _ => self.config.connect(self.tls.clone()),
        };
        connected.map_err(|error| StoreError::Unavailable(format!("PostgreSQL can't be reached: {error}")))
    }
}

pub(super) struct Worker {
    connector: Arc<Connector>,
    topics: Arc<Topics>,
    client: Option<Client>,
    statements: Statements,
}

impl Worker {
    pub fn new(connector: Arc<Connector>, topics: Arc<Topics>) -> Self {
        Self { connector, topics, client: None, statements: Statements::new() }
    }

    pub fn connect(&mut self) -> Result<()> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.client = None;
            self.statements.clear();
            self.client = Some(self.connector.connect()?);
        }
        Ok(())
    }

    pub fn run(mut self, queue: &Queue) {
        while let Some((_, job)) = queue.pop() {
            let begun = Instant::now();
            self.run_one(job);
            count_busy(begun.elapsed(), 1);
        }
    }

    fn run_one(&mut self, mut job: BoxedJob) {
        if let Err(error) = self.connect() {
            // The job is dropped unrun; whoever waits hears that the database is unavailable.
            tracing::error!(%error, "a database operation had no connection");
            return;
        }
        let Some(client) = self.client.as_mut() else { return };
        let mut transaction = match client.transaction() {
            Ok(transaction) => transaction,
            Err(error) => {
                // A lost connection is found closed and replaced at the next job.
                tracing::error!(%error, "PostgreSQL began no transaction");
                return;
            }
        };
        let (keep, topics) = run_job(&mut job, &mut transaction, &mut self.statements);
        let outcome = if keep {
            if topics != 0 {
                let announced = transaction.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &topics.to_string()]);
                if let Err(error) = announced {
                    tracing::warn!(%error, "other nodes were not told of a change; they find it when they look");
                }
            }
            transaction.commit().map_err(StoreError::from)
        } else {
            transaction.rollback().map_err(StoreError::from)
        };
        let committed = keep && outcome.is_ok();
        job.answer(outcome);
        if committed {
            self.topics.publish(topics);
        }
    }
}

fn run_job<'t>(
    job: &mut BoxedJob,
    transaction: &'t mut postgres::Transaction<'_>,
    statements: &'t mut Statements,
) -> (bool, u16) {
    let mut tx = Tx::new(Connection::Postgres(transaction, statements));
    let keep = job.run(&mut tx);
    (keep, tx.topics())
}

/// Passes other nodes' announcements on to those who wait on this one.
pub(super) fn listen(connector: Arc<Connector>, topics: Arc<Topics>, lifetime: Arc<Queue>) -> Result<()> {
    let body = move || {
        while !lifetime.is_closed() {
            if let Err(error) = listen_until_lost(&connector, &topics, &lifetime) {
                tracing::warn!(%error, "announcements of other nodes are not heard at the moment; trying again");
                lifetime.closes_within(RECONNECT_WAIT);
            }
            // Whatever was announced meanwhile: let everybody look.
            topics.publish(Topic::ALL.iter().fold(0, |mask, topic| mask | 1 << *topic as u8));
        }
    };
    super::spawn("db-listener", body).map(drop)
}

fn listen_until_lost(connector: &Connector, topics: &Topics, lifetime: &Queue) -> Result<()> {
    use postgres::fallible_iterator::FallibleIterator;
    let mut client = connector.connect()?;
    client.batch_execute(&format!("LISTEN {CHANNEL}"))?;
    while !lifetime.is_closed() {
        {
            let mut notifications = client.notifications();
            let mut waiting = notifications.timeout_iter(LISTEN_WAIT);
            while let Some(notification) = waiting.next()? {
                topics.publish(notification.payload().parse().unwrap_or(0));
            }
        }
        if client.is_closed() {
            return Err(StoreError::Unavailable("the listening connection was closed".into()));
        }
    }
    Ok(())
}
