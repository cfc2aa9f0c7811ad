//! The name a fetched file is given: from Content-Disposition (RFC 6266), else from the URL. Pure.
//! Never a path: separators, control characters and leading dots are taken out.

use percent_encoding::percent_decode_str;

/// Characters of a file name.
const FILENAME_CHARS_MAX: usize = 255;

/// `filename*` (RFC 8187, UTF-8) before `filename`.
pub(super) fn of_disposition(value: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(value) {
        if name.eq_ignore_ascii_case("filename*") {
            let mut parts = value.splitn(3, '\'');
            let (charset, encoded) = (parts.next()?, parts.nth(1));
            let decoded = encoded.and_then(|text| percent_decode_str(text).decode_utf8().ok());
            if let (true, Some(decoded)) = (charset.eq_ignore_ascii_case("utf-8"), decoded) {
                return clean(&decoded);
            }
        } else if name.eq_ignore_ascii_case("filename") {
            plain.get_or_insert(value);
        }
    }
    clean(&plain?)
}

/// The last segment of a URL's path, decoded.
pub(super) fn of_path(path: &str) -> Option<String> {
    clean(&percent_decode_str(path.rsplit('/').next()?).decode_utf8_lossy())
}

/// The parameters after the disposition type, with quoted strings opened.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted_string(quoted),
            None => {
                after.split_once(';').map_or((after.trim().to_owned(), ""), |(v, next)| (v.trim().to_owned(), next))
            }
        };
        found.push((name.trim_start_matches([';', ' ', '\t']).trim().to_owned(), value));
        rest = next;
    }
    found
}

/// What is before the closing quotation mark, unescaped, and what is after it.
fn quoted_string(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return (value, text.get(index + 1..).unwrap_or_default()),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            _ => value.push(character),
        }
    }
    (value, "")
}

fn clean(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let kept: String = last.chars().filter(|c| !c.is_control()).take(FILENAME_CHARS_MAX).collect();
    let kept = kept.trim().trim_start_matches('.').to_owned();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_disposition() {
        let cases = [
            ("attachment; filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=\"a b.pdf\"", Some("a b.pdf")),
            ("attachment; filename=\"a;b=\\\"c\\\".pdf\"; x=y", Some("a;b=\"c\".pdf")),
            ("attachment;FileName = \"a.pdf\"", Some("a.pdf")),
            ("attachment; filename=\"e.txt\"; filename*=UTF-8''%e2%82%ac.txt", Some("€.txt")),
            ("attachment; filename*=UTF-8'de'gr%C3%BC%C3%9Fe.txt", Some("grüße.txt")),
            ("attachment; filename*=KOI8-R''%c1.txt; filename=a.txt", Some("a.txt")),
            ("attachment; filename=\"../../etc/passwd\"", Some("passwd")),
            ("attachment; filename=\"C:\\\\x\\\\a.exe\"", Some("a.exe")),
            ("attachment; filename=\".bashrc\"", Some("bashrc")),
            ("attachment; filename=\"..\"", None),
            ("attachment; filename=\"open", Some("open")),
            ("attachment; filename*=broken", None),
            ("inline", None),
            ("", None),
        ];
        for (value, expected) in cases {
            assert_eq!(of_disposition(value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn names_come_from_the_path() {
        let cases =
            [("/files/a.pdf", Some("a.pdf")), ("/a%20b.pdf", Some("a b.pdf")), ("/%2e%2e%2fx", Some("x")), ("/", None)];
        for (path, expected) in cases {
            assert_eq!(of_path(path).as_deref(), expected, "{path}");
        }
    }
}
