//! Which claimed deliveries are begun now, and how many at once to one destination, so that a slow one holds up nobody else.
//! A destination that says "too many" gets fewer for a while. Pure: times come in as values; sends nothing.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use model::Timestamp;
use store::deliveries::DeliveryRow;

/// Messages under way at once to one destination.
const UNDER_WAY_PER_DESTINATION: usize = 8;
/// Claimed messages of a destination that wait for their turn: enough that it need not wait for the next claim.
const WAITING_PER_DESTINATION: usize = 50;
/// How long a destination that said "too many" gets fewer at once; what it gets doubles with each such time that passes
/// without another word of it.
const SLOWED_FOR: Duration = Duration::from_secs(10 * 60);
/// How long a claimed delivery may wait for its turn. A small part of the lease: what is begun must be over before it ends.
const WAITING_MAX: Duration = Duration::from_secs(2 * 60);

/// Deliveries of one message to one destination, which share a transaction.
pub(super) type Group = Vec<DeliveryRow>;

#[derive(Default)]
pub(super) struct Pace {
    destinations: HashMap<String, Destination>,
}

#[derive(Default)]
struct Destination {
    under_way: usize,
    waiting: VecDeque<(Timestamp, Group)>,
    slowed: Option<Slowed>,
}

struct Slowed {
    at_once: usize,
    until: Timestamp,
}

impl Pace {
    /// Destinations that nothing more is to be claimed for.
    pub(super) fn busy(&self) -> Vec<String> {
        let has_enough = |destination: &Destination| destination.waiting.len() >= WAITING_PER_DESTINATION;
        self.destinations.iter().filter(|(_, d)| has_enough(d)).map(|(name, _)| name.clone()).collect()
    }

    /// A claimed group; groups without a row are none. It comes back where its destination has enough that waits.
    pub(super) fn add(&mut self, group: Group, now: Timestamp) -> Option<Group> {
        let destination = group.first().map(|row| row.destination.clone())?;
        let waiting = &mut self.destinations.entry(destination).or_default().waiting;
        if waiting.len() >= WAITING_PER_DESTINATION * 2 {
            return Some(group);
        }
        waiting.push_back((now, group));
        None
    }

    /// The group that is begun next, if one may be: it counts as under way from now on, until [`Pace::ended`].
    pub(super) fn begin(&mut self) -> Option<Group> {
        let next = |destination: &mut Destination| {
            if destination.is_full() {
                return None;
            }
            let (_, group) = destination.waiting.pop_front()?;
            destination.under_way += 1;
            Some(group)
        };
        self.destinations.values_mut().find_map(next)
    }

    /// One of `destination` is over, and said that there are too many, or not.
    pub(super) fn ended(&mut self, destination: &str, too_many: bool, now: Timestamp) {
        let Some(found) = self.destinations.get_mut(destination) else { return };
        if too_many {
            // Those that were under way together say it together: that is one step down.
            let at_once = (found.under_way / 2).clamp(1, found.at_once_max());
            found.slowed = Some(Slowed { at_once, until: now.plus(SLOWED_FOR) });
        }
        found.under_way = found.under_way.saturating_sub(1);
        found.recover(now);
        if found.under_way == 0 && found.waiting.is_empty() && found.slowed.is_none() {
            self.destinations.remove(destination);
        }
    }

    /// Takes out what waited too long for its turn.
    pub(super) fn take_stale(&mut self, now: Timestamp) -> Vec<Group> {
        let mut stale = Vec::new();
        for destination in self.destinations.values_mut() {
            destination.recover(now);
            while let Some((_, group)) = destination.waiting.pop_front_if(|(at, _)| now.since(*at) >= WAITING_MAX) {
                stale.push(group);
            }
        }
        self.forget_idle();
        stale
    }

    /// Takes out everything that waits.
    pub(super) fn take_waiting(&mut self) -> Vec<Group> {
        self.destinations
            .values_mut()
            .flat_map(|destination| destination.waiting.drain(..))
            .map(|(_, group)| group)
            .collect()
    }

    pub(super) fn waiting(&self) -> usize {
        self.destinations.values().map(|destination| destination.waiting.len()).sum()
    }

    fn forget_idle(&mut self) {
        self.destinations.retain(|_, d| d.under_way > 0 || !d.waiting.is_empty() || d.slowed.is_some());
    }
}

impl Destination {
    fn at_once_max(&self) -> usize {
        self.slowed.as_ref().map_or(UNDER_WAY_PER_DESTINATION, |slowed| slowed.at_once)
    }

    fn is_full(&self) -> bool {
        self.under_way >= self.at_once_max()
    }

    fn recover(&mut self, now: Timestamp) {
        let Some(slowed) = &mut self.slowed else { return };
        if now < slowed.until {
            return;
        }
        slowed.at_once *= 2;
        slowed.until = now.plus(SLOWED_FOR);
        if slowed.at_once >= UNDER_WAY_PER_DESTINATION {
            self.slowed = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use model::message::{Delivery, MessageStatus};
    use model::{DeliveryId, MessageId, WorkspaceId};

    use super::*;

    const START: i64 = 1_700_000_000;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(START).plus(Duration::from_secs(seconds))
    }

    fn group(destination: &str) -> Group {
        vec![DeliveryRow {
            workspace_id: WorkspaceId::generate(),
            channel_id: None,
            destination: destination.into(),
            first_attempt_at: None,
            public: Delivery {
                id: DeliveryId::generate(),
                message_id: MessageId::generate(),
                recipient: "ada@example.org".into(),
                status: MessageStatus::Sending,
                transport: "mx".into(),
                attempts: Vec::new(),
                next_attempt_at: None,
                waits_for: None,
                created_at: at(0),
                updated_at: at(0),
            },
        }]
    }

    fn begun(pace: &mut Pace) -> Vec<String> {
        let mut begun: Vec<String> = std::iter::from_fn(|| pace.begin()).map(|g| g[0].destination.clone()).collect();
        begun.sort();
        begun
    }

    #[test]
    fn a_destination_with_much_to_do_leaves_room_for_others() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.add(group("mx:slow.example"), at(0));
        }
        pace.add(group("mx:quick.example"), at(0));
        let all = begun(&mut pace);
        assert_eq!(all.iter().filter(|name| *name == "mx:slow.example").count(), UNDER_WAY_PER_DESTINATION);
        assert!(all.contains(&"mx:quick.example".to_owned()));
        assert_eq!(pace.busy(), ["mx:slow.example"]);
        pace.ended("mx:quick.example", false, at(1));
        assert_eq!(pace.busy(), ["mx:slow.example"]);
        pace.ended("mx:slow.example", false, at(1));
        assert_eq!(begun(&mut pace), ["mx:slow.example"], "one ended, one begins");
        assert_eq!(pace.take_stale(at(119)).len(), 0);
        assert_eq!(pace.take_stale(at(120)).len(), 100 - 9);
        assert_eq!(pace.waiting(), 0);
    }

    #[test]
    fn too_many_lowers_what_a_destination_gets_for_a_while() {
        let mut pace = Pace::default();
        for _ in 0..60 {
            pace.add(group("mx:a.example"), at(0));
        }
        assert_eq!(begun(&mut pace).len(), 8);
        for _ in 0..8 {
            pace.ended("mx:a.example", true, at(1));
        }
        assert_eq!(begun(&mut pace).len(), 1, "all of them were refused");
        pace.ended("mx:a.example", false, at(2));
        assert_eq!(begun(&mut pace).len(), 1);
        // Time passes without another word of it.
        for (minutes, expected) in [(11, 2), (22, 4), (33, 8)] {
            pace.ended("mx:a.example", false, at(minutes * 60));
            let running = pace.destinations["mx:a.example"].under_way;
            assert_eq!(running + begun(&mut pace).len(), expected, "after {minutes} minutes");
        }
    }

    #[test]
    fn what_is_idle_is_forgotten() {
        let mut pace = Pace::default();
        pace.add(group("mx:a.example"), at(0));
        assert!(pace.begin().is_some());
        pace.ended("mx:a.example", true, at(0));
        pace.take_stale(at(60));
        assert_eq!(pace.destinations.len(), 1, "it is slowed still");
        for minutes in [10, 20, 30] {
            pace.take_stale(at(minutes * 60));
        }
        assert!(pace.destinations.is_empty());
        pace.ended("mx:unknown.example", true, at(0));
        assert!(pace.destinations.is_empty());
    }
}
