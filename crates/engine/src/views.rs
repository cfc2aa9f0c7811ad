//! Saved views: which conversations somebody wants to see, by name. Owns who may see and change them and their order; the
//! conversations themselves are `conversations`'.

use model::key::{Actor, Principal, Role, Scope};
use model::limits::{LABEL_CHARS_MAX, SEARCH_QUERY_CHARS_MAX, VIEW_NAME_CHARS_MAX, VIEWS_MAX};
use model::view::{View, ViewFilter};
use model::{Timestamp, UserId, ViewId};
use store::{Priority, Tx, views, workspaces};

use crate::{Engine, EngineError, FieldError, Result, access_check, once, search_query};

const MISSING: EngineError = EngineError::NotFound { what: "the view" };
/// Views that others share, of a workspace.
const SHARED_SHOWN_MAX: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewView {
    pub name: String,
    pub filter: ViewFilter,
    pub shared: bool,
}

/// What is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewChange {
    pub name: Option<String>,
    pub filter: Option<ViewFilter>,
    pub shared: Option<bool>,
    pub position: Option<u32>,
}

/// One's own views in their order, then those that others share.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn list(engine: &Engine, principal: &Principal) -> Result<Vec<View>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let asking = principal.clone();
    let found = engine.db.read(move |tx| {
        let owner = owner(&asking);
        let mut all = views::of_owner(tx, &asking.workspace_id, owner.as_ref(), false)?;
        all.extend(views::shared_by_others(tx, &asking.workspace_id, owner.as_ref(), SHARED_SHOWN_MAX)?);
        all.retain(|view| sees(&asking, view));
        Ok(all)
    });
    Ok(found.await?)
}

/// What somebody saw of the views, so that they are told only of what is different for them: of what colleagues keep for themselves they
/// don't even learn that it was changed.
#[derive(Debug, Default)]
pub struct Watch {
    told: Option<Vec<View>>,
}

impl Watch {
    /// Whether the views are others than at the last call; at the first they are.
    ///
    /// # Errors
    /// As [`list`].
    pub async fn has_news(&mut self, engine: &Engine, principal: &Principal) -> Result<bool> {
        let is = Some(list(engine, principal).await?);
        let has_news = self.told != is;
        self.told = is;
        Ok(has_news)
    }
}

/// # Errors
/// It is not there, or somebody else's who does not share it; the scope `conversations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &ViewId) -> Result<View> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (asking, id) = (principal.clone(), id.clone());
    let found = engine.db.read(move |tx| views::get(tx, &asking.workspace_id, &id).map(|view| (asking, view)));
    let (asking, view) = found.await?;
    view.filter(|view| sees(&asking, view)).ok_or(MISSING)
}

/// Saves a view behind one's others.
///
/// # Errors
/// A field is wrong; there are too many; the scope `conversations:write` is missing.
pub async fn create(engine: &Engine, principal: &Principal, new: NewView) -> Result<View> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return get(engine, principal, &ViewId::from_stored(id)).await;
    }
    let mut new = NewView { name: checked_name(&new.name)?, filter: checked_filter(new.filter)?, ..new };
    // Of a key that sees one channel, so does its view; and nobody but keys could see a key's own.
    if let Some(channel) = &principal.channel_id {
        if new.filter.channel_id.as_ref().is_some_and(|asked| asked != channel) {
            return Err(EngineError::invalid("/filter/channelId", "this key sees another channel alone"));
        }
        new.filter.channel_id = Some(channel.clone());
    }
    let (asking, now) = (principal.clone(), Timestamp::now());
    let made = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let owner_id = owner(&asking);
        workspaces::lock(tx, &asking.workspace_id)?;
        let own = views::of_owner(tx, &asking.workspace_id, owner_id.as_ref(), true)?;
        let view = View {
            id: ViewId::generate(),
            name: new.name.clone(),
            filter: new.filter.clone(),
            shared: new.shared,
            owner_id,
            position: u32::try_from(own.len()).unwrap_or(u32::MAX),
            created_at: now,
        };
        if let Some(earlier) = once.note(tx, view.id.as_str())? {
            return views::get(tx, &asking.workspace_id, &ViewId::from_stored(earlier));
        }
        if own.len() >= VIEWS_MAX {
            return Ok(None);
        }
        views::insert(tx, &asking.workspace_id, &view)?;
        Ok(Some(view))
    });
    made.await?.ok_or_else(|| {
        EngineError::Conflict(format!("there are {VIEWS_MAX} views already, the most one person has: delete one first"))
    })
}

/// Changes a view: its owner may, and where it is shared the workspace's administrators.
///
/// # Errors
/// A field is wrong; it is not there, or not the asker's to change; the scope `conversations:write` is missing.
pub async fn change(engine: &Engine, principal: &Principal, id: &ViewId, change: ViewChange) -> Result<View> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let filter = change.filter.map(checked_filter).transpose()?;
    let (asking, id) = (principal.clone(), id.clone());
    let outcome = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        let mut view = match changeable(tx, &asking, &id)? {
            Ok(view) => view,
            Err(why) => return Ok(Err(why)),
        };
        if let Some(name) = &name {
            view.name.clone_from(name);
        }
        if let Some(filter) = &filter {
            view.filter = filter.clone();
        }
        if let Some(shared) = change.shared {
            view.shared = shared;
        }
        views::update(tx, &asking.workspace_id, &view)?;
        if let Some(position) = change.position {
            view.position = put_in_place(tx, &asking, &view, position)?;
        }
        Ok(Ok(view))
    });
    outcome.await?.map_err(Refusal::into_error)
}

/// Moves a view to a place among its owner's and numbers them anew.
fn put_in_place(tx: &mut Tx<'_>, asking: &Principal, view: &View, position: u32) -> store::Result<u32> {
    let mut all = views::of_owner(tx, &asking.workspace_id, view.owner_id.as_ref(), true)?;
    all.retain(|other| other.id != view.id);
    let at = usize::try_from(position).unwrap_or(usize::MAX).min(all.len());
    all.insert(at, view.clone());
    let mut given = view.position;
    for (place, mut each) in all.into_iter().enumerate() {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        if each.id == view.id {
            given = place;
        }
        if each.position != place {
            each.position = place;
            views::update(tx, &asking.workspace_id, &each)?;
        }
    }
    Ok(given)
}

/// # Errors
/// As [`change`].
pub async fn delete(engine: &Engine, principal: &Principal, id: &ViewId) -> Result<()> {
    access_check::scope(principal, Scope::ConversationsWrite)?;
    let (asking, id) = (principal.clone(), id.clone());
    let outcome = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        match changeable(tx, &asking, &id)? {
            Ok(view) => views::delete(tx, &asking.workspace_id, &view.id).map(Ok),
            Err(why) => Ok(Err(why)),
        }
    });
    outcome.await?.map_err(Refusal::into_error)
}

enum Refusal {
    Missing,
    NotYours,
}

impl Refusal {
    fn into_error(self) -> EngineError {
        match self {
            Self::Missing => MISSING,
            Self::NotYours => EngineError::Forbidden(
                "this view is somebody else's: its owner or an administrator changes it; save one of your own".into(),
            ),
        }
    }
}

fn changeable(tx: &mut Tx<'_>, asking: &Principal, id: &ViewId) -> store::Result<std::result::Result<View, Refusal>> {
    let Some(view) = views::get(tx, &asking.workspace_id, id)?.filter(|view| sees(asking, view)) else {
        return Ok(Err(Refusal::Missing));
    };
    let may = view.owner_id == owner(asking) || matches!(asking.actor, Actor::User(_, Role::Admin));
    Ok(if may { Ok(view) } else { Err(Refusal::NotYours) })
}

/// Whose views are a principal's own; `None`: those of the workspace's keys.
pub fn owner(principal: &Principal) -> Option<UserId> {
    match &principal.actor {
        Actor::User(user, _) => Some(user.clone()),
        Actor::Key(_) => None,
    }
}

fn sees(principal: &Principal, view: &View) -> bool {
    let of_channel = principal.channel_id.is_none() || principal.channel_id == view.filter.channel_id;
    of_channel && (view.shared || view.owner_id == owner(principal))
}

fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > VIEW_NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(EngineError::invalid("/name", format!("1 to {VIEW_NAME_CHARS_MAX} characters on one line")));
    }
    Ok(name.to_owned())
}

/// What a filter says in a form that lists take. Whom and what it names may be gone later: then it finds nothing.
fn checked_filter(mut filter: ViewFilter) -> Result<ViewFilter> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(format!("/filter/{pointer}"), detail));
    if let Some(assignee) = filter.assignee_id.as_deref()
        && !["me", "none"].contains(&assignee)
        && assignee.parse::<UserId>().is_err()
    {
        wrong("assigneeId", "a user's id, `me`, or `none`".to_owned());
    }
    if let Some(label) = filter.label.take() {
        let label = label.trim().to_owned();
        let length = label.chars().count();
        if length == 0 || length > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
            wrong("label", format!("a label has 1 to {LABEL_CHARS_MAX} characters on one line"));
        }
        filter.label = Some(label);
    }
    filter.q = filter.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
    if let Some(q) = filter.q.as_deref() {
        if q.chars().count() > SEARCH_QUERY_CHARS_MAX {
            wrong("q", format!("a search has at most {SEARCH_QUERY_CHARS_MAX} characters"));
        } else if let Some(problem) = search_query::parse(q, Timestamp::now()).problems.first() {
            wrong("q", problem.to_string());
        }
    }
    // Those that are not asked for are not kept.
    filter.mentioned = filter.mentioned.filter(|asked| *asked);
    if errors.is_empty() { Ok(filter) } else { Err(EngineError::Invalid(errors)) }
}
