//! What is kept of a mail in a mailbox beside its bytes: who wrote it to whom and what about, as the mailbox API shows it. Pure.

use mail::{Mailbox, ParsedMail};
use model::limits::{PREVIEW_CHARS_MAX, REFERENCES_MAX};
use model::message::Disposition;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::reports::{self, Report};

/// Addressees of a list that are kept.
const ADDRESSEES_MAX: usize = 200;
/// Attachments told of.
const ATTACHMENTS_MAX: usize = 200;

/// A mail, read.
pub(super) struct Summary {
    /// The same mail has the same, wherever it lies: Message-ID and what its author made of it.
    pub identity: [u8; 32],
    /// Without angle brackets.
    pub rfc_message_id: Option<String>,
    /// Mails it follows, nearest first, without angle brackets.
    pub ancestors: Vec<String>,
    /// Normalised.
    pub author: Option<String>,
    /// To and Cc, normalised, each once.
    pub addressees: Vec<String>,
    pub subject: String,
    pub shown: Json,
    /// It is a bounce or a complaint.
    pub report: Option<Report>,
}

pub(super) fn read(raw: &[u8]) -> Summary {
    let parsed = mail::parse(raw);
    let classification = mail::classify::classify(raw, &parsed, false);
    let fingerprint = mail::fingerprint(raw, &parsed);
    let mut hash = Sha256::new();
    hash.update(parsed.message_id.as_deref().unwrap_or_default());
    hash.update([0]);
    hash.update(fingerprint);
    let author = parsed.from.first().and_then(|from| mail::address::normalize(&from.address));
    let mut addressees: Vec<String> = Vec::new();
    for to in parsed.to.iter().chain(&parsed.cc).take(ADDRESSEES_MAX) {
        if let Some(address) = mail::address::normalize(&to.address)
            && !addressees.contains(&address)
        {
            addressees.push(address);
        }
    }
    let mut ancestors: Vec<String> = parsed.in_reply_to.clone();
    ancestors.extend(parsed.references.iter().rev().take(REFERENCES_MAX).cloned());
    Summary {
        identity: hash.finalize().into(),
        report: reports::read(&classification),
        shown: shown(&parsed, classification.kind.as_str(), classification.auto_reply),
        rfc_message_id: parsed.message_id,
        ancestors,
        author,
        addressees,
        subject: parsed.subject,
    }
}

fn shown(parsed: &ParsedMail, kind: &str, auto_reply: bool) -> Json {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    let list = |mailboxes: &[Mailbox]| {
        (!mailboxes.is_empty()).then(|| Json::Array(mailboxes.iter().take(ADDRESSEES_MAX).map(person).collect()))
    };
    put("date", parsed.date.map(|date| json!(date)));
    put("subject", Some(json!(parsed.subject)));
    put("from", parsed.from.first().map(person));
    put("sender", parsed.sender.as_ref().map(person));
    put("replyTo", list(&parsed.reply_to));
    put("to", list(&parsed.to));
    put("cc", list(&parsed.cc));
    put("bcc", list(&parsed.bcc));
    put("messageId", parsed.message_id.as_deref().map(bracketed));
    put("inReplyTo", parsed.in_reply_to.first().map(|id| bracketed(id)));
    let attachments: Vec<Json> = parsed.attachments.iter().take(ATTACHMENTS_MAX).map(attachment).collect();
    put("attachments", (!attachments.is_empty()).then_some(Json::Array(attachments)));
    let size = |text: &Option<String>| text.as_ref().map(|text| json!(text.len()));
    let mut sizes = Map::new();
    for (name, value) in [("plain", size(&parsed.text)), ("html", size(&parsed.html))] {
        if let Some(value) = value {
            sizes.insert(name.to_owned(), value);
        }
    }
    put("text", Some(json!({ "encodedSize": sizes })));
    let opening = mail::reply::opening(parsed);
    // A word is a character at least.
    let words: Vec<&str> = opening.split_whitespace().take(PREVIEW_CHARS_MAX).collect();
    let preview: String = words.join(" ").chars().take(PREVIEW_CHARS_MAX).collect();
    put("preview", (!preview.is_empty()).then(|| json!(preview)));
    put("isAutoReply", auto_reply.then_some(Json::Bool(true)));
    put("isBounce", (kind == "bounce").then_some(Json::Bool(true)));
    Json::Object(shown)
}

fn person(mailbox: &Mailbox) -> Json {
    json!({ "name": mailbox.name.clone().unwrap_or_default(), "address": mailbox.address })
}

fn bracketed(id: &str) -> Json {
    json!(format!("<{id}>"))
}

fn attachment(file: &mail::ParsedAttachment) -> Json {
    let mut shown = json!({
        // Which one it is within the mail; its id is made from that and the place of the mail.
        "part": file.part,
        "contentType": file.content_type,
        "encodedSize": file.size,
        "embedded": file.content_id.is_some(),
        "inline": file.disposition == Disposition::Inline,
    });
    if let Some(shown) = shown.as_object_mut() {
        if let Some(name) = &file.filename {
            shown.insert("filename".to_owned(), json!(name));
        }
        if let Some(id) = &file.content_id {
            shown.insert("contentId".to_owned(), bracketed(id));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_the_same_wherever_it_lies() {
        let mail = "Received: by a\r\nFrom: Ann <Ann@Example.org>\r\nTo: b@x.test, Bob <b@x.test>\r\nCc: c@x.test\r\nMessage-ID: <1@x>\r\n\
                    In-Reply-To: <0@x>\r\nReferences: <a@x> <0@x>\r\nSubject: Hi\r\n\r\nHello\r\n";
        let one = read(mail.as_bytes());
        let other = read(mail.replace("Received: by a\r\n", "").as_bytes());
        assert_eq!(one.identity, other.identity);
        assert_ne!(one.identity, read(mail.replace("Hello", "Hullo").as_bytes()).identity);
        assert_eq!(one.author.as_deref(), Some("ann@example.org"));
        assert_eq!(one.addressees, ["b@x.test", "c@x.test"]);
        assert_eq!(one.ancestors.first().map(String::as_str), Some("0@x"));
        assert_eq!(one.shown["messageId"], "<1@x>");
        assert_eq!(one.shown["from"], json!({ "name": "Ann", "address": "Ann@Example.org" }));
    }
}
