//! Domains that mail is sent from: added, listed, checked, rotated, taken away, and what they sign. Owns who may do so; asking DNS is
//! the port's, and judging it `judging`'s.

mod asking;
mod doctor;
mod hosts;
mod judging;
mod keys;
mod name;
mod policy;
mod records;
mod settings;
mod spf;
mod states;
mod tls_policy;
pub mod verifying;
mod zone;
mod zones;

use bytes::Bytes;
use model::domain::{DkimKeys, DnsRecord, DnsRecordPurpose, DnsRecordStatus, Domain, DomainStatus, MtaStsMode};
use model::key::{Principal, Scope};
use model::limits::DOMAINS_MAX;
use model::sending::DomainPolicy;
use model::{DomainId, Timestamp, WorkspaceId};
use store::domains::{self, DomainRow};
use store::{Priority, StoreError, Topic, Tx, allowances, use_cases};

pub use self::doctor::examine;
pub use self::hosts::{HostUse, host_use, mta_sts_policy};
pub(crate) use self::hosts::{links, links_from};
#[doc(hidden)]
pub use self::judging::fuzz_records;
pub use self::keys::OpenKeys;
pub(crate) use self::keys::Signing;
pub(crate) use self::policy::smarthost;
pub use self::policy::{NewSmarthost, PolicyChange, test_smarthost};
pub use self::records::return_path_host;
pub use self::settings::{DomainChange, change};
pub use self::zones::Zones;
use crate::audit::{self, Target};
use crate::delivering::allowance;
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, once};

const MISSING: EngineError = EngineError::NotFound { what: "the domain" };

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::DomainsRead).or_else(|_| may_write(principal))
}

fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::DomainsWrite)
}

/// Domains are the workspace's: a key bound to a channel sees none of them.
fn unbound(principal: &Principal) -> Result<()> {
    access_check::unbound(principal, "domains are the workspace's: a key bound to a channel has none")
}

async fn row(engine: &Engine, workspace: &WorkspaceId, id: &DomainId) -> Result<DomainRow> {
    let (workspace, id) = (workspace.clone(), id.clone());
    engine.db.read(move |tx| domains::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// A page of domains, newest first.
///
/// # Errors
/// The scope `domains:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    slice: SliceOf<DomainId>,
) -> Result<Listing<Domain, DomainId>> {
    may_read(principal)?;
    unbound(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let config = engine.config.clone();
    let read = move |tx: &mut Tx<'_>| {
        let found = domains::page(tx, &workspace, after.as_ref(), ascending, take + 1)?;
        found.iter().map(|row| with_counts(tx, records::public(&config, row))).collect::<store::Result<Vec<_>>>()
    };
    let found = engine.db.read(read).await?;
    Ok(Listing::cut(found, take, |domain: &Domain| domain.id.clone()))
}

/// # Errors
/// It is not there, or not the asker's; the scope `domains:read` is missing.
pub async fn show(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<Domain> {
    may_read(principal)?;
    unbound(principal)?;
    shown(engine, row(engine, &principal.workspace_id, id).await?).await
}

/// As the API shows it.
async fn shown(engine: &Engine, row: DomainRow) -> Result<Domain> {
    let domain = records::public(&engine.config, &row);
    match domain.warm_up {
        Some(_) => Ok(engine.db.read(move |tx| with_counts(tx, domain)).await?),
        None => Ok(domain),
    }
}

fn with_counts(tx: &mut Tx<'_>, mut domain: Domain) -> store::Result<Domain> {
    if let Some(plan) = &mut domain.warm_up {
        plan.today = Some(allowance::today(tx, &domain.id, plan, Timestamp::now())?);
    }
    Ok(domain)
}

/// A domain of a workspace, whoever asks.
///
/// # Errors
/// It is not there.
pub async fn get(engine: &Engine, workspace: &WorkspaceId, id: &DomainId) -> Result<Domain> {
    Ok(records::public(&engine.config, &row(engine, workspace, id).await?))
}

/// A domain that mail may be sent from now.
///
/// # Errors
/// It is not there; it is not verified, or failed (409).
pub async fn verified(engine: &Engine, workspace: &WorkspaceId, id: &DomainId) -> Result<Domain> {
    let row = row(engine, workspace, id).await?;
    sends(&row)?;
    Ok(records::public(&engine.config, &row))
}

fn sends(row: &DomainRow) -> Result<()> {
    if row.status.sends() {
        return Ok(());
    }
    let name = &row.name;
    Err(EngineError::Conflict(match row.status {
        DomainStatus::Failed => format!(
            "nothing is sent from {name}: its DNS records were wrong for more than three days; mend them (GET /api/v1/domains/{}), then verify it",
            row.id
        ),
        _ => format!(
            "nothing is sent from {name} yet: publish its DNS records (GET /api/v1/domains/{}), then verify it",
            row.id
        ),
    }))
}

impl Engine {
    /// A mail as it is sent from the domain: signed with its DKIM keys, the signatures in front.
    ///
    /// # Errors
    /// As [`verified`]; the keys can't be opened; the mail has no From.
    pub async fn sign(&self, workspace: &WorkspaceId, domain_id: &DomainId, raw: Bytes) -> Result<Bytes> {
        let (_, signing) = sending(self, workspace, domain_id).await?;
        beside(move || signing.sign(&raw, Timestamp::now())).await
    }
}

/// A domain that mail may be sent from now, and how that is signed.
///
/// # Errors
/// As [`verified`]; the keys can't be opened.
pub(crate) async fn sending(engine: &Engine, workspace: &WorkspaceId, id: &DomainId) -> Result<(Domain, Signing)> {
    let row = row(engine, workspace, id).await?;
    sends(&row)?;
    let signer = engine.dkim_keys.of(&engine.vault, &row)?;
    let signing = Signing::new(signer, states::signing_selectors(&row));
    Ok((records::public(&engine.config, &row), signing))
}

/// Work for the processor, beside the reactor.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| EngineError::Internal(error.to_string()))?
}

/// A domain that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDomain {
    pub name: String,
    /// The usual one where none is said.
    pub tracking_host: Option<String>,
}

impl From<&str> for NewDomain {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), tracking_host: None }
    }
}

/// Adds a domain, with new keys.
///
/// # Errors
/// The name or the tracking host is none, or ours (422); the workspace has it already, or too many (409); the scope `domains:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: impl Into<NewDomain>) -> Result<Domain> {
    may_write(principal)?;
    unbound(principal)?;
    let new = new.into();
    let name = name::checked(&new.name, &engine.config).map_err(|detail| EngineError::invalid("/name", detail))?;
    let tracking_host = settings::tracking_host(engine, new.tracking_host.as_deref(), &name)?;
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, &principal.workspace_id, &DomainId::from_stored(id)).await;
    }
    let workspace = principal.workspace_id.clone();
    let fresh = fresh(engine, workspace.clone(), name, tracking_host).await?;
    let by = audit::by(principal);
    let made = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(earlier) = once.noted(tx)? {
                let id = DomainId::from_stored(earlier);
                return domains::get(tx, &workspace, &id)?.ok_or(StoreError::Conflict).map(Some);
            }
            if domains::count(tx, &workspace)? >= DOMAINS_MAX as u64 {
                return Ok(None);
            }
            domains::insert(tx, &fresh)?;
            audit::note(tx, &by, "domain.created", Target::of("domain", &fresh.id).named(&fresh.name), &[])?;
            once.note_last(tx, fresh.id.as_str())?;
            Ok(Some(fresh))
        })
        .await;
    let made = made.map_err(|error| match error.is_unique_violation() {
        true => EngineError::Conflict("the workspace has this domain already".into()),
        false => error.into(),
    })?;
    let row = made.ok_or_else(|| EngineError::Conflict(format!("a workspace has at most {DOMAINS_MAX} domains")))?;
    Ok(records::public(&engine.config, &row))
}

async fn fresh(engine: &Engine, workspace_id: WorkspaceId, name: String, tracking_host: String) -> Result<DomainRow> {
    let vault = engine.vault.clone();
    let id = DomainId::generate();
    let sealed_for = id.clone();
    let (current, secrets) = beside(move || {
        let (public, private) = keys::generate()?;
        Ok((public, keys::seal(&vault, &sealed_for, &private)?))
    })
    .await?;
    let now = Timestamp::now();
    let mut row = DomainRow {
        id,
        workspace_id,
        name,
        status: DomainStatus::Pending,
        secrets,
        keys: DkimKeys { current, next: Vec::new(), retired: Vec::new(), made_at: now },
        found: Vec::new(),
        problem: None,
        version: 1,
        checked_at: None,
        verified_at: None,
        failing_since: None,
        due_at: now,
        policy: DomainPolicy::default(),
        policy_secret: None,
        created_at: now,
        updated_at: now,
        tracking_host,
        mta_sts_mode: MtaStsMode::Testing,
    };
    row.due_at = states::next_check(&row, false, now);
    Ok(row)
}

/// Asks DNS now; the domain as it is then.
///
/// # Errors
/// It is not there, or not the asker's; the scope `domains:write` is missing.
pub async fn verify(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<Domain> {
    may_write(principal)?;
    unbound(principal)?;
    let row = row(engine, &principal.workspace_id, id).await?;
    let row = verifying::check(engine, row, Timestamp::now()).await?;
    shown(engine, row).await
}

/// Makes new keys. Where the domain sends, the old ones sign on until the records of the new ones are there; else they are replaced.
/// New ones that wait for their records are replaced, too.
///
/// # Errors
/// As [`verify`].
pub async fn rotate_dkim(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<Domain> {
    may_write(principal)?;
    unbound(principal)?;
    let once = once::asked();
    if once.earlier(engine).await?.is_some() {
        return get(engine, &principal.workspace_id, id).await;
    }
    // Not there is told before keys are made.
    row(engine, &principal.workspace_id, id).await?;
    let (public, private) = beside(keys::generate).await?;
    let (vault, workspace, domain_id) = (engine.vault.clone(), principal.workspace_id.clone(), id.clone());
    let by = audit::by(principal);
    let work = move |tx: &mut Tx<'_>| {
        let Some(mut row) = domains::get(tx, &workspace, &domain_id)? else { return Ok(None) };
        if once.noted(tx)?.is_some() {
            return Ok(Some(row));
        }
        let now = Timestamp::now();
        match row.status.sends() {
            true => row.keys.next.clone_from(&public),
            false => {
                row.keys.current.clone_from(&public);
                row.keys.next.clear();
            }
        }
        row.keys.made_at = now;
        let opened = keys::unseal(&vault, &row.id, &row.secrets).map_err(of_the_store)?;
        let all = opened.into_iter().chain(private.clone()).collect();
        let kept = keys::without_old(all, &row.keys);
        row.secrets = keys::seal(&vault, &row.id, &kept).map_err(of_the_store)?;
        row.updated_at = now.max(row.updated_at);
        row.due_at = states::next_check(&row, false, now);
        domains::update(tx, &row)?;
        audit::note(tx, &by, "domain.keysRotated", Target::of("domain", &row.id).named(&row.name), &[])?;
        tx.announce(Topic::Domains);
        row.version += 1;
        once.note_last(tx, row.id.as_str())?;
        Ok(Some(row))
    };
    let row = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?.ok_or(MISSING)?;
    shown(engine, row).await
}

fn of_the_store(error: EngineError) -> StoreError {
    match error {
        EngineError::Store(error) => error,
        other => StoreError::Vault(other.to_string()),
    }
}

/// Takes a domain away with its keys.
///
/// # Errors
/// It is not there, or not the asker's; something sends from it (409); the scope `domains:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &DomainId) -> Result<()> {
    may_write(principal)?;
    unbound(principal)?;
    let (workspace, domain_id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let gone = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if in_use(tx, &workspace, &domain_id)? {
                return Ok(None);
            }
            let Some(row) = domains::get(tx, &workspace, &domain_id)? else { return Ok(Some(false)) };
            let is_gone = domains::delete(tx, &workspace, &domain_id)?;
            if is_gone {
                allowances::forget(tx, domain_id.as_str())?;
                audit::note(tx, &by, "domain.deleted", Target::of("domain", &row.id).named(&row.name), &[])?;
            }
            Ok(Some(is_gone))
        })
        .await?;
    engine.dkim_keys.forget(id);
    engine.routes.forget();
    match gone {
        Some(true) => Ok(()),
        Some(false) => Err(MISSING),
        None => Err(EngineError::Conflict("use cases send from this domain: take them away first".into())),
    }
}

/// Whether something sends from the domain, so that it has to stay. The one place that knows what names a domain.
fn in_use(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &DomainId) -> store::Result<bool> {
    use_cases::any_of_domain(tx, workspace, id)
}

/// Whether mail to the domain's addresses comes here, as far as its MX record was found.
/// Whether mail to an address comes here, as far as its domain is the workspace's and its MX record was found.
///
/// # Errors
/// What the store says.
pub(crate) async fn receives_mail_to(engine: &Engine, workspace: &WorkspaceId, address: &str) -> Result<bool> {
    let Some((_, name)) = address.rsplit_once('@') else { return Ok(false) };
    let (workspace, name) = (workspace.clone(), name.to_lowercase());
    let row = engine.db.read(move |tx| domains::by_name(tx, &workspace, &name)).await?;
    Ok(row.is_some_and(|row| row.status.sends() && records::receives(&row)))
}

pub(crate) fn receives(domain: &Domain) -> bool {
    let is_ours =
        |record: &DnsRecord| record.purpose == DnsRecordPurpose::Mx && record.status == DnsRecordStatus::Verified;
    domain.dns_records.iter().any(is_ours)
}

#[cfg(test)]
mod delegation_tests;
#[cfg(test)]
mod tests;
