//! `/api/v1/search`: messages by what is in them.

use axum::Json;
use axum::extract::State;
use engine::Engine;
use engine::search::{self, RANKED_MAX, SearchHit, Sort};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::wire::{page, slice};
use crate::app::App;
use crate::auth::Caller;
use crate::paging::{Order, Page};
use crate::problem::Answer;
use crate::strict::StrictQuery;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(find))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchQuery {
    /// Words that must all be there; `"words together"`, `begin*`, `-without`, `from:`, `to:`, `subject:`, `has:attachment`, `is:open`,
    /// `label:`, `assignee:`, `before:2026-05-31`, `after:`. A value that can't be read is a 400.
    q: String,
    #[serde(default)]
    sort: SortBy,
    /// Where the page begins: the `cursor` of the one before.
    cursor: Option<String>,
    /// 1 to 100 items; 50 where it is not said.
    take: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SortBy {
    #[default]
    Newest,
    /// Of the newest 1,000 matches the best first.
    Relevance,
}

/// Messages that were found.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SearchAnswer {
    #[serde(flatten)]
    page: Page<SearchHit>,
    /// What was left out, if something was.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Messages that hold what is looked for, newest first. A page may be shorter than asked for and still go on.
#[utoipa::path(get, path = "/api/v1/search", operation_id = "search", tag = "search",
    params(SearchQuery), responses((status = 200, body = SearchAnswer)))]
async fn find(
    State(engine): State<Engine>,
    Caller(principal): Caller,
    StrictQuery(query): StrictQuery<SearchQuery>,
) -> Answer<Json<SearchAnswer>> {
    let part = slice(query.cursor.as_deref(), query.take, None, Order::Desc)?;
    let sort = match query.sort {
        SortBy::Newest => Sort::Newest,
        SortBy::Relevance => Sort::Relevance,
    };
    let found = search::find(&engine, &principal, &query.q, sort, part).await?;
    let note = found
        .ranked_newest_only
        .then(|| format!("the newest {RANKED_MAX} matches were ranked; there are older ones, which sort=newest shows"));
    Ok(Json(SearchAnswer { page: page(found.listing), note }))
}
