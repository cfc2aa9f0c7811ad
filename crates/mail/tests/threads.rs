//! Threads of other projects' tests, sorted by the product's rules, where the corpora are at hand.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::path::Path;

use serde_json::{Value, json};

#[path = "../examples/threads.rs"]
#[expect(dead_code, reason = "the example's own main")]
mod threads;

type Difference = (&'static str, &'static [u64], &'static [&'static [u64]], &'static str);

/// Where the product's rules rightly say something else: the row, the mails it is about, what we make of them, and why.
const DIFFERENT: &[Difference] = &[
    (
        "mailkit/TestThreadByReferences",
        &[9, 10, 11, 15, 16, 17, 18],
        &[&[9, 10, 11], &[15, 16, 17, 18]],
        "mails that name each other in a circle have no root to hang a tree from, and the set leaves them out; we must show them",
    ),
    (
        "imaptest/thread/references",
        &[1, 2, 3],
        &[&[1, 2, 3]],
        "RFC 5256 takes only the last reference for the parent and cuts the tree at a circle; a conversation is no tree, and all of a \
         mail's references say which one it belongs to",
    ),
];

fn groups_of(value: &Value) -> Vec<Vec<u64>> {
    let numbers = |group: &Value| group.as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    sorted(value.as_array().unwrap().iter().map(numbers).collect())
}

fn sorted(mut groups: Vec<Vec<u64>>) -> Vec<Vec<u64>> {
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort();
    groups
}

#[test]
fn other_projects_threads_come_out_as_expected_but_for_what_is_said() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora/threading.jsonl");
    let Ok(lines) = std::fs::read_to_string(file) else {
        println!("skipped: no corpus threading beside the workspace");
        return;
    };
    let (mut rows, mut exact, mut different) = (0, 0, 0);
    for row in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        // Later steps are states after deletions; the other algorithm sorts by subject alone.
        if row["step"].as_u64().unwrap_or(0) > 0 || row["algorithm"] != "references" {
            continue;
        }
        rows += 1;
        let id = row["id"].as_str().unwrap();
        let (got, mut expected) = (sorted(threads::groups(&row)), groups_of(&row["expected_groups"]));
        if got == expected {
            exact += 1;
            continue;
        }
        let said = DIFFERENT.iter().find(|(named, ..)| *named == id);
        let (_, about, ours, _) = said.unwrap_or_else(|| panic!("{id}: {got:?}, not {expected:?}"));
        expected.retain(|group| !group.iter().any(|number| about.contains(number)));
        expected.extend(groups_of(&json!(ours)));
        assert_eq!(got, sorted(expected), "{id}");
        different += 1;
    }
    println!("{exact} of {rows} rows exact, {different} different for a reason");
}
