//! Mails put into a Maildir as files: how a test makes many of them fast, or such as no server takes by APPEND.

use std::path::Path;

/// Into the inbox, as delivered (`new`). `number` makes the name; later numbers come later.
pub fn deliver(maildir: &Path, number: usize, raw: &[u8]) {
    put(maildir, "new", &format!("{}.M{number:07}P1.localhost", 1_700_000_000 + number), raw);
}

/// Into the inbox, as seen (`cur`).
pub fn file_away(maildir: &Path, number: usize, raw: &[u8]) {
    put(maildir, "cur", &format!("{}.M{number:07}P1.localhost:2,S", 1_700_000_000 + number), raw);
}

/// Takes everything out of the inbox, and what the server noted of it: it counts anew.
pub fn wipe(maildir: &Path) {
    let files = |folder: &Path| -> Vec<_> {
        std::fs::read_dir(folder)
            .expect("read a folder")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .collect()
    };
    for file in [maildir.to_owned(), maildir.join("cur"), maildir.join("new")].iter().flat_map(|folder| files(folder)) {
        std::fs::remove_file(file).expect("remove a file");
    }
}

/// Written beside and moved there, as deliverers do: the server never sees half of it.
fn put(maildir: &Path, folder: &str, name: &str, raw: &[u8]) {
    for folder in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(maildir.join(folder)).expect("make a folder");
    }
    let written = maildir.join("tmp").join(name);
    std::fs::write(&written, raw).expect("write a mail");
    std::fs::rename(&written, maildir.join(folder).join(name)).expect("deliver a mail");
}
