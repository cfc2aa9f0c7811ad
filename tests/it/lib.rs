//! Empty: the scenarios are in `main.rs`, one test binary, so that they link once.
