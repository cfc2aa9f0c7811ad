//! Mail as bytes and as values: reading it, judging it, making it, cleaning its HTML.
//! Pure: no I/O and no clock. Reading never fails or panics; what could not be read is said in `limits`.

pub mod address;
pub mod classify;
pub mod compose;
pub mod html;
pub mod reply;
pub mod subject;
pub mod threading;

mod body;
mod calendar;
mod charset;
mod fingerprint;
mod flowed;
mod head;
mod inspect;
mod mime;
mod parse;
mod parsed;
mod tnef;
mod uuencode;

pub use fingerprint::fingerprint;
pub use inspect::{inspect, inspect_body};
pub use parse::{attachment_bytes, parse};
pub use parsed::{Mailbox, ParsedAttachment, ParsedMail};
