//! Why a mail came back: one reason for what servers say in a thousand ways. Owns their sentences and which of two counts; never
//! decides what is done about it.

use std::sync::LazyLock;

use super::code::DIAGNOSTIC_BYTES_MAX;
use super::{BounceClass, BounceReason};
use crate::phrases::Phrases;

/// Reasons and the phrases that say them, in lower case with single blanks. Earlier rows win: the more specific first.
#[rustfmt::skip]
const PHRASES: &[(BounceReason, &[&str])] = &[
    (BounceReason::SenderRejected, &[
        "permission to post", "allowed to post", "closed group", "not a member of the group",
        "may not be open to posting", "to/from an address that has been blacklisted", "send mail as",
        // Google Groups, in whatever language.
        "groups.google.com/support",
    ]),
    (BounceReason::Network, &["host not found, try again", "malformed or unexpected name server reply", "loops back to myself", "too many hops", "hop count exceeded", "mail loop", "routing loop"]),
    (BounceReason::HostUnknown, &["account or domain may not exist"]),
    (BounceReason::OnHold, &["on hold"]),
    (BounceReason::Filtered, &["recipient preferences"]),
    (BounceReason::VirusDetected, &["virus", "malware", "infected", "trojan"]),
    (BounceReason::TlsRequired, &[
        "does not support tls", "must issue a starttls", "starttls is required", "tls is required", "tls not available",
        "tls handshake failed", "encryption required",
    ]),
    (BounceReason::AuthFailed, &[
        "spf check", "spf fail", "spf validation", "spf record", "sender policy framework", "dmarc", "dkim",
        "unauthenticated email", "unauthenticated mail", "not pass authentication", "does not pass authentication",
        "fails authentication", "email is not authenticated", "message is not authenticated", "authentication checks",
        "authentication requirements", "sender is unauthenticated", "arc validation",
    ]),
    (BounceReason::NoReverseDns, &[
        "reverse dns", "ptr record", "rdns", "no ptr", "reverse lookup", "cannot find your hostname",
        "client host rejected: cannot find", "does not resolve to", "cannot resolve your",
        "ip address is not resolvable", "reverse hostname", "unknown host [", "fix reverse", "ip name lookup failed",
        "no reverse", "hostname does not match", "dns lookup failure of", "client must have a valid",
    ]),
    (BounceReason::Moved, &[
        "has moved", "address changed", "no longer valid; please", "user has moved", "recipient has been replaced",
        "has been replaced by", "new address is", "please update your address",
    ]),
    (BounceReason::TooManyConnections, &[
        "too many connections", "too many concurrent", "connection limit", "concurrent connections",
        "simultaneous connections", "too many sessions", "connection rate limit", "max connections",
    ]),
    (BounceReason::RateLimited, &[
        "frequency limit", "rate limit", "rate-limit", "ratelimit", "too many messages", "sending rate", "too fast",
        "throttl", "temporarily deferred due to user complaints", "message rate", "receiving mail at a rate",
        "exceeded the limit of", "too much mail", "mail from your ip has been temporarily",
    ]),
    (BounceReason::TooLarge, &[
        "line limit exceeded", "message too large", "message too big", "message size exceeds", "exceeds maximum message size",
        "exceeds size limit", "size limit exceeded", "message is too large", "exceeds the maximum message size",
        "maximum message size", "message file too big", "exceeded maximum inbound message size",
        "message length exceeds", "exceeds the maximum size", "mail size limit", "too big message",
        "data size exceeded", "larger than the current system limit", "message header size", "max message size",
        "file too big",
    ]),
    (BounceReason::MailboxFull, &[
        "mailbox full", "mailbox is full", "mail box full", "mailbox is over", "over quota", "overquota",
        "quota exceeded", "exceeded quota", "quota exceed", "exceeded their quota", "exceeded storage",
        "exceeded email quota", "exceeds his quota", "over the maximum allowed", "out of storage", "storage exceeded",
        "mailbox exceed", "not enough space", "insufficient mailbox", "mailbox size limit", "is full",
        "has exceeded his", "exceeded his/her", "mail quota", "disk quota", "user quota", "account is over",
        "no space left in", "inbox is full", "full mailbox", "mailbox has exceeded", "user is over",
        "maildir delivery failed", "recipient's mailbox exceeded", "has too many messages",
        "exceeded the maximum storage", "storage quota", "storage limit", "mail folder is full", "mailfolder is full",
        "mailbox quota", "mailbox overflow", "over disk", "user has exhausted", "voll",
        "in recipient's mailbox exceeded", "boîte pleine", "一杯", "recipient storage full", "no room in",
        "mailboxfull", "mailbox limit", "mailbox_quota",
    ]),
    (BounceReason::SystemFull, &[
        "insufficient system storage", "no space left on device", "system storage", "mail system full", "disk full",
        "requested mail action aborted: exceeded storage", "insufficient disk", "lack of storage",
    ]),
    (BounceReason::RejectedSpam, &[
        "blacklisted url", "uribl", "spam", "junk mail", "unsolicited", "bulk mail", "looks like a scam", "content filter", "blocked by content",
        "message content rejected", "rejected due to content", "high probability of", "bogofilter",
        "unacceptable content", "content was rejected", "flagged by", "5.7.1 message scored", "phishing",
    ]),
    (BounceReason::BadReputation, &["reputation", "bad sender score", "senderscore", "low score", "poor sender"]),
    (BounceReason::Blocked, &[
        "blacklist", "black list", "blocklist", "block list", "blocked using", "is listed at", "is listed in",
        "listed by", "is listed", "rbl", "dnsbl", "spamhaus", "spamcop", "barracuda", "ip address is blocked",
        "ip has been blocked", "your ip", "client host rejected", "client host blocked", "connection refused by",
        "host blocked", "banned sending ip", "access denied from", "connection rejected", "sender ip",
        "ip address rejected", "your server is blocked", "blocked by", "we do not accept mail from",
        "not allowed to connect", "your network", "connections not accepted from", "dynamic ip",
        "rejecting open proxy", "open relay", "has been blocked", "residential", "temporarily blocked",
        "message refused by blocklist", "use the smtp server of your isp", "invalid ip for sending", "service refus",
        "relay quota", "unwanted messages have been sent", "not accepting connections", "bad helo", "your mail server", "invalid helo",
    ]),
    (BounceReason::RelayDenied, &[
        "relaying denied", "relay access denied", "relay denied", "relaying not", "not permitted to relay",
        "unable to relay", "relay not permitted", "no relaying", "relaying is not", "we do not relay",
        "relaying mail to", "insecure mail relay", "open mail relay", "cannot relay", "relay operation rejected",
        "unable to relay for", "not an open relay",
    ]),
    (BounceReason::NotAccepting, &[
        "no mx record", "no mx found", "indicated no smtp service",
        "does not accept mail", "nullmx", "null mx", "not accept any mail", "host does not accept",
        "mail receiving disabled", "does not receive mail", "smtp server does not accept", "domain does not accept",
        "no longer accepts mail", "does not accept any",
    ]),
    (BounceReason::HostUnknown, &[
        "dns lookup failure: host", "host unknown", "host or domain name not found", "domain not found", "domain does not exist",
        "no such domain", "unknown host", "host not found", "name service error", "unknown domain",
        "illegal host/domain", "invalid domain", "domain name not found", "domain is not reachable",
        // Google's page where the server's answer left no doubt; Yahoo.
    "the address couldn't be found. check", "have a yahoo",
    "unrouteable address", "unroutable address", "all relevant mx records point to non-existent hosts",
        "could not resolve host", "nxdomain", "no mx or", "bad destination host", "domain must resolve",
        "cannot find a host", "unable to resolve", "hostname couldn't be found", "couldn't find any host",
        "no mail server", "non-existent host", "invalid host name", "domain wasn't found", "domain couldn't be found",
        "address lookup failed", "mail domain unknown", "could not find a gateway", "no recipient domain",
        "dns error: domain name not found", "dns domain does not exist", "domain may not exist",
    ]),
    (BounceReason::Disabled, &[
        "account has been suspended", "account suspended", "suspended", "account disabled",
        "account has been disabled", "mailbox disabled", "disabled recipient", "mailbox is disabled", "is disabled", "account is locked",
        "user is inactive", "account inactive", "inactive", "account closed", "temporarily disabled",
        "mailbox unavailable or access denied", "mailbox is frozen", "mailbox is inactive", "deactivated",
        "account expired", "mailbox not active", "is not active", "discontinued", "mailbox currently suspended",
        "account not active", "disabled user", "user disabled", "been dormant",
    ]),
    (BounceReason::UserUnknown, &[
        "invalid final delivery userid", "and other recipients in the same domain", "check if address is correct", "check the recipient", "user unknown", "unknown user", "no such user",
        "no such mailbox", "no such recipient", "no such account", "no such address", "no such person",
        "no such local user", "user not found", "not a known user", "unknown recipient", "recipient unknown",
        "recipient not found", "recipient address unknown", "address unknown", "unknown address", "mailbox not found",
        "mailbox unknown", "unknown mailbox", "mailbox does not exist", "user does not exist",
        "account does not exist", "does not exist", "doesn't exist", "not exist", "address not found",
        "invalid recipient", "invalid mailbox", "invalid address", "invalid user", "bad address", "bad mailbox",
        "bad destination mailbox", "no mailbox", "there is no", "user invalid", "not our customer",
        "unrecognized recipient", "name is not recognized", "recipient name is not recognized", "user is unknown",
        "user doesn't have", "account that you tried to reach", "isn't a known", "addressee unknown",
        "addressee is unknown", "not listed in", "user not listed", "not a valid mailbox", "not a valid user",
        "not a valid recipient", "no valid recipient", "no account", "delivery to that address is not",
        "unable to find recipient", "not in address list", "recipient does not", "rejected: unknown", "is unknown",
        "no user", "resolver.adr", "can't find", "couldn't be found", "could not be found", "wasn't found",
        "was not found", "unknown local", "local user", "undeliverable address", "user name is unknown", "badrcptto",
        "nonexistent", "no existe", "unbekannt", "inconnu", "not known at this", "recipient address is invalid",
        "not have a yahoo", "is not a member", "mailbox name not allowed", "this user", "recipient rejected: user",
        "無い", "存在しない", "不存在", "not found",
    ]),
    (BounceReason::Expired, &[
        "giving up", "failing for a long time", "did not accept our requests to connect", "host not reachable",
        "envelope expired", " attempts:", "gave up", "delivery time expired", "message expired", "time expired",
        "retry time not reached", "retry timeout", "retry time", "delivery expired", "timed out", "timeout",
        "time out", "could not be delivered for", "undelivered for", "delivery attempts",
        "unable to deliver message after multiple retries", "maximum retry", "was not delivered within",
        "giving up on", "too long", "delayed", "deferred", "been in the queue", "queue too long",
        "not yet been delivered", "aborted after", "will be retried", "will retry", "message will be tried again",
        "retry limit", "connection dropped",
    ]),
    (BounceReason::Network, &[
        "socket error", "connection refused", "network is unreachable",
        "no route to host", "connection reset", "connection lost", "network error", "routing loop", "too many hops",
        "hop count exceeded", "loops back to myself", "mail loop", "loop detected", "mail forwarding loop",
        "connection was dropped", "host unreachable", "lost connection", "unable to connect", "couldn't connect",
        "could not connect", "dns lookup", "temporary lookup", "maximum hop", "too many received", "cannot connect",
        "no smtp connection", "wasn't able to establish an smtp connection", "malformed dns", "network unreachable",
        "mx loop",
    ]),
    (BounceReason::Malformed, &[
        "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 822", "missing header", "not rfc", "duplicate header",
        "multiple from", "message header is missing", "bare lf", "bare cr", "not compliant",
    ]),
    (BounceReason::ContentRejected, &[
        "media error", "mime error", "invalid mime", "header error", "improper use of 8-bit", "bad header", "message contained",
        "attachment", "file type", "charset not supported", "subject contains invalid", "message header",
    ]),
    (BounceReason::Policy, &[
        "policy", "terms of service", "prohibited", "not allowed to send", "restricted address",
        "administrative prohibition", "not permitted by", "compliance", "violat",
    ]),
    (BounceReason::SenderRejected, &[
        "purported responsible address", "provide a valid from", "sender rejected", "sender address rejected", "sender verify failed", "sender domain", "sender address",
        "sender denied", "sender not", "from address", "bad sender", "invalid sender", "unknown sender",
        "domain of sender", "mail from", "envelope from", "your address", "access denied", "not authorized",
        "sender is denied", "unable to verify sender", "sender blocked", "backscatter", "only allows", "not a member",
        "not allowed to post", "not accepting mail from", "don't accept mail from", "not have permission",
        "closed group", "restricted", "null sender", "empty envelope", "bounces not",
    ]),
    (BounceReason::SecurityRefused, &[
        "authentication required", "encrypted", "unauthorized", "authentication failed", "password",
        "executable", "dangerous",
    ]),
    (BounceReason::LimitExceeded, &[
        "too many recipients", "recipient limit", "exceeded limit", "limit exceeded", "exceeds limit", "exceed",
    ]),
    (BounceReason::ProtocolError, &[
        "malformed address", "syntax error", "command unrecognized", "command not recognized", "bad sequence of commands",
        "command not implemented", "unrecognized command",
    ]),
    (BounceReason::MailerFailed, &[
        "command died", "command failed", "procmail", "mailer error", "exit status", "x-unix", "pipe",
        "unknown mailer error", "local delivery failed",
    ]),
    (BounceReason::SystemError, &[
        "server configuration", "configuration error", "internal error", "system error", "local error",
        "temporary failure", "service unavailable", "service not available", "out of memory", "try again later",
        "resources temporarily", "local configuration", "server error", "temporarily unavailable", "can't create",
        "aliasing/forwarding loop", "i/o error", "system is not", "internal server",
    ]),
    (BounceReason::Filtered, &[
        "rejected by recipient", "refused by recipient", "recipient refused", "recipient rejected", "user reject",
        "filtered", "recipients was rejected by a remote", "refuses to accept", "rejected by user", "not willing to", "recipient does not want",
    ]),
];

/// What servers say who do not want to say more.
const VAGUE: &[&str] = &["mailbox unavailable", "recipient address rejected", "invalid recipient"];

/// PowerMTA's bounce categories (its user's guide, "Bounce categories"); those that say too little are left out.
const CATEGORIES: &[(&str, BounceReason)] = &[
    ("bad-connection", BounceReason::Network),
    ("bad-domain", BounceReason::HostUnknown),
    ("bad-mailbox", BounceReason::UserUnknown),
    ("content-related", BounceReason::ContentRejected),
    ("inactive-mailbox", BounceReason::Disabled),
    ("invalid-sender", BounceReason::SenderRejected),
    ("message-expired", BounceReason::Expired),
    ("no-answer-from-host", BounceReason::Network),
    ("protocol-errors", BounceReason::ProtocolError),
    ("quota-issues", BounceReason::MailboxFull),
    ("relaying-issues", BounceReason::RelayDenied),
    ("routing-errors", BounceReason::Network),
    ("spam-related", BounceReason::RejectedSpam),
    ("virus-related", BounceReason::VirusDetected),
];

pub(super) fn of_category(category: &str) -> Option<BounceReason> {
    CATEGORIES.iter().find(|(name, _)| *name == category).map(|(_, reason)| *reason)
}

/// The reason in what a server said, by its sentences; `None` if they say nothing known.
pub(super) fn of_text(diagnostic: &str) -> Option<BounceReason> {
    of_text_but(diagnostic, None)
}

/// As `of_text`, without one of the reasons.
pub(super) fn of_text_but(diagnostic: &str, left_out: Option<BounceReason>) -> Option<BounceReason> {
    static ROWS: LazyLock<Phrases> = LazyLock::new(|| {
        let rows = PHRASES.iter().enumerate();
        Phrases::in_rows(rows.flat_map(|(row, (_, phrases))| phrases.iter().map(move |phrase| (row, *phrase))))
    });
    let reason = |row: usize| PHRASES.get(row).map(|(reason, _)| *reason);
    ROWS.first_row_in(&looked_at(diagnostic), |row| left_out.is_some() && reason(row) == left_out).and_then(reason)
}

/// What is left to conclude from where neither sentence nor code says more.
pub(super) fn of_vague_text(diagnostic: &str) -> Option<BounceReason> {
    let text = looked_at(diagnostic);
    VAGUE.iter().any(|phrase| text.contains(phrase)).then_some(BounceReason::UserUnknown)
}

fn looked_at(diagnostic: &str) -> String {
    folded(diagnostic.get(..diagnostic.floor_char_boundary(DIAGNOSTIC_BYTES_MAX)).unwrap_or_default())
}

/// Where a code says it better than the sentence it comes with: a sender refused, a mailbox shut, a user unknown.
pub(super) fn corrected(reason: BounceReason, status: Option<&str>, said: &str) -> BounceReason {
    let detail = status.and_then(|status| status.split_once('.')).map_or("", |(_, detail)| detail);
    match (reason, detail) {
        (BounceReason::UserUnknown | BounceReason::HostUnknown, "1.7" | "1.8") => BounceReason::SenderRejected,
        (BounceReason::Disabled, "1.1") => BounceReason::UserUnknown,
        // Microsoft's edge knows the directory: this means there is no such mailbox.
        (BounceReason::SenderRejected, "4.1" | "7.1")
            if folded(said).contains("recipient address rejected: access denied") =>
        {
            BounceReason::UserUnknown
        }
        _ => reason,
    }
}

/// What directories say of their own: nobody else's word for it is meant. In lower case.
#[rustfmt::skip]
const OF_DIRECTORIES: &[&str] = &[
    // Lotus Notes and Domino.
    "not listed in domino directory", "not listed in public name & address book", "not listed in address book", "リストにありません",
    // Exchange: ecNoSuchRecipient, and its later resolver.
    "the recipient name is not recognized", "000c05a6", "resolver.adr", "couldn't be found or is invalid",
    // IMail, InterScan, Verizon's picture messages, Exim, qmail, vpopmail, GroupWise.
    "unknown user: ", "invalid final delivery userid", "check if address is correct", "and other recipients in the same domain",
    "no valid recipients for this mm", "error: invalid user address", "unknown local-part", "unknown local part", "no mailbox here by that name",
    // Google's page where the server's answer left no doubt; Yahoo.
    "the address couldn't be found. check", "have a yahoo",
    "unrouteable address", "isn't in my control/locals", "(user unknown)",
    // Postfix names the table.
    "user unknown in local", "user unknown in virtual", "user unknown in relay", "unknown user account",
];

pub(super) fn is_of_directory(text: &str) -> bool {
    static ALL: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(OF_DIRECTORIES.iter().copied()));
    ALL.any_in(&text.to_lowercase())
}

/// Lower case and single blanks, without the addresses: a mailbox may be called anything.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace().filter(|word| !word.contains('@') || word.len() > 200) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out
}

/// Hard: the address is no good, and will not be. All else may pass.
pub(super) fn class(reason: BounceReason, status: Option<&str>) -> BounceClass {
    let permanent = status.is_none_or(|status| !status.starts_with('4'));
    match reason {
        // A server that has no such user says so for good, whatever the class of its code; the sender's server gave up on it.
        BounceReason::UserUnknown => BounceClass::Hard,
        BounceReason::HostUnknown | BounceReason::Moved | BounceReason::NotAccepting if permanent => BounceClass::Hard,
        _ => BounceClass::Soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_sentences_come_to_one_word() {
        let cases = [
            ("550 5.1.1 <a@b.example>... User unknown", Some(BounceReason::UserUnknown)),
            ("552 5.2.2 Mailbox is\n full", Some(BounceReason::MailboxFull)),
            ("554 Host unknown", Some(BounceReason::HostUnknown)),
            ("550 <spam@b.example>: User unknown in virtual table", Some(BounceReason::UserUnknown)),
            ("450 4.4.1 Connection timed out", Some(BounceReason::Expired)),
            ("421 hello there", None),
        ];
        for (text, reason) in cases {
            assert_eq!(of_text(text), reason, "{text}");
        }
    }
}
