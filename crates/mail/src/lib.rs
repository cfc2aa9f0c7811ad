//! Mail as bytes and values: parsed, classified, composed, cleaned. Never does I/O, never reads a clock.

pub mod compose;
pub mod html;

/// A name and an address, as a header or a caller gave them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: String,
}
