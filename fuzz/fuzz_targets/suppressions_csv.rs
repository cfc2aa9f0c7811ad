//! Lists of suppressions.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/engine/src/suppressions/csv.rs"]
mod csv;

fuzz_target!(|text: &str| {
    let mut line = 0;
    for row in csv::read_csv(text) {
        assert!(row.line > line || line == 0, "lines go up");
        line = row.line;
        let Ok(fields) = row.fields else { continue };
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let mut written = String::new();
        csv::write_csv_row(&mut written, &fields);
        let again = csv::read_csv(&written).next().and_then(|row| row.fields.ok());
        assert_eq!(again.as_deref(), Some(fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>().as_slice()));
    }
});
