//! Varied mail of about 4 KB: plain text, alternatives, replies with quotes, attachments, reports, several charsets;
//! from thousands of people. The same number always makes the same mail.

use std::fmt::Write as _;

const WORDS: &[&str] = &[
    "order",
    "parcel",
    "invoice",
    "meeting",
    "please",
    "answer",
    "question",
    "contract",
    "delivery",
    "week",
    "garden",
    "window",
    "machine",
    "repair",
    "colour",
    "number",
    "address",
    "refund",
    "thanks",
    "again",
    "tomorrow",
    "customer",
    "account",
    "signature",
    "project",
    "budget",
    "ticket",
    "support",
    "engine",
    "station",
    "letter",
    "copper",
];
const NAMES: &[&str] = &["Anna", "Bert", "Carla", "David", "Elif", "Farid", "Greta", "Hanna", "Ivan", "Jun"];
/// People who write.
const SENDERS: u64 = 20_000;

/// xorshift64*: repeatable, and quick enough never to be what is measured.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }

    /// Lines of words, each with `prefix`, of about so many bytes.
    fn text(&mut self, bytes: usize, prefix: &str) -> String {
        let mut text = String::with_capacity(bytes + 100);
        while text.len() < bytes {
            text.push_str(prefix);
            for _ in 0..10 {
                text.push_str(self.word());
                text.push(' ');
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// A mail, and who sends it.
pub struct Mail {
    pub sender: String,
    pub bytes: Vec<u8>,
}

/// The mail with this number in this series, to `recipient`.
pub fn mail(series: u64, number: u64, recipient: &str) -> Mail {
    let mut random = Random((series << 40 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let person = random.below(SENDERS);
    let sender = format!("person{person}@senders{}.test", person % 50);
    let mut head = format!(
        "From: {} {person} <{sender}>\r\nTo: {recipient}\r\nDate: Sat, 21 Nov 2026 10:{:02}:{:02} +0000\r\n\
         Message-ID: <{series}.{number}@senders.test>\r\nMIME-Version: 1.0\r\n",
        NAMES[(person % NAMES.len() as u64) as usize],
        number / 60 % 60,
        number % 60
    );
    let subject = format!("{} {} {} {number}", random.word(), random.word(), random.word());
    let body = match random.below(20) {
        0..6 => plain(&mut head, &subject, &mut random),
        6..12 => alternative(&mut head, &subject, number, &mut random),
        12..15 => reply(&mut head, &subject, series, number, &mut random),
        15..17 => attached(&mut head, &subject, number, &mut random),
        17 => report(&mut head, number, &mut random),
        18 => latin(&mut head, &subject, &mut random),
        _ => encoded(&mut head, number),
    };
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&body);
    Mail { sender, bytes }
}

fn plain(head: &mut String, subject: &str, random: &mut Random) -> Vec<u8> {
    let _ = write!(head, "Subject: {subject}\r\nContent-Type: text/plain; charset=us-ascii\r\n");
    random.text(3_500, "").into_bytes()
}

fn alternative(head: &mut String, subject: &str, number: u64, random: &mut Random) -> Vec<u8> {
    let boundary = format!("alt-{number:x}");
    let _ = write!(head, "Subject: {subject}\r\nContent-Type: multipart/alternative; boundary=\"{boundary}\"\r\n");
    let text = random.text(1_500, "");
    format!(
        "--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{text}=E2=82=AC 5\r\n\
         --{boundary}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>{text}</p><p><b>€ 5</b></p></body></html>\r\n--{boundary}--\r\n"
    )
    .into_bytes()
}

fn reply(head: &mut String, subject: &str, series: u64, number: u64, random: &mut Random) -> Vec<u8> {
    let parent = number.saturating_sub(1 + random.below(30));
    let _ = write!(
        head,
        "Subject: Re: {subject}\r\nIn-Reply-To: <{series}.{parent}@senders.test>\r\nReferences: <{series}.{parent}@senders.test>\r\n\
         Content-Type: text/plain; charset=utf-8; format=flowed\r\n"
    );
    format!("{}\r\nOn Friday somebody wrote:\r\n{}", random.text(1_500, ""), random.text(1_800, "> ")).into_bytes()
}

fn attached(head: &mut String, subject: &str, number: u64, random: &mut Random) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let boundary = format!("mix-{number:x}");
    let _ = write!(head, "Subject: {subject}\r\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\r\n");
    let mut file = String::new();
    for _ in 0..30 {
        file.extend((0..76).map(|_| char::from(ALPHABET[random.below(64) as usize])));
        file.push_str("\r\n");
    }
    format!(
        "--{boundary}\r\nContent-Type: text/plain\r\n\r\n{}--{boundary}\r\nContent-Type: application/pdf; name=\"{number}.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"{number}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{file}--{boundary}--\r\n",
        random.text(800, "")
    )
    .into_bytes()
}

fn report(head: &mut String, number: u64, random: &mut Random) -> Vec<u8> {
    let boundary = format!("dsn-{number:x}");
    let _ = write!(
        head,
        "Subject: Undelivered mail\r\nAuto-Submitted: auto-replied\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"{boundary}\"\r\n"
    );
    format!(
        "--{boundary}\r\nContent-Type: text/plain\r\n\r\n{}--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.senders.test\r\n\r\nFinal-Recipient: rfc822; gone{number}@senders.test\r\nAction: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 nobody here\r\n\r\n--{boundary}--\r\n",
        random.text(2_500, "")
    )
    .into_bytes()
}

fn latin(head: &mut String, subject: &str, random: &mut Random) -> Vec<u8> {
    let _ = write!(
        head,
        "Subject: =?iso-8859-1?Q?Gr=FC=DFe_{}?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n",
        subject.replace(' ', "_")
    );
    let mut body = random.text(3_400, "").into_bytes();
    body.extend_from_slice(b"Gr\xfc\xdfe\r\n");
    body
}

fn encoded(head: &mut String, number: u64) -> Vec<u8> {
    let _ = write!(
        head,
        "Subject: =?utf-8?B?44GU6KuL5rGC5pu4?= {number}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    );
    // "ご請求書をお送りします。" over and over: nine bytes of it are twelve characters of base64.
    "44GU6KuL5rGC5pu444KS44GK6YCB44KK44GX44G+44GZ44CC\r\n".repeat(70).into_bytes()
}
