//! A mail sent as the owner of an account: check → compose → commit → queue. Owns what a request may ask; `submitting` sends.

use bytes::Bytes;
use mail::Mailbox;
use mail::compose::Draft;
use model::key::Principal;
use model::limits::{ATTACHMENTS_OUTBOUND_MAX, MESSAGE_BYTES_MAX, RECIPIENTS_OUTBOUND_MAX};
use model::template::TemplateContent;
use model::{SubmissionId, TemplateId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use store::accounts::AccountRow;
use store::blobs_table::{self, NewBlob};
use store::submissions::{self, Reference, Stage, SubmissionRow};
use store::{Priority, Tx};

pub use super::answering::Action;
use super::answering::{self, Original};
use super::{accounts, submitting};
use crate::sending::{self, AttachmentRequest};
use crate::templates::{self, TemplateReference};
use crate::{Engine, EngineError, FieldError, Result, once, raw, tokens};

/// Mails of one request.
pub const MAILS_MAX: usize = 500;
/// Bytes of all mails of one request.
const BYTES_MAX: u64 = 4 * MESSAGE_BYTES_MAX;
/// How far ahead mail may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;
/// Tries that may be asked for.
const ATTEMPTS_MAX: u32 = 100;
/// Mails of an account that wait to be sent.
const WAITING_MAX: u64 = 100_000;

/// A mail to send.
#[derive(Debug, Clone, Default)]
pub struct SubmitRequest {
    pub from: Option<Mailbox>,
    pub to: Vec<Mailbox>,
    pub cc: Vec<Mailbox>,
    pub bcc: Vec<Mailbox>,
    pub reply_to: Vec<Mailbox>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    pub attachments: Vec<AttachmentRequest>,
    pub headers: Vec<(String, String)>,
    pub message_id: Option<String>,
    pub in_reply_to: Option<String>,
    pub references: Vec<String>,
    pub reference: Option<ReferenceRequest>,
    /// What subject, HTML and text are made of where the request does not say them.
    pub template: Option<TemplateId>,
    /// Values for the template, or for the request's own subject, HTML and text as one.
    pub params: Option<Map<String, Json>>,
    /// MAIL FROM and RCPT TO where they differ from the head's.
    pub envelope_from: Option<String>,
    pub envelope_to: Option<Vec<String>>,
    /// A whole mail (RFC 5322); it goes as it is but for Bcc, and for what it lacks of Date and Message-ID.
    pub raw: Option<Bytes>,
    pub send_at: Option<Timestamp>,
    pub attempts_max: Option<u32>,
    pub copies: Option<bool>,
    pub sent_path: Option<String>,
}

/// The message that is answered or forwarded.
#[derive(Debug, Clone)]
pub struct ReferenceRequest {
    /// Its id in the mailbox API.
    pub message: String,
    pub action: Action,
    /// Quotes it.
    pub inline: bool,
    pub forward_attachments: bool,
    /// Sends as if nothing was referred to where it is not there.
    pub ignore_missing: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    pub queue_id: SubmissionId,
    /// Without angle brackets.
    pub message_id: String,
    pub send_at: Timestamp,
    /// Whether the message that was referred to is there.
    pub referred: Option<bool>,
}

/// A mail, composed and checked, before anything is kept.
pub struct Composed {
    pub raw: Bytes,
    pub message_id: String,
    row: SubmissionRow,
    referred: Option<bool>,
}

impl Composed {
    pub fn referred(&self) -> Option<bool> {
        self.referred
    }
}

/// Composes a mail of an account without keeping or sending it.
///
/// # Errors
/// Not there; fields that are wrong; the account has no SMTP server; the message that is referred to is not there.
pub async fn compose(engine: &Engine, principal: &Principal, name: &str, request: SubmitRequest) -> Result<Composed> {
    sending::may_send(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    if account.settings.smtp.is_none() {
        return Err(EngineError::Conflict("the account has no SMTP server to send through: set `smtp`".into()));
    }
    let now = Timestamp::now();
    check(&request, now)?;
    let mut request = rendered(engine, &account, request).await?;
    let (original, reference) = original(engine, principal, name, request.reference.as_ref()).await?;
    let referred = request.reference.as_ref().map(|_| original.is_some());
    if let (Some(original), Some(wanted)) = (&original, &request.reference.clone()) {
        fill_in(&mut request, &account, original, wanted);
    }
    let message_id = match &request.message_id {
        Some(id) => mail::compose::clean_message_id(id).map_err(|why| EngineError::invalid("/messageId", why))?,
        None => new_message_id(&account, &engine.config.hostname),
    };
    let from = sender(&account, &request)?;
    let (raw, message_id) = match request.raw.clone() {
        Some(raw) => tokio::task::spawn_blocking(move || whole(&raw, &message_id, now)).await.map_err(panicked)??,
        None => (written(engine, &request, &from, &original, &message_id, now).await?, message_id),
    };
    if raw.len() as u64 > MESSAGE_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: MESSAGE_BYTES_MAX });
    }
    let row = row(&account, &request, &from, &message_id, reference, now)?;
    Ok(Composed { raw, message_id, row, referred })
}

/// Subject, HTML and text with their variables filled in: those of `params` by their names and below `params`, and those of the account.
async fn rendered(engine: &Engine, account: &AccountRow, mut request: SubmitRequest) -> Result<SubmitRequest> {
    if request.template.is_none() && request.params.is_none() {
        return Ok(request);
    }
    let params = request.params.take().unwrap_or_default();
    let mut variables = params.clone();
    variables.insert("params".into(), Json::Object(params));
    variables.insert("account".into(), json!({ "name": account.display_name, "email": account.email }));
    variables.insert("service".into(), json!({ "url": engine.config.public_url }));
    let made = match request.template.take() {
        Some(id) => {
            let reference = TemplateReference::Id(id);
            templates::render(engine, &account.workspace_id, &reference, variables).await?
        }
        None => {
            let content = TemplateContent {
                subject: request.subject.take(),
                html: request.html.take(),
                text: request.text.take(),
                preview_text: None,
            };
            templates::render_content(content, variables).await?
        }
    };
    request.subject = request.subject.or((!made.subject.is_empty()).then_some(made.subject));
    if request.html.is_none() && request.text.is_none() {
        (request.html, request.text) = (made.html, made.text);
    }
    Ok(request)
}

fn panicked(_: tokio::task::JoinError) -> EngineError {
    EngineError::Internal("composing panicked".into())
}

/// Queues what was composed, all or nothing. Answers what each came to, in their order; the same request sent again is answered and
/// not done again.
///
/// # Errors
/// The account has too many that wait; the store can't keep them.
pub async fn queue(engine: &Engine, mails: Vec<Composed>) -> Result<Vec<Submitted>> {
    let once = once::asked();
    if let Some(earlier) = once.earlier(engine).await? {
        return read_outcome(&earlier);
    }
    if mails.iter().map(|mail| mail.raw.len() as u64).sum::<u64>() > BYTES_MAX {
        return Err(EngineError::TooLarge { limit: BYTES_MAX });
    }
    let mut kept: Vec<(SubmissionRow, NewBlob)> = Vec::with_capacity(mails.len());
    let mut outcome = Vec::with_capacity(mails.len());
    for mail in mails {
        let blob = raw::keep(engine, &[&mail.row.workspace_id], &mail.raw).await?.pop();
        let (_, blob) = blob.ok_or_else(|| EngineError::Internal("the raw mail was not kept".into()))?;
        outcome.push(Submitted {
            queue_id: mail.row.id.clone(),
            message_id: mail.message_id,
            send_at: mail.row.due_at,
            referred: mail.referred,
        });
        kept.push((mail.row, blob));
    }
    let noted = serde_json::to_string(&outcome).map_err(|error| EngineError::Internal(error.to_string()))?;
    let work = move |tx: &mut Tx<'_>| -> store::Result<Option<String>> {
        if let Some(earlier) = once.note(tx, &noted)? {
            return Ok(Some(earlier));
        }
        let Some((first, _)) = kept.first() else { return Ok(Some(noted.clone())) };
        if submissions::count(tx, &first.account_id)? + kept.len() as u64 > WAITING_MAX {
            return Ok(None);
        }
        for (row, blob) in &kept {
            let blob_id = blobs_table::put(tx, &row.workspace_id, blob)?;
            submissions::insert(tx, &SubmissionRow { blob_id, ..row.clone() })?;
        }
        Ok(Some(noted.clone()))
    };
    let noted = crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?;
    let full = || EngineError::Conflict(format!("{WAITING_MAX} mails of this account wait to be sent: take some back"));
    read_outcome(&noted.ok_or_else(full)?)
}

fn read_outcome(noted: &str) -> Result<Vec<Submitted>> {
    serde_json::from_str(noted).map_err(|error| EngineError::Internal(format!("an earlier outcome: {error}")))
}

fn check(request: &SubmitRequest, now: Timestamp) -> Result<()> {
    let mut errors = Vec::new();
    let mut wrong = |pointer: &str, detail: String| errors.push(FieldError::new(pointer, detail));
    let named = request.to.len() + request.cc.len() + request.bcc.len();
    let recipients = named.max(request.envelope_to.as_ref().map_or(0, Vec::len));
    if recipients > RECIPIENTS_OUTBOUND_MAX {
        wrong("/to", format!("{recipients} recipients; at most {RECIPIENTS_OUTBOUND_MAX} fit one message"));
    }
    if request.attachments.len() > ATTACHMENTS_OUTBOUND_MAX {
        wrong("/attachments", format!("at most {ATTACHMENTS_OUTBOUND_MAX} attachments fit one message"));
    }
    if request.attempts_max.is_some_and(|attempts| attempts == 0 || attempts > ATTEMPTS_MAX) {
        wrong("/deliveryAttempts", format!("1 to {ATTEMPTS_MAX} attempts"));
    }
    let latest = now.plus(std::time::Duration::from_secs(SCHEDULE_DAYS_MAX * 24 * 60 * 60));
    if request.send_at.is_some_and(|at| at > latest) {
        wrong("/sendAt", format!("at most {SCHEDULE_DAYS_MAX} days ahead"));
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

async fn original(
    engine: &Engine,
    principal: &Principal,
    name: &str,
    wanted: Option<&ReferenceRequest>,
) -> Result<(Option<Original>, Option<Reference>)> {
    let Some(wanted) = wanted else { return Ok((None, None)) };
    let (folder, lying) = match accounts::message(engine, principal, name, &wanted.message).await {
        Err(EngineError::NotFound { .. }) if wanted.ignore_missing => return Ok((None, None)),
        Err(EngineError::NotFound { .. }) => {
            return Err(EngineError::NotFound { what: "the message that is referred to" });
        }
        found => found?,
    };
    let raw = accounts::source(engine, &lying).await?;
    let bytes = raw.clone();
    let parsed = tokio::task::spawn_blocking(move || mail::parse(&bytes)).await.map_err(panicked)?;
    let flag = wanted.action.flag().to_owned();
    let reference = Reference { folder_id: folder.id, uid: lying.place.uid, flag };
    Ok((Some(Original { parsed, raw }), Some(reference)))
}

/// What the request does not say follows from what it refers to.
fn fill_in(request: &mut SubmitRequest, account: &AccountRow, original: &Original, wanted: &ReferenceRequest) {
    let own: Vec<&str> = account.email.as_deref().into_iter().collect();
    let (to, cc) = answering::recipients(&original.parsed, wanted.action, &own);
    if request.to.is_empty() {
        request.to = to;
        if request.cc.is_empty() {
            request.cc = cc;
        }
    }
    if request.subject.is_none() {
        request.subject = Some(answering::subject(&original.parsed.subject, wanted.action));
    }
    let (in_reply_to, references) = answering::threading(&original.parsed);
    if request.in_reply_to.is_none() {
        request.in_reply_to = in_reply_to;
    }
    if request.references.is_empty() {
        request.references = references;
    }
    if wanted.inline {
        (request.text, request.html) =
            answering::quoted(&original.parsed, wanted.action, request.text.take(), request.html.take());
    }
}

fn new_message_id(account: &AccountRow, hostname: &str) -> String {
    let own = account.email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_owned());
    format!("{}@{}", tokens::random(24), own.filter(|domain| domain.is_ascii()).unwrap_or_else(|| hostname.to_owned()))
}

fn sender(account: &AccountRow, request: &SubmitRequest) -> Result<Mailbox> {
    if let Some(from) = &request.from {
        return Ok(Mailbox { name: from.name.clone().or_else(|| account.display_name.clone()), ..from.clone() });
    }
    let own = account.email.clone().or_else(|| {
        let smtp = account.settings.smtp.as_ref()?;
        Some(smtp.username.clone()).filter(|name| name.contains('@'))
    });
    let address = own.ok_or_else(|| EngineError::invalid("/from", "the account has no address of its own: say it"))?;
    Ok(Mailbox { name: account.display_name.clone(), address })
}

async fn written(
    engine: &Engine,
    request: &SubmitRequest,
    from: &Mailbox,
    original: &Option<Original>,
    message_id: &str,
    now: Timestamp,
) -> Result<Bytes> {
    let mut files = sending::files(engine, &request.attachments).await?;
    if let (Some(original), Some(wanted)) = (original, &request.reference)
        && (wanted.inline || wanted.forward_attachments)
    {
        files.extend(answering::files(original, request.html.as_deref(), wanted.forward_attachments));
    }
    let text = request.text.clone().or_else(|| request.html.is_none().then(String::new));
    let draft = Draft {
        from: from.clone(),
        reply_to: request.reply_to.clone(),
        to: request.to.clone(),
        cc: request.cc.clone(),
        subject: request.subject.clone().unwrap_or_default(),
        date: request.send_at.filter(|at| *at > now).unwrap_or(now),
        message_id: message_id.to_owned(),
        in_reply_to: request.in_reply_to.clone(),
        references: request.references.clone(),
        text,
        html: request.html.clone(),
        attachments: files,
        headers: request.headers.clone(),
        boundary_seed: rand::random(),
    };
    let composed = tokio::task::spawn_blocking(move || mail::compose::compose(&draft)).await.map_err(panicked)?;
    let wrong = |error: mail::compose::DraftError| FieldError::new(format!("/{}", error.pointer), error.detail);
    composed.map(Bytes::from).map_err(|errors| EngineError::Invalid(errors.into_iter().map(wrong).collect()))
}

/// A whole mail as it may go out. Answers its Message-ID too.
fn whole(raw: &[u8], message_id: &str, now: Timestamp) -> Result<(Bytes, String)> {
    let ready =
        mail::compose::ready_to_send(raw, message_id, now).map_err(|detail| EngineError::invalid("/raw", detail))?;
    Ok((ready.bytes.into(), ready.message_id))
}

fn row(
    account: &AccountRow,
    request: &SubmitRequest,
    from: &Mailbox,
    message_id: &str,
    reference: Option<Reference>,
    now: Timestamp,
) -> Result<SubmissionRow> {
    let (mut named, mut subject) =
        ([request.to.as_slice(), &request.cc, &request.bcc].concat(), request.subject.clone());
    let mut mail_from = from.address.clone();
    if let Some(original) = &request.raw {
        let parsed = mail::parse(original);
        if named.is_empty() {
            named = [parsed.to, parsed.cc, parsed.bcc].concat();
        }
        if request.from.is_none() {
            mail_from = parsed.from.first().map_or(mail_from, |from| from.address.clone());
        }
        subject = subject.or(Some(parsed.subject));
    }
    let wanted = request.envelope_to.clone();
    let mut rcpt_to: Vec<String> = Vec::new();
    for address in wanted.unwrap_or_else(|| named.into_iter().map(|mailbox| mailbox.address).collect()) {
        let address = mail::compose::normalize_address(&address).map_err(|why| EngineError::invalid("/to", why))?;
        if !rcpt_to.iter().any(|known| known.eq_ignore_ascii_case(&address)) {
            rcpt_to.push(address);
        }
    }
    if rcpt_to.is_empty() {
        return Err(EngineError::invalid("/to", "at least one recipient is needed"));
    }
    if rcpt_to.len() > RECIPIENTS_OUTBOUND_MAX {
        return Err(EngineError::invalid(
            "/to",
            format!("at most {RECIPIENTS_OUTBOUND_MAX} recipients fit one message"),
        ));
    }
    let mail_from = request.envelope_from.clone().unwrap_or(mail_from);
    let mail_from =
        mail::compose::normalize_address(&mail_from).map_err(|why| EngineError::invalid("/envelope/from", why))?;
    let due_at = request.send_at.filter(|at| *at > now).unwrap_or(now);
    Ok(SubmissionRow {
        id: SubmissionId::generate(),
        workspace_id: account.workspace_id.clone(),
        account_id: account.id.clone(),
        stage: Stage::Send,
        rfc_message_id: message_id.to_owned(),
        subject: subject.unwrap_or_default(),
        mail_from,
        pending: rcpt_to.clone(),
        rcpt_to,
        blob_id: 0,
        message_id: None,
        copies: request.copies.unwrap_or(true) && account.settings.imap.is_some(),
        sent_path: request.sent_path.clone(),
        reference,
        attempts: 0,
        attempts_max: request.attempts_max.unwrap_or(submitting::ATTEMPTS),
        last_error: None,
        due_at,
        scheduled_at: due_at,
        created_at: now,
        claimed: false,
    })
}
