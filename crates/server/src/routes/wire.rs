//! What the routes of mail share of requests and answers: pages, strict queries and bodies, who asks.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::FieldError;
use engine::listing::{Listing, SliceOf};
use model::limits::{PAGE_TAKE_DEFAULT, PAGE_TAKE_MAX};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::failure::{Failure, bad_request};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page begins; empty on the last one.
    pub cursor: String,
}

impl<T> Page<T> {
    pub fn of<Place: Display>(listing: Listing<T, Place>) -> Self {
        let cursor = listing.next.map(|place| URL_SAFE_NO_PAD.encode(place.to_string())).unwrap_or_default();
        Self { items: listing.items, cursor }
    }

    /// All there is.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, cursor: String::new() }
    }
}

/// The part of a list a query asks for.
pub(super) fn slice<Place: FromStr>(
    cursor: Option<&str>,
    take: Option<usize>,
    order: Option<Order>,
    usual: Order,
) -> Result<SliceOf<Place>, Failure> {
    let after = match cursor.filter(|cursor| !cursor.is_empty()) {
        None => None,
        Some(cursor) => Some(place(cursor).ok_or_else(|| {
            bad_request("cursor can't be read: give the one of the page before, unchanged, or none for the first page")
        })?),
    };
    let take = take.unwrap_or(PAGE_TAKE_DEFAULT);
    if !(1..=PAGE_TAKE_MAX).contains(&take) {
        return Err(bad_request(format!("take is {take}; 1 to {PAGE_TAKE_MAX} items fit a page")));
    }
    Ok(SliceOf { after, ascending: order.unwrap_or(usual) == Order::Asc, take })
}

fn place<Place: FromStr>(cursor: &str) -> Option<Place> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?.parse().ok()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Order {
    Asc,
    Desc,
}

/// An id of the path. What is no id of this kind is nothing that is there.
pub(super) fn path_id<Id: FromStr>(text: &str, what: &'static str) -> Result<Id, Failure> {
    text.parse().map_err(|_| engine::EngineError::NotFound { what }.into())
}

/// An id of a query parameter.
pub(super) fn query_id<Id: FromStr<Err = impl Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<Id>, Failure> {
    text.map(str::parse).transpose().map_err(|error| bad_request(format!("{name}: {error}")))
}

/// Tells a field that is null from one that is not there.
#[expect(clippy::option_option, reason = "absent, null and a value are three things in a PATCH")]
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

    pub fn done(self) -> Result<(), engine::EngineError> {
        if self.0.is_empty() { Ok(()) } else { Err(engine::EngineError::Invalid(self.0)) }
    }
}
