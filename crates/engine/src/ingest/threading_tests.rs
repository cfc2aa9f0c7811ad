//! Situations in which helpdesks put mails into the wrong conversation: a table of mails and the conversations they must come to,
//! each taken in for real, in every order.

use model::MessageId;
use store::on_both_engines;
use store::testing::TestDb;

use crate::testing::TestEngine;

on_both_engines!(mails_come_to_the_same_conversations_in_every_order, where_the_order_counts_it_is_said_how);

/// A mail: who wrote it, its subject, its Message-ID, and other fields, `; ` between them. `%` is another word each time.
struct Mail(&'static str, &'static str, &'static str, &'static str);

struct Situation {
    name: &'static str,
    mails: &'static [Mail],
    /// The mails' numbers, a list a conversation.
    conversations: &'static [&'static [usize]],
}

const ANN: &str = "ann%@example.org";
const BEN: &str = "ben%@example.net";

#[rustfmt::skip]
const IN_EVERY_ORDER: &[Situation] = &[
    Situation {
        name: "a question and the answer to it, be it there before",
        mails: &[Mail(ANN, "Lamp", "1%", ""), Mail(ANN, "Another subject", "2%", "In-Reply-To: <1%>")],
        conversations: &[&[0, 1]],
    },
    Situation {
        name: "a chain with all its References",
        mails: &[
            Mail(ANN, "One", "1%", ""),
            Mail(ANN, "Two", "2%", "In-Reply-To: <1%>; References: <1%>"),
            Mail(ANN, "Three", "3%", "In-Reply-To: <2%>; References: <1%> <2%>"),
            Mail(ANN, "Four", "4%", "In-Reply-To: <3%>; References: <1%> <2%> <3%>"),
        ],
        conversations: &[&[0, 1, 2, 3]],
    },
    Situation {
        name: "a client without References, whose subject stays",
        mails: &[
            Mail(ANN, "Lamp", "1%", ""),
            Mail(ANN, "Re: Lamp", "2%", "In-Reply-To: <1%>"),
            Mail(ANN, "Re: Lamp", "3%", "In-Reply-To: <2%>"),
        ],
        conversations: &[&[0, 1, 2]],
    },
    Situation {
        name: "an In-Reply-To that a ticket system gives to everybody",
        mails: &[
            Mail(ANN, "[#42] Order", "1%", "In-Reply-To: <ticket%@system.example>; References: <ticket%@system.example>"),
            Mail(BEN, "[#42] Order", "2%", "In-Reply-To: <ticket%@system.example>; References: <ticket%@system.example>"),
            Mail(ANN, "[#42] Order again", "3%", "References: <ticket%@system.example>"),
        ],
        conversations: &[&[0, 2], &[1]],
    },
    Situation {
        name: "a forwarded mail that a stranger answers",
        mails: &[Mail(ANN, "Offer", "1%", ""), Mail(BEN, "Re: Offer", "2%", "In-Reply-To: <1%>; References: <1%>")],
        conversations: &[&[0], &[1]],
    },
    Situation {
        name: "a reply under a changed subject",
        mails: &[
            Mail(ANN, "Lamp", "1%", ""),
            Mail(ANN, "Now the chair", "2%", "In-Reply-To: <1%>; References: <1%>"),
            Mail(ANN, "Re: Now the chair", "3%", "In-Reply-To: <2%>; References: <1%> <2%>"),
        ],
        conversations: &[&[0, 1, 2]],
    },
    Situation {
        name: "the same subject from different people",
        mails: &[Mail(ANN, "Invoice", "1%", ""), Mail(BEN, "Re: Invoice", "2%", ""), Mail("cem%@example.com", "AW: Invoice", "3%", "")],
        conversations: &[&[0], &[1], &[2]],
    },
    Situation {
        name: "a reply without any reference, by its subject",
        mails: &[Mail(ANN, "Lamp", "1%", ""), Mail(ANN, "回复: Re: Lamp", "2%", "")],
        conversations: &[&[0, 1]],
    },
    Situation {
        name: "another matter of the same person",
        mails: &[Mail(ANN, "Lamp", "1%", ""), Mail(ANN, "Chair", "2%", "")],
        conversations: &[&[0], &[1]],
    },
    Situation {
        name: "two rules that forward the same mail",
        mails: &[
            Mail(ANN, "Lamp", "1%", "Received: from a.example by b.example; Sat, 21 Nov 2026 10:00:00 +0000; Delivered-To: support@acme.example"),
            Mail(ANN, "Lamp", "1%", "Received: from a.example by c.example; Sat, 21 Nov 2026 10:00:09 +0000; Delivered-To: help@acme.example"),
        ],
        conversations: &[&[0, 1]],
    },
    Situation {
        name: "mails without a Message-ID",
        mails: &[Mail(ANN, "Lamp", "", ""), Mail(ANN, "Re: Lamp", "", ""), Mail(BEN, "Lamp", "", "")],
        conversations: &[&[0, 1], &[2]],
    },
    Situation {
        name: "a Message-ID that two programs gave",
        mails: &[Mail(ANN, "Lamp", "same%", ""), Mail(BEN, "Chair", "same%", "")],
        conversations: &[&[0], &[1]],
    },
    Situation {
        name: "a mailing list that writes its own address into From",
        mails: &[
            Mail("list%@lists.example", "[list] Plans", "1%", "List-Id: <list%.lists.example>"),
            Mail("list%@lists.example", "Re: [list] Plans", "2%", "List-Id: <list%.lists.example>; In-Reply-To: <1%>; References: <1%>"),
            Mail("list%@lists.example", "Re: [list] Plans", "3%", "List-Id: <list%.lists.example>; In-Reply-To: <2%>; References: <1%> <2%>"),
        ],
        conversations: &[&[0, 1, 2]],
    },
    Situation {
        // A Thread-Index names a conversation of the sender's mailbox; that it is ours nobody vouches for. The subject does.
        name: "Outlook's Thread-Index without References",
        mails: &[
            Mail(ANN, "Lamp", "1%", "Thread-Topic: Lamp; Thread-Index: AdtQ3yQ0Zx2mS1K1SO2cQm1n1n1n1g=="),
            Mail(ANN, "RE: Lamp", "2%", "Thread-Topic: Lamp; Thread-Index: AdtQ3yQ0Zx2mS1K1SO2cQm1n1n1n1gAAAAAB"),
            Mail(BEN, "RE: Lamp", "3%", "Thread-Topic: Lamp; Thread-Index: AdtQ3yQ0Zx2mS1K1SO2cQm1n1n1n1gAAAAAC"),
        ],
        conversations: &[&[0, 1], &[2]],
    },
    Situation {
        name: "an address with and without its plus",
        mails: &[
            Mail("ann%+shop@example.org", "Lamp", "1%", ""),
            Mail(ANN, "Another subject", "2%", "In-Reply-To: <1%>; References: <1%>"),
            Mail("ann%+other@example.org", "A third", "3%", "In-Reply-To: <2%>; References: <1%> <2%>"),
        ],
        conversations: &[&[0, 1, 2]],
    },
    Situation {
        name: "two machines that answer each other",
        mails: &[
            Mail(ANN, "Automatic reply: Lamp", "1%", "Auto-Submitted: auto-replied; In-Reply-To: <0%>"),
            Mail(BEN, "Out of office: Lamp", "2%", "Auto-Submitted: auto-replied; In-Reply-To: <1%>; References: <0%> <1%>"),
            Mail(ANN, "Automatic reply: Out of office: Lamp", "3%", "Auto-Submitted: auto-replied; In-Reply-To: <2%>; References: <0%> <1%> <2%>"),
        ],
        conversations: &[&[0, 2], &[1]],
    },
];

/// Conversations that exist are never merged: what joined them may come too late. Mails are taken in as they stand here.
#[rustfmt::skip]
const IN_THIS_ORDER: &[Situation] = &[
    Situation {
        name: "a client without References, whose subject changed, and the mail between came last",
        mails: &[
            Mail(ANN, "One", "1%", ""),
            Mail(ANN, "Three", "3%", "In-Reply-To: <2%>"),
            Mail(ANN, "Two", "2%", "In-Reply-To: <1%>"),
        ],
        conversations: &[&[0, 2], &[1]],
    },
    Situation {
        name: "the same, in the order they were written",
        mails: &[
            Mail(ANN, "One", "1%", ""),
            Mail(ANN, "Two", "2%", "In-Reply-To: <1%>"),
            Mail(ANN, "Three", "3%", "In-Reply-To: <2%>"),
        ],
        conversations: &[&[0, 1, 2]],
    },
    Situation {
        name: "of two mails with one Message-ID the one that came first is answered",
        mails: &[
            Mail(ANN, "Lamp", "same%", ""),
            Mail(ANN, "Chair", "same%", ""),
            Mail(ANN, "A third subject", "3%", "In-Reply-To: <same%>"),
        ],
        conversations: &[&[0, 2], &[1]],
    },
];

async fn mails_come_to_the_same_conversations_in_every_order(database: TestDb) {
    let test = TestEngine::start(database).await;
    for (number, situation) in IN_EVERY_ORDER.iter().enumerate() {
        for (run, order) in orders(situation.mails.len()).iter().enumerate() {
            check(&test, situation, order, &format!("x{number}x{run}")).await;
        }
    }
}

async fn where_the_order_counts_it_is_said_how(database: TestDb) {
    let test = TestEngine::start(database).await;
    for (number, situation) in IN_THIS_ORDER.iter().enumerate() {
        let order: Vec<usize> = (0..situation.mails.len()).collect();
        check(&test, situation, &order, &format!("y{number}")).await;
    }
}

async fn check(test: &TestEngine, situation: &Situation, order: &[usize], word: &str) {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for &number in order {
        let id = test.receive(raw(&situation.mails[number], word)).await;
        let conversation = conversation_of(test, &id).await;
        match groups.iter_mut().find(|(known, _)| *known == conversation) {
            Some((_, mails)) => mails.push(number),
            None => groups.push((conversation, vec![number])),
        }
    }
    let mut found: Vec<Vec<usize>> = groups.into_iter().map(|(_, mails)| mails).collect();
    found.iter_mut().for_each(|mails| mails.sort_unstable());
    found.sort();
    assert_eq!(found, situation.conversations, "{}, in the order {order:?}", situation.name);
}

fn raw(mail: &Mail, word: &str) -> String {
    let Mail(from, subject, message_id, fields) = mail;
    let mut text = format!("From: {from}\r\nTo: support@acme.example\r\nSubject: {subject}\r\n");
    if !message_id.is_empty() {
        text += &format!("Message-ID: <{message_id}>\r\n");
    }
    for field in fields.split("; ").filter(|field| !field.is_empty()) {
        // A Received field has a date behind its semicolon.
        text += &if field.contains(": ") { format!("{field}\r\n") } else { format!(" ;{field}\r\n") };
    }
    format!("{text}\r\nFrom {from} about {subject}.\r\n").replace('%', word)
}

async fn conversation_of(test: &TestEngine, id: &MessageId) -> String {
    let (workspace, id) = (test.workspace_id.clone(), id.clone());
    let row = test.engine.db.read(move |tx| store::messages::get(tx, &workspace, &id)).await.expect("a read");
    row.expect("the message").conversation_id.as_str().to_owned()
}

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(last) {
        for place in 0..count {
            let mut longer = order.clone();
            longer.insert(place, last);
            all.push(longer);
        }
    }
    all
}
