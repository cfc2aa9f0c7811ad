//! Whether a mail in a conversation answers whoever wrote there, or goes to somebody else. Reads only.

use std::collections::HashSet;

use model::message::ThreadedBy;
use store::conversations::ConversationRow;
use store::{Result, Tx, contacts, conversations};

use super::enqueue::Outgoing;

/// Mails of a conversation that are looked at for who wrote and who was named, the newest.
const MAILS_LOOKED_AT: usize = 50;

pub(super) fn answers(tx: &mut Tx<'_>, outgoing: &Outgoing, conversation: &ConversationRow) -> Result<bool> {
    let request = &outgoing.request;
    // Conversations of use cases have no timers, and a machine of ours is known as one.
    if outgoing.sender.channel_id().is_none() || request.automatic {
        return Ok(true);
    }
    if request.is_forward {
        return Ok(false);
    }
    let ours = mailbox(&outgoing.sender.mailbox.address);
    let to = [&request.to, &request.cc, &request.bcc].into_iter().flatten();
    let to: HashSet<String> = to.map(|one| mailbox(&one.address)).filter(|one| *one != ours).collect();
    if let Some(id) = &conversation.public.contact_id
        && let Some(contact) = contacts::get(tx, &outgoing.workspace_id, id)?
        && contact.addresses.iter().any(|one| to.contains(&mailbox(&one.address)))
    {
        return Ok(true);
    }
    for (writer, recipients) in conversations::correspondents(tx, &conversation.public.id, MAILS_LOOKED_AT)? {
        let named = recipients.iter().map(|recipient| &recipient.address);
        if named.chain([&writer]).any(|address| to.contains(&mailbox(address))) {
            return Ok(true);
        }
    }
    // A program answers where a mail wants its answer (Reply-To), which may be an address that never wrote.
    let subject = mail::subject::normalize(&outgoing.reading.subject);
    Ok(outgoing.thread.by != ThreadedBy::Conversation && subject.is_reply && !subject.is_forward)
}

fn mailbox(address: &str) -> String {
    let address = mail::address::normalize(address).unwrap_or_else(|| address.to_lowercase());
    mail::address::mailbox(&address).into_owned()
}
