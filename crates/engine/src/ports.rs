//! The ports: what the product asks of the outside world, and what the outside world asks of the product.
//! Owns shapes only; the adapters live in `gateway`.

mod discovery;
mod domain_dns;
mod inbound;
mod mailbox;
mod oauth2;
mod outbound;
mod served_zones;
mod submission;

pub use discovery::*;
pub use domain_dns::*;
pub use inbound::*;
pub use mailbox::*;
pub use oauth2::*;
pub use outbound::*;
pub use served_zones::*;
pub use submission::*;
