//! One message of many: made as any other under a use case, then written with others in one transaction. Owns no transaction.

use model::{MessageId, WorkspaceId};
use serde_json::{Map, Value as Json};
use store::Tx;

use super::conversation::Thread;
use super::mailer::Ready;
use super::sender::Sender;
use super::{SendRequest, check, compose, enqueue, leaving};
use crate::once::Once;
use crate::templates::Recipe;
use crate::{Engine, Result};

/// Makes a message of a recipe and the variables of its one recipient. Its bytes are kept when this returns.
///
/// # Errors
/// Variables or fields that are wrong; it is too large; the sender's domain no longer sends (409).
pub(crate) async fn prepare_by_recipe(
    engine: &Engine,
    workspace: &WorkspaceId,
    sender: Sender,
    recipe: &Recipe,
    mut variables: Map<String, Json>,
    mut request: SendRequest,
) -> Result<Ready> {
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
    compose(engine, workspace, sender, request, Thread::new(), id, Once::default()).await
}

/// Writes messages with their conversations and deliveries.
pub(crate) fn write_each<'r>(tx: &mut Tx<'_>, messages: impl IntoIterator<Item = &'r Ready>) -> store::Result<()> {
    messages.into_iter().try_for_each(|message| enqueue::enqueue(tx, &message.outgoing))
}
