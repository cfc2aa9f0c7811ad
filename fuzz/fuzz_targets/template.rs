//! Any template with any variables is rendered or refused, without a panic, within its limits; a value is never read as a template.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::limits::TEMPLATE_RENDERED_BYTES_MAX;
use model::template::{TemplateContent, TemplateFormat};
use serde_json::{Map, Value, json};
use templates::{Library, Source, check, partials, render};

/// A name that only the values have. If one were read as a template, this would be missing.
const MARK: &str = "n7f3a9c";
const VALUE: &str = "{{#if}}{{> n7f3a9c}}<i>";

fuzz_target!(|input: (bool, &str, &str)| {
    let (is_mjml, template, partial) = input;
    let format = if is_mjml { TemplateFormat::Mjml } else { TemplateFormat::Html };
    let part = |text: &str| Some(text.to_owned());
    let content = TemplateContent {
        subject: part(template),
        html: part(template),
        text: part(template),
        preview_text: part(partial),
    };
    let source = Source { format, content };
    let _ = (check(&source), partials(&source));
    let other = TemplateContent { html: part(partial), text: part(partial), subject: part(partial), preview_text: part(partial) };
    let other = Source { format: TemplateFormat::Html, content: other };
    let library: Library = [("a".to_owned(), other)].into();
    let variables = json!({ "a": [1, VALUE, { "b": [true, null] }], "b": { "c": VALUE }, "d": VALUE });
    let variables: Map<String, Value> = variables.as_object().cloned().unwrap_or_default();
    match render(&source, &library, variables) {
        Ok(done) => {
            for made in [Some(done.subject), done.html, done.text].into_iter().flatten() {
                // A preview text stands before the HTML, escaped.
                assert!(made.len() <= 8 * TEMPLATE_RENDERED_BYTES_MAX);
            }
        }
        Err(fault) => {
            assert!(template.contains(MARK) || partial.contains(MARK) || !fault.detail.contains(MARK), "{fault}");
        }
    }
});
