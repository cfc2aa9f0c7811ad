//! Attachments: signed links to them, and their bytes, decoded from the raw mail. A link names one attachment, says
//! until when it holds, and needs no key. Never keeps a second copy of an attachment.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use model::key::Principal;
use model::limits::ATTACHMENT_LINK_SECONDS;
use model::{AttachmentId, MessageId, Timestamp};
use sha2::Sha256;
use store::message_lists;
use store::messages::{AttachmentRow, MessageRow};

use crate::{Engine, EngineError, Result, messages, raw};

/// Links of one hour are the same, so that a browser keeps what it loaded by them, seconds.
const LINK_STEP_SECONDS: i64 = 60 * 60;
/// Raw mails over this many bytes are decoded off the reactor.
const DECODE_APART_BYTES: usize = 64 * 1024;

/// Makes links that hold from now on, and checks them.
#[derive(Clone)]
pub struct Links {
    public_url: String,
    /// The newest signs.
    keys: Vec<[u8; 32]>,
    expires: i64,
}

impl Links {
    pub fn of(engine: &Engine) -> Self {
        Self::new(engine.config.public_url.clone(), engine.vault.derive("attachment links"), Timestamp::now())
    }

    fn new(public_url: String, keys: Vec<[u8; 32]>, now: Timestamp) -> Self {
        let until = now.plus(Duration::from_secs(ATTACHMENT_LINK_SECONDS)).as_seconds();
        Self { public_url, keys, expires: until - until.rem_euclid(LINK_STEP_SECONDS) + LINK_STEP_SECONDS }
    }

    /// The absolute address of an attachment.
    pub fn url(&self, message: &MessageId, attachment: &AttachmentId) -> String {
        let signature = self
            .keys
            .first()
            .map(|key| URL_SAFE_NO_PAD.encode(mac(key, message, attachment, self.expires).finalize().into_bytes()))
            .unwrap_or_default();
        format!("{}/attachments/{message}/{attachment}?expires={}&signature={signature}", self.public_url, self.expires)
    }

    /// Is this our signature, and does the link still hold?
    fn holds(
        &self,
        message: &MessageId,
        attachment: &AttachmentId,
        expires: i64,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        let signed = |key| mac(key, message, attachment, expires).verify_slice(&signature).is_ok();
        self.keys.iter().any(signed) && now.as_seconds() < expires
    }
}

fn mac(key: &[u8; 32], message: &MessageId, attachment: &AttachmentId, expires: i64) -> Hmac<Sha256> {
    crate::mac::mac(key, format!("{message}/{attachment}/{expires}").as_bytes())
}

/// A file, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub filename: Option<String>,
    /// What the mail says it is; not to be believed by a browser.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// An attachment by its id, or by its Content-ID (the first that has it).
///
/// # Errors
/// It is not there, not the asker's, or withheld by the channel's limits.
pub async fn get(engine: &Engine, principal: &Principal, message: &MessageId, name: &str) -> Result<File> {
    let row = messages::row(engine, principal, message).await?;
    read(engine, row, name).await
}

/// An attachment by a signed link.
///
/// # Errors
/// The link is not ours or holds no longer; the attachment is gone or withheld.
pub async fn by_link(
    engine: &Engine,
    message: &MessageId,
    attachment: &AttachmentId,
    expires: i64,
    signature: &str,
) -> Result<File> {
    if !Links::of(engine).holds(message, attachment, expires, signature, Timestamp::now()) {
        return Err(EngineError::Forbidden(
            "this link is not valid, or no longer: ask for the message again, it carries a new one".into(),
        ));
    }
    let id = message.clone();
    let row = engine.db.read(move |tx| message_lists::of_any_workspace(tx, &id)).await?;
    read(engine, row.ok_or(EngineError::NotFound { what: "the message" })?, attachment.as_str()).await
}

async fn read(engine: &Engine, row: MessageRow, name: &str) -> Result<File> {
    let file = find(&row.attachments, name).ok_or(EngineError::NotFound { what: "the attachment" })?.clone();
    if let Some(withheld) = file.withheld {
        return Err(EngineError::Forbidden(format!(
            "the channel's limits withhold this attachment ({}); it is in the raw message",
            match withheld {
                model::message::Withheld::TooLarge => "too large",
                model::message::Withheld::BlockedType => "its type is blocked",
            }
        )));
    }
    let blob = row.blob_id.ok_or(EngineError::NotFound { what: "the attachment" })?;
    let mail = raw::read(engine, blob).await?;
    let part = file.part;
    let bytes = if mail.len() > DECODE_APART_BYTES {
        let decoded = tokio::task::spawn_blocking(move || mail::attachment_bytes(&mail, part));
        decoded.await.map_err(|_| EngineError::Internal("decoding an attachment panicked".into()))?
    } else {
        mail::attachment_bytes(&mail, part)
    };
    let bytes = bytes.ok_or_else(|| EngineError::Internal(format!("message {} has no part {part}", row.id)))?;
    Ok(File { filename: file.filename, content_type: file.content_type, bytes })
}

fn find<'r>(files: &'r [AttachmentRow], name: &str) -> Option<&'r AttachmentRow> {
    if name.starts_with(AttachmentId::PREFIX) {
        return files.iter().find(|file| file.id.as_str() == name);
    }
    let content_id = name.strip_prefix('<').and_then(|name| name.strip_suffix('>')).unwrap_or(name);
    files.iter().find(|file| file.content_id.as_deref() == Some(content_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_705_314_600_000);

    fn links(keys: Vec<[u8; 32]>) -> Links {
        Links::new("https://mail.example".into(), keys, NOW)
    }

    fn parts(url: &str) -> (i64, String) {
        let query = url.split_once('?').unwrap().1;
        let (expires, signature) = query.split_once('&').unwrap();
        (
            expires.strip_prefix("expires=").unwrap().parse().unwrap(),
            signature.strip_prefix("signature=").unwrap().into(),
        )
    }

    #[test]
    fn a_link_holds_for_its_attachment_until_its_time() {
        let links = links(vec![[1; 32]]);
        let (message, attachment) = (MessageId::generate(), AttachmentId::generate());
        let (expires, signature) = parts(&links.url(&message, &attachment));
        let wait = Timestamp::from_seconds(expires - 1);
        assert!(wait.since(NOW).as_secs() >= ATTACHMENT_LINK_SECONDS - 1);
        assert!(links.holds(&message, &attachment, expires, &signature, wait));
        assert!(!links.holds(&message, &attachment, expires, &signature, Timestamp::from_seconds(expires)));
        assert!(!links.holds(&message, &attachment, expires + 1, &signature, wait));
        assert!(!links.holds(&MessageId::generate(), &attachment, expires, &signature, wait));
        assert!(!links.holds(&message, &AttachmentId::generate(), expires, &signature, wait));
        for tampered in ["", "AAAA", "!", &signature[1..], &format!("{signature}A")] {
            assert!(!links.holds(&message, &attachment, expires, tampered, wait), "{tampered}");
        }
    }

    #[test]
    fn a_rotated_key_signs_and_the_one_before_is_still_accepted() {
        let (message, attachment) = (MessageId::generate(), AttachmentId::generate());
        let (expires, signature) = parts(&links(vec![[1; 32]]).url(&message, &attachment));
        assert!(links(vec![[2; 32], [1; 32]]).holds(&message, &attachment, expires, &signature, NOW));
        assert!(!links(vec![[2; 32]]).holds(&message, &attachment, expires, &signature, NOW));
        assert!(!links(Vec::new()).holds(&message, &attachment, expires, &signature, NOW));
    }
}
