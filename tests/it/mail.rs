//! The mails the scenarios send.

/// A plain mail, changed as a scenario needs it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub from: String,
    pub to: String,
    pub subject: String,
    pub message_id: String,
    headers: Vec<String>,
    body: String,
}

impl Mail {
    /// From `ada@example.test` with an id of its own.
    pub fn new(to: &str, subject: &str) -> Self {
        Self {
            from: "Ada <ada@example.test>".to_owned(),
            to: to.to_owned(),
            subject: subject.to_owned(),
            message_id: format!("<{:032x}@example.test>", rand::random::<u128>()),
            headers: Vec::new(),
            body: "Good morning,\r\n\r\nmy parcel has not arrived.\r\n\r\nAda\r\n".to_owned(),
        }
    }

    pub fn from(mut self, from: &str) -> Self {
        from.clone_into(&mut self.from);
        self
    }

    pub fn message_id(mut self, message_id: &str) -> Self {
        message_id.clone_into(&mut self.message_id);
        self
    }

    pub fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    /// One more header field, `Name: value`.
    pub fn header(mut self, field: &str) -> Self {
        self.headers.push(field.to_owned());
        self
    }

    /// As a mail program answers: In-Reply-To and References name the parent.
    pub fn in_reply_to(self, parent: &str) -> Self {
        self.header(&format!("In-Reply-To: {parent}")).header(&format!("References: {parent}"))
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut mail = format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: {}\r\nMIME-Version: 1.0\r\n",
            self.from, self.to, self.subject, self.message_id
        );
        for header in &self.headers {
            mail.push_str(header);
            mail.push_str("\r\n");
        }
        mail.push_str("\r\n");
        mail.push_str(&self.body);
        mail.into_bytes()
    }
}

/// A `multipart/mixed` mail with a text and one attachment of these bytes.
pub fn with_attachment(to: &str, subject: &str, filename: &str, content_type: &str, bytes: &[u8]) -> Mail {
    let body = format!(
        "--=_mixed\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee the file.\r\n--=_mixed\r\n\
         Content-Type: {content_type}; name=\"{filename}\"\r\nContent-Disposition: attachment; filename=\"{filename}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n--=_mixed--\r\n",
        base64_lines(bytes)
    );
    Mail::new(to, subject).header("Content-Type: multipart/mixed; boundary=\"=_mixed\"").body(&body)
}

/// Base64 in lines of 76 characters (RFC 2045 §6.8).
pub fn base64_lines(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines = encoded.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line).into_owned());
    lines.collect::<Vec<_>>().join("\r\n")
}
