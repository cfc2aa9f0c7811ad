//! SPF records (RFC 7208 §4.5, §4.6, §12). Owns their syntax; never looks anything up.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::macros::{self, Spec};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qualifier {
    Pass,
    Fail,
    SoftFail,
    Neutral,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mechanism {
    All,
    Include(Spec),
    A { domain: Option<Spec>, prefix: Prefix },
    Mx { domain: Option<Spec>, prefix: Prefix },
    Ptr(Option<Spec>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(Spec),
}

impl Mechanism {
    pub(super) fn spec(&self) -> Option<&Spec> {
        match self {
            Self::Include(spec) | Self::Exists(spec) => Some(spec),
            Self::A { domain, .. } | Self::Mx { domain, .. } | Self::Ptr(domain) => domain.as_ref(),
            Self::All | Self::Ip4(..) | Self::Ip6(..) => None,
        }
    }
}

/// Leading bits that count, of each family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix {
    pub(super) ip4: u8,
    pub(super) ip6: u8,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) directives: Vec<(Qualifier, Mechanism)>,
    pub(super) redirect: Option<Spec>,
}

/// The record does not follow the grammar: permerror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Is this TXT record an SPF record?
pub(super) fn is_spf(text: &[u8]) -> bool {
    let version = text.get(..6).is_some_and(|version| version.eq_ignore_ascii_case(b"v=spf1"));
    version && matches!(text.get(6), None | Some(b' '))
}

/// The whole record: one error anywhere makes all of it void (RFC 7208 §4.6).
pub(super) fn parse(text: &[u8]) -> Result<Record, Malformed> {
    let text = std::str::from_utf8(text).map_err(|_| Malformed)?;
    let mut record = Record { directives: Vec::new(), redirect: None };
    let mut explained = false;
    for term in text.get(6..).unwrap_or_default().split(' ').filter(|term| !term.is_empty()) {
        let Some((name, value)) = modifier(term) else {
            record.directives.push(directive(term)?);
            continue;
        };
        if name.eq_ignore_ascii_case("redirect") {
            if record.redirect.is_some() {
                return Err(Malformed);
            }
            record.redirect = Some(Spec::parse(value).ok_or(Malformed)?);
        } else if name.eq_ignore_ascii_case("exp") {
            if explained {
                return Err(Malformed);
            }
            explained = true;
            Spec::parse(value).ok_or(Malformed)?;
        } else {
            macros::parse(value).ok_or(Malformed)?;
        }
    }
    Ok(record)
}

/// `name=value`; a mechanism has its `=`, if any, behind a `:` or `/`.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let (name, value) = term.split_once('=')?;
    let begins = name.starts_with(|character: char| character.is_ascii_alphabetic());
    let valid = name.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character));
    (begins && valid).then_some((name, value))
}

fn directive(term: &str) -> Result<(Qualifier, Mechanism), Malformed> {
    let (qualifier, rest) = match term.chars().next() {
        Some('+') => (Qualifier::Pass, term.get(1..)),
        Some('-') => (Qualifier::Fail, term.get(1..)),
        Some('~') => (Qualifier::SoftFail, term.get(1..)),
        Some('?') => (Qualifier::Neutral, term.get(1..)),
        _ => (Qualifier::Pass, Some(term)),
    };
    let rest = rest.unwrap_or_default();
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, argument) = rest.split_at(end);
    let value = argument.strip_prefix(':');
    let mechanism = match name.to_ascii_lowercase().as_str() {
        "all" if argument.is_empty() => Mechanism::All,
        "include" => Mechanism::Include(value.and_then(Spec::parse).ok_or(Malformed)?),
        "exists" => Mechanism::Exists(value.and_then(Spec::parse).ok_or(Malformed)?),
        "a" => {
            let (domain, prefix) = domain_and_prefix(argument)?;
            Mechanism::A { domain, prefix }
        }
        "mx" => {
            let (domain, prefix) = domain_and_prefix(argument)?;
            Mechanism::Mx { domain, prefix }
        }
        "ptr" if argument.is_empty() => Mechanism::Ptr(None),
        "ptr" => Mechanism::Ptr(Some(value.and_then(Spec::parse).ok_or(Malformed)?)),
        "ip4" => {
            let (address, bits) = network(value.ok_or(Malformed)?, 32)?;
            Mechanism::Ip4(address.parse().map_err(|_| Malformed)?, bits)
        }
        "ip6" => {
            let (address, bits) = network(value.ok_or(Malformed)?, 128)?;
            Mechanism::Ip6(address.parse().map_err(|_| Malformed)?, bits)
        }
        _ => return Err(Malformed),
    };
    Ok((qualifier, mechanism))
}

fn network(value: &str, bits_max: u8) -> Result<(&str, u8), Malformed> {
    match value.split_once('/') {
        Some((address, bits)) => Ok((address, prefix_length(bits, bits_max)?)),
        None => Ok((value, bits_max)),
    }
}

/// Digits without a leading zero.
fn prefix_length(text: &str, most: u8) -> Result<u8, Malformed> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = text.len() > 1 && text.starts_with('0');
    let bits: u8 = text.parse().map_err(|_| Malformed)?;
    if digits && !padded && bits <= most { Ok(bits) } else { Err(Malformed) }
}

/// `[":" domain-spec] ["/" ip4] ["//" ip6]`. The domain-spec may hold slashes, so the lengths are taken from the end.
fn domain_and_prefix(argument: &str) -> Result<(Option<Spec>, Prefix), Malformed> {
    let mut prefix = Prefix { ip4: 32, ip6: 128 };
    let mut rest = argument;
    if let Some((before, bits)) = rest.rsplit_once("//").filter(|(_, bits)| is_number(bits)) {
        prefix.ip6 = prefix_length(bits, 128)?;
        rest = before;
    }
    if let Some((before, bits)) = rest.rsplit_once('/').filter(|(_, bits)| is_number(bits)) {
        prefix.ip4 = prefix_length(bits, 32)?;
        rest = before;
    }
    if rest.is_empty() {
        return Ok((None, prefix));
    }
    let spec = rest.strip_prefix(':').and_then(Spec::parse).ok_or(Malformed)?;
    Ok((Some(spec), prefix))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_from_other_texts() {
        for text in ["v=spf1", "v=spf1 ", "V=SPF1 -all"] {
            assert!(is_spf(text.as_bytes()), "{text}");
        }
        for text in ["", "v=spf10", "v=spf1-all", "v=spf2.0/pra -all", " v=spf1"] {
            assert!(!is_spf(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn terms_follow_the_grammar() {
        let good = [
            "",
            "-all",
            "+ALL ",
            "  ?all",
            "a",
            "a/24",
            "a//64",
            "a/24//64",
            "a:x.test/0",
            "mx:%{d}//0",
            "a:b/c.test/24",
            "ptr",
            "ptr:x.test",
            "ip4:192.0.2.0/24",
            "ip6:2001:db8::/32",
            "ip6:::1",
            "exists:%{i}.x.test",
            "include:x.test",
            "redirect=x.test",
            "exp=x.test",
            "moo.cow_x-1=anything%{c}",
            "moo=",
        ];
        for terms in good {
            assert!(parse(format!("v=spf1 {terms}").as_bytes()).is_ok(), "{terms}");
        }
        let bad = [
            "all:x.test",
            "all/24",
            "a/33",
            "a//129",
            "a/024",
            "a:",
            "a:x",
            "a:111.222.33.44",
            "mx/",
            "ip4",
            "ip4:1.2.3",
            "ip4:192.0.2.1/33",
            "ip4:192.0.2.1/032",
            "ip4:192.0.2.1:25",
            "ip6:1.2.3.4",
            "ip6:::1/129",
            "include",
            "include:",
            "include:x.test/24",
            "exists",
            "exists:x.test/24",
            "ptr/24",
            "ptr:",
            "redirect=",
            "redirect=x.test redirect=y.test",
            "exp=x.test exp=x.test",
            "1up=foo",
            "=all",
            "unknown",
            "-",
            "v=spf1\t-all",
            "a:x.test\0",
            "moo=%x",
            "\u{e9}",
        ];
        for terms in bad {
            assert_eq!(parse(format!("v=spf1 {terms}").as_bytes()), Err(Malformed), "{terms}");
        }
        assert_eq!(parse(b"v=spf1 \xff"), Err(Malformed));
    }
}
