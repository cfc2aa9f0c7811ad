//! Cuts a template's source into texts and tags, and takes away the white space that tags claim: what `~` stands beside, and the
//! line that a block's tag has to itself. Never looks into a tag beyond its first characters.

use crate::fault::{Place, Unparsable};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagKind {
    /// `{{x}}`
    Escaped,
    /// `{{{x}}}`, `{{&x}}`
    Raw,
    /// `{{#x}}`
    Open,
    /// `{{^x}}`, or `{{^}}` for `{{else}}`
    Inverse,
    /// `{{/x}}`
    Close,
    /// `{{else}}`, `{{else if x}}`
    Else,
    /// `{{>x}}`
    Partial,
    /// `{{#>x}}`
    PartialBlock,
    /// `{{#*inline "x"}}`
    Inline,
    /// `{{! x}}`
    Comment,
}

impl TagKind {
    /// Whether a line that has nothing else is no line of the output.
    const fn may_stand_alone(self) -> bool {
        !matches!(self, Self::Escaped | Self::Raw)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag<'s> {
    pub kind: TagKind,
    /// Without braces, sigil and `~`.
    pub body: &'s str,
    pub at: Place,
    trim_before: bool,
    trim_after: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token<'s> {
    Text(String),
    Tag(Tag<'s>),
}

/// # Errors
/// A tag that does not end, or one of a kind that there is not here.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Unparsable> {
    let mut found = cut(source)?;
    claim_white_space(&mut found);
    Ok(found)
}

/// Counts lines and columns along the source.
struct Counter<'s> {
    source: &'s str,
    counted: usize,
    place: Place,
}

impl Counter<'_> {
    /// `offset` never goes backwards.
    fn at(&mut self, offset: usize) -> Place {
        for letter in self.source.get(self.counted..offset).unwrap_or_default().chars() {
            if letter == '\n' {
                self.place = Place { line: self.place.line + 1, column: 1 };
            } else {
                self.place.column += 1;
            }
        }
        self.counted = offset;
        self.place
    }
}

fn cut(source: &str) -> Result<Vec<Token<'_>>, Unparsable> {
    let mut counter = Counter { source, counted: 0, place: Place { line: 1, column: 1 } };
    let (mut found, mut text, mut rest_at) = (Vec::new(), String::new(), 0);
    while let Some(distance) = source.get(rest_at..).and_then(|rest| rest.find("{{")) {
        let open = rest_at + distance;
        let before = source.get(rest_at..open).unwrap_or_default();
        // `\{{` is two braces of the text; `\\{{` is a backslash and a tag.
        if let Some(kept) = before.strip_suffix('\\') {
            text.push_str(kept);
            if !kept.ends_with('\\') {
                text.push_str("{{");
                rest_at = open + 2;
                continue;
            }
        } else {
            text.push_str(before);
        }
        let at = counter.at(open);
        let (tag, after) = tag(source, open, at)?;
        found.push(Token::Text(std::mem::take(&mut text)));
        found.push(Token::Tag(tag));
        rest_at = after;
    }
    text.push_str(source.get(rest_at..).unwrap_or_default());
    found.push(Token::Text(text));
    Ok(found)
}

/// The tag that opens at `open`, and where the source goes on.
fn tag(source: &str, open: usize, at: Place) -> Result<(Tag<'_>, usize), Unparsable> {
    let inside = source.get(open + 2..).unwrap_or_default();
    if inside.starts_with("{{") {
        return Err(Unparsable::new(at, "raw blocks ({{{{…}}}}) are not available: write \\{{ for two braces"));
    }
    let unended = |end: &str| Unparsable::new(at, format!("this tag has no end: {end} is missing"));
    if let Some(raw) = inside.strip_prefix('{') {
        let length = end_of_tag(raw, "}}}").ok_or_else(|| unended("}}}"))?;
        let (body, trim_before, trim_after) = trims(raw.get(..length).unwrap_or_default());
        return Ok((Tag { kind: TagKind::Raw, body, at, trim_before, trim_after }, open + 3 + length + 3));
    }
    let begun = inside.strip_prefix('~').unwrap_or(inside);
    let is_long_comment = begun.starts_with("!--");
    let length = if is_long_comment {
        let length = end_of_comment(begun).ok_or_else(|| unended("--}}"))?;
        length + (inside.len() - begun.len())
    } else if begun.starts_with('!') {
        inside.find("}}").ok_or_else(|| unended("}}"))?
    } else {
        end_of_tag(inside, "}}").ok_or_else(|| unended("}}"))?
    };
    let (body, trim_before, trim_after) = trims(inside.get(..length).unwrap_or_default());
    let (kind, body) = kind(body, at)?;
    Ok((Tag { kind, body: body.trim(), at, trim_before, trim_after }, open + 2 + length + 2))
}

/// Where a tag's body ends: at `end` outside of quotes and brackets.
fn end_of_tag(body: &str, end: &str) -> Option<usize> {
    let mut closing = None;
    for (offset, letter) in body.char_indices() {
        match closing {
            Some(wanted) if letter == wanted => closing = None,
            Some(_) => {}
            None if body.get(offset..).is_some_and(|rest| rest.starts_with(end)) => return Some(offset),
            None => {
                closing = match letter {
                    '"' | '\'' => Some(letter),
                    '[' => Some(']'),
                    _ => None,
                }
            }
        }
    }
    None
}

/// Where the body of `{{!-- … --}}` ends; `--` counts once it is behind the two that began it.
fn end_of_comment(body: &str) -> Option<usize> {
    let mut from = 3;
    loop {
        let hyphens = from + body.get(from..)?.find("--")?;
        let behind = body.get(hyphens + 2..)?;
        if behind.starts_with("}}") {
            return Some(hyphens + 2);
        }
        if behind.starts_with("~}}") {
            return Some(hyphens + 3);
        }
        from = hyphens + 1;
    }
}

fn trims(body: &str) -> (&str, bool, bool) {
    let (body, before) = body.strip_prefix('~').map_or((body, false), |body| (body, true));
    let (body, after) = body.strip_suffix('~').map_or((body, false), |body| (body, true));
    (body.trim(), before, after)
}

fn kind(body: &str, at: Place) -> Result<(TagKind, &str), Unparsable> {
    let sigils = [
        ("#>", TagKind::PartialBlock),
        ("#*", TagKind::Inline),
        ("#", TagKind::Open),
        ("^", TagKind::Inverse),
        ("/", TagKind::Close),
        (">", TagKind::Partial),
        ("!", TagKind::Comment),
        ("&", TagKind::Raw),
    ];
    if body.starts_with('*') {
        return Err(Unparsable::new(at, "decorators are not available, except for {{#*inline \"name\"}}"));
    }
    for (sigil, kind) in sigils {
        if let Some(body) = body.strip_prefix(sigil) {
            return Ok((kind, body));
        }
    }
    match body.strip_prefix("else") {
        Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => Ok((TagKind::Else, rest)),
        _ => Ok((TagKind::Escaped, body)),
    }
}

/// Shortens the texts beside tags. Texts and tags alternate, and both ends are texts.
fn claim_white_space(tokens: &mut [Token<'_>]) {
    let last = tokens.len().saturating_sub(1);
    // What is claimed of a text at its beginning and at its end, found while all texts are whole.
    let mut claims = vec![(0_usize, 0_usize); tokens.len()];
    for (number, token) in tokens.iter().enumerate() {
        let (Token::Tag(tag), Some(Token::Text(before)), Some(Token::Text(after))) =
            (token, number.checked_sub(1).and_then(|before| tokens.get(before)), tokens.get(number + 1))
        else {
            continue;
        };
        let blank_before = before.len() - before.trim_end_matches([' ', '\t']).len();
        let begins_line =
            before.len() == blank_before && number == 1 || before.trim_end_matches([' ', '\t']).ends_with('\n');
        let line_end = after.find('\n').map_or(after.len(), |newline| newline + 1);
        let ends_line = after.get(..line_end).is_some_and(|line| line.trim().is_empty())
            && (number + 1 == last || line_end > 0 && after.contains('\n'));
        let stands_alone = tag.kind.may_stand_alone() && begins_line && ends_line;
        let claim_before = if tag.trim_before {
            before.len() - before.trim_end().len()
        } else if stands_alone {
            blank_before
        } else {
            0
        };
        let claim_after = if tag.trim_after {
            after.len() - after.trim_start().len()
        } else if stands_alone {
            line_end
        } else {
            0
        };
        if let Some(claim) = claims.get_mut(number - 1) {
            claim.1 = claim_before;
        }
        if let Some(claim) = claims.get_mut(number + 1) {
            claim.0 = claim_after;
        }
    }
    for (token, (first, end)) in tokens.iter_mut().zip(claims) {
        if let Token::Text(text) = token {
            let end = text.len().saturating_sub(end).max(first);
            *text = text.get(first..end).unwrap_or_default().to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        let found = tokens(source).expect(source).into_iter();
        found
            .map(|token| match token {
                Token::Text(text) => text,
                Token::Tag(tag) => format!("{:?}:{}", tag.kind, tag.body),
            })
            .filter(|text| !text.is_empty())
            .collect()
    }

    #[test]
    fn texts_and_tags_are_told_apart() {
        let cases: [(&str, &[&str]); 13] = [
            ("a {{b}} c", &["a ", "Escaped:b", " c"]),
            ("{{{b}}}{{& c }}", &["Raw:b", "Raw:c"]),
            ("a \\{{b}} {{c}}", &["a {{b}} ", "Escaped:c"]),
            ("a \\\\{{b}}", &["a \\", "Escaped:b"]),
            ("{{! no }} }}{{!-- {{a}} --}}x", &["Comment:no", " }}", "Comment:-- {{a}} --", "x"]),
            ("a {{!-- -- ---}}b{{~!-- }} --~}} c", &["a ", "Comment:-- -- ---", "b", "Comment:-- }} --", "c"]),
            ("{{x \"}}\"}}", &["Escaped:x \"}}\""]),
            ("a  {{~b~}}  c", &["a", "Escaped:b", "c"]),
            (
                "a\n  {{#if b}}  \nc\n{{else}}\nd\n{{/if}}\ne",
                &["a\n", "Open:if b", "c\n", "Else:", "d\n", "Close:if", "e"],
            ),
            ("a {{#if b}}\nc", &["a ", "Open:if b", "\nc"]),
            ("  {{b}}  \n", &["  ", "Escaped:b", "  \n"]),
            ("{{> a }}\n{{#> b}}{{#*inline \"c\"}}", &["Partial:a", "PartialBlock:b", "Inline:inline \"c\""]),
            ("{{elsewhere}}{{^}}", &["Escaped:elsewhere", "Inverse:"]),
        ];
        for (source, expected) in cases {
            assert_eq!(texts(source), expected, "{source:?}");
        }
    }

    #[test]
    fn what_has_no_end_is_said_with_its_place() {
        for (source, line, column) in
            [("a\nbé{{c", 2, 3), ("{{{a}}", 1, 1), ("{{!-- a }}", 1, 1), ("{{!--}} a", 1, 1), ("{{{{a}}}}", 1, 1)]
        {
            let wrong = tokens(source).expect_err(source);
            assert_eq!((wrong.at.line, wrong.at.column), (line, column), "{source:?}: {wrong:?}");
        }
    }
}
