use super::*;
use crate::testing::TestEngine;
use model::account::MailServer;
use model::channel::TransportSecurity;

store::on_both_engines!(
    a_link_holds_as_it_is_and_is_spent_with_the_account_it_makes,
    two_that_fill_in_the_same_form_make_one_account
);

fn request() -> FormRequest {
    FormRequest {
        account: "bo".into(),
        redirect_url: "https://app.example/done?x=1#there".into(),
        ..FormRequest::default()
    }
}

fn filled(host: &str) -> Filled {
    let server = MailServer {
        host: host.into(),
        port: 993,
        security: TransportSecurity::Tls,
        username: "bo".into(),
        bearer: false,
        accept_invalid_certificates: false,
    };
    let imap = ServerRequest { server, secret: Some("secret".into()), disabled: false };
    Filled { name: Some("Bo".into()), email: "bo@example.com".into(), imap, smtp: None }
}

fn parts(link: &str) -> (String, String) {
    let (data, signature) = link.split_once("data=").unwrap().1.split_once("&sig=").unwrap();
    (data.to_owned(), signature.to_owned())
}

async fn a_link_holds_as_it_is_and_is_spent_with_the_account_it_makes(database: store::testing::TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let link = create(engine, &key, request()).await.unwrap();
    let (data, signature) = parts(&link);
    let form = open(engine, &data, &signature).await.unwrap();
    assert_eq!((form.request.account.as_str(), &form.workspace_id), ("bo", &test.workspace_id));

    let other = parts(&create(engine, &key, request()).await.unwrap());
    for (data, signature) in
        [(&data, &other.1), (&other.0, &signature), (&data, &String::new()), (&data[1..].to_owned(), &signature)]
    {
        assert!(matches!(open(engine, data, signature).await, Err(FormRefusal::Altered)), "{data} {signature}");
    }
    let token = page_token(engine, &form.id, "browser");
    assert!(is_page_token(engine, &form.id, "browser", &token));
    assert!(!is_page_token(engine, &form.id, "another", &token));
    assert!(!is_page_token(engine, &AuthenticationFormId::generate(), "browser", &token));

    assert_eq!(connect(engine, &form, filled("imap.example.com")).await.unwrap(), Outcome::New);
    assert_eq!(onward(&form, Outcome::New), "https://app.example/done?x=1&account=bo&state=new#there");
    let spent = open(engine, &data, &signature).await;
    assert!(matches!(spent, Err(FormRefusal::Spent { outcome: Outcome::New, .. })), "{spent:?}");
    // Nothing is changed by one that was opened before.
    let again = connect(engine, &form, filled("imap.attacker.example")).await;
    assert!(matches!(again, Err(FormRefusal::Spent { outcome: Outcome::New, .. })), "{again:?}");
    let account = accounts::get(engine, &key, "bo").await.unwrap();
    assert_eq!(account.settings.imap.unwrap().host, "imap.example.com");
    // Another form changes the account that is there.
    let form = open(engine, &other.0, &other.1).await.unwrap();
    assert_eq!(connect(engine, &form, filled("imap.example.net")).await.unwrap(), Outcome::Existing);

    let (data, signature) = parts(&create(engine, &key, request()).await.unwrap());
    let id = open(engine, &data, &signature).await.unwrap().id;
    let over = move |tx: &mut store::Tx<'_>| {
        tx.execute("UPDATE authentication_form SET expires_at = 1 WHERE id = $1", &[(&id).into()]).map(drop)
    };
    engine.db.write(Priority::Foreground, over).await.unwrap();
    assert!(matches!(open(engine, &data, &signature).await, Err(FormRefusal::Expired)));
    crate::maintenance::step(engine, Timestamp::now()).await.unwrap();
    let left = engine.db.read(|tx| tx.query("SELECT id FROM authentication_form", &[], |row| row.text(0))).await;
    assert_eq!(left.unwrap().len(), 2, "those that are over for long are forgotten, and no others");
    assert!(matches!(open(engine, &data, &signature).await, Err(FormRefusal::Expired)));
}

async fn two_that_fill_in_the_same_form_make_one_account(database: store::testing::TestDb) {
    let test = TestEngine::start(database).await;
    let (engine, key) = (&test.engine, test.key());
    let (data, signature) = parts(&create(engine, &key, request()).await.unwrap());
    let form = open(engine, &data, &signature).await.unwrap();
    let tries = (0..4).map(|_| {
        let (engine, form) = (engine.clone(), form.clone());
        tokio::spawn(async move { connect(&engine, &form, filled("imap.example.com")).await })
    });
    let (mut made, mut refused) = (0, 0);
    for one in tries.collect::<Vec<_>>() {
        match one.await.unwrap() {
            Ok(Outcome::New) => made += 1,
            Err(FormRefusal::Spent { .. }) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((made, refused), (1, 3));
    assert_eq!(accounts::page(engine, &key, None, 0, 10).await.unwrap().1, 1);
}

#[test]
fn people_are_sent_on_to_web_pages_alone() {
    for fine in ["https://app.example", "http://127.0.0.1:3000/a?b=c#d"] {
        assert!(check_redirect(fine).is_ok(), "{fine}");
    }
    let long = format!("https://app.example/{}", "a".repeat(REDIRECT_CHARS_MAX));
    for wrong in [
        "",
        "app.example",
        "/there",
        "//app.example",
        "javascript:alert(1)",
        "ftp://a/",
        "https://u:p@a/",
        "data:,x",
        &long,
    ] {
        assert!(check_redirect(wrong).is_err(), "{wrong}");
    }
}
