//! DATA, BDAT and the end of the mail. Owns what is refused for its form or size; never parses MIME.

use engine::ports::{AcceptError, SubmitError};
use model::limits::{HEADER_FIELDS_MAX, RECEIVED_HOPS_MAX};
use model::{MessageId, Timestamp};

use super::content::{Content, DataReader, Flaw};
use super::reply::{Refusal, printable, say};
use super::session::{Chunk, Delivery, Session, State, Step, Transaction};
use super::trace::Trace;

/// Ids named in the 250; a reply line holds 512 octets (RFC 5321 §4.5.3.1.5).
const IDS_SAID_MAX: usize = 8;
/// How much of a mail is looked through for Received fields, bytes.
const HEADER_BYTES_MAX: usize = 1024 * 1024;

/// What became of a delivery.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Durable, under these ids.
    Accepted(Vec<String>),
    Failed(AcceptError),
    /// Durable, on its way out.
    Queued(MessageId),
    NotQueued(SubmitError),
    /// DMARC, and every route rejects; why, in the verifier's words.
    Unauthenticated(String),
    TimedOut,
}

impl Session {
    pub(super) fn data(&mut self, now: Timestamp, out: &mut Vec<u8>) -> Option<Step> {
        if let Some(reply) = self.not_ready() {
            return self.error(out, reply);
        }
        if self.transaction.as_ref().is_some_and(|transaction| transaction.chunks.is_some()) {
            return self.error(out, "503 5.5.1 the mail began with BDAT, go on with BDAT");
        }
        let content = self.open_content(now);
        self.state = State::Data(DataReader::new(), content);
        self.ok(out, "354 end the mail with a line that is a single dot")
    }

    /// Why no mail can begin now.
    fn not_ready(&self) -> Option<&'static str> {
        match &self.transaction {
            None => Some("503 5.5.1 say MAIL first"),
            Some(transaction) if transaction.routes.is_empty() && transaction.recipients.is_empty() => {
                Some("503 5.5.1 no recipient is accepted yet")
            }
            Some(_) => None,
        }
    }

    /// Room for the mail, trace fields in place. The smallest of its recipients' limits holds.
    fn open_content(&self, now: Timestamp) -> Content {
        let Some(transaction) = &self.transaction else { return Content::new(|_| (), 0) };
        // What is submitted goes out as it was made, without the way it took to us.
        if self.config.submission {
            return Content::new(|_| (), self.config.limits.message_bytes_max);
        }
        let routes = &transaction.routes;
        let bytes_max = routes.iter().map(|route| route.message_bytes_max).min().unwrap_or(0);
        let recipient = match routes.as_slice() {
            [only] => Some(only.recipient.as_str()),
            _ => None,
        };
        let id = format!("{:012x}.{}", self.id, self.messages + 1);
        let trace = Trace {
            helo: self.helo.as_ref().map_or("", |helo| helo.name.as_str()),
            peer: self.peer,
            by: &self.config.hostname,
            extended: self.helo.as_ref().is_some_and(|helo| helo.extended),
            tls: self.tls,
            smtputf8: transaction.smtputf8,
            id: &id,
            mail_from: &transaction.mail_from,
            recipient: recipient.filter(|recipient| !recipient.chars().any(char::is_control)),
            at: now,
        };
        Content::new(|bytes| trace.write(bytes), bytes_max.min(self.config.limits.message_bytes_max))
    }

    pub(super) fn read_data(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let State::Data(reader, content) = &mut self.state else { return None };
        let ended = reader.read(input, content);
        if content.excess() > content_excess_max(&self.config.limits) {
            return self.close_for(out, Refusal::TooLarge);
        }
        if !ended {
            return Some(Step::Read);
        }
        match std::mem::replace(&mut self.state, State::Command) {
            State::Data(_, content) => self.end_of_mail(content, out),
            _ => None,
        }
    }

    /// The octets follow the command whether it is refused or not, so they are always read (RFC 3030 §2).
    pub(super) fn bdat(&mut self, bytes: u64, last: bool, now: Timestamp, out: &mut Vec<u8>) -> Option<Step> {
        let target = match self.not_ready() {
            Some(reply) => Err(reply),
            None => {
                let begun = self.transaction.as_mut().and_then(|transaction| transaction.chunks.take());
                Ok(begun.unwrap_or_else(|| self.open_content(now)))
            }
        };
        let received = target.as_ref().map_or(0, Content::received);
        let most = self.config.limits.message_bytes_max.saturating_add(content_excess_max(&self.config.limits));
        if received.saturating_add(bytes) > most {
            return self.close_for(out, Refusal::TooLarge);
        }
        self.state = State::Chunk(Chunk { remaining: bytes, bytes, last, target });
        None
    }

    pub(super) fn read_chunk(&mut self, input: &mut &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let State::Chunk(chunk) = &mut self.state else { return None };
        let here = usize::try_from(chunk.remaining).unwrap_or(usize::MAX).min(input.len());
        let (piece, rest) = input.split_at(here);
        *input = rest;
        chunk.remaining -= here as u64;
        if let Ok(content) = &mut chunk.target {
            content.append(piece);
        }
        if chunk.remaining > 0 {
            return Some(Step::Read);
        }
        match std::mem::replace(&mut self.state, State::Command) {
            State::Chunk(chunk) => self.end_of_chunk(chunk, out),
            _ => None,
        }
    }

    fn end_of_chunk(&mut self, chunk: Chunk, out: &mut Vec<u8>) -> Option<Step> {
        let content = match chunk.target {
            Ok(content) => content,
            Err(reply) => return self.error(out, reply),
        };
        // A CR at the end of a chunk may find its LF in the next one.
        let hopeless = !content.mail().ends_with(b"\r") && content.flaw().is_some();
        if chunk.last || hopeless {
            return self.end_of_mail(content, out);
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.chunks = Some(content);
        }
        out.extend_from_slice(b"250 2.0.0 ");
        out.extend_from_slice(chunk.bytes.to_string().as_bytes());
        self.ok(out, " octets taken")
    }

    fn end_of_mail(&mut self, content: Content, out: &mut Vec<u8>) -> Option<Step> {
        let refusal = match content.flaw() {
            Some(Flaw::BareLineEnd) => Some(Refusal::BareLineEnd),
            Some(Flaw::Nul) => Some(Refusal::Nul),
            Some(Flaw::TooLarge) => Some(Refusal::TooLarge),
            Some(Flaw::NoRoom) => Some(Refusal::NoRoom),
            None if received_fields(content.mail()) > RECEIVED_HOPS_MAX => Some(Refusal::Loop),
            None => None,
        };
        let transaction = self.transaction.take();
        if let Some(refusal) = refusal {
            return self.refuse(out, refusal);
        }
        let Transaction { mail_from, routes, recipients, .. } = transaction?;
        let submitted = self.principal.clone().map(|principal| (principal, recipients));
        let helo = self.helo.as_ref().map(|helo| helo.name.clone()).unwrap_or_default();
        let (raw, trace_bytes) = content.into_parts();
        self.state = State::Delivering;
        Some(Step::Deliver(Box::new(Delivery { helo, mail_from, routes, submitted, raw, trace_bytes })))
    }

    /// The answer to [`Step::Deliver`]; then step on.
    pub(crate) fn delivered(&mut self, outcome: Outcome, out: &mut Vec<u8>) {
        self.state = State::Command;
        self.messages += 1;
        self.commands = 0;
        let (refusal, reply) = match outcome {
            Outcome::Accepted(ids) => {
                say_accepted(out, &ids);
                return;
            }
            Outcome::Queued(id) => {
                say(out, &format!("250 2.0.0 Ok: queued as {id}"));
                return;
            }
            Outcome::NotQueued(SubmitError::Refused { status, detail }) => {
                (Refusal::NotSent, format!("550 {status} {}", printable(&detail)))
            }
            Outcome::Failed(AcceptError::Unavailable(_))
            | Outcome::NotQueued(SubmitError::Unavailable(_))
            | Outcome::TimedOut => (Refusal::StoreUnavailable, Refusal::StoreUnavailable.reply().to_owned()),
            Outcome::Failed(AcceptError::Refused(why)) => {
                (Refusal::StoreRefused, format!("{}: {}", Refusal::StoreRefused.reply(), printable(&why)))
            }
            Outcome::Unauthenticated(why) => {
                (Refusal::Authentication, format!("{}: {}", Refusal::Authentication.reply(), printable(&why)))
            }
        };
        self.refusals.push(refusal);
        say(out, &reply);
    }
}

/// How far beyond the limit a client may go on before it is cut off, bytes: the limit once more.
fn content_excess_max(limits: &super::limits::SmtpInLimits) -> u64 {
    limits.message_bytes_max
}

fn say_accepted(out: &mut Vec<u8>, ids: &[String]) {
    out.extend_from_slice(b"250 2.0.0 accepted");
    for id in ids.iter().take(IDS_SAID_MAX) {
        out.push(b' ');
        out.extend_from_slice(id.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Received fields of the mail (RFC 5321 §6.3). Mail with more than HEADER_FIELDS_MAX fields is taken: the parser reads
/// that many and no more, and trace fields stand first.
fn received_fields(mail: &[u8]) -> usize {
    let mut hops = 0;
    let mut fields = 0;
    let mut rest = mail.get(..HEADER_BYTES_MAX).unwrap_or(mail);
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, next) = rest.split_at(end + 1);
        match line {
            b"\r\n" => break,
            [b' ' | b'\t', ..] => {}
            _ => {
                fields += 1;
                hops += usize::from(is_received(line));
            }
        }
        if fields >= HEADER_FIELDS_MAX {
            break;
        }
        rest = next;
    }
    hops
}

fn is_received(line: &[u8]) -> bool {
    line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"Received"))
        && matches!(line.get(8), Some(b':' | b' ' | b'\t'))
}
