//! When a deferred mail is tried again, and when it is given up (RFC 5321 §4.5.4.1).
//! Pure: randomness and times come in as values.

use std::time::Duration;

use model::Timestamp;

/// The delay after the first failed attempt; it doubles with each.
pub const DELAY_MIN: Duration = Duration::from_secs(60);
/// The delay it doubles up to.
pub const DELAY_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// How long delivery is tried (RFC 5321 §4.5.4.1: at least 4 to 5 days).
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How much of a delay the jitter adds or takes away.
const SPREAD: f64 = 0.2;

/// How long to wait after `attempts` attempts have failed. `jitter` in `0.0..1.0` spreads the delay over ±20 %.
/// Whether to try again at all is [`expired`]'s answer.
pub fn retry_delay(attempts: u32, jitter: f64) -> Duration {
    let Some(doublings) = attempts.checked_sub(1) else {
        return Duration::ZERO;
    };
    let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
    spread(DELAY_MIN.saturating_mul(factor).min(DELAY_MAX), jitter)
}

/// Has the delivery been tried for so long that it is given up?
pub fn expired(first_attempt: Timestamp, now: Timestamp) -> bool {
    now.since(first_attempt) >= GIVE_UP_AFTER
}

/// `delay` moved by up to ±20 %: `jitter` 0.0 shortens it, 1.0 lengthens it. What is no number counts as the middle.
pub(crate) fn spread(delay: Duration, jitter: f64) -> Duration {
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 };
    delay.mul_f64(1.0 - SPREAD + 2.0 * SPREAD * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_four_hours() {
        let minutes: Vec<_> = (1..=11).map(|attempts| retry_delay(attempts, 0.5).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]);
        assert_eq!(retry_delay(0, 0.5), Duration::ZERO);
        assert_eq!(retry_delay(u32::MAX, 0.5), DELAY_MAX);
    }

    #[test]
    fn jitter_moves_a_delay_by_a_fifth_at_most() {
        assert_eq!(retry_delay(1, 0.0), Duration::from_secs(48));
        assert_eq!(retry_delay(1, 1.0), Duration::from_secs(72));
        assert_eq!(retry_delay(1, f64::NAN), Duration::from_secs(60));
    }

    #[test]
    fn a_delivery_is_given_up_after_five_days() {
        let first = Timestamp::from_seconds(1_700_000_000);
        assert!(!expired(first, first.plus(GIVE_UP_AFTER - Duration::from_millis(1))));
        assert!(expired(first, first.plus(GIVE_UP_AFTER)));
        assert!(!expired(first, first.minus(Duration::from_secs(60))), "a clock set back expires nothing");
    }
}
