//! Opens and clicks of messages that asked for it: marks in their HTML, and what is counted and told when somebody follows one.
//! Never decides by itself to track, and never keeps an answer waiting for long.

mod links;
mod machine;
mod of_mailboxes;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use model::event::EventType;
use model::message::{Direction, Engagement, MessageStatus};
use model::{MessageId, SubmissionId, Timestamp, WorkspaceId};
use serde_json::{Value as Json, json};
use store::engagement::{self, Act, EngagementRow};
use store::events::{self, NewEvent};
use store::messages::MessageRow;
use store::{Priority, Tx, deliveries};

use crate::sending::{SendRequest, Sender};
use crate::{Engine, Result, domains};

use self::links::{Links, Mark, Subject};
pub use self::machine::By;

/// Opens of one message that are told as events; later ones only count. As many clicks.
pub const EVENTS_OF_A_MESSAGE_MAX: u64 = 100;
/// Octets of a user agent that are kept.
const USER_AGENT_OCTETS_MAX: usize = 500;
/// How long an answer waits for its note. The note is made all the same, later.
const NOTING_TIMEOUT: Duration = Duration::from_secs(2);

/// What a message asks to be tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tracking {
    pub opens: bool,
    pub clicks: bool,
}

impl Tracking {
    pub fn is_asked(self) -> bool {
        self.opens || self.clicks
    }

    /// Why it can't be.
    pub(crate) fn check(self, recipients: usize, without_html: bool) -> std::result::Result<(), String> {
        if self.is_asked() && recipients > 1 {
            return Err(format!(
                "{recipients} recipients; nobody could tell which of them opened it. Send one message a recipient (up to 500 in one request to /api/v1/messages/batch)"
            ));
        }
        if self.opens && self.clicks && without_html {
            return Err(
                "opens and clicks are seen in HTML, and there is none: give an html, or leave tracking out".into()
            );
        }
        Ok(())
    }
}

/// Makes links that begin at `base`, and reads those of any.
fn links(engine: &Engine, base: &str) -> Links {
    Links::new(base, engine.vault.derive(links::PURPOSE))
}

/// Puts the marks of one mail into its HTML.
pub(crate) struct Marker {
    tracking: Tracking,
    subject: Subject,
    links: Links,
    /// Addresses that end a subscription, as the message's own header names them.
    unsubscribe: String,
}

impl Marker {
    /// # Errors
    /// What the store says.
    pub async fn new(
        engine: &Engine,
        workspace: &WorkspaceId,
        sender: &Sender,
        request: &SendRequest,
        message: &MessageId,
    ) -> Result<Self> {
        let own = match &sender.links_at {
            None if request.tracking.is_asked() => {
                domains::links_from(engine, workspace, &sender.mailbox.address).await?
            }
            known => known.clone(),
        };
        let subject = Subject::Message(message.clone());
        Ok(Self::at(engine, own.as_deref(), request.tracking, subject, &request.headers))
    }

    /// Of a mail that an account sends; its links begin at the public URL where no other place is said.
    pub fn of_mail(
        engine: &Engine,
        at: Option<&str>,
        tracking: Tracking,
        mail: &SubmissionId,
        headers: &[(String, String)],
    ) -> Self {
        Self::at(engine, at, tracking, Subject::Mail(mail.clone()), headers)
    }

    fn at(
        engine: &Engine,
        at: Option<&str>,
        tracking: Tracking,
        subject: Subject,
        headers: &[(String, String)],
    ) -> Self {
        let named = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("list-unsubscribe"));
        Self {
            tracking,
            subject,
            links: links(engine, at.unwrap_or(&engine.config.public_url)),
            unsubscribe: named.map(|(_, value)| format!("{value},")).collect(),
        }
    }

    pub fn mark(&self, html: String) -> String {
        if !self.tracking.is_asked() {
            return html;
        }
        let pixel = self.tracking.opens.then(|| self.links.pixel(&self.subject));
        mail::html::track(&html, pixel.as_deref(), |number, url| {
            let stays = !self.tracking.clicks || self.ends_subscription(url);
            if stays { None } else { self.links.click(&self.subject, number, url) }
        })
    }

    fn ends_subscription(&self, url: &str) -> bool {
        mail::html::reads_like_unsubscribing(url) || self.unsubscribe.contains(&format!("<{url}>"))
    }
}

/// Somebody, or something, that followed a mark.
#[derive(Debug, Clone)]
pub struct Visit {
    pub at: Timestamp,
    pub ip: Option<IpAddr>,
    pub user_agent: Option<String>,
    /// HEAD, and not GET.
    pub head: bool,
    /// `Purpose`, `Sec-Purpose` and the like, joined.
    pub purpose: String,
}

impl Visit {
    fn shown_user_agent(&self, anonymise: bool) -> Option<&str> {
        let user_agent = self.user_agent.as_deref().filter(|_| !anonymise)?;
        user_agent.get(..user_agent.floor_char_boundary(USER_AGENT_OCTETS_MAX))
    }

    fn shown_ip(&self, anonymise: bool) -> Option<IpAddr> {
        self.ip.map(|ip| if anonymise { network_of(ip) } else { ip })
    }
}

/// Notes an open. False: the token is not ours.
pub async fn opened(engine: &Engine, token: &str, visit: Visit) -> bool {
    let Some(Mark::Pixel { subject }) = links(engine, "").read(token) else { return false };
    note(engine, subject, Act::Open, None, visit).await;
    true
}

/// Notes a click and answers where it leads. `None`: the token is not ours.
pub async fn clicked(engine: &Engine, token: &str, visit: Visit) -> Option<String> {
    let Some(Mark::Click { subject, url }) = links(engine, "").read(token) else { return None };
    note(engine, subject, Act::Click, Some(url.clone()), visit).await;
    Some(url)
}

/// Whatever becomes of it, the visitor gets an answer: a database that is away is said in the log.
async fn note(engine: &Engine, subject: Subject, act: Act, url: Option<String>, visit: Visit) {
    let anonymise = engine.config.tracking_anonymise_ip;
    let of = subject.clone();
    let work = engine.db.write(Priority::Foreground, move |tx| match &subject {
        Subject::Message(id) => record(tx, id, act, url.as_deref(), &visit, anonymise),
        Subject::Mail(id) => of_mailboxes::record(tx, id, act, url.as_deref(), &visit, anonymise),
    });
    match tokio::time::timeout(NOTING_TIMEOUT, work).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, ?of, ?act, "an open or a click could not be noted"),
        Err(_) => {
            let seconds = NOTING_TIMEOUT.as_secs();
            tracing::warn!(?of, ?act, seconds, "the database is slow: an open or a click is noted later");
        }
    }
}

fn record(
    tx: &mut Tx<'_>,
    message: &MessageId,
    act: Act,
    url: Option<&str>,
    visit: &Visit,
    anonymise: bool,
) -> store::Result<()> {
    let Some(row) = engagement::of_any_workspace(tx, message)? else { return Ok(()) };
    let delivered_at = if act == Act::Click { delivered_at(tx, &row)? } else { None };
    let by = machine::judge(act, visit, delivered_at);
    engagement::count(tx, message, act, by.is_some(), visit.at)?;
    let counted = &row.public;
    let (event_type, before) = match act {
        Act::Open => (EventType::EmailOpened, counted.opens + counted.machine_opens),
        Act::Click => (EventType::EmailClicked, counted.clicks + counted.machine_clicks),
    };
    if before >= EVENTS_OF_A_MESSAGE_MAX {
        return Ok(());
    }
    let data = data(&row, url, visit, by, anonymise);
    let event = NewEvent {
        workspace_id: &row.workspace_id,
        channel_id: row.channel_id.as_ref(),
        event_type,
        subject_id: message.as_str(),
        data: &data,
        at: visit.at,
    };
    events::append(tx, &event)?;
    Ok(())
}

/// When the mail was handed over, if it was.
fn delivered_at(tx: &mut Tx<'_>, row: &EngagementRow) -> store::Result<Option<Timestamp>> {
    let rows = deliveries::of_message(tx, &row.workspace_id, &row.message_id)?;
    let over = rows.iter().filter(|row| matches!(row.public.status, MessageStatus::Sent | MessageStatus::Delivered));
    Ok(over.filter_map(|row| row.public.attempts.last()).map(|attempt| attempt.at).max())
}

fn data(row: &EngagementRow, url: Option<&str>, visit: &Visit, by: Option<By>, anonymise: bool) -> Json {
    let (user_agent, ip) = (visit.shown_user_agent(anonymise), visit.shown_ip(anonymise));
    let mut data = json!({
        "messageId": row.message_id,
        "recipient": row.recipient,
        "timestamp": visit.at,
        "metadata": { "userAgent": user_agent, "ip": ip, "machine": by.is_some(), "by": by.map(By::as_str) },
    });
    if let (Some(url), Some(data)) = (url, data.as_object_mut()) {
        data.insert("url".into(), json!(url));
    }
    data
}

/// The /24 or /48 an address is in.
fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 80)).into(),
    }
}

/// What is counted of these messages.
pub(crate) async fn of_messages(engine: &Engine, rows: &[MessageRow]) -> Result<HashMap<MessageId, Engagement>> {
    let mut by_workspace: HashMap<WorkspaceId, Vec<MessageId>> = HashMap::new();
    for row in rows.iter().filter(|row| row.direction == Direction::Outbound) {
        by_workspace.entry(row.workspace_id.clone()).or_default().push(row.id.clone());
    }
    if by_workspace.is_empty() {
        return Ok(HashMap::new());
    }
    let read = engine.db.read(move |tx| {
        let mut found = HashMap::new();
        for (workspace, ids) in &by_workspace {
            let rows = engagement::by_messages(tx, workspace, ids)?;
            found.extend(rows.into_iter().map(|row| (row.message_id, row.public)));
        }
        Ok(found)
    });
    Ok(read.await?)
}

#[cfg(test)]
mod tests;
