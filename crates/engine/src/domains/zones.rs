//! Which domain our name server answers for under a name: of several workspaces' at most one's. Keeps all names and some zones in
//! memory; asks the store for a zone that is not there, and never for a name that is in none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use model::{DomainId, Timestamp, WorkspaceId};
use store::domains::{self, DomainName};
use store::{Db, Topic, zone_owners};
use tokio_util::sync::CancellationToken;

use super::zone;
use crate::ports::{ServedZones, Zone, ZonesUnavailable};
use crate::{Engine, EngineConfig, Result};

/// Names hold this long even if no news of a change came through.
const NAMES_AGE: Duration = Duration::from_secs(60);
/// Between two readings of all names, however often domains change.
const NAMES_PAUSE: Duration = Duration::from_millis(250);
/// Names that are kept, of domains and of those that were proved once. With more, changes are no longer seen.
const NAMES_MAX: usize = 200_000;
/// Zones kept; past it all are forgotten.
const ZONES_KEPT_MAX: usize = 10_000;

/// The domains of all workspaces as zones.
pub struct Zones {
    db: Db,
    config: Arc<EngineConfig>,
    /// `None`: they were never read.
    names: RwLock<Option<Arc<Names>>>,
    kept: Mutex<HashMap<DomainId, Kept>>,
}

struct Kept {
    version: i64,
    zone: Option<Arc<Zone>>,
}

impl Zones {
    pub fn new(engine: &Engine) -> Arc<Self> {
        let (db, config) = (engine.db.clone(), engine.config.clone());
        Arc::new(Self { db, config, names: RwLock::default(), kept: Mutex::default() })
    }

    /// Keeps the names in step with the domains until it is told to stop.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut changes = self.db.subscribe(Topic::Domains);
        while !shutdown.is_cancelled() {
            changes.mark_unchanged();
            if let Err(error) = self.read_names().await {
                tracing::error!(%error, "the zones of domains can't be read; the name server answers with those of before");
            }
            tokio::select! {
                () = tokio::time::sleep(NAMES_PAUSE) => {}
                () = shutdown.cancelled() => return,
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(NAMES_AGE) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Reads which domains there are.
    ///
    /// # Errors
    /// What the store says; there are too many.
    pub async fn read_names(&self) -> Result<()> {
        let take = NAMES_MAX + 1;
        let read =
            self.db.read(move |tx| Ok((domains::names_of_all_workspaces(tx, take)?, zone_owners::all(tx, take)?)));
        let (all, owners) = read.await?;
        if all.len().max(owners.len()) > NAMES_MAX {
            // Of some of them it can't be told whose a name is.
            return Err(crate::EngineError::Internal(format!("there are more than {NAMES_MAX} names of domains")));
        }
        let names = Names::of(all, owners.into_iter().collect());
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(names));
        Ok(())
    }

    fn kept(&self, id: &DomainId, version: i64) -> Option<Option<Arc<Zone>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The names may be older than a zone.
        kept.get(id).filter(|kept| kept.version >= version).map(|kept| kept.zone.clone())
    }

    async fn read(&self, workspace: &WorkspaceId, id: &DomainId) -> store::Result<Option<Arc<Zone>>> {
        let (workspace, wanted) = (workspace.clone(), id.clone());
        let Some(row) = self.db.read(move |tx| domains::get(tx, &workspace, &wanted)).await? else { return Ok(None) };
        let zone = zone::of(&self.config, &row, Timestamp::now()).map(Arc::new);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= ZONES_KEPT_MAX {
            kept.clear();
        }
        kept.insert(id.clone(), Kept { version: row.version, zone: zone.clone() });
        Ok(zone)
    }
}

#[async_trait]
impl ServedZones for Zones {
    async fn zone_of(&self, name: &str) -> std::result::Result<Option<Arc<Zone>>, ZonesUnavailable> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner).clone();
        let names = names.ok_or_else(|| ZonesUnavailable("they were not read yet".into()))?;
        let Some(Whose::Domain { workspace, id, version }) = names.closest(name) else { return Ok(None) };
        if let Some(zone) = self.kept(id, *version) {
            return Ok(zone);
        }
        self.read(workspace, id).await.map_err(|error| ZonesUnavailable(error.to_string()))
    }
}

/// Whose a name is.
#[derive(Debug, PartialEq, Eq)]
enum Whose {
    Domain {
        workspace: WorkspaceId,
        id: DomainId,
        version: i64,
    },
    /// It is not known, or the one whose it is has no such domain now.
    Nobody,
}

/// All names that somebody answers for, or nobody may.
#[derive(Debug, Default)]
struct Names(HashMap<String, Whose>);

impl Names {
    /// A name is answered for by the workspace that proved last that it, or else the closest name above it, is its own. Where none did,
    /// the only workspace that has it may prove it by being answered for.
    fn of(all: Vec<DomainName>, owners: HashMap<String, WorkspaceId>) -> Self {
        let mut holders: HashMap<String, Vec<DomainName>> = HashMap::new();
        for one in all {
            holders.entry(one.name.clone()).or_default().push(one);
        }
        let gone = owners.keys().filter(|name| !holders.contains_key(*name));
        let mut names: HashMap<String, Whose> = gone.map(|name| (name.clone(), Whose::Nobody)).collect();
        for (name, mut holding) in holders {
            let owner = above(&name).find_map(|name| owners.get(name));
            if let Some(owner) = owner {
                holding.retain(|one| one.workspace_id == *owner);
            }
            let whose = match (holding.pop(), holding.is_empty()) {
                (Some(one), true) => Whose::Domain { workspace: one.workspace_id, id: one.id, version: one.version },
                // Strangers below a name that is proved: it is as if they were not there.
                (None, _) if !owners.contains_key(&name) => continue,
                _ => Whose::Nobody,
            };
            names.insert(name, whose);
        }
        Self(names)
    }

    fn closest(&self, name: &str) -> Option<&Whose> {
        above(name).find_map(|name| self.0.get(name))
    }
}

/// A name and those above it, the longest first.
pub(super) fn above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, rest)| rest))
}

#[cfg(test)]
#[path = "zones_tests.rs"]
mod tests;
