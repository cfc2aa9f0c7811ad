//! The listener's tests: the machine alone by tables, and the whole over real sockets.

mod authentication;
mod limits;
mod listener;
mod properties;
mod protocol;
mod relay;
mod smuggling;
mod submission;
mod timeouts;
mod tls;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use engine::ports::{AcceptError, Accepted, AcceptedMessage, InboundMail, Mailroom, Route, RouteError};
use model::channel::{AuthPolicy, ChannelLimits};
use model::{MessageId, Timestamp, WorkspaceId};

use super::SmtpInLimits;
use super::data::Outcome;
use super::session::{Delivery, Session, SessionConfig, Step};

pub(super) const DOMAIN: &str = "inbox.test";
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_705_314_600_000);

pub(super) fn config(limits: SmtpInLimits) -> SessionConfig {
    SessionConfig {
        hostname: "mx.inbox.test".into(),
        inbound_domain: DOMAIN.into(),
        limits,
        starttls: true,
        submission: false,
        authenticates: true,
    }
}

/// `a`, `b`, `postmaster` and `grüße` receive; `small` takes 100 bytes; `strict` rejects on DMARC; `slow` is unavailable.
pub(super) fn route_of(address: &str) -> Result<Route, RouteError> {
    let (local, domain) = address.rsplit_once('@').ok_or(RouteError::Unknown)?;
    if !domain.eq_ignore_ascii_case(DOMAIN) {
        return Err(RouteError::Unknown);
    }
    let (auth_policy, message_bytes_max) = match local {
        "a" | "b" | "postmaster" | "grüße" => (AuthPolicy::Mark, 50 * 1024 * 1024),
        "small" => (AuthPolicy::Mark, 100),
        "strict" => (AuthPolicy::Reject, 50 * 1024 * 1024),
        "slow" => return Err(RouteError::Unavailable("locked".into())),
        _ => return Err(RouteError::Unknown),
    };
    Ok(Route {
        workspace_id: WorkspaceId::from_stored("ws_1".into()),
        channel_id: None,
        use_case_id: None,
        auth_policy,
        message_bytes_max,
        limits: ChannelLimits::default(),
        thread_by_subject: true,
        team_id: None,
        recipient: address.into(),
        reply_token: None,
        returned_to: None,
    })
}

/// What came of a conversation with the machine alone.
#[derive(Debug, Default)]
pub(super) struct Talk {
    pub(super) replies: String,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) addresses: Vec<String>,
    pub(super) closed: bool,
    pub(super) refusals: Vec<&'static str>,
}

impl Talk {
    /// The codes of all replies, a multi-line one once.
    pub(super) fn codes(&self) -> Vec<&str> {
        self.replies.lines().filter(|line| line.get(3..4) == Some(" ")).filter_map(|line| line.get(..3)).collect()
    }

    /// The only mail as the client sent it.
    pub(super) fn mail(&self) -> &[u8] {
        let [delivery] = self.deliveries.as_slice() else {
            panic!("{} mails: {}", self.deliveries.len(), self.replies)
        };
        &delivery.raw[delivery.trace_bytes..]
    }
}

/// Gives `stream` to a new session in pieces.
pub(super) fn talk(limits: SmtpInLimits, stream: &[u8], piece: usize) -> Talk {
    let mut session = Session::new(Arc::new(config(limits)), IpAddr::V4(Ipv4Addr::LOCALHOST), 7);
    let mut talk = Talk::default();
    let mut out = Vec::new();
    session.greet(&mut out);
    let mut pending: Vec<u8> = Vec::new();
    for part in stream.chunks(piece.max(1)) {
        pending.extend_from_slice(part);
        let mut input = pending.as_slice();
        loop {
            match session.step(&mut input, NOW, &mut out) {
                Step::Read => break,
                Step::Route(address) => {
                    let answer = route_of(&address);
                    talk.addresses.push(address);
                    session.routed(answer, &mut out);
                }
                Step::SignIn(_) => unreachable!("nobody signs in here"),
                Step::Deliver(delivery) => {
                    talk.deliveries.push(*delivery);
                    session.delivered(Outcome::Accepted(vec!["msg_1".into()]), &mut out);
                }
                Step::StartTls => {
                    input = &[];
                    session.secured();
                }
                Step::Close { .. } => {
                    talk.closed = true;
                    break;
                }
            }
        }
        pending = input.to_vec();
        if talk.closed {
            break;
        }
    }
    talk.refusals = session.take_refusals().into_iter().map(super::reply::Refusal::label).collect();
    talk.replies = String::from_utf8(out).expect("replies are ASCII");
    talk
}

/// An envelope from `<s@x.test>` to `<a@inbox.test>`, up to DATA.
pub(super) const ENVELOPE: &str = "EHLO x.test\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<a@inbox.test>\r\nDATA\r\n";

/// Keeps what it accepts.
#[derive(Default)]
pub(super) struct Kept {
    pub(super) mails: Mutex<Vec<InboundMail>>,
    /// What accept answers instead of keeping.
    pub(super) fails: Option<AcceptError>,
    /// Accept waits for a permit of this.
    pub(super) gate: Option<Arc<tokio::sync::Semaphore>>,
}

#[async_trait]
impl Mailroom for Kept {
    async fn route(&self, address: &str) -> Result<Route, RouteError> {
        route_of(address)
    }

    async fn accept(&self, mail: InboundMail) -> Result<Accepted, AcceptError> {
        if let Some(gate) = &self.gate {
            gate.acquire().await.expect("an open gate").forget();
        }
        if let Some(error) = &self.fails {
            return Err(error.clone());
        }
        let messages = mail.routes.iter().map(|_| AcceptedMessage { id: MessageId::generate(), duplicate: false });
        let accepted = Accepted { messages: messages.collect() };
        self.mails.lock().expect("a lock").push(mail);
        Ok(accepted)
    }
}
