//! An object store that speaks S3 on loopback: its objects are files in a folder, and it checks signatures.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

const BUCKET: &str = "mail";
pub const ACCESS_KEY: &str = "test-access-key";
pub const SECRET_KEY: &str = "test-secret-key";

/// Serves until it is dropped.
pub struct S3Server {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    server: tokio::task::JoinHandle<()>,
}

impl S3Server {
    /// With one bucket.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("postroom-s3-").tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("make the bucket");
        let files = s3s_fs::FileSystem::new(folder.path()).expect("a store of files");
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let router = axum::Router::new().fallback(serve).with_state(service.build());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("serve") });
        Self { address, folder, server }
    }

    /// What `POSTROOM_BLOB_URL` is to be.
    pub fn url(&self, secret_key: &str) -> String {
        format!(
            "s3://{BUCKET}/inbox?region=us-east-1&endpoint=http://{}&accessKeyId={ACCESS_KEY}&secretAccessKey={secret_key}",
            self.address
        )
    }

    /// The objects of a workspace, as files.
    pub fn objects(&self, workspace: &str) -> Vec<PathBuf> {
        let Ok(found) = std::fs::read_dir(self.folder.path().join(BUCKET).join("inbox").join(workspace)) else {
            return Vec::new();
        };
        found.flatten().map(|entry| entry.path()).collect()
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(State(service): State<S3Service>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}
