use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::guard::NameLookup;

const ADDRESS: &str = "ann@example.com";

/// Every name is this machine.
struct Here;

#[async_trait]
impl NameLookup for Here {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

fn file(kind: &str, host: &str) -> String {
    let element = if kind == "imap" { "incomingServer" } else { "outgoingServer" };
    format!(
        "<{element} type=\"{kind}\"><hostname>{host}</hostname><port>99</port><socketType>SSL</socketType></{element}>"
    )
}

fn config(servers: &[String]) -> String {
    format!("<clientConfig>{}</clientConfig>", servers.concat())
}

type Asked = Arc<Mutex<Vec<String>>>;

/// Answers each path with its body, others with 404. Gives the port, and what was asked.
async fn web(files: &[(&str, String)]) -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let files: Vec<(String, String)> = files.iter().map(|(path, body)| ((*path).to_owned(), body.clone())).collect();
    let asked = Asked::default();
    let log = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut buffer = [0; 1024];
                let count = stream.read(&mut buffer).await.unwrap_or(0);
                if count == 0 {
                    break;
                }
                request.extend_from_slice(&buffer[..count]);
            }
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
            let body = files.iter().find(|(known, _)| *known == path).map(|(_, body)| body.clone());
            log.lock().unwrap().push(path);
            let status = if body.is_some() { "200 OK" } else { "404 Not Found" };
            let body = body.unwrap_or_default();
            let answer =
                format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, asked)
}

/// A server that greets so.
async fn greeting(text: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(text.as_bytes()).await;
        }
    });
    port
}

fn asking(allow_private_networks: bool, sources: AutoconfigSources) -> Autoconfig {
    let guard = Guard::with_names(allow_private_networks, Arc::new(Here));
    let trust = TlsTrust::default();
    let tls = Arc::new(TlsConnector::from(Arc::new(trust.client_config().unwrap())));
    let fetcher = HttpFetcher::new(guard.clone(), &trust).unwrap();
    Autoconfig(Arc::new(Asking { sources, fetcher, dns: None, prober: Prober { guard, tls } }))
}

fn nowhere() -> AutoconfigSources {
    AutoconfigSources { domain_urls: Vec::new(), ispdb_url: None, imap_guesses: Vec::new(), smtp_guesses: Vec::new() }
}

fn shown(found: Option<&DiscoveredServer>) -> String {
    found.map_or_else(String::new, |server| format!("{} {}", server.host, server.source.as_str()))
}

#[tokio::test]
async fn the_domains_own_file_comes_first_and_the_database_adds_what_it_lacks() {
    let (port, asked) = web(&[
        ("/example.com/second", config(&[file("imap", "own.example.com")])),
        ("/db/example.com", config(&[file("imap", "other.example"), file("smtp", "db.example")])),
    ])
    .await;
    let sources = AutoconfigSources {
        domain_urls: ["first?a={address}", "second"]
            .map(|end| format!("http://127.0.0.1:{port}/{{domain}}/{end}"))
            .to_vec(),
        ispdb_url: Some(format!("http://127.0.0.1:{port}/db/")),
        ..nowhere()
    };
    let found = asking(true, sources.clone()).discover(ADDRESS).await;
    assert_eq!(shown(found.imap.as_ref()), "own.example.com autoconfig");
    assert_eq!(shown(found.smtp.as_ref()), "db.example ispdb");
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked.contains(&"/example.com/first?a=ann%40example%2Ecom".to_owned()), "{asked:?}");
    // The guard stands before all of them.
    assert_eq!(asking(false, sources).discover(ADDRESS).await, Discovered::default());
}

#[tokio::test]
async fn a_file_that_is_too_large_or_none_is_passed_over() {
    let large = config(&[file("imap", "own.example.com"), " ".repeat(usize::try_from(FILE_BYTES_MAX).unwrap())]);
    let (port, asked) = web(&[("/db/example.com", large), ("/db/example.net", "<html></html>".to_owned())]).await;
    let sources = AutoconfigSources { ispdb_url: Some(format!("http://127.0.0.1:{port}/db/")), ..nowhere() };
    for address in [ADDRESS, "ann@example.net", "ann@missing.example", "ann@a/b", "ann@", "ann"] {
        assert_eq!(asking(true, sources.clone()).discover(address).await, Discovered::default(), "{address}");
    }
    assert_eq!(asked.lock().unwrap().len(), 3, "what is no domain is asked of nobody");
}

#[tokio::test]
async fn the_best_server_of_a_usual_name_that_greets_as_one_is_guessed() {
    let (imap, smtp, other) =
        (greeting("* OK ready\r\n").await, greeting("220 hi\r\n").await, greeting("SSH-2.0\r\n").await);
    let guess = |prefix, port| Guess { prefix, port, security: TransportSecurity::Starttls };
    let tls = Guess { security: TransportSecurity::Tls, ..guess("tls.", imap) };
    let sources = AutoconfigSources {
        imap_guesses: vec![tls, guess("other.", other), guess("imap.", imap), guess("mail.", imap)],
        smtp_guesses: vec![guess("other.", other), guess("imap.", imap), guess("smtp.", smtp)],
        ..nowhere()
    };
    let found = asking(true, sources.clone()).discover(ADDRESS).await;
    assert_eq!(shown(found.imap.as_ref()), "imap.example.com guess");
    assert_eq!(shown(found.smtp.as_ref()), "smtp.example.com guess");
    assert_eq!(found.imap.unwrap().username, ADDRESS);
    assert_eq!(asking(false, sources).discover(ADDRESS).await, Discovered::default());
}

#[test]
fn the_domains_above_an_exchanger_are_few_and_never_a_top_level_one() {
    let above = |host: &str| parents(host).join(" ");
    assert_eq!(above("mx1.example.com"), "example.com");
    assert_eq!(above("aspmx.l.google.com"), "l.google.com google.com");
    assert_eq!(above("a.b.c.d.e.co.test"), "d.e.co.test e.co.test co.test");
    assert_eq!(above("example.com"), "");
    assert_eq!(above("localhost"), "");
}
