//! SRV records of mail services (RFC 6186, RFC 8314 §5.1): which target is the one. Pure. Never asks DNS.

use model::channel::TransportSecurity;

/// One SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    /// Without its final dot; empty where the service is decidedly not there.
    pub target: String,
}

/// The names to ask for IMAP and for submission, the better first: TLS from the first byte before STARTTLS (RFC 8314 §3).
pub const IMAP: [(&str, TransportSecurity); 2] =
    [("_imaps._tcp", TransportSecurity::Tls), ("_imap._tcp", TransportSecurity::Starttls)];
pub const SUBMISSION: [(&str, TransportSecurity); 2] =
    [("_submissions._tcp", TransportSecurity::Tls), ("_submission._tcp", TransportSecurity::Starttls)];

/// The most preferred target. Among equals the heaviest: the same one at every time, as a person is to see it.
pub fn choose(mut services: Vec<Service>) -> Option<Service> {
    services.retain(|service| service.port != 0 && super::client_config::is_host(&service.target));
    services.sort_by_key(|service| (service.priority, u16::MAX - service.weight, service.target.clone()));
    services.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_preferred_target_is_chosen_and_the_root_is_none() {
        let service = |priority, weight, port, target: &str| Service { priority, weight, port, target: target.into() };
        let chosen = |services: &[Service]| choose(services.to_vec()).map(|service| service.target);
        let all = [service(20, 9, 993, "c.test"), service(10, 1, 993, "b.test"), service(10, 5, 993, "a.test")];
        assert_eq!(chosen(&all).as_deref(), Some("a.test"));
        assert_eq!(chosen(&[service(0, 0, 0, "")]), None);
        assert_eq!(chosen(&[service(0, 0, 993, "")]), None);
        assert_eq!(chosen(&[service(0, 0, 993, "a b"), service(5, 0, 993, "a.test")]).as_deref(), Some("a.test"));
        assert_eq!(chosen(&[]), None);
    }
}
