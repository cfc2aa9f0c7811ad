//! A WHERE clause under way: conditions and the values they bind, numbered alike. Never takes text from outside into SQL.

use crate::db::Value;

pub(crate) struct Conditions<'v> {
    texts: Vec<String>,
    values: Vec<Value<'v>>,
}

impl<'v> Conditions<'v> {
    /// `values` are bound before any condition.
    pub fn after(values: Vec<Value<'v>>) -> Self {
        Self { texts: Vec::new(), values }
    }

    /// A condition in which every `?` is `value`.
    pub fn bind(&mut self, condition: &str, value: impl Into<Value<'v>>) {
        self.values.push(value.into());
        self.texts.push(condition.replace('?', &format!("${}", self.values.len())));
    }

    /// A condition in which `?` is the list of `values`, the last of them repeated until there is a power of two of them:
    /// the texts of lists of any length are few, and stay prepared.
    pub fn bind_list(&mut self, condition: &str, values: impl ExactSizeIterator<Item = Value<'v>>) {
        let (first, count) = (self.values.len(), values.len().next_power_of_two());
        self.values.extend(values);
        if let Some(last) = self.values.get(first..).and_then(<[_]>::last).cloned() {
            self.values.resize(first + count, last);
        }
        let places = crate::db::placeholders(first + 1, self.values.len() - first);
        self.texts.push(condition.replace('?', &places));
    }

    /// A condition that binds nothing.
    pub fn add(&mut self, condition: impl Into<String>) {
        self.texts.push(condition.into());
    }

    /// Rows behind (or, ascending, after) a row's place by two columns.
    pub fn behind(&mut self, columns: (&str, &str), ascending: bool, place: (Value<'v>, Value<'v>)) {
        self.values.push(place.0);
        self.values.push(place.1);
        let last = self.values.len();
        let sign = if ascending { ">" } else { "<" };
        self.texts.push(format!("({}, {}) {sign} (${}, ${last})", columns.0, columns.1, last - 1));
    }

    /// All conditions, with `more` behind them.
    pub fn text_with(&self, more: &[String]) -> String {
        let all: Vec<&str> = self.texts.iter().chain(more).map(String::as_str).collect();
        all.join(" AND ")
    }

    pub fn text(&self) -> String {
        self.text_with(&[])
    }

    pub fn values(&self) -> &[Value<'v>] {
        &self.values
    }
}
