//! Message templates and their versions. A version is written once; the template's row says which one is current.

use model::template::{Template, TemplateChannel, TemplateContent, TemplateFormat, TemplateSummary, TemplateVersion};
use model::{AccountId, TemplateId, Timestamp, WorkspaceId};

use crate::conditions::Conditions;
use crate::db::{Row, Tx, json};
use crate::error::{Result, StoreError};

const COLUMNS: &str = "t.id, t.name, t.description, t.format, t.version, t.account_id, t.created_at, t.updated_at";

fn format(text: &str) -> Result<TemplateFormat> {
    TemplateFormat::parse(text).ok_or_else(|| StoreError::corrupt("template", format!("format {text}")))
}

fn summary(row: &Row<'_>) -> Result<TemplateSummary> {
    Ok(TemplateSummary {
        id: TemplateId::from_stored(row.text(0)?),
        name: row.text(1)?,
        description: row.text_or_null(2)?,
        channel: TemplateChannel::Email,
        format: format(&row.text(3)?)?,
        version: row.int(4)?.unsigned_abs(),
        account_id: row.text_or_null(5)?.map(AccountId::from_stored),
        created_at: row.time(6)?,
        updated_at: row.time(7)?,
    })
}

fn whole(row: &Row<'_>) -> Result<Template> {
    Ok(Template { summary: summary(row)?, content: row.json("template_version", 8)? })
}

fn select(rest: &str) -> String {
    format!(
        "SELECT {COLUMNS}, v.content FROM template t JOIN template_version v ON v.template_id = t.id AND v.number = t.version WHERE {rest}"
    )
}

/// A new template with its first version. One of the same name is a unique violation.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, workspace: &WorkspaceId, template: &Template) -> Result<()> {
    let head = &template.summary;
    tx.execute(
        "INSERT INTO template (id, workspace_id, account_id, name, description, format, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&head.id).into(),
            workspace.into(),
            (&head.account_id).into(),
            (&head.name).into(),
            (&head.description).into(),
            head.format.as_str().into(),
            head.version.into(),
            head.created_at.into(),
            head.updated_at.into(),
        ],
    )?;
    add_version(tx, template)
}

/// Keeps a template's name, description and format, and which version is current. False where it was changed after `before`, or is gone:
/// nothing is written then.
///
/// # Errors
/// What the database says.
pub fn update(tx: &mut Tx<'_>, workspace: &WorkspaceId, before: Timestamp, head: &TemplateSummary) -> Result<bool> {
    let changed = tx.execute(
        "UPDATE template SET name = $3, description = $4, format = $5, version = $6, updated_at = $7
         WHERE id = $1 AND workspace_id = $2 AND updated_at = $8",
        &[
            (&head.id).into(),
            workspace.into(),
            (&head.name).into(),
            (&head.description).into(),
            head.format.as_str().into(),
            head.version.into(),
            head.updated_at.into(),
            before.into(),
        ],
    )?;
    Ok(changed == 1)
}

/// The content as it is now becomes the version that the template calls current.
///
/// # Errors
/// What the database says.
pub fn add_version(tx: &mut Tx<'_>, template: &Template) -> Result<()> {
    let content = json("template", &template.content)?;
    let head = &template.summary;
    tx.execute(
        "INSERT INTO template_version (template_id, number, format, content, created_at) VALUES ($1, $2, $3, $4, $5)",
        &[(&head.id).into(), head.version.into(), head.format.as_str().into(), content.into(), head.updated_at.into()],
    )?;
    Ok(())
}

/// Forgets versions up to one.
///
/// # Errors
/// What the database says.
pub fn forget_versions(tx: &mut Tx<'_>, id: &TemplateId, up_to: u64) -> Result<()> {
    tx.execute("DELETE FROM template_version WHERE template_id = $1 AND number <= $2", &[id.into(), up_to.into()])?;
    Ok(())
}

/// # Errors
/// What the database says.
pub fn get(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &TemplateId) -> Result<Option<Template>> {
    tx.query_one(&select("t.id = $1 AND t.workspace_id = $2"), &[id.into(), workspace.into()], whole)
}

/// The one of this name: the account's, else the workspace's.
///
/// # Errors
/// What the database says.
pub fn by_name(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    name: &str,
) -> Result<Option<Template>> {
    let sql = select(
        "t.workspace_id = $1 AND t.name = $2 AND (t.account_id IS NULL OR t.account_id = $3)
         ORDER BY CASE WHEN t.account_id IS NULL THEN 1 ELSE 0 END LIMIT 1",
    );
    let account = account.map_or("", |id| id.as_str());
    tx.query_one(&sql, &[workspace.into(), name.into(), account.into()], whole)
}

/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) FROM template WHERE workspace_id = $1";
    Ok(tx.query_one(sql, &[workspace.into()], |row| row.int(0))?.unwrap_or(0).unsigned_abs())
}

/// Newest first, or ascending by id: all of a workspace, or those of one account.
///
/// # Errors
/// What the database says.
pub fn page(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    account: Option<&AccountId>,
    after: Option<&TemplateId>,
    ascending: bool,
    take: usize,
) -> Result<Vec<TemplateSummary>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    conditions.bind("t.workspace_id = ?", workspace);
    if let Some(account) = account {
        conditions.bind("t.account_id = ?", account);
    }
    if let Some(after) = after {
        conditions.bind(if ascending { "t.id > ?" } else { "t.id < ?" }, after);
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!("SELECT {COLUMNS} FROM template t WHERE {} ORDER BY t.id {order} LIMIT $1", conditions.text());
    tx.query(&sql, conditions.values(), summary)
}

/// The versions that are kept, behind (or, newest first, before) one.
///
/// # Errors
/// What the database says.
pub fn versions(
    tx: &mut Tx<'_>,
    id: &TemplateId,
    after: Option<u64>,
    ascending: bool,
    take: usize,
) -> Result<Vec<TemplateVersion>> {
    let (comparison, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let sql = format!(
        "SELECT number, format, content, created_at FROM template_version
         WHERE template_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR number {comparison} $2) ORDER BY number {order} LIMIT $3"
    );
    tx.query(&sql, &[id.into(), after.into(), take.into()], version_from)
}

/// # Errors
/// What the database says.
pub fn version(tx: &mut Tx<'_>, id: &TemplateId, number: u64) -> Result<Option<TemplateVersion>> {
    let sql = "SELECT number, format, content, created_at FROM template_version WHERE template_id = $1 AND number = $2";
    tx.query_one(sql, &[id.into(), number.into()], version_from)
}

fn version_from(row: &Row<'_>) -> Result<TemplateVersion> {
    Ok(TemplateVersion {
        number: row.int(0)?.unsigned_abs(),
        format: format(&row.text(1)?)?,
        content: row.json::<TemplateContent>("template_version", 2)?,
        created_at: row.time(3)?,
    })
}

/// Whether there was one.
///
/// # Errors
/// What the database says.
pub fn delete(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &TemplateId) -> Result<bool> {
    let gone =
        tx.execute("DELETE FROM template WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])?;
    if gone > 0 {
        tx.execute("DELETE FROM template_version WHERE template_id = $1", &[id.into()])?;
    }
    Ok(gone > 0)
}

/// Takes away all that belong to an account; how many they were.
///
/// # Errors
/// What the database says.
pub fn delete_of_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<u64> {
    let versions = "DELETE FROM template_version WHERE template_id IN (SELECT id FROM template WHERE account_id = $1)";
    tx.execute(versions, &[account.into()])?;
    tx.execute("DELETE FROM template WHERE account_id = $1", &[account.into()])
}
