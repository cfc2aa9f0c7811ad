//! Mails between an account and contacts, noted as activities, each once, and told of. Never decides which mails are.

use model::Timestamp;
use model::event::EventType;
use model::message::Direction;
use serde_json::json;
use store::accounts::AccountRow;
use store::activities::{self, NewActivity};
use store::events::{self, NewEvent};
use store::{Result, Tx, contacts};

/// A mail from somebody, or to some.
pub(super) struct MailBetween<'a> {
    pub mail_id: i64,
    pub direction: Direction,
    /// Normalised. Those of contacts count.
    pub addresses: &'a [String],
    /// Without angle brackets.
    pub rfc_message_id: &'a str,
    pub subject: &'a str,
    pub occurred_at: Timestamp,
    /// It is history: webhooks are not told.
    pub imported: bool,
}

/// Answers how many are new.
pub(super) fn note(tx: &mut Tx<'_>, account: &AccountRow, mail: &MailBetween<'_>, now: Timestamp) -> Result<u64> {
    let workspace_id = &account.workspace_id;
    let mut count = 0;
    for address in mail.addresses {
        let Some(contact) = contacts::id_by_address(tx, workspace_id, address)? else { continue };
        let activity = NewActivity {
            workspace_id,
            contact_id: &contact,
            account_id: &account.id,
            mail_id: mail.mail_id,
            direction: mail.direction,
            rfc_message_id: mail.rfc_message_id,
            subject: mail.subject,
            occurred_at: mail.occurred_at,
            at: now,
        };
        let Some(id) = activities::add(tx, &activity)? else { continue };
        count += 1;
        let data = json!({
            "id": id, "contactId": contact, "messageId": format!("<{}>", mail.rfc_message_id), "accountId": account.name,
            "direction": mail.direction, "subject": mail.subject, "occurredAt": mail.occurred_at,
        });
        let event = NewEvent {
            workspace_id,
            channel_id: account.channel_id.as_ref(),
            event_type: EventType::ActivityCreated,
            subject_id: id.as_str(),
            data: &data,
            at: now,
        };
        if mail.imported {
            events::append_imported(tx, &event)?
        } else {
            events::append(tx, &event)?
        };
    }
    Ok(count)
}
