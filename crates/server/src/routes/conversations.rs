//! `/api/v1/conversations`: lists, counts, changes, the thread, replies and notes.

use std::collections::{HashMap, HashSet};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::conversations::{self, AssigneeQuery, ConversationChange, ConversationQuery, Listed, TeamQuery};
use engine::sending::{self, Forward, ReplyRequest};
use engine::{Engine, contacts, messages, surveys};
use model::absence::nullable;
use model::contact::ContactSummary;
use model::conversation::{Conversation, ConversationPriority, ConversationStatus};
use model::key::Principal;
use model::message::Message;
use model::sla::SlaFilter;
use model::survey::Rating;
use model::{ContactId, ConversationId, MessageId, TeamId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::outgoing::{AttachmentBody, TemplateBody, TrackingBody, attachments, mailboxes, own_mailbox};
use super::wire::{Fields, page, path_id, query_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath, null_is_absent};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(counts))
        .routes(routes!(get, change))
        .routes(routes!(thread, add))
        .routes(routes!(see_mentions))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    status: Option<ConversationStatus>,
    priority: Option<ConversationPriority>,
    /// The one that is called so.
    number: Option<u64>,
    /// A user's id, `me`, or `none`.
    assignee_id: Option<String>,
    /// A team's id, or `none`.
    team_id: Option<String>,
    channel_id: Option<String>,
    label: Option<String>,
    unread: Option<bool>,
    /// `me`: those with a note that mentions whoever is signed in.
    mentioned: Option<Mentioned>,
    /// By how their timers stand: `dueSoon`, or `breached` (one that still runs is over its time).
    sla: Option<SlaFilter>,
    /// As typed into a search box; the conversations with the newest messages found come first.
    q: Option<String>,
    /// Where the page begins: the `cursor` of the one before.
    cursor: Option<String>,
    /// 1 to 100 items; 50 where it is not said.
    take: Option<usize>,
    /// `desc` (the last active first) where it is not said.
    order: Option<Order>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mentioned {
    Me,
}

/// A conversation and whom it is with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConversationWithContact {
    #[serde(flatten)]
    conversation: Conversation,
    /// So that a list need not ask for each of them.
    contact: Option<ContactSummary>,
    /// In a search: the newest message that was found.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    found: Option<SearchMatch>,
    /// Of one conversation that is asked for: what its contact said of the help, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<Rating>,
}

/// What a search found of a conversation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SearchMatch {
    message_id: MessageId,
    /// The words around the first match, as plain text; not there where the text has none of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<String>,
}

async fn with_contacts(
    engine: &Engine,
    principal: &Principal,
    listed: Vec<Listed>,
) -> Answer<Vec<ConversationWithContact>> {
    let ids: HashSet<ContactId> = listed.iter().filter_map(|item| item.conversation.contact_id.clone()).collect();
    let found = contacts::summaries(engine, principal, ids.into_iter().collect()).await?;
    let people: HashMap<ContactId, ContactSummary> =
        found.into_iter().map(|summary| (summary.id.clone(), summary)).collect();
    Ok(listed
        .into_iter()
        .map(|Listed { conversation, found }| {
            let contact = conversation.contact_id.as_ref().and_then(|id| people.get(id)).cloned();
            let found = found.map(|found| SearchMatch { message_id: found.id, snippet: found.snippet });
            ConversationWithContact { conversation, contact, found, rating: None }
        })
        .collect())
}

/// Conversations, the last active first.
#[utoipa::path(get, path = "/api/v1/conversations", operation_id = "listConversations", tag = "conversations",
    params(ListQuery), responses((status = 200, body = Page<ConversationWithContact>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<ConversationWithContact>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let assignee = match query.assignee_id.as_deref() {
        Some("me") => Some(AssigneeQuery::Me),
        Some("none") => Some(AssigneeQuery::Nobody),
        other => query_id("assigneeId", other)?.map(AssigneeQuery::User),
    };
    let team = match query.team_id.as_deref() {
        Some("none") => Some(TeamQuery::None),
        other => query_id("teamId", other)?.map(TeamQuery::Team),
    };
    let asked = ConversationQuery {
        status: query.status,
        priority: query.priority,
        number: query.number,
        assignee,
        team,
        channel_id: query_id("channelId", query.channel_id.as_deref())?,
        contact_id: None,
        label: query.label,
        unread: query.unread,
        mentioned: query.mentioned.is_some(),
        sla: query.sla,
        q: query.q,
    };
    let listed: Page<Listed> = page(conversations::list(&engine, &principal, asked, part).await?);
    let items = with_contacts(&engine, &principal, listed.items).await?;
    Ok(Json(Page { items, cursor: listed.cursor }))
}

/// How many conversations of each kind there are. `unread`, `mine` and `unassigned` are of the open ones.
#[derive(Debug, Serialize, ToSchema)]
struct ConversationCounts {
    open: u64,
    pending: u64,
    snoozed: u64,
    resolved: u64,
    unread: u64,
    mine: u64,
    unassigned: u64,
    /// Of any: those in which whoever is signed in is mentioned and has not looked yet.
    mentions: u64,
}

/// The number of conversations of each status, and of the open ones that are unread, mine, nobody's.
#[utoipa::path(get, path = "/api/v1/conversations/counts", operation_id = "countConversations", tag = "conversations",
    responses((status = 200, body = ConversationCounts)))]
async fn counts(State(engine): State<Engine>, Caller(principal): Caller) -> Answer<Json<ConversationCounts>> {
    let counts = conversations::counts(&engine, &principal).await?;
    Ok(Json(ConversationCounts {
        open: counts.open,
        pending: counts.pending,
        snoozed: counts.snoozed,
        resolved: counts.resolved,
        unread: counts.unread,
        mine: counts.mine,
        unassigned: counts.unassigned,
        mentions: counts.mentions,
    }))
}

/// A conversation.
#[utoipa::path(get, path = "/api/v1/conversations/{id}", operation_id = "getConversation", tag = "conversations",
    params(("id" = ConversationId, Path)), responses((status = 200, body = ConversationWithContact)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<ConversationWithContact>> {
    let conversation = conversations::get(&engine, &principal, &conversation_id(&id)?).await?;
    let contact = match &conversation.contact_id {
        Some(id) => contacts::summaries(&engine, &principal, vec![id.clone()]).await?.pop(),
        None => None,
    };
    let rating = surveys::of_conversation(&engine, &principal, &conversation).await?;
    Ok(Json(ConversationWithContact { conversation, contact, found: None, rating }))
}

/// Whoever is signed in has looked at the notes that mention them. Marking the conversation as read says so too.
#[utoipa::path(post, path = "/api/v1/conversations/{id}/mentions/read", operation_id = "readConversationMentions",
    tag = "conversations", params(("id" = ConversationId, Path)), responses((status = 204, description = "It is noted")))]
async fn see_mentions(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    conversations::see_mentions(&engine, &principal, &conversation_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn conversation_id(text: &str) -> Answer<ConversationId> {
    path_id(text, "the conversation")
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ConversationChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    status: Option<ConversationStatus>,
    /// A user of the workspace; null takes the conversation away from whoever has it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<UserId>)]
    assignee_id: Option<Option<UserId>>,
    /// A team of the workspace. A conversation that nobody has is assigned as the team does it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<TeamId>)]
    team_id: Option<Option<TeamId>>,
    /// All of them: those that are not said are taken away.
    #[schema(nullable = false)]
    labels: Option<Vec<String>>,
    /// When a snoozed conversation opens again. Makes it snoozed.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Timestamp>)]
    snoozed_until: Option<Option<Timestamp>>,
    #[schema(nullable = false)]
    unread: Option<bool>,
    #[schema(nullable = false)]
    priority: Option<ConversationPriority>,
}

/// Changes a conversation's status, assignee, team, labels, priority, or whether it is unread.
#[utoipa::path(patch, path = "/api/v1/conversations/{id}", operation_id = "changeConversation", tag = "conversations",
    params(("id" = ConversationId, Path)), request_body = ChangeBody, responses((status = 200, body = Conversation)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Conversation>> {
    let change = ConversationChange {
        status: body.status,
        assignee_id: body.assignee_id,
        team_id: body.team_id,
        labels: body.labels,
        snoozed_until: body.snoozed_until,
        unread: body.unread,
        priority: body.priority,
    };
    Ok(Json(conversations::change(&engine, &principal, &conversation_id(&id)?, change).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ThreadQuery {
    cursor: Option<String>,
    take: Option<usize>,
    /// `asc` (oldest first) where it is not said.
    order: Option<Order>,
}

/// The messages and notes of a conversation, oldest first.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/messages", operation_id = "listConversationMessages",
    tag = "conversations", params(("id" = ConversationId, Path), ThreadQuery),
    responses((status = 200, body = Page<Message>)))]
async fn thread(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<ThreadQuery>,
) -> Answer<Json<Page<Message>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Asc)?;
    Ok(Json(page(conversations::messages(&engine, &principal, &conversation_id(&id)?, part).await?)))
}

/// An answer, or with `private` an internal note (text alone).
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReplyBody {
    text: Option<String>,
    html: Option<String>,
    /// Instead of a text and an HTML.
    template: Option<TemplateBody>,
    #[serde(default, deserialize_with = "null_is_absent")]
    attachments: Vec<AttachmentBody>,
    /// One of the channel's own addresses (its `emailAddress`, an alias, its `inboundAddress`), with a name of your choice; the first of
    /// these that there is where it is not said.
    #[schema(value_type = Option<super::outgoing::Recipient>)]
    from: Option<Value>,
    /// Where it is not said: whoever wrote last.
    #[schema(value_type = Option<super::outgoing::Recipients>)]
    to: Option<Value>,
    #[schema(value_type = Option<super::outgoing::Recipients>)]
    cc: Option<Value>,
    #[schema(value_type = Option<super::outgoing::Recipients>)]
    bcc: Option<Value>,
    /// Not before this time.
    scheduled_at: Option<Timestamp>,
    tracking: Option<TrackingBody>,
    /// 0 to 120: so long the answer waits at least, as `scheduled`, and can be cancelled. 0 where it is not said.
    #[serde(default, deserialize_with = "null_is_absent")]
    undo_seconds: u64,
    /// False leaves the channel's signature out.
    signature: Option<bool>,
    #[serde(default, deserialize_with = "null_is_absent")]
    private: bool,
    /// The newest message you have seen: where somebody wrote since, nothing is sent and the answer is a 409.
    #[schema(value_type = Option<MessageId>)]
    last_seen_message_id: Option<String>,
    /// Forwards a message of the conversation below your text, to whom `to` says.
    forward: Option<ForwardBody>,
}

/// What is forwarded.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ForwardBody {
    #[schema(value_type = MessageId)]
    message_id: String,
    /// Its files go along; true where it is not said.
    #[serde(default = "yes")]
    attachments: bool,
}

const fn yes() -> bool {
    true
}

impl ForwardBody {
    fn read(self, fields: &mut Fields) -> Option<Forward> {
        let message_id = message_id(&self.message_id, "/forward/messageId", fields)?;
        Some(Forward { message_id, attachments: self.attachments })
    }
}

fn message_id(text: &str, pointer: &str, fields: &mut Fields) -> Option<MessageId> {
    text.parse().map_err(|error: model::id::InvalidId| fields.wrong(pointer, error.to_string())).ok()
}

/// Answers in a conversation (202), or adds an internal note (201).
#[utoipa::path(post, path = "/api/v1/conversations/{id}/messages", operation_id = "replyToConversation",
    tag = "conversations", params(("id" = ConversationId, Path)), request_body = ReplyBody,
    responses((status = 201, description = "The note", body = Message), (status = 202, description = "The answer, accepted for sending", body = Message)))]
async fn add(
    State(engine): State<Engine>,
    caller: Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ReplyBody>,
) -> Answer<(StatusCode, Json<Message>)> {
    let id = conversation_id(&id)?;
    if body.private {
        let text = body.note()?;
        let note = conversations::add_note(&engine, &caller.0, &id, text).await?;
        return Ok((StatusCode::CREATED, Json(note)));
    }
    let author_id = caller.user().cloned();
    let principal = caller.0;
    let sent = sending::reply(&engine, &principal, &id, body.reply(author_id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(messages::load(&engine, &principal, &sent).await?)))
}

impl ReplyBody {
    /// A note goes to nobody, so it has nothing but its text.
    fn note(self) -> Answer<String> {
        let mut fields = Fields::default();
        let others = [
            ("/html", self.html.is_some()),
            ("/template", self.template.is_some()),
            ("/attachments", !self.attachments.is_empty()),
            ("/from", self.from.is_some()),
            ("/to", self.to.is_some()),
            ("/cc", self.cc.is_some()),
            ("/bcc", self.bcc.is_some()),
            ("/scheduledAt", self.scheduled_at.is_some()),
            ("/tracking", self.tracking.is_some()),
            ("/undoSeconds", self.undo_seconds > 0),
            ("/signature", self.signature.is_some()),
            ("/lastSeenMessageId", self.last_seen_message_id.is_some()),
            ("/forward", self.forward.is_some()),
        ];
        for (pointer, _) in others.into_iter().filter(|(_, is_there)| *is_there) {
            fields.wrong(pointer, "an internal note has a text and nothing else");
        }
        fields.done()?;
        Ok(self.text.unwrap_or_default())
    }

    fn reply(self, author_id: Option<UserId>) -> Answer<ReplyRequest> {
        let mut fields = Fields::default();
        if self.template.is_some() && self.forward.is_some() {
            fields.wrong("/template", "a forwarded message goes below a text: give `text` or `html`");
        }
        if self.template.is_some() {
            for (pointer, is_there) in [("/text", self.text.is_some()), ("/html", self.html.is_some())] {
                if is_there {
                    fields.wrong(pointer, "the template gives it: leave it out");
                }
            }
        }
        let reply = ReplyRequest {
            from: own_mailbox(self.from.as_ref(), &mut fields),
            text: self.text,
            html: self.html,
            attachments: attachments(self.attachments, "/attachments", &mut fields),
            to: self.to.map(|to| mailboxes(Some(&to), "/to", &mut fields)),
            cc: mailboxes(self.cc.as_ref(), "/cc", &mut fields),
            bcc: mailboxes(self.bcc.as_ref(), "/bcc", &mut fields),
            scheduled_at: self.scheduled_at,
            undo_seconds: self.undo_seconds,
            author_id,
            without_signature: self.signature == Some(false),
            template: self.template.and_then(|template| template.read(&mut fields)),
            tracking: self.tracking.map(TrackingBody::read).unwrap_or_default(),
            last_seen: self.last_seen_message_id.and_then(|id| message_id(&id, "/lastSeenMessageId", &mut fields)),
            forward: self.forward.and_then(|forward| forward.read(&mut fields)),
            automatic: None,
        };
        fields.done()?;
        Ok(reply)
    }
}
