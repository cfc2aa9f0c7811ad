//! Where somebody's mailbox is, from the address alone. Owns what is asked; finding it is the port's, and believing it the person's.

use model::key::{Principal, Scope};

use crate::ports::Discovered;
use crate::{Engine, EngineError, Result, access_check};

/// # Errors
/// A scope is missing, or the address is none.
pub async fn discover(engine: &Engine, principal: &Principal, address: &str) -> Result<Discovered> {
    access_check::scope(principal, Scope::ChannelsRead)
        .or_else(|_| access_check::scope(principal, Scope::ChannelsWrite))?;
    find(engine, address).await
}

/// As [`discover`], for whoever may ask already.
pub(super) async fn find(engine: &Engine, address: &str) -> Result<Discovered> {
    let wrong = || EngineError::invalid("/email", "an address such as user@example.com");
    let address = mail::address::normalize(address).ok_or_else(wrong)?;
    Ok(engine.ports.discovery.discover(&address).await)
}
