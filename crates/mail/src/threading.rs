//! Which conversation a mail belongs to, decided from what the store found. Owns the order of the rules; never looks anything up.

use model::ConversationId;
use model::message::ThreadedBy;

/// A conversation reached by a reply token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenMatch {
    pub conversation: ConversationId,
    pub sender_takes_part: bool,
}

/// A stored message that the mail names as its ancestor, nearest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentMatch {
    pub conversation: ConversationId,
    /// `InReplyTo` or `References`.
    pub by: ThreadedBy,
    /// It belongs to the same channel and use case.
    pub same_scope: bool,
    /// We sent it, to one person: an answer can only come from there, whatever address it is written from.
    pub ours_to_one: bool,
    pub sender_takes_part: bool,
}

/// A conversation that another rule points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationMatch {
    pub conversation: ConversationId,
    /// For a shared ancestor: the author of one of the two mails takes part in the other, in whichever order they came; for a mail
    /// that came after those that name it: they would have joined it. For a subject: a reply prefix, or the conversation is open.
    pub may_join: bool,
}

/// What the store found, a field a rule, in the order they are tried.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    pub token: Option<TokenMatch>,
    pub parents: Vec<ParentMatch>,
    pub shared_ancestors: Vec<ConversationMatch>,
    pub subjects: Vec<ConversationMatch>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Join {
        conversation: ConversationId,
        by: ThreadedBy,
        /// The sender was not part of it before, and is shown as new.
        new_sender: bool,
    },
    Begin {
        /// The mail answers one of this conversation, but its sender is a stranger to it.
        related: Option<ConversationId>,
        /// The mail answers one of another channel or use case: not linked, but said.
        rejected: Option<ConversationId>,
    },
}

/// Tries the rules in order; the first that fits decides.
///
/// An ancestor in another channel or use case is never joined (the confused deputy). An ancestor that went to many, or that
/// somebody else wrote, is joined only by those who take part: everybody who answers a broadcast has a conversation of their own.
pub fn decide(candidates: &Candidates) -> Decision {
    if let Some(token) = &candidates.token {
        let new_sender = !token.sender_takes_part;
        return Decision::Join { conversation: token.conversation.clone(), by: ThreadedBy::ReplyToken, new_sender };
    }
    let in_scope = || candidates.parents.iter().filter(|parent| parent.same_scope);
    if let Some(parent) = in_scope().find(|parent| parent.ours_to_one || parent.sender_takes_part) {
        let new_sender = !parent.sender_takes_part;
        return Decision::Join { conversation: parent.conversation.clone(), by: parent.by, new_sender };
    }
    let others =
        [(&candidates.shared_ancestors, ThreadedBy::SharedAncestor), (&candidates.subjects, ThreadedBy::Subject)];
    for (matches, by) in others {
        if let Some(found) = matches.iter().find(|found| found.may_join) {
            return Decision::Join { conversation: found.conversation.clone(), by, new_sender: false };
        }
    }
    let rejected =
        candidates.parents.iter().find(|parent| !parent.same_scope).map(|parent| parent.conversation.clone());
    Decision::Begin { related: in_scope().next().map(|parent| parent.conversation.clone()), rejected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(seed: &str) -> ConversationId {
        ConversationId::derived(model::Timestamp::from_millis(1), seed.as_bytes())
    }

    fn parent(seed: &str, same_scope: bool, ours_to_one: bool, sender_takes_part: bool) -> ParentMatch {
        ParentMatch {
            conversation: conversation(seed),
            by: ThreadedBy::InReplyTo,
            same_scope,
            ours_to_one,
            sender_takes_part,
        }
    }

    fn join(seed: &str, by: ThreadedBy, new_sender: bool) -> Decision {
        Decision::Join { conversation: conversation(seed), by, new_sender }
    }

    #[test]
    fn the_rules_are_tried_in_order() {
        let subject = ConversationMatch { conversation: conversation("subject"), may_join: true };
        let ancestor = ConversationMatch { conversation: conversation("ancestor"), may_join: true };
        let mut candidates = Candidates {
            token: Some(TokenMatch { conversation: conversation("token"), sender_takes_part: false }),
            parents: vec![parent("parent", true, true, true)],
            shared_ancestors: vec![ancestor],
            subjects: vec![subject],
        };
        assert_eq!(decide(&candidates), join("token", ThreadedBy::ReplyToken, true));
        candidates.token = None;
        assert_eq!(decide(&candidates), join("parent", ThreadedBy::InReplyTo, false));
        candidates.parents.clear();
        assert_eq!(decide(&candidates), join("ancestor", ThreadedBy::SharedAncestor, false));
        candidates.shared_ancestors.clear();
        assert_eq!(decide(&candidates), join("subject", ThreadedBy::Subject, false));
        candidates.subjects.clear();
        assert_eq!(decide(&candidates), Decision::Begin { related: None, rejected: None });
    }

    #[test]
    fn who_answers_a_mail_may_join_by_its_scope_and_its_readers() {
        let cases = [
            (
                "ours to one person, from another address",
                parent("p", true, true, false),
                join("p", ThreadedBy::InReplyTo, true),
            ),
            (
                "a broadcast, by one who takes part",
                parent("p", true, false, true),
                join("p", ThreadedBy::InReplyTo, false),
            ),
            (
                "a broadcast, by a stranger",
                parent("p", true, false, false),
                Decision::Begin { related: Some(conversation("p")), rejected: None },
            ),
            (
                "another channel",
                parent("p", false, true, true),
                Decision::Begin { related: None, rejected: Some(conversation("p")) },
            ),
        ];
        for (what, parent, expected) in cases {
            assert_eq!(decide(&Candidates { parents: vec![parent], ..Candidates::default() }), expected, "{what}");
        }
    }

    #[test]
    fn a_farther_ancestor_in_scope_is_better_than_a_nearer_one_outside() {
        let parents = vec![parent("far away", false, true, true), parent("here", true, false, true)];
        assert_eq!(
            decide(&Candidates { parents, ..Candidates::default() }),
            join("here", ThreadedBy::InReplyTo, false)
        );
    }
}
