//! The words mail programs put around what they quote, in the languages they speak. Owns the lists only, never the rules.

/// Words that begin a line such as "On Monday … wrote:", in lower case.
#[rustfmt::skip]
pub(super) const ON: &[&str] = &[
    "on", "at", "le", "am", "el", "il", "em", "no dia", "op", "den", "dnia", "w dniu", "dne", "dňa", "dana",
    "la data", "pe", "în", "in data", "i dag", "på", "kl", "vào", "pada", "tarihinde", "στις", "à", "ngày", "od", "u",
    "дня", "в", "el día", "no", "dia", "ao", "du", "de", "z dnia", "piše", "在", "于", "於", "בתאריך", "في", "il giorno",
    "alle", "se", "wiadomość napisana", "missatge de",
];

/// Verbs that say somebody wrote something, in lower case.
#[rustfmt::skip]
pub(super) const WROTE: &[&str] = &[
    "wrote", "writes", "schrieb", "geschrieben", "a écrit", "écrit", "ecrit", "escribió", "escribio", "escreveu",
    "ha scritto", "scrisse", "schreef", "geschreven", "skrev", "skrifaði", "kirjoitti", "kirjutas", "napisał",
    "napisała", "napisał(a)", "napsal", "napsala", "napsal(a)", "napísal", "napísal(a)", "napisao", "napisala",
    "je napisao", "piše", "pisze", "írta", "ezt írta", "a scris", "scris", "написал", "написала", "написал(а)", "пишет",
    "писал", "пише", "написав", "написа", "напиша", "yazdı", "şunu yazdı", "έγραψε", "έγραψε/αν", "כתב", "כתבה",
    "كتب", "نوشت", "写道", "寫道", "書きました", "작성", "님이 작성", "đã viết", "viết", "menulis", "rašė", "parašė", "rakstīja",
    "va escriure", "idatzi zuen", "escribiu", "เขียนว่า", "ने लिखा",
];

/// Names of head fields that programs put before a quoted mail: who sent it.
#[rustfmt::skip]
pub(super) const FROM: &[&str] = &[
    "from", "von", "de", "da", "van", "från", "fra", "od", "lähettäjä", "saatja", "feladó", "de la", "expéditeur",
    "remitente", "mittente", "remetente", "afzender", "avsändare", "nadawca", "odesílatel", "odosielateľ", "от",
    "от кого", "від", "отправитель", "kimden", "gönderen", "από", "מאת", "من", "发件人", "寄件者", "寄件人", "差出人", "送信者",
    "보낸 사람", "보낸사람", "từ", "dari", "nuo", "no", "pošiljatelj", "šalje",
];

/// The other fields of such a block.
#[rustfmt::skip]
pub(super) const OTHER_FIELDS: &[&str] = &[
    "sent", "date", "to", "cc", "bcc", "subject", "reply-to", "reply to", "message du", "gesendet", "datum", "an",
    "betreff", "kopie", "antwort an", "envoyé", "envoyé le", "à", "a", "pour", "objet", "sujet", "copie à",
    "répondre à", "enviado", "enviado el", "enviada em", "enviada", "para", "asunto", "assunto", "fecha", "data",
    "inviato", "oggetto", "per", "risposta", "verzonden", "aan", "onderwerp", "skickat", "till", "ämne", "kopia",
    "sendt", "til", "emne", "dato", "kopi", "lähetetty", "vastaanottaja", "aihe", "päiväys", "wysłano", "wysłane",
    "do", "temat", "dw", "odesláno", "komu", "předmět", "odoslané", "predmet", "elküldve", "címzett", "tárgy",
    "trimis", "către", "subiect", "отправлено", "дата", "кому", "тема", "копия", "надіслано", "gönderildi",
    "gönderme tarihi", "kime", "konu", "tarih", "στάλθηκε", "προς", "θέμα", "נשלח", "אל", "נושא", "تاريخ", "إلى",
    "الموضوع", "发送时间", "收件人", "主题", "主題", "抄送", "日期", "寄件日期", "傳送", "收件者", "副本", "送信日時", "日時", "宛先", "件名", "보낸 날짜",
    "받는 사람", "제목", "날짜", "받는사람", "참조", "gửi", "đến", "chủ đề", "kepada", "subjek", "tanggal", "išsiųsta", "kam",
    "tema", "poslano", "za", "zadeva", "importance", "priority",
];

/// What stands between dashes before a quoted or forwarded mail, in lower case.
#[rustfmt::skip]
pub(super) const ORIGINAL: &[&str] = &[
    "original message", "original appointment", "original mail", "original email", "forwarded message",
    "forwarded by", "begin forwarded message", "forward message", "ursprüngliche nachricht", "original-nachricht",
    "originalnachricht", "weitergeleitete nachricht", "ursprüngliche mail", "anfang der weitergeleiteten",
    "message d'origine", "message d’origine", "message original", "message transféré", "message initial",
    "début du message", "mensaje original", "mensaje reenviado", "inicio del mensaje", "messaggio originale",
    "messaggio inoltrato", "inizio messaggio inoltrato", "mensagem original", "mensagem encaminhada",
    "início da mensagem", "oorspronkelijk bericht", "origineel bericht", "doorgestuurd bericht",
    "begin doorgestuurd bericht", "ursprungligt meddelande", "originalmeddelande", "vidarebefordrat",
    "vidarebefordrat brev", "oprindelig meddelelse", "videresendt", "original melding", "opprinnelig melding",
    "alkuperäinen viesti", "välitetty viesti", "wiadomość oryginalna", "oryginalna wiadomość", "wiadomość przekazana",
    "původní zpráva", "přeposlaná zpráva", "pôvodná správa", "eredeti üzenet", "továbbított", "mesaj original",
    "mesajul original", "исходное сообщение", "пересылаемое сообщение", "пересланное сообщение", "оригинал",
    "оригінальне повідомлення", "özgün ileti", "orijinal mesaj", "orijinal ileti", "yönlendirilmiş", "αρχικό μήνυμα",
    "הודעה מקורית", "הודעה שהועברה", "الرسالة الأصلية", "原始邮件", "原始郵件", "转发邮件", "原邮件", "元のメッセージ", "転送", "원본 메시지",
    "전달된 메시지", "thư gốc", "pesan asli", "originalna poruka", "izvorna poruka",
];

/// What ticket systems write above what they quote, in lower case.
#[rustfmt::skip]
pub(super) const REPLY_ABOVE: &[&str] = &[
    "reply above this line", "type your reply above", "write above this line", "reply above the line",
    "please reply above", "type above this line", "reply above line", "bitte oberhalb dieser",
    "antworten sie oberhalb", "répondre au-dessus", "répondez au-dessus", "responda por encima", "rispondi sopra",
    "responda acima", "antwoord boven deze", "svar over denne", "svara ovanför",
];

/// How the line of a device or an app begins, in lower case.
#[rustfmt::skip]
pub(super) const DEVICE: &[&str] = &[
    "sent from", "sent by", "sent via", "sent with", "sent using", "sent through", "from my", "get outlook for",
    "get [outlook", "envoyé de", "envoyé depuis", "envoyé à partir", "envoyé avec", "envoyé par", "obtenez outlook",
    "télécharger outlook", "gesendet von", "gesendet mit", "gesendet über", "gesendet aus", "von meinem",
    "von unterwegs", "diese nachricht wurde von meinem", "holen sie sich outlook", "outlook für", "enviado desde",
    "enviado de", "enviado do", "enviado con", "enviado via", "enviado por", "enviado a partir", "enviado pelo",
    "obtener outlook", "obter o outlook", "obter outlook", "inviato da", "inviato dal", "inviato con",
    "ottieni outlook", "scarica outlook", "verzonden vanaf", "verzonden met", "verzonden via", "verstuurd vanaf",
    "verstuurd met", "outlook voor", "download outlook", "skickat från", "skickat med", "skickades från", "sendt fra",
    "sendt med", "sendt via", "hent outlook", "hämta outlook", "få outlook", "lähetetty", "saadetud", "wysłane z",
    "wysłano z", "wysłane", "pobierz outlook", "odesláno z", "odesláno", "odoslané z", "küldve", "trimis de pe",
    "trimis din", "отправлено с", "отправлено из", "отправлено от", "послано с", "надіслано з", "відправлено",
    "изпратено от", "iphone'umdan", "'dan gönderildi", "στάλθηκε από", "נשלח מ", "أرسلت من", "مرسل من", "发自", "發自",
    "從我的", "从我的", "iphoneから送信", "から送信", "나의 iphone", "나의 iphone에서", "gửi từ", "dikirim dari", "poslano s",
    "poslano z", "poslano sa",
];

/// Words in a longer line of a device: an excuse for brevity.
pub(super) const DEVICE_EXCUSES: &[&str] = &["excuse", "typo", "typos", "brevity", "pardon", "autocorrect", "forgive"];
