//! Surveys: what channels ask, who was asked and what they said. Whether somebody is asked is the engine's business.

use model::survey::{Rating, RatingCounts, RatingValue, SurveySettings};
use model::{
    AutomationId, ChannelId, ContactId, ConversationId, MessageId, SurveyId, TeamId, Timestamp, UserId, WorkspaceId,
};

use crate::conditions::Conditions;
use crate::db::{Dialect, Row, Tx, json};
use crate::error::{Result, StoreError};

const TABLE: &str = "survey";

/// A channel's settings; `None` where nobody said anything.
///
/// # Errors
/// What the database says.
pub fn settings(tx: &mut Tx<'_>, workspace: &WorkspaceId, channel: &ChannelId) -> Result<Option<SurveySettings>> {
    let sql = "SELECT settings FROM channel_survey WHERE channel_id = $1 AND workspace_id = $2";
    tx.query_one(sql, &[channel.into(), workspace.into()], |row| row.json("channel_survey", 0))
}

/// # Errors
/// What the database says.
pub fn put_settings(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    channel: &ChannelId,
    settings: &SurveySettings,
    now: Timestamp,
) -> Result<()> {
    let json = json("channel_survey", settings)?;
    tx.execute(
        "INSERT INTO channel_survey (channel_id, workspace_id, settings, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (channel_id) DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at",
        &[channel.into(), workspace.into(), json.into(), now.into()],
    )?;
    Ok(())
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SurveyRow {
    pub id: SurveyId,
    pub workspace_id: WorkspaceId,
    pub conversation_id: ConversationId,
    pub contact_id: ContactId,
    pub channel_id: ChannelId,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<UserId>,
    /// The automation that asked; absent where the conversation was resolved, or somebody put the link into an answer.
    pub automation_id: Option<AutomationId>,
    pub due_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub rating: Option<RatingValue>,
    pub comment: Option<String>,
    pub rated_at: Option<Timestamp>,
    pub changed_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl SurveyRow {
    /// `None`: nobody has answered it.
    pub fn answer(self) -> Option<Rating> {
        let (rating, rated_at) = (self.rating?, self.rated_at?);
        Some(Rating {
            id: self.id,
            conversation_id: self.conversation_id,
            contact_id: self.contact_id,
            channel_id: self.channel_id,
            team_id: self.team_id,
            assignee_id: self.assignee_id,
            rating,
            comment: self.comment,
            rated_at,
            changed_at: self.changed_at.unwrap_or(rated_at),
        })
    }
}

const COLUMNS: &str = "id, workspace_id, conversation_id, contact_id, channel_id, team_id, assignee_id, due_at, sent_at, rating, comment, \
     rated_at, changed_at, created_at, automation_id";

fn from_row(row: &Row<'_>) -> Result<SurveyRow> {
    let rating = row.text_or_null(9)?;
    let rating = rating
        .map(|text| RatingValue::parse(&text).ok_or_else(|| StoreError::corrupt(TABLE, format!("rating {text}"))));
    Ok(SurveyRow {
        id: SurveyId::from_stored(row.text(0)?),
        workspace_id: WorkspaceId::from_stored(row.text(1)?),
        conversation_id: ConversationId::from_stored(row.text(2)?),
        contact_id: ContactId::from_stored(row.text(3)?),
        channel_id: ChannelId::from_stored(row.text(4)?),
        team_id: row.text_or_null(5)?.map(TeamId::from_stored),
        assignee_id: row.text_or_null(6)?.map(UserId::from_stored),
        due_at: row.time_or_null(7)?,
        sent_at: row.time_or_null(8)?,
        rating: rating.transpose()?,
        comment: row.text_or_null(10)?,
        rated_at: row.time_or_null(11)?,
        changed_at: row.time_or_null(12)?,
        created_at: row.time(13)?,
        automation_id: row.text_or_null(14)?.map(AutomationId::from_stored),
    })
}

/// One that is to be sent, or that the message carries.
///
/// # Errors
/// What the database says.
pub fn insert(tx: &mut Tx<'_>, row: &SurveyRow, message: Option<&MessageId>) -> Result<()> {
    tx.execute(
        "INSERT INTO survey (id, workspace_id, conversation_id, contact_id, channel_id, team_id, assignee_id, due_at, created_at,
                             automation_id, sent_at, message_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            (&row.id).into(),
            (&row.workspace_id).into(),
            (&row.conversation_id).into(),
            (&row.contact_id).into(),
            (&row.channel_id).into(),
            (&row.team_id).into(),
            (&row.assignee_id).into(),
            row.due_at.into(),
            row.created_at.into(),
            (&row.automation_id).into(),
            row.sent_at.into(),
            message.into(),
        ],
    )?;
    Ok(())
}

/// A conversation is asked about once at a time: what was not sent yet is forgotten.
///
/// # Errors
/// What the database says.
pub fn forget_waiting(tx: &mut Tx<'_>, conversation: &ConversationId) -> Result<()> {
    tx.execute("DELETE FROM survey WHERE conversation_id = $1 AND due_at IS NOT NULL", &[conversation.into()])?;
    Ok(())
}

/// Those whose time has come.
///
/// # Errors
/// What the database says.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, take: usize) -> Result<Vec<SurveyRow>> {
    let sql =
        format!("SELECT {COLUMNS} FROM survey WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $2");
    tx.query(&sql, &[now.into(), take.into()], from_row)
}

/// When a contact was last asked anything, by whatever channel.
///
/// # Errors
/// What the database says.
pub fn last_asked(tx: &mut Tx<'_>, contact: &ContactId) -> Result<Option<Timestamp>> {
    let sql = "SELECT MAX(sent_at) FROM survey WHERE contact_id = $1";
    Ok(tx.query_one(sql, &[contact.into()], |row| row.time_or_null(0))?.flatten())
}

/// The newest that somebody was sent about a conversation.
///
/// # Errors
/// What the database says.
pub fn last_sent(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    conversation: &ConversationId,
    contact: &ContactId,
) -> Result<Option<SurveyRow>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM survey WHERE conversation_id = $1 AND workspace_id = $2 AND contact_id = $3 AND sent_at IS NOT NULL \
         ORDER BY id DESC LIMIT 1"
    );
    tx.query_one(&sql, &[conversation.into(), workspace.into(), contact.into()], from_row)
}

/// It is being sent. False where it was, or is to be asked no more.
///
/// # Errors
/// What the database says.
pub fn sent(tx: &mut Tx<'_>, id: &SurveyId, message: &MessageId, now: Timestamp) -> Result<bool> {
    let sql = "UPDATE survey SET due_at = NULL, sent_at = $2, message_id = $3 WHERE id = $1 AND due_at IS NOT NULL";
    Ok(tx.execute(sql, &[id.into(), now.into(), message.into()])? == 1)
}

/// It is not sent, and why.
///
/// # Errors
/// What the database says.
pub fn skip(tx: &mut Tx<'_>, id: &SurveyId, why: &str) -> Result<()> {
    let sql = "UPDATE survey SET due_at = NULL, skipped = $2 WHERE id = $1 AND due_at IS NOT NULL";
    tx.execute(sql, &[id.into(), why.into()])?;
    Ok(())
}

/// Of whatever workspace, for who holds a signed link to it; held for this transaction where it writes.
///
/// # Errors
/// What the database says.
pub fn of_any_workspace(tx: &mut Tx<'_>, id: &SurveyId, hold: bool) -> Result<Option<SurveyRow>> {
    let lock = if hold && tx.dialect() == Dialect::Postgres { "FOR UPDATE" } else { "" };
    let sql = format!("SELECT {COLUMNS} FROM survey WHERE id = $1 AND sent_at IS NOT NULL {lock}");
    tx.query_one(&sql, &[id.into()], from_row)
}

/// Keeps an answer.
///
/// # Errors
/// What the database says.
pub fn answer(
    tx: &mut Tx<'_>,
    id: &SurveyId,
    rating: RatingValue,
    comment: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    tx.execute(
        "UPDATE survey SET rating = $2, comment = $3, rated_at = COALESCE(rated_at, $4), changed_at = $4 WHERE id = $1",
        &[id.into(), rating.as_str().into(), comment.into(), now.into()],
    )?;
    Ok(())
}

/// What was said last of a conversation.
///
/// # Errors
/// What the database says.
pub fn of_conversation(tx: &mut Tx<'_>, workspace: &WorkspaceId, id: &ConversationId) -> Result<Option<Rating>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM survey WHERE conversation_id = $1 AND workspace_id = $2 AND rated_at IS NOT NULL ORDER BY id DESC LIMIT 1"
    );
    Ok(tx.query_one(&sql, &[id.into(), workspace.into()], from_row)?.and_then(SurveyRow::answer))
}

/// Which ratings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RatingFilter {
    pub channel_id: Option<ChannelId>,
    pub team_id: Option<TeamId>,
    pub assignee_id: Option<UserId>,
    pub rating: Option<RatingValue>,
    /// From this time on, and before this one.
    pub since: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

fn restrict<'v>(conditions: &mut Conditions<'v>, workspace: &'v WorkspaceId, filter: &'v RatingFilter, time: &str) {
    conditions.bind("workspace_id = ?", workspace);
    conditions.add(format!("{time} IS NOT NULL"));
    if let Some(id) = &filter.channel_id {
        conditions.bind("channel_id = ?", id);
    }
    if let Some(id) = &filter.team_id {
        conditions.bind("team_id = ?", id);
    }
    if let Some(id) = &filter.assignee_id {
        conditions.bind("assignee_id = ?", id);
    }
    if let Some(rating) = filter.rating {
        conditions.bind("rating = ?", rating.as_str());
    }
    if let Some(since) = filter.since {
        conditions.bind(&format!("{time} >= ?"), since);
    }
    if let Some(before) = filter.before {
        conditions.bind(&format!("{time} < ?"), before);
    }
}

/// By when they were first given, newest or oldest first.
///
/// # Errors
/// What the database says.
pub fn ratings(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    filter: &RatingFilter,
    after: Option<&(Timestamp, SurveyId)>,
    ascending: bool,
    take: usize,
) -> Result<Vec<Rating>> {
    let mut conditions = Conditions::after(vec![take.into()]);
    restrict(&mut conditions, workspace, filter, "rated_at");
    if let Some((at, id)) = after {
        conditions.behind(("rated_at", "id"), ascending, ((*at).into(), id.into()));
    }
    let order = if ascending { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT {COLUMNS} FROM survey WHERE {} ORDER BY rated_at {order}, id {order} LIMIT $1",
        conditions.text()
    );
    Ok(tx.query(&sql, conditions.values(), from_row)?.into_iter().filter_map(SurveyRow::answer).collect())
}

/// What ratings are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RatingGroup {
    Channel,
    Team,
    Person,
}

impl RatingGroup {
    const fn column(self) -> &'static str {
        match self {
            Self::Channel => "channel_id",
            Self::Team => "team_id",
            Self::Person => "assignee_id",
        }
    }
}

/// How many said what, by group; `None` stands for those of no team or person.
///
/// # Errors
/// What the database says.
pub fn counts(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    filter: &RatingFilter,
    group: RatingGroup,
    take: usize,
) -> Result<Vec<(Option<String>, RatingCounts)>> {
    let column = group.column();
    let mut found: std::collections::BTreeMap<Option<String>, RatingCounts> = std::collections::BTreeMap::new();
    let mut given = Conditions::after(vec![take.into()]);
    restrict(&mut given, workspace, filter, "rated_at");
    let sql = format!(
        "SELECT {column}, rating, COUNT(*) FROM survey WHERE {} GROUP BY {column}, rating ORDER BY {column}, rating LIMIT $1",
        given.text()
    );
    for (key, rating, count) in
        tx.query(&sql, given.values(), |row| Ok((row.text_or_null(0)?, row.text(1)?, row.int(2)?.unsigned_abs())))?
    {
        let counts = found.entry(key).or_default();
        match RatingValue::parse(&rating) {
            Some(RatingValue::Good) => counts.good += count,
            Some(RatingValue::Ok) => counts.ok += count,
            Some(RatingValue::Bad) => counts.bad += count,
            None => {}
        }
    }
    let asked = RatingFilter { rating: None, ..filter.clone() };
    let mut sent = Conditions::after(vec![take.into()]);
    restrict(&mut sent, workspace, &asked, "sent_at");
    let sql = format!(
        "SELECT {column}, COUNT(*) FROM survey WHERE {} GROUP BY {column} ORDER BY {column} LIMIT $1",
        sent.text()
    );
    for (key, count) in tx.query(&sql, sent.values(), |row| Ok((row.text_or_null(0)?, row.int(1)?.unsigned_abs())))? {
        found.entry(key).or_default().sent = count;
    }
    Ok(found.into_iter().collect())
}

/// Ratings one contact is shown to have given.
const OF_CONTACT_MAX: usize = 10_000;

/// What a contact said, oldest first.
///
/// # Errors
/// What the database says.
pub fn of_contact(tx: &mut Tx<'_>, workspace: &WorkspaceId, contact: &ContactId) -> Result<Vec<Rating>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM survey WHERE contact_id = $1 AND workspace_id = $2 AND rated_at IS NOT NULL ORDER BY sent_at, id LIMIT $3"
    );
    let found = tx.query(&sql, &[contact.into(), workspace.into(), OF_CONTACT_MAX.into()], from_row)?;
    Ok(found.into_iter().filter_map(SurveyRow::answer).collect())
}
