//! Where a workspace's people may sign in (OpenID Connect), as the API shows it: never its client secret.

use serde::Serialize;

use crate::key::Role;
use crate::{IdentityProviderId, Timestamp};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    pub id: IdentityProviderId,
    /// On the sign-in page, for everybody to see.
    pub name: String,
    /// As the provider calls itself; `/.well-known/openid-configuration` is below it.
    pub issuer: String,
    pub client_id: String,
    /// Whether a client secret is kept.
    pub has_client_secret: bool,
    /// Only people with an email address of these come in; empty: those who are users already.
    pub email_domains: Vec<String>,
    /// Of people who are added by their first sign-in.
    pub role: Role,
    /// Whether people who are no users yet are added.
    pub creates_people: bool,
    pub enabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
