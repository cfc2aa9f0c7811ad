//! What the server answers is what its document says: every GET of the document, asked and checked against its schema.

use serde_json::Value;
use store::testing::TestDb;

use crate::schema;
use crate::support::Server;
use crate::tenancy::Things;

store::on_both_engines!(answers_are_as_documented);

async fn answers_are_as_documented(database: TestDb) {
    let server = Server::start(database).await;
    let things = Things::make(&server).await;
    let document = serde_json::to_value(postroom_server::document()).expect("serialises");
    let mut checked = 0;
    for (template, item) in document["paths"].as_object().expect("paths") {
        let Some(operation) = item.get("get") else { continue };
        let content = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        // Streams and files have no schema; a session and drafts belong to a user and are tested with one.
        if content.is_null()
            || template.ends_with("/stream")
            || template == "/api/v1/session"
            || template.starts_with("/api/v1/users/me")
            || template.starts_with("/api/v1/drafts")
            || template.ends_with("/me")
        {
            continue;
        }
        let query = match template.as_str() {
            "/api/v1/search" => "?q=hello",
            "/api/v1/insight/groups" => "?by=channel",
            _ => "",
        };
        let answer = server.get(&format!("{}{query}", things.fill(template))).await.expect(200).json();
        let errors = schema::check(&document, content, &answer);
        assert!(errors.is_empty(), "GET {template}: {errors:#?}\n{answer:#}");
        let is_list = answer["items"].as_array().is_some_and(Vec::is_empty);
        assert!(
            !is_list || template.ends_with("/deliveries") || template.ends_with("/runs"),
            "GET {template} shows nothing to check"
        );
        checked += 1;
    }
    assert!(checked >= 15, "only {checked} operations were checked");
    let problem = server.get("/api/v1/channels/none").await.expect(404).json();
    let errors = schema::check(&document, &Value::from_iter([("$ref", "#/components/schemas/Problem")]), &problem);
    assert!(errors.is_empty(), "{errors:#?}");
}
