use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Answers each connection with `answer` and hands on what was asked. Keeps the connection open if `answer` is empty.
async fn server(answer: &str) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, hearing) = mpsc::unbounded_channel();
    let answer = answer.to_owned();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = read_request(&mut stream).await;
            let _ = heard.send(request);
            let _ = stream.write_all(answer.as_bytes()).await;
            if answer.is_empty() {
                kept.push(stream);
            }
        }
    });
    (port, hearing)
}

/// Reads up to the end of the body, which the test requests end in `}`.
async fn read_request(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"}") {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => request.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8(request).unwrap()
}

fn sender(allow_private_networks: bool) -> HttpWebhookSender {
    HttpWebhookSender::new(Guard::new(allow_private_networks), &TlsTrust::default()).unwrap()
}

fn request(url: String) -> WebhookRequest {
    WebhookRequest {
        url,
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), "evt_1".to_owned()),
        ],
        body: Bytes::from_static(b"{\"type\":\"message.received\"}"),
        timeout: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn a_webhook_arrives_as_it_was_signed() {
    let (port, mut heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let response = sender(true).post(request(format!("http://127.0.0.1:{port}/hook?a=b"))).await;
    assert_eq!((response.status_code, response.body.as_str()), (Some(200), "ok"));
    let request = heard.recv().await.unwrap();
    assert!(request.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nwebhook-id: evt_1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nuser-agent: Postroom/{}\r\n", env!("CARGO_PKG_VERSION"))), "{request}");
    assert!(request.ends_with("\r\n\r\n{\"type\":\"message.received\"}"), "{request}");
}

#[tokio::test]
async fn a_redirect_is_a_failure_that_says_where_it_pointed() {
    let (port, mut heard) =
        server("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n").await;
    let response = sender(true).post(request(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(response.status_code, Some(302));
    assert!(response.body.starts_with("redirects are not followed; the answer pointed to http://169.254.169.254/"));
    assert!(heard.recv().await.is_some());
    assert!(heard.try_recv().is_err(), "one request alone was made");
}

#[tokio::test]
async fn long_answers_are_cut() {
    let body = "x".repeat(WEBHOOK_RESPONSE_BYTES_MAX + 1);
    let (port, _heard) = server(&format!("HTTP/1.1 500 No\r\nconnection: close\r\n\r\n{body}")).await;
    let response = sender(true).post(request(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(response.status_code, Some(500));
    assert!(response.body.ends_with("x [the rest was left out]"));
    assert!(response.body.len() < WEBHOOK_RESPONSE_BYTES_MAX + 50);
}

#[tokio::test]
async fn retry_after_is_handed_on() {
    let (port, _heard) = server("HTTP/1.1 429 Slow\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n").await;
    let response = sender(true).post(request(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!((response.status_code, response.retry_after), (Some(429), Some(Duration::from_secs(120))));
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = UNIX_EPOCH + Duration::from_secs(784_111_700);
    let cases = [
        ("0", Some(0)),
        (" 30 ", Some(30)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", Some(77)),
        ("Sun, 06 Nov 1994 00:00:00 GMT", Some(0)),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ];
    for (value, seconds) in cases {
        assert_eq!(parse_retry_after(value, now), seconds.map(Duration::from_secs), "{value:?}");
    }
}

#[tokio::test]
async fn what_the_guard_refuses_is_not_contacted() {
    let (port, mut heard) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for host in ["127.0.0.1", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"] {
        let response = sender(false).post(request(format!("http://{host}:{port}/"))).await;
        assert_eq!(response.status_code, None, "{host}");
        assert!(response.body.contains("does not connect there"), "{host}: {}", response.body);
    }
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn no_answer_is_a_failure_that_says_so() {
    let (port, _heard) = server("").await;
    let slow = WebhookRequest { timeout: Duration::from_millis(50), ..request(format!("http://127.0.0.1:{port}/")) };
    let response = sender(true).post(slow).await;
    assert_eq!(response.status_code, None);
    assert!(response.body.starts_with("no answer within"), "{}", response.body);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let response = sender(true).post(request(format!("http://{closed}/"))).await;
    assert!(response.body.starts_with("could not connect: "), "{}", response.body);
}

#[tokio::test]
async fn certificates_are_checked_against_the_trusted_roots() {
    let own = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                read_request(&mut stream).await;
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await;
                let _ = stream.shutdown().await;
            }
        }
    });
    let response = sender(true).post(request(url.clone())).await;
    assert_eq!(response.status_code, None);
    assert!(response.body.contains("certificate"), "{}", response.body);

    let trust = TlsTrust { extra_roots_pem: Some(own.cert.pem()), ..TlsTrust::default() };
    let response = HttpWebhookSender::new(Guard::new(true), &trust).unwrap().post(request(url)).await;
    assert_eq!(response.status_code, Some(204), "{}", response.body);
}

#[test]
fn a_header_that_would_break_the_request_is_refused() {
    for (name, value) in [("x-a", "1\r\nx-b: 2"), ("x a", "1"), ("x-a\n", "1")] {
        assert!(headers(&[(name.to_owned(), value.to_owned())]).is_err(), "{name:?}: {value:?}");
    }
}
