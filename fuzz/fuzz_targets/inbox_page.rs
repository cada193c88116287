//! Feeds the target `inbox_page` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("inbox_page", bytes));
