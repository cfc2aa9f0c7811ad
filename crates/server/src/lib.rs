//! Postroom over HTTP: the platform API, the dashboard's files, health. Thin: extract, ask the engine, answer.
//! Never touches the gateway, never holds state another node could not take over.

mod app;
mod assets;
mod auth;
mod client_address;
mod docs;
mod idempotency;
mod observe;
mod openapi;
mod own_hosts;
mod paging;
mod problem;
mod query_names;
mod rate_limit;
mod routes;
mod strict;
mod trusted_proxies;

pub use app::{ServerConfig, bind, router, serve};
pub use openapi::document;
pub use trusted_proxies::TrustedProxies;
