//! Replies as mail programs of today write them: what a person newly wrote is found. Never tests single rules.

use postroom_mail::reply::{Reply, from_html, from_text};

#[test]
fn html_replies_of_the_common_programs() {
    let cases = [
        (
            "Gmail",
            "<div dir=\"ltr\">Four is fine.<div><br></div><div>Ann</div></div><br><div class=\"gmail_quote\"><div dir=\"ltr\" class=\"gmail_attr\">On Mon, Jan 5, 2026 at 10:12 AM \
             Bob Example &lt;<a href=\"mailto:bob@example.com\">bob@example.com</a>&gt; wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0\"><div>Tea at four?</div></blockquote></div>",
            "Four is fine.\n\nAnn",
        ),
        (
            "Outlook on the desktop",
            "<html><head><style>p{margin:0}</style></head><body><div class=WordSection1><p class=MsoNormal>Four is fine.<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>\
             <div><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p class=MsoNormal><b>From:</b> Bob Example &lt;bob@example.com&gt; <br><b>Sent:</b> Monday, January 5, 2026 10:12 AM<br>\
             <b>To:</b> Ann &lt;ann@example.com&gt;<br><b>Subject:</b> Tea<o:p></o:p></p></div></div><p class=MsoNormal>Tea at four?<o:p></o:p></p></div></body></html>",
            "Four is fine.",
        ),
        (
            "Outlook on the web",
            "<div>Four is fine.</div><div id=\"appendonsend\"></div><hr style=\"width:98%\"><div id=\"divRplyFwdMsg\" dir=\"ltr\"><font face=\"Calibri\"><b>Von:</b> Bob<br><b>Gesendet:</b> Montag\
             <br><b>An:</b> Ann<br><b>Betreff:</b> Tee</font></div><div>Tea at four?</div>",
            "Four is fine.",
        ),
        (
            "Apple Mail",
            "<html><body>Four is fine.<br><div><br><blockquote type=\"cite\"><div>On 5 Jan 2026, at 10:12, Bob Example &lt;bob@example.com&gt; wrote:</div><br><div>Tea at four?</div></blockquote></div></body></html>",
            "Four is fine.",
        ),
        (
            "Thunderbird",
            "<html><body><p>Four is fine.</p><div class=\"moz-cite-prefix\">Am 05.01.26 um 10:12 schrieb Bob Example:<br></div><blockquote type=\"cite\"><p>Tea at four?</p></blockquote><br></body></html>",
            "Four is fine.",
        ),
        (
            "Yahoo",
            "<div>Four is fine.</div><div id=\"yahoo_quoted_123\" class=\"yahoo_quoted\"><div>On Monday, January 5, 2026 at 10:12:00 AM GMT+1, Bob &lt;bob@example.com&gt; wrote:</div><div>Tea at four?</div></div>",
            "Four is fine.",
        ),
        (
            "Proton",
            "<div>Four is fine.</div><div class=\"protonmail_quote\">On Monday, January 5th, 2026 at 10:12, Bob &lt;bob@example.com&gt; wrote:<br><blockquote class=\"protonmail_quote\">Tea at four?</blockquote></div>",
            "Four is fine.",
        ),
        ("nothing quoted", "<p>One</p><ul><li>two</li><li>three</li></ul>", "One\n\n- two\n- three"),
    ];
    for (program, html, expected) in cases {
        assert_eq!(from_html(html).reply_text, expected, "{program}");
    }
}

#[test]
fn plain_replies_in_many_languages() {
    for attribution in [
        "On Mon, Jan 5, 2026 at 10:12 AM Bob <bob@example.com> wrote:",
        "Am Mo., 5. Jan. 2026 um 10:12 Uhr schrieb Bob <bob@example.com>:",
        "Le lun. 5 janv. 2026 à 10:12, Bob <bob@example.com> a écrit :",
        "El lun, 5 ene 2026 a las 10:12, Bob (<bob@example.com>) escribió:",
        "Em seg., 5 de jan. de 2026 às 10:12, Bob <bob@example.com> escreveu:",
        "Il giorno lun 5 gen 2026 alle ore 10:12 Bob <bob@example.com> ha scritto:",
        "Op ma 5 jan 2026 om 10:12 schreef Bob <bob@example.com>:",
        "Den mån 5 jan. 2026 kl 10:12 skrev Bob <bob@example.com>:",
        "man. 5. jan. 2026 kl. 10.12 skrev Bob <bob@example.com>:",
        "ma 5. tammik. 2026 klo 10.12 Bob (bob@example.com) kirjoitti:",
        "pon., 5 sty 2026 o 10:12 Bob <bob@example.com> napisał(a):",
        "po 5. 1. 2026 v 10:12 odesílatel Bob <bob@example.com> napsal:",
        "Bob <bob@example.com> ezt írta (időpont: 2026. jan. 5., H, 10:12):",
        "În lun., 5 ian. 2026 la 10:12, Bob <bob@example.com> a scris:",
        "пн, 5 янв. 2026 г. в 10:12, Bob <bob@example.com>:",
        "пн, 5 січ. 2026 р. о 10:12 Bob <bob@example.com> пише:",
        "5 Oca 2026 Pzt, 10:12 tarihinde Bob <bob@example.com> şunu yazdı:",
        "Στις Δευ 5 Ιαν 2026 στις 10:12 π.μ., ο/η Bob <bob@example.com> έγραψε:",
        "2026年1月5日(月) 10:12 Bob <bob@example.com>:",
        "Bob <bob@example.com> 于2026年1月5日周一 10:12写道：",
        "2026년 1월 5일 (월) 오전 10:12, Bob <bob@example.com>님이 작성:",
        "Vào Th 2, 5 thg 1, 2026 vào lúc 10:12 Bob <bob@example.com> đã viết:",
        "בתאריך יום ב׳, 5 בינו׳ 2026 ב-10:12 מאת Bob <bob@example.com>:",
        "في الاثنين، 5 يناير 2026 في 10:12 ص تمت كتابة ما يلي بواسطة Bob <bob@example.com>:",
    ] {
        let reply = from_text(&format!("Four is fine.\n\n{attribution}\n\n> Tea at four?\n"));
        assert_eq!(reply.reply_text, "Four is fine.", "{attribution}");
        assert!(reply.quoted.is_some_and(|quoted| quoted.contains("Tea at four?") && quoted.contains(attribution)));
    }
}

#[test]
fn heads_of_quoted_mails_in_many_languages() {
    for head in [
        "From: Bob\nSent: Monday\nTo: Ann\nSubject: Tea",
        "Von: Bob\nGesendet: Montag\nAn: Ann\nBetreff: Tee",
        "De : Bob\nEnvoyé : lundi\nÀ : Ann\nObjet : Thé",
        "De: Bob\nEnviado: lunes\nPara: Ann\nAsunto: Té",
        "Da: Bob\nInviato: lunedì\nA: Ann\nOggetto: Tè",
        "Van: Bob\nVerzonden: maandag\nAan: Ann\nOnderwerp: Thee",
        "Från: Bob\nSkickat: måndag\nTill: Ann\nÄmne: Te",
        "Od: Bob\nWysłano: poniedziałek\nDo: Ann\nTemat: Herbata",
        "От: Bob\nОтправлено: понедельник\nКому: Ann\nТема: Чай",
        "发件人: Bob\n发送时间: 星期一\n收件人: Ann\n主题: 茶",
        "差出人: Bob\n送信日時: 月曜日\n宛先: Ann\n件名: お茶",
    ] {
        let reply = from_text(&format!("Four is fine.\n\n________________________________\n{head}\n\nTea at four?\n"));
        assert_eq!(reply.reply_text, "Four is fine.", "{head}");
    }
}

#[test]
fn signatures_are_kept_apart() {
    for (signature, what) in [
        ("--\nAnn Example\n+1 555 0100", "mark"),
        ("Sent from my iPhone", "device"),
        ("Von meinem iPhone gesendet", "device"),
        ("Get Outlook for Android<https://example.com>", "device"),
        ("_______________________________________________\ntea mailing list\ntea@lists.example.com", "list"),
    ] {
        let reply = from_text(&format!(
            "Four is fine.\n\n{signature}\n\nOn Mon, Jan 5, 2026 at 10:12 AM Bob <bob@example.com> wrote:\n> Tea?\n"
        ));
        assert_eq!(
            (reply.reply_text.as_str(), reply.signature.as_deref()),
            ("Four is fine.", Some(signature)),
            "{what}"
        );
    }
}

#[test]
fn answers_between_quotes_keep_what_they_answer() {
    let reply = from_text(
        "On Mon, Jan 5, 2026 at 10:12 AM Bob <bob@example.com> wrote:\n> Hello\n\nHello Bob\n\n> Tea or coffee?\n\nTea.\n\n> Bob\n",
    );
    assert_eq!(reply.reply_text, "Hello Bob\n\n> Tea or coffee?\n\nTea.");
}

#[test]
fn a_mail_without_quotes_is_all_reply() {
    for text in [
        "Just this.",
        "Dear Bob,\n\nFrom: the station it is far.\n\nAnn",
        "1. one\n2. two\n\n- a\n- b",
        "Look:\n\n```\n> not a quote\n--\n```\n\nDone.",
    ] {
        assert_eq!(from_text(text), Reply { reply_text: text.to_owned(), quoted: None, signature: None }, "{text}");
    }
}
