//! Sends webhooks: one POST through the guard, and what came back. Owns the HTTP of it.
//! Never signs, never retries, never follows a redirect: a receiver that moved has to be told to us.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use engine::ports::{WebhookRequest, WebhookResponse, WebhookSender};
use model::Timestamp;
use model::limits::WEBHOOK_RESPONSE_BYTES_MAX;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

use crate::guard::{Guard, HttpTimeouts, client, refusal};
use crate::tls_client::TlsTrust;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The request's own timeout is the one that counts; this only bounds a single silence.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// Sends webhooks where the guard allows.
#[derive(Debug, Clone)]
pub struct HttpWebhookSender {
    guard: Guard,
    client: reqwest::Client,
}

impl HttpWebhookSender {
    /// # Errors
    /// TLS can't be set up with `trust`.
    pub fn new(guard: Guard, trust: &TlsTrust) -> Result<Self, String> {
        let timeouts = HttpTimeouts { connect: CONNECT_TIMEOUT, read: READ_TIMEOUT };
        let client = client(&guard, trust, &timeouts)?;
        Ok(Self { guard, client })
    }

    async fn request(&self, request: WebhookRequest) -> Result<Answer, String> {
        let url = Url::parse(&request.url).map_err(|error| format!("{} is not a URL: {error}", request.url))?;
        self.guard.check_parsed(&url).map_err(|error| error.to_string())?;
        let sending = self.client.post(url).headers(headers(&request.headers)?).body(request.body).send();
        let mut response = sending.await.map_err(|error| describe(&error, request.timeout))?;
        let status_code = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|value| parse_retry_after(value, SystemTime::now()));
        let mut text = String::new();
        if status_code.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or("elsewhere");
            text = format!("redirects are not followed; the answer pointed to {to}. ");
        }
        let (body, cut) = read_start(&mut response, WEBHOOK_RESPONSE_BYTES_MAX).await;
        text.push_str(&String::from_utf8_lossy(&body));
        if let Some(why) = cut {
            let _ = write!(text, " [{why}]");
        }
        Ok(Answer { status_code: status_code.as_u16(), text, retry_after })
    }
}

struct Answer {
    status_code: u16,
    text: String,
    retry_after: Option<Duration>,
}

#[async_trait]
impl WebhookSender for HttpWebhookSender {
    async fn post(&self, request: WebhookRequest) -> WebhookResponse {
        let (started, at, timeout) = (Instant::now(), Timestamp::now(), request.timeout);
        let answer = tokio::time::timeout(timeout, self.request(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(timed_out(timeout)));
        let (status_code, body, retry_after) = match answer {
            Ok(answer) => (Some(answer.status_code), answer.text, answer.retry_after),
            Err(text) => (None, text, None),
        };
        WebhookResponse { status_code, body, retry_after, at, duration: started.elapsed() }
    }

    fn check_url(&self, url: &str) -> Result<(), String> {
        self.guard.check_url(url).map_err(|error| error.to_string())
    }
}

fn headers(pairs: &[(String, String)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::with_capacity(pairs.len());
    for (name, value) in pairs {
        let bad = || format!("the header {name:?} can't be sent");
        let name = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
        headers.append(name, HeaderValue::try_from(value.as_str()).map_err(|_| bad())?);
    }
    Ok(headers)
}

/// The first `bytes_max` bytes of the body, and why it ended early, if it did.
async fn read_start(response: &mut reqwest::Response, bytes_max: usize) -> (Vec<u8>, Option<&'static str>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = bytes_max.saturating_sub(body.len());
                body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if chunk.len() > room {
                    return (body, Some("the rest was left out"));
                }
            }
            Ok(None) => return (body, None),
            Err(_) => return (body, Some("the connection was lost while reading the answer")),
        }
    }
}

/// Seconds, or an HTTP date (RFC 9110 §10.2.3). A date gone by is zero.
fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or(Duration::ZERO))
}

fn timed_out(timeout: Duration) -> String {
    format!("no answer within {} s", timeout.as_secs_f32())
}

/// What went wrong, in one line, from the innermost cause: the client's own texts wrap it several times.
pub(crate) fn describe(error: &reqwest::Error, timeout: Duration) -> String {
    if let Some(refused) = refusal(error) {
        return refused.to_string();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let what = if error.is_connect() {
        "could not connect"
    } else if error.is_timeout() {
        return timed_out(timeout);
    } else {
        "the request failed"
    };
    format!("{what}: {cause}")
}

#[cfg(test)]
mod tests;
