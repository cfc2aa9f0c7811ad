//! Any HTML is marked without a panic, and every byte that is no link's stays.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|html: &str| {
    let mut links = 0;
    let marked = mail::html::track(html, Some("https://t.example/o"), |number, url| {
        assert!(url.bytes().all(|byte| byte.is_ascii_graphic()) && url.get(..4).is_some_and(|web| web.eq_ignore_ascii_case("http")));
        links += 1;
        Some(format!("https://t.example/c/{number}"))
    });
    assert!(links <= mail::html::TRACKED_LINKS_MAX);
    assert_eq!(marked.matches("https://t.example/o\"").count() - html.matches("https://t.example/o\"").count(), 1);
    if !html.to_ascii_lowercase().contains(mail::html::NO_TRACKING_ATTRIBUTE) {
        assert_eq!(mail::html::track(html, None, |_, _| None), html);
    }
});
