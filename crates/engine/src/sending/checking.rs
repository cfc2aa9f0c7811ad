//! What a mail to send may be, as far as that can be said without looking anything up. Pure.

use std::time::Duration;

use model::Timestamp;
use model::limits::{ATTACHMENTS_OUTBOUND_MAX, RECIPIENTS_OUTBOUND_MAX};
use serde_json::Value as Json;

use super::SendRequest;
use crate::{EngineError, FieldError, Result};

/// How far ahead mail may be scheduled.
const SCHEDULE_DAYS_MAX: u64 = 366;
/// Seconds for which a message may be kept waiting so that its author can take it back.
const UNDO_SECONDS_MAX: u64 = 120;
/// Tags of a message, and characters of each.
const TAGS_MAX: usize = 20;
const TAG_CHARS_MAX: usize = 100;
/// Bytes of a message's `customData`.
const CUSTOM_DATA_BYTES_MAX: usize = 16 * 1024;

/// What can be said to be wrong without looking anything up.
pub(super) fn check(request: &SendRequest) -> Result<()> {
    let mut errors = Vec::new();
    let pointer = request.pointer;
    let mut wrong = |field: &str, detail: String| errors.push(FieldError::new(field, detail));
    let recipients = request.to.len() + request.cc.len() + request.bcc.len();
    if request.to.is_empty() {
        wrong("/to", "at least one recipient is needed".into());
    }
    if recipients > RECIPIENTS_OUTBOUND_MAX {
        wrong(
            "/to",
            format!(
                "{recipients} recipients; at most {RECIPIENTS_OUTBOUND_MAX} (to, cc and bcc together) fit one message"
            ),
        );
    }
    let is_blank = |content: &Option<String>| content.as_deref().unwrap_or_default().trim().is_empty();
    if is_blank(&request.text) && is_blank(&request.html) && request.forwarded.is_none() {
        wrong(&format!("{pointer}/text"), "a text, an html, or both are needed".into());
    }
    if let Err(detail) = request.tracking.check(recipients, is_blank(&request.html)) {
        wrong("/tracking", detail);
    }
    if request.attachments.len() > ATTACHMENTS_OUTBOUND_MAX {
        wrong(
            &format!("{pointer}/attachments"),
            format!("at most {ATTACHMENTS_OUTBOUND_MAX} attachments fit one message"),
        );
    }
    if let Err(detail) = check_tags(&request.tags) {
        wrong("/tags", detail);
    }
    if Json::Object(request.custom_data.clone()).to_string().len() > CUSTOM_DATA_BYTES_MAX {
        wrong("/customData", format!("at most {CUSTOM_DATA_BYTES_MAX} bytes of JSON"));
    }
    if request.undo_seconds > UNDO_SECONDS_MAX {
        wrong("/undoSeconds", format!("0 to {UNDO_SECONDS_MAX} seconds"));
    }
    let latest = Timestamp::now().plus(Duration::from_secs(SCHEDULE_DAYS_MAX * 24 * 60 * 60));
    if request.scheduled_at.is_some_and(|at| at > latest) {
        wrong("/scheduledAt", format!("at most {SCHEDULE_DAYS_MAX} days ahead"));
    }
    if errors.is_empty() { Ok(()) } else { Err(EngineError::Invalid(errors)) }
}

/// Why these tags can't be kept.
pub(crate) fn check_tags(tags: &[String]) -> std::result::Result<(), String> {
    let fits = |tag: &String| !tag.is_empty() && tag.chars().count() <= TAG_CHARS_MAX;
    if tags.len() <= TAGS_MAX && tags.iter().all(fits) {
        return Ok(());
    }
    Err(format!("at most {TAGS_MAX} tags of 1 to {TAG_CHARS_MAX} characters"))
}
