//! Teams: made, changed, listed, taken away. Owns their rules; who gets what a team is given is [`assigning`]'s.

pub(crate) mod assigning;

use std::collections::HashSet;

use model::event::EventType;
use model::key::{Principal, Scope};
use model::limits::{TEAM_MEMBERS_MAX, TEAM_NAME_CHARS_MAX, TEAMS_MAX};
use model::team::{Assignment, Team};
use model::{TeamId, Timestamp, UserId, WorkspaceId};
use serde_json::{Value as Json, json};
use store::events::{self, NewEvent};
use store::{Priority, StoreError, Tx, conversation_lists, conversations, teams, users, workspaces};

use crate::audit::{self, Target};
use crate::conversations::append;
use crate::users::require_admin_of_all;
use crate::{Engine, EngineError, FieldError, Result, access_check, once};

const MISSING: EngineError = EngineError::NotFound { what: "the team" };
/// Conversations that let go of a deleted team in one transaction.
pub(crate) const LET_GO_STEP: usize = 200;
/// Such steps while whoever deletes a team waits; the rest is housekeeping's.
const LET_GO_STEPS_WAITED: usize = 10;

/// A team that is to be.
#[derive(Debug, Clone, Default)]
pub struct NewTeam {
    pub name: String,
    pub member_ids: Vec<UserId>,
    pub assignment: Assignment,
}

/// What is to be different of a team; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct TeamChange {
    pub name: Option<String>,
    /// All of them: those that are not said are taken out.
    pub member_ids: Option<Vec<UserId>>,
    pub assignment: Option<Assignment>,
}

/// The teams of the principal's workspace, oldest first.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn list(engine: &Engine, principal: &Principal) -> Result<Vec<Team>> {
    // Who works with conversations has to know whom they can be given to.
    access_check::scope(principal, Scope::ConversationsRead)?;
    let workspace = principal.workspace_id.clone();
    Ok(engine.db.read(move |tx| teams::list(tx, &workspace)).await?)
}

/// # Errors
/// It is not there; the scope `conversations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &TeamId) -> Result<Team> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    engine.db.read(move |tx| teams::get(tx, &workspace, &id)).await?.ok_or(MISSING)
}

/// # Errors
/// Not an administrator; fields that are wrong; another team has the name, or there are too many (409).
pub async fn create(engine: &Engine, principal: &Principal, new: NewTeam) -> Result<Team> {
    require_admin_of_all(principal)?;
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &TeamId::from_stored(id)).await;
    }
    let team = Team {
        id: TeamId::generate(),
        name: new.name,
        member_ids: new.member_ids,
        assignment: new.assignment,
        created_at: Timestamp::now(),
    };
    let (team, workspace, by) = (checked(team)?, principal.workspace_id.clone(), audit::by(principal));
    let name = team.name.clone();
    let made = engine.db.write(Priority::Foreground, move |tx| {
        if let Some(earlier) = once.noted(tx)? {
            return Ok(
                teams::get(tx, &workspace, &TeamId::from_stored(earlier))?.map_or(Outcome::Missing, Outcome::Done)
            );
        }
        workspaces::lock(tx, &workspace)?;
        if teams::count(tx, &workspace)? >= TEAMS_MAX as u64 {
            return Ok(Outcome::TooMany);
        }
        if let Some(place) = stranger(tx, &workspace, &team.member_ids)? {
            return Ok(Outcome::Stranger(place));
        }
        teams::insert(tx, &workspace, &team)?;
        audit::note(tx, &by, "team.created", Target::of("team", &team.id).named(&team.name), &[])?;
        tell(tx, &workspace, EventType::TeamCreated, &team)?;
        once.note_last(tx, team.id.as_str())?;
        Ok(Outcome::Done(team))
    });
    made.await.map_err(|error| taken(error, &name))?.into()
}

/// # Errors
/// As [`create`]; it is not there.
pub async fn change(engine: &Engine, principal: &Principal, id: &TeamId, change: TeamChange) -> Result<Team> {
    require_admin_of_all(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let name = change.name.clone().unwrap_or_default();
    let changed = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        teams::lock(tx, &id)?;
        let Some(before) = teams::get(tx, &workspace, &id)? else { return Ok(Outcome::Missing) };
        let team = match checked(change.clone().applied(before.clone())) {
            Ok(team) => team,
            Err(error) => return Ok(Outcome::Wrong(error)),
        };
        if let Some(place) = stranger(tx, &workspace, &team.member_ids)? {
            return Ok(Outcome::Stranger(place));
        }
        teams::update(tx, &workspace, &team)?;
        let target = Target::of("team", &team.id).named(&team.name);
        let changed = audit::changed(&before, &team);
        audit::note_changes(tx, &by, "team.changed", target, &changed)?;
        if !changed.is_empty() {
            tell(tx, &workspace, EventType::TeamUpdated, &team)?;
        }
        Ok(Outcome::Done(team))
    });
    changed.await.map_err(|error| taken(error, &name))?.into()
}

/// The team is gone at once, from its channels and for its members; its conversations stay with whom they are assigned to and let go
/// of it in small steps, each with its event, which may go on for a moment after this returns.
///
/// # Errors
/// Not an administrator; it is not there.
pub async fn delete(engine: &Engine, principal: &Principal, id: &TeamId) -> Result<()> {
    require_admin_of_all(principal)?;
    let (workspace, id, by) = (principal.workspace_id.clone(), id.clone(), audit::by(principal));
    let delete = move |tx: &mut Tx<'_>| {
        let Some(team) = teams::get(tx, &workspace, &id)? else { return Ok(false) };
        let gone = teams::delete(tx, &workspace, &id, Timestamp::now())?;
        if gone {
            audit::note(tx, &by, "team.deleted", Target::of("team", &id).named(&team.name), &[])?;
            append_event(tx, &workspace, EventType::TeamDeleted, &id, &json!({ "id": id }))?;
        }
        Ok(gone)
    };
    if !crate::write_again_on_conflict(&engine.db, Priority::Foreground, delete).await? {
        return Err(MISSING);
    }
    engine.routes.forget();
    for _ in 0..LET_GO_STEPS_WAITED {
        if !let_go_some(engine, Priority::Foreground).await? {
            break;
        }
    }
    Ok(())
}

/// Some conversations of deleted teams let go of them. False where there is none left.
pub(crate) async fn let_go_some(engine: &Engine, priority: Priority) -> Result<bool> {
    Ok(crate::write_again_on_conflict(&engine.db, priority, |tx| let_go(tx, Timestamp::now())).await?)
}

fn let_go(tx: &mut Tx<'_>, now: Timestamp) -> store::Result<bool> {
    let Some(team) = teams::conversations_of_deleted(tx, LET_GO_STEP)? else { return Ok(false) };
    if team.conversations.is_empty() {
        teams::forget(tx, &team.id)?;
        return Ok(true);
    }
    for id in &team.conversations {
        conversation_lists::lock(tx, id)?;
        let Some(before) = conversations::get(tx, &team.workspace_id, id)? else { continue };
        if before.public.team_id.as_ref() != Some(&team.id) {
            continue; // given to another one meanwhile
        }
        let mut after = before.clone();
        after.public.team_id = None;
        conversations::apply_change(tx, &before, &after)?;
        append(tx, &after, EventType::ConversationUpdated, now)?;
    }
    Ok(true)
}

/// What the event says is the team as it is now.
fn tell(tx: &mut Tx<'_>, workspace: &WorkspaceId, event_type: EventType, team: &Team) -> store::Result<()> {
    let data = serde_json::to_value(team).map_err(|error| StoreError::corrupt("team", error))?;
    append_event(tx, workspace, event_type, &team.id, &data)
}

fn append_event(
    tx: &mut Tx<'_>,
    workspace_id: &WorkspaceId,
    event_type: EventType,
    id: &TeamId,
    data: &Json,
) -> store::Result<()> {
    let at = Timestamp::now();
    let event = NewEvent { workspace_id, channel_id: None, event_type, subject_id: id.as_str(), data, at };
    events::append(tx, &event).map(drop)
}

/// Takes somebody out of their teams, who is removed, and tells of it.
pub(crate) fn leave_all(tx: &mut Tx<'_>, workspace: &WorkspaceId, user: &UserId) -> store::Result<()> {
    for id in teams::of_member(tx, user)? {
        teams::lock(tx, &id)?;
        let Some(mut team) = teams::get(tx, workspace, &id)? else { continue };
        team.member_ids.retain(|member| member != user);
        teams::update(tx, workspace, &team)?;
        tell(tx, workspace, EventType::TeamUpdated, &team)?;
    }
    Ok(())
}

enum Outcome {
    Done(Team),
    Missing,
    TooMany,
    Wrong(EngineError),
    /// The member at this place is no user of the workspace.
    Stranger(usize),
}

impl From<Outcome> for Result<Team> {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done(team) => Ok(team),
            Outcome::Missing => Err(MISSING),
            Outcome::TooMany => Err(EngineError::Conflict(format!(
                "a workspace has at most {TEAMS_MAX} teams: delete one that is not needed any more"
            ))),
            Outcome::Wrong(error) => Err(error),
            Outcome::Stranger(place) => {
                Err(EngineError::invalid(format!("/memberIds/{place}"), "no user of this workspace has this id"))
            }
        }
    }
}

fn taken(error: StoreError, name: &str) -> EngineError {
    if error.is_unique_violation() {
        return EngineError::Conflict(format!("another team of this workspace is called {name:?}, in whatever case"));
    }
    error.into()
}

impl TeamChange {
    fn applied(self, before: Team) -> Team {
        Team {
            name: self.name.unwrap_or(before.name),
            member_ids: self.member_ids.unwrap_or(before.member_ids),
            assignment: self.assignment.unwrap_or(before.assignment),
            ..before
        }
    }
}

/// The place of the first member who is no user of the workspace.
fn stranger(tx: &mut Tx<'_>, workspace: &WorkspaceId, members: &[UserId]) -> store::Result<Option<usize>> {
    for (place, member) in members.iter().enumerate() {
        if users::get(tx, workspace, member)?.is_none() {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// The team in its one spelling, each member once, or all that is wrong with it.
fn checked(mut team: Team) -> Result<Team> {
    let mut errors = Vec::new();
    team.name = team.name.trim().to_owned();
    let length = team.name.chars().count();
    if length == 0 || length > TEAM_NAME_CHARS_MAX || team.name.chars().any(char::is_control) {
        errors.push(FieldError::new("/name", format!("a name of 1 to {TEAM_NAME_CHARS_MAX} characters on one line")));
    }
    let mut seen = HashSet::new();
    team.member_ids.retain(|member| seen.insert(member.clone()));
    if team.member_ids.len() > TEAM_MEMBERS_MAX {
        errors.push(FieldError::new("/memberIds", format!("at most {TEAM_MEMBERS_MAX} members")));
    }
    if errors.is_empty() { Ok(team) } else { Err(EngineError::Invalid(errors)) }
}
