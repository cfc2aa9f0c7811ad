//! A whole message from a template: its parts rendered with the same variables, MJML made HTML, styles inlined, a text made of the HTML
//! where the template has none.

use std::collections::{BTreeSet, HashMap};

use model::limits::TEMPLATE_BYTES_MAX;
use model::template::{TemplateContent, TemplateFormat};
use serde_json::{Map, Value};

use crate::fault::{Fault, FaultKind, Part};
use crate::markup;
use crate::parse::{Program, parse};
use crate::render::{self, Programs};

/// The source of a template, and what its HTML is written in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    pub format: TemplateFormat,
    pub content: TemplateContent,
}

/// Other templates by the names they are included by.
pub type Library = HashMap<String, Source>;

/// A message. Where there are faults it lacks the values that are missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rendered {
    pub subject: String,
    pub html: Option<String>,
    /// Made from the HTML where the template has no text.
    pub text: Option<String>,
    /// Variables that are missing or wrong.
    pub faults: Vec<Fault>,
}

impl Source {
    fn parts(&self) -> impl Iterator<Item = (Part, &str)> {
        [
            (Part::Subject, &self.content.subject),
            (Part::PreviewText, &self.content.preview_text),
            (Part::Html, &self.content.html),
            (Part::Text, &self.content.text),
        ]
        .into_iter()
        .filter_map(|(part, source)| Some((part, source.as_deref()?)))
    }

    fn program(&self, part: Part, partial: Option<&str>) -> Result<Option<Program>, Fault> {
        let Some((_, source)) = self.parts().find(|(known, _)| *known == part) else { return Ok(None) };
        // What others include are pieces of HTML, which no MJML document is.
        if part == Part::Html && self.format == TemplateFormat::Mjml {
            let html = markup::mjml(source).map_err(|detail| whole(part, partial, detail))?;
            return parse(&html).map(Some).map_err(|wrong| wrong.in_part(part, partial));
        }
        parse(source).map(Some).map_err(|wrong| wrong.in_part(part, partial))
    }
}

/// A fault of a part as a whole.
fn whole(part: Part, partial: Option<&str>, detail: impl Into<String>) -> Fault {
    Fault {
        kind: FaultKind::Template,
        variable: Vec::new(),
        partial: partial.map(str::to_owned),
        part,
        line: 1,
        column: 1,
        detail: detail.into(),
    }
}

/// What can be said to be wrong with a template before anything is rendered: one fault a part.
pub fn check(source: &Source) -> Vec<Fault> {
    let bytes: usize = source.parts().map(|(_, text)| text.len()).sum();
    if bytes > TEMPLATE_BYTES_MAX {
        let part = source.parts().max_by_key(|(_, text)| text.len()).map_or(Part::Html, |(part, _)| part);
        return vec![whole(
            part,
            None,
            format!("the template has {bytes} bytes; at most {TEMPLATE_BYTES_MAX} are possible"),
        )];
    }
    let wrong = |(part, text): (Part, &str)| {
        if part == Part::Subject && text.contains(char::is_control) {
            return Some(whole(part, None, "a subject is one line without control characters"));
        }
        source.program(part, None).err()
    };
    source.parts().filter_map(wrong).collect()
}

/// The templates it includes by name; none in a part that can't be read.
pub fn partials(source: &Source) -> BTreeSet<String> {
    let programs = source.parts().filter_map(|(_, text)| parse(text).ok());
    programs.flat_map(|program| program.partials).collect()
}

/// Makes a message. Variables that are missing do not end it: they are told together in [`Rendered::faults`].
///
/// # Errors
/// The template or one that it includes can't be read or is not there, or a limit was met.
pub fn render(source: &Source, library: &Library, variables: Map<String, Value>) -> Result<Rendered, Fault> {
    let variables = Value::Object(variables);
    let mut faults: Vec<Fault> = Vec::new();
    let mut part = |part: Part| -> Result<Option<String>, Fault> {
        let Some(program) = source.program(part, None)? else { return Ok(None) };
        let mut others = Programs::new();
        for (name, other) in library {
            others.insert(name.clone(), other.program(part, Some(name))?);
        }
        let done = render::render(part, &program, &others, &variables)?;
        let new = done.faults.into_iter();
        faults.extend(new);
        Ok(Some(done.text))
    };
    let subject = part(Part::Subject)?.unwrap_or_default().trim().to_owned();
    if subject.contains(char::is_control) {
        return Err(whole(Part::Subject, None, "a subject is one line without control characters"));
    }
    let preview_text = part(Part::PreviewText)?;
    let html = part(Part::Html)?;
    let text = part(Part::Text)?;
    let html = match html {
        Some(html) => Some(markup::inline_styles(html).map_err(|detail| whole(Part::Html, None, detail))?),
        None => None,
    };
    let text = text.or_else(|| html.as_deref().map(mail::html::to_text));
    let html = match (html, preview_text) {
        (Some(html), Some(preview)) if !preview.trim().is_empty() => Some(with_preview(&html, preview.trim())),
        (html, _) => html,
    };
    Ok(Rendered { subject, html, text, faults })
}

/// HTML that begins with a text nobody sees but the list of mails.
fn with_preview(html: &str, preview: &str) -> String {
    let escaped = preview.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let hidden = format!("<div style=\"display:none;max-height:0;overflow:hidden\">{escaped}</div>");
    let lower = html.to_ascii_lowercase();
    // Behind whatever of a document's frame there is.
    let end = ["<body", "</head", "<html", "<!doctype"].into_iter().find_map(|tag| {
        let begin = lower.find(tag)?;
        Some(begin + lower.get(begin..)?.find('>')? + 1)
    });
    let (frame, rest) = html.split_at_checked(end.unwrap_or(0)).unwrap_or(("", html));
    format!("{frame}{hidden}{rest}")
}
