//! Feeds the target `grant` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("grant", bytes));
