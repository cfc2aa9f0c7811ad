//! A smarthost that says what it is told to say, on a socket of this machine.

use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the host does about a line.
pub enum Does {
    Answer(String),
    /// Answer, then close.
    Last(String),
    Close,
    /// Wait for the next line.
    Nothing,
    StartTls,
}

pub fn says(text: &str) -> Does {
    Does::Answer(text.to_owned())
}

/// Decides what to do about a line, or about `CONNECT` and `<mail>`. The number is that of the connection, from 0.
pub type Script = Arc<dyn Fn(usize, &str) -> Does + Send + Sync>;

/// What every host's certificate is for.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "mx1.test", "mta-sts.example.test"];

pub struct Host {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    pub certificate_pem: String,
}

impl Host {
    /// What was heard on all connections, a line an entry; a mail is one entry. A connection begins with `CONNECT`.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn count(&self, line: &str) -> usize {
        self.heard().iter().filter(|heard| heard.starts_with(line)).count()
    }
}

/// A host that offers `capabilities` and takes everything, unless `script` has its own answer.
pub async fn willing(
    capabilities: &'static [&'static str],
    script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static,
) -> Host {
    start("127.0.0.1:0", false, capabilities, script).await
}

/// The same, at this address and port.
pub async fn willing_at(
    address: &str,
    capabilities: &'static [&'static str],
    script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static,
) -> Host {
    start(address, false, capabilities, script).await
}

/// The same, in TLS from the first byte.
pub async fn willing_in_tls(
    capabilities: &'static [&'static str],
    script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static,
) -> Host {
    start("127.0.0.1:0", true, capabilities, script).await
}

async fn start(
    address: &str,
    implicit_tls: bool,
    capabilities: &'static [&'static str],
    script: impl Fn(usize, &str) -> Option<Does> + Send + Sync + 'static,
) -> Host {
    let signing_key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(NAMES.map(str::to_owned).to_vec()).unwrap();
    // As `openssl req -x509` makes them: an authority that signed itself.
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let cert = parameters.self_signed(&signing_key).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = heard.clone();
    let script: Script = Arc::new(move |connection, line| {
        script(connection, line).unwrap_or_else(|| default_answer(line, capabilities))
    });
    tokio::spawn(async move {
        for connection in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(serve(connection, stream, implicit_tls, acceptor.clone(), script.clone(), log.clone()));
        }
    });
    Host { port, heard, certificate_pem: cert.pem() }
}

fn default_answer(line: &str, capabilities: &[&str]) -> Does {
    let verb = line.split([' ', ':']).next().unwrap_or_default();
    match verb {
        "CONNECT" => says("220 host.example.org ESMTP"),
        "EHLO" => {
            let mut lines: Vec<_> =
                std::iter::once(&"host.example.org").chain(capabilities).map(|l| format!("250-{l}")).collect();
            if let Some(last) = lines.last_mut() {
                last.replace_range(3..4, " ");
            }
            Does::Answer(lines.join("\r\n"))
        }
        "STARTTLS" => Does::StartTls,
        "AUTH" => says("235 2.7.0 welcome"),
        "DATA" => says("354 go on"),
        "QUIT" => Does::Last("221 bye".to_owned()),
        "<mail>" => says("250 2.0.0 queued"),
        _ => says("250 2.0.0 ok"),
    }
}

async fn serve(
    connection: usize,
    stream: TcpStream,
    implicit_tls: bool,
    acceptor: TlsAcceptor,
    script: Script,
    log: Arc<Mutex<Vec<String>>>,
) {
    log.lock().unwrap().push("CONNECT".to_owned());
    if implicit_tls {
        if let Ok(stream) = acceptor.accept(stream).await {
            converse(connection, stream, "CONNECT", &script, &log).await;
        }
        return;
    }
    if let Some(stream) = converse(connection, stream, "CONNECT", &script, &log).await
        && let Ok(stream) = acceptor.accept(stream).await
    {
        converse(connection, stream, "", &script, &log).await;
    }
}

/// Gives the stream back once it is to go over to TLS.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    connection: usize,
    stream: S,
    first: &str,
    script: &Script,
    log: &Mutex<Vec<String>>,
) -> Option<S> {
    let mut stream = BufReader::new(stream);
    let mut line = first.to_owned();
    loop {
        let mut mail_follows = false;
        match (!line.is_empty()).then(|| script(connection, &line)) {
            None | Some(Does::Nothing) => {}
            Some(Does::Answer(text)) => {
                mail_follows = line == "DATA" && text.starts_with("354");
                stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
            }
            Some(Does::Last(text)) => {
                let _ = stream.write_all(format!("{text}\r\n").as_bytes()).await;
                let _ = stream.shutdown().await;
                return None;
            }
            Some(Does::Close) => return None,
            Some(Does::StartTls) => {
                stream.write_all(b"220 go on\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
        }
        stream.flush().await.ok()?;
        let mut bytes = Vec::new();
        if mail_follows {
            while !bytes.ends_with(b"\r\n.\r\n") && bytes != b".\r\n" {
                if stream.read_until(b'\n', &mut bytes).await.ok()? == 0 {
                    return None;
                }
            }
            log.lock().unwrap().push(format!("<mail>{}", String::from_utf8_lossy(&bytes)));
            line = "<mail>".to_owned();
        } else {
            if stream.read_until(b'\n', &mut bytes).await.ok()? == 0 {
                return None;
            }
            line = String::from_utf8_lossy(&bytes).trim_end_matches("\r\n").to_owned();
            log.lock().unwrap().push(line.clone());
            // The scripts need not know of an empty line.
            if line.is_empty() {
                line = "<empty>".to_owned();
            }
        }
    }
}
