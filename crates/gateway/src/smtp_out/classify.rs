//! What a smarthost's answer means for a recipient. Pure, and the only place that decides it.
//!
//! | answer | result |
//! |---|---|
//! | 2xx after the mail | Delivered |
//! | 4xx anywhere; 552 to RCPT (RFC 5321 §4.5.3.1.10: too many recipients) | Deferred |
//! | no connection, connection lost (after DATA too: sent again under the same Message-ID), no answer in time | Deferred |
//! | 5xx to the greeting, EHLO, STARTTLS, AUTH | Infrastructure |
//! | TLS required and not offered, a certificate that can't be trusted, the guard's refusal, what is not SMTP | Infrastructure |
//! | 5xx to MAIL (our sender address), except 552 and x.3.4, x.2.3 (size): Bounced | Infrastructure |
//! | 5xx to RCPT, DATA or the mail: 500, 502, 503, 504, 530, 534, 535, 538 | Infrastructure |
//! | … with x.7.n (policy: relay denied, sender not authenticated, listed), x.1.7, x.1.8 (our sender), x.3.2, x.3.5 (the host itself) | Infrastructure |
//! | … without an enhanced code, but words of relaying, authentication or block lists | Infrastructure |
//! | any other 5xx to RCPT, DATA or the mail | Bounced |
//! | the mail needs what the server does not offer (8BITMIME, SMTPUTF8) | Infrastructure |
//! | the mail is larger than SIZE; an address that can't be said | Bounced |
//!
//! Policy answers of a smarthost are never bounces, even though some are about one recipient: to suppress somebody because our own
//! relay was refused is worse than to try again.
//!
//! A mail exchanger speaks for its recipients, and its rules are not ours to mend. There the reason decides (`mail::classify`), for 5xx
//! to MAIL, RCPT, DATA and the mail:
//!
//! | reason | result |
//! |---|---|
//! | our address is listed or thought badly of, has no name (PTR), sends too much; SPF, DKIM or DMARC fail; TLS is wanted | Infrastructure |
//! | x.1.7, x.1.8 (our sender's domain can't be found or answered), x.7.20 to x.7.29 (RFC 7372, 8616: authentication, PTR) | Infrastructure |
//! | 500, 502, 503, 504 (it did not understand us), x.3.2, x.3.5 (the host itself) | Infrastructure |
//! | everything else: content, spam, policy (x.7.1), relaying it does not do, no such mailbox, … | Bounced |
//!
//! Whether a bounce suppresses anybody is `engine::bounces`': a rule or a filter that refused a mail says nothing of the address.

use engine::ports::DeliveryResult;
use mail::classify::BounceReason;

use super::reply::Reply;

/// Whom an answer is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// Takes our mail to anybody, as it knows us.
    Smarthost,
    /// Takes anybody's mail to its recipients.
    Exchanger,
}

/// Where in the conversation an answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Greeting,
    Hello,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    /// The answer to the DATA command.
    Data,
    /// The answer to the mail itself.
    Content,
}

impl Stage {
    /// What we said, for messages.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Greeting => "the connection",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the mail",
        }
    }
}

/// Words of replies without an enhanced code that are about us and not about the recipient.
const WORDS_ABOUT_US: [&str; 12] = [
    "relay",
    "authentication",
    "authenticate",
    "not authorized",
    "not authorised",
    "blocked",
    "blocklist",
    "blacklist",
    "block list",
    "spamhaus",
    "rate limit",
    "client host",
];

pub(super) fn classify(peer: Peer, stage: Stage, reply: &Reply) -> DeliveryResult {
    match reply.code {
        200..=299 if stage == Stage::Content => DeliveryResult::Delivered,
        552 if stage == Stage::Rcpt => DeliveryResult::Deferred,
        500.. => classify_permanent(peer, stage, reply),
        // 4xx, and positive answers where none was expected.
        _ => DeliveryResult::Deferred,
    }
}

fn classify_permanent(peer: Peer, stage: Stage, reply: &Reply) -> DeliveryResult {
    let enhanced = reply.enhanced.map(|enhanced| (enhanced.subject, enhanced.detail));
    let too_large = reply.code == 552 || matches!(enhanced, Some((3, 4) | (2, 3)));
    let about_us = match (stage, peer) {
        (Stage::Greeting | Stage::Hello | Stage::StartTls | Stage::Auth, _) => true,
        (Stage::Mail, _) if too_large => false,
        (_, Peer::Exchanger) => is_ours_to_mend(reply, enhanced),
        (Stage::Mail, Peer::Smarthost) => true,
        (Stage::Rcpt | Stage::Data | Stage::Content, Peer::Smarthost) => match (reply.code, enhanced) {
            (500 | 502 | 503 | 504 | 530 | 534 | 535 | 538, _) => true,
            (_, Some((7, _) | (1, 7 | 8) | (3, 2 | 5))) => true,
            (_, Some(_)) => false,
            (_, None) => speaks_about_us(reply),
        },
    };
    if about_us { DeliveryResult::Infrastructure } else { DeliveryResult::Bounced }
}

/// Of a mail exchanger's refusal.
fn is_ours_to_mend(reply: &Reply, enhanced: Option<(u16, u16)>) -> bool {
    if matches!(reply.code, 500 | 502 | 503 | 504) || matches!(enhanced, Some((1, 7 | 8) | (3, 2 | 5) | (7, 20..=29))) {
        return true;
    }
    if speaks_of_our_host(reply) {
        return true;
    }
    let reason = mail::classify::refusal("", &reply.to_string()).reason;
    // It does not think itself responsible for its domain: nothing of ours changes that.
    reason.is_infrastructure() && reason != BounceReason::RelayDenied
}

fn speaks_about_us(reply: &Reply) -> bool {
    says_any(reply, &WORDS_ABOUT_US)
}

/// Postfix and those that speak like it call us the client host, mostly where a block list named us.
fn speaks_of_our_host(reply: &Reply) -> bool {
    says_any(reply, &["client host"])
}

fn says_any(reply: &Reply, words: &[&str]) -> bool {
    let text = reply.lines.join(" ").to_lowercase();
    words.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use DeliveryResult::{Bounced, Deferred, Delivered, Infrastructure};
    use Stage::{Auth, Content, Data, Greeting, Hello, Mail, Rcpt, StartTls};

    use super::super::reply::ReplyParser;
    use super::*;

    #[test]
    fn answers_are_classified_by_where_they_came_and_what_they_say() {
        let cases = [
            (Content, "250 2.0.0 queued as 4F", Delivered),
            (Content, "251 ok", Delivered),
            (Content, "451 4.3.0 try again", Deferred),
            (Content, "452 4.2.2 over quota", Deferred),
            (Content, "552 5.3.4 message too big", Bounced),
            (Content, "554 5.6.0 malformed", Bounced),
            (Content, "550 5.7.26 unauthenticated mail", Infrastructure),
            (Content, "554 5.7.1 blocked using example", Infrastructure),
            (Content, "554 Your host is on a blacklist", Infrastructure),
            (Content, "554 transaction failed", Bounced),
            (Data, "354 go on", Deferred),
            (Data, "554 5.5.1 no valid recipients", Bounced),
            (Data, "503 bad sequence", Infrastructure),
            (Data, "421 shutting down", Deferred),
            (Rcpt, "450 4.2.1 greylisted", Deferred),
            (Rcpt, "452 4.5.3 too many recipients", Deferred),
            (Rcpt, "552 5.5.3 too many recipients", Deferred),
            (Rcpt, "550 5.1.1 user unknown", Bounced),
            (Rcpt, "550 no such user", Bounced),
            (Rcpt, "551 5.7.1 user not local", Infrastructure),
            (Rcpt, "553 5.1.3 bad address", Bounced),
            (Rcpt, "550 5.2.1 mailbox disabled", Bounced),
            (Rcpt, "550 5.4.4 unable to route", Bounced),
            (Rcpt, "554 5.7.1 <a@b>: Relay access denied", Infrastructure),
            (Rcpt, "550 relaying denied", Infrastructure),
            (Rcpt, "550 Authentication required", Infrastructure),
            (Rcpt, "530 5.7.0 authentication required", Infrastructure),
            (Rcpt, "530 must issue STARTTLS first", Infrastructure),
            (Rcpt, "550 5.1.8 sender rejected", Infrastructure),
            (Rcpt, "550 5.1.7 bad sender", Infrastructure),
            (Rcpt, "550 5.3.5 misconfigured", Infrastructure),
            (Rcpt, "502 not implemented", Infrastructure),
            (Mail, "451 4.7.1 later", Deferred),
            (Mail, "550 5.7.1 sender not allowed", Infrastructure),
            (Mail, "553 5.7.1 sender not owned", Infrastructure),
            (Mail, "550 5.1.0 rejected", Infrastructure),
            (Mail, "552 too big", Bounced),
            (Mail, "554 5.3.4 too big", Bounced),
            (Auth, "535 5.7.8 bad credentials", Infrastructure),
            (Auth, "534 5.7.9 application password required", Infrastructure),
            (Auth, "454 4.7.0 temporary", Deferred),
            (StartTls, "454 TLS not available", Deferred),
            (StartTls, "502 what", Infrastructure),
            (Hello, "550 who are you", Infrastructure),
            (Greeting, "554 no SMTP service here", Infrastructure),
            (Greeting, "421 too busy", Deferred),
        ];
        for (stage, text, expected) in cases {
            let mut parser = ReplyParser::default();
            parser.feed(format!("{text}\r\n").as_bytes());
            let reply = parser.next_reply().unwrap().unwrap();
            assert_eq!(classify(Peer::Smarthost, stage, &reply), expected, "{} answered {text}", stage.describe());
        }
    }

    #[test]
    fn a_mail_exchanger_is_believed_about_its_recipients_and_its_rules() {
        let cases = [
            // The recipient, the content, a rule: nothing that trying again changes.
            (Rcpt, "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown", Bounced),
            (Rcpt, "550 5.7.1 <a@example.org>: Recipient address rejected: Access denied", Bounced),
            (Rcpt, "550 5.7.1 Recipient not authorized, your sender is not on the allowed list", Bounced),
            (Rcpt, "554 5.7.1 <a@example.org>: Relay access denied", Bounced),
            (Rcpt, "550 5.7.1 Unable to relay", Bounced),
            (Rcpt, "530 5.7.1 Client was not authenticated", Bounced),
            (Rcpt, "550 5.4.1 Recipient address rejected: Access denied", Bounced),
            (Content, "550 5.7.1 Message rejected due to content restrictions", Bounced),
            (Content, "554 5.7.1 Spam message rejected", Bounced),
            (
                Content,
                "552 5.7.0 This message was blocked because its content presents a potential security issue",
                Bounced,
            ),
            (Content, "550 5.7.1 Our system has detected that this message is likely unsolicited mail", Bounced),
            (Content, "554 5.6.0 Message contains an invalid header", Bounced),
            (Content, "550 5.7.1 Message contained a virus", Bounced),
            (Content, "550 5.7.0 rejected by policy", Bounced),
            (Mail, "550 5.7.1 Sender rejected: not welcome here", Bounced),
            (Mail, "552 5.3.4 too big", Bounced),
            (Data, "554 5.5.1 no valid recipients", Bounced),
            // Our address, our name, our signatures: the operator can mend it.
            (
                Rcpt,
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
                Infrastructure,
            ),
            (Rcpt, "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus", Infrastructure),
            (Rcpt, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", Infrastructure),
            (Rcpt, "550 5.7.25 Client host rejected: cannot find your hostname", Infrastructure),
            (Rcpt, "550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]", Infrastructure),
            (Rcpt, "550 5.7.23 SPF validation failed", Infrastructure),
            (Rcpt, "550 5.1.8 <x@example.com>: Sender address rejected: Domain not found", Infrastructure),
            (Mail, "554 5.7.1 Your IP is on a blocklist", Infrastructure),
            (
                Content,
                "550 5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy",
                Infrastructure,
            ),
            (Content, "550 5.7.1 Email rejected per DMARC policy", Infrastructure),
            (Content, "550 5.7.509 Access denied, sending domain does not pass DMARC verification", Infrastructure),
            (Content, "550 5.7.1 [192.0.2.1] Our system has detected low reputation of the sending IP", Infrastructure),
            (Rcpt, "530 5.7.0 Must issue a STARTTLS command first", Infrastructure),
            (Rcpt, "502 5.5.1 not implemented", Infrastructure),
            (Greeting, "554 5.7.1 no", Infrastructure),
            // For now is for now.
            (Rcpt, "450 4.7.1 greylisted", Deferred),
            (Content, "451 4.7.500 Server busy", Deferred),
        ];
        for (stage, text, expected) in cases {
            let mut parser = ReplyParser::default();
            parser.feed(format!("{text}\r\n").as_bytes());
            let reply = parser.next_reply().unwrap().unwrap();
            assert_eq!(classify(Peer::Exchanger, stage, &reply), expected, "{} answered {text}", stage.describe());
        }
    }
}
