//! UIDs, as SEARCH and ESEARCH give them. Owns in how many commands is asked, and how many UIDs an answer may have.

use engine::ports::{MailboxFailureKind, MailboxResult, MailboxSearch};

use super::command::{Part, read_set, sets};
use super::response::{Response, Value};
use super::session::Session;
use super::{failure, search};

/// UIDs of one answer: more are no answer.
const UIDS_MAX: usize = 5_000_000;

impl Session {
    /// In as many commands as the UIDs need.
    pub(super) async fn search_all(&mut self, search: &MailboxSearch) -> MailboxResult<Vec<u32>> {
        if search.gmail_raw.is_some() && !self.can.gmail {
            let detail = "the server does not know Gmail's way to search (X-GM-RAW)";
            return Err(failure::plain(MailboxFailureKind::Refused, detail, None));
        }
        let mut found = Vec::new();
        match &search.uids {
            None => found.extend(self.search_once(search, None).await?.unwrap_or_default()),
            Some(uids) => {
                for set in sets(uids) {
                    found.extend(self.search_once(search, Some(&set)).await?.unwrap_or_default());
                }
            }
        }
        Ok(ascending(found))
    }

    /// One SEARCH. `None`: the server answered nothing about it.
    pub(super) async fn search_once(
        &mut self,
        search: &MailboxSearch,
        set: Option<&str>,
    ) -> MailboxResult<Option<Vec<u32>>> {
        let mut keys = search::keys(search, set);
        let ascii = keys.parts.iter().all(|part| match part {
            Part::Line(line) => line.is_ascii(),
            Part::Literal(bytes) => bytes.is_ascii(),
        });
        let charset = if ascii || self.utf8 { "" } else { " CHARSET UTF-8" };
        let returned = if self.connection.has("ESEARCH") { " RETURN (ALL)" } else { "" };
        let begin = format!("UID SEARCH{returned}{charset}");
        match keys.parts.first_mut() {
            Some(Part::Line(line)) => *line = [begin.as_bytes(), line].concat(),
            _ => keys.parts.insert(0, Part::Line(begin.into_bytes())),
        }
        let done = self.run(&keys).await?;
        let mut found = None;
        for response in done.said {
            let Response::Data { number: None, name, values } = response else { continue };
            match name.as_str() {
                "SEARCH" => {
                    let numbers = values.iter().filter_map(Value::as_number);
                    found.get_or_insert_with(Vec::new).extend(numbers.filter_map(|uid| u32::try_from(uid).ok()));
                }
                "ESEARCH" => {
                    let is_all = |value: &Value| value.as_text().is_some_and(|text| text.eq_ignore_ascii_case("ALL"));
                    let at = values.iter().position(is_all);
                    let set = at.and_then(|at| values.get(at + 1)).and_then(Value::as_text).unwrap_or_default();
                    let uids = expand(&set).ok_or_else(|| failure::malformed("a search that found too much"))?;
                    found.get_or_insert_with(Vec::new).extend(uids);
                }
                _ => {}
            }
        }
        Ok(found)
    }
}

pub(super) fn ascending(mut uids: Vec<u32>) -> Vec<u32> {
    uids.sort_unstable();
    uids.dedup();
    uids
}

/// The UIDs of a set, unless they are too many.
fn expand(set: &str) -> Option<Vec<u32>> {
    let mut uids = Vec::new();
    for range in read_set(set) {
        let length = usize::try_from(range.end() - range.start()).ok()?;
        if uids.len().saturating_add(length) >= UIDS_MAX {
            return None;
        }
        uids.extend(range);
    }
    Some(uids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_expanded_up_to_its_limit() {
        assert_eq!(expand("1:3,7"), Some(vec![1, 2, 3, 7]));
        assert_eq!(expand(""), Some(Vec::new()));
        let half = UIDS_MAX / 2;
        assert_eq!(expand(&format!("1:{half}")).map(|uids| uids.len()), Some(half));
        assert_eq!(expand(&format!("1:{half},1:{half},1")), None);
        assert_eq!(expand("1:*"), None);
    }
}
