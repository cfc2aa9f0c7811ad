//! `/api/v1/analytics`: what happened to mail, counted.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::analytics::{self, Interval, Query};
use model::Timestamp;
use model::analytics::{Stretch, Summary};
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
    OpenApiRouter::new().routes(routes!(summary)).routes(routes!(series))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// 30 days before `to`, where it is not said. Whole hours in UTC.
    from: Option<Timestamp>,
    /// Now, where it is not said.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    use_case_id: Option<String>,
}

impl SummaryQuery {
    fn read(&self) -> Answer<Query> {
        Ok(Query {
            from: self.from,
            to: self.to,
            channel_id: query_id("channelId", self.channel_id.as_deref())?,
            use_case_id: query_id("useCaseId", self.use_case_id.as_deref())?,
        })
    }
}

/// What happened in a time of at most 366 days. A moment passes before an event is counted.
#[utoipa::path(get, path = "/api/v1/analytics/summary", operation_id = "getAnalyticsSummary", tag = "analytics",
    params(SummaryQuery), responses((status = 200, body = Summary)))]
async fn summary(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<SummaryQuery>,
) -> Answer<Json<Summary>> {
    Ok(Json(analytics::summary(&engine, &principal, query.read()?).await?))
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AnalyticsInterval)]
enum IntervalName {
    Hour,
    #[default]
    Day,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SeriesQuery {
    /// 30 days before `to`, where it is not said. Whole hours or days in UTC.
    from: Option<Timestamp>,
    /// Now, where it is not said.
    to: Option<Timestamp>,
    channel_id: Option<String>,
    use_case_id: Option<String>,
    /// `day` where it is not said; `hour` for at most 31 days.
    interval: Option<IntervalName>,
}

/// The hours or days of a time, oldest first; those when nothing happened are there too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnalyticsSeries)]
struct Series {
    interval: IntervalName,
    items: Vec<Stretch>,
}

/// What happened in each hour or day of a time.
#[utoipa::path(get, path = "/api/v1/analytics/series", operation_id = "getAnalyticsSeries", tag = "analytics",
    params(SeriesQuery), responses((status = 200, body = Series)))]
async fn series(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<SeriesQuery>,
) -> Answer<Json<Series>> {
    let name = query.interval.unwrap_or_default();
    let interval = match name {
        IntervalName::Hour => Interval::Hour,
        IntervalName::Day => Interval::Day,
    };
    let time =
        SummaryQuery { from: query.from, to: query.to, channel_id: query.channel_id, use_case_id: query.use_case_id };
    let items = analytics::series(&engine, &principal, time.read()?, interval).await?;
    Ok(Json(Series { interval: name, items }))
}
