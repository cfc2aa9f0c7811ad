//! Which way a channel's mail goes out: its own smarthost, the instance's, or the sandbox. Never connects to it.

use model::channel::{Channel, Provider};
use model::{ChannelId, WorkspaceId};

use crate::delivering::SANDBOX;
use crate::ports::Smarthost;
use crate::{Engine, EngineError, Result};

/// A delivery's transport, and the destination it shares with others that one slow host would hold up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayOut {
    pub transport: &'static str,
    pub destination: String,
}

impl Engine {
    pub fn way_out(&self, channel: &Channel) -> WayOut {
        match (channel.provider, &self.config.smarthost) {
            (Provider::SmtpImap, _) => WayOut { transport: "smtp", destination: format!("channel:{}", channel.id) },
            (Provider::Forwarding, Some(smarthost)) => {
                WayOut { transport: "smtp", destination: format!("smarthost:{}:{}", smarthost.host, smarthost.port) }
            }
            _ => WayOut { transport: SANDBOX, destination: SANDBOX.to_owned() },
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
