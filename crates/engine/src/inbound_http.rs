//! Mail handed in by HTTP: whoever has the channel's token may. The same way in as by SMTP from there on.

use bytes::Bytes;
use model::{ChannelId, Timestamp};

use crate::channels::{self, of_channel};
use crate::ports::{AcceptError, AcceptedMessage, Arrival, InboundMail, Route};
use crate::{Engine, EngineError, Result, ingest};

/// The reverse-path of a mail that names no author.
const UNKNOWN_SENDER: &str = "unknown@invalid";

/// The channel's route, if the token is its own.
///
/// # Errors
/// No such channel (`NotFound`), or another token (`Forbidden`).
pub async fn route(engine: &Engine, channel: &ChannelId, token: &str) -> Result<Route> {
    let row = channels::by_token(engine, channel, token).await?;
    let recipient = row.public.inbound_address.clone();
    Ok(of_channel(&row, &recipient))
}

/// Takes a mail in. Returns once it is durable.
///
/// # Errors
/// It is empty or too large for the channel, or can't be kept at the moment.
pub async fn accept(engine: &Engine, route: Route, raw: Bytes) -> Result<AcceptedMessage> {
    if raw.iter().all(u8::is_ascii_whitespace) {
        return Err(EngineError::invalid("", "the body is empty: post the mail itself, as message/rfc822"));
    }
    if raw.len() as u64 > route.message_bytes_max {
        return Err(EngineError::TooLarge { limit: route.message_bytes_max });
    }
    let arrival = Arrival { at: Timestamp::now(), peer: None, helo: None, mail_from: reverse_path(&raw), tls: false };
    let mail = InboundMail { raw, routes: vec![route], arrival, auth: None };
    let accepted = ingest::accept(engine, mail).await.map_err(|error| match error {
        AcceptError::Unavailable(detail) => EngineError::Unavailable(detail),
        AcceptError::Refused(detail) => EngineError::invalid("", detail),
    })?;
    accepted
        .messages
        .into_iter()
        .next()
        .ok_or_else(|| EngineError::Internal("a mail was taken in as no message".into()))
}

/// What the transaction that is not there would have said: the Return-Path of the last delivery, else the author.
/// Only a Return-Path of `<>` makes it the null reverse-path, which is what tells a bounce.
fn reverse_path(raw: &[u8]) -> String {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.or_else(|| raw.windows(2).position(|window| window == b"\n\n")).unwrap_or(raw.len());
    let head = mail::parse(raw.get(..end).unwrap_or(raw));
    if let Some(path) = head.header("return-path") {
        return path.trim().trim_start_matches('<').trim_end_matches('>').to_owned();
    }
    head.from.first().map_or_else(|| UNKNOWN_SENDER.to_owned(), |author| author.address.clone())
}

#[cfg(test)]
mod tests {
    use super::reverse_path;

    #[test]
    fn the_reverse_path_is_the_last_deliverys_or_the_authors() {
        for (raw, expected) in [
            ("Return-Path: <bounce+1@example.org>\r\nFrom: a@example.org\r\n\r\nx", "bounce+1@example.org"),
            ("Return-Path: <>\nFrom: a@example.org\n\nx", ""),
            ("From: Ann <a@example.org>\r\n\r\nReturn-Path: <>\r\n\r\nx", "a@example.org"),
            ("Subject: x\r\n\r\ny", "unknown@invalid"),
            ("\0\u{1}", "unknown@invalid"),
        ] {
            assert_eq!(reverse_path(raw.as_bytes()), expected, "{raw:?}");
        }
    }
}
