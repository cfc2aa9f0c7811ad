//! Whatever HTML comes in, no element or attribute that acts comes out, and what came out is stable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::html::{SanitizeOptions, sanitize};

fuzz_target!(|html: &str| {
    let inline = |id: &str| Some(format!("/inline/{}", id.len()));
    for remote_images in [false, true] {
        let sanitized = sanitize(html, &SanitizeOptions { inline_image_url: &inline, remote_images });
        let once = sanitized.html;
        assert_harmless(&once);
        let style = sanitized.style;
        assert!(!style.contains('<') && (remote_images || !style.contains("url(\"http")), "{style}");
        // Balanced, so that nothing of it lasts beyond its end.
        assert_eq!(style.matches('{').count(), style.matches('}').count(), "{style}");
        assert_harmless(&sanitize(&once, &SanitizeOptions { inline_image_url: &inline, remote_images }).html);
    }
});

/// The output escapes every `<` that is no tag and every quote inside a value, so that a plain look at it is enough.
fn assert_harmless(html: &str) {
    for tag in html.split('<').skip(1) {
        let (tag, _) = split_tag(tag);
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let forbidden = [
            "base", "button", "embed", "form", "iframe", "input", "link", "math", "meta", "object", "script", "style", "svg",
            "template", "title", "",
        ];
        assert!(!forbidden.contains(&name.as_str()), "<{tag}> in {html}");
        for attribute in attributes(tag) {
            let attribute = attribute.to_ascii_lowercase();
            assert!(!attribute.starts_with("on"), "{attribute} in {html}");
            for bad in ["href=\"javascript", "src=\"javascript", "href=\"data", "src=\"data:image/svg", "srcdoc=", "id="] {
                assert!(!attribute.starts_with(bad), "{attribute} in {html}");
            }
        }
    }
}

/// The tag up to the `>` outside quotes, and what follows.
fn split_tag(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

fn attributes(tag: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b' ' if !quoted => {
                found.extend(tag.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend(tag.get(start..));
    found.into_iter().skip(1).collect()
}
