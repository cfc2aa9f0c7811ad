//! Conversations as people work on them: lists, counts, changes, notes. Mail that arrives or leaves changes them too,
//! but that is `ingest`'s and `sending`'s.

mod change;
mod note;

use std::fmt;
use std::str::FromStr;

use model::conversation::{Conversation, ConversationStatus};
use model::key::{Actor, Principal, Scope};
use model::message::Message;
use model::{ChannelId, ContactId, ConversationId, TeamId, UserId};
use store::NotAPlace;
use store::conversation_lists::{
    self, ActivityKey, ActivitySlice, Assignee, ConversationCounts, ConversationFilter, OfTeam,
};
use store::conversations::{self, ConversationRow};
use store::message_lists::MessageKey;
use store::search::TermQuery;
use store::search_lists::{self, MatchFilter};

pub(crate) use change::append;
pub use change::{ConversationChange, change};
pub use note::add_note;

use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, messages, search_query};

/// Whose conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssigneeQuery {
    Me,
    Nobody,
    User(UserId),
}

/// Which team's conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamQuery {
    None,
    Team(TeamId),
}

/// Which conversations somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConversationQuery {
    pub status: Option<ConversationStatus>,
    pub assignee: Option<AssigneeQuery>,
    pub team: Option<TeamQuery>,
    pub channel_id: Option<ChannelId>,
    pub contact_id: Option<ContactId>,
    pub label: Option<String>,
    pub unread: Option<bool>,
    /// As typed into a search box; the list is then in the order of the newest messages found.
    pub q: Option<String>,
}

/// A place in a list of conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationPlace {
    Activity(ActivityKey),
    /// Of a search: the messages before this one.
    Before(i64),
}

impl fmt::Display for ConversationPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activity(key) => key.fmt(formatter),
            Self::Before(seq) => seq.fmt(formatter),
        }
    }
}

impl FromStr for ConversationPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        match text.parse() {
            Ok(seq) => Ok(Self::Before(seq)),
            Err(_) => text.parse().map(Self::Activity),
        }
    }
}

/// A page of conversations, the last active first unless the slice says otherwise.
///
/// # Errors
/// The scope `conversations:read` is missing, `me` is asked for by a key, or the place is of another list.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    query: ConversationQuery,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Conversation, ConversationPlace>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let Some(channel_id) = access_check::channel(principal, query.channel_id) else { return Ok(Listing::empty()) };
    let assignee = query.assignee.map(|assignee| self::assignee(principal, assignee)).transpose()?;
    let filter = ConversationFilter {
        workspace_id: principal.workspace_id.clone(),
        status: query.status,
        unread: query.unread,
        channel_id,
        assignee,
        team: query.team.map(|team| match team {
            TeamQuery::None => OfTeam::None,
            TeamQuery::Team(id) => OfTeam::Team(id),
        }),
        label: query.label,
        contact_id: query.contact_id,
    };
    match query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => searched(engine, filter, q, slice).await,
        None => by_activity(engine, filter, slice).await,
    }
}

fn assignee(principal: &Principal, asked: AssigneeQuery) -> Result<Assignee> {
    match (asked, &principal.actor) {
        (AssigneeQuery::Nobody, _) => Ok(Assignee::Nobody),
        (AssigneeQuery::User(user), _) => Ok(Assignee::User(user)),
        (AssigneeQuery::Me, Actor::User(user, _)) => Ok(Assignee::User(user.clone())),
        (AssigneeQuery::Me, Actor::Key(_)) => Err(EngineError::invalid(
            "/assigneeId",
            "`me` is whoever is signed in; an API key is nobody: give a user's id, or `none`",
        )),
    }
}

async fn by_activity(
    engine: &Engine,
    filter: ConversationFilter,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Conversation, ConversationPlace>> {
    let after = match slice.after {
        None => None,
        Some(ConversationPlace::Activity(key)) => Some(key),
        Some(ConversationPlace::Before(_)) => return Err(other_list()),
    };
    let part = ActivitySlice { after, ascending: slice.ascending, take: slice.take + 1 };
    let found = engine.db.read(move |tx| conversation_lists::page(tx, &filter, &part)).await?;
    Ok(Listing::cut(found, slice.take, |conversation| ConversationPlace::Activity(ActivityKey::of(conversation))))
}

async fn searched(
    engine: &Engine,
    mut filter: ConversationFilter,
    q: &str,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Conversation, ConversationPlace>> {
    let query = search_query::parse(q);
    if query.nothing || !query.narrow(&mut filter) {
        return Ok(Listing::empty());
    }
    if query.has_no_terms() && query.attachments.is_none() {
        return by_activity(engine, filter, slice).await;
    }
    let before = match slice.after {
        None => i64::MAX,
        Some(ConversationPlace::Before(seq)) => seq,
        Some(ConversationPlace::Activity(_)) => return Err(other_list()),
    };
    let take = slice.take;
    let found = engine
        .db
        .read(move |tx| {
            let (workspace_id, channel_id) = (filter.workspace_id.clone(), filter.channel_id.clone());
            let terms =
                TermQuery { workspace_id: &workspace_id, channel_id: channel_id.as_ref(), clauses: &query.clauses };
            let matches = MatchFilter { conversation: filter, attachments: query.attachments };
            search_lists::conversations(tx, &terms, &matches, before, take)
        })
        .await?;
    Ok(Listing { items: found.items, next: found.go_on_before.map(ConversationPlace::Before) })
}

fn other_list() -> EngineError {
    EngineError::Unreadable("the cursor is of another list: ask for the first page again".into())
}

/// How many conversations of each kind there are.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn counts(engine: &Engine, principal: &Principal) -> Result<ConversationCounts> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let asking = principal.clone();
    let counts = engine.db.read(move |tx| {
        let user = match &asking.actor {
            Actor::User(user, _) => Some(user),
            Actor::Key(_) => None,
        };
        conversation_lists::counts(tx, &asking.workspace_id, asking.channel_id.as_ref(), user)
    });
    Ok(counts.await?)
}

/// # Errors
/// It is not there, or not the asker's; the scope `conversations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (asking, id) = (principal.clone(), id.clone());
    let found = engine.db.read(move |tx| visible(tx, &asking, &id)).await?;
    found.map(|row| row.public).ok_or(EngineError::NotFound { what: "the conversation" })
}

/// A page of a conversation's messages and notes, oldest first unless the slice says otherwise.
///
/// # Errors
/// As [`get`].
pub async fn messages(
    engine: &Engine,
    principal: &Principal,
    id: &ConversationId,
    slice: SliceOf<MessageKey>,
) -> Result<Listing<Message, MessageKey>> {
    let conversation = get(engine, principal, id).await?;
    messages::of_conversation(engine, principal, conversation.id, slice).await
}

fn visible(
    tx: &mut store::Tx<'_>,
    principal: &Principal,
    id: &ConversationId,
) -> store::Result<Option<ConversationRow>> {
    let found = conversations::get(tx, &principal.workspace_id, id)?;
    Ok(found.filter(|row| principal.sees(row.public.channel_id.as_ref())))
}

/// The same, for who is about to change it: on PostgreSQL others wait until it is done.
fn visible_locked(
    tx: &mut store::Tx<'_>,
    principal: &Principal,
    id: &ConversationId,
) -> store::Result<Option<ConversationRow>> {
    conversation_lists::lock(tx, id)?;
    visible(tx, principal, id)
}
