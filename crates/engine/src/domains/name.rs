//! What a sending domain can be called. Owns the form; never asks DNS.

use super::{records, tls_policy};
use crate::EngineConfig;

/// Characters of a name: the longest of its records' names has to fit into the 253 of DNS.
const NAME_CHARS_MAX: usize = 190;
/// Top-level names that hold no mail.
const NO_MAIL: [&str; 2] = ["arpa", "onion"];

/// The name in its ASCII form and lower case, or what is wrong with it.
pub(super) fn checked(text: &str, config: &EngineConfig) -> Result<String, String> {
    let text = text.trim();
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.contains('@') {
        return Err("a domain without the address before it, such as mail.example.com".into());
    }
    if text.parse::<std::net::IpAddr>().is_ok() || text.starts_with('[') {
        return Err("a domain name is needed: an IP address can't have DKIM keys".into());
    }
    // As the domain of an address, which is what it will be.
    let address = mail::address::normalize(&format!("postmaster@{text}"));
    let name = address.as_deref().and_then(|address| address.split_once('@')).map(|(_, name)| name.to_owned());
    let name = name.ok_or("a domain name such as mail.example.com: letters, digits and hyphens between dots")?;
    let Some((_, top)) = name.rsplit_once('.') else {
        return Err("a whole domain name is needed, such as mail.example.com".into());
    };
    if top.bytes().all(|byte| byte.is_ascii_digit()) || NO_MAIL.contains(&top) {
        return Err(format!("no mail is sent from a name that ends in .{top}"));
    }
    if name.len() > NAME_CHARS_MAX {
        return Err(format!("at most {NAME_CHARS_MAX} characters, so that the names of its records fit into DNS"));
    }
    let own = &config.inbound_domain;
    if name == *own || name.ends_with(&format!(".{own}")) {
        return Err(format!(
            "{own} is this installation's own domain for generated receiving addresses; name one of yours"
        ));
    }
    Ok(name)
}

/// The tracking host of a domain in its ASCII form and lower case, or what is wrong with it.
pub(super) fn checked_tracking_host(text: &str, domain: &str, config: &EngineConfig) -> Result<String, String> {
    let host = checked(text, config)?;
    if !host.ends_with(&format!(".{domain}")) {
        return Err(format!("a name below {domain} is needed, such as click.{domain}"));
    }
    if host == records::return_path_host(domain) || host == tls_policy::host(domain) {
        return Err(format!("{host} has another use: bounces or the MTA-STS policy are there"));
    }
    let is_name_server = config.name_server.as_ref().is_some_and(|server| host == server.hostname);
    if host == config.hostname || host == records::web_host(config) || is_name_server {
        return Err(format!("{host} is this installation's own name: nothing but links would be answered there"));
    }
    Ok(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> EngineConfig {
        EngineConfig {
            public_url: "https://post.acme.test".into(),
            inbound_domain: "inbox.example".into(),
            hostname: "mx.example".into(),
            smarthost: None,
            delivery: crate::DeliveryMode::Sandbox,
            tracking_anonymise_ip: false,
            name_server: None,
            dns_blocklists: Vec::new(),
        }
    }

    fn check(text: &str) -> Result<String, String> {
        checked(text, &config())
    }

    #[test]
    fn a_tracking_host_is_a_name_of_its_own_below_the_domain() {
        let check = |text: &str| checked_tracking_host(text, "acme.test", &config());
        assert_eq!(check("Click.Acme.test.").as_deref(), Ok("click.acme.test"));
        for text in [
            "acme.test",
            "click.other.test",
            "clickacme.test",
            "bounces.acme.test",
            "mta-sts.acme.test",
            "post.acme.test",
            "click_.acme.test",
            "https://click.acme.test",
            "click.acme.test:80",
            "",
        ] {
            assert!(check(text).is_err_and(|problem| !problem.is_empty()), "{text}");
        }
    }

    #[test]
    fn names_are_spelled_in_one_way() {
        for (text, expected) in [
            ("mail.acme.test", "mail.acme.test"),
            (" Mail.ACME.test. ", "mail.acme.test"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("1and1.example", "1and1.example"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_domain_is_refused_in_words() {
        let long = format!("{}.example", ["a"; 95].join("."));
        for text in [
            "",
            ".",
            "acme",
            "a@acme.test",
            "127.0.0.1",
            "::1",
            "[127.0.0.1]",
            "1.2.3.4.5",
            "-a.test",
            "a-.test",
            "a..test",
            "a_b.test",
            "a b.test",
            "a\0.test",
            "https://acme.test",
            "*.acme.test",
            "1.0.0.127.in-addr.arpa",
            "inbox.example",
            "x.inbox.example",
            long.as_str(),
        ] {
            assert!(check(text).is_err_and(|problem| !problem.is_empty()), "{text}");
        }
        assert!(check("notinbox.example").is_ok());
    }
}
