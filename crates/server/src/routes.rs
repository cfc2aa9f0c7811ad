//! One file a resource.

pub mod api_keys;
pub mod attachments;
pub mod channels;
pub mod contacts;
pub mod conversations;
pub mod events;
pub mod health;
pub mod inbound;
#[cfg(test)]
mod mail_tests;
pub mod message_html;
pub mod messages;
mod outgoing;
pub mod search;
pub mod session;
pub mod users;
pub mod webhooks;
mod wire;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every documented route.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(api_keys::router())
        .merge(attachments::router())
        .merge(channels::router())
        .merge(contacts::router())
        .merge(conversations::router())
        .merge(events::router())
        .merge(inbound::router())
        .merge(message_html::router())
        .merge(messages::router())
        .merge(search::router())
        .merge(session::router())
        .merge(users::router())
        .merge(webhooks::router())
}
