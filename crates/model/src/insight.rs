//! How much comes in, and how fast it is answered: figures made of facts. Shapes only.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::sla::SlaTimerName;

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something that happened to a conversation and is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FactKind { $($(#[$doc])* $variant,)* }

        impl FactKind {
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                match text { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

facts! {
    Began = "began",
    /// A mail that a person wrote to us.
    Received = "received",
    /// An answer of a person to somebody who wrote to us.
    Answered = "answered",
    Resolved = "resolved",
    Reopened = "reopened",
    FirstResponse = "firstResponse",
    FirstResponseMet = "firstResponse.met",
    FirstResponseBreached = "firstResponse.breached",
    NextResponseMet = "nextResponse.met",
    NextResponseBreached = "nextResponse.breached",
    ResolutionMet = "resolution.met",
    ResolutionBreached = "resolution.breached",
}

impl FactKind {
    pub const fn of_timer(timer: SlaTimerName, met: bool) -> Self {
        match (timer, met) {
            (SlaTimerName::FirstResponse, true) => Self::FirstResponseMet,
            (SlaTimerName::FirstResponse, false) => Self::FirstResponseBreached,
            (SlaTimerName::NextResponse, true) => Self::NextResponseMet,
            (SlaTimerName::NextResponse, false) => Self::NextResponseBreached,
            (SlaTimerName::Resolution, true) => Self::ResolutionMet,
            (SlaTimerName::Resolution, false) => Self::ResolutionBreached,
        }
    }
}

/// Of many times the one in the middle, the one that nine of ten are not longer than, and the mean. Seconds; null where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InsightSpread)]
pub struct Spread {
    pub median_seconds: Option<u64>,
    pub p90_seconds: Option<u64>,
    pub mean_seconds: Option<u64>,
}

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InsightDurations)]
pub struct Durations {
    /// How many were measured.
    pub count: u64,
    /// By the clock.
    pub elapsed: Spread,
    /// Within the workspace's business hours, as they were then; of those that happened after somebody set them.
    pub business_hours: Spread,
}

/// How often a timer was met in time, and how often its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaOutcome {
    pub met: u64,
    pub breached: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlaOutcomes {
    pub first_response: SlaOutcome,
    pub next_response: SlaOutcome,
    pub resolution: SlaOutcome,
}

/// What happened in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InsightFigures)]
pub struct Figures {
    /// Conversations that began, whoever began them.
    pub conversations: u64,
    /// Mails that people wrote to us.
    pub received: u64,
    /// Answers of people, sent.
    pub answers: u64,
    /// How often a conversation was resolved, and how often one was opened again.
    pub resolved: u64,
    pub reopened: u64,
    /// From the customer's first mail to the first answer of a person, of those that were answered first in this time.
    pub first_response: Durations,
    /// From the beginning, or from when it was opened again, until it was resolved in this time.
    pub resolution: Durations,
    pub sla: SlaOutcomes,
}

impl Figures {
    pub fn add(&mut self, kind: FactKind, count: u64) {
        let place = match kind {
            FactKind::Began => &mut self.conversations,
            FactKind::Received => &mut self.received,
            FactKind::Answered => &mut self.answers,
            FactKind::Resolved => &mut self.resolved,
            FactKind::Reopened => &mut self.reopened,
            // Counted by their times.
            FactKind::FirstResponse => return,
            FactKind::FirstResponseMet => &mut self.sla.first_response.met,
            FactKind::FirstResponseBreached => &mut self.sla.first_response.breached,
            FactKind::NextResponseMet => &mut self.sla.next_response.met,
            FactKind::NextResponseBreached => &mut self.sla.next_response.breached,
            FactKind::ResolutionMet => &mut self.sla.resolution.met,
            FactKind::ResolutionBreached => &mut self.sla.resolution.breached,
        };
        *place += count;
    }
}

/// The figures of a time, together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsightSummary {
    pub from: Timestamp,
    /// Not within.
    pub to: Timestamp,
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of an hour, a day or a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsightStretch {
    pub from: Timestamp,
    #[serde(flatten)]
    pub figures: Figures,
}

/// The figures of a person, a team or a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InsightGroup {
    /// Null: what is nobody's, or no team's.
    pub id: Option<String>,
    /// Null where it is nobody's, or the one it was is gone.
    pub name: Option<String>,
    #[serde(flatten)]
    pub figures: Figures,
}
