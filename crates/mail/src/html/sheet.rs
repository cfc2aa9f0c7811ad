//! The style sheets of a mail: rules that choose elements by name, class and place, with the declarations that a `style`
//! attribute may have. Owns which selectors and media stay; written anew from tokens, as `css` does. Ids become classes, so that
//! nothing in the page can be named by a mail.

use cssparser::{Delimiter, ParseError, Parser, Token, serialize_identifier};

use super::css;

/// Octets of all sheets of a mail that are read.
pub(super) const SHEETS_OCTETS_MAX: usize = 256 * 1024;
/// Rules kept.
const RULES_MAX: usize = 2_000;
/// Octets of the selectors of one rule.
const SELECTORS_OCTETS_MAX: usize = 4_000;
/// Classes kept on one element.
const CLASSES_MAX: usize = 20;
/// Octets of a class.
const CLASS_OCTETS_MAX: usize = 100;

/// What selectors may ask beside names: none of it tells what somebody does with the mail.
const PSEUDO_CLASSES: &[&str] = &["first-child", "hover", "last-child", "link", "visited"];

type Parsed<T> = Result<T, ParseError<()>>;

/// The rules that may stay, as the text of a `<style>`. `image` as in [`css::filter`].
pub(super) fn filter(sheets: &str, image: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut sheet = Sheet { image, out: String::new(), rules: 0 };
    let mut parser = Parser::new(sheets);
    sheet.rules(&mut parser, true);
    sheet.out
}

/// The classes that rules may choose an element by: its own, and its id.
pub(super) fn classes(class: Option<&str>, id: Option<&str>) -> Option<String> {
    let own = class.unwrap_or_default().split_ascii_whitespace().map(str::to_owned);
    let id = id.map(str::trim).filter(|id| !id.is_empty()).map(of_id);
    let kept: Vec<String> = own
        .chain(id)
        .filter(|class| class.len() <= CLASS_OCTETS_MAX && !class.contains(char::is_whitespace))
        .take(CLASSES_MAX)
        .collect();
    (!kept.is_empty()).then(|| kept.join(" "))
}

fn of_id(id: &str) -> String {
    format!("id-{id}")
}

struct Sheet<'a> {
    image: &'a mut dyn FnMut(&str) -> Option<String>,
    out: String,
    rules: usize,
}

impl Sheet<'_> {
    /// Rules up to the end of the block; `outermost`: media queries may hold some more.
    fn rules(&mut self, parser: &mut Parser<'_>, outermost: bool) {
        while self.rules < RULES_MAX {
            let Ok(token) = parser.next() else { return };
            match token.clone() {
                Token::AtKeyword(name) => self.at_rule(parser, &name, outermost),
                // `<!--` and `-->` of old, and what ends nothing.
                Token::CDO | Token::CDC | Token::Semicolon => {}
                first => {
                    if self.rule(parser, first).is_err() {
                        return;
                    }
                }
            }
        }
    }

    fn at_rule(&mut self, parser: &mut Parser<'_>, name: &str, outermost: bool) {
        let is_media = outermost && name.eq_ignore_ascii_case("media");
        let ends = Delimiter::CurlyBracketBlock | Delimiter::Semicolon;
        let query = parser.parse_until_before(ends, |prelude| {
            Ok::<_, ParseError<()>>(if is_media { media(prelude) } else { rest(prelude) })
        });
        let Ok(Token::CurlyBracketBlock) = parser.next().cloned() else { return };
        let _: Parsed<()> = parser.parse_nested_block(|block| {
            let Ok(Some(query)) = &query else { return Ok(()) };
            let begin = self.out.len();
            self.out.push_str(&format!("@media {query}{{"));
            let empty = self.out.len();
            self.rules(block, false);
            if self.out.len() == empty {
                self.out.truncate(begin);
            } else {
                self.out.push('}');
            }
            Ok(())
        });
    }

    fn rule(&mut self, parser: &mut Parser<'_>, first: Token<'_>) -> Parsed<()> {
        let is_block = first == Token::CurlyBracketBlock;
        let selectors = if is_block {
            None
        } else {
            let prelude = |prelude: &mut Parser<'_>| Ok::<_, ParseError<()>>(selectors(first, prelude));
            let found = parser.parse_until_before(Delimiter::CurlyBracketBlock, prelude)?;
            parser.expect_curly_bracket_block()?;
            found
        };
        let image = &mut *self.image;
        let declarations =
            parser.parse_nested_block(|block| Ok::<_, ParseError<()>>(css::declarations(block, image)))?;
        if let (Some(selectors), false) = (selectors, declarations.is_empty()) {
            self.rules += 1;
            self.out.push_str(&format!("{selectors}{{{declarations}}}"));
        }
        Ok(())
    }
}

/// Reads what is left, to no end.
fn rest(parser: &mut Parser<'_>) -> Option<String> {
    while parser.next().is_ok() {}
    None
}

/// Queries about the width alone: the mail is shown on light paper, whatever the screen, and learns nothing of it.
fn media(parser: &mut Parser<'_>) -> Option<String> {
    let mut out = String::new();
    let mut allowed = true;
    while let Ok(token) = parser.next().cloned() {
        match token {
            Token::Ident(word) => {
                let word = word.to_ascii_lowercase();
                allowed &= ["all", "and", "only", "screen"].contains(&word.as_str());
                if !out.is_empty() {
                    out.push(' ');
                }
                out.push_str(&word);
            }
            Token::Comma => out.push(','),
            Token::ParenthesisBlock => match parser.parse_nested_block(|block| Ok::<_, ParseError<()>>(width(block))) {
                Ok(Some(width)) => out.push_str(&format!(" {width}")),
                _ => allowed = false,
            },
            _ => allowed = false,
        }
    }
    (allowed && !out.is_empty()).then(|| out.trim().to_owned())
}

/// `(max-width: 600px)`, also of the device: the frame is all the device there is.
fn width(parser: &mut Parser<'_>) -> Option<String> {
    let name = parser.expect_ident().ok()?.to_ascii_lowercase();
    parser.expect_colon().ok()?;
    let name = match name.as_str() {
        "max-width" | "max-device-width" => "max-width",
        "min-width" | "min-device-width" => "min-width",
        _ => return None,
    };
    match parser.next().ok()? {
        Token::Dimension { value, unit, .. } if ["px", "em", "rem"].contains(&&**unit) && value.is_finite() => {
            Some(format!("({name}:{value}{unit})"))
        }
        _ => None,
    }
}

/// The selectors of a rule that may stay, without the others; `None` if none may.
fn selectors(first: Token<'_>, parser: &mut Parser<'_>) -> Option<String> {
    let mut all: Vec<String> = Vec::new();
    let mut one = String::new();
    let mut allowed = true;
    let mut next = Some(first);
    loop {
        let token = match next.take() {
            Some(token) => token,
            None => match parser.next_including_whitespace() {
                Ok(token) => token.clone(),
                Err(_) => break,
            },
        };
        if token == Token::Comma {
            finish(&mut all, &mut one, &mut allowed);
        } else {
            allowed &= one.len() <= SELECTORS_OCTETS_MAX && write(&token, parser, &mut one);
        }
    }
    finish(&mut all, &mut one, &mut allowed);
    let all = all.join(",");
    (!all.is_empty() && all.len() <= SELECTORS_OCTETS_MAX).then_some(all)
}

fn finish(all: &mut Vec<String>, one: &mut String, allowed: &mut bool) {
    let selector = std::mem::take(one);
    let selector = selector.trim();
    // What ends in a combinator chooses nothing, and would make the whole list invalid.
    if *allowed && !selector.is_empty() && !selector.ends_with(['>', '+', '~', '.', ':']) {
        all.push(selector.to_owned());
    }
    *allowed = true;
}

/// Writes a part of a selector; false if it may not stay.
fn write(token: &Token<'_>, parser: &mut Parser<'_>, out: &mut String) -> bool {
    match token {
        Token::WhiteSpace(_) => out.push(' '),
        Token::Delim(sign @ ('*' | '>' | '+' | '~')) => out.push(*sign),
        Token::Ident(name) => return name_into(name, out),
        Token::Delim('.') => {
            let Ok(Token::Ident(class)) = parser.next_including_whitespace().cloned() else { return false };
            out.push('.');
            return name_into(&class, out);
        }
        Token::IDHash(id) => {
            out.push('.');
            return name_into(&of_id(id), out);
        }
        Token::Colon => {
            let Ok(Token::Ident(name)) = parser.next_including_whitespace().cloned() else { return false };
            let name = name.to_ascii_lowercase();
            out.push(':');
            out.push_str(&name);
            return PSEUDO_CLASSES.contains(&name.as_str());
        }
        _ => return false,
    }
    true
}

fn name_into(name: &str, out: &mut String) -> bool {
    !name.contains(['<', '{', '}']) && serialize_identifier(name, out).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_lay_out_stay_and_what_asks_or_acts_goes() {
        let rows = [
            (".a{color:red}", ".a{color:red}"),
            ("<!-- p , td.b > a:hover{ color : red ; position : fixed } -->", "p,td.b > a:hover{color:red}"),
            ("#outlook a{padding:0}", ".id-outlook a{padding:0}"),
            ("a[href^=http],b{color:red}", "b{color:red}"),
            ("input[value^=a]{background:url(https://x.example/a)}", ""),
            ("a:focus,a::before,a:nth-child(2),:root{color:red}", ""),
            ("@import url(https://x.example/a.css);p{color:red}", "p{color:red}"),
            ("@import 'a.css' screen;p{color:red}", "p{color:red}"),
            ("@font-face{font-family:x;src:url(https://x.example/x.woff)}p{color:red}", "p{color:red}"),
            (
                "@media only screen and (max-width:480px){.c{width:100%!important}}",
                "@media only screen and (max-width:480px){.c{width:100%!important}}",
            ),
            ("@media (max-device-width: 30em){p{margin:0}}", "@media (max-width:30em){p{margin:0}}"),
            ("@media (prefers-color-scheme:dark){p{color:#fff}}p{margin:0}", "p{margin:0}"),
            ("@media screen{@media screen{p{color:red}}}", ""),
            ("@media print{p{display:none}}", ""),
            ("@supports (x:y){p{color:red}}b{color:red}", "b{color:red}"),
            ("p{color:red", "p{color:red}"),
            ("}p{color:red}b{color:blue}", "b{color:blue}"),
            ("p{height:100vh}", ""),
            (".a\\3c b{color:red}", ""),
            ("p{font-family:\"</style><script>\"}", ""),
            ("p{font-family:\"a}b{\";margin:0}", "p{margin:0}"),
            ("p > {color:red} > b{color:red}", " > b{color:red}"),
            ("{color:red}p{color:red}", "p{color:red}"),
            ("", ""),
        ];
        for (sheet, wanted) in rows {
            assert_eq!(filter(sheet, &mut |_| None).trim(), wanted.trim(), "{sheet}");
        }
    }

    #[test]
    fn ids_become_classes_that_rules_still_choose() {
        assert_eq!(classes(Some(" a  b "), Some("top")).as_deref(), Some("a b id-top"));
        assert_eq!(classes(None, Some("two words")), None);
        assert_eq!(classes(Some(""), None), None);
        assert_eq!(classes(Some(&"x ".repeat(100)), None).map(|kept| kept.len()), Some(39));
    }

    #[test]
    fn sheets_made_to_hurt_are_survived() {
        for part in ["{", "}", "@media x{", "a{", "a,", "a>", "[", "(", "@", "a{b:c(", ":", "/*", "\\"] {
            let out = filter(&part.repeat(50_000), &mut |_| None);
            assert!(!out.contains('<') && out.len() <= 200_000, "{part}");
        }
        assert!(filter(&"p{color:red}".repeat(10_000), &mut |_| None).len() <= RULES_MAX * 12);
    }
}
