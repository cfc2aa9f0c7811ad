//! `/openapi.json` and a page that shows it to people, without a request to anybody else.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use serde_json::Value;

use crate::app::App;
use crate::openapi;

static JSON: LazyLock<String> = LazyLock::new(|| serde_json::to_string(&openapi::document()).unwrap_or_default());
static PAGE: LazyLock<String> = LazyLock::new(page);

pub fn router() -> Router<App> {
    Router::new()
        .route("/openapi.json", get(async || ([("content-type", "application/json")], JSON.as_str()).into_response()))
        .route("/docs", get(async || Html(PAGE.as_str())))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn page() -> String {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    let mut operations = String::new();
    let mut contents = String::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let id = escape(operation["operationId"].as_str().unwrap_or_default());
            let title = escape(operation["summary"].as_str().unwrap_or_default());
            let name =
                format!("<span class=\"m {method}\">{}</span> <code>{}</code>", method.to_uppercase(), escape(path));
            let _ = write!(contents, "<li><a href=\"#{id}\">{name}</a></li>");
            let _ = write!(operations, "<section id=\"{id}\"><h2>{name}</h2><p>{title}</p>");
            parameters(&mut operations, operation);
            body(&mut operations, &document, "Body", &operation["requestBody"]["content"]);
            for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                let text = format!("{status} {}", answer["description"].as_str().unwrap_or_default());
                body(&mut operations, &document, &text, &answer["content"]);
            }
            operations.push_str("</section>");
        }
    }
    format!(
        "{HEAD}<nav aria-label=\"Operations\"><ul>{contents}</ul></nav><main><h1>Postroom API</h1>{INTRODUCTION}{operations}</main>"
    )
}

fn parameters(out: &mut String, operation: &Value) {
    let Some(parameters) = operation["parameters"].as_array().filter(|list| !list.is_empty()) else { return };
    out.push_str("<table><tr><th>Parameter</th><th>In</th><th>What it is</th></tr>");
    for parameter in parameters {
        let text = |name: &str| escape(parameter[name].as_str().unwrap_or_default());
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            text("name"),
            text("in"),
            text("description")
        );
    }
    out.push_str("</table>");
}

fn body(out: &mut String, document: &Value, title: &str, content: &Value) {
    let schema = content.as_object().and_then(|content| content.values().next()).map(|media| &media["schema"]);
    let _ = write!(out, "<h3>{}</h3>", escape(title));
    if let Some(schema) = schema {
        let _ = write!(out, "<pre>{}</pre>", escape(&sketch(document, schema, 0)));
    }
}

/// A schema as a person would jot it down. References are followed three levels deep.
fn sketch(document: &Value, schema: &Value, depth: usize) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if depth >= 3 {
            return name.to_owned();
        }
        return sketch(document, &document["components"]["schemas"][name], depth);
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        if let Some(options) = schema[keyword].as_array() {
            return options.iter().map(|option| sketch(document, option, depth)).collect::<Vec<_>>().join(" | ");
        }
    }
    if let Some(fields) = schema["properties"].as_object() {
        let indent = "  ".repeat(depth + 1);
        let mut text = String::from("{\n");
        for (name, field) in fields {
            let _ = writeln!(text, "{indent}\"{name}\": {},", sketch(document, field, depth + 1));
        }
        let _ = write!(text, "{}}}", "  ".repeat(depth));
        return text;
    }
    if schema["items"].is_object() {
        return format!("[ {} ]", sketch(document, &schema["items"], depth));
    }
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        Value::String(name) => {
            schema["format"].as_str().map_or_else(|| name.clone(), |format| format!("{name} ({format})"))
        }
        _ => "any".into(),
    }
}

const INTRODUCTION: &str = "<p>Send <code>Authorization: Bearer &lt;key&gt;</code>. Lists answer <code>{items, cursor}</code> and take \
    <code>cursor</code>, <code>take</code> (1–100) and <code>order</code>. Errors are problem documents (RFC 9457) that say what would be right. \
    Every POST that creates or sends takes an <code>Idempotency-Key</code>. The machine's version of this page is \
    <a href=\"/openapi.json\">/openapi.json</a>.</p>";

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
    <title>Postroom API</title><style>:root{color-scheme:light dark;--line:#8884}body{margin:0;font:15px/1.5 system-ui,sans-serif;display:grid;\
    grid-template-columns:minmax(16rem,24rem) 1fr}nav{position:sticky;top:0;height:100vh;overflow:auto;border-right:1px solid var(--line);\
    font-size:13px}nav ul{list-style:none;margin:0;padding:1rem}nav a{color:inherit;text-decoration:none;display:block;padding:.15rem 0}\
    nav a:hover,nav a:focus{text-decoration:underline}main{padding:1.5rem 2rem;max-width:60rem;min-width:0}section{border-top:1px solid var(--line);\
    padding:1rem 0}h2{font-size:1.05rem}h3{font-size:.9rem;margin:.8rem 0 .3rem}pre{background:#8881;padding:.8rem;overflow:auto;border-radius:6px}\
    table{border-collapse:collapse}td,th{border:1px solid var(--line);padding:.2rem .6rem;text-align:left}.m{font-weight:600;font-size:.8em}\
    @media(max-width:700px){body{display:block}nav{position:static;height:auto;border:0}}</style>";
