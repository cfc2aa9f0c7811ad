//! Tokens of tracked links: what we signed comes back, and nothing else is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::MessageId;

#[allow(dead_code)]
#[path = "../../crates/engine/src/tracking/links.rs"]
mod links;
#[path = "../../crates/engine/src/mac.rs"]
mod mac;

use links::{Links, Mark, Subject};

fuzz_target!(|input: (&str, u16, &str)| {
    let (token, number, url) = input;
    let links = Links::new("https://t.example.org", vec![[7; 32], [8; 32]]);
    assert_eq!(links.read(token), None);
    let subject = Subject::Message(MessageId::generate());
    let Some(made) = links.click(&subject, number.into(), url) else { return };
    let made = made.strip_prefix("https://t.example.org/t/c/").unwrap();
    assert_eq!(links.read(made), Some(Mark::Click { subject, url: url.to_owned() }));
    assert_eq!(Links::new("", vec![[9; 32]]).read(made), None);
});
