//! Unsubscribing (RFC 2369, RFC 8058): the signed link of a mail, what it stops, and coming back. Whoever has the link needs no key;
//! it opens nothing but the opt-outs of the one person the mail went to.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use model::event::EventType;
use model::suppression::{SuppressionReason, SuppressionScope};
use model::use_case::UseCase;
use model::{MessageId, Timestamp, WorkspaceId};
use serde_json::json;
use store::events::{self, NewEvent};
use store::{Priority, Tx, message_lists, suppressions, use_cases};

use crate::mac::mac;
use crate::suppressions::{Added, NewSuppression, holds, put};
use crate::{Engine, EngineError, Result};

/// Bytes of a link's signature.
const SIGNATURE_BYTES: usize = 16;
const NO_LINK: EngineError = EngineError::NotFound { what: "the subscription of this link" };

/// What a link speaks of.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub message_id: MessageId,
    pub workspace_id: WorkspaceId,
    /// Who got the mail.
    pub address: String,
    pub use_case: UseCase,
    /// Nothing of the use case comes any more.
    pub left_use_case: bool,
    /// Nothing of the whole domain comes any more.
    pub left_domain: bool,
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
pub(crate) fn url(engine: &Engine, at: Option<&str>, message: &MessageId) -> String {
    let signature = keys(engine)
        .first()
        .map(|key| mac(key, message.as_str().as_bytes()).finalize().into_bytes())
        .map(|signature| URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE_BYTES]))
        .unwrap_or_default();
    format!("{}/unsubscribe/{message}/{signature}", at.unwrap_or(&engine.config.public_url))
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
pub async fn look_up(engine: &Engine, message: &MessageId, signature: &str) -> Result<Subscription> {
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NO_LINK)?;
    let is_ours = |key| mac(key, message.as_str().as_bytes()).verify_truncated_left(&signature).is_ok();
    if signature.len() != SIGNATURE_BYTES || !keys(engine).iter().any(is_ours) {
        return Err(NO_LINK);
    }
    let id = message.clone();
    engine.db.read(move |tx| read(tx, &id)).await?.ok_or(NO_LINK)
}

fn read(tx: &mut Tx<'_>, id: &MessageId) -> store::Result<Option<Subscription>> {
    let Some(message) = message_lists::of_any_workspace(tx, id)? else { return Ok(None) };
    let workspace_id = message.workspace_id;
    let Some(use_case_id) = &message.use_case_id else { return Ok(None) };
    let Some(use_case) = use_cases::get_even_deleted(tx, &workspace_id, use_case_id)? else { return Ok(None) };
    let recipient = message.recipients.into_iter().next().map(|recipient| recipient.address);
    let Some(address) = recipient.as_deref().and_then(mail::address::normalize) else { return Ok(None) };
    let now = Timestamp::now();
    let mut left = |scope, id: &str| {
        let found = suppressions::at_place(tx, &workspace_id, &address, scope, id)?;
        store::Result::Ok(found.is_some_and(|found| holds(&found, now)))
    };
    let left_use_case = left(SuppressionScope::UseCase, use_case.id.as_str())?;
    let left_domain = left(SuppressionScope::Domain, use_case.domain_id.as_str())?;
    Ok(Some(Subscription { message_id: id.clone(), workspace_id, address, use_case, left_use_case, left_domain }))
}

/// How far somebody goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    UseCase,
    Domain,
}

impl Subscription {
    /// The domain that the mail comes from.
    pub fn domain(&self) -> &str {
        self.use_case.sender_address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl Leaving {
    fn place(self, subscription: &Subscription) -> (SuppressionScope, String) {
        match self {
            Self::UseCase => (SuppressionScope::UseCase, subscription.use_case.id.to_string()),
            Self::Domain => (SuppressionScope::Domain, subscription.use_case.domain_id.to_string()),
        }
    }
}

/// Nothing more goes to this person, of the use case or of its whole domain. Asked again, it changes nothing and tells nothing.
///
/// # Errors
/// What the store says.
pub async fn leave(engine: &Engine, subscription: &Subscription, leaving: Leaving, asker: &Asker) -> Result<()> {
    let (subscription, asker) = (subscription.clone(), asker.clone());
    let now = Timestamp::now();
    let work = move |tx: &mut Tx<'_>| {
        let (scope, scope_id) = leaving.place(&subscription);
        let (workspace, address) = (&subscription.workspace_id, &subscription.address);
        let new = NewSuppression {
            address: address.clone(),
            scope,
            scope_id: Some(scope_id),
            reason: SuppressionReason::Unsubscribe,
            detail: Some("unsubscribed by the link of a mail".into()),
            message_id: Some(subscription.message_id.clone()),
            expires_at: None,
        };
        match put(tx, workspace, &new, now)? {
            (_, Added::Same) => Ok(()),
            _ => tell(tx, &subscription, EventType::EmailUnsubscribed, scope, &asker, now),
        }
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?)
}

/// Takes back what this person opted out of by a link: the use case and its domain. Other reasons not to write stay.
///
/// # Errors
/// What the store says.
pub async fn come_back(engine: &Engine, subscription: &Subscription, asker: &Asker) -> Result<()> {
    let (subscription, asker) = (subscription.clone(), asker.clone());
    let now = Timestamp::now();
    let work = move |tx: &mut Tx<'_>| {
        let (workspace, address) = (&subscription.workspace_id, &subscription.address);
        for leaving in [Leaving::Domain, Leaving::UseCase] {
            let (scope, scope_id) = leaving.place(&subscription);
            let found = suppressions::at_place(tx, workspace, address, scope, &scope_id)?;
            let Some(found) = found.filter(|found| found.reason == SuppressionReason::Unsubscribe) else { continue };
            if suppressions::remove(tx, workspace, &found.id, "the recipient", now)? {
                tell(tx, &subscription, EventType::EmailResubscribed, scope, &asker, now)?;
            }
        }
        Ok(())
    };
    Ok(crate::write_again_on_conflict(&engine.db, Priority::Foreground, work).await?)
}

fn tell(
    tx: &mut Tx<'_>,
    subscription: &Subscription,
    event_type: EventType,
    scope: SuppressionScope,
    asker: &Asker,
    at: Timestamp,
) -> store::Result<()> {
    let data = json!({
        "messageId": subscription.message_id,
        "recipient": subscription.address,
        "useCaseId": subscription.use_case.id,
        "domainId": subscription.use_case.domain_id,
        "scope": scope,
        "timestamp": at,
        "metadata": { "ip": asker.ip, "userAgent": asker.user_agent },
    });
    let event = NewEvent {
        workspace_id: &subscription.workspace_id,
        channel_id: None,
        event_type,
        subject_id: subscription.message_id.as_str(),
        data: &data,
        at,
    };
    events::append(tx, &event).map(drop)
}
