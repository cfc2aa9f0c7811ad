//! In a change, a field that is not there is kept and one that is null is taken away. Owns how the two are told apart in JSON.

use serde::{Deserialize, Deserializer};

/// For `#[serde(default, deserialize_with = "model::absence::nullable")]`: `None` where the field is not there, `Some(None)` where it is null.
///
/// # Errors
/// A value that is no `T`.
pub fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
