//! Use cases: made, changed, listed, taken away. Owns their rules; what an opt-out of one stops is the suppressions' business.

use std::time::Duration;

use mail::address;
use model::key::{Principal, Scope};
use model::limits::{USE_CASE_DESCRIPTION_CHARS_MAX, USE_CASE_NAME_CHARS_MAX, USE_CASES_MAX};
use model::use_case::{EmailType, UseCase};
use model::{DomainId, Timestamp, UseCaseId, WorkspaceId};
use store::{Priority, StoreError, Tx, channels, use_cases};

use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result, access_check, domains};

const MISSING: EngineError = EngineError::NotFound { what: "the use case" };

/// A use case that is to be.
#[derive(Debug, Clone)]
pub struct NewUseCase {
    pub domain_id: DomainId,
    pub entity_name: String,
    pub name: String,
    pub sender_address: String,
    pub email_type: EmailType,
    /// Where it is not said, people can unsubscribe.
    pub unsubscribable: Option<bool>,
    pub description: Option<String>,
}

/// What is to be different of a use case; what is `None` stays. An inner `None` takes away.
#[derive(Debug, Clone, Default)]
pub struct UseCaseChange {
    pub entity_name: Option<String>,
    pub name: Option<String>,
    pub sender_address: Option<String>,
    pub email_type: Option<EmailType>,
    pub unsubscribable: Option<bool>,
    pub description: Option<Option<String>>,
}

fn may_read(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::DomainsRead).or_else(|_| access_check::scope(principal, Scope::DomainsWrite))
}

fn may_write(principal: &Principal) -> Result<()> {
    access_check::scope(principal, Scope::DomainsWrite)?;
    access_check::unbound(principal, "use cases are the workspace's: a key bound to a channel changes none")
}

/// A page of use cases, newest first; with `domain` those of one domain.
///
/// # Errors
/// The scope `domains:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    domain: Option<DomainId>,
    slice: SliceOf<UseCaseId>,
) -> Result<Listing<UseCase, UseCaseId>> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine
        .db
        .read(move |tx| use_cases::page(tx, &workspace, domain.as_ref(), after.as_ref(), ascending, take + 1))
        .await?;
    Ok(Listing::cut(found, take, |use_case| use_case.id.clone()))
}

/// # Errors
/// It is not there, or not the asker's; the scope `domains:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &UseCaseId) -> Result<UseCase> {
    may_read(principal)?;
    find(engine, &principal.workspace_id, id).await
}

/// A use case of the workspace, whoever asks.
pub(crate) async fn find(engine: &Engine, workspace: &WorkspaceId, id: &UseCaseId) -> Result<UseCase> {
    let (workspace, id) = (workspace.clone(), id.clone());
    engine.db.read(move |tx| use_cases::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// Makes a use case of a verified domain.
///
/// # Errors
/// Fields that are wrong; the domain is not verified, another has the name or the address, or there are too many (409); the scope
/// `domains:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewUseCase) -> Result<UseCase> {
    may_write(principal)?;
    let once = crate::once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return find(engine, &principal.workspace_id, &UseCaseId::from_stored(id)).await;
    }
    let now = Timestamp::now();
    let use_case = UseCase {
        id: UseCaseId::generate(),
        domain_id: new.domain_id,
        entity_name: new.entity_name,
        name: new.name,
        sender_address: new.sender_address,
        email_type: new.email_type,
        unsubscribable: new.unsubscribable.unwrap_or(true),
        description: new.description,
        created_at: now,
        updated_at: now,
    };
    let use_case = checked(engine, principal, use_case).await?;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let made = engine
        .db
        .write(Priority::Foreground, move |tx| {
            if let Some(earlier) = once.noted(tx)? {
                let id = UseCaseId::from_stored(earlier);
                return use_cases::get(tx, &workspace, &id)?.ok_or(StoreError::Conflict).map(Ok);
            }
            if use_cases::count(tx, &workspace)? >= USE_CASES_MAX as u64 {
                return Ok(Err(format!("a workspace has at most {USE_CASES_MAX} use cases")));
            }
            if let Some(taken) = receives_elsewhere(tx, &use_case)? {
                return Ok(Err(taken));
            }
            use_cases::insert(tx, &workspace, &use_case)?;
            audit::note(tx, &by, "useCase.created", target(&use_case), &[])?;
            once.note_last(tx, use_case.id.as_str())?;
            Ok(Ok(use_case))
        })
        .await;
    made.map_err(taken)?.map_err(EngineError::Conflict)
}

fn taken(error: StoreError) -> EngineError {
    if error.is_unique_violation() {
        return EngineError::Conflict(
            "another use case has this senderAddress, or another of the domain has this name".into(),
        );
    }
    error.into()
}

/// Changes a use case.
///
/// # Errors
/// As [`create`]; it is not there, or not the asker's.
pub async fn change(engine: &Engine, principal: &Principal, id: &UseCaseId, change: UseCaseChange) -> Result<UseCase> {
    may_write(principal)?;
    loop {
        let before = find(engine, &principal.workspace_id, id).await?;
        let after = checked(engine, principal, change.clone().applied(before.clone())).await?;
        let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
        // Another change came between: begin again from what it made.
        let keep = move |tx: &mut Tx<'_>| {
            if let Some(taken) = receives_elsewhere(tx, &after)? {
                return Ok(Some(Err(taken)));
            }
            let kept = use_cases::update(tx, &workspace, before.updated_at, &after)?;
            if kept {
                let changed = audit::changed(&before, &after);
                audit::note_changes(tx, &by, "useCase.changed", target(&after), &changed)?;
            }
            Ok(kept.then(|| Ok(after.clone())))
        };
        let kept = crate::write_again_on_conflict(&engine.db, Priority::Foreground, keep).await.map_err(taken)?;
        if let Some(outcome) = kept {
            return outcome.map_err(EngineError::Conflict);
        }
    }
}

fn target(use_case: &UseCase) -> Target<'_> {
    Target::of("useCase", &use_case.id).named(&use_case.name)
}

/// An address belongs to one channel or use case; why not this one.
fn receives_elsewhere(tx: &mut Tx<'_>, use_case: &UseCase) -> store::Result<Option<String>> {
    let channel = channels::by_address(tx, &use_case.sender_address)?;
    Ok(channel.map(|_| format!("a channel receives at {}", use_case.sender_address)))
}

impl UseCaseChange {
    fn applied(self, before: UseCase) -> UseCase {
        UseCase {
            entity_name: self.entity_name.unwrap_or(before.entity_name),
            name: self.name.unwrap_or(before.name),
            sender_address: self.sender_address.unwrap_or(before.sender_address),
            email_type: self.email_type.unwrap_or(before.email_type),
            unsubscribable: self.unsubscribable.unwrap_or(before.unsubscribable),
            description: self.description.unwrap_or(before.description),
            // No two changes have the same: the next one tells by it whether it knows this one.
            updated_at: Timestamp::now().max(before.updated_at.plus(Duration::from_millis(1))),
            ..before
        }
    }
}

/// Takes a use case away. Its mail stays, and so do the opt-outs from it; its address receives nothing any more.
///
/// # Errors
/// It is not there, or not the asker's; the scope `domains:write` is missing.
pub async fn delete(engine: &Engine, principal: &Principal, id: &UseCaseId) -> Result<()> {
    may_write(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let Some(use_case) = use_cases::get(tx, &workspace, &id)? else { return Ok(false) };
        audit::note(tx, &by, "useCase.deleted", target(&use_case), &[])?;
        use_cases::delete(tx, &workspace, &id, Timestamp::now())
    };
    let gone = engine.db.write(Priority::Foreground, work).await?;
    if gone { Ok(()) } else { Err(MISSING) }
}

async fn checked(engine: &Engine, principal: &Principal, mut use_case: UseCase) -> Result<UseCase> {
    let mut errors = Vec::new();
    for (pointer, text) in [("/entityName", &mut use_case.entity_name), ("/name", &mut use_case.name)] {
        *text = text.trim().to_owned();
        let length = text.chars().count();
        if length == 0 || length > USE_CASE_NAME_CHARS_MAX || text.chars().any(char::is_control) {
            let detail = format!("1 to {USE_CASE_NAME_CHARS_MAX} characters on one line");
            errors.push(FieldError::new(pointer, detail));
        }
    }
    let description = use_case.description.as_deref().unwrap_or_default();
    if description.chars().count() > USE_CASE_DESCRIPTION_CHARS_MAX {
        errors.push(FieldError::new("/description", format!("at most {USE_CASE_DESCRIPTION_CHARS_MAX} characters")));
    }
    if use_case.email_type == EmailType::Marketing && !use_case.unsubscribable {
        errors.push(FieldError::new("/unsubscribable", "marketing mail can always be unsubscribed from: leave it out"));
    }
    let domain = match domains::verified(engine, &principal.workspace_id, &use_case.domain_id).await {
        Ok(domain) => Some(domain),
        Err(EngineError::NotFound { .. }) => {
            errors.push(FieldError::new("/domainId", "there is no such domain"));
            None
        }
        Err(other) => return Err(other),
    };
    if let Some(domain) = domain {
        match sender_address(&use_case.sender_address, &domain.name) {
            Ok(address) => use_case.sender_address = address,
            Err(detail) => errors.push(FieldError::new("/senderAddress", detail)),
        }
    }
    if errors.is_empty() { Ok(use_case) } else { Err(EngineError::Invalid(errors)) }
}

fn sender_address(text: &str, domain: &str) -> std::result::Result<String, String> {
    let expected = || format!("an address of the domain is expected, such as news@{domain}");
    let address = address::normalize(text).map(|address| address.to_lowercase()).ok_or_else(expected)?;
    let (local, at) = address.rsplit_once('@').ok_or_else(expected)?;
    if at != domain {
        return Err(expected());
    }
    if local.contains('+') {
        return Err("without `+`: what is behind it tells answers apart".into());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senders_are_addresses_of_their_domain() {
        let read = |text| sender_address(text, "mail.example.com");
        assert_eq!(read(" News@Mail.Example.COM ").as_deref(), Ok("news@mail.example.com"));
        for wrong in
            ["news", "news@example.com", "news@sub.mail.example.com", "a+b@mail.example.com", "@mail.example.com", ""]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
