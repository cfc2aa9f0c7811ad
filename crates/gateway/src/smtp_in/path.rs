//! Reverse and forward paths (RFC 5321 §4.1.2, RFC 6531 §3.3). Owns their syntax; never decides who receives.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::limits::{DOMAIN_BYTES_MAX, LABEL_BYTES_MAX, LOCAL_PART_BYTES_MAX, PATH_BYTES_MAX};

/// What stands between the angle brackets, source route left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Path {
    /// `<>`
    Null,
    /// `<postmaster>`, the one mailbox that needs no domain (RFC 5321 §4.5.1).
    Postmaster,
    /// `local@domain`, quotes removed where they say nothing.
    Mailbox(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathError {
    Syntax,
    LocalPartTooLong,
    DomainTooLong,
    PathTooLong,
}

impl Path {
    pub(crate) fn is_ascii(&self) -> bool {
        match self {
            Self::Null | Self::Postmaster => true,
            Self::Mailbox(address) => address.is_ascii(),
        }
    }
}

/// Reads `<path>` from the start of `text` and gives back what follows it.
pub(crate) fn parse(text: &str) -> Result<(Path, &str), PathError> {
    let inner = text.strip_prefix('<').ok_or(PathError::Syntax)?;
    if let Some(rest) = inner.strip_prefix('>') {
        return Ok((Path::Null, rest));
    }
    let inner = skip_source_route(inner)?;
    let (local, rest) = local_part(inner)?;
    if let Some(rest) = rest.strip_prefix('>') {
        let postmaster = local.eq_ignore_ascii_case("postmaster");
        return if postmaster { Ok((Path::Postmaster, rest)) } else { Err(PathError::Syntax) };
    }
    let rest = rest.strip_prefix('@').ok_or(PathError::Syntax)?;
    let end = rest.find('>').ok_or(PathError::Syntax)?;
    let (domain, rest) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..).unwrap_or_default());
    check_domain(domain)?;
    if local.len() > LOCAL_PART_BYTES_MAX {
        return Err(PathError::LocalPartTooLong);
    }
    if local.len() + domain.len() + "<@>".len() > PATH_BYTES_MAX {
        return Err(PathError::PathTooLong);
    }
    Ok((Path::Mailbox(format!("{local}@{domain}")), rest))
}

/// `@a,@b:user@c`: the route is to be ignored (RFC 5321 §4.1.1.3, appendix F.2). What is left decides alone.
fn skip_source_route(inner: &str) -> Result<&str, PathError> {
    if !inner.starts_with('@') {
        return Ok(inner);
    }
    let (route, mailbox) = inner.split_once(':').ok_or(PathError::Syntax)?;
    for hop in route.split(',') {
        check_domain(hop.strip_prefix('@').ok_or(PathError::Syntax)?)?;
    }
    Ok(mailbox)
}

/// The local part in its shortest form, and what follows it.
fn local_part(text: &str) -> Result<(String, &str), PathError> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted_local_part(quoted);
    }
    let end = text.find(['@', '>']).ok_or(PathError::Syntax)?;
    let (local, rest) = text.split_at(end);
    // Dots may stand anywhere: some carriers gave out addresses such as `a..b.@example.com`.
    if local.is_empty() || !local.chars().all(|character| is_atext(character) || character == '.') {
        return Err(PathError::Syntax);
    }
    Ok((local.to_owned(), rest))
}

fn quoted_local_part(quoted: &str) -> Result<(String, &str), PathError> {
    let mut content = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let rest = quoted.get(at + 1..).unwrap_or_default();
                return Ok((shortest_form(&content), rest));
            }
            '\\' => match characters.next() {
                Some((_, escaped @ ' '..='~')) => content.push(escaped),
                _ => return Err(PathError::Syntax),
            },
            ' '..='~' => content.push(character),
            character if !character.is_ascii() && !character.is_control() => content.push(character),
            _ => return Err(PathError::Syntax),
        }
    }
    Err(PathError::Syntax)
}

/// `"user"` and `user` are one mailbox (RFC 5321 §4.1.2), so routing sees one form.
fn shortest_form(content: &str) -> String {
    let dot_string =
        !content.is_empty() && content.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
    if dot_string {
        return content.to_owned();
    }
    let mut quoted = String::with_capacity(content.len() + 2);
    quoted.push('"');
    for character in content.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

fn is_atext(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_' | '`' | '{' | '|' | '}'
        | '~' => true,
        other => !other.is_ascii() && !other.is_control(),
    }
}

/// A domain name or an address literal. Underscores are let through: hosts with them send mail.
pub(crate) fn check_domain(domain: &str) -> Result<(), PathError> {
    if domain.len() > DOMAIN_BYTES_MAX {
        return Err(PathError::DomainTooLong);
    }
    if let Some(literal) = domain.strip_prefix('[') {
        let literal = literal.strip_suffix(']').ok_or(PathError::Syntax)?;
        return check_literal(literal);
    }
    let valid = domain.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= LABEL_BYTES_MAX
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => true,
                other => !other.is_ascii() && !other.is_control() && !other.is_whitespace(),
            })
    });
    if valid { Ok(()) } else { Err(PathError::Syntax) }
}

fn check_literal(literal: &str) -> Result<(), PathError> {
    let valid = match literal.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
            literal.get(5..).is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        _ => literal.parse::<Ipv4Addr>().is_ok(),
    };
    if valid { Ok(()) } else { Err(PathError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_and_brought_to_one_form() {
        let cases = [
            ("<>", Path::Null),
            ("<a@b.test>", Path::Mailbox("a@b.test".into())),
            ("<\"a.b\"@c.test>", Path::Mailbox("a.b@c.test".into())),
            ("<\"a b\"@c.test>", Path::Mailbox("\"a b\"@c.test".into())),
            ("<\"a\\\"b\"@c.test>", Path::Mailbox("\"a\\\"b\"@c.test".into())),
            ("<\"u@evil.test\"@c.test>", Path::Mailbox("\"u@evil.test\"@c.test".into())),
            ("<\"a>b\"@c.test>", Path::Mailbox("\"a>b\"@c.test".into())),
            ("<@x.test,@y.test:a@c.test>", Path::Mailbox("a@c.test".into())),
            ("<a%evil.test@c.test>", Path::Mailbox("a%evil.test@c.test".into())),
            ("<evil!a@c.test>", Path::Mailbox("evil!a@c.test".into())),
            ("<a..b.@c.test>", Path::Mailbox("a..b.@c.test".into())),
            ("<a@[127.0.0.1]>", Path::Mailbox("a@[127.0.0.1]".into())),
            ("<a@[IPv6:::1]>", Path::Mailbox("a@[IPv6:::1]".into())),
            ("<PostMaster>", Path::Postmaster),
            ("<grüße@täst.test>", Path::Mailbox("grüße@täst.test".into())),
        ];
        for (text, path) in cases {
            assert_eq!(parse(text), Ok((path, "")), "{text}");
        }
        assert_eq!(parse("<a@b.test> SIZE=1"), Ok((Path::Mailbox("a@b.test".into()), " SIZE=1")));
    }

    #[test]
    fn broken_paths_are_refused() {
        let cases = [
            "",
            "<",
            "a@b.test",
            "<a@b.test",
            "<a>",
            "<@b.test>",
            "<a@>",
            "<a b@c.test>",
            "<a@b@c.test>",
            "<a@b..test>",
            "<a@-b.test>",
            "<a@b.test.>",
            "<a@[127.0.0.1>",
            "<a@[300.0.0.1]>",
            "<a@[IPv6:x]>",
            "<\"a@b.test>",
            "<\"a\"b@c.test>",
            "<@x.test a@c.test>",
            "<@x.test:>",
            "<a,b@c.test>",
            "<a@c.test,b@d.test>",
            "<<a@c.test>>",
            "<a@c te.st>",
            "<\"a\u{7f}\"@c.test>",
            "<a@b\u{0}.test>",
        ];
        for text in cases {
            let refused = !matches!(parse(text), Ok((_, "")));
            assert!(refused, "{text:?} was taken");
        }
    }

    #[test]
    fn lengths_are_limited() {
        let local = "l".repeat(LOCAL_PART_BYTES_MAX);
        assert!(parse(&format!("<{local}@b.test>")).is_ok());
        assert_eq!(parse(&format!("<l{local}@b.test>")), Err(PathError::LocalPartTooLong));
        let domain = format!("{}.test", ["d".repeat(60).as_str(); 4].join("."));
        assert!(parse(&format!("<a@{domain}>")).is_ok());
        assert_eq!(parse(&format!("<abcdefgh@{domain}>")), Err(PathError::PathTooLong));
        assert_eq!(parse(&format!("<a@{domain}.{}>", "e".repeat(20))), Err(PathError::DomainTooLong));
        assert_eq!(parse(&format!("<a@{}.test>", "d".repeat(64))), Err(PathError::Syntax));
    }
}
