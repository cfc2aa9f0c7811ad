//! Command lines (RFC 5321 §4.1.1, RFC 3030, RFC 3207). Owns their syntax; never answers, never keeps state.

use super::path::{self, Path, PathError};

/// One command, as the client meant it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Helo(&'a str),
    Ehlo(&'a str),
    Mail(MailParameters),
    Rcpt(Path),
    Data,
    Bdat {
        bytes: u64,
        last: bool,
    },
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
    StartTls,
    /// RFC 4954, with the first answer if there is one.
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
    /// Known to SMTP, not offered here.
    Unoffered,
    /// A browser or a proxy talked into speaking to us.
    Http,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailParameters {
    pub(crate) from: Path,
    /// RFC 1870 `SIZE=`, bytes.
    pub(crate) size: Option<u64>,
    /// RFC 6531.
    pub(crate) smtputf8: bool,
}

/// A line that is no command: the whole reply to it.
pub(crate) type SyntaxError = &'static str;

const BAD_LINE: SyntaxError = "500 5.5.2 command not recognised";
const BAD_ARGUMENT: SyntaxError = "501 5.5.4 syntax error in the argument";
const BAD_PARAMETER: SyntaxError = "555 5.5.4 parameter not recognised or not offered";

/// `line` without its CRLF.
pub(crate) fn parse(line: &[u8]) -> Result<Command<'_>, SyntaxError> {
    let line = std::str::from_utf8(line).map_err(|_| "500 5.5.2 the command is not UTF-8")?;
    if line.chars().any(char::is_control) {
        return Err("500 5.5.2 control characters in a command");
    }
    let line = line.trim_end_matches(' ');
    let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
    let argument = argument.trim_start_matches(' ');
    let mut upper = [0_u8; 8];
    let Some(upper) = upper.get_mut(..verb.len()) else { return Err(BAD_LINE) };
    upper.copy_from_slice(verb.as_bytes());
    upper.make_ascii_uppercase();
    match &*upper {
        b"MAIL" => mail(argument),
        b"RCPT" => rcpt(argument),
        b"EHLO" => Ok(Command::Ehlo(host(argument)?)),
        b"HELO" => Ok(Command::Helo(host(argument)?)),
        b"BDAT" => bdat(argument),
        b"NOOP" => Ok(Command::Noop),
        b"VRFY" => Ok(Command::Vrfy),
        b"HELP" => Ok(Command::Help),
        b"AUTH" => auth(argument),
        b"DATA" => bare(argument, Command::Data),
        b"RSET" => bare(argument, Command::Rset),
        b"QUIT" => bare(argument, Command::Quit),
        b"STARTTLS" => bare(argument, Command::StartTls),
        b"EXPN" | b"ETRN" | b"TURN" | b"ATRN" | b"SEND" | b"SOML" | b"SAML" | b"BURL" | b"LHLO" => {
            Ok(Command::Unoffered)
        }
        b"GET" | b"POST" | b"PUT" | b"HEAD" | b"OPTIONS" | b"CONNECT" | b"HOST:" => Ok(Command::Http),
        _ => Err(BAD_LINE),
    }
}

fn auth(argument: &str) -> Result<Command<'_>, SyntaxError> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => Ok(Command::Auth { mechanism, initial }),
        _ => Err("501 5.5.4 AUTH takes a mechanism and at most one answer"),
    }
}

fn bare<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, SyntaxError> {
    if argument.is_empty() { Ok(command) } else { Err("501 5.5.4 this command takes no argument") }
}

/// The name in EHLO/HELO goes into the trace field, so only what a name or an address literal is made of may pass.
fn host(argument: &str) -> Result<&str, SyntaxError> {
    let valid = !argument.is_empty()
        && argument.len() <= super::limits::DOMAIN_BYTES_MAX
        && argument
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']'));
    if valid { Ok(argument) } else { Err("501 5.5.4 say your host name or [address]") }
}

fn bdat<'a>(argument: &str) -> Result<Command<'a>, SyntaxError> {
    let (size, last) = argument.split_once(' ').unwrap_or((argument, ""));
    let last = match last.trim() {
        "" => false,
        word if word.eq_ignore_ascii_case("LAST") => true,
        _ => return Err(BAD_ARGUMENT),
    };
    Ok(Command::Bdat { bytes: number(size).ok_or(BAD_ARGUMENT)?, last })
}

/// Digits only: `+1` is not a number here.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The path after `FROM:` or `TO:`. A space after the colon is wrong but common.
fn path_after<'a>(keyword: &str, argument: &'a str, bad: SyntaxError) -> Result<(Path, &'a str), SyntaxError> {
    let given = argument.get(..keyword.len()).ok_or(BAD_ARGUMENT)?;
    if !given.eq_ignore_ascii_case(keyword) {
        return Err(BAD_ARGUMENT);
    }
    let text = argument.get(keyword.len()..).unwrap_or_default().trim_start_matches(' ');
    let (path, rest) = path::parse(text).map_err(|error| match error {
        PathError::Syntax => bad,
        PathError::LocalPartTooLong => "553 5.1.3 the local part is longer than 64 octets",
        PathError::DomainTooLong => "553 5.1.3 the domain is longer than 255 octets",
        PathError::PathTooLong => "553 5.1.3 the path is longer than 256 octets",
    })?;
    if rest.is_empty() || rest.starts_with(' ') { Ok((path, rest)) } else { Err(bad) }
}

fn mail<'a>(argument: &str) -> Result<Command<'a>, SyntaxError> {
    const BAD_FROM: SyntaxError = "501 5.1.7 syntax error in the sender address: MAIL FROM:<name@domain>";
    let (from, rest) = path_after("FROM:", argument, BAD_FROM)?;
    if from == Path::Postmaster {
        return Err(BAD_FROM);
    }
    let mut parameters = MailParameters { from, size: None, smtputf8: false };
    for word in rest.split(' ').filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        if name.eq_ignore_ascii_case("SIZE") {
            parameters.size = Some(number(value).ok_or("501 5.5.4 SIZE takes a number of bytes")?);
        } else if name.eq_ignore_ascii_case("BODY") {
            let known = value.eq_ignore_ascii_case("7BIT") || value.eq_ignore_ascii_case("8BITMIME");
            if !known {
                return Err("501 5.5.4 BODY is 7BIT or 8BITMIME here");
            }
        } else if name.eq_ignore_ascii_case("SMTPUTF8") && value.is_empty() {
            parameters.smtputf8 = true;
        } else {
            return Err(BAD_PARAMETER);
        }
    }
    if !parameters.smtputf8 && !parameters.from.is_ascii() {
        return Err("553 5.6.7 an address beyond ASCII needs SMTPUTF8");
    }
    Ok(Command::Mail(parameters))
}

fn rcpt<'a>(argument: &str) -> Result<Command<'a>, SyntaxError> {
    const BAD_TO: SyntaxError = "501 5.1.3 syntax error in the recipient address: RCPT TO:<name@domain>";
    let (to, rest) = path_after("TO:", argument, BAD_TO)?;
    if to == Path::Null {
        return Err(BAD_TO);
    }
    if rest.trim().is_empty() { Ok(Command::Rcpt(to)) } else { Err(BAD_PARAMETER) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_in_any_case() {
        let a = || Path::Mailbox("a@b.test".into());
        let mail = |size, smtputf8| Command::Mail(MailParameters { from: a(), size, smtputf8 });
        let cases: [(&str, Command<'_>); 17] = [
            ("EHLO mx.test", Command::Ehlo("mx.test")),
            ("helo [192.0.2.1]", Command::Helo("[192.0.2.1]")),
            ("EHLO [IPv6:::1]", Command::Ehlo("[IPv6:::1]")),
            ("MAIL FROM:<a@b.test>", mail(None, false)),
            ("mail from: <a@b.test> size=12 BODY=8bitmime smtputf8", mail(Some(12), true)),
            ("RCPT TO:<a@b.test>", Command::Rcpt(a())),
            ("rcpt to:<postmaster> ", Command::Rcpt(Path::Postmaster)),
            ("DATA", Command::Data),
            ("BDAT 12", Command::Bdat { bytes: 12, last: false }),
            ("bdat 0 last", Command::Bdat { bytes: 0, last: true }),
            ("RSET", Command::Rset),
            ("NOOP whatever", Command::Noop),
            ("VRFY someone", Command::Vrfy),
            ("EXPN list", Command::Unoffered),
            ("StartTLS", Command::StartTls),
            ("AUTH PLAIN AAAA", Command::Auth { mechanism: "PLAIN", initial: Some("AAAA") }),
            ("GET / HTTP/1.1", Command::Http),
        ];
        for (line, command) in cases {
            assert_eq!(parse(line.as_bytes()), Ok(command), "{line}");
        }
    }

    #[test]
    fn broken_commands_get_the_code_that_says_why() {
        let cases: [(&[u8], &str); 18] = [
            (b"", "500"),
            (b"MAILFROM:<a@b.test>", "500"),
            (b"NOOP\0", "500"),
            (b"NO\rOP", "500"),
            (b"NOOP \xff", "500"),
            (b"EHLO", "501"),
            (b"EHLO (evil)", "501"),
            (b"MAIL <a@b.test>", "501"),
            (b"MAIL FROM:a@b.test", "501"),
            (b"MAIL FROM:<a@b.test>SIZE=1", "501"),
            (b"MAIL FROM:<a@b.test> SIZE=x", "501"),
            (b"MAIL FROM:<a@b.test> BODY=BINARYMIME", "501"),
            (b"MAIL FROM:<a@b.test> RET=FULL", "555"),
            ("MAIL FROM:<\u{e4}@b.test>".as_bytes(), "553"),
            (b"RCPT TO:<>", "501"),
            (b"RCPT TO:<a@b.test> NOTIFY=NEVER", "555"),
            (b"DATA now", "501"),
            (b"BDAT -1", "501"),
        ];
        for (line, code) in cases {
            let reply = parse(line).expect_err(&String::from_utf8_lossy(line));
            assert!(reply.starts_with(code), "{:?}: {reply}", String::from_utf8_lossy(line));
        }
    }
}
