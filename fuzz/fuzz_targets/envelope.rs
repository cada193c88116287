//! Feeds the target `envelope` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("envelope", bytes));
