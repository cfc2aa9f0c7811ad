//! The OpenAPI 3.1 document, made from the handlers themselves.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::routes;

#[derive(OpenApi)]
#[openapi(
    info(title = "Postroom", description = "The email channel as one self-hosted program.", license(name = "Apache-2.0", identifier = "Apache-2.0")),
    modifiers(&Security),
    components(schemas(crate::problem::Problem, model::event::Event)),
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
    api().into_openapi()
}

#[cfg(test)]
mod tests {
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
}
