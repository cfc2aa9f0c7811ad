//! One file a resource.

pub mod analytics;
pub mod api_keys;
pub mod attachments;
pub mod automations;
pub mod broadcasts;
pub mod business_hours;
pub mod channels;
pub mod contacts;
pub mod conversation_bulk;
pub mod conversations;
pub mod domains;
pub mod drafts;
pub mod events;
pub mod health;
pub mod inbound;
pub mod labels;
pub mod lists;
#[cfg(test)]
mod mail_tests;
pub mod mailboxes;
pub mod message_html;
pub mod messages;
mod outgoing;
mod page;
pub mod presence;
pub mod regrouping;
pub mod search;
pub mod session;
pub mod suppressions;
pub mod teams;
pub mod templates;
pub mod tracking;
pub mod unsubscribe;
pub mod use_cases;
pub mod users;
pub mod views;
pub mod webhooks;
mod wire;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every documented route.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(analytics::router())
        .merge(api_keys::router())
        .merge(attachments::router())
        .merge(automations::router())
        .merge(broadcasts::router())
        .merge(business_hours::router())
        .merge(channels::router())
        .merge(contacts::router())
        .merge(conversation_bulk::router())
        .merge(conversations::router())
        .merge(domains::router())
        .merge(drafts::router())
        .merge(events::router())
        .merge(inbound::router())
        .merge(labels::router())
        .merge(lists::router())
        .merge(message_html::router())
        .merge(messages::router())
        .merge(presence::router())
        .merge(regrouping::router())
        .merge(search::router())
        .merge(session::router())
        .merge(suppressions::router())
        .merge(teams::router())
        .merge(templates::router())
        .merge(tracking::router())
        .merge(use_cases::router())
        .merge(users::router())
        .merge(views::router())
        .merge(webhooks::router())
}
