//! The OpenAPI 3.1 document, made from the handlers themselves. Owns what all operations have in common.

use std::collections::{HashMap, HashSet};

use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Object, Ref, RefOr, ResponseBuilder, Type};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::idempotency;
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Postroom",
        description = "The email channel as one self-hosted program.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Security),
    components(schemas(
        crate::paging::Order,
        crate::problem::Problem,
        crate::routes::conversations::Mentioned,
        crate::routes::insight::InsightBy,
        crate::routes::insight::IntervalName,
        crate::routes::ratings::RatingBy,
        crate::routes::search::SortBy,
        model::conversation::ConversationStatus,
        model::event::Event,
        model::message::Direction,
        model::message::MessageStatus,
        model::sla::SlaFilter
    )),
    security(("key" = []))
)]
struct Base;

struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Default::default);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key.")).build();
        components.add_security_scheme("key", SecurityScheme::Http(bearer));
    }
}

/// The documented routes.
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Base::openapi()).merge(routes::api())
}

/// The document itself.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = api().into_openapi();
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = item.post.as_mut().filter(|_| idempotency::concerns(path)) {
            operation.parameters.get_or_insert_default().push(idempotency_key().build().into());
        }
        for (_, operation) in operations(item) {
            finish(operation);
        }
    }
    document
}

/// Query parameters of every operation, by method (upper case) and path template.
pub fn query_parameters() -> HashMap<(String, String), HashSet<String>> {
    let mut found = HashMap::new();
    for (path, mut item) in document().paths.paths {
        for (method, operation) in operations(&mut item) {
            let mut names = HashSet::new();
            for parameter in operation.parameters.iter().flatten() {
                if let RefOr::T(parameter) = parameter
                    && parameter.parameter_in == ParameterIn::Query
                {
                    names.insert(parameter.name.clone());
                }
            }
            found.insert((method.to_owned(), path.clone()), names);
        }
    }
    found
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// Every operation may answer a problem.
fn finish(operation: &mut Operation) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new()
        .description("What went wrong, and what to do about it (RFC 9457)")
        .content("application/problem+json", problem)
        .build();
    operation.responses.responses.entry("default".into()).or_insert(problem.into());
}

fn idempotency_key() -> ParameterBuilder {
    let description =
        "Of your choice: the same key and body within 24 hours answer what the first answered, and do nothing.";
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(description))
        .schema(Some(Object::with_type(Type::String)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    /// `UPDATE_OPENAPI=1` writes it anew; the dashboard's client is generated from it.
    #[test]
    fn the_committed_document_is_what_the_code_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let current = serde_json::to_string_pretty(&super::document()).expect("serialises") + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &current).expect("writes");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == current, "openapi.json is not current; run UPDATE_OPENAPI=1 cargo xtask test openapi");
    }

    #[test]
    fn operations_have_ids_of_their_own_and_references_lead_somewhere() {
        let document = serde_json::to_value(super::document()).expect("serialises");
        let mut ids = HashSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let id = operation["operationId"].as_str().unwrap_or_default();
                assert!(!id.is_empty() && ids.insert(id.to_owned()), "{method} {path}: operationId {id:?}");
                assert!(operation["summary"].is_string(), "{method} {path} says nothing of itself");
            }
        }
        let text = document.to_string();
        let named = text.split("\"#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        let missing: HashSet<&str> =
            named.filter(|name| !document["components"]["schemas"][*name].is_object()).collect();
        assert!(missing.is_empty(), "referred to and not there: {missing:?}");
    }
}
