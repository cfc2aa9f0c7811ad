//! The outside world: adapters for the ports of the engine. Owns protocols and connections; never decides what the product
//! does, and never lets a type of a protocol library out.

pub mod auth;
pub mod autoconfig;
pub mod certificate;
pub mod dns;
pub mod dns_lookup;
pub mod dns_server;
pub mod domain_dns;
pub mod fetch;
pub mod guard;
pub mod imap;
pub mod oauth2;
pub mod smtp_in;
pub mod smtp_out;
pub mod tls;
pub mod tls_client;
pub mod validated_dns;
pub mod webhooks;
