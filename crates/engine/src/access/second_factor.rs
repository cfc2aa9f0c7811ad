//! The second factor: an authenticator app's codes, and recovery codes for when it is lost. Owns how one is set up, checked and taken
//! away, and how often one may guess. The secret is sealed by the vault; recovery codes are kept as SHA-256 and good once.

use std::time::Duration;

use model::event::EventType;
use model::key::Principal;
use model::second_factor::{NewSecondFactor, SecondFactor};
use model::{Timestamp, UserId};
use store::vault::Vault;
use store::{Priority, StoreError, Tx, second_factors, users, workspaces};

use super::{hash, target_user, totp};
use crate::audit::{self, By};
use crate::users::{own_id, require_admin_of_all};
use crate::vault_rotation::second_factor_place as place;
use crate::{Engine, EngineError, Result};

/// What apps show beside the code.
const ISSUER: &str = "Postroom";
const RECOVERY_CODES: usize = 10;
/// Four words of four characters: 80 random bits, too many to guess from what is kept.
const RECOVERY_CODE_WORDS: usize = 4;
const RECOVERY_WORD_CHARS: usize = 4;
/// Codes of one account that may not fit within the time. Only whoever has the password gets as far as to try one.
const FAILURES_MAX: i64 = 10;
const FAILURES_COUNT_FOR: Duration = Duration::from_secs(15 * 60);

/// Whether a code fits.
pub(super) enum Checked {
    Yes,
    ByRecoveryCode,
    No,
    /// Not looked at.
    TooMany {
        seconds: u64,
    },
}

pub(super) fn too_many(seconds: u64) -> EngineError {
    let detail = format!(
        "more than {FAILURES_MAX} codes of this account did not fit; wait a while before the next one, sessions that are signed in go on"
    );
    EngineError::TooOften { detail, retry_after_seconds: seconds }
}

/// Looks at a code of a user whose factor is in use, or about to be. One that fits is used up.
pub(super) fn check(
    tx: &mut Tx<'_>,
    vault: &Vault,
    user: &UserId,
    code: &str,
    now: Timestamp,
) -> store::Result<Checked> {
    let Some(row) = second_factors::get_to_check(tx, user)? else { return Ok(Checked::No) };
    let ends = row.failures_since.plus(FAILURES_COUNT_FOR);
    let (failures, since) = if now >= ends { (0, now) } else { (row.failures, row.failures_since) };
    if failures >= FAILURES_MAX {
        return Ok(Checked::TooMany { seconds: ends.since(now).as_secs() + 1 });
    }
    let typed: String = code.chars().filter(|typed| !typed.is_whitespace() && *typed != '-').collect();
    let typed = typed.to_lowercase();
    let secret = vault.unseal(&place(user), &row.sealed).map_err(StoreError::from)?;
    if let Some(step) = totp::step_of(&secret, &typed, now.as_millis().div_euclid(1_000))
        && second_factors::take_step(tx, user, step)?
    {
        return Ok(Checked::Yes);
    }
    if row.enabled_at.is_some() && second_factors::use_code(tx, user, &hash(&typed))? {
        second_factors::set_failures(tx, user, 0, now)?;
        return Ok(Checked::ByRecoveryCode);
    }
    second_factors::set_failures(tx, user, failures + 1, if failures == 0 { now } else { since })?;
    Ok(Checked::No)
}

/// Whether the user who asks has a second factor, and has to.
///
/// # Errors
/// A key asks, which is nobody.
pub async fn status(engine: &Engine, principal: &Principal) -> Result<SecondFactor> {
    let (user, workspace) = (own_id(principal)?.clone(), principal.workspace_id.clone());
    let read = move |tx: &mut Tx<'_>| {
        let row = second_factors::get(tx, &user)?.filter(|row| row.enabled_at.is_some());
        let required = workspaces::get(tx, &workspace)?.is_some_and(|workspace| workspace.second_factor_required);
        Ok(SecondFactor {
            enabled: row.is_some(),
            enabled_at: row.and_then(|row| row.enabled_at),
            recovery_codes_left: second_factors::codes_left(tx, &user)?.unsigned_abs(),
            required,
        })
    };
    Ok(engine.db.read(read).await?)
}

/// A new secret for an app. It is asked for nowhere until a code confirms it.
///
/// # Errors
/// A key asks; one is in use already (409).
pub async fn begin(engine: &Engine, principal: &Principal) -> Result<NewSecondFactor> {
    let user = crate::users::me(engine, principal).await?;
    let secret = totp::new_secret();
    let sealed = engine.vault.seal(&place(&user.id), &secret);
    let (id, now) = (user.id.clone(), Timestamp::now());
    if !engine.db.write(Priority::Foreground, move |tx| second_factors::begin(tx, &id, &sealed, now)).await? {
        return Err(EngineError::Conflict("a second factor is in use already; turn it off to set up another".into()));
    }
    Ok(NewSecondFactor { secret: totp::secret_text(&secret), uri: totp::uri(&secret, ISSUER, &user.email) })
}

enum Outcome {
    Missing,
    InUse,
    Wrong,
    TooMany(u64),
    Done,
}

impl Outcome {
    fn of(checked: &Checked) -> Self {
        match checked {
            Checked::Yes | Checked::ByRecoveryCode => Self::Done,
            Checked::No => Self::Wrong,
            Checked::TooMany { seconds } => Self::TooMany(*seconds),
        }
    }

    fn done(self) -> Result<()> {
        match self {
            Self::Done => Ok(()),
            Self::Missing => Err(EngineError::Conflict("no second factor is set up".into())),
            Self::InUse => Err(EngineError::Conflict("the second factor is confirmed already".into())),
            Self::TooMany(seconds) => Err(too_many(seconds)),
            Self::Wrong => Err(EngineError::invalid(
                "/code",
                "it does not fit, or was used before: take the one that the app shows now",
            )),
        }
    }
}

/// Puts the secret that was begun into use. Answers recovery codes, which are shown this once.
///
/// # Errors
/// A key asks; the code does not fit (422); none was begun, or it is in use (409).
pub async fn confirm(engine: &Engine, principal: &Principal, code: &str) -> Result<Vec<String>> {
    let (codes, hashes) = new_codes();
    with_code(engine, principal, code, false, move |tx, user, by, now| {
        second_factors::enable(tx, user, now)?;
        second_factors::set_codes(tx, user, &hashes, now)?;
        crate::users::tell(tx, by.workspace(), EventType::UserUpdated, user)?;
        note(tx, by, user, "secondFactor.enabled")
    })
    .await?;
    Ok(codes)
}

/// New recovery codes; the old ones are worthless from then on.
///
/// # Errors
/// As [`disable`].
pub async fn renew_codes(engine: &Engine, principal: &Principal, code: &str) -> Result<Vec<String>> {
    let (codes, hashes) = new_codes();
    with_code(engine, principal, code, true, move |tx, user, by, now| {
        second_factors::set_codes(tx, user, &hashes, now)?;
        note(tx, by, user, "secondFactor.codesRenewed")
    })
    .await?;
    Ok(codes)
}

/// Turns the second factor off. Where the workspace wants one, nothing can be done then but to set up another.
///
/// # Errors
/// A key asks; the code does not fit (422); none is in use (409).
pub async fn disable(engine: &Engine, principal: &Principal, code: &str) -> Result<()> {
    with_code(engine, principal, code, true, |tx, user, by, _| {
        second_factors::remove(tx, user)?;
        crate::users::tell(tx, by.workspace(), EventType::UserUpdated, user)?;
        note(tx, by, user, "secondFactor.disabled")
    })
    .await
}

/// Does `work` in the transaction that uses the code up.
async fn with_code(
    engine: &Engine,
    principal: &Principal,
    code: &str,
    in_use: bool,
    work: impl Fn(&mut Tx<'_>, &UserId, &By, Timestamp) -> store::Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let (user, by, code, now) = (own_id(principal)?.clone(), audit::by(principal), code.to_owned(), Timestamp::now());
    let vault = engine.vault.clone();
    let done = move |tx: &mut Tx<'_>| {
        let Some(row) = second_factors::get_to_check(tx, &user)? else { return Ok(Outcome::Missing) };
        match (row.enabled_at.is_some(), in_use) {
            (true, false) => return Ok(Outcome::InUse),
            (false, true) => return Ok(Outcome::Missing),
            _ => {}
        }
        let outcome = Outcome::of(&check(tx, &vault, &user, &code, now)?);
        if matches!(outcome, Outcome::Done) {
            work(tx, &user, &by, now)?;
        }
        Ok(outcome)
    };
    crate::write_again_on_conflict(&engine.db, Priority::Foreground, done).await?.done()
}

fn note(tx: &mut Tx<'_>, by: &By, user: &UserId, action: &'static str) -> store::Result<()> {
    match users::get(tx, by.workspace(), user)? {
        Some(user) => audit::note(tx, by, action, target_user(&user.public), &[]),
        None => Ok(()),
    }
}

/// Takes a colleague's second factor away who lost it.
///
/// # Errors
/// Not an administrator; no such user; they have none (409).
pub async fn reset(engine: &Engine, principal: &Principal, id: &UserId) -> Result<()> {
    require_admin_of_all(principal)?;
    let user = crate::users::get(engine, principal, id).await?;
    reset_of(engine, audit::by(principal), user.id, user.email).await
}

/// As [`reset`], as whoever may run the program.
///
/// # Errors
/// No such user; they have none (409).
pub async fn reset_by_email(engine: &Engine, email: &str) -> Result<()> {
    let wanted = email.trim().to_lowercase();
    let user = engine.db.read(move |tx| users::by_email(tx, &wanted)).await?;
    let user = user.ok_or(EngineError::NotFound { what: "the user" })?;
    reset_of(engine, By::command_line(&user.workspace_id), user.public.id, user.public.email).await
}

async fn reset_of(engine: &Engine, by: By, user: UserId, email: String) -> Result<()> {
    let work = move |tx: &mut Tx<'_>| {
        let gone = second_factors::remove(tx, &user)?;
        if gone {
            crate::users::tell(tx, by.workspace(), EventType::UserUpdated, &user)?;
            note(tx, &by, &user, "secondFactor.reset")?;
        }
        Ok(gone)
    };
    let gone = engine.db.write(Priority::Foreground, work).await?;
    if gone { Ok(()) } else { Err(EngineError::Conflict(format!("{email} has no second factor"))) }
}

/// What people keep, and what is kept of it.
fn new_codes() -> (Vec<String>, Vec<Vec<u8>>) {
    let code =
        || -> Vec<String> { (0..RECOVERY_CODE_WORDS).map(|_| crate::tokens::random(RECOVERY_WORD_CHARS)).collect() };
    let codes: Vec<Vec<String>> = (0..RECOVERY_CODES).map(|_| code()).collect();
    let hashes = codes.iter().map(|words| hash(&words.concat())).collect();
    (codes.iter().map(|words| words.join("-")).collect(), hashes)
}
