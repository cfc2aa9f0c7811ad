//! `/api/v1/contacts`: people, their conversations and what was written with them.

use axum::Json;
use axum::extract::{Path, State};
use engine::contacts::{self, ContactChange};
use engine::Engine;
use model::ContactId;
use model::contact::{Activity, Contact};
use model::conversation::Conversation;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::failure::{Auth, Body, Failure, Query};
use super::wire::{Order, Page, nullable, path_id, slice};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// The beginning of an address or a name.
    q: Option<String>,
    /// Where the page begins: the `cursor` of the one before.
    cursor: Option<String>,
    /// 1 to 100 items; 50 where it is not said.
    take: Option<usize>,
    /// `desc` (newest first) where it is not said; with `q` the order is by address, then by name.
    order: Option<Order>,
}

/// Contacts, newest first; or those of which an address or the name begins with `q`.
#[utoipa::path(get, path = "/api/v1/contacts", operation_id = "listContacts", tag = "Contacts",
    params(ListQuery), responses((status = 200, body = inline(Page<Contact>))))]
pub(super) async fn list(
    State(engine): State<Engine>,
    Auth(principal): Auth,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page<Contact>>, Failure> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(Page::of(contacts::list(&engine, &principal, query.q, part).await?)))
}

fn contact_id(text: &str) -> Result<ContactId, Failure> {
    path_id(text, "the contact")
}

/// A contact.
#[utoipa::path(get, path = "/api/v1/contacts/{id}", operation_id = "getContact", tag = "Contacts",
    params(("id" = ContactId, Path)), responses((status = 200, body = Contact)))]
pub(super) async fn get(
    State(engine): State<Engine>,
    Auth(principal): Auth,
    Path(id): Path<String>,
) -> Result<Json<Contact>, Failure> {
    Ok(Json(contacts::get(&engine, &principal, &contact_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ChangeBody {
    #[serde(deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Merged into those there are; null takes one away.
    #[schema(value_type = Option<Object>, nullable = false)]
    attributes: Option<Map<String, Value>>,
}

/// Changes a contact's name or attributes.
#[utoipa::path(patch, path = "/api/v1/contacts/{id}", operation_id = "changeContact", tag = "Contacts",
    params(("id" = ContactId, Path)), request_body = ChangeBody, responses((status = 200, body = Contact)))]
pub(super) async fn change(
    State(engine): State<Engine>,
    Auth(principal): Auth,
    Path(id): Path<String>,
    Body(body): Body<ChangeBody>,
) -> Result<Json<Contact>, Failure> {
    let change = ContactChange { name: body.name, attributes: body.attributes };
    Ok(Json(contacts::change(&engine, &principal, &contact_id(&id)?, change).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PartQuery {
    cursor: Option<String>,
    take: Option<usize>,
    order: Option<Order>,
}

/// A contact's conversations, the last active first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/conversations", operation_id = "listContactConversations",
    tag = "Contacts", params(("id" = ContactId, Path), PartQuery),
    responses((status = 200, body = inline(Page<Conversation>))))]
pub(super) async fn conversations(
    State(engine): State<Engine>,
    Auth(principal): Auth,
    Path(id): Path<String>,
    Query(query): Query<PartQuery>,
) -> Result<Json<Page<Conversation>>, Failure> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(Page::of(contacts::conversations(&engine, &principal, &contact_id(&id)?, part).await?)))
}

/// The mails to and from a contact, newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/activities", operation_id = "listContactActivities",
    tag = "Contacts", params(("id" = ContactId, Path), PartQuery),
    responses((status = 200, body = inline(Page<Activity>))))]
pub(super) async fn activities(
    State(engine): State<Engine>,
    Auth(principal): Auth,
    Path(id): Path<String>,
    Query(query): Query<PartQuery>,
) -> Result<Json<Page<Activity>>, Failure> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(Page::of(contacts::activities(&engine, &principal, &contact_id(&id)?, part).await?)))
}
