//! A browser without JavaScript: it keeps a cookie, sends forms, and shows what the page says.

use std::sync::Mutex;

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};

/// A page as a browser without JavaScript has it: its text, and the cookie.
pub struct Page {
    pub status: u16,
    pub html: String,
    pub cookie: Option<String>,
    pub headers: reqwest::header::HeaderMap,
}

/// A browser that keeps one cookie.
pub struct Browser {
    pub client: reqwest::Client,
    cookie: Mutex<Option<String>>,
}

impl Browser {
    pub fn new() -> Self {
        Self { client: crate::api::http_client(), cookie: Mutex::default() }
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Page {
        let cookie = self.cookie.lock().expect("the cookie").clone();
        let request = match &cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        let headers = answer.headers().clone();
        let set = headers.get(SET_COOKIE).and_then(|value| value.to_str().ok());
        let set = set.and_then(|value| value.split(';').next()).map(str::to_owned);
        if set.is_some() {
            self.cookie.lock().expect("the cookie").clone_from(&set);
        }
        let status = answer.status().as_u16();
        Page { status, html: answer.text().await.expect("a page"), cookie: set, headers }
    }

    pub async fn get(&self, url: &str) -> Page {
        self.send(self.client.get(url)).await
    }

    /// Where a redirect leads.
    pub async fn follow(&self, url: &str) -> String {
        let page = self.get(url).await.expect(303);
        page.headers["location"].to_str().expect("an ASCII URL").to_owned()
    }

    pub async fn post(&self, url: &str, fields: &[(&str, &str)]) -> Page {
        let origin = url.split_once("/accounts").expect("a page of ours").0.to_owned();
        self.send(self.client.post(url).header(ORIGIN, origin).body(encoded(fields))).await
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect::<Vec<_>>().join("&")
}

impl Page {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.html);
        self
    }

    /// The value of a field.
    #[track_caller]
    pub fn value(&self, name: &str) -> String {
        let from = self.html.split_once(&format!("name=\"{name}\"")).map(|(_, rest)| rest);
        let value = from.and_then(|rest| rest.split_once("value=\"")?.1.split_once('"'));
        value.map(|(value, _)| value.to_owned()).unwrap_or_else(|| panic!("no {name} in {}", self.html))
    }

    /// Where the page goes on by itself.
    #[track_caller]
    pub fn onward(&self) -> String {
        let url = self.html.split_once("content=\"0;url=").and_then(|(_, rest)| rest.split_once('"'));
        url.map(|(url, _)| url.replace("&amp;", "&")).unwrap_or_else(|| panic!("the page stays: {}", self.html))
    }
}
