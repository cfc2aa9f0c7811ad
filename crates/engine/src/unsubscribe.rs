//! Unsubscribing (RFC 2369, RFC 8058): the signed link of a mail, what it stops, and coming back. Whoever has the link needs no key;
//! it opens nothing but the opt-outs of the one person the mail went to.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use model::event::EventType;
use model::suppression::{SuppressionReason, SuppressionScope};
use model::use_case::UseCase;
use model::{MessageId, SubmissionId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::linked_mails::{self, LinkedMailRow};
use store::{Priority, Tx, message_lists, suppressions, use_cases};

use crate::mac::mac;
use crate::mailboxes::links;
use crate::suppressions::{Added, NewSuppression, holds, put};
use crate::words::{self, Language};
use crate::{Engine, EngineError, Result};

/// Bytes of a link's signature.
const SIGNATURE_BYTES: usize = 16;
const NO_LINK: EngineError = EngineError::NotFound { what: "the subscription of this link" };

/// What a link speaks of.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The mail's: a message's, or a submission's.
    pub mail_id: String,
    pub workspace_id: WorkspaceId,
    /// Its workspace's, if it has chosen one.
    pub language: Option<Language>,
    /// Who got the mail.
    pub address: String,
    pub to: SubscribedTo,
    /// Nothing of the use case or list comes any more.
    pub left: bool,
    /// Nothing of the whole domain comes any more.
    pub left_domain: bool,
}

#[derive(Debug, Clone)]
pub enum SubscribedTo {
    UseCase {
        use_case: UseCase,
        message_id: MessageId,
    },
    /// A list of an account's mail, by its name and the mail that came by it.
    List {
        list_id: String,
        mail: LinkedMailRow,
    },
}

/// Who asked, as far as the request tells.
#[derive(Debug, Clone, Default)]
pub struct Asker {
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
}

/// Keys that signed links; the newest signs. A link holds as long as its mail may lie in a mailbox, so it never ends.
fn keys(engine: &Engine) -> Vec<[u8; 32]> {
    engine.vault.derive("unsubscribe links")
}

/// The link of a mail that is to go out, at the public URL where no other place is said.
pub(crate) fn url(engine: &Engine, at: Option<&str>, mail_id: &str) -> String {
    let signature = keys(engine)
        .first()
        .map(|key| mac(key, mail_id.as_bytes()).finalize().into_bytes())
        .map(|signature| URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE_BYTES]))
        .unwrap_or_default();
    format!("{}/unsubscribe/{mail_id}/{signature}", at.unwrap_or(&engine.config.public_url))
}

/// The header fields of a mail with this link (RFC 2369 §3.2, RFC 8058 §3.1).
pub(crate) fn headers(url: &str) -> [(String, String); 2] {
    [
        ("List-Unsubscribe".to_owned(), format!("<{url}>")),
        ("List-Unsubscribe-Post".to_owned(), "List-Unsubscribe=One-Click".to_owned()),
    ]
}

/// What the link speaks of, and how it stands.
///
/// # Errors
/// The link is not ours, or what it speaks of is gone.
pub async fn look_up(engine: &Engine, mail_id: &str, signature: &str) -> Result<Subscription> {
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NO_LINK)?;
    let is_ours = |key| mac(key, mail_id.as_bytes()).verify_truncated_left(&signature).is_ok();
    if signature.len() != SIGNATURE_BYTES || !keys(engine).iter().any(is_ours) {
        return Err(NO_LINK);
    }
    let found = match (mail_id.parse::<MessageId>(), mail_id.parse::<SubmissionId>()) {
        (Ok(id), _) => engine.db.read(move |tx| of_message(tx, &id)).await?,
        (_, Ok(id)) => engine.db.read(move |tx| of_list(tx, &id)).await?,
        _ => None,
    };
    found.ok_or(NO_LINK)
}

fn of_message(tx: &mut Tx<'_>, id: &MessageId) -> store::Result<Option<Subscription>> {
    let Some(message) = message_lists::of_any_workspace(tx, id)? else { return Ok(None) };
    let workspace_id = message.workspace_id;
    let Some(use_case_id) = &message.use_case_id else { return Ok(None) };
    let Some(use_case) = use_cases::get_even_deleted(tx, &workspace_id, use_case_id)? else { return Ok(None) };
    let recipient = message.recipients.into_iter().next().map(|recipient| recipient.address);
    let Some(address) = recipient.as_deref().and_then(mail::address::normalize) else { return Ok(None) };
    let to = SubscribedTo::UseCase { use_case, message_id: id.clone() };
    subscription(tx, id.to_string(), workspace_id, address, to).map(Some)
}

fn of_list(tx: &mut Tx<'_>, id: &SubmissionId) -> store::Result<Option<Subscription>> {
    let Some(mail) = linked_mails::of_any_workspace(tx, id)? else { return Ok(None) };
    let Some(list_id) = mail.list_id.clone() else { return Ok(None) };
    let (workspace_id, address) = (mail.workspace_id.clone(), mail.recipient.clone());
    subscription(tx, id.to_string(), workspace_id, address, SubscribedTo::List { list_id, mail }).map(Some)
}

fn subscription(
    tx: &mut Tx<'_>,
    mail_id: String,
    workspace_id: WorkspaceId,
    address: String,
    to: SubscribedTo,
) -> store::Result<Subscription> {
    let language = words::of_workspace(tx, &workspace_id)?;
    let mut found = Subscription { mail_id, workspace_id, language, address, to, left: false, left_domain: false };
    let now = Timestamp::now();
    let mut has_left = |leaving: Leaving| {
        let Some((scope, id)) = leaving.place(&found) else { return Ok(false) };
        let there = suppressions::at_place(tx, &found.workspace_id, &found.address, scope, &id)?;
        store::Result::Ok(there.is_some_and(|there| holds(&there, now)))
    };
    let (left, left_domain) = (has_left(Leaving::This)?, has_left(Leaving::Domain)?);
    (found.left, found.left_domain) = (left, left_domain);
    Ok(found)
}

/// How far somebody goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The use case or the list.
    This,
    Domain,
}

impl Subscription {
    /// Whom the mail comes from, by address.
    pub fn sender(&self) -> &str {
        match &self.to {
            SubscribedTo::UseCase { use_case, .. } => &use_case.sender_address,
            SubscribedTo::List { mail, .. } => &mail.mail_from,
        }
    }

    /// What its mail is called.
    pub fn name(&self) -> &str {
        match &self.to {
            SubscribedTo::UseCase { use_case, .. } => &use_case.name,
            SubscribedTo::List { list_id, .. } => list_id,
        }
    }

    /// The domain that the mail comes from, where all of it can be left.
    pub fn domain(&self) -> Option<&str> {
        match &self.to {
            SubscribedTo::UseCase { use_case, .. } => {
                use_case.sender_address.rsplit_once('@').map(|(_, domain)| domain)
            }
            SubscribedTo::List { .. } => None,
        }
    }

    /// The message that came, where it is kept.
    fn message_id(&self) -> Option<&MessageId> {
        match &self.to {
            SubscribedTo::UseCase { message_id, .. } => Some(message_id),
            SubscribedTo::List { .. } => None,
        }
    }
}

impl Leaving {
    /// `None`: there is no such thing to leave.
    fn place(self, subscription: &Subscription) -> Option<(SuppressionScope, String)> {
        match (self, &subscription.to) {
            (Self::This, SubscribedTo::UseCase { use_case, .. }) => {
                Some((SuppressionScope::UseCase, use_case.id.to_string()))
            }
            (Self::Domain, SubscribedTo::UseCase { use_case, .. }) => {
                Some((SuppressionScope::Domain, use_case.domain_id.to_string()))
            }
            (Self::This, SubscribedTo::List { list_id, .. }) => Some((SuppressionScope::UseCase, list_id.clone())),
            (Self::Domain, SubscribedTo::List { .. }) => None,
        }
    }
}

/// Nothing more goes to this person, of the use case or list, or of its whole domain. Asked again, it changes nothing and tells nothing.
///
/// # Errors
/// What the store says.
pub async fn leave(engine: &Engine, subscription: &Subscription, leaving: Leaving, asker: &Asker) -> Result<()> {
    let (subscription, asker) = (subscription.clone(), asker.clone());
    let now = Timestamp::now();
    let work = move |tx: &mut Tx<'_>| {
        let Some((scope, scope_id)) = leaving.place(&subscription) else { return Ok(()) };
        let (workspace, address) = (&subscription.workspace_id, &subscription.address);
        let new = NewSuppression {
            address: address.clone(),
            scope,
            scope_id: Some(scope_id),
            reason: SuppressionReason::Unsubscribe,
            detail: Some("unsubscribed by the link of a mail".into()),
            message_id: subscription.message_id().cloned(),
            expires_at: None,
        };
        match put(tx, workspace, &new, now)? {
            (_, Added::Same) => Ok(()),
            _ => tell(tx, &subscription, true, scope, &asker, now),
        }
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?)
}

/// Takes back what this person opted out of by a link: the use case and its domain, or the list. Other reasons not to write stay.
///
/// # Errors
/// What the store says.
pub async fn come_back(engine: &Engine, subscription: &Subscription, asker: &Asker) -> Result<()> {
    let (subscription, asker) = (subscription.clone(), asker.clone());
    let now = Timestamp::now();
    let work = move |tx: &mut Tx<'_>| {
        let (workspace, address) = (&subscription.workspace_id, &subscription.address);
        for leaving in [Leaving::Domain, Leaving::This] {
            let Some((scope, scope_id)) = leaving.place(&subscription) else { continue };
            let found = suppressions::at_place(tx, workspace, address, scope, &scope_id)?;
            let Some(found) = found.filter(|found| found.reason == SuppressionReason::Unsubscribe) else { continue };
            if suppressions::remove(tx, workspace, &found.id, "the recipient", now)? {
                tell(tx, &subscription, false, scope, &asker, now)?;
            }
        }
        Ok(())
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?)
}

fn tell(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    has_left: bool,
    scope: SuppressionScope,
    asker: &Asker,
    at: Timestamp,
) -> store::Result<()> {
    let (use_case, message_id) = match &subscription.to {
        SubscribedTo::UseCase { use_case, message_id } => (use_case, message_id),
        SubscribedTo::List { list_id, mail } => {
            let event_type = if has_left { EventType::ListUnsubscribe } else { EventType::ListSubscribe };
            let said = json!({ "recipient": subscription.address, "listId": list_id,
                "remoteAddress": asker.ip, "userAgent": asker.user_agent });
            return links::tell(tx, mail, event_type, said, at);
        }
    };
    let data = json!({
        "messageId": message_id,
        "recipient": subscription.address,
        "useCaseId": use_case.id,
        "domainId": use_case.domain_id,
        "scope": scope,
        "timestamp": at,
        "metadata": { "ip": asker.ip, "userAgent": asker.user_agent },
    });
    let event = NewEvent {
        workspace_id: &subscription.workspace_id,
        channel_id: None,
        event_type: if has_left { EventType::EmailUnsubscribed } else { EventType::EmailResubscribed },
        subject_id: message_id.as_str(),
        data: &data,
        at,
    };
    events::append(tx, &event).map(drop)
}
