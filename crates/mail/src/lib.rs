//! Mail as bytes and as values: reading it, judging it, making it, cleaning its HTML.
//! Pure: no I/O and no clock. Reading never fails or panics; what could not be read is said in `limits`.

pub mod address;
pub mod classify;
pub mod compose;
pub mod dkim;
pub mod html;
pub mod reply;
pub mod subject;
pub mod threading;

mod body;
mod boundaries;
mod calendar;
mod charset;
mod codepages;
mod date;
mod encoded;
mod enriched;
mod fields;
mod fingerprint;
mod flowed;
mod head;
mod inspect;
mod mailbox;
mod mime;
mod params;
mod parse;
mod parsed;
mod phrases;
mod rtf;
mod tnef;
mod transfer;
mod uuencode;

pub use fingerprint::fingerprint;
pub use inspect::{inspect, inspect_body};
pub use parse::{attachment_bytes, parse};
pub use parsed::{Mailbox, ParsedAttachment, ParsedMail};
