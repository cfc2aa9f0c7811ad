//! Connections to smarthosts that wait for the next mail. Owns how many there are and how long they wait.
//! A connection is kept for exactly one host, port, security and sign-in.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use engine::ports::{Smarthost, SmtpAuth};
use model::channel::TransportSecurity;
use secrecy::ExposeSecret as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::session::{Exchanger, Session};
use super::timeouts::POOLED;

/// A connection that waited no longer than this is taken to be alive. One that is not loses nothing: the mail begins anew.
const FRESH: Duration = Duration::from_secs(1);
/// Mails sent over one connection before it is closed: servers limit it, many at 100.
const TRANSACTIONS_MAX: u32 = 100;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    host: String,
    port: u16,
    security: TransportSecurity,
    username: Option<String>,
    /// A keyed hash of what one side proves itself by: a changed password, or TLSA record, does not get the old one's connections.
    credential: u64,
}

pub(super) struct Pool {
    connections_max: usize,
    idle_max: Duration,
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hosts: HashMap<Key, Host>,
    reaping: bool,
}

struct Host {
    /// One a connection in use. Idle ones are used before new ones are opened, so that together they stay within bounds.
    permits: Arc<Semaphore>,
    idle: Vec<Idle>,
}

struct Idle {
    session: Session,
    since: Instant,
}

/// The right to one connection to a host.
pub(super) struct Slot {
    key: Key,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(connections_max: usize, idle_max: Duration) -> Arc<Self> {
        let connections_max = connections_max.clamp(1, Semaphore::MAX_PERMITS);
        Arc::new(Self { connections_max, idle_max, hasher: RandomState::new(), state: Mutex::default() })
    }

    /// Waits until there may be one more connection to this host. `None` if that takes longer than `limit`.
    pub(super) async fn slot(&self, to: &Smarthost, limit: Duration) -> Option<Slot> {
        self.slot_of(self.key(to), limit).await
    }

    /// As [`Pool::slot`]: an address of a mail exchanger is a host of its own, as is one that was secured in another way.
    pub(super) async fn slot_at(&self, to: &Exchanger, limit: Duration) -> Option<Slot> {
        let host = format!("{}[{}]", to.host.to_ascii_lowercase(), to.address);
        let security = if to.security.is_mandatory() { TransportSecurity::Starttls } else { TransportSecurity::None };
        let credential = self.hasher.hash_one(&to.security);
        self.slot_of(Key { host, port: to.port, security, username: None, credential }, limit).await
    }

    async fn slot_of(&self, key: Key, limit: Duration) -> Option<Slot> {
        let permits =
            self.lock().hosts.entry(key.clone()).or_insert_with(|| Host::new(self.connections_max)).permits.clone();
        let permit = tokio::time::timeout(limit, permits.acquire_owned()).await.ok()?.ok()?;
        Some(Slot { key, _permit: permit })
    }

    /// A connection that waited and is clean; unless it did so for a moment alone, it has answered RSET.
    pub(super) async fn take(&self, slot: &Slot) -> Option<Session> {
        loop {
            let idle = self.lock().hosts.get_mut(&slot.key)?.idle.pop()?;
            if idle.since.elapsed() >= self.idle_max {
                tokio::spawn(idle.session.quit(POOLED));
                continue;
            }
            let mut session = idle.session;
            if session.is_clean && idle.since.elapsed() < FRESH {
                return Some(session);
            }
            if session.reset(POOLED).await.is_ok() {
                return Some(session);
            }
        }
    }

    /// Lets a connection wait for the next mail.
    pub(super) fn park(self: &Arc<Self>, slot: &Slot, session: Session) {
        if session.transactions >= TRANSACTIONS_MAX {
            tokio::spawn(session.quit(POOLED));
            return;
        }
        let mut state = self.lock();
        if let Some(host) = state.hosts.get_mut(&slot.key) {
            host.idle.push(Idle { session, since: Instant::now() });
        }
        if !std::mem::replace(&mut state.reaping, true) {
            tokio::spawn(reap(Arc::downgrade(self), self.idle_max));
        }
    }

    /// Connections that wait, of all hosts.
    #[cfg(test)]
    pub(super) fn idle_count(&self) -> usize {
        self.lock().hosts.values().map(|host| host.idle.len()).sum()
    }

    /// Takes out what has waited too long, and hosts nothing is known of any more. Says whether something waits still.
    fn expire(&self) -> (Vec<Session>, bool) {
        let mut state = self.lock();
        let mut expired = Vec::new();
        for host in state.hosts.values_mut() {
            // The oldest come first.
            let fresh = host.idle.iter().position(|idle| idle.since.elapsed() < self.idle_max);
            let stale = host.idle.drain(..fresh.unwrap_or(host.idle.len()));
            expired.extend(stale.map(|idle| idle.session));
        }
        // Whoever holds or awaits a permit holds the semaphore too.
        state.hosts.retain(|_, host| !host.idle.is_empty() || Arc::strong_count(&host.permits) > 1);
        let watching = state.hosts.values().any(|host| !host.idle.is_empty());
        state.reaping = watching;
        (expired, watching)
    }

    fn key(&self, to: &Smarthost) -> Key {
        let (username, secret) = match &to.auth {
            None => (None, None),
            Some(SmtpAuth::Password { username, password }) => (Some(username.clone()), Some(password)),
            Some(SmtpAuth::Bearer { username, token }) => (Some(username.clone()), Some(token)),
        };
        let credential = self.hasher.hash_one(secret.map(|secret| secret.expose_secret()));
        Key { host: to.host.to_ascii_lowercase(), port: to.port, security: to.security, username, credential }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host {
    fn new(connections_max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(connections_max)), idle: Vec::new() }
    }
}

/// Closes connections that nobody came for. Ends with the last of them, or with the pool.
async fn reap(pool: Weak<Pool>, idle_max: Duration) {
    loop {
        tokio::time::sleep(idle_max / 2).await;
        let Some((expired, watching)) = pool.upgrade().map(|pool| pool.expire()) else { return };
        for session in expired {
            session.quit(POOLED).await;
        }
        if !watching {
            return;
        }
    }
}
