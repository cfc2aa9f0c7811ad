//! From bytes to a tree that is bounded: html5gum cuts the text into tags, this lets the known ones through,
//! html5ever builds what a browser would. Owns the limits that keep hostile nesting from costing time or memory;
//! decides nothing about attributes.

use std::cell::Cell;
use std::convert::Infallible;

use html5ever::interface::Tracer;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{Doctype, Tag, TagKind, Token, TokenSink};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, ns};
use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, ForwardingEmitter, Span, State, Tokenizer};

use super::dom::{Handle, Sink, Tree};
use super::sheet::SHEETS_OCTETS_MAX;

/// Nodes of a tree. Beyond them only text is added.
pub(super) const NODES_MAX: usize = 100_000;
/// Elements that are open at once, and those the builder would open again. Its work per tag grows with both.
const OPEN_ELEMENTS_MAX: usize = 512;
/// Tags between two counts of the open elements.
const TAGS_BETWEEN_COUNTS: usize = 32;
/// Attributes kept of one tag, or of a `<body>` that comes again and again. Each is compared with all before it.
pub(super) const ATTRIBUTES_MAX: usize = 48;
/// Octets of an attribute's name; all names that mean something are shorter.
const ATTRIBUTE_NAME_OCTETS_MAX: usize = 32;
/// Octets of an attribute's value, unless it is an image in the mail itself.
const ATTRIBUTE_VALUE_OCTETS_MAX: usize = 16 * 1024;

/// What mail is made of. Any other tag is left out and its content kept.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "main",
    "mark",
    "nav",
    "nobr",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// What is left out with its content.
const DROPPED: &[&str] = &[
    "applet", "audio", "canvas", "iframe", "math", "noembed", "noframes", "object", "script", "select", "style", "svg",
    "template", "textarea", "title", "video",
];

/// Start tags that end foreign content in a browser (WHATWG HTML §13.2.6.5), so that an open `<svg>` hides no mail.
const ENDS_FOREIGN: &[&str] = &[
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "dd",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "nobr",
    "ol",
    "p",
    "pre",
    "ruby",
    "s",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tt",
    "u",
    "ul",
    "var",
];

/// Whether this element is let into the tree (`html` and `head` come from the builder itself).
pub(super) fn is_known(name: &str) -> bool {
    ELEMENTS.binary_search(&name).is_ok()
}

/// The elements that may be in a tree.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    ELEMENTS.iter().copied()
}

pub(super) struct Read {
    pub tree: Tree,
    /// There was more than a tree may hold; all its text is there, not all its elements.
    pub truncated: bool,
    /// The text of its style sheets, up to [`SHEETS_OCTETS_MAX`].
    pub sheets: String,
}

pub(super) fn read(html: &str) -> Read {
    // Never fails: the reader is a string.
    let builder = TreeBuilder::new(Sink::new(), TreeBuilderOpts::default());
    let mut feed = Feed::new(&builder);
    let (truncated, sheets);
    {
        let emitter = Switching { inner: CallbackEmitter::new(&mut feed) };
        let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
        truncated = feed.truncated;
        sheets = std::mem::take(&mut feed.sheets);
    }
    let _ = builder.process_token(Token::EOFToken, 1);
    builder.end();
    Read { tree: builder.sink.take(), truncated, sheets }
}

/// Lets what the feed says about a start tag set the tokenizer's state.
struct Switching<'a, 'b> {
    inner: CallbackEmitter<&'a mut Feed<'b>, Infallible>,
}

impl ForwardingEmitter for Switching<'_, '_> {
    type Token = Infallible;

    fn inner(&mut self) -> &mut impl Emitter<Token = Infallible> {
        &mut self.inner
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        let _ = self.inner.emit_current_tag();
        self.inner.callback_mut().next_state.take()
    }
}

struct PendingTag {
    name: String,
    attributes: Vec<(String, String)>,
    takes_value: bool,
}

struct Feed<'b> {
    builder: &'b TreeBuilder<Handle, Sink>,
    tag: Option<PendingTag>,
    /// The element whose content is being left out, and how often it is open.
    dropping: Option<(String, usize)>,
    next_state: Option<State>,
    sheets: String,
    tags_since_count: usize,
    is_full: bool,
    truncated: bool,
}

impl Callback<Infallible, ()> for &mut Feed<'_> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _span: Span<()>) -> Option<Infallible> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.tag = Some(PendingTag { name, attributes: Vec::new(), takes_value: false });
            }
            CallbackEvent::AttributeName { name } => self.attribute_name(name),
            CallbackEvent::AttributeValue { value } => self.attribute_value(value),
            CallbackEvent::CloseStartTag { self_closing } => {
                if let Some(tag) = self.tag.take() {
                    self.start_tag(tag, self_closing);
                }
            }
            CallbackEvent::EndTag { name } => self.end_tag(&String::from_utf8_lossy(name)),
            CallbackEvent::String { value } => self.text(&String::from_utf8_lossy(value)),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        None
    }
}

impl<'b> Feed<'b> {
    fn new(builder: &'b TreeBuilder<Handle, Sink>) -> Self {
        // Mail is shown in a page of ours, which is in standards mode whatever the mail says.
        let doctype =
            Doctype { name: Some(StrTendril::from("html")), public_id: None, system_id: None, force_quirks: false };
        let _ = builder.process_token(Token::DoctypeToken(doctype), 1);
        Self {
            builder,
            tag: None,
            dropping: None,
            next_state: None,
            sheets: String::new(),
            tags_since_count: 0,
            is_full: false,
            truncated: false,
        }
    }

    fn attribute_name(&mut self, name: &[u8]) {
        let Some(tag) = &mut self.tag else { return };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        tag.takes_value = tag.attributes.len() < ATTRIBUTES_MAX
            && name.len() <= ATTRIBUTE_NAME_OCTETS_MAX
            && !tag.attributes.iter().any(|(other, _)| *other == name);
        if tag.takes_value {
            tag.attributes.push((name, String::new()));
        }
    }

    fn attribute_value(&mut self, value: &[u8]) {
        let Some(tag) = &mut self.tag else { return };
        let Some((name, kept)) = tag.attributes.last_mut().filter(|_| tag.takes_value) else { return };
        let is_image = tag.name == "img" && name == "src";
        if is_image || kept.len() + value.len() <= ATTRIBUTE_VALUE_OCTETS_MAX {
            kept.push_str(&String::from_utf8_lossy(value));
        }
    }

    fn start_tag(&mut self, tag: PendingTag, self_closing: bool) {
        let name = tag.name.as_str();
        if let Some((dropped, open)) = &mut self.dropping {
            let is_foreign = matches!(dropped.as_str(), "svg" | "math");
            if !(is_foreign && ENDS_FOREIGN.contains(&name)) {
                *open += usize::from(dropped == name && !self_closing);
                return;
            }
            self.dropping = None;
        }
        if DROPPED.binary_search(&name).is_ok() {
            // Only foreign elements close themselves with a slash.
            if self_closing && matches!(name, "svg" | "math") {
                return;
            }
            self.next_state = match name {
                "script" => Some(State::ScriptData),
                "textarea" | "title" => Some(State::RcData),
                "iframe" | "noembed" | "noframes" | "style" => Some(State::RawText),
                _ => None,
            };
            if name == "style" {
                // What one sheet leaves open is not for the next to close.
                self.sheets.push('\n');
            }
            self.dropping = Some((tag.name, 1));
            return;
        }
        let name = if matches!(name, "listing" | "plaintext" | "xmp") { "pre" } else { name };
        if !is_known(name) || !self.has_room() {
            return;
        }
        let attributes = tag.attributes.into_iter().map(|(name, value)| Attribute {
            name: QualName::new(None, ns!(), LocalName::from(name)),
            value: StrTendril::from(value),
        });
        self.token(Tag {
            kind: TagKind::StartTag,
            name: LocalName::from(name),
            self_closing,
            attrs: attributes.collect(),
            had_duplicate_attributes: false,
        });
    }

    fn end_tag(&mut self, name: &str) {
        if let Some((dropped, open)) = &mut self.dropping {
            if dropped == name {
                *open -= 1;
                if *open == 0 {
                    self.dropping = None;
                }
            }
            return;
        }
        if !is_known(name) {
            return;
        }
        self.count_when_due();
        // A stray `</p>` or `</br>` makes an element.
        if matches!(name, "p" | "br") && !self.has_room() {
            return;
        }
        self.token(Tag {
            kind: TagKind::EndTag,
            name: LocalName::from(name),
            self_closing: false,
            attrs: Vec::new(),
            had_duplicate_attributes: false,
        });
    }

    fn text(&mut self, text: &str) {
        if let Some((dropped, _)) = &self.dropping {
            if dropped == "style" && self.sheets.len() + text.len() <= SHEETS_OCTETS_MAX {
                self.sheets.push_str(text);
            }
            return;
        }
        let text = if text.contains('\0') { text.replace('\0', "") } else { text.to_owned() };
        if !text.is_empty() {
            let _ = self.builder.process_token(Token::CharacterTokens(StrTendril::from(text)), 1);
        }
    }

    fn token(&self, tag: Tag) {
        // The answers (states for scripts and raw text) concern elements that never come here.
        let _ = self.builder.process_token(Token::TagToken(tag), 1);
    }

    fn has_room(&mut self) -> bool {
        if self.builder.sink.len() >= NODES_MAX {
            self.truncated = true;
            return false;
        }
        self.count_when_due();
        !self.is_full
    }

    fn count_when_due(&mut self) {
        self.tags_since_count += 1;
        if self.tags_since_count < TAGS_BETWEEN_COUNTS {
            return;
        }
        self.tags_since_count = 0;
        let count = Count(Cell::new(0));
        self.builder.trace_handles(&count);
        self.is_full = count.0.get() > OPEN_ELEMENTS_MAX;
    }
}

/// Counts what the builder holds: its only way of saying how deep it is.
struct Count(Cell<usize>);

impl Tracer for Count {
    type Handle = Handle;

    fn trace_handle(&self, _node: &Handle) {
        self.0.set(self.0.get() + 1);
    }
}
