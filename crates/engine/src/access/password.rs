//! Passwords: argon2id with the parameters OWASP names (19 MiB, two passes). Never more than two at a time, since each takes its memory.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Argon2, PasswordHash};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::{EngineError, Result};

pub const PASSWORD_CHARS_MIN: usize = 8;
const PASSWORD_BYTES_MAX: usize = 1_024;
const AT_ONCE: usize = 2;

fn places() -> Arc<Semaphore> {
    static PLACES: std::sync::OnceLock<Arc<Semaphore>> = std::sync::OnceLock::new();
    PLACES.get_or_init(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _place = places().acquire_owned().await.map_err(|_| EngineError::Unavailable("shutting down".into()))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| EngineError::Internal("a password could not be worked on".into()))
}

pub(crate) async fn hash(password: SecretString) -> Result<String> {
    let length = password.expose_secret().chars().count();
    if length < PASSWORD_CHARS_MIN || password.expose_secret().len() > PASSWORD_BYTES_MAX {
        return Err(EngineError::invalid(
            "/password",
            format!("a password of at least {PASSWORD_CHARS_MIN} characters is needed"),
        ));
    }
    let hashed = apart(move || {
        Argon2::default().hash_password(password.expose_secret().as_bytes()).map(|hash| hash.to_string())
    })
    .await?;
    hashed.map_err(|error| EngineError::Internal(format!("argon2: {error}")))
}

/// Without a hash it works as long and answers no.
pub(super) async fn verify(password: SecretString, hash: Option<String>) -> Result<bool> {
    if password.expose_secret().len() > PASSWORD_BYTES_MAX {
        return Ok(false);
    }
    apart(move || {
        let Some(hash) = hash else {
            drop(Argon2::default().hash_password(password.expose_secret().as_bytes()));
            return false;
        };
        PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok())
    })
    .await
}
