//! Suppressions as CSV: a list from elsewhere taken in, row by row, and the columns it is given out in.

use model::Timestamp;
use model::key::{Principal, Scope};
use model::limits::{
    SUPPRESSION_IMPORT_BATCH, SUPPRESSION_IMPORT_BYTES_MAX, SUPPRESSION_IMPORT_ERRORS_MAX, SUPPRESSION_IMPORT_ROWS_MAX,
};
use model::suppression::{SuppressionReason, SuppressionScope};
use serde::Serialize;
use store::Priority;

use super::{Added, NewSuppression, checked, may, put, read_csv};
use crate::audit::{self, Target};
use crate::{Engine, EngineError, FieldError, Result};

/// The columns, as they are exported; an import may have them in any order, and needs the first alone.
pub const EXPORT_HEADER: [&str; 5] = ["address", "scope", "scopeId", "reason", "expiresAt"];

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SuppressionImport)]
pub struct Imported {
    /// Rows below the header.
    pub rows: usize,
    pub added: usize,
    /// Were on the list; the reason is stronger now, or they hold longer.
    pub changed: usize,
    /// Were on the list as the row says.
    pub unchanged: usize,
    pub rejected: usize,
    /// The first 100 rows that were rejected.
    pub errors: Vec<RowError>,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = SuppressionImportError)]
pub struct RowError {
    /// Of the file, from 1.
    pub line: usize,
    /// The column; absent where the row can't be read at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub detail: String,
}

/// Which field is which column.
#[derive(Debug, Default)]
struct Columns([Option<usize>; EXPORT_HEADER.len()]);

/// Takes a list in. Rows that are wrong are told of and left out; the others are kept, some hundred at a time. Taking the same list in
/// again changes nothing.
///
/// # Errors
/// No header that can be read, too many rows or bytes; the scope `suppressions:write` is missing.
pub async fn import(engine: &Engine, principal: &Principal, text: &str) -> Result<Imported> {
    may(principal, Scope::SuppressionsWrite)?;
    if text.len() > SUPPRESSION_IMPORT_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: SUPPRESSION_IMPORT_BYTES_MAX as u64 });
    }
    if read_csv(text).take(SUPPRESSION_IMPORT_ROWS_MAX + 2).count() > SUPPRESSION_IMPORT_ROWS_MAX + 1 {
        return Err(EngineError::invalid(
            "",
            format!("more than {SUPPRESSION_IMPORT_ROWS_MAX} rows; import them in several parts"),
        ));
    }
    let mut rows = read_csv(text);
    let columns = Columns::of(rows.next().map(|row| row.fields))?;
    let mut done = Imported::default();
    let mut batch = Vec::new();
    let now = Timestamp::now();
    for row in rows {
        done.rows += 1;
        match columns.read(row.fields, now) {
            Ok(new) => batch.push(new),
            Err(error) => {
                done.rejected += 1;
                if done.errors.len() < SUPPRESSION_IMPORT_ERRORS_MAX {
                    done.errors.push(RowError { line: row.line, ..error });
                }
            }
        }
        if batch.len() == SUPPRESSION_IMPORT_BATCH {
            keep(engine, principal, std::mem::take(&mut batch), &mut done).await?;
        }
    }
    keep(engine, principal, batch, &mut done).await?;
    Ok(done)
}

/// Each batch tells of itself in the audit log: what was kept before a cut is told of, too.
async fn keep(engine: &Engine, principal: &Principal, batch: Vec<NewSuppression>, done: &mut Imported) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let (workspace, now, by) = (principal.workspace_id.clone(), Timestamp::now(), audit::by(principal));
    let added = crate::write_again_on_conflict(&engine.db, Priority::Foreground, move |tx| {
        audit::note(tx, &by, "suppressions.imported", Target::of("workspace", &workspace), &[])?;
        batch.iter().map(|new| Ok(put(tx, &workspace, new, now)?.1)).collect::<store::Result<Vec<_>>>()
    })
    .await?;
    for added in added {
        match added {
            Added::New => done.added += 1,
            Added::Changed => done.changed += 1,
            Added::Same => done.unchanged += 1,
        }
    }
    Ok(())
}

impl Columns {
    fn of(header: Option<std::result::Result<Vec<String>, super::CsvFault>>) -> Result<Self> {
        let wrong = |detail: String| EngineError::Invalid(vec![FieldError::new("", detail)]);
        let names = EXPORT_HEADER.join(",");
        let header = header
            .ok_or_else(|| wrong(format!("the file is empty; its first row names the columns: {names}")))?
            .map_err(|fault| wrong(format!("the header (line 1) can't be read: {fault}")))?;
        let mut columns = Self::default();
        for (place, name) in header.iter().enumerate() {
            let name = name.trim();
            let known = EXPORT_HEADER.iter().position(|known| known.eq_ignore_ascii_case(name));
            let slot = known.and_then(|known| columns.0.get_mut(known));
            match slot {
                Some(slot @ None) => *slot = Some(place),
                Some(_) => return Err(wrong(format!("the header names the column {name} twice"))),
                None => {
                    let name: String = name.chars().take(60).collect();
                    return Err(wrong(format!("the header names an unknown column `{name}`; known are {names}")));
                }
            }
        }
        match columns.0.first() {
            Some(Some(_)) => Ok(columns),
            _ => Err(wrong(format!("the header (line 1) has no column address; the columns are {names}"))),
        }
    }

    fn read(
        &self,
        fields: std::result::Result<Vec<String>, super::CsvFault>,
        now: Timestamp,
    ) -> std::result::Result<NewSuppression, RowError> {
        let wrong = |column: Option<&str>, detail: String| RowError { line: 0, column: column.map(Into::into), detail };
        let fields = fields.map_err(|fault| wrong(None, fault.to_string()))?;
        if fields.len() > self.0.iter().flatten().count() {
            return Err(wrong(None, "more fields than the header has columns".into()));
        }
        let [address, scope, scope_id, reason, expires_at] =
            self.0.map(|place| place.and_then(|place| fields.get(place)).map_or("", |field| field.trim()));
        let scope = match scope {
            "" => SuppressionScope::Workspace,
            word => SuppressionScope::parse(word)
                .ok_or_else(|| wrong(Some("scope"), "one of useCase, domain, workspace".into()))?,
        };
        let reason = match reason {
            "" => SuppressionReason::Manual,
            word => SuppressionReason::parse(word).ok_or_else(|| {
                wrong(Some("reason"), "one of hardBounce, softBounce, complaint, unsubscribe, manual".into())
            })?,
        };
        let expires_at = match expires_at {
            "" => None,
            text => Some(
                Timestamp::parse(text)
                    .map_err(|_| wrong(Some("expiresAt"), "a time such as 2030-01-31T12:00:00Z (RFC 3339)".into()))?,
            ),
        };
        let new = NewSuppression {
            address: address.to_owned(),
            scope,
            scope_id: Some(scope_id.to_owned()),
            reason,
            detail: None,
            message_id: None,
            expires_at,
        };
        checked(new, now).map_err(|errors| {
            let first = errors.into_iter().next();
            let (pointer, detail) = first.map(|error| (error.pointer, error.detail)).unwrap_or_default();
            wrong(Some(pointer.trim_start_matches('/')), detail)
        })
    }
}
