//! The ports: what the product asks of the outside world, and what the outside world asks of the product.
//! Owns shapes only; the adapters live in `gateway`.

mod inbound;
mod outbound;

pub use inbound::*;
pub use outbound::*;
