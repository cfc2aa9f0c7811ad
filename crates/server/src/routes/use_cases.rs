//! `/api/v1/use-cases`: what a domain is used for.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::Engine;
use engine::use_cases::{self, NewUseCase, UseCaseChange};
use model::absence::nullable;
use model::use_case::{EmailType, UseCase};
use model::{DomainId, UseCaseId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{Fields, page, path_id, query_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, change, delete))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    domain_id: Option<String>,
    cursor: Option<String>,
    take: Option<usize>,
    /// `desc` (newest first) where it is not said.
    order: Option<Order>,
}

/// Use cases, newest first.
#[utoipa::path(get, path = "/api/v1/use-cases", operation_id = "listUseCases", tag = "use cases",
    params(ListQuery), responses((status = 200, body = Page<UseCase>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<UseCase>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let domain = query_id("domainId", query.domain_id.as_deref())?;
    Ok(Json(page(use_cases::list(&engine, &principal, domain, part).await?)))
}

/// A use case to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewUseCase)]
struct NewBody {
    /// Of a verified domain.
    #[schema(value_type = DomainId)]
    domain_id: String,
    /// Who speaks: the name beside the sender's address.
    entity_name: String,
    name: String,
    /// An address of the domain. What reaches it becomes a conversation of the use case.
    sender_address: String,
    email_type: EmailType,
    /// True where it is not said; marketing can't do without.
    unsubscribable: Option<bool>,
    description: Option<String>,
}

/// Makes a use case of a verified domain.
#[utoipa::path(post, path = "/api/v1/use-cases", operation_id = "createUseCase", tag = "use cases",
    request_body = NewBody, responses((status = 201, body = UseCase), (status = 409, description = "The domain is not verified, or the name or the address is taken")))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<UseCase>)> {
    let mut fields = Fields::default();
    let domain_id: Option<DomainId> =
        body.domain_id.parse().map_err(|error: model::id::InvalidId| fields.wrong("/domainId", error.to_string())).ok();
    fields.done()?;
    let Some(domain_id) = domain_id else { return Err(engine::EngineError::NotFound { what: "the domain" }.into()) };
    let new = NewUseCase {
        domain_id,
        entity_name: body.entity_name,
        name: body.name,
        sender_address: body.sender_address,
        email_type: body.email_type,
        unsubscribable: body.unsubscribable,
        description: body.description,
    };
    Ok((StatusCode::CREATED, Json(use_cases::create(&engine, &principal, new).await?)))
}

fn use_case_id(text: &str) -> Answer<UseCaseId> {
    path_id(text, "the use case")
}

/// A use case.
#[utoipa::path(get, path = "/api/v1/use-cases/{id}", operation_id = "getUseCase", tag = "use cases",
    params(("id" = UseCaseId, Path)), responses((status = 200, body = UseCase)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<UseCase>> {
    Ok(Json(use_cases::get(&engine, &principal, &use_case_id(&id)?).await?))
}

/// What is to be different; a field that is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = UseCaseChange)]
struct ChangeBody {
    #[schema(nullable = false)]
    entity_name: Option<String>,
    #[schema(nullable = false)]
    name: Option<String>,
    #[schema(nullable = false)]
    sender_address: Option<String>,
    #[schema(nullable = false)]
    email_type: Option<EmailType>,
    #[schema(nullable = false)]
    unsubscribable: Option<bool>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
}

/// Changes a use case.
#[utoipa::path(patch, path = "/api/v1/use-cases/{id}", operation_id = "changeUseCase", tag = "use cases",
    params(("id" = UseCaseId, Path)), request_body = ChangeBody, responses((status = 200, body = UseCase)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<UseCase>> {
    let change = UseCaseChange {
        entity_name: body.entity_name,
        name: body.name,
        sender_address: body.sender_address,
        email_type: body.email_type,
        unsubscribable: body.unsubscribable,
        description: body.description,
    };
    Ok(Json(use_cases::change(&engine, &principal, &use_case_id(&id)?, change).await?))
}

/// Takes a use case away. Its mail and the opt-outs from it stay.
#[utoipa::path(delete, path = "/api/v1/use-cases/{id}", operation_id = "deleteUseCase", tag = "use cases",
    params(("id" = UseCaseId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    use_cases::delete(&engine, &principal, &use_case_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
