use model::suppression::{SuppressionReason, SuppressionScope};
use store::Priority;
use store::testing::TestDb;

use super::*;
use crate::testing::TestEngine;

store::on_both_engines!(the_stronger_reason_and_the_longer_time_are_kept, mailings_are_held_back_by_their_scope,);

fn new(reason: SuppressionReason, expires_at: Option<Timestamp>) -> NewSuppression {
    NewSuppression {
        address: "ann@example.org".into(),
        scope: SuppressionScope::Workspace,
        scope_id: None,
        reason,
        detail: Some(reason.as_str().into()),
        message_id: None,
        expires_at,
    }
}

async fn kept(product: &TestEngine, new: NewSuppression, now: Timestamp) -> (Suppression, Added) {
    let workspace = product.workspace_id.clone();
    product.engine.db.write(Priority::Foreground, move |tx| put(tx, &workspace, &new, now)).await.unwrap()
}

async fn the_stronger_reason_and_the_longer_time_are_kept(database: TestDb) {
    use SuppressionReason::{Complaint, HardBounce, SoftBounce};
    let product = TestEngine::start(database).await;
    let (now, day) = (Timestamp::now(), Duration::from_secs(24 * 60 * 60));
    let (first, added) = kept(&product, new(SoftBounce, Some(now.plus(day))), now).await;
    assert_eq!(added, Added::New);
    assert_eq!(kept(&product, new(SoftBounce, Some(now.plus(day / 2))), now).await, (first.clone(), Added::Same));
    let (longer, added) = kept(&product, new(SoftBounce, Some(now.plus(day * 2))), now).await;
    assert_eq!((added, longer.expires_at), (Added::Changed, Some(now.plus(day * 2))));
    let (harder, added) = kept(&product, new(HardBounce, None), now).await;
    assert_eq!((added, harder.reason, harder.expires_at), (Added::Changed, HardBounce, None));
    assert_eq!(harder.detail.as_deref(), Some("hardBounce"));
    assert_eq!(harder.id, first.id);
    let (same, added) = kept(&product, new(SoftBounce, Some(now.plus(day))), now).await;
    assert_eq!((added, same), (Added::Same, harder));
    let (complained, _) = kept(&product, new(Complaint, Some(now.plus(day))), now).await;
    assert_eq!((complained.reason, complained.expires_at), (Complaint, None), "never weaker than before");
    // What is over is as if it had not been.
    let mut other = new(Complaint, Some(now.plus(day)));
    other.address = "bob@example.org".into();
    kept(&product, other.clone(), now).await;
    other.reason = SoftBounce;
    other.expires_at = Some(now.plus(day * 3));
    let (anew, added) = kept(&product, other, now.plus(day * 2)).await;
    assert_eq!((added, anew.reason), (Added::New, SoftBounce));
    crate::maintenance::step(&product.engine, now.plus(day * 4)).await.unwrap();
    let key = product.key();
    let slice = SliceOf { after: None, ascending: true, take: 10 };
    let left = list(&product.engine, &key, Filter::default(), slice).await.unwrap().items;
    assert_eq!(left.iter().map(|left| left.address.as_str()).collect::<Vec<_>>(), ["ann@example.org"]);
}

async fn mailings_are_held_back_by_their_scope(database: TestDb) {
    let product = TestEngine::start(database).await;
    let now = Timestamp::now();
    let places = [
        ("a@example.org", SuppressionScope::Workspace, None),
        ("b@example.org", SuppressionScope::UseCase, Some("uc_1")),
        ("c@example.org", SuppressionScope::Domain, Some("dom_1")),
    ];
    for (address, scope, scope_id) in places {
        let place = NewSuppression {
            address: address.into(),
            scope,
            scope_id: scope_id.map(Into::into),
            ..new(SuppressionReason::Unsubscribe, None)
        };
        kept(&product, place, now).await;
    }
    for (use_case, domain, expected) in [
        (None, None, vec!["A@Example.org"]),
        (Some("uc_1"), None, vec!["A@Example.org", "b@example.org"]),
        (Some("uc_2"), Some("dom_1"), vec!["A@Example.org", "c@example.org"]),
    ] {
        let workspace = product.workspace_id.clone();
        let asked = ["A@Example.org", "b@example.org", "c@example.org", "d@example.org"];
        let held = product.engine.db.read(move |tx| blocking(tx, &workspace, use_case, domain, &asked)).await.unwrap();
        let mut held: Vec<String> = held.into_keys().collect();
        held.sort();
        assert_eq!(held, expected);
    }
}
