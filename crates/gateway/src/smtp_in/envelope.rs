//! MAIL and RCPT: the envelope. Owns its limits; who receives is for the mailroom alone to say, so nothing is relayed.

use engine::ports::{Route, RouteError};
use model::channel::AuthPolicy;

use super::command::MailParameters;
use super::path::Path;
use super::reply::{Refusal, say};
use super::session::{Session, State, Step, Transaction};

impl Session {
    pub(super) fn mail(&mut self, parameters: MailParameters, out: &mut Vec<u8>) -> Option<Step> {
        if self.helo.is_none() {
            return self.error(out, "503 5.5.1 say EHLO first");
        }
        if self.config.submission && self.principal.is_none() {
            return self.error(out, "530 5.7.0 sign in first: AUTH with an API key as the password");
        }
        if self.transaction.is_some() {
            return self.error(out, "503 5.5.1 a mail is under way, say RSET to begin anew");
        }
        if self.messages >= self.config.limits.messages_per_session_max {
            return self.close_for(out, Refusal::TooManyMessages);
        }
        if parameters.size.is_some_and(|size| size > self.config.limits.message_bytes_max) {
            return self.refuse(out, Refusal::TooLarge);
        }
        let mail_from = match parameters.from {
            Path::Mailbox(address) => address,
            Path::Null | Path::Postmaster => String::new(),
        };
        let MailParameters { size, smtputf8, .. } = parameters;
        let (routes, recipients) = (Vec::new(), Vec::new());
        self.transaction = Some(Transaction { mail_from, smtputf8, size, routes, recipients, chunks: None });
        self.ok(out, "250 2.1.0 sender ok")
    }

    pub(super) fn rcpt(&mut self, path: Path, out: &mut Vec<u8>) -> Option<Step> {
        let Some(transaction) = &self.transaction else {
            return self.error(out, "503 5.5.1 say MAIL first");
        };
        if transaction.chunks.is_some() {
            return self.error(out, "503 5.5.1 the mail has begun, no more recipients");
        }
        if transaction.routes.len() + transaction.recipients.len() >= self.config.limits.recipients_max {
            self.refusals.push(Refusal::TooManyRecipients);
            return self.ok(out, Refusal::TooManyRecipients.reply());
        }
        if !transaction.smtputf8 && !path.is_ascii() {
            return self.error(out, "553 5.6.7 an address beyond ASCII needs SMTPUTF8");
        }
        let address = match path {
            Path::Mailbox(address) if self.config.submission => return self.add_recipient(address, out),
            Path::Mailbox(address) => address,
            Path::Null | Path::Postmaster if self.config.submission => {
                return self.error(out, "553 5.1.3 say the recipient's domain");
            }
            Path::Null | Path::Postmaster => format!("postmaster@{}", self.config.inbound_domain),
        };
        self.state = State::Routing;
        Some(Step::Route(address))
    }

    /// Whoever signed in sends wherever they like; what the product refuses, it says when it has the mail.
    fn add_recipient(&mut self, address: String, out: &mut Vec<u8>) -> Option<Step> {
        if let Some(transaction) = &mut self.transaction
            && !transaction.recipients.contains(&address)
        {
            transaction.recipients.push(address);
        }
        self.ok(out, "250 2.1.5 recipient ok")
    }

    /// The answer to [`Step::Route`]; then step on.
    pub(crate) fn routed(&mut self, answer: Result<Route, RouteError>, out: &mut Vec<u8>) -> Option<Step> {
        self.state = State::Command;
        match answer {
            Ok(route) => self.add_route(route, out),
            Err(RouteError::Unknown) => self.refuse(out, Refusal::UnknownRecipient),
            Err(RouteError::Unavailable(_)) => {
                self.refusals.push(Refusal::RoutesUnavailable);
                self.ok(out, Refusal::RoutesUnavailable.reply())
            }
        }
    }

    fn add_route(&mut self, route: Route, out: &mut Vec<u8>) -> Option<Step> {
        let Some(transaction) = &mut self.transaction else {
            return self.error(out, "503 5.5.1 say MAIL first");
        };
        if transaction.size.is_some_and(|size| size > route.message_bytes_max) {
            return self.refuse(out, Refusal::TooLarge);
        }
        if self.config.authenticates && !share_verdict(&transaction.routes, &route) {
            self.refusals.push(Refusal::SeparateTransaction);
            return self.ok(out, Refusal::SeparateTransaction.reply());
        }
        if !transaction.routes.contains(&route) {
            transaction.routes.push(route);
        }
        say(out, "250 2.1.5 recipient ok");
        None
    }
}

/// After the mail there is one answer for all recipients: one that rejects what another takes can't be told apart then.
fn share_verdict(routes: &[Route], route: &Route) -> bool {
    let rejects = |route: &Route| route.auth_policy == AuthPolicy::Reject;
    routes.first().is_none_or(|first| rejects(first) == rejects(route))
}
