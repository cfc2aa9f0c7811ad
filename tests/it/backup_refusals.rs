//! What a backup never writes over, and what a restore never takes in.

use std::path::Path;

use serde_json::Value;

use crate::database::{Database, on_both_databases};
use crate::mail::Mail;
use crate::postroom_process::Postroom;
use crate::smtp_client;

on_both_databases!(a_damaged_backup_is_refused_and_its_file_named, what_is_not_empty_is_never_restored_into);

/// A stopped installation with some mail, and its backup in `backup` and `backup.tar`.
async fn backed_up(database: Database) -> Postroom {
    let mut postroom = Postroom::start(database).await;
    let address = postroom.api().channel().await.address();
    let noise: String = (0..60_000).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect();
    let lines: Vec<String> =
        noise.as_bytes().chunks(70).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let mail = Mail::new(&address, "Large").body(&(lines.join("\r\n") + "\r\n"));
    smtp_client::send(postroom.smtp, "ada@example.test", &address, mail.bytes()).await.expect("250");
    postroom.run(&["backup", "--to", "backup"]);
    postroom.run(&["backup", "--to", "backup.tar"]);
    postroom.stop().await;
    postroom
}

/// It must fail; what it said.
fn refused(postroom: &Postroom, arguments: &[&str]) -> String {
    let output = postroom.run_any(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments:?} → {said}");
    said
}

fn flip_a_byte(path: &Path) {
    let mut bytes = std::fs::read(path).expect("read the file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("write the file");
}

async fn a_damaged_backup_is_refused_and_its_file_named(database: Database) {
    let other = Postroom::prepare(database.empty_one_alike(), &[]);
    let file = if database.url().is_some() { "postgres.dump" } else { "postroom.db" };
    let postroom = backed_up(database).await;
    let backup = postroom.folder().join("backup");
    let from = backup.display().to_string();
    for name in [file, "packs/00000001.pack", "vault.key"] {
        let path = backup.join(name);
        let good = std::fs::read(&path).expect("read the file");
        flip_a_byte(&path);
        let said = refused(&other, &["restore", "--from", &from]);
        assert!(said.contains("damaged") && said.contains(name), "{said}");
        std::fs::write(&path, &good[..good.len() - 1]).expect("cut the file off");
        assert!(refused(&other, &["restore", "--from", &from]).contains(name));
        std::fs::remove_file(&path).expect("remove the file");
        assert!(refused(&other, &["restore", "--from", &from]).contains(&format!("{name} is missing")));
        std::fs::write(&path, &good).expect("mend the file");
    }
    let manifest = backup.join("manifest.json");
    let good = std::fs::read(&manifest).expect("read the manifest");
    for (field, value, words) in [("format", 99, "newer postroom"), ("schemaVersion", 1_001, "schema version 1001")] {
        let mut json: Value = serde_json::from_slice(&good).expect("JSON");
        json[field] = value.into();
        std::fs::write(&manifest, json.to_string()).expect("write the manifest");
        assert!(refused(&other, &["restore", "--from", &from]).contains(words));
    }
    std::fs::write(&manifest, b"{").expect("write the manifest");
    assert!(refused(&other, &["restore", "--from", &from]).contains("manifest.json"));
    std::fs::remove_file(&manifest).expect("remove the manifest");
    assert!(refused(&other, &["restore", "--from", &from]).contains("no backup"));
    std::fs::write(&manifest, &good).expect("mend the manifest");

    let archive = postroom.folder().join("backup.tar");
    let whole = std::fs::read(&archive).expect("read the archive");
    let archive = archive.display().to_string();
    // In the database, which is the first file.
    let mut damaged = whole.clone();
    damaged[2_000] ^= 1;
    std::fs::write(&archive, &damaged).expect("damage the archive");
    assert!(refused(&other, &["restore", "--from", &archive]).contains(file));
    std::fs::write(&archive, &whole[..whole.len() / 2]).expect("cut the archive off");
    refused(&other, &["restore", "--from", &archive]);
    std::fs::write(&archive, b"not a tar file").expect("write the archive");
    refused(&other, &["restore", "--from", &archive]);
    assert!(!other.data_folder().exists(), "something was touched");
    other.run(&["restore", "--from", &from]);
}

async fn what_is_not_empty_is_never_restored_into(database: Database) {
    let elsewhere = Postroom::prepare(database.empty_one_alike(), &[]);
    let is_postgres = database.url().is_some();
    let postroom = backed_up(database).await;
    let folder = postroom.folder().display().to_string();
    let from = format!("{folder}/backup");
    // Into itself.
    let said = refused(&postroom, &["restore", "--from", &from]);
    assert!(said.contains("not empty"), "{said}");
    // Into an empty directory whose database is not.
    if is_postgres {
        let said = refused(&postroom, &["restore", "--from", &from, "--data-dir", &format!("{folder}/new")]);
        assert!(said.contains("not empty"), "{said}");
        let said = refused(
            &postroom,
            &[
                "restore",
                "--from",
                &from,
                "--data-dir",
                &format!("{folder}/new"),
                "--database-url",
                &format!("sqlite:{folder}/new.db"),
            ],
        );
        assert!(said.contains("PostgreSQL"), "{said}");
    }
    assert!(!postroom.folder().join("new").exists());
    // A disk of its own has a directory already; what an interrupted restore left is done again.
    std::fs::create_dir_all(elsewhere.data_folder().join("lost+found")).expect("make the folder");
    std::fs::create_dir_all(elsewhere.data_folder().join(".restoring/packs")).expect("make the folder");
    elsewhere.run(&["restore", "--from", &from]);
    assert!(!elsewhere.data_folder().join(".restoring").exists());
    let said = refused(&elsewhere, &["restore", "--from", &from]);
    assert!(said.contains("not empty"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_never_written_where_it_must_not_be() {
    let postroom = backed_up(Database::sqlite()).await;
    let before = std::fs::read(postroom.folder().join("backup.tar")).expect("read the archive");
    std::fs::create_dir(postroom.folder().join("empty")).expect("make the folder");
    for (to, words) in [
        ("backup", "already"),
        ("backup.tar", "already"),
        ("empty", "empty/postroom-1"),
        ("data/backup", "data directory"),
        ("data/packs/../../data/backup.tar", "data directory"),
        ("none/backup", "make it first"),
        ("backup.tar.gz", ".tar file"),
        ("/", "no name"),
    ] {
        let said = refused(&postroom, &["backup", "--to", to]);
        assert!(said.contains(words), "{to}: {said}");
    }
    assert_eq!(std::fs::read(postroom.folder().join("backup.tar")).expect("read the archive"), before);
    let mut names: Vec<String> = std::fs::read_dir(postroom.folder())
        .expect("read the folder")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["backup", "backup.tar", "data", "empty"], "something was left behind");

    let nothing = Postroom::prepare(Database::sqlite(), &[]);
    assert!(refused(&nothing, &["backup", "--to", "backup"]).contains("no database file"));
    assert!(!nothing.data_folder().exists() && !nothing.folder().join("backup").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_pg_dump_is_said_before_anything_is_written() {
    let mut postroom = Postroom::start(Database::postgres()).await;
    postroom.stop().await;
    let mut command = postroom.command(&["backup", "--to", "backup"]);
    let output = command.env("PATH", postroom.folder()).output().expect("run postroom");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("pg_dump"), "{said}");
    assert!(!postroom.folder().join("backup").exists());
}
