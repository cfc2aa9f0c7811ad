//! Claims what is due as far as its channel's or its domain's limits allow it, and puts the rest aside until there is a place. Counts in
//! the claim's own transaction, in the store: a restart forgets nothing, and nodes share what is allowed. Never sends, never refuses.

mod rules;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use model::sending::{WarmUp, WarmUpToday};
use model::{ChannelId, DeliveryId, DomainId, MessageId, Timestamp};
use store::deliveries::{self, Claim, DeliveryRow, held};
use store::{Priority, Result, Tx, allowances};

use self::rules::Rule;
use super::{CLAIM, LEASE, refresh_status};
use crate::Engine;

/// Claims in a row of which nothing could be begun, before others of the process have their turn.
const FRUITLESS_CLAIMS_MAX: usize = 50;
/// Those that wait are counted up to here; further ones are given the same window, and find another when it opens.
const WAITING_COUNTED_MAX: usize = 10_000;

/// Claims deliveries that may begin now. Those that are due and beyond a limit are put aside meanwhile.
/// `after`: the destination behind which to look for what stands behind busy ones, this time and the next.
pub(super) async fn claim(
    engine: &Engine,
    lease: &str,
    busy: &[String],
    after: &mut String,
) -> Result<Vec<DeliveryRow>> {
    for _ in 0..FRUITLESS_CLAIMS_MAX {
        let now = Timestamp::now();
        let claim = Claim {
            now,
            lease_until: now.plus(LEASE),
            lease: lease.to_owned(),
            busy: busy.to_vec(),
            take: CLAIM,
            after: std::mem::take(after),
        };
        let work = move |tx: &mut Tx<'_>| {
            let (rows, behind) = deliveries::claim(tx, &claim)?;
            let is_empty = rows.is_empty();
            Ok((admit(tx, rows, &claim.lease, now)?, is_empty, behind))
        };
        let (admitted, none_are_due, behind) =
            crate::write_again_on_conflict(&engine.db, Priority::Delivery, work).await?;
        *after = behind;
        if none_are_due || !admitted.is_empty() {
            return Ok(admitted);
        }
    }
    Ok(Vec::new())
}

/// Who a delivery's mail is counted for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Holder {
    /// The channel's id, or the domain's.
    id: String,
    /// For people.
    name: &'static str,
}

/// Limited ones alone, in an order that is the same for all: who counts for several waits for nobody who waits for it.
#[derive(Default)]
struct Limits {
    rules: BTreeMap<Holder, Vec<Rule>>,
    of_message: HashMap<MessageId, Holder>,
}

impl Limits {
    fn of(tx: &mut Tx<'_>, rows: &[DeliveryRow]) -> Result<Self> {
        let mut limits = Self::default();
        let mut channels: Vec<&ChannelId> = rows.iter().filter_map(|row| row.channel_id.as_ref()).collect();
        channels.sort_unstable();
        channels.dedup();
        for (id, sending) in allowances::of_channels(tx, &channels)? {
            limits.add(Holder { id: id.to_string(), name: "channel" }, Rule::of_limits(&sending));
        }
        let mut messages: Vec<&MessageId> =
            rows.iter().filter(|row| row.channel_id.is_none()).map(|row| &row.public.message_id).collect();
        messages.sort_unstable();
        messages.dedup();
        for (message, domain, policy) in allowances::of_domains(tx, &messages)? {
            let holder = Holder { id: domain.to_string(), name: "domain" };
            limits.add(holder.clone(), Rule::of_policy(&policy));
            limits.of_message.insert(message, holder);
        }
        Ok(limits)
    }

    fn add(&mut self, holder: Holder, rules: Vec<Rule>) {
        if !rules.is_empty() {
            self.rules.insert(holder, rules);
        }
    }

    fn holder(&self, row: &DeliveryRow) -> Option<&Holder> {
        let holder = match &row.channel_id {
            Some(id) => self.rules.keys().find(|holder| holder.id == id.as_str()),
            None => self.of_message.get(&row.public.message_id),
        };
        holder.filter(|holder| self.rules.contains_key(holder))
    }

    /// The rows of each limited holder, and those of no one.
    fn split(&self, rows: Vec<DeliveryRow>) -> (BTreeMap<Holder, Vec<DeliveryRow>>, Vec<DeliveryRow>) {
        let (mut limited, mut free) = (BTreeMap::<Holder, Vec<DeliveryRow>>::new(), Vec::new());
        for row in rows {
            match self.holder(&row).cloned() {
                Some(holder) => limited.entry(holder).or_default().push(row),
                None => free.push(row),
            }
        }
        (limited, free)
    }
}

/// Counts those that may begin, and puts the others aside.
fn admit(tx: &mut Tx<'_>, rows: Vec<DeliveryRow>, lease: &str, now: Timestamp) -> Result<Vec<DeliveryRow>> {
    let limits = Limits::of(tx, &rows)?;
    if limits.rules.is_empty() {
        return Ok(rows);
    }
    let (limited, mut admitted) = limits.split(rows);
    let mut waiting = HashMap::new();
    for (holder, mut rows) in limited {
        // Ids are ordered by time: who came first goes first.
        rows.sort_by(|one, other| one.public.id.cmp(&other.public.id));
        let mut counts = Counts::of(tx, &holder, limits.rules.get(&holder).map_or(&[], Vec::as_slice), now)?;
        let mut aside: BTreeMap<(Timestamp, usize), Vec<DeliveryId>> = BTreeMap::new();
        for row in rows {
            match counts.place(tx)? {
                None => admitted.push(row),
                Some(place) => {
                    waiting.insert(row.public.message_id, row.workspace_id);
                    aside.entry(place).or_default().push(row.public.id);
                }
            }
        }
        for ((until, rule), ids) in aside {
            let Some(count) = counts.rules.get(rule) else { continue };
            let (by, why) = (held_by(&holder.id, count.rule.name), count.rule.words(holder.name, now));
            held::hold(tx, &ids, lease, (until, now), &by, &why)?;
        }
        counts.keep(tx)?;
    }
    let messages: Vec<MessageId> = waiting.keys().cloned().collect();
    for message in held::scheduled(tx, &messages)? {
        if let Some(workspace) = waiting.get(&message) {
            refresh_status(tx, workspace, &message)?;
        }
    }
    Ok(admitted)
}

/// As `delivery.held_by` names a limit.
fn held_by(holder: &str, rule: &str) -> String {
    format!("{holder} {rule}")
}

/// A holder's limits, and how far they are used.
struct Counts<'l> {
    holder: &'l Holder,
    now: Timestamp,
    rules: Vec<Count<'l>>,
}

struct Count<'l> {
    rule: &'l Rule,
    used: u64,
    newly: u64,
    /// Those that wait for windows to come, once it was asked.
    waiting: Option<u64>,
}

impl<'l> Counts<'l> {
    fn of(tx: &mut Tx<'_>, holder: &'l Holder, rules: &'l [Rule], now: Timestamp) -> Result<Self> {
        let count = |rule: &'l Rule| {
            let used = allowances::hold(tx, &holder.id, rule.name, rule.window(now))?;
            Ok(Count { rule, used, newly: 0, waiting: None })
        };
        Ok(Self { holder, now, rules: rules.iter().map(count).collect::<Result<_>>()? })
    }

    /// Counts one more. One that is too many is not counted: it has its place then, by the rule that lets it wait longest.
    fn place(&mut self, tx: &mut Tx<'_>) -> Result<Option<(Timestamp, usize)>> {
        let now = self.now;
        let full = |count: &Count<'_>| count.rule.allowed(now).is_some_and(|most| count.used + count.newly >= most);
        let mut place: Option<(Timestamp, usize)> = None;
        for (index, count) in self.rules.iter_mut().enumerate().filter(|(_, count)| full(count)) {
            let waiting = match count.waiting {
                Some(waiting) => waiting,
                None => {
                    let by = held_by(&self.holder.id, count.rule.name);
                    held::waiting(tx, &by, count.rule.next_window(now), WAITING_COUNTED_MAX)?
                }
            };
            count.waiting = Some(waiting);
            place = place.max(Some((count.rule.opening(now, waiting), index)));
        }
        match place {
            Some((_, index)) => {
                if let Some(waiting) = self.rules.get_mut(index).and_then(|count| count.waiting.as_mut()) {
                    *waiting += 1;
                }
            }
            None => self.rules.iter_mut().for_each(|count| count.newly += 1),
        }
        Ok(place)
    }

    fn keep(self, tx: &mut Tx<'_>) -> Result<()> {
        for count in self.rules.iter().filter(|count| count.newly > 0) {
            allowances::add(tx, &self.holder.id, count.rule.name, count.newly)?;
        }
        Ok(())
    }
}

/// Claimed deliveries that were not begun, or not taken by the next hop: they leave their places in the limits of days and months to others.
pub(super) fn give_back(tx: &mut Tx<'_>, rows: &[DeliveryRow]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let limits = Limits::of(tx, rows)?;
    let mut places: BTreeMap<(&Holder, &'static str, Timestamp), u64> = BTreeMap::new();
    for row in rows {
        let Some(holder) = limits.holder(row) else { continue };
        let rules = limits.rules.get(holder).into_iter().flatten().filter(|rule| rule.counts_what_was_taken());
        for rule in rules {
            // A claim is a row's last change.
            *places.entry((holder, rule.name, rule.window(row.public.updated_at))).or_default() += 1;
        }
    }
    for ((holder, rule, window), count) in places {
        allowances::give_back(tx, &holder.id, rule, window, count)?;
    }
    Ok(())
}

/// The limits of a channel or a domain changed: what waits for them is looked at anew.
pub(crate) fn changed(tx: &mut Tx<'_>, holder: &str, now: Timestamp) -> Result<()> {
    let all: Vec<String> = rules::NAMES.iter().map(|rule| held_by(holder, rule)).collect();
    held::let_go(tx, &all, now).map(drop)
}

/// How a domain's warm-up stands.
pub(crate) fn today(tx: &mut Tx<'_>, domain: &DomainId, plan: &WarmUp, now: Timestamp) -> Result<WarmUpToday> {
    let rule = Rule::of_warm_up(plan);
    let used = allowances::used(tx, domain.as_str(), rule.name, rule.window(now))?;
    Ok(WarmUpToday { allowed: plan.allowed_on(now), used })
}
