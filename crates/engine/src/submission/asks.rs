//! What the head of a submitted mail asks of us. These fields are read and leave the mail. Pure.

use mail::ParsedMail;
use model::ChannelId;
use serde_json::{Map, Value as Json};

use super::Result;
use crate::ports::SubmitError;
use crate::templates::{TemplateReference, TemplateUse};
use crate::tracking::Tracking;

/// What all our fields begin with.
const PREFIX: &str = "x-postroom-";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// As in HTTP.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Asks {
    /// A use case's name or id.
    pub use_case: Option<String>,
    pub channel: Option<ChannelId>,
    pub template: Option<TemplateUse>,
    pub tags: Vec<String>,
    pub tracking: Tracking,
    pub idempotency_key: Option<String>,
}

/// Whether a field (its name in lower case) is for us and goes no further.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) || name == IDEMPOTENCY_KEY
}

/// Whether a field stays in a mail that is composed anew: not those that are written anew.
pub(super) fn goes_on(name: &str) -> bool {
    const WRITTEN_ANEW: [&str; 17] = [
        "from",
        "sender",
        "to",
        "cc",
        "bcc",
        "resent-bcc",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "mime-version",
        "received",
        "return-path",
        "dkim-signature",
        "arc-seal",
    ];
    let name = name.to_ascii_lowercase();
    !is_ours(&name) && !name.starts_with("content-") && !WRITTEN_ANEW.contains(&name.as_str())
}

impl Asks {
    pub fn read(mail: &ParsedMail) -> Result<Self> {
        let mut asks = Self::default();
        let (mut template, mut variables) = (None, None);
        for (name, value) in mail.headers.iter().filter(|(name, _)| is_ours(&name.to_ascii_lowercase())) {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "x-postroom-use-case" => asks.use_case = Some(value.to_owned()),
                "x-postroom-channel" => asks.channel = Some(channel(value)?),
                "x-postroom-template" => template = Some(value.to_owned()),
                "x-postroom-variables" => variables = Some(object(value)?),
                "x-postroom-tags" => asks.tags.extend(list(value)),
                "x-postroom-track" => asks.tracking = tracking(value)?,
                IDEMPOTENCY_KEY => asks.idempotency_key = Some(key(value)?),
                _ => {
                    return Err(wrong(format!(
                        "{name} is not known; there are X-Postroom-Channel, -Use-Case, -Template, -Variables, -Tags and -Track"
                    )));
                }
            }
        }
        asks.template = match (template, variables) {
            (Some(name), variables) => Some(used(&name, variables.unwrap_or_default())),
            (None, Some(_)) => {
                return Err(wrong("X-Postroom-Variables are for an X-Postroom-Template, and there is none"));
            }
            (None, None) => None,
        };
        Ok(asks)
    }
}

fn wrong(detail: impl Into<String>) -> SubmitError {
    SubmitError::refused("5.6.0", detail)
}

fn channel(value: &str) -> Result<ChannelId> {
    value.parse().map_err(|error: model::id::InvalidId| wrong(format!("X-Postroom-Channel: {error}")))
}

fn object(value: &str) -> Result<Map<String, Json>> {
    serde_json::from_str(value).map_err(|error| wrong(format!("X-Postroom-Variables is no JSON object: {error}")))
}

fn used(name: &str, variables: Map<String, Json>) -> TemplateUse {
    let reference = name.parse().map_or_else(|_| TemplateReference::Name(name.to_owned()), TemplateReference::Id);
    TemplateUse { reference, version: None, variables }
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned)
}

fn tracking(value: &str) -> Result<Tracking> {
    let mut tracking = Tracking::default();
    for word in list(value) {
        match word.to_ascii_lowercase().as_str() {
            "opens" => tracking.opens = true,
            "clicks" => tracking.clicks = true,
            "none" => {}
            _ => return Err(wrong(format!("X-Postroom-Track takes opens, clicks or both, not {word}"))),
        }
    }
    Ok(tracking)
}

fn key(value: &str) -> Result<String> {
    let fits =
        (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(value.to_owned());
    }
    Err(wrong(format!("an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} ASCII characters")))
}

/// For the fuzzer: the key of a mail whose head can be read.
#[doc(hidden)]
pub fn fuzz_head(raw: &[u8]) -> Option<String> {
    Asks::read(&mail::parse(raw)).ok()?.idempotency_key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> std::result::Result<Asks, String> {
        let raw = format!("From: a@x.test\r\n{head}\r\nhello\r\n");
        Asks::read(&mail::parse(raw.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn what_a_head_asks_is_read() {
        let asks = read(
            "X-Postroom-Tags: a, b,,\r\n c\r\nx-postroom-track: Opens,clicks\r\nX-Postroom-Template: welcome\r\n\
             X-Postroom-Variables: {\"name\":\r\n \"Ann\"}\r\nIdempotency-Key: k1\r\nX-Other: 1\r\n",
        )
        .expect("what we know");
        assert_eq!(asks.tags, ["a", "b", "c"]);
        assert_eq!(asks.tracking, Tracking { opens: true, clicks: true });
        assert_eq!(asks.idempotency_key.as_deref(), Some("k1"));
        let template = asks.template.expect("a template");
        assert_eq!(template.reference, TemplateReference::Name("welcome".into()));
        assert_eq!(template.variables["name"], "Ann");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (head, named) in [
            ("X-Postroom-Tag: a\r\n", "not known"),
            ("X-Postroom-Channel: support\r\n", "X-Postroom-Channel"),
            ("X-Postroom-Track: hovers\r\n", "hovers"),
            ("X-Postroom-Variables: {}\r\n", "X-Postroom-Template"),
            ("X-Postroom-Template: a\r\nX-Postroom-Variables: [1]\r\n", "no JSON object"),
            ("Idempotency-Key: \r\n", "Idempotency-Key"),
        ] {
            let refused = read(head).expect_err(head);
            assert!(refused.starts_with("5.6.0") && refused.contains(named), "{refused}");
        }
    }
}
