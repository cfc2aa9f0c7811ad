//! What happened to mail, counted.

use engine::analytics::count_some;
use serde_json::json;
use store::testing::TestDb;

use crate::support::Server;

store::on_both_engines!(what_happened_is_counted_once_by_hours_and_days, wrong_times_are_refused);

async fn count(server: &Server) {
    server.product.settle().await;
    while count_some(server.engine()).await.expect("counted") {}
}

async fn what_happened_is_counted_once_by_hours_and_days(database: TestDb) {
    let server = Server::start(database).await;
    let nothing = server.get("/api/v1/analytics/summary").await.expect(200).json();
    assert_eq!((&nothing["received"], &nothing["rates"]["bounced"]), (&json!(0), &json!(null)));
    for number in 0..3 {
        server
            .product
            .receive(format!("From: ada@example.org\r\nMessage-ID: <{number}@x>\r\n\r\nHello {number}\r\n"))
            .await;
    }
    let other =
        server.post("/api/v1/channels", json!({"name": "Other", "provider": "sandbox"})).await.expect(201).json();
    count(&server).await;
    // Nothing new: nothing is counted again.
    count(&server).await;
    let summary = server.get("/api/v1/analytics/summary").await.expect(200).json();
    assert_eq!((&summary["received"], &summary["sent"]), (&json!(3), &json!(0)), "{summary}");
    server.product.receive("From: ada@example.org\r\nMessage-ID: <4@x>\r\n\r\nHello\r\n").await;
    count(&server).await;
    let own = format!("/api/v1/analytics/summary?channelId={}", server.product.channel.id);
    assert_eq!(server.get(&own).await.expect(200).json()["received"], 4);
    let others = format!("/api/v1/analytics/summary?channelId={}", other["id"].as_str().expect("an id"));
    assert_eq!(server.get(&others).await.expect(200).json()["received"], 0);

    for (interval, from_days) in [("hour", "hour"), ("day", "day")] {
        let series = server.get(&format!("/api/v1/analytics/series?interval={interval}")).await.expect(200).json();
        assert_eq!(series["interval"], from_days);
        let items = series["items"].as_array().expect("stretches");
        let received: u64 = items.iter().filter_map(|item| item["received"].as_u64()).sum();
        assert_eq!(received, 4, "{series}");
        assert!(items.windows(2).all(|pair| pair[0]["from"].as_str() < pair[1]["from"].as_str()));
    }
    let long_ago = "/api/v1/analytics/summary?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z";
    let summary = server.get(long_ago).await.expect(200).json();
    assert_eq!((&summary["received"], &summary["from"]), (&json!(0), &json!("2020-01-01T00:00:00.000Z")), "{summary}");
}

async fn wrong_times_are_refused(database: TestDb) {
    let server = Server::start(database).await;
    for wrong in [
        "summary?from=2020-01-01T00:00:00Z",
        "series?interval=hour&from=2020-01-01T00:00:00Z&to=2020-03-01T00:00:00Z",
        "summary?from=2020-02-01T00:00:00Z&to=2020-01-01T00:00:00Z",
    ] {
        server.get(&format!("/api/v1/analytics/{wrong}")).await.expect_problem(422, "invalid");
    }
    for unreadable in ["summary?from=yesterday", "series?interval=week", "summary?channelId=nonsense", "summary?form=1"]
    {
        let refused = server.get(&format!("/api/v1/analytics/{unreadable}")).await;
        assert!(matches!(refused.status.as_u16(), 400 | 422), "{unreadable}: {}", refused.text);
    }
}
