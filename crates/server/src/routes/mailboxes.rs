//! `/v1`: people's mailboxes in the format EmailEngine's clients know. Owns that format alone; what is done is the engine's, and the
//! same things are seen through the other families. Unknown fields and query parameters are passed over, as these clients expect.

mod accounts;
mod authentication_form;
mod authentication_form_fields;
mod authentication_form_oauth2;
mod authentication_form_page;
mod autoconfig;
mod backfill;
mod blocklists;
mod error;
mod gateways;
mod messages;
mod oauth2;
mod outbox;
mod paging;
mod settings;
mod submit;
mod templates;
mod tokens;
mod webhook_routes;

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::app::App;
pub use error::MailboxError;

pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/account", post(accounts::create))
        .route("/v1/accounts", get(accounts::list))
        .route("/v1/account/{account}", get(accounts::get).put(accounts::update).delete(accounts::delete))
        .route("/v1/account/{account}/reconnect", put(accounts::reconnect))
        .route("/v1/account/{account}/sync", put(accounts::sync))
        .route("/v1/verifyAccount", post(accounts::verify))
        .route("/v1/account/{account}/mailboxes", get(accounts::mailboxes))
        .route("/v1/account/{account}/messages", get(messages::list))
        .route("/v1/account/{account}/search", post(messages::search))
        .route("/v1/account/{account}/message", post(messages::upload))
        .route(
            "/v1/account/{account}/message/{message}",
            get(messages::get).put(messages::update).delete(messages::delete),
        )
        .route("/v1/account/{account}/message/{message}/move", put(messages::move_to))
        .route("/v1/account/{account}/message/{message}/source", get(messages::source))
        .route("/v1/account/{account}/text/{text}", get(messages::text))
        .route("/v1/account/{account}/attachment/{attachment}", get(messages::attachment))
        .route("/v1/account/{account}/backfill", get(backfill::get).post(backfill::begin))
        .route("/v1/account/{account}/submit", post(submit::create))
        .route("/v1/outbox", get(outbox::list))
        .route("/v1/outbox/{queueId}", get(outbox::get).delete(outbox::delete))
        .route("/v1/authentication/form", post(authentication_form::create))
        .route("/accounts/new", get(authentication_form::show).post(authentication_form::submit))
        .route("/accounts/new/oauth2", get(authentication_form_oauth2::leave))
        .route("/oauth", get(authentication_form_oauth2::come_back))
        .route("/v1/oauth2", get(oauth2::list).post(oauth2::create))
        .route("/v1/oauth2/{app}", get(oauth2::get).put(oauth2::update).delete(oauth2::delete))
        .route("/v1/autoconfig", get(autoconfig::discover))
        .route("/v1/templates", get(templates::list))
        .route("/v1/templates/template", post(templates::create))
        .route(
            "/v1/templates/template/{template}",
            get(templates::get).put(templates::update).delete(templates::delete),
        )
        .route("/v1/templates/account/{account}", delete(templates::flush))
        .route("/v1/blocklists", get(blocklists::list))
        .route("/v1/blocklist/{listId}", get(blocklists::get).post(blocklists::add).delete(blocklists::delete))
        .route("/v1/gateways", get(gateways::list))
        .route("/v1/gateway", post(gateways::create))
        .route("/v1/gateway/{gateway}", get(gateways::get).delete(gateways::delete))
        .route("/v1/gateway/edit/{gateway}", put(gateways::update))
        .route("/v1/webhookRoutes", get(webhook_routes::list))
        .route("/v1/webhookRoutes/webhookRoute/{webhookRoute}", get(webhook_routes::get))
        .route("/v1/token", post(tokens::create))
        .route("/v1/token/{token}", delete(tokens::delete))
        .route("/v1/tokens", get(tokens::list))
        .route("/v1/settings", get(settings::get).post(settings::set))
}
