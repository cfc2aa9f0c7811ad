//! The link of a survey in an answer that somebody writes: `{{surveyUrl}}`, as a variable of its template or in its content. Asks nobody by
//! itself, so it keeps to no days; of one conversation there is one survey, as long as it can be answered.

use model::{ConversationId, Timestamp};
use serde_json::{Map, Value as Json};
use store::conversations::ConversationRow;
use store::surveys::{self, SurveyRow};

use super::answering::{is_open, url};
use crate::sending::ReplyRequest;
use crate::{Engine, EngineError, Result};

/// What the link is called in templates, and in contents that have `{{surveyUrl}}`.
const VARIABLE: &str = "surveyUrl";
const PLACE: &str = "{{surveyUrl}}";

/// The link of a conversation's survey.
pub(crate) struct Link {
    url: String,
    survey: SurveyRow,
    is_new: bool,
}

/// Of the conversation that is answered, where the answer may have a place for it. A survey's own mail has its link already.
///
/// # Errors
/// The answer has a place for the link and there is nobody to ask.
pub(crate) async fn for_answer(
    engine: &Engine,
    conversation: Option<&ConversationRow>,
    reply: &ReplyRequest,
) -> Result<Option<Link>> {
    let is_placed = [&reply.text, &reply.html].into_iter().flatten().any(|content| content.contains(PLACE));
    let is_survey = reply.automatic.as_ref().is_some_and(|automatic| automatic.confidential);
    if is_survey || (!is_placed && reply.template.is_none()) {
        return Ok(None);
    }
    let link = match conversation {
        Some(row) => of(engine, row, Timestamp::now()).await?,
        None => None,
    };
    if is_placed && link.is_none() {
        let detail = "{{surveyUrl}} needs a conversation of a channel with a contact, whom it asks: leave it out here";
        return Err(EngineError::invalid("/text", detail));
    }
    Ok(link)
}

/// `None`: the conversation has no channel or no contact, so nobody can be asked about it.
async fn of(engine: &Engine, row: &ConversationRow, now: Timestamp) -> Result<Option<Link>> {
    let Some(fresh) = super::new_row(row, now) else { return Ok(None) };
    let (workspace, id): (_, ConversationId) = (row.workspace_id.clone(), row.public.id.clone());
    let contact = fresh.contact_id.clone();
    let last = engine.db.read(move |tx| surveys::last_sent(tx, &workspace, &id, &contact)).await?;
    Ok(Some(match last.filter(|last| is_open(last, now)) {
        Some(last) => Link { url: url(engine, &last.id), survey: last, is_new: false },
        None => Link { url: url(engine, &fresh.id), survey: fresh, is_new: true },
    }))
}

impl Link {
    pub fn tell(&self, variables: &mut Map<String, Json>) {
        variables.insert(VARIABLE.to_owned(), Json::String(self.url.clone()));
    }

    /// Writes the link into what is to be sent. Answers the survey that begins with the mail, if the link is in it: it is asked then.
    pub fn show(self, text: &mut Option<String>, html: &mut Option<String>, at: Timestamp) -> Option<SurveyRow> {
        let mut is_there = false;
        for content in [text, html].into_iter().flatten() {
            if content.contains(PLACE) {
                *content = content.replace(PLACE, &self.url);
            }
            is_there |= content.contains(self.survey.id.as_str());
        }
        (is_there && self.is_new).then_some(SurveyRow { sent_at: Some(at), ..self.survey })
    }
}

#[cfg(test)]
mod tests {
    use model::{ChannelId, ContactId, SurveyId, WorkspaceId};

    use super::*;

    #[test]
    fn a_survey_begins_with_the_first_mail_that_has_its_link() {
        let at = Timestamp::from_millis(5);
        let survey = SurveyRow {
            id: SurveyId::generate(),
            workspace_id: WorkspaceId::generate(),
            conversation_id: ConversationId::generate(),
            contact_id: ContactId::generate(),
            channel_id: ChannelId::generate(),
            team_id: None,
            assignee_id: None,
            automation_id: None,
            due_at: None,
            sent_at: None,
            rating: None,
            comment: None,
            rated_at: None,
            changed_at: None,
            created_at: at,
        };
        let link =
            |is_new| Link { url: format!("https://x.test/survey/{}/s", survey.id), survey: survey.clone(), is_new };
        let show = |is_new, text: &str| {
            let (mut text, mut html) = (Some(text.to_owned()), None);
            let begun = link(is_new).show(&mut text, &mut html, at);
            (text.unwrap_or_default(), begun.and_then(|survey| survey.sent_at))
        };
        let shown = format!("Here: https://x.test/survey/{}/s", survey.id);
        assert_eq!(show(true, "Here: {{surveyUrl}}"), (shown.clone(), Some(at)));
        assert_eq!(show(false, "Here: {{surveyUrl}}"), (shown.clone(), None), "it was asked before");
        // A template has put it there.
        assert_eq!(show(true, &shown), (shown, Some(at)));
        assert_eq!(show(true, "Here."), ("Here.".to_owned(), None));
    }
}
