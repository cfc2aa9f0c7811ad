//! Macro strings (RFC 7208 §7). Owns their syntax and expansion; the values come from outside.

/// A piece of a macro string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    Macro { letter: Letter, parts: Option<usize>, reverse: bool, delimiters: String, escape: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Letter {
    Sender,
    LocalPart,
    SenderDomain,
    Domain,
    Address,
    ValidatedName,
    AddressFamily,
    Helo,
    /// `c`, `r` and `t`: in explanations only.
    Explanation,
}

/// A domain-spec, still to be expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec(Vec<Token>);

/// What macros stand for.
pub(super) struct Values<'a> {
    pub(super) local_part: &'a str,
    pub(super) sender_domain: &'a str,
    pub(super) domain: &'a str,
    /// As macro `i` writes it.
    pub(super) address: &'a str,
    pub(super) is_ipv6: bool,
    pub(super) helo: &'a str,
    pub(super) validated_name: &'a str,
}

/// A name in DNS without its last dot (RFC 7208 §7.3).
const NAME_BYTES_MAX: usize = 253;

/// None: not a macro string.
pub(super) fn parse(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if !matches!(character, '\x21'..='\x7e') {
            return None;
        }
        rest = rest.get(1..)?;
        if character != '%' {
            literal.push(character);
            continue;
        }
        let kind = rest.chars().next()?;
        rest = rest.get(1..)?;
        match kind {
            '%' => literal.push('%'),
            '_' => literal.push(' '),
            '-' => literal.push_str("%20"),
            '{' => {
                let (inner, after) = rest.split_once('}')?;
                if !literal.is_empty() {
                    tokens.push(Token::Literal(std::mem::take(&mut literal)));
                }
                tokens.push(parse_macro(inner)?);
                rest = after;
            }
            _ => return None,
        }
    }
    if !literal.is_empty() {
        tokens.push(Token::Literal(literal));
    }
    Some(tokens)
}

fn parse_macro(inner: &str) -> Option<Token> {
    let letter = inner.chars().next()?;
    let kind = match letter.to_ascii_lowercase() {
        's' => Letter::Sender,
        'l' => Letter::LocalPart,
        'o' => Letter::SenderDomain,
        'd' => Letter::Domain,
        'i' => Letter::Address,
        'p' => Letter::ValidatedName,
        'v' => Letter::AddressFamily,
        'h' => Letter::Helo,
        'c' | 'r' | 't' => Letter::Explanation,
        _ => return None,
    };
    let rest = inner.get(1..)?;
    let after_digits = rest.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = rest.get(..rest.len() - after_digits.len())?;
    let parts = match digits {
        "" => None,
        digits => Some(digits.parse().unwrap_or(usize::MAX)),
    };
    if parts == Some(0) {
        return None;
    }
    let delimiters = after_digits.strip_prefix(['r', 'R']).unwrap_or(after_digits);
    if !delimiters.chars().all(|character| ".-+,/_=".contains(character)) {
        return None;
    }
    Some(Token::Macro {
        letter: kind,
        parts,
        reverse: delimiters.len() < after_digits.len(),
        delimiters: delimiters.to_owned(),
        escape: letter.is_ascii_uppercase(),
    })
}

impl Spec {
    /// None: not a domain-spec, which ends in a macro or in a top label (RFC 7208 §7.1).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let tokens = parse(text)?;
        let explanation = |token: &Token| matches!(token, Token::Macro { letter: Letter::Explanation, .. });
        if tokens.is_empty() || tokens.iter().any(explanation) {
            return None;
        }
        let ends_in_macro = text.ends_with('}') && matches!(tokens.last(), Some(Token::Macro { .. }))
            || ["%%", "%_", "%-"].iter().any(|end| text.ends_with(end));
        (ends_in_macro || ends_in_top_label(text)).then_some(Self(tokens))
    }

    pub(super) fn needs_validated_name(&self) -> bool {
        self.0.iter().any(|token| matches!(token, Token::Macro { letter: Letter::ValidatedName, .. }))
    }

    /// Whether the sender's local part goes into the name.
    pub(super) fn needs_local_part(&self) -> bool {
        let local = |token: &Token| matches!(token, Token::Macro { letter: Letter::Sender | Letter::LocalPart, .. });
        self.0.iter().any(local)
    }

    /// The name; where it is too long, labels are dropped from the left.
    pub(super) fn expand(&self, values: &Values<'_>) -> String {
        let mut name = String::new();
        for token in &self.0 {
            match token {
                Token::Literal(text) => name.push_str(text),
                Token::Macro { letter, parts, reverse, delimiters, escape } => {
                    let value = transform(&value_of(*letter, values), *parts, *reverse, delimiters);
                    if *escape { push_escaped(&mut name, &value) } else { name.push_str(&value) }
                }
            }
        }
        let mut name = name.strip_suffix('.').unwrap_or(&name);
        while name.len() > NAME_BYTES_MAX {
            match name.split_once('.') {
                Some((_, rest)) => name = rest,
                None => break,
            }
        }
        name.to_owned()
    }
}

fn ends_in_top_label(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let Some((_, label)) = text.rsplit_once('.') else { return false };
    let alphanumeric = |character: char| character.is_ascii_alphanumeric();
    !label.is_empty()
        && label.chars().all(|character| alphanumeric(character) || character == '-')
        && label.starts_with(alphanumeric)
        && label.ends_with(alphanumeric)
        && !label.chars().all(|character| character.is_ascii_digit())
}

fn value_of(letter: Letter, values: &Values<'_>) -> String {
    match letter {
        Letter::Sender => format!("{}@{}", values.local_part, values.sender_domain),
        Letter::LocalPart => values.local_part.to_owned(),
        Letter::SenderDomain => values.sender_domain.to_owned(),
        Letter::Domain => values.domain.to_owned(),
        Letter::Address => values.address.to_owned(),
        Letter::ValidatedName => values.validated_name.to_owned(),
        Letter::AddressFamily => if values.is_ipv6 { "ip6" } else { "in-addr" }.to_owned(),
        Letter::Helo => values.helo.to_owned(),
        Letter::Explanation => String::new(),
    }
}

fn transform(value: &str, parts: Option<usize>, reverse: bool, delimiters: &str) -> String {
    if parts.is_none() && !reverse && delimiters.is_empty() {
        return value.to_owned();
    }
    let delimiters = if delimiters.is_empty() { "." } else { delimiters };
    let mut pieces: Vec<&str> = value.split(|character| delimiters.contains(character)).collect();
    if reverse {
        pieces.reverse();
    }
    let skipped = pieces.len().saturating_sub(parts.unwrap_or(usize::MAX));
    pieces.get(skipped..).unwrap_or_default().join(".")
}

/// RFC 3986 §2.3: all but the unreserved characters.
fn push_escaped(name: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'static> = Values {
        local_part: "strong-bad",
        sender_domain: "email.example.com",
        domain: "email.example.com",
        address: "192.0.2.3",
        is_ipv6: false,
        helo: "mx.example.org",
        validated_name: "mx.example.org",
    };

    #[test]
    fn macros_expand_as_the_rfc_s_examples_do() {
        let cases = [
            ("%{s}.x.test", "strong-bad@email.example.com.x.test"),
            ("%{d4}.test", "email.example.com.test"),
            ("%{d2}", "example.com"),
            ("%{dr}", "com.example.email"),
            ("%{d2r}", "example.email"),
            ("%{l-}.x.test", "strong.bad.x.test"),
            ("%{lr-}.x.test", "bad.strong.x.test"),
            ("%{l1r-}.x.test", "strong.x.test"),
            ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
            ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
            ("%{S}.x.test", "strong-bad%40email.example.com.x.test"),
            ("a%%b%_c%-d.test.", "a%b c%20d.test"),
        ];
        for (text, name) in cases {
            let spec = Spec::parse(text).unwrap_or_else(|| panic!("{text} is a domain-spec"));
            assert_eq!(spec.expand(&VALUES), name, "{text}");
        }
    }

    #[test]
    fn what_is_no_domain_spec_is_refused() {
        for text in [
            "", "x", "x.", "x.-com", "x.111", "%", "%(d)", "%{d", "%{x}", "%{d0}", "%{d2x}", "%{c}", "a b.test",
            "é.test",
        ] {
            assert_eq!(Spec::parse(text), None, "{text}");
        }
    }

    #[test]
    fn names_that_are_too_long_lose_labels_from_the_left() {
        let spec = Spec::parse(&format!("{}.example.test", ["label"; 60].join("."))).expect("a domain-spec");
        let name = spec.expand(&VALUES);
        assert!(name.len() <= NAME_BYTES_MAX && name.starts_with("label.") && name.ends_with(".example.test"));
    }
}
