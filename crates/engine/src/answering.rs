//! A mail that answers or forwards another: whom it goes to, what it is called, what its head names and what it quotes, where the
//! request does not say. Pure.

use std::collections::HashSet;

use mail::compose::DraftAttachment;
use mail::html::SanitizeOptions;
use mail::{Mailbox, ParsedMail};
use model::Timestamp;
use model::limits::REFERENCES_MAX;

/// What is done with the mail that is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Reply,
    ReplyAll,
    Forward,
}

impl Action {
    /// What the mail is flagged with when it is done (RFC 3501; `$Forwarded` is RFC 5788's).
    pub const fn flag(self) -> &'static str {
        match self {
            Self::Reply | Self::ReplyAll => "\\Answered",
            Self::Forward => "$Forwarded",
        }
    }
}

/// The mail that is answered or forwarded.
#[derive(Debug, Clone)]
pub(crate) struct Original {
    pub parsed: ParsedMail,
    pub raw: bytes::Bytes,
}

/// To and Cc of an answer: its author (or where they want answers), or whoever `own` wrote to; of one to all, the others too.
pub(crate) fn recipients(original: &ParsedMail, action: Action, own: &[&str]) -> (Vec<Mailbox>, Vec<Mailbox>) {
    let is_own = |mailbox: &Mailbox| own.iter().any(|address| address.eq_ignore_ascii_case(&mailbox.address));
    let wrote_it = original.from.first().is_some_and(is_own);
    let wanted = if original.reply_to.is_empty() { &original.from } else { &original.reply_to };
    let mut seen = HashSet::new();
    let mut each_once = |list: &[Mailbox]| -> Vec<Mailbox> {
        let new = list.iter().filter(|to| to.address.contains('@') && seen.insert(to.address.to_lowercase()));
        new.cloned().collect()
    };
    let others = |list: &[Mailbox]| -> Vec<Mailbox> { list.iter().filter(|to| !is_own(to)).cloned().collect() };
    match action {
        Action::Forward => (Vec::new(), Vec::new()),
        Action::Reply if wrote_it => (each_once(&original.to), Vec::new()),
        Action::Reply => (each_once(wanted), Vec::new()),
        Action::ReplyAll => {
            let mut to = if wrote_it { Vec::new() } else { each_once(wanted) };
            to.extend(each_once(&others(&original.to)));
            (to, each_once(&others(&original.cc)))
        }
    }
}

/// `Re:` or `Fwd:` before the subject, unless it is there.
pub(crate) fn subject(original: &str, action: Action) -> String {
    let original = original.trim();
    let begins = |marks: &[&str]| {
        let lower = original.to_lowercase();
        marks.iter().any(|mark| lower.starts_with(mark))
    };
    let (mark, is_there) = match action {
        Action::Reply | Action::ReplyAll => ("Re:", mail::subject::normalize(original).is_reply),
        Action::Forward => ("Fwd:", begins(&["fwd:", "fw:"])),
    };
    if is_there { original.to_owned() } else { format!("{mark} {original}").trim_end().to_owned() }
}

/// In-Reply-To, and References oldest first (RFC 5322 §3.6.4). A mail that is forwarded is named too, so that it stays in its thread.
pub(crate) fn threading(original: &ParsedMail) -> (Option<String>, Vec<String>) {
    let is_fine = |id: &&String| mail::compose::clean_message_id(id).is_ok();
    let parent = original.message_id.as_ref().filter(is_fine);
    let named = if original.references.is_empty() { &original.in_reply_to } else { &original.references };
    let mut references: Vec<String> = named.iter().filter(is_fine).take(REFERENCES_MAX).cloned().collect();
    references.extend(parent.cloned());
    (parent.cloned(), references)
}

/// The text and the HTML with the original below.
pub(crate) fn quoted(
    original: &ParsedMail,
    action: Action,
    text: Option<String>,
    html: Option<String>,
) -> (Option<String>, Option<String>) {
    let author = original.from.first().map(written).unwrap_or_default();
    let date = original.date.unwrap_or(Timestamp::from_seconds(0));
    let plain = original.text.clone().or_else(|| original.html.as_deref().map(mail::html::to_text)).unwrap_or_default();
    let text = text.or_else(|| html.is_none().then(String::new)).map(|text| {
        let below = match action {
            Action::Forward => format!("{}\r\n{plain}", forwarded_head(original)),
            _ => mail::compose::quote_reply_text(&author, date, &plain),
        };
        if text.is_empty() { below } else { format!("{}\r\n\r\n{below}", text.trim_end()) }
    });
    let html = html.map(|html| {
        let body = match &original.html {
            Some(body) => clean(body),
            None => format!("<div style=\"white-space:pre-wrap\">{}</div>", escaped(&plain)),
        };
        let below = match action {
            Action::Forward => {
                format!("<div>{}</div><br>{body}", escaped(forwarded_head(original).trim_end()).replace("\r\n", "<br>"))
            }
            _ => mail::compose::quote_reply_html(&author, date, &body),
        };
        before_end(&html, &format!("<br>{below}"))
    });
    (text, html)
}

/// What programs put above a mail they forward.
fn forwarded_head(original: &ParsedMail) -> String {
    let list = |mailboxes: &[Mailbox]| mailboxes.iter().map(written).collect::<Vec<_>>().join(", ");
    let mut head = String::from("---------- Forwarded message ----------\r\n");
    let date = original.date.map(|date| date.to_rfc5322()).unwrap_or_default();
    for (name, value) in [
        ("From", list(&original.from)),
        ("Date", date),
        ("Subject", original.subject.clone()),
        ("To", list(&original.to)),
        ("Cc", list(&original.cc)),
    ] {
        if !value.is_empty() {
            head.push_str(&format!("{name}: {}\r\n", value.replace(char::is_control, " ")));
        }
    }
    head
}

fn written(mailbox: &Mailbox) -> String {
    match mailbox.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} <{}>", mailbox.address),
        None => mailbox.address.clone(),
    }
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Stands for `cid:`, which is no address to a reader of cleaned HTML.
const INLINE_IMAGE: &str = "/.inline-image/";

/// What somebody else wrote goes on without what could harm the next reader; its inline images come along.
fn clean(html: &str) -> String {
    // An id that needs escapes in an address is rare; its image is listed as a file.
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@.-_+=$".contains(&byte));
    let inline = |id: &str| is_plain(id).then(|| format!("{INLINE_IMAGE}{id}"));
    let cleaned = mail::html::sanitize(html, &SanitizeOptions { inline_image_url: &inline, remote_images: true }).html;
    cleaned.replace(&format!("\"{INLINE_IMAGE}"), "\"cid:")
}

fn before_end(html: &str, addition: &str) -> String {
    let end = html.to_ascii_lowercase().rfind("</body>").unwrap_or(html.len());
    format!("{}{addition}{}", html.get(..end).unwrap_or(html), html.get(end..).unwrap_or_default())
}

/// Files of the original that go along: inline images that the HTML shows, and all others if `all`.
pub(crate) fn files(original: &Original, html: Option<&str>, all: bool) -> Vec<DraftAttachment> {
    let is_shown = |file: &mail::ParsedAttachment| {
        let id = file.content_id.as_deref().unwrap_or_default();
        !id.is_empty() && html.is_some_and(|html| html.contains(&format!("cid:{id}")))
    };
    let attachments = original.parsed.attachments.iter();
    attachments
        .filter_map(|file| {
            let inline = is_shown(file);
            if !inline && !all {
                return None;
            }
            let data = mail::attachment_bytes(&original.raw, file.part)?;
            Some(DraftAttachment {
                filename: file.filename.clone().unwrap_or_else(|| "attachment".to_owned()),
                content_type: file.content_type.clone(),
                content_id: file.content_id.clone().filter(|_| inline),
                inline,
                data,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> ParsedMail {
        mail::parse(
            b"From: Ann <ann@x.test>\r\nTo: me@y.test, Bob <bob@x.test>\r\nCc: Cy <cy@x.test>, ANN@x.test\r\nSubject: Hi\r\n\
              Date: Wed, 25 Nov 2026 10:00:00 +0000\r\nMessage-ID: <2@x>\r\nReferences: <0@x> <1@x>\r\n\r\nOne\r\nTwo\r\n",
        )
    }

    fn addresses(list: &[Mailbox]) -> Vec<&str> {
        list.iter().map(|mailbox| mailbox.address.as_str()).collect()
    }

    #[test]
    fn an_answer_goes_to_the_author_and_one_to_all_to_the_others_once() {
        let own = ["me@y.test"];
        let (to, cc) = recipients(&mail(), Action::Reply, &own);
        assert_eq!((addresses(&to), addresses(&cc)), (vec!["ann@x.test"], vec![]));
        let (to, cc) = recipients(&mail(), Action::ReplyAll, &own);
        assert_eq!((addresses(&to), addresses(&cc)), (vec!["ann@x.test", "bob@x.test"], vec!["cy@x.test"]));
        let (to, _) = recipients(&mail(), Action::Reply, &["ann@x.test"]);
        assert_eq!(addresses(&to), ["me@y.test", "bob@x.test"], "one's own mail goes on to whom it went to");
        assert_eq!(recipients(&mail(), Action::Forward, &own), (vec![], vec![]));
    }

    #[test]
    fn subjects_are_marked_once() {
        assert_eq!(subject("Hi", Action::Reply), "Re: Hi");
        assert_eq!(subject("AW: Hi", Action::ReplyAll), "AW: Hi");
        assert_eq!(subject("Re: Hi", Action::Forward), "Fwd: Re: Hi");
        assert_eq!(subject("FW: Hi", Action::Forward), "FW: Hi");
        assert_eq!(subject("", Action::Reply), "Re:");
    }

    #[test]
    fn the_head_names_what_is_answered_and_what_came_before() {
        let (parent, references) = threading(&mail());
        assert_eq!(parent.as_deref(), Some("2@x"));
        assert_eq!(references, ["0@x", "1@x", "2@x"]);
    }

    #[test]
    fn the_original_lies_below() {
        let (text, html) = quoted(&mail(), Action::Reply, Some("Mine".into()), Some("<p>Mine</p>".into()));
        let text = text.unwrap_or_default();
        assert!(text.starts_with("Mine\r\n\r\nOn ") && text.ends_with("> One\r\n> Two\r\n"), "{text}");
        let html = html.unwrap_or_default();
        assert!(html.starts_with("<p>Mine</p><br>") && html.contains("blockquote") && html.contains("One"), "{html}");
        let (text, _) = quoted(&mail(), Action::Forward, None, None);
        let text = text.unwrap_or_default();
        assert!(text.starts_with("---------- Forwarded message") && text.contains("Subject: Hi\r\n"), "{text}");
    }

    #[test]
    fn what_is_quoted_can_do_nothing_and_keeps_its_images() {
        let original = mail::parse(
            b"From: a@x.test\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><p onclick=x>Hi</p><img src=\"cid:logo\">",
        );
        let (_, html) = quoted(&original, Action::Reply, None, Some("<html><body>Mine</body></html>".into()));
        let html = html.unwrap_or_default();
        assert!(!html.contains("script") && !html.contains("onclick"), "{html}");
        assert!(html.contains("cid:logo") && html.ends_with("</body></html>"), "{html}");
    }
}
