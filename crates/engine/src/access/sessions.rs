//! Sessions of people in a browser: how they begin, in one step or two, and how they end. Tokens are kept as SHA-256. Never looks
//! at a second factor's secret itself: that is `second_factor`.

use std::time::Duration;

use model::event::EventType;
use model::key::{Principal, User};
use model::session::Session;
use model::{SessionId, Timestamp, UserId, WorkspaceId};
use secrecy::SecretString;
use store::sessions::{TokenPurpose, TokenRow};
use store::users::UserRow;
use store::workspaces::WorkspaceRow;
use store::{Priority, Tx, sessions, users, workspaces};

use super::browser::{USER_AGENT_CHARS_MAX, in_words};
use super::second_factor::{self, Checked};
use super::{hash, own_password, password, principal_of, random_token, target_user};
use crate::audit::{self, By, Target};
use crate::users::own_id;
use crate::{Engine, EngineError, Result};

/// Between the password and the code.
const SECOND_STEP: Duration = Duration::from_secs(5 * 60);
/// Codes that may be tried for one sign-in.
const SECOND_STEP_FAILURES_MAX: i64 = 5;
/// How often a session's last use is written down.
const TOUCH_EVERY: Duration = Duration::from_secs(5 * 60);
/// Sessions of one user at a time; the oldest ends for another.
const SESSIONS_MAX: usize = 100;

/// How somebody proved who they are, in the first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Password,
    Link,
    /// An identity provider, which asks for a second factor itself.
    Provider,
}

impl Method {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Link => "link",
            Self::Provider => "provider",
        }
    }
}

/// Whom a session speaks for.
#[derive(Debug, Clone)]
pub struct Present {
    pub principal: Principal,
    pub user: User,
    pub workspace: WorkspaceRow,
    /// The workspace wants a second factor, and they have none: nothing but that can be done.
    pub needs_second_factor: bool,
    /// A new password of their own takes the present one.
    pub needs_current_password: bool,
}

/// Whom a session cookie speaks for.
///
/// # Errors
/// What the store says.
pub async fn by_session(engine: &Engine, token: &str, user_agent: Option<&str>) -> Result<Option<Present>> {
    let (wanted, now) = (hash(token), Timestamp::now());
    let found = engine
        .db
        .read(move |tx| {
            let Some((user, session)) = sessions::by_hash(tx, &wanted, TokenPurpose::Session, now)? else {
                return Ok(None);
            };
            Ok(workspaces::get(tx, &user.workspace_id)?.map(|workspace| (user, session, workspace)))
        })
        .await?;
    let Some((user, session, workspace)) = found else { return Ok(None) };
    let needs_current_password = own_password::is_asked_for(&user, &session, now);
    if session.last_used_at.is_none_or(|at| now.since(at) > TOUCH_EVERY) {
        let (address, agent) = (audit::address_text(), user_agent.map(bounded_user_agent));
        let touch =
            move |tx: &mut Tx<'_>| sessions::touch(tx, &session.hash, address.as_deref(), agent.as_deref(), now);
        engine.db.write(Priority::Background, touch).await?;
    }
    let by_provider = session.method.as_deref() == Some(Method::Provider.as_str());
    let needs_second_factor = workspace.second_factor_required && !user.public.second_factor && !by_provider;
    let principal = principal_of(&user);
    Ok(Some(Present { principal, user: user.public, workspace, needs_second_factor, needs_current_password }))
}

fn bounded_user_agent(text: &str) -> String {
    text.chars().take(USER_AGENT_CHARS_MAX).collect()
}

/// A session that has just begun.
pub struct SignedIn {
    /// For the cookie; kept nowhere.
    pub token: SecretString,
    pub seconds: u64,
    pub user: User,
    pub workspace: WorkspaceRow,
    pub needs_second_factor: bool,
    /// As in [`Present`].
    pub needs_current_password: bool,
}

/// What comes of the first step.
pub enum FirstStep {
    Done(Box<SignedIn>),
    /// A code is needed, too: within so many seconds, with this token.
    CodeNeeded {
        token: SecretString,
        seconds: u64,
    },
}

/// Signs in by email and password. The same time passes whether the user exists or not.
///
/// # Errors
/// `Forbidden` when they do not fit, or the workspace takes no passwords.
pub async fn sign_in(
    engine: &Engine,
    email: &str,
    password: SecretString,
    user_agent: Option<&str>,
) -> Result<FirstStep> {
    let email = email.trim().to_lowercase();
    let user = engine.db.read(move |tx| users::by_email(tx, &email)).await?;
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let fits = password::verify(password, hash).await?;
    let refused = || EngineError::Forbidden("the email and the password do not belong together".into());
    let Some(user) = user else { return Err(refused()) };
    if !fits {
        note_failure(engine, &user);
        return Err(refused());
    }
    // Only whoever knows the password learns of it.
    if !super::workspace(engine, &user.workspace_id).await?.password_sign_in {
        return Err(EngineError::Forbidden(
            "this workspace takes no passwords: sign in with its identity provider, or by a link of `postroom user link`"
                .into(),
        ));
    }
    first_step(engine, user, Method::Password, user_agent).await
}

/// Beside the answer: a wait for it would tell that there is such a user.
fn note_failure(engine: &Engine, user: &UserRow) {
    let (db, by, user) = (engine.db.clone(), By::unknown(&user.workspace_id), user.public.clone());
    let work = move |tx: &mut Tx<'_>| audit::note(tx, &by, "session.failed", target_user(&user), &[]);
    tokio::spawn(async move {
        if let Err(error) = db.write(Priority::Background, work).await {
            tracing::error!(%error, "a sign-in that failed could not be written into the audit log");
        }
    });
}

/// Signs in by a one-time link's token, and makes it worthless.
///
/// # Errors
/// `Forbidden` when the link was used, has expired, or never was.
pub async fn sign_in_by_link(engine: &Engine, token: &str, user_agent: Option<&str>) -> Result<FirstStep> {
    let (hash, now) = (hash(token), Timestamp::now());
    let user = engine
        .db
        .write(Priority::Foreground, move |tx| {
            let user = sessions::by_hash(tx, &hash, TokenPurpose::SignIn, now)?;
            Ok(if sessions::remove(tx, &hash)? { user } else { None })
        })
        .await?;
    match user {
        Some((user, _)) => first_step(engine, user, Method::Link, user_agent).await,
        None => Err(EngineError::Forbidden(
            "the sign-in link was used already, or has expired; make a new one with `postroom user link`".into(),
        )),
    }
}

/// They are who they say, by their password or what stands for it.
async fn first_step(engine: &Engine, user: UserRow, method: Method, user_agent: Option<&str>) -> Result<FirstStep> {
    if !user.public.second_factor {
        return begin(engine, user, method, user_agent).await.map(|signed_in| FirstStep::Done(Box::new(signed_in)));
    }
    let token = random_token();
    let row = new_token(&user.public.id, &token, SECOND_STEP, Some(method), user_agent);
    engine.db.write(Priority::Foreground, move |tx| sessions::insert(tx, TokenPurpose::SecondStep, &row)).await?;
    Ok(FirstStep::CodeNeeded { token: token.into(), seconds: SECOND_STEP.as_secs() })
}

/// Begins a session of somebody whom an identity provider vouches for: a second factor is its business.
pub(crate) async fn begin_by_provider(engine: &Engine, user: UserRow, user_agent: Option<&str>) -> Result<SignedIn> {
    begin(engine, user, Method::Provider, user_agent).await
}

async fn begin(engine: &Engine, user: UserRow, method: Method, user_agent: Option<&str>) -> Result<SignedIn> {
    let token = random_token();
    let row = new_token(&user.public.id, &token, Duration::ZERO, Some(method), user_agent);
    let by = By::user(&user.workspace_id, &user.public.id);
    let begun = engine.db.write(Priority::Foreground, move |tx| begin_within(tx, user, row, &by)).await?;
    signed_in(token, begun)
}

/// A token's row; a session's has an id as well.
pub(super) fn new_token(
    user: &UserId,
    token: &str,
    lifetime: Duration,
    method: Option<Method>,
    user_agent: Option<&str>,
) -> TokenRow {
    let now = Timestamp::now();
    TokenRow {
        hash: hash(token),
        user_id: user.clone(),
        id: None,
        method: method.map(|method| method.as_str().to_owned()),
        user_agent: user_agent.map(bounded_user_agent),
        address: audit::address_text(),
        failures: 0,
        created_at: now,
        last_used_at: None,
        expires_at: now.plus(lifetime),
    }
}

/// A user who came in, and their session.
type Begun = Option<(UserRow, WorkspaceRow, TokenRow)>;

/// Makes the row a session that lasts as long as the workspace says.
fn begin_within(tx: &mut Tx<'_>, mut user: UserRow, mut row: TokenRow, by: &By) -> store::Result<Begun> {
    let Some(workspace) = workspaces::get(tx, &user.workspace_id)? else { return Ok(None) };
    let now = row.created_at;
    row.id = Some(SessionId::generate());
    row.expires_at = now.plus(Duration::from_secs(workspace.session_seconds.unsigned_abs()));
    row.last_used_at = Some(now);
    for oldest in sessions::of_user(tx, &user.public.id, now)?.iter().skip(SESSIONS_MAX - 1) {
        sessions::remove(tx, &oldest.hash)?;
    }
    sessions::insert(tx, TokenPurpose::Session, &row)?;
    users::signed_in(tx, &user.public.id, now)?;
    if user.public.last_sign_in_at.is_none() {
        // Whoever was invited is there now.
        crate::users::tell(tx, &user.workspace_id, EventType::UserUpdated, &user.public.id)?;
    }
    user.public.last_sign_in_at = Some(now);
    audit::note(tx, by, "session.created", target_user(&user.public), &[])?;
    Ok(Some((user, workspace, row)))
}

fn signed_in(token: String, begun: Begun) -> Result<SignedIn> {
    let (user, workspace, session) = begun.ok_or_else(|| EngineError::Internal("a user without a workspace".into()))?;
    let by_provider = session.method.as_deref() == Some(Method::Provider.as_str());
    Ok(SignedIn {
        token: token.into(),
        seconds: workspace.session_seconds.unsigned_abs(),
        needs_second_factor: workspace.second_factor_required && !user.public.second_factor && !by_provider,
        needs_current_password: own_password::is_asked_for(&user, &session, session.created_at),
        user: user.public,
        workspace,
    })
}

enum Second {
    Over,
    Wrong { left: i64 },
    TooMany { seconds: u64 },
    Done(Box<Begun>),
}

/// The second step: a code of the app, or one of the recovery codes.
///
/// # Errors
/// `Forbidden` when the first step is over or the code does not fit; `TooOften` when too many did not.
pub async fn second_step(engine: &Engine, token: &str, code: &str, user_agent: Option<&str>) -> Result<SignedIn> {
    let (wanted, now, code, vault) = (hash(token), Timestamp::now(), code.to_owned(), engine.vault.clone());
    let session = random_token();
    let row = new_token(&UserId::from_stored(String::new()), &session, Duration::ZERO, None, user_agent);
    let unknown = audit::address();
    let work = move |tx: &mut Tx<'_>| {
        let Some((user, step)) = sessions::by_hash(tx, &wanted, TokenPurpose::SecondStep, now)? else {
            return Ok(Second::Over);
        };
        let id = user.public.id.clone();
        match second_factor::check(tx, &vault, &id, &code, now)? {
            Checked::TooMany { seconds } => return Ok(Second::TooMany { seconds }),
            Checked::No => {
                let by = By::unknown(&user.workspace_id).from(unknown);
                audit::note(tx, &by, "session.failed", target_user(&user.public), &[])?;
                let left = SECOND_STEP_FAILURES_MAX.saturating_sub(sessions::fail(tx, &wanted)?);
                if left <= 0 {
                    sessions::remove(tx, &wanted)?;
                }
                return Ok(Second::Wrong { left });
            }
            Checked::Yes | Checked::ByRecoveryCode => {}
        }
        if !sessions::remove(tx, &wanted)? {
            return Ok(Second::Over);
        }
        let by = By::user(&user.workspace_id, &id).from(unknown);
        let row = TokenRow { user_id: id, method: step.method, ..row.clone() };
        Ok(Second::Done(Box::new(begin_within(tx, user, row, &by)?)))
    };
    match crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await? {
        Second::Done(begun) => signed_in(session, *begun),
        Second::Over => Err(EngineError::Forbidden("the sign-in took too long: begin again with the password".into())),
        Second::Wrong { left } if left > 0 => Err(EngineError::Forbidden(
            "the code does not fit, or was used before: take the one that the app shows now, or a recovery code".into(),
        )),
        Second::Wrong { .. } => {
            Err(EngineError::Forbidden("too many codes did not fit: begin again with the password".into()))
        }
        Second::TooMany { seconds } => Err(second_factor::too_many(seconds)),
    }
}

/// # Errors
/// What the store says.
pub async fn sign_out(engine: &Engine, token: &str) -> Result<()> {
    let (wanted, now, address) = (hash(token), Timestamp::now(), audit::address());
    let work = move |tx: &mut Tx<'_>| {
        if let Some((user, _)) = sessions::by_hash(tx, &wanted, TokenPurpose::Session, now)? {
            let by = By::user(&user.workspace_id, &user.public.id).from(address);
            audit::note(tx, &by, "session.ended", target_user(&user.public), &[])?;
        }
        sessions::remove(tx, &wanted)
    };
    engine.db.write(Priority::Foreground, work).await?;
    Ok(())
}

/// The sessions of the user who asks, the newest first; `token` is the one they ask with.
///
/// # Errors
/// A key asks, which is nobody.
pub async fn own_sessions(engine: &Engine, principal: &Principal, token: Option<&str>) -> Result<Vec<Session>> {
    let (user, now, current) = (own_id(principal)?.clone(), Timestamp::now(), token.map(hash));
    let rows = engine.db.read(move |tx| sessions::of_user(tx, &user, now)).await?;
    Ok(rows.into_iter().filter_map(|row| shown(row, current.as_deref())).collect())
}

fn shown(row: TokenRow, current: Option<&[u8]>) -> Option<Session> {
    let (browser, system) = in_words(row.user_agent.as_deref().unwrap_or_default());
    Some(Session {
        id: row.id?,
        current: current == Some(row.hash.as_slice()),
        browser: browser.map(str::to_owned),
        system: system.map(str::to_owned),
        address: row.address,
        method: row.method,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
    })
}

/// Ends a session of the user who asks, be it the one they ask with.
///
/// # Errors
/// A key asks; they have no session of this id.
pub async fn end_session(engine: &Engine, principal: &Principal, id: &SessionId) -> Result<()> {
    let (user, id, by) = (own_id(principal)?.clone(), id.clone(), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        let gone = sessions::remove_session(tx, &user, &id)?;
        if gone {
            audit::note(tx, &by, "session.ended", Target::of("session", &id), &[])?;
        }
        Ok(gone)
    };
    let gone = engine.db.write(Priority::Foreground, work).await?;
    if gone { Ok(()) } else { Err(EngineError::NotFound { what: "the session" }) }
}

/// Ends all sessions of the user who asks but the one they ask with.
///
/// # Errors
/// A key asks, which is nobody.
pub async fn end_other_sessions(engine: &Engine, principal: &Principal, token: Option<&str>) -> Result<()> {
    let (user, kept, by) = (own_id(principal)?.clone(), hash(token.unwrap_or_default()), audit::by(principal));
    let work = move |tx: &mut Tx<'_>| {
        if sessions::remove_others(tx, &user, &kept)? > 0 {
            audit::note(tx, &by, "session.othersEnded", Target::of("user", &user), &[])?;
        }
        Ok(())
    };
    Ok(engine.db.write(Priority::Foreground, work).await?)
}

/// Ends a user's sessions, but the one whose token this is.
pub(crate) fn end_but(tx: &mut Tx<'_>, user: &UserId, token: Option<&str>) -> store::Result<()> {
    match token {
        Some(token) => sessions::remove_others(tx, user, &hash(token)).map(drop),
        None => sessions::remove_all(tx, user).map(drop),
    }
}

/// Sessions of a workspace end when the new length says so.
pub(crate) fn shorten(tx: &mut Tx<'_>, workspace: &WorkspaceId, seconds: i64) -> store::Result<()> {
    sessions::shorten(tx, workspace, seconds.saturating_mul(1_000)).map(drop)
}
