//! What stands below what is written from a channel: its author's own signature, then the channel's. Owns their placeholders; pure but
//! for the look who the author is.

use std::borrow::Cow;

use model::WorkspaceId;
use model::channel::Signature;
use store::users;

use super::SendRequest;
use super::sender::Sender;
use crate::answering::escaped;
use crate::{Engine, FieldError, Result};

/// What a signature may say of whoever writes. The dashboard knows them, too (web/src/composer/signature.ts).
const NAME: &str = "agent.name";
const EMAIL: &str = "agent.email";
const BEGIN: &str = "{{";
const END: &str = "}}";

/// Why the field `signature` can't be kept.
pub(crate) fn check(signature: &Signature, bytes_max: usize) -> Vec<FieldError> {
    let forms = [("/signature/text", &signature.text), ("/signature/html", &signature.html)];
    let forms = forms.into_iter().filter_map(|(pointer, text)| Some((pointer, text.as_deref()?)));
    let wrong = |(pointer, text): (&str, &str)| match text.len() > bytes_max {
        true => Some(FieldError::new(pointer, format!("at most {bytes_max} bytes"))),
        false => unknown(pointer, text),
    };
    forms.filter_map(wrong).collect()
}

/// A placeholder that nobody would fill.
fn unknown(pointer: &str, text: &str) -> Option<FieldError> {
    placeholders(text).find(|(name, _)| ![NAME, EMAIL].contains(&name.trim())).map(|(name, _)| {
        let detail =
            format!("{BEGIN}{name}{END} is not known; a signature may have {BEGIN}{NAME}{END} and {BEGIN}{EMAIL}{END}");
        FieldError::new(pointer, detail)
    })
}

/// Each placeholder's name, and what it ends with.
fn placeholders(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END))
}

/// The signature of a mail, its placeholders filled; none where it is not wanted.
pub(super) async fn of(
    engine: &Engine,
    workspace: &WorkspaceId,
    sender: &Sender,
    request: &SendRequest,
) -> Result<Signature> {
    if request.without_signature {
        return Ok(Signature::default());
    }
    // A use case speaks for a company, whoever writes.
    let writes = request.author_id.clone().filter(|_| sender.use_case.is_none());
    let user = match writes {
        Some(id) => {
            let workspace = workspace.clone();
            engine.db.read(move |tx| users::get(tx, &workspace, &id)).await?
        }
        None => None,
    };
    let (own, author) = match user {
        Some(user) => (in_both_forms(&user.public.signature), Author::of(user.public.name, user.public.email)),
        None => (Signature::default(), Author::of(sender.mailbox.name.clone(), sender.mailbox.address.clone())),
    };
    let signature = one_above_the_other(own, in_both_forms(&sender.signature));
    Ok(Signature {
        text: signature.text.map(|text| filled(&text, &author, |value| value.into())),
        html: signature.html.map(|html| filled(&html, &author, |value| escaped(value).into())),
    })
}

fn one_above_the_other(above: Signature, below: Signature) -> Signature {
    let join = |above: Option<String>, below: Option<String>| match (above, below) {
        (Some(above), Some(below)) => Some(format!("{}\n{below}", above.trim_end())),
        (above, below) => above.or(below),
    };
    Signature { text: join(above.text, below.text), html: join(above.html, below.html) }
}

/// A mail has two forms, and its signature stands below both, whichever of them it was written in.
fn in_both_forms(signature: &Signature) -> Signature {
    let there = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (text, html) = (there(&signature.text), there(&signature.html));
    Signature {
        html: html.clone().or_else(|| {
            text.as_deref().map(|text| format!("<p>{}</p>", escaped(text.trim_end()).replace('\n', "<br>\n")))
        }),
        text: text.or_else(|| html.as_deref().map(mail::html::to_text)),
    }
}

/// Who writes, as a signature names them. A machine writes in the sender's own name.
struct Author {
    name: String,
    email: String,
}

impl Author {
    fn of(name: Option<String>, email: String) -> Self {
        Self { name: name.unwrap_or_else(|| email.clone()), email }
    }
}

/// What nobody fills stays as it is written.
fn filled(text: &str, author: &Author, escape: impl Fn(&str) -> Cow<'_, str>) -> String {
    let mut parts = text.split(BEGIN);
    let mut made = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part.split_once(END).and_then(|(name, rest)| match name.trim() {
            NAME => Some((&author.name, rest)),
            EMAIL => Some((&author.email, rest)),
            _ => None,
        });
        match known {
            Some((value, rest)) => {
                made.push_str(&escape(value));
                made.push_str(rest);
            }
            None => {
                made.push_str(BEGIN);
                made.push_str(part);
            }
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Author {
        Author { name: "Ada <& Co>".into(), email: "ada@example.org".into() }
    }

    #[test]
    fn placeholders_are_filled_and_escaped_where_it_is_html() {
        let text = filled("{{agent.name}}, {{ agent.email }}\nSupport", &ada(), |value| value.into());
        assert_eq!(text, "Ada <& Co>, ada@example.org\nSupport");
        let html = filled("<b>{{agent.name}}</b>", &ada(), |value| escaped(value).into());
        assert_eq!(html, "<b>Ada &lt;&amp; Co&gt;</b>");
    }

    #[test]
    fn a_signature_of_one_form_stands_below_both() {
        let text = Signature { text: Some("Ada\nR & D\n".into()), html: Some(" ".into()) };
        let html = Signature { text: None, html: Some("<p>Ada</p><p>R &amp; D</p>".into()) };
        assert_eq!(in_both_forms(&text).html.as_deref(), Some("<p>Ada<br>\nR &amp; D</p>"));
        assert_eq!(in_both_forms(&text).text.as_deref(), Some("Ada\nR & D\n"));
        let made = in_both_forms(&html).text.unwrap();
        assert!(made.contains("Ada") && made.contains("R & D"), "{made}");
        assert_eq!(in_both_forms(&Signature::default()), Signature::default());
    }

    #[test]
    fn an_author_s_own_signature_stands_above_the_channel_s() {
        let of = |text: &str| in_both_forms(&Signature { text: Some(text.into()), html: None });
        let both = one_above_the_other(of("Ada\n"), of("Example Ltd"));
        assert_eq!(both.text.as_deref(), Some("Ada\nExample Ltd"));
        assert_eq!(both.html.as_deref(), Some("<p>Ada</p>\n<p>Example Ltd</p>"));
        for one in [one_above_the_other(of("Ada"), of(" ")), one_above_the_other(of(""), of("Ada"))] {
            assert_eq!(one, of("Ada"));
        }
    }

    #[test]
    fn what_is_filled_in_is_not_read_again_and_what_is_not_known_stays() {
        let sly = Author { name: "{{agent.email}}".into(), email: "ada@example.org".into() };
        assert_eq!(filled("{{agent.name}} {{x}} {{", &sly, |value| value.into()), "{{agent.email}} {{x}} {{");
    }

    #[test]
    fn unknown_placeholders_and_long_texts_are_complained_about() {
        let of = |text: &str, html: &str| Signature { text: Some(text.into()), html: Some(html.into()) };
        let good = of("{{agent.name}} {{ agent.email }} }} {{", "12345678901234567890123456789012345678901");
        assert_eq!((check(&good, 41), check(&Signature::default(), 0)), (vec![], vec![]));
        let wrong = check(&of("{{agent.phone}}", &"x".repeat(42)), 41);
        assert_eq!(
            wrong.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(),
            ["/signature/text", "/signature/html"]
        );
        assert!(wrong[0].detail.contains("{{agent.phone}} is not known"), "{}", wrong[0].detail);
        assert_eq!(wrong[1].detail, "at most 41 bytes");
    }
}
