//! `/api/v1/ratings`: what people said of the help they got, and `/api/v1/channels/{id}/survey`: whether a channel asks.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::surveys::{self, RatingFilter, RatingGroup};
use model::survey::{Rating, RatingCounts, RatingValue, SurveySettings};
use model::{ChannelId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, path_id, query_id, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::{StrictJson, StrictQuery, TextPath};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(summary)).routes(routes!(settings, put_settings))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    channel_id: Option<String>,
    team_id: Option<String>,
    /// Who had the conversation when it was resolved.
    assignee_id: Option<String>,
    rating: Option<RatingValue>,
    /// First answered then or later.
    since: Option<Timestamp>,
    /// First answered earlier than then.
    before: Option<Timestamp>,
    cursor: Option<String>,
    take: Option<usize>,
    order: Option<Order>,
}

/// Answers to surveys, newest first.
#[utoipa::path(get, path = "/api/v1/ratings", operation_id = "listRatings", tag = "conversations", params(ListQuery),
    responses((status = 200, body = Page<Rating>)))]
async fn list(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<ListQuery>,
) -> Answer<Json<Page<Rating>>> {
    let part = slice(query.cursor.as_deref(), query.take, query.order, Order::Desc)?;
    let filter = RatingFilter {
        channel_id: query_id("channelId", query.channel_id.as_deref())?,
        team_id: query_id("teamId", query.team_id.as_deref())?,
        assignee_id: query_id("assigneeId", query.assignee_id.as_deref())?,
        rating: query.rating,
        since: query.since,
        before: query.before,
    };
    Ok(Json(page(surveys::list(&engine, &principal, filter, part).await?)))
}

/// What ratings are counted by.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RatingBy {
    #[default]
    Channel,
    Team,
    Person,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// `channel` where it is not said.
    by: Option<RatingBy>,
    channel_id: Option<String>,
    team_id: Option<String>,
    assignee_id: Option<String>,
    since: Option<Timestamp>,
    before: Option<Timestamp>,
}

/// How many said what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RatingSummary {
    total: RatingCounts,
    groups: Vec<RatingGroupCounts>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RatingGroupCounts {
    /// The channel's, team's or person's; null for conversations of none.
    id: Option<String>,
    #[serde(flatten)]
    counts: RatingCounts,
}

/// How many said what, in all and by channel, team or person; `sent` counts the surveys sent in the time.
#[utoipa::path(get, path = "/api/v1/ratings/summary", operation_id = "getRatingSummary", tag = "conversations",
    params(SummaryQuery), responses((status = 200, body = RatingSummary)))]
async fn summary(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<SummaryQuery>,
) -> Answer<Json<RatingSummary>> {
    let filter = RatingFilter {
        channel_id: query_id("channelId", query.channel_id.as_deref())?,
        team_id: query_id("teamId", query.team_id.as_deref())?,
        assignee_id: query_id("assigneeId", query.assignee_id.as_deref())?,
        rating: None,
        since: query.since,
        before: query.before,
    };
    let group = match query.by.unwrap_or_default() {
        RatingBy::Channel => RatingGroup::Channel,
        RatingBy::Team => RatingGroup::Team,
        RatingBy::Person => RatingGroup::Person,
    };
    let (total, groups) = surveys::summary(&engine, &principal, filter, group).await?;
    let groups = groups.into_iter().map(|(id, counts)| RatingGroupCounts { id, counts }).collect();
    Ok(Json(RatingSummary { total, groups }))
}

fn channel_id(text: &str) -> Answer<ChannelId> {
    path_id(text, "the channel")
}

/// Whether a channel asks how its answers were.
#[utoipa::path(get, path = "/api/v1/channels/{id}/survey", operation_id = "getChannelSurvey", tag = "channels",
    params(("id" = ChannelId, Path)), responses((status = 200, body = SurveySettings)))]
async fn settings(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
) -> Answer<Json<SurveySettings>> {
    Ok(Json(surveys::settings(&engine, &principal, &channel_id(&id)?).await?))
}

/// Keeps what a channel asks; conversations that are resolved from now on are asked about.
#[utoipa::path(put, path = "/api/v1/channels/{id}/survey", operation_id = "putChannelSurvey", tag = "channels",
    params(("id" = ChannelId, Path)), request_body = SurveySettings, responses((status = 200, body = SurveySettings)))]
async fn put_settings(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    TextPath(id): TextPath<String>,
    StrictJson(settings): StrictJson<SurveySettings>,
) -> Answer<Json<SurveySettings>> {
    Ok(Json(surveys::put_settings(&engine, &principal, &channel_id(&id)?, settings).await?))
}
