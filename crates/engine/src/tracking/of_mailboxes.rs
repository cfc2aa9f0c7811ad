//! Opens and clicks of mails that accounts sent: counted, and told in the shape that listeners of the mailbox API know.

use model::SubmissionId;
use model::event::EventType;
use serde_json::json;
use store::engagement::Act;
use store::{Tx, linked_mails};

use super::{By, EVENTS_OF_A_MESSAGE_MAX, Visit, machine};
use crate::mailboxes::links;

pub(super) fn record(
    tx: &mut Tx<'_>,
    id: &SubmissionId,
    act: Act,
    url: Option<&str>,
    visit: &Visit,
    anonymise: bool,
) -> store::Result<()> {
    let Some(mail) = linked_mails::of_any_workspace(tx, id)? else { return Ok(()) };
    linked_mails::count(tx, id, act)?;
    let (event_type, before) = match act {
        Act::Open => (EventType::TrackOpen, mail.opens),
        Act::Click => (EventType::TrackClick, mail.clicks),
    };
    if before >= EVENTS_OF_A_MESSAGE_MAX {
        return Ok(());
    }
    let by = machine::judge(act, visit, mail.sent_at);
    let mut said = json!({
        "remoteAddress": visit.shown_ip(anonymise),
        "userAgent": visit.shown_user_agent(anonymise),
        "machine": by.is_some(),
        "by": by.map(By::as_str),
    });
    if let (Some(url), Some(said)) = (url, said.as_object_mut()) {
        said.insert("url".into(), json!(url));
    }
    links::tell(tx, &mail, event_type, said, visit.at)
}
