//! Links that lead by way of us, signed: what a link leads to is in the link, so nobody can make one that leads elsewhere. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac as _;
use model::id::ID_BODY_LENGTH;
use model::{MessageId, SubmissionId};

use crate::mac::mac;

/// What the vault derives the keys for.
pub const PURPOSE: &str = "tracked links";
/// Octets of the signature: 128 bits.
const SIGNATURE_OCTETS: usize = 16;
/// The first octet of every token; another form gets another one.
const VERSION: u8 = 1;
/// The second octet: what kind of a link it is, and of what kind of mail.
const PIXEL: u8 = b'o';
const CLICK: u8 = b'c';
const MAIL_PIXEL: u8 = b'p';
const MAIL_CLICK: u8 = b'k';
/// Octets of a token on the wire; longer ones are none of ours.
const TOKEN_OCTETS_MAX: usize = 4 * 1024;

/// What a link is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Message(MessageId),
    /// A mail that an account sent.
    Mail(SubmissionId),
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    Pixel { subject: Subject },
    Click { subject: Subject, url: String },
}

/// Makes links and reads them.
pub struct Links {
    base: String,
    /// The newest signs.
    keys: Vec<[u8; 32]>,
}

impl Links {
    pub fn new(base: &str, keys: Vec<[u8; 32]>) -> Self {
        Self { base: base.to_owned(), keys }
    }

    /// The address of a mail's pixel.
    pub fn pixel(&self, subject: &Subject) -> String {
        format!("{}/t/o/{}", self.base, self.token(said(subject, PIXEL, MAIL_PIXEL, &[])).unwrap_or_default())
    }

    /// An address that leads to `url` by way of us; `number` is the link's in its mail.
    pub fn click(&self, subject: &Subject, number: usize, url: &str) -> Option<String> {
        let number = u16::try_from(number).ok()?;
        let mut target = number.to_be_bytes().to_vec();
        target.extend_from_slice(url.as_bytes());
        let token = self.token(said(subject, CLICK, MAIL_CLICK, &target))?;
        (token.len() <= TOKEN_OCTETS_MAX).then(|| format!("{}/t/c/{token}", self.base))
    }

    fn token(&self, mut said: Vec<u8>) -> Option<String> {
        let signature = mac(self.keys.first()?, &said).finalize().into_bytes();
        said.extend_from_slice(signature.get(..SIGNATURE_OCTETS)?);
        Some(URL_SAFE_NO_PAD.encode(said))
    }

    /// What a token of ours says.
    pub fn read(&self, token: &str) -> Option<Mark> {
        if token.len() > TOKEN_OCTETS_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_OCTETS)?)?;
        let signed = |key| mac(key, said).verify_truncated_left(signature).is_ok();
        if !self.keys.iter().any(signed) {
            return None;
        }
        let [VERSION, kind, rest @ ..] = said else { return None };
        let (id, rest) = rest.split_at_checked(ID_BODY_LENGTH)?;
        let id = std::str::from_utf8(id).ok()?;
        let subject = match *kind {
            PIXEL | CLICK => Subject::Message(format!("{}{id}", MessageId::PREFIX).parse().ok()?),
            MAIL_PIXEL | MAIL_CLICK => Subject::Mail(format!("{}{id}", SubmissionId::PREFIX).parse().ok()?),
            _ => return None,
        };
        match (*kind, rest) {
            (PIXEL | MAIL_PIXEL, []) => Some(Mark::Pixel { subject }),
            (CLICK | MAIL_CLICK, [_, _, url @ ..]) => {
                Some(Mark::Click { subject, url: String::from_utf8(url.to_vec()).ok()? })
            }
            _ => None,
        }
    }
}

fn said(subject: &Subject, of_message: u8, of_mail: u8, rest: &[u8]) -> Vec<u8> {
    let (kind, id) = match subject {
        Subject::Message(id) => (of_message, id.as_str().strip_prefix(MessageId::PREFIX)),
        Subject::Mail(id) => (of_mail, id.as_str().strip_prefix(SubmissionId::PREFIX)),
    };
    [&[VERSION, kind], id.unwrap_or_default().as_bytes(), rest].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(keys: Vec<[u8; 32]>) -> Links {
        Links::new("https://mail.example", keys)
    }

    fn token(url: &str) -> String {
        url.rsplit('/').next().expect("a token").to_owned()
    }

    #[test]
    fn what_is_signed_comes_back() {
        let links = links(vec![[1; 32]]);
        for subject in [Subject::Message(MessageId::generate()), Subject::Mail(SubmissionId::generate())] {
            let pixel = links.pixel(&subject);
            assert!(pixel.starts_with("https://mail.example/t/o/"), "{pixel}");
            assert_eq!(links.read(&token(&pixel)), Some(Mark::Pixel { subject: subject.clone() }));
            let url = "https://example.org/?a=1&b=2#c";
            let click = token(&links.click(&subject, 3, url).expect("a link"));
            assert_eq!(links.read(&click), Some(Mark::Click { subject, url: url.into() }));
        }
    }

    #[test]
    fn nothing_else_is_read() {
        let (links, message) = (links(vec![[1; 32]]), Subject::Message(MessageId::generate()));
        let good = token(&links.click(&message, 0, "https://example.org/").expect("a link"));
        let bytes = URL_SAFE_NO_PAD.decode(&good).expect("base64url");
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert_eq!(links.read(&URL_SAFE_NO_PAD.encode(changed)), None, "octet {place}");
        }
        for length in 0..good.len() {
            assert_eq!(links.read(&good[..length]), None, "{length} characters");
        }
        for bad in [format!("{good}A"), format!("{good}="), "!".into(), "A".repeat(TOKEN_OCTETS_MAX + 1)] {
            assert_eq!(links.read(&bad), None, "{bad:.40}");
        }
    }

    #[test]
    fn a_rotated_key_signs_and_the_one_before_is_still_read() {
        let old = token(&links(vec![[1; 32]]).pixel(&Subject::Message(MessageId::generate())));
        assert!(links(vec![[2; 32], [1; 32]]).read(&old).is_some());
        assert!(links(vec![[2; 32]]).read(&old).is_none());
        assert!(links(Vec::new()).read(&old).is_none());
    }
}
