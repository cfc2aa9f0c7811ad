//! A reply is sent: check → compose → commit → queue. Owns what a request may ask and what is frozen when it is accepted;
//! never speaks SMTP, that is `delivering`'s.

mod attach;
mod checking;
pub(crate) mod conversation;
pub(crate) mod draft;
pub(crate) mod elsewhere;
mod enqueue;
mod forwarding;
mod leaving;
mod mailer;
mod preparing;
mod reaching;
mod sender;
pub(crate) mod signature;
mod taking_back;

use std::time::Duration;

pub(crate) use attach::files;
use bytes::Bytes;
use mail::Mailbox;
use model::key::{Principal, Scope};
use model::limits::MESSAGE_BYTES_MAX;
use model::{ConversationId, MessageId, Timestamp, UploadId, UserId, WorkspaceId};
use serde_json::{Map, Value as Json};

use self::checking::check;
pub(crate) use self::checking::check_tags;
pub use self::forwarding::{Forward, Forwarded};
use self::leaving::way_to_leave;
use self::mailer::write;
pub use self::mailer::{Mailer, Prepared, Ready};
pub(crate) use self::preparing::{prepare_by_recipe, write_each};
pub use self::sender::SendBy;
pub(crate) use self::sender::{Sender, of_use_case};
pub use self::taking_back::{cancel, retry};
use crate::domains::Signing;
use crate::ingest::Reading;
use crate::once::{self, Once};
use crate::surveys::linking;
use crate::templates::{self, TemplateUse};
use crate::tracking::{self, Tracking};
use crate::{Engine, EngineError, FieldError, Result, WayOut, raw, return_path};

/// Mails of more bytes are composed off the reactor.
const COMPOSE_APART_BYTES: usize = 64 * 1024;

/// A file to send: its bytes, or where to fetch them.
#[derive(Debug, Clone)]
pub enum AttachmentSource {
    Bytes(Bytes),
    Url(String),
    /// What was uploaded before.
    Upload(UploadId),
}

#[derive(Debug, Clone)]
pub struct AttachmentRequest {
    /// Where the request names it, for errors (`/content/email/attachments/0`).
    pub pointer: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
    /// What `cid:` in the HTML refers to; makes it an inline part.
    pub content_id: Option<String>,
    pub source: AttachmentSource,
}

/// A mail to send.
#[derive(Debug, Clone, Default)]
pub struct SendRequest {
    /// One of the sender's own addresses; the one it usually has where it is not said.
    pub from: Option<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub subject: String,
    pub text: Option<String>,
    pub html: Option<String>,
    pub headers: Vec<(String, String)>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub attachments: Vec<AttachmentRequest>,
    pub conversation_id: Option<ConversationId>,
    pub scheduled_at: Option<Timestamp>,
    /// How long it waits at least, so that it can be cancelled: 0 to 120.
    pub undo_seconds: u64,
    pub tags: Vec<String>,
    pub custom_data: Map<String, Json>,
    pub author_id: Option<UserId>,
    /// The channel's signature is left out.
    pub without_signature: bool,
    /// What subject, text and HTML are made of; they are empty then.
    pub template: Option<TemplateUse>,
    pub tracking: Tracking,
    /// Without angle brackets; one of ours where it is not said.
    pub message_id: Option<String>,
    /// What it says is its recipient's alone; it asks for no answer, so its conversation begins resolved.
    pub confidential: bool,
    /// What the pointers of field errors begin with (`/content/email`).
    pub pointer: &'static str,
    /// What goes along below the text: [`reply`] puts it here.
    pub forwarded: Option<Forwarded>,
    /// It brings a mail to somebody who has not had it: whoever wrote that is not answered.
    pub is_forward: bool,
    /// A machine of ours writes it: nothing is read by that, and nobody has answered.
    pub automatic: bool,
}

/// An answer within a conversation: recipients, subject and threading headers are filled in where they are not said.
#[derive(Debug, Clone, Default)]
pub struct ReplyRequest {
    /// As in [`SendRequest`].
    pub from: Option<Mailbox>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<AttachmentRequest>,
    pub to: Option<Vec<Mailbox>>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub scheduled_at: Option<Timestamp>,
    /// As in [`SendRequest`].
    pub undo_seconds: u64,
    pub author_id: Option<UserId>,
    /// As in [`SendRequest`].
    pub without_signature: bool,
    /// What text and HTML are made of; they are empty then. The subject is the conversation's.
    pub template: Option<TemplateUse>,
    pub tracking: Tracking,
    /// The newest message that the author has seen: with a newer mail than that nothing is sent.
    pub last_seen: Option<MessageId>,
    /// The message that goes along, to somebody who has not had it.
    pub forward: Option<Forward>,
    /// Where a machine of ours answers.
    pub automatic: Option<Automatic>,
}

/// What a machine's answer has beside its content.
#[derive(Debug, Clone, Default)]
pub struct Automatic {
    /// The mail it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// What keeps other machines from answering it.
    pub headers: Vec<(String, String)>,
    /// What the message's `customData` says of it: which automation it was.
    pub said: Map<String, Json>,
    /// A link in it is its recipient's alone.
    pub confidential: bool,
}

/// Accepts a mail for sending. Returns once it is durable; what is stored is what is sent.
///
/// # Errors
/// Fields that are wrong, a channel, use case or conversation that is not there, an attachment that can't be had; a use case whose
/// domain is not verified (409).
pub async fn send(
    engine: &Engine,
    principal: &Principal,
    by: impl Into<SendBy>,
    request: SendRequest,
) -> Result<MessageId> {
    match Mailer::new(engine, principal).prepare(by, request).await? {
        Prepared::Earlier(id) => Ok(id),
        Prepared::Ready(ready) => write(engine, *ready).await,
    }
}

/// All of it but the transaction.
async fn prepare(
    engine: &Engine,
    principal: &Principal,
    sender: Sender,
    mut request: SendRequest,
    once: Once,
) -> Result<Ready> {
    let sender = sender.writing_from(request.from.take())?;
    let id = MessageId::generate();
    let way_to_leave = way_to_leave(engine, &sender, &request, &id)?;
    if let Some(mut used) = request.template.take() {
        if let Some(way) = &way_to_leave {
            used.variables.insert(leaving::VARIABLE.to_owned(), Json::String(way.url.clone()));
        }
        let made = templates::fill_in(engine, &principal.workspace_id, used, true).await?;
        (request.subject, request.html, request.text) = (made.subject, made.html, made.text);
    }
    if let Some(way) = way_to_leave {
        way.show(&mut request);
    }
    check(&request)?;
    let thread = conversation::find(engine, principal, &sender, &request).await?;
    compose(engine, &principal.workspace_id, sender, request, thread, id, once).await
}

/// Accepts an answer within a conversation.
///
/// # Errors
/// As [`send`]; a conversation nobody can be answered in (409).
pub async fn reply(
    engine: &Engine,
    principal: &Principal,
    conversation_id: &ConversationId,
    mut reply: ReplyRequest,
) -> Result<MessageId> {
    let once = once::asked();
    if let Some(id) = once.earlier(engine).await? {
        return Ok(MessageId::from_stored(id));
    }
    let last_seen = reply.last_seen.take();
    let ready = answer(engine, principal, conversation_id, reply, once).await?;
    match last_seen {
        Some(seen) => mailer::write_unless_outdated(engine, ready, conversation_id, seen).await,
        None => write(engine, ready).await,
    }
}

/// All of an answer but the transaction, for whoever has one.
///
/// # Errors
/// As [`reply`].
pub(crate) async fn prepare_reply(
    engine: &Engine,
    principal: &Principal,
    conversation_id: &ConversationId,
    reply: ReplyRequest,
) -> Result<Ready> {
    answer(engine, principal, conversation_id, reply, Once::default()).await
}

async fn answer(
    engine: &Engine,
    principal: &Principal,
    conversation_id: &ConversationId,
    mut reply: ReplyRequest,
    once: Once,
) -> Result<Ready> {
    let (thread, owner) = conversation::open(engine, principal, conversation_id).await?;
    let sender = sender::find(engine, principal, &owner).await?.writing_from(reply.from.take())?;
    let survey = linking::for_answer(engine, thread.conversation.as_ref(), &reply).await?;
    if let Some(mut used) = reply.template.take() {
        if let Some(link) = &survey {
            link.tell(&mut used.variables);
        }
        let made = templates::fill_in(engine, &principal.workspace_id, used, false).await?;
        (reply.html, reply.text) = (made.html, made.text);
    }
    let asked_at = Timestamp::now().max(reply.scheduled_at.unwrap_or(Timestamp::from_millis(0)));
    let survey = survey.and_then(|link| link.show(&mut reply.text, &mut reply.html, asked_at));
    let request = match reply.forward.take() {
        Some(forward) => forwarding::forward(engine, principal, conversation_id, &forward, reply).await?,
        None => thread.answer(&sender, reply)?,
    };
    check(&request)?;
    let id = MessageId::generate();
    let mut ready = compose(engine, &principal.workspace_id, sender, request, thread, id, once).await?;
    ready.outgoing.survey = survey;
    Ok(ready)
}

/// # Errors
/// The scope `messages:send` is missing.
pub fn may_send(principal: &Principal) -> Result<()> {
    if principal.may(Scope::MessagesSend) {
        return Ok(());
    }
    Err(EngineError::Forbidden(format!("sending needs the scope {}", Scope::MessagesSend.as_str())))
}

async fn compose(
    engine: &Engine,
    workspace: &WorkspaceId,
    mut sender: Sender,
    mut request: SendRequest,
    thread: conversation::Thread,
    id: MessageId,
    once: Once,
) -> Result<Ready> {
    let files = attach::collect(engine, workspace, &sender.limits, &request.attachments).await?;
    let now = Timestamp::now();
    if request.undo_seconds > 0 {
        let earliest = now.plus(Duration::from_secs(request.undo_seconds));
        request.scheduled_at = request.scheduled_at.max(Some(earliest));
    }
    let forwarded = request.forwarded.take();
    sender.signature = signature::of(engine, workspace, &sender, &request).await?;
    let mut draft = draft::draft(engine, &sender, &request, &thread, files, &id, now);
    if let Some(forwarded) = &forwarded {
        forwarded.put_below(&sender.limits, &mut draft)?;
    }
    let pointer = request.pointer;
    let marker = tracking::Marker::new(engine, workspace, &sender, &request, &id).await?;
    let finishing = Finishing::new(&sender, now);
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let files_bytes: usize = draft.attachments.iter().map(|file| file.data.len()).sum();
    let bytes = length(&draft.text) + length(&draft.html) + files_bytes;
    let finished = apart_if_large(bytes, move || {
        draft.html = draft.html.map(|html| marker.mark(html));
        let composed = mail::compose::compose(&draft).map_err(|errors| {
            let wrong =
                |error: mail::compose::DraftError| FieldError::new(place(pointer, &error.pointer), error.detail);
            EngineError::Invalid(errors.into_iter().map(wrong).collect())
        })?;
        finishing.finish(composed.into())
    })
    .await?;
    ready(engine, workspace, sender, Composed { id, request, thread, now }, finished, once).await
}

/// A mail whose bytes are final, but for its signatures.
pub(crate) struct Made {
    pub id: MessageId,
    pub request: SendRequest,
    pub thread: conversation::Thread,
    pub bytes: Bytes,
    pub now: Timestamp,
}

/// Makes a message of it, with its deliveries. Returns once they are durable.
pub(crate) async fn keep(
    engine: &Engine,
    principal: &Principal,
    sender: Sender,
    made: Made,
    once: Once,
) -> Result<MessageId> {
    let Made { id, request, thread, bytes, now } = made;
    let finishing = Finishing::new(&sender, now);
    let finished = apart_if_large(bytes.len(), move || finishing.finish(bytes)).await?;
    let ready =
        ready(engine, &principal.workspace_id, sender, Composed { id, request, thread, now }, finished, once).await?;
    write(engine, ready).await
}

/// What a mail's bytes were made of.
struct Composed {
    id: MessageId,
    request: SendRequest,
    thread: conversation::Thread,
    now: Timestamp,
}

/// What is done with a mail that is composed.
struct Finishing {
    signing: Option<Signing>,
    /// Bytes.
    limit: u64,
    now: Timestamp,
}

impl Finishing {
    fn new(sender: &Sender, now: Timestamp) -> Self {
        let limit = sender.limits.max_message_bytes.unwrap_or(MESSAGE_BYTES_MAX).min(MESSAGE_BYTES_MAX);
        Self { signing: sender.signing.clone(), limit, now }
    }

    fn finish(self, bytes: Bytes) -> Result<(Bytes, Reading)> {
        let bytes = match &self.signing {
            Some(signing) => signing.sign(&bytes, self.now)?,
            None => bytes,
        };
        if bytes.len() as u64 > self.limit {
            return Err(EngineError::TooLarge { limit: self.limit });
        }
        let reading = crate::ingest::read(&bytes, false);
        Ok((bytes, reading))
    }
}

/// Work for the processor: beside the reactor, unless going there would cost more than the work.
async fn apart_if_large<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if bytes <= COMPOSE_APART_BYTES {
        return work();
    }
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| EngineError::Internal("composing panicked".into()))?
}

async fn ready(
    engine: &Engine,
    workspace: &WorkspaceId,
    sender: Sender,
    composed: Composed,
    (bytes, reading): (Bytes, Reading),
    once: Once,
) -> Result<Ready> {
    let Composed { id, mut request, thread, now } = composed;
    // They are in the bytes, and many messages may wait to be written at once.
    (request.html, request.text, request.attachments) = (None, None, Vec::new());
    let blob = raw::keep(engine, &[workspace], &bytes).await?.pop().map(|(_, blob)| blob);
    let blob = blob.ok_or_else(|| EngineError::Internal("the raw mail was not kept".into()))?;
    let token = return_path::token(&engine.vault, &id);
    let outgoing = enqueue::Outgoing {
        id,
        workspace_id: workspace.clone(),
        mail_from: sender.returns_to(engine, token),
        sender,
        request,
        thread,
        reading,
        raw: enqueue::RawMail::New(blob),
        size: bytes.len() as u64,
        sent_by: enqueue::SentBy::Us,
        survey: None,
        now,
    };
    Ok(Ready { outgoing, once })
}

/// Where the request has a field of the draft: whom it is to stands beside the content.
fn place(content: &str, field: &str) -> String {
    let beside = field == "to" || field.starts_with("to/");
    format!("{}/{field}", if beside { "" } else { content })
}
