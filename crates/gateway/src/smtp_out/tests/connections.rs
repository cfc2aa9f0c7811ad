use std::sync::atomic::{AtomicUsize, Ordering};

use DeliveryResult::{Deferred, Delivered, Infrastructure};
use TransportSecurity::None as Clear;

use super::host::{Does, says, willing};
use super::*;

#[tokio::test]
async fn a_connection_is_used_again() {
    let host = willing(&["AUTH PLAIN"], |_, _| None).await;
    let (transport, to) = (transport(SmtpOutConfig::default()), signed_in(&host, Clear));
    for _ in 0..3 {
        assert_eq!(send(&transport, &to, mail(&["a@example.org"])).await.result, Delivered);
    }
    assert_eq!((host.count("CONNECT"), host.count("AUTH"), host.count("RSET"), host.count("DATA")), (1, 1, 0, 3));
}

#[tokio::test]
async fn what_a_refused_transaction_left_open_is_reset() {
    let host = willing(&[], |_, line| line.starts_with("RCPT TO:<no").then(|| says("550 5.1.1 no such user"))).await;
    let (transport, to) = (transport(SmtpOutConfig::default()), smarthost(&host, Clear));
    for (address, result) in [("no@example.org", DeliveryResult::Bounced), ("a@example.org", Delivered)] {
        assert_eq!(send(&transport, &to, mail(&[address])).await.result, result);
    }
    assert_eq!((host.count("CONNECT"), host.count("RSET"), host.count("DATA")), (1, 1, 1));
}

#[tokio::test]
async fn another_user_or_password_gets_another_connection() {
    let host = willing(&["AUTH PLAIN"], |_, _| None).await;
    let transport = transport(SmtpOutConfig::default());
    let with = |username: &str, password: &str| {
        let auth = SmtpAuth::Password { username: username.to_owned(), password: password.into() };
        Smarthost { auth: Some(auth), ..smarthost(&host, Clear) }
    };
    for to in [with("a", "1"), with("b", "1"), with("a", "2"), smarthost(&host, Clear), with("a", "1")] {
        send(&transport, &to, mail(&["a@example.org"])).await;
    }
    assert_eq!(host.count("CONNECT"), 4);
}

#[tokio::test]
async fn a_connection_the_server_closed_is_replaced() {
    for at in ["MAIL", "RCPT"] {
        let mails = Arc::new(AtomicUsize::new(0));
        let host = willing(&["PIPELINING"], move |connection, line| {
            if line == "<mail>" {
                mails.fetch_add(1, Ordering::SeqCst);
            }
            let stale = connection == 0 && mails.load(Ordering::SeqCst) > 0 && line.starts_with(at);
            stale.then_some(Does::Close)
        })
        .await;
        let (transport, to) = (transport(SmtpOutConfig::default()), smarthost(&host, Clear));
        for _ in 0..2 {
            let outcome = send(&transport, &to, mail(&["a@example.org"])).await;
            assert_eq!(outcome.result, Delivered, "{at}: {}", outcome.response);
        }
        assert_eq!((host.count("CONNECT"), host.count("<mail>")), (2, 2), "{at}");
    }
}

#[tokio::test]
async fn a_connection_that_is_not_reset_is_replaced() {
    // Answers the check with 421, or hangs up on it.
    for answer in [true, false] {
        let host = willing(&["PIPELINING"], move |connection, line| match line {
            "RSET" if connection == 0 && answer => Some(Does::Last("421 4.4.2 idle for too long".to_owned())),
            "RSET" if connection == 0 => Some(Does::Close),
            line => line.starts_with("RCPT TO:<no").then(|| says("550 5.1.1 no such user")),
        })
        .await;
        let (transport, to) = (transport(SmtpOutConfig::default()), smarthost(&host, Clear));
        for (address, result) in [("no@example.org", DeliveryResult::Bounced), ("a@example.org", Delivered)] {
            let outcome = send(&transport, &to, mail(&[address])).await;
            assert_eq!(outcome.result, result, "{answer}: {}", outcome.response);
        }
        assert_eq!((host.count("CONNECT"), host.count("<mail>")), (2, 1), "{answer}");
    }
}

#[tokio::test]
async fn a_mail_that_may_have_arrived_is_not_sent_again_at_once() {
    let host = willing(&[], |_, line| (line == "<mail>").then_some(Does::Close)).await;
    let transport = transport(SmtpOutConfig::default());
    let to = smarthost(&host, Clear);
    // A connection that was used before: its first mail is refused, so that it is kept.
    let outcome = send(&transport, &to, mail(&["bad address"])).await;
    assert_eq!(outcome.result, DeliveryResult::Bounced);
    let outcome = send(&transport, &to, mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Deferred, "{}", outcome.response);
    assert_eq!((host.count("CONNECT"), host.count("RSET"), host.count("<mail>")), (1, 1, 1));
}

#[tokio::test]
async fn idle_connections_are_closed_politely() {
    let host = willing(&[], |_, _| None).await;
    let config = SmtpOutConfig { idle_max: Duration::from_millis(20), ..SmtpOutConfig::default() };
    let transport = transport(config);
    send(&transport, &smarthost(&host, Clear), mail(&["a@example.org"])).await;
    assert_eq!(transport.pool.idle_count(), 1);
    while host.count("QUIT") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(transport.pool.idle_count(), 0);
}

#[tokio::test]
async fn a_host_gets_so_many_connections_and_no_more() {
    let (busy, busiest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, most) = (busy.clone(), busiest.clone());
    let host = willing(&[], move |_, line| {
        match line {
            "DATA" => {
                let count = now.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(count, Ordering::SeqCst);
            }
            "<mail>" => {
                now.fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
        None
    })
    .await;
    let transport = transport(SmtpOutConfig { connections_per_host_max: 3, ..SmtpOutConfig::default() });
    let to = smarthost(&host, Clear);
    let sending = (0..20).map(|_| send(&transport, &to, mail(&["a@example.org"])));
    let outcomes = futures_util::future::join_all(sending).await;
    assert!(outcomes.iter().all(|outcome| outcome.result == Delivered));
    assert!(host.count("CONNECT") <= 3 && busiest.load(Ordering::SeqCst) <= 3);
    assert_eq!((host.count("<mail>"), busy.load(Ordering::SeqCst)), (20, 0));
}

#[tokio::test]
async fn a_host_that_can_not_be_reached_defers_and_one_that_may_not_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let to = Smarthost { host: "127.0.0.1".to_owned(), port, security: Clear, auth: None };
    let outcome = send(&transport(SmtpOutConfig::default()), &to, mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Deferred);
    assert!(outcome.response.starts_with("could not connect: 127.0.0.1:"), "{}", outcome.response);

    let strict = SmtpTransport::new(Guard::new(false), SmtpOutConfig::default()).unwrap();
    let outcome = send(&strict, &to, mail(&["a@example.org"])).await;
    assert_eq!(outcome.result, Infrastructure);
    assert!(outcome.response.contains("allow_private_networks"), "{}", outcome.response);
}

#[tokio::test]
async fn a_name_that_is_no_word_is_refused_at_start() {
    for bad in ["", "a b", "a\r\nMAIL", "bücher.example"] {
        let config = SmtpOutConfig { hello_name: bad.to_owned(), ..SmtpOutConfig::default() };
        assert!(SmtpTransport::new(Guard::new(true), config).is_err(), "{bad:?}");
    }
}
