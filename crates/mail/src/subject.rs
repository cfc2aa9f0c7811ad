//! The subject a conversation goes by: reply and forward marks removed. Never touches the mail itself.

/// A subject without its marks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Normalized {
    /// White space collapsed, in lower case: equal for the mails of one conversation.
    pub base: String,
    /// It had a mark of a reply (`Re:`, `AW:`, `回复:` …).
    pub is_reply: bool,
    /// It had a mark of a forwarded mail (`Fwd:`, `WG:`, `转发:` …).
    pub is_forward: bool,
}

/// Marks of replies without their colon, in lower case: what mail programs put in many languages.
#[rustfmt::skip]
const REPLIES: &[&str] = &[
    "re", "aw", "antw", "antwort", "sv", "svar", "vs", "vá", "válasz", "odp", "odpověď", "odpoveď", "rif", "r", "ris",
    "res", "resp", "rép", "rep", "réf", "reply", "ynt", "yanıt", "cevap", "atb", "ats", "bls", "hsv", "bal", "balas",
    "απ", "σχετ", "отв", "ответ", "відп", "відповідь", "на", "تر", "رد", "ردّ", "پاسخ", "תשובה", "השב", "回复", "回覆",
    "答复", "答覆", "回信", "返信", "返", "답장", "회신", "trả lời", "ตอบ", "ตอบกลับ", "पुनः", "antwoord", "odg", "përgjigje",
];

/// Marks of forwarded mails.
#[rustfmt::skip]
const FORWARDS: &[&str] = &[
    "fw", "fwd", "fwrd", "vb", "wg", "wtr", "weiterl", "weitergeleitet", "tr", "rv", "enc", "i", "inoltro", "doorst",
    "vl", "vidarebefordrat", "videresendt", "továbbítás", "pd", "przek", "přep", "preposlané", "пер", "пересл", "ilt",
    "i̇lt", "yönlt", "προωθ", "πρθ", "הועבר", "העברה", "إعادة توجيه", "إعادة", "转发", "轉寄", "转寄", "轉發", "転送", "전달",
    "chuyển tiếp", "terusan", "redirigé", "ส่งต่อ", "prosl",
];

/// Marks taken off one subject at most.
const MARKS_MAX: usize = 50;

/// A subject as conversations are compared by. `[list]` tags at the beginning go, unless nothing else is left.
pub fn normalize(subject: &str) -> Normalized {
    let mut found = Normalized::default();
    let mut rest = subject.trim();
    for _ in 0..MARKS_MAX {
        if let Some((after, forward)) = mark(rest) {
            *(if forward { &mut found.is_forward } else { &mut found.is_reply }) = true;
            rest = after;
        } else if let Some(after) = tag(rest) {
            rest = after;
        } else {
            break;
        }
    }
    // "Subject (fwd)" of old programs (RFC 5256 §2.1).
    while let Some(before) = strip_suffix_ignoring_case(rest, "(fwd)") {
        found.is_forward = true;
        rest = before.trim_end();
    }
    found.base = rest.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
    found
}

/// `Re:`, `RE[2]:`, `Re (3):`, `回复：`: the rest and whether it marks a forwarded mail.
fn mark(subject: &str) -> Option<(&str, bool)> {
    const MARK_CHARS_MAX: usize = 24;
    let colon = subject.char_indices().take(MARK_CHARS_MAX).find(|(_, c)| matches!(c, ':' | '：'))?;
    let head = subject.get(..colon.0)?.trim();
    let after = subject.get(colon.0 + colon.1.len_utf8()..)?.trim_start();
    // A count in brackets, or bare behind the letters: "Re[2]", "Re^3", "Re2".
    let word = head.trim_end_matches(|c: char| c.is_ascii_digit() || "[]()^* ".contains(c)).to_lowercase();
    if REPLIES.contains(&word.as_str()) {
        Some((after, false))
    } else if FORWARDS.contains(&word.as_str()) {
        Some((after, true))
    } else {
        None
    }
}

/// `[list-name] …` at the beginning, if something stands behind it.
fn tag(subject: &str) -> Option<&str> {
    const TAG_CHARS_MAX: usize = 60;
    let inside = subject.strip_prefix('[')?;
    let (end, _) = inside.char_indices().take(TAG_CHARS_MAX).find(|(_, c)| matches!(c, ']' | '['))?;
    let after = inside.get(end..)?.strip_prefix(']')?.trim_start();
    (!after.is_empty()).then_some(after)
}

fn strip_suffix_ignoring_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let at = text.len().checked_sub(suffix.len())?;
    let (before, end) = text.split_at_checked(at)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_many_languages_are_taken_off() {
        let cases = [
            ("Tea at four", "tea at four", false, false),
            ("Re: Tea", "tea", true, false),
            ("RE: re : AW: Tea", "tea", true, false),
            ("Re[3]: Tea", "tea", true, false),
            ("Re (2): Tea", "tea", true, false),
            ("Antw: Tea", "tea", true, false),
            ("SV: Te", "te", true, false),
            ("回复：茶", "茶", true, false),
            ("返信: お茶", "お茶", true, false),
            ("Odp: Herbata", "herbata", true, false),
            ("YNT: Çay", "çay", true, false),
            ("Fwd: Tea", "tea", false, true),
            ("WG: AW: Tee", "tee", true, true),
            ("转发: Re: 茶", "茶", true, true),
            ("[tea-list] Re: [tea-list]  Milk   first", "milk first", true, false),
            ("Tea (fwd)", "tea", false, true),
            ("[all]", "[all]", false, false),
            ("Note: read this", "note: read this", false, false),
            ("12:30 is fine", "12:30 is fine", false, false),
            ("", "", false, false),
            ("Re:", "", true, false),
        ];
        for (subject, base, is_reply, is_forward) in cases {
            assert_eq!(normalize(subject), Normalized { base: base.to_owned(), is_reply, is_forward }, "{subject}");
        }
    }
}
