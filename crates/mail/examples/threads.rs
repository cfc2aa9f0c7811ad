//! Sorts the rows of a set of threads (`threads FILE.jsonl`) by the product's rules, for the set's own scorer.
//!
//! The rows name no people, so all mails count as one person's; every conversation is open.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a tool of ours may fail loudly")]

use mail::threading::{Candidates, ConversationMatch, Decision, ParentMatch, decide};
use model::message::ThreadedBy;
use model::{ConversationId, Timestamp};
use postroom_mail as mail;
use serde_json::{Value, json};

/// A mail that was sorted.
struct Stored {
    number: u64,
    id: Option<String>,
    ancestors: Vec<String>,
    subject_base: String,
    conversation: ConversationId,
}

fn bare(id: &Value) -> Option<String> {
    Some(id.as_str()?.trim_matches(['<', '>']).to_owned())
}

/// The numbers of a row's mails, one list a conversation.
pub fn groups(row: &Value) -> Vec<Vec<u64>> {
    let mut stored: Vec<Stored> = Vec::new();
    for message in row["messages"].as_array().unwrap() {
        let references = message["references"].as_array().into_iter().flatten().rev().filter_map(bare);
        let mut next = Stored {
            number: message["n"].as_u64().unwrap(),
            id: bare(&message["message_id"]),
            ancestors: bare(&message["in_reply_to"]).into_iter().chain(references).collect(),
            subject_base: mail::subject::normalize(message["subject"].as_str().unwrap_or_default()).base,
            conversation: ConversationId::derived(Timestamp::from_millis(1), message["n"].to_string().as_bytes()),
        };
        if let Decision::Join { conversation, .. } = decide(&candidates(&stored, &next)) {
            next.conversation = conversation;
        }
        stored.push(next);
    }
    let mut groups: Vec<(ConversationId, Vec<u64>)> = Vec::new();
    for message in stored {
        match groups.iter_mut().find(|(conversation, _)| *conversation == message.conversation) {
            Some((_, numbers)) => numbers.push(message.number),
            None => groups.push((message.conversation, vec![message.number])),
        }
    }
    groups.into_iter().map(|(_, numbers)| numbers).collect()
}

/// What the store would find.
fn candidates(stored: &[Stored], next: &Stored) -> Candidates {
    let parent = |id: &String| stored.iter().find(|message| message.id.as_ref() == Some(id));
    let found = |message: &Stored| ConversationMatch { conversation: message.conversation.clone(), may_join: true };
    let shares = |message: &&Stored| {
        message.ancestors.iter().any(|id| next.ancestors.contains(id) || next.id.as_ref() == Some(id))
    };
    let same_subject = |message: &&Stored| !next.subject_base.is_empty() && message.subject_base == next.subject_base;
    Candidates {
        token: None,
        parents: next.ancestors.iter().filter_map(parent).map(of_parent).collect(),
        shared_ancestors: stored.iter().rev().filter(shares).map(found).collect(),
        subjects: stored.iter().rev().filter(same_subject).map(found).collect(),
    }
}

fn of_parent(message: &Stored) -> ParentMatch {
    ParentMatch {
        conversation: message.conversation.clone(),
        by: ThreadedBy::References,
        same_scope: true,
        ours_to_one: false,
        sender_takes_part: true,
    }
}

pub fn main() {
    let file = std::env::args().nth(1).unwrap();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        // A later state of a mailbox, after deletions; the scorer asks for the first.
        if row["step"].as_u64().unwrap_or(0) == 0 {
            println!("{}", json!({ "id": row["id"], "groups": groups(&row) }));
        }
    }
}
