//! What the routes of mail share: parts of lists by typed places, ids in paths and queries, bodies of CSV.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRef, Request};
use axum::http::{HeaderMap, StatusCode, header};
use engine::listing::{Listing, SliceOf};
use engine::{Engine, EngineError, FieldError};
use http_body_util::{BodyExt as _, Limited};

use crate::app::App;
use crate::paging::{self, Order, Page};
use crate::problem::{Answer, Problem};

impl FromRef<App> for Engine {
    fn from_ref(app: &App) -> Self {
        app.engine.clone()
    }
}

/// A page on the wire: its place as an opaque cursor.
pub(super) fn page<T, Place: Display>(listing: Listing<T, Place>) -> Page<T> {
    let cursor = listing.next.map(|place| paging::encode(&place.to_string())).unwrap_or_default();
    Page { items: listing.items, cursor }
}

/// The part of a list a query asks for.
pub(super) fn slice<Place: FromStr>(
    cursor: Option<&str>,
    take: Option<usize>,
    order: Option<Order>,
    usual: Order,
) -> Answer<SliceOf<Place>> {
    let after = paging::decode::<String>(cursor)?.map(|place| place.parse()).transpose();
    let other_list =
        |_| Problem::unreadable("the cursor is of another list; pass the one that the page before answered");
    Ok(SliceOf {
        after: after.map_err(other_list)?,
        ascending: order.unwrap_or(usual) == Order::Asc,
        take: paging::take(take)?,
    })
}

/// An id of the path. What is no id of this kind is nothing that is there.
pub(super) fn path_id<Id: FromStr>(text: &str, what: &'static str) -> Answer<Id> {
    text.parse().map_err(|_| EngineError::NotFound { what }.into())
}

/// An id of a query parameter.
pub(super) fn query_id<Id: FromStr<Err: Display>>(name: &str, text: Option<&str>) -> Answer<Option<Id>> {
    text.map(str::parse).transpose().map_err(|error| Problem::unreadable(format!("{name} is {error}")))
}

/// Errors of fields, gathered so that all are told at once.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<FieldError>);

impl Fields {
    pub fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError::new(pointer, detail));
    }

    pub fn done(self) -> Result<(), EngineError> {
        if self.0.is_empty() { Ok(()) } else { Err(EngineError::Invalid(self.0)) }
    }
}

/// A body of CSV, of so many bytes at most.
pub(super) async fn csv_body(request: Request, bytes_max: usize) -> Answer<String> {
    is_csv(request.headers())?;
    let too_large = |_| Problem::from(EngineError::TooLarge { limit: bytes_max as u64 });
    let body = Limited::new(request.into_body(), bytes_max).collect().await.map_err(too_large)?.to_bytes();
    String::from_utf8(body.into()).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        Problem::unreadable(format!("the file is not UTF-8, from byte {valid} on"))
    })
}

fn is_csv(headers: &HeaderMap) -> Answer<()> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/csv");
    let essence = said.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/csv") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupportedMediaType",
        format!("the body is {essence}; text/csv is needed"),
    ))
}
