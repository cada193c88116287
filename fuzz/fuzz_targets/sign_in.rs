//! Feeds the target `sign_in` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("sign_in", bytes));
