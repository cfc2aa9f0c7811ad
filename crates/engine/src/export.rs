//! All that is kept of a contact, as one archive: JSON for what programs read, the raw mails as they are. Owns what is in it; made in
//! pages while it is sent, so that it may be of any size. Changes nothing but the audit log.

mod archive;

use std::collections::HashSet;

use bytes::Bytes;
use model::ContactId;
use model::contact::Contact;
use model::key::Principal;
use serde::Serialize;
use serde_json::json;
use store::message_lists::{self, MessageFilter, MessageKey, MessageSlice};
use store::messages::MessageRow;
use store::{Priority, Tx, contact_merges, deliveries, delivery_reports, list_members, suppressions, surveys};
use tokio::sync::mpsc;

use self::archive::Archive;
use crate::audit::{self, Target};
use crate::contacts::{history, notes};
use crate::erasures::naming;
use crate::listing::{Listing, SliceOf};
use crate::users::require_admin_of_all;
use crate::{Engine, EngineError, Result, messages, raw};

/// Things of a page.
const PAGE: usize = 100;
/// Parts of the archive that wait for whoever reads it.
const PARTS_AHEAD: usize = 4;
/// Events that are looked through at once.
const EVENTS_STEP: usize = 500;
/// Events that tell what a recipient did.
const TRACKING: &[&str] = &["email.opened", "email.clicked", "email.unsubscribed", "email.resubscribed"];

/// What is in the archive, for whoever opens it.
const README: &str = "What is kept of one contact.\n\n\
contact.json        name, addresses, attributes\n\
notes.json          notes of colleagues about the contact\n\
lists.json          lists the contact is on, with its variables\n\
suppressions.json   why addresses are not written to\n\
conversations.json  conversations, the last active first\n\
activities.json     mails with the contact, those in people's synced mailboxes too\n\
ratings.json        answers to surveys\n\
tracking.json       what the contact did with tracked messages, as far as events are kept\n\
messages/ID.json    a message or note: head, recipients, deliveries with the servers' answers\n\
messages/ID.eml     its raw mail, byte for byte\n\
reports/ID-N.eml    a bounce or complaint about it\n";

/// The archive, part after part; an error among them is the end of it.
pub type Parts = mpsc::Receiver<std::io::Result<Bytes>>;

/// Begins to make the archive of a contact.
///
/// # Errors
/// Not an administrator; the contact is not there.
pub async fn contact(engine: &Engine, principal: &Principal, id: &ContactId) -> Result<(Contact, Parts)> {
    require_admin_of_all(principal)?;
    let contact = crate::contacts::get(engine, principal, id).await?;
    let (by, id) = (audit::by(principal), contact.id.clone());
    let noted = move |tx: &mut Tx<'_>| audit::note(tx, &by, "contact.exported", Target::of("contact", &id), &[]);
    engine.db.write(Priority::Foreground, noted).await?;
    let (sender, parts) = mpsc::channel(PARTS_AHEAD);
    let mut export = Export {
        engine: engine.clone(),
        principal: principal.clone(),
        contact: contact.clone(),
        archive: Archive::new(),
        sender,
        messages: HashSet::new(),
    };
    tokio::spawn(async move {
        if let Err(error) = export.make().await {
            tracing::error!(%error, contact = %export.contact.id, "an export was not finished");
            // Whoever reads sees that it is cut off.
            let cut = std::io::Error::other("the export was not finished; the server's log says why");
            let _ = export.sender.send(Err(cut)).await;
        }
    });
    Ok((contact, parts))
}

struct Export {
    engine: Engine,
    principal: Principal,
    contact: Contact,
    archive: Archive,
    sender: mpsc::Sender<std::io::Result<Bytes>>,
    /// Of the contact, for what speaks of them.
    messages: HashSet<String>,
}

impl Export {
    async fn make(&mut self) -> Result<()> {
        self.text("README.txt", README).await?;
        let contact = self.contact.clone();
        self.whole("contact.json", &contact).await?;
        self.notes().await?;
        self.lists_and_suppressions().await?;
        self.conversations().await?;
        self.activities().await?;
        self.ratings().await?;
        self.messages().await?;
        self.tracking().await?;
        self.archive.finish()?;
        self.hand_on().await
    }

    /// What is made by now goes to whoever reads; where nobody does any more, nothing more is made.
    async fn hand_on(&mut self) -> Result<()> {
        let made = self.archive.take();
        if made.is_empty() {
            return Ok(());
        }
        let gone = |_| EngineError::Unavailable("nobody reads the export any more".into());
        self.sender.send(Ok(made)).await.map_err(gone)
    }

    async fn text(&mut self, name: &str, text: &str) -> Result<()> {
        self.archive.file(name)?;
        self.archive.write(text.as_bytes())?;
        self.hand_on().await
    }

    async fn whole(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|error| EngineError::Internal(error.to_string()))?;
        self.text(name, &text).await
    }

    async fn items<T: Serialize>(&mut self, items: &[T], first: bool) -> Result<()> {
        for (place, item) in items.iter().enumerate() {
            let between = if first && place == 0 { "\n" } else { ",\n" };
            let item = serde_json::to_string(item).map_err(|error| EngineError::Internal(error.to_string()))?;
            self.archive.write(between.as_bytes())?;
            self.archive.write(item.as_bytes())?;
        }
        self.hand_on().await
    }

    /// A list of any length: its file is begun, then pages are written until there is none.
    async fn list<T, Place, Ask, Asked>(&mut self, name: &str, ask: Ask) -> Result<()>
    where
        T: Serialize,
        Ask: Fn(Engine, Principal, ContactId, SliceOf<Place>) -> Asked,
        Asked: Future<Output = Result<Listing<T, Place>>>,
    {
        self.archive.file(name)?;
        self.archive.write(b"[")?;
        let (mut after, mut first) = (None, true);
        loop {
            let slice = SliceOf { after, ascending: true, take: PAGE };
            let page = ask(self.engine.clone(), self.principal.clone(), self.contact.id.clone(), slice).await?;
            self.items(&page.items, first).await?;
            first &= page.items.is_empty();
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.archive.write(b"\n]\n")?;
        self.hand_on().await
    }

    async fn notes(&mut self) -> Result<()> {
        let ask = async |engine: Engine, asking: Principal, id: ContactId, slice| {
            notes::list(&engine, &asking, &id, slice).await
        };
        self.list("notes.json", ask).await
    }

    async fn conversations(&mut self) -> Result<()> {
        let ask = async |engine: Engine, asking: Principal, id: ContactId, slice| {
            crate::contacts::conversations(&engine, &asking, &id, slice).await
        };
        self.list("conversations.json", ask).await
    }

    async fn activities(&mut self) -> Result<()> {
        let ask = async |engine: Engine, asking: Principal, id: ContactId, slice| {
            history::activities(&engine, &asking, &id, slice).await
        };
        self.list("activities.json", ask).await
    }

    async fn lists_and_suppressions(&mut self) -> Result<()> {
        let (workspace, contact) = (self.principal.workspace_id.clone(), self.contact.clone());
        let (lists, held) = self
            .engine
            .db
            .read(move |tx| {
                let mut lists = Vec::new();
                for list in contact_merges::lists_of(tx, &workspace, &contact.id)? {
                    let member = list_members::get(tx, &list, &contact.id)?.map(|member| member.public);
                    let name = store::lists::get(tx, &workspace, &list)?.map(|list| list.name);
                    lists.push(json!({ "listId": list, "name": name, "member": member }));
                }
                let mut held = Vec::new();
                for address in &contact.addresses {
                    held.extend(suppressions::all_of(tx, &workspace, &address.address)?);
                }
                Ok((lists, held))
            })
            .await?;
        self.whole("lists.json", &lists).await?;
        self.whole("suppressions.json", &held).await
    }

    async fn ratings(&mut self) -> Result<()> {
        let (workspace, id) = (self.principal.workspace_id.clone(), self.contact.id.clone());
        let ratings = self.engine.db.read(move |tx| surveys::of_contact(tx, &workspace, &id)).await?;
        self.whole("ratings.json", &ratings).await
    }

    /// The contact's own messages, all of its conversations, and what went to the contact alone in conversations of others.
    async fn messages(&mut self) -> Result<()> {
        let mut own = MessageFilter::all(self.principal.workspace_id.clone());
        own.contact_id = Some(self.contact.id.clone());
        self.messages_that(own, false).await?;
        let mut place = None;
        loop {
            let slice = SliceOf { after: place, ascending: true, take: PAGE };
            let id = self.contact.id.clone();
            let page = crate::contacts::conversations(&self.engine, &self.principal, &id, slice).await?;
            for conversation in page.items {
                let mut of_it = MessageFilter::all(self.principal.workspace_id.clone());
                of_it.conversation_id = Some(conversation.id);
                of_it.notes = true;
                self.messages_that(of_it, false).await?;
            }
            match page.next {
                Some(next) => place = Some(next),
                None => break,
            }
        }
        for address in self.contact.addresses.clone() {
            let mut to_it = MessageFilter::all(self.principal.workspace_id.clone());
            to_it.recipient = Some(address.address);
            self.messages_that(to_it, true).await?;
        }
        Ok(())
    }

    /// Of these all, or those that went to nobody but the contact.
    async fn messages_that(&mut self, filter: MessageFilter, alone: bool) -> Result<()> {
        let mut after: Option<MessageKey> = None;
        loop {
            let (filter, contact) = (filter.clone(), self.contact.clone());
            let slice = MessageSlice { after: after.take(), ascending: true, take: PAGE };
            let read = move |tx: &mut Tx<'_>| {
                let page = message_lists::page(tx, &filter, &slice)?;
                let next = page.last().filter(|_| page.len() == PAGE).map(|(key, _)| key.clone());
                let mut rows = Vec::new();
                for (_, row) in page {
                    if !alone || is_alone(tx, &row, &contact)? {
                        rows.push(row);
                    }
                }
                Ok((rows, next))
            };
            let (rows, next) = self.engine.db.read(read).await?;
            self.write_messages(rows).await?;
            after = match next {
                Some(next) => Some(next),
                None => return Ok(()),
            };
        }
    }

    async fn write_messages(&mut self, rows: Vec<MessageRow>) -> Result<()> {
        for row in rows {
            if !self.messages.insert(row.id.to_string()) {
                continue;
            }
            let (id, blob) = (row.id.clone(), row.blob_id);
            let workspace = self.principal.workspace_id.clone();
            let asked = id.clone();
            let (sent, reports) = self
                .engine
                .db
                .read(move |tx| {
                    let sent = deliveries::of_message(tx, &workspace, &asked)?;
                    Ok((sent, delivery_reports::blobs_of(tx, &workspace, &asked)?))
                })
                .await?;
            let sent: Vec<_> = sent.into_iter().map(|delivery| delivery.public).collect();
            let shown = messages::hydrate(&self.engine, vec![row]).await?.pop();
            self.whole(&format!("messages/{id}.json"), &json!({ "message": shown, "deliveries": sent })).await?;
            if let Some(blob) = blob {
                self.raw(&format!("messages/{id}.eml"), blob).await?;
            }
            for (number, report) in reports.into_iter().enumerate() {
                self.raw(&format!("reports/{id}-{}.eml", number + 1), report).await?;
            }
        }
        Ok(())
    }

    async fn raw(&mut self, name: &str, blob: i64) -> Result<()> {
        let bytes = raw::read(&self.engine, blob).await?;
        self.archive.file(name)?;
        self.archive.write(&bytes)?;
        self.hand_on().await
    }

    async fn tracking(&mut self) -> Result<()> {
        self.archive.file("tracking.json")?;
        self.archive.write(b"[")?;
        let addresses: Vec<String> = self.contact.addresses.iter().map(|each| each.address.clone()).collect();
        let (mut position, mut first) = (0, true);
        loop {
            let workspace = self.principal.workspace_id.clone();
            let read = move |tx: &mut Tx<'_>| store::events::after_in_workspace(tx, &workspace, position, EVENTS_STEP);
            let found = self.engine.db.read(read).await?;
            let Some(last) = found.last() else { break };
            position = last.position;
            let own: Vec<_> = found
                .into_iter()
                .filter(|event| TRACKING.contains(&event.event_type.as_str()))
                .filter(|event| {
                    self.messages.contains(&event.subject_id)
                        || naming::names_one(&event.data.to_string(), &addresses)
                })
                .map(|event| json!({ "id": event.id, "type": event.event_type, "timestamp": event.at, "data": event.data }))
                .collect();
            self.items(&own, first).await?;
            first &= own.is_empty();
        }
        self.archive.write(b"\n]\n")?;
        self.hand_on().await
    }
}

/// Whether a message went to the contact and to nobody else.
fn is_alone(tx: &mut Tx<'_>, row: &MessageRow, contact: &Contact) -> store::Result<bool> {
    let sent = deliveries::of_message(tx, &row.workspace_id, &row.id)?;
    let is_theirs =
        |recipient: &str| contact.addresses.iter().any(|own| own.address.to_lowercase() == recipient.to_lowercase());
    Ok(sent.iter().all(|delivery| is_theirs(&delivery.public.recipient)))
}
