use super::*;
use crate::contacts;
use crate::conversation_lists::ConversationFilter;
use crate::db::Priority;
use crate::on_both_engines;
use crate::testing::TestDb;
use model::Timestamp;

const AT: Timestamp = Timestamp::from_millis(1_705_314_600_000);

fn everybody() -> ContactFilter {
    ContactFilter { workspace_id: WorkspaceId::derived(AT, b"w"), channel_id: None }
}

async fn fill(db: &crate::Db) -> Vec<Contact> {
    db.write(Priority::Foreground, |tx| {
        let workspace = everybody().workspace_id;
        let people: [(&str, Option<&str>); 8] = [
            ("anna@example.org", Some("Zoë Anna")),
            ("bob@example.org", Some("Ann Bobson")),
            ("ann-marie@example.org", Some("Ann Marie")),
            ("émile@example.org", Some("Émile Ann")),
            ("dora@example.org", Some("ÉMILIE")),
            ("zed@example.org", None),
            ("ann%@example.org", Some("100% _wild")),
            ("wild@example.org", Some("100x")),
        ];
        contacts::insert(tx, &WorkspaceId::derived(AT, b"other"), Some("Ann Elsewhere"), "ann@elsewhere.test", AT)?;
        people.iter().map(|(address, name)| contacts::insert(tx, &workspace, *name, address, AT)).collect()
    })
    .await
    .unwrap()
}

async fn prefixed(db: &crate::Db, prefix: &'static str, take: usize) -> Vec<String> {
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let key = after.clone();
        let items = db.read(move |tx| by_prefix(tx, &everybody(), prefix, key.as_ref(), take)).await.unwrap();
        let full = items.len() == take;
        after = items.last().map(|(key, _)| key.clone());
        found.extend(items.into_iter().map(|(_, contact)| contact.addresses[0].address.clone()));
        if !full {
            return found;
        }
    }
}

async fn contacts_are_found_by_the_beginning_of_an_address_or_a_name(test: TestDb) {
    fill(&test.db).await;
    for take in [1, 2, 50] {
        for (prefix, expected) in [
            ("ann", vec!["ann%@example.org", "ann-marie@example.org", "anna@example.org", "bob@example.org"]),
            ("émil", vec!["émile@example.org", "dora@example.org"]),
            ("ann%", vec!["ann%@example.org"]),
            ("100% ", vec!["ann%@example.org"]),
            ("_", vec![]),
            ("nobody", vec![]),
        ] {
            assert_eq!(prefixed(&test.db, prefix, take).await, expected, "{prefix} by {take}");
        }
    }
}

async fn all_contacts_are_listed_newest_first_without_those_of_others(test: TestDb) {
    let mut ids: Vec<ContactId> = fill(&test.db).await.into_iter().map(|contact| contact.id).collect();
    ids.sort();
    for ascending in [true, false] {
        let (mut after, mut found): (Option<ContactId>, Vec<ContactId>) = (None, Vec::new());
        loop {
            let key = after.clone();
            let items = test.db.read(move |tx| page(tx, &everybody(), key.as_ref(), ascending, 3)).await.unwrap();
            after = items.last().map(|contact| contact.id.clone());
            found.extend(items.into_iter().map(|contact| contact.id));
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, ids, "{ascending}");
        ids.reverse();
    }
}

async fn a_channel_knows_only_those_it_talked_with(test: TestDb) {
    let people = fill(&test.db).await;
    let channel = ChannelId::generate();
    let filter = ContactFilter { channel_id: Some(channel.clone()), ..everybody() };
    let anna = people[0].id.clone();
    let (its, of) = (filter.clone(), anna.clone());
    test.db
        .write(Priority::Foreground, move |tx| {
            let conversation = ConversationFilter::all(its.workspace_id.clone());
            tx.execute(
                "INSERT INTO conversation (id, workspace_id, channel_id, contact_id, subject, subject_base, status, unread, message_count,
                     preview, reply_token, related, last_activity_at, created_at)
                 VALUES ('conv_1', $1, $2, $3, '', '', 'open', FALSE, 1, '', 't', '[]', 1, 1)",
                &[(&conversation.workspace_id).into(), (&channel).into(), (&of).into()],
            )
        })
        .await
        .unwrap();
    let (known, bob) = (anna.clone(), people[1].id.clone());
    test.db
        .read(move |tx| {
            assert_eq!(page(tx, &filter, None, false, 10)?.len(), 1);
            assert_eq!(by_prefix(tx, &filter, "ann", None, 10)?.len(), 1);
            assert!(is_known(tx, &filter, &known)? && !is_known(tx, &filter, &bob)?);
            Ok(())
        })
        .await
        .unwrap();
}

async fn a_changed_name_is_found_and_the_old_one_is_not(test: TestDb) {
    let mut anna = fill(&test.db).await.swap_remove(0);
    anna.name = Some("Quentin".into());
    anna.attributes.insert("plan".into(), "gold".into());
    let changed = anna.clone();
    test.db.write(Priority::Foreground, move |tx| update(tx, &everybody().workspace_id, &changed)).await.unwrap();
    assert_eq!(prefixed(&test.db, "quent", 5).await, ["anna@example.org"]);
    assert!(prefixed(&test.db, "zoë", 5).await.is_empty());
    let id = anna.id.clone();
    let kept = test.db.read(move |tx| contacts::get(tx, &everybody().workspace_id, &id)).await.unwrap();
    assert_eq!(kept, Some(anna));
}

async fn a_page_of_conversations_names_its_people_at_once(test: TestDb) {
    let people = fill(&test.db).await;
    let mut ids: Vec<ContactId> = people.iter().map(|contact| contact.id.clone()).collect();
    ids.push(ContactId::generate());
    let (asked, workspace) = (ids.clone(), everybody().workspace_id);
    let mut found = test.db.read(move |tx| summaries(tx, &workspace, &asked)).await.unwrap();
    found.sort_by_key(|summary| ids.iter().position(|id| *id == summary.id));
    let expected: Vec<ContactSummary> = people
        .into_iter()
        .map(|contact| ContactSummary {
            address: contact.addresses.iter().find(|address| address.primary).map(|address| address.address.clone()),
            id: contact.id,
            name: contact.name,
        })
        .collect();
    assert_eq!(found, expected);
    let elsewhere = WorkspaceId::generate();
    assert!(test.db.read(move |tx| summaries(tx, &elsewhere, &ids)).await.unwrap().is_empty());
}

on_both_engines!(
    a_page_of_conversations_names_its_people_at_once,
    contacts_are_found_by_the_beginning_of_an_address_or_a_name,
    all_contacts_are_listed_newest_first_without_those_of_others,
    a_channel_knows_only_those_it_talked_with,
    a_changed_name_is_found_and_the_old_one_is_not,
);
