//! Attributes of a hostile mail: which stay, on which element, with what value. Owns links and images; the elements
//! themselves were chosen when the tree was read.

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use url::Url;

use super::dom::{Kind, NodeId, ROOT, Tree};
use super::{SanitizeOptions, css, sheet};

/// Characters of a plain attribute's value.
const VALUE_CHARS_MAX: usize = 256;
/// Characters of a text that is read: `alt`, `title`.
const TEXT_CHARS_MAX: usize = 2_000;

/// Octets of an address of the web.
const ADDRESS_OCTETS_MAX: usize = 16 * 1024;

/// Attributes of layout that any element may have; none of them can hold an address.
pub(super) const LAYOUT: &[&str] = &[
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "clear",
    "color",
    "colspan",
    "datetime",
    "dir",
    "face",
    "height",
    "hspace",
    "lang",
    "noshade",
    "nowrap",
    "reversed",
    "rowspan",
    "scope",
    "size",
    "span",
    "start",
    "type",
    "valign",
    "value",
    "vspace",
    "width",
];

/// Word's paragraphs rely on a style sheet that is left out; [`super::document`] brings what matters of it.
pub(super) const CLASSES: &[&str] = &["MsoListParagraph", "MsoNoSpacing", "MsoNormal"];

pub(super) struct Cleaned {
    pub remote_images_blocked: u32,
    /// The rules of its style sheets that may stay.
    pub style: String,
    /// Every address that stayed, so that the last pass can insist that there is no other.
    pub addresses: HashSet<String>,
}

struct Cleaner<'a> {
    options: &'a SanitizeOptions<'a>,
    cleaned: Cleaned,
}

pub(super) fn clean(tree: &mut Tree, sheets: &str, options: &SanitizeOptions<'_>) -> Cleaned {
    let cleaned = Cleaned { remote_images_blocked: 0, style: String::new(), addresses: HashSet::new() };
    let mut cleaner = Cleaner { options, cleaned };
    cleaner.cleaned.style = sheet::filter(sheets, &mut |url| cleaner.image(url));
    let elements: Vec<NodeId> = tree.descendants(ROOT).filter(|id| !tree.name(*id).is_empty()).collect();
    for id in elements {
        let name = tree.name(id).to_owned();
        let attributes = cleaner.attributes(&name, tree.attributes(id));
        match name.as_str() {
            "html" | "head" => take_out(tree, id),
            "body" if attributes.is_empty() => take_out(tree, id),
            // A fragment has no body, but its colours belong to the mail.
            "body" => tree.set_element(id, "div", attributes),
            _ => tree.set_element(id, &name, attributes),
        }
    }
    cleaner.cleaned
}

/// Puts the children of a node in its place.
fn take_out(tree: &mut Tree, id: NodeId) {
    while let Some(child) = tree.first(id) {
        tree.insert_before(id, child);
    }
    tree.detach(id);
}

impl Cleaner<'_> {
    fn attributes(&mut self, element: &str, attributes: &[(String, String)]) -> Vec<(String, String)> {
        let mut kept: Vec<(String, String)> = Vec::new();
        if let Some(class) = self.class(attributes) {
            kept.push(("class".to_owned(), class));
        }
        for (name, value) in attributes {
            let value = match (element, name.as_str()) {
                (_, "style") => self.style(value),
                ("a", "href") => self.link(value),
                ("img", "src") => self.image(value),
                ("img", "srcset") => {
                    self.srcset(value, attributes);
                    None
                }
                ("body" | "table" | "tbody" | "thead" | "tfoot" | "tr" | "td" | "th", "background") => {
                    self.image(value)
                }
                ("img", "alt") | (_, "title") => short(value, TEXT_CHARS_MAX),
                (_, name) if LAYOUT.binary_search(&name).is_ok() => short(value, VALUE_CHARS_MAX),
                _ => None,
            };
            if let Some(value) = value {
                kept.push((name.clone(), value));
            }
        }
        if element == "img" && !kept.iter().any(|(name, _)| name == "src") {
            let blocked = super::BLOCKED_IMAGE_CLASS;
            match kept.iter_mut().find(|(name, _)| name == "class") {
                Some((_, class)) => *class = format!("{class} {blocked}"),
                None => kept.push(("class".to_owned(), blocked.to_owned())),
            }
        }
        kept
    }

    /// Where no rule chooses by it, a class says nothing, but for Word's.
    fn class(&self, attributes: &[(String, String)]) -> Option<String> {
        let value = |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        if self.cleaned.style.is_empty() {
            return value("class").and_then(class);
        }
        sheet::classes(value("class"), value("id"))
    }

    fn style(&mut self, style: &str) -> Option<String> {
        let filtered = css::filter(style, &mut |url| self.image(url));
        Some(filtered).filter(|style| !style.is_empty())
    }

    /// Links go to the web, to mail and to phones. Relative ones would go to us, so they go nowhere.
    fn link(&mut self, address: &str) -> Option<String> {
        let address = absolute(address)?;
        if !matches!(address.scheme(), "http" | "https" | "mailto" | "tel" | "sms") {
            return None;
        }
        Some(self.keep(address.to_string()))
    }

    fn image(&mut self, address: &str) -> Option<String> {
        let trimmed = address.trim();
        if trimmed.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:")) {
            let id = percent_decode_str(trimmed.get(4..)?).decode_utf8_lossy().into_owned();
            let id = id.trim().trim_start_matches('<').trim_end_matches('>');
            let address = (self.options.inline_image_url)(id)?;
            return Some(self.keep(address));
        }
        if is_raster_data(trimmed) {
            return Some(self.keep(trimmed.to_owned()));
        }
        let address = absolute(trimmed)?;
        if !matches!(address.scheme(), "http" | "https") {
            return None;
        }
        if !self.options.remote_images {
            self.cleaned.remote_images_blocked = self.cleaned.remote_images_blocked.saturating_add(1);
            return None;
        }
        Some(self.keep(address.to_string()))
    }

    /// Never kept: `src` is enough. But an image that has nothing else was blocked as well.
    fn srcset(&mut self, srcset: &str, attributes: &[(String, String)]) {
        let has_src = attributes.iter().any(|(name, _)| name == "src");
        if !has_src && !self.options.remote_images && srcset.contains("//") {
            self.cleaned.remote_images_blocked = self.cleaned.remote_images_blocked.saturating_add(1);
        }
    }

    fn keep(&mut self, address: String) -> String {
        self.cleaned.addresses.insert(address.clone());
        address
    }
}

/// An address as a browser would read it; `None` for relative ones and for nonsense.
fn absolute(address: &str) -> Option<Url> {
    let address = address.trim();
    if address.len() > ADDRESS_OCTETS_MAX {
        return None;
    }
    if address.starts_with("//") || address.starts_with("\\\\") {
        return Url::parse(&format!("https:{address}")).ok();
    }
    Url::parse(address).ok()
}

/// Pictures inside the address. SVG is not one: it can hold scripts.
pub(super) fn is_raster_data(address: &str) -> bool {
    let Some((kind, data)) = address.split_once(',') else { return false };
    let kind = kind.to_ascii_lowercase();
    let rasters = ["png", "jpeg", "jpg", "gif", "webp", "bmp", "avif"];
    let is_raster = rasters.iter().any(|raster| kind == format!("data:image/{raster};base64"));
    is_raster && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=%-_ \r\n\t".contains(&byte))
}

fn class(value: &str) -> Option<String> {
    let kept: Vec<&str> = value.split_ascii_whitespace().filter(|class| CLASSES.contains(class)).take(1).collect();
    kept.first().map(|class| (*class).to_owned())
}

fn short(value: &str, chars_max: usize) -> Option<String> {
    (value.chars().count() <= chars_max).then(|| value.to_owned())
}

/// Whether a tree shows anything: a letter, or a picture.
pub(super) fn shows_something(tree: &Tree, mut nodes: impl Iterator<Item = NodeId>) -> bool {
    nodes.any(|id| match tree.node(id).map(|node| &node.kind) {
        Some(Kind::Text(text)) => text.chars().any(|character| !character.is_whitespace() && character != '\u{200b}'),
        Some(Kind::Element { name, .. }) => name == "img",
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_its_search() {
        assert!(LAYOUT.is_sorted());
    }

    #[test]
    fn only_rasters_are_pictures() {
        for (address, wanted) in [
            ("data:image/png;base64,iVBORw0KGgo=", true),
            ("DATA:image/GIF;base64,R0lGOD", true),
            ("data:image/svg+xml;base64,PHN2Zz4=", false),
            ("data:text/html;base64,PHNjcmlwdD4=", false),
            ("data:image/png,<script>", false),
            ("data:image/png;base64,\"><script>", false),
        ] {
            assert_eq!(is_raster_data(address), wanted, "{address}");
        }
    }
}
