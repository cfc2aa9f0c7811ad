//! Configuration: a TOML file, `POSTROOM_*` environment variables over it, flags over both. Owns keys, defaults and what is wrong
//! with a value; never starts anything.

mod dns;
mod proxies;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use engine::ports::{Smarthost, SmtpAuth};
use engine::{DeliveryMode, NameServer};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::Value;
use model::channel::TransportSecurity;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use server::TrustedProxies;

use crate::environment;

/// Read when it is there and `--config` names no other.
const DEFAULT_FILE: &str = "postroom.toml";
pub const PREFIX: &str = "POSTROOM_";

/// Every key, as the file has it; the environment's is `POSTROOM_` and the same in capitals.
pub const KEYS: [&str; 31] = [
    "http_addr",
    "smtp_addr",
    "submission_addr",
    "submission_tls_addr",
    "database_url",
    "data_dir",
    "blob_url",
    "public_url",
    "trusted_proxies",
    "inbound_domain",
    "hostname",
    "dns_server",
    "dns_blocklists",
    "dane",
    "dns_addr",
    "dns_hostname",
    "dns_addresses",
    "allow_private_networks",
    "extra_ca_file",
    "autoconfig_url",
    "delivery",
    "smarthost_url",
    "mx_port",
    "tracking_anonymise_ip",
    "smtp_tls_certificate",
    "smtp_tls_key",
    "smtp_proxy_protocol",
    "vault_key",
    "bootstrap_key",
    "bootstrap_admin",
    "log",
];

/// Values that flags set, by key.
pub type Flags = BTreeMap<&'static str, String>;

#[derive(Debug, Clone)]
pub struct Config {
    pub http_addr: SocketAddr,
    pub smtp_addr: SocketAddr,
    /// Where mail to send is taken; absent: nowhere.
    pub submission_addr: Option<SocketAddr>,
    /// Submission under TLS from the first byte; absent: none.
    pub submission_tls_addr: Option<SocketAddr>,
    /// `sqlite:PATH` or `postgres://…`; absent: `postroom.db` in the data directory.
    pub database: store::DbConfig,
    pub data_dir: PathBuf,
    pub blob_url: Option<String>,
    pub public_url: String,
    /// Reverse proxies that are believed about whom they ask for.
    pub trusted_proxies: TrustedProxies,
    pub inbound_domain: String,
    pub hostname: String,
    pub dns_server: String,
    /// Lists of bad senders that a domain's doctor looks into.
    pub dns_blocklists: Vec<String>,
    /// Believe `dns_server` about DNSSEC, and heed the TLSA records of mail exchangers.
    pub dane: bool,
    /// Where DNS is answered for domains that are delegated to us; absent: nowhere.
    pub dns_addr: Option<SocketAddr>,
    /// What domains may be delegated to; absent: none may.
    pub name_server: Option<NameServer>,
    pub allow_private_networks: bool,
    pub extra_ca_file: Option<PathBuf>,
    /// The database of providers that is asked where a mailbox is, with a slash at the end; absent: none.
    pub autoconfig_url: Option<String>,
    pub delivery: DeliveryMode,
    pub smarthost: Option<Smarthost>,
    /// Where mail exchangers listen; another than 25 is for tests.
    pub mx_port: u16,
    /// Keep only the network of who opens and clicks.
    pub tracking_anonymise_ip: bool,
    pub smtp_tls: Option<(PathBuf, PathBuf)>,
    pub smtp_proxy_protocol: bool,
    pub vault_key: Option<SecretString>,
    pub bootstrap_key: Option<SecretString>,
    pub bootstrap_admin: Option<(String, SecretString)>,
    pub log: String,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// Names in the environment that begin as ours do and that nobody reads.
    pub unknown_environment: Vec<String>,
}

/// A value that can't be used: where it came from, what was read, what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct ConfigError {
    key: String,
    problem: String,
}

impl ConfigError {
    fn new(key: &str, problem: impl Into<String>) -> Self {
        Self { key: shown(key), problem: problem.into() }
    }

    /// Names the flag where it was a flag that was read.
    fn or_of_a_flag(mut self, flags: &Flags) -> Self {
        if let Some(key) = flags.keys().find(|key| shown(key) == self.key) {
            self.key = format!("--{}", key.replace('_', "-"));
        }
        self
    }
}

/// A setting as people know it.
fn shown(key: &str) -> String {
    match KEYS.contains(&key) {
        true => format!("{PREFIX}{} (`{key}` in the file)", key.to_uppercase()),
        false => key.to_owned(),
    }
}

type Result<T> = std::result::Result<T, ConfigError>;

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Reads the configuration from all its sources.
///
/// # Errors
/// The first value that can't be used.
pub fn load(file: Option<PathBuf>, flags: &Flags) -> Result<Config> {
    let file = match file {
        Some(path) if !path.is_file() => {
            return Err(ConfigError::new("--config", format!("there is no file {}", path.display())));
        }
        Some(path) => Some(path),
        None => Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file()),
    };
    let figment = file.iter().fold(Figment::new(), |figment, path| figment.merge(Toml::file_exact(path)));
    let from_file: BTreeMap<String, Value> =
        figment.extract().map_err(|error| ConfigError::new("the configuration file", error.to_string()))?;
    if let Some(unknown) = from_file.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let meant = match environment::nearest(unknown) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", KEYS.join(", ")),
        };
        return Err(ConfigError::new("the configuration file", format!("there is no setting `{unknown}`; {meant}")));
    }
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let unknown_environment = environment::unknown(names).map_err(|mistyped| {
        ConfigError::new(&mistyped.name, format!("there is no such setting; did you mean {}?", mistyped.meant))
    })?;
    let figment = figment.merge(Env::prefixed(PREFIX).only(&KEYS)).merge(Serialized::defaults(flags));
    let values: BTreeMap<String, Value> =
        figment.extract().map_err(|error| ConfigError::new("the configuration", error.to_string()))?;
    Ok(Config { file, unknown_environment, ..Values(values).config().map_err(|error| error.or_of_a_flag(flags))? })
}

struct Values(BTreeMap<String, Value>);

impl Values {
    /// A value as text; an empty one is none.
    fn text(&self, key: &str) -> Result<Option<String>> {
        let text = match self.0.get(key) {
            None => return Ok(None),
            Some(Value::String(_, text)) => text.clone(),
            Some(Value::Bool(_, flag)) => flag.to_string(),
            Some(Value::Num(_, number)) => number
                .to_i128()
                .map(|n| n.to_string())
                .or_else(|| number.to_u128().map(|n| n.to_string()))
                .unwrap_or_default(),
            Some(Value::Char(_, c)) => c.to_string(),
            Some(_) => return Err(ConfigError::new(key, "a list or table was read; one value is expected")),
        };
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    fn address(&self, key: &str, default: &str) -> Result<SocketAddr> {
        let text = self.text(key)?.unwrap_or_else(|| default.to_owned());
        let numeric = text.replace("localhost:", "127.0.0.1:");
        numeric.parse().map_err(|_| {
            ConfigError::new(
                key,
                format!("`{text}` was read; an IP address and a port are expected, such as {default}"),
            )
        })
    }

    fn flag(&self, key: &str) -> Result<bool> {
        match self.text(key)?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "false" | "0" | "no" | "off" => Ok(false),
            "true" | "1" | "yes" | "on" => Ok(true),
            other => Err(ConfigError::new(key, format!("`{other}` was read; true or false is expected"))),
        }
    }

    fn path(&self, key: &str) -> Result<Option<PathBuf>> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let path = PathBuf::from(&text);
        if path.is_file() {
            Ok(Some(path))
        } else {
            Err(ConfigError::new(key, format!("`{text}` was read; there is no such file")))
        }
    }

    fn domain(&self, key: &str, default: &str) -> Result<String> {
        let text = self.text(key)?.unwrap_or_else(|| default.to_owned()).to_lowercase();
        if is_domain(&text) {
            return Ok(text);
        }
        Err(ConfigError::new(key, format!("`{text}` was read; a domain name is expected, such as inbox.example.com")))
    }

    fn config(&self) -> Result<Config> {
        let http_addr = self.address("http_addr", "127.0.0.1:8025")?;
        let data_dir = PathBuf::from(self.text("data_dir")?.unwrap_or_else(|| "./postroom-data".into()));
        let inbound_domain = self.domain("inbound_domain", "inbox.localhost")?;
        let hostname = self.domain("hostname", &inbound_domain)?;
        let dns_addr = self.dns_addr()?;
        Ok(Config {
            smtp_addr: self.address("smtp_addr", "127.0.0.1:2525")?,
            submission_addr: match self.text("submission_addr")?.as_deref() {
                Some("off") => None,
                _ => Some(self.address("submission_addr", "127.0.0.1:2587")?),
            },
            submission_tls_addr: match self.text("submission_tls_addr")? {
                Some(_) => Some(self.address("submission_tls_addr", "127.0.0.1:2465")?),
                None => None,
            },
            database: self.database(&data_dir)?,
            blob_url: self.text("blob_url")?,
            public_url: self.public_url(http_addr)?,
            trusted_proxies: self.trusted_proxies()?,
            inbound_domain,
            dns_server: self.text("dns_server")?.unwrap_or_default(),
            dns_blocklists: self.dns_blocklists()?,
            dane: self.flag("dane")?,
            name_server: self.name_server(dns_addr, &hostname)?,
            dns_addr,
            hostname,
            allow_private_networks: self.flag("allow_private_networks")?,
            extra_ca_file: self.path("extra_ca_file")?,
            autoconfig_url: self.autoconfig_url()?,
            delivery: self.delivery()?,
            smarthost: self.smarthost()?,
            mx_port: self.mx_port()?,
            tracking_anonymise_ip: self.flag("tracking_anonymise_ip")?,
            smtp_tls: self.smtp_tls()?,
            smtp_proxy_protocol: self.flag("smtp_proxy_protocol")?,
            vault_key: self.text("vault_key")?.map(SecretString::from),
            bootstrap_key: self.bootstrap_key()?,
            bootstrap_admin: self.bootstrap_admin()?,
            log: self.text("log")?.unwrap_or_else(|| "info".into()),
            file: None,
            unknown_environment: Vec::new(),
            http_addr,
            data_dir,
        })
    }

    fn database(&self, data_dir: &std::path::Path) -> Result<store::DbConfig> {
        let Some(url) = self.text("database_url")? else {
            return Ok(store::DbConfig::Sqlite { path: data_dir.join("postroom.db") });
        };
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(store::DbConfig::Postgres { url });
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(store::DbConfig::Sqlite { path: PathBuf::from(path.trim_start_matches("//")) });
        }
        // Not shown: a mistyped URL may hold a password.
        Err(ConfigError::new(
            "database_url",
            "what was read is neither postgres://user:password@host:5432/name nor sqlite:PATH",
        ))
    }

    fn public_url(&self, http_addr: SocketAddr) -> Result<String> {
        let Some(text) = self.text("public_url")? else { return Ok(format!("http://{http_addr}")) };
        let wrong = || {
            ConfigError::new(
                "public_url",
                format!("`{text}` was read; a URL is expected, such as https://mail.example.com"),
            )
        };
        let url = url::Url::parse(&text).map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || url.query().is_some() {
            return Err(wrong());
        }
        Ok(text.trim_end_matches('/').to_owned())
    }

    /// `off` asks no database of providers.
    fn autoconfig_url(&self) -> Result<Option<String>> {
        let Some(text) = self.text("autoconfig_url")? else {
            return Ok(Some(gateway::autoconfig::ISPDB_URL.to_owned()));
        };
        if text == "off" {
            return Ok(None);
        }
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(Some(format!("{}/", text.trim_end_matches('/'))))
            }
            _ => Err(ConfigError::new(
                "autoconfig_url",
                format!("`{text}` was read; `off` or a URL is expected, such as {}", gateway::autoconfig::ISPDB_URL),
            )),
        }
    }

    fn smtp_tls(&self) -> Result<Option<(PathBuf, PathBuf)>> {
        match (self.path("smtp_tls_certificate")?, self.path("smtp_tls_key")?) {
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(ConfigError::new("smtp_tls_key", "a certificate without its key was read; set both, or neither"))
            }
            (None, Some(_)) => Err(ConfigError::new(
                "smtp_tls_certificate",
                "a key without its certificate was read; set both, or neither",
            )),
        }
    }

    /// Without a word of it: the smarthost, if there is one, else the sandbox.
    fn delivery(&self) -> Result<DeliveryMode> {
        let has_smarthost = self.text("smarthost_url")?.is_some();
        match self.text("delivery")?.as_deref() {
            None if has_smarthost => Ok(DeliveryMode::Smarthost),
            None | Some("sandbox") => Ok(DeliveryMode::Sandbox),
            Some("smarthost") if has_smarthost => Ok(DeliveryMode::Smarthost),
            Some("smarthost") => Err(ConfigError::new(
                "smarthost_url",
                "nothing was read, and delivery is `smarthost`; a URL is expected, such as smtp://user:password@host:587",
            )),
            Some("direct") => Ok(DeliveryMode::Direct),
            Some(other) => Err(ConfigError::new(
                "delivery",
                format!("`{other}` was read; sandbox, smarthost or direct is expected"),
            )),
        }
    }

    fn mx_port(&self) -> Result<u16> {
        let Some(text) = self.text("mx_port")? else { return Ok(gateway::smtp_out::MX_PORT) };
        text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            ConfigError::new("mx_port", format!("`{text}` was read; a port from 1 to 65535 is expected, such as 25"))
        })
    }

    /// `smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS), `smtp+plain://…` (neither).
    fn smarthost(&self) -> Result<Option<Smarthost>> {
        let Some(text) = self.text("smarthost_url")? else { return Ok(None) };
        let wrong = || {
            ConfigError::new(
                "smarthost_url",
                "what was read is not smtp://user:password@host:587, smtps://… or smtp+plain://…",
            )
        };
        let url = url::Url::parse(&text).map_err(|_| wrong())?;
        let (security, port) = match url.scheme() {
            "smtp" => (TransportSecurity::Starttls, 587),
            "smtps" => (TransportSecurity::Tls, 465),
            "smtp+plain" => (TransportSecurity::None, 25),
            _ => return Err(wrong()),
        };
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let auth = url
            .password()
            .map(|password| SmtpAuth::Password { username: decode(url.username()), password: decode(password).into() });
        Ok(Some(Smarthost {
            host: url.host_str().ok_or_else(wrong)?.to_owned(),
            port: url.port().unwrap_or(port),
            security,
            auth,
        }))
    }

    fn bootstrap_key(&self) -> Result<Option<SecretString>> {
        let Some(key) = self.text("bootstrap_key")? else { return Ok(None) };
        let length = key.chars().count();
        if !(24..=200).contains(&length) {
            return Err(ConfigError::new(
                "bootstrap_key",
                format!("{length} characters were read; 24 to 200 are expected"),
            ));
        }
        Ok(Some(key.into()))
    }

    fn bootstrap_admin(&self) -> Result<Option<(String, SecretString)>> {
        let Some(text) = self.text("bootstrap_admin")? else { return Ok(None) };
        match text.split_once(':') {
            Some((email, password))
                if email.contains('@') && password.chars().count() >= engine::access::PASSWORD_CHARS_MIN =>
            {
                Ok(Some((email.to_owned(), password.to_owned().into())))
            }
            _ => Err(ConfigError::new(
                "bootstrap_admin",
                format!(
                    "what was read is not email:password with a password of at least {} characters",
                    engine::access::PASSWORD_CHARS_MIN
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn read(values: &[(&str, &str)]) -> Result<Config> {
        Values(values.iter().map(|(key, value)| ((*key).to_owned(), Value::from(*value))).collect()).config()
    }

    #[test]
    fn mail_goes_out_as_it_is_set_to() {
        use DeliveryMode::{Direct, Sandbox, Smarthost};
        const URL: (&str, &str) = ("smarthost_url", "smtp://relay.test:587");
        for (values, expected) in [
            (&[][..], Sandbox),
            (&[URL], Smarthost),
            (&[URL, ("delivery", "sandbox")], Sandbox),
            (&[URL, ("delivery", "smarthost")], Smarthost),
            (&[URL, ("delivery", "direct")], Direct),
            (&[("delivery", "direct")], Direct),
        ] {
            assert_eq!(read(values).unwrap().delivery, expected, "{values:?}");
        }
        assert_eq!(read(&[]).unwrap().mx_port, 25);
        assert_eq!(read(&[("mx_port", "2526")]).unwrap().mx_port, 2526);
        for (key, value, named) in [
            ("delivery", "smarthost", "POSTROOM_SMARTHOST_URL"),
            ("delivery", "Direct", "POSTROOM_DELIVERY"),
            ("mx_port", "0", "POSTROOM_MX_PORT"),
            ("mx_port", "65536", "POSTROOM_MX_PORT"),
            ("mx_port", "smtp", "POSTROOM_MX_PORT"),
        ] {
            let error = read(&[(key, value)]).unwrap_err().to_string();
            assert!(error.starts_with(named), "{error}");
        }
    }
}
