//! Runs the body that `OXPROBE_FUZZ_BODY` names.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static BODY: LazyLock<String> =
    LazyLock::new(|| std::env::var("OXPROBE_FUZZ_BODY").expect("OXPROBE_FUZZ_BODY names a body"));

fuzz_target!(|bytes: &[u8]| oxprobe_fuzz::run(&BODY, bytes));
