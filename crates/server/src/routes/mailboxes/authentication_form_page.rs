//! The pages that a person connects a mailbox on, as HTML. Owns what they say; never decides anything. Everything that is put into them
//! is escaped here.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::response::Response;
use engine::ports::TestStep;

use crate::routes::page::{escape, page};

const FOOTER: &str = "Postroom keeps your sign-in sealed and uses it for this mailbox alone.";

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

fn answer(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    page(status, title, head, body, FOOTER)
}

/// Something is in the way, and this is what to do.
pub(super) fn notice(status: StatusCode, title: &str, text: &str, onward: Option<(&str, &str)>) -> Response {
    let mut body = format!("<h1>{}</h1><p>{}</p>", escape(title), escape(text));
    if let Some((label, url)) = onward {
        let _ = write!(
            body,
            "<div class=\"actions\"><a class=\"button\" href=\"{}\">{}</a></div>",
            escape(url),
            escape(label)
        );
    }
    answer(status, title, "", &body)
}

/// The mail servers do not take what a provider gave.
pub(super) fn servers_refused(title: &str, tried: &[TestStep], again: &str) -> Response {
    let mut body = format!(
        "<h1>{}</h1><p>You signed in, but the mail servers do not take it. Whoever set this up can find out more with what they said:</p>",
        escape(title)
    );
    steps(&mut body, tried);
    let _ = write!(body, "<div class=\"actions\"><a class=\"button\" href=\"{}\">Try again</a></div>", escape(again));
    answer(StatusCode::UNPROCESSABLE_ENTITY, title, "", &body)
}

/// The account is there. A form's answer that redirects to another site would be held up by the policy of its page, on that site's own
/// redirects too; so the page goes on by itself.
pub(super) fn connected(application: &str, url: &str) -> Response {
    let (application, url) = (escape(application), escape(url));
    let head = format!("<meta http-equiv=\"refresh\" content=\"0;url={url}\">");
    let body = format!(
        "<h1>Your mailbox is connected</h1><p role=\"status\">Taking you back to {application}.</p>\
         <div class=\"actions\"><a class=\"button\" id=\"onward\" href=\"{url}\">Go on</a></div>"
    );
    answer(StatusCode::OK, "Your mailbox is connected", &head, &body)
}

/// The first page: who it is.
pub(super) fn who(
    status: StatusCode,
    frame: &Frame<'_>,
    fields: &Fields,
    mistakes: &[FieldMistake],
    providers: &[ProviderButton],
) -> Response {
    let mut body = heading("Connect your mailbox", frame, Some("Step 1 of 2."));
    summary(&mut body, mistakes);
    if !providers.is_empty() {
        body.push_str("<ul class=\"providers\">");
        for ProviderButton { label, url } in providers {
            let _ = write!(body, "<li><a class=\"button plain\" href=\"{}\">{}</a></li>", escape(url), escape(label));
        }
        body.push_str("</ul><p class=\"or\">or with a password</p>");
    }
    begin_form(&mut body, frame, "find");
    let hint = "As others see it. May be empty.";
    input(
        &mut body,
        mistakes,
        &Input { label: "Your name", autocomplete: "name", hint, ..Input::text("name", &fields.name) },
    );
    input(
        &mut body,
        mistakes,
        &Input { label: "Email address", kind: "email", autocomplete: "email", ..Input::text("email", &fields.email) },
    );
    body.push_str(
        "<div class=\"actions\"><button>Continue</button></div>\
         <p class=\"hint\">We look up where your mailbox is. That can take up to half a minute.</p></form>",
    );
    answer(status, &title("Connect your mailbox", mistakes), "", &body)
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
    let mut body = heading(&format!("Sign in to {}", fields.email), frame, Some("Step 2 of 2."));
    if let Some(found) = found {
        let _ = write!(body, "<p class=\"muted\" role=\"status\">{}</p>", escape(found));
    }
    summary(&mut body, mistakes);
    begin_form(&mut body, frame, "connect");
    hidden(&mut body, "name", &fields.name);
    hidden(&mut body, "email", &fields.email);
    body.push_str("<fieldset><legend>Incoming mail (IMAP)</legend>");
    server(&mut body, mistakes, &IMAP, &fields.imap);
    sign_in(&mut body, mistakes, &IMAP, &fields.imap);
    steps(&mut body, &tried.imap);
    body.push_str("</fieldset><fieldset><legend>Outgoing mail (SMTP)</legend>");
    server(&mut body, mistakes, &SMTP, &fields.smtp);
    let checked = if fields.same { " checked" } else { "" };
    let _ = write!(
        body,
        "<div class=\"check\"><input type=\"checkbox\" id=\"same\" name=\"same\" value=\"1\"{checked}>\
         <label for=\"same\">Use the same user name and password for outgoing mail</label></div><div class=\"own\">"
    );
    sign_in(&mut body, mistakes, &SMTP, &fields.smtp);
    body.push_str("</div>");
    steps(&mut body, &tried.smtp);
    let _ = write!(
        body,
        "</fieldset><div class=\"actions\"><button>Connect</button><a href=\"?{}\">Back</a></div>\
         <p class=\"hint\">We sign in to both servers first. That can take up to half a minute.</p></form>",
        escape(&frame.query)
    );
    answer(status, &title(&format!("Sign in to {}", fields.email), mistakes), "", &body)
}

fn title(title: &str, mistakes: &[FieldMistake]) -> String {
    if mistakes.is_empty() { title.to_owned() } else { format!("Not yet: {title}") }
}

fn heading(title: &str, frame: &Frame<'_>, step: Option<&str>) -> String {
    let step = step.map(|step| format!("{step} ")).unwrap_or_default();
    format!(
        "<h1>{}</h1><p class=\"muted\">{step}<strong>{}</strong> will be able to read and send mail as you.</p>",
        escape(title),
        escape(frame.application)
    )
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
fn summary(body: &mut String, mistakes: &[FieldMistake]) {
    if mistakes.is_empty() {
        return;
    }
    body.push_str("<div class=\"summary\" role=\"alert\"><h2>Not connected yet</h2><ul>");
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
        "<div class=\"field\"><label for=\"{name}\">{label}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{}\" \
         autocomplete=\"{autocomplete}\" autocapitalize=\"none\" spellcheck=\"false\"{number}{attributes}>{after}</div>",
        escape(value)
    );
}

/// The names and words of a server's fields.
struct ServerWords {
    host: &'static str,
    port: &'static str,
    security: &'static str,
    user: &'static str,
    pass: &'static str,
    hint: &'static str,
}

const IMAP: ServerWords = ServerWords {
    host: "imap_host",
    port: "imap_port",
    security: "imap_security",
    user: "imap_user",
    pass: "imap_pass",
    hint: "",
};

const SMTP: ServerWords = ServerWords {
    host: "smtp_host",
    port: "smtp_port",
    security: "smtp_security",
    user: "smtp_user",
    pass: "smtp_pass",
    hint: "Leave it empty to receive only.",
};

fn server(body: &mut String, mistakes: &[FieldMistake], words: &ServerWords, fields: &ServerFields) {
    body.push_str("<div class=\"row\">");
    input(body, mistakes, &Input { label: "Server", hint: words.hint, ..Input::text(words.host, &fields.host) });
    input(body, mistakes, &Input { label: "Port", ..Input::text(words.port, &fields.port) });
    let (attributes, after) = binding(mistakes, words.security, "");
    let (name, selected) = (words.security, |is: bool| if is { " selected" } else { "" });
    let _ = write!(
        body,
        "<div class=\"field\"><label for=\"{name}\">Security</label><select id=\"{name}\" name=\"{name}\"{attributes}>\
         <option value=\"tls\"{}>TLS</option><option value=\"starttls\"{}>STARTTLS</option></select>{after}</div></div>",
        selected(fields.tls),
        selected(!fields.tls)
    );
}

fn sign_in(body: &mut String, mistakes: &[FieldMistake], words: &ServerWords, fields: &ServerFields) {
    input(
        body,
        mistakes,
        &Input { label: "User name", autocomplete: "username", ..Input::text(words.user, &fields.user) },
    );
    let hint = "With two-step sign-in most providers want an app password here.";
    input(
        body,
        mistakes,
        &Input {
            label: "Password",
            kind: "password",
            autocomplete: "current-password",
            hint,
            ..Input::text(words.pass, "")
        },
    );
}

fn steps(body: &mut String, steps: &[TestStep]) {
    if steps.is_empty() {
        return;
    }
    body.push_str("<ul class=\"steps\" aria-label=\"What was tried\">");
    for step in steps {
        let (class, outcome) = if step.ok { ("", "Done") } else { (" class=\"no\"", "Failed") };
        let _ = write!(
            body,
            "<li{class}><b>{outcome}:</b> {}<span>{}</span>",
            step_words(&step.name),
            escape(&step.detail)
        );
        if let Some(hint) = &step.hint {
            let _ = write!(body, "<span>{}</span>", escape(hint));
        }
        body.push_str("</li>");
    }
    body.push_str("</ul>");
}

fn step_words(name: &str) -> &'static str {
    match name.split_once('.').map(|(_, step)| step) {
        Some("connect") => "reach the server",
        Some("tls") => "encrypt the connection",
        Some("auth") => "sign in",
        Some("list") => "list the folders",
        _ => "try the server",
    }
}

#[cfg(test)]
mod tests;
