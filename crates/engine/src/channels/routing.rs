//! Which channel receives at an address. Asked for every RCPT, so remembered for a moment; a deletion is seen at once.

use model::limits::MESSAGE_BYTES_MAX;
use store::channels;

use crate::Engine;
use crate::caches::Remembered;
use crate::ports::{Route, RouteError};

/// Routes by their address, without a tag.
pub type RouteCache = Remembered<String, Route>;

/// Who receives at `address`. A `+tag` is the owner's own business, but for `+r.<token>`, which names a conversation.
///
/// # Errors
/// Nobody does, or the store can't be asked.
pub async fn route(engine: &Engine, address: &str) -> Result<Route, RouteError> {
    let lower = address.trim().to_lowercase();
    let (local, domain) = lower.rsplit_once('@').ok_or(RouteError::Unknown)?;
    let (base, tag) = local.split_once('+').unwrap_or((local, ""));
    let base = format!("{base}@{domain}");
    let mut route = match engine.routes.get(&base) {
        Ok(route) => route,
        Err(ticket) => {
            let route = look_up(engine, &base).await?;
            engine.routes.keep(&ticket, base, &route);
            route
        }
    };
    route.recipient = address.to_owned();
    route.reply_token = tag.strip_prefix("r.").map(str::to_owned);
    Ok(route)
}

async fn look_up(engine: &Engine, address: &str) -> Result<Route, RouteError> {
    let wanted = address.to_owned();
    let found = engine.db.read(move |tx| channels::by_address(tx, &wanted)).await;
    let row = found.map_err(|error| RouteError::Unavailable(error.to_string()))?.ok_or(RouteError::Unknown)?;
    Ok(of_channel(&row, address))
}

/// The route to a channel that was found otherwise.
pub(crate) fn of_channel(row: &channels::ChannelRow, recipient: &str) -> Route {
    let limits = row.public.limits.clone();
    Route {
        workspace_id: row.workspace_id.clone(),
        channel_id: Some(row.public.id.clone()),
        use_case_id: None,
        auth_policy: row.public.auth_policy,
        message_bytes_max: limits.max_message_bytes.unwrap_or(MESSAGE_BYTES_MAX).min(MESSAGE_BYTES_MAX),
        limits,
        thread_by_subject: row.public.thread_by_subject,
        recipient: recipient.to_owned(),
        reply_token: None,
    }
}
