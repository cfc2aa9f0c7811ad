//! Suppressions: addresses that are not written to, where, and why.

use serde::{Deserialize, Serialize};

use crate::words::words;
use crate::{MessageId, SuppressionId, Timestamp};

words! {
    /// What mail to the address is held back: all of the workspace, or that of one domain or use case.
    SuppressionScope {
        UseCase = "useCase",
        Domain = "domain",
        Workspace = "workspace",
    }
}

words! {
    /// Why an address is not written to, the weakest reason first: of two, the stronger is kept.
    SuppressionReason {
        /// Mail to it bounced again and again, for reasons that may pass. Ends by itself.
        SoftBounce = "softBounce",
        Unsubscribe = "unsubscribe",
        Manual = "manual",
        /// The address is no good.
        HardBounce = "hardBounce",
        Complaint = "complaint",
    }
}

/// An address that is not written to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    pub id: SuppressionId,
    /// In its one spelling: lower case, the domain in ASCII.
    pub address: String,
    pub scope: SuppressionScope,
    /// The use case or the domain; null where the scope is the workspace.
    pub scope_id: Option<String>,
    pub reason: SuppressionReason,
    /// What was said: by a server, or by whoever added it.
    pub detail: Option<String>,
    /// The message that led to it.
    pub message_id: Option<MessageId>,
    /// When it ends by itself; null where it does not.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_wire_and_reasons_are_ordered_by_strength() {
        for reason in SuppressionReason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
            assert_eq!(SuppressionReason::parse(reason.as_str()), Some(*reason));
        }
        for scope in SuppressionScope::ALL {
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        assert!(SuppressionReason::Complaint > SuppressionReason::HardBounce);
        assert!(SuppressionReason::Unsubscribe > SuppressionReason::SoftBounce);
    }
}
