//! Feeds the target `slot_contents` of `parsers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::run("slot_contents", bytes));
