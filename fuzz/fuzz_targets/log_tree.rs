//! Feeds the target `log_tree` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("log_tree", bytes));
