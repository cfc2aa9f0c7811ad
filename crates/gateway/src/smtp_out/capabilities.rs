//! What a server offers, from its answer to EHLO (RFC 5321 §4.1.1.1). Pure.

use super::reply::Reply;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Capabilities {
    pub starttls: bool,
    pub pipelining: bool,
    pub eight_bit_mime: bool,
    pub smtp_utf8: bool,
    /// RFC 3461: reports may be asked for.
    pub dsn: bool,
    /// RFC 1870: the largest mail taken, bytes. Offered without a number (or 0): `Some(None)`.
    pub size: Option<Option<u64>>,
    /// SASL mechanisms in upper case, in the server's order.
    pub auth: Vec<String>,
}

impl Capabilities {
    pub(super) fn parse(reply: &Reply) -> Self {
        let mut found = Self::default();
        // The first line is the server's name.
        for line in reply.lines.iter().skip(1) {
            found.add(line.trim());
        }
        found
    }

    pub(super) fn offers_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered == mechanism)
    }

    fn add(&mut self, line: &str) {
        // Old servers write `AUTH=LOGIN`, some beside `AUTH LOGIN`.
        let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        match keyword.as_str() {
            "STARTTLS" => self.starttls = true,
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtp_utf8 = true,
            "DSN" => self.dsn = true,
            "SIZE" => self.size = Some(words.next().and_then(|word| word.parse().ok()).filter(|size| *size > 0)),
            "AUTH" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.offers_auth(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Capabilities {
        let lines = ["mail.example.org"].iter().chain(lines).map(|line| (*line).to_owned()).collect();
        Capabilities::parse(&Reply { code: 250, enhanced: None, lines })
    }

    #[test]
    fn capabilities_are_read_in_any_case() {
        let all = parse(&[
            "PIPELINING",
            "size 1000",
            "starttls",
            "8BitMime",
            "SMTPUTF8",
            "dsn",
            "AUTH plain XOAUTH2",
            "X-Y z",
        ]);
        assert!(all.pipelining && all.starttls && all.eight_bit_mime && all.smtp_utf8 && all.dsn);
        assert_eq!(all.size, Some(Some(1000)));
        assert_eq!(all.auth, ["PLAIN", "XOAUTH2"]);
        assert_eq!(parse(&[]), Capabilities::default());
    }

    #[test]
    fn a_size_without_a_number_is_no_limit() {
        for line in ["SIZE", "SIZE 0", "SIZE x", "SIZE 99999999999999999999999"] {
            assert_eq!(parse(&[line]).size, Some(None), "{line}");
        }
    }

    #[test]
    fn the_old_form_of_auth_is_understood() {
        assert_eq!(parse(&["AUTH=LOGIN PLAIN", "AUTH LOGIN PLAIN"]).auth, ["LOGIN", "PLAIN"]);
    }

    #[test]
    fn the_servers_name_is_no_capability() {
        let reply = Reply { code: 250, enhanced: None, lines: vec!["STARTTLS".to_owned()] };
        assert!(!Capabilities::parse(&reply).starttls);
    }
}
