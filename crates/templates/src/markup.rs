//! What becomes of a template's markup besides its variables: MJML is made HTML, rules of `<style>` move to the elements they choose.
//! Loads nothing. Both libraries recurse with the depth of what they read, so they run on a stack that is large enough for all they are
//! given, and are given no more than that.

use std::io::{self, Write};
use std::thread;

use html5gum::{Token, Tokenizer, emitters::default::DefaultEmitter};
use model::limits::{
    TEMPLATE_ELEMENTS_MAX, TEMPLATE_RENDERED_BYTES_MAX, TEMPLATE_STYLE_BYTES_MAX, TEMPLATE_STYLE_COMPARISONS_MAX,
};
use mrml::prelude::parser::ParserOptions;
use mrml::prelude::parser::noop_loader::NoopIncludeLoader;
use mrml::prelude::render::RenderOptions;

/// Bytes of stack: [`TEMPLATE_ELEMENTS_MAX`] elements within each other, some kilobytes each.
const STACK_BYTES: usize = 128 * 1024 * 1024;
/// Elements such as `<b>` that are left open. A parser opens them again in every paragraph that follows.
const LEFT_OPEN_MAX: i32 = 16;

/// Formatting elements (WHATWG HTML, 13.2.4.3).
const FORMATTING: [&[u8]; 14] =
    [b"a", b"b", b"big", b"code", b"em", b"font", b"i", b"nobr", b"s", b"small", b"strike", b"strong", b"tt", b"u"];
/// Elements whose content is read by other rules than we count by. Mail has none of them.
const UNUSUAL: [&[u8]; 9] =
    [b"iframe", b"math", b"noembed", b"noframes", b"noscript", b"plaintext", b"select", b"svg", b"xmp"];

/// Runs `work` on the large stack. A panic within is an error.
fn on_a_large_stack<T: Send>(work: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("markup".into()).stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("there is no thread to read it on: {error}"))?;
        thread.join().unwrap_or_else(|_| Err("it can't be read".into()))
    })
}

/// Tags in a text, counted generously: wherever `<` and a letter meet.
fn tags(source: &str) -> usize {
    source.as_bytes().windows(2).filter(|pair| matches!(pair, [b'<', letter] if letter.is_ascii_alphabetic())).count()
}

fn check_tags(source: &str) -> Result<usize, String> {
    match tags(source) {
        count if count > TEMPLATE_ELEMENTS_MAX => {
            Err(format!("it has {count} elements; at most {TEMPLATE_ELEMENTS_MAX} are possible"))
        }
        count => Ok(count),
    }
}

/// MJML as HTML. Handlebars' tags in texts and attributes come through as they are. `mj-include` is refused.
pub(crate) fn mjml(source: &str) -> Result<String, String> {
    check_tags(source)?;
    on_a_large_stack(|| {
        let options = ParserOptions { include_loader: Box::new(NoopIncludeLoader) };
        let parsed =
            mrml::parse_with_options(source, &options).map_err(|error| format!("the MJML can't be read: {error}"))?;
        let html = parsed.element.render(&RenderOptions::default());
        html.map_err(|error| format!("the MJML can't be made HTML: {error}"))
    })
}

/// Takes no more than a rendered part may have.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > TEMPLATE_RENDERED_BYTES_MAX {
            return Err(io::Error::other("full"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Moves the rules of `<style>` to the elements they choose, since mail programs drop style sheets. `@media` and the like stay in a
/// `<style>`. HTML without one is left as it is.
pub(crate) fn inline_styles(html: String) -> Result<String, String> {
    let has_style = html.as_bytes().windows(6).any(|window| window.eq_ignore_ascii_case(b"<style"));
    if !has_style {
        return Ok(html);
    }
    let elements = check_tags(&html)?;
    check_shape(&html, elements)?;
    on_a_large_stack(|| {
        let inliner = css_inline::CSSInliner::options()
            .load_remote_stylesheets(false)
            .keep_link_tags(true)
            .keep_at_rules(true)
            .build();
        let mut out = Bounded(Vec::new());
        let inlined = inliner.inline_to(&html, &mut out);
        inlined.map_err(|error| match error {
            css_inline::InlineError::IO(_) => {
                format!("with its styles it comes to more than {TEMPLATE_RENDERED_BYTES_MAX} bytes")
            }
            other => format!("its styles can't be read: {other}"),
        })?;
        String::from_utf8(out.0).map_err(|error| error.to_string())
    })
}

/// Refuses what takes more than linear time to read.
fn check_shape(html: &str, elements: usize) -> Result<(), String> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    let (mut left_open, mut in_style, mut style_bytes, mut selectors) = (0_i32, false, 0, 0);
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name: &[u8] = &tag.name;
                if UNUSUAL.contains(&name) {
                    return Err(format!(
                        "styles are not inlined beside <{}>: leave it out",
                        String::from_utf8_lossy(name)
                    ));
                }
                in_style = name == b"style";
                left_open += i32::from(FORMATTING.contains(&name));
                if left_open > LEFT_OPEN_MAX {
                    return Err(format!(
                        "more than {LEFT_OPEN_MAX} elements such as <b> and <a> are left open: close them"
                    ));
                }
            }
            Token::EndTag(tag) => {
                in_style = false;
                let name: &[u8] = &tag.name;
                left_open = (left_open - i32::from(FORMATTING.contains(&name))).max(0);
            }
            Token::String(text) if in_style => {
                style_bytes += text.len();
                selectors += text.iter().filter(|byte| matches!(byte, b'{' | b',')).count();
            }
            _ => {}
        }
    }
    if style_bytes > TEMPLATE_STYLE_BYTES_MAX {
        return Err(format!("its styles have {style_bytes} bytes; at most {TEMPLATE_STYLE_BYTES_MAX} are inlined"));
    }
    if selectors.saturating_mul(elements) > TEMPLATE_STYLE_COMPARISONS_MAX {
        return Err(format!("{selectors} selectors for {elements} elements are too many to be inlined"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_move_to_the_elements_they_choose() {
        let html = "<html><head><style>p { color: red } @media (max-width: 9px) { p { color: blue } }</style>\
                    <link rel=\"stylesheet\" href=\"https://example.com/a.css\"></head><body><p>a &lt; b</p></body></html>";
        let inlined = inline_styles(html.into()).expect("inlines");
        assert!(inlined.contains("<p style=\"color: red;\">a &lt; b</p>"), "{inlined}");
        assert!(inlined.contains("@media") && !inlined.contains("p { color: red }"), "{inlined}");
        assert_eq!(inline_styles("<p>a".into()), Ok("<p>a".into()));
    }

    #[test]
    fn markup_that_is_made_to_cost_is_refused() {
        let style = "<style>p{color:red}</style>";
        let deep = format!("{style}{}", "<div>".repeat(TEMPLATE_ELEMENTS_MAX - 1));
        assert!(inline_styles(deep).is_ok(), "as deep as it may be");
        let cases = [
            format!("{style}{}", "<div>".repeat(TEMPLATE_ELEMENTS_MAX + 1)),
            format!("{style}{}", "<b><p></p>".repeat(1_000)),
            format!("<style>{}</style>{}", "p{}".repeat(2_000), "<p>".repeat(4_000)),
            format!("<style>{}</style><p>", " ".repeat(TEMPLATE_STYLE_BYTES_MAX + 1)),
            format!("<style>p{{background:url({})}}</style>{}", "x".repeat(10_000), "<p>".repeat(1_000)),
            format!("{style}<noscript>"),
        ];
        for html in cases {
            assert!(inline_styles(html.clone()).is_err(), "{:.80}", html);
        }
        let nested = |depth| {
            format!("<mjml><mj-body><mj-raw>{}{}</mj-raw></mj-body></mjml>", "<b>".repeat(depth), "</b>".repeat(depth))
        };
        assert!(mjml(&nested(1_000)).is_ok());
        assert!(mjml(&nested(TEMPLATE_ELEMENTS_MAX - 3)).is_ok());
        assert!(mjml(&nested(TEMPLATE_ELEMENTS_MAX)).is_err());
        assert!(mjml("<mjml><mj-body><mj-include path=\"/etc/passwd\" /></mj-body></mjml>").is_err());
    }
}
