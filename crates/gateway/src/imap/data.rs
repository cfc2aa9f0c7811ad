//! What the data of responses means: folders, states of folders, rows of messages. Pure; what is missing is left out.

use std::collections::HashMap;

use bytes::Bytes;
use engine::ports::{FlagsOf, FolderStatus, ListedFolder, MailboxRow, SpecialUse};
use model::Timestamp;

use super::response::Value;
use super::utf7;

/// `(\HasNoChildren \Sent) "/" "Sent"`, of LIST or XLIST.
pub(super) fn listed(values: &[Value], utf8: bool) -> Option<ListedFolder> {
    let [attributes, delimiter, name, ..] = values else { return None };
    let attributes: Vec<String> = attributes.as_list().iter().filter_map(Value::as_text).collect();
    // The root of a hierarchy, which some list, is no folder.
    let name = name.as_text().filter(|name| !name.is_empty())?;
    let path = if utf8 { name } else { utf7::decode(&name) };
    let path = if path.eq_ignore_ascii_case("inbox") { "INBOX".to_owned() } else { path };
    let has = |wanted: &str| attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case(wanted));
    Some(ListedFolder {
        delimiter: delimiter.as_text().and_then(|text| text.chars().next()),
        special_use: if path == "INBOX" {
            Some(SpecialUse::Inbox)
        } else {
            attributes.iter().find_map(|it| purpose(it))
        },
        selectable: !has("\\noselect") && !has("\\nonexistent"),
        attributes,
        path,
        status: None,
    })
}

/// What an attribute says a folder is for; also as XLIST had it.
fn purpose(attribute: &str) -> Option<SpecialUse> {
    let lower = attribute.to_ascii_lowercase();
    match lower.as_str() {
        "\\allmail" => Some(SpecialUse::All),
        "\\spam" => Some(SpecialUse::Junk),
        "\\starred" => Some(SpecialUse::Flagged),
        "\\inbox" => Some(SpecialUse::Inbox),
        _ => SpecialUse::parse(attribute),
    }
}

/// `"Sent" (MESSAGES 3 UIDNEXT 4 …)`.
pub(super) fn status(values: &[Value], utf8: bool) -> Option<(String, FolderStatus)> {
    let [name, items, ..] = values else { return None };
    let name = name.as_text()?;
    let path = if utf8 { name } else { utf7::decode(&name) };
    let mut status = FolderStatus::default();
    for (item, value) in pairs(items.as_list()) {
        let number = || value.as_number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        match item.as_str() {
            "MESSAGES" => status.messages = number(),
            "UNSEEN" => status.unseen = number(),
            "UIDNEXT" => status.uid_next = number(),
            "UIDVALIDITY" => status.uid_validity = number(),
            "HIGHESTMODSEQ" => status.highest_modseq = value.as_number().filter(|modseq| *modseq > 0),
            _ => {}
        }
    }
    let path = if path.eq_ignore_ascii_case("inbox") { "INBOX".to_owned() } else { path };
    Some((path, status))
}

/// What FETCH says of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fetched {
    pub row: MailboxRow,
    /// Where BODY[] is among what is said.
    pub body: Option<Body>,
    pub has_flags: bool,
    pub has_size: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    Bytes(Bytes),
    /// NIL, or longer than was asked for.
    Absent,
}

/// `None` without a UID.
pub(super) fn fetched(values: &[Value]) -> Option<Fetched> {
    let mut fetched = Fetched::default();
    let row = &mut fetched.row;
    for (item, value) in pairs(values.first()?.as_list()) {
        match item.as_str() {
            "UID" => row.uid = value.as_number().and_then(|uid| u32::try_from(uid).ok())?,
            "FLAGS" => {
                row.flags = flags(value);
                fetched.has_flags = true;
            }
            "INTERNALDATE" => row.internal_date = value.as_text().and_then(|text| internal_date(&text)),
            "RFC822.SIZE" => {
                row.size = value.as_number().unwrap_or(0);
                fetched.has_size = true;
            }
            "MODSEQ" => row.modseq = value.as_list().first().and_then(Value::as_number),
            "EMAILID" => row.email_id = value.as_list().first().and_then(Value::as_text),
            "THREADID" => row.thread_id = value.as_list().first().and_then(Value::as_text),
            "X-GM-MSGID" => row.email_id = value.as_text(),
            "X-GM-THRID" => row.thread_id = value.as_text(),
            "X-GM-LABELS" => {
                row.labels =
                    value.as_list().iter().filter_map(Value::as_text).map(|label| utf7::decode(&label)).collect();
            }
            name if name.starts_with("BODY[]") => {
                fetched.body = Some(match value {
                    Value::Text(raw) => Body::Bytes(raw.clone()),
                    _ => Body::Absent,
                });
            }
            _ => {}
        }
    }
    (fetched.row.uid > 0).then_some(fetched)
}

pub(super) fn flags_of(row: MailboxRow) -> FlagsOf {
    FlagsOf { uid: row.uid, flags: row.flags, modseq: row.modseq }
}

fn flags(value: &Value) -> Vec<String> {
    let flags = value.as_list().iter().filter_map(Value::as_text);
    flags.filter(|flag| !flag.eq_ignore_ascii_case("\\recent")).collect()
}

fn pairs(values: &[Value]) -> impl Iterator<Item = (String, &Value)> {
    values.chunks(2).filter_map(|pair| match pair {
        [name, value] => Some((name.as_text()?.to_ascii_uppercase(), value)),
        _ => None,
    })
}

/// `17-Jul-1996 02:44:25 -0700` (RFC 9051 §9, `date-time`); days of one digit may have a blank before them.
pub(super) fn internal_date(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (day, time, zone) = (words.next()?, words.next()?, words.next()?);
    let mut day = day.split('-');
    let (number, month, year) = (day.next()?, day.next()?, day.next()?);
    let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
    let (hours, minutes) = (zone.get(..3)?, zone.get(3..5)?);
    let number: u8 = number.parse().ok()?;
    Timestamp::parse(&format!("{year}-{month:02}-{number:02}T{time}{hours}:{minutes}")).ok()
}

/// As `APPEND` wants it, in UTC.
pub(super) fn written_date(at: Timestamp) -> Option<String> {
    let text = at.to_string();
    let (date, time) = text.split_once('T')?;
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?.parse::<usize>().ok()?, date.next()?);
    Some(format!("{day}-{}-{year} {} +0000", MONTHS.get(month.checked_sub(1)?)?, time.get(..8)?))
}

/// The day alone, for SEARCH.
pub(super) fn written_day(at: Timestamp) -> Option<String> {
    written_date(at)?.split(' ').next().map(str::to_owned)
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Collects what one LIST with RETURN (STATUS) says, in the order of the folders.
#[derive(Default)]
pub(super) struct Folders {
    pub listed: Vec<ListedFolder>,
    statuses: HashMap<String, FolderStatus>,
}

impl Folders {
    pub(super) fn take(&mut self, name: &str, values: &[Value], utf8: bool) {
        if matches!(name, "LIST" | "XLIST") {
            if let Some(folder) = listed(values, utf8)
                && !self.listed.iter().any(|known| known.path == folder.path)
            {
                self.listed.push(folder);
            }
        } else if name == "STATUS"
            && let Some((path, status)) = status(values, utf8)
        {
            self.statuses.insert(path, status);
        }
    }

    pub(super) fn finish(mut self) -> Vec<ListedFolder> {
        for folder in &mut self.listed {
            folder.status = self.statuses.remove(&folder.path);
        }
        self.listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        let at = internal_date("17-Jul-1996 02:44:25 -0700").unwrap();
        assert_eq!(at.to_string(), "1996-07-17T09:44:25.000Z");
        assert_eq!(internal_date(" 7-Jul-1996 02:44:25 +0000").unwrap().to_string(), "1996-07-07T02:44:25.000Z");
        assert_eq!(written_date(at).as_deref(), Some("17-Jul-1996 09:44:25 +0000"));
        assert_eq!(written_day(at).as_deref(), Some("17-Jul-1996"));
        for bad in ["", "17-Jul-1996", "17-Foo-1996 02:44:25 -0700", "x", "17-Jul-1996 02:44:25 é"] {
            assert_eq!(internal_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_old_servers_call_their_folders_is_known() {
        for (attribute, wanted) in [
            ("\\Sent", Some(SpecialUse::Sent)),
            ("\\SENT", Some(SpecialUse::Sent)),
            ("\\AllMail", Some(SpecialUse::All)),
            ("\\Spam", Some(SpecialUse::Junk)),
            ("\\Starred", Some(SpecialUse::Flagged)),
            ("\\HasNoChildren", None),
        ] {
            assert_eq!(purpose(attribute), wanted, "{attribute}");
        }
    }
}
