//! A real Postfix on loopback with a configuration, a queue and mailboxes of its own. Needs root, as Postfix does.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postroom_process::PATIENCE;
use servers::dovecot::Dovecot;

pub struct Postfix {
    pub port: u16,
    /// PEM of the certificate it shows; nobody else signed it.
    pub certificate_file: PathBuf,
    folder: tempfile::TempDir,
}

impl Postfix {
    /// Takes mail for `local.test` over STARTTLS: `busy@` is answered 450, `gone@` 550, `good@` has a mailbox.
    /// Nothing can leave the machine through it.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same, where one signs in as with Dovecot.
    pub async fn start_beside(dovecot: &Dovecot) -> Self {
        let socket = dovecot.sign_in_socket();
        let sign_in =
            "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_security_options = noanonymous\n";
        Self::start_with(&format!("{sign_in}smtpd_sasl_path = {}\n", socket.display())).await
    }

    /// The same, taking mail for `elsewhere.test` too, which comes back after it was taken: `gone@` there is unknown, `full@` has no
    /// space left. What comes back for `inbox.localhost` goes to `postroom`.
    pub async fn start_bouncing_to(postroom: SocketAddr) -> Self {
        let (host, port) = (postroom.ip(), postroom.port());
        Self::start_with(&format!(
            "transport_maps = inline:{{ {{ gone@elsewhere.test = error:5.1.1 user unknown }} \
             {{ full@elsewhere.test = error:5.2.2 mailbox full }} {{ inbox.localhost = smtp:[{host}]:{port} }} }}\n"
        ))
        .await
    }

    async fn start_with(more: &str) -> Self {
        let folder =
            tempfile::Builder::new().prefix("postroom-postfix-").tempdir_in("/tmp").expect("a temporary folder");
        let root = folder.path();
        open_to_all(root);
        for name in ["etc", "spool", "data", "log", "mail"] {
            std::fs::create_dir(root.join(name)).expect("make a folder");
            open_to_all(&root.join(name));
        }
        run(Command::new("chown").arg("postfix").arg(root.join("data")));
        let (user, group) = (id("-u"), id("-g"));
        run(Command::new("chown").arg(format!("{user}:{group}")).arg(root.join("mail")));
        let certificate = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let certificate_file = root.join("etc/certificate.pem");
        std::fs::write(&certificate_file, certificate.cert.pem()).expect("write the certificate");
        std::fs::write(root.join("etc/key.pem"), certificate.signing_key.serialize_pem()).expect("write the key");
        std::fs::write(
            root.join("etc/recipients"),
            "busy@local.test 450 4.2.2 busy, try later\ngone@local.test 550 5.1.1 gone\n",
        )
        .expect("write the map");
        std::fs::write(root.join("etc/mailboxes"), "good@local.test good/\n").expect("write the map");
        let port = servers::ports::free_port();
        std::fs::write(root.join("etc/main.cf"), main_cf(root, &user, &group) + more).expect("write main.cf");
        std::fs::write(root.join("etc/master.cf"), master_cf(port)).expect("write master.cf");
        let postfix = Self { port, certificate_file, folder };
        run(Command::new("postfix").arg("-c").arg(postfix.folder.path().join("etc")).arg("start"));
        let deadline = std::time::Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(std::time::Instant::now() < deadline, "Postfix does not listen: {}", postfix.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        postfix
    }

    /// The mails delivered to a user.
    pub fn mailbox(&self, user: &str) -> Vec<String> {
        let new = self.folder.path().join("mail").join(user).join("new");
        let files = std::fs::read_dir(new).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).collect()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log/postfix.log")).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let etc = self.folder.path().join("etc");
        let _ = Command::new("postfix").arg("-c").arg(etc).arg("stop").output();
        if std::thread::panicking() {
            eprintln!("--- Postfix ---\n{}", self.log());
        }
    }
}

fn main_cf(root: &Path, user: &str, group: &str) -> String {
    let root = root.display();
    format!(
        "compatibility_level = 3.6\nmyhostname = mx.local.test\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
         mynetworks = 127.0.0.0/8\nmydestination =\nlocal_recipient_maps =\nalias_maps =\nalias_database =\n\
         queue_directory = {root}/spool\ndata_directory = {root}/data\n\
         maillog_file = {root}/log/postfix.log\nmaillog_file_prefixes = /tmp\n\
         virtual_mailbox_domains = local.test\nvirtual_mailbox_base = {root}/mail\n\
         virtual_mailbox_maps = texthash:{root}/etc/mailboxes\n\
         virtual_uid_maps = static:{user}\nvirtual_gid_maps = static:{group}\nvirtual_minimum_uid = 1\n\
         default_transport = error:no mail leaves this machine\ndisable_dns_lookups = yes\nsmtpd_peername_lookup = no\n\
         smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {root}/etc/certificate.pem\nsmtpd_tls_key_file = {root}/etc/key.pem\n\
         smtpd_recipient_restrictions = check_recipient_access texthash:{root}/etc/recipients, permit_mynetworks, reject_unauth_destination\n"
    )
}

fn master_cf(port: u16) -> String {
    let mut services = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for service in ["cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "pickup unix n - n 60 1 pickup"] {
        services.push_str(&format!("{service}\n"));
    }
    for name in ["tlsmgr", "anvil", "scache"] {
        services.push_str(&format!("{name} unix - - n - 1 {name}\n"));
    }
    for name in ["bounce", "proxymap", "error", "virtual", "smtp"] {
        services.push_str(&format!("{name} unix - {} n - - {name}\n", if name == "virtual" { "n" } else { "-" }));
    }
    services.push_str("defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nretry unix - - n - - error\n");
    services.push_str(
        "relay unix - - n - - smtp\nrewrite unix - - n - - trivial-rewrite\nflush unix n - n 1000? 0 flush\n",
    );
    services
        .push_str("verify unix - - n - 1 verify\nshowq unix n - n - - showq\npostlog unix-dgram n - n - 1 postlogd\n");
    services
}

/// The user or group id of `nobody`, who owns the mailboxes.
fn id(flag: &str) -> String {
    let output = Command::new("id").args([flag, "nobody"]).output().expect("run id");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn open_to_all(folder: &Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("set the mode");
}

fn run(command: &mut Command) {
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()));
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: this test needs Postfix and root; `cargo xtask test` says how to come by them")
    });
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
