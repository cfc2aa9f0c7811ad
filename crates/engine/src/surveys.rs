//! Surveys: after a conversation was resolved, where a channel wants that, or when an automation says so, its contact is asked by mail how the
//! help was. Owns the channels' settings, who is to be asked and what is told of the answers; `asking` sends, `linking` puts the link into
//! an answer, `answering` is the signed link's.

pub mod answering;
mod asking;
pub(crate) mod linking;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use model::conversation::Conversation;
use model::key::{Principal, Scope};
use model::limits::{SURVEY_CONTACT_DAYS_MAX, SURVEY_DELAY_HOURS_MAX, SURVEY_TEXT_CHARS_MAX};
use model::survey::{Rating, RatingCounts, SurveySettings};
use model::{AutomationId, ChannelId, SurveyId, Timestamp};
use store::conversations::ConversationRow;
use store::surveys::{self, SurveyRow};
pub use store::surveys::{RatingFilter, RatingGroup};
use store::{NotAPlace, Priority, Tx};

pub(crate) use self::asking::ask_due;
use crate::audit::{self, Target};
use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, FieldError, Result, access_check, channels};

const NOBODY: &str = "the conversation has no channel or no contact: there is nobody to ask";
const ASKED: &str = "the contact was asked a short while ago";
/// Groups that a summary has at most.
const GROUPS_MAX: usize = 1_000;

/// # Errors
/// The channel is not there, or not the asker's to see.
pub async fn settings(engine: &Engine, principal: &Principal, channel: &ChannelId) -> Result<SurveySettings> {
    let channel = channels::get(engine, principal, channel).await?.id;
    let workspace = principal.workspace_id.clone();
    let found = engine.db.read(move |tx| surveys::settings(tx, &workspace, &channel)).await?;
    Ok(found.unwrap_or_default())
}

/// Keeps what a channel asks. It is asked of conversations that are resolved from now on.
///
/// # Errors
/// Who asks may not change channels; fields that are wrong; the channel is not there.
pub async fn put_settings(
    engine: &Engine,
    principal: &Principal,
    channel: &ChannelId,
    settings: SurveySettings,
) -> Result<SurveySettings> {
    channels::may_write(principal)?;
    let settings = checked(settings)?;
    let channel = channels::get(engine, principal, channel).await?.id;
    let (workspace, by) = (principal.workspace_id.clone(), audit::by(principal));
    let kept = engine.db.write(Priority::Foreground, move |tx| {
        let before = surveys::settings(tx, &workspace, &channel)?.unwrap_or_default();
        surveys::put_settings(tx, &workspace, &channel, &settings, Timestamp::now())?;
        let changed = audit::changed(&before, &settings);
        audit::note_changes(tx, &by, "survey.changed", Target::of("channel", &channel), &changed)?;
        Ok(settings)
    });
    Ok(kept.await?)
}

fn checked(mut settings: SurveySettings) -> Result<SurveySettings> {
    let mut errors = Vec::new();
    if settings.delay_hours > SURVEY_DELAY_HOURS_MAX {
        errors.push(FieldError::new("/delayHours", format!("0 to {SURVEY_DELAY_HOURS_MAX} hours")));
    }
    if settings.contact_days == 0 || settings.contact_days > SURVEY_CONTACT_DAYS_MAX {
        errors.push(FieldError::new("/contactDays", format!("1 to {SURVEY_CONTACT_DAYS_MAX} days")));
    }
    settings.text = settings.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if settings.text.as_ref().is_some_and(|text| text.chars().count() > SURVEY_TEXT_CHARS_MAX) {
        errors.push(FieldError::new("/text", format!("at most {SURVEY_TEXT_CHARS_MAX} characters")));
    }
    if errors.is_empty() { Ok(settings) } else { Err(EngineError::Invalid(errors)) }
}

/// A conversation was resolved: in a while its contact is asked, where its channel wants that.
///
/// # Errors
/// What the database says.
pub(crate) fn resolved(tx: &mut Tx<'_>, row: &ConversationRow, at: Timestamp) -> store::Result<()> {
    let Some(mut survey) = new_row(row, at) else { return Ok(()) };
    let Some(settings) = surveys::settings(tx, &row.workspace_id, &survey.channel_id)? else { return Ok(()) };
    if !settings.enabled {
        return Ok(());
    }
    surveys::forget_waiting(tx, &row.public.id)?;
    survey.due_at = Some(at.plus(Duration::from_secs(u64::from(settings.delay_hours) * 60 * 60)));
    surveys::insert(tx, &survey, None)
}

/// An automation asks the contact of a conversation now, whether or not its channel asks by itself; or why it can't. It is sent as any other.
///
/// # Errors
/// What the database says.
pub(crate) fn ask_now(
    tx: &mut Tx<'_>,
    row: &ConversationRow,
    automation: &AutomationId,
    now: Timestamp,
) -> store::Result<Option<&'static str>> {
    if let Some(why) = why_not_now(tx, row, now)? {
        return Ok(Some(why));
    }
    let Some(survey) = new_row(row, now) else { return Ok(Some(NOBODY)) };
    surveys::forget_waiting(tx, &row.public.id)?;
    let survey = SurveyRow { automation_id: Some(automation.clone()), due_at: Some(now), ..survey };
    surveys::insert(tx, &survey, None)?;
    Ok(None)
}

/// Why the contact of a conversation is not asked now, as far as that is known before the mail is made.
pub(crate) fn why_not_now(
    tx: &mut Tx<'_>,
    row: &ConversationRow,
    now: Timestamp,
) -> store::Result<Option<&'static str>> {
    let Some(survey) = new_row(row, now) else { return Ok(Some(NOBODY)) };
    let days = surveys::settings(tx, &row.workspace_id, &survey.channel_id)?.unwrap_or_default().contact_days;
    Ok(asking::was_asked(tx, &survey.contact_id, days, now)?.then_some(ASKED))
}

/// About this conversation as it is now. `None`: it has no channel, or nobody to ask.
fn new_row(row: &ConversationRow, at: Timestamp) -> Option<SurveyRow> {
    let public = &row.public;
    let (channel, contact) = (public.channel_id.as_ref()?, public.contact_id.as_ref()?);
    Some(SurveyRow {
        id: SurveyId::generate(),
        workspace_id: row.workspace_id.clone(),
        conversation_id: public.id.clone(),
        contact_id: contact.clone(),
        channel_id: channel.clone(),
        team_id: public.team_id.clone(),
        assignee_id: public.assignee_id.clone(),
        automation_id: None,
        due_at: None,
        sent_at: None,
        rating: None,
        comment: None,
        rated_at: None,
        changed_at: None,
        created_at: at,
    })
}

/// What was said last of a conversation that the asker sees.
///
/// # Errors
/// What the store says.
pub async fn of_conversation(
    engine: &Engine,
    principal: &Principal,
    conversation: &Conversation,
) -> Result<Option<Rating>> {
    let (workspace, id) = (principal.workspace_id.clone(), conversation.id.clone());
    Ok(engine.db.read(move |tx| surveys::of_conversation(tx, &workspace, &id)).await?)
}

/// A place in a list of ratings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatingPlace(Timestamp, SurveyId);

impl fmt::Display for RatingPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0.as_millis(), self.1)
    }
}

impl FromStr for RatingPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> std::result::Result<Self, NotAPlace> {
        let (at, id) = text.split_once('.').ok_or(NotAPlace)?;
        let at = at.parse().map(Timestamp::from_millis).map_err(|_| NotAPlace)?;
        Ok(Self(at, id.parse().map_err(|_| NotAPlace)?))
    }
}

/// A page of answers, the newest first unless ascending.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn list(
    engine: &Engine,
    principal: &Principal,
    filter: RatingFilter,
    slice: SliceOf<RatingPlace>,
) -> Result<Listing<Rating, RatingPlace>> {
    let Some(filter) = visible(principal, filter)? else { return Ok(Listing::empty()) };
    let (workspace, take) = (principal.workspace_id.clone(), slice.take);
    let after = slice.after.map(|RatingPlace(at, id)| (at, id));
    let read =
        move |tx: &mut Tx<'_>| surveys::ratings(tx, &workspace, &filter, after.as_ref(), slice.ascending, take + 1);
    let found = engine.db.read(read).await?;
    Ok(Listing::cut(found, take, |rating| RatingPlace(rating.rated_at, rating.id.clone())))
}

/// How many said what, in all and by group; a group without an id is of those of no team or person.
///
/// # Errors
/// The scope `conversations:read` is missing.
pub async fn summary(
    engine: &Engine,
    principal: &Principal,
    filter: RatingFilter,
    group: RatingGroup,
) -> Result<(RatingCounts, Vec<(Option<String>, RatingCounts)>)> {
    let Some(filter) = visible(principal, filter)? else { return Ok(Default::default()) };
    let workspace = principal.workspace_id.clone();
    let groups = engine.db.read(move |tx| surveys::counts(tx, &workspace, &filter, group, GROUPS_MAX)).await?;
    let total = groups.iter().fold(RatingCounts::default(), |sum, (_, counts)| RatingCounts {
        good: sum.good + counts.good,
        ok: sum.ok + counts.ok,
        bad: sum.bad + counts.bad,
        sent: sum.sent + counts.sent,
    });
    Ok((total, groups))
}

/// `None`: nothing can be seen.
fn visible(principal: &Principal, mut filter: RatingFilter) -> Result<Option<RatingFilter>> {
    access_check::scope(principal, Scope::ConversationsRead)?;
    let Some(channel) = access_check::channel(principal, filter.channel_id.take()) else { return Ok(None) };
    filter.channel_id = channel;
    Ok(Some(filter))
}
