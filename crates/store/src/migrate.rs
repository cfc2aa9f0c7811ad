//! Brings a database to this version's schema, one numbered step after another, each in a transaction of its own.
//! Never goes backwards, and never opens a database that a newer version wrote.

use crate::db::{Db, Dialect, Tx};
use crate::error::{Result, StoreError};

struct Migration {
    version: i64,
    name: &'static str,
    /// One text for both engines; see [`translate`].
    shared: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

impl Migration {
    /// One that is the same on both.
    const fn shared(version: i64, name: &'static str, shared: &'static str) -> Self {
        Self { version, name, shared, sqlite: "", postgres: "" }
    }
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "core",
        shared: include_str!("../migrations/0001_core.sql"),
        sqlite: include_str!("../migrations/0001_core.sqlite.sql"),
        postgres: include_str!("../migrations/0001_core.postgres.sql"),
    },
    Migration {
        version: 2,
        name: "lighter writes",
        shared: include_str!("../migrations/0002_lighter_writes.sql"),
        sqlite: include_str!("../migrations/0002_lighter_writes.sqlite.sql"),
        postgres: "",
    },
    Migration::shared(3, "once", include_str!("../migrations/0003_once.sql")),
    Migration {
        version: 4,
        name: "search newest first",
        shared: "",
        sqlite: include_str!("../migrations/0004_search.sqlite.sql"),
        postgres: "",
    },
    Migration::shared(5, "mailboxes", include_str!("../migrations/0005_mailboxes.sql")),
    Migration::shared(6, "mailboxes send", include_str!("../migrations/0006_mailboxes_send.sql")),
    Migration::shared(7, "authentication forms", include_str!("../migrations/0007_authentication_forms.sql")),
    Migration::shared(8, "templates", include_str!("../migrations/0008_templates.sql")),
    Migration::shared(9, "domains", include_str!("../migrations/0009_domains.sql")),
    Migration::shared(10, "suppressions", include_str!("../migrations/0010_suppressions.sql")),
    Migration::shared(11, "tracking", include_str!("../migrations/0011_tracking.sql")),
    Migration::shared(12, "use cases", include_str!("../migrations/0012_use_cases.sql")),
    Migration::shared(13, "analytics", include_str!("../migrations/0013_analytics.sql")),
    Migration::shared(14, "broadcasts", include_str!("../migrations/0014_broadcasts.sql")),
    Migration::shared(15, "allowances", include_str!("../migrations/0015_allowances.sql")),
    Migration::shared(16, "tracking host", include_str!("../migrations/0016_tracking_host.sql")),
    Migration::shared(17, "linked mail", include_str!("../migrations/0017_linked_mail.sql")),
    Migration::shared(18, "message log", include_str!("../migrations/0018_message_log.sql")),
    Migration::shared(19, "zone owners", include_str!("../migrations/0019_zone_owners.sql")),
    Migration::shared(20, "teams", include_str!("../migrations/0020_teams.sql")),
    Migration::shared(21, "automations", include_str!("../migrations/0021_automations.sql")),
    Migration::shared(22, "views and mentions", include_str!("../migrations/0022_views_and_mentions.sql")),
    Migration::shared(23, "working together", include_str!("../migrations/0023_working_together.sql")),
    Migration::shared(24, "sla and insight", include_str!("../migrations/0024_sla_and_insight.sql")),
    Migration {
        version: 25,
        name: "sign-in",
        shared: include_str!("../migrations/0025_sign_in.sql"),
        sqlite: include_str!("../migrations/0025_sign_in.sqlite.sql"),
        postgres: include_str!("../migrations/0025_sign_in.postgres.sql"),
    },
    Migration::shared(26, "contacts and privacy", include_str!("../migrations/0026_contacts_and_privacy.sql")),
    Migration {
        version: 27,
        name: "own addresses",
        shared: include_str!("../migrations/0027_own_addresses.sql"),
        sqlite: include_str!("../migrations/0027_own_addresses.sqlite.sql"),
        postgres: include_str!("../migrations/0027_own_addresses.postgres.sql"),
    },
    Migration::shared(28, "numbers and priorities", include_str!("../migrations/0028_numbers_and_priorities.sql")),
    Migration::shared(29, "surveys asked for", include_str!("../migrations/0029_surveys_asked_for.sql")),
    Migration::shared(30, "personal signatures", include_str!("../migrations/0030_personal_signatures.sql")),
    Migration::shared(31, "gateways", include_str!("../migrations/0031_gateways.sql")),
];

/// The schema this version reads and writes.
pub fn latest_version() -> i64 {
    MIGRATIONS.last().map_or(0, |migration| migration.version)
}

/// Applies what is missing. Answers the versions applied.
///
/// # Errors
/// The database is of a newer version, or a step failed (it was undone).
pub fn migrate(db: &Db) -> Result<Vec<i64>> {
    db.write_blocking(|tx| {
        if tx.dialect() == Dialect::Postgres {
            // Two nodes that start together take turns.
            tx.execute("SELECT pg_advisory_xact_lock(7075201)", &[])?;
        }
        tx.batch("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)")?;
        let current = version(tx)?;
        refuse_newer(current)?;
        let mut applied = Vec::new();
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > current) {
            apply(tx, migration)?;
            applied.push(migration.version);
        }
        Ok(applied)
    })
}

fn version(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.query_one("SELECT COALESCE(MAX(version), 0) FROM schema_version", &[], |row| row.int(0))?.unwrap_or(0))
}

fn refuse_newer(current: i64) -> Result<()> {
    let latest = latest_version();
    if current > latest {
        return Err(StoreError::Migration(format!(
            "the database has schema version {current}, this postroom knows up to {latest}: a newer postroom wrote it. Start that version, or restore a backup made by this one"
        )));
    }
    Ok(())
}

fn apply(tx: &mut Tx<'_>, migration: &Migration) -> Result<()> {
    let dialect = tx.dialect();
    let own = if dialect == Dialect::Sqlite { migration.sqlite } else { migration.postgres };
    for text in [&translate(migration.shared, dialect), own] {
        tx.batch(text).map_err(|error| {
            StoreError::Migration(format!(
                "schema version {} ({}) can't be applied: {error}",
                migration.version, migration.name
            ))
        })?;
    }
    tx.execute(
        "INSERT INTO schema_version (version, name) VALUES ($1, $2)",
        &[migration.version.into(), migration.name.into()],
    )?;
    Ok(())
}

/// The two words in which the engines' table definitions differ.
fn translate(sql: &str, dialect: Dialect) -> String {
    let (serial, bytes) = match dialect {
        Dialect::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB"),
        Dialect::Postgres => ("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA"),
    };
    sql.replace("SERIAL_KEY", serial).replace("BYTES", bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DbConfig, messages};

    /// A database as the version before the given one left it.
    fn before(version: i64, folder: &std::path::Path) -> Db {
        let db = Db::open(&DbConfig::Sqlite { path: folder.join("postroom.db") }).unwrap();
        db.write_blocking(move |tx| {
            tx.batch("CREATE TABLE schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL)")?;
            MIGRATIONS.iter().filter(|migration| migration.version < version).try_for_each(|step| apply(tx, step))
        })
        .unwrap();
        db
    }

    #[test]
    fn an_index_that_was_kept_otherwise_is_filled_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = before(4, folder.path());
        let seqs = db.write_blocking(|tx| {
            let seqs: Vec<i64> = (0..3)
                .map(|n| messages::insert(tx, &crate::message_lists::tests::message(n)))
                .collect::<Result<_>>()?;
            tx.batch("INSERT INTO message_search (rowid, scope, sender, terms) VALUES (1, 'w', 'ann', 'hello')")?;
            // Two are in the index already, one waits.
            crate::search_queue::remove(tx, &seqs[..2])?;
            Ok(seqs)
        });
        assert_eq!(migrate(&db).unwrap().first(), Some(&4));
        let found = db.write_blocking(|tx| {
            let indexed = tx.query("SELECT rowid FROM message_search", &[], |row| row.int(0))?;
            let waiting = tx.query("SELECT message_seq FROM search_queue ORDER BY 1", &[], |row| row.int(0))?;
            Ok((indexed, waiting))
        });
        assert_eq!(found.unwrap(), (Vec::new(), seqs.unwrap()));
        db.close();
    }

    #[test]
    fn accounts_of_an_earlier_version_are_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let db = before(7, folder.path());
        let imap = r#"{"imap":{"host":"imap.example","port":993,"security":"tls","username":"bo"}}"#;
        let account = format!(
            "INSERT INTO account (id, workspace_id, name, settings, state, refusals, initialized, version, created_at, updated_at)
             VALUES ('acc_1', 'ws_1', 'bo', '{imap}', 'connected', 0, 1, 1, 1, 1)"
        );
        db.write_blocking(move |tx| tx.batch(&account)).unwrap();
        assert!(migrate(&db).unwrap().contains(&7));
        let workspace = model::WorkspaceId::from_stored("ws_1".into());
        let row = db.write_blocking(move |tx| crate::accounts::by_name(tx, &workspace, "bo")).unwrap().unwrap();
        assert_eq!(row.settings.imap.map(|imap| (imap.host, imap.bearer)), Some(("imap.example".into(), false)));
        assert_eq!((row.settings.oauth2, row.state), (None, model::account::AccountState::Connected));
        db.close();
    }
}
