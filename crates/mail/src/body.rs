//! Which parts are the body and which are attachments (RFC 2046, RFC 2387). Owns that choice; nothing is left out of both.

use std::collections::HashSet;

use mail_parser::html_to_text;
use model::limits;
use model::message::Disposition;
use percent_encoding::percent_decode_str;

use crate::mime::Leaf;
use crate::{ParsedAttachment, ParsedMail, calendar, enriched, flowed, rtf, tnef, uuencode};

/// Bits of a part number that are the leaf's; above them, which of the things the leaf holds.
pub(crate) const CONTAINED_SHIFT: u32 = 16;

/// A run of body text.
struct Section {
    html: bool,
    /// Not one of several alternatives: it says something no other part says.
    alone: bool,
    content: String,
}

#[derive(Default)]
struct Body {
    sections: Vec<Section>,
    /// Told in other ways, in case there is no text: a named text to be shown, an invitation, Outlook's own wrapping.
    fallback: Vec<Section>,
}

/// Sorts the leaves into `mail`'s text, HTML and attachments.
pub(crate) fn read(leaves: &[Leaf<'_>], mail: &mut ParsedMail) {
    let mut body = Body::default();
    for leaf in leaves {
        let (kind, subtype) = leaf.media();
        match Role::of(leaf) {
            Role::Text => text_part(leaf, &mut body, mail),
            Role::Html => {
                body.sections.push(Section { html: true, alone: !leaf.place.alternative, content: clean(page(leaf)) });
            }
            Role::Signature => mail.signed_with = Some(leaf.content_type()),
            Role::Tnef if tnef_part(leaf, &mut body, mail) => {}
            Role::Tnef | Role::File => {
                if (kind, subtype) == ("text", "calendar") {
                    body.fallback.extend(calendar::summary(&leaf.text()).map(|content| Section {
                        html: false,
                        alone: true,
                        content: clean(content),
                    }));
                }
                if !leaf.is_marked_attachment() {
                    body.fallback.extend(shown(leaf, kind, subtype));
                }
                mail.attachments.push(ParsedAttachment {
                    part: leaf.number,
                    filename: leaf.filename(),
                    content_type: leaf.content_type(),
                    content_id: leaf.content_id(),
                    disposition: Disposition::Attachment,
                    size: leaf.decoded_len(),
                });
            }
        }
    }
    if body.sections.iter().all(|section| section.content.trim().is_empty()) && !body.fallback.is_empty() {
        body.sections = body.fallback;
    }
    (mail.text, mail.html) = views(body.sections);
    mark_inline(leaves, mail);
}

/// An HTML part. Without a label it is in the charset it names itself, which is the first thing in it.
fn page(leaf: &Leaf<'_>) -> String {
    let bytes = leaf.decoded();
    if leaf.charset().is_some() || std::str::from_utf8(&bytes).is_ok() {
        return leaf.as_text(&bytes);
    }
    let start = bytes.get(..bytes.len().min(META_BYTES_MAX)).unwrap_or_default().to_ascii_lowercase();
    let named = memchr::memmem::find(&start, b"charset=").and_then(|at| start.get(at + 8..)).unwrap_or_default();
    let named = named.strip_prefix(b"\"").or_else(|| named.strip_prefix(b"'")).unwrap_or(named);
    let end =
        named.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.:".contains(byte)).unwrap_or(named.len());
    let label = named.get(..end).and_then(|label| std::str::from_utf8(label).ok());
    crate::charset::decode(label, &bytes)
}

/// Bytes at the beginning of a page that may name its charset, as browsers look for it.
const META_BYTES_MAX: usize = 1024;

/// What a part says that is kept as a file: nobody would see it if there were no other text.
fn shown(leaf: &Leaf<'_>, kind: &str, subtype: &str) -> Option<Section> {
    let section = |html, content: String| Section { html, alone: true, content: clean(content) };
    match (kind, subtype) {
        ("text", "plain") => Some(section(false, leaf.text())),
        ("text", "html") if leaf.place.first => Some(section(true, leaf.text())),
        ("text", "enriched" | "richtext") => {
            Some(section(false, enriched::to_text(&leaf.text(), subtype == "richtext")))
        }
        ("text" | "application", "rtf" | "x-rtf") => rtf::read(&leaf.decoded()).map(rich),
        _ => None,
    }
}

fn rich(content: rtf::Content) -> Section {
    match content {
        rtf::Content::Text(text) => Section { html: false, alone: true, content: clean(text) },
        rtf::Content::Html(html) => Section { html: true, alone: true, content: clean(html) },
    }
}

enum Role {
    Text,
    Html,
    Tnef,
    /// What only a program that verifies it has a use for.
    Signature,
    File,
}

impl Role {
    fn of(leaf: &Leaf<'_>) -> Self {
        match leaf.media() {
            ("application", "ms-tnef" | "vnd.ms-tnef") => Self::Tnef,
            ("application", "pgp-signature" | "pkcs7-signature" | "x-pkcs7-signature") if leaf.place.signature => {
                Self::Signature
            }
            ("application", "octet-stream") if is_winmail(leaf) => Self::Tnef,
            ("text", subtype) if is_body(leaf, subtype) => {
                if subtype == "html" {
                    Self::Html
                } else {
                    Self::Text
                }
            }
            _ => Self::File,
        }
    }
}

fn is_winmail(leaf: &Leaf<'_>) -> bool {
    leaf.filename().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat") || name.eq_ignore_ascii_case("win.dat"))
}

/// Text that is to be read, not kept: unmarked, and without a name unless it stands where only a body can.
fn is_body(leaf: &Leaf<'_>, subtype: &str) -> bool {
    let readable = match subtype {
        "plain" | "html" => true,
        "enriched" | "richtext" | "markdown" | "x-markdown" => !leaf.place.alternative,
        _ => false,
    };
    if !readable || leaf.is_marked_attachment() || leaf.place.related && leaf.content_id().is_some() {
        return false;
    }
    match leaf.filename() {
        None => true,
        Some(_) => leaf.place.alternative || leaf.place.first && !leaf.has_disposition(),
    }
}

fn text_part(leaf: &Leaf<'_>, body: &mut Body, mail: &mut ParsedMail) {
    let bytes = leaf.decoded();
    let files = uuencode::find(&bytes);
    let mut content = if files.is_empty() {
        leaf.as_text(&bytes)
    } else {
        let mut rest = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for (index, file) in files.iter().enumerate() {
            rest.extend_from_slice(bytes.get(at..file.place.start).unwrap_or_default());
            at = file.place.end;
            mail.attachments.push(ParsedAttachment {
                part: contained(leaf, index),
                filename: Some(file.name.clone()),
                content_type: "application/octet-stream".to_owned(),
                content_id: None,
                disposition: Disposition::Attachment,
                size: uuencode::decode(&bytes, file).len() as u64,
            });
        }
        rest.extend_from_slice(bytes.get(at..).unwrap_or_default());
        leaf.as_text(&rest)
    };
    if leaf.attribute("format").is_some_and(|format| format.eq_ignore_ascii_case("flowed")) {
        let delete_space = leaf.attribute("delsp").is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        content = flowed::unflow(&content, delete_space);
    }
    if let subtype @ ("enriched" | "richtext") = leaf.media().1 {
        content = enriched::to_text(&content, subtype == "richtext");
    }
    body.sections.push(Section { html: false, alone: !leaf.place.alternative, content: clean(content) });
}

/// Lists what winmail.dat wraps up; false if it holds what cannot be read here, and is to be listed as it is.
fn tnef_part(leaf: &Leaf<'_>, body: &mut Body, mail: &mut ParsedMail) -> bool {
    let Some(tnef) = tnef::read(&leaf.decoded()) else { return false };
    let section = |html, content: String| Section { html, alone: false, content: clean(content) };
    let holds_text = tnef.text.is_some() || tnef.html.is_some();
    let holds_rich_text = tnef.rich_text.is_some();
    body.fallback.extend(tnef.text.map(|text| section(false, text)));
    body.fallback.extend(tnef.html.map(|html| section(true, html)));
    if !holds_text {
        body.fallback.extend(tnef.rich_text.map(rich));
    }
    for (index, file) in tnef.files.iter().enumerate() {
        mail.attachments.push(ParsedAttachment {
            part: contained(leaf, index),
            filename: file.name.clone(),
            content_type: file.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned()),
            content_id: file.content_id.clone(),
            disposition: Disposition::Attachment,
            size: file.place.len() as u64,
        });
    }
    (holds_text || holds_rich_text || !tnef.files.is_empty()) && !tnef.unread
}

fn contained(leaf: &Leaf<'_>, index: usize) -> u32 {
    leaf.number | (index as u32 + 1) << CONTAINED_SHIFT
}

/// The bytes of one attachment.
pub(crate) fn attachment(leaves: &[Leaf<'_>], part: u32) -> Option<Vec<u8>> {
    let number = part & ((1 << CONTAINED_SHIFT) - 1);
    let leaf = leaves.get(number.checked_sub(1)? as usize)?;
    let bytes = leaf.decoded();
    let Some(index) = (part >> CONTAINED_SHIFT).checked_sub(1) else {
        return Some(bytes.into_owned());
    };
    match Role::of(leaf) {
        Role::Tnef => bytes.get(tnef::read(&bytes)?.files.get(index as usize)?.place.clone()).map(<[u8]>::to_vec),
        _ => uuencode::find(&bytes).get(index as usize).map(|file| uuencode::decode(&bytes, file)),
    }
}

/// The text and the HTML of all sections. A section that exists in one form only is put into the other as well, so that
/// whoever reads one of them reads it all.
fn views(sections: Vec<Section>) -> (Option<String>, Option<String>) {
    let has = |html: bool| sections.iter().any(|section| section.html == html && !section.content.trim().is_empty());
    let (has_text, has_html) = (has(false), has(true));
    if !(has_text && has_html) || sections.iter().all(|section| !section.alone) {
        return (joined(&sections, false), joined(&sections, true));
    }
    let texts: String = sections.iter().filter(|section| !section.html).map(|section| fold(&section.content)).collect();
    let htmls: String =
        sections.iter().filter(|section| section.html).map(|section| fold(&html_to_text(&section.content))).collect();
    let (mut text, mut html) = (Vec::new(), Vec::new());
    for section in sections {
        // Some programs send two forms of one text without saying so.
        let told = |folded: &str, others: &str| folded.is_empty() || others.contains(folded);
        if section.html {
            let plain = clean(html_to_text(&section.content));
            if section.alone && !told(&fold(&plain), &texts) {
                text.push(plain);
            }
            html.push(section.content);
        } else {
            if section.alone && !told(&fold(&section.content), &htmls) {
                html.push(preformatted(&section.content));
            }
            text.push(section.content);
        }
    }
    (Some(text.join("\n")), Some(html.join("\n")))
}

fn joined(sections: &[Section], html: bool) -> Option<String> {
    let contents: Vec<&str> =
        sections.iter().filter(|section| section.html == html).map(|section| section.content.as_str()).collect();
    (!contents.is_empty()).then(|| contents.join("\n"))
}

/// Letters and digits only: what two forms of one text have in common.
fn fold(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn preformatted(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<div style=\"white-space: pre-wrap\">{escaped}</div>")
}

/// Line ends as LF; no NUL, which no database keeps in a text.
pub(crate) fn clean(text: String) -> String {
    if memchr::memchr2(b'\r', 0, text.as_bytes()).is_none() {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = memchr::memchr2(b'\r', 0, rest.as_bytes()) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        rest = match after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\r')) {
            Some(tail) => {
                out.push('\n');
                tail
            }
            None => after.get(1..).unwrap_or_default(),
        };
    }
    out.push_str(rest);
    out
}

/// A part the HTML shows by its Content-ID or Content-Location is inline; everything else is for the list of attachments.
fn mark_inline(leaves: &[Leaf<'_>], mail: &mut ParsedMail) {
    let Some(html) = mail.html.as_deref() else { return };
    if mail.attachments.is_empty() {
        return;
    }
    let shown = content_ids(html);
    for attachment in &mut mail.attachments {
        let by_id = attachment.content_id.as_ref().is_some_and(|id| shown.contains(id.as_str()));
        let leaf = leaves.get((attachment.part as usize).wrapping_sub(1));
        let by_place =
            leaf.filter(|leaf| leaf.place.related).and_then(Leaf::content_location).is_some_and(|location| {
                !location.is_empty() && memchr::memmem::find(html.as_bytes(), location.as_bytes()).is_some()
            });
        if by_id || by_place {
            attachment.disposition = Disposition::Inline;
        }
    }
}

/// What stands behind `cid:` in the HTML, percent-decoded.
fn content_ids(html: &str) -> HashSet<String> {
    let mut ids = HashSet::new();
    for at in memchr::memchr_iter(b':', html.as_bytes()) {
        if !html.as_bytes().get(at.saturating_sub(3)..at).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"cid")) {
            continue;
        }
        let rest = html.get(at + 1..).unwrap_or_default();
        let end = rest.find(['"', '\'', '>', ')', ' ', '\n', '\t']).unwrap_or(rest.len().min(256));
        if let Some(id) = rest.get(..end) {
            ids.insert(percent_decode_str(&id.replace("&amp;", "&")).decode_utf8_lossy().into_owned());
        }
        if ids.len() >= limits::MIME_PARTS_MAX {
            break;
        }
    }
    ids
}
