//! The helpers: what they are called, what they take, and what comes of plain values. Those that look variables up are the renderer's.

use std::borrow::Cow;

use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Helper {
    Lookup,
    Default,
    Not,
    And,
    Or,
    Eq,
    Ne,
    Lt,
    Lte,
    Gt,
    Gte,
    Len,
}

impl Helper {
    const ALL: [(&'static str, Self); 12] = [
        ("lookup", Self::Lookup),
        ("default", Self::Default),
        ("not", Self::Not),
        ("and", Self::And),
        ("or", Self::Or),
        ("eq", Self::Eq),
        ("ne", Self::Ne),
        ("lt", Self::Lt),
        ("lte", Self::Lte),
        ("gt", Self::Gt),
        ("gte", Self::Gte),
        ("len", Self::Len),
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, helper)| helper)
    }

    pub fn names() -> Vec<&'static str> {
        Self::ALL.into_iter().map(|(name, _)| name).collect()
    }

    pub const fn takes(self, arguments: usize) -> bool {
        match self {
            Self::Not | Self::Len => arguments == 1,
            Self::And | Self::Or => arguments >= 1,
            _ => arguments == 2,
        }
    }

    pub const fn arguments(self) -> &'static str {
        match self {
            Self::Not | Self::Len => "one argument",
            Self::And | Self::Or => "one argument or more",
            _ => "two arguments",
        }
    }

    /// Whether the variables it is given may be missing.
    pub const fn allows_missing(self) -> bool {
        matches!(self, Self::Default | Self::Not | Self::And | Self::Or)
    }

    /// What comes of two values, for those that compare.
    pub fn compared(self, left: &Value, right: &Value) -> bool {
        use std::cmp::Ordering;
        let order = match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                left.as_f64().zip(right.as_f64()).and_then(|(left, right)| left.partial_cmp(&right))
            }
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            (Value::Bool(left), Value::Bool(right)) if left == right => Some(Ordering::Equal),
            (Value::Null, Value::Null) => Some(Ordering::Equal),
            // Lists and objects equal nothing: comparing them could take long.
            _ => None,
        };
        match self {
            Self::Eq => order == Some(Ordering::Equal),
            Self::Ne => order != Some(Ordering::Equal),
            Self::Lt => order == Some(Ordering::Less),
            Self::Lte => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            Self::Gt => order == Some(Ordering::Greater),
            Self::Gte => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
            _ => false,
        }
    }
}

/// How many items, fields or characters it has.
pub(crate) fn len(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    }
}

/// Handlebars' truth: false, null, 0, an empty text and an empty list are not true.
pub(crate) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}

/// A value as text; `None` for lists and objects, which have no one spelling.
pub(crate) fn shown(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => Some(Cow::Borrowed("")),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}
