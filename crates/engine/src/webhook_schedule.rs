//! When a webhook is tried again. Pure: randomness comes in as a value, and no clock is read.

use std::time::Duration;

/// The delay after each failed attempt; a delivery is given up once they are used up.
pub const DELAYS: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(5 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
    Duration::from_secs(10 * 60 * 60),
];
/// Longest `Retry-After` that is honoured: the longest delay of the schedule.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(10 * 60 * 60);
/// Attempts of one delivery, the first included.
pub const ATTEMPTS_MAX: u32 = 8;

/// How long to wait after `attempts` attempts have failed; `None` once there is nothing left to try.
/// `jitter` in `0.0..1.0` spreads the delay over ±20 %.
pub fn retry_delay(attempts: u32, jitter: f64) -> Option<Duration> {
    let Some(failed_before) = attempts.checked_sub(1) else {
        return Some(Duration::ZERO);
    };
    let delay = DELAYS.get(usize::try_from(failed_before).ok()?)?;
    Some(crate::delivery_schedule::spread(*delay, jitter))
}

/// As [`retry_delay`], but at least what the receiver asked for, up to [`RETRY_AFTER_MAX`].
pub fn retry_delay_after(attempts: u32, jitter: f64, retry_after: Option<Duration>) -> Option<Duration> {
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    Some(retry_delay(attempts, jitter)?.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_follow_the_schedule_and_end() {
        let seconds: Vec<_> = (1..=8).map(|attempts| retry_delay(attempts, 0.5).map(|delay| delay.as_secs())).collect();
        let expected = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map(Some);
        assert_eq!(seconds[..7], expected);
        assert_eq!(seconds[7], None);
        assert_eq!(retry_delay(u32::MAX, 0.5), None);
        assert_eq!(retry_delay(0, 0.5), Some(Duration::ZERO), "the first attempt waits for nothing");
        assert!(retry_delay(ATTEMPTS_MAX - 1, 0.5).is_some() && retry_delay(ATTEMPTS_MAX, 0.5).is_none());
    }

    #[test]
    fn jitter_moves_a_delay_by_a_fifth_at_most() {
        assert_eq!(retry_delay(2, 0.0), Some(Duration::from_secs(240)));
        assert_eq!(retry_delay(2, 1.0), Some(Duration::from_secs(360)));
        for odd in [f64::NAN, f64::INFINITY, -7.0, 12.0] {
            let delay = retry_delay(2, odd).unwrap();
            assert!((240..=360).contains(&delay.as_secs()), "{odd}: {delay:?}");
        }
    }

    #[test]
    fn retry_after_lengthens_a_delay_within_bounds() {
        let ask = |seconds| retry_delay_after(1, 0.5, Some(Duration::from_secs(seconds))).map(|delay| delay.as_secs());
        assert_eq!(ask(0), Some(5));
        assert_eq!(ask(60), Some(60));
        assert_eq!(ask(10_000_000), Some(36_000));
        assert_eq!(retry_delay_after(8, 0.5, Some(Duration::from_secs(60))), None);
    }
}
