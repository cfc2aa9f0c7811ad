//! The language as a table: what a template and variables come to, what is told of those that are wrong, and where limits are.

#![expect(clippy::type_complexity, reason = "tables have wide rows")]

use model::limits::{TEMPLATE_BYTES_MAX, TEMPLATE_RENDERED_BYTES_MAX};
use model::template::{TemplateContent as Content, TemplateFormat};
use postroom_templates::{Fault, FaultKind, Library, Part, Rendered, Source, check, partials, render};
use serde_json::{Map, Value, json};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn of(content: Content) -> Source {
    Source { format: TemplateFormat::Html, content }
}

fn text_only(source: &str) -> Source {
    of(Content { text: Some(source.into()), ..Content::default() })
}

fn html_only(source: &str) -> Source {
    of(Content { html: Some(source.into()), ..Content::default() })
}

fn mjml(source: &str) -> Source {
    Source { format: TemplateFormat::Mjml, ..html_only(source) }
}

fn rendered_with(source: &str, library: &[(&str, &str)], variables: Value) -> Result<Rendered, Fault> {
    let library: Library = library.iter().map(|(name, source)| ((*name).to_owned(), text_only(source))).collect();
    render(&text_only(source), &library, map(variables))
}

/// The text, of a template without faults.
fn text(source: &str, library: &[(&str, &str)], variables: Value) -> String {
    let done = rendered_with(source, library, variables).unwrap_or_else(|fault| panic!("{source}: {fault}"));
    assert!(done.faults.is_empty(), "{source}: {:?}", done.faults);
    done.text.unwrap_or_default()
}

#[test]
fn what_handlebars_says_is_what_comes_out() {
    let variables = json!({
        "name": "Ann", "n": 3, "yes": true, "no": false, "nothing": null, "empty": "", "none": [],
        "user": {"name": "Bert", "tags": ["x", "y"]}, "first-name": "Ida",
        "items": [{"title": "A", "price": 1.5}, {"title": "B", "price": 2}],
    });
    let cases = [
        ("Hi {{name}}, {{user.name}}, {{first-name}}!", "Hi Ann, Bert, Ida!"),
        ("{{n}} {{yes}} {{no}} [{{nothing}}]", "3 true false []"),
        ("{{{name}}}{{&name}}", "AnnAnn"),
        ("{{! not shown }}{{!-- {{name}} --}}x", "x"),
        ("\\{{name}}", "{{name}}"),
        ("{{#if yes}}a{{else}}b{{/if}}{{#if no}}a{{else}}b{{/if}}", "ab"),
        ("{{#if unknown}}a{{else}}b{{/if}}", "b"),
        ("{{#unless no}}a{{/unless}}{{^if no}}b{{/if}}{{^no}}c{{/no}}", "abc"),
        ("{{#if no}}a{{else if n}}b{{else}}c{{/if}}", "b"),
        ("{{#if empty}}a{{/if}}{{#if none}}b{{/if}}{{#if user}}c{{/if}}", "c"),
        ("{{#each items}}{{title}}:{{price}} {{/each}}", "A:1.5 B:2 "),
        ("{{#each items}}{{@index}}{{#if @first}}f{{/if}}{{#unless @last}},{{/unless}}{{/each}}", "0f,1"),
        ("{{#each user.tags}}{{this}}{{.}}{{/each}}", "xxyy"),
        ("{{#each user.tags as |tag at|}}{{at}}{{tag}}{{/each}}", "0x1y"),
        ("{{#each user}}{{@key}} {{/each}}", "name tags "),
        ("{{#each none}}a{{else}}b{{/each}}{{#each unknown}}a{{else}}b{{/each}}", "bb"),
        (
            "{{#each items}}{{../name}}{{#each ../user.tags}}{{../title}}{{../../n}}{{/each}} {{/each}}",
            "AnnA3A3 AnnB3B3 ",
        ),
        ("{{#with user}}{{name}}{{@root.name}}{{../name}}{{/with}}", "BertAnnAnn"),
        ("{{#with user as |u|}}{{u.name}}{{/with}}", "Bert"),
        (
            "{{#items}}{{title}}{{/items}}{{#user}}{{name}}{{/user}}{{#yes}}{{name}}{{/yes}}{{#none}}x{{/none}}",
            "ABBertAnn",
        ),
        ("{{items.[1].title}}{{items.0.title}}{{user/name}}{{[first-name]}}", "BABertIda"),
        ("{{#with (lookup items 1)}}{{title}}{{/with}}{{lookup user \"name\"}}", "BBert"),
        ("{{default unknown \"you\"}} {{default name \"you\"}}", "you Ann"),
        (
            "{{#if (eq n 3)}}a{{/if}}{{#if (ne name 'Ann')}}b{{/if}}{{#if (gt n 2)}}c{{/if}}{{#if (lte n 2)}}d{{/if}}",
            "ac",
        ),
        ("{{#if (and yes n)}}a{{/if}}{{#if (or no unknown)}}b{{/if}}{{#if (not no)}}c{{/if}}{{len items}}", "ac2"),
        ("a\n{{#if yes}}\n  b\n{{/if}}\nc", "a\n  b\nc"),
        ("a {{~name~}} b", "aAnnb"),
    ];
    for (source, expected) in cases {
        assert_eq!(text(source, &[], variables.clone()), expected, "{source}");
    }
}

#[test]
fn templates_include_others() {
    let variables = json!({"name": "Ann", "user": {"name": "Bert"}});
    let library = [
        ("greeting", "Hi {{name}}"),
        ("layout", "<{{> @partial-block}}>"),
        ("outer", "({{#> layout}}{{> @partial-block}}{{/layout}})"),
        ("titled", "{{> title}}:{{> @partial-block}}"),
        ("optional", "{{#> title}}untitled{{/title}}"),
        ("many words", "w"),
    ];
    let cases = [
        ("{{> greeting}}!", "Hi Ann!"),
        ("{{> greeting user}}", "Hi Bert"),
        ("{{> greeting name=\"Ida\"}}", "Hi Ida"),
        ("{{> greeting user name=name}}", "Hi Ann"),
        ("{{> 'many words'}}", "w"),
        ("{{#> layout}}{{name}}{{/layout}}", "<Ann>"),
        ("{{#> outer}}{{name}}{{/outer}}", "(<Ann>)"),
        ("{{#> layout}}{{#> layout}}x{{/layout}}{{/layout}}", "<<x>>"),
        ("{{#> titled}}{{#*inline \"title\"}}T {{name}}{{/inline}}body{{/titled}}", "T Ann:body"),
        ("{{> optional}}", "untitled"),
        ("{{#*inline \"title\"}}own{{/inline}}{{> optional}}", "own"),
        ("{{#> nowhere}}fallback{{/nowhere}}", "fallback"),
    ];
    for (source, expected) in cases {
        assert_eq!(text(source, &library, variables.clone()), expected, "{source}");
    }
    assert_eq!(partials(&html_only("{{> a}}{{#> b}}{{/b}}")).into_iter().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn templates_that_never_end_are_stopped() {
    let turns: Vec<u32> = (0..100).collect();
    let items = json!({"items": turns});
    let loops = format!("{}{}", "{{#each @root.items}}".repeat(6), "{{/each}}".repeat(6));
    let cases: [(&str, Vec<(&str, &str)>, &str); 6] = [
        ("{{> a}}", vec![("a", "{{> b}}"), ("b", "{{> a}}")], "include each other"),
        ("{{#*inline \"a\"}}{{> a}}{{/inline}}{{> a}}", vec![], "include each other"),
        ("{{#> a}}x{{/a}}", vec![("a", "{{#> a}}{{> @partial-block}}{{/a}}")], "include each other"),
        (&loops, vec![], "steps"),
        ("{{> nowhere}}", vec![], "no template nowhere"),
        ("{{> @partial-block}}", vec![], "between the tags"),
    ];
    for (source, library, said) in cases {
        let fault = rendered_with(source, &library, items.clone()).expect_err(source);
        assert!(fault.detail.contains(said), "{source}: {fault}");
    }
    let long = "x".repeat(20_000);
    let source = format!("{{{{#each items}}}}{long}{{{{/each}}}}");
    let fault = rendered_with(&source, &[], items).expect_err("too long");
    assert!(fault.detail.contains(&TEMPLATE_RENDERED_BYTES_MAX.to_string()), "{fault}");
    assert_eq!(check(&text_only(&"x".repeat(TEMPLATE_BYTES_MAX))), []);
    assert_eq!(check(&text_only(&"x".repeat(TEMPLATE_BYTES_MAX + 1))).len(), 1);
}

#[test]
fn variables_that_are_missing_or_wrong_are_all_told_with_their_places() {
    let content = of(Content {
        subject: Some("Hi {{first_name}}".into()),
        html: Some("<p>{{first_name}}</p>\n<p>{{#each items}}{{title}}{{/each}}{{user.mail.box}}</p>".into()),
        text: Some("{{items}}{{#each nothing}}{{/each}}{{> footer}}{{#if (eq plan 1)}}{{/if}}".into()),
        ..Content::default()
    });
    let library: Library = [("footer".to_owned(), text_only("\n{{company}}"))].into();
    let done = render(&content, &library, map(json!({"items": [{"title": "A"}, {}], "user": {}}))).expect("renders");
    let told: Vec<_> = done
        .faults
        .iter()
        .map(|fault| {
            (fault.part.as_str(), fault.variable.join("/"), fault.line, fault.column, fault.kind == FaultKind::Missing)
        })
        .collect();
    let expected = [
        ("subject", "first_name", 1, 4, true),
        ("html", "first_name", 1, 4, true),
        ("html", "items/1/title", 2, 19, true),
        ("html", "user/mail/box", 2, 37, true),
        ("text", "items", 1, 1, false),
        ("text", "nothing", 1, 10, true),
        ("text", "company", 2, 1, true),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(part, name, line, column, missing)| (*part, (*name).to_owned(), *line, *column, *missing))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(done.faults.last().and_then(|fault| fault.partial.as_deref()), Some("footer"));
    assert_eq!(done.html.as_deref(), Some("<p></p>\n<p>A</p>"));
}

#[test]
fn a_subject_is_one_line_and_not_escaped() {
    let subject = |source: &str, variables: Value| {
        render(&of(Content { subject: Some(source.into()), ..Content::default() }), &Library::new(), map(variables))
            .expect("renders")
    };
    assert_eq!(subject("{{a}} & \"b\"", json!({"a": "<Ann's>"})).subject, "<Ann's> & \"b\"");
    let done = subject("Hi {{a}}", json!({"a": "x\r\nBcc: y@example.com"}));
    assert_eq!(
        done.faults.first().map(|fault| (fault.kind, fault.variable.clone())),
        Some((FaultKind::WrongValue, vec!["a".into()]))
    );
    assert_eq!(
        check(&of(Content { subject: Some("a\nb".into()), ..Content::default() })).first().map(|fault| fault.part),
        Some(Part::Subject)
    );
}

#[test]
fn values_are_escaped_in_html_alone_and_a_text_is_made_of_it() {
    let variables = json!({"a": "<b>x</b> & {{y}}"});
    let done = render(&html_only("<p title=\"{{a}}\">{{a}}</p>{{{a}}}"), &Library::new(), map(variables.clone()))
        .expect("renders");
    let escaped = "&lt;b&gt;x&lt;/b&gt; &amp; {{y}}";
    assert_eq!(done.html, Some(format!("<p title=\"{escaped}\">{escaped}</p><b>x</b> & {{{{y}}}}")));
    assert!(done.text.is_some_and(|text| text.contains("<b>x</b> & {{y}}")));
    assert_eq!(text("{{a}}", &[], variables), "<b>x</b> & {{y}}");
}

#[test]
fn a_preview_text_comes_first_and_is_not_seen() {
    let content = |html: &str| {
        of(Content { preview_text: Some("For {{a}}".into()), html: Some(html.into()), ..Content::default() })
    };
    for (html, begin) in [
        ("<p>x", "<div style=\"display:none"),
        ("<!doctype html><html><body class=\"a\"><p>x", "<!doctype html><html><body class=\"a\"><div style"),
    ] {
        let done = render(&content(html), &Library::new(), map(json!({"a": "<you>"})))
            .expect("renders")
            .html
            .unwrap_or_default();
        assert!(done.starts_with(begin) && done.contains("For &lt;you&gt;") && done.ends_with("<p>x"), "{done}");
    }
}

#[test]
fn mjml_becomes_html_before_values_are_filled_in() {
    let source = "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{name}}{{#each items}} {{this}}{{/each}}</mj-text>\
                  <mj-button href=\"{{url}}\">Go</mj-button></mj-column></mj-section></mj-body></mjml>";
    let content = mjml(source);
    assert_eq!(check(&content), []);
    let variables = map(json!({"name": "</mj-text><mj-raw>", "items": [1, 2], "url": "https://example.com/?a=1&b=2"}));
    let done = render(&content, &Library::new(), variables).expect("renders");
    assert!(done.faults.is_empty(), "{:?}", done.faults);
    let html = done.html.unwrap_or_default();
    assert!(html.contains("Hi &lt;/mj-text&gt;&lt;mj-raw&gt; 1 2") && html.contains("<table"), "{html}");
    assert!(
        html.contains("href=\"https://example.com/?a&#x3D;1&amp;b&#x3D;2\"")
            || html.contains("href=\"https://example.com/?a=1&amp;b=2\""),
        "{html}"
    );
    assert!(done.text.is_some_and(|text| text.contains("Hi </mj-text><mj-raw> 1 2")));
    let broken = mjml("<mjml><mj-body><mj-nothing></mj-body></mjml>");
    assert_eq!(check(&broken).len(), 1, "{:?}", check(&broken));
}
