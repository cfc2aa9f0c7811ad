//! text/plain with format=flowed (RFC 3676): lines joined to paragraphs again. Owns only that; quote marks stay.

/// Joins soft-broken lines. `delete_space`: the parameter DelSp is `yes`.
pub(crate) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        let flows = content.ends_with(' ') && !signature;
        if open != Some(depth) || signature {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !content.is_empty() {
                out.push(' ');
            }
        }
        out.push_str(if flows && delete_space { content.strip_suffix(' ').unwrap_or(content) } else { content });
        open = flows.then_some(depth);
        if !flows {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_breaks_join_lines_of_one_quote_depth() {
        let cases = [
            ("one \ntwo\nthree\n", false, "one two\nthree\n"),
            ("> quo \n> ted\nmine \nstill\n", false, "> quo ted\nmine still\n"),
            (">> deep \n> less\n", false, ">> deep \n> less\n"),
            (" >not a quote\n From here\n", false, ">not a quote\nFrom here\n"),
            ("text \n-- \nname \nmore\n", false, "text \n-- \nname more\n"),
            ("日本 \n語\n", true, "日本語\n"),
        ];
        for (text, delete_space, expected) in cases {
            assert_eq!(unflow(text, delete_space), expected, "{text:?}");
        }
    }
}
