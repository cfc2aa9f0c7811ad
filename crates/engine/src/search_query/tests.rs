use super::*;

fn parse(text: &str) -> SearchQuery {
    super::parse(text, Timestamp::parse("2026-11-29T15:00:00Z").unwrap())
}

/// `word`, `word*`, `a+b` for neighbours, `@word` for senders.
fn shown(query: &SearchQuery) -> Vec<String> {
    let show = |clause: &SearchClause| {
        let sender = if clause.sender { "@" } else { "" };
        let minus = if clause.negated { "-" } else { "" };
        format!("{minus}{sender}{}{}", clause.terms.join("+"), if clause.prefix { "*" } else { "" })
    };
    query.clauses.iter().map(show).collect()
}

#[test]
fn words_phrases_beginnings_and_senders() {
    for (text, expected) in [
        ("hello world", vec!["hello", "world"]),
        ("\"hello world\" again", vec!["hello+world", "again"]),
        ("\u{201c}hello world\u{201d}", vec!["hello+world"]),
        ("inv*", vec!["inv*"]),
        ("\"red bal\"*", vec!["red+bal*"]),
        ("\"red bal*\"", vec!["red+bal*"]),
        ("\"never ends here", vec!["never+ends+here"]),
        ("from:anna", vec!["@anna"]),
        ("FROM:Anna@Example.com", vec!["@anna+example+com"]),
        ("from:\"Anna Smith\" invoice", vec!["@anna+smith", "invoice"]),
        ("from:ann*", vec!["@ann*"]),
        ("a-b_c.d", vec!["a+b+c+d"]),
        ("Crème", vec!["creme"]),
        ("会議", vec!["会議"]),
        ("-spam eggs", vec!["-spam", "eggs"]),
        ("-\"two words\" -from:bob -beg*", vec!["-two+words", "-@bob", "-beg*"]),
        ("a - b 10-30 --x", vec!["a", "b", "10+30", "x"]),
        ("(foo) AND NOT bar", vec!["foo", "and", "not", "bar"]),
        ("\"", vec![]),
        ("* ** \"*\"", vec![]),
    ] {
        assert_eq!(shown(&parse(text)), expected, "{text}");
    }
}

#[test]
fn what_looks_like_a_filter_and_is_none_is_words() {
    for (text, expected) in [
        ("re:hello", vec!["re+hello"]),
        ("https://example.com/a", vec!["https+example+com+a"]),
        ("from:", vec!["from"]),
        ("from: anna", vec!["from", "anna"]),
        ("is:", vec!["is"]),
        ("before: today", vec!["before", "today"]),
        ("label:", vec!["label"]),
        ("10:30", vec!["10+30"]),
    ] {
        let query = parse(text);
        assert_eq!(shown(&query), expected, "{text}");
        assert!(query.status.is_none() && query.label.is_none() && query.attachments.is_none(), "{text}");
    }
}

#[test]
fn filters_filter() {
    let query = parse("is:open has:attachment label:\"very urgent\" is:unread invoice");
    assert_eq!(query.status, Some(ConversationStatus::Open));
    assert_eq!((query.attachments, query.unread), (Some(true), Some(true)));
    assert_eq!(query.label.as_deref(), Some("very urgent"));
    assert_eq!(shown(&query), ["invoice"]);
    assert!(!query.nothing);
    assert!(parse("IS:Resolved").is_plain_filter());
}

#[test]
fn what_can_not_be_finds_nothing() {
    for text in ["", "   ", "!!! --", "\"\"", "is:open is:resolved", "is:read is:unread", "label:a label:b"] {
        assert!(parse(text).nothing, "{text}");
    }
    assert!(!parse("is:open is:open").nothing);
}

#[test]
fn long_queries_are_cut_and_the_number_of_clauses_is_bounded() {
    assert!(parse(&"a ".repeat(10_000)).clauses.len() <= CLAUSES_MAX);
    assert_eq!(parse(&"é".repeat(10_000)).clauses.len(), 1);
}

#[test]
fn parts_of_a_mail_are_looked_at_alone() {
    let query = parse("subject:invoice to:anna@example.org -subject:\"re red\" late");
    let fields: Vec<(Field, String, bool)> =
        query.fields.iter().map(|asked| (asked.field, asked.clause.terms.join("+"), asked.clause.negated)).collect();
    assert_eq!(
        fields,
        [
            (Field::Subject, "invoice".to_owned(), false),
            (Field::Recipients, "anna+example+org".to_owned(), false),
            (Field::Subject, "re+red".to_owned(), true),
        ]
    );
    // The index is asked for what is there, and not for what a part alone must be without.
    let asked: Vec<String> = query.index_clauses().iter().map(|clause| clause.terms.join("+")).collect();
    assert_eq!(asked, ["late", "invoice", "anna+example+org"]);
    let test = query.match_filter(ConversationFilter::all(model::WorkspaceId::generate())).heads.unwrap();
    let anna = |address: &str| {
        vec![model::message::Recipient {
            recipient_type: model::message::RecipientType::To,
            address: address.to_owned(),
            name: None,
            status: None,
        }]
    };
    assert!(test.holds("Your INVOICE", &anna("Anna@example.org")));
    assert!(!test.holds("Your invoice, re red", &anna("anna@example.org")));
    assert!(!test.holds("Your invoice", &anna("bob@example.org")));
    assert!(!test.holds("Hello", &anna("anna@example.org")));
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let query = parse("-is:resolved -label:spam -has:attachment -is:unread hello");
    assert_eq!(query.not_statuses, [ConversationStatus::Resolved]);
    assert_eq!((query.not_labels.as_slice(), query.attachments), (["spam".to_owned()].as_slice(), Some(false)));
    assert_eq!(query.unread, Some(false));
    assert!(!query.nothing && !query.is_plain_filter());
    assert!(!parse("-label:spam").nothing && !parse("-spam").nothing);
}

#[test]
fn days_narrow() {
    let query = parse("after:2026-01 after:2026-02-01 before:today");
    assert_eq!(query.since, Timestamp::of_date(2026, 2, 1));
    assert_eq!(query.before, Timestamp::of_date(2026, 11, 29));
    assert!(!query.nothing && !query.is_plain_filter());
}

#[test]
fn conversations_are_called_by_their_number_and_weighed_by_their_priority() {
    for text in ["#42", "number:42", "number:#42 #42"] {
        let query = parse(text);
        assert_eq!((query.number, query.nothing, query.is_plain_filter()), (Some(42), false, true), "{text}");
    }
    assert!(parse("#42 #43").nothing);
    assert_eq!(shown(&parse("#urgent c#1")), ["urgent", "c+1"]);
    assert_eq!(parse("priority:Urgent").priority, Some(ConversationPriority::Urgent));
    assert!(parse("priority:high priority:low").nothing);
    assert_eq!(parse("#42 lamp").number, Some(42));
}

#[test]
fn people_are_asked_for() {
    let query = parse("assignee:me is:mentioned");
    assert_eq!((query.assignee.as_deref(), query.mentioned), (Some("me"), true));
    assert!(query.is_plain_filter() && !query.nothing);
    assert_eq!(parse("is:unassigned").assignee.as_deref(), Some("none"));
    assert!(parse("is:unassigned assignee:ada").nothing);
    assert!(parse("is:overdue").overdue && parse("is:overdue").is_plain_filter());
    assert!(!parse("-is:overdue").problems.is_empty());
}

#[test]
fn operators_whose_value_can_not_be_read_are_told_of() {
    for text in [
        "is:teleported",
        "has:wings",
        "before:soon",
        "after:2026-13",
        "-assignee:me",
        "-is:mentioned",
        "-after:today",
        "number:x",
        "-number:1",
        "priority:great",
        "-priority:low",
    ] {
        let problems = parse(text).problems;
        assert_eq!(problems.len(), 1, "{text}");
        assert!(problems[0].to_string().starts_with(&format!("{text} can't be read: ")), "{}", problems[0]);
        assert_eq!(problems[0].detail.contains("can't be negated"), text.starts_with('-'), "{}", problems[0]);
    }
}
