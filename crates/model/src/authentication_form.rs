//! A form that a person connects a mailbox with: what the application that asked for it wants of the account. Never holds a secret.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What the account is to be, whatever the person fills in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FormRequest {
    /// What the application calls the account.
    pub account: String,
    /// Filled in at first; the person may change both.
    pub name: Option<String>,
    pub email: Option<String>,
    /// As in [`crate::account::AccountSettings`].
    pub subconnections: Option<Vec<String>>,
    pub folders: Option<Vec<String>>,
    pub notify_from: Option<Timestamp>,
    /// Where the person goes on afterwards: http or https.
    pub redirect_url: String,
    /// `imap`, or the id of an OAuth 2 application: no other way is offered.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<String>,
}

impl FormRequest {
    /// Unless one OAuth 2 application is asked for.
    pub fn takes_passwords(&self) -> bool {
        self.sign_in.as_deref().is_none_or(|way| way.is_empty() || way == "imap")
    }
}
