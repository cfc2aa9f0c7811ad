//! A channel's password, sealed at rest and unsealed for the moment it is used. Never logged, never shown.

use model::ChannelId;
use model::channel::Provider;
use secrecy::{ExposeSecret, SecretString};
use store::StoreError;
use store::channels::ChannelRow;

use crate::ports::{Smarthost, SmtpAuth};
use crate::vault_rotation::channel_place as place;
use crate::{Engine, EngineError, Result};

pub(super) fn seal(engine: &Engine, id: &ChannelId, password: &SecretString) -> Vec<u8> {
    engine.vault.seal(&place(id), password.expose_secret().as_bytes())
}

/// What the channel signs in with, at both its servers.
pub(super) fn password(engine: &Engine, row: &ChannelRow) -> Result<Option<SecretString>> {
    let unsealed = row.secrets.as_ref().map(|sealed| engine.vault.unseal_text(&place(&row.public.id), sealed));
    Ok(unsealed.transpose().map_err(|error| StoreError::Vault(error.to_string()))?)
}

pub(super) fn smarthost(engine: &Engine, row: &ChannelRow) -> Result<Option<Smarthost>> {
    let config = &row.public.config;
    if row.public.provider != Provider::SmtpImap {
        return Ok(None);
    }
    let incomplete = || EngineError::Conflict("the channel's SMTP server is not set".into());
    let username = config.username.clone().or_else(|| row.public.email_address.clone()).unwrap_or_default();
    let password = password(engine, row)?;
    Ok(Some(Smarthost {
        host: config.smtp_host.clone().ok_or_else(incomplete)?,
        port: config.smtp_port.ok_or_else(incomplete)?,
        security: config.smtp_security.unwrap_or_default(),
        auth: password.map(|password| SmtpAuth::Password { username, password }),
    }))
}
