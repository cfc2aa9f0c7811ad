//! A server asks for all the open files it may have: a connection in is one.

use std::process::{Child, Command, Stdio};

use crate::api::eventually;
use crate::database::Database;
use crate::postroom_process::Postroom;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_low_soft_limit_is_raised_to_the_hard_one() {
    let postroom = Postroom::prepare(Database::sqlite(), &[]);
    let serve = postroom.command(&["serve"]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -S -n 256 && exec \"$0\" serve"]).arg(serve.get_program()).env_clear();
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(postroom.folder());
    let process = Ended(shell.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("start"));
    let limits = || async {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.0.id())).ok()?;
        let line = limits.lines().find(|line| line.starts_with("Max open files"))?.to_owned();
        let words: Vec<String> = line.split_whitespace().skip(3).take(2).map(str::to_owned).collect();
        (words.first() != Some(&"256".to_owned())).then_some(words)
    };
    let readyz = format!("http://{}/readyz", postroom.http);
    let client = crate::api::http_client();
    eventually("the server to be ready", || async {
        client.get(&readyz).send().await.is_ok_and(|answer| answer.status().is_success()).then_some(())
    })
    .await;
    let words = eventually("the limit to be raised", limits).await;
    assert_eq!(words.first(), words.get(1), "soft and hard: {words:?}");
}
