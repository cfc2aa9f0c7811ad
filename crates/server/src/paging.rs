//! Pages of lists: `cursor`, `take`, `order`, and the envelope they come in. A cursor is opaque, and good for its list alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::limits::{PAGE_TAKE_DEFAULT, PAGE_TAKE_MAX};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// Bytes of a cursor that say which list it is of.
const LIST_BYTES: usize = 4;

tokio::task_local! {
    static LIST: [u8; LIST_BYTES];
}

/// Runs `work` as a request for the list at `path`.
pub async fn within<T>(path: &str, work: impl Future<Output = T>) -> T {
    let mut list = [0; LIST_BYTES];
    list.iter_mut().zip(Sha256::digest(path)).for_each(|(byte, hashed)| *byte = hashed);
    LIST.scope(list, work).await
}

fn list() -> [u8; LIST_BYTES] {
    LIST.try_with(|list| *list).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    Asc,
    Desc,
}

/// What every list takes.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// From the page before; absent for the first.
    pub cursor: Option<String>,
    /// Items a page, 1 to 100; 50 if absent.
    pub take: Option<usize>,
    pub order: Option<Order>,
}

/// # Errors
/// `take` is not 1 to 100 (400).
pub fn take(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(PAGE_TAKE_DEFAULT) {
        take if (1..=PAGE_TAKE_MAX).contains(&take) => Ok(take),
        take => Err(Problem::unreadable(format!("take is {take}; 1 to {PAGE_TAKE_MAX} is possible"))),
    }
}

/// A page of a list. `cursor` is `""` on the last one.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub cursor: String,
}

impl<T> Page<T> {
    /// A page of a list that is short by nature and known whole, in the order of its items' places.
    ///
    /// # Errors
    /// `take` or the cursor can't be read, or the cursor is of another list (400).
    pub fn of_all<Place>(
        all: Vec<T>,
        query: &PageQuery,
        usual: Order,
        place: impl Fn(&T) -> Place,
    ) -> Result<Self, Problem>
    where
        Place: Ord + Serialize + DeserializeOwned,
    {
        let (take, ascending) = (take(query.take)?, query.order.unwrap_or(usual) == Order::Asc);
        let after: Option<Place> = decode(query.cursor.as_deref())?;
        let behind = |item: &T| {
            after.as_ref().is_none_or(|after| if ascending { place(item) > *after } else { place(item) < *after })
        };
        let mut found: Vec<T> = all.into_iter().filter(behind).collect();
        found.sort_by_key(&place);
        if !ascending {
            found.reverse();
        }
        Ok(Self::cut(found, take, place))
    }

    /// Of `take` + 1 found items: the page, and a cursor to the place of its last item if there is more.
    pub fn cut<Place: Serialize>(mut found: Vec<T>, take: usize, place: impl Fn(&T) -> Place) -> Self {
        let more = found.len() > take;
        found.truncate(take);
        let cursor = found.last().filter(|_| more).map(|last| encode(&place(last))).unwrap_or_default();
        Self { items: found, cursor }
    }
}

/// The opaque form of a place in the list that is asked for.
pub fn encode(place: &impl Serialize) -> String {
    let mut bytes = list().to_vec();
    bytes.extend(serde_json::to_vec(place).unwrap_or_default());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// # Errors
/// The cursor is not one of ours, or not of this list (400).
pub fn decode<Place: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<Place>, Problem> {
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else { return Ok(None) };
    let wrong =
        || Problem::unreadable("the cursor can't be read; pass the one that the page before answered, unchanged");
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong())?;
    let (of, place) = bytes.split_at_checked(LIST_BYTES).ok_or_else(wrong)?;
    if of != list() {
        return Err(Problem::unreadable("the cursor is of another list; pass the one that the page before answered"));
    }
    serde_json::from_slice(place).map(Some).map_err(|_| wrong())
}
