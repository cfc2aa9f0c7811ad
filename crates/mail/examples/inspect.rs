//! Takes the arguments of `postroom inspect`, so that `score/run` can score this crate without the whole program.

use std::io::Write;

use postroom_mail as mail;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    arguments.next_if(|first| first == "inspect");
    let body = arguments.next_if(|flag| flag == "--body").and_then(|_| arguments.next());
    let mut out = std::io::stdout().lock();
    for file in arguments {
        let bytes = std::fs::read(file)?;
        let seen = match body.as_deref() {
            Some(format) => mail::inspect_body(&String::from_utf8_lossy(&bytes), format == "html"),
            None => mail::inspect(&bytes),
        };
        writeln!(out, "{seen}")?;
    }
    Ok(())
}
