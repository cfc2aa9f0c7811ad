//! How fast conversations are answered: what is measured of each, and the timers of the policy that fits it. Made of the events by a
//! durable cursor (`batch` reads, `following` writes); `machine` says what each of them means, `regrouping` what splitting and merging
//! does, and `timers` how a timer runs, purely.

mod batch;
mod following;
mod machine;
#[cfg(test)]
mod machine_tests;
mod regrouping;
#[cfg(test)]
mod regrouping_tests;
#[cfg(test)]
mod tests;
mod timers;

pub use following::{run, step};
