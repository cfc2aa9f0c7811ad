//! Addresses as keys: one spelling for one mailbox. Owns the syntax of RFC 5321 §4.1.2 and RFC 6531; never looks anything up.

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;
/// Octets of a domain (RFC 5321 §4.5.3.1.2).
const DOMAIN_BYTES_MAX: usize = 255;
/// Octets of an address: a path (RFC 5321 §4.5.3.1.3) without its brackets.
const ADDRESS_BYTES_MAX: usize = 254;
/// Octets of a label of a domain (RFC 1035 §2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// The spelling contacts are keyed by, or `None` if this is no address a mail could be sent to.
///
/// Lower case throughout: RFC 5321 lets a local part be case-sensitive, but no mailbox in use is, and people write theirs
/// either way. Domains are in their ASCII form (RFC 5891). Quotes that are not needed go; comments and folding white space (obsolete in addresses) are refused.
pub fn normalize(address: &str) -> Option<String> {
    let address = address.trim_matches([' ', '\t']);
    if address.len() > ADDRESS_BYTES_MAX {
        return None;
    }
    let (local, domain) = split(address)?;
    let local = local_part(local)?;
    let domain = domain_part(domain)?;
    Some(format!("{local}@{domain}"))
}

/// The mailbox behind a normalized address: without its subaddress (RFC 5233, `ada+shop@…` is `ada@…`). What stands for another
/// address (VERP and the list managers that rewrite From, `list+ada=example.org@…`) is kept: it tells people apart.
pub fn mailbox(address: &str) -> std::borrow::Cow<'_, str> {
    let plain = || {
        let (local, domain) = split(address)?;
        let (mailbox, detail) = local.split_once('+')?;
        (!mailbox.is_empty() && !mailbox.starts_with('"') && !detail.contains('='))
            .then(|| format!("{mailbox}@{domain}"))
    };
    plain().map_or(address.into(), Into::into)
}

/// Splits at the `@` behind the local part, which may have one of its own in quotes.
fn split(address: &str) -> Option<(&str, &str)> {
    if !address.starts_with('"') {
        return address.split_once('@');
    }
    let mut escaped = false;
    let end = address.char_indices().skip(1).find(|(_, c)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    })?;
    let (local, rest) = address.split_at_checked(end.0 + 1)?;
    Some((local, rest.strip_prefix('@')?))
}

fn local_part(local: &str) -> Option<String> {
    if local.is_empty() || local.len() > LOCAL_BYTES_MAX {
        return None;
    }
    let inside = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inside) = inside.filter(|_| local.len() >= 2) else {
        return is_dot_atom(local).then(|| local.to_lowercase());
    };
    let mut plain = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.push(chars.next().filter(|c| (' '..='~').contains(c))?),
            '"' => return None,
            c if c.is_control() => return None,
            c => plain.push(c),
        }
    }
    if is_dot_atom(&plain) {
        return Some(plain.to_lowercase());
    }
    if plain.is_empty() {
        return None;
    }
    Some(format!("\"{}\"", plain.to_lowercase().replace('\\', "\\\\").replace('"', "\\\"")))
}

/// RFC 5321 Dot-string, with the letters of RFC 6531.
fn is_dot_atom(text: &str) -> bool {
    let atext = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || !c.is_ascii() && !c.is_control() && !c.is_whitespace()
    };
    !text.is_empty() && text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(atext))
}

fn domain_part(domain: &str) -> Option<String> {
    if domain.is_empty() || domain.len() > DOMAIN_BYTES_MAX {
        return None;
    }
    if let Some(literal) = domain.strip_prefix('[') {
        return literal.strip_suffix(']').filter(|literal| is_literal(literal)).map(|_| domain.to_ascii_lowercase());
    }
    let domain = if domain.is_ascii() { domain.to_ascii_lowercase() } else { idna::domain_to_ascii(domain).ok()? };
    domain.split('.').all(is_label).then_some(domain)
}

/// RFC 1123 §2.1.
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// RFC 5321 §4.1.3.
fn is_literal(literal: &str) -> bool {
    match literal.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:")) {
        Some(_) => literal.get(5..).is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
        None => literal.parse::<std::net::Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_spelling() {
        for (address, expected) in [
            ("Ann.Example@Example.COM", "ann.example@example.com"),
            (" ann@example.com ", "ann@example.com"),
            ("\"ann\"@example.com", "ann@example.com"),
            ("\"Ann Example\"@example.com", "\"ann example\"@example.com"),
            ("\"a@b\"@example.com", "\"a@b\"@example.com"),
            ("ann+tea@example.com", "ann+tea@example.com"),
            ("ÄNN@bücher.example", "änn@xn--bcher-kva.example"),
            ("ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"),
            ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
            ("ann@[IPv6:2001:db8::1]", "ann@[ipv6:2001:db8::1]"),
            ("postmaster@localhost", "postmaster@localhost"),
        ] {
            assert_eq!(normalize(address).as_deref(), Some(expected), "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for address in [
            "",
            "ann",
            "@",
            "ann@",
            "@example.com",
            "ann@@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a b@example.com",
            "ann@-a.com",
            "ann@a-.com",
            "ann@a..b",
            "ann@exa mple.com",
            "ann@[192.0.2.300]",
            "ann@[x",
            "\"ann@example.com",
            "ann\"@example.com",
            "\"a\"b@example.com",
            "a@b@c.example",
            "ann@example.com\r\nBcc: x@y.example",
            "ann\0@example.com",
            "<ann@example.com>",
            &long,
        ] {
            assert_eq!(normalize(address), None, "{address}");
        }
    }

    #[test]
    fn subaddresses_are_their_mailbox_but_for_those_that_stand_for_another() {
        let cases = [
            ("ada@example.org", "ada@example.org"),
            ("ada+shop@example.org", "ada@example.org"),
            ("ada+shop+more@example.org", "ada@example.org"),
            ("ada+@example.org", "ada@example.org"),
            ("+49301234@example.org", "+49301234@example.org"),
            ("tea+ada=example.net@lists.example", "tea+ada=example.net@lists.example"),
            ("\"a b+c\"@example.org", "\"a b+c\"@example.org"),
            ("no address", "no address"),
            ("", ""),
        ];
        for (address, expected) in cases {
            assert_eq!(mailbox(address), expected, "{address}");
        }
    }
}
