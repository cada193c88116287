//! Feeds the target `fhir_import` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("fhir_import", bytes));
