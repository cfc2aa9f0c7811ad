//! `/api/v1/contacts/{id}/notes`: what colleagues noted about a contact.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::contacts::notes;
use model::contact::ContactNote;
use model::{ContactId, ContactNoteId};
use serde::Deserialize;
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
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change, delete))
}

fn contact_id(text: &str) -> Answer<ContactId> {
    path_id(text, "the contact")
}

fn note_id(text: &str) -> Answer<ContactNoteId> {
    path_id(text, "the note")
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PartQuery {
    cursor: Option<String>,
    take: Option<usize>,
    order: Option<Order>,
}

/// Notes about a contact, newest first.
#[utoipa::path(get, path = "/api/v1/contacts/{id}/notes", operation_id = "listContactNotes", tag = "contacts",
    params(("id" = ContactId, Path), PartQuery), responses((status = 200, body = Page<ContactNote>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictQuery(query): StrictQuery<PartQuery>,
) -> Answer<Json<Page<ContactNote>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(notes::list(&engine, &principal, &contact_id(&id)?, part).await?)))
}

/// What is noted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContactNoteText)]
struct NoteBody {
    text: String,
}

/// Notes something about a contact.
#[utoipa::path(post, path = "/api/v1/contacts/{id}/notes", operation_id = "createContactNote", tag = "contacts",
    params(("id" = ContactId, Path)), request_body = NoteBody, responses((status = 201, body = ContactNote)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<NoteBody>,
) -> Answer<(StatusCode, Json<ContactNote>)> {
    let note = notes::create(&engine, &principal, &contact_id(&id)?, &body.text).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// Changes a note; who wrote it and administrators do.
#[utoipa::path(patch, path = "/api/v1/contacts/{id}/notes/{noteId}", operation_id = "changeContactNote", tag = "contacts",
    params(("id" = ContactId, Path), ("noteId" = ContactNoteId, Path)), request_body = NoteBody,
    responses((status = 200, body = ContactNote), (status = 403, description = "Somebody else wrote it")))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath((id, note)): TextPath<(String, String)>,
    StrictJson(body): StrictJson<NoteBody>,
) -> Answer<Json<ContactNote>> {
    Ok(Json(notes::change(&engine, &principal, &contact_id(&id)?, &note_id(&note)?, &body.text).await?))
}

/// Takes a note away; who wrote it and administrators do.
#[utoipa::path(delete, path = "/api/v1/contacts/{id}/notes/{noteId}", operation_id = "deleteContactNote", tag = "contacts",
    params(("id" = ContactId, Path), ("noteId" = ContactNoteId, Path)),
    responses((status = 204, description = "It is gone"), (status = 403, description = "Somebody else wrote it")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath((id, note)): TextPath<(String, String)>,
) -> Answer<StatusCode> {
    notes::delete(&engine, &principal, &contact_id(&id)?, &note_id(&note)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
