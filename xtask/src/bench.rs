//! `cargo xtask bench …`: what Postroom does in a second, beside the program people use today, on this machine.

mod corpus;
mod http;
mod imap;
mod latency;
mod listing;
mod machine;
mod mail;
mod name_server;
mod postfix;
mod postroom;
mod report;
mod send;
mod sender;
mod smtp;

#[derive(Debug, clap::Subcommand)]
pub enum Bench {
    /// Mail in by SMTP, durable before the 250: Postfix and Postroom in turn.
    Smtp(smtp::Args),
    /// Mail out by a smarthost, signed: Postfix, nodemailer and Postroom in turn.
    Send(send::Args),
    /// Reading mail on one core: Python, two libraries of Node.js, and Postroom.
    Mail(mail::Args),
    /// Mailboxes on a real Dovecot: first sync, news, many accounts, memory, crashes.
    Imap(imap::Args),
}

/// # Errors
/// Something that is to be measured does not run.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Smtp(args) => smtp::run(args),
        Bench::Send(args) => send::run(args),
        Bench::Mail(args) => mail::run(args),
        Bench::Imap(args) => imap::run(args),
    }
}
