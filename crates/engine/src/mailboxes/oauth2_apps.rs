//! The applications that OAuth 2 providers know us as: added, changed, taken away, looked at. Owns what one may be; asks no provider.

use model::key::Principal;
use model::oauth2::{OAuth2AppSettings, OAuth2Places, OAuth2Provider};
use model::{OAuth2AppId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};
use store::accounts;
use store::oauth2_apps::{self, OAuth2AppRow};
use store::{Priority, StoreError};

use super::accounts::{may_read, may_write};
use crate::audit::{self, Target};
use crate::vault_rotation::oauth2_app_place as place;
use crate::{Engine, EngineError, FieldError, Result};

/// Applications of a workspace.
const APPS_MAX: u64 = 50;
/// Characters of a name, a title, a client id; of a description or a URL.
const TEXT_CHARS_MAX: usize = 256;
const LONG_CHARS_MAX: usize = 2_000;
/// Scopes that are added or left out.
const SCOPES_MAX: usize = 50;

const MISSING: EngineError = EngineError::NotFound { what: "the OAuth 2 application" };

/// What an application is created from or changed to. `None` leaves a field as it is.
#[derive(Default, Clone)]
pub struct OAuth2AppRequest {
    pub provider: Option<OAuth2Provider>,
    pub name: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub enabled: Option<bool>,
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    pub redirect_url: Option<String>,
    pub authority: Option<String>,
    pub extra_scopes: Option<Vec<String>>,
    pub skip_scopes: Option<Vec<String>>,
    pub places: Option<OAuth2Places>,
}

/// # Errors
/// Fields that are wrong; too many.
pub async fn create(engine: &Engine, principal: &Principal, request: OAuth2AppRequest) -> Result<OAuth2AppRow> {
    may_write(principal)?;
    let provider = request.provider.ok_or_else(|| EngineError::invalid("/provider", "gmail, outlook or oidc"))?;
    let now = Timestamp::now();
    let mut row = OAuth2AppRow {
        id: OAuth2AppId::generate(),
        workspace_id: principal.workspace_id.clone(),
        provider,
        enabled: true,
        settings: OAuth2AppSettings::default(),
        secrets: None,
        created_at: now,
        updated_at: now,
    };
    apply(engine, &mut row, request)?;
    let (kept, by) = (row.clone(), audit::by(principal));
    let room = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let room = oauth2_apps::page(tx, &row.workspace_id, 0, 0)?.1 < APPS_MAX;
            if room {
                oauth2_apps::insert(tx, &row)?;
                audit::note(tx, &by, "oauth2App.created", target(&row), &[])?;
            }
            Ok(room)
        })
        .await?;
    if room { Ok(kept) } else { Err(EngineError::Conflict(format!("a workspace has at most {APPS_MAX} applications"))) }
}

/// # Errors
/// Not there; fields that are wrong.
pub async fn update(
    engine: &Engine,
    principal: &Principal,
    id: &OAuth2AppId,
    request: OAuth2AppRequest,
) -> Result<OAuth2AppRow> {
    may_write(principal)?;
    let mut row = of_workspace(engine, &principal.workspace_id, id).await?.ok_or(MISSING)?;
    let (before, new_secret) = (row.clone(), request.client_secret.is_some());
    apply(engine, &mut row, request)?;
    row.updated_at = Timestamp::now();
    let mut changed = audit::changed(&before.settings, &row.settings);
    let others = [("enabled", before.enabled != row.enabled), ("clientSecret", new_secret)];
    changed.extend(others.into_iter().filter(|(_, is)| *is).map(|(name, _)| name.to_owned()));
    let (kept, by) = (row.clone(), audit::by(principal));
    let work = move |tx: &mut store::Tx<'_>| {
        oauth2_apps::update(tx, &row)?;
        audit::note_changes(tx, &by, "oauth2App.changed", target(&row), &changed)
    };
    engine.db.write(Priority::Foreground, work).await?;
    Ok(kept)
}

fn target(row: &OAuth2AppRow) -> Target<'_> {
    Target::of("oauth2App", &row.id).named(&row.settings.name)
}

fn apply(engine: &Engine, row: &mut OAuth2AppRow, request: OAuth2AppRequest) -> Result<()> {
    let settings = &mut row.settings;
    row.enabled = request.enabled.unwrap_or(row.enabled);
    settings.name = request.name.unwrap_or_else(|| settings.name.clone());
    settings.client_id = request.client_id.unwrap_or_else(|| settings.client_id.clone());
    settings.title = request.title.or(settings.title.take());
    settings.description = request.description.or(settings.description.take());
    settings.redirect_url = request.redirect_url.or(settings.redirect_url.take());
    settings.authority = request.authority.or(settings.authority.take());
    settings.extra_scopes = request.extra_scopes.unwrap_or_else(|| settings.extra_scopes.clone());
    settings.skip_scopes = request.skip_scopes.unwrap_or_else(|| settings.skip_scopes.clone());
    // A secret goes to the token endpoint it was given for, and to no other.
    let moved = request
        .places
        .as_ref()
        .is_some_and(|after| settings.places.as_ref().is_some_and(|before| before.token_url != after.token_url));
    settings.places = request.places.or(settings.places.take());
    if let Some(secret) = request.client_secret {
        row.secrets = Some(engine.vault.seal(&place(&row.id), secret.expose_secret().as_bytes()));
    } else if moved {
        row.secrets = None;
    }
    let errors = wrong(engine, row);
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

fn wrong(engine: &Engine, row: &OAuth2AppRow) -> Vec<FieldError> {
    let settings = &row.settings;
    let mut errors = Vec::new();
    let fits = |text: &str, most: usize| text.chars().count() <= most && !text.contains(char::is_control);
    for (pointer, text) in [("/name", &settings.name), ("/clientId", &settings.client_id)] {
        if text.trim().is_empty() || !fits(text, TEXT_CHARS_MAX) {
            errors.push(FieldError::new(pointer, "1 to 256 characters, without control characters"));
        }
    }
    for (pointer, text, most) in [
        ("/title", &settings.title, TEXT_CHARS_MAX),
        ("/authority", &settings.authority, TEXT_CHARS_MAX),
        ("/description", &settings.description, LONG_CHARS_MAX),
    ] {
        if text.as_ref().is_some_and(|text| !fits(text, most)) {
            errors.push(FieldError::new(pointer, format!("at most {most} characters, without control characters")));
        }
    }
    for (pointer, scopes) in [("/extraScopes", &settings.extra_scopes), ("/skipScopes", &settings.skip_scopes)] {
        let word = |scope: &String| !scope.is_empty() && fits(scope, TEXT_CHARS_MAX) && !scope.contains(' ');
        if scopes.len() > SCOPES_MAX || !scopes.iter().all(word) {
            errors.push(FieldError::new(pointer, "at most 50 scopes, without blanks"));
        }
    }
    let mut url = |pointer: &str, url: &str| {
        if let Err(error) = engine.ports.providers.check_url(url) {
            errors.push(FieldError::new(pointer, error));
        } else if !fits(url, LONG_CHARS_MAX) {
            errors.push(FieldError::new(pointer, "at most 2000 characters"));
        }
    };
    if let Some(redirect) = &settings.redirect_url {
        url("/redirectUrl", redirect);
    }
    match (&settings.places, row.provider) {
        (Some(places), OAuth2Provider::Oidc) => {
            url("/authorizeUrl", &places.authorize_url);
            url("/tokenUrl", &places.token_url);
            if let Some(user_info) = &places.user_info_url {
                url("/userInfoUrl", user_info);
            }
            if places.imap.is_none() {
                errors.push(FieldError::new("/imap", "the mail server that takes its tokens: host, port and secure"));
            }
        }
        (None, OAuth2Provider::Oidc) => {
            errors.push(FieldError::new(
                "/authorizeUrl",
                "where people sign in, and tokenUrl, where tokens are asked for",
            ));
        }
        (Some(_), _) => errors.push(FieldError::new("/authorizeUrl", "the places of this provider are known")),
        (None, _) => {}
    }
    errors
}

/// # Errors
/// Not there.
pub async fn get(engine: &Engine, principal: &Principal, id: &OAuth2AppId) -> Result<OAuth2AppRow> {
    may_read(principal)?;
    of_workspace(engine, &principal.workspace_id, id).await?.ok_or(MISSING)
}

/// A page, the oldest first, and how many there are.
///
/// # Errors
/// A scope is missing.
pub async fn page(
    engine: &Engine,
    principal: &Principal,
    skip: usize,
    take: usize,
) -> Result<(Vec<OAuth2AppRow>, u64)> {
    may_read(principal)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| oauth2_apps::page(tx, &workspace, skip, take)).await?)
}

/// Takes an application away. Answers how many accounts signed in by it: they work until their access tokens end.
///
/// # Errors
/// Not there.
pub async fn delete(engine: &Engine, principal: &Principal, id: &OAuth2AppId) -> Result<u64> {
    may_write(principal)?;
    let row = of_workspace(engine, &principal.workspace_id, id).await?.ok_or(MISSING)?;
    let by = audit::by(principal);
    let delete = move |tx: &mut store::Tx<'_>| {
        let count = accounts::count_of_oauth2_app(tx, &row.workspace_id, &row.id)?;
        oauth2_apps::delete(tx, &row.id)?;
        audit::note(tx, &by, "oauth2App.deleted", target(&row), &[])?;
        Ok(count)
    };
    Ok(engine.db.write(Priority::Foreground, delete).await?)
}

/// Those that people are offered.
pub(super) async fn enabled(engine: &Engine, workspace: &WorkspaceId) -> Result<Vec<OAuth2AppRow>> {
    let workspace = workspace.clone();
    let most = usize::try_from(APPS_MAX).unwrap_or(usize::MAX);
    let (mut all, _) = engine.db.read(move |tx| oauth2_apps::page(tx, &workspace, 0, most)).await?;
    all.retain(|app| app.enabled);
    Ok(all)
}

pub(super) async fn of_workspace(
    engine: &Engine,
    workspace: &WorkspaceId,
    id: &OAuth2AppId,
) -> Result<Option<OAuth2AppRow>> {
    let (workspace, id) = (workspace.clone(), id.clone());
    Ok(engine.db.read(move |tx| oauth2_apps::get(tx, &workspace, &id)).await?)
}

/// Where the provider is, with the scopes this application asks for.
pub(super) fn places(engine: &Engine, app: &OAuth2AppRow) -> Result<OAuth2Places> {
    let settings = &app.settings;
    let known = engine.ports.providers.places(app.provider, settings.authority.as_deref());
    let unknown = || EngineError::Conflict("the places of the OAuth 2 application are not set".into());
    let mut places = known.or_else(|| settings.places.clone()).ok_or_else(unknown)?;
    places.scopes.retain(|scope| !settings.skip_scopes.contains(scope));
    for scope in &settings.extra_scopes {
        if !places.scopes.contains(scope) {
            places.scopes.push(scope.clone());
        }
    }
    Ok(places)
}

/// The client secret; a public client has none.
pub(super) fn client_secret(engine: &Engine, app: &OAuth2AppRow) -> Result<Option<SecretString>> {
    let unseal = |sealed: &Vec<u8>| engine.vault.unseal_text(&place(&app.id), sealed);
    Ok(app.secrets.as_ref().map(unseal).transpose().map_err(|error| StoreError::Vault(error.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestEngine, all_scopes, workspace};
    use crate::vault_rotation;
    use model::channel::TransportSecurity;
    use model::oauth2::OAuth2Server;

    store::on_both_engines!(an_application_is_its_workspaces_own_and_its_secret_moves_with_the_vault);

    fn places(token_url: &str) -> OAuth2Places {
        OAuth2Places {
            authorize_url: "https://provider.example/authorize".into(),
            token_url: token_url.into(),
            imap: Some(OAuth2Server { host: "imap.example".into(), port: 993, security: TransportSecurity::Tls }),
            ..OAuth2Places::default()
        }
    }

    async fn an_application_is_its_workspaces_own_and_its_secret_moves_with_the_vault(
        database: store::testing::TestDb,
    ) {
        let test = TestEngine::start(database).await;
        let (engine, key) = (&test.engine, test.key());
        let request = OAuth2AppRequest {
            provider: Some(OAuth2Provider::Oidc),
            name: Some("Example".into()),
            client_id: Some("client".into()),
            client_secret: Some("secret".into()),
            places: Some(places("https://provider.example/token")),
            ..OAuth2AppRequest::default()
        };
        let id = create(engine, &key, request.clone()).await.unwrap().id;
        let stranger = all_scopes(&workspace(engine, "Second").await);
        assert!(get(engine, &stranger, &id).await.is_err());
        assert!(update(engine, &stranger, &id, OAuth2AppRequest::default()).await.is_err());
        assert!(delete(engine, &stranger, &id).await.is_err());
        assert_eq!(page(engine, &stranger, 0, 10).await.unwrap().1, 0);
        assert!(create(engine, &test.bound_key(&test.channel.id), request).await.is_err());

        let rotating = engine.clone();
        let rotated = tokio::task::spawn_blocking(move || vault_rotation::rotate(&rotating)).await.unwrap();
        assert!(rotated.unwrap() > 0);
        let app = get(engine, &key, &id).await.unwrap();
        assert!(!engine.vault.needs_reseal(app.secrets.as_ref().unwrap()));
        assert_eq!(client_secret(engine, &app).unwrap().unwrap().expose_secret(), "secret");

        // Renamed, it keeps its secret; at another token endpoint it does not.
        let renamed = OAuth2AppRequest { name: Some("Other".into()), ..OAuth2AppRequest::default() };
        let app = update(engine, &key, &id, renamed).await.unwrap();
        assert!(app.settings.name == "Other" && app.secrets.is_some());
        let moved =
            OAuth2AppRequest { places: Some(places("https://evil.example/token")), ..OAuth2AppRequest::default() };
        assert_eq!(update(engine, &key, &id, moved).await.unwrap().secrets, None);
        delete(engine, &key, &id).await.unwrap();
        assert!(get(engine, &key, &id).await.is_err());
    }
}
