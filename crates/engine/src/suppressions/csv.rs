//! Comma-separated values (RFC 4180), as rows with the line each begins on. Pure; knows nothing of what the values mean.

/// Fields of one row, and bytes of one field; more is no list of addresses.
const FIELDS_MAX: usize = 32;
const FIELD_BYTES_MAX: usize = 4 * 1024;

/// A row and the line it begins on, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvRow {
    pub line: usize,
    pub fields: Result<Vec<String>, CsvFault>,
}

/// What makes a row unreadable. Reading goes on behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CsvFault {
    #[error("more than {FIELDS_MAX} fields")]
    TooManyFields,
    #[error("a field of more than {FIELD_BYTES_MAX} bytes")]
    FieldTooLong,
    #[error("a quoted field that never ends")]
    Unclosed,
    #[error("text behind the closing quote of a field")]
    BehindQuote,
}

/// The rows of a text, empty lines left out. Quotes within a quoted field are doubled; a byte order mark is no part of it.
pub fn read_csv(text: &str) -> impl Iterator<Item = CsvRow> + '_ {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Rows { rest: text, line: 1 }
}

struct Rows<'t> {
    rest: &'t str,
    line: usize,
}

impl Iterator for Rows<'_> {
    type Item = CsvRow;

    fn next(&mut self) -> Option<CsvRow> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let line = self.line;
            let fields = self.row();
            let is_empty = matches!(&fields, Ok(fields) if fields.iter().all(|field| field.trim().is_empty()));
            if !is_empty {
                return Some(CsvRow { line, fields });
            }
        }
    }
}

impl Rows<'_> {
    fn row(&mut self) -> Result<Vec<String>, CsvFault> {
        let mut fields = Vec::new();
        let mut fault = None;
        loop {
            let (field, ended_row) = match self.field() {
                Ok(found) => found,
                Err(found) => {
                    self.skip_line();
                    return Err(found);
                }
            };
            if fields.len() == FIELDS_MAX {
                fault = Some(CsvFault::TooManyFields);
            } else if field.len() > FIELD_BYTES_MAX {
                fault = fault.or(Some(CsvFault::FieldTooLong));
            } else {
                fields.push(field);
            }
            if ended_row {
                return fault.map_or(Ok(fields), Err);
            }
        }
    }

    /// One field, and whether the row ends behind it.
    fn field(&mut self) -> Result<(String, bool), CsvFault> {
        if let Some(inside) = self.rest.strip_prefix('"') {
            let (field, behind) = quoted(inside).ok_or(CsvFault::Unclosed)?;
            self.line += field.matches('\n').count();
            self.rest = behind;
            return match self.separator() {
                Some(ended_row) => Ok((field, ended_row)),
                None => Err(CsvFault::BehindQuote),
            };
        }
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (field, behind) = self.rest.split_at(end);
        let field = if behind.starts_with(',') { field } else { field.strip_suffix('\r').unwrap_or(field) };
        self.rest = behind;
        Ok((field.to_owned(), self.separator().unwrap_or(true)))
    }

    /// Goes over what ends a field; whether it ends the row, or `None` where something else stands there.
    fn separator(&mut self) -> Option<bool> {
        if let Some(rest) = self.rest.strip_prefix(',') {
            self.rest = rest;
            return Some(false);
        }
        if let Some(rest) = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix('\n')) {
            self.rest = rest;
            self.line += 1;
            return Some(true);
        }
        (self.rest.is_empty() || self.rest == "\r").then(|| {
            self.rest = "";
            true
        })
    }

    fn skip_line(&mut self) {
        match self.rest.split_once('\n') {
            Some((_, rest)) => {
                self.rest = rest;
                self.line += 1;
            }
            None => self.rest = "",
        }
    }
}

/// The value of a quoted field, and what stands behind its closing quote.
fn quoted(inside: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = inside;
    loop {
        let (before, behind) = rest.split_once('"')?;
        field.push_str(before);
        match behind.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Some((field, behind)),
        }
    }
}

/// One row as it is read again.
pub fn write_csv_row(out: &mut String, fields: &[&str]) {
    for (place, field) in fields.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(field);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(usize, Result<Vec<String>, CsvFault>)> {
        read_csv(text).map(|row| (row.line, row.fields)).collect()
    }

    fn row(line: usize, fields: &[&str]) -> (usize, Result<Vec<String>, CsvFault>) {
        (line, Ok(fields.iter().map(|field| (*field).to_owned()).collect()))
    }

    #[test]
    fn rows_are_read_with_their_lines() {
        assert_eq!(rows("\u{feff}a,b\r\n1,2"), [row(1, &["a", "b"]), row(2, &["1", "2"])]);
        assert_eq!(rows("a\n\n , \nb\n"), [row(1, &["a"]), row(4, &["b"])]);
        assert_eq!(rows("\"a\nb\",\"c\"\"d\"\ne,\n"), [row(1, &["a\nb", "c\"d"]), row(3, &["e", ""])]);
        assert_eq!(rows("\"x\"y\nz\r"), [(1, Err(CsvFault::BehindQuote)), row(2, &["z"])]);
        assert_eq!(rows("a\n\"open\nb"), [row(1, &["a"]), (2, Err(CsvFault::Unclosed)), row(3, &["b"])]);
        assert_eq!(rows(&",".repeat(40)), [(1, Err(CsvFault::TooManyFields))]);
        assert_eq!(rows(&"x".repeat(5_000)), [(1, Err(CsvFault::FieldTooLong))]);
        assert_eq!(rows(""), []);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let fields = ["plain", "", "a,b", "say \"hi\"", "two\r\nlines", " blank "];
        let mut text = String::new();
        write_csv_row(&mut text, &fields);
        write_csv_row(&mut text, &["next"]);
        assert_eq!(rows(&text), [row(1, &fields), row(3, &["next"])]);
    }
}
