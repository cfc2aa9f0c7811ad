//! Every command of README's five-minute tour works as it is written there.
//!
//! The tour is every fenced `sh` block below the heading `## A five-minute tour`, run in their order in one shell, so
//! that later blocks see the variables of earlier ones. The block that starts the server (`cargo xtask serve`) is left
//! out: the test has started one. The addresses of the defaults and the key `pk_…` are replaced by the test server's; in
//! the environment are `POSTROOM_KEY`, an API key, and `POSTROOM_ADDRESS`, a receiving address.

use std::path::Path;
use std::process::Command;

use crate::api::text;
use crate::database::Database;
use crate::postroom_process::{Postroom, binary};

const HEADING: &str = "## A five-minute tour";

/// The blocks of the tour, as they stand.
fn blocks(readme: &str) -> Vec<String> {
    let tour = readme.split_once(&format!("\n{HEADING}\n")).map_or("", |(_, tour)| tour);
    let (mut blocks, mut open) = (Vec::new(), None::<(bool, String)>);
    for line in tour.lines() {
        match &mut open {
            None if line.starts_with("## ") => break,
            None => open = line.strip_prefix("```").map(|language| (language.trim() == "sh", String::new())),
            Some((wanted, block)) if line == "```" => {
                if *wanted {
                    blocks.push(std::mem::take(block));
                }
                open = None;
            }
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

#[test]
fn the_tour_is_its_sh_blocks_up_to_the_next_heading() {
    let readme = "# A\n```sh\nno\n```\n## A five-minute tour\nText.\n```sh\none\n# ## not a heading\n```\n```json\n{}\n```\n### Sub\n```sh\ntwo\n```\n## Next\n```sh\nno\n```\n";
    assert_eq!(blocks(readme), ["one\n# ## not a heading\n", "two\n"]);
    assert!(blocks("# A\n").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_tour_works() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(readme).expect("README.md");
    let blocks: Vec<String> =
        blocks(&readme).into_iter().filter(|block| !block.contains("cargo xtask serve")).collect();
    assert!(!blocks.is_empty(), "README.md has no `sh` block below {HEADING:?}");

    let postroom = Postroom::start(Database::sqlite()).await;
    let channels = postroom.api().get("/channels").await.expect(200).json();
    let script = blocks
        .join("\n")
        .replace("pk_…", &postroom.key)
        .replace("127.0.0.1:8025", &postroom.http.to_string())
        .replace("localhost:8025", &postroom.http.to_string())
        .replace("127.0.0.1:2525", &postroom.smtp.to_string())
        .replace("localhost:2525", &postroom.smtp.to_string());
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let mut shell = Command::new("bash");
    shell
        // -x: the command that failed is the last one shown.
        .args(["-euxo", "pipefail", "-c", &script])
        .current_dir(folder.path())
        .env("PATH", format!("{}:{path}", binary().parent().expect("a folder").display()))
        .env("POSTROOM_KEY", &postroom.key)
        .env("POSTROOM_ADDRESS", text(&channels, "/items/0/inboundAddress"));
    let output = tokio::task::spawn_blocking(move || shell.output()).await.expect("the shell").expect("run bash");
    let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{shown}", output.status);
    // `curl` without --fail is content with a 404.
    assert!(
        !shown.contains("application/problem+json") && !shown.contains("\"requestId\""),
        "a request was refused:\n{shown}"
    );
}
