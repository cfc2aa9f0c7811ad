//! Medians and percentiles of times, exact: of the times themselves. Pure.

use model::insight::Spread;

/// The one in the middle (of an even number the mean of the two), the smallest that at least nine of ten are not longer than, the mean.
pub(super) fn spread(mut times: Vec<u64>) -> Spread {
    if times.is_empty() {
        return Spread::default();
    }
    times.sort_unstable();
    let count = times.len();
    let at = |place: usize| times.get(place).copied().unwrap_or_default();
    let median = match count % 2 {
        0 => u64::midpoint(at(count / 2 - 1), at(count / 2)),
        _ => at(count / 2),
    };
    // Nearest rank.
    let p90 = at((count * 9).div_ceil(10) - 1);
    let sum: u128 = times.iter().map(|time| u128::from(*time)).sum();
    let mean = u64::try_from(sum / count as u128).unwrap_or(u64::MAX);
    Spread { median_seconds: Some(median), p90_seconds: Some(p90), mean_seconds: Some(mean) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles_are_of_the_times_themselves() {
        for (times, median, p90, mean) in [
            (vec![7], 7, 7, 7),
            (vec![10, 2], 6, 10, 6),
            (vec![3, 1, 2], 2, 3, 2),
            ((1..=10).collect(), 5, 9, 5),
            ((1..=100).collect(), 50, 90, 50),
            (vec![1, 1, 1, 1, 1, 1, 1, 1, 1, 1_000], 1, 1, 100),
        ] {
            let expected = Spread { median_seconds: Some(median), p90_seconds: Some(p90), mean_seconds: Some(mean) };
            assert_eq!(spread(times.clone()), expected, "{times:?}");
        }
        assert_eq!(spread(Vec::new()), Spread::default());
    }
}
