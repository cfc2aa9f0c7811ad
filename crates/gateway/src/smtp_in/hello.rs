//! EHLO, HELO and STARTTLS. Owns what is offered; never does the handshake itself.

use super::reply::say;
use super::session::{Helo, Session, Step};

impl Session {
    pub(super) fn ehlo(&mut self, name: &str, out: &mut Vec<u8>) -> Option<Step> {
        self.introduce(name, true);
        out.extend_from_slice(b"250-");
        out.extend_from_slice(self.config.hostname.as_bytes());
        out.extend_from_slice(b"\r\n250-PIPELINING\r\n250-SIZE ");
        out.extend_from_slice(self.config.limits.message_bytes_max.to_string().as_bytes());
        out.extend_from_slice(b"\r\n");
        if self.config.starttls && !self.tls {
            out.extend_from_slice(b"250-STARTTLS\r\n");
        }
        if self.may_sign_in() {
            out.extend_from_slice(b"250-AUTH PLAIN LOGIN\r\n");
        }
        out.extend_from_slice(b"250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n");
        None
    }

    pub(super) fn helo(&mut self, name: &str, out: &mut Vec<u8>) -> Option<Step> {
        self.introduce(name, false);
        out.extend_from_slice(b"250 ");
        self.ok(out, &self.config.hostname)
    }

    /// A new introduction ends a transaction (RFC 5321 §4.1.4).
    fn introduce(&mut self, name: &str, extended: bool) {
        self.transaction = None;
        self.helo = Some(Helo { name: name.to_owned(), extended });
    }

    pub(super) fn starttls(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        if !self.config.starttls {
            return self.error(out, "502 5.5.1 TLS is not offered");
        }
        if self.tls {
            return self.error(out, "503 5.5.1 TLS is on already");
        }
        say(out, "220 2.0.0 go ahead");
        Some(Step::StartTls)
    }

    /// The handshake is done: all that was said in clear is forgotten (RFC 3207 §4.2).
    pub(crate) fn secured(&mut self) {
        self.tls = true;
        self.helo = None;
        self.principal = None;
        self.transaction = None;
    }
}
