//! Checks a value against a schema of the document: the part of JSON Schema that it uses. Strict where it matters:
//! a field that is not documented is an error.

use serde_json::Value;

/// All that is wrong with `value`, each with its place.
pub fn check(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    walk(document, schema, value, "", true, &mut errors);
    errors
}

fn walk(document: &Value, schema: &Value, value: &Value, place: &str, closed: bool, errors: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let schema = &document["components"]["schemas"][name];
        assert!(schema.is_object(), "{reference} leads nowhere");
        return walk(document, schema, value, place, closed, errors);
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(options) = schema[keyword].as_array() {
            let mut attempts = options.iter().map(|option| {
                let mut found = Vec::new();
                walk(document, option, value, place, closed, &mut found);
                found
            });
            let mut first = None;
            if !attempts.by_ref().any(|found| {
                let fits = found.is_empty();
                first.get_or_insert(found);
                fits
            }) {
                errors.push(format!("{place}: none of the possibilities fits: {first:?}"));
            }
        }
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        walk(document, part, value, place, false, errors);
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        errors.push(format!("{place}: {value} is none of {values:?}"));
    }
    if !of_type(&schema["type"], value) {
        errors.push(format!("{place}: {value} is no {}", schema["type"]));
    }
    object(document, schema, value, place, closed, errors);
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            walk(document, &schema["items"], item, &format!("{place}/{index}"), true, errors);
        }
    }
}

fn object(document: &Value, schema: &Value, value: &Value, place: &str, closed: bool, errors: &mut Vec<String>) {
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else { return };
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !fields.contains_key(name) {
            errors.push(format!("{place}/{name} is missing"));
        }
    }
    for (name, field) in fields {
        let place = format!("{place}/{name}");
        match properties.get(name) {
            Some(schema) => walk(document, schema, field, &place, true, errors),
            None if closed && schema["additionalProperties"].is_null() => {
                errors.push(format!("{place} is not documented"))
            }
            None => {}
        }
    }
}

fn of_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => false,
    };
    match wanted {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

#[test]
fn what_does_not_fit_is_found() {
    let document = serde_json::json!({"components": {"schemas": {"Name": {"type": "string", "enum": ["a", "b"]}}}});
    let schema = serde_json::json!({"type": "object", "required": ["name"], "properties": {
        "name": {"$ref": "#/components/schemas/Name"}, "age": {"type": ["integer", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}}}});
    for (value, fits) in [
        (serde_json::json!({"name": "a", "age": null, "tags": ["x"]}), true),
        (serde_json::json!({"name": "c"}), false),
        (serde_json::json!({"age": 1}), false),
        (serde_json::json!({"name": "a", "age": "1"}), false),
        (serde_json::json!({"name": "a", "tags": [1]}), false),
        (serde_json::json!({"name": "a", "colour": "red"}), false),
        (serde_json::json!([]), false),
    ] {
        assert_eq!(check(&document, &schema, &value).is_empty(), fits, "{value}");
    }
}
