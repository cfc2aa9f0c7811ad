//! What a principal may do and see, asked at the beginning of every service. Owns no keys and no users.

use model::key::{Actor, Principal, Scope};
use model::{ChannelId, UserId};

use crate::{EngineError, Result};

/// # Errors
/// The scope is missing.
pub(crate) fn scope(principal: &Principal, scope: Scope) -> Result<()> {
    if principal.may(scope) {
        return Ok(());
    }
    Err(EngineError::Forbidden(format!("this needs the scope {}, which the key does not have", scope.as_str())))
}

/// The channel a list is confined to: the asked one, or the one the key is bound to. `None`: nothing can be seen.
pub(crate) fn channel(principal: &Principal, asked: Option<ChannelId>) -> Option<Option<ChannelId>> {
    match (&principal.channel_id, asked) {
        (None, asked) => Some(asked),
        (Some(bound), None) => Some(Some(bound.clone())),
        (Some(bound), Some(asked)) => (*bound == asked).then_some(Some(asked)),
    }
}

/// What is the workspace's is not for a key bound to a channel.
///
/// # Errors
/// The key is bound to one: `instead` tells it why that is not enough.
pub(crate) fn unbound(principal: &Principal, instead: &str) -> Result<()> {
    match principal.channel_id {
        Some(_) => Err(EngineError::Forbidden(instead.to_owned())),
        None => Ok(()),
    }
}

/// The person who asks.
///
/// # Errors
/// The scope is missing; a program asks, which is nobody: `instead` tells it why.
pub(crate) fn person(principal: &Principal, needed: Scope, instead: &str) -> Result<UserId> {
    scope(principal, needed)?;
    match &principal.actor {
        Actor::User(id, _) => Ok(id.clone()),
        Actor::Key(_) => Err(EngineError::Forbidden(instead.to_owned())),
    }
}
