//! Whatever is accepted as an address is stable, and holds nothing that ends a header or an SMTP command.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(mailbox) = mail::compose::parse_mailbox(text) {
        assert_eq!(mail::compose::normalize_address(&mailbox.address).as_ref(), Ok(&mailbox.address));
        assert!(!mailbox.address.chars().any(char::is_control), "{mailbox:?}");
        assert!(!mailbox.name.unwrap_or_default().chars().any(char::is_control));
    }
});
