//! The situations mail programs and help desks get wrong, as data: mails, and which of them are one conversation.
//!
//! `US` is the channel's own address. An order of arrival matters only where a row says why.

pub(super) struct Letter {
    pub from: &'static str,
    pub to: &'static str,
    pub cc: &'static str,
    pub subject: &'static str,
    /// A name for the Message-ID; empty: it has none.
    pub id: &'static str,
    pub in_reply_to: &'static str,
    /// Oldest first.
    pub references: &'static [&'static str],
    /// More header fields.
    pub fields: &'static [&'static str],
    pub body: &'static str,
}

pub(super) enum Order {
    Free,
    Matters {
        /// What else the mails may come to in another order than the written one.
        otherwise: &'static [&'static [&'static [usize]]],
        because: &'static str,
    },
}

pub(super) struct Case {
    pub what: &'static str,
    pub by_subject: bool,
    pub letters: &'static [Letter],
    pub together: &'static [&'static [usize]],
    pub order: Order,
}

const ADA: Letter = Letter {
    from: "ada@example.org",
    to: "US",
    cc: "",
    subject: "Lamp",
    id: "",
    in_reply_to: "",
    references: &[],
    fields: &[],
    body: "Words.",
};
const BERT: Letter = Letter { from: "Bert <bert@example.net>", ..ADA };
const CORA: Letter = Letter { from: "cora@example.com", ..ADA };
const LIST: Letter = Letter { from: "\"Ada via Tea\" <tea@lists.example>", to: "tea@lists.example", cc: "US", ..ADA };

pub(super) const CASES: &[Case] = &[
    Case {
        what: "the answer comes before the question, under another subject",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", subject: "The broken one", body: "More.", ..ADA },
        ],
        together: &[&[0, 1]],
        order: Order::Free,
    },
    Case {
        what: "References name mails that come later",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", references: &["a"], ..ADA },
            Letter { id: "c", in_reply_to: "b", references: &["a", "b"], ..ADA },
            Letter { id: "d", references: &["a", "b", "c"], ..ADA },
        ],
        together: &[&[0, 1, 2, 3]],
        order: Order::Free,
    },
    Case {
        what: "a client without References, the mail in the middle late",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", ..ADA },
            Letter { id: "c", in_reply_to: "b", ..ADA },
        ],
        together: &[&[0, 1, 2]],
        order: Order::Matters {
            otherwise: &[&[&[0, 1], &[2]]],
            because: "until the mail in the middle is there nothing ties the two ends together, and two conversations that were \
                      shown, assigned and perhaps answered are not made one behind a person's back",
        },
    },
    Case {
        what: "a client without References, in a channel that threads by subject",
        by_subject: true,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", subject: "Re: Lamp", ..ADA },
            Letter { id: "c", in_reply_to: "b", subject: "AW: Re: Lamp", ..ADA },
        ],
        together: &[&[0, 1, 2]],
        order: Order::Free,
    },
    Case {
        what: "a client that writes neither In-Reply-To nor References",
        by_subject: true,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", subject: "SV: Lamp", ..ADA },
            Letter { id: "c", subject: "回复：Lamp", ..ADA },
        ],
        together: &[&[0, 1, 2]],
        order: Order::Free,
    },
    Case {
        what: "a forwarded mail is answered by a stranger",
        by_subject: true,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", references: &["a"], subject: "Re: Fwd: Lamp", ..BERT },
            Letter { id: "c", in_reply_to: "b", references: &["a", "b"], subject: "Re: Lamp", ..ADA },
        ],
        together: &[&[0, 2], &[1]],
        order: Order::Free,
    },
    Case {
        what: "who got a copy answers all",
        by_subject: false,
        letters: &[
            Letter { id: "a", cc: "bert@example.net", ..ADA },
            Letter { id: "b", in_reply_to: "a", cc: "ada@example.org", subject: "Re: Lamp", ..BERT },
        ],
        together: &[&[0, 1]],
        order: Order::Free,
    },
    Case {
        what: "who got a copy answers only us",
        by_subject: false,
        letters: &[
            Letter { id: "a", cc: "bert@example.net", ..ADA },
            Letter { id: "b", in_reply_to: "a", subject: "Re: Lamp", ..BERT },
        ],
        together: &[&[0, 1]],
        order: Order::Free,
    },
    Case {
        what: "somebody else's mail to many is answered by those it names",
        by_subject: false,
        letters: &[
            Letter { id: "a", cc: "bert@example.net, cora@example.com", ..ADA },
            Letter { id: "b", in_reply_to: "a", references: &["a"], cc: "ada@example.org", ..BERT },
            Letter { id: "c", in_reply_to: "a", references: &["a"], cc: "ada@example.org, bert@example.net", ..CORA },
            Letter { id: "d", in_reply_to: "a", references: &["a"], from: "dora@example.test", ..ADA },
        ],
        together: &[&[0, 1, 2], &[3]],
        order: Order::Free,
    },
    Case {
        what: "who is taken in later answers",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", references: &["a"], cc: "cora@example.com", ..ADA },
            Letter { id: "c", in_reply_to: "b", references: &["a", "b"], ..CORA },
        ],
        together: &[&[0, 1, 2]],
        order: Order::Matters {
            otherwise: &[&[&[0, 1], &[2]]],
            because: "before the mail that takes her in is there, she is a stranger",
        },
    },
    Case {
        what: "a ticket system gives different people one In-Reply-To",
        by_subject: true,
        letters: &[
            Letter { id: "a", in_reply_to: "ticket", cc: "desk@tickets.example", ..ADA },
            Letter { id: "b", in_reply_to: "ticket", cc: "desk@tickets.example", ..BERT },
            Letter { id: "c", in_reply_to: "ticket", cc: "desk@tickets.example", ..CORA },
            Letter { id: "d", in_reply_to: "ticket", subject: "Again", ..BERT },
        ],
        together: &[&[0], &[1, 3], &[2]],
        order: Order::Free,
    },
    Case {
        what: "notifications of one machine about two things",
        by_subject: false,
        letters: &[
            Letter { id: "a", references: &["thing1"], subject: "Opened", ..ADA },
            Letter { id: "b", references: &["thing1"], subject: "Closed", ..ADA },
            Letter { id: "c", references: &["thing2"], subject: "Opened", ..ADA },
        ],
        together: &[&[0, 1], &[2]],
        order: Order::Free,
    },
    Case {
        what: "a changed subject in an answer, and without any mark of one",
        by_subject: true,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "b", in_reply_to: "a", subject: "The chair", ..ADA },
            Letter { id: "c", subject: "A table", ..ADA },
        ],
        together: &[&[0, 1], &[2]],
        order: Order::Free,
    },
    Case {
        what: "two forwarding rules deliver the same mail",
        by_subject: false,
        letters: &[
            Letter {
                id: "a",
                fields: &["Received: from one.example by mx.example; Mon, 5 Jan 2026 10:00:00 +0000"],
                ..ADA
            },
            Letter {
                id: "a",
                fields: &["Received: from two.example by mx.example; Mon, 5 Jan 2026 10:00:09 +0000"],
                ..ADA
            },
        ],
        together: &[&[0, 1]],
        order: Order::Free,
    },
    Case {
        what: "two forwarding rules, one of which adds a footer",
        by_subject: true,
        letters: &[Letter { id: "a", ..ADA }, Letter { id: "a", body: "Words.\r\n\r\n-- \r\nScanned.", ..ADA }],
        together: &[&[0, 1]],
        order: Order::Free,
    },
    Case {
        what: "no Message-ID",
        by_subject: true,
        letters: &[Letter { ..ADA }, Letter { subject: "Re: Lamp", ..ADA }, Letter { subject: "Re: Lamp", ..BERT }],
        together: &[&[0, 1], &[2]],
        order: Order::Free,
    },
    Case {
        what: "a Message-ID used twice, and answered",
        by_subject: false,
        letters: &[
            Letter { id: "a", subject: "Invoice", ..ADA },
            Letter { id: "a", subject: "Offer", body: "Other words.", ..ADA },
            Letter { id: "b", in_reply_to: "a", subject: "Re: Invoice", ..ADA },
        ],
        together: &[&[0, 2], &[1]],
        order: Order::Matters { otherwise: &[&[&[1, 2], &[0]]], because: "an id means the mail that had it first" },
    },
    Case {
        what: "a stranger squats on a Message-ID",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..ADA },
            Letter { id: "a", body: "Pay here.", ..BERT },
            Letter { id: "b", in_reply_to: "a", ..ADA },
        ],
        together: &[&[0, 2], &[1]],
        order: Order::Matters {
            otherwise: &[&[&[0], &[1], &[2]]],
            because: "an id means the mail that had it first: who squats on it in time can keep an answer apart, but gets none",
        },
    },
    Case {
        what: "a mailing list that rewrites From",
        by_subject: false,
        letters: &[
            Letter { id: "a", ..LIST },
            Letter {
                id: "b",
                in_reply_to: "a",
                references: &["a"],
                from: "\"Bert via Tea\" <tea@lists.example>",
                ..LIST
            },
            Letter { id: "c", in_reply_to: "b", references: &["a", "b"], ..LIST },
        ],
        together: &[&[0, 1, 2]],
        order: Order::Free,
    },
    Case {
        what: "a mailing list that rewrites From to an address for each",
        by_subject: false,
        letters: &[
            Letter { id: "a", from: "tea+ada=example.org@lists.example", ..ADA },
            Letter { id: "b", in_reply_to: "a", from: "tea+bert=example.net@lists.example", ..ADA },
        ],
        together: &[&[0], &[1]],
        order: Order::Free,
    },
    Case {
        what: "Outlook's Thread-Index with In-Reply-To, and on an old mail written over",
        by_subject: true,
        letters: &[
            Letter { id: "a", fields: &["Thread-Index: AdrPnRIX3+uEkAAAT6aXyYFAGRa1Gw=="], ..ADA },
            Letter {
                id: "b",
                in_reply_to: "a",
                subject: "RE: Lamp",
                fields: &["Thread-Index: AdrPnRIX3+uEkAAAT6aXyYFAGRa1GwAAAAAA"],
                ..ADA
            },
            Letter {
                id: "c",
                subject: "Holidays",
                fields: &["Thread-Index: AdrPnRIX3+uEkAAAT6aXyYFAGRa1GwAAAAAB", "Thread-Topic: Holidays"],
                ..ADA
            },
        ],
        together: &[&[0, 1], &[2]],
        order: Order::Free,
    },
    Case {
        what: "plus addresses are one person, an alias nobody vouches for is a stranger",
        by_subject: false,
        letters: &[
            Letter { id: "a", from: "ada+shop@example.org", ..ADA },
            Letter { id: "b", in_reply_to: "a", ..ADA },
            Letter { id: "c", in_reply_to: "a", from: "ada+home@example.org", ..ADA },
            Letter { id: "d", in_reply_to: "a", from: "a.l@example.org", ..ADA },
        ],
        together: &[&[0, 1, 2], &[3]],
        order: Order::Free,
    },
    Case {
        what: "mails that name themselves or each other",
        by_subject: false,
        letters: &[
            Letter { id: "a", in_reply_to: "a", ..ADA },
            Letter { id: "b", in_reply_to: "c", ..ADA },
            Letter { id: "c", in_reply_to: "b", ..ADA },
        ],
        together: &[&[0], &[1, 2]],
        order: Order::Free,
    },
    Case {
        what: "two people write to and fro, and copy each other",
        by_subject: false,
        letters: &[
            Letter { id: "a", cc: "bert@example.net", ..ADA },
            Letter { id: "b", references: &["a"], cc: "ada@example.org", ..BERT },
            Letter { id: "c", references: &["a", "b"], cc: "bert@example.net", ..ADA },
            Letter { id: "d", references: &["a", "b", "c"], cc: "ada@example.org", ..BERT },
            Letter { id: "e", references: &["a", "b", "c", "d"], cc: "bert@example.net", ..ADA },
            Letter { id: "f", references: &["a", "b", "c", "d", "e"], cc: "ada@example.org", ..BERT },
        ],
        together: &[&[0, 1, 2, 3, 4, 5]],
        order: Order::Free,
    },
];
