//! Blobs in an object store that speaks S3: an object a blob, `<prefix>/<workspace>/<hash>`, put before it is told.
//! Owns the URL's form and the requests. The same blob twice is the same object.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use url::Url;

use super::{BlobError, BlobLocation, PackReader, PutBlob};

/// Puts of one batch under way at a time.
const PUTS_CONCURRENT: usize = 16;
/// A sender waits for our 250 meanwhile: not as long as a library would.
const RETRIES_MAX: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
/// What a start writes to see whether it can.
const CHECK_OBJECT: &str = "check";
const CHECK_CONTENT: &[u8] = b"postroom";
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Keeps blobs in a bucket. Cheap to clone.
#[derive(Clone)]
pub struct ObjectBlobs {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// What was kept on disk before there was a bucket.
    packs: PackReader,
}

impl fmt::Debug for ObjectBlobs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The store's own text is that of the bucket, without its keys.
        formatter.debug_struct("ObjectBlobs").field("store", &self.store.to_string()).finish_non_exhaustive()
    }
}

impl ObjectBlobs {
    /// `s3://<bucket>[/<prefix>]`, with the parameters `region`, `endpoint` (`http://` too, for stores on one's own
    /// network), `accessKeyId`, `secretAccessKey` and `virtualHosted=true`. What the URL leaves out comes from the
    /// environment (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, …), or from the
    /// cloud the machine is in.
    ///
    /// # Errors
    /// What is wrong with the URL. Whether the bucket is there, [`Self::check`] shows.
    pub fn open(url: &str, packs: PackReader) -> Result<Self, BlobError> {
        let (builder, prefix) = builder(url)?;
        let store = builder.build().map_err(|error| BlobError::BadUrl(error.to_string()))?;
        Ok(Self { store: Arc::new(store), prefix, packs })
    }

    /// Writes a small object and reads it.
    ///
    /// # Errors
    /// What the store says: the bucket is not there, the keys are not good, nobody answers.
    pub async fn check(&self) -> Result<(), BlobError> {
        let key = self.prefix.clone().join(CHECK_OBJECT);
        let failed = |step: &str, error: &object_store::Error| BlobError::Object(format!("{step}: {error}"));
        let put = self.store.put(&key, PutPayload::from_static(CHECK_CONTENT)).await;
        put.map_err(|error| failed("an object could not be put", &error))?;
        let got = async { self.store.get(&key).await?.bytes().await };
        let got = got.await.map_err(|error| failed("an object could not be read back", &error))?;
        if got.as_ref() == CHECK_CONTENT {
            Ok(())
        } else {
            Err(BlobError::Object("an object came back other than it was put".to_owned()))
        }
    }

    /// All are in the store when it returns.
    ///
    /// # Errors
    /// What the store says.
    pub async fn put_batch(&self, blobs: Vec<PutBlob>) -> Result<Vec<BlobLocation>, BlobError> {
        blobs.iter().try_for_each(PutBlob::check)?;
        stream::iter(blobs.into_iter().map(|blob| self.put(blob))).buffered(PUTS_CONCURRENT).try_collect().await
    }

    /// # Errors
    /// There is no such object, or what the store says.
    pub async fn get(&self, location: &BlobLocation) -> Result<Bytes, BlobError> {
        let Some(key) = location.as_str().strip_prefix("object:") else {
            return self.packs.get(location).await;
        };
        let key = Path::parse(key).map_err(|_| BlobError::BadLocation { location: location.clone() })?;
        let failed = |error: object_store::Error| match error {
            object_store::Error::NotFound { .. } => BlobError::Missing { location: location.clone() },
            other => BlobError::Object(other.to_string()),
        };
        self.store.get(&key).await.map_err(failed)?.bytes().await.map_err(failed)
    }

    /// Deletes an object; one that is not there is deleted already. With versions kept by the bucket, older ones are its owner's to expire.
    ///
    /// # Errors
    /// What the store says.
    pub async fn destroy(&self, location: &BlobLocation, workspace: &str, hash: &[u8]) -> Result<(), BlobError> {
        let Some(key) = location.as_str().strip_prefix("object:") else {
            return self.packs.destroy(location, workspace, hash).await;
        };
        let key = Path::parse(key).map_err(|_| BlobError::BadLocation { location: location.clone() })?;
        match self.store.delete(&key).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::Object(error.to_string())),
        }
    }

    async fn put(&self, blob: PutBlob) -> Result<BlobLocation, BlobError> {
        let key = self.prefix.clone().join(blob.workspace).join(hex(&blob.hash));
        let payload = PutPayload::from_bytes(blob.compressed);
        self.store.put(&key, payload).await.map_err(|error| BlobError::Object(error.to_string()))?;
        Ok(BlobLocation(format!("object:{key}")))
    }
}

fn builder(url: &str) -> Result<(AmazonS3Builder, Path), BlobError> {
    let bad = |text: String| BlobError::BadUrl(text);
    // The URL itself may hold a key: it is not repeated in errors.
    let url = Url::parse(url).map_err(|error| bad(format!("{error}; expected s3://bucket/prefix?region=…")))?;
    if url.scheme() != "s3" {
        return Err(bad(format!("the scheme {} is not supported; expected s3://bucket/prefix?region=…", url.scheme())));
    }
    let bucket = url.host_str().filter(|bucket| !bucket.is_empty());
    let bucket = bucket.ok_or_else(|| bad("it names no bucket; expected s3://bucket/prefix".to_owned()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("keys go into accessKeyId and secretAccessKey, or into the environment".to_owned()));
    }
    let prefix = Path::from_url_path(url.path()).map_err(|error| bad(format!("its path: {error}")))?;
    let retry = RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    let mut allow_http = false;
    for (name, value) in url.query_pairs() {
        builder = match name.as_ref() {
            "region" => builder.with_region(value),
            "endpoint" => {
                allow_http = value.starts_with("http://");
                builder.with_endpoint(value)
            }
            "accessKeyId" => builder.with_access_key_id(value),
            "secretAccessKey" => builder.with_secret_access_key(value),
            "virtualHosted" => builder.with_virtual_hosted_style_request(value == "true"),
            other => {
                return Err(bad(format!(
                    "the parameter {other} is unknown; there are region, endpoint, accessKeyId, secretAccessKey, virtualHosted"
                )));
            }
        };
    }
    let options = ClientOptions::new().with_timeout(REQUEST_TIMEOUT).with_allow_http(allow_http);
    Ok((builder.with_client_options(options), prefix))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;

    use super::*;

    fn in_memory(prefix: &str) -> ObjectBlobs {
        let packs = PackReader::new("no-such-directory".into());
        ObjectBlobs { store: Arc::new(InMemory::new()), prefix: Path::from(prefix), packs }
    }

    fn blob(workspace: &str, hash: u8, bytes: &'static [u8]) -> PutBlob {
        PutBlob { workspace: workspace.to_owned(), hash: [hash; 32], compressed: Bytes::from_static(bytes) }
    }

    #[tokio::test]
    async fn objects_are_kept_a_workspace_and_hash_in_order() {
        let objects = in_memory("mail");
        let blobs = vec![blob("ws_1", 0xab, b"one"), blob("ws_2", 0xab, b"two"), blob("ws_1", 0xab, b"one")];
        let locations = objects.put_batch(blobs).await.unwrap();
        assert_eq!(locations[0].as_str(), format!("object:mail/ws_1/{}", "ab".repeat(32)));
        assert_eq!(locations[0], locations[2]);
        assert_eq!(&objects.get(&locations[0]).await.unwrap()[..], b"one");
        assert_eq!(&objects.get(&locations[1]).await.unwrap()[..], b"two");
    }

    #[tokio::test]
    async fn a_destroyed_object_is_gone_and_destroyed_again_without_harm() {
        let objects = in_memory("mail");
        let locations = objects.put_batch(vec![blob("ws_1", 0xab, b"one"), blob("ws_1", 0xcd, b"two")]).await.unwrap();
        objects.destroy(&locations[0], "ws_1", &[0xab; 32]).await.unwrap();
        objects.destroy(&locations[0], "ws_1", &[0xab; 32]).await.unwrap();
        assert!(matches!(objects.get(&locations[0]).await, Err(BlobError::Missing { .. })));
        assert_eq!(&objects.get(&locations[1]).await.unwrap()[..], b"two");
    }

    #[tokio::test]
    async fn what_is_not_there_is_missing() {
        let objects = in_memory("");
        let get = async |text: &str| objects.get(&BlobLocation::from_stored(text)).await.unwrap_err();
        assert!(matches!(get("object:ws_1/ab").await, BlobError::Missing { .. }));
        assert!(matches!(get("object:a//b").await, BlobError::BadLocation { .. }));
        assert!(matches!(get("pack:1:24:100").await, BlobError::Missing { .. }), "pack files are looked at, too");
        assert!(matches!(get("elsewhere").await, BlobError::BadLocation { .. }));
    }

    #[test]
    fn urls_are_read_and_wrong_ones_say_what_would_be_right() {
        let good =
            "s3://bucket/a/b?region=eu-central-1&endpoint=http://127.0.0.1:9000&accessKeyId=x&secretAccessKey=y%2Fz";
        let (builder, prefix) = builder(good).unwrap();
        assert_eq!(prefix.as_ref(), "a/b");
        assert!(builder.build().is_ok());
        for (url, expected) in [
            ("", "s3://bucket"),
            ("/var/blobs", "s3://bucket"),
            ("http://bucket/", "the scheme http"),
            ("s3:///prefix", "no bucket"),
            ("s3://key:geheim@bucket/", "accessKeyId"),
            ("s3://bucket/?regoin=x&secretAccessKey=geheim", "the parameter regoin is unknown"),
        ] {
            let error = super::builder(url).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("geheim"), "{url}: {error}");
        }
    }

    /// Against a real S3 server: `POSTROOM_TEST_BLOB_URL` names a bucket that exists.
    #[tokio::test]
    async fn a_real_object_store_keeps_and_gives_back() {
        let Ok(url) = std::env::var("POSTROOM_TEST_BLOB_URL") else {
            eprintln!("skipped: POSTROOM_TEST_BLOB_URL is not set");
            return;
        };
        let objects = ObjectBlobs::open(&url, PackReader::new("no-such-directory".into())).unwrap();
        let large = Bytes::from(vec![7; 6 * 1024 * 1024]);
        let mut blobs: Vec<_> = (0..40).map(|hash| blob("ws_test", hash, b"payload")).collect();
        blobs.push(PutBlob { compressed: large.clone(), ..blob("ws_test", 200, b"") });
        let locations = objects.put_batch(blobs).await.unwrap();
        assert_eq!(&objects.get(&locations[0]).await.unwrap()[..], b"payload");
        assert_eq!(objects.get(&locations[40]).await.unwrap(), large);
        let missing = BlobLocation::from_stored("object:ws_test/nothing-here");
        assert!(matches!(objects.get(&missing).await, Err(BlobError::Missing { .. })));
    }
}
