//! `/api/v1/contacts`: people, their conversations and what was written with them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::contacts::{self, ContactChange, NewContact};
use model::absence::nullable;
use model::contact::{Activity, Contact};
use model::conversation::Conversation;
use model::{ContactId, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change))
        .routes(routes!(conversations))
        .routes(routes!(activities))
        .routes(routes!(add_address))
        .routes(routes!(remove_address))
        .routes(routes!(merge))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
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
#[utoipa::path(get, path = "/api/v1/contacts", operation_id = "listContacts", tag = "contacts",
    params(ListQuery), responses((status = 200, body = Page<Contact>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Contact>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(contacts::list(&engine, &principal, query.q, part).await?)))
}

/// A contact, before any mail came.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewContact)]
struct NewBody {
    name: Option<String>,
    /// 1 to 20; the first is the primary one.
    addresses: Vec<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: Map<String, Value>,
}

/// Makes a contact.
#[utoipa::path(post, path = "/api/v1/contacts", operation_id = "createContact", tag = "contacts",
    request_body = NewBody, responses((status = 201, body = Contact)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Contact>)> {
    let new = NewContact { name: body.name, addresses: body.addresses, attributes: body.attributes };
    Ok((StatusCode::CREATED, Json(contacts::create(&engine, &principal, new).await?)))
}

fn contact_id(text: &str) -> Answer<ContactId> {
    path_id(text, "the contact")
}

/// A contact.
#[utoipa::path(get, path = "/api/v1/contacts/{id}", operation_id = "getContact", tag = "contacts",
    params(("id" = ContactId, Path)), responses((status = 200, body = Contact)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Contact>> {
    Ok(Json(contacts::get(&engine, &principal, &contact_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactChange)]
struct ChangeBody {
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Merged into those there are; null takes one away.
    #[schema(value_type = Option<Object>, nullable = false)]
    attributes: Option<Map<String, Value>>,
    /// The `updatedAt` of the contact that the change is made of: where it is another one by now, nothing is changed (409).
    #[schema(nullable = false)]
    if_updated_at: Option<Timestamp>,
}

/// Changes a contact's name or attributes.
#[utoipa::path(patch, path = "/api/v1/contacts/{id}", operation_id = "changeContact", tag = "contacts",
    params(("id" = ContactId, Path)), request_body = ChangeBody,
    responses((status = 200, body = Contact), (status = 409, description = "Somebody changed it meanwhile")))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Contact>> {
    let change = ContactChange { name: body.name, attributes: body.attributes, updated_at: body.if_updated_at };
    Ok(Json(contacts::change(&engine, &principal, &contact_id(&id)?, change).await?))
}

/// One more address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewContactAddress)]
struct AddressBody {
    address: String,
    /// It is the one that is written to.
    #[serde(default)]
    primary: bool,
}

/// Adds an address, or makes one that is there the primary one.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/addresses", operation_id = "addContactAddress", tag = "contacts",
    params(("id" = ContactId, Path)), request_body = AddressBody,
    responses((status = 200, body = Contact), (status = 409, description = "It is another contact's, or there are too many")))]
async fn add_address(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<AddressBody>,
) -> Answer<Json<Contact>> {
    let id = contact_id(&id)?;
    Ok(Json(contacts::addresses::put(&engine, &principal, &id, &body.address, body.primary).await?))
}

/// Takes an address away; mail from it makes another contact then.
#[utoipa::path(delete, path = "/api/v1/contacts/{id}/addresses/{address}", operation_id = "removeContactAddress",
    tag = "contacts", params(("id" = ContactId, Path), ("address" = String, Path)),
    responses((status = 200, body = Contact), (status = 409, description = "It is the only one")))]
async fn remove_address(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath((id, address)): TextPath<(String, String)>,
) -> Answer<Json<Contact>> {
    Ok(Json(contacts::addresses::remove(&engine, &principal, &contact_id(&id)?, &address).await?))
}

/// Who is the same person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactMerge)]
struct MergeBody {
    /// The one that is no more; its id leads to the one that stays.
    contact_id: ContactId,
}

/// Merges another contact into this one: addresses, notes, attributes and lists at once, conversations and mails a moment later.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/merge", operation_id = "mergeContact", tag = "contacts",
    params(("id" = ContactId, Path)), request_body = MergeBody, responses((status = 200, body = Contact)))]
async fn merge(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<MergeBody>,
) -> Answer<Json<Contact>> {
    Ok(Json(contacts::merging::merge(&engine, &principal, &contact_id(&id)?, &body.contact_id).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    cursor: Option<String>,
    take: Option<usize>,
    order: Option<Order>,
}

/// A contact's conversations, the last active first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/conversations", operation_id = "listContactConversations",
    tag = "contacts", params(("id" = ContactId, Path), PartQuery),
    responses((status = 200, body = Page<Conversation>)))]
async fn conversations(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<Conversation>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(contacts::conversations(&engine, &principal, &contact_id(&id)?, part).await?)))
}

/// The mails to and from a contact, newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/activities", operation_id = "listContactActivities",
    tag = "contacts", params(("id" = ContactId, Path), PartQuery),
    responses((status = 200, body = Page<Activity>)))]
async fn activities(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<Activity>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(contacts::activities(&engine, &principal, &contact_id(&id)?, part).await?)))
}
