//! The account of a channel whose mail comes by IMAP: set up as the channel is, with it, and gone with it. Owns that translation, and
//! what a mail in such a mailbox is to the channel; never connects.

use model::account::{AccountSettings, AccountState, Correspondence, MailServer};
use model::channel::{Channel, ChannelStatus, Provider, TransportSecurity};
use model::event::EventType;
use model::{AccountId, ChannelId, Timestamp};
use secrecy::SecretString;
use store::accounts::{self, AccountRow};
use store::channels::{self, ChannelRow};
use store::mailbox_mails::{self, MailRow};
use store::{Result, Tx};

use super::secrets::{self, AccountSecrets};
use crate::ingest::FromMailbox;
use crate::{Engine, sending};

const TLS_PORT: u16 = 993;
const STARTTLS_PORT: u16 = 143;

/// The account that a channel is to own; `None` for one whose mail comes otherwise.
pub(crate) fn wanted(
    engine: &Engine,
    row: &ChannelRow,
    password: Option<SecretString>,
) -> crate::Result<Option<AccountRow>> {
    let channel = &row.public;
    let (Provider::SmtpImap, Some(imap)) = (channel.provider, imap_server(channel)) else { return Ok(None) };
    let id = AccountId::derived(channel.created_at, channel.id.as_str().as_bytes());
    let kept = AccountSecrets { imap: password.clone(), smtp: password, ..AccountSecrets::default() };
    Ok(Some(AccountRow {
        secrets: secrets::seal(engine, &id, &kept)?,
        id,
        workspace_id: row.workspace_id.clone(),
        name: channel.id.to_string(),
        display_name: Some(channel.name.clone()),
        email: channel.email_address.clone(),
        settings: AccountSettings {
            smtp: smtp_server(channel),
            imap: Some(imap),
            // What its owner answers with another program is seen at once.
            subconnections: vec!["\\Sent".to_owned()],
            ..AccountSettings::default()
        },
        channel_id: Some(channel.id.clone()),
        state: AccountState::Init,
        last_error: None,
        refusals: 0,
        initialized: false,
        version: 1,
        synced_at: None,
        created_at: channel.updated_at,
        updated_at: channel.updated_at,
    }))
}

/// The IMAP server a channel names, what it leaves out filled in.
pub(crate) fn imap_server(channel: &Channel) -> Option<MailServer> {
    let config = &channel.config;
    let security = config.imap_security.unwrap_or(match config.imap_port {
        Some(STARTTLS_PORT) => TransportSecurity::Starttls,
        _ => TransportSecurity::Tls,
    });
    let usual = if security == TransportSecurity::Tls { TLS_PORT } else { STARTTLS_PORT };
    let port = config.imap_port.unwrap_or(usual);
    Some(MailServer {
        host: config.imap_host.clone()?,
        port,
        security,
        username: user(channel),
        bearer: false,
        accept_invalid_certificates: false,
    })
}

fn smtp_server(channel: &Channel) -> Option<MailServer> {
    let config = &channel.config;
    Some(MailServer {
        host: config.smtp_host.clone()?,
        port: config.smtp_port?,
        security: config.smtp_security.unwrap_or_default(),
        username: user(channel),
        bearer: false,
        accept_invalid_certificates: false,
    })
}

fn user(channel: &Channel) -> String {
    channel.config.username.clone().or_else(|| channel.email_address.clone()).unwrap_or_default()
}

/// Brings the account in line with its channel, in the channel's own transaction. `new_password`: it may differ.
pub(crate) fn put(tx: &mut Tx<'_>, channel: &ChannelId, wanted: Option<&AccountRow>, new_password: bool) -> Result<()> {
    let existing = accounts::of_channel(tx, channel)?;
    match (existing, wanted) {
        (None, None) => Ok(()),
        (None, Some(wanted)) => {
            accounts::insert(tx, wanted)?;
            super::accounts::tell(tx, wanted, EventType::AccountAdded, wanted.created_at)
        }
        (Some(existing), None) => take_away(tx, &existing),
        (Some(existing), Some(wanted)) => {
            let same = existing.settings == wanted.settings
                && existing.email == wanted.email
                && existing.display_name == wanted.display_name;
            if same && !new_password {
                return Ok(());
            }
            accounts::update(tx, wanted)
        }
    }
}

/// The channel is gone.
pub(crate) fn delete(tx: &mut Tx<'_>, channel: &ChannelId) -> Result<()> {
    match accounts::of_channel(tx, channel)? {
        Some(existing) => take_away(tx, &existing),
        None => Ok(()),
    }
}

fn take_away(tx: &mut Tx<'_>, account: &AccountRow) -> Result<()> {
    accounts::delete(tx, &account.id)?;
    super::accounts::tell(tx, account, EventType::AccountDeleted, Timestamp::now())
}

/// Whether its mailbox can be reached is whether the channel is connected.
pub(super) fn set_status(tx: &mut Tx<'_>, account: &AccountRow, status: ChannelStatus) -> Result<()> {
    let Some(id) = &account.channel_id else { return Ok(()) };
    let Some(mut row) = channels::get(tx, &account.workspace_id, id)? else { return Ok(()) };
    if row.public.status == status {
        return Ok(());
    }
    row.public.status = status;
    channels::update(tx, &row)?;
    let event_type = match status {
        ChannelStatus::Connected => EventType::ChannelConnected,
        ChannelStatus::Disconnected => EventType::ChannelDisconnected,
    };
    crate::channels::tell(tx, &row, event_type, Timestamp::now())
}

/// What a mail in a channel's mailbox is to the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Somebody wrote to it.
    Received,
    /// Its owner sent it, here or with another program.
    Sent,
    /// Spam, drafts, what was thrown away, and what was there before.
    None,
}

fn part(special_use: Option<&str>, correspondence: Correspondence, is_draft: bool) -> Part {
    match (special_use, correspondence) {
        (Some("\\Junk" | "\\Trash" | "\\Drafts"), _) | (_, Correspondence::Seen) => Part::None,
        _ if is_draft => Part::None,
        (Some("\\Sent"), _) => Part::Sent,
        _ => Part::Received,
    }
}

/// Takes a mail that is new in a folder into the channel's conversations, once wherever it is seen.
pub(super) fn take_in(
    tx: &mut Tx<'_>,
    channel: &ChannelRow,
    special_use: Option<&str>,
    flags: &[String],
    kept: &MailRow,
    mail: &FromMailbox,
) -> Result<()> {
    let Some(blob_id) = kept.blob_id else { return Ok(()) };
    let is_draft = flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\draft"));
    let message = match part(special_use, kept.correspondence, is_draft) {
        Part::None => None,
        Part::Received => receive(tx, channel, mail, blob_id)?,
        Part::Sent => sending::elsewhere::note_sent(
            tx,
            &channel.workspace_id,
            &channel.public,
            &mail.reading,
            blob_id,
            mail.size(),
        )?,
    };
    match message {
        Some(id) => mailbox_mails::set_message(tx, kept.id, &id),
        None => Ok(()),
    }
}

fn receive(
    tx: &mut Tx<'_>,
    channel: &ChannelRow,
    mail: &FromMailbox,
    blob_id: i64,
) -> Result<Option<model::MessageId>> {
    let own_id: Vec<&str> = mail.reading.rfc_message_id.as_deref().into_iter().collect();
    let known = store::message_references::ancestors(tx, &channel.workspace_id, &own_id)?;
    // A copy to oneself of what was sent from here.
    let is_ours = known.iter().any(|message| {
        message.channel_id.as_ref() == Some(&channel.public.id)
            && message.direction == model::message::Direction::Outbound
    });
    if is_ours {
        return Ok(None);
    }
    let recipient = channel.public.email_address.as_deref().unwrap_or(&channel.public.inbound_address);
    let route = crate::channels::of_channel(channel, recipient);
    let accepted = mail.receive(tx, &route, blob_id)?;
    Ok((!accepted.duplicate).then_some(accepted.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_has_its_part() {
        let rows = [
            (Some("\\Inbox"), Correspondence::Received, false, Part::Received),
            // A rule moved it; a mail without a Message-ID was written all the same.
            (None, Correspondence::Received, false, Part::Received),
            (Some("\\Inbox"), Correspondence::Ignored, false, Part::Received),
            (Some("\\Junk"), Correspondence::Received, false, Part::None),
            (Some("\\Trash"), Correspondence::Received, false, Part::None),
            (Some("\\Drafts"), Correspondence::Draft, false, Part::None),
            (Some("\\Inbox"), Correspondence::Draft, true, Part::None),
            (Some("\\Sent"), Correspondence::Sent, false, Part::Sent),
            // It was a draft until it was sent.
            (Some("\\Sent"), Correspondence::Draft, false, Part::Sent),
            (Some("\\Inbox"), Correspondence::Seen, false, Part::None),
            (Some("\\Sent"), Correspondence::Seen, false, Part::None),
        ];
        for (index, (special_use, correspondence, is_draft, wanted)) in rows.into_iter().enumerate() {
            assert_eq!(part(special_use, correspondence, is_draft), wanted, "row {index}");
        }
    }
}
