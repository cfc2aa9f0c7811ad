//! What SELECT says, put together (RFC 9051 §6.3.2, RFC 7162 §3.2.5). Pure.

use engine::ports::{Changes, Selected};

use super::command::read_set;
use super::data;
use super::response::{Response, Value};

/// What SELECT says, response by response.
#[derive(Default)]
pub(super) struct Selecting {
    pub selected: Selected,
    pub changes: Changes,
    pub exists: Option<u32>,
}

impl Selecting {
    pub(super) fn take(&mut self, response: Response) {
        match response {
            Response::Data { number: Some(number), name, .. } if name == "EXISTS" => self.exists = Some(number),
            Response::Data { name, values, .. } if name == "VANISHED" => {
                let set = values.iter().filter_map(Value::as_text).next_back();
                self.changes.vanished.extend(read_set(&set.unwrap_or_default()));
            }
            Response::Data { name, values, .. } if name == "FETCH" => {
                let fetched = data::fetched(&values).filter(|fetched| fetched.has_flags);
                self.changes.flags.extend(fetched.map(|fetched| data::flags_of(fetched.row)));
            }
            Response::Status { tag: None, code: Some((name, rest)), .. } => self.take_code(&name, &rest),
            _ => {}
        }
    }

    fn take_code(&mut self, name: &str, rest: &str) {
        let number = || rest.trim().parse::<u64>().ok();
        let short = || number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
        match name {
            // RFC 7162 §3.2.11: what was said before was of the folder selected before.
            "CLOSED" => *self = Self::default(),
            "UIDVALIDITY" => self.selected.uid_validity = short(),
            "UIDNEXT" => self.selected.uid_next = short(),
            "HIGHESTMODSEQ" => self.selected.highest_modseq = number().filter(|modseq| *modseq > 0),
            "NOMODSEQ" => self.selected.highest_modseq = None,
            "MAILBOXID" => self.selected.mailbox_id = Some(rest.trim_matches(['(', ')']).to_owned()),
            _ => {}
        }
    }
}
