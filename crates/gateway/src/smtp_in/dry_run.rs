//! A conversation with the protocol machine alone, without a network: for the fuzzer and for properties. Every address at
//! `inbox.test` receives, and what is received is accepted.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use engine::ports::{Route, RouteError, SignInError};
use model::channel::{AuthPolicy, ChannelLimits};
use model::key::{Actor, Principal, Scope};
use model::{ApiKeyId, Timestamp, WorkspaceId};
use secrecy::{ExposeSecret as _, SecretString};

use super::SmtpInLimits;
use super::data::Outcome;
use super::session::{Session, SessionConfig, Step};

/// Small enough to be reached.
const LIMITS: SmtpInLimits =
    SmtpInLimits { message_bytes_max: 4_096, recipients_max: 3, command_line_bytes_max: 512, ..SmtpInLimits::DEFAULT };

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    pub replies: Vec<u8>,
    /// The mails accepted, without our trace fields.
    pub mails: Vec<Vec<u8>>,
}

impl DryRun {
    /// The code of each line of reply.
    pub fn codes(&self) -> Vec<&[u8]> {
        self.replies.split(|&byte| byte == b'\n').filter_map(|line| line.get(..3)).collect()
    }
}

/// The client says `stream`, and it arrives in pieces of `piece` bytes.
pub fn dry_run(stream: &[u8], piece: usize) -> DryRun {
    held(stream, piece, false)
}

/// As [`dry_run`], with the submission port. The password `key` is good.
pub fn dry_run_of_submission(stream: &[u8], piece: usize) -> DryRun {
    held(stream, piece, true)
}

fn held(stream: &[u8], piece: usize, submission: bool) -> DryRun {
    let config = SessionConfig {
        hostname: "mx.inbox.test".to_owned(),
        inbound_domain: "inbox.test".to_owned(),
        limits: LIMITS,
        // What is sent with STARTTLS is forgotten, so its pieces would matter.
        starttls: false,
        submission,
        authenticates: false,
    };
    let mut session = Session::new(Arc::new(config), IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
    let mut run = DryRun::default();
    session.greet(&mut run.replies);
    let mut pending: Vec<u8> = Vec::new();
    for part in stream.chunks(piece.max(1)) {
        pending.extend_from_slice(part);
        let mut input = pending.as_slice();
        loop {
            match session.step(&mut input, Timestamp::from_millis(0), &mut run.replies) {
                Step::Read => break,
                Step::Route(address) => {
                    session.routed(route(address), &mut run.replies);
                }
                Step::SignIn(key) => {
                    session.signed_in(principal(&key), &mut run.replies);
                }
                Step::Deliver(delivery) => {
                    run.mails.push(delivery.raw.get(delivery.trace_bytes..).unwrap_or_default().to_vec());
                    session.delivered(Outcome::Accepted(Vec::new()), &mut run.replies);
                }
                Step::StartTls | Step::Close { .. } => return run,
            }
        }
        pending = input.to_vec();
    }
    run
}

fn principal(key: &SecretString) -> Result<Principal, SignInError> {
    if key.expose_secret() != "key" {
        return Err(SignInError::Refused("unknown".into()));
    }
    Ok(Principal {
        workspace_id: WorkspaceId::from_stored(String::new()),
        actor: Actor::Key(ApiKeyId::from_stored(String::new())),
        scopes: vec![Scope::MessagesSend],
        channel_id: None,
    })
}

fn route(address: String) -> Result<Route, RouteError> {
    if !address.ends_with("@inbox.test") {
        return Err(RouteError::Unknown);
    }
    Ok(Route {
        workspace_id: WorkspaceId::from_stored(String::new()),
        channel_id: None,
        use_case_id: None,
        auth_policy: AuthPolicy::None,
        message_bytes_max: LIMITS.message_bytes_max,
        limits: ChannelLimits::default(),
        thread_by_subject: false,
        team_id: None,
        recipient: address,
        reply_token: None,
        returned_to: None,
    })
}
