//! `/api/v1/lists`: named lists of contacts, and who is on them.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use engine::Engine;
use engine::lists::{self, Imported, NewMember, Who};
use model::contact_list::{ContactList, ListMember};
use model::limits::LIST_IMPORT_BYTES_MAX;
use model::{ContactId, ContactListId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{Fields, csv_body, page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(members, add_members))
        .routes(routes!(import))
        .routes(routes!(remove_member))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    cursor: Option<String>,
    take: Option<usize>,
    order: Option<Order>,
}

/// Lists of contacts, newest first.
#[utoipa::path(get, path = "/api/v1/lists", operation_id = "listContactLists", tag = "lists",
    params(PartQuery), responses((status = 200, body = Page<ContactList>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<ContactList>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(lists::list(&engine, &principal, part).await?)))
}

/// A list to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewContactList)]
struct NewBody {
    /// No other list has it.
    name: String,
}

/// Makes a list with nobody on it.
#[utoipa::path(post, path = "/api/v1/lists", operation_id = "createContactList", tag = "lists",
    request_body = NewBody, responses((status = 201, body = ContactList),
        (status = 409, description = "Another list has the name")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<ContactList>)> {
    Ok((StatusCode::CREATED, Json(lists::create(&engine, &principal, body.name).await?)))
}

fn list_id(text: &str) -> Answer<ContactListId> {
    path_id(text, "the list")
}

/// A list.
#[utoipa::path(get, path = "/api/v1/lists/{id}", operation_id = "getContactList", tag = "lists",
    params(("id" = ContactListId, Path)), responses((status = 200, body = ContactList)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<ContactList>> {
    Ok(Json(lists::get(&engine, &principal, &list_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactListChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    name: Option<String>,
}

/// Gives a list another name.
#[utoipa::path(patch, path = "/api/v1/lists/{id}", operation_id = "changeContactList", tag = "lists",
    params(("id" = ContactListId, Path)), request_body = ChangeBody, responses((status = 200, body = ContactList)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<ContactList>> {
    Ok(Json(lists::rename(&engine, &principal, &list_id(&id)?, body.name).await?))
}

/// Takes a list away. Its contacts stay.
#[utoipa::path(delete, path = "/api/v1/lists/{id}", operation_id = "deleteContactList", tag = "lists",
    params(("id" = ContactListId, Path)), responses((status = 204, description = "It is gone"),
        (status = 409, description = "A broadcast that is not over goes to it")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    lists::delete(&engine, &principal, &list_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is on a list, in the order of joining.
#[utoipa::path(get, path = "/api/v1/lists/{id}/members", operation_id = "listMembers", tag = "lists",
    params(("id" = ContactListId, Path), PartQuery), responses((status = 200, body = Page<ListMember>)))]
async fn members(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<ListMember>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Asc)?;
    Ok(Json(page(lists::members(&engine, &principal, &list_id(&id)?, part).await?)))
}

/// Somebody to add: a contact, or whoever has an address. A contact is made where nobody has it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewListMember {
    contact_id: Option<String>,
    address: Option<String>,
    /// Of a contact that has none yet.
    name: Option<String>,
    /// What broadcasts are filled in with, at most 16 KB of JSON. Those of a member that is there stay where they are left out.
    #[schema(value_type = Option<Object>)]
    variables: Option<Map<String, Value>>,
}

/// Members to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AddMembersBody {
    /// 1 to 1,000.
    members: Vec<NewListMember>,
}

/// What came of adding members.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AddedMembers {
    added: usize,
    /// Were on the list, and have other variables or another address now.
    changed: usize,
    unchanged: usize,
}

/// Adds up to 1,000 members, all or none. One that is on the list gets the variables.
#[utoipa::path(post, path = "/api/v1/lists/{id}/members", operation_id = "addMembers", tag = "lists",
    params(("id" = ContactListId, Path)), request_body = AddMembersBody,
    responses((status = 200, body = AddedMembers)))]
async fn add_members(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<AddMembersBody>,
) -> Answer<Json<AddedMembers>> {
    let id = list_id(&id)?;
    lists::get(&engine, &principal, &id).await?;
    let mut fields = Fields::default();
    let members = body.members.into_iter().enumerate();
    let members =
        members.filter_map(|(place, member)| member.read(&format!("/members/{place}"), &mut fields)).collect();
    fields.done()?;
    let done = lists::add_members(&engine, &principal, &id, members).await?;
    Ok(Json(AddedMembers { added: done.added, changed: done.changed, unchanged: done.unchanged }))
}

impl NewListMember {
    fn read(self, pointer: &str, fields: &mut Fields) -> Option<NewMember> {
        let who = match (self.contact_id, self.address) {
            (Some(id), None) => {
                if self.name.is_some() {
                    fields.wrong(format!("{pointer}/name"), "a contact has its own name: leave it out");
                    return None;
                }
                let wrong =
                    |error: model::id::InvalidId| fields.wrong(format!("{pointer}/contactId"), error.to_string());
                Who::Contact(id.parse::<ContactId>().map_err(wrong).ok()?)
            }
            (None, Some(address)) => Who::Address { address, name: self.name },
            _ => {
                fields.wrong(format!("{pointer}/address"), "a member has a `contactId` or an `address`");
                return None;
            }
        };
        Some(NewMember { who, variables: self.variables })
    }
}

/// Takes members in: CSV with a header row, of which `address` is needed, `name` names contacts, and every other column is a variable; at
/// most 10 MB and 100,000 rows. Rows that are wrong are told of and left out.
#[utoipa::path(post, path = "/api/v1/lists/{id}/members/import", operation_id = "importMembers", tag = "lists",
    params(("id" = ContactListId, Path)), request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Imported), (status = 413, description = "More than 10 MB"),
        (status = 415, description = "The body is not text/csv")))]
async fn import(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    request: Request,
) -> Answer<Json<Imported>> {
    let id = list_id(&id)?;
    lists::get(&engine, &principal, &id).await?;
    let text = csv_body(request, LIST_IMPORT_BYTES_MAX).await?;
    Ok(Json(lists::import(&engine, &principal, &id, &text).await?))
}

/// Takes a contact off a list.
#[utoipa::path(delete, path = "/api/v1/lists/{id}/members/{contactId}", operation_id = "removeMember", tag = "lists",
    params(("id" = ContactListId, Path), ("contactId" = ContactId, Path)),
    responses((status = 204, description = "It is not on the list any more")))]
async fn remove_member(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath((id, contact)): TextPath<(String, String)>,
) -> Answer<StatusCode> {
    lists::remove_member(&engine, &principal, &list_id(&id)?, &path_id(&contact, "the member")?).await?;
    Ok(StatusCode::NO_CONTENT)
}
