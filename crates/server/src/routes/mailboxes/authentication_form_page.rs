//! The pages that a person connects a mailbox on, as HTML. Owns what they show; never decides anything. Everything that is put into them
//! is escaped here.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::Response;
use engine::ports::TestStep;
use engine::words::{MailboxWords, Notice, Trial, Words};

use crate::routes::page::{escape, page};

/// What is in the fields, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fields {
    pub name: String,
    pub email: String,
    pub imap: ServerFields,
    /// The outgoing server takes the same name and password.
    pub same: bool,
    pub smtp: ServerFields,
}

/// A server's fields. The password is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ServerFields {
    pub host: String,
    pub port: String,
    /// TLS from the first byte; else STARTTLS.
    pub tls: bool,
    pub user: String,
}

/// A field that is wrong: its name, and what to do.
pub(super) type FieldMistake = (&'static str, String);

/// A way to sign in without a password here.
pub(super) struct ProviderButton {
    pub label: String,
    pub url: String,
}

/// What all pages of a form have.
pub(super) struct Frame<'f> {
    pub words: &'static Words,
    /// Data and signature, as they are in the link.
    pub query: String,
    pub token: String,
    /// Where the person goes on afterwards: the application's host.
    pub application: &'f str,
}

/// What was tried, one list a server.
#[derive(Default)]
pub(super) struct Tried {
    pub imap: Vec<TestStep>,
    pub smtp: Vec<TestStep>,
}

fn answer(words: &Words, status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    page(words.language, status, title, head, body, words.mailbox.footer)
}

/// Something is in the way, and this is what to do.
pub(super) fn notice(
    words: &Words,
    status: StatusCode,
    title: &str,
    text: &str,
    onward: Option<(&str, &str)>,
) -> Response {
    let mut body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text));
    if let Some((label, url)) = onward {
        let _ = write!(
            body,
            "<div class=\"actions\"><a class=\"button\" href=\"{}\">{}</a></div>",
            escape(url),
            escape(label)
        );
    }
    answer(words, status, title, "", &body)
}

/// A notice that nothing goes on from.
pub(super) fn end(words: &Words, status: StatusCode, said: &Notice) -> Response {
    notice(words, status, said.title, said.text, None)
}

/// The mail servers do not take what a provider gave.
pub(super) fn servers_refused(words: &Words, tried: &[TestStep], again: &str) -> Response {
    let texts = &words.mailbox;
    let title = texts.not_connected;
    let mut body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(texts.servers_refused));
    steps(&mut body, texts, tried);
    let _ = write!(
        body,
        "<div class=\"actions\"><a class=\"button\" href=\"{}\">{}</a></div>",
        escape(again),
        escape(texts.try_again)
    );
    answer(words, StatusCode::UNPROCESSABLE_ENTITY, title, "", &body)
}

/// The account is there. A form's answer that redirects to another site would be held up by the policy of its page, on that site's own
/// redirects too; so the page goes on by itself.
pub(super) fn connected(words: &Words, application: &str, url: &str) -> Response {
    let (texts, url) = (&words.mailbox, escape(url));
    let head = format!("<meta http-equiv=\"refresh\" content=\"0;url={url}\">");
    let body = format!(
        "<h1>{}</h1><p role=\"status\">{}</p>\
         <div class=\"actions\"><a class=\"button\" id=\"onward\" href=\"{url}\">{}</a></div>",
        escape(texts.connected),
        escape(&(texts.taking_back)(application)),
        escape(texts.go_on)
    );
    answer(words, StatusCode::OK, texts.connected, &head, &body)
}

/// The first page: who it is.
pub(super) fn who(
    status: StatusCode,
    frame: &Frame<'_>,
    fields: &Fields,
    mistakes: &[FieldMistake],
    providers: &[ProviderButton],
) -> Response {
    let texts = &frame.words.mailbox;
    let mut body = heading(texts.connect_title, frame, 1);
    summary(&mut body, texts, mistakes);
    if !providers.is_empty() {
        body.push_str("<ul class=\"providers\">");
        for ProviderButton { label, url } in providers {
            let _ = write!(body, "<li><a class=\"button plain\" href=\"{}\">{}</a></li>", escape(url), escape(label));
        }
        let _ = write!(body, "</ul><p class=\"or\">{}</p>", escape(texts.or_with_password));
    }
    begin_form(&mut body, frame, "find");
    let hint = texts.name_hint;
    input(
        &mut body,
        mistakes,
        &Input { label: texts.name, autocomplete: "name", hint, ..Input::text("name", &fields.name) },
    );
    input(
        &mut body,
        mistakes,
        &Input { label: texts.email, kind: "email", autocomplete: "email", ..Input::text("email", &fields.email) },
    );
    let _ = write!(
        body,
        "<div class=\"actions\"><button>{}</button></div><p class=\"hint\">{}</p></form>",
        escape(texts.go_on),
        escape(texts.looks_up)
    );
    answer(frame.words, status, &title(texts, texts.connect_title, mistakes), "", &body)
}

/// The second page: the servers.
pub(super) fn servers(
    status: StatusCode,
    frame: &Frame<'_>,
    fields: &Fields,
    mistakes: &[FieldMistake],
    found: Option<&str>,
    tried: &Tried,
) -> Response {
    let texts = &frame.words.mailbox;
    let heading_text = (texts.sign_in_to)(&fields.email);
    let mut body = heading(&heading_text, frame, 2);
    if let Some(found) = found {
        let _ = write!(body, "<p class=\"muted\" role=\"status\">{}</p>", escape(found));
    }
    summary(&mut body, texts, mistakes);
    begin_form(&mut body, frame, "connect");
    hidden(&mut body, "name", &fields.name);
    hidden(&mut body, "email", &fields.email);
    let _ = write!(body, "<fieldset><legend>{}</legend>", escape(texts.incoming));
    server(&mut body, texts, mistakes, &IMAP, &fields.imap);
    sign_in(&mut body, texts, mistakes, &IMAP, &fields.imap);
    steps(&mut body, texts, &tried.imap);
    let _ = write!(body, "</fieldset><fieldset><legend>{}</legend>", escape(texts.outgoing));
    server(&mut body, texts, mistakes, &SMTP, &fields.smtp);
    let checked = if fields.same { " checked" } else { "" };
    let _ = write!(
        body,
        "<div class=\"check\"><input type=\"checkbox\" id=\"same\" name=\"same\" value=\"1\"{checked}>\
         <label for=\"same\">{}</label></div><div class=\"own\">",
        escape(texts.same)
    );
    sign_in(&mut body, texts, mistakes, &SMTP, &fields.smtp);
    body.push_str("</div>");
    steps(&mut body, texts, &tried.smtp);
    let _ = write!(
        body,
        "</fieldset><div class=\"actions\"><button>{}</button><a href=\"?{}\">{}</a></div><p class=\"hint\">{}</p></form>",
        escape(texts.connect),
        escape(&frame.query),
        escape(texts.back),
        escape(texts.signs_in)
    );
    answer(frame.words, status, &title(texts, &heading_text, mistakes), "", &body)
}

fn title(texts: &MailboxWords, title: &str, mistakes: &[FieldMistake]) -> String {
    if mistakes.is_empty() { title.to_owned() } else { (texts.not_yet)(title) }
}

fn heading(title: &str, frame: &Frame<'_>, step: u8) -> String {
    let texts = &frame.words.mailbox;
    // The texts hold no markup of their own.
    let consent = (texts.consent)(&format!("<strong>{}</strong>", escape(frame.application)));
    format!("<h1>{}</h1><p class=\"muted\">{} {consent}</p>", escape(title), escape((texts.step)(step)))
}

fn begin_form(body: &mut String, frame: &Frame<'_>, step: &str) {
    let _ = write!(body, "<form method=\"post\" action=\"/accounts/new?{}\" novalidate>", escape(&frame.query));
    hidden(body, "token", &frame.token);
    hidden(body, "step", step);
}

fn hidden(body: &mut String, name: &str, value: &str) {
    let _ = write!(body, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value));
}

/// Said at once, with a way to each field.
fn summary(body: &mut String, texts: &MailboxWords, mistakes: &[FieldMistake]) {
    if mistakes.is_empty() {
        return;
    }
    let heading = escape(texts.not_connected_yet);
    let _ = write!(body, "<div class=\"summary\" role=\"alert\"><h2>{heading}</h2><ul>");
    for (name, text) in mistakes {
        let _ = write!(body, "<li><a href=\"#{name}\">{}</a></li>", escape(text));
    }
    body.push_str("</ul></div>");
}

struct Input<'i> {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: &'i str,
    autocomplete: &'static str,
    hint: &'static str,
}

impl<'i> Input<'i> {
    const fn text(name: &'static str, value: &'i str) -> Self {
        Self { name, label: "", kind: "text", value, autocomplete: "off", hint: "" }
    }
}

/// How a field is bound to what is said of it. The first that is wrong has the focus.
fn binding(mistakes: &[FieldMistake], name: &str, hint: &str) -> (String, String) {
    let mistake = mistakes.iter().position(|(field, _)| *field == name);
    let (mut attributes, mut after, mut described) = (String::new(), String::new(), Vec::new());
    if !hint.is_empty() {
        described.push(format!("{name}-hint"));
        let _ = write!(after, "<p class=\"hint\" id=\"{name}-hint\">{}</p>", escape(hint));
    }
    if let Some((at, (_, text))) = mistake.and_then(|at| Some((at, mistakes.get(at)?))) {
        described.push(format!("{name}-error"));
        let _ = write!(after, "<p class=\"error\" id=\"{name}-error\">{}</p>", escape(text));
        attributes.push_str(" aria-invalid=\"true\"");
        if at == 0 {
            attributes.push_str(" autofocus");
        }
    }
    if !described.is_empty() {
        let _ = write!(attributes, " aria-describedby=\"{}\"", described.join(" "));
    }
    (attributes, after)
}

fn input(body: &mut String, mistakes: &[FieldMistake], input: &Input<'_>) {
    let Input { name, label, kind, value, autocomplete, hint } = input;
    let (attributes, after) = binding(mistakes, name, hint);
    let number = if name.ends_with("_port") { " inputmode=\"numeric\"" } else { "" };
    let _ = write!(
        body,
        "<div class=\"field\"><label for=\"{name}\">{}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{}\" \
         autocomplete=\"{autocomplete}\" autocapitalize=\"none\" spellcheck=\"false\"{number}{attributes}>{after}</div>",
        escape(label),
        escape(value)
    );
}

/// The names of a server's fields.
struct ServerNames {
    host: &'static str,
    port: &'static str,
    security: &'static str,
    user: &'static str,
    pass: &'static str,
    /// It may be left out.
    optional: bool,
}

const IMAP: ServerNames = ServerNames {
    host: "imap_host",
    port: "imap_port",
    security: "imap_security",
    user: "imap_user",
    pass: "imap_pass",
    optional: false,
};

const SMTP: ServerNames = ServerNames {
    host: "smtp_host",
    port: "smtp_port",
    security: "smtp_security",
    user: "smtp_user",
    pass: "smtp_pass",
    optional: true,
};

fn server(
    body: &mut String,
    texts: &MailboxWords,
    mistakes: &[FieldMistake],
    names: &ServerNames,
    fields: &ServerFields,
) {
    body.push_str("<div class=\"row\">");
    let hint = if names.optional { texts.outgoing_hint } else { "" };
    input(body, mistakes, &Input { label: texts.server, hint, ..Input::text(names.host, &fields.host) });
    input(body, mistakes, &Input { label: texts.port, ..Input::text(names.port, &fields.port) });
    let (attributes, after) = binding(mistakes, names.security, "");
    let (name, selected) = (names.security, |is: bool| if is { " selected" } else { "" });
    let _ = write!(
        body,
        "<div class=\"field\"><label for=\"{name}\">{}</label><select id=\"{name}\" name=\"{name}\"{attributes}>\
         <option value=\"tls\"{}>TLS</option><option value=\"starttls\"{}>STARTTLS</option></select>{after}</div></div>",
        escape(texts.security),
        selected(fields.tls),
        selected(!fields.tls)
    );
}

fn sign_in(
    body: &mut String,
    texts: &MailboxWords,
    mistakes: &[FieldMistake],
    names: &ServerNames,
    fields: &ServerFields,
) {
    input(
        body,
        mistakes,
        &Input { label: texts.user, autocomplete: "username", ..Input::text(names.user, &fields.user) },
    );
    input(
        body,
        mistakes,
        &Input {
            label: texts.password,
            kind: "password",
            autocomplete: "current-password",
            hint: texts.password_hint,
            ..Input::text(names.pass, "")
        },
    );
}

/// What servers said stays as they said it, and the hints to it are English.
fn steps(body: &mut String, texts: &MailboxWords, steps: &[TestStep]) {
    if steps.is_empty() {
        return;
    }
    let _ = write!(body, "<ul class=\"steps\" aria-label=\"{}\">", escape(texts.tried));
    for step in steps {
        let (class, outcome) = if step.ok { ("", texts.done) } else { (" class=\"no\"", texts.failed) };
        let _ = write!(
            body,
            "<li{class}><b>{}:</b> {}<span lang=\"en\">{}</span>",
            escape(outcome),
            escape((texts.trial)(trial(&step.name))),
            escape(&step.detail)
        );
        if let Some(hint) = &step.hint {
            let _ = write!(body, "<span lang=\"en\">{}</span>", escape(hint));
        }
        body.push_str("</li>");
    }
    body.push_str("</ul>");
}

/// What a step was about, by its name (`imap.auth`).
pub(super) fn trial(name: &str) -> Trial {
    match name.split_once('.').map(|(_, step)| step) {
        Some("connect") => Trial::Connect,
        Some("tls") => Trial::Tls,
        Some("auth") => Trial::SignIn,
        Some("list") => Trial::Folders,
        _ => Trial::Other,
    }
}

#[cfg(test)]
mod tests;
