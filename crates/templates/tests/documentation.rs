//! The examples of docs/TEMPLATES.md come to what the page says: a block `handlebars`, a block `json`, a block `text`.

use model::template::{TemplateContent, TemplateFormat};
use postroom_templates::{Library, Source, render};
use serde_json::{Map, Value};

const PAGE: &str = include_str!("../../../docs/TEMPLATES.md");

/// Fenced blocks: their language and what is in them.
fn blocks(page: &str) -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), None::<(String, String)>);
    for line in page.lines() {
        match open.take() {
            None => open = line.strip_prefix("```").map(|language| (language.trim().to_owned(), String::new())),
            Some(block) if line == "```" => found.push(block),
            Some((language, text)) => open = Some((language, text + line + "\n")),
        }
    }
    found
}

fn source(text: &str, is_html: bool) -> Source {
    let part = Some(text.to_owned());
    let content = match is_html {
        true => TemplateContent { html: part, ..TemplateContent::default() },
        false => TemplateContent { text: part, ..TemplateContent::default() },
    };
    Source { format: TemplateFormat::Html, content }
}

#[test]
fn every_example_comes_to_what_the_page_says() {
    let blocks = blocks(PAGE);
    let named = |(language, text): &(String, String)| {
        ["layout", "footer"].contains(&language.as_str()).then(|| (language.clone(), source(text.trim_end(), false)))
    };
    let library: Library = blocks.iter().filter_map(named).collect();
    assert_eq!(library.len(), 2);
    let mut examples = 0;
    for example in blocks.windows(3) {
        let [(language, template), (_, variables), (_, expected)] = example else { continue };
        if !language.starts_with("handlebars") {
            continue;
        }
        examples += 1;
        let variables: Map<String, Value> = serde_json::from_str(variables).expect("variables in a block `json`");
        let is_html = language.ends_with("html");
        let done = render(&source(template, is_html), &library, variables)
            .unwrap_or_else(|fault| panic!("{template}: {fault}"));
        assert_eq!(done.faults, [], "{template}");
        let made = if is_html { done.html } else { done.text };
        assert_eq!(made.as_deref(), Some(expected.as_str()), "{template}");
    }
    assert!(examples >= 5, "only {examples} examples were found");
}
