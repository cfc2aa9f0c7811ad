//! Hostile and ordinary HTML: nothing that runs or fetches comes through, what mail needs does.

use postroom_mail as mail;

use html5gum::{Token, Tokenizer};
use mail::html::{ColorScheme, SanitizeOptions, Sanitized, document, sanitize, to_text};
use proptest::prelude::*;

fn inline(id: &str) -> Option<String> {
    (id == "logo@x" || id == "logo").then(|| "/api/v1/messages/msg_1/attachments/logo".to_owned())
}

fn cleaned(html: &str) -> Sanitized {
    sanitize(html, &SanitizeOptions { inline_image_url: &inline, remote_images: false })
}

fn cleaned_with_images(html: &str) -> Sanitized {
    sanitize(html, &SanitizeOptions { inline_image_url: &inline, remote_images: true })
}

/// Reads the result as a browser's tokenizer does, and fails on anything that could act.
fn assert_harmless(html: &str, source: &str) {
    let source: String = source.chars().take(2_000).collect();
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        let Token::StartTag(tag) = token else {
            assert!(!matches!(token, Token::Comment(_) | Token::Doctype(_)), "{token:?} in {html:.2000}\nof {source}");
            continue;
        };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        let forbidden = [
            "applet",
            "audio",
            "base",
            "button",
            "embed",
            "form",
            "frame",
            "frameset",
            "iframe",
            "input",
            "link",
            "math",
            "meta",
            "object",
            "script",
            "select",
            "source",
            "style",
            "svg",
            "template",
            "textarea",
            "title",
            "video",
            "body",
            "html",
            "head",
            "noscript",
            "xmp",
            "plaintext",
        ];
        assert!(!forbidden.contains(&name.as_str()), "<{name}> in {html:.2000}\nof {source}");
        for (attribute, value) in &tag.attributes {
            let attribute = String::from_utf8_lossy(attribute).into_owned();
            let value = String::from_utf8_lossy(value).to_lowercase();
            assert!(!attribute.starts_with("on"), "{attribute} in {html:.2000}\nof {source}");
            assert!(
                !["id", "name", "srcset", "srcdoc", "action", "formaction", "xlink:href"].contains(&attribute.as_str())
            );
            match attribute.as_str() {
                "href" => {
                    let schemes = ["http://", "https://", "mailto:", "tel:", "sms:"];
                    assert!(schemes.iter().any(|scheme| value.starts_with(scheme)), "href {value} of {source}");
                }
                "src" | "background" => {
                    let is_ours = value.starts_with("/api/v1/messages/");
                    let is_web = value.starts_with("http://") || value.starts_with("https://");
                    let is_raster = value.starts_with("data:image/") && !value.contains("svg");
                    assert!(is_ours || is_web || is_raster, "{attribute} {value} of {source}");
                }
                "style" => {
                    for bad in [
                        "expression",
                        "javascript:",
                        "behavior",
                        "-moz-binding",
                        "@import",
                        "position:",
                        "data:image/svg",
                    ] {
                        let value: String = value.split_whitespace().collect();
                        let quoted = value.contains("font-family") || value.contains('"');
                        assert!(quoted || !value.contains(bad), "style {value} of {source}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn no_row_of_the_corpus_leaves_a_script_or_handler() {
    let Ok(corpus) =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora/html_sanitize.jsonl"))
    else {
        eprintln!("skipped: the corpus of hostile HTML is not here");
        return;
    };
    for line in corpus.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("the corpus is JSON lines");
        let payload = row["payload"].as_str().expect("every row has a payload");
        for result in [cleaned(payload), cleaned_with_images(payload)] {
            assert_harmless(&result.html, payload);
            assert!(!result.style.contains('<') && !result.style.contains("@import"), "{} of {payload}", result.style);
            // What is clean stays as it is: nothing in it is read differently the second time.
            assert_harmless(&cleaned_with_images(&result.html).html, payload);
        }
    }
}

#[test]
fn style_sheets_lay_out_what_they_chose() {
    let html = "<html><head><style>.hero{background:#00f url(https://x.example/a.png);position:fixed}#top{margin:0}\
                @media (max-width:480px){.hero{display:block!important}}</style></head>\
                <body><div class=\"hero big\" id=\"top\">x</div><img class=\"hero\" src=\"https://x.example/b.png\"></body></html>";
    let result = cleaned(html);
    assert_eq!(
        result.style,
        ".hero{background:#00f}.id-top{margin:0}@media (max-width:480px){.hero{display:block!important}}"
    );
    assert_eq!(result.html, "<div class=\"hero big id-top\">x</div><img class=\"hero blocked\">");
    assert_eq!(result.remote_images_blocked, 2);
    assert!(cleaned_with_images(html).style.contains("url(\"https://x.example/a.png\")"));
    assert!(document("", ".a{color:red}", None, ColorScheme::Light).contains("<style>.a{color:red}</style></head>"));
    // Without a rule a class says nothing.
    assert_eq!(cleaned("<p class=\"a\" id=\"b\">x</p>").html, "<p>x</p>");
}

#[test]
fn what_acts_is_gone() {
    let rows = [
        ("<script>alert(1)</script>", ""),
        ("<ScRiPt/x>alert(1)</sCrIpT >a", "a"),
        ("<img src=x onerror=alert(1)>", "<img class=\"blocked\">"),
        ("<a href=\"java\nscript:alert(1)\">x</a>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"),
        (
            "<a href=\"&#106;avascript:alert(1)\">x</a>",
            "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>",
        ),
        ("<a href=\"data:text/html,x\">x</a>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<a href=\"/logout\">x</a>", "<a target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"),
        ("<form action=x><input name=y>text<button>go</button></form>", "textgo"),
        ("<iframe srcdoc=\"<script>x</script>\"></iframe>a", "a"),
        ("<svg><script>alert(1)</script></svg>a", "a"),
        ("<svg/><p>a", "<p>a</p>"),
        (
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\" class=\"blocked\"><table></table>",
        ),
        ("<template><p>x</p></template>a", "a"),
        ("<!--[if mso]><p>x</p><![endif]-->a<!-- > b -->", "a"),
        ("<style>p{color:red}</style>a", "a"),
        ("<link rel=stylesheet href=//x><meta http-equiv=refresh content=0><base href=//x>a", "a"),
        ("<p style=\"position:fixed;color:red\" id=x name=y class=\"a quoted\">a", "<p style=\"color:red\">a</p>"),
        (
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
            "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;\"></p>",
        ),
        ("<title><b>x</b></title><textarea></textarea><p>a</p>", "<p>a</p>"),
        ("<xmp><b>x</b></xmp>", "<pre><b>x</b></pre>"),
        ("a<b", "a"),
        ("a\0b<p\0>c", "abc"),
        ("<details class=quoted open><summary>x</summary>y</details>", "xy"),
    ];
    for (html, wanted) in rows {
        let result = cleaned(html).html;
        assert_harmless(&result, html);
        assert_eq!(result.replace("<tbody></tbody>", ""), wanted, "{html}");
    }
}

#[test]
fn mail_keeps_its_layout() {
    let html = "<body bgcolor=#eeeeee style=\"margin:0\"><center><table width=\"600\" cellpadding=0 cellspacing=0 border=0 align=center>\
        <tr><td bgcolor=\"#ffffff\" valign=top style=\"padding:10px 20px;font-family:Arial, sans-serif;background:url(https://t.example/x.png) #fff\">\
        <font color=red size=2 face=Arial>Hi</font><p class=\"MsoNormal x\">there</p></td></tr></table></center></body>";
    let wanted = "<div bgcolor=\"#eeeeee\" style=\"margin:0\"><center><table width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" align=\"center\">\
        <tbody><tr><td bgcolor=\"#ffffff\" valign=\"top\" style=\"padding:10px 20px;font-family:Arial, sans-serif;background:#fff\">\
        <font color=\"red\" size=\"2\" face=\"Arial\">Hi</font><p class=\"MsoNormal\">there</p></td></tr></tbody></table></center></div>";
    let result = cleaned(html);
    assert_eq!(result.html, wanted);
    assert_eq!(result.remote_images_blocked, 1);
}

#[test]
fn images_come_from_the_mail_or_after_asking() {
    let rows = [
        ("<img src=\"cid:logo@x\" alt=Logo width=10>", 0, "src=\"/api/v1/messages/msg_1/attachments/logo\"", true),
        ("<img src=\"CID:logo%40x\">", 0, "src=\"/api/v1/messages/msg_1/attachments/logo\"", true),
        ("<img src=cid:unknown>", 0, "src", false),
        ("<img src=https://t.example/a.gif>", 1, "src=\"https://t.example/a.gif\"", false),
        ("<img src=//t.example/a.gif>", 1, "src=\"https://t.example/a.gif\"", false),
        ("<img srcset=\"https://t.example/a.gif 2x\">", 1, "srcset", false),
        ("<td background=http://t.example/a.gif>", 0, "background", false),
        ("<table background=http://t.example/a.gif><tr><td>", 1, "background=\"http://t.example/a.gif\"", false),
        ("<div style=\"background-image:url('https://t.example/a')\">", 1, "url(", false),
        ("<div style=\"background-image:u\\72l(https://t.example/a)\">", 1, "url(", false),
        ("<img src=data:image/png;base64,iVBORw0KGgo=>", 0, "src=\"data:image/png;base64,iVBORw0KGgo=\"", true),
        ("<img src=\"data:image/svg+xml;base64,PHN2Zz4=\">", 0, "src", false),
        ("<img src=/api/v1/messages/msg_2/raw>", 0, "src", false),
        (
            "<video poster=https://t.example/a><source src=https://t.example/a></video><picture><source srcset=https://t.example/b></picture>",
            0,
            "t.example",
            false,
        ),
    ];
    for (html, blocked, part, kept) in rows {
        let result = cleaned(html);
        assert_harmless(&result.html, html);
        assert_eq!(result.remote_images_blocked, blocked, "{html}");
        assert_eq!(result.html.contains(part), kept, "{html} became {}", result.html);
        assert!(!result.html.contains("t.example"), "{html} became {}", result.html);
        let asked = cleaned_with_images(html);
        assert_eq!(asked.remote_images_blocked, 0, "{html}");
        assert_eq!(asked.html.contains(part), kept || blocked > 0 && part != "srcset", "{html} became {}", asked.html);
    }
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    let result = cleaned("<a href=\"https://x.example/?a=1&amp;b=2\" target=_top rel=opener onclick=x>x</a>").html;
    assert_eq!(
        result,
        "<a href=\"https://x.example/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">x</a>"
    );
    assert!(cleaned("<a href=mailto:a@b.example>x</a>").html.contains("href=\"mailto:a@b.example\""));
    assert!(cleaned("<a href=//x.example/y>x</a>").html.contains("href=\"https://x.example/y\""));
}

const FOLD: &str = "<details class=\"quoted\"><summary aria-label=\"Show quoted text\">•••</summary>";

#[test]
fn quoted_history_is_folded() {
    let outlook_line = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm";
    let rows = [
        // Gmail
        "<div>New</div><div class=\"gmail_quote gmail_quote_container\"><div class=gmail_attr>On … wrote:</div><blockquote>OLD</blockquote></div>".to_owned(),
        "<div>New</div><div class=gmail_extra><br><div class=gmail_quote>OLD</div></div>".to_owned(),
        // Apple Mail
        "New<div><br><blockquote type=\"cite\"><div>On … wrote:</div>OLD</blockquote></div>".to_owned(),
        // Thunderbird
        "<p>New</p><div class=\"moz-cite-prefix\">On … wrote:<br></div> <blockquote type=cite cite=\"mid:x\">OLD</blockquote>".to_owned(),
        // Yahoo
        "<div>New</div><div id=yahoo_quoted_1 class=yahoo_quoted>OLD</div>".to_owned(),
        // Outlook on the web
        "<div>New</div><div id=appendonsend></div><hr style=\"width:98%\"><div id=divRplyFwdMsg><b>From:</b> A</div><div>OLD</div>".to_owned(),
        "<div>New</div><hr><div id=divRplyFwdMsg><b>From:</b> A</div><div>OLD</div>".to_owned(),
        // Outlook for Windows
        format!("<div class=WordSection1><p class=MsoNormal>New</p><div><div style='{outlook_line}'><p class=MsoNormal><b>From:</b> A</p></div></div><p class=MsoNormal>OLD</p></div>"),
        format!("<div class=WordSection1><p>New</p><div style='{outlook_line}'><p><b>Von:</b> A</p></div><p>OLD</p></div>"),
        // Proton
        "<div>New</div><div class=\"protonmail_quote\">OLD</div>".to_owned(),
    ];
    for html in rows {
        let result = cleaned(&html).html;
        assert_harmless(&result, &html);
        let (visible, rest) = result.split_once(FOLD).unwrap_or_else(|| panic!("nothing folded in {html}: {result}"));
        let (quoted, after) = rest.rsplit_once("</details>").expect("the fold ends");
        assert!(visible.contains("New") && !visible.contains("OLD") && !visible.contains("wrote:"), "{html}: {result}");
        assert!(!visible.contains("<hr"), "{html}: {result}");
        assert!(quoted.contains("OLD") && !quoted.contains("New") && !quoted.contains("<details"), "{html}: {result}");
        assert!(!after.contains("OLD"), "{html}: {result}");
    }
}

#[test]
fn what_is_no_history_stays_open() {
    let rows = [
        // A forward: the quotation is the message.
        "<div class=gmail_quote>---------- Forwarded message<br>OLD</div>",
        "<div><br></div><blockquote type=cite>OLD</blockquote>",
        "<p>New</p><blockquote>A poem</blockquote>",
        "<p>New</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'>A section</div>",
        "<p>New</p><div class=gmail_quote></div>",
        "<table><tr class=gmail_quote><td>x</td></tr></table>",
        "<p>New</p><span class=gmail_quote>x</span>",
    ];
    for html in rows {
        assert!(!cleaned(html).html.contains("<details"), "{html}: {}", cleaned(html).html);
    }
}

#[test]
fn text_reads_as_people_write() {
    let rows = [
        ("<p>Hello <b>Ann</b>,</p><p>two\n lines</p>", "Hello Ann,\n\ntwo lines\n"),
        ("a<br>b<br><br>c<br><br><br>d", "a\nb\n\nc\n\nd\n"),
        ("<div>a</div><div><div>b</div></div><div><br></div><div>c</div>", "a\nb\n\nc\n"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul><ol start=3><li>d<li>e</ol>", "- a\n- b\n  - c\n\n3. d\n4. e\n"),
        ("<a href=\"https://x.example/a\">here</a>", "here (https://x.example/a)\n"),
        ("<a href=\"https://x.example/\">x.example</a>", "x.example\n"),
        ("<a href=\"mailto:a@b.example\">a@b.example</a>", "a@b.example\n"),
        (
            "<a href=\"https://x.example\"><img src=x alt=Logo></a><a href=https://t.example><img></a>",
            "Logo (https://x.example)\n",
        ),
        ("<a href=\"javascript:x\">here</a>", "here\n"),
        (
            "<p>new</p><blockquote>old<blockquote><p>older</p><p>more</p></blockquote></blockquote>after",
            "new\n\n> old\n>\n> > older\n> >\n> > more\n\nafter\n",
        ),
        ("<pre>a\n  b\n</pre>c", "a\n  b\n\nc\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
        (
            "<head><title>t</title><style>s</style></head><script>x</script><div style=\"display: none\">preview</div>a&nbsp;&amp;&zwnj;",
            "a &\u{200c}\n",
        ),
        ("a<hr>b", "a\n----------\nb\n"),
        ("<p>unclosed <b>bold <i>both", "unclosed bold both\n"),
        ("", ""),
        ("<p> </p>", ""),
        ("plain text, no tags", "plain text, no tags\n"),
        ("1 < 2 & 3", "1 < 2 & 3\n"),
    ];
    for (html, wanted) in rows {
        assert_eq!(to_text(html), wanted, "{html}");
    }
}

#[test]
fn too_large_a_mail_is_shown_as_text() {
    let html = format!("<p>Hello</p><script>x</script>{}", "<p onclick=x>a &lt;b&gt;</p>".repeat(200_000));
    assert!(html.len() > 5 * 1024 * 1024);
    let result = cleaned(&html);
    assert!(result.html.starts_with("<pre>\nHello\n\na &lt;b&gt;\n"), "{:.100}", result.html);
    assert_harmless(&result.html, "a large mail");
}

#[test]
fn made_to_hurt_is_survived() {
    let unique = |count: usize, shape: &dyn Fn(usize) -> String| (0..count).map(shape).collect::<String>();
    let rows = [
        ("nested blocks", "<div>".repeat(80_000)),
        ("nested blocks, closed", format!("{}x{}", "<div>".repeat(10_000), "</div>".repeat(10_000))),
        ("nested tables", "<table><tr><td>".repeat(10_000)),
        ("open formatting", "<b>".repeat(50_000)),
        ("different open formatting", unique(10_000, &|at| format!("<b a={at}>"))),
        (
            "formatting opened again and again",
            format!("{}{}", unique(5_000, &|at| format!("<font color={at}>")), "<p>x".repeat(50_000)),
        ),
        (
            "heavy formatting opened again",
            format!("{}{}", format!("<b style=\"color:{}\">", "a".repeat(1_500)).repeat(3), "<p>x".repeat(50_000)),
        ),
        ("misnesting", "<a><p></a>".repeat(20_000)),
        ("misnesting of formatting", "<b><i><u></b></u></i>".repeat(10_000)),
        ("foster parents", format!("<table>{}", "<b>x<tr>".repeat(20_000))),
        ("one tag of attributes", format!("<a {}>", unique(50_000, &|at| format!("a{at} ")))),
        ("bodies of attributes", (0..100_000).map(|at| format!("<body a{at}>")).collect()),
        ("one attribute", format!("<a title=\"{}\">x", "x".repeat(400_000))),
        ("unclosed attribute", format!("<p>a<a title=\"{}", "<".repeat(400_000))),
        ("angle brackets", "<".repeat(400_000)),
        ("closing tags", "</p>".repeat(100_000)),
        ("comments", "<!--".repeat(100_000)),
        ("entities", "&amp;".repeat(80_000)),
        ("spaces", "\u{a0}".repeat(100_000)),
        ("a long address", format!("<img src=\"https://x.example/?{}\">", "&".repeat(300_000))),
        ("quotations", "<blockquote type=cite>".repeat(15_000)),
        ("lists", "<ul><li>x".repeat(40_000)),
        ("foreign", "<svg><foreignObject>".repeat(15_000)),
        ("foreign, broken out of", "<svg><p>".repeat(40_000)),
        ("styles", format!("<p style=\"{}\">x</p>", "color:red;".repeat(150)).repeat(250)),
        ("nested links", "<a href=https://x.example>x".repeat(15_000)),
        ("selects", "<select><option>x".repeat(20_000)),
        ("line ends", "<br>\n".repeat(80_000)),
        ("preformatted", "<pre>\n".repeat(60_000)),
    ];
    for (name, html) in rows {
        let result = cleaned(&html);
        assert_harmless(&result.html, name);
        to_text(&html);
    }
}

#[test]
fn what_was_not_made_for_white_paper_is_light_on_dark_in_the_dark() {
    let page = |html: &str, style: &str, scheme| document(html, style, None, scheme);
    let is_dark = |page: &str| page.contains("color-scheme:dark");
    assert!(is_dark(&page("<p>Dear <b>Ann</b></p>", "", ColorScheme::Dark)));
    assert!(!is_dark(&page("<p>Dear <b>Ann</b></p>", "", ColorScheme::Light)));
    for (html, style) in [
        ("<p style=\"color:#000\">x</p>", ""),
        ("<table BGCOLOR=\"#eee\"><tr><td>x</td></tr></table>", ""),
        ("<p>x</p>", "p{Background:#eee}"),
        ("<p><img src=\"data:image/png;base64,\"></p>", ""),
        ("<font face=\"Arial\">x</font>", ""),
    ] {
        let made = page(html, style, ColorScheme::Dark);
        assert!(!is_dark(&made) && made.contains("body{padding:12px}"), "{html} {style}");
    }
}

#[test]
fn the_page_carries_its_own_policy() {
    let page = document("<p>x</p>", "", None, ColorScheme::Light);
    assert!(page.starts_with("<!doctype html>") && page.contains("<body><p>x</p></body>"), "{page}");
    assert!(
        page.contains("default-src 'none'") && page.contains("script-src 'none'") && !page.contains("<script"),
        "{page}"
    );
    let page = document("<p>x</p>", "", Some("abc123=="), ColorScheme::Light);
    assert!(page.contains("script-src 'nonce-abc123=='") && page.contains("<script nonce=\"abc123==\">"), "{page}");
    assert!(!document("", "", Some("x\"><script>"), ColorScheme::Light).contains("<script"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_harmful_comes_of_any_soup(pieces in prop::collection::vec(piece(), 0..40)) {
        let html = pieces.concat();
        let result = cleaned_with_images(&html);
        assert_harmless(&result.html, &html);
        // Reading what was written must not find anything new.
        assert_harmless(&cleaned_with_images(&result.html).html, &html);
        to_text(&html);
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        assert_harmless(&cleaned(&text).html, &text);
        to_text(&text);
    }
}

fn piece() -> impl Strategy<Value = String> {
    let tags = prop::sample::select(vec![
        "a",
        "b",
        "i",
        "p",
        "div",
        "table",
        "tr",
        "td",
        "th",
        "tbody",
        "caption",
        "col",
        "svg",
        "math",
        "mtext",
        "mi",
        "annotation-xml",
        "foreignObject",
        "desc",
        "title",
        "style",
        "script",
        "template",
        "select",
        "option",
        "form",
        "input",
        "textarea",
        "noscript",
        "iframe",
        "img",
        "br",
        "hr",
        "pre",
        "li",
        "ul",
        "blockquote",
        "font",
        "body",
        "html",
        "head",
        "frameset",
        "details",
        "summary",
        "nobr",
        "h1",
        "xmp",
        "plaintext",
        "button",
        "object",
        "image",
        "isindex",
        "mglyph",
    ]);
    let attributes = prop::sample::select(vec![
        "",
        " x",
        " onerror=alert(1)",
        " src=x",
        " href=javascript:alert(1)",
        " href=https://x.example",
        " title='</p><script>'",
        " style='background:url(https://x.example/a)'",
        " class=gmail_quote",
        " type=cite",
        " id=divRplyFwdMsg",
        "/",
        " title=\"--><img src=x onerror=y>\"",
        " src=cid:logo",
        " encoding=text/html",
    ]);
    prop_oneof![
        (tags.clone(), attributes).prop_map(|(tag, attributes)| format!("<{tag}{attributes}>")),
        tags.prop_map(|tag| format!("</{tag}>")),
        "[a-z <>&\"'=/!-]{0,10}",
        prop::sample::select(vec![
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<!doctype html>",
            "&lt;script&gt;",
            "\0",
            "<!-- <img -->",
            "--!>"
        ])
        .prop_map(str::to_owned),
    ]
}
