//! Whom no machine of ours answers (RFC 3834, RFC 5230 §4.6): other machines, lists, bounces, ourselves. Pure; the judgement of the
//! mail's kind is `mail::classify`'s, and how often somebody is answered is asked of the store.

use model::auth::AuthResult;
use store::messages::MessageRow;

/// Local parts of addresses nobody reads, in lower case.
const NOBODY: &[&str] = &[
    "mailer-daemon",
    "mailerdaemon",
    "postmaster",
    "listserv",
    "majordomo",
    "listmaster",
    "nobody",
    "daemon",
    "bounce",
    "bounces",
    "noreply",
    "no-reply",
    "no_reply",
    "no.reply",
    "donotreply",
    "do-not-reply",
    "do_not_reply",
    "do.not.reply",
    "dontreply",
    "nepasrepondre",
    "ne-pas-repondre",
    "nichtantworten",
    "autoreply",
    "auto-reply",
    "auto-confirm",
    "unsubscribe",
];
/// How local parts of lists and of bounces begin and end.
const BEGINNINGS: &[&str] =
    &["owner-", "bounce-", "bounce+", "bounces-", "bounces+", "noreply-", "noreply+", "no-reply-", "no-reply+"];
const ENDINGS: &[&str] = &["-request", "-owner", "-bounce", "-bounces", "-noreply", "-no-reply"];
/// Fields that mailing lists and mass mail have, whatever their value.
const LIST_FIELDS: &[&str] =
    &["list-id", "list-unsubscribe", "list-post", "list-help", "list-subscribe", "mailing-list", "x-mailing-list"];

/// Why a mail is not answered by a machine; `None`: it may be. `header` gives the first field of a name.
pub(crate) fn why_not<'h>(row: &MessageRow, header: &dyn Fn(&str) -> Option<&'h str>) -> Option<&'static str> {
    if !row.from_address.contains('@') {
        return Some("the mail names nobody who could be answered");
    }
    if row.kind != mail::classify::MailKind::Message.as_str() || row.flags.auto_reply {
        return Some("a machine sent the mail: it is a bounce, a report, an automatic answer or a notification");
    }
    // A mail that came over no SMTP has no envelope; its head may tell of one.
    let empty_by_smtp = row.envelope.mail_from.is_empty() && row.envelope.helo.is_some();
    if empty_by_smtp || header("return-path").is_some_and(|path| path.trim() == "<>") {
        return Some("the mail came with an empty return path: it asks for no answer");
    }
    if row.flags.unauthenticated || row.auth.as_ref().is_some_and(|auth| auth.dmarc == AuthResult::Fail) {
        return Some("the mail fails DMARC: whoever it names may not have sent it");
    }
    if [&row.from_address, &row.envelope.mail_from].into_iter().any(|address| is_nobody(address)) {
        return Some("nobody reads what is sent to this address");
    }
    by_head(header)
}

fn by_head<'h>(header: &dyn Fn(&str) -> Option<&'h str>) -> Option<&'static str> {
    let lower = |name: &str| header(name).map(|value| value.trim().to_ascii_lowercase()).unwrap_or_default();
    let submitted = lower("auto-submitted");
    if !matches!(submitted.split([';', ' ']).next().unwrap_or_default(), "" | "no") {
        return Some("a machine sent the mail (Auto-Submitted)");
    }
    if matches!(lower("precedence").as_str(), "bulk" | "junk" | "list" | "auto_reply") {
        return Some("the mail went to many (Precedence)");
    }
    if LIST_FIELDS.iter().any(|name| header(name).is_some()) {
        return Some("the mail went to many, or came over a mailing list");
    }
    // Microsoft's: DR, NDR, RN and NRN are about reports, which we never send.
    let suppressed = lower("x-auto-response-suppress");
    if suppressed.split(',').any(|what| matches!(what.trim(), "all" | "oof" | "autoreply")) {
        return Some("the mail asks not to be answered by a machine (X-Auto-Response-Suppress)");
    }
    if lower("x-loop").contains("postroom") {
        return Some("the mail was answered by us before (X-Loop)");
    }
    None
}

fn is_nobody(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local).to_ascii_lowercase();
    NOBODY.contains(&local.as_str())
        || BEGINNINGS.iter().any(|beginning| local.starts_with(beginning))
        || ENDINGS.iter().any(|ending| local.ends_with(ending))
}

/// What an automatic answer says it is, so that no other machine answers it.
pub(crate) fn headers() -> Vec<(String, String)> {
    [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All"), ("X-Loop", "postroom")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}
