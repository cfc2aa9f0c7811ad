//! Unguessable words. Owns their alphabet and length; never stores one.

use rand::RngExt;

/// Letters and digits that survive every mail system's idea of case.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// `length` characters of five random bits each.
pub fn random(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

/// The token of a conversation in `inbox+r.<token>@…`: 100 bits.
pub fn reply_token() -> String {
    random(20)
}
