//! The fields of a head (RFC 5322 §2.2), of a mail or of one of its parts. Owns where each begins and ends, in heads that are
//! broken too; never decodes one.

use std::ops::Range;

/// One field, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'m> {
    /// Without white space before the colon.
    pub name: &'m [u8],
    /// From behind the colon to the end of the last line, line breaks within included.
    pub value: &'m [u8],
}

/// A head.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Head<'m> {
    pub fields: Vec<Field<'m>>,
    /// Lines among the fields that are none.
    pub stray: Vec<Range<usize>>,
    /// Where text begins that stands before the empty line, because somebody forgot one or put a space in it. It goes on
    /// to the body.
    pub text: Option<usize>,
    /// Where the body begins: behind the empty line.
    pub body: usize,
    /// An empty line ends it, as it should.
    pub ended: bool,
}

/// Fields told apart in one head. [`model::limits::HEADER_FIELDS_MAX`] are shown.
const FIELDS_MAX: usize = 10_000;
/// Stray lines remembered.
const STRAY_MAX: usize = 100;

/// Reads the head that begins at `from`. It ends before a line that `stops` it at the latest.
///
/// A line that is no field ends the fields where none follows it: somebody forgot the empty line, and the line is text. Where
/// fields follow it is left out, and named in `stray`.
pub(crate) fn read(raw: &[u8], from: usize, stops: impl Fn(&[u8]) -> bool) -> Head<'_> {
    let mut head = Head { body: raw.len(), ..Head::default() };
    let mut value_start = from;
    let mut astray: Option<(usize, usize)> = None;
    let mut in_text = false;
    let mut at = from;
    while let Some(line) = line(raw, at) {
        let bytes = raw.get(line.clone()).unwrap_or_default();
        at = line.end;
        let blank = bytes.trim_ascii().is_empty();
        let spaces = blank && matches!(bytes, [b' ' | b'\t', ..]) && !head.fields.is_empty();
        if blank && !spaces {
            (head.body, head.ended) = (line.end, true);
            break;
        }
        if bytes.starts_with(b"--") && stops(bytes) {
            head.body = line.start;
            break;
        }
        if in_text {
            continue;
        }
        let folded = matches!(bytes, [b' ' | b'\t', ..]) && astray.is_none();
        let continues = folded || head.fields.last().is_some_and(|field| is_rest_of(field, bytes)) && astray.is_none();
        if spaces && !goes_on(raw.get(line.end..).unwrap_or_default()) {
            // An empty line with a space in it, as some relays and people make them.
            (astray, in_text) = (Some((line.end, head.stray.len())), true);
        } else if let Some(field) = head.fields.last_mut().filter(|_| continues) {
            field.value = raw.get(value_start..line.end).unwrap_or_default();
        } else if let Some((name, colon)) = field_name(bytes).filter(|_| head.fields.len() < FIELDS_MAX) {
            astray = None;
            value_start = line.start + colon + 1;
            head.fields.push(Field { name, value: raw.get(value_start..line.end).unwrap_or_default() });
        } else {
            astray.get_or_insert((line.start, head.stray.len()));
            if head.stray.len() < STRAY_MAX {
                head.stray.push(line);
            }
        }
    }
    if let Some((start, count)) = astray {
        head.stray.truncate(count);
        if head.ended { head.text = Some(start) } else { head.body = start }
    }
    head
}

/// Whether a line goes on with a field although white space is missing before it: the field ends where a list or a parameter
/// is to follow, and the line begins no field.
fn is_rest_of(field: &Field<'_>, line: &[u8]) -> bool {
    matches!(field.value.trim_ascii_end(), [.., b';' | b','])
        && field_name(line).is_none_or(|(name, _)| name.iter().any(|byte| matches!(byte, b'=' | b'"' | b'<' | b'@')))
}

/// A head goes on behind a line of spaces (RFC 5322 §4.2): with a continuation line or with a field.
fn goes_on(raw: &[u8]) -> bool {
    match raw.first() {
        Some(b' ' | b'\t') => {
            line(raw, 0).is_some_and(|line| !raw.get(line).unwrap_or_default().trim_ascii().is_empty())
        }
        Some(b'\r' | b'\n') => true,
        _ => begins(raw),
    }
}

/// The line that begins at `at`, its end included.
pub(crate) fn line(raw: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = raw.get(at..).filter(|rest| !rest.is_empty())?;
    Some(at..memchr::memchr(b'\n', rest).map_or(raw.len(), |newline| at + newline + 1))
}

/// The name of the field a line begins, and where its colon is. White space before the colon was allowed once (RFC 5322
/// §4.5), white space within a name never was: such lines are text. NUL bytes
/// are of no meaning anywhere.
fn field_name(line: &[u8]) -> Option<(&[u8], usize)> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    let valid = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        && name.iter().all(|byte| (*byte > b' ' || *byte == 0) && *byte != 0x7f);
    valid.then_some((name, colon))
}

/// Bytes of a field's name. None is longer than a line (RFC 5322 §2.1.1).
const NAME_BYTES_MAX: usize = 998;

/// The line an mbox puts before each mail, which some relays keep.
pub(crate) fn is_mbox_line(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// Whether a field begins here.
pub(crate) fn begins(raw: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', raw).unwrap_or(raw.len());
    field_name(raw.get(..end).unwrap_or_default()).is_some()
}
