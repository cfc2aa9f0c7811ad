//! Making DKIM signatures (RFC 6376): what is hashed, what is signed, and the field it comes to, relaxed in header and body. Owns
//! bytes; holds no key, signs nothing, verifies nothing.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Fields that are signed where they are there, each as often as it is there. From is named once more than that, so that nobody
/// can add another one (RFC 6376 §8.15).
const SIGNED: [&str; 13] = [
    "From",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "Reply-To",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// Characters of a line of the field, about.
const LINE_CHARS: usize = 72;

/// Who signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature<'a> {
    /// `rsa-sha256` or `ed25519-sha256`.
    pub algorithm: &'a str,
    pub domain: &'a str,
    pub selector: &'a str,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// A mail of which everything is known that a signature is over; for any number of signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signable {
    /// The names of `h=`.
    names: Vec<&'static str>,
    /// Their fields in canonical form, each with its line break.
    header: Vec<u8>,
    body_hash: String,
}

/// A signature that lacks its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// What is to be signed: with RSA this with SHA-256, with Ed25519 its SHA-256.
    pub input: Vec<u8>,
    field: String,
}

impl Signable {
    /// Of a mail as it is sent. `None`: it has no From.
    pub fn of(raw: &[u8]) -> Option<Self> {
        let (fields, body) = split(raw);
        let (mut names, mut header) = (Vec::new(), Vec::new());
        for wanted in SIGNED {
            // From the last one up (§5.4.2).
            for (name, value) in fields.iter().rev().filter(|(name, _)| name.eq_ignore_ascii_case(wanted.as_bytes())) {
                names.push(wanted);
                relaxed_field(name, value, &mut header);
                header.extend_from_slice(b"\r\n");
            }
            if wanted == "From" {
                if names.is_empty() {
                    return None;
                }
                names.push(wanted);
            }
        }
        Some(Self { names, header, body_hash: STANDARD.encode(body_hash(body)) })
    }

    pub fn unsigned(&self, signature: &Signature<'_>) -> Unsigned {
        let Signature { algorithm, domain, selector, at } = signature;
        let mut field = format!(
            "DKIM-Signature: v=1; a={algorithm}; c=relaxed/relaxed;\r\n\td={domain}; s={selector}; t={at};\r\n\th="
        );
        let mut line = 0;
        for (place, name) in self.names.iter().enumerate() {
            if place > 0 {
                field.push(':');
            }
            if line + name.len() > LINE_CHARS {
                field.push_str("\r\n\t ");
                line = 0;
            }
            field.push_str(name);
            line += name.len() + 1;
        }
        let _ = write!(field, ";\r\n\tbh={};\r\n\tb=", self.body_hash);
        let mut input = self.header.clone();
        let (name, value) = field.split_once(':').unwrap_or_default();
        relaxed_field(name.as_bytes(), value.as_bytes(), &mut input);
        Unsigned { input, field }
    }
}

impl Unsigned {
    /// The field, with its line break, to stand in front of the mail.
    pub fn signed(self, signature: &[u8]) -> String {
        let mut field = self.field;
        let text = STANDARD.encode(signature);
        let mut rest = text.as_str();
        while let Some((line, more)) = rest.split_at_checked(LINE_CHARS) {
            field.push_str(line);
            rest = more;
            if !rest.is_empty() {
                field.push_str("\r\n\t ");
            }
        }
        field.push_str(rest);
        field.push_str("\r\n");
        field
    }
}

/// A field's name, and its value with the lines it goes on in.
type Field<'m> = (&'m [u8], Vec<u8>);

/// The fields, and the body.
fn split(raw: &[u8]) -> (Vec<Field<'_>>, &[u8]) {
    let mut fields: Vec<Field<'_>> = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if let ([b' ' | b'\t', ..], Some((_, lines))) = (line, fields.last_mut()) {
            lines.extend_from_slice(line);
        } else if let Some(colon) = memchr::memchr(b':', line) {
            let (name, value) = line.split_at(colon);
            fields.push((name.trim_ascii_end(), value.get(1..).unwrap_or_default().to_vec()));
        }
    }
    (fields, rest)
}

/// RFC 6376 §3.4.2, without the line break at the end.
fn relaxed_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend(name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let mut space = false;
    let begin = out.len();
    for byte in value {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => space = true,
            byte => {
                if std::mem::take(&mut space) && out.len() > begin {
                    out.push(b' ');
                }
                out.push(*byte);
            }
        }
    }
}

/// Of the body as RFC 6376 §3.4.4 has it.
fn body_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let (mut empty_lines, mut canonical) = (0_usize, Vec::new());
    let mut rest = body;
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let (line, behind) = rest.split_at(end);
        rest = behind;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        canonical.clear();
        let mut space = false;
        for byte in line {
            match byte {
                b' ' | b'\t' => space = true,
                byte => {
                    if std::mem::take(&mut space) {
                        canonical.push(b' ');
                    }
                    canonical.push(*byte);
                }
            }
        }
        if canonical.is_empty() {
            empty_lines += 1;
            continue;
        }
        for _ in 0..std::mem::take(&mut empty_lines) {
            hash.update(b"\r\n");
        }
        canonical.extend_from_slice(b"\r\n");
        hash.update(&canonical);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(raw: &str) -> (String, Vec<&'static str>) {
        let signable = Signable::of(raw.as_bytes()).expect("a From");
        (String::from_utf8(signable.header).expect("text"), signable.names)
    }

    #[test]
    fn fields_are_relaxed_and_from_is_named_once_more() {
        let raw = "X-Other: 1\r\nFROM :  Ann\t <ann@acme.test> \r\nSubject: a\r\n\t b  c\r\nTo: x\r\nTo: y\r\n\r\nbody";
        let (header, names) = canonical(raw);
        assert_eq!(header, "from:Ann <ann@acme.test>\r\nto:y\r\nto:x\r\nsubject:a b c\r\n");
        assert_eq!(names, ["From", "From", "To", "To", "Subject"]);
        assert_eq!(Signable::of(b"To: x\r\n\r\nbody"), None);
        assert_eq!(Signable::of(b""), None);
    }

    #[test]
    fn bodies_are_relaxed() {
        let hash = |text: &str| STANDARD.encode(body_hash(text.as_bytes()));
        // RFC 6376 §3.4.5, and the hash of nothing.
        assert_eq!(hash(" C \r\nD \t E\r\n\r\n\r\n"), STANDARD.encode(Sha256::digest(b" C\r\nD E\r\n")));
        assert_eq!(hash("\r\n\r\n"), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("a\r\n\r\nb"), STANDARD.encode(Sha256::digest(b"a\r\n\r\nb\r\n")));
    }

    #[test]
    fn a_field_is_folded_and_its_own_signature_is_left_out_of_what_is_signed() {
        let signable = Signable::of(b"From: a@acme.test\r\n\r\nHi\r\n").expect("a From");
        let signature = Signature { algorithm: "rsa-sha256", domain: "acme.test", selector: "s", at: 7 };
        let unsigned = signable.unsigned(&signature);
        let input = String::from_utf8(unsigned.input.clone()).expect("text");
        assert!(input.starts_with("from:a@acme.test\r\ndkim-signature:v=1; a=rsa-sha256; c=relaxed/relaxed; d=acme.test; s=s; t=7; h=From:From; bh="), "{input}");
        assert!(input.ends_with("; b="), "{input}");
        let field = unsigned.signed(&[7; 256]);
        assert!(field.ends_with("\r\n") && field.lines().all(|line| line.len() <= 78), "{field}");
    }
}
