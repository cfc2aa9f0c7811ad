//! Mail to send, as requests carry it: recipients in their several spellings, files, contents; read into what the
//! product takes, every field that is wrong named by its pointer.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use engine::sending::{AttachmentRequest, AttachmentSource, SendBy, SendRequest};
use engine::templates::{TemplateReference, TemplateUse};
use engine::tracking::Tracking;
use mail::Mailbox;
use model::{ConversationId, Timestamp, UserId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::wire::Fields;
use crate::strict::null_is_absent;

/// An address, or several: `"ann@example.org"`, `"Ann <ann@example.org>"`, `{"address", "name"}`, or a list of these.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape alone, for the API's description")]
pub(super) enum Recipients {
    One(String),
    Several(Vec<Recipient>),
}

#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the shape alone, for the API's description")]
pub(super) enum Recipient {
    Text(String),
    Named { address: String, name: Option<String> },
}

const RECIPIENT: &str = "expected an address, \"Name <address>\", or {\"address\": …, \"name\": …}";

/// The mailboxes of a field that holds one or a list.
pub(super) fn mailboxes(value: Option<&Value>, pointer: &str, fields: &mut Fields) -> Vec<Mailbox> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .filter_map(|(place, one)| mailbox(one, &format!("{pointer}/{place}"), fields))
            .collect(),
        Some(one) => mailbox(one, pointer, fields).into_iter().collect(),
    }
}

/// The one mailbox to write from.
pub(super) fn own_mailbox(value: Option<&Value>, fields: &mut Fields) -> Option<Mailbox> {
    value.filter(|value| !value.is_null()).and_then(|value| mailbox(value, "/from", fields))
}

fn mailbox(value: &Value, pointer: &str, fields: &mut Fields) -> Option<Mailbox> {
    let (address, name, address_pointer) = match value {
        Value::String(text) => (text.as_str(), None, pointer.to_owned()),
        Value::Object(object) => {
            if let Some(unknown) = object.keys().find(|key| *key != "address" && *key != "name") {
                fields.wrong(format!("{pointer}/{unknown}"), "unknown field; a recipient has `address` and `name`");
                return None;
            }
            let name = match object.get("name") {
                None | Some(Value::Null) => None,
                Some(Value::String(name)) => Some(name.clone()),
                Some(_) => {
                    fields.wrong(format!("{pointer}/name"), "expected a text");
                    return None;
                }
            };
            let Some(address) = object.get("address").and_then(Value::as_str) else {
                fields.wrong(format!("{pointer}/address"), "an address is needed");
                return None;
            };
            (address, name, format!("{pointer}/address"))
        }
        _ => {
            fields.wrong(pointer, RECIPIENT);
            return None;
        }
    };
    match mail::compose::parse_mailbox(address) {
        Ok(mailbox) => Some(Mailbox { name: name.or(mailbox.name), address: mailbox.address }),
        Err(detail) => {
            fields.wrong(address_pointer, detail);
            None
        }
    }
}

/// A file: its bytes in Base64, or where to fetch them.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AttachmentBody {
    filename: Option<String>,
    content_type: Option<String>,
    /// Base64. Either this, `url` or `uploadId`.
    content: Option<String>,
    /// Fetched when the message is accepted.
    url: Option<String>,
    /// A file that was uploaded; its name and type are as they were then where they are not said.
    upload_id: Option<String>,
    /// What the HTML refers to as `cid:…`.
    content_id: Option<String>,
}

/// RFC 4648 §4, with the padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The files of a message; `pointer` is the list's.
pub(super) fn attachments(bodies: Vec<AttachmentBody>, pointer: &str, fields: &mut Fields) -> Vec<AttachmentRequest> {
    let one = |(place, body): (usize, AttachmentBody)| attachment(body, format!("{pointer}/{place}"), fields);
    bodies.into_iter().enumerate().filter_map(one).collect()
}

fn attachment(body: AttachmentBody, pointer: String, fields: &mut Fields) -> Option<AttachmentRequest> {
    let source = match (body.content, body.url, body.upload_id) {
        (Some(content), None, None) => {
            let compact: Vec<u8> =
                content.into_bytes().into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
            match BASE64.decode(compact) {
                Ok(bytes) => AttachmentSource::Bytes(bytes.into()),
                Err(error) => {
                    fields.wrong(format!("{pointer}/content"), format!("not Base64 (RFC 4648 §4): {error}"));
                    return None;
                }
            }
        }
        (None, Some(url), None) => AttachmentSource::Url(url),
        (None, None, Some(id)) => match id.parse() {
            Ok(id) => AttachmentSource::Upload(id),
            Err(error) => {
                let error: model::id::InvalidId = error;
                fields.wrong(format!("{pointer}/uploadId"), error.to_string());
                return None;
            }
        },
        (None, None, None) => {
            fields.wrong(format!("{pointer}/content"), "a file needs `content` (Base64), `url` or `uploadId`");
            return None;
        }
        (.., upload) => {
            let place = if upload.is_some() { "uploadId" } else { "url" };
            fields.wrong(format!("{pointer}/{place}"), "a file has one of `content`, `url` and `uploadId`");
            return None;
        }
    };
    Some(AttachmentRequest {
        pointer,
        filename: body.filename,
        content_type: body.content_type,
        content_id: body.content_id,
        source,
    })
}

const NOBODY_TO_SEND_BY: &str = "a channelId or a useCaseId to send by is needed";

/// A message to send.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SendBody {
    channel_id: Option<String>,
    use_case_id: Option<String>,
    #[schema(value_type = Recipients)]
    #[serde(default)]
    to: Value,
    /// One of the channel's own addresses (its `emailAddress`, an alias, its `inboundAddress`), with a name of your choice; the first of
    /// these that there is where it is not said.
    #[schema(value_type = Option<Recipient>)]
    from: Option<Value>,
    content: Option<ContentBody>,
    /// Instead of a subject, a text and an HTML; the rest of a content is possible beside it.
    template: Option<TemplateBody>,
    tracking: Option<TrackingBody>,
    conversation_id: Option<String>,
    /// Not before this time.
    scheduled_at: Option<Timestamp>,
    /// 0 to 120: so long the message waits at least, as `scheduled`, and can be cancelled. 0 where it is not said.
    #[serde(default, deserialize_with = "null_is_absent")]
    undo_seconds: u64,
    /// False leaves the channel's signature out.
    signature: Option<bool>,
    #[serde(default, deserialize_with = "null_is_absent")]
    tags: Vec<String>,
    /// Yours; kept and given back as it is.
    #[serde(default, deserialize_with = "null_is_absent")]
    #[schema(value_type = Object)]
    custom_data: Map<String, Value>,
}

/// A template and its variables; it has a name or an id.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TemplateBody {
    name: Option<String>,
    id: Option<String>,
    /// The current one, where it is not said.
    version: Option<u64>,
    #[serde(default, deserialize_with = "null_is_absent")]
    #[schema(value_type = Object)]
    variables: Map<String, Value>,
}

impl TemplateBody {
    /// What to send, unless it is wrong.
    pub fn read(self, fields: &mut Fields) -> Option<TemplateUse> {
        let reference = match (self.name, self.id) {
            (Some(name), None) => TemplateReference::Name(name),
            (None, Some(id)) => {
                let id =
                    id.parse().map_err(|error: model::id::InvalidId| fields.wrong("/template/id", error.to_string()));
                TemplateReference::Id(id.ok()?)
            }
            _ => {
                fields.wrong("/template/name", "a template has a `name` or an `id`");
                return None;
            }
        };
        Some(TemplateUse { reference, version: self.version, variables: self.variables })
    }
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ContentBody {
    #[serde(rename = "type")]
    #[schema(example = "email")]
    content_type: Option<String>,
    email: Option<EmailBody>,
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EmailBody {
    #[serde(default, deserialize_with = "null_is_absent")]
    subject: String,
    text: Option<String>,
    html: Option<String>,
    #[schema(value_type = Option<Recipients>)]
    cc: Option<Value>,
    #[schema(value_type = Option<Recipients>)]
    bcc: Option<Value>,
    #[schema(value_type = Option<Recipients>)]
    reply_to: Option<Value>,
    #[serde(default, deserialize_with = "null_is_absent")]
    #[schema(value_type = Object)]
    headers: Map<String, Value>,
    /// With or without angle brackets.
    in_reply_to: Option<String>,
    #[serde(default, deserialize_with = "null_is_absent")]
    references: Vec<String>,
    #[serde(default, deserialize_with = "null_is_absent")]
    attachments: Vec<AttachmentBody>,
}

/// What the recipient does is counted and told of. Needs an HTML and exactly one recipient.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TrackingBody {
    /// A pixel at the end of the HTML.
    #[serde(default, deserialize_with = "null_is_absent")]
    opens: bool,
    /// The HTML's web links lead by way of us.
    #[serde(default, deserialize_with = "null_is_absent")]
    clicks: bool,
}

impl TrackingBody {
    pub fn read(self) -> Tracking {
        Tracking { opens: self.opens, clicks: self.clicks }
    }
}

impl SendBody {
    /// Whom to send by and what to send.
    pub fn read(self, author_id: Option<UserId>) -> Result<(SendBy, SendRequest), engine::EngineError> {
        let mut fields = Fields::default();
        let send_by = self.send_by(&mut fields);
        let conversation_id: Option<ConversationId> = self.conversation_id.as_deref().and_then(|id| {
            id.parse().map_err(|error: model::id::InvalidId| fields.wrong("/conversationId", error.to_string())).ok()
        });
        let email = self.email(&mut fields);
        if self.template.is_some() {
            for (name, is_there) in
                [("subject", !email.subject.is_empty()), ("text", email.text.is_some()), ("html", email.html.is_some())]
            {
                if is_there {
                    fields.wrong(format!("/content/email/{name}"), "the template gives it: leave it out");
                }
            }
        }
        let request = SendRequest {
            from: own_mailbox(self.from.as_ref(), &mut fields),
            to: mailboxes(Some(&self.to), "/to", &mut fields),
            cc: mailboxes(email.cc.as_ref(), "/content/email/cc", &mut fields),
            bcc: mailboxes(email.bcc.as_ref(), "/content/email/bcc", &mut fields),
            reply_to: mailboxes(email.reply_to.as_ref(), "/content/email/replyTo", &mut fields),
            subject: email.subject,
            text: email.text,
            html: email.html,
            headers: headers(email.headers, &mut fields),
            in_reply_to: email.in_reply_to,
            references: email.references,
            attachments: attachments(email.attachments, "/content/email/attachments", &mut fields),
            conversation_id,
            scheduled_at: self.scheduled_at,
            undo_seconds: self.undo_seconds,
            tags: self.tags,
            custom_data: self.custom_data,
            author_id,
            without_signature: self.signature == Some(false),
            template: self.template.and_then(|template| template.read(&mut fields)),
            tracking: self.tracking.map(TrackingBody::read).unwrap_or_default(),
            message_id: None,
            confidential: false,
            pointer: "/content/email",
            forwarded: None,
            is_forward: false,
            automatic: false,
        };
        fields.done()?;
        match send_by {
            Some(send_by) => Ok((send_by, request)),
            None => Err(engine::EngineError::invalid("/channelId", NOBODY_TO_SEND_BY)),
        }
    }

    fn send_by(&self, fields: &mut Fields) -> Option<SendBy> {
        type Wrong = model::id::InvalidId;
        match (self.channel_id.as_deref(), self.use_case_id.as_deref()) {
            (Some(id), None) => id
                .parse()
                .map_err(|error: Wrong| fields.wrong("/channelId", error.to_string()))
                .ok()
                .map(SendBy::Channel),
            (None, Some(id)) => id
                .parse()
                .map_err(|error: Wrong| fields.wrong("/useCaseId", error.to_string()))
                .ok()
                .map(SendBy::UseCase),
            (Some(_), Some(_)) => {
                fields.wrong("/useCaseId", "a message goes by a channel or under a use case, not both");
                None
            }
            (None, None) => {
                fields.wrong("/channelId", NOBODY_TO_SEND_BY);
                None
            }
        }
    }

    fn email(&self, fields: &mut Fields) -> EmailBody {
        let Some(content) = &self.content else {
            if self.template.is_none() {
                fields.wrong("/content", "a content or a template is needed");
            }
            return EmailBody::default();
        };
        if content.content_type.as_deref().is_some_and(|kind| kind != "email") {
            fields.wrong("/content/type", "`email` is the one type there is");
        }
        content.email.clone().unwrap_or_else(|| {
            fields.wrong("/content/email", "a content of the type email is needed");
            EmailBody::default()
        })
    }
}

fn headers(headers: Map<String, Value>, fields: &mut Fields) -> Vec<(String, String)> {
    let mut read = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match value {
            Value::String(text) => read.push((name, text)),
            _ => fields.wrong(
                format!("/content/email/headers/{}", name.replace('~', "~0").replace('/', "~1")),
                "a header's value is a text",
            ),
        }
    }
    read
}
