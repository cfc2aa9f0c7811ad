//! Drafts on the server: what a person writes on one device is there on every other. Owns whose they are and which of two changes
//! made at once stands; never sends.

use std::collections::BTreeMap;
use std::time::Duration;

use model::draft::{Draft, DraftContent};
use model::key::{Principal, Scope};
use model::limits::DRAFT_BYTES_MAX;
use model::{ConversationId, Timestamp, UserId};
use store::{Priority, drafts};

use crate::listing::{Listing, SliceOf};
use crate::{Engine, EngineError, Result, access_check, conversations};

/// Drafts of one person; more conversations than this are not being answered at once.
const DRAFTS_MAX: usize = 500;
/// How long a draft is kept that nobody came back to.
pub(crate) const DRAFT_KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Where a draft belongs: to a conversation, or (`None`) to a message that begins one.
pub type DraftPlace = Option<ConversationId>;

/// A page of one's drafts, by their conversations.
///
/// # Errors
/// An API key asks; the scope `conversations:read` is missing.
pub async fn list(engine: &Engine, principal: &Principal, slice: SliceOf<String>) -> Result<Listing<Draft, String>> {
    let user = person(principal)?;
    let (after, ascending, take) = (slice.after, slice.ascending, slice.take);
    let found = engine.db.read(move |tx| drafts::page(tx, &user, after.as_deref(), ascending, take + 1)).await?;
    Ok(Listing::cut(found, take, |draft| drafts::place(draft.conversation_id.as_ref()).to_owned()))
}

/// # Errors
/// There is none; the conversation is not there; an API key asks.
pub async fn get(engine: &Engine, principal: &Principal, place: DraftPlace) -> Result<Draft> {
    let user = person_at(engine, principal, &place).await?;
    let found = engine.db.read(move |tx| drafts::get(tx, &user, place.as_ref())).await?;
    found.ok_or(EngineError::NotFound { what: "the draft" })
}

/// Keeps a draft that is made of `version` (0: there was none). The same content again changes nothing, whatever its version.
///
/// # Errors
/// Another device changed it meanwhile (409); it is too large; the conversation is not there; an API key asks.
pub async fn put(
    engine: &Engine,
    principal: &Principal,
    place: DraftPlace,
    version: i64,
    content: DraftContent,
) -> Result<Draft> {
    let user = person_at(engine, principal, &place).await?;
    let bytes = serde_json::to_string(&content).map_or(usize::MAX, |json| json.len());
    if bytes > DRAFT_BYTES_MAX {
        let detail =
            format!("the draft has {bytes} bytes; at most {DRAFT_BYTES_MAX} are kept. Attach large parts as files");
        return Err(EngineError::invalid("/content", detail));
    }
    let workspace = principal.workspace_id.clone();
    let kept = engine.db.write(Priority::Foreground, move |tx| {
        drafts::lock(tx, &user)?;
        let now = Timestamp::now();
        let known = drafts::get(tx, &user, place.as_ref())?;
        if let Some(known) = &known
            && known.content == content
        {
            return Ok(Put::Kept(Box::new(known.clone())));
        }
        if known.as_ref().map_or(0, |known| known.version) != version {
            return Ok(Put::Changed);
        }
        if known.is_none() && drafts::versions(tx, &user, DRAFTS_MAX)?.len() >= DRAFTS_MAX {
            return Ok(Put::TooMany);
        }
        // Of a draft that was discarded and begun again too, no version comes twice.
        let draft =
            Draft { conversation_id: place, version: now.as_millis().max(version + 1), content, updated_at: now };
        drafts::put(tx, &workspace, &user, &draft)?;
        Ok(Put::Kept(Box::new(draft)))
    });
    match kept.await? {
        Put::Kept(draft) => Ok(*draft),
        Put::Changed => Err(EngineError::Conflict(
            "the draft was changed or discarded elsewhere since this version: read it again, then write yours over it or keep the other".into(),
        )),
        Put::TooMany => {
            Err(EngineError::Conflict(format!("{DRAFTS_MAX} drafts are kept at most: send or discard one first")))
        }
    }
}

enum Put {
    Kept(Box<Draft>),
    Changed,
    TooMany,
}

/// Forgets a draft; one that is not there is forgotten already.
///
/// # Errors
/// The conversation is not there; an API key asks.
pub async fn delete(engine: &Engine, principal: &Principal, place: DraftPlace) -> Result<()> {
    let user = person_at(engine, principal, &place).await?;
    engine.db.write(Priority::Foreground, move |tx| drafts::delete(tx, &user, place.as_ref())).await?;
    Ok(())
}

async fn person_at(engine: &Engine, principal: &Principal, place: &DraftPlace) -> Result<UserId> {
    if let Some(id) = place {
        conversations::get(engine, principal, id).await?;
    }
    person(principal)
}

fn person(principal: &Principal) -> Result<UserId> {
    access_check::person(principal, Scope::ConversationsRead, "an API key is nobody: drafts are people's")
}

/// What one reader was told of a person's drafts.
#[derive(Debug, Default)]
pub struct Watch {
    told: BTreeMap<String, i64>,
}

impl Watch {
    /// The places and versions that are new since the last call, all of them at first; version 0 where a draft is gone.
    ///
    /// # Errors
    /// What the store says.
    pub async fn news(&mut self, engine: &Engine, user: &UserId) -> Result<Vec<(String, i64)>> {
        let user = user.clone();
        let is: BTreeMap<String, i64> =
            engine.db.read(move |tx| drafts::versions(tx, &user, DRAFTS_MAX)).await?.into_iter().collect();
        let told = std::mem::replace(&mut self.told, is.clone());
        let mut news: Vec<(String, i64)> = is
            .iter()
            .filter(|(place, version)| told.get(*place) != Some(version))
            .map(|(p, v)| (p.clone(), *v))
            .collect();
        news.extend(told.into_keys().filter(|place| !is.contains_key(place)).map(|place| (place, 0)));
        Ok(news)
    }
}
