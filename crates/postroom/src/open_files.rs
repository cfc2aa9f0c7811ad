//! How many files and connections the system lets this process have open at once. Owns asking for all that may be had.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Below this many, a busy server turns connections away: one a connection in, one a delivery, some for the database.
pub const ENOUGH: u64 = 4_096;

/// What is allowed now, and what may be asked for; `None` is without limit.
pub fn limits() -> (Option<u64>, Option<u64>) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    (current, maximum)
}

/// Asks for all that may be had. Service managers and shells often give 1,024, which is a few hundred connections.
pub fn raise() {
    let (current, maximum) = limits();
    if current == maximum {
        return;
    }
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!(%error, ?current, ?maximum, "the limit of open files could not be raised");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raising_asks_for_all_that_may_be_had() {
        raise();
        let (current, maximum) = limits();
        assert_eq!(current, maximum);
    }
}
