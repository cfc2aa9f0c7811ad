//! The quoted part of an answer: attribution line and history, as text and as HTML. Owns the shape only;
//! the HTML it is given must already be clean, and it never reads a clock.

use model::Timestamp;

/// `On …, … wrote:` and the text, each line behind `> ` (lines already quoted get one more `>`).
pub fn quote_reply_text(author: &str, date: Timestamp, text: &str) -> String {
    let mut out = attribution(author, date);
    out.push_str("\r\n\r\n");
    for line in text.trim_end().lines() {
        out.push_str(if line.starts_with('>') { ">" } else { "> " });
        out.push_str(line.trim_end_matches('\r'));
        out.push_str("\r\n");
    }
    out
}

/// The same as a `blockquote type="cite"`, which mail programs fold. `html` is trusted: clean it first.
pub fn quote_reply_html(author: &str, date: Timestamp, html: &str) -> String {
    let mut line = String::new();
    for character in attribution(author, date).chars() {
        match character {
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '"' => line.push_str("&quot;"),
            other => line.push(other),
        }
    }
    format!(
        "<div class=\"gmail_quote\"><div class=\"gmail_attr\">{line}</div>\
         <blockquote type=\"cite\" style=\"margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex\">{html}</blockquote></div>"
    )
}

fn attribution(author: &str, date: Timestamp) -> String {
    // Line ends in a name would make the attribution look like part of the quotation, or of the answer.
    let author: String = author.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("On {}, {} wrote:", date.to_rfc5322(), author.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: Timestamp = Timestamp::from_millis(1_705_314_600_000);

    #[test]
    fn every_line_of_the_history_is_quoted_once_more() {
        assert_eq!(
            quote_reply_text("Ann <ann@example.org>", DATE, "Hello\r\n\r\n> earlier\nbye\n\n"),
            "On Mon, 15 Jan 2024 10:30:00 +0000, Ann <ann@example.org> wrote:\r\n\r\n> Hello\r\n> \r\n>> earlier\r\n> bye\r\n"
        );
    }

    #[test]
    fn a_name_cannot_add_lines_or_markup() {
        assert!(
            quote_reply_text("A\r\nB", DATE, "").starts_with("On Mon, 15 Jan 2024 10:30:00 +0000, A  B wrote:\r\n")
        );
        assert!(quote_reply_html("<script>x</script>", DATE, "<p>hi</p>").contains("&lt;script&gt;"));
    }
}
