//! What the audit log says of accounts: which, and the names of settings that were changed. Never what a setting is, nor a secret.

use serde_json::{Value as Json, json};
use store::accounts::AccountRow;

use super::accounts::{AccountRequest, ServerRequest};
use crate::audit::Target;

pub(super) fn target(row: &AccountRow) -> Target<'_> {
    Target::of("account", &row.id).named(&row.name)
}

/// The settings that are no secret, to see which of them differ.
pub(super) fn shown(row: &AccountRow) -> Json {
    let mut shown = serde_json::to_value(&row.settings).unwrap_or_default();
    if let Json::Object(fields) = &mut shown {
        fields.insert("name".into(), json!(row.display_name));
        fields.insert("email".into(), json!(row.email));
    }
    shown
}

/// Whether a secret comes with it, which may be the same as before.
pub(super) fn has_secret(request: &AccountRequest) -> bool {
    let of = |server: &Option<ServerRequest>| server.as_ref().is_some_and(|server| server.secret.is_some());
    of(&request.imap) || of(&request.smtp) || request.oauth2.is_some()
}
