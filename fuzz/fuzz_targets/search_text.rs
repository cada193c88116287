//! Feeds the target `search_text` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("search_text", bytes));
