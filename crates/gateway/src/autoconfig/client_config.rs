//! Mozilla's configuration file (`clientConfig` 1.1, draft-ietf-mailmaint-autoconfig): which servers a provider names for a mailbox.
//! Pure. Never believes a server without encryption, and expands no entity but XML's own five and character references.

use engine::ports::{DiscoveredServer, DiscoverySource};
use model::channel::TransportSecurity;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::{Decoder, Reader};

/// Elements within elements; real files have six at most.
const DEPTH_MAX: usize = 16;
/// Servers of a file that are looked at.
const SERVERS_MAX: usize = 32;
/// Bytes of a value: host names have 253 at most, and addresses hardly more.
const VALUE_BYTES_MAX: usize = 512;

/// The servers of a file that can be used, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientConfig {
    pub imap: Vec<ConfiguredServer>,
    pub smtp: Vec<ConfiguredServer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredServer {
    pub host: String,
    pub port: u16,
    pub security: TransportSecurity,
    /// With its placeholders.
    pub username: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientConfigError {
    #[error("not XML: {0}")]
    NotXml(String),
    #[error("more than {DEPTH_MAX} elements within each other, or more than {SERVERS_MAX} servers")]
    TooMuch,
    #[error("no clientConfig")]
    OtherDocument,
}

/// A server as far as it was read.
#[derive(Default)]
struct Half {
    host: String,
    port: String,
    socket_type: String,
    username: String,
    authentications: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Imap,
    Smtp,
    /// POP3, and what is yet to come.
    Other,
}

/// Reads a file.
///
/// # Errors
/// It is no such file, or more than one may be.
pub fn parse(bytes: &[u8]) -> Result<ClientConfig, ClientConfigError> {
    let mut reader = Reader::from_reader(bytes);
    let decoder = reader.decoder();
    let mut file = File::default();
    loop {
        match reader.read_event().map_err(not_xml)? {
            Event::Start(start) => {
                let kind = kind(start.local_name().as_ref(), attribute(&start, "type").as_deref());
                file.open(start.local_name().as_ref(), kind)?;
            }
            Event::End(_) => file.close()?,
            Event::Text(text) => file.say(&text.decode().map_err(not_xml)?),
            Event::CData(text) => file.say(&text.decode().map_err(not_xml)?),
            Event::GeneralRef(reference) => file.say(&entity(&reference, decoder)),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    if file.is_client_config { Ok(file.found) } else { Err(ClientConfigError::OtherDocument) }
}

fn not_xml(error: impl std::fmt::Display) -> ClientConfigError {
    ClientConfigError::NotXml(error.to_string())
}

fn kind(name: &[u8], said: Option<&str>) -> Option<Kind> {
    match (name, said.map(str::to_ascii_lowercase).as_deref()) {
        (b"incomingServer", Some("imap")) => Some(Kind::Imap),
        (b"outgoingServer", Some("smtp")) => Some(Kind::Smtp),
        (b"incomingServer" | b"outgoingServer", _) => Some(Kind::Other),
        _ => None,
    }
}

fn attribute(start: &quick_xml::events::BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = start.try_get_attribute(name).ok().flatten()?;
    String::from_utf8(attribute.value.into_owned()).ok()
}

/// What a reference stands for; nothing where it is none of XML's own, as DTDs are not read.
fn entity(reference: &BytesRef<'_>, decoder: Decoder) -> String {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return character.to_string();
    }
    let name = decoder.decode(reference).unwrap_or_default();
    resolve_predefined_entity(&name).unwrap_or_default().to_owned()
}

#[derive(Default)]
struct File {
    is_client_config: bool,
    /// The names of the elements that are open.
    path: Vec<Vec<u8>>,
    /// The server that is open, and at which depth.
    server: Option<(Kind, usize, Half)>,
    /// What was said in the innermost element.
    said: String,
    servers: usize,
    found: ClientConfig,
}

impl File {
    fn open(&mut self, name: &[u8], kind: Option<Kind>) -> Result<(), ClientConfigError> {
        if self.path.is_empty() {
            self.is_client_config = name == b"clientConfig";
        }
        self.path.push(name.to_vec());
        if let (Some(kind), None) = (kind, &self.server) {
            self.servers += 1;
            self.server = Some((kind, self.path.len(), Half::default()));
        }
        self.said.clear();
        if self.path.len() > DEPTH_MAX || self.servers > SERVERS_MAX { Err(ClientConfigError::TooMuch) } else { Ok(()) }
    }

    fn say(&mut self, text: &str) {
        let room = VALUE_BYTES_MAX.saturating_sub(self.said.len());
        self.said.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
    }

    fn close(&mut self) -> Result<(), ClientConfigError> {
        let depth = self.path.len();
        let Some(name) = self.path.pop() else { return Err(not_xml("an end without a beginning")) };
        let said = std::mem::take(&mut self.said);
        match self.server.take() {
            Some((kind, at, half)) if at == depth => self.keep(kind, half),
            Some((kind, at, mut half)) => {
                if at + 1 == depth {
                    half.take(&name, said.trim());
                }
                self.server = Some((kind, at, half));
            }
            None => {}
        }
        Ok(())
    }

    fn keep(&mut self, kind: Kind, half: Half) {
        let Some(server) = half.whole() else { return };
        match kind {
            Kind::Imap => self.found.imap.push(server),
            Kind::Smtp => self.found.smtp.push(server),
            Kind::Other => {}
        }
    }
}

impl Half {
    fn take(&mut self, name: &[u8], said: &str) {
        let field = match name {
            b"hostname" => &mut self.host,
            b"port" => &mut self.port,
            b"socketType" => &mut self.socket_type,
            b"username" => &mut self.username,
            b"authentication" => return self.authentications.push(said.to_ascii_lowercase()),
            _ => return,
        };
        said.clone_into(field);
    }

    /// If it can be reached encrypted, and a password or a token signs in to it.
    fn whole(self) -> Option<ConfiguredServer> {
        let security = match self.socket_type.to_ascii_uppercase().as_str() {
            "SSL" | "TLS" => TransportSecurity::Tls,
            "STARTTLS" => TransportSecurity::Starttls,
            _ => return None,
        };
        let known = ["password-cleartext", "plain", "password-encrypted", "secure", "oauth2"];
        let signs_in = |way: &String| known.contains(&way.as_str());
        if !self.authentications.is_empty() && !self.authentications.iter().any(signs_in) {
            return None;
        }
        let port = self.port.parse().ok().filter(|port| *port != 0)?;
        let username = if self.username.is_empty() { "%EMAILADDRESS%".to_owned() } else { self.username };
        (!self.host.is_empty()).then_some(ConfiguredServer { host: self.host, port, security, username })
    }
}

/// The server for this address: the first with TLS from its first byte, else the first (RFC 8314 §3).
pub fn choose(servers: &[ConfiguredServer], address: &str, source: DiscoverySource) -> Option<DiscoveredServer> {
    let encrypted_at_once = servers.iter().find(|server| server.security == TransportSecurity::Tls);
    let server = encrypted_at_once.or_else(|| servers.first())?;
    let (local, domain) = address.rsplit_once('@')?;
    let fill = |text: &str| {
        text.replace("%EMAILADDRESS%", address).replace("%EMAILLOCALPART%", local).replace("%EMAILDOMAIN%", domain)
    };
    let (host, username) = (fill(&server.host), fill(&server.username));
    is_host(&host).then_some(DiscoveredServer { host, port: server.port, security: server.security, username, source })
}

/// A host name: what a file says goes into a form and a connection.
pub(super) fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <clientConfig version="1.1"><emailProvider id="example.com"><domain>example.com</domain>
        <incomingServer type="pop3"><hostname>pop.example.com</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
        <incomingServer type="imap"><hostname>plain.example.com</hostname><port>143</port><socketType>plain</socketType></incomingServer>
        <incomingServer type="imap"><hostname>start.example.com</hostname><port>143</port><socketType>STARTTLS</socketType></incomingServer>
        <incomingServer type="imap"><!-- the best --><hostname> imap.%EMAILDOMAIN% </hostname><port>993</port><socketType>SSL</socketType>
          <authentication>OAuth2</authentication><authentication>password-cleartext</authentication>
          <username>a&amp;b.%EMAILLOCALPART%&#x40;<![CDATA[%EMAILDOMAIN%]]></username></incomingServer>
        <outgoingServer type="smtp"><hostname>smtp.example.com</hostname><port>587</port><socketType>STARTTLS</socketType>
          <username>%EMAILADDRESS%</username></outgoingServer>
        <outgoingServer type="smtp"><hostname>open.example.com</hostname><port>465</port><socketType>SSL</socketType>
          <authentication>client-IP-address</authentication></outgoingServer>
        </emailProvider><webMail><loginPage url="https://example.com/"/></webMail></clientConfig>"#;

    #[test]
    fn the_best_server_is_chosen_and_its_placeholders_filled() {
        let config = parse(FILE.as_bytes()).unwrap();
        let hosts = |servers: &[ConfiguredServer]| -> Vec<String> {
            servers.iter().map(|server| format!("{}:{}", server.host, server.port)).collect()
        };
        assert_eq!(hosts(&config.imap), ["start.example.com:143", "imap.%EMAILDOMAIN%:993"]);
        assert_eq!(hosts(&config.smtp), ["smtp.example.com:587"]);
        let imap = choose(&config.imap, "ann@example.com", DiscoverySource::Ispdb).unwrap();
        assert_eq!((imap.host.as_str(), imap.port, imap.security), ("imap.example.com", 993, TransportSecurity::Tls));
        assert_eq!(imap.username, "a&b.ann@example.com");
        let smtp = choose(&config.smtp, "ann@example.com", DiscoverySource::Ispdb).unwrap();
        assert_eq!((smtp.security, smtp.username.as_str()), (TransportSecurity::Starttls, "ann@example.com"));
    }

    #[test]
    fn what_is_no_configuration_is_refused_and_what_is_half_is_passed_over() {
        let server = |inside: &str| {
            format!("<clientConfig><e><incomingServer type=\"imap\">{inside}</incomingServer></e></clientConfig>")
        };
        let whole = "<hostname>h.example</hostname><port>993</port><socketType>SSL</socketType>";
        assert_eq!(parse(server(whole).as_bytes()).unwrap().imap.len(), 1);
        for half in [
            "",
            "<hostname>h.example</hostname><socketType>SSL</socketType>",
            "<hostname>h.example</hostname><port>0</port><socketType>SSL</socketType>",
            "<hostname>h.example</hostname><port>70000</port><socketType>SSL</socketType>",
            "<port>993</port><socketType>SSL</socketType>",
            "<x><hostname>h.example</hostname></x><port>993</port><socketType>SSL</socketType>",
        ] {
            assert_eq!(parse(server(half).as_bytes()).unwrap(), ClientConfig::default(), "{half}");
        }
        for other in ["", "{}", "<html><body>not found</body></html>", "text"] {
            assert_eq!(parse(other.as_bytes()).unwrap_err(), ClientConfigError::OtherDocument, "{other}");
        }
        for broken in ["<clientConfig><a></b></clientConfig>", "<clientConfig", "</clientConfig>"] {
            assert!(matches!(parse(broken.as_bytes()), Err(ClientConfigError::NotXml(_))), "{broken}");
        }
        let deep = format!("<clientConfig>{}{}</clientConfig>", "<a>".repeat(20), "</a>".repeat(20));
        assert_eq!(parse(deep.as_bytes()).unwrap_err(), ClientConfigError::TooMuch);
        let many = format!("<clientConfig>{}</clientConfig>", "<incomingServer></incomingServer>".repeat(40));
        assert_eq!(parse(many.as_bytes()).unwrap_err(), ClientConfigError::TooMuch);
    }

    #[test]
    fn entities_of_a_dtd_are_not_expanded_and_bad_hosts_are_not_chosen() {
        let bomb = r#"<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>
            <clientConfig><incomingServer type="imap"><hostname>h&a;&b;.example</hostname><port>993</port>
            <socketType>SSL</socketType></incomingServer></clientConfig>"#;
        assert_eq!(parse(bomb.as_bytes()).unwrap().imap[0].host, "h.example");
        for host in ["", ".", "a..b", "a b", "a/b", "user@h", "[::1]", &"a".repeat(300), "h:143", "<b>"] {
            assert!(!is_host(host), "{host}");
        }
        let server = |host: &str| ConfiguredServer {
            host: host.into(),
            port: 993,
            security: TransportSecurity::Tls,
            username: "%EMAILADDRESS%".into(),
        };
        assert_eq!(choose(&[server("a b")], "ann@example.com", DiscoverySource::Ispdb), None);
        assert_eq!(choose(&[server("a.b")], "no address", DiscoverySource::Ispdb), None);
    }

    proptest::proptest! {
        /// What the fuzz target holds, in every test run: pieces of files in any order.
        #[test]
        fn whatever_is_chosen_has_a_host_and_is_encrypted(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..24),
            cut in 0_usize..400,
        ) {
            let text = pieces.concat();
            for text in [text.as_bytes(), text.as_bytes().get(cut..).unwrap_or_default()] {
                let config = parse(text).unwrap_or_default();
                for server in [&config.imap, &config.smtp].iter().filter_map(|all| choose(all, "a@b.example", DiscoverySource::Ispdb)) {
                    proptest::prop_assert!(is_host(&server.host) && server.port != 0);
                    proptest::prop_assert!(server.security != TransportSecurity::None);
                }
            }
        }
    }

    const PIECES: [&str; 16] = [
        "<clientConfig>",
        "</clientConfig>",
        "<incomingServer type=\"imap\">",
        "</incomingServer>",
        "<outgoingServer type='smtp'>",
        "</outgoingServer>",
        "<hostname>%EMAILDOMAIN%</hostname>",
        "<hostname>a b</hostname>",
        "<port>993</port>",
        "<port>-1</port>",
        "<socketType>SSL</socketType>",
        "<socketType>plain</socketType>",
        "<username>&#x41;&amp;&b;<![CDATA[",
        "]]></username>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]>",
        "\u{fffd}<a b='",
    ];
}
