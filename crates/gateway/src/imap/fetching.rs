//! Rows and bodies of messages, as FETCH gives them. Owns how much is asked for at once, and that a message the server can't give
//! hides no other. Never keeps a body longer than it takes to hand it on.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use engine::ports::{FetchedMail, MailboxFailure, MailboxResult, MailboxRow, MailboxSearch};
use tokio::sync::mpsc;

use super::command::{Command, ranges, sets};
use super::data::{self, Body, Fetched};
use super::failure;
use super::response::Response;
use super::session::Session;

/// Until the next bytes of something long.
pub(super) const PROGRESS: Duration = Duration::from_secs(120);
/// Messages whose bodies are asked for at once.
const BODIES_AT_ONCE: usize = 500;
/// Messages whose rows are in memory at once while bodies are fetched.
const ROWS_AT_ONCE: usize = 5_000;
/// A mail from this size on is handed on when no other waits.
const ALONE_FROM_BYTES: usize = 1024 * 1024;
/// Bytes a row usually has.
const ROW_BYTES: u64 = 100;
/// Bytes of literals beside bodies: labels, reasons.
const WORDS_BYTES_MAX: u64 = 64 * 1024;
/// Refusals in a row after which it is the server that can't, and no single message: one among [`BODIES_AT_ONCE`] takes 10 to find.
const REFUSALS_IN_A_ROW_MAX: u32 = 32;

/// Where rows go.
enum RowSink<'a> {
    Channel(&'a mpsc::Sender<MailboxRow>),
    Map(&'a mut HashMap<u32, MailboxRow>),
}

impl RowSink<'_> {
    async fn take(&mut self, row: MailboxRow) -> MailboxResult<()> {
        match self {
            Self::Channel(out) => out.send(row).await.map_err(|_| nobody_listens()),
            Self::Map(rows) => {
                rows.insert(row.uid, row);
                Ok(())
            }
        }
    }
}

/// UIDs that are asked for, in halves where the server refuses.
struct Halves {
    waiting: Vec<Vec<u32>>,
    refusals_in_a_row: u32,
}

impl Halves {
    fn new(uids: Vec<u32>) -> Self {
        Self { waiting: vec![uids], refusals_in_a_row: 0 }
    }

    /// `left` was refused: it comes in halves; what is a single message comes back.
    ///
    /// # Errors
    /// The server refuses everything, or says that it can't at the moment.
    fn refused(&mut self, left: Vec<u32>, refusal: MailboxFailure) -> MailboxResult<Option<u32>> {
        self.refusals_in_a_row += 1;
        if self.refusals_in_a_row > REFUSALS_IN_A_ROW_MAX || failure::is_passing(&refusal) {
            return Err(refusal);
        }
        if left.len() <= 1 {
            return Ok(left.first().copied());
        }
        let (one, other) = left.split_at(left.len() / 2);
        self.waiting.extend([other.to_vec(), one.to_vec()]);
        Ok(None)
    }
}

impl Session {
    /// The next message FETCH tells of; `None` when the command is done.
    async fn next_fetched(&mut self, tag: &str) -> MailboxResult<Option<Fetched>> {
        loop {
            let mut said = None;
            if self.connection.next(tag, PROGRESS, &mut |response| said = Some(response)).await?.is_some() {
                return Ok(None);
            }
            let Some(response) = said else { continue };
            if let Response::Data { name, values, .. } = &response
                && name == "FETCH"
                && let Some(fetched) = data::fetched(values)
            {
                return Ok(Some(fetched));
            }
            self.notice(&response);
        }
    }

    fn row_items(&self) -> String {
        let mut items = "UID FLAGS INTERNALDATE RFC822.SIZE".to_owned();
        if self.can.condstore {
            items.push_str(" MODSEQ");
        }
        if self.can.object_id {
            items.push_str(" EMAILID THREADID");
        }
        if self.can.gmail {
            items.push_str(" X-GM-MSGID X-GM-THRID X-GM-LABELS");
        }
        items
    }

    /// One FETCH of rows. `came`: which did.
    async fn fetch_rows(
        &mut self,
        (set, items): (&str, &str),
        changed_since: Option<u64>,
        sink: &mut RowSink<'_>,
        is_wanted: &(dyn Fn(u32) -> bool + Sync),
        came: &mut HashSet<u32>,
    ) -> MailboxResult<()> {
        let mut command = Command::new("UID FETCH").words(set).words(&format!("({items})"));
        if let Some(modseq) = changed_since.filter(|_| self.can.condstore) {
            command = command.words(&format!("(CHANGEDSINCE {modseq})"));
        }
        let needs_size = items.contains("RFC822.SIZE");
        let tag = self.connection.begin(&command).await?;
        while let Some(fetched) = self.next_fetched(&tag).await? {
            // A row without what was asked for is news between.
            let is_whole = fetched.has_flags && (fetched.has_size || !needs_size);
            let is_answer = is_whole && is_wanted(fetched.row.uid);
            // `n:*` gives the last message even where it is below n. That is no news: whoever took it for some would ask again at
            // once, and be given it again.
            if is_whole && needs_size && !is_answer {
                continue;
            }
            if is_answer && came.insert(fetched.row.uid) {
                sink.take(fetched.row).await?;
            } else if fetched.has_flags {
                self.noticed.flags = true;
            }
        }
        Ok(())
    }

    /// Rows of these messages; what the server refuses is asked for by halves.
    async fn rows_of(
        &mut self,
        uids: &[RangeInclusive<u32>],
        changed_since: Option<u64>,
        sink: &mut RowSink<'_>,
    ) -> MailboxResult<()> {
        let wanted = sorted(uids);
        let is_wanted = |uid: u32| contains(&wanted, uid);
        let items = self.row_items();
        let mut came = HashSet::new();
        for set in sets(&wanted) {
            let refusal = match self.fetch_rows((&set, &items), changed_since, sink, &is_wanted, &mut came).await {
                Ok(()) => continue,
                Err(error) if failure::is_refusal(&error) => error,
                Err(error) => return Err(error),
            };
            if failure::is_passing(&refusal) {
                return Err(refusal);
            }
            let search = MailboxSearch { uids: Some(super::command::read_set(&set)), ..MailboxSearch::default() };
            let there = self
                .search_all(&search)
                .await
                .map_err(|error| if failure::is_refusal(&error) { refusal } else { error })?;
            self.rows_by_halves(there, &items, changed_since, sink, &mut came).await?;
        }
        Ok(())
    }

    async fn rows_by_halves(
        &mut self,
        there: Vec<u32>,
        items: &str,
        changed_since: Option<u64>,
        sink: &mut RowSink<'_>,
        came: &mut HashSet<u32>,
    ) -> MailboxResult<()> {
        let mut halves = Halves::new(there);
        while let Some(some) = halves.waiting.pop() {
            let left: Vec<u32> = some.into_iter().filter(|uid| !came.contains(uid)).collect();
            let is_wanted = |uid: u32| left.binary_search(&uid).is_ok();
            for set in sets(&ranges(&left)) {
                let before = came.len();
                let outcome = self.fetch_rows((&set, items), changed_since, sink, &is_wanted, came).await;
                if came.len() > before {
                    halves.refusals_in_a_row = 0;
                }
                let refusal = match outcome {
                    Ok(()) => continue,
                    Err(error) if failure::is_refusal(&error) => error,
                    Err(error) => return Err(error),
                };
                let still: Vec<u32> = left.iter().copied().filter(|uid| !came.contains(uid)).collect();
                if let Some(uid) = halves.refused(still, refusal)? {
                    // What can be had of it: mostly its size is what can't be told.
                    match self.fetch_rows((&uid.to_string(), "UID FLAGS"), None, sink, &is_wanted, came).await {
                        Ok(()) => {}
                        Err(error) if failure::is_refusal(&error) => {
                            sink.take(MailboxRow { uid, ..MailboxRow::default() }).await?;
                        }
                        Err(error) => return Err(error),
                    }
                }
                break;
            }
        }
        Ok(())
    }

    pub(super) async fn rows_into(
        &mut self,
        uids: RangeInclusive<u32>,
        changed_since: Option<u64>,
        out: &mpsc::Sender<MailboxRow>,
    ) -> MailboxResult<()> {
        if changed_since.is_none() {
            self.compress_for(u64::from(self.exists) * ROW_BYTES).await?;
        }
        self.rows_of(&[uids], changed_since, &mut RowSink::Channel(out)).await
    }

    pub(super) async fn mails_into(
        &mut self,
        uids: &[RangeInclusive<u32>],
        bytes_max: u64,
        out: &mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        self.connection.wire.keep_literals_up_to(Some(bytes_max.max(WORDS_BYTES_MAX)));
        let fetched = self.mails_within(uids, bytes_max, out).await;
        self.connection.wire.keep_literals_up_to(None);
        fetched
    }

    async fn mails_within(
        &mut self,
        uids: &[RangeInclusive<u32>],
        bytes_max: u64,
        out: &mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        if !self.may_be_many(uids) {
            return self.some_mails(uids, bytes_max, out).await;
        }
        let search = MailboxSearch { uids: Some(uids.to_vec()), ..MailboxSearch::default() };
        let there = self.search_all(&search).await?;
        for some in there.chunks(ROWS_AT_ONCE) {
            self.some_mails(&ranges(some), bytes_max, out).await?;
        }
        Ok(())
    }

    /// More than [`ROWS_AT_ONCE`], as far as is known from SELECT.
    fn may_be_many(&self, uids: &[RangeInclusive<u32>]) -> bool {
        let last = if self.uid_next == 0 { u32::MAX } else { self.uid_next };
        let span = |range: &RangeInclusive<u32>| {
            u64::from((*range.end()).min(last)).saturating_sub(u64::from(*range.start())).saturating_add(1)
        };
        let most = uids.iter().map(span).fold(0_u64, u64::saturating_add).min(u64::from(self.exists));
        most > ROWS_AT_ONCE as u64
    }

    async fn some_mails(
        &mut self,
        uids: &[RangeInclusive<u32>],
        bytes_max: u64,
        out: &mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        let mut rows = HashMap::new();
        self.rows_of(uids, None, &mut RowSink::Map(&mut rows)).await?;
        let mut fitting: Vec<u32> = rows.values().filter(|row| row.size <= bytes_max).map(|row| row.uid).collect();
        fitting.sort_unstable();
        let bytes = rows.values().map(|row| row.size).filter(|size| *size <= bytes_max).fold(0, u64::saturating_add);
        self.compress_for(bytes).await?;
        for some in fitting.chunks(BODIES_AT_ONCE) {
            self.bodies_of(some, bytes_max, &mut rows, out).await?;
        }
        // What is too large, and what the server did not give.
        let mut left: Vec<MailboxRow> = rows.into_values().collect();
        left.sort_by_key(|row| row.uid);
        for row in left {
            hand_on(out, FetchedMail { row, raw: None }).await?;
        }
        Ok(())
    }

    /// Bodies of these rows, as they come. Rows that came are taken out.
    async fn bodies(
        &mut self,
        set: &str,
        bytes_max: u64,
        rows: &mut HashMap<u32, MailboxRow>,
        out: &mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        let command = Command::new("UID FETCH").words(set).words("(UID BODY.PEEK[])");
        let tag = self.connection.begin(&command).await?;
        while let Some(fetched) = self.next_fetched(&tag).await? {
            self.noticed.flags |= fetched.has_flags;
            let Some(body) = fetched.body else { continue };
            let Some(row) = rows.remove(&fetched.row.uid) else { continue };
            let raw = match body {
                // Nothing at all of a message that has a size is none either.
                Body::Bytes(raw) => Some(raw).filter(|raw| !raw.is_empty() || row.size == 0),
                Body::Absent => None,
            };
            // Some servers count wrongly.
            let raw = raw.filter(|raw| raw.len() as u64 <= bytes_max);
            hand_on(out, FetchedMail { row, raw }).await?;
        }
        Ok(())
    }

    /// As `bodies`; what the server refuses is asked for by halves, so that one message it can't give hides no other. Rows of
    /// messages that are gone meanwhile are taken out too.
    async fn bodies_of(
        &mut self,
        uids: &[u32],
        bytes_max: u64,
        rows: &mut HashMap<u32, MailboxRow>,
        out: &mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        let mut halves = Halves::new(uids.to_vec());
        while let Some(some) = halves.waiting.pop() {
            for set in sets(&ranges(&some)) {
                let before = rows.len();
                let outcome = self.bodies(&set, bytes_max, rows, out).await;
                if rows.len() < before {
                    halves.refusals_in_a_row = 0;
                }
                match outcome {
                    Ok(()) => {}
                    Err(error) if failure::is_refusal(&error) => {
                        let left = some.iter().copied().filter(|uid| rows.contains_key(uid)).collect();
                        halves.refused(left, error)?;
                        break;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        self.forget_gone(uids, rows).await
    }

    async fn forget_gone(&mut self, uids: &[u32], rows: &mut HashMap<u32, MailboxRow>) -> MailboxResult<()> {
        let left: Vec<u32> = uids.iter().copied().filter(|uid| rows.contains_key(uid)).collect();
        if left.is_empty() {
            return Ok(());
        }
        let search = MailboxSearch { uids: Some(ranges(&left)), ..MailboxSearch::default() };
        let there = self.search_all(&search).await?;
        for uid in left.iter().filter(|uid| there.binary_search(uid).is_err()) {
            rows.remove(uid);
        }
        Ok(())
    }
}

/// A large mail waits until all before it were taken, so that what waits is one of them at most.
async fn hand_on(out: &mpsc::Sender<FetchedMail>, mail: FetchedMail) -> MailboxResult<()> {
    if mail.raw.as_ref().is_some_and(|raw| raw.len() >= ALONE_FROM_BYTES) {
        out.reserve_many(out.max_capacity()).await.map(drop).map_err(|_| nobody_listens())?;
    }
    out.send(mail).await.map_err(|_| nobody_listens())
}

fn nobody_listens() -> MailboxFailure {
    let kind = engine::ports::MailboxFailureKind::Lost;
    failure::plain(kind, "what was fetched is not wanted any more", None)
}

/// By their beginnings, and without those that are none.
fn sorted(uids: &[RangeInclusive<u32>]) -> Vec<RangeInclusive<u32>> {
    let mut sorted: Vec<_> = uids.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_unstable_by_key(|range| *range.start());
    let mut merged: Vec<RangeInclusive<u32>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if *range.start() <= last.end().saturating_add(1) => {
                *last = *last.start()..=*last.end().max(range.end());
            }
            _ => merged.push(range),
        }
    }
    merged
}

fn contains(sorted: &[RangeInclusive<u32>], uid: u32) -> bool {
    let after = sorted.partition_point(|range| *range.start() <= uid);
    after.checked_sub(1).and_then(|at| sorted.get(at)).is_some_and(|range| range.contains(&uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: Option<&str>) -> MailboxFailure {
        let kind = engine::ports::MailboxFailureKind::Refused;
        MailboxFailure { code: code.map(str::to_owned), ..failure::plain(kind, "no", None) }
    }

    #[test]
    fn one_message_that_is_refused_is_found_and_hides_no_other() {
        for poisoned in [1_u32, 250, 500] {
            let mut halves = Halves::new((1..=500).collect());
            let (mut given, mut found, mut asked) = (Vec::new(), Vec::new(), 0);
            while let Some(some) = halves.waiting.pop() {
                asked += 1;
                if some.contains(&poisoned) {
                    found.extend(halves.refused(some, refusal(None)).unwrap());
                } else {
                    halves.refusals_in_a_row = 0;
                    given.extend(some);
                }
            }
            assert_eq!(found, [poisoned]);
            assert_eq!(given, (1..=500).filter(|uid| *uid != poisoned).collect::<Vec<_>>());
            assert!(asked <= 20, "{asked}");
        }
    }

    #[test]
    fn a_server_that_refuses_everything_is_not_asked_for_every_message() {
        let mut halves = Halves::new((1..=500).collect());
        let mut asked = 0;
        let failure = loop {
            let some = halves.waiting.pop().unwrap();
            asked += 1;
            if let Err(failure) = halves.refused(some, refusal(None)) {
                break failure;
            }
        };
        assert_eq!((asked, failure), (REFUSALS_IN_A_ROW_MAX + 1, refusal(None)));
        assert!(Halves::new(vec![1]).refused(vec![1], refusal(Some("UNAVAILABLE"))).is_err());
    }

    #[test]
    fn ranges_are_looked_through_fast() {
        let ranges = sorted(&[7..=9, 1..=3, 4..=4, 20..=u32::MAX, 8..=12]);
        assert_eq!(ranges, [1..=4, 7..=12, 20..=u32::MAX]);
        let held: Vec<u32> = (0..25).filter(|uid| contains(&ranges, *uid)).collect();
        assert_eq!(held, (1..=4).chain(7..=12).chain(20..25).collect::<Vec<_>>());
    }
}
