//! One file a resource.

pub mod api_keys;
pub mod channels;
pub mod health;
pub mod session;
pub mod users;
pub mod webhooks;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

/// Every documented route.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(api_keys::router())
        .merge(channels::router())
        .merge(session::router())
        .merge(users::router())
        .merge(webhooks::router())
}
