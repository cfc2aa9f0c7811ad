//! Which way mail goes out: by the channel's or the domain's own smarthost, the instance's, the recipients' mail exchangers, or the sandbox.
//! Never connects to any of them.

use model::channel::{Channel, Provider};
use model::domain::Domain;
use model::{ChannelId, DomainId, WorkspaceId};
use url::Host;

use crate::delivering::SANDBOX;
use crate::ports::Smarthost;
use crate::{Engine, EngineError, Result};

/// Deliveries to the mail exchangers of their recipients' domains.
pub(crate) const MX: &str = "mx";
const MX_DESTINATION: &str = "mx:";
const DOMAIN_DESTINATION: &str = "domain:";

/// The way out of channels that have none of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMode {
    /// Captured; nothing leaves the machine.
    Sandbox,
    Smarthost,
    /// To the recipients' mail exchangers.
    Direct,
}

/// A delivery's transport, and the destination it shares with others that one slow host would hold up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayOut {
    pub transport: &'static str,
    /// Of all its deliveries; empty where each has its recipient's ([`WayOut::destination_of`]).
    pub destination: String,
}

impl WayOut {
    /// The instance's own, or one of a sending domain, where the envelope sender is ours to choose.
    pub(crate) fn takes_our_return_path(&self) -> bool {
        let destination = &self.destination;
        self.transport == MX || destination.starts_with("smarthost:") || destination.starts_with(DOMAIN_DESTINATION)
    }

    /// What a delivery to `recipient` shares with others: the smarthost, or the recipient's domain.
    pub fn destination_of(&self, recipient: &str) -> String {
        if self.transport == MX { mx_destination(recipient) } else { self.destination.clone() }
    }
}

/// `mx:` and the domain, in A-labels and small letters, so that every spelling of it is one destination.
pub(crate) fn mx_destination(recipient: &str) -> String {
    let domain = recipient.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('.');
    match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => format!("{MX_DESTINATION}{ascii}"),
        // An address literal, or what is no domain: whoever looks it up says so.
        _ => format!("{MX_DESTINATION}{}", domain.to_lowercase()),
    }
}

/// The sending domain whose own smarthost a destination is.
pub(crate) fn domain_of_smarthost(destination: &str) -> Option<DomainId> {
    destination.strip_prefix(DOMAIN_DESTINATION)?.parse().ok()
}

/// The domain of a destination that [`WayOut::destination_of`] made for the mail exchangers.
pub(crate) fn mx_domain(destination: &str) -> Option<&str> {
    destination.strip_prefix(MX_DESTINATION)
}

impl Engine {
    pub fn way_out(&self, channel: &Channel) -> WayOut {
        match channel.provider {
            Provider::SmtpImap => WayOut { transport: "smtp", destination: format!("channel:{}", channel.id) },
            Provider::Forwarding => self.own_way_out(),
            Provider::Domain if self.config.delivery == DeliveryMode::Direct => self.own_way_out(),
            _ => WayOut { transport: SANDBOX, destination: SANDBOX.to_owned() },
        }
    }

    /// The instance's: for channels without their own, and for use cases.
    pub(crate) fn own_way_out(&self) -> WayOut {
        match (self.config.delivery, &self.config.smarthost) {
            (DeliveryMode::Smarthost, Some(smarthost)) => {
                WayOut { transport: "smtp", destination: format!("smarthost:{}:{}", smarthost.host, smarthost.port) }
            }
            (DeliveryMode::Direct, _) => WayOut { transport: MX, destination: String::new() },
            _ => WayOut { transport: SANDBOX, destination: SANDBOX.to_owned() },
        }
    }

    /// Of a sending domain: its own smarthost, or the instance's way out.
    pub(crate) fn way_out_of_domain(&self, domain: &Domain) -> WayOut {
        match domain.smarthost {
            Some(_) => WayOut { transport: "smtp", destination: format!("{DOMAIN_DESTINATION}{}", domain.id) },
            None => self.own_way_out(),
        }
    }

    /// The smarthost of a delivery that is due now: the channel's settings may have changed since it was queued.
    pub(crate) async fn smarthost(&self, workspace: &WorkspaceId, channel: Option<&ChannelId>) -> Result<Smarthost> {
        let own = match channel {
            Some(id) => crate::channels::smarthost(self, workspace, id).await?,
            None => None,
        };
        let missing = || {
            EngineError::Conflict(
                "the channel has no way out any more: set its SMTP server, or the instance's smarthost".into(),
            )
        };
        own.or_else(|| self.config.smarthost.clone()).ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_domain_is_one_destination() {
        let cases = [
            ("ada@example.org", "mx:example.org"),
            ("ada@EXAMPLE.Org.", "mx:example.org"),
            ("\"a@b\"@example.org", "mx:example.org"),
            ("ada@Bücher.example", "mx:xn--bcher-kva.example"),
            ("ada@[192.0.2.1]", "mx:[192.0.2.1]"),
            ("ada@192.0.2.1", "mx:192.0.2.1"),
            ("ada", "mx:"),
        ];
        for (recipient, destination) in cases {
            assert_eq!(mx_destination(recipient), destination);
        }
        assert_eq!(mx_domain("mx:example.org"), Some("example.org"));
        assert_eq!(mx_domain("smarthost:example.org:25"), None);
        let id = DomainId::generate();
        assert_eq!(domain_of_smarthost(&format!("domain:{id}")), Some(id));
        assert_eq!(domain_of_smarthost("mx:example.org"), None);
    }
}
