//! What is concluded of one recipient: the reason, the enhanced status code, hard or soft. Owns which of several words and
//! codes counts; the words themselves are in `reason`, the commands in `stage`.

use super::code::{self, code_of};
use super::reason;
use super::stage::{self, Stage};
use super::{BounceClass, BounceReason};

/// What a bounce says of one recipient.
pub(super) struct Evidence<'a> {
    /// The recipient's, in lower case.
    pub address: &'a str,
    /// The server's answer: Diagnostic-Code (RFC 3464 §2.3.6), or what stands next to the address.
    pub diagnostic: &'a str,
    /// What the notice says of the recipient.
    pub said: &'a str,
    /// All of the notice, where it speaks of this recipient alone.
    pub notice: &'a str,
    /// The Status field (RFC 3464 §2.3.4).
    pub status: Option<&'a str>,
    /// PowerMTA's own judgement.
    pub category: Option<&'a str>,
    /// The mail is still on its way.
    pub delayed: bool,
}

pub(super) struct Verdict {
    pub reason: BounceReason,
    /// RFC 3463. Where the bounce has none, a detail from 900 on, which RFC 3463 never assigns, says what was concluded.
    pub status: String,
    pub class: BounceClass,
}

pub(super) fn of(evidence: &Evidence<'_>) -> Verdict {
    let stage = [evidence.diagnostic, evidence.said, evidence.notice]
        .into_iter()
        .find_map(|text| stage::of(&text.to_lowercase(), evidence.address));
    let stated = stated_status(evidence);
    let reason = reason_of(evidence, stated.as_deref(), stage);
    let temporary = evidence.delayed || stated.is_none() && (answered_for_now(evidence) || gave_up_retrying(evidence));
    let class = match (reason, temporary) {
        (reason, false) => reason::class(reason, stated.as_deref()),
        _ => BounceClass::Soft,
    };
    let status = stated.unwrap_or_else(|| format!("{}.{}", if temporary { '4' } else { '5' }, code_of(reason)));
    Verdict { reason, status, class }
}

/// A manager of mailing lists (fml) that refused a mail says so in its subject.
pub(super) fn of_list(subject: &str) -> Verdict {
    let reason =
        if subject.to_lowercase().contains("loop") { BounceReason::Network } else { BounceReason::SenderRejected };
    Verdict { reason, status: format!("5.{}", code_of(reason)), class: BounceClass::Soft }
}

/// The first reply code says that it may work later.
fn answered_for_now(evidence: &Evidence<'_>) -> bool {
    [evidence.diagnostic, evidence.said].into_iter().find_map(code::reply_code_in).is_some_and(|code| code < 500)
}

/// Exim's words for a host that never answered: RFC 3463 gives that a code of class 4 (X.4.7).
fn gave_up_retrying(evidence: &Evidence<'_>) -> bool {
    let words = ["retry timeout exceeded", "failing for a long time", "retry time not reached"];
    [evidence.diagnostic, evidence.said, evidence.notice]
        .iter()
        .any(|text| words.iter().any(|word| text.contains(word)))
}

/// A server's own answer (`550 5.7.1 …`) is nearer to the truth than the summary of the one that reports it, which may be its own
/// giving up (4.4.7) or a guess. Codes that say nothing (X.0.0) are the last choice.
fn stated_status(evidence: &Evidence<'_>) -> Option<String> {
    let telling = |status: &String| !status.ends_with(".0.0") && !status.starts_with('2');
    let texts = [evidence.diagnostic, evidence.said, evidence.notice];
    let field = evidence.status.map(str::to_owned);
    // What its own server concluded from an answer without a code; what the notice adds is that server's as well.
    let own = |status: &&String| telling(status) && !status.ends_with(".4.7") && !evidence.diagnostic.is_empty();
    let concluded = field.as_ref().filter(own);
    let texts_of_servers = if concluded.is_some() { &texts[..1] } else { &texts[..] };
    let answered = texts_of_servers.iter().find_map(|text| code::answered_status(text)).filter(telling);
    if answered.is_none() && moved(evidence) {
        return Some("5.1.6".to_owned());
    }
    answered
        .or_else(|| field.clone().filter(telling))
        .or_else(|| texts.iter().find_map(|text| code::status_in(text)).filter(|spoken| !spoken.starts_with('2')))
        .or(field)
}

/// RFC 5321 §4.2.3: user not local, please try another.
fn moved(evidence: &Evidence<'_>) -> bool {
    code::reply_code_in(evidence.diagnostic) == Some(551)
}

fn reason_of(evidence: &Evidence<'_>, status: Option<&str>, stage: Option<Stage>) -> BounceReason {
    let texts = [evidence.diagnostic, evidence.said, evidence.notice];
    let by_status = || status.and_then(code::of_status);
    // What a mail server says of itself (RFC 5321: 554, 451) is the last that is believed: another line may say more.
    let exact = |reason: &BounceReason| !matches!(*reason, BounceReason::SecurityRefused | BounceReason::SystemError);
    let said = |text: &&str| reason::of_text(text);
    let mut found = said(&texts[0])
        .filter(exact)
        .or_else(|| by_status().filter(exact))
        .or_else(|| evidence.category.and_then(reason::of_category))
        .or_else(|| texts.iter().filter_map(said).find(exact))
        .or_else(|| texts.iter().find_map(said))
        .or_else(by_status)
        .or_else(|| texts.iter().find_map(|text| reason::of_vague_text(text)))
        .unwrap_or(BounceReason::Undefined);
    // That the time was over is a summary; what used it up stands with a reply code.
    if found == BounceReason::Expired {
        let cause = texts
            .iter()
            .filter(|text| code::reply_code_in(text).is_some())
            .find_map(|text| reason::of_text_but(text, Some(BounceReason::Expired)));
        found = cause.unwrap_or(found);
    }
    if matches!(found, BounceReason::UserUnknown | BounceReason::Undefined) && moved(evidence) {
        found = BounceReason::Moved;
    }
    // Symantec's own code for a recipient that its customer does not have.
    if found == BounceReason::Undefined && code::reply_code_in(evidence.diagnostic) == Some(542) {
        return BounceReason::UserUnknown;
    }
    let category = evidence.category.and_then(reason::of_category);
    at_stage(reason::corrected(found, status, evidence.diagnostic), status, stage, category, &texts)
}

/// What is refused before any address was given is the server that sends; with the sender, the sender; with the mail, the mail. And
/// that a user is unknown is certain only in answer to RCPT, with its code, or from the directory itself: filters say so too.
fn at_stage(
    found: BounceReason,
    status: Option<&str>,
    stage: Option<Stage>,
    category: Option<BounceReason>,
    texts: &[&str],
) -> BounceReason {
    let detail = status.and_then(|status| status.split_once('.')).map_or("", |(_, detail)| detail);
    match (found, stage) {
        (
            BounceReason::UserUnknown
            | BounceReason::HostUnknown
            | BounceReason::SenderRejected
            | BounceReason::Undefined,
            Some(Stage::Connection),
        ) => BounceReason::Blocked,
        (
            BounceReason::UserUnknown | BounceReason::HostUnknown | BounceReason::Filtered | BounceReason::Undefined,
            Some(Stage::MailFrom),
        ) => BounceReason::SenderRejected,
        (BounceReason::UserUnknown, Some(Stage::RcptTo)) => found,
        (BounceReason::UserUnknown, _) if detail == "2.1" => BounceReason::Disabled,
        (BounceReason::UserUnknown, _) => {
            let coded = matches!(detail, "1.0" | "1.1" | "1.2" | "1.3" | "1.10" | "4.1" | "5.0");
            let certain = coded
                || category == Some(BounceReason::UserUnknown)
                || texts.iter().any(|text| reason::is_of_directory(text));
            if certain { found } else { BounceReason::Filtered }
        }
        _ => found,
    }
}
