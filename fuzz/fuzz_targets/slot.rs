//! Feeds the target `slot` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("slot", bytes));
