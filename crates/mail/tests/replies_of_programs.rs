//! What mail programs put around what they quote, in the words and the markup of each: all of it goes, and nothing else does.

use postroom_mail::reply;

const NEW: &str = "Thanks, that works.";

/// A program and language, and the line or lines it puts above a quote.
#[rustfmt::skip]
const ATTRIBUTIONS: &[(&str, &str)] = &[
    ("en-gmail", "On Mon, Nov 2, 2026 at 3:04 PM Ann Example <ann@example.org> wrote:\n"),
    ("en-gmail-wrap", "On Mon, Nov 2, 2026 at 3:04 PM Ann Example with a long name <\nann.example.very.long@example.org> wrote:\n"),
    ("en-apple", "On 2 Nov 2026, at 15:04, Ann Example <ann@example.org> wrote:\n"),
    ("en-noaddr", "On Nov 2, 2026, at 3:04 PM, Ann Example wrote:\n"),
    ("en-date-only", "On 2026-11-02 15:04, Ann Example wrote:\n"),
    ("en-namefirst", "Ann Example <ann@example.org> wrote on 02.11.2026 15:04:\n"),
    ("en-slash", "On 11/2/26 3:04 PM, Ann Example wrote:\n"),
    ("en-via", "On Mon, 2 Nov 2026 15:04:05 +0100\nAnn Example <ann@example.org> wrote:\n"),
    ("en-mutt", "* Ann Example <ann@example.org> [2026-11-02 15:04]:\n"),
    ("en-gnus", "Ann Example <ann@example.org> writes:\n"),
    ("en-zoho", "---- On Mon, 02 Nov 2026 15:04:05 +0100 Ann Example <ann@example.org> wrote ----\n"),
    ("en-proton", "On Monday, November 2nd, 2026 at 3:04 PM, Ann Example <ann@example.org> wrote:\n"),
    ("en-tutanota", "2 Nov 2026, 15:04 by ann@example.org:\n"),
    ("en-yahoo", "On Monday, November 2, 2026 at 03:04:05 PM GMT+1, Ann Example <ann@example.org> wrote: \n"),
    ("de-gmail", "Am Mo., 2. Nov. 2026 um 15:04 Uhr schrieb Ann Example <ann@example.org>:\n"),
    ("de-apple", "Am 02.11.2026 um 15:04 schrieb Ann Example <ann@example.org>:\n"),
    ("de-tb", "Am 02.11.26 um 15:04 schrieb Ann Example:\n"),
    ("de-name", "Ann Example <ann@example.org> schrieb am Mo., 2. Nov. 2026, 15:04:\n"),
    ("de-gesendet", "Gesendet: Montag, 02. November 2026 um 15:04 Uhr\nVon: \"Ann Example\" <ann@example.org>\nAn: ben@example.net\nBetreff: Hallo\n"),
    ("fr-gmail", "Le lun. 2 nov. 2026 à 15:04, Ann Example <ann@example.org> a écrit :\n"),
    ("fr-apple", "Le 2 nov. 2026 à 15:04, Ann Example <ann@example.org> a écrit :\n"),
    ("fr-tb", "Le 02/11/2026 à 15:04, Ann Example a écrit :\n"),
    ("es-gmail", "El lun, 2 nov 2026 a las 15:04, Ann Example (<ann@example.org>) escribió:\n"),
    ("es-apple", "El 2 nov 2026, a las 15:04, Ann Example <ann@example.org> escribió:\n"),
    ("es-tb", "El 2/11/26 a las 15:04, Ann Example escribió:\n"),
    ("pt-gmail", "Em seg., 2 de nov. de 2026 às 15:04, Ann Example <ann@example.org> escreveu:\n"),
    ("pt-pt", "Ann Example <ann@example.org> escreveu (segunda, 2/11/2026 à(s) 15:04):\n"),
    ("it-gmail", "Il giorno lun 2 nov 2026 alle ore 15:04 Ann Example <ann@example.org> ha scritto:\n"),
    ("it-tb", "Il 02/11/2026 15:04, Ann Example ha scritto:\n"),
    ("nl-gmail", "Op ma 2 nov. 2026 om 15:04 schreef Ann Example <ann@example.org>:\n"),
    ("nl-apple", "Op 2 nov. 2026 om 15:04 heeft Ann Example <ann@example.org> het volgende geschreven:\n"),
    ("nl-tb", "Ann Example schreef op 02-11-2026 om 15:04:\n"),
    ("sv-gmail", "Den mån 2 nov. 2026 kl 15:04 skrev Ann Example <ann@example.org>:\n"),
    ("sv-apple", "2 nov. 2026 kl. 15:04 skrev Ann Example <ann@example.org>:\n"),
    ("da-gmail", "Den man. 2. nov. 2026 kl. 15.04 skrev Ann Example <ann@example.org>:\n"),
    ("no-gmail", "man. 2. nov. 2026 kl. 15:04 skrev Ann Example <ann@example.org>:\n"),
    ("fi-gmail", "ma 2. marrask. 2026 klo 15.04 Ann Example (ann@example.org) kirjoitti:\n"),
    ("fi-tb", "Ann Example kirjoitti 2.11.2026 klo 15.04:\n"),
    ("pl-gmail", "pon., 2 lis 2026 o 15:04 Ann Example <ann@example.org> napisał(a):\n"),
    ("pl-tb", "W dniu 02.11.2026 o 15:04, Ann Example pisze:\n"),
    ("pl-apple", "Wiadomość napisana przez Ann Example <ann@example.org> w dniu 2 lis 2026, o godz. 15:04:\n"),
    ("cs-gmail", "po 2. 11. 2026 v 15:04 odesílatel Ann Example <ann@example.org> napsal:\n"),
    ("cs-tb", "Dne 02. 11. 26 v 15:04 Ann Example napsal(a):\n"),
    ("sk-gmail", "po 2. 11. 2026 o 15:04 Ann Example <ann@example.org> napísal(a):\n"),
    ("hu-gmail", "Ann Example <ann@example.org> ezt írta (időpont: 2026. nov. 2., H, 15:04):\n"),
    ("ro-gmail", "În lun., 2 nov. 2026 la 15:04, Ann Example <ann@example.org> a scris:\n"),
    ("ru-gmail", "пн, 2 нояб. 2026 г. в 15:04, Ann Example <ann@example.org>:\n"),
    ("ru-tb", "02.11.2026 15:04, Ann Example пишет:\n"),
    ("ru-yandex", "02.11.2026, 15:04, \"Ann Example\" <ann@example.org>:\n"),
    ("ru-mailru", "Понедельник, 2 ноября 2026, 15:04 +03:00 от Ann Example <ann@example.org>:\n"),
    ("uk-gmail", "пн, 2 лист. 2026 р. о 15:04 Ann Example <ann@example.org> пише:\n"),
    ("bg-gmail", "На пн, 2.11.2026 г. в 15:04 Ann Example <ann@example.org> написа:\n"),
    ("el-gmail", "Στις Δευ 2 Νοε 2026 στις 3:04 μ.μ., ο χρήστης Ann Example <ann@example.org> έγραψε:\n"),
    ("tr-gmail", "Ann Example <ann@example.org>, 2 Kas 2026 Pzt, 15:04 tarihinde şunu yazdı:\n"),
    ("ja-gmail", "2026年11月2日(月) 15:04 Ann Example <ann@example.org>:\n"),
    ("ja-apple", "2026/11/02 15:04、Ann Example <ann@example.org>のメール:\n"),
    ("zh-gmail", "Ann Example <ann@example.org> 于2026年11月2日周一 15:04写道：\n"),
    ("zh-apple", "在 2026年11月2日，15:04，Ann Example <ann@example.org> 写道：\n"),
    ("tw-gmail", "Ann Example <ann@example.org> 於 2026年11月2日 週一 下午3:04寫道：\n"),
    ("ko-gmail", "2026년 11월 2일 (월) 오후 3:04, Ann Example <ann@example.org>님이 작성:\n"),
    ("vi-gmail", "Vào Th 2, 2 thg 11, 2026 vào lúc 15:04 Ann Example <ann@example.org> đã viết:\n"),
    ("id-gmail", "Pada Sen, 2 Nov 2026 pukul 15.04 Ann Example <ann@example.org> menulis:\n"),
    ("he-gmail", "\u{202b}בתאריך יום ב׳, 2 בנוב׳ 2026 ב-15:04 מאת \u{202a}Ann Example\u{202c}\u{200f} <\u{202a}ann@example.org\u{202c}\u{200f}>:\u{202c}\n"),
    ("ar-gmail", "في الاثنين، 2 نوفمبر 2026 في 3:04 م تمت كتابة ما يلي بواسطة Ann Example <ann@example.org>:\n"),
    ("th-gmail", "ในวันที่ จ. 2 พ.ย. 2026 เวลา 15:04 Ann Example <ann@example.org> เขียนว่า:\n"),
    ("ca-gmail", "Missatge de Ann Example <ann@example.org> del dia dl., 2 de nov. 2026 a les 15:04:\n"),
    ("hr-gmail", "pon, 2. stu 2026. u 15:04 Ann Example <ann@example.org> napisao je:\n"),
    ("sr-gmail", "пон, 2. нов 2026. у 15:04 Ann Example <ann@example.org> је написао/ла:\n"),
    ("sl-gmail", "V V pon., 2. nov. 2026 ob 15:04 je oseba Ann Example <ann@example.org> napisala:\n"),
    ("lt-gmail", "2026-11-02, pr, 15:04 Ann Example <ann@example.org> rašė:\n"),
    ("lv-gmail", "pirmd., 2026. g. 2. nov., plkst. 15:04 — lietotājs Ann Example (<ann@example.org>) rakstīja:\n"),
    ("et-gmail", "Ann Example <ann@example.org> kirjutas kuupäeval E, 2. november 2026 kell 15:04:\n"),
];

/// Heads of quoted mails, as programs write them that mark no line.
#[rustfmt::skip]
const HEADS: &[(&str, &str)] = &[
    ("en-outlook", "From: Ann Example <ann@example.org>\nSent: Monday, November 2, 2026 3:04 PM\nTo: Ben <ben@example.net>\nSubject: Hello\n\n"),
    ("en-outlook-line", "________________________________\nFrom: Ann Example <ann@example.org>\nSent: Monday, November 2, 2026 3:04 PM\nTo: Ben <ben@example.net>\nSubject: Hello\n\n"),
    ("en-original", "-----Original Message-----\nFrom: Ann Example [mailto:ann@example.org]\nSent: Monday, November 2, 2026 3:04 PM\nTo: Ben\nSubject: Hello\n\n"),
    ("en-bold", "*From:* Ann Example <ann@example.org>\n*Sent:* Monday, November 2, 2026 3:04 PM\n*To:* Ben\n*Subject:* Hello\n\n"),
    ("en-date", "From: Ann Example <ann@example.org>\nDate: Monday, 2 November 2026 at 15:04\nTo: Ben <ben@example.net>\nSubject: Re: Hello\n\n"),
    ("de-outlook", "Von: Ann Example <ann@example.org>\nGesendet: Montag, 2. November 2026 15:04\nAn: Ben <ben@example.net>\nBetreff: Hallo\n\n"),
    ("de-original", "-----Ursprüngliche Nachricht-----\nVon: Ann Example\nGesendet: Montag, 2. November 2026 15:04\nAn: Ben\nBetreff: Hallo\n\n"),
    ("fr-outlook", "De : Ann Example <ann@example.org>\nEnvoyé : lundi 2 novembre 2026 15:04\nÀ : Ben <ben@example.net>\nObjet : Bonjour\n\n"),
    ("es-outlook", "De: Ann Example <ann@example.org>\nEnviado: lunes, 2 de noviembre de 2026 15:04\nPara: Ben <ben@example.net>\nAsunto: Hola\n\n"),
    ("it-outlook", "Da: Ann Example <ann@example.org>\nInviato: lunedì 2 novembre 2026 15:04\nA: Ben <ben@example.net>\nOggetto: Ciao\n\n"),
    ("pt-outlook", "De: Ann Example <ann@example.org>\nEnviada em: segunda-feira, 2 de novembro de 2026 15:04\nPara: Ben\nAssunto: Oi\n\n"),
    ("nl-outlook", "Van: Ann Example <ann@example.org>\nVerzonden: maandag 2 november 2026 15:04\nAan: Ben\nOnderwerp: Hallo\n\n"),
    ("sv-outlook", "Från: Ann Example <ann@example.org>\nSkickat: den 2 november 2026 15:04\nTill: Ben\nÄmne: Hej\n\n"),
    ("da-outlook", "Fra: Ann Example <ann@example.org>\nSendt: 2. november 2026 15:04\nTil: Ben\nEmne: Hej\n\n"),
    ("fi-outlook", "Lähettäjä: Ann Example <ann@example.org>\nLähetetty: maanantai 2. marraskuuta 2026 15.04\nVastaanottaja: Ben\nAihe: Hei\n\n"),
    ("pl-outlook", "Od: Ann Example <ann@example.org>\nWysłano: poniedziałek, 2 listopada 2026 15:04\nDo: Ben\nTemat: Cześć\n\n"),
    ("cs-outlook", "Od: Ann Example <ann@example.org>\nOdesláno: pondělí 2. listopadu 2026 15:04\nKomu: Ben\nPředmět: Ahoj\n\n"),
    ("hu-outlook", "Feladó: Ann Example <ann@example.org>\nElküldve: 2026. november 2., hétfő 15:04\nCímzett: Ben\nTárgy: Szia\n\n"),
    ("ru-outlook", "От: Ann Example <ann@example.org>\nОтправлено: понедельник, 2 ноября 2026 г. 15:04\nКому: Ben\nТема: Привет\n\n"),
    ("tr-outlook", "Kimden: Ann Example <ann@example.org>\nGönderildi: 2 Kasım 2026 Pazartesi 15:04\nKime: Ben\nKonu: Selam\n\n"),
    ("zh-outlook", "发件人: Ann Example <ann@example.org>\n发送时间: 2026年11月2日 15:04\n收件人: Ben\n主题: 你好\n\n"),
    ("ja-outlook", "差出人: Ann Example <ann@example.org>\n送信日時: 2026年11月2日 15:04\n宛先: Ben\n件名: こんにちは\n\n"),
    ("ko-outlook", "보낸 사람: Ann Example <ann@example.org>\n보낸 날짜: 2026년 11월 2일 월요일 오후 3:04\n받는 사람: Ben\n제목: 안녕\n\n"),
    ("qq", "------------------ 原始邮件 ------------------\n发件人: \"Ann\" <ann@example.org>;\n发送时间: 2026年11月2日(星期一) 下午3:04\n收件人: \"Ben\"<ben@example.net>;\n主题: 你好\n\n"),
    ("replyabove", "##- Please type your reply above this line -##\n\n"),
];

/// What devices and programs sign with.
#[rustfmt::skip]
const SIGNATURES: &[(&str, &str)] = &[
    ("iphone", "Sent from my iPhone"),
    ("de", "Von meinem iPhone gesendet"),
    ("fr", "Envoyé de mon iPhone"),
    ("outlook", "Get Outlook for iOS<https://aka.ms/o0ukef>"),
    ("samsung", "Sent from my Galaxy"),
    ("es", "Enviado desde mi iPhone"),
    ("it", "Inviato da iPhone"),
    ("pt", "Enviado do meu iPhone"),
    ("nl", "Verstuurd vanaf mijn iPhone"),
    ("sv", "Skickat från min iPhone"),
    ("ja", "iPhoneから送信"),
    ("zh", "发自我的iPhone"),
    ("ru", "Отправлено с iPhone"),
    ("pl", "Wysłane z iPhone'a"),
    ("dashes", "-- \nAnn Example\nExample Ltd"),
];

/// What only looks like it.
#[rustfmt::skip]
const PROSE: &[&str] = &[
    "On Monday I wrote: nothing at all. Please call.",
    "The train goes\nFrom: Berlin\nTo Paris in the morning.",
    "Things to do:\n- one\n- two\n\nThanks",
    "He wrote: never again.\nWhat do you think?",
    "Ann wrote:\nnever again.\nWhat do you think?",
    "Le client a écrit :\nnous sommes ravis.",
    "Date: to be fixed\nSubject: to change",
    "At 15:04 on 2 November 2026 the server stopped. I wrote: nothing.",
];

/// Bodies in HTML, a program each.
#[rustfmt::skip]
const HTML: &[(&str, &str)] = &[
    ("gmail", r#"<div dir="ltr">Thanks, that works.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Mon, Nov 2, 2026 at 3:04 PM Ann &lt;<a href="mailto:ann@example.org">ann@example.org</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">old line one<br>old line two</blockquote></div>"#),
    ("gmail-old", r#"Thanks, that works.<br><br><div class="gmail_quote">2026/11/2 Ann <span dir="ltr">&lt;<a href="mailto:ann@example.org">ann@example.org</a>&gt;</span><br><blockquote class="gmail_quote">old line one<br>old line two</blockquote></div>"#),
    ("gmail-extra", r#"<div>Thanks, that works.</div><div class="gmail_extra"><br><div class="gmail_quote">On Nov 2, 2026 3:04 PM, "Ann" &lt;ann@example.org&gt; wrote:<br type="attribution"><blockquote class="quote">old line one<br>old line two</blockquote></div></div>"#),
    ("outlook-2016", r#"<html><body><div class="WordSection1"><p class="MsoNormal">Thanks, that works.</p><p class="MsoNormal">&nbsp;</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> Ann &lt;ann@example.org&gt; <br><b>Sent:</b> Monday, November 2, 2026 3:04 PM<br><b>To:</b> Ben<br><b>Subject:</b> Hello</p></div></div><p class="MsoNormal">old line one<br>old line two</p></div></body></html>"#),
    ("outlook-web", r#"<html><body><div style="font-family:Calibri">Thanks, that works.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri"><b>From:</b> Ann &lt;ann@example.org&gt;<br><b>Sent:</b> Monday, November 2, 2026 3:04 PM<br><b>To:</b> Ben<br><b>Subject:</b> Hello</font><div>&nbsp;</div></div><div>old line one<br>old line two</div></body></html>"#),
    ("outlook-2007-de", r#"<div class="WordSection1"><p class=MsoNormal>Thanks, that works.</p><div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>Von:</b> Ann [mailto:ann@example.org] <br><b>Gesendet:</b> Montag, 2. November 2026 15:04<br><b>An:</b> Ben<br><b>Betreff:</b> Hallo</p></div><p>old line one<br>old line two</p></div>"#),
    ("hotmail", r#"<div dir="ltr">Thanks, that works.<br><br><div><hr id="stopSpelling">From: ann@example.org<br>To: ben@example.net<br>Subject: Hello<br>Date: Mon, 2 Nov 2026 15:04:05 +0000<br><br>old line one<br>old line two</div></div>"#),
    ("yahoo", r#"<div class="ydp1yahoo-style-wrap"><div dir="ltr">Thanks, that works.</div></div><div id="ydp2yahoo_quoted_1" class="ydp2yahoo_quoted"><div style="font-family:Helvetica"><div>On Monday, November 2, 2026 at 03:04:05 PM GMT+1, Ann &lt;ann@example.org&gt; wrote:</div><div><br></div><div>old line one<br>old line two</div></div></div>"#),
    ("yahoo-old", r#"<div>Thanks, that works.</div><div class="yahoo_quoted"><div class="hr" contenteditable="false"><hr size="1"></div>On Monday, Ann wrote:<br>old line one<br>old line two</div>"#),
    ("apple", r#"<html><body>Thanks, that works.<br><div><br><blockquote type="cite"><div>On 2 Nov 2026, at 15:04, Ann &lt;<a href="mailto:ann@example.org">ann@example.org</a>&gt; wrote:</div><br class="Apple-interchange-newline"><div>old line one<br>old line two</div></blockquote></div></body></html>"#),
    ("apple-ios", r#"<html><body dir="auto"><div>Thanks, that works.</div><div dir="ltr"></div><div dir="ltr"><br><blockquote type="cite">On 2 Nov 2026, at 15:04, Ann &lt;ann@example.org&gt; wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">old line one<br>old line two</div></blockquote></body></html>"#),
    ("thunderbird", r#"<html><body><p>Thanks, that works.</p><div class="moz-cite-prefix">Am 02.11.26 um 15:04 schrieb Ann:<br></div><blockquote type="cite" cite="mid:1@example.org">old line one<br>old line two</blockquote></body></html>"#),
    ("thunderbird-sig", r#"<html><body><p>Thanks, that works.</p><div class="moz-cite-prefix">On 11/2/26 15:04, Ann wrote:<br></div><blockquote type="cite">old line one<br>old line two</blockquote><div class="moz-signature">-- <br>Ben</div></body></html>"#),
    ("proton", r#"<div style="font-family: Arial;">Thanks, that works.</div><div class="protonmail_quote">On Monday, November 2nd, 2026 at 3:04 PM, Ann &lt;ann@example.org&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">old line one<br>old line two</blockquote></div>"#),
    ("tutanota", r#"<div>Thanks, that works.</div><div><br></div><div>2 Nov 2026, 15:04 by ann@example.org:</div><blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8">old line one<br>old line two</blockquote>"#),
    ("zoho", r#"<div>Thanks, that works.</div><br><div class="zmail_extra_hr" style="border-top: 1px solid rgb(204,204,204)"><br></div><div class="zmail_extra">---- On Mon, 02 Nov 2026 15:04:05 +0100 <b>Ann &lt;ann@example.org&gt;</b> wrote ---<br><blockquote>old line one<br>old line two</blockquote></div>"#),
    ("yandex", r#"<div>Thanks, that works.</div><div> </div><div>02.11.2026, 15:04, "Ann" &lt;ann@example.org&gt;:</div><blockquote><div>old line one<br>old line two</div></blockquote>"#),
    ("mailru", r#"<html><body>Thanks, that works.<br><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">Понедельник, 2 ноября 2026, 15:04 +03:00 от Ann &lt;ann@example.org&gt;:<br><div>old line one<br>old line two</div></blockquote></body></html>"#),
    ("gmx", r#"<html><body><div>Thanks, that works.</div><div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;"><div style="margin:0 0 10px 0;"><b>Gesendet:</b> Montag, 2. November 2026 um 15:04 Uhr<br><b>Von:</b> "Ann" &lt;ann@example.org&gt;<br><b>An:</b> ben@example.net<br><b>Betreff:</b> Hallo</div><div name="quoted-content">old line one<br>old line two</div></div></body></html>"#),
    ("qq", r#"<div>Thanks, that works.</div><div><br></div><div style="font-size: 12px;">------------------ 原始邮件 ------------------</div><div style="font-size: 12px;background:#efefef;padding:8px;"><div><b>发件人:</b> "Ann"&lt;ann@example.org&gt;;</div><div><b>发送时间:</b> 2026年11月2日</div><div><b>收件人:</b> "Ben";</div><div><b>主题:</b> 你好</div></div><div>old line one<br>old line two</div>"#),
    ("aol", r#"<div>Thanks, that works.</div><div style="font-family:helvetica">-----Original Message-----<br>From: Ann &lt;ann@example.org&gt;<br>To: Ben<br>Sent: Mon, Nov 2, 2026 3:04 pm<br>Subject: Hello<br><br><div id="AOLMsgPart_1">old line one<br>old line two</div></div>"#),
    ("roundcube", r#"<p>Thanks, that works.</p><p id="reply-intro">On 2026-11-02 15:04, Ann wrote:</p><blockquote type="cite" style="padding: 0 0.4em; border-left: #1010ff 2px solid; margin: 0">old line one<br>old line two</blockquote>"#),
    ("zimbra", r#"<div>Thanks, that works.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>From: </b>"Ann" &lt;ann@example.org&gt;<br><b>To: </b>"Ben"<br><b>Sent: </b>Monday, November 2, 2026 3:04:05 PM<br><b>Subject: </b>Hello<br></div><div>old line one<br>old line two</div>"#),
    ("windows-mail", r#"<div data-externalstyle="false"><div>Thanks, that works.</div></div><div style="padding-top: 5px; border-top-color: rgb(229, 229, 229); border-top-width: 1px; border-top-style: solid;"><div><font face="Segoe UI"><b>From:</b>&nbsp;Ann<br><b>Sent:</b>&nbsp;Monday, November 2, 2026 3:04 PM<br><b>To:</b>&nbsp;Ben</font></div></div><div>old line one<br>old line two</div>"#),
    ("comcast", r#"<p>Thanks, that works.</p><hr id="zwchr"><div style="color:#000"><b>From: </b>ann@example.org<br><b>To: </b>ben@example.net<br><b>Sent: </b>Monday<br><b>Subject: </b>Hi<br><br>old line one<br>old line two</div>"#),
    ("lotus", r#"<font size=2>Thanks, that works.</font><br><br><br><br><font size=1 color=#5f5f5f>From: </font><font size=1>Ann/Org &lt;ann@example.org&gt;</font><br><font size=1>To: </font>Ben<br>Date: 02.11.2026 15:04<br>Subject: Hello<br><hr noshade>old line one<br>old line two"#),
    ("spark", r#"<div name="messageBodySection"><div dir="auto">Thanks, that works.</div></div><div name="messageReplySection">On Nov 2, 2026 at 3:04 PM +0100, Ann &lt;ann@example.org&gt;, wrote:<br><blockquote type="cite">old line one<br>old line two</blockquote></div>"#),
    ("hey", r#"<div class="trix-content">Thanks, that works.</div><div class="trix-content"><br></div><blockquote>On November 2, 2026, Ann &lt;ann@example.org&gt; wrote:<br>old line one<br>old line two</blockquote>"#),
    ("fastmail", r#"<div>Thanks, that works.<br></div><div><br></div><div>On Mon, Nov 2, 2026, at 3:04 PM, Ann wrote:<br></div><blockquote type="cite" id="qt">old line one<br>old line two</blockquote>"#),
    ("outlook-mac", r#"<div>Thanks, that works.</div><div><br></div><span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid;"><span style="font-weight:bold">From: </span> Ann &lt;ann@example.org&gt;<br><b>Date: </b> Monday<br><b>To: </b> Ben<br><b>Subject: </b> Re: Hello<br></div>old line one<br>old line two</span>"#),
    ("outlook-mobile", r#"<div dir="ltr">Thanks, that works.</div><div id="ms-outlook-mobile-signature">Get <a href="https://aka.ms/o0ukef">Outlook for iOS</a></div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Ann &lt;ann@example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ben<br><b>Subject:</b> Hello</div>old line one<br>old line two"#),
    ("samsung", r#"<div>Thanks, that works.</div><div><br></div><div id="composer_signature">Sent from my Galaxy</div><div style="font-size:100%"><!-- originalMessage --><div>-------- Original message --------</div><div>From: Ann &lt;ann@example.org&gt; </div><div>Date: 11/2/26  15:04  (GMT+01:00) </div><div>To: Ben </div><div>Subject: Hello </div><div><br></div></div>old line one<br>old line two"#),
];

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn attributions_go_with_what_is_quoted_below_them() {
    for (program, attribution) in ATTRIBUTIONS {
        for below in ["> old line one\n> old line two\n", "\nold line one\nold line two\n"] {
            let reply = reply::from_text(&format!("{NEW}\n\n{attribution}{below}"));
            assert_eq!(reply.reply_text.trim(), NEW, "{program}");
            let quoted = folded(&reply.quoted.unwrap_or_default());
            assert_eq!(quoted, folded(&format!("{attribution}{below}")), "{program}");
        }
    }
    let named = reply::from_text(&format!("{NEW}\n\nAnn Example wrote:\n> old\n"));
    assert_eq!(named.reply_text.trim(), NEW);
}

#[test]
fn heads_of_quoted_mails_go_with_the_mail() {
    for (program, head) in HEADS {
        let reply = reply::from_text(&format!("{NEW}\n\n{head}old line one\nold line two\n"));
        assert_eq!(reply.reply_text.trim(), NEW, "{program}");
    }
}

#[test]
fn signatures_of_devices_stand_apart() {
    for (language, signature) in SIGNATURES {
        let reply = reply::from_text(&format!(
            "{NEW}\n\n{signature}\n\nOn 2 Nov 2026, at 15:04, Ann <ann@example.org> wrote:\n> old\n"
        ));
        assert_eq!(reply.reply_text.trim(), NEW, "{language}");
        assert_eq!(folded(&reply.signature.unwrap_or_default()), folded(signature), "{language}");
    }
}

#[test]
fn prose_stays() {
    for text in PROSE {
        assert_eq!(folded(&reply::from_text(text).reply_text), folded(text));
    }
}

#[test]
fn markup_of_quotes_is_known() {
    for (program, html) in HTML {
        assert_eq!(reply::from_html(html).reply_text.trim(), NEW, "{program}");
    }
}
