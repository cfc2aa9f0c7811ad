//! What the product asks of a server that keeps a person's mailbox (IMAP, RFC 9051 and 3501).
//! One session is one connection and does one thing at a time.

use std::ops::RangeInclusive;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use model::Timestamp;
use model::channel::TransportSecurity;
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc};

use super::TestStep;

/// Where a mailbox is kept, and how to sign in.
#[derive(Debug, Clone)]
pub struct MailboxServer {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
    pub sign_in: MailboxSignIn,
    /// Encryption without knowing with whom.
    pub accept_invalid_certificates: bool,
}

#[derive(Debug, Clone)]
pub enum MailboxSignIn {
    /// AUTHENTICATE PLAIN, or LOGIN where the server has no SASL.
    Password { username: String, password: SecretString },
    /// OAUTHBEARER (RFC 7628) where the server offers it, else XOAUTH2.
    Bearer { username: String, token: SecretString },
}

/// What a server can do beyond the base protocol, after signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailboxCapabilities {
    /// RFC 2177.
    pub idle: bool,
    /// RFC 7162.
    pub condstore: bool,
    /// RFC 7162, and enabled.
    pub qresync: bool,
    /// RFC 6851.
    pub r#move: bool,
    /// RFC 4315.
    pub uidplus: bool,
    /// RFC 6154.
    pub special_use: bool,
    /// RFC 8474: EMAILID and THREADID.
    pub object_id: bool,
    /// X-GM-EXT-1: X-GM-MSGID, X-GM-THRID, X-GM-LABELS.
    pub gmail: bool,
}

/// What a folder is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    Inbox,
    All,
    Archive,
    Drafts,
    Flagged,
    Important,
    Junk,
    Sent,
    Trash,
}

impl SpecialUse {
    pub const ALL: [Self; 9] = [
        Self::Inbox,
        Self::All,
        Self::Archive,
        Self::Drafts,
        Self::Flagged,
        Self::Important,
        Self::Junk,
        Self::Sent,
        Self::Trash,
    ];

    /// The attribute, backslash included.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "\\Inbox",
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// Whatever its case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|special_use| special_use.as_str().eq_ignore_ascii_case(text))
    }
}

/// A folder as LIST shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFolder {
    /// In UTF-8, the names of all levels, joined by the delimiter. `INBOX` is always written so.
    pub path: String,
    pub delimiter: Option<char>,
    /// As the server wrote them (`\HasNoChildren`).
    pub attributes: Vec<String>,
    /// What the server says it is for.
    pub special_use: Option<SpecialUse>,
    /// Not `\Noselect`, not `\NonExistent`.
    pub selectable: bool,
    /// Where the server tells it with the list (RFC 5819).
    pub status: Option<FolderStatus>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FolderStatus {
    pub messages: u32,
    pub unseen: u32,
    /// 0 where the server does not say.
    pub uid_next: u32,
    pub uid_validity: u32,
    /// RFC 7162.
    pub highest_modseq: Option<u64>,
}

/// What is known of a folder from an earlier session, so that the server tells only what changed (RFC 7162 §3.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resync {
    pub uid_validity: u32,
    pub highest_modseq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selected {
    pub exists: u32,
    pub uid_validity: u32,
    /// 0 where the server does not say.
    pub uid_next: u32,
    /// Absent: none, or NOMODSEQ.
    pub highest_modseq: Option<u64>,
    /// MAILBOXID (RFC 8474): stays over renames.
    pub mailbox_id: Option<String>,
    pub read_only: bool,
    /// With [`Resync`] on a server with QRESYNC, whose UIDVALIDITY is the same: what is gone and what changed since.
    pub resynced: Option<Changes>,
}

/// What became of messages that were known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub vanished: Vec<RangeInclusive<u32>>,
    pub flags: Vec<FlagsOf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagsOf {
    pub uid: u32,
    pub flags: Vec<String>,
    pub modseq: Option<u64>,
}

/// What a server says of a message beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailboxRow {
    pub uid: u32,
    /// `\Seen`, `\Draft`, keywords. Without `\Recent`.
    pub flags: Vec<String>,
    pub internal_date: Option<Timestamp>,
    /// RFC822.SIZE, bytes.
    pub size: u64,
    pub modseq: Option<u64>,
    /// EMAILID or X-GM-MSGID: stays over moves.
    pub email_id: Option<String>,
    /// THREADID or X-GM-THRID.
    pub thread_id: Option<String>,
    /// X-GM-LABELS.
    pub labels: Vec<String>,
}

/// A message as it came.
#[derive(Debug, Clone)]
pub struct FetchedMail {
    pub row: MailboxRow,
    /// RFC 5322; absent where it is larger than was asked for, or the server gave none (a poisoned message).
    pub raw: Option<Bytes>,
}

/// How an IDLE came to an end. The server's notices are hints to look, never counted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdleEnd {
    /// EXISTS, EXPUNGE, VANISHED or FETCH: something changed.
    Changed(Noticed),
    /// It lasted as long as it was to.
    Elapsed,
    /// `wake` was notified.
    Woken,
}

/// What was noticed during an IDLE, up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noticed {
    pub arrived: bool,
    pub gone: bool,
    pub flags: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlagChange {
    Set(Vec<String>),
    Add(Vec<String>),
    Remove(Vec<String>),
}

/// Where a message is after it was copied, moved or appended (RFC 4315); absent where the server does not tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlaces {
    pub uid_validity: u32,
    /// From which UID to which.
    pub uids: Vec<(u32, u32)>,
}

/// What to look for in a folder. All that is said has to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailboxSearch {
    pub uids: Option<Vec<RangeInclusive<u32>>>,
    pub seen: Option<bool>,
    pub flagged: Option<bool>,
    pub answered: Option<bool>,
    pub deleted: Option<bool>,
    pub draft: Option<bool>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub cc: Option<String>,
    pub bcc: Option<String>,
    pub subject: Option<String>,
    pub body: Option<String>,
    pub text: Option<String>,
    /// Field names and what they contain.
    pub headers: Vec<(String, String)>,
    /// By INTERNALDATE, whole days in UTC.
    pub since: Option<Timestamp>,
    pub before: Option<Timestamp>,
    /// By the Date field.
    pub sent_since: Option<Timestamp>,
    pub sent_before: Option<Timestamp>,
    /// Bytes.
    pub larger: Option<u64>,
    pub smaller: Option<u64>,
    /// X-GM-RAW.
    pub gmail_raw: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxFailureKind {
    /// No connection: name, network, refused, not allowed.
    Connect,
    Tls,
    /// The server refused user name, password or token.
    SignIn,
    /// NO: this command, for a reason (a folder that is not there, no permission, quota).
    Refused,
    /// BAD, or an answer that is no IMAP.
    Protocol,
    /// The connection broke.
    Lost,
    Timeout,
}

/// What went wrong, in one line for the person who set the mailbox up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct MailboxFailure {
    pub kind: MailboxFailureKind,
    /// The server's own words where there are any.
    pub detail: String,
    /// The response code in brackets (`AUTHENTICATIONFAILED`, `TRYCREATE`, `NONEXISTENT`).
    pub code: Option<String>,
    /// What to do about it, where the usual causes are known.
    pub hint: Option<String>,
}

pub type MailboxResult<T> = Result<T, MailboxFailure>;

/// Opens connections to mailboxes, through the SSRF guard.
#[async_trait]
pub trait MailboxDialer: Send + Sync + 'static {
    /// Connects, upgrades, signs in, and enables what there is (QRESYNC or CONDSTORE, UTF8=ACCEPT), says ID (RFC 2971).
    async fn open(&self, server: &MailboxServer) -> MailboxResult<Box<dyn MailboxSession>>;

    /// Connect, upgrade, sign in, list, and leave: a result a step (`imap.connect`, `imap.tls`, `imap.auth`, `imap.list`).
    async fn test(&self, server: &MailboxServer) -> Vec<TestStep>;
}

/// A signed-in connection. Every method may fail as lost; the session is of no use after that, or after any method was
/// dropped before its end. Nothing hangs past its timeout.
#[async_trait]
pub trait MailboxSession: Send + 'static {
    fn capabilities(&self) -> MailboxCapabilities;

    /// All folders of the person (NAMESPACE's personal ones), with what each is for.
    async fn folders(&mut self) -> MailboxResult<Vec<ListedFolder>>;

    async fn status(&mut self, path: &str) -> MailboxResult<FolderStatus>;

    async fn select(&mut self, path: &str, resync: Option<Resync>) -> MailboxResult<Selected>;

    /// The UIDs there are, ascending.
    async fn uids(&mut self) -> MailboxResult<Vec<u32>>;

    /// Rows without bodies, into `out` as they come; only those changed since a modseq where one is named.
    async fn rows(
        &mut self,
        uids: RangeInclusive<u32>,
        changed_since: Option<u64>,
        out: mpsc::Sender<MailboxRow>,
    ) -> MailboxResult<()>;

    /// Rows and bytes, into `out` as they come, a body at a time in memory beside what `out` holds. A message the server will
    /// not give comes without bytes; one that is not there any more does not come.
    async fn mails(
        &mut self,
        uids: &[RangeInclusive<u32>],
        bytes_max: u64,
        out: mpsc::Sender<FetchedMail>,
    ) -> MailboxResult<()>;

    /// Waits in the selected folder for the server to say something, at most `longest`, and ends the IDLE. Without IDLE, NOOP is
    /// asked in between.
    async fn idle(&mut self, longest: Duration, wake: &Notify) -> MailboxResult<IdleEnd>;

    async fn change_flags(&mut self, uids: &[u32], change: &FlagChange) -> MailboxResult<()>;

    /// MOVE, or COPY and delete.
    async fn move_to(&mut self, uids: &[u32], path: &str) -> MailboxResult<Option<NewPlaces>>;

    /// Marks them deleted and expunges them: them alone where the server has UIDPLUS.
    async fn expunge(&mut self, uids: &[u32]) -> MailboxResult<()>;

    /// The UIDVALIDITY and UID of the new message, where the server tells them.
    async fn append(
        &mut self,
        path: &str,
        flags: &[String],
        internal_date: Option<Timestamp>,
        raw: Bytes,
    ) -> MailboxResult<Option<(u32, u32)>>;

    /// UIDs in the selected folder, ascending.
    async fn search(&mut self, search: &MailboxSearch) -> MailboxResult<Vec<u32>>;

    async fn create_folder(&mut self, path: &str) -> MailboxResult<()>;
    async fn rename_folder(&mut self, path: &str, new_path: &str) -> MailboxResult<()>;
    async fn delete_folder(&mut self, path: &str) -> MailboxResult<()>;

    async fn logout(self: Box<Self>);
}
