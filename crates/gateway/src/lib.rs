//! The outside world: adapters for the ports of the engine. Owns protocols and connections; never decides what the product
//! does, and never lets a type of a protocol library out.

pub mod fetch;
pub mod guard;
pub mod tls_client;
pub mod webhooks;
