//! A transaction under way, on either engine. The same numbered placeholders (`$1`) serve both.

use std::collections::HashMap;

use super::value::{Row, Value};
use super::{Dialect, Topic};
use crate::error::{Result, StoreError};

/// Prepared statements kept a connection.
pub(super) const STATEMENTS_KEPT: usize = 256;

/// Rows of one INSERT on PostgreSQL.
const ROWS_A_STATEMENT: usize = 100;

pub(super) enum Connection<'c> {
    Sqlite(&'c mut dyn SqliteConnection),
    Postgres(&'c mut dyn PostgresConnection, &'c mut Statements),
}

/// What a SQLite connection with its prepared statements is asked for; hides its lifetime parameter.
pub(super) trait SqliteConnection {
    fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64>;
    fn insert(&mut self, sql: &str, values: &[Value<'_>]) -> Result<i64>;
    fn query(&mut self, sql: &str, values: &[Value<'_>], each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()>;
    fn batch(&mut self, sql: &str) -> Result<()>;
}

/// What a PostgreSQL transaction is asked for; hides its lifetime parameter.
pub(super) trait PostgresConnection {
    fn prepare(&mut self, sql: &str) -> std::result::Result<postgres::Statement, postgres::Error>;
    fn execute(
        &mut self,
        statement: &postgres::Statement,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> std::result::Result<u64, postgres::Error>;
    fn query(
        &mut self,
        statement: &postgres::Statement,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> std::result::Result<Vec<postgres::Row>, postgres::Error>;
    fn batch(&mut self, sql: &str) -> std::result::Result<(), postgres::Error>;
}

impl PostgresConnection for postgres::Transaction<'_> {
    fn prepare(&mut self, sql: &str) -> std::result::Result<postgres::Statement, postgres::Error> {
        postgres::Transaction::prepare(self, sql)
    }
    fn execute(
        &mut self,
        statement: &postgres::Statement,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> std::result::Result<u64, postgres::Error> {
        postgres::Transaction::execute(self, statement, values)
    }
    fn query(
        &mut self,
        statement: &postgres::Statement,
        values: &[&(dyn postgres::types::ToSql + Sync)],
    ) -> std::result::Result<Vec<postgres::Row>, postgres::Error> {
        postgres::Transaction::query(self, statement, values)
    }
    fn batch(&mut self, sql: &str) -> std::result::Result<(), postgres::Error> {
        self.batch_execute(sql)
    }
}

pub(super) type Statements = HashMap<String, postgres::Statement>;

pub struct Tx<'c> {
    connection: Connection<'c>,
    topics: u16,
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: Connection<'c>) -> Self {
        Self { connection, topics: 0 }
    }

    pub fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(..) => Dialect::Postgres,
        }
    }

    /// Wakes whoever waits for `topic`, after the commit.
    pub fn announce(&mut self, topic: Topic) {
        self.topics |= 1 << topic as u8;
    }

    pub(super) fn topics(&self) -> u16 {
        self.topics
    }

    /// Runs a statement; answers how many rows it changed.
    ///
    /// # Errors
    /// What the database says.
    pub fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.execute(sql, values),
            Connection::Postgres(transaction, statements) => {
                let statement = prepare(*transaction, statements, sql)?;
                Ok(transaction.execute(&statement, &references(values))?)
            }
        }
    }

    /// Inserts one row; answers the number the database gave it in the column `key`.
    ///
    /// # Errors
    /// What the database says.
    pub fn insert_numbered(&mut self, sql: &str, key: &'static str, values: &[Value<'_>]) -> Result<i64> {
        if let Connection::Sqlite(connection) = &mut self.connection {
            // RETURNING would make SQLite ready to undo the statement, page by page.
            return connection.insert(sql, values);
        }
        let numbered = self.query_one(&format!("{sql} RETURNING {key}"), values, |row| row.int(0))?;
        numbered.ok_or_else(|| StoreError::Unavailable(format!("the database gave no {key} to a new row")))
    }

    /// Runs a query and maps every row.
    ///
    /// # Errors
    /// What the database or `map` says.
    pub fn query<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        match &mut self.connection {
            Connection::Sqlite(connection) => {
                let mut found = Vec::new();
                connection.query(sql, values, &mut |row| {
                    found.push(map(row)?);
                    Ok(())
                })?;
                Ok(found)
            }
            Connection::Postgres(transaction, statements) => {
                let statement = prepare(*transaction, statements, sql)?;
                let rows = transaction.query(&statement, &references(values))?;
                rows.iter().map(|row| map(&Row::Postgres(row))).collect()
            }
        }
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// What the database or `map` says.
    pub fn query_one<T>(
        &mut self,
        sql: &str,
        values: &[Value<'_>],
        map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        Ok(self.query(sql, values, map)?.into_iter().next())
    }

    /// Inserts many rows: one statement for up to [`ROWS_A_STATEMENT`] on PostgreSQL, where the round trip costs; row by row on
    /// SQLite, where a prepared statement is cheaper. `tail` is what follows VALUES (`ON CONFLICT …`).
    ///
    /// # Errors
    /// What the database says.
    pub fn insert_many(&mut self, head: &str, columns: usize, tail: &str, rows: &[Vec<Value<'_>>]) -> Result<u64> {
        let mut inserted = 0;
        if self.dialect() == Dialect::Sqlite {
            let sql = format!("{head} VALUES ({}) {tail}", placeholders(1, columns));
            for row in rows {
                inserted += self.execute(&sql, row)?;
            }
            return Ok(inserted);
        }
        for chunk in rows.chunks(ROWS_A_STATEMENT) {
            let tuples: Vec<String> =
                (0..chunk.len()).map(|row| format!("({})", placeholders(row * columns + 1, columns))).collect();
            let sql = format!("{head} VALUES {} {tail}", tuples.join(", "));
            let values: Vec<Value<'_>> = chunk.iter().flatten().cloned().collect();
            inserted += self.execute(&sql, &values)?;
        }
        Ok(inserted)
    }

    /// Several statements without values, for migrations.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<()> {
        match &mut self.connection {
            Connection::Sqlite(connection) => connection.batch(sql)?,
            Connection::Postgres(transaction, _) => transaction.batch(sql)?,
        }
        Ok(())
    }
}

/// `$first, $first+1, …`: `count` placeholders.
pub fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 5);
    for number in first..first + count {
        if number > first {
            text.push_str(", ");
        }
        text.push('$');
        text.push_str(&number.to_string());
    }
    text
}

fn references<'v>(values: &'v [Value<'v>]) -> Vec<&'v (dyn postgres::types::ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn postgres::types::ToSql + Sync)).collect()
}

fn prepare(client: &mut dyn PostgresConnection, statements: &mut Statements, sql: &str) -> Result<postgres::Statement> {
    if let Some(statement) = statements.get(sql) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(sql)?;
    if statements.len() >= STATEMENTS_KEPT {
        statements.clear();
    }
    statements.insert(sql.to_owned(), statement.clone());
    Ok(statement)
}
