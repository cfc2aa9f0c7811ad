//! Activities: mails between accounts and contacts, each once. Never decides what is one.

use model::contact::Activity;
use model::message::Direction;
use model::{AccountId, ActivityId, ContactId, Timestamp, WorkspaceId};

use crate::db::{Row, Tx};
use crate::error::{Result, StoreError};

pub struct NewActivity<'a> {
    pub workspace_id: &'a WorkspaceId,
    pub contact_id: &'a ContactId,
    pub account_id: &'a AccountId,
    pub mail_id: i64,
    pub direction: Direction,
    /// Without angle brackets.
    pub rfc_message_id: &'a str,
    pub subject: &'a str,
    pub occurred_at: Timestamp,
    pub at: Timestamp,
}

/// Keeps an activity; `None` if it is kept already.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx<'_>, activity: &NewActivity<'_>) -> Result<Option<ActivityId>> {
    let id = ActivityId::generate();
    let added = tx.execute(
        "INSERT INTO activity (id, workspace_id, contact_id, account_id, mail_id, direction, rfc_message_id, subject, occurred_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (account_id, mail_id, contact_id) DO NOTHING",
        &[
            (&id).into(),
            activity.workspace_id.into(),
            activity.contact_id.into(),
            activity.account_id.into(),
            activity.mail_id.into(),
            activity.direction.as_str().into(),
            activity.rfc_message_id.into(),
            activity.subject.into(),
            activity.occurred_at.into(),
            activity.at.into(),
        ],
    )?;
    Ok((added == 1).then_some(id))
}

fn from_row(row: &Row<'_>) -> Result<Activity> {
    let direction = row.text(4)?;
    Ok(Activity {
        id: row.text(0)?,
        contact_id: ContactId::from_stored(row.text(1)?),
        message_id: format!("<{}>", row.text(2)?),
        conversation_id: None,
        account_id: row.text_or_null(3)?,
        direction: Direction::parse(&direction)
            .ok_or_else(|| StoreError::corrupt("activity", format!("direction {direction}")))?,
        subject: row.text(5)?,
        occurred_at: row.time(6)?,
    })
}

/// A contact's activities, newest or oldest first, behind a place.
///
/// # Errors
/// What the database says.
pub fn of_contact(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    contact: &ContactId,
    after: Option<&(Timestamp, String)>,
    ascending: bool,
    take: usize,
) -> Result<Vec<Activity>> {
    let (behind, order) = if ascending { (">", "ASC") } else { ("<", "DESC") };
    let start = if ascending { i64::MIN } else { i64::MAX };
    let (at, id) = after.map_or((Timestamp::from_millis(start), ""), |(at, id)| (*at, id.as_str()));
    tx.query(
        &format!(
            "SELECT a.id, a.contact_id, a.rfc_message_id, c.name, a.direction, a.subject, a.occurred_at
             FROM activity a LEFT JOIN account c ON c.id = a.account_id
             WHERE a.contact_id = $1 AND a.workspace_id = $2 AND (a.occurred_at, a.id) {behind} ($3, $4)
             ORDER BY a.occurred_at {order}, a.id {order} LIMIT $5"
        ),
        &[contact.into(), workspace.into(), at.into(), id.into(), take.into()],
        from_row,
    )
}
