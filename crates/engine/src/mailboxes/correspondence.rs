//! What a mail in a mailbox is to a CRM: sent, received, seen before, a draft, or nobody's. Pure.

use std::time::Duration;

use model::Timestamp;
use model::account::Correspondence;

/// What was in the mailbox for longer than this when it was first seen is history, not correspondence that just happened.
pub(super) const RECENT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What is known of a mail when it is first seen in a folder.
pub(super) struct Sighting<'a> {
    /// `\Inbox`, `\Sent`, … of the folder, or by labels.
    pub special_use: Option<&'a str>,
    pub flags: &'a [String],
    /// Whether it has an author, and a Message-ID.
    pub has_author: bool,
    pub has_message_id: bool,
    /// The account held it before, here or elsewhere.
    pub known: bool,
    pub internal_date: Option<Timestamp>,
    /// Tell only of mail the server has had since.
    pub notify_from: Timestamp,
    pub now: Timestamp,
}

pub(super) fn of(sighting: &Sighting<'_>) -> Correspondence {
    let is_draft = sighting.flags.iter().any(|flag| flag.eq_ignore_ascii_case("\\draft"));
    if is_draft || sighting.special_use == Some("\\Drafts") {
        return Correspondence::Draft;
    }
    if sighting.known {
        return Correspondence::Seen;
    }
    // Machines and spam write so.
    if !sighting.has_message_id {
        return Correspondence::Ignored;
    }
    let is_old = sighting.internal_date.is_some_and(|at| at < sighting.notify_from || sighting.now.since(at) > RECENT);
    if is_old {
        return Correspondence::Seen;
    }
    if sighting.special_use == Some("\\Sent") {
        return Correspondence::Sent;
    }
    if sighting.has_author { Correspondence::Received } else { Correspondence::Ignored }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mail_is_one_of_five() {
        let now = Timestamp::from_seconds(10_000_000);
        let base = || Sighting {
            special_use: Some("\\Inbox"),
            flags: &[],
            has_author: true,
            has_message_id: true,
            known: false,
            internal_date: Some(now),
            notify_from: Timestamp::from_seconds(9_000_000),
            now,
        };
        let draft = ["\\Draft".to_owned()];
        let days = |count: u64| Some(now.minus(Duration::from_secs(count * 86_400)));
        let rows = [
            (base(), Correspondence::Received),
            (Sighting { special_use: Some("\\Sent"), ..base() }, Correspondence::Sent),
            // Rules move mail into folders of their own.
            (Sighting { special_use: None, ..base() }, Correspondence::Received),
            (Sighting { special_use: Some("\\Junk"), ..base() }, Correspondence::Received),
            (Sighting { special_use: Some("\\Drafts"), ..base() }, Correspondence::Draft),
            (Sighting { flags: &draft, ..base() }, Correspondence::Draft),
            // A draft that was seen before is a draft still: programs keep it anew with every change.
            (Sighting { flags: &draft, known: true, ..base() }, Correspondence::Draft),
            (Sighting { known: true, ..base() }, Correspondence::Seen),
            (Sighting { has_author: false, ..base() }, Correspondence::Ignored),
            (Sighting { has_author: false, special_use: Some("\\Sent"), ..base() }, Correspondence::Sent),
            (Sighting { has_message_id: false, ..base() }, Correspondence::Ignored),
            (Sighting { internal_date: days(8), ..base() }, Correspondence::Seen),
            (Sighting { internal_date: days(8), special_use: Some("\\Sent"), ..base() }, Correspondence::Seen),
            (Sighting { internal_date: days(6), ..base() }, Correspondence::Received),
            (Sighting { internal_date: None, ..base() }, Correspondence::Received),
            (Sighting { internal_date: days(1), notify_from: now, ..base() }, Correspondence::Seen),
        ];
        for (index, (sighting, wanted)) in rows.iter().enumerate() {
            assert_eq!(of(sighting), *wanted, "row {index}");
        }
    }
}
