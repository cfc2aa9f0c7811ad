use axum::http::header;
use engine::words::Language;

use super::*;

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn what_people_and_servers_say_stays_text() {
    let hostile = "\"><script>alert('x')</script>&";
    let frame = |words| Frame { words, query: hostile.into(), token: hostile.into(), application: hostile };
    let fields_of = ServerFields { host: hostile.into(), port: hostile.into(), tls: true, user: hostile.into() };
    let fields =
        Fields { name: hostile.into(), email: hostile.into(), imap: fields_of.clone(), same: false, smtp: fields_of };
    let step = TestStep {
        name: hostile.into(),
        ok: false,
        detail: hostile.into(),
        hint: Some(hostile.into()),
        duration_ms: 1,
    };
    let tried = Tried { imap: vec![step.clone()], smtp: vec![step] };
    let mistakes = [("imap_host", hostile.to_owned()), ("smtp_port", hostile.to_owned())];
    let providers = [ProviderButton { label: hostile.into(), url: hostile.into() }];
    for language in Language::ALL {
        let words = language.words();
        let frame = frame(words);
        for page in [
            who(StatusCode::OK, &frame, &fields, &mistakes, &providers),
            servers(StatusCode::OK, &frame, &fields, &mistakes, Some(hostile), &tried),
            notice(words, StatusCode::GONE, hostile, hostile, Some((hostile, hostile))),
            connected(words, hostile, hostile),
            servers_refused(words, &tried.imap, hostile),
        ] {
            check(page, language).await;
        }
    }
}

async fn check(page: Response, language: Language) {
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()[header::CONTENT_LANGUAGE], language.tag());
    let page = text(page).await;
    assert!(page.starts_with(&format!("<!doctype html><html lang=\"{}\">", language.tag())), "{page}");
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
}

#[tokio::test]
async fn a_mistake_is_bound_to_its_field_and_the_first_has_the_focus() {
    let words = Language::English.words();
    let frame = Frame { words, query: "data=a&sig=b".into(), token: "t".into(), application: "app.example" };
    let mistakes = [("imap_pass", "Wrong.".to_owned()), ("smtp_host", "Nowhere.".to_owned())];
    let page =
        text(servers(StatusCode::UNPROCESSABLE_ENTITY, &frame, &Fields::default(), &mistakes, None, &Tried::default()))
            .await;
    assert!(
        page.contains("aria-invalid=\"true\" autofocus aria-describedby=\"imap_pass-hint imap_pass-error\""),
        "{page}"
    );
    assert!(page.contains("aria-invalid=\"true\" aria-describedby=\"smtp_host-hint smtp_host-error\""), "{page}");
    assert_eq!(page.matches("autofocus").count(), 1);
    assert!(page.contains("action=\"/accounts/new?data=a&amp;sig=b\""));
    assert!(page.contains("<title>Not yet: "));
}
