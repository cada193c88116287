//! Feeds the target `key_reentry` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("key_reentry", bytes));
