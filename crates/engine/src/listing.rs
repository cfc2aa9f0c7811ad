//! Pages of lists: what is asked for and what comes back. Places are typed here and opaque on the wire.

/// A part of a list: `take` items behind `after`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SliceOf<Place> {
    pub after: Option<Place>,
    pub ascending: bool,
    pub take: usize,
}

/// A page, and the place to go on behind; `None` on the last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T, Place> {
    pub items: Vec<T>,
    pub next: Option<Place>,
}

impl<T, Place> Listing<T, Place> {
    pub fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }

    /// Of `take` + 1 found items, the page and whether it goes on.
    pub(crate) fn cut(mut found: Vec<T>, take: usize, place: impl Fn(&T) -> Place) -> Self {
        let goes_on = found.len() > take;
        found.truncate(take);
        let next = found.last().filter(|_| goes_on).map(place);
        Self { items: found, next }
    }
}
