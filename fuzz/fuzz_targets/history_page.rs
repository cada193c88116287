//! Feeds the target `history_page` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("history_page", bytes));
