//! The command line: what is for scripts is printed alone, what is wrong is named as it was typed.

use crate::database::{Database, on_both_databases};
use crate::postroom_process::Postroom;

on_both_databases!(a_key_is_printed_alone_and_works);

async fn a_key_is_printed_alone_and_works(database: Database) {
    let postroom = Postroom::start(database).await;
    let scopes = ["key", "create", "--name", "Script", "--scope", "messages:read,channels:read", "--quiet"];
    let printed = postroom.run(&scopes);
    let key = printed.strip_suffix('\n').expect("one line");
    assert!(key.starts_with("pk_") && !key.contains(char::is_whitespace), "{printed:?}");
    let api = postroom.api_with_key(key);
    api.get("/messages").await.expect(200);
    api.get("/channels").await.expect(200);
    api.get("/contacts").await.expect(403);
    let told = postroom.run(&["key", "create", "--name", "Person", "--scope", "messages:read", "--scope", "admin"]);
    assert!(told.contains("Person (key_") && told.contains("not shown again"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_flag_is_named_as_it_was_typed() {
    let postroom = Postroom::prepare(Database::sqlite(), &[]);
    for (arguments, code, words) in [
        (&["serve", "--http-addr", "x"][..], 1, &["--http-addr: `x` was read", "127.0.0.1:8025"][..]),
        (&["--dns-server", "x", "serve"], 1, &["x", "address:port"]),
        (&["migrate", "--database-url", "mysql://h/d"], 1, &["--database-url", "sqlite:PATH"]),
        (&["key", "create", "--name", "x", "--scope", "all"], 2, &["--scope", "admin"]),
        (&["key", "create", "--name", "x"], 2, &["--scope"]),
        (&["serve", "--smtp-adr", "x"], 2, &["--smtp-addr"]),
        (&["frobnicate"], 2, &["frobnicate"]),
        (&[], 2, &["Usage"]),
    ] {
        let output = postroom.run_any(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        for word in words {
            assert!(said.contains(word), "{arguments:?}: {word:?} is not in: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_option_of_every_command_has_a_text() {
    let postroom = Postroom::prepare(Database::sqlite(), &[]);
    for command in [
        &["serve"][..],
        &["workspace", "create"],
        &["user", "create"],
        &["user", "link"],
        &["user", "password"],
        &["user", "reset-second-factor"],
        &["key", "create"],
        &["send"],
        &["doctor"],
        &["backup"],
        &["restore"],
    ] {
        let help = postroom.run(&[command, &["-h"]].concat());
        let mut lines = help.lines().skip_while(|line| *line != "Options:").skip(1).peekable();
        while let Some(line) = lines.next() {
            let is_option = line.trim_start().starts_with("--");
            let same_line = line.trim_start().split_once("  ").is_some_and(|(_, text)| !text.trim().is_empty());
            let next_line = lines.peek().is_some_and(|next| !next.trim().is_empty() && !next.trim().starts_with('-'));
            assert!(!is_option || same_line || next_line, "{command:?}: {line:?} says nothing\n{help}");
        }
    }
}
