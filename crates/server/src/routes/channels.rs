//! `/channels`: inboxes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use engine::channels::{self, ChannelRequest};
use engine::ports::TestStep;
use model::absence::nullable;
use model::channel::{AuthPolicy, Channel, ChannelLimits, Provider, ProviderConfig, Signature, TransportSecurity};
use model::{ChannelId, TeamId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Caller;
use crate::paging::{self, Order, Page, PageQuery};
use crate::problem::{Answer, Problem};
use crate::strict::{IdPath, StrictJson, StrictQuery};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(test_new))
        .routes(routes!(show, change, delete))
        .routes(routes!(test))
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChannelConfig {
    smtp_host: Option<String>,
    smtp_port: Option<u16>,
    smtp_security: Option<TransportSecurity>,
    imap_host: Option<String>,
    imap_port: Option<u16>,
    imap_security: Option<TransportSecurity>,
    username: Option<String>,
    /// Write-only.
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// A channel to create, or what to change of one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChannelBody {
    #[serde(rename = "type")]
    #[schema(example = "email")]
    channel_type: Option<String>,
    name: Option<String>,
    provider: Option<Provider>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    email_address: Option<Option<String>>,
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    display_name: Option<Option<String>>,
    aliases: Option<Vec<String>>,
    signature: Option<Signature>,
    config: Option<ChannelConfig>,
    limits: Option<ChannelLimits>,
    auth_policy: Option<AuthPolicy>,
    thread_by_subject: Option<bool>,
    /// The team that new conversations go to; null: none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<TeamId>)]
    team_id: Option<Option<TeamId>>,
}

impl ChannelBody {
    fn request(self) -> Answer<ChannelRequest> {
        if self.channel_type.as_deref().is_some_and(|name| name != "email") {
            return Err(Problem::invalid(vec![engine::FieldError::new("/type", "the type of every channel is email")]));
        }
        let (config, password) = match self.config {
            Some(config) => {
                let ChannelConfig {
                    smtp_host,
                    smtp_port,
                    smtp_security,
                    imap_host,
                    imap_port,
                    imap_security,
                    username,
                    password,
                } = config;
                (
                    Some(ProviderConfig {
                        smtp_host,
                        smtp_port,
                        smtp_security,
                        imap_host,
                        imap_port,
                        imap_security,
                        username,
                    }),
                    password,
                )
            }
            None => (None, None),
        };
        Ok(ChannelRequest {
            name: self.name,
            provider: self.provider,
            email_address: self.email_address,
            display_name: self.display_name,
            aliases: self.aliases,
            signature: self.signature,
            config,
            password,
            limits: self.limits,
            auth_policy: self.auth_policy,
            thread_by_subject: self.thread_by_subject,
            team_id: self.team_id,
        })
    }
}

/// How a test went.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct TestResult {
    ok: bool,
    steps: Vec<TestStep>,
}

impl From<Vec<TestStep>> for TestResult {
    fn from(steps: Vec<TestStep>) -> Self {
        Self { ok: steps.iter().all(|step| step.ok), steps }
    }
}

/// List channels
#[utoipa::path(get, path = "/api/v1/channels", operation_id = "listChannels", tag = "channels", params(PageQuery), responses((status = 200, description = "Newest first", body = Page<Channel>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    StrictQuery(query): StrictQuery<PageQuery>,
) -> Answer<Json<Page<Channel>>> {
    let take = paging::take(query.take)?;
    let after: Option<ChannelId> = paging::decode(query.cursor.as_deref())?;
    let ascending = query.order == Some(Order::Asc);
    let found = channels::list(&app.engine, &caller.0, after.map(ChannelId::into_string), ascending, take + 1).await?;
    Ok(Json(Page::cut(found, take, |channel| channel.id.clone())))
}

/// Create a channel
#[utoipa::path(post, path = "/api/v1/channels", operation_id = "createChannel", tag = "channels", request_body = ChannelBody, responses((status = 201, description = "The channel, receiving at once", body = Channel)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<ChannelBody>,
) -> Answer<(StatusCode, Json<Channel>)> {
    let channel = channels::create(&app.engine, &caller.0, body.request()?).await?;
    Ok((StatusCode::CREATED, Json(channel)))
}

/// Try a channel without keeping it
#[utoipa::path(post, path = "/api/v1/channels/test", operation_id = "testNewChannel", tag = "channels", request_body = ChannelBody, responses((status = 200, description = "A result a step", body = TestResult)))]
async fn test_new(
    State(app): State<App>,
    caller: Caller,
    StrictJson(body): StrictJson<ChannelBody>,
) -> Answer<Json<TestResult>> {
    Ok(Json(channels::test_request(&app.engine, &caller.0, &body.request()?).await?.into()))
}

/// Show a channel
#[utoipa::path(get, path = "/api/v1/channels/{id}", operation_id = "getChannel", tag = "channels", params(("id" = String, Path)), responses((status = 200, description = "The channel", body = Channel)))]
async fn show(State(app): State<App>, caller: Caller, IdPath(id): IdPath<ChannelId>) -> Answer<Json<Channel>> {
    Ok(Json(channels::get(&app.engine, &caller.0, &id).await?))
}

/// Change a channel
#[utoipa::path(patch, path = "/api/v1/channels/{id}", operation_id = "changeChannel", tag = "channels", params(("id" = String, Path)), request_body = ChannelBody, responses((status = 200, description = "The channel as it is now", body = Channel)))]
async fn change(
    State(app): State<App>,
    caller: Caller,
    IdPath(id): IdPath<ChannelId>,
    StrictJson(body): StrictJson<ChannelBody>,
) -> Answer<Json<Channel>> {
    Ok(Json(channels::update(&app.engine, &caller.0, &id, body.request()?).await?))
}

/// Delete a channel; its conversations stay, its address is never used again
#[utoipa::path(delete, path = "/api/v1/channels/{id}", operation_id = "deleteChannel", tag = "channels", params(("id" = String, Path)), responses((status = 204, description = "It receives nothing any more")))]
async fn delete(State(app): State<App>, caller: Caller, IdPath(id): IdPath<ChannelId>) -> Answer<StatusCode> {
    channels::delete(&app.engine, &caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Try a channel
#[utoipa::path(post, path = "/api/v1/channels/{id}/test", operation_id = "testChannel", tag = "channels", params(("id" = String, Path)), responses((status = 200, description = "A result a step", body = TestResult)))]
async fn test(State(app): State<App>, caller: Caller, IdPath(id): IdPath<ChannelId>) -> Answer<Json<TestResult>> {
    Ok(Json(channels::test(&app.engine, &caller.0, &id).await?.into()))
}
