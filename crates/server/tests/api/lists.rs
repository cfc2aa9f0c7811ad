//! Lists of contacts: made, renamed, taken away; members added, imported, paged through, taken off.

use axum::body::Body;
use axum::http::Request;
use model::key::Scope;
use model::limits::{LIST_IMPORT_ROWS_MAX, LIST_MEMBERS_ADDED_MAX};
use serde_json::{Value, json};
use store::testing::TestDb;

use crate::idempotency::post_to;
use crate::support::{Answer, Server, key};

store::on_both_engines!(
    a_list_is_made_renamed_and_taken_away,
    members_are_added_changed_and_taken_off,
    what_is_wrong_with_a_member_is_pointed_at,
    members_are_imported,
    adding_at_the_same_moment_counts_everybody_once,
    lists_need_their_scopes,
    members_of_a_deleted_list_are_forgotten,
);

pub const LISTS: &str = "/api/v1/lists";

pub async fn make(server: &Server, name: &str) -> String {
    let made = server.post(LISTS, json!({"name": name})).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

pub async fn add(server: &Server, list: &str, members: Value) -> Answer {
    server.post(&format!("{LISTS}/{list}/members"), json!({"members": members})).await
}

async fn members(server: &Server, list: &str) -> Vec<Value> {
    let page = server.get(&format!("{LISTS}/{list}/members")).await.expect(200).json();
    page["items"].as_array().expect("items").clone()
}

async fn count(server: &Server, list: &str) -> u64 {
    let shown = server.get(&format!("{LISTS}/{list}")).await.expect(200).json();
    shown["memberCount"].as_u64().expect("a count")
}

async fn import(server: &Server, list: &str, csv: impl Into<Body>) -> Answer {
    let request = Request::post(format!("{LISTS}/{list}/members/import"))
        .header("authorization", format!("Bearer {}", server.key))
        .header("content-type", "text/csv")
        .body(csv.into());
    server.send(request.expect("a request")).await
}

async fn a_list_is_made_renamed_and_taken_away(database: TestDb) {
    let server = Server::start(database).await;
    let made = server.post(LISTS, json!({"name": " Customers "})).await.expect(201).json();
    assert_eq!((&made["name"], &made["memberCount"]), (&json!("Customers"), &json!(0)), "{made}");
    let id = made["id"].as_str().expect("an id");
    assert!(id.starts_with("list_"), "{made}");
    server.post(LISTS, json!({"name": "Customers"})).await.expect_problem(409, "conflict");
    let other = make(&server, "Others").await;
    let path = format!("{LISTS}/{id}");
    server.patch(&path, json!({"name": "Others"})).await.expect_problem(409, "conflict");
    let renamed = server.patch(&path, json!({"name": "Friends"})).await.expect(200).json();
    assert_eq!((&renamed["name"], &renamed["id"]), (&json!("Friends"), &made["id"]));
    for wrong in ["", "  ", "two\nlines"] {
        let refused = server.post(LISTS, json!({"name": wrong})).await.expect_problem(422, "invalid");
        assert_eq!(refused.pointers(), ["/name"]);
    }
    let first = server.get(&format!("{LISTS}?take=1")).await.expect(200).json();
    assert_eq!(first["items"][0]["id"], json!(other), "the newest is first");
    let cursor = first["cursor"].as_str().expect("a cursor");
    let second = server.get(&format!("{LISTS}?take=1&cursor={cursor}")).await.expect(200).json();
    assert_eq!((&second["items"][0]["id"], &second["cursor"]), (&made["id"], &json!("")));
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect_problem(404, "notFound");
    server.delete(&path).await.expect_problem(404, "notFound");
    server.get(&format!("{path}/members")).await.expect_problem(404, "notFound");
    add(&server, id, json!([{"address": "a@example.org"}])).await.expect_problem(404, "notFound");
    make(&server, "Friends").await;

    let once = json!({"name": "Once"});
    let first = post_to(&server, LISTS, &server.key, "one", &once).await.expect(201).json();
    assert_eq!(post_to(&server, LISTS, &server.key, "one", &once).await.expect(201).json(), first);
}

async fn members_are_added_changed_and_taken_off(database: TestDb) {
    let server = Server::start(database).await;
    let list = make(&server, "Customers").await;
    let contact = json!({"name": "Carl", "addresses": ["carl@example.org", "c@example.org"]});
    let contact = server.post("/api/v1/contacts", contact).await.expect(201).json();
    let new = json!([
        {"address": "Ann@Example.org", "name": "Ann", "variables": {"plan": "pro"}},
        {"contactId": contact["id"]},
        {"address": "bo@example.org"},
        {"address": "ANN@example.org", "variables": {"plan": "basic"}},
    ]);
    let added = add(&server, &list, new.clone()).await.expect(200).json();
    assert_eq!(added, json!({"added": 3, "changed": 1, "unchanged": 0}));
    let there = members(&server, &list).await;
    let addresses: Vec<&str> = there.iter().filter_map(|member| member["address"].as_str()).collect();
    assert_eq!(addresses, ["ann@example.org", "carl@example.org", "bo@example.org"]);
    assert_eq!((&there[0]["name"], &there[0]["variables"]), (&json!("Ann"), &json!({"plan": "basic"})));
    assert_eq!((&there[1]["contactId"], &there[1]["name"]), (&contact["id"], &json!("Carl")));
    assert_eq!(count(&server, &list).await, 3);
    // A contact is on a list once, by whichever of its addresses; variables that are left out stay.
    let again = json!([{"address": "c@example.org"}, {"address": "ann@example.org"}]);
    assert_eq!(add(&server, &list, again).await.expect(200).json(), json!({"added": 0, "changed": 1, "unchanged": 1}));
    let there = members(&server, &list).await;
    assert_eq!((&there[1]["address"], &there[0]["variables"]["plan"]), (&json!("c@example.org"), &json!("basic")));
    let shown = server.get("/api/v1/contacts?q=bo@").await.expect(200).json();
    assert_eq!(shown["items"][0]["id"], there[2]["contactId"], "a contact was made");

    let path = |member: &Value| format!("{LISTS}/{list}/members/{}", member["contactId"].as_str().expect("an id"));
    server.delete(&path(&there[1])).await.expect(204);
    server.delete(&path(&there[1])).await.expect_problem(404, "notFound");
    assert_eq!(count(&server, &list).await, 2);
    let page = server.get(&format!("{LISTS}/{list}/members?take=1&order=desc")).await.expect(200).json();
    assert_eq!(page["items"][0]["address"], "bo@example.org");
    let rest =
        format!("{LISTS}/{list}/members?take=1&order=desc&cursor={}", page["cursor"].as_str().expect("a cursor"));
    let rest = server.get(&rest).await.expect(200).json();
    assert_eq!((&rest["items"][0]["address"], &rest["cursor"]), (&json!("ann@example.org"), &json!("")));
}

async fn what_is_wrong_with_a_member_is_pointed_at(database: TestDb) {
    let server = Server::start(database).await;
    let list = make(&server, "Customers").await;
    let foreign = server.foreign_key().await;
    let theirs = json!({"addresses": ["theirs@example.org"]});
    let theirs = server.ask("POST", "/api/v1/contacts", &foreign, Some(theirs)).await.expect(201).json();
    for (member, pointer) in [
        (json!({}), "/members/1/address"),
        (json!({"address": "nobody"}), "/members/1/address"),
        (json!({"address": "a@example.org", "contactId": theirs["id"]}), "/members/1/address"),
        (json!({"contactId": "nonsense"}), "/members/1/contactId"),
        (json!({"contactId": theirs["id"]}), "/members/1/contactId"),
        (json!({"address": "a@example.org", "name": "line\nbreak"}), "/members/1/name"),
        (json!({"address": "a@example.org", "variables": {"x": "y".repeat(17_000)}}), "/members/1/variables"),
        (json!({"address": "a@example.org", "variables": ["x"]}), "/members/1/variables"),
        (json!({"address": "a@example.org", "colour": "red"}), "/members/1/colour"),
    ] {
        let refused = add(&server, &list, json!([{"address": "good@example.org"}, member])).await;
        assert_eq!(refused.expect_problem(422, "invalid").pointers(), [pointer], "{member}");
    }
    let many: Vec<Value> =
        (0..=LIST_MEMBERS_ADDED_MAX).map(|n| json!({"address": format!("{n}@example.org")})).collect();
    for wrong in [json!([]), json!(many)] {
        assert_eq!(add(&server, &list, wrong).await.expect(422).pointers(), ["/members"]);
    }
    assert_eq!(count(&server, &list).await, 0, "all or none");
}

async fn members_are_imported(database: TestDb) {
    let server = Server::start(database).await;
    let list = make(&server, "Customers").await;
    let csv = "address,name,plan\nAnn@example.org,Ann,pro\nnobody,,\n\"bo@example.org\",\"Bo, B.\",\n";
    let done = import(&server, &list, csv).await.expect(200).json();
    assert_eq!((&done["rows"], &done["added"], &done["rejected"]), (&json!(3), &json!(2), &json!(1)), "{done}");
    assert_eq!((&done["errors"][0]["line"], &done["errors"][0]["column"]), (&json!(3), &json!("address")));
    let there = members(&server, &list).await;
    assert_eq!((&there[0]["name"], &there[0]["variables"]), (&json!("Ann"), &json!({"plan": "pro"})));
    assert_eq!((&there[1]["name"], &there[1]["variables"]), (&json!("Bo, B."), &json!({"plan": ""})));
    let again = import(&server, &list, csv).await.expect(200).json();
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(2)), "{again}");
    assert_eq!(count(&server, &list).await, 2);
    for wrong in ["", "name\nAnn\n", "address,first-name\na@example.org,A\n"] {
        import(&server, &list, wrong).await.expect_problem(422, "invalid");
    }
    let many = format!("address\n{}", "a@example.org\n".repeat(LIST_IMPORT_ROWS_MAX + 1));
    import(&server, &list, many).await.expect_problem(422, "invalid");
    import(&server, &list, "x".repeat(11 * 1024 * 1024)).await.expect(413);
    let json = json!({"address": "a@example.org"});
    server.post(&format!("{LISTS}/{list}/members/import"), json).await.expect_problem(415, "unsupportedMediaType");
}

async fn adding_at_the_same_moment_counts_everybody_once(database: TestDb) {
    let server = Server::start(database).await;
    let list = make(&server, "Customers").await;
    let some = |first: usize| -> Value {
        (first..first + 30).map(|n| json!({"address": format!("{n}@example.org")})).collect()
    };
    let (one, two, three) =
        tokio::join!(add(&server, &list, some(0)), add(&server, &list, some(10)), add(&server, &list, some(20)));
    for answer in [one, two, three] {
        answer.expect(200);
    }
    assert_eq!(count(&server, &list).await, 50);
    assert_eq!(members(&server, &list).await.len(), 50);
}

async fn lists_need_their_scopes(database: TestDb) {
    let server = Server::start(database).await;
    let list = make(&server, "Customers").await;
    let workspace = &server.product.workspace_id;
    let reader = key(server.engine(), workspace, &[Scope::ContactsRead]).await;
    let other = key(server.engine(), workspace, &[Scope::MessagesSend]).await;
    let path = format!("{LISTS}/{list}");
    for (key, status) in [(&reader, 200), (&other, 403)] {
        server.ask("GET", LISTS, key, None).await.expect(status);
        server.ask("GET", &path, key, None).await.expect(status);
        server.ask("GET", &format!("{path}/members"), key, None).await.expect(status);
        server.ask("POST", LISTS, key, Some(json!({"name": "x"}))).await.expect(403);
        server.ask("PATCH", &path, key, Some(json!({"name": "x"}))).await.expect(403);
        server.ask("DELETE", &path, key, None).await.expect(403);
        let member = json!({"members": [{"address": "a@example.org"}]});
        server.ask("POST", &format!("{path}/members"), key, Some(member)).await.expect(403);
    }
}

async fn members_of_a_deleted_list_are_forgotten(database: TestDb) {
    let server = Server::start(database).await;
    let (gone, kept) = (make(&server, "Gone").await, make(&server, "Kept").await);
    for list in [&gone, &kept] {
        add(&server, list, json!([{"address": "a@example.org"}, {"address": "b@example.org"}])).await.expect(200);
    }
    server.delete(&format!("{LISTS}/{gone}")).await.expect(204);
    // The members, then the list.
    for _ in 0..2 {
        engine::maintenance::step(server.engine(), model::Timestamp::now()).await.expect("housekeeping");
    }
    let left = |tx: &mut store::Tx<'_>| {
        let lists = tx.query("SELECT id FROM contact_list", &[], |row| row.text(0))?;
        Ok((lists, tx.query("SELECT seq FROM contact_list_member", &[], |row| row.int(0))?.len()))
    };
    assert_eq!(server.engine().db.read(left).await.expect("what is left"), (vec![kept.clone()], 2));
    assert_eq!(members(&server, &kept).await.len(), 2);
}
