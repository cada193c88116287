//! Feeds the target `reentry_contents` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("reentry_contents", bytes));
