//! Feeds the target `paper_code` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("paper_code", bytes));
