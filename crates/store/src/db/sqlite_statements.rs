//! A SQLite connection's prepared statements, found by their text. Owns how long they are kept; never what they say.

use std::collections::HashMap;

use rusqlite::{Connection, Statement, params_from_iter};

use super::tx::{STATEMENTS_KEPT, SqliteConnection};
use super::value::{Row, Value};
use crate::error::{Result, StoreError};

pub(super) struct SqliteStatements<'c> {
    connection: &'c Connection,
    prepared: Vec<Statement<'c>>,
    places: HashMap<String, usize>,
}

impl<'c> SqliteStatements<'c> {
    pub fn of(connection: &'c Connection) -> Self {
        Self { connection, prepared: Vec::new(), places: HashMap::new() }
    }

    fn prepared(&mut self, sql: &str) -> Result<&mut Statement<'c>> {
        let place = match self.places.get(sql) {
            Some(place) => *place,
            None => self.prepare(sql)?,
        };
        self.prepared.get_mut(place).ok_or_else(|| StoreError::Unavailable("a prepared statement is gone".into()))
    }

    fn prepare(&mut self, sql: &str) -> Result<usize> {
        if self.prepared.len() >= STATEMENTS_KEPT {
            self.places.clear();
            self.prepared.clear();
        }
        let place = self.prepared.len();
        self.prepared.push(self.connection.prepare(&numbered(sql))?);
        self.places.insert(sql.to_owned(), place);
        Ok(place)
    }
}

impl SqliteConnection for SqliteStatements<'_> {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        Ok(self.prepared(sql)?.execute(params_from_iter(values))? as u64)
    }

    fn insert(&mut self, sql: &str, values: &[Value<'_>]) -> Result<i64> {
        Ok(self.prepared(sql)?.insert(params_from_iter(values))?)
    }

    fn query(&mut self, sql: &str, values: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
        let mut rows = self.prepared(sql)?.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            each(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.connection.execute_batch(sql)?)
    }
}

/// SQLite numbers `$1` by first appearance; `?1` is what means "the first value".
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}
