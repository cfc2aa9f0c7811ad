//! What happened to mail, counted. Shapes only.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::event::EventType;

/// How often each thing happened, a recipient each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsCounts)]
pub struct Counts {
    /// The next server took it.
    pub sent: u64,
    /// The recipient's own server took it.
    pub delivered: u64,
    /// Attempts that are made again.
    pub deferred: u64,
    pub bounced: u64,
    pub complained: u64,
    pub failed: u64,
    pub suppressed: u64,
    /// By people, as far as can be told.
    pub opened: u64,
    pub clicked: u64,
    pub unsubscribed: u64,
    pub received: u64,
}

impl Counts {
    /// Counts more of what an event tells.
    pub fn add(&mut self, metric: EventType, count: u64) {
        let place = match metric {
            EventType::MessageSent => &mut self.sent,
            EventType::MessageDelivered => &mut self.delivered,
            EventType::MessageDeferred => &mut self.deferred,
            EventType::MessageBounced => &mut self.bounced,
            EventType::MessageComplained => &mut self.complained,
            EventType::MessageFailed => &mut self.failed,
            EventType::MessageSuppressed => &mut self.suppressed,
            EventType::EmailOpened => &mut self.opened,
            EventType::EmailClicked => &mut self.clicked,
            EventType::EmailUnsubscribed => &mut self.unsubscribed,
            EventType::MessageReceived => &mut self.received,
            _ => return,
        };
        *place = place.saturating_add(count);
    }

    pub fn rates(&self) -> Rates {
        let of = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        Rates {
            delivered: of(self.delivered, self.sent),
            bounced: of(self.bounced, self.sent.saturating_add(self.bounced)),
            complained: of(self.complained, self.sent),
            opened: of(self.opened, self.sent),
            clicked: of(self.clicked, self.sent),
            unsubscribed: of(self.unsubscribed, self.sent),
        }
    }
}

/// Parts of what was sent (of what was tried, for `bounced`), from 0 to 1; null where nothing was. What is opened twice counts twice.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsRates)]
pub struct Rates {
    pub delivered: Option<f64>,
    pub bounced: Option<f64>,
    pub complained: Option<f64>,
    pub opened: Option<f64>,
    pub clicked: Option<f64>,
    pub unsubscribed: Option<f64>,
}

/// Whole hours, the end left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AnalyticsSummary)]
pub struct Summary {
    pub from: Timestamp,
    pub to: Timestamp,
    #[serde(flatten)]
    pub counts: Counts,
    pub rates: Rates,
}

/// One stretch of a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = AnalyticsStretch)]
pub struct Stretch {
    pub from: Timestamp,
    #[serde(flatten)]
    pub counts: Counts,
}
