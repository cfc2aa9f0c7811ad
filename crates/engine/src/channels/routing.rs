//! Which channel receives at an address. Asked for every RCPT, so remembered for a moment; a deletion is seen at once.

use model::WorkspaceId;
use model::channel::{AuthPolicy, ChannelLimits};
use model::limits::MESSAGE_BYTES_MAX;
use model::use_case::UseCase;
use store::channels::ChannelRow;
use store::{Tx, channels, deliveries, message_lists, use_cases};

use crate::Engine;
use crate::caches::Remembered;
use crate::ports::{ReturnedTo, Route, RouteError};
use crate::return_path::{self, Named};

/// Routes by their address, without a tag.
pub type RouteCache = Remembered<String, Route>;

/// Who receives at `address`. A `+tag` is the owner's own business, but for `+r.<token>`, which names a conversation. `b+<token>@` of
/// any domain that leads here is where a message of ours returns to.
///
/// # Errors
/// Nobody does, or the store can't be asked.
pub async fn route(engine: &Engine, address: &str) -> Result<Route, RouteError> {
    let lower = address.trim().to_lowercase();
    let (local, domain) = lower.rsplit_once('@').ok_or(RouteError::Unknown)?;
    let (base, tag) = local.split_once('+').unwrap_or((local, ""));
    // The token proves itself, so it does not matter which of our domains it came to.
    if base == return_path::LOCAL_PART
        && let Some(named) = return_path::named_by(&engine.vault, tag)
    {
        return route_back(engine, address, named).await;
    }
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

/// To the channel or use case of a message whose return path `address` is: what comes there that is no report (an automatic answer,
/// say) is its mail.
async fn route_back(engine: &Engine, address: &str, named: Named) -> Result<Route, RouteError> {
    let found = engine.db.read(move |tx| {
        let returned_to = match named {
            Named::Message(id) => Some(ReturnedTo { message: id, delivery: None }),
            Named::Delivery(id) => {
                deliveries::message_of_any_workspace(tx, &id)?.map(|message| ReturnedTo { message, delivery: Some(id) })
            }
        };
        let Some(returned_to) = returned_to else { return Ok(None) };
        let Some(message) = message_lists::of_any_workspace(tx, &returned_to.message)? else { return Ok(None) };
        let workspace = message.workspace_id;
        let route = match (message.channel_id, message.use_case_id) {
            (Some(channel), _) => channels::get(tx, &workspace, &channel)?.map(|row| of_channel(&row, "")),
            (None, Some(use_case)) => use_cases::get_even_deleted(tx, &workspace, &use_case)?
                .map(|use_case| of_use_case(workspace, &use_case)),
            (None, None) => None,
        };
        Ok(route.map(|route| Route { returned_to: Some(returned_to), ..route }))
    });
    let route = found.await.map_err(|error| RouteError::Unavailable(error.to_string()))?.ok_or(RouteError::Unknown)?;
    Ok(Route { recipient: address.to_owned(), ..route })
}

async fn look_up(engine: &Engine, address: &str) -> Result<Route, RouteError> {
    let wanted = address.to_owned();
    let found = engine
        .db
        .read(move |tx| match channels::by_address(tx, &wanted)? {
            Some(row) => Ok(Some(of_channel(&row, &wanted))),
            None => match use_cases::by_address(tx, &wanted)? {
                Some((workspace, one)) => Ok(Some(of_use_case(workspace, &one))),
                None => Ok(of_own_domain(tx, &wanted)?.map(|row| of_channel(&row, &wanted))),
            },
        })
        .await;
    found.map_err(|error| RouteError::Unavailable(error.to_string()))?.ok_or(RouteError::Unknown)
}

/// A channel receives at the addresses it writes from where their domain is its workspace's.
fn of_own_domain(tx: &mut Tx<'_>, address: &str) -> store::Result<Option<ChannelRow>> {
    match address.rsplit_once('@') {
        Some((_, domain)) => channels::by_own_address(tx, address, domain),
        None => Ok(None),
    }
}

fn of_use_case(workspace_id: WorkspaceId, use_case: &UseCase) -> Route {
    Route {
        workspace_id,
        channel_id: None,
        use_case_id: Some(use_case.id.clone()),
        auth_policy: AuthPolicy::default(),
        message_bytes_max: MESSAGE_BYTES_MAX,
        limits: ChannelLimits::default(),
        thread_by_subject: false,
        team_id: None,
        recipient: use_case.sender_address.clone(),
        reply_token: None,
        returned_to: None,
    }
}

/// The route to a channel that was found otherwise.
pub(crate) fn of_channel(row: &ChannelRow, recipient: &str) -> Route {
    let limits = row.public.limits.clone();
    Route {
        workspace_id: row.workspace_id.clone(),
        channel_id: Some(row.public.id.clone()),
        use_case_id: None,
        auth_policy: row.public.auth_policy,
        message_bytes_max: limits.max_message_bytes.unwrap_or(MESSAGE_BYTES_MAX).min(MESSAGE_BYTES_MAX),
        limits,
        thread_by_subject: row.public.thread_by_subject,
        team_id: row.public.team_id.clone(),
        recipient: recipient.to_owned(),
        reply_token: None,
        returned_to: None,
    }
}
