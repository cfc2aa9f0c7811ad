//! Names in the environment that begin as ours do and are no setting: a typing error, or somebody else's. Never reads a value.

use super::config::{KEYS, PREFIX};

/// Names that clients, tests and later versions read. They say nothing about how this program runs.
const OTHERS: [&str; 7] = ["url", "key", "api_key", "address", "binary", "sign_in_email", "sign_in_password"];
/// Tests' own.
const TESTS: &str = "test_";
/// Edits by which a name may differ from a setting's to be taken for it: in a long name, and in a short one.
const EDITS_MAX: usize = 2;
const EDITS_SHORT_MAX: usize = 1;
/// From this many characters on a name is long.
const LONG_CHARS: usize = 8;

/// A name that is most likely meant to be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistyped {
    pub name: String,
    pub meant: String,
}

/// The names nobody reads, as they are; or the first that is close to a setting's.
pub fn unknown(names: impl IntoIterator<Item = String>) -> Result<Vec<String>, Mistyped> {
    let mut unknown = Vec::new();
    for name in names {
        let Some(key) = own_part(&name) else { continue };
        if KEYS.contains(&key.as_str()) || is_of_others(&key) {
            continue;
        }
        if let Some(meant) = nearest(&key) {
            return Err(Mistyped { name, meant: format!("{PREFIX}{}", meant.to_uppercase()) });
        }
        unknown.push(name);
    }
    unknown.sort();
    Ok(unknown)
}

/// What follows our prefix, in small letters.
fn own_part(name: &str) -> Option<String> {
    let (start, rest) = name.split_at_checked(PREFIX.len())?;
    start.eq_ignore_ascii_case(PREFIX).then(|| rest.to_lowercase())
}

fn is_of_others(key: &str) -> bool {
    // Kubernetes tells every container of a service called `postroom`: POSTROOM_SERVICE_HOST, POSTROOM_PORT_25_TCP, …
    let of_a_service = key == "port" || key == "service_host" || key.starts_with("service_port");
    let of_a_port = key.strip_prefix("port_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    OTHERS.contains(&key) || key.starts_with(TESTS) || of_a_service || of_a_port
}

/// The setting a name is most likely meant to be, if it is close to one.
pub fn nearest(key: &str) -> Option<&'static str> {
    let with_distance = KEYS.iter().map(|known| (strsim::osa_distance(key, known), *known));
    let (distance, known) = with_distance.min()?;
    let edits_max = if known.len() >= LONG_CHARS { EDITS_MAX } else { EDITS_SHORT_MAX };
    (distance <= edits_max).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Result<Vec<String>, Mistyped> {
        unknown(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_name_close_to_a_setting_is_taken_for_it() {
        for (name, meant) in [
            ("POSTROOM_SMTP_ADR", "POSTROOM_SMTP_ADDR"),
            ("POSTROOM_HTTPADDR", "POSTROOM_HTTP_ADDR"),
            ("POSTROOM_DATABSE_URL", "POSTROOM_DATABASE_URL"),
            ("POSTROOM_DATABASE_URI", "POSTROOM_DATABASE_URL"),
            ("POSTROOM_DATADIR", "POSTROOM_DATA_DIR"),
            ("POSTROOM_LOGS", "POSTROOM_LOG"),
            ("POSTROOM_VAULT_KEYS", "POSTROOM_VAULT_KEY"),
            ("postroom_inbound_domian", "POSTROOM_INBOUND_DOMAIN"),
        ] {
            let mistyped = Mistyped { name: name.to_owned(), meant: meant.to_owned() };
            assert_eq!(names(&["HOME", name]), Err(mistyped), "{name}");
        }
    }

    #[test]
    fn other_names_are_told_and_those_of_others_are_not() {
        let found = names(&["PATH", "POSTROOM_COLOUR", "POSTROOM_HTTP_ADDR", "POSTROOM_SMTP_TLS_CERT", "POSTROOM_"]);
        assert_eq!(
            found,
            Ok(vec!["POSTROOM_".to_owned(), "POSTROOM_COLOUR".to_owned(), "POSTROOM_SMTP_TLS_CERT".to_owned()])
        );
        let silent = [
            "POSTROOM_URL",
            "POSTROOM_KEY",
            "POSTROOM_API_KEY",
            "POSTROOM_BINARY",
            "POSTROOM_SUBMISSION_ADDR",
            "POSTROOM_TEST_POSTGRES_URL",
            "POSTROOM_TEST_BLOB_URL",
            "POSTROOM_SERVICE_HOST",
            "POSTROOM_SERVICE_PORT_HTTP",
            "POSTROOM_PORT",
            "POSTROOM_PORT_8025_TCP_ADDR",
            "POSTRÖOM",
        ];
        assert_eq!(names(&silent), Ok(Vec::new()));
    }
}
