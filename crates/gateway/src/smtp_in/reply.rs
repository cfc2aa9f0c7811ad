//! What the listener says: replies with enhanced status codes (RFC 5321 §4.2, RFC 2034, RFC 3463), and the reasons it
//! refuses for, by the name the metrics show. Owns words; never decides.

/// Why a recipient, a mail or a session was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    UnknownRecipient,
    RoutesUnavailable,
    TooManyRecipients,
    SeparateTransaction,
    TooLarge,
    BareLineEnd,
    Nul,
    Loop,
    NoRoom,
    StoreUnavailable,
    StoreRefused,
    Authentication,
    SignIn,
    NotSent,
    TooManyErrors,
    TooManyCommands,
    TooManyMessages,
    TooManySignIns,
}

impl Refusal {
    /// The label `reason` of `postroom_smtp_in_refusals_total`.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::UnknownRecipient => "unknown_recipient",
            Self::RoutesUnavailable => "routes_unavailable",
            Self::TooManyRecipients => "too_many_recipients",
            Self::SeparateTransaction => "separate_transaction",
            Self::TooLarge => "too_large",
            Self::BareLineEnd => "bare_line_end",
            Self::Nul => "nul",
            Self::Loop => "loop",
            Self::NoRoom => "no_room",
            Self::StoreUnavailable => "store_unavailable",
            Self::StoreRefused => "store_refused",
            Self::Authentication => "authentication",
            Self::SignIn => "sign_in",
            Self::NotSent => "not_sent",
            Self::TooManySignIns => "too_many_sign_ins",
            Self::TooManyErrors => "too_many_errors",
            Self::TooManyCommands => "too_many_commands",
            Self::TooManyMessages => "too_many_messages",
        }
    }

    /// The reply, where it needs no particulars.
    pub(crate) const fn reply(self) -> &'static str {
        match self {
            Self::UnknownRecipient => "550 5.1.1 nobody receives mail at this address",
            Self::RoutesUnavailable => "451 4.3.0 addresses can't be looked up at the moment, try again later",
            Self::TooManyRecipients => "452 4.5.3 too many recipients, send the rest in another transaction",
            Self::SeparateTransaction => "452 4.5.3 this recipient needs a transaction of its own",
            Self::TooLarge => "552 5.3.4 the mail is larger than allowed here",
            Self::BareLineEnd => "550 5.6.0 the mail has CR or LF alone, lines end with CRLF (RFC 5321 2.3.8)",
            Self::Nul => "550 5.6.0 the mail has NUL bytes, encode them (RFC 2045)",
            Self::Loop => "554 5.4.6 too many Received fields, the mail goes in circles",
            Self::NoRoom => "452 4.3.1 no room for the mail at the moment, try again later",
            Self::StoreUnavailable => "451 4.3.0 the mail can't be stored at the moment, try again later",
            Self::StoreRefused => "554 5.6.0 the mail is refused",
            Self::Authentication => "550 5.7.1 the mail fails DMARC and the sender's domain asks to reject it",
            Self::SignIn => "535 5.7.8 the password is no API key of ours that may send",
            Self::NotSent => "550 5.7.1 the mail is not sent",
            Self::TooManySignIns => "421 4.7.0 too many failed tries to sign in from your address, closing",
            Self::TooManyErrors => "421 4.7.0 too many errors, closing",
            Self::TooManyCommands => "421 4.7.0 too many commands, closing",
            Self::TooManyMessages => "421 4.7.0 enough mails for one connection, come again",
        }
    }
}

pub(crate) const SHUTTING_DOWN: &str = "421 4.3.2 shutting down, try again later";
pub(crate) const TOO_MANY_CONNECTIONS: &str = "421 4.3.2 too many connections, try again later";
pub(crate) const TOO_MANY_FROM_ADDRESS: &str = "421 4.7.0 too many connections from your address";
pub(crate) const TIMED_OUT: &str = "421 4.4.2 nothing heard for too long, closing";

/// Appends one line.
pub(crate) fn say(out: &mut Vec<u8>, reply: &str) {
    out.extend_from_slice(reply.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Text from elsewhere, fit for a reply line: printable ASCII, and not too long (RFC 5321 §4.5.3.1.5).
pub(crate) fn printable(text: &str) -> String {
    const CHARACTERS_MAX: usize = 300;
    text.chars().take(CHARACTERS_MAX).map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}
