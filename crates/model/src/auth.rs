//! What SPF, DKIM, DMARC and ARC said of a mail (RFC 8601 result names). Never verifies anything itself.

use serde::{Deserialize, Serialize};

/// RFC 8601 §2.7 result names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    Pass,
    Fail,
    SoftFail,
    Neutral,
    Policy,
    #[default]
    None,
    TempError,
    PermError,
}

/// What a DMARC record asks receivers to do (RFC 7489 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DmarcPolicy {
    #[default]
    None,
    Quarantine,
    Reject,
}

/// The results for one mail, as `metadata.auth` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthResults {
    pub spf: AuthResult,
    pub dkim: AuthResult,
    pub dmarc: AuthResult,
    pub arc: AuthResult,
    /// What the From domain's DMARC record asks for.
    pub dmarc_policy: DmarcPolicy,
    /// Domains whose DKIM signature passed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dkim_domains: Vec<String>,
    /// Why a result is not `pass`, in the verifier's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
