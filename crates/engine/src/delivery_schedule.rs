//! When a deferred mail is tried again, and when it is given up (RFC 5321 §4.5.4.1).
//! Pure: randomness and times come in as values.

use std::time::Duration;

use model::Timestamp;

/// The delay after the first failed attempt; it doubles with each.
pub const DELAY_MIN: Duration = Duration::from_secs(60);
/// The delay after the first answer of a server that greylists; it doubles with each. Most let us in after five minutes.
pub const DELAY_GREYLISTED_MIN: Duration = Duration::from_secs(5 * 60);
/// The delay it doubles up to.
pub const DELAY_MAX: Duration = Duration::from_secs(4 * 60 * 60);
/// How long delivery is tried (RFC 5321 §4.5.4.1: at least 4 to 5 days).
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(5 * 24 * 60 * 60);

/// How long a mail exchanger is tried that refuses us for what we could mend (a list of bad senders, a missing PTR, SPF): its answer is
/// final as it stands, and whoever waits for the mail is to know soon.
pub const GIVE_UP_REFUSED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

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

/// As [`retry_delay`], after an attempt that ended with this answer: who greylists is asked again when that is over.
pub fn retry_delay_after(response: &str, attempts: u32, jitter: f64) -> Duration {
    let usual = retry_delay(attempts, jitter);
    if attempts == 0 || !is_greylisted(response) {
        return usual;
    }
    let factor = 2_u32.checked_pow(attempts - 1).unwrap_or(u32::MAX);
    spread(DELAY_GREYLISTED_MIN.saturating_mul(factor).min(DELAY_MAX), jitter)
}

/// Does a server ask us to come again later because it does not know us yet? They say 450 or 451, most with 4.7.1 or 4.2.0
/// to 4.2.1, or use the word.
fn is_greylisted(response: &str) -> bool {
    let Some(rest) = response.strip_prefix("450 ").or_else(|| response.strip_prefix("451 ")) else { return false };
    let said = response.to_lowercase();
    rest.starts_with("4.7.1 ") || rest.starts_with("4.7.0 ") || said.contains("greylist") || said.contains("graylist")
}

/// Does a server say that it gets too much from us? 421 is for connections; some use 4.7.x or 4.3.2 with words.
pub fn says_too_many(response: &str) -> bool {
    let is_transient = response.len() > 3 && response.is_char_boundary(3) && response.starts_with('4');
    if !is_transient {
        return false;
    }
    let said = response.to_lowercase();
    let words = ["too many", "too much", "rate limit", "ratelimit", "rate-limit", "throttl", "try slower", "slow down"];
    let is_of_recipients = said.contains("recipient");
    (words.iter().any(|word| said.contains(word)) && !is_of_recipients)
        || said.starts_with("421 4.7.")
        || said.contains(" 4.7.28 ")
}

/// Has the delivery been tried for so long that it is given up? `refused`: by a mail exchanger, for what we could mend.
pub fn expired(first_attempt: Timestamp, now: Timestamp, refused: bool) -> bool {
    now.since(first_attempt) >= give_up_after(refused)
}

/// As [`expired`] has it.
pub const fn give_up_after(refused: bool) -> Duration {
    if refused { GIVE_UP_REFUSED_AFTER } else { GIVE_UP_AFTER }
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
    fn who_greylists_is_asked_again_after_five_minutes() {
        let grey = "451 4.7.1 Greylisting in action, please come back later";
        let minutes: Vec<_> = (0..=7).map(|tries| retry_delay_after(grey, tries, 0.5).as_secs() / 60).collect();
        assert_eq!(minutes, [0, 5, 10, 20, 40, 80, 160, 240]);
        assert_eq!(retry_delay_after(grey, u32::MAX, 0.5), DELAY_MAX);
        for (response, greylisted) in [
            ("450 4.7.1 try again", true),
            ("450 4.2.0 <a@b>: Recipient address rejected: Greylisted", true),
            ("451 Graylisted", true),
            ("450 4.2.2 mailbox full", false),
            ("452 4.7.1 no", false),
            ("550 5.7.1 greylisted for ever", false),
            ("could not connect: greylist", false),
            ("", false),
        ] {
            assert_eq!(is_greylisted(response), greylisted, "{response}");
        }
    }

    #[test]
    fn who_gets_too_much_says_so_in_several_ways() {
        for (response, too_many) in [
            ("421 4.7.0 Too many connections from your address", true),
            ("421 4.7.28 unusual rate", true),
            ("450 4.7.1 Rate limit exceeded", true),
            ("421 4.3.2 throttled", true),
            ("452 4.5.3 too many recipients", false),
            ("421 4.3.2 shutting down", false),
            ("550 5.7.1 too many", false),
            ("no answer to EHLO within 300 s", false),
            ("4äö", false),
        ] {
            assert_eq!(says_too_many(response), too_many, "{response}");
        }
    }

    #[test]
    fn a_delivery_is_given_up_after_five_days_and_what_is_refused_after_one() {
        let first = Timestamp::from_seconds(1_700_000_000);
        for (refused, after) in [(false, GIVE_UP_AFTER), (true, GIVE_UP_REFUSED_AFTER)] {
            assert!(!expired(first, first.plus(after - Duration::from_millis(1)), refused));
            assert!(expired(first, first.plus(after), refused));
        }
        assert!(!expired(first, first.minus(Duration::from_secs(60)), false), "a clock set back expires nothing");
    }
}
