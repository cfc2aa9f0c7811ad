//! Which hosts take a domain's mail, and in which order (RFC 5321 §5.1). Pure: DNS's answer and chance come in as values.

use std::net::IpAddr;

use engine::ports::DeliveryResult;

/// What DNS says of a domain's MX records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MxAnswer {
    /// Preference and host of each, without a dot at the end; an empty host is the root.
    Records(Vec<(u16, String)>),
    NoRecord,
    /// NXDOMAIN.
    NoDomain,
    /// No answer, or SERVFAIL.
    Failed(String),
}

/// Why a mail has no way, and whether that is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoRoute {
    pub result: DeliveryResult,
    pub text: String,
}

impl NoRoute {
    pub(super) fn bounced(text: String) -> Self {
        Self { result: DeliveryResult::Bounced, text }
    }
}

/// Where a domain's mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// The hosts to try, the first first.
    Hosts(Vec<String>),
    /// We are the domain's best mail exchanger: nobody else may be asked, who would give the mail back to us.
    Ourselves,
}

/// Where a domain's mail goes. `own_name` is what we are called in others' records; `chance` decides between equals, a
/// number a record, so that their load is shared.
///
/// # Errors
/// There is no way.
pub(super) fn exchangers(domain: &str, answer: MxAnswer, own_name: &str, chance: &[u32]) -> Result<Way, NoRoute> {
    let mut records = match answer {
        MxAnswer::Records(records) => records,
        // The domain itself is its exchanger, if it has an address.
        MxAnswer::NoRecord => vec![(0, domain.to_owned())],
        MxAnswer::NoDomain => {
            return Err(NoRoute::bounced(format!("5.1.2 the domain {domain} does not exist (NXDOMAIN)")));
        }
        MxAnswer::Failed(text) => {
            let text = format!("4.4.3 DNS did not say where mail for {domain} goes: {text}");
            return Err(NoRoute { result: DeliveryResult::Deferred, text });
        }
    };
    records.retain(|(_, host)| !host.is_empty());
    if records.is_empty() {
        let text = format!("5.1.10 the domain {domain} says that it receives no mail (null MX, RFC 7505)");
        return Err(NoRoute::bounced(text));
    }
    let own = own_name.trim_end_matches('.');
    let ours =
        records.iter().filter(|(_, host)| host.eq_ignore_ascii_case(own)).map(|(preference, _)| *preference).min();
    if let Some(ours) = ours {
        // Who is not better than us would give the mail back to us.
        records.retain(|(preference, _)| *preference < ours);
    }
    if records.is_empty() {
        return Ok(Way::Ourselves);
    }
    let mut ordered: Vec<_> = records
        .into_iter()
        .enumerate()
        .map(|(index, (preference, host))| (preference, chance.get(index).copied().unwrap_or_default(), host))
        .collect();
    ordered.sort();
    let mut hosts: Vec<String> = Vec::with_capacity(ordered.len());
    for (_, _, host) in ordered {
        if !hosts.iter().any(|known| known.eq_ignore_ascii_case(&host)) {
            hosts.push(host);
        }
    }
    Ok(Way::Hosts(hosts))
}

/// IPv6 and IPv4 in turn, each in DNS's order, so that a machine with one of them alone is not kept long by the other.
pub(super) fn in_turn(v6: Vec<IpAddr>, v4: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v6, mut v4) = (v6.into_iter(), v4.into_iter());
    let mut all = Vec::new();
    loop {
        let (six, four) = (v6.next(), v4.next());
        if six.is_none() && four.is_none() {
            return all;
        }
        all.extend(six);
        all.extend(four);
    }
}

/// Is this a domain that DNS can be asked for? Address literals and bare addresses are none.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_domain(domain: &str) -> Result<(), NoRoute> {
    if domain.starts_with('[') || domain.parse::<IpAddr>().is_ok() {
        let text = format!("5.1.2 mail to an address literal is not sent: {domain} is no domain");
        return Err(NoRoute::bounced(text));
    }
    let label = |label: &str| {
        let fits = (1..=63).contains(&label.len());
        fits && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if domain.len() <= 253 && domain.split('.').all(label) {
        return Ok(());
    }
    Err(NoRoute::bounced(format!("5.1.2 {domain:?} is no domain that mail can be sent to")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hosts, or the code of why there are none.
    type Expected<'a> = Result<&'a [&'a str], Way>;

    fn records(records: &[(u16, &str)]) -> MxAnswer {
        MxAnswer::Records(records.iter().map(|(preference, host)| (*preference, (*host).to_owned())).collect())
    }

    fn route(answer: MxAnswer, chance: &[u32]) -> Result<Vec<String>, (DeliveryResult, String)> {
        let way = exchangers("example.org", answer, "us.example.net", chance).map_err(|no| (no.result, no.text))?;
        match way {
            Way::Hosts(hosts) => Ok(hosts),
            Way::Ourselves => panic!("example.org is not ours"),
        }
    }

    #[test]
    fn exchangers_come_by_preference_and_equals_by_chance() {
        let three = records(&[(20, "c.test"), (10, "a.test"), (10, "b.test")]);
        assert_eq!(route(three.clone(), &[0, 1, 2]).unwrap(), ["a.test", "b.test", "c.test"]);
        assert_eq!(route(three.clone(), &[0, 2, 1]).unwrap(), ["b.test", "a.test", "c.test"]);
        assert_eq!(route(three, &[]).unwrap(), ["a.test", "b.test", "c.test"], "without chance by name");
        let twice = records(&[(10, "a.test"), (20, "A.test"), (30, "b.test")]);
        assert_eq!(route(twice, &[]).unwrap(), ["a.test", "b.test"]);
        assert_eq!(route(MxAnswer::NoRecord, &[]).unwrap(), ["example.org"], "the implicit MX");
    }

    #[test]
    fn we_and_whoever_is_not_better_are_left_out() {
        let cases: [(&[(u16, &str)], Expected<'_>); 4] = [
            (&[(10, "a.test"), (20, "US.example.net"), (20, "b.test"), (30, "c.test")], Ok(&["a.test"])),
            (&[(10, "us.example.net"), (20, "b.test")], Err(Way::Ourselves)),
            (&[(10, "a.test"), (10, "us.example.net")], Err(Way::Ourselves)),
            (&[(5, "a.test"), (10, "us.example.net"), (20, "us.example.net")], Ok(&["a.test"])),
        ];
        for (given, expected) in cases {
            let way = exchangers("example.org", records(given), "us.example.net", &[]).unwrap();
            let expected = match expected {
                Ok(hosts) => Way::Hosts(hosts.iter().map(|host| (*host).to_owned()).collect()),
                Err(ourselves) => ourselves,
            };
            assert_eq!(way, expected, "{given:?}");
        }
        let implicit = exchangers("us.example.net", MxAnswer::NoRecord, "us.example.net.", &[]);
        assert_eq!(implicit, Ok(Way::Ourselves));
    }

    #[test]
    fn where_there_is_no_way_it_is_said_why() {
        use DeliveryResult::{Bounced, Deferred};
        for (answer, result, code) in [
            (records(&[(0, "")]), Bounced, "5.1.10"),
            (MxAnswer::NoDomain, Bounced, "5.1.2"),
            (MxAnswer::Failed("SERVFAIL".to_owned()), Deferred, "4.4.3"),
            (MxAnswer::Records(Vec::new()), Bounced, "5.1.10"),
        ] {
            let (found, text) = route(answer, &[]).unwrap_err();
            assert_eq!(found, result, "{text}");
            assert!(text.starts_with(code) && text.contains("example.org"), "{text}");
        }
        // RFC 7505 §3: beside other records the root means nothing.
        assert_eq!(route(records(&[(0, ""), (10, "a.test")]), &[]).unwrap(), ["a.test"]);
    }

    #[test]
    fn addresses_of_both_kinds_come_in_turn() {
        let parse = |all: &[&str]| all.iter().map(|text| text.parse().unwrap()).collect::<Vec<IpAddr>>();
        let all = in_turn(parse(&["2001:db8::1", "2001:db8::2"]), parse(&["192.0.2.1", "192.0.2.2", "192.0.2.3"]));
        assert_eq!(all, parse(&["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"]));
        assert_eq!(in_turn(Vec::new(), Vec::new()), parse(&[]));
    }

    #[test]
    fn address_literals_and_what_is_no_domain_are_refused() {
        for domain in ["example.org", "xn--bcher-kva.example", "localhost", "a_b.example"] {
            assert_eq!(check_domain(domain), Ok(()), "{domain}");
        }
        let long = format!("{}.example", "a".repeat(64));
        for domain in ["[192.0.2.1]", "[IPv6:::1]", "192.0.2.1", "", "a..b", "a b", "bücher.example", "a\r\nb", &long]
        {
            let no = check_domain(domain).unwrap_err();
            assert_eq!(no.result, DeliveryResult::Bounced);
            assert!(no.text.starts_with("5.1.2"), "{}", no.text);
        }
    }
}
