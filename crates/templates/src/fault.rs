//! What is wrong with a template, or with the variables it was given, and where.

use std::fmt;

/// A part of a message that a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Subject,
    Html,
    Text,
    PreviewText,
}

impl Part {
    /// As the API calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Html => "html",
            Self::Text => "text",
            Self::PreviewText => "previewText",
        }
    }
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// A variable that the template shows was not given.
    Missing,
    /// A variable is not what the template can show there.
    WrongValue,
    /// The template itself.
    Template,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The variable's names from the outermost on (`["items", "0", "price"]`); empty where no variable is at fault.
    pub variable: Vec<String>,
    /// The template it is in, where that is a partial.
    pub partial: Option<String>,
    pub part: Part,
    /// Counted from 1.
    pub line: u32,
    /// In characters, counted from 1.
    pub column: u32,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({}", self.detail, self.part.as_str())?;
        if let Some(partial) = &self.partial {
            write!(formatter, " of {partial}")?;
        }
        write!(formatter, ", line {}, column {})", self.line, self.column)
    }
}

/// Where a tag begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub line: u32,
    pub column: u32,
}

/// What the parser finds wrong, before it is known which part it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unparsable {
    pub at: Place,
    pub detail: String,
}

impl Unparsable {
    pub fn new(at: Place, detail: impl Into<String>) -> Self {
        Self { at, detail: detail.into() }
    }

    pub fn in_part(self, part: Part, partial: Option<&str>) -> Fault {
        Fault {
            kind: FaultKind::Template,
            variable: Vec::new(),
            partial: partial.map(str::to_owned),
            part,
            line: self.at.line,
            column: self.at.column,
            detail: self.detail,
        }
    }
}
