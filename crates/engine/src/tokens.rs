//! Unguessable words. Owns their alphabet and length; never stores one.

use model::Timestamp;
use rand::RngExt;

/// Letters and digits that survive every mail system's idea of case.
const ALPHABET: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
/// Characters that say when a token was made: milliseconds, enough for a thousand years.
const TIME_CHARACTERS: u32 = 9;

/// `length` characters of five random bits each.
pub fn random(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// The token of a conversation in `inbox+r.<token>@…`: 100 random bits. Those of the same time lie together in the index, which
/// would otherwise touch a page of its own for each.
pub fn reply_token(at: Timestamp) -> String {
    let milliseconds = at.as_millis().unsigned_abs();
    let digit = |place: u32| (milliseconds >> (place * 5)) as usize & (ALPHABET.len() - 1);
    let time: String = (0..TIME_CHARACTERS).rev().map(|place| char::from(ALPHABET[digit(place)])).collect();
    time + &random(20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reply_tokens_sort_by_time_and_are_never_the_same() {
        let at = |milliseconds| reply_token(Timestamp::from_millis(milliseconds));
        assert!(at(1_800_000_000_000) < at(1_800_000_000_001) && at(1_800_000_000_031) < at(1_800_000_000_032));
        assert_ne!(at(1), at(1));
        assert!(at(1_800_000_000_000).bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
