//! A mistyped setting in the environment must not be silent; names that others use must not be in the way.

use crate::database::Database;
use crate::postroom_process::Postroom;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistyped_name_stops_the_start_and_says_which_one_was_meant() {
    for (wrong, meant) in [
        ("POSTROOM_SMTP_ADR", "POSTROOM_SMTP_ADDR"),
        ("POSTROOM_DATABASE_URI", "POSTROOM_DATABASE_URL"),
        ("POSTROOM_BOOTSTRAP_KEYS", "POSTROOM_BOOTSTRAP_KEY"),
    ] {
        let postroom = Postroom::prepare(Database::sqlite(), &[(wrong, "x")]);
        for arguments in [&["serve"][..], &["migrate"]] {
            let output = postroom.run_any(arguments);
            assert_eq!(output.status.code(), Some(1), "{wrong}: {arguments:?}");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(said.contains(wrong) && said.contains(&format!("did you mean {meant}?")), "{said}");
        }
        assert!(!postroom.data_folder().exists(), "{wrong}: something was made all the same");
    }
    let postroom = Postroom::prepare(Database::sqlite(), &[]);
    std::fs::write(postroom.folder().join("postroom.toml"), "smtp_adr = \"127.0.0.1:2525\"\n").expect("write the file");
    let said = String::from_utf8_lossy(&postroom.run_any(&["migrate"]).stderr).into_owned();
    assert!(said.contains("did you mean `smtp_addr`?"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_names_are_warned_of_once_and_those_of_others_never() {
    let others = [
        ("POSTROOM_URL", "http://127.0.0.1:8025"),
        ("POSTROOM_KEY", "pk_x"),
        ("POSTROOM_BINARY", "/x"),
        ("POSTROOM_TEST_POSTGRES_URL", "postgres://x"),
        ("POSTROOM_SUBMISSION_ADDR", "127.0.0.1:2587"),
        ("POSTROOM_SERVICE_HOST", "10.0.0.1"),
        ("POSTROOM_PORT_25_TCP_ADDR", "10.0.0.1"),
    ];
    let output = Postroom::prepare(Database::sqlite(), &others).run_any(&["migrate"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("WARN"), "{said}");

    let unknown = [("POSTROOM_COLOUR", "red"), ("POSTROOM_TASTE", "sweet")];
    let output = Postroom::prepare(Database::sqlite(), &unknown).run_any(&["migrate"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(warnings[0].contains("POSTROOM_COLOUR, POSTROOM_TASTE"), "{said}");
}
