//! Members of a list as CSV: `address`, `name`, and a column for each variable.

use model::ContactListId;
use model::key::{Principal, Scope};
use model::limits::{LIST_IMPORT_BATCH, LIST_IMPORT_BYTES_MAX, LIST_IMPORT_ERRORS_MAX, LIST_IMPORT_ROWS_MAX};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::members::{NewMember, Who, check, keep};
use super::{find, may};
use crate::audit;
use crate::suppressions::{CsvFault, read_csv};
use crate::{Engine, EngineError, Result};

/// Characters of a variable's name.
const VARIABLE_CHARS_MAX: usize = 60;

/// What became of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListImport)]
pub struct Imported {
    /// Rows below the header.
    pub rows: usize,
    pub added: usize,
    /// Were on the list, with other variables.
    pub changed: usize,
    pub unchanged: usize,
    pub rejected: usize,
    /// The first 100 rows that were rejected.
    pub errors: Vec<ImportedRowError>,
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = ListImportError)]
pub struct ImportedRowError {
    /// Of the file, from 1.
    pub line: usize,
    /// The column; absent where the row can't be read at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    pub detail: String,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Address,
    Name,
    Variable(String),
}

/// Takes members in. Rows that are wrong are told of and left out; the others are kept, some hundred at a time. Taking the same file in
/// again changes nothing.
///
/// # Errors
/// No header that can be read, too many rows or bytes; the list is not there, or would be too long (409); the scope `contacts:write` is
/// missing.
pub async fn import(engine: &Engine, principal: &Principal, id: &ContactListId, text: &str) -> Result<Imported> {
    may(principal, Scope::ContactsWrite)?;
    find(engine, &principal.workspace_id, id).await?;
    if text.len() > LIST_IMPORT_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: LIST_IMPORT_BYTES_MAX as u64 });
    }
    if read_csv(text).take(LIST_IMPORT_ROWS_MAX + 2).count() > LIST_IMPORT_ROWS_MAX + 1 {
        let detail = format!("more than {LIST_IMPORT_ROWS_MAX} rows; import them in several parts");
        return Err(EngineError::invalid("", detail));
    }
    let mut rows = read_csv(text);
    let columns = columns(rows.next().map(|row| row.fields)).map_err(|detail| EngineError::invalid("", detail))?;
    let mut done = Imported::default();
    let (mut batch, mut importer) = (Vec::new(), Some(audit::by(principal)));
    for row in rows {
        done.rows += 1;
        match read(&columns, row.fields) {
            Ok(member) => batch.push(member),
            Err((column, detail)) => {
                done.rejected += 1;
                if done.errors.len() < LIST_IMPORT_ERRORS_MAX {
                    done.errors.push(ImportedRowError { line: row.line, column, detail });
                }
            }
        }
        if batch.len() == LIST_IMPORT_BATCH {
            keep_some(engine, principal, id, (std::mem::take(&mut batch), &mut importer), &mut done).await?;
        }
    }
    keep_some(engine, principal, id, (batch, &mut importer), &mut done).await?;
    Ok(done)
}

/// The first of them that are kept say in the audit log who imports: what was kept before a cut is told of, too.
async fn keep_some(
    engine: &Engine,
    principal: &Principal,
    id: &ContactListId,
    (batch, importer): (Vec<NewMember>, &mut Option<audit::By>),
    done: &mut Imported,
) -> Result<()> {
    if batch.is_empty() {
        return Ok(());
    }
    let kept = keep(engine, &principal.workspace_id, id, batch, importer.take()).await?;
    done.added += kept.added;
    done.changed += kept.changed;
    done.unchanged += kept.unchanged;
    Ok(())
}

type Fields = std::result::Result<Vec<String>, CsvFault>;

/// What the header says, or what is wrong with it.
fn columns(header: Option<Fields>) -> std::result::Result<Vec<Column>, String> {
    let header = header
        .ok_or("the file is empty; its first row names the columns: address, name, and the variables")?
        .map_err(|fault| format!("the header (line 1) can't be read: {fault}"))?;
    let mut columns = Vec::with_capacity(header.len());
    for name in &header {
        let name = name.trim();
        let column = match name.to_ascii_lowercase().as_str() {
            "address" => Column::Address,
            "name" => Column::Name,
            _ if is_variable(name) => Column::Variable(name.to_owned()),
            _ => {
                let name: String = name.chars().take(VARIABLE_CHARS_MAX).collect();
                return Err(format!(
                    "the header names a column `{name}`: a variable's name has 1 to {VARIABLE_CHARS_MAX} ASCII letters, digits and `_`, a letter first"
                ));
            }
        };
        if columns.contains(&column) {
            return Err(format!("the header names the column {name} twice"));
        }
        columns.push(column);
    }
    if !columns.contains(&Column::Address) {
        return Err("the header (line 1) has no column address".into());
    }
    Ok(columns)
}

fn is_variable(name: &str) -> bool {
    name.len() <= VARIABLE_CHARS_MAX
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A member, or the column that is wrong and how. Where the file has no variables, those of a member that is there stay.
fn read(columns: &[Column], fields: Fields) -> std::result::Result<NewMember, (Option<String>, String)> {
    let fields = fields.map_err(|fault| (None, fault.to_string()))?;
    if fields.len() > columns.len() {
        return Err((None, "more fields than the header has columns".into()));
    }
    let (mut address, mut name, mut variables) = (String::new(), None, Map::new());
    let fields = fields.into_iter().map(Some).chain(std::iter::repeat(None));
    for (column, field) in columns.iter().zip(fields) {
        let field = field.unwrap_or_default().replace('\0', "").trim().to_owned();
        match column {
            Column::Address => address = field,
            Column::Name => name = Some(field),
            Column::Variable(variable) => {
                variables.insert(variable.clone(), Json::String(field));
            }
        }
    }
    let variables = columns.iter().any(|column| matches!(column, Column::Variable(_))).then_some(variables);
    let member = NewMember { who: Who::Address { address, name }, variables };
    check(member).map_err(|(column, detail)| (Some(column.to_owned()), detail))
}

/// For the fuzzer: the addresses that would be taken.
#[doc(hidden)]
pub fn fuzz_import(text: &str) -> Vec<String> {
    let mut rows = read_csv(text);
    let Ok(columns) = columns(rows.next().map(|row| row.fields)) else { return Vec::new() };
    let members = rows.filter_map(|row| read(&columns, row.fields).ok());
    let addresses = members.filter_map(|member| match member.who {
        Who::Address { address, .. } => Some(address),
        Who::Contact(_) => None,
    });
    addresses.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn header(text: &str) -> std::result::Result<Vec<Column>, String> {
        columns(read_csv(text).next().map(|row| row.fields))
    }

    #[test]
    fn every_column_but_address_and_name_is_a_variable() {
        let columns = header("Name,plan,ADDRESS,first_name\n").unwrap();
        let row = |text: &str| read(&columns, read_csv(text).next().unwrap().fields);
        let member = row(" Ann ,pro,Ann@Example.ORG,Ann\n").unwrap();
        assert_eq!(member.who, Who::Address { address: "ann@example.org".into(), name: Some("Ann".into()) });
        assert_eq!(member.variables.map(Json::Object), Some(json!({"plan": "pro", "first_name": "Ann"})));
        // What is missing at the end is empty.
        let short = row(",,bo@example.org\n").unwrap();
        assert_eq!(short.who, Who::Address { address: "bo@example.org".into(), name: None });
        assert_eq!(short.variables.map(Json::Object), Some(json!({"plan": "", "first_name": ""})));
        assert_eq!(row("Ann,pro,nobody,x\n").unwrap_err().0.as_deref(), Some("address"));
        assert_eq!(row("a,b,c@example.org,d,e\n").unwrap_err().0, None);
    }

    #[test]
    fn headers_that_say_nothing_are_refused() {
        for wrong in ["", "name,plan\n", "address,address\n", "address,first-name\n", "address,1st\n", "address,\n"] {
            assert!(header(wrong).is_err(), "{wrong}");
        }
        let plain = header("address\n").unwrap();
        let member = read(&plain, read_csv("a@example.org\n").next().unwrap().fields).unwrap();
        assert_eq!(member.variables, None);
    }
}
