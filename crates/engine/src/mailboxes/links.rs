//! Links of ours in mails of accounts: those that are tracked, and the one that leaves a list (RFC 2369, RFC 2919, RFC 8058); and what
//! listeners of the mailbox API are told when somebody follows one. Never composes, never answers a visitor.

use mail::Mailbox;
use model::event::EventType;
use model::key::{Principal, Scope};
use model::{SubmissionId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use store::accounts::{self, AccountRow};
use store::linked_mails::LinkedMailRow;
use store::submissions::SubmissionRow;
use store::{Priority, StoreError, Tx, workspaces};

use super::submit::SubmitRequest;
use super::telling;
use crate::tracking::{Marker, Tracking};
use crate::{Engine, EngineError, FieldError, Result, access_check, domains, suppressions, unsubscribe};

/// What the unsubscribe link is called in contents and templates.
const PLACE: &str = "{{rcpt.unsubscribeUrl}}";
const OURS: [&str; 3] = ["List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"];

/// What is tracked of mail that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TrackSettings {
    pub track_opens: bool,
    pub track_clicks: bool,
}

fn setting(workspace: &WorkspaceId) -> String {
    format!("mailboxes_track/{workspace}")
}

/// # Errors
/// What the store says.
pub async fn settings(engine: &Engine, workspace: &WorkspaceId) -> Result<TrackSettings> {
    let name = setting(workspace);
    let kept = engine.db.read(move |tx| workspaces::setting(tx, &name)).await?;
    let read = |kept: String| serde_json::from_str(&kept).map_err(|error| StoreError::corrupt("setting", error));
    Ok(kept.map(read).transpose()?.unwrap_or_default())
}

/// # Errors
/// The scope `webhooks:write` is missing.
pub async fn set_settings(engine: &Engine, principal: &Principal, settings: TrackSettings) -> Result<()> {
    access_check::scope(principal, Scope::WebhooksWrite)?;
    let name = setting(&principal.workspace_id);
    let value = serde_json::to_string(&settings).map_err(|error| EngineError::Internal(error.to_string()))?;
    engine.db.write(Priority::Foreground, move |tx| workspaces::set_setting(tx, &name, &value)).await?;
    Ok(())
}

/// What can be said to be wrong with a list's mail before it is composed.
pub(super) fn check(request: &SubmitRequest) -> Vec<FieldError> {
    let Some(list) = &request.list_id else { return Vec::new() };
    let mut errors = Vec::new();
    if let Err(detail) = suppressions::check_list(list) {
        errors.push(FieldError::new("/listId", detail));
    }
    if request.raw.is_some() {
        let detail = "the header fields of a list are written when a mail is composed: leave raw or listId out";
        errors.push(FieldError::new("/raw", detail));
    }
    for (name, _) in request.headers.iter().filter(|(name, _)| OURS.iter().any(|ours| ours.eq_ignore_ascii_case(name)))
    {
        let detail = "Postroom writes this field for mail of a list: leave it or listId out";
        errors.push(FieldError::new(format!("/headers/{name}"), detail));
    }
    errors
}

/// The links of one mail.
pub(super) struct Links {
    id: SubmissionId,
    tracking: Tracking,
    list_id: Option<String>,
    /// Where they begin, if at a host of the sender's domain.
    at: Option<String>,
    /// Leaves the list.
    unsubscribe_url: Option<String>,
}

impl Links {
    pub async fn of(engine: &Engine, account: &AccountRow, from: &Mailbox, request: &SubmitRequest) -> Result<Self> {
        let id = SubmissionId::generate();
        let usual = match (request.track_opens, request.track_clicks) {
            (Some(_), Some(_)) => TrackSettings::default(),
            _ => settings(engine, &account.workspace_id).await?,
        };
        let tracking = Tracking {
            opens: request.track_opens.unwrap_or(usual.track_opens),
            clicks: request.track_clicks.unwrap_or(usual.track_clicks),
        };
        let at = match tracking.is_asked() || request.list_id.is_some() {
            true => domains::links_from(engine, &account.workspace_id, &from.address).await?,
            false => None,
        };
        let url = |_: &String| unsubscribe::url(engine, at.as_deref(), id.as_str());
        let unsubscribe_url = request.list_id.as_ref().map(url);
        Ok(Self { tracking, list_id: request.list_id.clone(), unsubscribe_url, at, id })
    }

    pub fn id(&self) -> &SubmissionId {
        &self.id
    }

    /// For templates.
    pub fn unsubscribe_url(&self) -> Option<&str> {
        self.unsubscribe_url.as_deref()
    }

    /// Writes the list's header fields, and the link where the content has a place for it.
    ///
    /// # Errors
    /// The link is one person's, so a list's mail has one recipient.
    pub fn show(&self, request: &mut SubmitRequest, from: &Mailbox) -> Result<()> {
        let (Some(url), Some(list)) = (&self.unsubscribe_url, &self.list_id) else { return Ok(()) };
        if request.to.len() != 1 || !request.cc.is_empty() || !request.bcc.is_empty() || request.envelope_to.is_some() {
            let detail =
                "a list's mail goes to one recipient, who can unsubscribe: send one a recipient with mailMerge";
            return Err(EngineError::invalid("/to", detail));
        }
        for content in [&mut request.text, &mut request.html].into_iter().flatten() {
            if content.contains(PLACE) {
                *content = content.replace(PLACE, url);
            }
        }
        let domain = from.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
        request.headers.extend(unsubscribe::headers(url));
        request.headers.push(("List-Id".to_owned(), format!("<{list}.{domain}>")));
        Ok(())
    }

    /// Puts the marks into the HTML of a mail.
    pub fn marker(&self, engine: &Engine, request: &SubmitRequest) -> Marker {
        Marker::of_mail(engine, self.at.as_deref(), self.tracking, &self.id, &request.headers)
    }

    /// What is kept of a mail that has one of them.
    pub fn row(&self, has_html: bool, of: &SubmissionRow) -> Option<LinkedMailRow> {
        let recipient =
            of.rcpt_to.first().filter(|_| self.list_id.is_some() || (has_html && self.tracking.is_asked()))?;
        Some(LinkedMailRow {
            id: self.id.clone(),
            workspace_id: of.workspace_id.clone(),
            account_id: of.account_id.clone(),
            rfc_message_id: of.rfc_message_id.clone(),
            mail_from: of.mail_from.clone(),
            recipient: mail::address::normalize(recipient).unwrap_or_else(|| recipient.to_lowercase()),
            list_id: self.list_id.clone(),
            opens: 0,
            clicks: 0,
            sent_at: None,
            created_at: of.created_at,
        })
    }
}

/// Tells listeners that somebody followed a link of a mail: `said` beside the mail's id. Nobody hears of an account that is gone.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    mail: &LinkedMailRow,
    event_type: EventType,
    mut said: Json,
    at: Timestamp,
) -> store::Result<()> {
    let Some(account) = accounts::get(tx, &mail.account_id)? else { return Ok(()) };
    if let Some(said) = said.as_object_mut() {
        said.insert("messageId".into(), json!(format!("<{}>", mail.rfc_message_id)));
    }
    telling::tell(tx, &account, event_type, &json!({ "account": account.name, "data": said }), at)
}
