//! HTML of mail: cleaned for display, and turned into text. Owns what a hostile mail may still show;
//! never fetches anything and never runs anything.
//!
//! The way: `read` makes a bounded tree of the elements mail is made of, `clean` chooses attributes and (with `css` and `sheet`)
//! styles, `fold` finds the quoted history, `write` makes well-nested HTML of it, and ammonia has the last word on that.

mod clean;
mod css;
mod document;
mod dom;
mod fold;
mod read;
mod sheet;
mod text;
mod tracked;
mod write;

use std::collections::{HashMap, HashSet};

use model::limits::HTML_DISPLAY_BYTES_MAX;

pub use self::document::{ColorScheme, document};
pub use self::tracked::{
    NO_TRACKING_ATTRIBUTE, TRACKED_LINKS_MAX, TRACKED_URL_OCTETS_MAX, reads_like_unsubscribing, track,
};

/// The class of the `<details>` around quoted history.
const FOLD_CLASS: &str = "quoted";
/// What assistive technology says for it.
const FOLD_LABEL: &str = "Show quoted text";
/// The class of an image whose source was left out.
const BLOCKED_IMAGE_CLASS: &str = "blocked";
/// Octets of cleaned HTML. A mail that grows beyond this was made to.
const CLEANED_OCTETS_MAX: usize = 3 * HTML_DISPLAY_BYTES_MAX;

/// What the reader allowed, and where inline images are found.
pub struct SanitizeOptions<'a> {
    /// The address of the image with this Content-ID (no brackets, percent-decoded); `None` when there is none.
    pub inline_image_url: &'a dyn Fn(&str) -> Option<String>,
    /// Whether images (and only images) from elsewhere are shown.
    pub remote_images: bool,
}

/// Cleaned HTML: a fragment for [`document()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanitized {
    pub html: String,
    /// The rules of its style sheets, for the page's head.
    pub style: String,
    /// Images from elsewhere that were left out because they were not asked for.
    pub remote_images_blocked: u32,
}

/// Cleans HTML for display. Never fails: broken input gives what a browser would make of it, minus the danger.
///
/// Input over [`HTML_DISPLAY_BYTES_MAX`] octets, and input that is made to grow, comes back as escaped text in a
/// `<pre>`.
pub fn sanitize(html: &str, options: &SanitizeOptions<'_>) -> Sanitized {
    if html.len() > HTML_DISPLAY_BYTES_MAX {
        return as_text(&to_text(html));
    }
    let mut read = read::read(html);
    if read.truncated {
        return as_text(&text::text(&read.tree));
    }
    let folds = fold::find(&read.tree);
    let cleaned = clean::clean(&mut read.tree, &read.sheets, options);
    fold::apply(&mut read.tree, &folds);
    let Some(written) = write::write(&read.tree, CLEANED_OCTETS_MAX) else {
        return as_text(&text::text(&read.tree));
    };
    let html = last_word(&written, &cleaned.addresses);
    Sanitized { html, style: cleaned.style, remote_images_blocked: cleaned.remote_images_blocked }
}

/// A readable text version of HTML: links as `text (url)`, quotations behind `> `, lists with their markers. Lines
/// end with LF and are not wrapped. Input over [`HTML_DISPLAY_BYTES_MAX`] octets is cut there.
pub fn to_text(html: &str) -> String {
    let end = (0..=html.len().min(HTML_DISPLAY_BYTES_MAX)).rev().find(|at| html.is_char_boundary(*at));
    let html = html.get(..end.unwrap_or(0)).unwrap_or_default();
    text::text(&read::read(html).tree)
}

fn as_text(text: &str) -> Sanitized {
    let mut html = String::from("<pre>\n");
    write::escape(text, &mut html);
    html.push_str("</pre>");
    Sanitized { html, style: String::new(), remote_images_blocked: 0 }
}

/// A second opinion on what we wrote, from a library that parses it anew as a browser will.
fn last_word(written: &str, addresses: &HashSet<String>) -> String {
    let tags: HashSet<&str> = read::known().chain(["details", "summary"]).filter(|tag| *tag != "body").collect();
    let everywhere: HashSet<&str> = clean::LAYOUT.iter().copied().chain(["style", "class", "title"]).collect();
    let cells =
        ["table", "tbody", "td", "tfoot", "th", "thead", "tr", "div"].map(|tag| (tag, HashSet::from(["background"])));
    let others = [
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt"])),
        ("summary", HashSet::from(["aria-label"])),
    ];
    let own: HashMap<&str, HashSet<&str>> = cells.into_iter().chain(others).collect();
    // The addresses are checked one by one below; `data:` is a raster image then.
    let schemes = HashSet::from(["http", "https", "mailto", "tel", "sms", "data"]);
    // The borrow ends with this call, but ammonia asks for filters that live on.
    let allowed: HashSet<String> = addresses.clone();
    ammonia::Builder::empty()
        .tags(tags)
        .generic_attributes(everywhere)
        .tag_attributes(own)
        .url_schemes(schemes)
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |element, attribute, value| match attribute {
            "href" | "src" | "background" if !allowed.contains(value) => None,
            "href" if clean::is_raster_data(value) => None,
            "src" | "background"
                if value.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) =>
            {
                clean::is_raster_data(value).then(|| value.into())
            }
            "class" if element == "details" && value != FOLD_CLASS => None,
            _ => Some(value.into()),
        })
        .clean(written)
        .to_string()
}
