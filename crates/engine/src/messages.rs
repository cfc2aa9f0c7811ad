//! Messages as they are read: one, pages of them, their raw mail, deliveries and HTML. Text and HTML are not stored
//! beside the raw mail, so each is made of it anew. Never changes a message; sending, cancelling and retrying are `sending`'s.

mod html;
mod view;

use std::collections::HashMap;

use bytes::Bytes;
use mail::ParsedMail;
use mail::html::ColorScheme;
use model::key::{Principal, Scope};
use model::limits::PAGE_RAW_BYTES_MAX;
use model::message::{Delivery, Direction, Message, MessageStatus};
use model::{ChannelId, ContactId, ConversationId, MessageId, Timestamp, UseCaseId, UserId};
use store::blobs_table::{self, StoredBlob};
use store::deliveries;
use store::mentions;
use store::message_lists::{self, MessageFilter, MessageKey, MessageSlice};
use store::messages::{self, MessageRow};

pub use html::HtmlPage;

use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, attachments, raw};

/// What is shown instead of what a confidential mail says.
pub(crate) const CONFIDENTIAL: &str = "what this mail says is its recipient's alone: a link in it acts in their name";

/// Raw mails over this many bytes are read off the reactor.
const PARSE_APART_BYTES: u64 = 64 * 1024;

/// Which messages somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageQuery {
    pub channel_id: Option<ChannelId>,
    pub use_case_id: Option<UseCaseId>,
    pub conversation_id: Option<ConversationId>,
    pub contact_id: Option<ContactId>,
    pub direction: Option<Direction>,
    pub status: Option<MessageStatus>,
    pub tag: Option<String>,
    pub transport: Option<String>,
    pub recipient: Option<String>,
    /// Taken in, or accepted for sending, then or later.
    pub since: Option<Timestamp>,
    /// Taken in, or accepted for sending, earlier than then.
    pub before: Option<Timestamp>,
}

/// A message.
///
/// # Errors
/// It is not there, or not the asker's; the scope `messages:read` is missing.
pub async fn get(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<Message> {
    let row = row(engine, principal, id).await?;
    one(engine, row).await
}

/// A message that was just made or changed by this principal, whatever it may read.
///
/// # Errors
/// It is not there, or not the asker's.
pub async fn load(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<Message> {
    let row = visible_row(engine, principal, id).await?;
    one(engine, row).await
}

/// As [`load`], for several, in their order.
///
/// # Errors
/// One is not there, or not the asker's.
pub async fn load_all(engine: &Engine, principal: &Principal, ids: Vec<MessageId>) -> Result<Vec<Message>> {
    let workspace = principal.workspace_id.clone();
    let read = move |tx: &mut store::Tx<'_>| {
        ids.iter().map(|id| messages::get(tx, &workspace, id)).collect::<store::Result<Vec<_>>>()
    };
    let rows = engine.db.read(read).await?.into_iter();
    let visible = rows.map(|row| row.filter(|row| principal.sees(row.channel_id.as_ref())));
    let rows = visible.collect::<Option<Vec<_>>>().ok_or(EngineError::NotFound { what: "a message" })?;
    hydrate(engine, rows).await
}

async fn one(engine: &Engine, row: MessageRow) -> Result<Message> {
    hydrate(engine, vec![row]).await?.pop().ok_or(EngineError::NotFound { what: "the message" })
}

/// A page of messages, newest first unless the slice says otherwise; notes are left out. A page whose mails are large
/// is shorter than asked for.
///
/// # Errors
/// The scope `messages:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    query: MessageQuery,
    slice: SliceOf<MessageKey>,
) -> Result<Listing<Message, MessageKey>> {
    access_check::scope(principal, Scope::MessagesRead)?;
    let Some(channel_id) = access_check::channel(principal, query.channel_id) else { return Ok(Listing::empty()) };
    let filter = MessageFilter {
        workspace_id: principal.workspace_id.clone(),
        channel_id,
        use_case_id: query.use_case_id,
        conversation_id: query.conversation_id,
        contact_id: query.contact_id,
        direction: query.direction,
        status: query.status,
        tag: query.tag,
        transport: query.transport,
        recipient: query.recipient,
        since: query.since,
        before: query.before,
        notes: false,
    };
    page(engine, filter, slice).await
}

/// The messages and notes of a conversation that the caller has checked, oldest first unless the slice says otherwise.
pub(crate) async fn of_conversation(
    engine: &Engine,
    principal: &Principal,
    id: ConversationId,
    slice: SliceOf<MessageKey>,
) -> Result<Listing<Message, MessageKey>> {
    let mut filter = MessageFilter::all(principal.workspace_id.clone());
    filter.conversation_id = Some(id);
    filter.notes = true;
    page(engine, filter, slice).await
}

async fn page(
    engine: &Engine,
    filter: MessageFilter,
    slice: SliceOf<MessageKey>,
) -> Result<Listing<Message, MessageKey>> {
    let take = slice.take;
    let slice = MessageSlice { after: slice.after, ascending: slice.ascending, take: take + 1 };
    let mut found = engine.db.read(move |tx| message_lists::page(tx, &filter, &slice)).await?;
    let (mut bytes, mut kept) = (0_u64, 0);
    for (_, row) in found.iter().take(take) {
        bytes += row.raw_size;
        if kept > 0 && bytes > PAGE_RAW_BYTES_MAX {
            break;
        }
        kept += 1;
    }
    let goes_on = found.len() > kept;
    found.truncate(kept);
    let next = found.last().filter(|_| goes_on).map(|(key, _)| key.clone());
    let items = hydrate(engine, found.into_iter().map(|(_, row)| row).collect()).await?;
    Ok(Listing { items, next })
}

/// The raw mail (message/rfc822).
///
/// # Errors
/// As [`get`]; a note has none; a confidential one is for administrators.
pub async fn raw(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<Bytes> {
    let row = row(engine, principal, id).await?;
    if row.flags.confidential && !principal.may(Scope::Admin) {
        return Err(EngineError::Forbidden(format!("only administrators read this raw mail: {CONFIDENTIAL}")));
    }
    let blob = row.blob_id.ok_or(EngineError::NotFound { what: "a raw mail of this note" })?;
    Ok(raw::read(engine, blob).await?)
}

/// The deliveries of an outbound message, one a recipient.
///
/// # Errors
/// As [`get`].
pub async fn deliveries(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<Vec<Delivery>> {
    let row = row(engine, principal, id).await?;
    let found = engine.db.read(move |tx| deliveries::of_message(tx, &row.workspace_id, &row.id)).await?;
    Ok(found.into_iter().map(|delivery| delivery.public).collect())
}

/// The HTML of a message as a page for a sandboxed frame, its script under `nonce`.
///
/// # Errors
/// As [`get`].
pub async fn html(
    engine: &Engine,
    principal: &Principal,
    id: &MessageId,
    remote_images: bool,
    scheme: ColorScheme,
    nonce: String,
) -> Result<HtmlPage> {
    let row = row(engine, principal, id).await?;
    let mail = parsed(engine, &row).await?;
    let links = attachments::Links::of(engine);
    let made = move || html::page(&row, mail.as_ref(), &links, remote_images, scheme, &nonce);
    tokio::task::spawn_blocking(made).await.map_err(|_| EngineError::Internal("cleaning a mail's HTML panicked".into()))
}

/// The row, if the principal may read it.
pub(crate) async fn row(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<MessageRow> {
    access_check::scope(principal, Scope::MessagesRead)?;
    visible_row(engine, principal, id).await
}

async fn visible_row(engine: &Engine, principal: &Principal, id: &MessageId) -> Result<MessageRow> {
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let found = engine.db.read(move |tx| messages::get(tx, &workspace, &id)).await?;
    found.filter(|row| principal.sees(row.channel_id.as_ref())).ok_or(EngineError::NotFound { what: "the message" })
}

/// Messages of their rows, in their order. A raw mail that can't be read is said in the message's limits, as is that it is confidential.
///
/// # Errors
/// What the store says.
pub async fn hydrate(engine: &Engine, rows: Vec<MessageRow>) -> Result<Vec<Message>> {
    let links = attachments::Links::of(engine);
    let mut engagements = crate::tracking::of_messages(engine, &rows).await?;
    let mut mentions = mentions_of(engine, &rows).await?;
    let with_blobs = with_blobs(engine, rows).await?;
    let mut messages = Vec::with_capacity(with_blobs.len());
    for (mut row, blob) in with_blobs {
        let mail = match blob {
            Some(blob) => match parse(engine, blob, row.raw_size).await {
                Ok(mail) => Some(mail),
                // One damaged mail must not hide the others of a page.
                Err(error) => {
                    tracing::error!(%error, message = %row.id, "a raw mail can't be read; the message is shown without its content");
                    row.limits.push("the raw mail can't be read".into());
                    None
                }
            },
            None => None,
        };
        if row.flags.confidential {
            row.limits.push(CONFIDENTIAL.into());
        }
        let id = row.id.clone();
        let engagement = engagements.remove(&id);
        let mentions = mentions.remove(&id).unwrap_or_default();
        messages.push(Message { mentions, ..view::view(row, mail, engagement, &|file| links.url(&id, &file.id)) });
    }
    Ok(messages)
}

/// Whom the notes among these mention.
async fn mentions_of(engine: &Engine, rows: &[MessageRow]) -> Result<HashMap<MessageId, Vec<UserId>>> {
    let has_some = |row: &&MessageRow| row.note.as_deref().is_some_and(|note| note.contains('@'));
    let notes: Vec<MessageId> = rows.iter().filter(has_some).map(|row| row.id.clone()).collect();
    if notes.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(engine.db.read(move |tx| mentions::of_messages(tx, &notes)).await?)
}

async fn with_blobs(engine: &Engine, rows: Vec<MessageRow>) -> Result<Vec<(MessageRow, Option<StoredBlob>)>> {
    let read = engine.db.read(move |tx| {
        let blob = |row: &MessageRow, tx: &mut store::Tx<'_>| {
            row.blob_id.filter(|_| !row.flags.confidential).map(|id| blobs_table::get(tx, id)).transpose()
        };
        rows.into_iter().map(|row| blob(&row, tx).map(|blob| (row, blob))).collect::<store::Result<Vec<_>>>()
    });
    Ok(read.await?)
}

/// The mail of a row; a note has none, and of a confidential one there is nothing to see.
///
/// # Errors
/// What the store says.
pub(crate) async fn parsed(engine: &Engine, row: &MessageRow) -> Result<Option<ParsedMail>> {
    let Some(id) = row.blob_id.filter(|_| !row.flags.confidential) else { return Ok(None) };
    let blob = engine.db.read(move |tx| blobs_table::get(tx, id)).await?;
    parse(engine, blob, row.raw_size).await.map(Some)
}

async fn parse(engine: &Engine, blob: StoredBlob, size: u64) -> Result<ParsedMail> {
    let bytes = raw::decode(engine, blob).await?;
    if size <= PARSE_APART_BYTES {
        return Ok(mail::parse(&bytes));
    }
    let parsed = tokio::task::spawn_blocking(move || mail::parse(&bytes));
    parsed.await.map_err(|_| EngineError::Internal("reading a raw mail panicked".into()))
}
