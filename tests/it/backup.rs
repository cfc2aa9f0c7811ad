//! A backup is made while mail comes in; restored elsewhere, it has every mail that was answered before it began.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::api::{eventually, text};
use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client::{self, SmtpClient};
use crate::webhook_receiver::WebhookReceiver;

on_both_databases!(a_backup_under_load_comes_back_whole, a_backup_without_the_key_waits_for_it);

/// Connections that send at the same time.
const SENDERS: usize = 4;
/// Mails that have to be answered before the backup begins.
const BEFORE: usize = 60;
/// Backups made until mail is answered during one.
const BACKUPS_MAX: usize = 100;
/// How many of those that came in last are looked at, too.
const NEWEST: usize = 40;
/// One mail in so many is larger than what the database keeps inline.
const LARGE_EVERY: usize = 4;

/// Run beside the test, so that what it does goes on meanwhile.
pub async fn run_beside(postroom: &Postroom, arguments: &[&str]) -> Output {
    tokio::process::Command::from(postroom.command(arguments)).output().await.expect("run postroom")
}

async fn send_until(
    stop: Arc<AtomicBool>,
    postroom: std::net::SocketAddr,
    address: String,
    large_every: usize,
    answered: Arc<Mutex<Vec<Mail>>>,
) {
    let mut client = SmtpClient::ready(postroom).await;
    for count in 1.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let mut mail = Mail::new(&address, &format!("Mail {count}"));
        if count % large_every == 0 {
            // Random, so that compression does not make it small.
            let noise: String = (0..30_000).map(|_| char::from(rand::random_range(b'!'..=b'~'))).collect();
            let lines = noise.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line).into_owned());
            mail = mail.body(&lines.map(|line| line + "\r\n").collect::<String>());
        }
        client.transaction("ada@example.test", &[&address], &mail.bytes()).await.expect("250");
        answered.lock().expect("the list").push(mail);
    }
}

/// Makes a backup during which at least one mail was answered, or it would prove nothing: one of a small database may be over
/// before. Answers its name.
async fn back_up_amid_mail(postroom: &Postroom, answered: &Mutex<Vec<Mail>>, ending: &str) -> String {
    let count = || answered.lock().expect("the list").len();
    for attempt in 1..=BACKUPS_MAX {
        let (to, before) = (format!("backup-{attempt}{ending}"), count());
        let output = run_beside(postroom, &["backup", "--to", &to]).await;
        assert!(output.status.success(), "{output:?}");
        if count() > before {
            return to;
        }
    }
    panic!("nothing came in while {BACKUPS_MAX} backups were made")
}

async fn a_backup_under_load_comes_back_whole(database: Database) {
    let copy = database.empty_one_alike();
    let mut postroom = Postroom::start(database).await;
    let (api, application, mailbox) = (postroom.api(), WebhookReceiver::start().await, PasswordServer::start().await);
    let endpoint = api.post("/webhooks", json!({ "url": application.url(), "events": ["message.received"] })).await;
    let secret = text(&endpoint.expect(201).json(), "/secret");
    let sealed = api.channel_like(mailbox.channel()).await;
    let address = api.channel().await.address();
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| tokio::spawn(send_until(stop.clone(), postroom.smtp, address.clone(), LARGE_EVERY, answered.clone())))
        .collect();
    eventually("mails to be answered", || async { (answered.lock().expect("the list").len() >= BEFORE).then_some(()) })
        .await;
    let before = answered.lock().expect("the list").clone();
    let backups =
        [back_up_amid_mail(&postroom, &answered, "").await, back_up_amid_mail(&postroom, &answered, ".tar").await];
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("a sender");
    }
    postroom.stop().await;

    for from in backups {
        let database = copy.empty_one_alike();
        let mut restored = Postroom::prepare(database, &[]);
        let from = postroom.folder().join(from).display().to_string();
        let said = restored.run(&["restore", "--from", &from]);
        assert!(said.contains("passwords and secrets open"), "{said}");
        restored.launch().await;
        check_mails(&restored, &before).await;
        // The secrets are still those that were given out.
        let known = application.received().len();
        smtp_client::send(restored.smtp, "ada@example.test", &address, Mail::new(&address, "After").bytes())
            .await
            .expect("250");
        eventually("a webhook of the copy", || async { (application.received().len() > known).then_some(()) }).await;
        assert!(application.received().iter().all(|request| request.is_signed_with(&secret)));
        let steps = restored.api().post(&format!("/channels/{}/test", sealed.id()), json!({})).await.expect(200).json();
        assert_eq!(steps["ok"], true, "{steps:#}");
        assert!(mailbox.was_told_the_password(), "the channel's password is not what it was");
        restored.stop().await;
    }
}

/// Many copies, since between the database's and the pack files' there is but a moment.
const COPIES: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mail_a_copy_names_is_in_its_pack_files() {
    let postroom = Postroom::start(Database::sqlite()).await;
    let address = postroom.api().channel().await.address();
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| tokio::spawn(send_until(stop.clone(), postroom.smtp, address.clone(), 1, answered.clone())))
        .collect();
    for copy in 0..COPIES {
        let to = format!("copy-{copy}");
        let output = run_beside(&postroom, &["backup", "--to", &to]).await;
        assert!(output.status.success(), "{output:?}");
        let folder = postroom.folder().join(to);
        let database = rusqlite::Connection::open(folder.join("postroom.db")).expect("open the copy");
        let mut named = database.prepare("SELECT location FROM blob WHERE location IS NOT NULL").expect("a query");
        let locations: Vec<String> =
            named.query_map([], |row| row.get(0)).expect("run it").collect::<Result<_, _>>().expect("rows");
        for location in &locations {
            let parts: Vec<u64> = location.split(':').skip(1).map(|part| part.parse().expect("a number")).collect();
            let pack = folder.join(format!("packs/{:08}.pack", parts[0]));
            let bytes = std::fs::metadata(&pack).expect("the pack file").len();
            assert!(parts[1] + parts[2] <= bytes, "{location} is not in the {bytes} bytes of {}", pack.display());
        }
        assert!(copy + 1 < COPIES || !locations.is_empty(), "no large mail came in: this proves nothing");
    }
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.await.expect("a sender");
    }
}

async fn check_mails(restored: &Postroom, before: &[Mail]) {
    let api = restored.api();
    let messages = api.all("/messages?direction=inbound").await;
    // The last ones came in while the copy was made: those that its database names are whole in its pack files.
    for message in messages.iter().take(NEWEST) {
        api.get(&format!("/messages/{}/raw", text(message, "/id"))).await.expect(200);
    }
    let mut stored: HashMap<String, Vec<String>> = HashMap::new();
    for message in &messages {
        stored.entry(text(message, "/metadata/messageId")).or_default().push(text(message, "/id"));
    }
    for mail in before {
        let copies = stored.get(&mail.message_id).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(copies.len(), 1, "{} was answered before the backup began: {copies:?}", mail.message_id);
        let raw = api.get(&format!("/messages/{}/raw", copies[0])).await.expect(200).body;
        assert!(raw.ends_with(&mail.bytes()), "{}: the raw mail is not what was sent", copies[0]);
    }
}

async fn a_backup_without_the_key_waits_for_it(database: Database) {
    let mut copy = Postroom::prepare(database.empty_one_alike(), &[]);
    let mut postroom = Postroom::start(database).await;
    let api = postroom.api();
    api.post("/webhooks", json!({ "url": "http://127.0.0.1:9/", "events": ["*"] })).await.expect(201);
    api.channel_like(PasswordServer::start().await.channel()).await;
    let said = postroom.run(&["backup", "--to", "backup", "--without-key"]);
    assert!(said.contains("NOT in it"), "{said}");
    assert!(!postroom.folder().join("backup/vault.key").exists());
    postroom.stop().await;
    let from = postroom.folder().join("backup").display().to_string();
    let said = copy.run(&["restore", "--from", &from]);
    assert!(said.contains("1 passwords of channels and the secrets of 1 webhook endpoints"), "{said}");
    let output = copy.run_any(&["serve"]);
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && complaint.contains("vault.key"), "{complaint}");
    let key: (PathBuf, PathBuf) = (postroom.data_folder().join("vault.key"), copy.data_folder().join("vault.key"));
    std::fs::copy(key.0, key.1).expect("put the key there");
    copy.launch().await;
    copy.api().get("/channels").await.expect(200);
}

/// A mail server that lets in whoever knows the password, and remembers whether somebody did.
pub struct PasswordServer {
    pub port: u16,
    told: Arc<AtomicBool>,
}

impl PasswordServer {
    pub const PASSWORD: &str = "an app password of the mailbox";

    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let told = Arc::new(AtomicBool::new(false));
        let heard = told.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (reader, mut writer) = stream.into_split();
                let mut lines = BufReader::new(reader).lines();
                let _ = writer.write_all(b"220 mailbox.test ESMTP\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    let answer: &[u8] = if line.starts_with("EHLO") {
                        b"250-mailbox.test\r\n250 AUTH PLAIN\r\n"
                    } else if line == format!("AUTH PLAIN {}", Self::credentials()) {
                        heard.store(true, Ordering::Relaxed);
                        b"235 2.7.0 welcome\r\n"
                    } else if line.starts_with("AUTH") {
                        b"535 5.7.8 wrong\r\n"
                    } else if line.starts_with("QUIT") {
                        b"221 bye\r\n"
                    } else {
                        b"250 ok\r\n"
                    };
                    if writer.write_all(answer).await.is_err() {
                        break;
                    }
                }
            }
        });
        Self { port, told }
    }

    fn credentials() -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(format!("\0mailbox@acme.test\0{}", Self::PASSWORD))
    }

    fn channel(&self) -> serde_json::Value {
        json!({
            "provider": "smtp_imap", "name": "Mailbox", "emailAddress": "mailbox@acme.test",
            "config": { "smtpHost": "127.0.0.1", "smtpPort": self.port, "smtpSecurity": "none",
                        "username": "mailbox@acme.test", "password": Self::PASSWORD },
        })
    }

    /// Since the last time it was asked.
    pub fn was_told_the_password(&self) -> bool {
        self.told.swap(false, Ordering::Relaxed)
    }
}
