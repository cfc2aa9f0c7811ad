//! Addresses that mail is sent to: RFC 5321 §4.1.2 mailboxes, with RFC 6531 local parts and internationalised
//! domains. Owns what is accepted when a person or a program writes an address; reading the looser forms that
//! arrive in headers is the parser's.

use std::net::{Ipv4Addr, Ipv6Addr};

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use crate::Mailbox;

/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const LOCAL_PART_OCTETS_MAX: usize = 64;
/// Octets of an address that still fits a path of 256 with its brackets (RFC 5321 §4.5.3.1.3).
const ADDRESS_OCTETS_MAX: usize = 254;
/// Characters of a display name.
pub(super) const NAME_CHARS_MAX: usize = 256;

/// Reads `Name <local@domain>`, `"Quoted name" <local@domain>` or `local@domain`.
///
/// Comments, routes, groups and folding are refused: nobody types them, and they hide where mail goes.
///
/// # Errors
/// What is wrong with it and what would be accepted.
pub fn parse_mailbox(text: &str) -> Result<Mailbox, String> {
    // Before trimming: a line end at either end is an attempt at injection, not a slip.
    check_controls(text)?;
    let text = text.trim();
    let Some(rest) = text.strip_suffix('>') else {
        return Ok(Mailbox { name: None, address: normalize_address(text)? });
    };
    let Some((name, address)) = split_angle(rest) else {
        return Err(format!("“{text}” has a closing “>” without “<”; write Name <local@domain>"));
    };
    let name = unquote(name.trim())?;
    let name = Some(name).filter(|name| !name.is_empty());
    check_name(name.as_deref().unwrap_or_default())?;
    Ok(Mailbox { name, address: normalize_address(address)? })
}

/// The address as it is written into mail and given to SMTP: the domain in lower case, in A-labels where the
/// local part is ASCII (so that no SMTPUTF8 is needed), in U-labels otherwise (RFC 6531 §3.2).
///
/// # Errors
/// What is wrong with it and what would be accepted.
pub fn normalize_address(address: &str) -> Result<String, String> {
    check_controls(address)?;
    let Some((local, domain)) = split_at_sign(address) else {
        return Err(format!("“{address}” is not an address; write local@domain"));
    };
    check_local_part(local)?;
    let domain = if let Some(literal) = domain.strip_prefix('[') {
        check_literal(literal)?;
        domain.to_owned()
    } else {
        normalize_domain(domain, local.is_ascii())?
    };
    let normalized = format!("{local}@{domain}");
    if normalized.len() > ADDRESS_OCTETS_MAX {
        return Err(format!("an address may have {ADDRESS_OCTETS_MAX} octets, this one has {}", normalized.len()));
    }
    Ok(normalized)
}

/// Whether a display name may be written.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    check_controls(name)?;
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(format!("a name may have {NAME_CHARS_MAX} characters"));
    }
    Ok(())
}

/// CR and LF begin new header fields and NUL ends them in some software; no other control belongs there either.
pub(super) fn check_controls(text: &str) -> Result<(), String> {
    match text.chars().find(|character| character.is_control()) {
        Some(control) => Err(format!(
            "contains the control character U+{:04X}; line ends, NUL and other controls are not accepted here",
            u32::from(control)
        )),
        None => Ok(()),
    }
}

/// The name and the address of `Name <address` (the closing bracket is gone). A bracket inside quotes is the name's.
fn split_angle(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'<' if !quoted => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn unquote(name: &str) -> Result<String, String> {
    let Some(inner) = name.strip_prefix('"') else {
        return Ok(name.to_owned());
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            '"' if characters.as_str().is_empty() => return Ok(out),
            '"' => break,
            other => out.push(other),
        }
    }
    Err(format!("the quotes in {name} are not closed where the name ends; write \"Name\" <local@domain>"))
}

/// Splits at the last `@` that is not inside a quoted local part.
fn split_at_sign(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@')
}

fn check_local_part(local: &str) -> Result<(), String> {
    if local.is_empty() {
        return Err("nothing stands before the @; write local@domain".to_owned());
    }
    if local.len() > LOCAL_PART_OCTETS_MAX {
        return Err(format!(
            "the part before the @ may have {LOCAL_PART_OCTETS_MAX} octets, this one has {}",
            local.len()
        ));
    }
    let right = if let Some(inner) = local.strip_prefix('"') { is_quoted_rest(inner) } else { is_dot_atom(local) };
    if right {
        return Ok(());
    }
    Err(format!(
        "“{local}” before the @ is not valid: letters, digits, single dots between them and !#$%&'*+-/=?^_`{{|}}~ are, anything else only in \"quotes\""
    ))
}

fn is_dot_atom(local: &str) -> bool {
    local.split('.').all(|atom| {
        !atom.is_empty()
            && atom.chars().all(|character| match character {
                '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_' | '`' | '{'
                | '|' | '}' | '~' => true,
                other => other.is_ascii_alphanumeric() || (!other.is_ascii() && !other.is_whitespace()),
            })
    })
}

/// Whether this is the rest of a quoted string whose first quote is gone (RFC 5321 §4.1.2).
fn is_quoted_rest(inner: &str) -> bool {
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next) if next.is_ascii() => {}
                _ => return false,
            },
            '"' => return characters.as_str().is_empty(),
            _ => {}
        }
    }
    false
}

fn check_literal(literal: &str) -> Result<(), String> {
    let right = literal.strip_suffix(']').is_some_and(|inner| match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => {
            inner.get(5..).is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    });
    if right { Ok(()) } else { Err("in brackets after the @ stands [192.0.2.1] or [IPv6:2001:db8::1]".to_owned()) }
}

fn normalize_domain(domain: &str, ascii: bool) -> Result<String, String> {
    if domain.is_empty() {
        return Err("nothing stands after the @; write local@domain".to_owned());
    }
    let wrong = || format!("“{domain}” after the @ is not a domain name; write one such as example.com");
    // Also of the domain that is kept in Unicode: both spellings must exist for mail to be deliverable.
    let ascii_form = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Verify)
        .map_err(|_| wrong())?;
    let hyphenated = |label: &str| label.starts_with('-') || label.ends_with('-');
    if ascii_form.ends_with('.') || ascii_form.split('.').any(hyphenated) {
        return Err(wrong());
    }
    if ascii {
        return Ok(ascii_form.into_owned());
    }
    let (unicode, result) = Uts46::new().to_unicode(ascii_form.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
    result.map_err(|_| wrong())?;
    Ok(unicode.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_people_write_are_accepted() {
        let rows = [
            ("a@example.org", None, "a@example.org"),
            ("  a@Example.ORG ", None, "a@example.org"),
            ("Ann Lee <a@example.org>", Some("Ann Lee"), "a@example.org"),
            ("<a@example.org>", None, "a@example.org"),
            ("\"Lee, Ann <x>\" <a@example.org>", Some("Lee, Ann <x>"), "a@example.org"),
            ("\"say \\\"hi\\\"\" <a@example.org>", Some("say \"hi\""), "a@example.org"),
            ("Jürgen <j@müller.example>", Some("Jürgen"), "j@xn--mller-kva.example"),
            ("用户@例え.jp", None, "用户@例え.jp"),
            ("用户@xn--r8jz45g.jp", None, "用户@例え.jp"),
            ("\"a b\"@example.org", None, "\"a b\"@example.org"),
            ("\"a@b\"@example.org", None, "\"a@b\"@example.org"),
            ("a+b.c'd@example.org", None, "a+b.c'd@example.org"),
            ("root@localhost", None, "root@localhost"),
            ("a@[192.0.2.1]", None, "a@[192.0.2.1]"),
            ("a@[IPv6:2001:db8::1]", None, "a@[IPv6:2001:db8::1]"),
            ("O'Neil (sales) <a@example.org>", Some("O'Neil (sales)"), "a@example.org"),
        ];
        for (text, name, address) in rows {
            let wanted = Mailbox { name: name.map(str::to_owned), address: address.to_owned() };
            assert_eq!(parse_mailbox(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_a_reason() {
        let rows = [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a b@example.org",
            "a@b c",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@b..c",
            "a@-b.org",
            "a@b-.org",
            "a@b.org.",
            "a@b_c.org",
            "a@b@c",
            "\"a@b",
            "a\"b@c",
            "\"a\"b@c",
            "a@[1.2.3]",
            "a@[IPv6:1::2::3]",
            "a@[1.2.3.4",
            "a@b\r\nBcc: c@d",
            "a@b\n",
            "\ra@b",
            "Name <a@b",
            "Name a@b>",
            "x <a@b> y",
            "\"x <a@b>",
            "a@b, c@d",
            "Name <>",
            "<@relay:a@b>",
            "A\r\nBcc: x <a@b>",
            "a\0@b",
            "a@exa mple.org",
        ];
        for text in rows {
            assert!(parse_mailbox(text).is_err(), "{text:?} was accepted as {:?}", parse_mailbox(text));
        }
        assert!(parse_mailbox(&format!("{}@b.org", "a".repeat(65))).is_err());
        assert!(parse_mailbox(&format!("a@{}.org", "b".repeat(64))).is_err());
        assert!(parse_mailbox(&format!("a@{}org", "bbbbbbbbb.".repeat(25))).is_err());
    }
}
