//! Which channel or use case a submitted mail goes out by, and whether its author may be its From. Reads only.

use mail::ParsedMail;
use model::channel::Channel;
use model::key::Principal;
use model::use_case::UseCase;
use model::{ChannelId, UseCaseId};
use store::{channels, use_cases};

use super::asks::Asks;
use super::{Result, refusal};
use crate::ports::SubmitError;
use crate::sending::draft;
use crate::{Engine, EngineError};

/// Channels of a workspace among which the one that writes as From is looked for; beyond them it has to be named.
const CHANNELS_LOOKED_AT_MAX: usize = 1_000;

/// Whom a mail goes out by.
pub(super) enum Way {
    Channel(Box<Channel>),
    UseCase(UseCase),
}

/// The one the head names; else the one whose address is From; else the key's own channel; else the only one.
pub(super) async fn choose(engine: &Engine, principal: &Principal, asks: &Asks, mail: &ParsedMail) -> Result<Way> {
    if let Some(id) = &asks.use_case {
        return named_use_case(engine, principal, id, mail).await.map(Way::UseCase);
    }
    if let Some(id) = &asks.channel {
        let channel = sending_channel(engine, principal, id).await.map_err(|error| match error {
            EngineError::NotFound { .. } => {
                SubmitError::refused("5.7.1", format!("X-Postroom-Channel: there is no channel {id} for this key"))
            }
            other => refusal(other),
        })?;
        return Ok(Way::Channel(Box::new(channel)));
    }
    if let Some(use_case) = use_case_of(engine, principal, author(mail)?).await? {
        return Ok(Way::UseCase(use_case));
    }
    let from = author(mail)?.to_owned();
    let (workspace, bound) = (principal.workspace_id.clone(), principal.channel_id.clone());
    let found = engine
        .db
        .read(move |tx| {
            // Of a bound key this is its channel.
            let mut all = channels::list(tx, &workspace, bound.as_ref(), None, true, CHANNELS_LOOKED_AT_MAX)?;
            let by_address = all.iter().position(|row| writes_as(&row.public, &from));
            let only = (all.len() == 1).then_some(0);
            Ok(by_address.or(only).map(|place| all.swap_remove(place)))
        })
        .await
        .map_err(|error| refusal(error.into()))?;
    let id = found.map(|row| row.public.id).ok_or_else(|| {
        SubmitError::refused(
            "5.7.1",
            "which channel sends this is not clear: write From an address of a channel, or name it with X-Postroom-Channel",
        )
    })?;
    sending_channel(engine, principal, &id).await.map_err(refusal).map(|channel| Way::Channel(Box::new(channel)))
}

async fn sending_channel(engine: &Engine, principal: &Principal, id: &ChannelId) -> crate::Result<Channel> {
    if !principal.sees(Some(id)) {
        return Err(EngineError::NotFound { what: "the channel" });
    }
    crate::channels::find(engine, &principal.workspace_id, id).await
}

async fn named_use_case(engine: &Engine, principal: &Principal, id: &str, mail: &ParsedMail) -> Result<UseCase> {
    let missing =
        || SubmitError::refused("5.7.1", format!("X-Postroom-Use-Case: there is no use case {id} for this key"));
    let parsed: UseCaseId = id.parse().map_err(|_| missing())?;
    if !principal.sees(None) {
        return Err(missing());
    }
    let found = crate::use_cases::find(engine, &principal.workspace_id, &parsed).await;
    let use_case = found.map_err(|error| match error {
        EngineError::NotFound { .. } => missing(),
        other => refusal(other),
    })?;
    let from = author(mail)?;
    if use_case.sender_address.eq_ignore_ascii_case(from) {
        return Ok(use_case);
    }
    Err(SubmitError::refused("5.7.1", format!("From is {from}; use case {id} writes as {}", use_case.sender_address)))
}

/// The use case that writes as `address`, if the key may use it.
async fn use_case_of(engine: &Engine, principal: &Principal, address: &str) -> Result<Option<UseCase>> {
    if !principal.sees(None) {
        return Ok(None);
    }
    let address = address.to_lowercase();
    let found = engine.db.read(move |tx| use_cases::by_address(tx, &address)).await;
    let found = found.map_err(|error| refusal(error.into()))?;
    Ok(found.filter(|(workspace, _)| *workspace == principal.workspace_id).map(|(_, use_case)| use_case))
}

fn writes_as(channel: &Channel, address: &str) -> bool {
    let own = std::iter::once(draft::sender_address(channel)).chain(channel.aliases.iter().map(String::as_str));
    own.into_iter().any(|own| own.eq_ignore_ascii_case(address))
}

/// The one address in From.
fn author(mail: &ParsedMail) -> Result<&str> {
    match mail.from.as_slice() {
        [one] if !one.address.is_empty() => Ok(&one.address),
        [] => Err(SubmitError::refused("5.6.0", "the mail has no From")),
        _ => Err(SubmitError::refused("5.6.0", "From names one address, that of the channel")),
    }
}

/// Whoever signed in writes as the channel, and as nobody else.
pub(super) fn check_from(channel: &Channel, mail: &ParsedMail) -> Result<()> {
    let from = author(mail)?;
    if writes_as(channel, from) {
        return Ok(());
    }
    let own = draft::sender_address(channel);
    let others = match channel.aliases.len() {
        0 => String::new(),
        count => format!(" or one of its {count} aliases"),
    };
    Err(SubmitError::refused("5.7.1", format!("From is {from}; channel {} writes as {own}{others}", channel.id)))
}
