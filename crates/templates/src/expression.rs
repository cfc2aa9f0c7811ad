//! What stands inside a tag: paths, literals, calls of helpers with their arguments. Bounded in depth while it is read.

use model::limits::TEMPLATE_CALL_DEPTH_MAX;
use serde_json::{Number, Value};

use crate::fault::{Place, Unparsable};
use crate::helpers::Helper;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    Literal(Value),
    Path(Path),
    Call(Helper, Vec<Expression>),
}

/// A way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// `../` so many times.
    pub up: usize,
    /// `@index` and the like.
    pub is_data: bool,
    /// Empty for the context itself (`this`, `.`).
    pub names: Vec<String>,
}

/// What a tag says: its words, `key=value` pairs, and `as |a b|`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Words {
    pub positional: Vec<Word>,
    pub named: Vec<(String, Expression)>,
    pub block_params: Vec<String>,
}

/// An argument, and the bare name it may be instead (a helper's, a partial's).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Word {
    pub expression: Expression,
    pub source: String,
}

/// # Errors
/// What can't be read, or is nested too deeply.
pub(crate) fn words(body: &str, at: Place) -> Result<Words, Unparsable> {
    let mut reader = Reader { rest: body, at };
    let words = reader.words(0)?;
    match reader.rest.chars().next() {
        None => Ok(words),
        Some(found) => Err(reader.wrong(format!("`{found}` is not expected here"))),
    }
}

/// A call or a value: the words of `{{…}}` or `(…)`.
///
/// # Errors
/// No such helper, or not with these arguments.
pub(crate) fn value_of(words: Words, is_call: bool, at: Place) -> Result<Expression, Unparsable> {
    let wrong = |detail: String| Unparsable::new(at, detail);
    if let Some((name, _)) = words.named.first() {
        return Err(wrong(format!("`{name}=` is for partials; helpers have none")));
    }
    if !words.block_params.is_empty() {
        return Err(wrong("`as |…|` is for blocks".into()));
    }
    let mut positional = words.positional.into_iter();
    let Some(first) = positional.next() else {
        return Err(wrong("this tag is empty: a variable's name is needed".into()));
    };
    let arguments: Vec<Expression> = positional.map(|word| word.expression).collect();
    if arguments.is_empty() && !is_call {
        return Ok(first.expression);
    }
    let helper = Helper::named(&first.source).ok_or_else(|| {
        wrong(format!("there is no helper `{}`; there are {}", first.source, Helper::names().join(", ")))
    })?;
    if !helper.takes(arguments.len()) {
        return Err(wrong(format!("`{}` takes {}", first.source, helper.arguments())));
    }
    Ok(Expression::Call(helper, arguments))
}

struct Reader<'s> {
    rest: &'s str,
    at: Place,
}

impl<'s> Reader<'s> {
    fn wrong(&self, detail: impl Into<String>) -> Unparsable {
        Unparsable::new(self.at, detail)
    }

    fn skip_blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, prefix: &str) -> bool {
        let stripped = self.rest.strip_prefix(prefix);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }

    /// Up to a closing parenthesis or the end.
    fn words(&mut self, depth: usize) -> Result<Words, Unparsable> {
        if depth > TEMPLATE_CALL_DEPTH_MAX {
            return Err(self.wrong(format!("calls are nested more than {TEMPLATE_CALL_DEPTH_MAX} deep")));
        }
        let mut words = Words::default();
        loop {
            self.skip_blank();
            if self.rest.is_empty() || self.rest.starts_with(')') {
                return Ok(words);
            }
            if let Some(params) = self.block_params()? {
                words.block_params = params;
                continue;
            }
            if let Some(name) = self.name_of_pair() {
                let value = self.word(depth)?.expression;
                words.named.push((name, value));
            } else if words.named.is_empty() {
                let word = self.word(depth)?;
                words.positional.push(word);
            } else {
                return Err(self.wrong("what has no name stands before `key=value`"));
            }
        }
    }

    fn block_params(&mut self) -> Result<Option<Vec<String>>, Unparsable> {
        let Some(rest) = self.rest.strip_prefix("as").map(str::trim_start).and_then(|rest| rest.strip_prefix('|'))
        else {
            return Ok(None);
        };
        let (names, rest) = rest.split_once('|').ok_or_else(|| self.wrong("`as |…` lacks its second `|`"))?;
        let names: Vec<String> = names.split_whitespace().map(str::to_owned).collect();
        if !(1..=2).contains(&names.len()) {
            return Err(self.wrong("`as |item index|` has one or two names"));
        }
        self.rest = rest;
        Ok(Some(names))
    }

    /// `name=`, passed over.
    fn name_of_pair(&mut self) -> Option<String> {
        let length = self.rest.find(|letter| !is_of_name(letter)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at_checked(length)?;
        let rest = rest.trim_start().strip_prefix('=').filter(|_| !name.is_empty())?;
        self.rest = rest.trim_start();
        Some(name.to_owned())
    }

    fn word(&mut self, depth: usize) -> Result<Word, Unparsable> {
        if self.take("(") {
            let words = self.words(depth + 1)?;
            if !self.take(")") {
                return Err(self.wrong("a call lacks its `)`"));
            }
            return Ok(Word { expression: value_of(words, true, self.at)?, source: "(…)".into() });
        }
        if let Some(quote) = self.rest.chars().next().filter(|letter| matches!(letter, '"' | '\'')) {
            let (text, rest) = self
                .rest
                .get(1..)
                .and_then(|rest| rest.split_once(quote))
                .ok_or_else(|| self.wrong(format!("a text lacks its second {quote}")))?;
            self.rest = rest;
            return Ok(Word { expression: Expression::Literal(text.into()), source: text.to_owned() });
        }
        self.path_or_literal()
    }

    fn path_or_literal(&mut self) -> Result<Word, Unparsable> {
        let length = self.length_of_word();
        let (source, rest) = self.rest.split_at_checked(length).unwrap_or(("", self.rest));
        if source.is_empty() {
            let found = self.rest.chars().next().unwrap_or_default();
            return Err(self.wrong(format!("`{found}` is not expected here")));
        }
        self.rest = rest;
        let literal = match source {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" | "undefined" => Some(Value::Null),
            number if number.starts_with(|first: char| first.is_ascii_digit() || first == '-') => number
                .parse::<i64>()
                .map(Number::from)
                .ok()
                .or_else(|| Number::from_f64(number.parse().ok()?))
                .map(Value::Number),
            _ => None,
        };
        let expression = match literal {
            Some(literal) => Expression::Literal(literal),
            None => Expression::Path(path(source).map_err(|detail| self.wrong(detail))?),
        };
        Ok(Word { expression, source: source.to_owned() })
    }

    /// Up to a blank, a parenthesis or an equals sign, outside of `[…]`.
    fn length_of_word(&self) -> usize {
        let mut in_brackets = false;
        let end = self.rest.char_indices().find(|(_, letter)| {
            match letter {
                '[' => in_brackets = true,
                ']' => in_brackets = false,
                _ => {}
            }
            !in_brackets && (letter.is_whitespace() || matches!(letter, '(' | ')' | '=' | '|' | '"' | '\'' | '{' | '}'))
        });
        end.map_or(self.rest.len(), |(offset, _)| offset)
    }
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '$')
}

/// `a.b`, `a/b`, `../a`, `this.a`, `./a`, `a.[b c]`, `@index`, `@root.a`.
pub(crate) fn path(source: &str) -> Result<Path, String> {
    let wrong =
        || format!("`{source}` is no variable's name; write `user.name`, and [brackets] around other characters");
    let (is_data, mut rest) = source.strip_prefix('@').map_or((false, source), |rest| (true, rest));
    let mut up = 0;
    while let Some(above) = rest.strip_prefix("../").or_else(|| (rest == "..").then_some("")) {
        up += 1;
        rest = above;
    }
    if rest.is_empty() && up == 0 {
        return Err(wrong());
    }
    for here in ["this.", "this/", "./"] {
        if let Some(below) = rest.strip_prefix(here) {
            rest = below;
            break;
        }
    }
    let mut names = Vec::new();
    if matches!(rest, "this" | "." | "") {
        return if is_data { Err(wrong()) } else { Ok(Path { up, is_data, names }) };
    }
    loop {
        let (name, after) = if let Some(bracketed) = rest.strip_prefix('[') {
            bracketed.split_once(']').ok_or_else(wrong)?
        } else {
            let length = rest.find(['.', '/']).unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(length).ok_or_else(wrong)?;
            if name.is_empty() || !name.chars().all(is_of_name) {
                return Err(wrong());
            }
            (name, after)
        };
        names.push(name.to_owned());
        match after.strip_prefix(['.', '/']) {
            Some(below) => rest = below,
            None if after.is_empty() => return Ok(Path { up, is_data, names }),
            None => return Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_handlebars_writes_them() {
        let read = |source: &str| path(source).map(|path| (path.up, path.is_data, path.names.join("|")));
        for (source, up, is_data, names) in [
            ("name", 0, false, "name"),
            ("user.name", 0, false, "user|name"),
            ("user/name", 0, false, "user|name"),
            ("first-name", 0, false, "first-name"),
            ("../a.b", 1, false, "a|b"),
            ("../../a", 2, false, "a"),
            ("..", 1, false, ""),
            ("this", 0, false, ""),
            (".", 0, false, ""),
            ("this.a", 0, false, "a"),
            ("./a", 0, false, "a"),
            ("items.[0].[a b]", 0, false, "items|0|a b"),
            ("items.0", 0, false, "items|0"),
            ("@root.a", 0, true, "root|a"),
            ("@../index", 1, true, "index"),
        ] {
            assert_eq!(read(source), Ok((up, is_data, names.to_owned())), "{source}");
        }
        for source in ["", "a..b", "a.", ".a.", "a b", "@", "[a", "a[0]", "a*", "@this"] {
            assert!(read(source).is_err(), "{source}: {:?}", read(source));
        }
    }

    #[test]
    fn words_are_told_apart() {
        let read = words("a (eq b.c \"x y\") 1.5 k='v' l=@index as |m n|", Place::default()).expect("words");
        assert_eq!(read.positional.len(), 3);
        assert_eq!(read.named.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["k", "l"]);
        assert_eq!(read.block_params, ["m", "n"]);
        let deep = |depth: usize| words(&format!("{}a{}", "(not ".repeat(depth), ")".repeat(depth)), Place::default());
        assert!(deep(TEMPLATE_CALL_DEPTH_MAX).is_ok());
        assert!(deep(TEMPLATE_CALL_DEPTH_MAX + 1).is_err());
        for source in ["a)", "(a", "\"x", "k=1 a", "(nothere a)", "as |a", "=", "(not)", "{a"] {
            assert!(words(source, Place::default()).is_err(), "{source}");
        }
    }
}
