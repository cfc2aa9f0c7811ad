//! Events: what happened, written in the transaction that made it happen.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EventId, Timestamp, WorkspaceId};

macro_rules! event_types {
    ($($variant:ident = $name:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventType { $(#[serde(rename = $name)] $variant,)* }

        impl EventType {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

event_types! {
    MessageReceived = "message.received",
    MessageSent = "message.sent",
    MessageDelivered = "message.delivered",
    MessageDeferred = "message.deferred",
    MessageBounced = "message.bounced",
    MessageComplained = "message.complained",
    MessageFailed = "message.failed",
    MessageSuppressed = "message.suppressed",
    EmailOpened = "email.opened",
    EmailClicked = "email.clicked",
    EmailUnsubscribed = "email.unsubscribed",
    EmailResubscribed = "email.resubscribed",
    ConversationCreated = "conversation.created",
    ConversationUpdated = "conversation.updated",
    ConversationAssigned = "conversation.assigned",
    ConversationResolved = "conversation.resolved",
    ConversationMerged = "conversation.merged",
    ConversationMentioned = "conversation.mentioned",
    ConversationSlaDueSoon = "conversation.sla_due_soon",
    ConversationSlaBreached = "conversation.sla_breached",
    ConversationRated = "conversation.rated",
    ConversationErased = "conversation.erased",
    ContactCreated = "contact.created",
    ContactUpdated = "contact.updated",
    ContactMerged = "contact.merged",
    ContactErased = "contact.erased",
    ContactNoteCreated = "contact.note_created",
    ContactNoteUpdated = "contact.note_updated",
    ContactNoteDeleted = "contact.note_deleted",
    TeamCreated = "team.created",
    TeamUpdated = "team.updated",
    TeamDeleted = "team.deleted",
    UserCreated = "user.created",
    UserUpdated = "user.updated",
    UserDeleted = "user.deleted",
    DomainVerified = "domain.verified",
    DomainFailed = "domain.failed",
    ChannelConnected = "channel.connected",
    ChannelDisconnected = "channel.disconnected",
    BroadcastStarted = "broadcast.started",
    BroadcastPaused = "broadcast.paused",
    BroadcastResumed = "broadcast.resumed",
    BroadcastCompleted = "broadcast.completed",
    BroadcastCancelled = "broadcast.cancelled",
    ThreadRejected = "thread.rejected",
    ActivityCreated = "activity.created",
    // For one endpoint alone, that the automation names.
    AutomationMatched = "automation.matched",
    // Of people's mailboxes, by the names that clients of EmailEngine listen for.
    AccountAdded = "accountAdded",
    AccountInitialized = "accountInitialized",
    AccountDeleted = "accountDeleted",
    AuthenticationError = "authenticationError",
    AuthenticationSuccess = "authenticationSuccess",
    ConnectError = "connectError",
    MailboxNew = "mailboxNew",
    MailboxDeleted = "mailboxDeleted",
    MailboxReset = "mailboxReset",
    MailNew = "messageNew",
    MailDeleted = "messageDeleted",
    MailUpdated = "messageUpdated",
    MailSent = "messageSent",
    MailDeliveryError = "messageDeliveryError",
    MailFailed = "messageFailed",
    MailBounce = "messageBounce",
    MailComplaint = "messageComplaint",
    TrackOpen = "trackOpen",
    TrackClick = "trackClick",
    ListUnsubscribe = "listUnsubscribe",
    ListSubscribe = "listSubscribe",
    WebhookDisabled = "webhook.disabled",
    WebhookTest = "webhook.test",
}

// By hand: the derive does not see names that a macro hands on.
impl utoipa::PartialSchema for EventType {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .enum_values(Some(Self::ALL.iter().map(|event_type| event_type.as_str())))
            .into()
    }
}

impl utoipa::ToSchema for EventType {
    fn name() -> std::borrow::Cow<'static, str> {
        "EventType".into()
    }
}

impl EventType {
    /// Whether `data` is the message the event speaks of.
    pub fn carries_message(self) -> bool {
        self.as_str().starts_with("message.")
    }

    /// Of people's mailboxes: named as listeners of EmailEngine know them, and in its shape.
    pub fn is_of_mailbox(self) -> bool {
        !self.as_str().contains('.')
    }

    /// Does `pattern` (`*`, `message.*`, `message.received`) name this type?
    pub fn matches(self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some("") => true,
            Some(prefix) => prefix.ends_with('.') && self.as_str().starts_with(prefix),
            None => self.as_str() == pattern,
        }
    }

    /// Could `pattern` ever match anything?
    pub fn is_pattern(pattern: &str) -> bool {
        Self::ALL.iter().any(|event_type| event_type.matches(pattern))
    }
}

/// An event as webhooks, the stream and the list carry it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventId,
    #[serde(rename = "type")]
    pub event_type: EventType,
    /// The same as `type`.
    pub event: EventType,
    pub timestamp: Timestamp,
    pub workspace_id: WorkspaceId,
    /// There, and true, where mail of old was imported: webhooks do not carry these.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// The message, conversation, contact, channel or team the event speaks of; of a user and of a note about a contact the ids alone.
    #[schema(value_type = Object)]
    pub data: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_all_one_family_or_one_type() {
        assert!(EventType::MessageSent.matches("*"));
        assert!(EventType::MessageSent.matches("message.*"));
        assert!(!EventType::EmailOpened.matches("message.*"));
        assert!(!EventType::MessageSent.matches("mess*"));
        assert!(EventType::MessageSent.matches("message.sent"));
        assert!(!EventType::is_pattern("message.teleported"));
    }
}
