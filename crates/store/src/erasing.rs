//! What has to go where when a message, a conversation or a contact is erased: the one place that knows every table that speaks of
//! them. Whoever adds such a table adds it here. Never decides what is erased.

use model::contact::Contact;
use model::draft::DraftContent;
use model::message::Direction;
use model::{ContactId, ConversationId, ErasureId, Timestamp, UploadId, UserId, WorkspaceId};

use crate::blob_graves::Grave;
use crate::conditions::Conditions;
use crate::conversations::{self, ConversationRow};
use crate::db::{Topic, Tx, Value};
use crate::error::Result;
use crate::messages::{self, MessageRow};
use crate::{blob_graves, blobs_table, contact_merges, list_members, lists, message_references, search, search_queue};

/// Tables whose rows are of one conversation, by its id.
const OF_CONVERSATION: &[&str] = &[
    "conversation_label",
    "participant",
    "presence",
    "conversation_mention",
    "automation_idle",
    "automation_run",
    "conversation_timing",
    "survey",
];
/// The same of one message.
const OF_MESSAGE: &[&str] =
    &["message_mention", "message_engagement", "broadcast_recipient", "delivery", "delivery_report", "submission"];

/// A message with all that hangs on it. Its raw mail goes where no other message has the same bytes.
///
/// # Errors
/// What the database says.
pub fn message(tx: &mut Tx<'_>, erasure: &ErasureId, row: &MessageRow) -> Result<()> {
    search::remove(tx, row.seq)?;
    search_queue::remove(tx, &[row.seq])?;
    remove_references(tx, row)?;
    for tag in &row.tags {
        tx.execute(
            "DELETE FROM message_tag WHERE workspace_id = $1 AND tag = $2 AND message_seq = $3",
            &[(&row.workspace_id).into(), tag.into(), row.seq.into()],
        )?;
    }
    let sent = if row.direction == Direction::Outbound { row.attachments.as_slice() } else { &[] };
    for attachment in sent {
        // What was uploaded for it lies there for a while.
        let Some(filename) = &attachment.filename else { continue };
        tx.execute(
            "DELETE FROM upload WHERE workspace_id = $1 AND filename = $2 AND size = $3",
            &[(&row.workspace_id).into(), filename.into(), attachment.size.into()],
        )?;
    }
    let reports =
        tx.query("SELECT blob_id FROM delivery_report WHERE message_id = $1", &[(&row.id).into()], |report| {
            report.int(0)
        })?;
    let mut mailbox_mails = Vec::new();
    let sql = "SELECT id FROM mailbox_mail WHERE message_id = $1 AND message_id IS NOT NULL";
    mailbox_mails.extend(tx.query(sql, &[(&row.id).into()], |mail| mail.int(0))?);
    for table in OF_MESSAGE {
        tx.execute(&format!("DELETE FROM {table} WHERE message_id = $1"), &[(&row.id).into()])?;
    }
    tx.execute("DELETE FROM message WHERE seq = $1", &[row.seq.into()])?;
    for mail in mailbox_mails {
        empty_mailbox_mail(tx, mail)?;
    }
    for blob in reports.into_iter().chain(row.blob_id) {
        if is_free(tx, row, blob)? {
            bury(tx, erasure, &row.workspace_id, blob)?;
        }
    }
    Ok(())
}

/// No index finds those who share bytes; they have the Message-ID in common, or their size, as `ingest` looks for them.
fn is_free(tx: &mut Tx<'_>, row: &MessageRow, blob: i64) -> Result<bool> {
    if row.blob_id != Some(blob) {
        return Ok(true); // a report's own
    }
    let namesakes = message_references::namesakes(tx, &row.workspace_id, row.rfc_message_id.as_deref(), row.raw_size)?;
    Ok(namesakes.iter().all(|namesake| namesake.blob_id != Some(blob)))
}

fn bury(tx: &mut Tx<'_>, erasure: &ErasureId, workspace: &WorkspaceId, blob: i64) -> Result<()> {
    match blobs_table::remove(tx, blob)? {
        Some((location, hash)) => {
            let grave = Grave { location, workspace_id: workspace.clone(), hash };
            blob_graves::add(tx, erasure, &grave)
        }
        None => Ok(()),
    }
}

fn remove_references(tx: &mut Tx<'_>, row: &MessageRow) -> Result<()> {
    let names: Vec<&String> = row.references.iter().chain(&row.in_reply_to).chain(&row.rfc_message_id).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind("workspace_id = ?", &row.workspace_id);
    conditions.bind("message_seq = ?", row.seq);
    conditions.bind_list("rfc_message_id IN (?)", names.iter().map(|name| Value::from(*name)));
    tx.execute(&format!("DELETE FROM message_reference WHERE {}", conditions.text()), conditions.values())?;
    Ok(())
}

/// A mail of somebody's mailbox stays known, so that it is not taken for a new one; what it says goes. Its bytes are the caller's.
fn empty_mailbox_mail(tx: &mut Tx<'_>, mail: i64) -> Result<()> {
    tx.execute(
        "UPDATE mailbox_place SET mail_id = NULL, unreadable = $2, email_id = NULL, server_thread_id = NULL WHERE mail_id = $1",
        &[mail.into(), true.into()],
    )?;
    tx.execute(
        "UPDATE mailbox_mail SET rfc_message_id = NULL, thread_id = '', summary = '{}', blob_id = NULL, message_id = NULL WHERE id = $1",
        &[mail.into()],
    )?;
    Ok(())
}

/// A conversation that has no message any more.
///
/// # Errors
/// What the database says.
pub fn conversation(tx: &mut Tx<'_>, row: &ConversationRow) -> Result<()> {
    let id = &row.public.id;
    let drafts = tx.query("SELECT user_id, content FROM draft WHERE place = $1", &[id.into()], |draft| {
        Ok((UserId::from_stored(draft.text(0)?), draft.text(1)?))
    })?;
    for (user, content) in drafts {
        draft(tx, &user, id.as_str(), &content)?;
    }
    for table in OF_CONVERSATION {
        tx.execute(&format!("DELETE FROM {table} WHERE conversation_id = $1"), &[id.into()])?;
    }
    tx.execute("DELETE FROM conversation_merge WHERE into_id = $1", &[id.into()])?;
    conversations::remove(tx, row)
}

/// A draft and the files for it.
///
/// # Errors
/// What the database says.
pub fn draft(tx: &mut Tx<'_>, user: &UserId, place: &str, content: &str) -> Result<()> {
    let content: DraftContent = serde_json::from_str(content).unwrap_or_default();
    let uploads: Vec<&UploadId> = content.files.iter().map(|file| &file.upload_id).collect();
    for upload in uploads {
        tx.execute("DELETE FROM upload WHERE id = $1 AND user_id = $2", &[upload.into(), user.into()])?;
    }
    tx.execute("DELETE FROM draft WHERE user_id = $1 AND place = $2", &[user.into(), place.into()])?;
    tx.announce(Topic::Drafts);
    Ok(())
}

/// A place among the drafts of a workspace: whose, and where.
pub type DraftKey = (String, String);

/// Drafts of a workspace behind a place, with what they hold.
///
/// # Errors
/// What the database says.
pub fn drafts_behind(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    after: &DraftKey,
    take: usize,
) -> Result<Vec<(DraftKey, String)>> {
    tx.query(
        "SELECT user_id, place, content FROM draft WHERE workspace_id = $1 AND (user_id, place) > ($2, $3)
         ORDER BY user_id, place LIMIT $4",
        &[workspace.into(), (&after.0).into(), (&after.1).into(), take.into()],
        |row| Ok(((row.text(0)?, row.text(1)?), row.text(2)?)),
    )
}

/// Messages of a contact that are left, of whatever conversation, oldest first.
///
/// # Errors
/// What the database says.
pub fn messages_of_contact(tx: &mut Tx<'_>, contact: &ContactId, take: usize) -> Result<Vec<MessageRow>> {
    let sql = format!(
        "SELECT seq, {} FROM message WHERE seq IN (SELECT seq FROM message WHERE contact_id = $1 LIMIT $2) ORDER BY seq",
        messages::COLUMNS
    );
    tx.query(&sql, &[contact.into(), take.into()], messages::from_row)
}

/// Messages in conversations of others that went to these addresses (in lower case) and to nobody else, oldest first.
///
/// # Errors
/// What the database says.
pub fn messages_to(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    addresses: &[String],
    take: usize,
) -> Result<Vec<MessageRow>> {
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let conditions = to_alone(workspace, addresses, vec![take.into()]);
    let sql = format!(
        "SELECT seq, {} FROM message WHERE id IN (SELECT d.message_id FROM delivery d WHERE {} LIMIT $1) ORDER BY seq",
        messages::COLUMNS,
        conditions.text()
    );
    tx.query(&sql, conditions.values(), messages::from_row)
}

/// Of deliveries `d`: those to the addresses of messages that went to nobody else.
fn to_alone<'v>(workspace: &'v WorkspaceId, addresses: &'v [String], values: Vec<Value<'v>>) -> Conditions<'v> {
    let mut conditions = Conditions::after(values);
    conditions.bind("d.workspace_id = ?", workspace);
    conditions.bind_list(
        "LOWER(d.recipient) IN (?) AND NOT EXISTS (SELECT 1 FROM delivery o
         WHERE o.message_id = d.message_id AND LOWER(o.recipient) NOT IN (?))",
        addresses.iter().map(|address| Value::from(address.as_str())),
    );
    conditions
}

/// Messages of a conversation that are left, oldest first.
///
/// # Errors
/// What the database says.
pub fn messages_of_conversation(tx: &mut Tx<'_>, id: &ConversationId, take: usize) -> Result<Vec<MessageRow>> {
    let sql =
        format!("SELECT seq, {} FROM message WHERE conversation_id = $1 ORDER BY seq LIMIT $2", messages::COLUMNS);
    tx.query(&sql, &[id.into(), take.into()], messages::from_row)
}

/// A conversation with the contact that is left.
///
/// # Errors
/// What the database says.
pub fn conversation_of_contact(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    contact: &ContactId,
) -> Result<Option<ConversationId>> {
    let sql =
        "SELECT id FROM conversation WHERE contact_id = $1 AND workspace_id = $2 ORDER BY last_activity_at, id LIMIT 1";
    tx.query_one(sql, &[contact.into(), workspace.into()], |row| row.text(0).map(ConversationId::from_stored))
}

/// In somebody else's conversation nobody takes part by these addresses any more.
///
/// # Errors
/// What the database says.
pub fn take_out(tx: &mut Tx<'_>, id: &ConversationId, addresses: &[String]) -> Result<()> {
    for address in addresses {
        tx.execute(
            "DELETE FROM participant WHERE conversation_id = $1 AND address = $2",
            &[id.into(), address.into()],
        )?;
    }
    Ok(())
}

/// The contact itself: name, attributes, addresses, notes, lists. Answers how many notes and lists there were.
///
/// # Errors
/// What the database says.
pub fn contact(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &Contact, now: Timestamp) -> Result<(u64, u64)> {
    let id = &contact.id;
    let mut on_lists = 0;
    for list in contact_merges::lists_of(tx, workspace, id)? {
        // One that was deleted counts nobody any more, and still has members for a while.
        let counts = lists::lock(tx, workspace, &list)?.is_some();
        if list_members::remove(tx, &list, id)?.is_some() && counts {
            lists::count_members(tx, &list, -1, None, now)?;
            on_lists += 1;
        }
    }
    let notes = tx.execute("DELETE FROM contact_note WHERE contact_id = $1", &[id.into()])?;
    for address in &contact.addresses {
        remove_address(tx, workspace, &address.address)?;
    }
    tx.execute("DELETE FROM automation_reply WHERE recipient = $1", &[id.into()])?;
    tx.execute("DELETE FROM contact_merge WHERE into_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM contact_address WHERE contact_id = $1", &[id.into()])?;
    tx.execute("DELETE FROM contact WHERE id = $1 AND workspace_id = $2", &[id.into(), workspace.into()])?;
    Ok((notes, on_lists))
}

/// What speaks of an address and not of a contact, but for suppressions.
fn remove_address(tx: &mut Tx<'_>, workspace: &WorkspaceId, address: &str) -> Result<()> {
    for (table, column) in
        [("soft_bounce", "address"), ("suppression_removal", "address"), ("linked_mail", "recipient")]
    {
        let sql = format!("DELETE FROM {table} WHERE workspace_id = $1 AND {column} = $2");
        tx.execute(&sql, &[workspace.into(), address.into()])?;
    }
    tx.execute(
        "DELETE FROM automation_reply WHERE recipient = $2 AND automation_id IN (SELECT id FROM automation WHERE workspace_id = $1)",
        &[workspace.into(), address.into()],
    )?;
    Ok(())
}

/// Some activities of a contact, and the mails that are no other contact's. Answers their ids.
///
/// # Errors
/// What the database says.
pub fn activities(tx: &mut Tx<'_>, erasure: &ErasureId, contact: &ContactId, take: usize) -> Result<Vec<String>> {
    let found = tx.query(
        "SELECT id, workspace_id, account_id, mail_id FROM activity WHERE contact_id = $1 ORDER BY occurred_at, id LIMIT $2",
        &[contact.into(), take.into()],
        |row| Ok((row.text(0)?, WorkspaceId::from_stored(row.text(1)?), row.text(2)?, row.int(3)?)),
    )?;
    let mut ids = Vec::with_capacity(found.len());
    for (id, workspace, account, mail) in found {
        tx.execute("DELETE FROM activity WHERE id = $1", &[(&id).into()])?;
        ids.push(id);
        let others = "SELECT 1 FROM activity WHERE account_id = $1 AND mail_id = $2 LIMIT 1";
        if tx.query_one(others, &[account.into(), mail.into()], |_| Ok(()))?.is_some() {
            continue;
        }
        let own = "SELECT blob_id FROM mailbox_mail WHERE id = $1 AND message_id IS NULL";
        let blob = tx.query_one(own, &[mail.into()], |row| row.int_or_null(0))?.flatten();
        if let Some(blob) = blob {
            empty_mailbox_mail(tx, mail)?;
            bury(tx, erasure, &workspace, blob)?;
        }
    }
    Ok(ids)
}

/// Mails on their way out of accounts that go to these addresses and to nobody else.
///
/// # Errors
/// What the database says.
pub fn submissions(
    tx: &mut Tx<'_>,
    erasure: &ErasureId,
    workspace: &WorkspaceId,
    addresses: &[String],
    take: usize,
) -> Result<()> {
    let found = tx.query(
        "SELECT id, rcpt_to, blob_id FROM submission WHERE workspace_id = $1 AND message_id IS NULL ORDER BY id LIMIT $2",
        &[workspace.into(), take.into()],
        |row| Ok((row.text(0)?, row.json::<Vec<String>>("submission", 1)?, row.int(2)?)),
    )?;
    for (id, recipients, blob) in found {
        let is_theirs = |recipient: &String| addresses.iter().any(|address| address.eq_ignore_ascii_case(recipient));
        if recipients.iter().all(is_theirs) {
            tx.execute("DELETE FROM submission WHERE id = $1", &[id.into()])?;
            bury(tx, erasure, workspace, blob)?;
        }
    }
    Ok(())
}

/// Some reports from before a time, and their raw mails. Answers how many.
///
/// # Errors
/// What the database says.
pub fn reports(
    tx: &mut Tx<'_>,
    erasure: &ErasureId,
    workspace: &WorkspaceId,
    before: Timestamp,
    take: usize,
) -> Result<u64> {
    let found = tx.query(
        "SELECT identity, blob_id FROM delivery_report WHERE workspace_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3",
        &[workspace.into(), before.into(), take.into()],
        |row| Ok((row.bytes(0)?, row.int(1)?)),
    )?;
    for (identity, blob) in &found {
        tx.execute("DELETE FROM delivery_report WHERE identity = $1", &[identity.into()])?;
        bury(tx, erasure, workspace, *blob)?;
    }
    Ok(found.len() as u64)
}

/// How much there is of a contact: conversations, messages, activities.
///
/// # Errors
/// What the database says.
pub fn count(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &Contact) -> Result<(u64, u64, u64)> {
    let mut one = |sql: &str| {
        let counted = tx.query_one(sql, &[(&contact.id).into(), workspace.into()], |row| row.int(0))?;
        Result::Ok(counted.unwrap_or(0).unsigned_abs())
    };
    let conversations = one("SELECT COUNT(*) FROM conversation WHERE contact_id = $1 AND workspace_id = $2")?;
    let messages = one("SELECT (SELECT COUNT(*) FROM conversation c JOIN message m ON m.conversation_id = c.id
                 WHERE c.contact_id = $1 AND c.workspace_id = $2)
              + (SELECT COUNT(*) FROM message m JOIN conversation c ON c.id = m.conversation_id
                 WHERE m.contact_id = $1 AND m.workspace_id = $2 AND COALESCE(c.contact_id, '') <> $1)")?;
    let activities = one("SELECT COUNT(*) FROM activity WHERE contact_id = $1 AND workspace_id = $2")?;
    Ok((conversations, messages + count_to(tx, workspace, contact)?, activities))
}

/// Messages in conversations of others that are somebody else's but for their only recipient.
fn count_to(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &Contact) -> Result<u64> {
    let addresses: Vec<String> = contact.addresses.iter().map(|each| each.address.clone()).collect();
    if addresses.is_empty() {
        return Ok(0);
    }
    let conditions = to_alone(workspace, &addresses, vec![(&contact.id).into()]);
    let sql = format!(
        "SELECT COUNT(*) FROM message m JOIN conversation c ON c.id = m.conversation_id
         WHERE COALESCE(m.contact_id, '') <> $1 AND COALESCE(c.contact_id, '') <> $1
         AND m.id IN (SELECT d.message_id FROM delivery d WHERE {})",
        conditions.text()
    );
    let counted = tx.query_one(&sql, conditions.values(), |row| row.int(0))?;
    Ok(counted.unwrap_or(0).unsigned_abs())
}
