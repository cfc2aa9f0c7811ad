//! Why a mail came back, as a closed list of words. Owns the list; never finds out which of them it is (`reason` does).

/// Why a recipient's server, or the one on the way, did not take a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceReason {
    /// SPF, DKIM or DMARC: the mail did not prove whom it is from.
    AuthFailed,
    /// Our server or domain is thought badly of.
    BadReputation,
    /// Our server is on a list, or refused as such.
    Blocked,
    /// The recipient called the mail unwanted (RFC 5965).
    Complained,
    /// The form of the mail, or an attachment, is not accepted.
    ContentRejected,
    /// The mailbox exists and is shut.
    Disabled,
    /// Its sender's server tried for as long as it does.
    Expired,
    /// The recipient, or a filter of theirs, does not want it.
    Filtered,
    /// No such domain, or no server for it.
    HostUnknown,
    /// More recipients, or of something else, than is accepted at once.
    LimitExceeded,
    /// Over quota.
    MailboxFull,
    /// The program that was to take the mail failed.
    MailerFailed,
    /// Not as RFC 5322 wants a mail.
    Malformed,
    /// The recipient has another address now.
    Moved,
    /// No connection, or the mail went in a circle.
    Network,
    /// Our server's address has no name (PTR), or its greeting another.
    NoReverseDns,
    /// The domain takes no mail at all (RFC 7505).
    NotAccepting,
    /// Held by a server on the way.
    OnHold,
    /// A rule of the recipient's server.
    Policy,
    /// A command or an address that the server could not read.
    ProtocolError,
    /// Too much at once from us.
    RateLimited,
    /// Taken for spam.
    RejectedSpam,
    /// The server does not think itself responsible for the domain.
    RelayDenied,
    /// Refused for its safety, without saying which rule.
    SecurityRefused,
    /// The sender's address is not accepted, or may not write there.
    SenderRejected,
    /// The recipient's server is out of order.
    SystemError,
    /// The recipient's server has no space left.
    SystemFull,
    /// The server wants, or could not negotiate, an encrypted connection.
    TlsRequired,
    /// Larger than is accepted.
    TooLarge,
    /// Too many connections from us.
    TooManyConnections,
    /// Nothing that is known was said.
    Undefined,
    /// No such mailbox.
    UserUnknown,
    /// Taken for malware.
    VirusDetected,
}

impl BounceReason {
    pub const ALL: [Self; 33] = [
        Self::AuthFailed,
        Self::BadReputation,
        Self::Blocked,
        Self::Complained,
        Self::ContentRejected,
        Self::Disabled,
        Self::Expired,
        Self::Filtered,
        Self::HostUnknown,
        Self::LimitExceeded,
        Self::MailboxFull,
        Self::MailerFailed,
        Self::Malformed,
        Self::Moved,
        Self::Network,
        Self::NoReverseDns,
        Self::NotAccepting,
        Self::OnHold,
        Self::Policy,
        Self::ProtocolError,
        Self::RateLimited,
        Self::RejectedSpam,
        Self::RelayDenied,
        Self::SecurityRefused,
        Self::SenderRejected,
        Self::SystemError,
        Self::SystemFull,
        Self::TlsRequired,
        Self::TooLarge,
        Self::TooManyConnections,
        Self::Undefined,
        Self::UserUnknown,
        Self::VirusDetected,
    ];

    /// The word as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthFailed => "authFailed",
            Self::BadReputation => "badReputation",
            Self::Blocked => "blocked",
            Self::Complained => "complained",
            Self::ContentRejected => "contentRejected",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Filtered => "filtered",
            Self::HostUnknown => "hostUnknown",
            Self::LimitExceeded => "limitExceeded",
            Self::MailboxFull => "mailboxFull",
            Self::MailerFailed => "mailerFailed",
            Self::Malformed => "malformed",
            Self::Moved => "moved",
            Self::Network => "network",
            Self::NoReverseDns => "noReverseDns",
            Self::NotAccepting => "notAccepting",
            Self::OnHold => "onHold",
            Self::Policy => "policy",
            Self::ProtocolError => "protocolError",
            Self::RateLimited => "rateLimited",
            Self::RejectedSpam => "rejectedSpam",
            Self::RelayDenied => "relayDenied",
            Self::SecurityRefused => "securityRefused",
            Self::SenderRejected => "senderRejected",
            Self::SystemError => "systemError",
            Self::SystemFull => "systemFull",
            Self::TlsRequired => "tlsRequired",
            Self::TooLarge => "tooLarge",
            Self::TooManyConnections => "tooManyConnections",
            Self::Undefined => "undefined",
            Self::UserUnknown => "userUnknown",
            Self::VirusDetected => "virusDetected",
        }
    }

    /// Ours to mend: how our server, its address, its name, its signatures or its ways are seen. Nobody is to be suppressed for it.
    #[must_use]
    pub const fn is_infrastructure(self) -> bool {
        matches!(
            self,
            Self::AuthFailed
                | Self::BadReputation
                | Self::Blocked
                | Self::NoReverseDns
                | Self::RateLimited
                | Self::RelayDenied
                | Self::TlsRequired
                | Self::TooManyConnections
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own_that_goes_into_json_as_it_is() {
        let words: HashSet<&str> = BounceReason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), BounceReason::ALL.len());
        for word in words {
            assert!(
                word.starts_with(|c: char| c.is_ascii_lowercase()) && word.bytes().all(|b| b.is_ascii_alphabetic()),
                "{word}"
            );
        }
    }
}
