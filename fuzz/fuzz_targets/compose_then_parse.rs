//! A draft is refused, or composed into a message that says the same and has no header field of its own making.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mail::Mailbox;
use mail::compose::{Draft, DraftAttachment, compose};
use mail_parser::MessageParser;

#[derive(Debug, arbitrary::Arbitrary)]
struct Input {
    subject: String,
    name: String,
    address: String,
    text: String,
    html: Option<String>,
    reference: String,
    header: (String, String),
    filename: String,
    content_type: String,
    content_id: Option<String>,
    data: Vec<u8>,
    boundary_seed: u64,
}

fuzz_target!(|input: Input| {
    let mailbox = Mailbox { name: Some(input.name.clone()), address: input.address.clone() };
    let plain = Mailbox { name: Some(input.name.clone()), address: "a@example.org".to_owned() };
    for to in [mailbox, plain] {
        let draft = Draft {
            from: Mailbox { name: None, address: "b@example.org".to_owned() },
            to: vec![to.clone()],
            subject: input.subject.clone(),
            message_id: "id@example.org".to_owned(),
            references: vec![input.reference.clone()].into_iter().filter(|id| !id.is_empty()).collect(),
            text: Some(input.text.clone()),
            html: input.html.clone(),
            headers: vec![(format!("X-{}", input.header.0), input.header.1.clone())],
            attachments: vec![DraftAttachment {
                filename: input.filename.clone(),
                content_type: if input.data.len() % 2 == 0 { "text/csv".to_owned() } else { input.content_type.clone() },
                content_id: input.content_id.clone(),
                inline: false,
                data: input.data.clone(),
            }],
            boundary_seed: input.boundary_seed,
            ..Draft::default()
        };
        let Ok(message) = compose(&draft) else { continue };
        check(&draft, &message);
    }
});

fn check(draft: &Draft, message: &[u8]) {
    for line in message.split(|&byte| byte == b'\n') {
        assert!(line.len() <= 999 && !line.contains(&0));
    }
    let header = message.windows(4).position(|window| window == b"\r\n\r\n").expect("a header ends");
    let fields = message[..header].split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b" ") && !line.starts_with(b"\t"));
    let expected = 8 + usize::from(!draft.references.is_empty());
    assert_eq!(fields.count(), expected, "{}", String::from_utf8_lossy(&message[..header]));
    let parsed = MessageParser::new().parse(message).expect("it is read");
    assert_eq!(parsed.subject().unwrap_or_default(), draft.subject.trim());
    let file = parsed.parts().find(|part| part.content_disposition().is_some()).expect("there is the file");
    if draft.attachments[0].content_type == "text/csv" {
        assert_eq!(file.decoded(), draft.attachments[0].data.as_slice());
    }
}
