//! What the routes of mail share: parts of lists by typed places, ids in paths and queries, fields that may be null.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::FromRef;
use engine::listing::{Listing, SliceOf};
use engine::{Engine, EngineError, FieldError};
use serde::{Deserialize, Deserializer};

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

/// Tells a field that is null from one that is not there.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
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
