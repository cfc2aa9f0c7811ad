//! One message of many: made as any other under a use case, then written with others in one transaction. Owns no transaction.

use model::{MessageId, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::Tx;

use super::conversation::Thread;
use super::sender::Sender;
use super::{SendRequest, check, compose, enqueue, finish, leaving};
use crate::templates::Recipe;
use crate::{Engine, Result};

/// A message that only has to be written down.
pub(crate) struct Prepared(enqueue::Outgoing);

impl Prepared {
    pub fn id(&self) -> &MessageId {
        &self.0.id
    }
}

/// Makes a message of a recipe and the variables of its one recipient. Its bytes are kept when this returns.
///
/// # Errors
/// Variables or fields that are wrong; it is too large; the sender's domain no longer sends (409).
pub(crate) async fn prepare(
    engine: &Engine,
    workspace: &WorkspaceId,
    sender: Sender,
    recipe: &Recipe,
    mut variables: Map<String, Json>,
    mut request: SendRequest,
) -> Result<Prepared> {
    let id = MessageId::generate();
    let way_to_leave = leaving::way_to_leave(engine, &sender, &request, &id)?;
    if let Some(way) = &way_to_leave {
        variables.insert(leaving::VARIABLE.to_owned(), Json::String(way.url.clone()));
    }
    let made = recipe.render(variables).await?;
    (request.subject, request.html, request.text) = (made.subject, made.html, made.text);
    if let Some(way) = way_to_leave {
        way.show(&mut request);
    }
    check(&request)?;
    let mut made = compose(engine, &sender, request, Thread::new(), id).await?;
    // They are in the bytes; many wait to be written at once.
    (made.request.html, made.request.text) = (None, None);
    finish(engine, workspace, sender, made).await.map(Prepared)
}

/// Writes messages with their conversations and deliveries.
pub(crate) fn write<'p>(tx: &mut Tx<'_>, messages: impl IntoIterator<Item = &'p Prepared>) -> store::Result<()> {
    messages.into_iter().try_for_each(|message| enqueue::enqueue(tx, &message.0))
}
