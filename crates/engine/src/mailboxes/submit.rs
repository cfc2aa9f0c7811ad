//! A mail sent as the owner of an account: check → compose → commit → queue. Owns what a request may ask; `submitting` sends.

use bytes::Bytes;
use mail::Mailbox;
use mail::compose::{Draft, DraftAttachment};
use model::key::Principal;
use model::limits::{ATTACHMENTS_OUTBOUND_MAX, MESSAGE_BYTES_MAX, RECIPIENTS_OUTBOUND_MAX};
use model::template::TemplateContent;
use model::{TemplateId, Timestamp};
use serde_json::{Map, Value as Json, json};
use store::accounts::AccountRow;
use store::linked_mails::LinkedMailRow;
use store::submissions::{Reference, Stage, SubmissionRow};

use super::links::{self, Links};
pub use super::queueing::{HeldBack, Submitted, queue};
use super::{accounts, gateways, submitting};
pub use crate::answering::Action;
use crate::answering::{self, Original};
use crate::sending::{self, AttachmentRequest};
use crate::templates::{self, TemplateReference};
use crate::tracking::Marker;
use crate::{Engine, EngineError, FieldError, Result, tokens};

/// Mails of one request.
pub const MAILS_MAX: usize = 500;
/// How far ahead mail may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;
/// Tries that may be asked for.
const ATTEMPTS_MAX: u32 = 100;

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
    /// As the workspace's settings say where the request does not.
    pub track_opens: Option<bool>,
    pub track_clicks: Option<bool>,
    /// The list it is sent to: its one recipient can leave it, and gets nothing who did.
    pub list_id: Option<String>,
    /// The name of the gateway it goes through, instead of the account's own server.
    pub gateway: Option<String>,
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

/// A mail, composed and checked, before anything is kept.
pub struct Composed {
    pub raw: Bytes,
    pub message_id: String,
    pub(super) row: SubmissionRow,
    pub(super) referred: Option<bool>,
    pub(super) linked: Option<LinkedMailRow>,
}

impl Composed {
    pub fn referred(&self) -> Option<bool> {
        self.referred
    }
}

/// Composes a mail of an account without keeping or sending it.
///
/// # Errors
/// Not there; fields that are wrong; the account has no SMTP server; the gateway or the message that is referred to is not there.
pub async fn compose(engine: &Engine, principal: &Principal, name: &str, request: SubmitRequest) -> Result<Composed> {
    sending::may_send(principal)?;
    let account = accounts::get(engine, principal, name).await?;
    if let Some(gateway) = &request.gateway {
        gateways::get(engine, principal, gateway).await?;
    } else if account.settings.smtp.is_none() {
        let detail = "the account has no SMTP server to send through: set `smtp`, or name a `gateway`";
        return Err(EngineError::Conflict(detail.into()));
    }
    let now = Timestamp::now();
    check(&request, now)?;
    let from = sender(&account, &request)?;
    let links = Links::of(engine, &account, &from, &request).await?;
    let mut request = rendered(engine, &account, request, links.unsubscribe_url()).await?;
    let (original, reference) = original(engine, principal, name, request.reference.as_ref()).await?;
    let referred = request.reference.as_ref().map(|_| original.is_some());
    if let (Some(original), Some(wanted)) = (&original, &request.reference.clone()) {
        fill_in(&mut request, &account, original, wanted);
    }
    links.show(&mut request, &from)?;
    let message_id = match &request.message_id {
        Some(id) => mail::compose::clean_message_id(id).map_err(|why| EngineError::invalid("/messageId", why))?,
        None => new_message_id(&account, &engine.config.hostname),
    };
    let (raw, message_id) = match request.raw.clone() {
        Some(raw) => tokio::task::spawn_blocking(move || whole(&raw, &message_id, now)).await.map_err(panicked)??,
        None => {
            let marker = links.marker(engine, &request);
            let files = sending::files(engine, &principal.workspace_id, &request.attachments).await?;
            (written(files, &request, &from, &original, &message_id, marker, now).await?, message_id)
        }
    };
    if raw.len() as u64 > MESSAGE_BYTES_MAX {
        return Err(EngineError::TooLarge { limit: MESSAGE_BYTES_MAX });
    }
    let row = row(&account, &request, &from, &links, &message_id, reference, now)?;
    let has_html = request.raw.is_none() && request.html.is_some();
    let linked = links.row(has_html, &row);
    Ok(Composed { raw, message_id, row, referred, linked })
}

/// Subject, HTML and text with their variables filled in: those of `params` by their names and below `params`, and those of the account.
async fn rendered(
    engine: &Engine,
    account: &AccountRow,
    mut request: SubmitRequest,
    unsubscribe_url: Option<&str>,
) -> Result<SubmitRequest> {
    if request.template.is_none() && request.params.is_none() {
        return Ok(request);
    }
    let params = request.params.take().unwrap_or_default();
    let mut variables = params.clone();
    variables.insert("params".into(), Json::Object(params));
    variables.insert("account".into(), json!({ "name": account.display_name, "email": account.email }));
    variables.insert("service".into(), json!({ "url": engine.config.public_url }));
    if let Some(url) = unsubscribe_url {
        variables.insert("rcpt".into(), json!({ "unsubscribeUrl": url }));
    }
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

fn check(request: &SubmitRequest, now: Timestamp) -> Result<()> {
    let mut errors = links::check(request);
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
    mut files: Vec<DraftAttachment>,
    request: &SubmitRequest,
    from: &Mailbox,
    original: &Option<Original>,
    message_id: &str,
    marker: Marker,
    now: Timestamp,
) -> Result<Bytes> {
    if let (Some(original), Some(wanted)) = (original, &request.reference)
        && (wanted.inline || wanted.forward_attachments)
    {
        files.extend(answering::files(original, request.html.as_deref(), wanted.forward_attachments));
    }
    let text = request.text.clone().or_else(|| request.html.is_none().then(String::new));
    let mut draft = Draft {
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
    let composed = tokio::task::spawn_blocking(move || {
        draft.html = draft.html.map(|html| marker.mark(html));
        mail::compose::compose(&draft)
    });
    let composed = composed.await.map_err(panicked)?;
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
    links: &Links,
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
        id: links.id().clone(),
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
        list_id: request.list_id.clone(),
        gateway: request.gateway.clone(),
    })
}
