//! Conversations as people work on them: lists, counts, changes, notes. Mail that arrives or leaves changes them too,
//! but that is `ingest`'s and `sending`'s.

pub mod bulk;
mod change;
pub mod mention;
mod note;
mod regrouping;

use std::fmt;
use std::str::FromStr;

use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::key::{Actor, Principal, Scope, User};
use model::message::Message;
use model::sla::SlaFilter;
use model::{ChannelId, ContactId, ConversationId, MessageId, TeamId, Timestamp, UserId};
use store::conversation_counts::{self, ConversationCounts};
use store::conversation_lists::{self, ActivityKey, ActivitySlice, Assignee, ConversationFilter, OfTeam};
use store::conversations::{self, ConversationRow};
use store::message_lists::MessageKey;
use store::search::TermQuery;
use store::search_lists;
use store::{NotAPlace, Priority, conversation_moves, labels, mentions, users};

pub use change::{ConversationChange, change};
pub(crate) use change::{append, append_data, give_to_team, keep_change};
pub(crate) use note::add_automatic_note;
pub use note::add_note;
pub(crate) use regrouping::summarize;
pub use regrouping::{merge, move_to_channel, split};

use crate::listing::{Listing, SliceOf};
use crate::search_query::{AssigneeAsked, SearchQuery};
use crate::{Engine, EngineError, Result, access_check, messages, search, search_query};

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
    pub priority: Option<ConversationPriority>,
    pub number: Option<u64>,
    pub assignee: Option<AssigneeQuery>,
    pub team: Option<TeamQuery>,
    pub channel_id: Option<ChannelId>,
    pub contact_id: Option<ContactId>,
    pub label: Option<String>,
    pub unread: Option<bool>,
    /// Those with a note that mentions whoever asks.
    pub mentioned: bool,
    /// Those whose timers stand so.
    pub sla: Option<SlaFilter>,
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

/// A conversation of a list, and where it was searched for the message that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    pub conversation: Conversation,
    pub found: Option<FoundMessage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMessage {
    pub id: MessageId,
    /// The words around the first match, as plain text; `None` where its text has none.
    pub snippet: Option<String>,
}

/// A page of conversations, the last active first unless the slice says otherwise.
///
/// # Errors
/// The scope `conversations:read` is missing, `me` is asked for by a key, the place is of another list, or an operator of
/// the search has a value that can't be read.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    query: ConversationQuery,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Listed, ConversationPlace>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let Some(channel_id) = access_check::channel(principal, query.channel_id) else { return Ok(Listing::empty()) };
    let assignee = query.assignee.map(|assignee| self::assignee(principal, assignee)).transpose()?;
    let filter = ConversationFilter {
        workspace_id: principal.workspace_id.clone(),
        status: query.status,
        priority: query.priority,
        number: query.number,
        unread: query.unread,
        channel_id,
        assignee,
        team: query.team.map(|team| match team {
            TeamQuery::None => OfTeam::None,
            TeamQuery::Team(id) => OfTeam::Team(id),
        }),
        label: query.label,
        contact_id: query.contact_id,
        mentioned: query.mentioned.then(|| asking_user(principal, "mentioned")).transpose()?,
        sla: query.sla,
    };
    match query.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(q) => searched(engine, principal, filter, q, slice).await,
        None => by_activity(engine, filter, slice).await,
    }
}

fn assignee(principal: &Principal, asked: AssigneeQuery) -> Result<Assignee> {
    match asked {
        AssigneeQuery::Nobody => Ok(Assignee::Nobody),
        AssigneeQuery::User(user) => Ok(Assignee::User(user)),
        AssigneeQuery::Me => asking_user(principal, "assigneeId").map(Assignee::User),
    }
}

fn asking_user(principal: &Principal, field: &str) -> Result<UserId> {
    match &principal.actor {
        Actor::User(user, _) => Ok(user.clone()),
        Actor::Key(_) => Err(EngineError::invalid(
            format!("/{field}"),
            "`me` is whoever is signed in; an API key is nobody: give a user's id, or `none`",
        )),
    }
}

/// Adds what a search says of conversations to `filter`, whom it names included; false where the two exclude each other.
pub(crate) async fn narrow(
    engine: &Engine,
    principal: &Principal,
    query: &SearchQuery,
    filter: &mut ConversationFilter,
) -> Result<bool> {
    if let Some(problem) = query.problems.first() {
        return Err(EngineError::Unreadable(problem.to_string()));
    }
    let mut possible = query.narrow(filter);
    if query.mentioned {
        let user = asking_user(principal, "q")?;
        possible &= filter.mentioned.replace(user.clone()).is_none_or(|asked| asked == user);
    }
    if let Some(typed) = &query.assignee {
        let workspace = principal.workspace_id.clone();
        let users = engine.db.read(move |tx| users::list(tx, &workspace)).await?;
        let users: Vec<User> = users.into_iter().map(|row| row.public).collect();
        let found = search_query::assignee(typed, &users);
        let wanted = match found.map_err(|problem| EngineError::Unreadable(problem.to_string()))? {
            AssigneeAsked::Me => Assignee::User(asking_user(principal, "q")?),
            AssigneeAsked::Nobody => Assignee::Nobody,
            AssigneeAsked::User(user) => Assignee::User(user),
        };
        possible &= filter.assignee.replace(wanted.clone()).is_none_or(|asked| asked == wanted);
    }
    Ok(possible)
}

async fn by_activity(
    engine: &Engine,
    filter: ConversationFilter,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Listed, ConversationPlace>> {
    let after = match slice.after {
        None => None,
        Some(ConversationPlace::Activity(key)) => Some(key),
        Some(ConversationPlace::Before(_)) => return Err(other_list()),
    };
    let part = ActivitySlice { after, ascending: slice.ascending, take: slice.take + 1 };
    let found = engine.db.read(move |tx| conversation_lists::page(tx, &filter, &part)).await?;
    let found = found.into_iter().map(|conversation| Listed { conversation, found: None }).collect();
    Ok(Listing::cut(found, slice.take, |listed: &Listed| {
        ConversationPlace::Activity(ActivityKey::of(&listed.conversation))
    }))
}

async fn searched(
    engine: &Engine,
    principal: &Principal,
    mut filter: ConversationFilter,
    q: &str,
    slice: SliceOf<ConversationPlace>,
) -> Result<Listing<Listed, ConversationPlace>> {
    let query = search_query::parse(q, Timestamp::now());
    if !narrow(engine, principal, &query, &mut filter).await? || query.nothing {
        return Ok(Listing::empty());
    }
    if query.is_plain_filter() {
        return by_activity(engine, filter, slice).await;
    }
    let before = match slice.after {
        None => i64::MAX,
        Some(ConversationPlace::Before(seq)) => seq,
        Some(ConversationPlace::Activity(_)) => return Err(other_list()),
    };
    let take = slice.take;
    let (clauses, matches) = (query.index_clauses(), query.match_filter(filter));
    let found = engine
        .db
        .read(move |tx| {
            let (workspace_id, channel_id) = (&matches.conversation.workspace_id, &matches.conversation.channel_id);
            let terms = TermQuery { workspace_id, channel_id: channel_id.as_ref(), clauses: &clauses };
            search_lists::conversations(tx, &terms, &matches, before, take)
        })
        .await?;
    let mut items = Vec::with_capacity(found.items.len());
    for one in found.items {
        let snippet = search::snippet(engine, &one.message, &query).await;
        let message = FoundMessage { id: one.message.id, snippet };
        items.push(Listed { conversation: one.conversation, found: Some(message) });
    }
    Ok(Listing { items, next: found.go_on_before.map(ConversationPlace::Before) })
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
        let mut counts = conversation_counts::counts(tx, &asking.workspace_id, asking.channel_id.as_ref(), user)?;
        if let Some(user) = user {
            counts.mentions = mentions::unseen(tx, &asking.workspace_id, user)?;
        }
        Ok(counts)
    });
    Ok(counts.await?)
}

/// A page of the labels in use, by name.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn labels(engine: &Engine, principal: &Principal, slice: SliceOf<String>) -> Result<Listing<String, String>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (asking, take) = (principal.clone(), slice.take);
    let found = engine.db.read(move |tx| {
        let wanted = labels::Wanted { after: slice.after, ascending: slice.ascending, take: slice.take + 1 };
        match &asking.channel_id {
            None => labels::in_use(tx, &asking.workspace_id, wanted),
            Some(channel) => labels::in_use_of_channel(tx, &asking.workspace_id, channel, wanted),
        }
    });
    Ok(Listing::cut(found.await?, take, String::clone))
}

/// Whoever asks has looked at the notes of a conversation that mention them.
///
/// # Errors
/// It is not there, or not the asker's; a key asks; the scope `conversations:read` is missing.
pub async fn see_mentions(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<()> {
    let conversation = get(engine, principal, id).await?;
    let Actor::User(user, _) = &principal.actor else {
        return Err(EngineError::Forbidden("an API key is mentioned nowhere: a user has to be signed in".into()));
    };
    let user = user.clone();
    engine.db.write(Priority::Foreground, move |tx| mentions::seen(tx, &conversation.id, &user)).await?;
    Ok(())
}

/// A conversation; in place of one that was merged, the one it was merged into.
///
/// # Errors
/// It is not there, or not the asker's; the scope `conversations:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<Conversation> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let (asking, id) = (principal.clone(), id.clone());
    let read = move |tx: &mut store::Tx<'_>| match visible(tx, &asking, &id)? {
        Some(row) => Ok(Some(row)),
        None => match conversation_moves::merged_into(tx, &asking.workspace_id, &id)? {
            Some(into) => visible(tx, &asking, &into),
            None => Ok(None),
        },
    };
    engine.db.read(read).await?.map(|row| row.public).ok_or(EngineError::NotFound { what: "the conversation" })
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
