//! What mail is sent under: a verified domain that signs in one way, and a use case of it.

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::super::postroom::Postroom;

/// Characters of a mail's text; with its header it comes to about 4 KB.
const TEXT_CHARS: usize = 3_500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    Ed25519,
    Rsa,
}

impl Signing {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Rsa => "RSA-2048",
        }
    }

    /// How a record of such a key begins.
    const fn record(self) -> &'static str {
        match self {
            Self::Ed25519 => "v=DKIM1; k=ed25519",
            Self::Rsa => "v=DKIM1; k=rsa",
        }
    }
}

pub struct WayOut {
    pub use_case: String,
    text: String,
}

impl WayOut {
    /// # Errors
    /// The domain is not verified with the records that were asked for.
    pub fn set_up(postroom: &Postroom, signing: Signing) -> anyhow::Result<Self> {
        let mut api = postroom.api()?;
        let domain = api.send_json("POST", "/api/v1/domains", &json!({ "name": "senders.test" }))?;
        for record in domain["dnsRecords"].as_array().context("a domain without records")? {
            let field = |name: &str| record[name].as_str().unwrap_or_default();
            // Of its keys those sign whose records are there.
            let is_other_key = field("purpose") == "dkim" && !field("value").starts_with(signing.record());
            if record["required"] == true && !is_other_key {
                postroom.name_server.publish(field("name"), field("type"), field("value"))?;
            }
        }
        let id = domain["id"].as_str().context("a domain without an id")?;
        let domain = api.send_json("POST", &format!("/api/v1/domains/{id}/verify"), &json!({}))?;
        if domain["status"] != "verified" {
            bail!("the domain is not verified: {domain:#}");
        }
        let use_case = json!({ "domainId": id, "entityName": "Bench", "name": "Measured", "emailType": "transactional",
            "senderAddress": "news@senders.test", "unsubscribable": false });
        let use_case = api.send_json("POST", "/api/v1/use-cases", &use_case)?;
        let use_case = use_case["id"].as_str().context("a use case without an id")?.to_owned();
        let sentence = "The parcel that you asked about has left our house this morning and will be with you soon.\n";
        let text = sentence.repeat(TEXT_CHARS.div_ceil(sentence.len()));
        Ok(Self { use_case, text })
    }

    /// A message to one of many people.
    pub fn message(&self, number: u64, at: Option<jiff::Timestamp>) -> Value {
        let mut message = json!({ "useCaseId": self.use_case, "to": format!("person-{number}@recipients.test"),
            "content": { "email": { "subject": format!("Your parcel {number}"), "text": self.text } } });
        if let Some(at) = at {
            message["scheduledAt"] = json!(at.to_string());
        }
        message
    }

    /// The same to everybody on a list.
    pub fn broadcast(&self, list: &str) -> Value {
        json!({ "name": "Measured", "useCaseId": self.use_case, "listId": list, "subject": "Your parcel {{number}}", "text": self.text })
    }
}
