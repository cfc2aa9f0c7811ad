//! Prefixed, time-ordered identifiers (`msg_…`, `conv_…`). Owns their form; never says what a thing contains.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Crockford's alphabet, lower case: it sorts as its value does.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the prefix: 48 bits of milliseconds and 80 random bits, five bits a character.
pub const ID_BODY_LENGTH: usize = 26;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id that begins with `{prefix}`")]
pub struct InvalidId {
    pub prefix: &'static str,
}

fn encode(prefix: &str, value: u128) -> String {
    let mut text = String::with_capacity(prefix.len() + ID_BODY_LENGTH);
    text.push_str(prefix);
    for place in (0..ID_BODY_LENGTH as u32).rev() {
        let digit = (value >> (place * 5)) & 31;
        text.push(char::from(ALPHABET[digit as usize]));
    }
    text
}

fn time_ordered(now: Timestamp, random: u128) -> u128 {
    let milliseconds = u128::from(now.as_millis().max(0).unsigned_abs()) & ((1 << 48) - 1);
    (milliseconds << 80) | (random & ((1 << 80) - 1))
}

fn check(prefix: &'static str, text: &str) -> Result<(), InvalidId> {
    let body = text.strip_prefix(prefix).ok_or(InvalidId { prefix })?;
    let valid = body.len() == ID_BODY_LENGTH && body.bytes().all(|byte| ALPHABET.contains(&byte));
    if valid { Ok(()) } else { Err(InvalidId { prefix }) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts after those of earlier milliseconds.
            pub fn generate() -> Self {
                Self(encode(Self::PREFIX, time_ordered(Timestamp::now(), rand::rng().random())))
            }

            /// The same `time` and `seed` always give the same id: what is rebuilt keeps its name.
            pub fn derived(time: Timestamp, seed: &[u8]) -> Self {
                use sha2::{Digest, Sha256};
                let digest = Sha256::digest(seed);
                let random = digest.iter().take(16).fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
                Self(encode(Self::PREFIX, time_ordered(time, random)))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }

            pub fn into_string(self) -> String {
                self.0
            }

            /// For text that the store wrote itself; from outside, parse.
            pub fn from_stored(text: String) -> Self {
                Self(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                check(Self::PREFIX, text)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    WorkspaceId = "ws_";
    UserId = "usr_";
    SessionId = "ses_";
    ApiKeyId = "key_";
    ChannelId = "ch_";
    ContactId = "ct_";
    ConversationId = "conv_";
    MessageId = "msg_";
    AttachmentId = "att_";
    DeliveryId = "dlv_";
    EventId = "evt_";
    WebhookEndpointId = "wh_";
    WebhookDeliveryId = "whd_";
    UseCaseId = "uc_";
    TeamId = "team_";
    AccountId = "acc_";
    ActivityId = "act_";
    SubmissionId = "sub_";
    /// An SMTP server that accounts' mail may go through.
    GatewayId = "gw_";
    AuthenticationFormId = "form_";
    OAuth2AppId = "oauth_";
    TemplateId = "tpl_";
    /// A domain that mail is sent from.
    DomainId = "dom_";
    SuppressionId = "supp_";
    /// A named list of contacts.
    ContactListId = "list_";
    BroadcastId = "bc_";
    /// A file on its way into a message.
    UploadId = "upl_";
    /// What somebody noted about a contact.
    ContactNoteId = "cnote_";
    ErasureId = "ers_";
    /// One question how an answer was.
    SurveyId = "svy_";
    AutomationId = "auto_";
    /// An automation that matched, once.
    AutomationRunId = "run_";
    /// A saved view of the conversations.
    ViewId = "view_";
    SlaPolicyId = "sla_";
    /// An entry of the audit log.
    AuditEntryId = "aud_";
    /// Where a workspace's people may sign in.
    IdentityProviderId = "idp_";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_survive_parsing() {
        let early = MessageId::derived(Timestamp::from_millis(1_000), b"b");
        let late = MessageId::derived(Timestamp::from_millis(2_000), b"a");
        assert!(early < late);
        assert_eq!(early.as_str().parse::<MessageId>(), Ok(early.clone()));
        assert_eq!(early, MessageId::derived(Timestamp::from_millis(1_000), b"b"));
    }

    #[test]
    fn other_prefixes_lengths_and_letters_are_refused() {
        let id = ChannelId::generate();
        assert!(id.as_str().parse::<MessageId>().is_err());
        assert!("ch_".parse::<ChannelId>().is_err());
        assert!("ch_ilou0000000000000000000000".parse::<ChannelId>().is_err());
        assert!("ch_éééééééééééééééééééééééééé".parse::<ChannelId>().is_err());
    }
}
