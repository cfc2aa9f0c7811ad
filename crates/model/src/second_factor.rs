//! A user's second factor as the API shows it.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Whether a user has a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactor {
    /// A code is asked for when they sign in.
    pub enabled: bool,
    pub enabled_at: Option<Timestamp>,
    /// Of ten, those that were not used.
    pub recovery_codes_left: u64,
    /// The workspace wants everybody to have one.
    pub required: bool,
}

/// What an authenticator app needs. Shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewSecondFactor {
    /// In base 32, as one types it.
    pub secret: String,
    /// What a QR code says (`otpauth://totp/…`).
    pub uri: String,
}
