//! What a person has open beside Postroom: a mail program that says to a server whatever the test wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use crate::{PASSWORD, PATIENCE};

pub struct MailProgram {
    reader: BufReader<TcpStream>,
    tag: u32,
}

impl MailProgram {
    /// Signs in, in clear.
    pub fn open(port: u16, user: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("connect to the server");
        stream.set_read_timeout(Some(PATIENCE)).expect("set a timeout");
        stream.set_nodelay(true).expect("set an option");
        let mut program = Self { reader: BufReader::new(stream), tag: 0 };
        program.line();
        let password = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
        program.run(&format!("LOGIN \"{user}\" \"{password}\""));
        program
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.reader.read_line(&mut line).expect("a line from the server");
        line.trim_end().to_owned()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.reader.get_mut().write_all(bytes).expect("write to the server");
    }

    /// Answers all that is said up to the tagged OK.
    pub fn run(&mut self, command: &str) -> Vec<String> {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        self.write(format!("{tag} {command}\r\n").as_bytes());
        self.answer(&tag, command)
    }

    fn answer(&mut self, tag: &str, command: &str) -> Vec<String> {
        let mut said = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty(), "{command}: the server hung up");
            if let Some(answer) = line.strip_prefix(&format!("{tag} ")) {
                // Dovecot says so of a folder that another connection looks at in the midst of its making.
                let is_made = command.starts_with("CREATE") && answer.starts_with("NO [ALREADYEXISTS]");
                assert!(answer.starts_with("OK") || is_made, "{command}: {answer}");
                return said;
            }
            said.push(line);
        }
    }

    /// A text, its lines ended as mail's are.
    pub fn append(&mut self, folder: &str, flags: &str, raw: &str) {
        let raw = raw.replace("\r\n", "\n").replace('\n', "\r\n");
        self.append_bytes(folder, &format!("({flags})"), raw.as_bytes());
    }

    /// Bytes as they are. `about`: flags and a date, as APPEND has them.
    pub fn append_bytes(&mut self, folder: &str, about: &str, raw: &[u8]) {
        self.tag += 1;
        let tag = format!("t{}", self.tag);
        self.write(format!("{tag} APPEND \"{folder}\" {about} {{{}}}\r\n", raw.len()).as_bytes());
        let leave = self.line();
        assert!(leave.starts_with('+'), "no leave to append: {leave}");
        self.write(raw);
        self.write(b"\r\n");
        self.answer(&tag, "APPEND");
    }
}
