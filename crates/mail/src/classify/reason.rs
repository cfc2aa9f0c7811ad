//! Why a mail came back: one word for what servers say in a thousand ways (RFC 3463 codes, and their own sentences).
//! Owns the words and their order; never decides what is done about it.

use super::BounceClass;

/// A reason and phrases that say it, in lower case with single blanks. Earlier rows win: the more specific first.
#[rustfmt::skip]
const PHRASES: &[(&str, &[&str])] = &[
    ("rejected", &[
        "permission to post", "allowed to post", "closed group", "not a member of the group",
        "may not be open to posting",
    ]),
    ("networkerror", &["loops back to myself", "too many hops", "hop count exceeded", "mail loop", "routing loop"]),
    ("virusdetected", &["virus", "malware", "infected", "trojan"]),
    ("failedstarttls", &[
        "must issue a starttls", "starttls is required", "tls is required", "tls not available",
        "tls handshake failed", "encryption required",
    ]),
    ("authfailure", &[
        "spf check", "spf fail", "spf validation", "spf record", "sender policy framework", "dmarc", "dkim",
        "unauthenticated email", "unauthenticated mail", "not pass authentication", "does not pass authentication",
        "fails authentication", "email is not authenticated", "message is not authenticated", "authentication checks",
        "authentication requirements", "sender is unauthenticated", "arc validation",
    ]),
    ("requireptr", &[
        "reverse dns", "ptr record", "rdns", "no ptr", "reverse lookup", "cannot find your hostname",
        "client host rejected: cannot find", "does not resolve to", "cannot resolve your",
        "ip address is not resolvable", "reverse hostname", "unknown host [", "fix reverse", "ip name lookup failed",
        "no reverse", "hostname does not match", "dns lookup failure of", "client must have a valid",
    ]),
    ("hasmoved", &[
        "has moved", "address changed", "no longer valid; please", "user has moved", "recipient has been replaced",
        "has been replaced by", "new address is", "please update your address",
    ]),
    ("toomanyconn", &[
        "too many connections", "too many concurrent", "connection limit", "concurrent connections",
        "simultaneous connections", "too many sessions", "connection rate limit", "max connections",
    ]),
    ("speeding", &[
        "frequency limit", "rate limit", "rate-limit", "ratelimit", "too many messages", "sending rate", "too fast",
        "throttl", "temporarily deferred due to user complaints", "message rate", "receiving mail at a rate",
        "exceeded the limit of", "too much mail", "mail from your ip has been temporarily",
    ]),
    ("mesgtoobig", &[
        "message too large", "message too big", "message size exceeds", "exceeds maximum message size",
        "exceeds size limit", "size limit exceeded", "message is too large", "exceeds the maximum message size",
        "maximum message size", "message file too big", "exceeded maximum inbound message size",
        "message length exceeds", "exceeds the maximum size", "mail size limit", "too big message",
        "data size exceeded", "larger than the current system limit", "message header size", "max message size",
        "file too big",
    ]),
    ("mailboxfull", &[
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
    ("systemfull", &[
        "insufficient system storage", "no space left on device", "system storage", "mail system full", "disk full",
        "requested mail action aborted: exceeded storage", "insufficient disk", "lack of storage",
    ]),
    ("spamdetected", &[
        "spam", "junk mail", "unsolicited", "bulk mail", "looks like a scam", "content filter", "blocked by content",
        "message content rejected", "rejected due to content", "high probability of", "bogofilter",
        "unacceptable content", "content was rejected", "flagged by", "5.7.1 message scored", "phishing",
    ]),
    ("badreputation", &["reputation", "bad sender score", "senderscore", "low score", "poor sender"]),
    ("blocked", &[
        "blacklist", "black list", "blocklist", "block list", "blocked using", "is listed at", "is listed in",
        "listed by", "is listed", "rbl", "dnsbl", "spamhaus", "spamcop", "barracuda", "ip address is blocked",
        "ip has been blocked", "your ip", "client host rejected", "client host blocked", "connection refused by",
        "host blocked", "banned sending ip", "access denied from", "connection rejected", "sender ip",
        "ip address rejected", "your server is blocked", "blocked by", "we do not accept mail from",
        "not allowed to connect", "your network", "connections not accepted from", "dynamic ip",
        "rejecting open proxy", "open relay", "has been blocked", "residential", "temporarily blocked",
        "message refused by blocklist", "bad helo", "your mail server", "invalid helo",
    ]),
    ("norelaying", &[
        "relaying denied", "relay access denied", "relay denied", "relaying not", "not permitted to relay",
        "unable to relay", "relay not permitted", "no relaying", "relaying is not", "we do not relay",
        "relaying mail to", "insecure mail relay", "open mail relay", "cannot relay", "relay operation rejected",
        "unable to relay for", "not an open relay",
    ]),
    ("hostunknown", &[
        "host unknown", "host or domain name not found", "domain not found", "domain does not exist",
        "no such domain", "unknown host", "host not found", "name service error", "unknown domain",
        "illegal host/domain", "invalid domain", "domain name not found", "domain is not reachable",
        "unrouteable address", "unroutable address", "all relevant mx records point to non-existent hosts",
        "could not resolve host", "nxdomain", "no mx or", "bad destination host", "domain must resolve",
        "cannot find a host", "unable to resolve", "hostname couldn't be found", "couldn't find any host",
        "no mail server", "non-existent host", "invalid host name", "domain wasn't found", "domain couldn't be found",
        "address lookup failed", "mail domain unknown", "could not find a gateway", "no recipient domain",
        "dns error: domain name not found", "dns domain does not exist", "domain may not exist",
    ]),
    ("notaccept", &[
        "does not accept mail", "nullmx", "null mx", "not accept any mail", "host does not accept",
        "mail receiving disabled", "does not receive mail", "smtp server does not accept", "domain does not accept",
        "no longer accepts mail", "does not accept any",
    ]),
    ("suspend", &[
        "account has been suspended", "account suspended", "suspended", "account disabled",
        "account has been disabled", "mailbox disabled", "mailbox is disabled", "is disabled", "account is locked",
        "user is inactive", "account inactive", "inactive", "account closed", "temporarily disabled",
        "mailbox unavailable or access denied", "mailbox is frozen", "mailbox is inactive", "deactivated",
        "account expired", "mailbox not active", "is not active", "discontinued", "mailbox currently suspended",
        "account not active", "disabled user", "user disabled", "been dormant",
    ]),
    ("userunknown", &[
        "check if address is correct", "check the recipient", "user unknown", "unknown user", "no such user",
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
    ("expired", &[
        "giving up", "failing for a long time", "gave up", "delivery time expired", "message expired", "time expired",
        "retry time not reached", "retry timeout", "retry time", "delivery expired", "timed out", "timeout",
        "time out", "could not be delivered for", "undelivered for", "delivery attempts",
        "unable to deliver message after multiple retries", "maximum retry", "was not delivered within",
        "giving up on", "too long", "delayed", "deferred", "been in the queue", "queue too long",
        "not yet been delivered", "aborted after", "will be retried", "will retry", "message will be tried again",
        "retry limit", "connection dropped",
    ]),
    ("networkerror", &[
        "socket error", "did not accept our requests to connect", "connection refused", "network is unreachable",
        "no route to host", "connection reset", "connection lost", "network error", "routing loop", "too many hops",
        "hop count exceeded", "loops back to myself", "mail loop", "loop detected", "mail forwarding loop",
        "connection was dropped", "host unreachable", "lost connection", "unable to connect", "couldn't connect",
        "could not connect", "dns lookup", "temporary lookup", "maximum hop", "too many received", "cannot connect",
        "no smtp connection", "wasn't able to establish an smtp connection", "malformed dns", "network unreachable",
        "mx loop",
    ]),
    ("notcompliantrfc", &[
        "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 822", "missing header", "not rfc", "duplicate header",
        "multiple from", "message header is missing", "bare lf", "bare cr", "not compliant",
    ]),
    ("contenterror", &[
        "mime error", "invalid mime", "header error", "improper use of 8-bit", "bad header", "message contained",
        "attachment", "file type", "charset not supported", "subject contains invalid", "message header",
    ]),
    ("policyviolation", &[
        "policy", "terms of service", "prohibited", "not allowed to send", "restricted address",
        "administrative prohibition", "not permitted by", "compliance", "violat",
    ]),
    ("rejected", &[
        "sender rejected", "sender address rejected", "sender verify failed", "sender domain", "sender address",
        "sender denied", "sender not", "from address", "bad sender", "invalid sender", "unknown sender",
        "domain of sender", "mail from", "envelope from", "your address", "access denied", "not authorized",
        "sender is denied", "unable to verify sender", "sender blocked", "backscatter", "only allows", "not a member",
        "not allowed to post", "not accepting mail from", "don't accept mail from", "not have permission",
        "closed group", "restricted", "null sender", "empty envelope", "bounces not",
    ]),
    ("securityerror", &[
        "authentication required", "security", "encrypted", "unauthorized", "authentication failed", "password",
        "executable", "dangerous",
    ]),
    ("exceedlimit", &[
        "too many recipients", "recipient limit", "exceeded limit", "limit exceeded", "exceeds limit", "exceed",
    ]),
    ("syntaxerror", &[
        "syntax error", "command unrecognized", "command not recognized", "bad sequence of commands",
        "command not implemented", "unrecognized command",
    ]),
    ("mailererror", &[
        "command died", "command failed", "procmail", "mailer error", "exit status", "x-unix", "pipe",
        "unknown mailer error", "local delivery failed",
    ]),
    ("systemerror", &[
        "server configuration", "configuration error", "internal error", "system error", "local error",
        "temporary failure", "service unavailable", "service not available", "out of memory", "try again later",
        "resources temporarily", "local configuration", "server error", "temporarily unavailable", "can't create",
        "aliasing/forwarding loop", "i/o error", "system is not", "internal server",
    ]),
    ("filtered", &[
        "rejected by recipient", "refused by recipient", "recipient refused", "recipient rejected", "user reject",
        "filtered", "refuses to accept", "rejected by user", "not willing to", "recipient does not want",
    ]),
    // What servers say who do not want to say more.
    ("userunknown", &["mailbox unavailable", "recipient address rejected", "invalid recipient"]),
];

/// What RFC 3463 says of the codes, as far as it names a reason.
const CODES: &[(&str, &str)] = &[
    ("1.1", "userunknown"),
    ("1.2", "hostunknown"),
    ("1.3", "userunknown"),
    ("1.4", "userunknown"),
    ("1.6", "hasmoved"),
    ("1.7", "rejected"),
    ("1.8", "rejected"),
    ("1.10", "notaccept"),
    ("2.1", "suspend"),
    ("2.2", "mailboxfull"),
    ("2.3", "mesgtoobig"),
    ("2.4", "filtered"),
    ("3.1", "systemfull"),
    ("3.2", "notaccept"),
    ("3.4", "mesgtoobig"),
    ("3.5", "systemerror"),
    ("3.0", "systemerror"),
    ("4.0", "networkerror"),
    ("4.1", "expired"),
    ("4.2", "networkerror"),
    ("4.3", "systemerror"),
    ("4.4", "hostunknown"),
    ("4.5", "systemerror"),
    ("4.6", "networkerror"),
    ("4.7", "expired"),
    ("5.3", "exceedlimit"),
    ("5.1", "syntaxerror"),
    ("5.2", "syntaxerror"),
    ("6.0", "contenterror"),
    ("6.1", "contenterror"),
    ("7.0", "securityerror"),
    ("7.1", "securityerror"),
    ("7.7", "securityerror"),
    ("7.9", "authfailure"),
    ("7.20", "authfailure"),
    ("7.23", "authfailure"),
    ("7.24", "authfailure"),
    ("7.25", "requireptr"),
    ("7.26", "authfailure"),
    ("7.27", "notaccept"),
    ("7.509", "authfailure"),
    ("7.606", "blocked"),
];

/// The word when nothing is known.
pub(super) const UNDEFINED: &str = "undefined";

/// Bytes of a diagnostic looked at.
const DIAGNOSTIC_BYTES_MAX: usize = 8 * 1024;

/// The reason in what a server said, by its sentences; `None` if they say nothing known.
pub(super) fn of_text(diagnostic: &str) -> Option<&'static str> {
    let end = diagnostic.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    let text = folded(diagnostic.get(..end).unwrap_or_default());
    PHRASES.iter().find(|(_, phrases)| phrases.iter().any(|phrase| text.contains(phrase))).map(|(reason, _)| *reason)
}

/// Where a code says it better than the sentence it comes with: a sender refused, a mailbox shut, a user unknown.
pub(super) fn corrected(reason: &'static str, status: Option<&str>, said: &str) -> &'static str {
    let detail = status.and_then(|status| status.split_once('.')).map_or("", |(_, detail)| detail);
    match (reason, detail) {
        ("userunknown" | "hostunknown", "1.7" | "1.8") => "rejected",
        ("userunknown", "2.1") => "suspend",
        ("suspend", "1.1") => "userunknown",
        // Microsoft's edge knows the directory: its 5.4.1 means there is no such mailbox.
        ("rejected", "4.1") if said.contains("Recipient address rejected: Access denied") => "userunknown",
        // The address was good enough for RCPT; what was refused is the mail.
        ("userunknown", _) if refused_after_data(said) => "filtered",
        _ => reason,
    }
}

/// The server answered the content (RFC 5321 DATA), not the recipient.
fn refused_after_data(said: &str) -> bool {
    let lower = said.to_lowercase();
    let data = ["end of data", "data command", ">>> data", "after data"].iter().any(|words| lower.contains(words));
    data && !lower.contains("rcpt")
}

/// The reason an enhanced status code names.
pub(super) fn of_status(status: &str) -> Option<&'static str> {
    let (_, detail) = status.split_once('.')?;
    CODES.iter().find(|(code, _)| *code == detail).map(|(_, reason)| *reason)
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
pub(super) fn class(reason: &str, status: Option<&str>) -> BounceClass {
    let permanent = status.is_none_or(|status| !status.starts_with('4'));
    match reason {
        "userunknown" | "hostunknown" | "hasmoved" | "notaccept" if permanent => BounceClass::Hard,
        _ => BounceClass::Soft,
    }
}

/// The first enhanced status code (RFC 3463) in a text: three numbers that stand alone.
pub(super) fn status_in(text: &str) -> Option<String> {
    let end = text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    text.get(..end)
        .unwrap_or_default()
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .map(|word| word.trim_end_matches('.'))
        .find(|word| is_status(word))
        .map(str::to_owned)
}

fn is_status(word: &str) -> bool {
    let mut numbers = word.split('.');
    let class = numbers.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
    let rest = |number: Option<&str>| {
        number.is_some_and(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
    };
    class && rest(numbers.next()) && rest(numbers.next()) && numbers.next().is_none()
}

/// The first SMTP reply code (RFC 5321 §4.2) of a failure.
pub(super) fn reply_code_in(text: &str) -> Option<u16> {
    let end = text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX);
    text.get(..end)
        .unwrap_or_default()
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '[')
        .filter(|word| word.len() == 3)
        .find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_sentences_come_to_one_word() {
        let cases = [
            ("550 5.1.1 <a@b.example>... User unknown", Some("userunknown")),
            ("552 5.2.2 Mailbox is\n full", Some("mailboxfull")),
            ("554 Host unknown", Some("hostunknown")),
            ("550 <spam@b.example>: User unknown in virtual table", Some("userunknown")),
            ("450 4.4.1 Connection timed out", Some("expired")),
            ("421 hello there", None),
        ];
        for (text, reason) in cases {
            assert_eq!(of_text(text), reason, "{text}");
        }
    }

    #[test]
    fn status_codes_stand_alone() {
        assert_eq!(status_in("host 192.0.2.45 said: 550 5.1.1 no"), Some("5.1.1".to_owned()));
        assert_eq!(status_in("smtp; 550 (#5.1.2)."), Some("5.1.2".to_owned()));
        assert_eq!(status_in("from 5.6.7.8 at 10:00"), None);
        assert_eq!(reply_code_in("said: 550-no such"), Some(550));
        assert_eq!(reply_code_in("[192.0.2.500] 250 ok"), None);
    }
}
