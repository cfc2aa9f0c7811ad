//! Which folder is for what: the person's own choice, else what the server says, else the folder's name. Pure.

use unicode_normalization::UnicodeNormalization as _;

use crate::ports::{ListedFolder, SpecialUse};

/// Who said what a folder is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    User,
    Server,
    Name,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Server => "server",
            Self::Name => "name",
        }
    }
}

/// What programs call these folders, in lower case; the usual ones first.
#[rustfmt::skip]
const NAMES: &[(SpecialUse, &[&str])] = &[
    (SpecialUse::Sent, &[
        "sent", "sent mail", "sent messages", "sent items", "sent-mail", "sent emails", "gesendet", "gesendete objekte", "gesendete elemente",
        "gesendete nachrichten", "gesendete artikel", "envoyés", "éléments envoyés", "messages envoyés", "courrier envoyé", "objets envoyés",
        "enviados", "elementos enviados", "correo enviado", "mensajes enviados", "itens enviados", "mensagens enviadas", "e-mails enviados",
        "posta inviata", "inviati", "inviata", "elementi inviati", "messaggi inviati", "verzonden", "verzonden items", "verzonden berichten",
        "skickat", "skickade objekt", "skickade meddelanden", "sendt", "sendte elementer", "sendt post", "sendte beskeder", "lähetetyt",
        "lähetetyt viestit", "wysłane", "elementy wysłane", "wiadomości wysłane", "odeslané", "odeslaná pošta", "odoslané", "odoslaná pošta",
        "elküldött", "elküldött elemek", "elküldött üzenetek", "trimise", "elemente trimise", "mesaje trimise", "poslano", "poslane poruke",
        "poslana pošta", "poslato", "изпратени", "отправленные", "отправленные письма", "исходящие отправленные", "надіслані", "відправлені",
        "апрапраўленыя", "απεσταλμένα", "σταλμένα", "gönderilmiş", "gönderilenler", "gönderilmiş öğeler", "gönderilmiş postalar",
        "נשלח", "דואר יוצא", "פריטים שנשלחו", "المرسلة", "البريد المرسل", "العناصر المرسلة", "ارسال شده", "भेजे गए", "ส่งแล้ว", "ส่งไปแล้ว",
        "đã gửi", "thư đã gửi", "terkirim", "dihantar", "已发送", "已发送邮件", "已傳送", "寄件備份", "已寄出", "送信済み", "送信済みトレイ", "送信済みメール",
        "送信済みアイテム", "보낸편지함", "보낸 편지함", "보낸메일함", "išsiųsta", "išsiųstos", "nosūtītie", "saadetud", "sendt mail", "sent (1)",
        "enviats", "elements enviats", "bidalitakoak", "enviado",
        "послато", "послате",
    ]),
    (SpecialUse::Drafts, &[
        "drafts", "draft", "entwürfe", "entwurf", "brouillons", "borradores", "rascunhos", "bozze", "concepten", "klad", "utkast", "kladder", "kladd",
        "luonnokset", "kopie robocze", "szkice", "wersje robocze", "koncepty", "rozepsané", "rozpísané", "piszkozatok", "vázlatok", "ciorne", "schițe",
        "skice", "nacrti", "osnutki", "чернови", "черновики", "чарнавікі", "чернетки", "πρόχειρα", "taslaklar", "טיוטות", "المسودات", "مسودات",
        "پیش‌نویس‌ها", "ड्राफ़्ट", "ร่างจดหมาย", "thư nháp", "bản nháp", "konsep", "draf", "草稿", "草稿箱", "草稿匣", "下書き", "임시보관함", "임시 보관함",
        "juodraščiai", "melnraksti", "mustandid", "esborranys", "zirriborroak",
        "недовршено", "нацрти", "ड्राफ्ट",
    ]),
    (SpecialUse::Trash, &[
        "trash", "deleted", "deleted messages", "deleted items", "bin", "papierkorb", "gelöscht", "gelöschte objekte", "gelöschte elemente",
        "gelöschte nachrichten", "corbeille", "éléments supprimés", "messages supprimés", "papelera", "eliminados", "elementos eliminados", "lixo", "lixeira",
        "itens eliminados", "itens excluídos", "cestino", "posta eliminata", "eliminata", "elementi eliminati", "prullenbak", "verwijderde items",
        "verwijderde berichten", "papperskorgen", "borttaget", "papirkurv", "slettet post", "slettede elementer", "søppel", "slettede elementer", "roskakori",
        "poistetut", "kosz", "elementy usunięte", "koš", "odstraněná pošta", "kôš", "odstránená pošta", "kuka", "lomtár", "törölt elemek", "coș de gunoi",
        "elemente șterse", "smeće", "otpad", "koš za smeti", "кошче", "изтрити", "корзина", "удаленные", "удалённые", "кошик", "видалені", "κάδος",
        "κάδος απορριμμάτων", "διαγραμμένα", "çöp kutusu", "silinmiş öğeler", "אשפה", "פריטים שנמחקו", "المهملات", "سلة المهملات", "العناصر المحذوفة",
        "زباله‌دان", "ट्रैश", "ถังขยะ", "thùng rác", "sampah", "已删除", "已删除邮件", "垃圾桶", "已刪除", "刪除的郵件", "垃圾箱", "ゴミ箱", "ごみ箱", "削除済みアイテム",
        "휴지통", "지운 편지함", "šiukšliadėžė", "miskaste", "prügikast", "paperera", "zakarrontzia",
        "кошык", "смеће", "отпад", "удалённые элементы",
    ]),
    (SpecialUse::Junk, &[
        "junk", "spam", "junk e-mail", "junk email", "junk mail", "bulk mail", "bulk", "spamverdacht", "unerwünscht", "junk-e-mail", "werbung",
        "courrier indésirable", "indésirables", "pourriel", "correo no deseado", "no deseado", "lixo eletrônico", "lixo electrónico", "lixo eletrónico", "posta indesiderata",
        "indesiderata", "ongewenste e-mail", "ongewenst", "reclame", "skräppost", "uønsket e-mail", "uønsket post", "søppelpost", "roskaposti",
        "wiadomości-śmieci", "wiadomości śmieci", "nevyžádaná pošta", "nevyžiadaná pošta", "levélszemét", "mesaje nedorite", "neželjena pošta", "neželena pošta",
        "нежелана поща", "нежелательная почта", "спам", "небажана пошта", "ανεπιθύμητα", "ανεπιθύμητη αλληλογραφία", "gereksiz", "istenmeyen", "önemsiz e-posta",
        "דואר זבל", "ספאם", "البريد العشوائي", "بريد إلكتروني غير هام", "هرزنامه", "स्पैम", "สแปม", "อีเมลขยะ", "thư rác", "垃圾邮件", "垃圾郵件", "迷惑メール",
        "スパム", "스팸", "스팸함", "스팸편지함", "šlamštas", "mēstules", "rämpspost", "correu brossa", "zaborra",
        "непажаданыя", "непожељно", "uønsket mail", "정크 메일", "correio não solicitado",
    ]),
    (SpecialUse::Archive, &[
        "archive", "archives", "archived", "archiv", "archivo", "arquivo", "arquivos", "archivio", "archief", "arkiv", "arkisto", "archiwum", "archív", "arhivă",
        "arhiva", "arhiv", "архив", "архів", "αρχείο", "arşiv", "ארכיון", "الأرشيف", "أرشيف", "بایگانی", "อาร์ไคฟ์", "lưu trữ", "arsip", "arkib", "归档", "存档",
        "封存", "アーカイブ", "보관함", "archyvas", "arhīvs", "arhiiv", "arxiu",
        "архіў", "artxiboa", "संग्रह", "archívum", "보관", "архива", "เก็บถาวร", "arquivo morto", "封存郵件",
    ]),
];

/// One entry a listed folder, in its order: what it is for, and who said so. `chosen`: what for (`\Sent`) and the path.
pub fn assign(chosen: &[(String, String)], listed: &[ListedFolder]) -> Vec<Option<(SpecialUse, Source)>> {
    let mut uses: Vec<Option<(SpecialUse, Source)>> = vec![None; listed.len()];
    for (special_use, path) in chosen {
        let wanted = SpecialUse::parse(special_use);
        if let (Some(wanted), Some(at)) = (wanted, listed.iter().position(|folder| folder.path == *path)) {
            set(&mut uses, at, wanted, Source::User);
        }
    }
    for (at, folder) in listed.iter().enumerate() {
        if let Some(said) = folder.special_use {
            set(&mut uses, at, said, Source::Server);
        }
    }
    // Whole names first, of all uses: `Lixo eletrônico` is Junk, though `lixo` is a word for Trash.
    for within in [false, true] {
        for (special_use, names) in NAMES {
            let candidates = listed
                .iter()
                .enumerate()
                .filter(|(at, folder)| folder.selectable && uses.get(*at).is_some_and(Option::is_none));
            let ranked = candidates.filter_map(|(at, folder)| Some((likeliness(folder, names)?, at)));
            let best = ranked.filter(|((is_within, ..), _)| *is_within == within).min();
            if let Some((_, at)) = best {
                set(&mut uses, at, *special_use, Source::Name);
            }
        }
    }
    uses
}

/// One folder a use, one use a folder; who came first stays.
fn set(uses: &mut [Option<(SpecialUse, Source)>], at: usize, special_use: SpecialUse, source: Source) {
    let taken = uses.iter().flatten().any(|(other, _)| *other == special_use);
    if let (false, Some(slot @ None)) = (taken, uses.get_mut(at)) {
        *slot = Some((special_use, source));
    }
}

/// Letters of a known name at least, for it to be looked for within longer ones.
const WITHIN_LETTERS_MIN: usize = 4;
/// As that, of a script without blanks between words.
const WITHIN_IDEOGRAPHS_MIN: usize = 3;

/// How likely its name is one of these, less being likelier: whether it is the whole name, how deep it lies, how usual the name is.
fn likeliness(folder: &ListedFolder, names: &[&str]) -> Option<(bool, usize, usize)> {
    let levels: Vec<&str> = match folder.delimiter {
        Some(delimiter) => folder.path.split(delimiter).collect(),
        None => vec![&folder.path],
    };
    // Below INBOX and below a folder in brackets (`[Gmail]`) is as good as at the top.
    let within = levels.first().is_some_and(|first| *first == "INBOX" || first.starts_with('['));
    let depth = levels.len() - 1 - usize::from(within && levels.len() > 1);
    // Some programs write letters and their accents apart.
    let name: String = levels.last()?.nfc().collect::<String>().to_lowercase();
    if let Some(at) = names.iter().position(|known| *known == name) {
        return (depth <= 1).then_some((false, depth, at));
    }
    let at = names.iter().position(|known| has_words(&name, known))?;
    (depth == 0).then_some((true, depth, at))
}

/// `Sent Items (old)` has the words `sent items`; `Sentences` has no `sent`.
fn has_words(name: &str, known: &str) -> bool {
    let letters = known.chars().count();
    if known.chars().all(is_ideograph) {
        return letters >= WITHIN_IDEOGRAPHS_MIN && name.contains(known);
    }
    letters >= WITHIN_LETTERS_MIN
        && name.match_indices(known).any(|(at, _)| {
            let before = name.get(..at).and_then(|before| before.chars().next_back());
            let after = name.get(at + known.len()..).and_then(|after| after.chars().next());
            ![before, after].into_iter().flatten().any(char::is_alphanumeric)
        })
}

/// Chinese and Japanese, Hangul included.
const fn is_ideograph(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str, special_use: Option<SpecialUse>) -> ListedFolder {
        ListedFolder {
            path: path.to_owned(),
            delimiter: Some('/'),
            attributes: Vec::new(),
            special_use,
            selectable: true,
            status: None,
        }
    }

    fn assigned(chosen: &[(&str, &str)], listed: &[(&str, Option<SpecialUse>)]) -> Vec<(String, SpecialUse, Source)> {
        let chosen: Vec<_> = chosen.iter().map(|(what, path)| ((*what).to_owned(), (*path).to_owned())).collect();
        let listed: Vec<_> = listed.iter().map(|(path, special_use)| folder(path, *special_use)).collect();
        let uses = assign(&chosen, &listed);
        let named = listed.into_iter().zip(uses);
        named.filter_map(|(folder, found)| found.map(|(it, source)| (folder.path, it, source))).collect()
    }

    #[test]
    fn the_person_is_believed_before_the_server_and_the_server_before_a_name() {
        let listed = [
            ("INBOX", Some(SpecialUse::Inbox)),
            ("Sent", Some(SpecialUse::Sent)),
            ("My sent", None),
            ("Gesendet", None),
        ];
        assert_eq!(
            assigned(&[("\\Sent", "My sent")], &listed),
            [
                ("INBOX".to_owned(), SpecialUse::Inbox, Source::Server),
                ("My sent".to_owned(), SpecialUse::Sent, Source::User)
            ]
        );
        assert_eq!(assigned(&[("\\Sent", "gone")], &listed)[1], ("Sent".to_owned(), SpecialUse::Sent, Source::Server));
        let unsaid =
            [("Gesendet", None), ("Sent Items", None), ("Projects/Sent", None), ("INBOX/Trash", None), ("Trash", None)];
        assert_eq!(
            assigned(&[], &unsaid),
            [
                ("Sent Items".to_owned(), SpecialUse::Sent, Source::Name),
                ("INBOX/Trash".to_owned(), SpecialUse::Trash, Source::Name)
            ]
        );
    }

    #[test]
    fn names_in_many_languages_are_known() {
        for (name, wanted) in [
            ("Gesendete Elemente", SpecialUse::Sent),
            ("Éléments envoyés", SpecialUse::Sent),
            ("Отправленные", SpecialUse::Sent),
            ("送信済みトレイ", SpecialUse::Sent),
            ("보낸편지함", SpecialUse::Sent),
            ("已删除邮件", SpecialUse::Trash),
            ("Papierkorb", SpecialUse::Trash),
            ("Nevyžádaná pošta", SpecialUse::Junk),
            ("ENTWÜRFE", SpecialUse::Drafts),
            ("Архів", SpecialUse::Archive),
        ] {
            assert_eq!(assigned(&[], &[(name, None)]), [(name.to_owned(), wanted, Source::Name)]);
        }
        assert_eq!(assigned(&[], &[("Sentences", None), ("a/b/c/Sent", None)]), []);
    }

    /// Sent, drafts, trash, junk, archive as programs in these languages call them.
    #[rustfmt::skip]
    const LANGUAGES: &[(&str, [&str; 5])] = &[
        ("ar", ["البريد المرسل", "المسودات", "سلة المهملات", "البريد العشوائي", "الأرشيف"]),
        ("be", ["Апрапраўленыя", "Чарнавікі", "Кошык", "Непажаданыя", "Архіў"]),
        ("bg", ["Изпратени", "Чернови", "Кошче", "Нежелана поща", "Архив"]),
        ("ca", ["Enviats", "Esborranys", "Paperera", "Correu brossa", "Arxiu"]),
        ("cs", ["Odeslaná pošta", "Koncepty", "Koš", "Nevyžádaná pošta", "Archiv"]),
        ("da", ["Sendt post", "Kladder", "Slettet post", "Uønsket mail", "Arkiv"]),
        ("de", ["Gesendete Elemente", "Entwürfe", "Gelöschte Elemente", "Junk-E-Mail", "Archiv"]),
        ("el", ["Απεσταλμένα", "Πρόχειρα", "Κάδος απορριμμάτων", "Ανεπιθύμητη αλληλογραφία", "Αρχείο"]),
        ("en", ["Sent Items", "Drafts", "Deleted Items", "Junk Email", "Archive"]),
        ("es", ["Elementos enviados", "Borradores", "Elementos eliminados", "Correo no deseado", "Archivo"]),
        ("et", ["Saadetud", "Mustandid", "Prügikast", "Rämpspost", "Arhiiv"]),
        ("eu", ["Bidalitakoak", "Zirriborroak", "Zakarrontzia", "Zaborra", "Artxiboa"]),
        ("fa", ["ارسال شده", "پیش‌نویس‌ها", "زباله‌دان", "هرزنامه", "بایگانی"]),
        ("fi", ["Lähetetyt", "Luonnokset", "Roskakori", "Roskaposti", "Arkisto"]),
        ("fr", ["Éléments envoyés", "Brouillons", "Éléments supprimés", "Courrier indésirable", "Archives"]),
        ("he", ["פריטים שנשלחו", "טיוטות", "פריטים שנמחקו", "דואר זבל", "ארכיון"]),
        ("hi", ["भेजे गए", "ड्राफ़्ट", "ट्रैश", "स्पैम", "संग्रह"]),
        ("hr", ["Poslano", "Skice", "Smeće", "Neželjena pošta", "Arhiva"]),
        ("hu", ["Elküldött elemek", "Piszkozatok", "Törölt elemek", "Levélszemét", "Archívum"]),
        ("id", ["Terkirim", "Konsep", "Sampah", "Spam", "Arsip"]),
        ("it", ["Posta inviata", "Bozze", "Posta eliminata", "Posta indesiderata", "Archivio"]),
        ("ja", ["送信済みアイテム", "下書き", "削除済みアイテム", "迷惑メール", "アーカイブ"]),
        ("ko", ["보낸 편지함", "임시 보관함", "지운 편지함", "정크 메일", "보관"]),
        ("lt", ["Išsiųsta", "Juodraščiai", "Šiukšliadėžė", "Šlamštas", "Archyvas"]),
        ("lv", ["Nosūtītie", "Melnraksti", "Miskaste", "Mēstules", "Arhīvs"]),
        ("ms", ["Dihantar", "Draf", "Sampah", "Spam", "Arkib"]),
        ("nb", ["Sendte elementer", "Kladd", "Slettede elementer", "Søppelpost", "Arkiv"]),
        ("nl", ["Verzonden items", "Concepten", "Verwijderde items", "Ongewenste e-mail", "Archief"]),
        ("pl", ["Elementy wysłane", "Wersje robocze", "Elementy usunięte", "Wiadomości-śmieci", "Archiwum"]),
        ("pt-BR", ["Itens enviados", "Rascunhos", "Itens excluídos", "Lixo eletrônico", "Arquivo morto"]),
        ("pt-PT", ["Itens enviados", "Rascunhos", "Itens eliminados", "Lixo eletrónico", "Arquivo"]),
        ("ro", ["Elemente trimise", "Schițe", "Elemente șterse", "Mesaje nedorite", "Arhivă"]),
        ("ru", ["Отправленные", "Черновики", "Удалённые", "Нежелательная почта", "Архив"]),
        ("sk", ["Odoslaná pošta", "Rozpísané", "Odstránená pošta", "Nevyžiadaná pošta", "Archív"]),
        ("sl", ["Poslano", "Osnutki", "Koš za smeti", "Neželena pošta", "Arhiv"]),
        ("sr", ["Послато", "Недовршено", "Смеће", "Непожељно", "Архива"]),
        ("sv", ["Skickat", "Utkast", "Borttaget", "Skräppost", "Arkiv"]),
        ("th", ["ส่งแล้ว", "ร่างจดหมาย", "ถังขยะ", "อีเมลขยะ", "เก็บถาวร"]),
        ("tr", ["Gönderilmiş Öğeler", "Taslaklar", "Silinmiş Öğeler", "Önemsiz E-posta", "Arşiv"]),
        ("uk", ["Надіслані", "Чернетки", "Видалені", "Небажана пошта", "Архів"]),
        ("vi", ["Thư đã gửi", "Thư nháp", "Thùng rác", "Thư rác", "Lưu trữ"]),
        ("zh-Hans", ["已发送邮件", "草稿箱", "已删除邮件", "垃圾邮件", "存档"]),
        ("zh-Hant", ["寄件備份", "草稿匣", "刪除的郵件", "垃圾郵件", "封存"]),
    ];

    #[test]
    fn every_language_has_a_word_for_every_use() {
        use SpecialUse::{Archive, Drafts, Junk, Sent, Trash};
        let mut unknown = Vec::new();
        for (language, names) in LANGUAGES {
            for (name, wanted) in names.iter().zip([Sent, Drafts, Trash, Junk, Archive]) {
                // As the server may give it: at the top, below INBOX, in capitals, with accents apart.
                let capitals = name.to_uppercase();
                let apart: String = name.nfd().collect();
                for path in [(*name).to_owned(), format!("INBOX/{name}"), capitals, apart] {
                    if assigned(&[], &[(&path, None)]) != [(path.clone(), wanted, Source::Name)] {
                        unknown.push((language, path));
                    }
                }
            }
        }
        assert!(unknown.is_empty(), "{unknown:?}");
        for (language, names) in LANGUAGES {
            // All at once each gets its own.
            let listed: Vec<_> = names.iter().map(|name| (*name, None)).collect();
            assert_eq!(assigned(&[], &listed).len(), 5, "{language}");
        }
    }

    #[test]
    fn a_name_means_one_thing() {
        for (special_use, names) in NAMES {
            for name in *names {
                assert!(*name == name.nfc().collect::<String>().to_lowercase(), "{name} is never met");
                let others = NAMES.iter().filter(|(other, _)| other != special_use);
                assert!(!others.flat_map(|(_, names)| *names).any(|other| other == name), "{name} has two meanings");
            }
        }
    }

    #[test]
    fn the_likeliest_folder_gets_the_use() {
        let best = |listed: &[&str]| {
            let listed: Vec<_> = listed.iter().map(|path| (*path, None)).collect();
            assigned(&[], &listed).into_iter().find(|(_, it, _)| *it == SpecialUse::Sent).map(|(path, ..)| path)
        };
        for (listed, wanted) in [
            (&["Sent Items (old)", "Gesendet"][..], Some("Gesendet")),
            (&["Sent Items (old)", "Archive"], Some("Sent Items (old)")),
            (&["Work/Sent", "INBOX/Sent"], Some("INBOX/Sent")),
            (&["Work/Sent", "My sent mail"], Some("Work/Sent")),
            (&["Gesendet", "Sent"], Some("Sent")),
            (&["[Google Mail]/Gesendet"], Some("[Google Mail]/Gesendet")),
            (&["已发送的邮件"], Some("已发送的邮件")),
            (&["Sentences", "Presented", "a/b/c/Sent", "Work/Sent Items (old)"], None),
        ] {
            assert_eq!(best(listed).as_deref(), wanted, "{listed:?}");
        }
        // No place to put mail.
        let container = ListedFolder { selectable: false, ..folder("Sent", None) };
        assert_eq!(assign(&[], &[container]), [None]);
    }
}
