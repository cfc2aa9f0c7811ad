//! `/api/v1/domains`: domains that mail is sent from, the DNS records they need, and what was found of these.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::domains::{DomainChange, NewDomain, NewSmarthost, PolicyChange};
use engine::{Engine, domains};
use model::DomainId;
use model::absence::nullable;
use model::channel::TransportSecurity;
use model::domain::{Domain, DomainCheck, MtaStsMode};
use model::sending::{SendLimits, WarmUp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::channels::TestResult;
use super::wire::{page, path_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page, PageQuery};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, change, delete))
        .routes(routes!(test_smarthost))
        .routes(routes!(verify))
        .routes(routes!(rotate_dkim))
        .routes(routes!(doctor))
}

/// Domains, newest first.
#[utoipa::path(get, path = "/api/v1/domains", operation_id = "listDomains", tag = "domains",
    params(PageQuery), responses((status = 200, body = Page<Domain>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Domain>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    Ok(Json(page(domains::list(&engine, &principal, part).await?)))
}

/// A domain to send from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDomain)]
struct NewBody {
    /// Such as `mail.example.com`; letters beyond ASCII are taken too, and answered as `xn--…`.
    name: String,
    /// The host of links that are counted: a name below the domain's, such as `click.mail.example.com`; `t.` and the name where none is said.
    tracking_host: Option<String>,
}

/// Adds a domain, with new DKIM keys. Its records are in the answer.
#[utoipa::path(post, path = "/api/v1/domains", operation_id = "createDomain", tag = "domains",
    request_body = NewBody, responses((status = 201, body = Domain)))]
async fn create(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictJson(body): StrictJson<NewBody>,
) -> Answer<(StatusCode, Json<Domain>)> {
    let new = NewDomain { name: body.name, tracking_host: body.tracking_host };
    Ok((StatusCode::CREATED, Json(domains::create(&engine, &principal, new).await?)))
}

fn domain_id(text: &str) -> Answer<DomainId> {
    path_id(text, "the domain")
}

/// A domain, with what the last check found.
#[utoipa::path(get, path = "/api/v1/domains/{id}", operation_id = "getDomain", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 200, body = Domain)))]
async fn get(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Domain>> {
    Ok(Json(domains::show(&engine, &principal, &domain_id(&id)?).await?))
}

/// A server that is to take the domain's mail.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewDomainSmarthost)]
struct SmarthostBody {
    host: String,
    /// 587 where it is not said, 465 with TLS.
    #[schema(nullable = false)]
    port: Option<u16>,
    /// STARTTLS where it is not said, TLS at port 465.
    #[schema(nullable = false)]
    security: Option<TransportSecurity>,
    /// Not said: nobody signs in.
    #[schema(nullable = false)]
    username: Option<String>,
    /// Write-only. Not said: the one that was given for this very server.
    #[schema(value_type = String, nullable = false)]
    password: Option<SecretString>,
}

/// What is to be different; a field that is left out stays, null takes away.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = DomainChange)]
struct ChangeBody {
    /// The host of links that are counted: a name below the domain's; null is the usual one, `t.` and the name.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    tracking_host: Option<Option<String>>,
    /// What senders do that can't reach the domain's mail server by TLS.
    #[schema(nullable = false)]
    mta_sts_mode: Option<MtaStsMode>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<SendLimits>)]
    limits: Option<Option<SendLimits>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<WarmUp>)]
    warm_up: Option<Option<WarmUp>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<SmarthostBody>)]
    smarthost: Option<Option<SmarthostBody>>,
}

/// Changes a domain's tracking host, its policy about TLS, and how its mail leaves: limits, the plan it is warmed up by, a server of
/// its own. What it asks of DNS then is looked for at once.
#[utoipa::path(patch, path = "/api/v1/domains/{id}", operation_id = "changeDomain", tag = "domains",
    params(("id" = DomainId, Path)), request_body = ChangeBody, responses((status = 200, body = Domain)))]
async fn change(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(body): StrictJson<ChangeBody>,
) -> Answer<Json<Domain>> {
    let smarthost = |body: SmarthostBody| NewSmarthost {
        host: body.host,
        port: body.port,
        security: body.security,
        username: body.username,
        password: body.password,
    };
    let policy = PolicyChange {
        limits: body.limits,
        warm_up: body.warm_up,
        smarthost: body.smarthost.map(|new| new.map(smarthost)),
    };
    let change = DomainChange { tracking_host: body.tracking_host, mta_sts_mode: body.mta_sts_mode, policy };
    Ok(Json(domains::change(&engine, &principal, &domain_id(&id)?, change).await?))
}

/// Tries the domain's own server: connects, upgrades, signs in, and quits without sending.
#[utoipa::path(post, path = "/api/v1/domains/{id}/smarthost/test", operation_id = "testDomainSmarthost", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 200, description = "A result a step", body = TestResult), (status = 409, description = "The domain has no server of its own")))]
async fn test_smarthost(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<TestResult>> {
    Ok(Json(domains::test_smarthost(&engine, &principal, &domain_id(&id)?).await?.into()))
}

/// Takes a domain away with its keys.
#[utoipa::path(delete, path = "/api/v1/domains/{id}", operation_id = "deleteDomain", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 204, description = "It is gone")))]
async fn delete(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<StatusCode> {
    domains::delete(&engine, &principal, &domain_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks DNS now.
#[utoipa::path(post, path = "/api/v1/domains/{id}/verify", operation_id = "verifyDomain", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 200, body = Domain)))]
async fn verify(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Domain>> {
    Ok(Json(domains::verify(&engine, &principal, &domain_id(&id)?).await?))
}

/// Makes new DKIM keys. Those of a domain that sends sign on until the records of the new ones are found.
#[utoipa::path(post, path = "/api/v1/domains/{id}/rotate-dkim", operation_id = "rotateDomainKeys", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 200, body = Domain)))]
async fn rotate_dkim(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<Domain>> {
    Ok(Json(domains::rotate_dkim(&engine, &principal, &domain_id(&id)?).await?))
}

/// What a look at a domain found.
#[derive(Debug, Serialize, ToSchema)]
struct DomainExamination {
    /// All checks are.
    ok: bool,
    checks: Vec<DomainCheck>,
}

/// Looks a domain over as receivers do: its records, our addresses' names, DMARC, lists of bad senders. Changes nothing.
#[utoipa::path(get, path = "/api/v1/domains/{id}/doctor", operation_id = "examineDomain", tag = "domains",
    params(("id" = DomainId, Path)), responses((status = 200, body = DomainExamination)))]
async fn doctor(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<DomainExamination>> {
    let checks = domains::examine(&engine, &principal, &domain_id(&id)?).await?;
    Ok(Json(DomainExamination { ok: checks.iter().all(|check| check.ok), checks }))
}
