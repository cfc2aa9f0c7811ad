//! What was typed into a search box, cut into things. Never fails.

/// One thing that was typed: `key:value`, `key:"a value"`, `word`, `word*`, `"a phrase"`, with `-` in front what is not wanted.
#[derive(Debug, Default)]
pub(super) struct Token {
    pub negated: bool,
    pub key: Option<String>,
    pub value: String,
    pub prefix: bool,
}

impl Token {
    /// As it was typed, for what turns out to be no filter.
    pub fn plain(&self) -> String {
        match &self.key {
            Some(key) => format!("{key} {}", self.value),
            None => self.value.clone(),
        }
    }

    /// To be told what of it can't be read.
    pub fn typed(&self) -> String {
        let minus = if self.negated { "-" } else { "" };
        match &self.key {
            Some(key) => format!("{minus}{key}:{}", self.value),
            None => format!("{minus}{}", self.value),
        }
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let mut token = Token::default();
        if let Some(wanted) = rest.strip_prefix('-')
            && wanted.starts_with(|c: char| c.is_alphanumeric() || is_quote(c))
        {
            token.negated = true;
            rest = wanted;
        }
        let key_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        if key_end > 0
            && let (key, after) = rest.split_at(key_end)
            && let Some(after) = after.strip_prefix(':')
            && !after.starts_with(char::is_whitespace)
        {
            token.key = Some(key.to_ascii_lowercase());
            rest = after;
        }
        let (value, after) = match rest.strip_prefix(is_quote) {
            // A quotation that never ends goes to the end.
            Some(quoted) => quoted.split_once(is_quote).unwrap_or((quoted, "")),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        let (value, after_star) = match (value.strip_suffix('*'), after.strip_prefix('*')) {
            (Some(value), _) => (value, Some(after)),
            (None, Some(after)) => (value, Some(after)),
            (None, None) => (value, None),
        };
        token.prefix = after_star.is_some();
        token.value = value.trim().to_owned();
        rest = after_star.unwrap_or(after).trim_start();
        found.push(token);
    }
    found
}

fn is_quote(character: char) -> bool {
    ['"', '\u{201c}', '\u{201d}'].contains(&character)
}
