//! What accounts sign in with: sealed at rest, unsealed for the moment it is used. Never logged, never shown.

use model::account::MailServer;
use model::{AccountId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use store::StoreError;
use store::accounts::AccountRow;

use crate::ports::{MailboxServer, MailboxSignIn, Smarthost, SmtpAuth};
use crate::vault_rotation::account_place as place;
use crate::{Engine, EngineError, Result};

/// Passwords or access tokens, one a server.
#[derive(Default, Clone)]
pub struct AccountSecrets {
    pub imap: Option<SecretString>,
    pub smtp: Option<SecretString>,
    /// Of an account that signs in by OAuth 2: what its access tokens are renewed with.
    pub refresh: Option<SecretString>,
    /// When the access tokens end; absent where the provider does not say.
    pub expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize, Default)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    imap: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    smtp: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

pub(super) fn seal(engine: &Engine, id: &AccountId, secrets: &AccountSecrets) -> Result<Option<Vec<u8>>> {
    if secrets.imap.is_none() && secrets.smtp.is_none() && secrets.refresh.is_none() {
        return Ok(None);
    }
    let exposed = |secret: &Option<SecretString>| secret.as_ref().map(|secret| secret.expose_secret().to_owned());
    let stored = Stored {
        imap: exposed(&secrets.imap),
        smtp: exposed(&secrets.smtp),
        refresh: exposed(&secrets.refresh),
        expires_at: secrets.expires_at,
    };
    let text = serde_json::to_vec(&stored).map_err(|error| StoreError::Vault(error.to_string()))?;
    Ok(Some(engine.vault.seal(&place(id), &text)))
}

pub(super) fn unseal(engine: &Engine, row: &AccountRow) -> Result<AccountSecrets> {
    let Some(sealed) = &row.secrets else { return Ok(AccountSecrets::default()) };
    let vault = |error: String| StoreError::Vault(error);
    let text = engine.vault.unseal(&place(&row.id), sealed).map_err(|error| vault(error.to_string()))?;
    let stored: Stored = serde_json::from_slice(&text).map_err(|error| vault(error.to_string()))?;
    let secret = |text: Option<String>| text.map(SecretString::from);
    Ok(AccountSecrets {
        imap: secret(stored.imap),
        smtp: secret(stored.smtp),
        refresh: secret(stored.refresh),
        expires_at: stored.expires_at,
    })
}

/// Where the mailbox is, and how to sign in to it.
pub(super) fn mailbox_server(engine: &Engine, row: &AccountRow) -> Result<MailboxServer> {
    let missing = || EngineError::Conflict("the account has no IMAP server".into());
    let imap = row.settings.imap.as_ref().ok_or_else(missing)?;
    let secret = unseal(engine, row)?.imap.unwrap_or_default();
    Ok(of_imap(imap, secret))
}

pub(crate) fn of_imap(imap: &MailServer, secret: SecretString) -> MailboxServer {
    let username = imap.username.clone();
    let sign_in = if imap.bearer {
        MailboxSignIn::Bearer { username, token: secret }
    } else {
        MailboxSignIn::Password { username, password: secret }
    };
    MailboxServer {
        host: imap.host.clone(),
        port: imap.port,
        security: imap.security,
        sign_in,
        accept_invalid_certificates: imap.accept_invalid_certificates,
    }
}

pub(super) fn of_smtp(smtp: &MailServer, secret: Option<SecretString>) -> Smarthost {
    let auth = secret.map(|secret| {
        let username = smtp.username.clone();
        if smtp.bearer {
            SmtpAuth::Bearer { username, token: secret }
        } else {
            SmtpAuth::Password { username, password: secret }
        }
    });
    Smarthost { host: smtp.host.clone(), port: smtp.port, security: smtp.security, auth }
}
