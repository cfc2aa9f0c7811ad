//! One file a resource.

pub mod analytics;
pub mod api_keys;
pub mod attachments;
pub mod audit_log;
pub mod automations;
pub mod broadcasts;
pub mod business_hours;
pub mod channels;
pub mod contact_notes;
pub mod contacts;
pub mod conversation_bulk;
pub mod conversations;
pub mod domains;
pub mod drafts;
pub mod erasures;
pub mod events;
pub mod health;
pub mod identity_provider;
pub mod inbound;
pub mod insight;
pub mod labels;
mod language;
pub mod lists;
#[cfg(test)]
mod mail_tests;
pub mod mailboxes;
pub mod message_html;
pub mod messages;
mod outgoing;
pub mod own_access;
mod page;
pub mod presence;
pub mod ratings;
pub mod regrouping;
pub mod retention;
pub mod search;
pub mod session;
pub mod sla_policies;
pub mod suppressions;
pub mod survey;
pub mod teams;
pub mod templates;
pub mod tracking;
pub mod unsubscribe;
pub mod use_cases;
pub mod users;
pub mod views;
pub mod webhooks;
mod wire;
pub mod workspace;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every documented route.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(analytics::router())
        .merge(api_keys::router())
        .merge(attachments::router())
        .merge(audit_log::router())
        .merge(automations::router())
        .merge(broadcasts::router())
        .merge(business_hours::router())
        .merge(channels::router())
        .merge(contacts::router())
        .merge(contact_notes::router())
        .merge(conversation_bulk::router())
        .merge(conversations::router())
        .merge(domains::router())
        .merge(drafts::router())
        .merge(erasures::router())
        .merge(events::router())
        .merge(identity_provider::router())
        .merge(inbound::router())
        .merge(insight::router())
        .merge(labels::router())
        .merge(lists::router())
        .merge(message_html::router())
        .merge(messages::router())
        .merge(own_access::router())
        .merge(presence::router())
        .merge(ratings::router())
        .merge(regrouping::router())
        .merge(retention::router())
        .merge(search::router())
        .merge(session::router())
        .merge(sla_policies::router())
        .merge(suppressions::router())
        .merge(teams::router())
        .merge(templates::router())
        .merge(tracking::router())
        .merge(use_cases::router())
        .merge(users::router())
        .merge(views::router())
        .merge(webhooks::router())
        .merge(workspace::router())
}
