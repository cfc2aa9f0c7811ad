//! Declarations of a `style` attribute: the properties mail is laid out with, and only values that can neither
//! fetch, nor run, nor leave their place. Owns the list of both; written anew from tokens, so that no spelling of
//! something forbidden comes through.

use cssparser::{Delimiter, ParseError, Parser, ToCss, Token, serialize_string};

/// Nested functions in a value.
const FUNCTION_DEPTH_MAX: usize = 4;

/// Properties that are kept as they are, if their value is.
const PROPERTIES: &[&str] = &[
    "background",
    "background-color",
    "background-image",
    "background-position",
    "background-repeat",
    "background-size",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "caption-side",
    "clear",
    "color",
    "direction",
    "display",
    "empty-cells",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style",
    "list-style-position",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "opacity",
    "overflow",
    "overflow-wrap",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-line",
    "text-decoration-style",
    "text-indent",
    "text-overflow",
    "text-transform",
    "unicode-bidi",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
];

/// Functions a value may use.
const FUNCTIONS: &[&str] = &["calc", "hsl", "hsla", "linear-gradient", "max", "min", "radial-gradient", "rgb", "rgba"];

/// The declarations that may stay. `image` answers for every `url(…)` in a background: what to write instead, if
/// anything.
pub(super) fn filter(style: &str, image: &mut dyn FnMut(&str) -> Option<String>) -> String {
    declarations(&mut Parser::new(style), image)
}

/// As [`filter`], up to the end of a block.
pub(super) fn declarations(parser: &mut Parser<'_>, image: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::new();
    while !parser.is_exhausted() {
        let declaration = parser.parse_until_after(Delimiter::Semicolon, |parser| declaration(parser, image));
        if let Ok(Some(declaration)) = declaration {
            if !out.is_empty() {
                out.push(';');
            }
            out.push_str(&declaration);
        }
    }
    out
}

type Parsed<T> = Result<T, ParseError<()>>;

fn declaration(parser: &mut Parser<'_>, image: &mut dyn FnMut(&str) -> Option<String>) -> Parsed<Option<String>> {
    let property = parser.expect_ident()?.to_ascii_lowercase();
    parser.expect_colon()?;
    let mut value = String::new();
    let is_background = matches!(property.as_str(), "background" | "background-image");
    // Every value is read, so that blocked images are counted whatever becomes of the declaration.
    let allowed = values(parser, is_background, image, &mut value, 0)?;
    let value = value.trim();
    if !allowed || value.is_empty() || PROPERTIES.binary_search(&property.as_str()).is_err() {
        return Ok(None);
    }
    Ok(Some(format!("{property}:{value}")))
}

/// Writes the tokens that may stay; says whether all the others were harmless to leave out.
fn values(
    parser: &mut Parser<'_>,
    is_background: bool,
    image: &mut dyn FnMut(&str) -> Option<String>,
    out: &mut String,
    depth: usize,
) -> Parsed<bool> {
    while let Ok(token) = parser.next_including_whitespace() {
        let token = token.clone();
        match &token {
            Token::WhiteSpace(_) => out.push(' '),
            Token::Ident(name) if is_harmless_word(name) => out.push_str(&token.to_css_string()),
            Token::Dimension { unit, .. } if is_of_frame_height(unit) => return Ok(false),
            Token::Hash(name) | Token::IDHash(name) if is_plain(name) => out.push_str(&token.to_css_string()),
            Token::Dimension { unit, .. } if is_plain(unit) => out.push_str(&token.to_css_string()),
            // What ends declarations and rules elsewhere is in no name of a font.
            Token::QuotedString(text) if !text.contains(['{', '}', ';', '<', '\\']) => {
                out.push_str(&token.to_css_string())
            }
            Token::Number { .. }
            | Token::Percentage { .. }
            | Token::Comma
            | Token::Delim('/' | '!' | '+' | '-' | '*') => {
                out.push_str(&token.to_css_string());
            }
            Token::UnquotedUrl(url) if is_background => write_image(image(url), out)?,
            Token::Function(name) if name.eq_ignore_ascii_case("url") && is_background => {
                let url = parser.parse_nested_block(|inner| inner.expect_string_cloned().map_err(ParseError::from))?;
                write_image(image(&url), out)?;
            }
            Token::Function(name) if depth < FUNCTION_DEPTH_MAX => {
                let name = name.to_ascii_lowercase();
                if FUNCTIONS.binary_search(&name.as_str()).is_err() {
                    return Ok(false);
                }
                out.push_str(&name);
                out.push('(');
                if !parser.parse_nested_block(|inner| values(inner, false, image, out, depth + 1))? {
                    return Ok(false);
                }
                out.push(')');
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Nothing that has to be written with an escape.
fn is_plain(word: &str) -> bool {
    word.chars().all(|character| character.is_alphanumeric() || matches!(character, '-' | '_'))
}

/// Units that follow the height of the frame, which follows that of the mail: it would grow as long as it is shown.
fn is_of_frame_height(unit: &str) -> bool {
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_prefix(['s', 'l', 'd']).unwrap_or(&unit);
    matches!(unit, "vh" | "vb" | "vmin" | "vmax")
}

/// `position`, `behavior` and the like are no properties of ours; as words they are only suspicious.
fn is_harmless_word(word: &str) -> bool {
    word.len() <= 64
        && is_plain(word)
        && !["expression", "javascript", "behavior", "binding"].iter().any(|bad| word.eq_ignore_ascii_case(bad))
}

fn write_image(url: Option<String>, out: &mut String) -> Parsed<()> {
    if let Some(url) = url {
        out.push_str("url(");
        // In an address these mean the same, and nothing that looks for the end of a rule or of a sheet finds one there.
        let url = url.replace('{', "%7B").replace('}', "%7D").replace('<', "%3C");
        // Writing to a string does not fail.
        let _ = serialize_string(&url, out);
        out.push(')');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_for_their_search() {
        assert!(PROPERTIES.is_sorted());
        assert!(FUNCTIONS.is_sorted());
    }

    #[test]
    fn what_lays_out_stays_and_what_acts_goes() {
        let rows = [
            ("color: red", "color:red"),
            ("COLOR:#FFF;;width:50%", "color:#FFF;width:50%"),
            ("color:rgb(1, 2, 3)!important", "color:rgb(1, 2, 3)!important"),
            ("font-family:\"Segoe UI\", Arial", "font-family:\"Segoe UI\", Arial"),
            ("margin:0 auto;position:fixed;top:0", "margin:0 auto"),
            ("position:\\66ixed", ""),
            ("width:expression(alert(1))", ""),
            ("width:e\\78pression(alert(1))", ""),
            ("width:exp/**/ression(alert(1))", ""),
            ("behavior:url(x.htc)", ""),
            ("-moz-binding:url(x)", ""),
            ("background:url(javascript:x) red", "background:red"),
            ("background:url(javascript:alert(1)) red", ""),
            ("background:u\\72l(https://x.example/a) red", "background:red"),
            ("background-image:image-set(\"https://x.example/a\" 1x)", ""),
            ("list-style:url(https://x.example/a)", ""),
            ("color:red;}body{display:none", "color:red"),
            ("color:red<!--", ""),
            ("@import 'x';color:red", "color:red"),
            ("color:var(--x)", ""),
            ("content:'x'", ""),
            ("width:calc(1px + (2px))", ""),
            ("width:calc(100% - 2px)", "width:calc(100% - 2px)"),
            ("height:100vh;width:50vw", "width:50vw"),
            ("font-family:\"a{b\";color:#fff", "color:#fff"),
            ("color:a\\{b;width:1p\\}x;background:#f\\{0;margin:0", "margin:0"),
            ("min-height:calc(100DVH + 1px);padding:1svmax;margin:1lvb", ""),
        ];
        for (style, wanted) in rows {
            assert_eq!(filter(style, &mut |_| None), wanted, "{style}");
        }
    }

    #[test]
    fn images_are_what_the_callback_says() {
        let mut seen = Vec::new();
        let style = "background:#fff url('cid:a') no-repeat; background-image:url( https://x.example/b )";
        let filtered = filter(style, &mut |url| {
            seen.push(url.to_owned());
            (url == "cid:a").then(|| "/a\"b".to_owned())
        });
        assert_eq!(filtered, "background:#fff url(\"/a\\\"b\") no-repeat");
        assert_eq!(seen, ["cid:a", "https://x.example/b"]);
        let kept = filter("background:url(https://x.example/?a={<}b)", &mut |url| Some(url.to_owned()));
        assert_eq!(kept, "background:url(\"https://x.example/?a=%7B%3C%7Db\")");
    }

    #[test]
    fn deep_nesting_is_survived() {
        filter(&format!("width:{}", "(".repeat(200_000)), &mut |_| None);
        filter(&format!("width:{}", "calc(".repeat(200_000)), &mut |_| None);
        filter(&"{[(".repeat(100_000), &mut |_| None);
    }
}
