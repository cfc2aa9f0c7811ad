//! What kind of mail this is: a person's, a bounce, a complaint, a machine's answer. Owns the judgement, never acts on it.

mod bounce_reason;
mod code;
mod judge;
mod machine;
mod notice;
mod reason;
mod report;
mod ses;
mod stage;
mod verdict;

use std::sync::LazyLock;

pub use bounce_reason::BounceReason;
use machine::Origin;

use crate::ParsedMail;
use crate::phrases::Phrases;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum MailKind {
    #[default]
    Message,
    Bounce,
    Delay,
    Delivered,
    Complaint,
    AutoReply,
}

impl MailKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Bounce => "bounce",
            Self::Delay => "delay",
            Self::Delivered => "delivered",
            Self::Complaint => "complaint",
            Self::AutoReply => "autoreply",
        }
    }
}

/// Whether the address is no good (hard), or only could not be reached this time (soft).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BounceClass {
    Hard,
    Soft,
}

impl BounceClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Soft => "soft",
        }
    }
}

/// One recipient a bounce or a delay speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BouncedRecipient {
    /// In lower case.
    pub address: String,
    pub class: BounceClass,
    /// RFC 3463, such as `5.1.1`; with a detail from 900 on, such as `5.0.911`, it was concluded: the bounce states none.
    pub status: Option<String>,
    pub reason: BounceReason,
    /// What the server answered, on one line; empty where it is not told.
    pub diagnostic: String,
    /// The failure is the sending side's to mend (its address, name, signature or rights), not the recipient's.
    pub infrastructure: bool,
}

/// A complaint by RFC 5965.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// `abuse`, `fraud`, …, in lower case.
    pub feedback_type: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    pub kind: MailKind,
    pub recipients: Vec<BouncedRecipient>,
    pub complaint: Option<Complaint>,
    /// A machine answered (RFC 3834): nothing may answer it automatically.
    pub auto_reply: bool,
    /// Without angle brackets: the mail that bounced or was complained about.
    pub original_message_id: Option<String>,
    /// The head of that mail, as far as it came back.
    pub original: Option<Box<ParsedMail>>,
}

/// Judges a mail. `null_reverse_path`: it came with `MAIL FROM:<>`.
pub fn classify(raw: &[u8], mail: &ParsedMail, null_reverse_path: bool) -> Classification {
    let origin = machine::origin(mail, null_reverse_path);
    let mut judged =
        Classification { auto_reply: origin != Origin::Person || null_reverse_path, ..Classification::default() };
    let suspicion = Suspicion::of(mail, null_reverse_path);
    if suspicion.any() && judge::report(raw, mail, suspicion, &mut judged) {
        judged.auto_reply = true;
    } else if origin == Origin::Replied {
        judged.kind = MailKind::AutoReply;
    }
    judged
}

/// Judges what a server answered when a mail was given to it: a bounce that never became a mail.
pub fn refusal(address: &str, response: &str) -> BouncedRecipient {
    judge::refusal(address, response)
}

/// What makes a mail worth a closer look. An ordinary mail has none of it and is let go at once.
#[derive(Debug, Clone, Copy)]
struct Suspicion {
    /// It says it is a report (RFC 6522), or has a part only reports have.
    report: bool,
    /// It comes from a mail server, not from a mailbox.
    daemon: bool,
    /// The subject is one servers use.
    subject: bool,
}

/// The field with which Outlook.com forwards what its users call junk.
const COMPLAINED: &str = "x-hmxmroriginalrecipient";
/// The field of the mail with which Apple Mail asks to be taken off a list, in its user's name.
const UNSUBSCRIBES: &str = "x-apple-unsubscribe";
/// The field of fml, a manager of mailing lists.
const LISTS: &str = "x-mlserver";
/// The field of what Amazon SNS sends by mail.
const NOTIFIES: &str = "x-amz-sns-message-id";

/// Local parts and names of mail servers, in lower case.
#[rustfmt::skip]
const DAEMONS: &[&str] = &[
    "mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon", "mdaemon", "postmaster", "post_master",
    "post-master", "mail.delivery.system", "mail delivery system", "mail delivery subsystem", "mail-delivery",
    "mail deliver system", "mailer daemon", "mail administrator", "microsoft exchange", "delivery subsystem",
];

/// Parts of subjects of bounces, in lower case.
#[rustfmt::skip]
const SUBJECTS: &[&str] = &[
    "undeliver", "returned mail", "returned to sender", "return to sender", "returning message", "delivery status",
    "delivery failure", "delivery failed", "delivery has failed", "delivery error", "delivery report",
    "delivery notification", "delivery problem", "delivery delayed", "failure notice", "failure delivery",
    "failed delivery", "mail failure", "mail error", "mail could not be", "message could not be",
    "could not be delivered", "not delivered", "non-delivery", "nondelivery", "non delivery", "delivery incomplete",
    "can't be delivered", "cannot be delivered", "bounced mail", "bounce message", "mail system error",
    "warning: could not send", "warning: message", "deferred", "unzustellbar", "nicht zugestellt", "non remis",
    "échec de la remise", "no entregado", "error de entrega", "mancata consegna", "não entregue", "falha na entrega",
    "niet bezorgd", "onbestelbaar", "не доставлено", "недоставлен", "エラー通知", "配信不能", "配信エラー", "未配信", "退信", "投递失败",
    "無法傳遞", "반송", "complaint about message from",
];

static BOUNCES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(SUBJECTS.iter().copied()));

impl Suspicion {
    fn of(mail: &ParsedMail, null_reverse_path: bool) -> Self {
        let report = mail.attachments.iter().any(|part| {
            part.content_type.strip_prefix("message/").is_some_and(|subtype| !matches!(subtype, "rfc822" | "global"))
        }) || mail.header("x-failed-recipients").is_some()
            || [COMPLAINED, UNSUBSCRIBES, NOTIFIES, LISTS].iter().any(|name| mail.header(name).is_some())
            || mail.header("content-type").is_some_and(|kind| contains(kind, "multipart/report"));
        let from = mail.from.first();
        let daemon = null_reverse_path
            || mail.header("return-path").is_some_and(|path| path.trim() == "<>")
            || mail.header("from").is_some_and(|from| from.contains("<>"))
            || from.is_some_and(|from| {
                let local = from.address.split('@').next().unwrap_or_default();
                let name = from.name.as_deref().unwrap_or_default();
                DAEMONS.iter().any(|daemon| local.eq_ignore_ascii_case(daemon) || contains(name, daemon))
            });
        let subject = !mail.subject.is_empty() && {
            let subject = mail.subject.to_lowercase();
            BOUNCES.any_in(&subject)
        };
        Self { report, daemon, subject }
    }

    fn any(self) -> bool {
        self.report || self.daemon || self.subject
    }
}

/// Whether `text` holds `phrase`, which is in lower-case ASCII.
fn contains(text: &str, phrase: &str) -> bool {
    text.len() >= phrase.len()
        && text.as_bytes().windows(phrase.len()).any(|window| window.eq_ignore_ascii_case(phrase.as_bytes()))
}
