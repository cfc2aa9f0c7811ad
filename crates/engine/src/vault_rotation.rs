//! A new key for the vault: whatever is sealed is sealed anew with it. The old keys stay, for what a backup holds.
//! Never while a server runs, which knows only the keys it started with.

use model::{AccountId, ChannelId, DomainId, GatewayId, IdentityProviderId, OAuth2AppId, UserId, WebhookEndpointId};
use store::vault::Vault;
use store::{
    StoreError, Tx, accounts, channels, domains, gateways, identity_providers, oauth2_apps, second_factors,
    webhook_endpoints, workspaces,
};

use crate::{Engine, Result};

/// The setting that tells a start whether it has the right key.
pub const FINGERPRINT: &str = "vault_fingerprint";

/// Where a channel's password is kept, so that a sealed one is worthless in another row.
pub(crate) fn channel_place(id: &ChannelId) -> String {
    format!("channel/secrets/{id}")
}

/// Where an account's passwords are kept.
pub(crate) fn account_place(id: &AccountId) -> String {
    format!("account/secrets/{id}")
}

/// Where a gateway's password is kept.
pub(crate) fn gateway_place(id: &GatewayId) -> String {
    format!("gateway/secret/{id}")
}

/// Where an OAuth 2 application's secret is kept.
pub(crate) fn oauth2_app_place(id: &OAuth2AppId) -> String {
    format!("oauth2_app/secrets/{id}")
}

/// Where a domain's private DKIM keys are kept.
pub(crate) fn domain_place(id: &DomainId) -> String {
    format!("domain/secrets/{id}")
}

/// Where the password of a domain's smarthost is kept.
pub(crate) fn domain_smarthost_place(id: &DomainId) -> String {
    format!("domain/smarthost/{id}")
}

/// Where the secret of a user's authenticator app is kept.
pub(crate) fn second_factor_place(id: &UserId) -> String {
    format!("second_factor/sealed/{id}")
}

/// Where the client secret of an identity provider is kept.
pub(crate) fn identity_provider_place(id: &IdentityProviderId) -> String {
    format!("identity_provider/sealed/{id}")
}

/// Where an endpoint's secrets are kept.
pub(crate) fn endpoint_place(id: &WebhookEndpointId) -> String {
    format!("webhook_endpoint/secrets/{id}")
}

/// Adds a key and seals everything with it. Answers how many secrets were sealed anew.
///
/// # Errors
/// The key is the configuration's (set a list there, the new one first, and rotate with it), or the store says no.
pub fn rotate(engine: &Engine) -> Result<usize> {
    engine.vault.rotate().map_err(|error| StoreError::Vault(error.to_string()))?;
    reseal(engine)
}

/// Seals with the newest key what an older one sealed.
///
/// # Errors
/// What the store says; a secret that no key opens.
pub fn reseal(engine: &Engine) -> Result<usize> {
    let vault = engine.vault.clone();
    let resealed = engine.db.write_blocking(move |tx| {
        let mut count = 0;
        for (id, sealed) in channels::sealed(tx)? {
            count +=
                reseal_one(tx, &vault, &channel_place(&id), &sealed, |tx, anew| channels::set_sealed(tx, &id, anew))?;
        }
        for (id, sealed) in webhook_endpoints::sealed(tx)? {
            count += reseal_one(tx, &vault, &endpoint_place(&id), &sealed, |tx, anew| {
                webhook_endpoints::set_sealed(tx, &id, anew)
            })?;
        }
        for (id, sealed) in accounts::sealed(tx)? {
            count +=
                reseal_one(tx, &vault, &account_place(&id), &sealed, |tx, anew| accounts::set_sealed(tx, &id, anew))?;
        }
        for (id, sealed) in gateways::sealed(tx)? {
            count +=
                reseal_one(tx, &vault, &gateway_place(&id), &sealed, |tx, anew| gateways::set_sealed(tx, &id, anew))?;
        }
        for (id, sealed) in oauth2_apps::sealed(tx)? {
            count += reseal_one(tx, &vault, &oauth2_app_place(&id), &sealed, |tx, anew| {
                oauth2_apps::set_sealed(tx, &id, anew)
            })?;
        }
        for (id, sealed) in domains::sealed(tx)? {
            count +=
                reseal_one(tx, &vault, &domain_place(&id), &sealed, |tx, anew| domains::set_sealed(tx, &id, anew))?;
        }
        for (id, sealed) in domains::sealed_policies(tx)? {
            count += reseal_one(tx, &vault, &domain_smarthost_place(&id), &sealed, |tx, anew| {
                domains::set_sealed_policy(tx, &id, anew)
            })?;
        }
        for (id, sealed) in second_factors::sealed(tx)? {
            count += reseal_one(tx, &vault, &second_factor_place(&id), &sealed, |tx, anew| {
                second_factors::set_sealed(tx, &id, anew)
            })?;
        }
        for (id, sealed) in identity_providers::sealed(tx)? {
            count += reseal_one(tx, &vault, &identity_provider_place(&id), &sealed, |tx, anew| {
                identity_providers::set_sealed(tx, &id, anew)
            })?;
        }
        workspaces::set_setting(tx, FINGERPRINT, &vault.fingerprint())?;
        Ok(count)
    })?;
    Ok(resealed)
}

fn reseal_one(
    tx: &mut Tx<'_>,
    vault: &Vault,
    place: &str,
    sealed: &[u8],
    keep: impl FnOnce(&mut Tx<'_>, &[u8]) -> store::Result<()>,
) -> store::Result<usize> {
    if !vault.needs_reseal(sealed) {
        return Ok(0);
    }
    let secret = vault.unseal(place, sealed).map_err(|error| StoreError::Vault(error.to_string()))?;
    keep(tx, &vault.seal(place, &secret))?;
    Ok(1)
}
