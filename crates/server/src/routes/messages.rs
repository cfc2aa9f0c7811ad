//! `/api/v1/messages`: sending, lists, one message, its raw mail, deliveries; cancelling and retrying.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::messages::MessageQuery;
use engine::sending::{self, Mailer, Prepared};
use engine::{Engine, messages, once};
use model::key::{Actor, Principal};
use model::message::{Delivery, Direction, Message, MessageStatus};
use model::{MessageId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::outgoing::SendBody;
use super::wire::{page, path_id, query_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::{Answer, Problem};
use crate::strict::{self, JsonBytes, StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, send))
        .routes(routes!(batch))
        .routes(routes!(get))
        .routes(routes!(raw))
        .routes(routes!(deliveries))
        .routes(routes!(cancel))
        .routes(routes!(retry))
}

/// Messages of one batch.
const BATCH_MAX: usize = 500;
/// Messages of a batch that are written in one transaction.
const BATCH_PART: usize = 25;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    channel_id: Option<String>,
    use_case_id: Option<String>,
    conversation_id: Option<String>,
    contact_id: Option<String>,
    direction: Option<Direction>,
    status: Option<MessageStatus>,
    tag: Option<String>,
    /// Outbound messages that went by this way: `sandbox`, `smtp`.
    transport: Option<String>,
    /// Outbound messages with a delivery to this address, whatever the case of its letters.
    recipient: Option<String>,
    /// Taken in, or accepted for sending, at this time or later.
    since: Option<Timestamp>,
    /// Taken in, or accepted for sending, before this time.
    before: Option<Timestamp>,
    /// Where the page begins: the `cursor` of the one before.
    cursor: Option<String>,
    /// 1 to 100 items; 50 where it is not said.
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// Messages, newest first, without internal notes.
#[utoipa::path(get, path = "/api/v1/messages", operation_id = "listMessages", tag = "messages",
    params(ListQuery), responses((status = 200, body = Page<Message>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Message>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let asked = MessageQuery {
        channel_id: query_id("channelId", query.channel_id.as_deref())?,
        use_case_id: query_id("useCaseId", query.use_case_id.as_deref())?,
        conversation_id: query_id("conversationId", query.conversation_id.as_deref())?,
        contact_id: query_id("contactId", query.contact_id.as_deref())?,
        direction: query.direction,
        status: query.status,
        tag: query.tag,
        transport: query.transport,
        recipient: query.recipient,
        since: query.since,
        before: query.before,
    };
    Ok(Json(page(messages::list(&engine, &principal, asked, part).await?)))
}

/// Accepts a message for sending.
#[utoipa::path(post, path = "/api/v1/messages", operation_id = "sendMessage", tag = "messages",
    request_body = SendBody, responses((status = 202, body = Message)))]
async fn send(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<SendBody>,
) -> Answer<(StatusCode, Json<Message>)> {
    sending::may_send(&principal)?;
    Ok((StatusCode::ACCEPTED, Json(send_one(&engine, &principal, body).await?)))
}

async fn send_one(engine: &Engine, principal: &Principal, body: SendBody) -> engine::Result<Message> {
    let (send_by, request) = body.read(author(principal))?;
    let id = sending::send(engine, principal, send_by, request).await?;
    messages::load(engine, principal, &id).await
}

/// The person who asks, if it is one.
fn author(principal: &Principal) -> Option<UserId> {
    match &principal.actor {
        Actor::User(user, _) => Some(user.clone()),
        Actor::Key(_) => None,
    }
}

/// Messages to send, each on its own: one that is wrong keeps no other from being sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BatchBody {
    /// 1 to 500.
    #[schema(value_type = Vec<SendBody>)]
    messages: Vec<Box<RawValue>>,
}

/// What became of one message of a batch: the message, or why it was not accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BatchItem {
    /// What the answer's status would be for this message alone.
    status: u16,
    message: Option<Message>,
    error: Option<Problem>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BatchAnswer {
    /// One a message, in their order.
    items: Vec<BatchItem>,
}

/// Accepts up to 500 messages for sending and answers for each, in no certain order of sending.
#[utoipa::path(post, path = "/api/v1/messages/batch", operation_id = "sendMessages", tag = "messages",
    request_body = BatchBody, responses((status = 202, body = BatchAnswer)))]
async fn batch(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    JsonBytes(body): JsonBytes,
) -> Answer<(StatusCode, Json<BatchAnswer>)> {
    sending::may_send(&principal)?;
    // What is wrong within one message is that message's own affair.
    let body: BatchBody = strict::parse_shape(&body)?;
    if !(1..=BATCH_MAX).contains(&body.messages.len()) {
        let detail = format!("{} messages; 1 to {BATCH_MAX} fit a batch", body.messages.len());
        return Err(engine::EngineError::invalid("/messages", detail).into());
    }
    let mut parts = Vec::new();
    let mut rest = body.messages;
    while !rest.is_empty() {
        let after = rest.split_off(rest.len().min(BATCH_PART));
        let first = parts.len() * BATCH_PART;
        let part = once::carried(send_part(engine.clone(), principal.clone(), first, rest));
        parts.push(tokio::spawn(part));
        rest = after;
    }
    let mut items = Vec::with_capacity(BATCH_MAX);
    for part in parts {
        let part = part.await.map_err(|_| engine::EngineError::Internal("sending a batch panicked".into()))?;
        items.extend(part);
    }
    Ok((StatusCode::ACCEPTED, Json(BatchAnswer { items })))
}

/// Some messages of a batch, `first` and those after it: prepared one by one, and written together.
async fn send_part(engine: Engine, principal: Principal, first: usize, messages: Vec<Box<RawValue>>) -> Vec<BatchItem> {
    let mailer = Mailer::new(&engine, &principal);
    let mut items: Vec<Option<Result<MessageId, Problem>>> = Vec::with_capacity(messages.len());
    let (mut ready, mut places) = (Vec::new(), Vec::new());
    for (place, value) in messages.into_iter().enumerate() {
        let prepared = match strict::parse::<SendBody>(value.get().as_bytes())
            .and_then(|body| Ok(body.read(author(&principal))?))
        {
            Ok((send_by, request)) => {
                once::item(first + place, mailer.prepare(send_by, request)).await.map_err(Problem::from)
            }
            Err(problem) => Err(problem),
        };
        items.push(match prepared {
            Ok(Prepared::Ready(one)) => {
                ready.push(*one);
                places.push(place);
                None
            }
            Ok(Prepared::Earlier(id)) => Some(Ok(id)),
            Err(problem) => Some(Err(problem)),
        });
        // Composing and signing are work for the processor: others get their turn.
        tokio::task::yield_now().await;
    }
    for (place, written) in places.into_iter().zip(mailer.write(ready).await) {
        if let Some(item) = items.get_mut(place) {
            *item = Some(written.map_err(Problem::from));
        }
    }
    answers(&engine, &principal, items.into_iter().flatten().collect()).await
}

async fn answers(engine: &Engine, principal: &Principal, sent: Vec<Result<MessageId, Problem>>) -> Vec<BatchItem> {
    let accepted: Vec<MessageId> = sent.iter().flatten().cloned().collect();
    let mut messages = match messages::load_all(engine, principal, accepted).await {
        Ok(messages) => Ok(messages.into_iter()),
        Err(error) => Err(Problem::from(error)),
    };
    let answer = |sent: Result<MessageId, Problem>| {
        let shown = sent.and_then(|_| match &mut messages {
            Ok(messages) => messages.next().ok_or_else(|| engine::EngineError::NotFound { what: "the message" }.into()),
            Err(problem) => Err(problem.clone()),
        });
        match shown {
            Ok(message) => BatchItem { status: StatusCode::ACCEPTED.as_u16(), message: Some(message), error: None },
            Err(problem) => BatchItem { status: problem.status, message: None, error: Some(problem) },
        }
    };
    sent.into_iter().map(answer).collect()
}

fn message_id(text: &str) -> Answer<MessageId> {
    path_id(text, "the message")
}

/// A message.
#[utoipa::path(get, path = "/api/v1/messages/{id}", operation_id = "getMessage", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Message>> {
    Ok(Json(messages::get(&engine, &principal, &message_id(&id)?).await?))
}

/// The raw mail, as it came or was sent.
#[utoipa::path(get, path = "/api/v1/messages/{id}/raw", operation_id = "getRawMessage", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, content_type = "message/rfc822", body = String)))]
async fn raw(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Response> {
    let id = message_id(&id)?;
    let bytes = messages::raw(&engine, &principal, &id).await?;
    let headers: [(HeaderName, String); 4] = [
        (header::CONTENT_TYPE, "message/rfc822".into()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.eml\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".into()),
    ];
    Ok((headers, bytes).into_response())
}

/// The deliveries of an outbound message, one a recipient, oldest first.
#[utoipa::path(get, path = "/api/v1/messages/{id}/deliveries", operation_id = "listDeliveries", tag = "messages",
    params(("id" = MessageId, Path), PageQuery), responses((status = 200, body = Page<Delivery>)))]
async fn deliveries(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Delivery>>> {
    let found = messages::deliveries(&engine, &principal, &message_id(&id)?).await?;
    Ok(Json(Page::of_all(found, &query, Order::Asc, |delivery| delivery.id.clone())?))
}

/// Cancels a message that is not being sent yet.
#[utoipa::path(post, path = "/api/v1/messages/{id}/cancel", operation_id = "cancelMessage", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn cancel(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Message>> {
    let id = message_id(&id)?;
    sending::cancel(&engine, &principal, &id).await?;
    Ok(Json(messages::load(&engine, &principal, &id).await?))
}

/// Tries the deliveries that failed, or wait for another try, once more, now.
#[utoipa::path(post, path = "/api/v1/messages/{id}/retry", operation_id = "retryMessage", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, body = Message)))]
async fn retry(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Message>> {
    let id = message_id(&id)?;
    sending::retry(&engine, &principal, &id).await?;
    Ok(Json(messages::load(&engine, &principal, &id).await?))
}
