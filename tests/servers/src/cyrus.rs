//! A real Cyrus IMAP (3.6), the other widespread implementation: folders of its own making, flags and special uses as it writes them.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::mail_program::MailProgram;
use crate::ports::free_port;
use crate::programs::{folder, missing, run, wait_for};
use crate::{PASSWORD, USERS};

/// Where Debian puts what all of Cyrus's servers have in common.
const PROGRAMS: &str = "/usr/lib/cyrus/bin";
/// Where `cargo xtask test` says the IMAP server itself is: Debian installs no two of those beside each other.
const IMAP_PROGRAMS: &str = "POSTROOM_TEST_CYRUS";

pub struct Cyrus {
    /// In clear.
    pub port: u16,
    master: Option<Child>,
    folder: tempfile::TempDir,
}

impl Cyrus {
    /// Mailboxes are made, with Drafts, Sent and Trash, when their users sign in first.
    pub async fn start() -> Self {
        let folder = folder("cyrus");
        let root = folder.path();
        for name in ["bin", "conf/db", "conf/msg", "conf/user", "conf/quota", "spool/stage.", "run/proc"] {
            std::fs::create_dir_all(root.join(name)).expect("make a folder");
        }
        // Whoever it becomes can read them there.
        let programs = std::env::var_os(IMAP_PROGRAMS).unwrap_or_else(|| {
            panic!("{IMAP_PROGRAMS} is not set: run `cargo xtask test`, which knows where Cyrus IMAP is")
        });
        for name in ["imapd", "idled"] {
            std::fs::copy(Path::new(&programs).join(name), root.join("bin").join(name)).expect("copy a program");
        }
        let port = free_port();
        std::fs::write(root.join("imapd.conf"), settings(root)).expect("write the settings");
        std::fs::write(root.join("cyrus.conf"), services(root, port)).expect("write the services");
        for user in USERS {
            add_user(root, user);
        }
        run(Command::new("chown").args(["-R", "cyrus:mail"]).arg(root));
        let mut cyrus = Self { port, master: None, folder };
        cyrus.launch().await;
        cyrus
    }

    async fn launch(&mut self) {
        let root = self.folder.path();
        let mut master = Command::new(format!("{PROGRAMS}/master"));
        master.arg("-C").arg(root.join("imapd.conf")).arg("-M").arg(root.join("cyrus.conf"));
        master.arg("-p").arg(root.join("run/master.pid")).arg("-D");
        master.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.master = Some(master.spawn().unwrap_or_else(|error| missing(&master, &error)));
        wait_for(self.port, || "Cyrus says what ails it to the system's log alone".to_owned()).await;
    }

    /// Every connection breaks, and for a moment nobody answers.
    pub async fn restart(&mut self) {
        self.stop();
        self.launch().await;
    }

    /// As a service manager does: its children end with it.
    fn stop(&mut self) {
        if let Some(mut master) = self.master.take() {
            let _ = Command::new("kill").args(["-TERM", &master.id().to_string()]).status();
            let _ = master.wait();
        }
    }

    /// As a person's mail program.
    pub fn sign_in(&self, user: &str) -> MailProgram {
        MailProgram::open(self.port, user)
    }
}

impl Drop for Cyrus {
    fn drop(&mut self) {
        self.stop();
    }
}

fn add_user(root: &Path, user: &str) {
    use std::io::Write as _;
    let (name, realm) = user.split_once('@').unwrap_or((user, "localhost"));
    let mut command = Command::new("saslpasswd2");
    command.args(["-p", "-c", "-u", realm, "-f"]).arg(root.join("sasldb2")).arg(name).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| missing(&command, &error));
    writeln!(child.stdin.take().expect("its input"), "{PASSWORD}").expect("write the password");
    assert!(child.wait().expect("its end").success(), "{command:?}");
}

/// `servername` is the realm of users without one.
fn settings(root: &Path) -> String {
    let root = root.display();
    format!(
        "configdirectory: {root}/conf\npartition-default: {root}/spool\ndefaultpartition: default\naltnamespace: yes\n\
         unixhierarchysep: yes\nadmins: cyrus\nallowplaintext: yes\nservername: localhost\n\
         sasl_mech_list: PLAIN LOGIN\nsasl_pwcheck_method: auxprop\nsasl_auxprop_plugin: sasldb\nsasl_sasldb_path: {root}/sasldb2\n\
         autocreate_quota: 0\nautocreate_inbox_folders: Drafts|Sent|Trash\nautocreate_post: 0\n\
         xlist-drafts: Drafts\nxlist-sent: Sent\nxlist-trash: Trash\nimapidlepoll: 1\n\
         idlesocket: {root}/run/idle\nproc_path: {root}/run/proc\nmboxname_lockpath: {root}/run/lock\n\
         duplicate_db_path: {root}/run/deliver.db\nstatuscache_db_path: {root}/run/statuscache.db\n\
         tls_sessions_db_path: {root}/run/tls_sessions.db\n"
    )
}

fn services(root: &Path, port: u16) -> String {
    let root = root.display();
    format!(
        "START {{\n  recover cmd=\"{PROGRAMS}/ctl_cyrusdb -C {root}/imapd.conf -r\"\n}}\n\
         SERVICES {{\n  imap cmd=\"{root}/bin/imapd -C {root}/imapd.conf -U 30\" listen=\"127.0.0.1:{port}\" prefork=0 maxchild=100\n}}\n\
         EVENTS {{\n}}\n\
         DAEMON {{\n  idled cmd=\"{root}/bin/idled -C {root}/imapd.conf\"\n}}\n"
    )
}
