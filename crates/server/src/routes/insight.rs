//! `/api/v1/insight`: how much comes in, and how fast it is answered; and the same as CSV.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use engine::Engine;
use engine::insight::{self, GroupBy, Interval, Query, Table};
use model::Timestamp;
use model::insight::{InsightGroup, InsightStretch, InsightSummary};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::query_id;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::Answer;
use crate::strict::StrictQuery;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(summary))
        .routes(routes!(series))
        .routes(routes!(groups))
        .routes(routes!(export))
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = InsightInterval)]
pub enum IntervalName {
    Hour,
    #[default]
    Day,
    /// From Monday on.
    Week,
}

impl IntervalName {
    const fn read(self) -> Interval {
        match self {
            Self::Hour => Interval::Hour,
            Self::Day => Interval::Day,
            Self::Week => Interval::Week,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InsightBy {
    User,
    Team,
    Channel,
}

impl InsightBy {
    const fn read(self) -> GroupBy {
        match self {
            Self::User => GroupBy::User,
            Self::Team => GroupBy::Team,
            Self::Channel => GroupBy::Channel,
        }
    }
}

fn query(
    (from, to): (Option<Timestamp>, Option<Timestamp>),
    channel_id: Option<&str>,
    team_id: Option<&str>,
    user_id: Option<&str>,
    time_zone: Option<String>,
) -> Answer<Query> {
    Ok(Query {
        from,
        to,
        channel_id: query_id("channelId", channel_id)?,
        team_id: query_id("teamId", team_id)?,
        user_id: query_id("userId", user_id)?,
        time_zone,
    })
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// 30 days before `to`, where it is not said.
    from: Option<Timestamp>,
    /// Now, where it is not said. Not within.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    team_id: Option<String>,
    /// What this person answered, and what was theirs.
    user_id: Option<String>,
}

/// The figures of a time of at most 366 days, together. A moment passes before an event is counted.
#[utoipa::path(get, path = "/api/v1/insight/summary", operation_id = "getInsightSummary", tag = "insight",
    params(SummaryQuery), responses((status = 200, body = InsightSummary)))]
async fn summary(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(asked): StrictQuery<SummaryQuery>,
) -> Answer<Json<InsightSummary>> {
    let (channel, team, user) = (asked.channel_id.as_deref(), asked.team_id.as_deref(), asked.user_id.as_deref());
    let query = query((asked.from, asked.to), channel, team, user, None)?;
    Ok(Json(insight::summary(&engine, &principal, query).await?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SeriesQuery {
    /// 30 days before `to`, where it is not said. The whole hours, days or weeks that hold the time are answered.
    from: Option<Timestamp>,
    /// Now, where it is not said. Not within.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    team_id: Option<String>,
    /// What this person answered, and what was theirs.
    user_id: Option<String>,
    /// `day` where it is not said; `hour` for at most 31 days, `week` for at most three years.
    interval: Option<IntervalName>,
    /// Where days and weeks begin, such as `Europe/Berlin`; UTC where it is not said.
    time_zone: Option<String>,
}

/// The hours, days or weeks of a time, oldest first; those when nothing happened are there too.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InsightSeries)]
struct Series {
    interval: IntervalName,
    time_zone: String,
    items: Vec<InsightStretch>,
}

/// The figures of each hour, day or week of a time.
#[utoipa::path(get, path = "/api/v1/insight/series", operation_id = "getInsightSeries", tag = "insight",
    params(SeriesQuery), responses((status = 200, body = Series)))]
async fn series(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(asked): StrictQuery<SeriesQuery>,
) -> Answer<Json<Series>> {
    let interval = asked.interval.unwrap_or_default();
    let (channel, team, user) = (asked.channel_id.as_deref(), asked.team_id.as_deref(), asked.user_id.as_deref());
    let query = query((asked.from, asked.to), channel, team, user, asked.time_zone)?;
    let series = insight::series(&engine, &principal, query, interval.read()).await?;
    Ok(Json(Series { interval, time_zone: series.time_zone, items: series.items }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct GroupsQuery {
    /// 30 days before `to`, where it is not said.
    from: Option<Timestamp>,
    /// Now, where it is not said. Not within.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    team_id: Option<String>,
    user_id: Option<String>,
    by: InsightBy,
}

/// Those with the most first, at most 500.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InsightGroups)]
struct Groups {
    by: InsightBy,
    items: Vec<InsightGroup>,
}

/// The figures of each person, team or channel. An answer counts for who wrote it, everything else for who had the conversation.
#[utoipa::path(get, path = "/api/v1/insight/groups", operation_id = "getInsightGroups", tag = "insight",
    params(GroupsQuery), responses((status = 200, body = Groups)))]
async fn groups(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(asked): StrictQuery<GroupsQuery>,
) -> Answer<Json<Groups>> {
    let (channel, team, user) = (asked.channel_id.as_deref(), asked.team_id.as_deref(), asked.user_id.as_deref());
    let query = query((asked.from, asked.to), channel, team, user, None)?;
    let items = insight::groups(&engine, &principal, query, asked.by.read()).await?;
    Ok(Json(Groups { by: asked.by, items }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// 30 days before `to`, where it is not said.
    from: Option<Timestamp>,
    /// Now, where it is not said. Not within.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    team_id: Option<String>,
    user_id: Option<String>,
    /// A row a person, team or channel; where it is not said, a row an interval.
    by: Option<InsightBy>,
    /// `day` where it is not said.
    interval: Option<IntervalName>,
    time_zone: Option<String>,
}

/// The series, or with `by` the groups, as CSV (UTF-8, RFC 4180). A cell that begins with `=`, `+`, `-` or `@` has a `'` before it.
#[utoipa::path(get, path = "/api/v1/insight/export", operation_id = "exportInsight", tag = "insight",
    params(ExportQuery), responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(asked): StrictQuery<ExportQuery>,
) -> Answer<Response> {
    let (channel, team, user) = (asked.channel_id.as_deref(), asked.team_id.as_deref(), asked.user_id.as_deref());
    let query = query((asked.from, asked.to), channel, team, user, asked.time_zone)?;
    let table = asked.by.map_or(Table::Series, |by| Table::Groups(by.read()));
    let text = insight::export(&engine, &principal, query, asked.interval.unwrap_or_default().read(), table).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"insight.csv\""),
    ];
    Ok((headers, text).into_response())
}
