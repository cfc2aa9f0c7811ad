//! Mail that programs send by SMTP with an API key: it becomes a message as one of `POST /messages` would, with the bytes as the
//! program made them. Owns what its head may ask; never speaks SMTP.

mod asks;
mod channel;
mod once_only;

use async_trait::async_trait;
use bytes::Bytes;
use mail::{Mailbox, ParsedMail};
use model::channel::Channel;
use model::key::{Actor, Principal, Scope};
use model::limits::RECIPIENTS_OUTBOUND_MAX;
use model::message::Withheld;
use model::{MessageId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use store::api_keys;

use self::asks::Asks;
#[doc(hidden)]
pub use self::asks::fuzz_head;
use self::channel::Way;
use crate::ingest::AttachmentPolicy;
use crate::ports::{SignInError, Submission, SubmitError, SubmittedMail};
use crate::sending::{self, AttachmentRequest, AttachmentSource, Made, SendBy, SendRequest, conversation, draft};
use crate::{Engine, EngineError, access, once};

type Result<T> = std::result::Result<T, SubmitError>;

#[async_trait]
impl Submission for Engine {
    async fn sign_in(&self, key: &SecretString) -> std::result::Result<Principal, SignInError> {
        let found = access::by_api_key(self, key.expose_secret()).await;
        let found = found.map_err(|error| {
            tracing::error!(%error, "a key could not be looked up for submission");
            SignInError::Unavailable("keys can't be looked up".into())
        })?;
        let unknown = || SignInError::Refused("the password is no API key of ours, or was deleted".into());
        let principal = found.ok_or_else(unknown)?;
        if principal.may(Scope::MessagesSend) {
            return Ok(principal);
        }
        Err(SignInError::Refused(format!("this API key may not send: it needs {}", Scope::MessagesSend.as_str())))
    }

    async fn submit(&self, principal: &Principal, mail: SubmittedMail) -> Result<MessageId> {
        // A connection may stay for long; a key that was deleted meanwhile sends nothing more.
        if let Actor::Key(id) = &principal.actor {
            let (workspace, id) = (principal.workspace_id.clone(), id.clone());
            let there = self.db.read(move |tx| api_keys::is_there(tx, &workspace, &id)).await;
            if !there.map_err(|error| refusal(error.into()))? {
                return Err(SubmitError::refused("5.7.8", "the API key was deleted; sign in with another"));
            }
        }
        submit(self, principal, mail).await
    }
}

/// Accepts a mail for sending. Returns once it is durable.
///
/// # Errors
/// Why it is refused, for whoever sent it; or that nothing can be kept now.
pub async fn submit(engine: &Engine, principal: &Principal, mail: SubmittedMail) -> Result<MessageId> {
    let SubmittedMail { recipients, raw, .. } = mail;
    let bytes = raw.clone();
    let parsed = tokio::task::spawn_blocking(move || mail::parse(&bytes)).await;
    let parsed = parsed.map_err(|_| SubmitError::Unavailable("reading the mail failed".into()))?;
    let asks = Asks::read(&parsed)?;
    if recipients.len() > RECIPIENTS_OUTBOUND_MAX {
        return Err(SubmitError::refused(
            "5.5.3",
            format!("{} recipients; at most {RECIPIENTS_OUTBOUND_MAX} fit one message", recipients.len()),
        ));
    }
    let place = asks.idempotency_key.clone();
    let job = Job { engine, principal, recipients, raw, parsed, asks };
    // Boxed: all the ways a mail can go make a large future, too large for many of them on one stack.
    match place {
        Some(key) => once_only::within(engine, principal, &key, &job.identity(), Box::pin(job.run())).await,
        None => Box::pin(job.run()).await,
    }
}

struct Job<'e> {
    engine: &'e Engine,
    principal: &'e Principal,
    recipients: Vec<String>,
    raw: Bytes,
    parsed: ParsedMail,
    asks: Asks,
}

impl Job<'_> {
    /// What makes two mails the same for an `Idempotency-Key`. Programs make dates, ids and boundaries anew with every try.
    fn identity(&self) -> Vec<String> {
        let mut parts = vec![self.parsed.subject.clone()];
        parts.extend(self.parsed.from.iter().map(|from| from.address.clone()));
        parts.extend(self.recipients.iter().cloned());
        parts.extend(self.parsed.text.clone());
        parts.extend(self.parsed.html.clone());
        parts.extend(self.parsed.attachments.iter().map(|file| format!("{:?} {}", file.filename, file.size)));
        parts
    }

    async fn run(self) -> Result<MessageId> {
        let once = once::asked();
        if let Some(id) = once.earlier(self.engine).await.map_err(refusal)? {
            return Ok(MessageId::from_stored(id));
        }
        let way = channel::choose(self.engine, self.principal, &self.asks, &self.parsed).await?;
        if let Way::Channel(channel) = &way {
            channel::check_from(channel, &self.parsed)?;
        }
        let mut request = self.request()?;
        let channel = match way {
            Way::Channel(channel) => channel,
            // Its way to unsubscribe is written into it.
            Way::UseCase(use_case) => return self.compose_anew(SendBy::UseCase(use_case.id), request).await,
        };
        if self.asks.template.is_some() || self.asks.tracking.is_asked() {
            return self.compose_anew(SendBy::Channel(channel.id), request).await;
        }
        let sender = sending::Sender::of_channel(&channel, self.engine.way_out(&channel));
        self.check_attachments(&channel)?;
        if request.to.is_empty() && request.cc.is_empty() && request.bcc.is_empty() {
            return Err(SubmitError::refused("5.1.3", "no recipient is an address"));
        }
        request.subject.clone_from(&self.parsed.subject);
        let thread = conversation::find(self.engine, self.principal, &sender, &request).await.map_err(refusal)?;
        let (id, now) = (MessageId::generate(), Timestamp::now());
        let reply_to = if self.parsed.reply_to.is_empty() { draft::own_reply_to(&sender, &thread) } else { Vec::new() };
        let added: Vec<(&str, String)> =
            reply_to.iter().map(|mailbox| ("Reply-To", format!("<{}>", mailbox.address))).collect();
        let message_id = draft::own_message_id(self.engine, &id);
        let ready = mail::compose::ready_without(&self.raw, &message_id, now, &asks::is_ours, &added);
        let ready = ready.map_err(|why| SubmitError::refused("5.6.0", why))?;
        let made = Made { id, request, thread, bytes: ready.bytes.into(), now };
        sending::keep(self.engine, self.principal, sender, made, once).await.map_err(refusal)
    }

    /// Whom it goes to: the envelope's recipients. Those the head does not name are blind ones.
    fn request(&self) -> Result<SendRequest> {
        let mut request = SendRequest {
            in_reply_to: self.parsed.in_reply_to.first().cloned(),
            references: self.parsed.references.clone(),
            tags: self.asks.tags.clone(),
            tracking: self.asks.tracking,
            pointer: "",
            ..SendRequest::default()
        };
        sending::check_tags(&request.tags)
            .map_err(|why| SubmitError::refused("5.6.0", format!("X-Postroom-Tags: {why}")))?;
        for recipient in &self.recipients {
            let address = mail::compose::normalize_address(recipient)
                .map_err(|why| SubmitError::refused("5.1.3", format!("{recipient}: {why}")))?;
            let known = [&request.to, &request.cc, &request.bcc];
            if known.into_iter().flatten().any(|mailbox| mailbox.address.eq_ignore_ascii_case(&address)) {
                continue;
            }
            let named = |list: &[Mailbox]| {
                list.iter().find(|mailbox| mailbox.address.eq_ignore_ascii_case(recipient)).map(|m| m.name.clone())
            };
            let (list, name) = match (named(&self.parsed.to), named(&self.parsed.cc)) {
                (Some(name), _) => (&mut request.to, name),
                (None, Some(name)) => (&mut request.cc, name),
                (None, None) => (&mut request.bcc, None),
            };
            list.push(Mailbox { name, address });
        }
        Ok(request)
    }

    fn check_attachments(&self, channel: &Channel) -> Result<()> {
        let policy = AttachmentPolicy(&channel.limits);
        for file in &self.parsed.attachments {
            let name = file.filename.as_deref();
            if let Some(withheld) = policy.withheld(name, &file.content_type, file.size) {
                let why = match withheld {
                    Withheld::TooLarge => "is larger than",
                    Withheld::BlockedType => "is of a type that is not among what",
                };
                return Err(SubmitError::refused(
                    "5.7.1",
                    format!("the attachment {} {why} this channel sends", name.unwrap_or("without a name")),
                ));
            }
        }
        Ok(())
    }

    /// A template's mail, a use case's, and one whose HTML gets marks, can't go out with the bytes they came in.
    async fn compose_anew(self, by: SendBy, mut request: SendRequest) -> Result<MessageId> {
        if request.to.is_empty() {
            // A head must name somebody; the first takes the place.
            let first = if request.cc.is_empty() { &mut request.bcc } else { &mut request.cc };
            let first = (!first.is_empty()).then(|| first.remove(0));
            request.to.extend(first);
        }
        request.reply_to.clone_from(&self.parsed.reply_to);
        request.message_id.clone_from(&self.parsed.message_id);
        request.template.clone_from(&self.asks.template);
        if request.template.is_none() {
            request.subject.clone_from(&self.parsed.subject);
            request.text.clone_from(&self.parsed.text);
            request.html.clone_from(&self.parsed.html);
        }
        let own = self.parsed.headers.iter().filter(|(name, _)| asks::goes_on(name));
        request.headers = own.cloned().collect();
        request.attachments = self.attachments().await?;
        sending::send(self.engine, self.principal, by, request).await.map_err(refusal)
    }

    async fn attachments(&self) -> Result<Vec<AttachmentRequest>> {
        let (raw, files) = (self.raw.clone(), self.parsed.attachments.clone());
        let read = tokio::task::spawn_blocking(move || {
            let one = |file: mail::ParsedAttachment| {
                let bytes = mail::attachment_bytes(&raw, file.part)?;
                Some(AttachmentRequest {
                    pointer: String::new(),
                    filename: file.filename,
                    content_type: Some(file.content_type),
                    content_id: file.content_id,
                    source: AttachmentSource::Bytes(bytes.into()),
                })
            };
            files.into_iter().filter_map(one).collect()
        });
        read.await.map_err(|_| SubmitError::Unavailable("reading the attachments failed".into()))
    }
}

/// What the product says, in SMTP's terms.
fn refusal(error: EngineError) -> SubmitError {
    match error {
        EngineError::Invalid(fields) => {
            let all: Vec<String> = fields
                .into_iter()
                .map(|field| match field.pointer.trim_start_matches('/') {
                    "" => field.detail,
                    place => format!("{place}: {}", field.detail),
                })
                .collect();
            SubmitError::refused("5.6.0", all.join("; "))
        }
        EngineError::TooLarge { limit } => {
            SubmitError::refused("5.3.4", format!("the mail is larger than the {limit} bytes this channel sends"))
        }
        error @ (EngineError::NotFound { .. } | EngineError::Conflict(_) | EngineError::Forbidden(_)) => {
            SubmitError::refused("5.7.1", error.to_string())
        }
        error => {
            tracing::error!(%error, "a submitted mail could not be kept; its sender is asked to try again");
            SubmitError::Unavailable("it can't be kept; see the log".into())
        }
    }
}

#[cfg(test)]
mod tests;
