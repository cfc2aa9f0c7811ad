//! Bounces and complaints that come into a mailbox, as listeners of the mailbox API are told of them. Pure.

use mail::classify::{Classification, MailKind};
use model::event::EventType;
use serde_json::{Value as Json, json};

/// Recipients of one bounce that are told of.
const RECIPIENTS_MAX: usize = 50;

/// A bounce or a complaint, read: what is told of it, but for the id of the mail that brought it.
pub(super) struct Report {
    pub event_type: EventType,
    /// What the id of the mail is called in `data`.
    pub id_name: &'static str,
    /// One a recipient.
    pub data: Vec<Json>,
}

pub(super) fn read(classification: &Classification) -> Option<Report> {
    match classification.kind {
        MailKind::Bounce => Some(bounce(classification, "failed")),
        MailKind::Delay => Some(bounce(classification, "delayed")),
        MailKind::Complaint => Some(complaint(classification)),
        MailKind::Message | MailKind::Delivered | MailKind::AutoReply => None,
    }
}

fn bracketed(classification: &Classification) -> Option<String> {
    classification.original_message_id.as_ref().map(|id| format!("<{id}>"))
}

fn bounce(classification: &Classification, action: &str) -> Report {
    let message_id = bracketed(classification);
    let recipients = classification.recipients.iter().take(RECIPIENTS_MAX);
    let data = recipients
        .map(|recipient| {
            json!({
                "recipient": recipient.address,
                "action": action,
                "response": { "source": "smtp", "message": recipient.diagnostic, "status": recipient.status },
                "messageId": message_id,
                "class": recipient.class.as_str(),
                "reason": recipient.reason.as_str(),
            })
        })
        .collect();
    Report { event_type: EventType::MailBounce, id_name: "bounceMessage", data }
}

fn complaint(classification: &Classification) -> Report {
    let recipients: Vec<&str> =
        classification.recipients.iter().take(RECIPIENTS_MAX).map(|recipient| recipient.address.as_str()).collect();
    let feedback_type = classification.complaint.as_ref().map(|complaint| complaint.feedback_type.as_str());
    let original = classification.original.as_deref();
    let data = json!({
        "arf": { "feedbackType": feedback_type, "recipient": recipients },
        "headers": {
            "messageId": bracketed(classification),
            "from": original.and_then(|mail| mail.from.first()).map(|from| from.address.as_str()),
            "to": original.map(|mail| mail.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>()),
            "subject": original.map(|mail| mail.subject.as_str()),
            "date": original.and_then(|mail| mail.date),
        },
    });
    Report { event_type: EventType::MailComplaint, id_name: "complaintMessage", data: vec![data] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(raw: &str) -> Option<Report> {
        let raw = raw.as_bytes();
        read(&mail::classify::classify(raw, &mail::parse(raw), false))
    }

    #[test]
    fn a_bounce_names_each_recipient_and_what_was_said() {
        let bounce = "From: MAILER-DAEMON@x.test\r\nTo: bo@x.test\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
                      Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n\
                      --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x.test\r\n\r\n\
                      Final-Recipient: rfc822; gone@y.test\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n\
                      --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <1@x.test>\r\nSubject: Hi\r\n\r\n--b--\r\n";
        let report = report(bounce).expect("a bounce");
        assert_eq!((report.event_type, report.id_name, report.data.len()), (EventType::MailBounce, "bounceMessage", 1));
        let data = &report.data[0];
        assert_eq!(
            (&data["recipient"], &data["action"], &data["messageId"]),
            (&json!("gone@y.test"), &json!("failed"), &json!("<1@x.test>"))
        );
        assert_eq!(data["response"]["status"], "5.1.1");
    }

    #[test]
    fn a_persons_mail_is_no_report() {
        assert!(report("From: ann@x.test\r\nSubject: Hi\r\n\r\nHello\r\n").is_none());
    }
}
