//! Who may come in: API keys, sessions, one-time links, and the first start. Owns what is compared and what is remembered;
//! keys and tokens are kept as SHA-256 and never logged.

mod bootstrap;
mod browser;
mod keys;
mod links;
pub(crate) mod own_password;
pub(crate) mod password;
mod people;
pub mod second_factor;
mod sessions;
pub(crate) mod totp;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::key::{Actor, Principal, Role, Scope};
use model::{ApiKeyId, Timestamp, WorkspaceId};
use rand::RngExt;
use sha2::{Digest, Sha256};
use store::users::UserRow;
use store::workspaces::WorkspaceRow;
use store::{Priority, workspaces};

use crate::{Engine, EngineError, Result};
pub use bootstrap::{Bootstrap, BootstrapOptions, bootstrap};
pub use keys::{KeyCache, by_api_key, create_key, create_key_as, delete_key, delete_key_of, key, keys};
pub use links::sign_in_link;
pub(crate) use links::{INVITATION_LINK, new_invitation_token, new_sign_in_token};
pub use password::PASSWORD_CHARS_MIN;
pub use people::{create_user, create_user_with_link, set_password, users};
pub(crate) use people::{new_public_user, target as target_user};
pub use sessions::{
    FirstStep, Present, SignedIn, by_session, end_other_sessions, end_session, own_sessions, second_step, sign_in,
    sign_in_by_link, sign_out,
};
pub(crate) use sessions::{begin_by_provider, end_but, shorten};

const NAME_CHARS_MAX: usize = 200;
/// What the command line is called where a key's id is expected.
pub(crate) const COMMAND_LINE: &str = "key_of_the_command_line";

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// 256 random bits as text.
fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// Whoever may run the program beside its database: everything, in one workspace.
pub fn operator(workspace_id: WorkspaceId) -> Principal {
    let actor = Actor::Key(ApiKeyId::from_stored(COMMAND_LINE.to_owned()));
    Principal { workspace_id, actor, scopes: vec![Scope::Admin], channel_id: None }
}

/// What a user's role lets them do.
fn principal_of(user: &UserRow) -> Principal {
    let scopes = match user.public.role {
        Role::Admin => vec![Scope::Admin],
        Role::Agent => Scope::ALL
            .into_iter()
            .filter(|scope| {
                !matches!(
                    scope,
                    Scope::Admin
                        | Scope::ChannelsWrite
                        | Scope::DomainsWrite
                        | Scope::WebhooksWrite
                        | Scope::AutomationsWrite
                        | Scope::MetricsRead
                )
            })
            .collect(),
    };
    let actor = Actor::User(user.public.id.clone(), user.public.role);
    Principal { workspace_id: user.workspace_id.clone(), actor, scopes, channel_id: None }
}

/// # Errors
/// What the store says.
pub async fn workspace(engine: &Engine, id: &WorkspaceId) -> Result<WorkspaceRow> {
    let id = id.clone();
    engine.db.read(move |tx| workspaces::get(tx, &id)).await?.ok_or(EngineError::NotFound { what: "the workspace" })
}

/// # Errors
/// The name is empty or too long.
pub async fn create_workspace(engine: &Engine, name: &str) -> Result<WorkspaceId> {
    let name = checked_name(name)?;
    Ok(engine.db.write(Priority::Foreground, move |tx| workspaces::insert(tx, &name, Timestamp::now())).await?)
}

pub(crate) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let detail = format!("a name of 1 to {NAME_CHARS_MAX} characters on one line is needed");
        return Err(EngineError::invalid("/name", detail));
    }
    Ok(name.to_owned())
}

/// Users and keys are an administrator's business.
pub(crate) fn require_admin(principal: &Principal) -> Result<()> {
    if principal.may(Scope::Admin) {
        return Ok(());
    }
    Err(EngineError::Forbidden("this needs an administrator, or a key with the scope admin".into()))
}
