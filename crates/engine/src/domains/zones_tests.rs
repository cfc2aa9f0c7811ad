//! Whose a name is, as a table.

use super::*;

/// Domains as `name workspace`, names that were proved as `name workspace`, and what is asked.
fn whose(domains: &[&str], proved: &[&str], asked: &str) -> String {
    let mut workspaces: HashMap<String, WorkspaceId> = HashMap::new();
    let mut split = |text: &str| {
        let (name, workspace) = text.split_once(' ').unwrap();
        let id = workspaces.entry(workspace.to_owned()).or_insert_with(WorkspaceId::generate).clone();
        (name.to_owned(), id)
    };
    let all = domains.iter().map(|text| {
        let (name, workspace_id) = split(text);
        DomainName { id: DomainId::generate(), workspace_id, name, version: 1 }
    });
    let all: Vec<DomainName> = all.collect();
    let owners = proved.iter().map(|text| split(text)).collect();
    let shown: HashMap<DomainId, String> =
        all.iter().zip(domains).map(|(one, text)| (one.id.clone(), (*text).to_owned())).collect();
    match Names::of(all, owners).closest(asked) {
        Some(Whose::Domain { id, .. }) => shown[id].clone(),
        Some(Whose::Nobody) => "nobody".into(),
        None => "none of ours".into(),
    }
}

#[test]
fn a_name_is_answered_for_as_one_workspaces_or_as_nobodys() {
    const BELOW: &str = "s._domainkey.mail.acme.test";
    let cases: &[(&[&str], &[&str], &str, &str)] = &[
        (&[], &[], BELOW, "none of ours"),
        (&["mail.acme.test a"], &[], BELOW, "mail.acme.test a"),
        (&["mail.acme.test a"], &[], "mail.acme.test", "mail.acme.test a"),
        (&["mail.acme.test a"], &[], "acme.test", "none of ours"),
        (&["mail.acme.test a"], &[], "xmail.acme.test", "none of ours"),
        // Nobody proved it, and two say it is theirs.
        (&["mail.acme.test a", "mail.acme.test b"], &[], BELOW, "nobody"),
        (&["mail.acme.test a", "mail.acme.test b", "acme.test b"], &[], BELOW, "nobody"),
        // Who proved it is not put out by who comes later.
        (&["mail.acme.test a", "mail.acme.test b"], &["mail.acme.test a"], BELOW, "mail.acme.test a"),
        // A record that was left in DNS gives a domain to nobody else.
        (&[], &["mail.acme.test a"], BELOW, "nobody"),
        (&["mail.acme.test b"], &["mail.acme.test a"], BELOW, "nobody"),
        (&["acme.test b"], &["mail.acme.test a"], BELOW, "nobody"),
        (&["s.mail.acme.test b"], &["mail.acme.test a"], "s.mail.acme.test", "nobody"),
        // A name below one that was proved is its owner's.
        (&["acme.test a", "mail.acme.test b"], &["acme.test a"], BELOW, "acme.test a"),
        (&["acme.test a", "mail.acme.test a"], &["acme.test a"], BELOW, "mail.acme.test a"),
        (&["acme.test a", "mail.acme.test a", "mail.acme.test b"], &["acme.test a"], BELOW, "mail.acme.test a"),
        // Unless another one proved that one, too.
        (&["acme.test a", "mail.acme.test b"], &["acme.test a", "mail.acme.test b"], BELOW, "mail.acme.test b"),
        // One above that nobody proved is in nobody's way.
        (&["acme.test b", "mail.acme.test a"], &[], BELOW, "mail.acme.test a"),
    ];
    for (domains, proved, asked, expected) in cases {
        assert_eq!(whose(domains, proved, asked), *expected, "{domains:?} {proved:?} {asked}");
    }
}
