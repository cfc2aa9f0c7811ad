//! The language of a page for whoever has no account here. Owns whose choice counts: on a page that a mail of a workspace leads to the
//! workspace's, and on one that an application sends people to their browser's. English where nobody chose.

use axum::http::{HeaderMap, header};
use engine::words::{Language, Words};

/// Whom the browser's wish (`Accept-Language`) gives way to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Visitor(Option<Language>);

impl Visitor {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let wish = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self(wish.and_then(Language::accepted))
    }

    /// Of a page that goes on where a mail in the workspace's language began.
    pub(super) fn mail_reader(self, workspace: Option<Language>) -> &'static Words {
        workspace.or(self.0).unwrap_or_default().words()
    }

    /// Of a page for somebody who may not know the workspace at all.
    pub(super) fn stranger(self, workspace: Option<Language>) -> &'static Words {
        self.0.or(workspace).unwrap_or_default().words()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_mail_s_page_follows_the_workspace_and_a_stranger_s_the_browser() {
        let (en, de) = (Language::English, Language::German);
        for (browser, workspace, mail_reader, stranger) in [
            (None, None, en, en),
            (Some("de-CH"), None, de, de),
            (Some("de-CH"), Some(en), en, de),
            (Some("fr"), Some(de), de, de),
            (None, Some(de), de, de),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(browser) = browser {
                headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(browser));
            }
            let visitor = Visitor::of(&headers);
            assert_eq!(visitor.mail_reader(workspace).language, mail_reader, "{browser:?} {workspace:?}");
            assert_eq!(visitor.stranger(workspace).language, stranger, "{browser:?} {workspace:?}");
        }
    }
}
