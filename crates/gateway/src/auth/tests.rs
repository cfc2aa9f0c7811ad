//! Sender authentication against a name server of our own, with signatures made here and vectors from elsewhere.

mod arc;
mod corpora;
mod dkim;
mod forge;
mod outages;
mod results;
pub(crate) mod zone;

use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use model::auth::AuthResults;

use super::Authenticator;
use crate::dns::DnsConfig;
use zone::{NameServer, Zone};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(crate) fn authenticator(server: &NameServer) -> Authenticator {
    let dns = DnsConfig { server: Some(server.address), ..DnsConfig::default() };
    Authenticator::new(&dns).expect("a resolver")
}

async fn verify(zone: Zone, mail_from: &str, mail: &str) -> AuthResults {
    let server = zone.serve().await;
    authenticator(&server).verify(PEER, "mx.sender.test", mail_from, Bytes::from(mail.to_owned())).await
}
