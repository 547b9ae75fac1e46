#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spangate_fuzz::headers::run(data));
