//! SPF (RFC 7208). Owns who may send for a domain: records in `record`, macros in `macros`, evaluation in `evaluate`.
//! Our own, as the library at hand takes many records that the RFC calls errors, and knows no limit of void look-ups.

mod evaluate;
mod macros;
mod record;

pub(super) use evaluate::{Query, Verdict, check_host};
