//! HTML of mail that we send, with its links led by way of somewhere and a pixel at its end. Owns where these stand; every
//! other byte stays as it is. Never makes an address and never decides what is counted: that is the caller's.

mod tags;

use html5gum::{Token, Tokenizer};

use self::tags::{Attribute, Found, Tags};

/// Links of one mail that are led by way of somewhere; those after them stay as they are.
pub const TRACKED_LINKS_MAX: usize = 500;
/// Octets of an address; longer ones stay as they are.
pub const TRACKED_URL_OCTETS_MAX: usize = 2_000;
/// Keeps a link as it is. It is taken out of what is sent.
pub const NO_TRACKING_ATTRIBUTE: &str = "data-postroom-notrack";

/// Puts `link(number, url)` in place of each web address of an `<a>` or `<area>`, numbered from 0, and an image of `pixel`
/// before the end of the body. `None` leaves a link as it is.
///
/// `url` is what a browser would open: entities are decoded.
pub fn track(html: &str, pixel: Option<&str>, mut link: impl FnMut(usize, &str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len() + html.len() / 4 + 200);
    let mut copied = 0;
    let mut tracked = 0;
    let mut tags = Tags::new(html);
    let mut end_of_body = None;
    while let Some(tag) = tags.next_tag() {
        match tag {
            Found::BodyEnd(at) => end_of_body = Some(at),
            Found::Link(attributes) => {
                for (range, text) in edits(html, &attributes, &mut tracked, &mut link) {
                    out.push_str(html.get(copied..range.start).unwrap_or_default());
                    out.push_str(&text);
                    copied = range.end;
                }
            }
        }
    }
    let Some(pixel) = pixel else {
        out.push_str(html.get(copied..).unwrap_or_default());
        return out;
    };
    // A mail that ends within a comment, a style sheet or a tag shows nothing behind that.
    let at = end_of_body.filter(|at| *at >= copied).unwrap_or(tags.shown_until()).max(copied);
    out.push_str(html.get(copied..at).unwrap_or_default());
    out.push_str("<img src=\"");
    super::write::escape(pixel, &mut out);
    out.push_str("\" width=\"1\" height=\"1\" alt=\"\" style=\"border:0;width:1px;height:1px\">");
    out.push_str(html.get(at..).unwrap_or_default());
    out
}

type Edit = (std::ops::Range<usize>, String);

/// What changes of one tag, in the order of its bytes.
fn edits(
    html: &str,
    attributes: &[Attribute<'_>],
    tracked: &mut usize,
    link: &mut impl FnMut(usize, &str) -> Option<String>,
) -> Vec<Edit> {
    let named = |name: &str| attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
    let mut edits: Vec<Edit> = Vec::new();
    if named(NO_TRACKING_ATTRIBUTE).is_some() {
        let marks = attributes.iter().filter(|attribute| attribute.name.eq_ignore_ascii_case(NO_TRACKING_ATTRIBUTE));
        edits.extend(marks.map(|attribute| (attribute.with_space_before(html), String::new())));
        return edits;
    }
    // Of two attributes of one name the first counts.
    let Some(href) = named("href") else { return edits };
    let Some(url) = web_address(href) else { return edits };
    if *tracked >= TRACKED_LINKS_MAX {
        return edits;
    }
    if let Some(by_way_of) = link(*tracked, &url) {
        *tracked += 1;
        let mut value = String::from("\"");
        super::write::escape(&by_way_of, &mut value);
        value.push('"');
        edits.push((href.value_with_quotes.clone(), value));
    }
    edits
}

/// The address, if it is one of the web.
fn web_address(href: &Attribute<'_>) -> Option<String> {
    let decoded = decoded(href)?;
    let address = decoded.trim_matches(|c: char| c.is_ascii_whitespace() || c.is_ascii_control());
    let scheme = address.split_once("://")?.0;
    if address.len() > TRACKED_URL_OCTETS_MAX || !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) {
        return None;
    }
    let parsed = url::Url::parse(address).ok().filter(url::Url::has_host)?;
    // As it was written, where that can stand in a header.
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    let url = if is_plain { address.to_owned() } else { parsed.into() };
    (url.len() <= TRACKED_URL_OCTETS_MAX).then_some(url)
}

/// A browser's reading of the value: the tokenizer knows the entities.
fn decoded(href: &Attribute<'_>) -> Option<String> {
    if !href.value.contains('&') {
        return Some(href.value.to_owned());
    }
    let tag = format!("<a href={}>", href.written_value());
    Tokenizer::new(&*tag).find_map(|token| {
        let Ok(Token::StartTag(tag)) = token else { return None };
        tag.attributes.get(b"href".as_slice()).map(|value| String::from_utf8_lossy(value).into_owned())
    })
}

/// Whether an address reads like one that ends a subscription: such links work for whoever has the mail, and machines that follow
/// them for counting are in nobody's interest.
pub fn reads_like_unsubscribing(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    ["unsubscribe", "optout", "opt-out", "opt_out"].iter().any(|word| url.contains(word))
}

#[cfg(test)]
mod tests;
