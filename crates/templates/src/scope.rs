//! What names mean where a template stands: the context and those around it, loop data, names that blocks and partials gave. Reads only.

use std::borrow::Cow;

use serde_json::Value;

use crate::expression::Path;

/// A value and, where it is one of the variables, the names that lead to it.
#[derive(Debug, Clone)]
pub(crate) struct Seen<'v> {
    pub value: Cow<'v, Value>,
    pub way: Option<Vec<Cow<'v, str>>>,
}

impl<'v> Seen<'v> {
    pub fn computed(value: Value) -> Self {
        Self { value: Cow::Owned(value), way: None }
    }

    /// What it has under a name, or an index.
    pub fn below(&self, name: Cow<'v, str>) -> Result<Self, Absent> {
        let found = match &self.value {
            Cow::Borrowed(Value::Object(fields)) => fields.get(name.as_ref()),
            Cow::Borrowed(Value::Array(items)) => name.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        };
        let mut way = self.way.clone().unwrap_or_default();
        way.push(name);
        match found {
            Some(value) => Ok(Self { value: Cow::Borrowed(value), way: Some(way) }),
            None => Err(Absent { way: way.into_iter().map(Cow::into_owned).collect() }),
        }
    }
}

/// A variable that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Absent {
    pub way: Vec<String>,
}

/// Where a loop is.
#[derive(Debug, Clone)]
pub(crate) struct Turn<'v> {
    pub index: usize,
    pub key: Option<Cow<'v, str>>,
    pub is_last: bool,
}

/// A context, within others.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'s, 'v> {
    pub parent: Option<&'s Scope<'s, 'v>>,
    pub this: Seen<'v>,
    /// What a partial was given by name: fields of the context, as it were.
    pub named: Vec<(&'v str, Seen<'v>)>,
    /// What a block calls its item (`as |item index|`), here and within.
    pub params: Vec<(&'v str, Seen<'v>)>,
    pub turn: Option<Turn<'v>>,
}

impl<'s, 'v> Scope<'s, 'v> {
    pub fn root(variables: &'v Value) -> Self {
        let this = Seen { value: Cow::Borrowed(variables), way: Some(Vec::new()) };
        Self { parent: None, this, named: Vec::new(), params: Vec::new(), turn: None }
    }

    pub fn within(parent: &'s Scope<'s, 'v>, this: Seen<'v>) -> Self {
        Self { parent: Some(parent), this, named: Vec::new(), params: Vec::new(), turn: None }
    }

    /// # Errors
    /// It is not there.
    pub fn find(&self, path: &'v Path) -> Result<Seen<'v>, Absent> {
        if path.is_data {
            return self.find_data(path);
        }
        let scope = self.up(path.up).ok_or_else(|| Absent { way: path.names.clone() })?;
        let Some((first, rest)) = path.names.split_first() else { return Ok(scope.this.clone()) };
        let first = match scope.given(first, path.up == 0) {
            Some(given) => given.clone(),
            None => match scope.this.below(Cow::Borrowed(first)) {
                Ok(found) => found,
                Err(mut absent) => {
                    absent.way.extend(rest.iter().cloned());
                    return Err(absent);
                }
            },
        };
        descend(first, rest)
    }

    fn up(&self, levels: usize) -> Option<&Scope<'s, 'v>> {
        let mut scope = self;
        for _ in 0..levels {
            scope = scope.parent?;
        }
        Some(scope)
    }

    fn given(&self, name: &str, with_params: bool) -> Option<&Seen<'v>> {
        let among = |list: &'_ [(&'v str, Seen<'v>)]| list.iter().position(|(known, _)| *known == name);
        let mut scope = Some(self);
        while let Some(here) = scope.filter(|_| with_params) {
            if let Some(place) = among(&here.params) {
                return here.params.get(place).map(|(_, seen)| seen);
            }
            scope = here.parent;
        }
        among(&self.named).and_then(|place| self.named.get(place)).map(|(_, seen)| seen)
    }

    fn find_data(&self, path: &'v Path) -> Result<Seen<'v>, Absent> {
        let absent = || Absent { way: vec![format!("@{}", path.names.join("."))] };
        let (first, rest) = path.names.split_first().ok_or_else(absent)?;
        if first == "root" {
            let mut scope = self;
            while let Some(parent) = scope.parent {
                scope = parent;
            }
            return descend(scope.this.clone(), rest);
        }
        let mut scope = Some(self);
        let mut to_pass = path.up;
        while let Some(here) = scope {
            match &here.turn {
                Some(turn) if to_pass == 0 => {
                    let value = match first.as_str() {
                        "index" => turn.index.into(),
                        "key" => turn.key.as_ref().map_or_else(|| turn.index.into(), |key| Value::from(key.as_ref())),
                        "first" => (turn.index == 0).into(),
                        "last" => turn.is_last.into(),
                        _ => return Err(absent()),
                    };
                    return Ok(Seen::computed(value));
                }
                Some(_) => to_pass -= 1,
                None => {}
            }
            scope = here.parent;
        }
        Err(absent())
    }
}

fn descend<'v>(mut seen: Seen<'v>, names: &'v [String]) -> Result<Seen<'v>, Absent> {
    for (place, name) in names.iter().enumerate() {
        seen = seen.below(Cow::Borrowed(name)).map_err(|mut absent| {
            absent.way.extend(names.iter().skip(place + 1).cloned());
            absent
        })?;
    }
    Ok(seen)
}
