use DeliveryResult::{Bounced, Deferred, Delivered, Infrastructure};
use TransportSecurity::{None as Clear, Starttls, Tls};

use super::host::{Does, says, willing, willing_in_tls};
use super::*;

#[tokio::test]
async fn a_mail_is_handed_over_in_order_and_with_its_dots_doubled() {
    let host = willing(&["SIZE 100000", "8BITMIME"], |_, _| None).await;
    let outcomes = transport(SmtpOutConfig::default())
        .send(&smarthost(&host, Clear), mail(&["a@example.org", "b@example.org"]))
        .await;
    let queued = (Delivered, "250 2.0.0 queued");
    assert_eq!(results(&outcomes), [queued, queued]);
    assert_eq!(outcomes[1].recipient, "b@example.org");
    assert_eq!((outcomes[0].host.as_deref(), outcomes[0].tls), (Some("127.0.0.1"), false));
    assert_eq!(
        host.heard(),
        [
            "CONNECT",
            "EHLO post.example.org",
            "MAIL FROM:<bounce@example.org> SIZE=27",
            "RCPT TO:<a@example.org>",
            "RCPT TO:<b@example.org>",
            "DATA",
            "<mail>Subject: x\r\n\r\nHello\r\n..dot\r\n.\r\n",
        ]
    );
}

#[tokio::test]
async fn each_recipient_has_their_own_answer_with_pipelining_and_without() {
    for capabilities in [&["PIPELINING"][..], &[]] {
        let host = willing(capabilities, |_, line| match line {
            "RCPT TO:<gone@example.org>" => Some(says("550-5.1.1 no such\r\n550 5.1.1 user")),
            "RCPT TO:<later@example.org>" => Some(says("450 4.2.1 greylisted")),
            "RCPT TO:<relay@example.org>" => Some(says("554 5.7.1 Relay access denied")),
            _ => None,
        })
        .await;
        let recipients =
            ["gone@example.org", "ok@example.org", "bad address", "later@example.org", "relay@example.org"];
        let outcomes = transport(SmtpOutConfig::default()).send(&smarthost(&host, Clear), mail(&recipients)).await;
        assert_eq!(
            results(&outcomes),
            [
                (Bounced, "550 5.1.1 no such user"),
                (Delivered, "250 2.0.0 queued"),
                (Bounced, "the address \"bad address\" can't be said in SMTP"),
                (Deferred, "450 4.2.1 greylisted"),
                (Infrastructure, "554 5.7.1 Relay access denied"),
            ],
            "{capabilities:?}"
        );
        assert_eq!(host.count("RCPT"), 4);
    }
}

#[tokio::test]
async fn without_a_recipient_that_was_taken_nothing_is_sent() {
    for capabilities in [&["PIPELINING"][..], &[]] {
        let host = willing(capabilities, |_, line| line.starts_with("RCPT").then(|| says("550 5.1.1 no"))).await;
        let transport = transport(SmtpOutConfig::default());
        let outcome = send(&transport, &smarthost(&host, Clear), mail(&["a@example.org"])).await;
        assert_eq!((outcome.result, outcome.response.as_str()), (Bounced, "550 5.1.1 no"));
        assert_eq!(host.count("DATA"), 0);
    }
}

#[tokio::test]
async fn a_refused_sender_is_everybodys_answer() {
    for capabilities in [&["PIPELINING"][..], &[]] {
        let host = willing(capabilities, |_, line| {
            let refused = line.starts_with("MAIL").then(|| says("550 5.7.1 not your address"));
            refused.or_else(|| line.starts_with("RCPT").then(|| says("503 5.5.1 MAIL first")))
        })
        .await;
        let to = smarthost(&host, Clear);
        let transport = transport(SmtpOutConfig::default());
        let outcomes = transport.send(&to, mail(&["a@example.org", "b@example.org"])).await;
        let refused = (Infrastructure, "550 5.7.1 not your address (in answer to MAIL FROM)");
        assert_eq!(results(&outcomes), [refused, refused], "{capabilities:?}");
        // The next mail finds the connection in step.
        let outcome = send(&transport, &to, mail(&["a@example.org"])).await;
        assert_eq!(outcome.response, refused.1);
        assert_eq!(host.count("CONNECT"), 1);
    }
}

#[tokio::test]
async fn the_answer_to_the_mail_decides_and_what_came_before_stays() {
    for (answer, expected) in [
        ("250 ok", Delivered),
        ("451 4.3.0 later", Deferred),
        ("554 5.6.0 malformed", Bounced),
        ("550 5.7.26 unauthenticated", Infrastructure),
    ] {
        let host = willing(&[], move |_, line| match line {
            "RCPT TO:<gone@example.org>" => Some(says("550 5.1.1 no")),
            "<mail>" => Some(says(answer)),
            _ => None,
        })
        .await;
        let recipients = mail(&["gone@example.org", "a@example.org"]);
        let outcomes = transport(SmtpOutConfig::default()).send(&smarthost(&host, Clear), recipients).await;
        assert_eq!(results(&outcomes), [(Bounced, "550 5.1.1 no"), (expected, answer)]);
    }
}

#[tokio::test]
async fn a_connection_lost_on_the_way_defers_whoever_has_no_answer_yet() {
    for (at, text) in [
        ("CONNECT", "the server closed the connection after the connection"),
        ("EHLO post.example.org", "the server closed the connection after EHLO"),
        ("MAIL FROM:<bounce@example.org>", "the server closed the connection after MAIL FROM"),
        ("RCPT TO:<b@example.org>", "the server closed the connection after RCPT TO"),
        ("DATA", "the server closed the connection after DATA"),
        ("<mail>", "the server closed the connection after the mail"),
    ] {
        let host = willing(&[], move |_, line| match line {
            "RCPT TO:<a@example.org>" => Some(says("550 5.1.1 no")),
            _ => (line == at).then_some(Does::Close),
        })
        .await;
        let recipients = mail(&["a@example.org", "b@example.org"]);
        let outcomes = transport(SmtpOutConfig::default()).send(&smarthost(&host, Clear), recipients).await;
        assert_eq!(results(&outcomes)[1], (Deferred, text));
        let first_answered = ["RCPT", "DATA", "<mai"].contains(&&at[..4]);
        assert_eq!(outcomes[0].result, if first_answered { Bounced } else { Deferred }, "{at}");
        assert_eq!(host.count("CONNECT"), 1, "{at}: a new connection's loss is for the queue to retry");
    }
}

#[tokio::test]
async fn a_closing_server_defers_and_is_not_asked_again() {
    for at in [
        "CONNECT",
        "EHLO post.example.org",
        "MAIL FROM:<bounce@example.org>",
        "RCPT TO:<a@example.org>",
        "DATA",
        "<mail>",
    ] {
        let host =
            willing(&[], move |_, line| (line == at).then(|| Does::Last("421 4.3.2 shutting down".to_owned()))).await;
        let outcome =
            send(&transport(SmtpOutConfig::default()), &smarthost(&host, Clear), mail(&["a@example.org"])).await;
        assert_eq!(outcome.result, Deferred, "{at}");
        assert!(outcome.response.starts_with("421 4.3.2 shutting down"), "{at}: {}", outcome.response);
        assert_eq!(host.count("CONNECT"), 1);
    }
}

#[tokio::test]
async fn what_the_server_does_not_offer_is_not_tried() {
    let raw =
        |text: &'static str| OutboundMail { raw: Bytes::from_static(text.as_bytes()), ..mail(&["a@example.org"]) };
    let host = willing(&["SIZE 1000"], |_, _| None).await;
    let (transport, to) = (transport(SmtpOutConfig::default()), smarthost(&host, Clear));
    let outcome = send(&transport, &to, raw("Subject: x\r\n\r\nGrüße\r\n")).await;
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("8BITMIME"), "{}", outcome.response);
    let outcome = send(&transport, &to, mail(&["grüße@example.org"])).await;
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("SMTPUTF8"), "{}", outcome.response);
    let large = OutboundMail { raw: Bytes::from(vec![b'x'; 1001]), ..mail(&["a@example.org"]) };
    let outcome = send(&transport, &to, large).await;
    assert_eq!(outcome.result, Bounced);
    assert!(outcome.response.contains("SIZE 1000"), "{}", outcome.response);
    assert_eq!(host.count("MAIL"), 0);
}

#[tokio::test]
async fn a_large_mail_arrives_whole() {
    let host = willing(&["PIPELINING"], |_, _| None).await;
    let body = "0123456789abcdef\r\n".repeat(200_000);
    let raw = Bytes::from(format!("Subject: x\r\n\r\n{body}"));
    let outcome = send(
        &transport(SmtpOutConfig::default()),
        &smarthost(&host, Clear),
        OutboundMail { raw, ..mail(&["a@example.org"]) },
    )
    .await;
    assert_eq!(outcome.result, Delivered, "{}", outcome.response);
    let expected = format!("<mail>Subject: x\r\n\r\n{body}.\r\n");
    assert!(host.heard().last() == Some(&expected), "every byte, once");
}

#[tokio::test]
async fn a_server_that_knows_no_ehlo_is_greeted_with_helo() {
    let host = willing(&["PIPELINING"], |_, line| line.starts_with("EHLO").then(|| says("502 what?"))).await;
    let outcome = send(&transport(SmtpOutConfig::default()), &smarthost(&host, Clear), mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Delivered);
    assert_eq!(host.heard()[2], "HELO post.example.org");
}

#[tokio::test]
async fn starttls_protects_sign_in_and_mail() {
    let host = willing(&["STARTTLS", "AUTH PLAIN"], |_, _| None).await;
    let outcome = send(&transport(trusting(&host)), &signed_in(&host, Starttls), mail(&["a@example.org"])).await;
    assert_eq!((outcome.result, outcome.tls), (Delivered, true), "{}", outcome.response);
    let ehlo = "EHLO post.example.org";
    assert_eq!(host.heard()[..5], ["CONNECT", ehlo, "STARTTLS", ehlo, "AUTH PLAIN AHVzZXIAZ2VoZWlt"]);
}

#[tokio::test]
async fn tls_from_the_first_byte_works_too() {
    let host = willing_in_tls(&["AUTH LOGIN"], |_, line| match line {
        "AUTH LOGIN" => Some(says("334 VXNlcm5hbWU6")),
        "dXNlcg==" => Some(says("334 UGFzc3dvcmQ6")),
        "Z2VoZWlt" => Some(says("235 welcome")),
        _ => None,
    })
    .await;
    let outcome = send(&transport(trusting(&host)), &signed_in(&host, Tls), mail(&["a@example.org"])).await;
    assert_eq!((outcome.result, outcome.tls), (Delivered, true), "{}", outcome.response);
    assert_eq!(host.heard()[2..5], ["AUTH LOGIN", "dXNlcg==", "Z2VoZWlt"]);
}

#[tokio::test]
async fn starttls_is_never_given_up() {
    // Not offered, refused, and answered with more than TLS covers.
    let not_offered = willing(&["AUTH PLAIN"], |_, _| None).await;
    let refused = willing(&["STARTTLS"], |_, line| (line == "STARTTLS").then(|| says("502 no"))).await;
    let injected =
        willing(&["STARTTLS"], |_, line| (line == "STARTTLS").then(|| says("220 go on\r\n250 AUTH PLAIN"))).await;
    for (host, expected) in
        [(not_offered, "does not offer STARTTLS"), (refused, "502 no"), (injected, "more than its answer")]
    {
        let outcome = send(&transport(trusting(&host)), &signed_in(&host, Starttls), mail(&["a@example.org"])).await;
        assert_eq!(outcome.result, Infrastructure);
        assert!(outcome.response.contains(expected), "{}", outcome.response);
        assert_eq!((host.count("AUTH"), host.count("MAIL"), outcome.tls), (0, 0, false));
    }
}

#[tokio::test]
async fn certificates_must_be_trusted() {
    let host = willing(&["STARTTLS"], |_, _| None).await;
    let to = smarthost(&host, Starttls);
    let outcome = send(&transport(SmtpOutConfig::default()), &to, mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("invalid peer certificate"), "{}", outcome.response);
    let trust = TlsTrust { accept_invalid_certificates: true, ..TlsTrust::default() };
    let careless = transport(SmtpOutConfig { trust, ..SmtpOutConfig::default() });
    assert_eq!(send(&careless, &to, mail(&["a@example.org"])).await.result, Delivered);
    assert_eq!(host.count("MAIL"), 1);
}

#[tokio::test]
async fn a_refused_sign_in_is_the_operators_business() {
    for (answer, expected) in [("535 5.7.8 bad credentials", Infrastructure), ("454 4.7.0 later", Deferred)] {
        let host = willing(&["AUTH PLAIN"], move |_, line| line.starts_with("AUTH").then(|| says(answer))).await;
        let outcome =
            send(&transport(SmtpOutConfig::default()), &signed_in(&host, Clear), mail(&["a@example.org"])).await;
        assert_eq!(outcome.result, expected);
        assert_eq!(outcome.response, format!("{answer} (in answer to AUTH)"));
        assert!(!outcome.response.contains("geheim"));
    }
}

#[tokio::test]
async fn a_refused_token_gives_the_providers_reason() {
    let host = willing(&["AUTH XOAUTH2"], |_, line| match line {
        "<empty>" => Some(says("535 5.7.8 not accepted")),
        _ => line.starts_with("AUTH").then(|| says("334 eyJzdGF0dXMiOiI0MDEifQ==")),
    })
    .await;
    let auth = SmtpAuth::Bearer { username: "user".to_owned(), token: "token".into() };
    let to = Smarthost { auth: Some(auth), ..smarthost(&host, Clear) };
    let outcome = send(&transport(SmtpOutConfig::default()), &to, mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Infrastructure);
    assert_eq!(outcome.response, r#"535 5.7.8 not accepted (in answer to AUTH) {"status":"401"}"#);
}

#[tokio::test]
async fn what_is_not_smtp_is_told_to_the_operator() {
    let host = willing(&[], |_, line| (line == "CONNECT").then(|| says("SSH-2.0-OpenSSH"))).await;
    let outcome = send(&transport(SmtpOutConfig::default()), &smarthost(&host, Clear), mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("is not SMTP"), "{}", outcome.response);
}
