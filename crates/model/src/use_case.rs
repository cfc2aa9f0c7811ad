//! Use cases: what a verified domain is used for, and whom an opt-out stops. Shapes only.

use serde::{Deserialize, Serialize};

use crate::{DomainId, Timestamp, UseCaseId};

/// Why people get the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum EmailType {
    /// Something they did asks for it: a confirmation, a receipt, a reset.
    Transactional,
    /// It is sent to many, or to promote something: can always be unsubscribed from.
    Marketing,
}

impl EmailType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Marketing => "marketing",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Transactional, Self::Marketing].into_iter().find(|email_type| email_type.as_str() == text)
    }
}

/// A use case as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UseCase {
    pub id: UseCaseId,
    pub domain_id: DomainId,
    /// Who speaks: the name beside the sender's address.
    pub entity_name: String,
    pub name: String,
    /// Mail comes from it, and what reaches it becomes a conversation of the use case.
    pub sender_address: String,
    pub email_type: EmailType,
    /// Whether its mail says how to unsubscribe (RFC 8058), and goes to one recipient each. Always so for marketing.
    pub unsubscribable: bool,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
