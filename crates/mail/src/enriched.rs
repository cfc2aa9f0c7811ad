//! text/enriched (RFC 1896) and its forerunner text/richtext (RFC 1341 §7.1.3) to text. Owns their commands and line breaks;
//! never keeps how anything looks.

/// The words of a text/enriched part, or of a text/richtext one if `rich`.
pub(crate) fn to_text(source: &str, rich: bool) -> String {
    let mut writer = Writer { out: String::with_capacity(source.len()), breaks: 0, hidden: 0, unfilled: 0, rich };
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            '<' if !rich && tail.starts_with('<') => {
                writer.text('<');
                tail.get(1..).unwrap_or_default()
            }
            '<' => match command(tail) {
                Some((name, tail)) => {
                    writer.command(&name.to_ascii_lowercase());
                    tail
                }
                None => {
                    writer.text('<');
                    tail
                }
            },
            '\r' => tail,
            '\n' => {
                writer.line_break();
                tail
            }
            c => {
                writer.text(c);
                tail
            }
        };
    }
    writer.out
}

/// Characters of a command's name (RFC 1896), with the slash before it.
const COMMAND_CHARS_MAX: usize = 61;

/// The name of the command that begins here, and what follows it.
fn command(text: &str) -> Option<(&str, &str)> {
    let window = text.get(..text.floor_char_boundary(COMMAND_CHARS_MAX + 1))?;
    let (name, _) = window.split_once('>')?;
    let plain = name.strip_prefix('/').unwrap_or(name);
    let valid = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    valid.then(|| (name, text.get(name.len() + 1..).unwrap_or_default()))
}

struct Writer {
    out: String,
    /// Line breaks in a row.
    breaks: usize,
    /// Open commands whose content is no text.
    hidden: usize,
    /// Open `<nofill>`.
    unfilled: usize,
    rich: bool,
}

impl Writer {
    fn text(&mut self, c: char) {
        if self.hidden == 0 {
            self.breaks = 0;
            self.out.push(c);
        }
    }

    /// A single line break is a space, and of several in a row one counts for nothing (RFC 1896); in the forerunner all are spaces.
    fn line_break(&mut self) {
        if self.hidden > 0 {
            return;
        }
        self.breaks += 1;
        if self.unfilled > 0 {
            self.out.push('\n');
        } else if self.rich || self.breaks == 1 {
            if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                self.out.push(' ');
            }
        } else {
            if self.breaks == 2 && self.out.ends_with(' ') {
                self.out.pop();
            }
            self.out.push('\n');
        }
    }

    fn command(&mut self, name: &str) {
        match (name, self.rich) {
            ("param", false) | ("comment", true) => self.hidden += 1,
            ("/param", false) | ("/comment", true) => self.hidden = self.hidden.saturating_sub(1),
            ("nofill" | "verbatim", false) => self.unfilled += 1,
            ("/nofill" | "/verbatim", false) => self.unfilled = self.unfilled.saturating_sub(1),
            ("lt", true) => self.text('<'),
            ("nl" | "np" | "paragraph" | "/paragraph", true) if self.hidden == 0 => {
                while self.out.ends_with(' ') {
                    self.out.pop();
                }
                self.out.push('\n');
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enriched_text_is_told_without_its_commands() {
        for (written, said) in [
            ("<bold>Now</bold> is the\r\ntime.\r\n\r\nNext\r\n\r\n\r\nlast\r\n", "Now is the time.\nNext\n\nlast "),
            ("<color><param>red</param>a</color> << b > c", "a < b > c"),
            ("<nofill>a\r\nb</nofill>", "a\nb"),
            ("1 < 2 and <i love you>", "1 < 2 and <i love you>"),
        ] {
            assert_eq!(to_text(written, false), said, "{written:?}");
        }
        for (written, said) in [
            (
                "This is <bold>four</bold>\r\n<smaller>lines</smaller><nl>\r\n<nl>\r\nof it<lt>",
                "This is four lines\n\nof it<",
            ),
            ("a<comment>b</comment>c", "ac"),
        ] {
            assert_eq!(to_text(written, true), said, "{written:?}");
        }
    }
}
