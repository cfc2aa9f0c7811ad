//! What left under each limit in the time that runs, and whose limits a delivery is counted by. Counts only: what is too much is the engine's.

use model::channel::ChannelLimits;
use model::sending::{DomainPolicy, SendLimits};
use model::{ChannelId, DomainId, MessageId, Timestamp};

use crate::conditions::Conditions;
use crate::db::Tx;
use crate::error::Result;

/// What was used of a limit in the window that runs, for this transaction to change: others wait for it. A window that begins later than
/// `window_start`, which another node's clock began, counts as this one.
///
/// # Errors
/// What the database says.
pub fn hold(tx: &mut Tx<'_>, holder: &str, rule: &str, window_start: Timestamp) -> Result<u64> {
    let sql = "INSERT INTO allowance (holder, rule, window_start, used) VALUES ($1, $2, $3, 0)
         ON CONFLICT (holder, rule) DO UPDATE SET
             used = CASE WHEN allowance.window_start < excluded.window_start THEN 0 ELSE allowance.used END,
             window_start = CASE WHEN allowance.window_start < excluded.window_start THEN excluded.window_start ELSE allowance.window_start END
         RETURNING used";
    let used = tx.query_one(sql, &[holder.into(), rule.into(), window_start.into()], |row| row.int(0))?;
    Ok(used.unwrap_or(0).unsigned_abs())
}

/// So many more left, or are about to, in the window that [`hold`] began.
///
/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx<'_>, holder: &str, rule: &str, count: u64) -> Result<()> {
    let sql = "UPDATE allowance SET used = used + $3 WHERE holder = $1 AND rule = $2";
    tx.execute(sql, &[holder.into(), rule.into(), i64::try_from(count).unwrap_or(i64::MAX).into()])?;
    Ok(())
}

/// So many did not leave after all. Nothing where another window runs by now.
///
/// # Errors
/// What the database says.
pub fn give_back(tx: &mut Tx<'_>, holder: &str, rule: &str, window_start: Timestamp, count: u64) -> Result<()> {
    let sql = "UPDATE allowance SET used = CASE WHEN used > $4 THEN used - $4 ELSE 0 END
         WHERE holder = $1 AND rule = $2 AND window_start = $3";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    tx.execute(sql, &[holder.into(), rule.into(), window_start.into(), count.into()])?;
    Ok(())
}

/// What was used in the window that began then.
///
/// # Errors
/// What the database says.
pub fn used(tx: &mut Tx<'_>, holder: &str, rule: &str, window_start: Timestamp) -> Result<u64> {
    let sql = "SELECT used FROM allowance WHERE holder = $1 AND rule = $2 AND window_start = $3";
    let used = tx.query_one(sql, &[holder.into(), rule.into(), window_start.into()], |row| row.int(0))?;
    Ok(used.unwrap_or(0).unsigned_abs())
}

/// The holder is gone.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, holder: &str) -> Result<()> {
    tx.execute("DELETE FROM allowance WHERE holder = $1", &[holder.into()])?;
    Ok(())
}

/// The limits of channels, deleted ones too.
///
/// # Errors
/// What the database says.
pub fn of_channels(tx: &mut Tx<'_>, channels: &[&ChannelId]) -> Result<Vec<(ChannelId, SendLimits)>> {
    if channels.is_empty() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("id IN (?)", channels.iter().map(|id| (*id).into()));
    let sql = format!("SELECT id, limits FROM channel WHERE limits <> '{{}}' AND {}", conditions.text());
    tx.query(&sql, conditions.values(), |row| {
        let limits: ChannelLimits = row.json("channel", 1)?;
        Ok((ChannelId::from_stored(row.text(0)?), limits.sending()))
    })
}

/// The domains that messages are sent from, where these have a policy.
///
/// # Errors
/// What the database says.
pub fn of_domains(tx: &mut Tx<'_>, messages: &[&MessageId]) -> Result<Vec<(MessageId, DomainId, DomainPolicy)>> {
    // Most instances have none: that is cheaper to ask than each message's domain.
    let any = "SELECT 1 FROM domain WHERE policy <> '{}' LIMIT 1";
    if messages.is_empty() || tx.query_one(any, &[], |_| Ok(()))?.is_none() {
        return Ok(Vec::new());
    }
    let mut conditions = Conditions::after(Vec::new());
    conditions.bind_list("m.id IN (?)", messages.iter().map(|id| (*id).into()));
    let sql = format!(
        "SELECT m.id, d.id, d.policy FROM message m JOIN use_case u ON u.id = m.use_case_id
         JOIN domain d ON d.id = u.domain_id AND d.workspace_id = m.workspace_id WHERE d.policy <> '{{}}' AND {}",
        conditions.text()
    );
    tx.query(&sql, conditions.values(), |row| {
        let (message, domain) = (MessageId::from_stored(row.text(0)?), DomainId::from_stored(row.text(1)?));
        Ok((message, domain, row.json("domain", 2)?))
    })
}
