//! Who looks at a conversation and who writes in it, for a moment. People alone are anywhere; an API key is nobody. Never an event:
//! what is over can't be asked for again.

use std::collections::BTreeMap;
use std::time::Duration;

use model::key::{Principal, Scope};
use model::presence::{ConversationPresence, Present};
use model::{ConversationId, Timestamp, UserId, WorkspaceId};
use store::{Priority, presence};

use crate::{Engine, Result, access_check, conversations};

/// How long somebody counts as being there who does not say so again.
pub const PRESENT_FOR: Duration = Duration::from_secs(45);
/// How long somebody counts as writing after they last said so.
pub const TYPING_FOR: Duration = Duration::from_secs(8);
/// People at conversations of one workspace that are told of.
const PRESENT_MAX: usize = 2_000;

/// Says that the asker is at the conversation, and whether they write; `None`: as before.
///
/// # Errors
/// An API key asks; the conversation is not there; the scope `conversations:read` is missing.
pub async fn note(engine: &Engine, principal: &Principal, id: &ConversationId, typing: Option<bool>) -> Result<()> {
    conversations::get(engine, principal, id).await?;
    let user = person(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    let noted = engine.db.write(Priority::Foreground, move |tx| {
        let now = Timestamp::now();
        let typing_until = typing.map(|typing| if typing { now.plus(TYPING_FOR) } else { now });
        presence::note(tx, &workspace, &id, &user, typing_until, (now, now.plus(PRESENT_FOR)))
    });
    Ok(noted.await?)
}

/// Says that the asker has left.
///
/// # Errors
/// An API key asks; the conversation is not there.
pub async fn leave(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<()> {
    conversations::get(engine, principal, id).await?;
    let user = person(principal)?;
    let (workspace, id) = (principal.workspace_id.clone(), id.clone());
    Ok(engine.db.write(Priority::Foreground, move |tx| presence::remove(tx, &workspace, &id, &user)).await?)
}

/// Who is at the conversation.
///
/// # Errors
/// It is not there; the scope `conversations:read` is missing.
pub async fn of(engine: &Engine, principal: &Principal, id: &ConversationId) -> Result<ConversationPresence> {
    conversations::get(engine, principal, id).await?;
    let (workspace, asked) = (principal.workspace_id.clone(), id.clone());
    let read =
        move |tx: &mut store::Tx<'_>| presence::list(tx, &workspace, Some(&asked), Timestamp::now(), PRESENT_MAX);
    let found = engine.db.read(read).await?;
    Ok(ConversationPresence { conversation_id: id.clone(), people: found.into_iter().map(|(_, who)| who).collect() })
}

fn person(principal: &Principal) -> Result<UserId> {
    access_check::person(principal, Scope::ConversationsRead, "an API key is nobody: only people are at a conversation")
}

/// What one reader was told of who is where, so that only what changes is told again.
#[derive(Debug, Default)]
pub struct Watch {
    told: BTreeMap<ConversationId, Vec<Present>>,
}

impl Watch {
    /// What is different from what was told before.
    ///
    /// # Errors
    /// What the store says.
    pub async fn news(&mut self, engine: &Engine, workspace: &WorkspaceId) -> Result<Vec<ConversationPresence>> {
        let workspace = workspace.clone();
        let read = move |tx: &mut store::Tx<'_>| presence::list(tx, &workspace, None, Timestamp::now(), PRESENT_MAX);
        let mut is: BTreeMap<ConversationId, Vec<Present>> = BTreeMap::new();
        for (conversation, present) in engine.db.read(read).await? {
            is.entry(conversation).or_default().push(present);
        }
        Ok(self.compare(is))
    }

    /// When somebody is gone, or has ceased to write, unless it is said otherwise until then.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.told.values().flatten().map(|present| present.until).min()
    }

    fn compare(&mut self, is: BTreeMap<ConversationId, Vec<Present>>) -> Vec<ConversationPresence> {
        let mut news = Vec::new();
        for (conversation_id, people) in &is {
            if self.told.get(conversation_id).is_none_or(|told| shown(told) != shown(people)) {
                news.push(ConversationPresence { conversation_id: conversation_id.clone(), people: people.clone() });
            }
        }
        for conversation_id in self.told.keys().filter(|id| !is.contains_key(*id)) {
            news.push(ConversationPresence { conversation_id: conversation_id.clone(), people: Vec::new() });
        }
        self.told = is;
        news
    }
}

fn shown(people: &[Present]) -> Vec<(&UserId, bool)> {
    people.iter().map(|present| (&present.user_id, present.typing)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(user: &UserId, typing: bool, until: i64) -> Present {
        Present { user_id: user.clone(), typing, until: Timestamp::from_millis(until) }
    }

    #[test]
    fn only_what_somebody_would_see_change_is_news() {
        let (conversation, ada) = (ConversationId::generate(), UserId::generate());
        let at = |people: Vec<Present>| BTreeMap::from([(conversation.clone(), people)]);
        let mut watch = Watch::default();
        assert_eq!(watch.compare(at(vec![present(&ada, false, 10)])).len(), 1, "she comes");
        assert_eq!(watch.compare(at(vec![present(&ada, false, 20)])).len(), 0, "she stays");
        assert_eq!(watch.ends_at(), Some(Timestamp::from_millis(20)));
        assert!(watch.compare(at(vec![present(&ada, true, 15)]))[0].people[0].typing, "she writes");
        assert_eq!(watch.compare(BTreeMap::new())[0].people, [], "she leaves");
        assert_eq!(watch.ends_at(), None);
    }
}
