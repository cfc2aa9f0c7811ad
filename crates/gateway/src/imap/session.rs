//! What the product asks of a mailbox, as commands. Owns which extension is used for what, and what was noticed meanwhile.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use engine::ports::{
    FetchedMail, FlagChange, FolderStatus, IdleEnd, ListedFolder, MailboxCapabilities, MailboxFailure,
    MailboxFailureKind, MailboxResult, MailboxRow, MailboxSearch, MailboxSession, NewPlaces, Noticed, Resync, Selected,
};
use model::Timestamp;
use tokio::sync::{Notify, mpsc};

use super::command::{Command, flag_list, ranges, read_set, sets};
use super::connection::{ANSWER, Connection};
use super::data::{self, Folders};
use super::failure;
use super::fetching::PROGRESS;
use super::response::{Response, Value};
use super::searching::ascending;
use super::selecting::Selecting;

/// How often a server without IDLE is asked.
const POLL: Duration = Duration::from_secs(15);
/// Bytes to come for which compressing pays: from then on a connection keeps 40 KB to inflate with.
const COMPRESSED_FROM_BYTES: u64 = 1024 * 1024;
/// Bytes of a message looked at for what needs UTF-8 in its header.
const HEADER_BYTES_MAX: usize = 256 * 1024;

pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) can: MailboxCapabilities,
    pub(super) utf8: bool,
    /// IDLE is offered, and was not refused.
    idles: bool,
    /// COMPRESS is offered, and was not asked for yet.
    compresses: bool,
    /// Where the person's own folders are: what every name begins with, as LIST wants it.
    prefix: String,
    pub(super) noticed: Noticed,
    /// Of the selected folder: how many messages there are, as last heard.
    pub(super) exists: u32,
    /// As SELECT said it; 0 if it did not.
    pub(super) uid_next: u32,
}

impl Session {
    /// Finds out what the server can do, and enables it.
    pub(super) async fn prepare(mut connection: Connection, id: &str, version: &str) -> MailboxResult<Self> {
        if connection.has("ID") {
            let command = Command::new("ID (\"name\"").string(id).words("\"version\"").string(version).close();
            tolerate(connection.run(&command).await)?;
        }
        let (mut qresync, mut utf8) = (false, false);
        if connection.has("ENABLE") {
            let offered = [("QRESYNC", "QRESYNC"), ("UTF8=ACCEPT", "UTF8=ACCEPT"), ("UTF8=ONLY", "UTF8=ACCEPT")];
            let mut wanted: Vec<&str> =
                offered.into_iter().filter(|(offer, _)| connection.has(offer)).map(|(_, wanted)| wanted).collect();
            wanted.dedup();
            if !wanted.is_empty()
                && let Some(done) =
                    tolerate(connection.run(&Command::new(&format!("ENABLE {}", wanted.join(" ")))).await)?
            {
                let enabled = |extension| done.said.iter().any(|response| enables(response, extension));
                (qresync, utf8) = (enabled("QRESYNC"), enabled("UTF8=ACCEPT"));
            }
        }
        let has = |name: &str| connection.has(name);
        let can = MailboxCapabilities {
            idle: has("IDLE"),
            condstore: has("CONDSTORE") || has("QRESYNC"),
            qresync,
            r#move: has("MOVE"),
            uidplus: has("UIDPLUS"),
            special_use: has("SPECIAL-USE"),
            object_id: has("OBJECTID"),
            gmail: has("X-GM-EXT-1"),
        };
        let (prefix, noticed) = (String::new(), Noticed::default());
        let compresses = has("COMPRESS=DEFLATE");
        let mut session =
            Self { connection, can, utf8, idles: can.idle, compresses, prefix, noticed, exists: 0, uid_next: 0 };
        if session.connection.has("NAMESPACE")
            && let Some(done) = tolerate(session.connection.run(&Command::new("NAMESPACE")).await)?
        {
            session.prefix = done.said.iter().find_map(personal_prefix).unwrap_or_default();
        }
        Ok(session)
    }

    pub(super) async fn run(&mut self, command: &Command) -> MailboxResult<super::connection::Done> {
        let done = self.connection.run(command).await?;
        done.said.iter().for_each(|response| self.notice(response));
        Ok(done)
    }

    /// Much is to come: it does so compressed, if the server can.
    pub(super) async fn compress_for(&mut self, bytes: u64) -> MailboxResult<()> {
        if !self.compresses || bytes < COMPRESSED_FROM_BYTES {
            return Ok(());
        }
        self.compresses = false;
        if tolerate(self.run(&Command::new("COMPRESS DEFLATE")).await)?.is_some() {
            self.connection.wire.compress();
        }
        Ok(())
    }

    /// What is said beside an answer is not to be lost: the next IDLE ends at once.
    pub(super) fn notice(&mut self, response: &Response) {
        notice(&mut self.noticed, response);
        if let Response::Data { number: Some(number), name, .. } = response
            && name == "EXISTS"
        {
            self.exists = *number;
        }
    }

    fn status_items(&self) -> String {
        // Not MAILBOXID (RFC 8474): after its restart, Cyrus 3.6 answers it with bytes from anywhere, line ends among them.
        let modseq = if self.can.condstore { " HIGHESTMODSEQ" } else { "" };
        format!("(MESSAGES UNSEEN UIDNEXT UIDVALIDITY{modseq})")
    }

    async fn listed(&mut self, list: &str, returned: &str) -> MailboxResult<Vec<ListedFolder>> {
        let mut folders = Folders::default();
        // INBOX may lie beside what the person's own namespace begins with.
        let patterns = if self.prefix.is_empty() {
            vec!["*".to_owned()]
        } else {
            vec!["INBOX".to_owned(), format!("{}*", self.prefix)]
        };
        for pattern in patterns {
            let mut command = Command::new(list).words("\"\"").string(&pattern);
            if !returned.is_empty() {
                command = command.words(returned);
            }
            for response in &self.run(&command).await?.said {
                if let Response::Data { name, values, .. } = response {
                    folders.take(name, values, self.utf8);
                }
            }
        }
        Ok(folders.finish())
    }

    async fn on_uids(
        &mut self,
        command: &str,
        uids: &[u32],
        then: impl Fn(Command) -> Command,
    ) -> MailboxResult<Vec<super::connection::Done>> {
        let mut all = Vec::new();
        for set in sets(&ranges(uids)) {
            all.push(self.run(&then(Command::new(command).words(&set))).await?);
        }
        Ok(all)
    }
}

/// What a server need not do is not missed.
fn tolerate<T>(outcome: MailboxResult<T>) -> MailboxResult<Option<T>> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(error) if failure::is_refusal(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn enables(response: &Response, extension: &str) -> bool {
    matches!(response, Response::Data { name, values, .. } if name == "ENABLED"
        && values.iter().filter_map(Value::as_text).any(|text| text.eq_ignore_ascii_case(extension)))
}

/// `* NAMESPACE (("INBOX." ".")) …`: the first of the person's own.
fn personal_prefix(response: &Response) -> Option<String> {
    let Response::Data { name, values, .. } = response else { return None };
    if name != "NAMESPACE" {
        return None;
    }
    values.first()?.as_list().first()?.as_list().first()?.as_text()
}

fn notice(noticed: &mut Noticed, response: &Response) {
    let Response::Data { name, values, .. } = response else { return };
    match name.as_str() {
        "EXISTS" => noticed.arrived = true,
        "EXPUNGE" | "VANISHED" => noticed.gone = true,
        "FETCH" if data::fetched(values).is_none_or(|fetched| fetched.has_flags) => noticed.flags = true,
        _ => {}
    }
}

const fn is_something(noticed: Noticed) -> bool {
    noticed.arrived || noticed.gone || noticed.flags
}

/// However it is encoded, a server may say the name back as it is, and what follows a line end would be taken for its answer.
fn check_name(path: &str) -> MailboxResult<()> {
    if path.is_empty() || path.contains(char::is_control) {
        let detail = "a folder's name can't be empty or have control characters";
        return Err(failure::plain(MailboxFailureKind::Refused, detail, None));
    }
    Ok(())
}

fn bad_flags() -> MailboxFailure {
    let hint = "flags are words such as \\Seen, \\Flagged or $Label, without blanks, quotes and parentheses";
    failure::plain(MailboxFailureKind::Refused, "a flag that can't be set", Some(hint))
}

/// `[COPYUID 38505 304,319:320 3956:3958]`.
fn new_places(code: &(String, String)) -> Option<NewPlaces> {
    let (name, rest) = code;
    if name != "COPYUID" {
        return None;
    }
    let mut words = rest.split(' ');
    let uid_validity = words.next()?.parse().ok()?;
    let (from, to) = (read_set(words.next()?), read_set(words.next()?));
    let uids = from.into_iter().flatten().zip(to.into_iter().flatten()).take(1_000_000).collect();
    Some(NewPlaces { uid_validity, uids })
}

#[async_trait]
impl MailboxSession for Session {
    fn capabilities(&self) -> MailboxCapabilities {
        self.can
    }

    async fn folders(&mut self) -> MailboxResult<Vec<ListedFolder>> {
        let extended = self.connection.has("LIST-EXTENDED");
        let status = format!("STATUS {}", self.status_items());
        let returned: Vec<&str> =
            [("SPECIAL-USE", extended && self.can.special_use), (status.as_str(), self.connection.has("LIST-STATUS"))]
                .into_iter()
                .filter_map(|(option, offered)| offered.then_some(option))
                .collect();
        if self.connection.has("XLIST") && !self.can.special_use {
            return self.listed("XLIST", "").await;
        }
        if !returned.is_empty() {
            match self.listed("LIST", &format!("RETURN ({})", returned.join(" "))).await {
                // Offered, and yet not understood: the plain question is asked.
                Err(error) if failure::is_refusal(&error) => {}
                listed => return listed,
            }
        }
        self.listed("LIST", "").await
    }

    async fn status(&mut self, path: &str) -> MailboxResult<FolderStatus> {
        check_name(path)?;
        let items = self.status_items();
        let done = self.run(&Command::new("STATUS").mailbox(path, self.utf8).words(&items)).await?;
        let status = done.said.iter().find_map(|response| match response {
            Response::Data { name, values, .. } if name == "STATUS" => data::status(values, self.utf8),
            _ => None,
        });
        status.map(|(_, status)| status).ok_or_else(|| failure::malformed("STATUS without an answer"))
    }

    async fn select(&mut self, path: &str, resync: Option<Resync>) -> MailboxResult<Selected> {
        check_name(path)?;
        let mut command = Command::new("SELECT").mailbox(path, self.utf8);
        let resync = resync.filter(|known| self.can.qresync && known.uid_validity > 0 && known.highest_modseq > 0);
        if let Some(known) = resync {
            command = command.words(&format!("(QRESYNC ({} {}))", known.uid_validity, known.highest_modseq));
        } else if self.can.condstore {
            command = command.words("(CONDSTORE)");
        }
        // What was noticed was of another folder, or will be seen anew.
        self.noticed = Noticed::default();
        (self.exists, self.uid_next) = (0, 0);
        let done = self.connection.run(&command).await?;
        let mut seen = Selecting::default();
        done.said.into_iter().for_each(|response| seen.take(response));
        let Selecting { mut selected, changes, exists } = seen;
        // Taken for 0, everything would be thought gone.
        selected.exists = exists.ok_or_else(|| failure::malformed("SELECT without EXISTS"))?;
        (self.exists, self.uid_next) = (selected.exists, selected.uid_next);
        selected.read_only = done.code.is_some_and(|(name, _)| name == "READ-ONLY");
        if resync.is_some_and(|known| known.uid_validity == selected.uid_validity) && selected.highest_modseq.is_some()
        {
            selected.resynced = Some(changes);
        }
        Ok(selected)
    }

    async fn uids(&mut self) -> MailboxResult<Vec<u32>> {
        let found = self.search_once(&MailboxSearch::default(), None).await?;
        if found.is_none() && self.exists > 0 {
            return Err(failure::malformed("SEARCH without an answer"));
        }
        Ok(ascending(found.unwrap_or_default()))
    }

    async fn rows(
        &mut self,
        uids: RangeInclusive<u32>,
        changed_since: Option<u64>,
        out: mpsc::Sender<MailboxRow>,
    ) -> MailboxResult<()> {
        self.rows_into(uids, changed_since, &out).await
    }

    async fn mails(
        &mut self,
        uids: &[RangeInclusive<u32>],
        bytes_max: u64,
        out: mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()> {
        self.mails_into(uids, bytes_max, &out).await
    }

    async fn idle(&mut self, longest: Duration, wake: &Notify) -> MailboxResult<IdleEnd> {
        let until = tokio::time::Instant::now() + longest;
        loop {
            let noticed = std::mem::take(&mut self.noticed);
            if is_something(noticed) {
                return Ok(IdleEnd::Changed(noticed));
            }
            if !self.idles {
                let next = until.min(tokio::time::Instant::now() + POLL);
                tokio::select! {
                    () = wake.notified() => return Ok(IdleEnd::Woken),
                    () = tokio::time::sleep_until(next) => {}
                }
                self.run(&Command::new("NOOP")).await?;
                if next == until && !is_something(self.noticed) {
                    return Ok(IdleEnd::Elapsed);
                }
                continue;
            }
            let tag = self.connection.begin(&Command::new("IDLE")).await?;
            let mut heard = Vec::new();
            let leave = self.connection.wire.leave(ANSWER, &mut heard).await;
            heard.iter().for_each(|response| self.notice(response));
            match leave {
                Err(error) if failure::is_refusal(&error) => {
                    self.idles = false;
                    continue;
                }
                leave => leave.map(drop)?,
            }
            let mut end = None;
            while end.is_none() && !is_something(self.noticed) {
                tokio::select! {
                    response = self.connection.wire.response(longest + PROGRESS) => {
                        let response = response?;
                        if let Response::Status { tag: None, condition: super::response::Condition::Bye, .. } = &response {
                            return Err(failure::refused(&response));
                        }
                        self.notice(&response);
                    }
                    () = wake.notified() => end = Some(IdleEnd::Woken),
                    () = tokio::time::sleep_until(until) => end = Some(IdleEnd::Elapsed),
                }
            }
            self.connection.wire.write(b"DONE\r\n", ANSWER).await?;
            let mut late = Vec::new();
            while self.connection.next(&tag, ANSWER, &mut |response| late.push(response)).await?.is_none() {
                late.drain(..).for_each(|response| self.notice(&response));
            }
            if let (Some(end), false) = (end, is_something(self.noticed)) {
                return Ok(end);
            }
        }
    }

    async fn change_flags(&mut self, uids: &[u32], change: &FlagChange) -> MailboxResult<()> {
        let (item, flags) = match change {
            FlagChange::Set(flags) => ("FLAGS.SILENT", flags),
            FlagChange::Add(flags) => ("+FLAGS.SILENT", flags),
            FlagChange::Remove(flags) => ("-FLAGS.SILENT", flags),
        };
        let flags = flag_list(flags).ok_or_else(bad_flags)?;
        self.on_uids("UID STORE", uids, |command| command.words(item).words(&flags)).await.map(drop)
    }

    async fn move_to(&mut self, uids: &[u32], path: &str) -> MailboxResult<Option<NewPlaces>> {
        check_name(path)?;
        let utf8 = self.utf8;
        let command = if self.can.r#move { "UID MOVE" } else { "UID COPY" };
        let all = self.on_uids(command, uids, |command| command.mailbox(path, utf8)).await?;
        let mut places: Option<NewPlaces> = None;
        for done in &all {
            let said = done.said.iter().filter_map(|response| match response {
                Response::Status { tag: None, code: Some(code), .. } => Some(code),
                _ => None,
            });
            for found in said.chain(&done.code).filter_map(new_places) {
                match &mut places {
                    Some(places) => places.uids.extend(found.uids),
                    None => places = Some(found),
                }
            }
        }
        if !self.can.r#move {
            self.expunge(uids).await?;
        }
        Ok(places)
    }

    async fn expunge(&mut self, uids: &[u32]) -> MailboxResult<()> {
        self.change_flags(uids, &FlagChange::Add(vec!["\\Deleted".to_owned()])).await?;
        if self.can.uidplus {
            self.on_uids("UID EXPUNGE", uids, |command| command).await.map(drop)
        } else {
            self.run(&Command::new("EXPUNGE")).await.map(drop)
        }
    }

    async fn append(
        &mut self,
        path: &str,
        flags: &[String],
        internal_date: Option<Timestamp>,
        raw: Bytes,
    ) -> MailboxResult<Option<(u32, u32)>> {
        check_name(path)?;
        let flags = flag_list(flags).ok_or_else(bad_flags)?;
        let mut command = Command::new("APPEND").mailbox(path, self.utf8).words(&flags);
        if let Some(date) = internal_date.and_then(data::written_date) {
            command = command.words(&format!("\"{date}\""));
        }
        // RFC 6855 §4: in its way where header fields are in UTF-8 themselves.
        let header = memchr::memmem::find(&raw, b"\r\n\r\n").unwrap_or(raw.len()).min(HEADER_BYTES_MAX);
        let command = if self.utf8 && !raw.get(..header).unwrap_or_default().is_ascii() {
            command.words("UTF8 (~").literal_behind(raw).close()
        } else {
            command.literal(raw)
        };
        let done = self.run(&command).await?;
        let place = done.code.filter(|(name, _)| name == "APPENDUID").and_then(|(_, rest)| {
            let (validity, uid) = rest.split_once(' ')?;
            Some((validity.parse().ok()?, uid.parse().ok()?))
        });
        Ok(place)
    }

    async fn search(&mut self, search: &MailboxSearch) -> MailboxResult<Vec<u32>> {
        self.search_all(search).await
    }

    async fn create_folder(&mut self, path: &str) -> MailboxResult<()> {
        check_name(path)?;
        self.run(&Command::new("CREATE").mailbox(path, self.utf8)).await?;
        // Some servers list only what is subscribed to.
        tolerate(self.run(&Command::new("SUBSCRIBE").mailbox(path, self.utf8)).await).map(drop)
    }

    async fn rename_folder(&mut self, path: &str, new_path: &str) -> MailboxResult<()> {
        check_name(path).and_then(|()| check_name(new_path))?;
        self.run(&Command::new("RENAME").mailbox(path, self.utf8).mailbox(new_path, self.utf8)).await.map(drop)
    }

    async fn delete_folder(&mut self, path: &str) -> MailboxResult<()> {
        check_name(path)?;
        self.run(&Command::new("DELETE").mailbox(path, self.utf8)).await.map(drop)
    }

    async fn logout(mut self: Box<Self>) {
        const LOGOUT: Duration = Duration::from_secs(5);
        let farewell = async {
            let mut heard = Vec::new();
            self.connection.wire.send(&Command::new("LOGOUT"), LOGOUT, &mut heard).await.ok()?;
            self.connection.wire.response(LOGOUT).await.ok()
        };
        // Whatever comes of it, the connection is closed.
        let _ = tokio::time::timeout(LOGOUT, farewell).await;
    }
}
