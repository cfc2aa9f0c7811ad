//! Properties: whatever the variables are, they stay values; whatever the template is, nothing panics.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use html5gum::{Token, Tokenizer};
use model::template::{TemplateContent as Content, TemplateFormat};
use postroom_templates::{Library, Source, check, render};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const PLACES: &str =
    "<p title=\"a {{v}} b\" lang='{{v}}'>x {{v}} y</p><a href={{v}} id=i>t</a><i {{v}} q=1></i><!-- {{v}} --><b>z</b>";
const STYLED: &str = "<html><head><style>p{color:red}</style></head><body><p title=\"{{v}}\">x {{v}} y</p><a href={{v}}>t</a></body></html>";

fn of(content: Content) -> Source {
    Source { format: TemplateFormat::Html, content }
}

fn html(source: &str, value: &str) -> String {
    let content = of(Content { html: Some(source.into()), ..Content::default() });
    let variables: Map<String, Value> = [("v".to_owned(), json!(value))].into_iter().collect();
    let done = render(&content, &Library::new(), variables).expect("renders");
    assert_eq!(done.faults, []);
    done.html.expect("an html")
}

/// Elements and comments in their order, with the attributes of those that were not given a name by the value.
fn shape(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let attributes = if name == "i" { 0 } else { tag.attributes.len() };
                found.push(format!("<{name} {attributes}>"));
            }
            Token::EndTag(tag) => found.push(format!("</{}>", String::from_utf8_lossy(&tag.name))),
            Token::Comment(_) => found.push("<!---->".into()),
            _ => {}
        }
    }
    found
}

/// The value of an attribute, and of the text of the element.
fn attribute(html: &str, element: &str, name: &str) -> Option<String> {
    Tokenizer::new(html).find_map(|Ok(token)| match token {
        Token::StartTag(tag) if *tag.name == *element.as_bytes() => tag
            .attributes
            .iter()
            .find(|(key, _)| ***key == *name.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned()),
        _ => None,
    })
}

fn value() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<script>".to_owned()),
        Just("\"".into()),
        Just("'".into()),
        Just(">".into()),
        Just("--".into()),
        Just("{{v}}".into()),
        Just("{{#each".into()),
        Just("=".into()),
        Just(" onload=x ".into()),
        Just("/".into()),
        Just("&quot;".into()),
        Just("</p>".into()),
        Just("</style><b>".into()),
        Just("<!--".into()),
        Just("\n".into()),
        "[ -~]{0,6}",
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn values_never_leave_their_place_in_html(value in value()) {
        let plain = shape(&html(PLACES, "v"));
        let made = html(PLACES, &value);
        prop_assert_eq!(shape(&made), plain, "{}", made);
        prop_assert_eq!(attribute(&made, "p", "lang"), Some(value.clone()));
        prop_assert_eq!(attribute(&made, "a", "href"), Some(value));
    }

    #[test]
    fn values_stay_in_their_place_when_styles_are_inlined(value in value()) {
        let plain = shape(&html(STYLED, "v"));
        let made = html(STYLED, &value);
        prop_assert_eq!(shape(&made), plain, "{}", made);
        prop_assert_eq!(attribute(&made, "p", "title"), Some(value.clone()));
        prop_assert_eq!(attribute(&made, "a", "href"), Some(value));
    }

    #[test]
    fn values_are_never_read_as_templates(value in value()) {
        let content = of(Content { text: Some("[{{v}}{{{v}}}{{> p}}]".into()), ..Content::default() });
        let partial = of(Content { text: Some("({{v}})".into()), ..Content::default() });
        let library: Library = [("p".to_owned(), partial)].into();
        let variables: Map<String, Value> = [("v".to_owned(), json!(value))].into_iter().collect();
        let done = render(&content, &library, variables).expect("renders");
        prop_assert_eq!(done.text, Some(format!("[{value}{value}({value})]")));
    }

    #[test]
    fn no_template_panics(pieces in proptest::collection::vec(piece_of_template(), 0..24), mjml in any::<bool>()) {
        let source = pieces.concat();
        let format = if mjml { TemplateFormat::Mjml } else { TemplateFormat::Html };
        let content = Source { format, content: Content { subject: Some(source.clone()), html: Some(source.clone()), text: Some(source), ..Content::default() } };
        let _ = check(&content);
        let library: Library = [("a".to_owned(), content.clone())].into();
        let variables = json!({"a": [1, "x", {"b": [true, null]}], "b": {"c": "d"}});
        let _ = render(&content, &library, variables.as_object().cloned().unwrap_or_default());
    }
}

fn piece_of_template() -> impl Strategy<Value = String> {
    let known = [
        "{{a}}",
        "{{#if a}}",
        "{{/if}}",
        "{{else}}",
        "{{#each a}}",
        "{{/each}}",
        "{{> a}}",
        "{{#> a}}",
        "{{/a}}",
        "{{b.c}}",
        "{{../a}}",
        "{{~",
        "~}}",
        "{{{",
        "}}}",
        "{{",
        "}}",
        "{{#*inline \"a\"}}",
        "{{/inline}}",
        "{{> @partial-block}}",
        "(eq a 1)",
        "as |x|",
        "@index",
        "\\",
        "\n",
        "<style>a{b:c}</style>",
        "<p>",
        "<mjml>",
        "<mj-body>",
        "</mj-body></mjml>",
        "<mj-text>",
        "\"",
        "=",
        "[",
        "é",
        "{{!--",
        "--}}",
    ];
    prop_oneof![8 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,5}"]
}
