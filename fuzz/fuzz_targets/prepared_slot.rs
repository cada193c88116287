//! Feeds the target `prepared_slot` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("prepared_slot", bytes));
