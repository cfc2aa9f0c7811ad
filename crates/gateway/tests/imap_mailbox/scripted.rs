//! A server that answers as a test says: for what real ones do seldom. Owns nothing of the protocol but lines and literals.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

pub struct Scripted {
    pub port: u16,
    /// The commands it was given, without their tags.
    said: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// `answer`: what is said to a command (its tag, and the rest of it), as it goes out. Every connection is greeted with
    /// `greeting`.
    pub async fn start(greeting: &str, answer: impl Fn(&str, &str) -> String + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let (greeting, heard) = (greeting.to_owned(), said.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, greeting.clone(), answer.clone(), heard.clone()));
            }
        });
        Self { port, said }
    }

    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

/// Lines that are no command (answers to `+`) come with an empty tag.
async fn serve(
    stream: tokio::net::TcpStream,
    greeting: String,
    answer: impl Fn(&str, &str) -> String,
    said: Arc<Mutex<Vec<String>>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(greeting.as_bytes()).await?;
    let mut tag = String::new();
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        if let Some(length) = line.trim_end().strip_suffix("+}").and_then(|line| line.rsplit('{').next()?.parse().ok())
        {
            let mut literal = vec![0; length];
            stream.read_exact(&mut literal).await?;
            line.push_str(&String::from_utf8_lossy(&literal));
            continue;
        }
        let text = line.trim_end_matches(['\r', '\n']);
        // Our tags are `a` and a number.
        let (this, rest) = match text.split_once(' ') {
            Some((this, rest)) if this.strip_prefix('a').is_some_and(|n| n.parse::<u32>().is_ok()) => (this, rest),
            _ => ("", text),
        };
        if !this.is_empty() {
            tag = this.to_owned();
        }
        said.lock().unwrap().push(rest.to_owned());
        let answer = answer(&tag, rest);
        stream.get_mut().write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
