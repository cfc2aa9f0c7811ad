use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Serves the answer of each path; a path that is not there closes the connection. Gives the port, and the paths asked.
async fn server(answers: &[(&str, String)]) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers: HashMap<_, _> = answers.iter().map(|(path, answer)| ((*path).to_owned(), answer.clone())).collect();
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
            let path = String::from_utf8(request).unwrap().split(' ').nth(1).unwrap_or_default().to_owned();
            if let Some(answer) = answers.get(&path) {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            log.lock().unwrap().push(path);
        }
    });
    (port, asked)
}

fn ok(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n{body}")
}

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn fetcher(allow_private_networks: bool) -> HttpFetcher {
    HttpFetcher::new(Guard::new(allow_private_networks), &TlsTrust::default()).unwrap()
}

#[tokio::test]
async fn a_file_comes_with_its_type_and_name() {
    let (port, _) = server(&[
        ("/a", ok("content-type: application/pdf\r\ncontent-disposition: attachment; filename=b.pdf\r\n", "PDF")),
        ("/files/c%20d.txt?token=1", ok("", "text")),
    ])
    .await;
    let fetched = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/a"), 100).await.unwrap();
    assert_eq!(&fetched.body[..], b"PDF");
    assert_eq!(fetched.content_type.as_deref(), Some("application/pdf"));
    assert_eq!(fetched.filename.as_deref(), Some("b.pdf"));
    let fetched = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/files/c%20d.txt?token=1"), 100).await.unwrap();
    assert_eq!((fetched.content_type, fetched.filename.as_deref()), (None, Some("c d.txt")));
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_read_to_its_end() {
    let (port, _) = server(&[
        ("/declared", ok("content-length: 101\r\n", &"x".repeat(101))),
        ("/undeclared", ok("", &"x".repeat(101))),
        ("/just", ok("", &"x".repeat(100))),
    ])
    .await;
    for path in ["declared", "undeclared"] {
        let result = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/{path}"), 100).await;
        assert!(matches!(result, Err(FetchError::TooLarge { limit: 100 })), "{path}: {result:?}");
    }
    assert_eq!(fetcher(true).fetch(&format!("http://127.0.0.1:{port}/just"), 100).await.unwrap().body.len(), 100);
}

#[tokio::test]
async fn redirects_are_followed_a_few_times() {
    let (port, asked) = server(&[
        ("/1", redirect("/2")),
        ("/2", redirect("3?x=y")),
        ("/3?x=y", redirect("/file.txt")),
        ("/file.txt", ok("", "there")),
        ("/0", redirect("/1")),
    ])
    .await;
    let fetched = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/1"), 100).await.unwrap();
    assert_eq!((&fetched.body[..], fetched.filename.as_deref()), (&b"there"[..], Some("file.txt")));
    assert_eq!(asked.lock().unwrap().len(), 4);
    let result = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/0"), 100).await;
    assert!(matches!(&result, Err(FetchError::Failed(text)) if text.contains("redirects")), "{result:?}");
}

#[tokio::test]
async fn a_redirect_into_what_the_guard_refuses_ends_there() {
    let (port, _) = server(&[
        ("/meta", redirect("http://169.254.169.254/latest/")),
        ("/file", redirect("file:///etc/passwd")),
        ("/user", redirect("http://a:b@127.0.0.1/")),
    ])
    .await;
    for path in ["meta", "file", "user"] {
        let result = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/{path}"), 100).await;
        assert!(matches!(result, Err(FetchError::Refused(_))), "{path}: {result:?}");
    }
    let result = fetcher(false).fetch(&format!("http://127.0.0.1:{port}/file"), 100).await;
    assert!(matches!(result, Err(FetchError::Refused(_))), "{result:?}");
}

#[tokio::test]
async fn failures_say_what_happened() {
    let (port, _) = server(&[
        ("/gone", "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n".to_owned()),
        ("/short", ok("content-length: 10\r\n", "x")),
        ("/lost", "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n".to_owned()),
    ])
    .await;
    for (path, expected) in
        [("gone?secret=1", ""), ("gone", "410 Gone"), ("short", "failed"), ("lost", "without a place")]
    {
        let result = fetcher(true).fetch(&format!("http://127.0.0.1:{port}/{path}"), 100).await;
        let text = result.unwrap_err().to_string();
        assert!(text.contains(expected) && !text.contains("secret"), "{path}: {text}");
    }
}
