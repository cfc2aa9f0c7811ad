//! Gateways: SMTP servers that accounts' mail may go through instead of their own. Owns what one may be and who may see it; `submitting`
//! sends.

use model::account::{AccountError, MailServer};
use model::key::Principal;
use model::{GatewayId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};
use store::gateways::{self, GatewayRow};
use store::{Priority, StoreError, Tx};

use super::accounts::{may_read, may_write};
use super::secrets;
use crate::audit::{self, By, Target};
use crate::channels::check_host;
use crate::ports::{DeliveryResult, RecipientOutcome, Smarthost};
use crate::vault_rotation::gateway_place as place;
use crate::{Engine, EngineError, FieldError, Result, once};

/// Gateways of a workspace.
const GATEWAYS_MAX: u64 = 100;
/// Characters of what it is called.
const NAME_CHARS_MAX: usize = 256;
/// Characters of a user name or a password.
const SIGN_IN_CHARS_MAX: usize = 1_024;

const MISSING: EngineError = EngineError::NotFound { what: "the gateway" };

/// What a gateway is set up with.
#[derive(Clone)]
pub struct GatewayRequest {
    pub display_name: String,
    /// Its user name is empty where nobody signs in.
    pub server: MailServer,
    /// `None` keeps the one there is.
    pub password: Option<SecretString>,
}

/// Adds a gateway, or sets up the one of that name anew; without a name it gets one. Answers its name, and whether it is new.
///
/// # Errors
/// Fields that are wrong, all at once; too many.
pub async fn put(
    engine: &Engine,
    principal: &Principal,
    name: Option<&str>,
    request: GatewayRequest,
) -> Result<(String, bool)> {
    may_write(principal)?;
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return Ok((earlier, true));
    }
    let id = GatewayId::generate();
    let name = name.unwrap_or(id.as_str()).to_owned();
    if let Some(existing) = of_workspace(engine, &principal.workspace_id, &name).await? {
        change(engine, audit::by(principal), existing, request).await?;
        return Ok((name, false));
    }
    let now = Timestamp::now();
    let mut row = GatewayRow {
        id,
        workspace_id: principal.workspace_id.clone(),
        name,
        display_name: String::new(),
        server: request.server.clone(),
        secret: None,
        deliveries: 0,
        last_used_at: None,
        last_error: None,
        created_at: now,
        updated_at: now,
    };
    apply(engine, &mut row, request)?;
    let by = audit::by(principal);
    let add = move |tx: &mut Tx<'_>| {
        if gateways::page(tx, &row.workspace_id, 0, 0)?.1 >= GATEWAYS_MAX {
            return Ok(None);
        }
        if let Some(earlier) = once.note(tx, &row.name)? {
            return Ok(Some(earlier));
        }
        gateways::insert(tx, &row)?;
        audit::note(tx, &by, "gateway.created", target(&row), &[])?;
        Ok(Some(row.name))
    };
    match engine.db.write(Priority::Foreground, add).await {
        Ok(Some(name)) => Ok((name, true)),
        Ok(None) => Err(EngineError::Conflict(format!("a workspace has at most {GATEWAYS_MAX} gateways"))),
        Err(error) if error.is_unique_violation() => {
            Err(EngineError::Conflict("a gateway of this name was added at the same moment".into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// # Errors
/// Not there; fields that are wrong.
pub async fn update(engine: &Engine, principal: &Principal, name: &str, request: GatewayRequest) -> Result<()> {
    may_write(principal)?;
    let existing = of_workspace(engine, &principal.workspace_id, name).await?.ok_or(MISSING)?;
    change(engine, audit::by(principal), existing, request).await
}

async fn change(engine: &Engine, by: By, mut row: GatewayRow, request: GatewayRequest) -> Result<()> {
    let (before, new_password) = (shown(&row), request.password.is_some());
    apply(engine, &mut row, request)?;
    row.updated_at = Timestamp::now();
    let mut changed = audit::changed(&before, &shown(&row));
    changed.extend(new_password.then(|| "credentials".to_owned()));
    let work = move |tx: &mut Tx<'_>| {
        gateways::update(tx, &row)?;
        audit::note_changes(tx, &by, "gateway.changed", target(&row), &changed)
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

fn target(row: &GatewayRow) -> Target<'_> {
    Target::of("gateway", &row.id).named(&row.name)
}

/// What is no secret, to see what of it differs.
fn shown(row: &GatewayRow) -> Json {
    let mut shown = serde_json::to_value(&row.server).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("name".into(), json!(row.display_name));
    }
    shown
}

fn apply(engine: &Engine, row: &mut GatewayRow, request: GatewayRequest) -> Result<()> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    let fits = |text: &str, most: usize| text.chars().count() <= most && !text.contains(char::is_control);
    for (pointer, text) in [("/gateway", &row.name), ("/name", &request.display_name)] {
        if text.trim().is_empty() || !fits(text, NAME_CHARS_MAX) {
            wrong(pointer, format!("1 to {NAME_CHARS_MAX} characters, without control characters"));
        }
    }
    let username = &request.server.username;
    let password = request.password.as_ref().map(ExposeSecret::expose_secret);
    if request.server.port == 0 {
        wrong("/port", "a port from 1 to 65535".into());
    }
    for (pointer, text) in [("/user", username.as_str()), ("/pass", password.unwrap_or_default())] {
        if !fits(text, SIGN_IN_CHARS_MAX) {
            wrong(pointer, format!("at most {SIGN_IN_CHARS_MAX} characters on one line"));
        }
    }
    // A password goes to the server it was given for, and to no other.
    let is_at_home = row.server.host == request.server.host && row.secret.is_some();
    match (username.is_empty(), password) {
        (true, Some(_)) => wrong("/user", "whose password it is".into()),
        (true, None) => row.secret = None,
        (false, Some(password)) => row.secret = Some(engine.vault.seal(&place(&row.id), password.as_bytes())),
        (false, None) if is_at_home => {}
        (false, None) => wrong("/pass", "the user's password is needed, again where the host is another".into()),
    }
    check_host("/host", Some(&request.server.host), true, &mut errors);
    (row.display_name, row.server) = (request.display_name, request.server);
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

/// # Errors
/// Not there.
pub async fn get(engine: &Engine, principal: &Principal, name: &str) -> Result<GatewayRow> {
    may_read(principal)?;
    of_workspace(engine, &principal.workspace_id, name).await?.ok_or(MISSING)
}

/// A page, the oldest first, and how many there are.
///
/// # Errors
/// A scope is missing.
pub async fn page(engine: &Engine, principal: &Principal, skip: usize, take: usize) -> Result<(Vec<GatewayRow>, u64)> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| gateways::page(tx, &workspace, skip, take)).await?)
}

/// Takes a gateway away. Mail that waits for it waits on, and fails in the end unless there is one of its name again.
///
/// # Errors
/// Not there.
pub async fn delete(engine: &Engine, principal: &Principal, name: &str) -> Result<()> {
    may_write(principal)?;
    let row = of_workspace(engine, &principal.workspace_id, name).await?.ok_or(MISSING)?;
    let by = audit::by(principal);
    let work = move |tx: &mut Tx<'_>| {
        gateways::delete(tx, &row.id)?;
        audit::note(tx, &by, "gateway.deleted", target(&row), &[])
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

async fn of_workspace(engine: &Engine, workspace: &WorkspaceId, name: &str) -> Result<Option<GatewayRow>> {
    let (workspace, name) = (workspace.clone(), name.to_owned());
    Ok(engine.db.read(move |tx| gateways::by_name(tx, &workspace, &name)).await?)
}

/// Its server, the password unsealed.
///
/// # Errors
/// It is gone.
pub(super) async fn smarthost(engine: &Engine, workspace: &WorkspaceId, name: &str) -> Result<Smarthost> {
    let row = of_workspace(engine, workspace, name).await?.ok_or_else(|| {
        let detail = "is not there any more: add one of that name again, or take the mail back and send it another way";
        EngineError::Conflict(format!("the gateway {name} {detail}"))
    })?;
    let unseal = |sealed: &Vec<u8>| engine.vault.unseal_text(&place(&row.id), sealed);
    let password = row.secret.as_ref().map(unseal).transpose();
    Ok(secrets::of_smtp(&row.server, password.map_err(|error| StoreError::Vault(error.to_string()))?))
}

/// Notes what came of a try to send a mail through it. Nothing where it was not spoken to.
pub(super) fn note_use(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    name: &str,
    outcomes: &[RecipientOutcome],
    at: Timestamp,
) -> store::Result<()> {
    let spoken_to = || outcomes.iter().filter(|outcome| outcome.host.is_some());
    let Some(last) = spoken_to().next_back() else { return Ok(()) };
    let took = spoken_to().any(|outcome| outcome.result == DeliveryResult::Delivered);
    let error = AccountError {
        response: last.response.clone(),
        server_response_code: super::submitting::reply_code(&last.response).map(|code| code.to_string()),
        hint: None,
        at,
    };
    gateways::used(tx, workspace, name, (!took).then_some(&error), at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::SmtpAuth;
    use crate::testing::{TestEngine, all_scopes, workspace};
    use crate::vault_rotation;
    use model::channel::TransportSecurity;

    store::on_both_engines!(
        a_gateway_is_its_workspaces_own_and_its_password_moves_with_the_vault,
        what_became_of_mail_is_noted_where_it_was_spoken_to,
    );

    fn request(host: &str, password: Option<&str>) -> GatewayRequest {
        let server = MailServer {
            host: host.into(),
            port: 587,
            security: TransportSecurity::Starttls,
            username: "ada".into(),
            bearer: false,
            accept_invalid_certificates: false,
        };
        GatewayRequest { display_name: "Relay".into(), server, password: password.map(SecretString::from) }
    }

    async fn a_gateway_is_its_workspaces_own_and_its_password_moves_with_the_vault(database: store::testing::TestDb) {
        let test = TestEngine::start(database).await;
        let (engine, key) = (&test.engine, test.key());
        let relay = request("smtp.example.com", Some("secret"));
        assert_eq!(put(engine, &key, Some("relay"), relay.clone()).await.unwrap(), ("relay".into(), true));
        let stranger = all_scopes(&workspace(engine, "Second").await);
        assert!(get(engine, &stranger, "relay").await.is_err());
        assert!(update(engine, &stranger, "relay", relay.clone()).await.is_err());
        assert!(delete(engine, &stranger, "relay").await.is_err());
        assert!(smarthost(engine, &stranger.workspace_id, "relay").await.is_err());
        assert_eq!(page(engine, &stranger, 0, 10).await.unwrap().1, 0);
        assert!(put(engine, &test.bound_key(&test.channel.id), Some("bound"), relay.clone()).await.is_err());

        let rotating = engine.clone();
        let rotated = tokio::task::spawn_blocking(move || vault_rotation::rotate(&rotating)).await.unwrap();
        assert!(rotated.unwrap() > 0);
        let row = get(engine, &key, "relay").await.unwrap();
        assert!(!engine.vault.needs_reseal(row.secret.as_ref().unwrap()));
        let opened = smarthost(engine, &key.workspace_id, "relay").await.unwrap();
        assert!(
            matches!(opened.auth, Some(SmtpAuth::Password { password, .. }) if password.expose_secret() == "secret")
        );

        // At the same host it keeps its password; to another it does not go.
        assert!(update(engine, &key, "relay", request("smtp.example.com", None)).await.is_ok());
        assert!(update(engine, &key, "relay", request("evil.example", None)).await.is_err());
        for number in 1..GATEWAYS_MAX {
            put(engine, &key, Some(&number.to_string()), relay.clone()).await.unwrap();
        }
        assert!(matches!(put(engine, &key, None, relay.clone()).await, Err(EngineError::Conflict(_))));
        assert_eq!(put(engine, &key, Some("relay"), relay).await.unwrap(), ("relay".into(), false));
    }

    async fn what_became_of_mail_is_noted_where_it_was_spoken_to(database: store::testing::TestDb) {
        let test = TestEngine::start(database).await;
        let (engine, key) = (&test.engine, test.key());
        put(engine, &key, Some("relay"), request("smtp.example.com", Some("secret"))).await.unwrap();
        let told = |result, response: &str, host: Option<&str>| RecipientOutcome {
            host: host.map(str::to_owned),
            ..RecipientOutcome::unspoken("bo@example.org".into(), result, response.into())
        };
        let refused = told(DeliveryResult::Infrastructure, "535 5.7.8 no", Some("smtp.example.com"));
        let taken = told(DeliveryResult::Delivered, "250 ok", Some("smtp.example.com"));
        let held_back = told(DeliveryResult::Bounced, "suppressed", None);
        for (outcomes, deliveries, error) in [
            (vec![held_back.clone()], 0, None),
            (vec![refused.clone(), held_back.clone()], 0, Some("535")),
            (vec![held_back.clone()], 0, Some("535")),
            (vec![taken, refused], 1, None),
        ] {
            let workspace = key.workspace_id.clone();
            let note = move |tx: &mut Tx<'_>| note_use(tx, &workspace, "relay", &outcomes, Timestamp::now());
            engine.db.write(Priority::Foreground, note).await.unwrap();
            let row = get(engine, &key, "relay").await.unwrap();
            let code = row.last_error.and_then(|error| error.server_response_code);
            assert_eq!((row.deliveries, code.as_deref()), (deliveries, error));
        }
    }
}
