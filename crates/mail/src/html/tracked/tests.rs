//! Nasty HTML as a table: what is led elsewhere, and that nothing else changes.

use super::*;

const PIXEL: &str = "<img src=\"P\" width=\"1\" height=\"1\" alt=\"\" style=\"border:0;width:1px;height:1px\">";

/// Each link becomes `T<number>`; answers the HTML and what the links led to.
fn tracked(html: &str) -> (String, Vec<String>) {
    let mut urls = Vec::new();
    let html = track(html, None, |number, url| {
        urls.push(url.to_owned());
        Some(format!("T{number}"))
    });
    (html, urls)
}

#[test]
fn web_links_are_led_elsewhere_and_every_other_byte_stays() {
    for (html, expected, urls) in [
        (r#"<a href="https://a.test/x">x</a>"#, r#"<a href="T0">x</a>"#, &["https://a.test/x"][..]),
        (r"<A HREF='HTTP://a.test/' Class=b>x</A>", r#"<A HREF="T0" Class=b>x</A>"#, &["HTTP://a.test/"]),
        ("<a href=https://a.test/>x</a>", r#"<a href="T0">x</a>"#, &["https://a.test/"]),
        ("<a\n href = \"https://a.test\"\n>", "<a\n href = \"T0\"\n>", &["https://a.test"]),
        (r#"<a href="https://a.test/?a=1&amp;b=2&#38;c">"#, r#"<a href="T0">"#, &["https://a.test/?a=1&b=2&c"]),
        (r#"<a href="https://a.test/?a=1&copy=2">"#, r#"<a href="T0">"#, &["https://a.test/?a=1&copy=2"]),
        ("<a href=https://a.test/?x=\"&amp;y>", r#"<a href="T0">"#, &["https://a.test/?x=\"&y"]),
        (r#"<a href=" https://a.test/ ">"#, r#"<a href="T0">"#, &["https://a.test/"]),
        (r#"<a href="https://ä.test/ü">"#, r#"<a href="T0">"#, &["https://xn--4ca.test/%C3%BC"]),
        (
            r#"<a href="https://a.test" href="https://b.test">"#,
            r#"<a href="T0" href="https://b.test">"#,
            &["https://a.test"],
        ),
        (r#"<map><area href="https://a.test"/></map>"#, r#"<map><area href="T0"/></map>"#, &["https://a.test"]),
        (r#"<a title="a > b" href="https://a.test">"#, r#"<a title="a > b" href="T0">"#, &["https://a.test"]),
        (r#"<a/href="https://a.test">"#, r#"<a/href="T0">"#, &["https://a.test"]),
        (
            r#"<a href="https://a.test">1<a href="https://b.test">2"#,
            r#"<a href="T0">1<a href="T1">2"#,
            &["https://a.test", "https://b.test"],
        ),
        (
            r#"<style>/*</styles>*/</STYLE ><a href="https://a.test">"#,
            r#"<style>/*</styles>*/</STYLE ><a href="T0">"#,
            &["https://a.test"],
        ),
        (r#"<!--><a href="https://a.test">-->"#, r#"<!--><a href="T0">-->"#, &["https://a.test"]),
        (r#"a < b <3 <a href="https://a.test">"#, r#"a < b <3 <a href="T0">"#, &["https://a.test"]),
    ] {
        assert_eq!(tracked(html), (expected.to_owned(), urls.iter().map(|&url| url.to_owned()).collect()), "{html}");
    }
}

#[test]
fn what_is_no_link_of_the_web_stays() {
    for html in [
        r#"<a href="mailto:a@b.test">"#,
        r#"<a href="tel:+49">"#,
        r#"<a href="cid:x">"#,
        r##"<a href="#part">"##,
        r#"<a href="/relative">"#,
        r#"<a href="//a.test/">"#,
        r#"<a href="javascript:alert('https://a.test')">"#,
        r#"<a href="https://">"#,
        r#"<a href="">"#,
        "<a href>",
        "<a>",
        r#"<abbr href="https://a.test">"#,
        r#"<link href="https://a.test"><img src="https://a.test">"#,
        r#"<!-- <a href="https://a.test"> -->"#,
        r#"<!--[if mso]><a href="https://a.test"><![endif]-->"#,
        r#"<!-- a --!><!-- <a href="https://a.test">"#,
        r#"<style><a href="https://a.test"></style>"#,
        r#"<script>"<a href='https://a.test'>"</script>"#,
        r#"<textarea><a href="https://a.test"></textarea>"#,
        r#"<plaintext><a href="https://a.test">"#,
        r#"<a title='<a href="https://a.test">'>"#,
        r#"</a href="https://a.test">"#,
        r#"<?php <a href="https://a.test"?>"#,
        r#"<a href="https://a.test"#,
        "<a href=https://a.test",
        "<",
        "</",
        "<!--",
        "<!",
    ] {
        let (after, urls) = tracked(html);
        assert_eq!(after, html);
        assert!(urls.is_empty(), "{html}: {urls:?}");
    }
}

#[test]
fn a_marked_link_stays_and_loses_its_mark() {
    for (html, expected) in [
        (r#"<a data-postroom-notrack href="https://a.test">"#, r#"<a href="https://a.test">"#),
        (r#"<a href="https://a.test" DATA-postroom-notrack="">"#, r#"<a href="https://a.test">"#),
        (r#"<a href="https://a.test" data-postroom-notrack=1/>"#, r#"<a href="https://a.test">"#),
    ] {
        assert_eq!(tracked(html), (expected.to_owned(), Vec::new()), "{html}");
    }
}

#[test]
fn a_link_that_the_caller_declines_stays_and_counts_for_nothing() {
    let html = r#"<a href="https://a.test/unsubscribe?u=1"><a href="https://a.test/">"#;
    let after = track(html, None, |number, url| (!reads_like_unsubscribing(url)).then(|| format!("T{number}")));
    assert_eq!(after, r#"<a href="https://a.test/unsubscribe?u=1"><a href="T0">"#);
}

#[test]
fn the_pixel_stands_before_the_last_end_of_the_body_and_where_it_is_shown() {
    for (html, before, after) in [
        ("<body>x</body></html>", "<body>x", "</body></html>"),
        ("<BODY>x</BODY >", "<BODY>x", "</BODY >"),
        ("x", "x", ""),
        ("", "", ""),
        ("</body>x</body>", "</body>x", "</body>"),
        ("x<!-- </body> -->", "x<!-- </body> -->", ""),
        ("x<!-- </body>", "x", "<!-- </body>"),
        ("x<style></body>", "x", "<style></body>"),
        ("x<a href=\"https://a.test", "x", "<a href=\"https://a.test"),
    ] {
        assert_eq!(track(html, Some("P"), |_, _| None), format!("{before}{PIXEL}{after}"), "{html}");
    }
    let escaped = track("", Some("https://x.test/?a=1&b=\"2\""), |_, _| None);
    assert!(escaped.contains("a=1&amp;b=&quot;2&quot;"), "{escaped}");
}

#[test]
fn links_beyond_the_limits_stay() {
    let many = "<a href=\"https://a.test/\">".repeat(TRACKED_LINKS_MAX + 2);
    let (after, urls) = tracked(&many);
    assert_eq!(urls.len(), TRACKED_LINKS_MAX);
    assert_eq!(after.matches("https://a.test/").count(), 2);
    let long = format!("<a href=\"https://a.test/{}\">", "a".repeat(TRACKED_URL_OCTETS_MAX));
    assert_eq!(tracked(&long).0, long);
}

#[test]
fn hostile_text_costs_no_more_than_its_length() {
    for piece in ["<", "<a ", "<!--", "</style", "<style>", "<a href='", "--!", "<a href=\"&", "<a a=", "</body"] {
        let html = piece.repeat(200_000);
        assert_eq!(tracked(&html).0, html, "{piece}");
    }
}
