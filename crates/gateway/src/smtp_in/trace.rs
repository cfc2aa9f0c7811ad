//! The trace fields put before a mail (RFC 5321 §4.4, RFC 6531 §3.7.3). Owns their form; the time comes in as a value.

use std::net::IpAddr;

use model::Timestamp;

/// What the trace fields tell of a transaction.
pub(crate) struct Trace<'a> {
    pub(crate) helo: &'a str,
    pub(crate) peer: IpAddr,
    /// Our name.
    pub(crate) by: &'a str,
    pub(crate) extended: bool,
    pub(crate) tls: bool,
    pub(crate) smtputf8: bool,
    pub(crate) id: &'a str,
    pub(crate) mail_from: &'a str,
    /// Named only where it is the single one: the others' addresses are nobody's business.
    pub(crate) recipient: Option<&'a str>,
    pub(crate) at: Timestamp,
}

impl Trace<'_> {
    /// RFC 3848 and RFC 6531 §4.3.
    fn protocol(&self) -> &'static str {
        match (self.smtputf8, self.extended, self.tls) {
            (true, _, false) => "UTF8SMTP",
            (true, _, true) => "UTF8SMTPS",
            (false, false, _) => "SMTP",
            (false, true, false) => "ESMTP",
            (false, true, true) => "ESMTPS",
        }
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let tag = if self.peer.is_ipv6() { "IPv6:" } else { "" };
        let peer = self.peer.to_string();
        let date = self.at.to_rfc5322();
        let recipient = self.recipient.unwrap_or_default();
        let (open, close) = if recipient.is_empty() { ("", "") } else { ("\r\n for <", ">") };
        let parts = [
            "Return-Path: <",
            self.mail_from,
            ">\r\nReceived: from ",
            self.helo,
            " ([",
            tag,
            &peer,
            "])\r\n by ",
            self.by,
            " with ",
            self.protocol(),
            " id ",
            self.id,
            open,
            recipient,
            close,
            ";\r\n ",
            &date,
            "\r\n",
        ];
        for part in parts {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_fields_have_the_form_of_the_rfc() {
        let trace = Trace {
            helo: "mx.test",
            peer: "2001:db8::1".parse().expect("an address"),
            by: "in.test",
            extended: true,
            tls: true,
            smtputf8: false,
            id: "1.1",
            mail_from: "",
            recipient: Some("a@b.test"),
            at: Timestamp::from_millis(1_705_314_600_000),
        };
        let mut out = Vec::new();
        trace.write(&mut out);
        let expected = "Return-Path: <>\r\nReceived: from mx.test ([IPv6:2001:db8::1])\r\n by in.test with ESMTPS id 1.1\r\n \
            for <a@b.test>;\r\n Mon, 15 Jan 2024 10:30:00 +0000\r\n";
        assert_eq!(String::from_utf8(out).as_deref(), Ok(expected));
    }
}
