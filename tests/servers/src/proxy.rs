//! A way to a server that counts what comes back over it, and cuts it where a test says.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub struct Proxy {
    pub port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Bytes of the server's after which a connection breaks.
    cut_after: AtomicU64,
    cuts: AtomicU64,
    bytes: AtomicU64,
}

impl Proxy {
    /// To a port of this machine.
    pub async fn start(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(State { cut_after: AtomicU64::new(u64::MAX), ..State::default() });
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await {
                        // Dropped at the end, both ways.
                        let _ = pass(client, server, &state).await;
                    }
                });
            }
        });
        Self { port, state }
    }

    /// Connections, those there are too, break when the server has said so much over them.
    pub fn cut_after(&self, bytes: u64) {
        self.state.cut_after.store(bytes, Ordering::SeqCst);
    }

    pub fn never_cut(&self) {
        self.cut_after(u64::MAX);
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> u64 {
        self.state.cuts.load(Ordering::SeqCst)
    }

    /// What servers said in all.
    pub fn bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::SeqCst)
    }
}

async fn pass(client: TcpStream, server: TcpStream, state: &State) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let back = async {
        let (mut said, mut buffer) = (0, vec![0; 16 * 1024]);
        loop {
            let count = from_server.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            let left = state.cut_after.load(Ordering::SeqCst).saturating_sub(said);
            let passed = usize::try_from(left).unwrap_or(usize::MAX).min(count);
            to_client.write_all(&buffer[..passed]).await?;
            said += passed as u64;
            state.bytes.fetch_add(passed as u64, Ordering::SeqCst);
            if passed < count {
                state.cuts.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
        }
    };
    tokio::select! {
        ended = tokio::io::copy(&mut from_client, &mut to_server) => ended.map(drop),
        ended = back => ended,
    }
}
