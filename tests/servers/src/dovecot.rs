//! A real Dovecot (2.3): in clear, with STARTTLS and with TLS, with every extension it has or those that are named.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::mail_program::MailProgram;
use crate::ports::free_port;
use crate::programs::{folder, open_to_all, run, wait_for, wait_until_gone, with_system_folders};
use crate::{PASSWORD, USERS};

pub struct Dovecot {
    /// In clear, with STARTTLS.
    pub port: u16,
    pub tls_port: u16,
    /// PEM of the certificate it shows (localhost, imap.example.org); nobody else signed it.
    pub certificate_pem: String,
    folder: tempfile::TempDir,
}

impl Dovecot {
    /// With every extension it has.
    pub async fn start() -> Self {
        Self::start_offering("").await
    }

    /// `capability`: all that it says it can do (`IMAP4rev1 IDLE`); everything if empty.
    pub async fn start_offering(capability: &str) -> Self {
        Self::start_with(capability, None).await
    }

    /// Takes access tokens as well, which this URL says are good (RFC 7662).
    pub async fn start_asking(introspection_url: &str) -> Self {
        Self::start_with("", Some(introspection_url)).await
    }

    async fn start_with(capability: &str, introspection_url: Option<&str>) -> Self {
        let folder = folder("dovecot");
        let root = folder.path();
        for name in ["run", "mail"] {
            std::fs::create_dir(root.join(name)).expect("make a folder");
            open_to_all(&root.join(name));
        }
        run(Command::new("chown").arg("nobody").arg(root.join("mail")));
        let names = ["localhost", "imap.example.org"].map(str::to_owned);
        let certificate = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let certificate_pem = certificate.cert.pem();
        let users: String = USERS.iter().map(|user| format!("{user}:{{PLAIN}}{PASSWORD}\n")).collect();
        let (port, tls_port) = (free_port(), free_port());
        let mut settings = configuration(root, port, tls_port, capability);
        let mut asking = String::new();
        if let Some(url) = introspection_url {
            asking = format!(
                "introspection_url = {url}\nintrospection_mode = post\nforce_introspection = yes\n\
                 username_attribute = username\nactive_attribute = active\nactive_value = true\n"
            );
            let passdb =
                format!("driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}/oauth2.conf", root.display());
            settings =
                settings.replace("auth_mechanisms = plain login", "auth_mechanisms = plain login xoauth2 oauthbearer");
            settings.insert_str(0, &format!("passdb {{\n  {passdb}\n}}\n"));
        }
        for (name, text) in [
            ("certificate.pem", &certificate_pem),
            ("key.pem", &certificate.signing_key.serialize_pem()),
            ("users", &users),
            ("dovecot.conf", &settings),
            ("oauth2.conf", &asking),
        ] {
            std::fs::write(root.join(name), text).expect("write a file");
        }
        let dovecot = Self { port, tls_port, certificate_pem, folder };
        dovecot.launch().await;
        dovecot
    }

    async fn launch(&self) {
        run(Command::new("dovecot").arg("-c").arg(self.configuration()));
        wait_for(self.port, || self.log()).await;
    }

    /// Every connection breaks, and for a moment nobody answers.
    pub async fn restart(&self) {
        self.stop();
        self.launch().await;
    }

    /// As `restart`; meanwhile the user's Maildir becomes what the test makes of it.
    pub async fn restart_with(&self, user: &str, change: impl FnOnce(&Path)) {
        self.stop();
        change(&self.maildir(user));
        self.launch().await;
    }

    fn stop(&self) {
        let mut command = self.doveadm();
        let _ = command.arg("stop").output();
        wait_until_gone(&self.folder.path().join("run/master.pid"));
    }

    /// Breaks the connections of a user.
    pub fn kick(&self, user: &str) {
        let mut command = self.doveadm();
        // Nobody to kick is no failure.
        let _ = command.args(["kick", user]).output();
    }

    fn doveadm(&self) -> Command {
        let mut command = Command::new("doveadm");
        with_system_folders(&mut command).arg("-c").arg(self.configuration());
        command
    }

    /// Where an MTA has names and passwords checked.
    pub fn sign_in_socket(&self) -> PathBuf {
        self.folder.path().join("run/submission")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.path().join("dovecot.conf")
    }

    /// The Maildir of a user; what is put there is found by the server.
    pub fn maildir(&self, user: &str) -> PathBuf {
        self.folder.path().join("mail").join(user)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// As a person's mail program.
    pub fn sign_in(&self, user: &str) -> MailProgram {
        MailProgram::open(self.port, user)
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            eprintln!("--- Dovecot ---\n{}", self.log());
        }
    }
}

fn configuration(root: &Path, port: u16, tls_port: u16, capability: &str) -> String {
    let root = root.display();
    let offered = if capability.is_empty() { String::new() } else { format!("  imap_capability = {capability}\n") };
    // Without the extension it has no special folders either: their names have to do.
    let has_special_use = capability.is_empty() || capability.contains("SPECIAL-USE");
    let special = |what: &str| {
        let named = if has_special_use { format!("    special_use = \\{what}\n") } else { String::new() };
        format!("  mailbox {what} {{\n    auto = create\n{named}  }}\n")
    };
    let folders: String = ["Drafts", "Sent", "Trash"].into_iter().map(special).collect();
    format!(
        "base_dir = {root}/run\nstate_dir = {root}/run\nlog_path = {root}/log\nprotocols = imap\nlisten = 127.0.0.1\n\
         ssl = yes\nssl_cert = <{root}/certificate.pem\nssl_key = <{root}/key.pem\ndisable_plaintext_auth = no\n\
         auth_mechanisms = plain login\nauth_failure_delay = 0\nfirst_valid_uid = 1\nmail_max_userip_connections = 100\n\
         default_internal_user = dovecot\ndefault_login_user = dovenull\n\
         mail_location = maildir:{root}/mail/%u\nmail_uid = nobody\nmail_gid = nogroup\n\
         passdb {{\n  driver = passwd-file\n  args = {root}/users\n}}\n\
         userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={root}/mail/%u\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = {port}\n  }}\n  inet_listener imaps {{\n    port = {tls_port}\n  }}\n}}\n\
         service auth {{\n  unix_listener {root}/run/submission {{\n    mode = 0666\n  }}\n}}\n\
         namespace inbox {{\n  inbox = yes\n  separator = /\n{folders}}}\n\
         protocol imap {{\n  mail_plugins = zlib imap_zlib\n{offered}}}\n"
    )
}
