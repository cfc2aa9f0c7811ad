//! The fields of the pages that a mailbox is connected on: read, filled in beforehand, and what is wrong with them. Pure. Never
//! connects.

use engine::mailboxes::accounts::ServerRequest;
use engine::mailboxes::authentication_form::Filled;
use engine::ports::{Discovered, DiscoveredServer, DiscoverySource, TestStep};
use engine::words::{MailboxWords, ServerKind};
use model::account::MailServer;
use model::channel::TransportSecurity;
use secrecy::SecretString;

use super::accounts;
use super::authentication_form_page::{FieldMistake, Fields, ServerFields, trial};

/// Characters of a field.
const FIELD_CHARS_MAX: usize = 1_000;

/// The fields as they came.
pub(super) struct Said(Vec<(String, String)>);

impl Said {
    /// `None`: more than a field may hold.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(bytes).into_owned().collect();
        let fits = |(_, value): &(String, String)| value.chars().count() <= FIELD_CHARS_MAX;
        pairs.iter().all(fits).then_some(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn trimmed(&self, name: &str) -> String {
        self.get(name).trim().to_owned()
    }

    pub(super) fn fields(&self) -> Fields {
        let server = |host: &str, port: &str, security: &str, user: &str| ServerFields {
            host: self.trimmed(host),
            port: self.trimmed(port),
            tls: self.get(security) != "starttls",
            user: self.trimmed(user),
        };
        Fields {
            name: self.trimmed("name"),
            email: self.trimmed("email"),
            imap: server("imap_host", "imap_port", "imap_security", "imap_user"),
            same: self.get("same") == "1",
            smtp: server("smtp_host", "smtp_port", "smtp_security", "smtp_user"),
        }
    }
}

pub(super) fn is_address(text: &str) -> bool {
    mail::address::normalize(text).is_some()
}

pub(super) fn prefilled(found: Option<&DiscoveredServer>, email: &str, port: &str) -> ServerFields {
    match found {
        Some(found) => ServerFields {
            host: found.host.clone(),
            port: found.port.to_string(),
            tls: found.security == TransportSecurity::Tls,
            user: found.username.clone(),
        },
        None => ServerFields { host: String::new(), port: port.to_owned(), tls: true, user: email.to_owned() },
    }
}

pub(super) fn found_words(found: &Discovered, texts: &MailboxWords) -> &'static str {
    match found.imap.as_ref().or(found.smtp.as_ref()).map(|server| server.source) {
        None => texts.found_nothing,
        Some(DiscoverySource::Guess) => texts.guessed,
        Some(_) => texts.found,
    }
}

pub(super) fn field_of(pointer: &str) -> &'static str {
    match pointer {
        "/imap/port" => "imap_port",
        "/imap/auth/user" => "imap_user",
        "/smtp/host" => "smtp_host",
        "/smtp/port" => "smtp_port",
        "/smtp/auth/user" => "smtp_user",
        _ => "imap_host",
    }
}

/// All that is to be mended. A password that both servers have is wrong once.
pub(super) fn failed_fields(
    imap: &[TestStep],
    smtp: &[TestStep],
    same: bool,
    texts: &MailboxWords,
) -> Vec<FieldMistake> {
    let refused = |steps: &[TestStep], name: &str| steps.iter().any(|step| !step.ok && step.name == name);
    let once = same && refused(imap, "imap.auth") && refused(smtp, "smtp.auth");
    let outgoing = if once { None } else { failed_field(smtp, !same, texts) };
    failed_field(imap, true, texts).into_iter().chain(outgoing).collect()
}

/// The field that most likely mends the step that failed. `own`: the server has a password field of its own.
fn failed_field(steps: &[TestStep], own: bool, texts: &MailboxWords) -> Option<FieldMistake> {
    let failed = steps.iter().find(|step| !step.ok)?;
    let field = match failed.name.as_str() {
        "imap.connect" => "imap_host",
        "imap.tls" => "imap_security",
        "imap.auth" => "imap_pass",
        "smtp.connect" => "smtp_host",
        "smtp.tls" => "smtp_security",
        "smtp.auth" if own => "smtp_pass",
        "smtp.auth" => "smtp_host",
        name if name.starts_with("smtp") => "smtp_host",
        _ => "imap_user",
    };
    let which = if failed.name.starts_with("smtp") { ServerKind::Outgoing } else { ServerKind::Incoming };
    // Its own words are in the list of what was tried.
    let text = (texts.refused)(which, trial(&failed.name), failed.hint.as_deref());
    Some((field, text))
}

/// What the fields say, or all that is wrong with them.
pub(super) fn filled(fields: &Fields, said: &Said, texts: &MailboxWords) -> Result<Filled, Vec<FieldMistake>> {
    let mut mistakes: Vec<FieldMistake> = Vec::new();
    let password = said.get("imap_pass");
    let own = &["imap_host", "imap_port", "imap_user", "imap_pass"];
    let imap = server(&fields.imap, password, own, texts, &mut mistakes);
    let smtp = if fields.smtp.host.is_empty() {
        None
    } else {
        let own = &["smtp_host", "smtp_port", "smtp_user", "smtp_pass"];
        match (&imap, fields.same) {
            (Some(imap), true) => {
                let same = ServerFields { user: imap.server.username.clone(), ..fields.smtp.clone() };
                server(&same, password, own, texts, &mut mistakes)
            }
            // What is wrong with name and password was said where they are.
            (None, true) => {
                server(&ServerFields { user: "-".to_owned(), ..fields.smtp.clone() }, "-", own, texts, &mut mistakes)
            }
            (_, false) => server(&fields.smtp, said.get("smtp_pass"), own, texts, &mut mistakes),
        }
    };
    match imap {
        Some(imap) if mistakes.is_empty() => Ok(Filled {
            name: Some(fields.name.clone()).filter(|name| !name.is_empty()),
            email: fields.email.clone(),
            imap,
            smtp,
        }),
        _ => Err(mistakes),
    }
}

fn server(
    fields: &ServerFields,
    password: &str,
    names: &[&'static str; 4],
    texts: &MailboxWords,
    mistakes: &mut Vec<FieldMistake>,
) -> Option<ServerRequest> {
    let [host, port, user, pass] = *names;
    let before = mistakes.len();
    if fields.host.is_empty() || fields.host.contains(char::is_whitespace) {
        mistakes.push((host, texts.enter_host.to_owned()));
    }
    let number: u16 = fields.port.parse().unwrap_or(0);
    if number == 0 {
        mistakes.push((port, texts.enter_port.to_owned()));
    }
    if fields.user.is_empty() {
        mistakes.push((user, texts.enter_user.to_owned()));
    }
    if password.is_empty() {
        mistakes.push((pass, texts.enter_password.to_owned()));
    }
    let security = accounts::security(&fields.host, fields.tls);
    let server = MailServer {
        host: fields.host.clone(),
        port: number,
        security,
        username: fields.user.clone(),
        bearer: false,
        accept_invalid_certificates: false,
    };
    let secret = Some(SecretString::from(password.to_owned()));
    (mistakes.len() == before).then_some(ServerRequest { server, secret, disabled: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> &'static MailboxWords {
        &engine::words::Language::English.words().mailbox
    }

    fn said(pairs: &str) -> Said {
        Said::read(pairs.as_bytes()).unwrap()
    }

    const WHOLE: &str = "email=a@b.example&imap_host=h.example&imap_port=993&imap_security=tls&imap_user=a&imap_pass=p&same=1&smtp_host=s.example&smtp_port=587&smtp_security=starttls&smtp_user=other&smtp_pass=q";

    fn wrong(pairs: &str) -> Vec<&'static str> {
        let said = said(pairs);
        let mistakes = filled(&said.fields(), &said, texts()).err().unwrap_or_default();
        mistakes.into_iter().map(|(field, _)| field).collect()
    }

    #[test]
    fn both_servers_have_a_name_and_a_password_of_one_or_of_two() {
        use secrecy::ExposeSecret as _;
        let signed_in = |pairs: &str| {
            let said = said(pairs);
            let smtp = filled(&said.fields(), &said, texts()).ok().unwrap().smtp;
            smtp.map(|smtp| (smtp.server.username, smtp.secret.unwrap().expose_secret().to_owned()))
        };
        assert_eq!(signed_in(WHOLE), Some(("a".into(), "p".into())));
        assert_eq!(signed_in(&WHOLE.replace("same=1", "same=0")), Some(("other".into(), "q".into())));
        assert_eq!(signed_in(&WHOLE.replace("s.example", "")), None);
        let said = said(WHOLE);
        let imap = filled(&said.fields(), &said, texts()).ok().unwrap().imap.server;
        assert_eq!((imap.security, imap.port), (TransportSecurity::Tls, 993));
    }

    #[test]
    fn all_that_is_wrong_is_said_once_and_where_it_is() {
        assert_eq!(wrong(WHOLE), [""; 0]);
        assert_eq!(wrong(""), ["imap_host", "imap_port", "imap_user", "imap_pass"]);
        assert_eq!(wrong(&WHOLE.replace("imap_pass=p", "")), ["imap_pass"]);
        assert_eq!(wrong(&WHOLE.replace("587", "0").replace("993", "99999")), ["imap_port", "smtp_port"]);
        assert_eq!(wrong(&WHOLE.replace("same=1", "").replace("smtp_pass=q", "")), ["smtp_pass"]);
        assert_eq!(wrong(&WHOLE.replace("h.example", "h+example")), ["imap_host"]);
        assert!(Said::read("a".repeat(10).as_bytes()).is_some());
        assert!(Said::read(format!("a={}", "b".repeat(FIELD_CHARS_MAX + 1)).as_bytes()).is_none());
    }

    #[test]
    fn a_step_that_failed_is_bound_to_what_mends_it() {
        let step = |name: &str, ok| TestStep { name: name.into(), ok, detail: "no".into(), hint: None, duration_ms: 1 };
        let field = |name, own| {
            failed_field(&[step("imap.connect", true), step(name, false)], own, texts()).map(|(field, _)| field)
        };
        assert_eq!(field("imap.auth", true), Some("imap_pass"));
        assert_eq!(field("imap.list", true), Some("imap_user"));
        assert_eq!(field("smtp.auth", true), Some("smtp_pass"));
        // Its own field is hidden: nobody is sent there.
        assert_eq!(field("smtp.auth", false), Some("smtp_host"));
        assert_eq!(failed_field(&[step("imap.connect", true)], true, texts()), None);
        let refused = [[step("imap.auth", false)], [step("smtp.auth", false)]];
        let fields = |same| -> Vec<&str> {
            failed_fields(&refused[0], &refused[1], same, texts()).into_iter().map(|(field, _)| field).collect()
        };
        assert_eq!(fields(true), ["imap_pass"]);
        assert_eq!(fields(false), ["imap_pass", "smtp_pass"]);
    }
}
