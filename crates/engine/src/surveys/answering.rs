//! The signed link of a survey, and what is answered by it. Whoever has the link needs no key; it opens nothing but this one answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use model::event::EventType;
use model::limits::{RATING_COMMENT_CHARS_MAX, SURVEY_ANSWER_DAYS, SURVEY_CHANGE_DAYS};
use model::survey::RatingValue;
use model::{SurveyId, Timestamp};
use serde_json::json;
use store::events::{self, NewEvent};
use store::surveys::{self, SurveyRow};
use store::{Priority, Tx, channels, conversations, workspaces};

use crate::mac::mac;
use crate::words::{self, Language};
use crate::{Engine, EngineError, Result};

/// Bytes of a link's signature.
const SIGNATURE_BYTES: usize = 16;
const NO_LINK: EngineError = EngineError::NotFound { what: "the survey of this link" };
const DAY: u64 = 24 * 60 * 60;

/// Keys that signed links; the newest signs.
fn keys(engine: &Engine) -> Vec<[u8; 32]> {
    engine.vault.derive("survey links")
}

/// Where a survey is answered.
pub(super) fn url(engine: &Engine, id: &SurveyId) -> String {
    let signature = keys(engine)
        .first()
        .map(|key| mac(key, id.as_str().as_bytes()).finalize().into_bytes())
        .map(|signature| URL_SAFE_NO_PAD.encode(&signature[..SIGNATURE_BYTES]))
        .unwrap_or_default();
    format!("{}/survey/{id}/{signature}", engine.config.public_url)
}

/// A survey as its page shows it.
#[derive(Debug, Clone)]
pub struct Survey {
    pub id: SurveyId,
    /// Whose help it asks about.
    pub from: String,
    pub subject: String,
    /// Its workspace's, if it has chosen one.
    pub language: Option<Language>,
    /// What was answered, if anything was.
    pub answer: Option<(RatingValue, Option<String>)>,
    /// It can be answered, or the answer changed.
    pub is_open: bool,
}

/// What the link speaks of, and how it stands. Changes nothing.
///
/// # Errors
/// The link is not ours, or what it speaks of is gone.
pub async fn look_up(engine: &Engine, id: &str, signature: &str) -> Result<Survey> {
    let id = verified(engine, id, signature)?;
    let found = engine.db.read(move |tx| {
        let Some(row) = surveys::of_any_workspace(tx, &id, false)? else { return Ok(None) };
        let Some(conversation) = conversations::get(tx, &row.workspace_id, &row.conversation_id)? else {
            return Ok(None);
        };
        let channel = channels::get(tx, &row.workspace_id, &row.channel_id)?;
        let from = match channel.and_then(|channel| channel.public.display_name) {
            Some(name) => name,
            None => workspaces::get(tx, &row.workspace_id)?.map(|workspace| workspace.name).unwrap_or_default(),
        };
        let is_open = is_open(&row, Timestamp::now());
        let answer = row.rating.map(|rating| (rating, row.comment.clone()));
        let language = words::of_workspace(tx, &row.workspace_id)?;
        Ok(Some(Survey { id: row.id, from, subject: conversation.public.subject, language, answer, is_open }))
    });
    found.await?.ok_or(NO_LINK)
}

fn verified(engine: &Engine, id: &str, signature: &str) -> Result<SurveyId> {
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| NO_LINK)?;
    let is_ours = |key| mac(key, id.as_bytes()).verify_truncated_left(&signature).is_ok();
    if signature.len() != SIGNATURE_BYTES || !keys(engine).iter().any(is_ours) {
        return Err(NO_LINK);
    }
    id.parse().map_err(|_| NO_LINK)
}

pub(super) fn is_open(row: &SurveyRow, now: Timestamp) -> bool {
    let days = |days: u64| now.minus(Duration::from_secs(days * DAY));
    match (row.rated_at, row.sent_at) {
        (Some(rated), _) => rated > days(SURVEY_CHANGE_DAYS),
        (None, Some(sent)) => sent > days(SURVEY_ANSWER_DAYS),
        (None, None) => false,
    }
}

/// Keeps an answer, with its event. The same again changes nothing and tells nothing.
///
/// # Errors
/// The link is not ours; it is too late to answer or to change the answer (409).
pub async fn answer(engine: &Engine, id: &str, signature: &str, rating: RatingValue, comment: &str) -> Result<()> {
    let id = verified(engine, id, signature)?;
    let comment = clean(comment);
    let answered = engine.db.write(Priority::Foreground, move |tx| {
        let now = Timestamp::now();
        let Some(row) = surveys::of_any_workspace(tx, &id, true)? else { return Ok(Err(NO_LINK)) };
        if !is_open(&row, now) {
            let detail = format!(
                "an answer can be changed for {SURVEY_CHANGE_DAYS} days, and a survey answered for {SURVEY_ANSWER_DAYS}"
            );
            return Ok(Err(EngineError::Conflict(detail)));
        }
        if row.rating == Some(rating) && row.comment == comment {
            return Ok(Ok(()));
        }
        surveys::answer(tx, &id, rating, comment.as_deref(), now)?;
        tell(tx, &row, rating, comment.as_deref(), now)?;
        Ok(Ok(()))
    });
    answered.await?
}

fn tell(
    tx: &mut Tx<'_>,
    row: &SurveyRow,
    rating: RatingValue,
    comment: Option<&str>,
    now: Timestamp,
) -> store::Result<()> {
    let data = json!({
        "id": row.id,
        "conversationId": row.conversation_id,
        "contactId": row.contact_id,
        "channelId": row.channel_id,
        "teamId": row.team_id,
        "assigneeId": row.assignee_id,
        "rating": rating,
        "comment": comment,
        "ratedAt": row.rated_at.unwrap_or(now),
        "changedAt": now,
    });
    let event = NewEvent {
        workspace_id: &row.workspace_id,
        channel_id: Some(&row.channel_id),
        event_type: EventType::ConversationRated,
        subject_id: row.conversation_id.as_str(),
        data: &data,
        at: now,
    };
    events::append(tx, &event).map(drop)
}

/// Text of people: bounded, without control characters but line ends; `None` where nothing is said.
fn clean(comment: &str) -> Option<String> {
    let text: String = comment
        .replace("\r\n", "\n")
        .chars()
        .filter(|character| *character == '\n' || !character.is_control())
        .take(RATING_COMMENT_CHARS_MAX)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_bounded_and_hold_no_control_characters() {
        assert_eq!(clean(" \r\n\t "), None);
        assert_eq!(clean("fine\0, \u{7}thanks\r\nAda "), Some("fine, thanks\nAda".into()));
        let long = clean(&"ä".repeat(RATING_COMMENT_CHARS_MAX + 5)).unwrap();
        assert_eq!(long.chars().count(), RATING_COMMENT_CHARS_MAX);
    }
}
