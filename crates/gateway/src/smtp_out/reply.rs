//! SMTP replies (RFC 5321 §4.2) and enhanced status codes (RFC 3463) out of bytes. Pure: fed bytes, gives values.
//! Never judges what a reply means for a mail; `classify` does.

use std::fmt;

/// Bytes of one reply line, line end included. RFC 5321 §4.5.3.1.5 says 512; servers exceed it.
pub const LINE_BYTES_MAX: usize = 4 * 1024;
/// Lines of one reply.
pub const LINES_MAX: usize = 128;

/// An enhanced status code such as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnhancedCode {
    pub class: u8,
    pub subject: u16,
    pub detail: u16,
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced code of the first line, if its class fits `code`.
    pub enhanced: Option<EnhancedCode>,
    /// The text of each line as it came, enhanced code included; what is not UTF-8 or not printable is replaced.
    pub lines: Vec<String>,
}

impl Reply {
    pub const fn is_positive(&self) -> bool {
        self.code >= 200 && self.code < 300
    }

    /// 3xx: go on.
    pub const fn is_intermediate(&self) -> bool {
        self.code >= 300 && self.code < 400
    }

    pub const fn is_transient(&self) -> bool {
        self.code >= 400 && self.code < 500
    }

    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }
}

/// The server's own words in one line: `550 5.1.1 no such user`. An enhanced code repeated on each line is shown once.
impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.code)?;
        let repeated = self.enhanced.map(|enhanced| enhanced.to_string());
        for (index, line) in self.lines.iter().enumerate() {
            let again = repeated.as_deref().filter(|_| index > 0).and_then(|code| line.strip_prefix(code));
            let text = again.filter(|rest| rest.is_empty() || rest.starts_with(' ')).unwrap_or(line).trim();
            if !text.is_empty() {
                write!(formatter, " {text}")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("the server sent a line of more than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    #[error("the server sent a reply of more than {LINES_MAX} lines")]
    TooManyLines,
    #[error("what the server sent is not SMTP (a reply begins with a code of three digits from 200 to 599)")]
    NotSmtp,
    #[error("the server changed the code within one reply")]
    CodeChanged,
}

/// Collects bytes until a reply is whole. After an error the stream is of no more use.
#[derive(Debug, Default)]
pub struct ReplyParser {
    buffer: Vec<u8>,
    /// Up to here the buffer was searched for a line end.
    searched: usize,
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyParser {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole reply, if it is all there.
    ///
    /// # Errors
    /// The bytes are not an SMTP reply, or one beyond the limits.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, ReplyError> {
        while let Some(line) = self.next_line()? {
            let (code, is_last, text) = split_line(&line)?;
            if self.code.is_some_and(|earlier| earlier != code) {
                return Err(ReplyError::CodeChanged);
            }
            if self.lines.len() >= LINES_MAX {
                return Err(ReplyError::TooManyLines);
            }
            self.code = Some(code);
            self.lines.push(printable(text));
            if is_last {
                self.code = None;
                let lines = std::mem::take(&mut self.lines);
                let enhanced = lines.first().and_then(|line| parse_enhanced(line, code));
                return Ok(Some(Reply { code, enhanced, lines }));
            }
        }
        Ok(None)
    }

    /// Nothing waits that no reply has been made of. What waits when TLS begins was put there by somebody else.
    pub const fn is_empty(&self) -> bool {
        self.buffer.is_empty() && self.lines.is_empty()
    }

    /// A line without its end: LF, or CRLF.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, ReplyError> {
        let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(found) = memchr::memchr(b'\n', unsearched) else {
            self.searched = self.buffer.len();
            return if self.searched > LINE_BYTES_MAX { Err(ReplyError::LineTooLong) } else { Ok(None) };
        };
        let end = self.searched + found;
        if end > LINE_BYTES_MAX {
            return Err(ReplyError::LineTooLong);
        }
        let rest = self.buffer.split_off(end + 1);
        let mut line = std::mem::replace(&mut self.buffer, rest);
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// `250-text`, `250 text`, or `250` alone.
fn split_line(line: &[u8]) -> Result<(u16, bool, &[u8]), ReplyError> {
    let (digits, rest) = line.split_first_chunk::<3>().ok_or(ReplyError::NotSmtp)?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(ReplyError::NotSmtp);
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    if !(200..600).contains(&code) {
        return Err(ReplyError::NotSmtp);
    }
    match rest.split_first() {
        None => Ok((code, true, rest)),
        Some((b' ', text)) => Ok((code, true, text)),
        Some((b'-', text)) => Ok((code, false, text)),
        Some(_) => Err(ReplyError::NotSmtp),
    }
}

/// Text that can be shown and logged: no control characters.
fn printable(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// RFC 2034 §4: at the beginning of the text, its class that of the code.
fn parse_enhanced(line: &str, code: u16) -> Option<EnhancedCode> {
    let word = line.split(' ').next()?;
    let mut numbers = word.split('.');
    let mut number = |digits_max: usize| {
        let text = numbers.next()?;
        let fits = (1..=digits_max).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse::<u16>().ok() } else { None }
    };
    let (class, subject, detail) = (number(1)?, number(3)?, number(3)?);
    if numbers.next().is_some() || !matches!(class, 2 | 4 | 5) || class != code / 100 {
        return None;
    }
    Some(EnhancedCode { class: u8::try_from(class).ok()?, subject, detail })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Result<Vec<Reply>, ReplyError> {
        let mut parser = ReplyParser::default();
        parser.feed(bytes);
        let mut replies = Vec::new();
        while let Some(reply) = parser.next_reply()? {
            replies.push(reply);
        }
        Ok(replies)
    }

    #[test]
    fn replies_of_one_and_many_lines_are_read() {
        let cases: &[(&[u8], u16, Option<&str>, &str)] = &[
            (b"220 mail.example.org ESMTP\r\n", 220, None, "220 mail.example.org ESMTP"),
            (b"250 2.1.0 Ok\r\n", 250, Some("2.1.0"), "250 2.1.0 Ok"),
            (b"250\r\n", 250, None, "250"),
            (b"250 \r\n", 250, None, "250"),
            (b"250 ok\n", 250, None, "250 ok"),
            (b"550-5.1.1 No such\r\n550 5.1.1 user\r\n", 550, Some("5.1.1"), "550 5.1.1 No such user"),
            (b"550-5.1.1\r\n550-5.1.10 x\r\n550 5.1.1\r\n", 550, Some("5.1.1"), "550 5.1.1 5.1.10 x"),
            (b"554 5.7.1\r\n", 554, Some("5.7.1"), "554 5.7.1"),
            (b"421 4.4.2 x\r\n", 421, Some("4.4.2"), "421 4.4.2 x"),
            (b"550 5.7.520 x\r\n", 550, Some("5.7.520"), "550 5.7.520 x"),
            // The class must fit the code, and the form must be right.
            (b"550 4.1.1 x\r\n", 550, None, "550 4.1.1 x"),
            (b"550 5.1 x\r\n", 550, None, "550 5.1 x"),
            (b"550 5.1.1.1 x\r\n", 550, None, "550 5.1.1.1 x"),
            (b"550 5.1.1000 x\r\n", 550, None, "550 5.1.1000 x"),
            (b"550 5..1 x\r\n", 550, None, "550 5..1 x"),
            (b"550 5.1.+1 x\r\n", 550, None, "550 5.1.+1 x"),
            (b"550 caf\xe9\x00\x1b[31m\r\n", 550, None, "550 caf\u{fffd}  [31m"),
        ];
        for (bytes, code, enhanced, text) in cases {
            let replies = parse(bytes).unwrap();
            assert_eq!(replies.len(), 1, "{text}");
            assert_eq!(replies[0].code, *code, "{text}");
            assert_eq!(replies[0].enhanced.map(|code| code.to_string()).as_deref(), *enhanced, "{text}");
            assert_eq!(replies[0].to_string(), *text);
        }
    }

    #[test]
    fn pipelined_replies_come_apart_in_order() {
        let codes: Vec<_> = parse(b"250 a\r\n550-b\r\n550 c\r\n354 d\r\n25").unwrap().iter().map(|r| r.code).collect();
        assert_eq!(codes, [250, 550, 354]);
    }

    #[test]
    fn what_is_not_a_reply_is_an_error() {
        let cases: &[(&[u8], ReplyError)] = &[
            (b"hello\r\n", ReplyError::NotSmtp),
            (b"\r\n", ReplyError::NotSmtp),
            (b"25\r\n", ReplyError::NotSmtp),
            (b"250x\r\n", ReplyError::NotSmtp),
            (b"150 x\r\n", ReplyError::NotSmtp),
            (b"600 x\r\n", ReplyError::NotSmtp),
            (b"250-a\r\n550 b\r\n", ReplyError::CodeChanged),
            (b"* OK IMAP4rev1\r\n", ReplyError::NotSmtp),
            (b"HTTP/1.1 400 Bad Request\r\n", ReplyError::NotSmtp),
            (b"\x16\x03\x01\x00\n", ReplyError::NotSmtp),
        ];
        for (bytes, expected) in cases {
            assert_eq!(parse(bytes), Err(*expected), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn replies_beyond_the_limits_are_errors_and_not_kept() {
        assert_eq!(parse(&[b'2'; LINE_BYTES_MAX + 1]), Err(ReplyError::LineTooLong));
        let long = [b"250 ".to_vec(), vec![b'x'; LINE_BYTES_MAX], b"\r\n".to_vec()].concat();
        assert_eq!(parse(&long), Err(ReplyError::LineTooLong));
        assert_eq!(parse(&b"250-x\r\n".repeat(LINES_MAX + 1)), Err(ReplyError::TooManyLines));
        let most = [b"250-x\r\n".repeat(LINES_MAX - 1), b"250 x\r\n".to_vec()].concat();
        assert_eq!(parse(&most).unwrap()[0].lines.len(), LINES_MAX);
    }

    proptest! {
        #[test]
        fn nothing_a_server_sends_makes_the_parser_fall(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn where_the_packets_are_cut_changes_nothing(
            lines in proptest::collection::vec("[0-9]{3}[ -][ -~]{0,40}\r\n", 0..8),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let bytes = lines.concat().into_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut parser, mut replies, mut from) = (ReplyParser::default(), Vec::new(), 0);
            let mut result = Ok(());
            for to in cuts.into_iter().chain([bytes.len()]) {
                parser.feed(&bytes[from..to]);
                from = to;
                while result.is_ok() {
                    match parser.next_reply() {
                        Ok(Some(reply)) => replies.push(reply),
                        Ok(None) => break,
                        Err(error) => result = Err(error),
                    }
                }
            }
            match parse(&bytes) {
                Ok(whole) => prop_assert_eq!((result, replies), (Ok(()), whole)),
                Err(error) => prop_assert_eq!(result, Err(error)),
            }
        }

        #[test]
        fn a_reply_reads_as_it_was_written(
            code in 200_u16..600,
            texts in proptest::collection::vec("[!-~]([ -~]{0,60}[!-~])?", 1..10),
        ) {
            let last = texts.len() - 1;
            let line = |(index, text)| format!("{code}{}{text}\r\n", if index == last { ' ' } else { '-' });
            let bytes: String = texts.iter().enumerate().map(line).collect();
            let replies = parse(bytes.as_bytes()).unwrap();
            prop_assert_eq!(replies.len(), 1);
            prop_assert_eq!(&replies[0].lines, &texts);
            prop_assert_eq!(replies[0].code, code);
        }
    }
}
