//! MTA-STS (RFC 8461): what a domain's TXT record and policy file say. Pure.

use std::time::Duration;

/// RFC 8461 §3.2: about a year.
pub const MAX_AGE_MAX: Duration = Duration::from_secs(31_557_600);
/// Patterns of a policy that are kept.
const PATTERNS_MAX: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// No mail but over TLS, to hosts that the policy names, with their certificates.
    Enforce,
    /// What fails is told and sent all the same.
    Testing,
    None,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub mode: Mode,
    /// Host names, in small letters; `*.` in front stands for one label.
    mx: Vec<String>,
    pub max_age: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    #[error("the version is not STSv1")]
    Version,
    #[error("the mode is none of enforce, testing and none")]
    Mode,
    #[error("max_age is no number of seconds")]
    MaxAge,
    #[error("no mx is named")]
    NoMx,
}

impl Policy {
    /// Of a policy file. Of a field that comes twice the first counts, except `mx`.
    ///
    /// # Errors
    /// What is missing.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key.trim() {
                "version" => version = version.or(Some(value)),
                "mode" => mode = mode.or(Some(value)),
                "max_age" => max_age = max_age.or(Some(value)),
                "mx" if mx.len() < PATTERNS_MAX && !value.is_empty() => mx.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err(PolicyError::Version);
        }
        let mode = match mode {
            Some("enforce") => Mode::Enforce,
            Some("testing") => Mode::Testing,
            Some("none") => Mode::None,
            _ => return Err(PolicyError::Mode),
        };
        let seconds = max_age.filter(|text| (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()));
        let seconds: u64 = seconds.and_then(|text| text.parse().ok()).ok_or(PolicyError::MaxAge)?;
        if mx.is_empty() && mode != Mode::None {
            return Err(PolicyError::NoMx);
        }
        Ok(Self { mode, mx, max_age: Duration::from_secs(seconds).min(MAX_AGE_MAX) })
    }

    /// Is this host named (RFC 8461 §4.1)?
    pub fn names(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(rest) => host.split_once('.').is_some_and(|(label, tail)| !label.is_empty() && tail == rest),
            None => *pattern == host,
        })
    }
}

/// The `id` of the record among a name's texts. None where there is none, or more than one.
pub fn record_id(texts: &[String]) -> Option<String> {
    let mut records = texts.iter().filter(|text| {
        let version = text.split(';').next().unwrap_or_default();
        version.split_once('=').is_some_and(|(key, value)| key.trim() == "v" && value.trim() == "STSv1")
    });
    let (Some(record), None) = (records.next(), records.next()) else { return None };
    let fields = record.split(';').filter_map(|field| field.split_once('='));
    let id = fields.into_iter().find(|(key, _)| key.trim() == "id").map(|(_, value)| value.trim())?;
    let is_id = (1..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str =
        "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

    #[test]
    fn a_policy_is_read_and_names_its_hosts() {
        let policy = Policy::parse(FILE).unwrap();
        assert_eq!((policy.mode, policy.max_age), (Mode::Enforce, Duration::from_secs(604_800)));
        for (host, named) in [
            ("mail.example.com", true),
            ("MAIL.example.com.", true),
            ("a.example.net", true),
            ("a.b.example.net", false),
            ("example.net", false),
            (".example.net", false),
            ("other.example.com", false),
        ] {
            assert_eq!(policy.names(host), named, "{host}");
        }
        let loose = "version:STSv1\nunknown: x\nno colon\nmode:none\nmode: enforce\nmax_age:9999999999";
        let policy = Policy::parse(loose).unwrap();
        assert_eq!((policy.mode, policy.max_age), (Mode::None, MAX_AGE_MAX));
    }

    #[test]
    fn what_is_no_policy_is_said_to_be_none() {
        for (from, to, error) in [
            ("STSv1", "STSv2", PolicyError::Version),
            ("enforce", "force", PolicyError::Mode),
            ("604800", "a week", PolicyError::MaxAge),
            ("604800", "-1", PolicyError::MaxAge),
            ("604800", "99999999999999999999", PolicyError::MaxAge),
            ("mx:", "nx:", PolicyError::NoMx),
        ] {
            assert_eq!(Policy::parse(&FILE.replace(from, to)), Err(error), "{to}");
        }
        assert_eq!(Policy::parse(""), Err(PolicyError::Version));
    }

    #[test]
    fn the_record_is_the_one_of_this_version() {
        let id = |texts: &[&str]| record_id(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(id(&["v=spf1 -all", "v=STSv1; id=2026A;"]).as_deref(), Some("2026A"));
        assert_eq!(id(&["v=STSv1;id=1"]).as_deref(), Some("1"));
        for none in
            [&["v=STSv1; id=1", "v=STSv1; id=2"][..], &["v=STSv1"], &["v=STSv1; id="], &["v=STSv1; id=a b"], &[]]
        {
            assert_eq!(id(none), None, "{none:?}");
        }
    }
}
