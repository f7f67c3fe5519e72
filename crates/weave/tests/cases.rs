//! Golden cases: a method before and after, one text file each. `BLESS=1` writes them anew.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test reports"
)]

mod support;

use std::path::Path;

use support::listing::listing;
use support::{EVERYTHING, compile, fixture, plan};
use weave::classfile::{ClassFile, Member};
use weave::{Parts, weave};

/// Name of the case, method, its place among those of its name, what it gets.
const CASES: &[(&str, &str, usize, Parts)] = &[
    ("add", "add", 0, Parts::VALUES),
    ("add_token_only", "add", 0, Parts::ENTRY_EXIT),
    ("back_to_the_start", "back", 0, Parts::VALUES),
    ("tableswitch", "table", 0, Parts::VALUES),
    ("lookupswitch_and_uninitialized", "lookup", 0, Parts::VALUES),
    ("finally_and_synchronized", "finish", 0, Parts::VALUES),
    ("handlers_that_cover_themselves", "finish", 0, EVERYTHING),
    ("constructor_with_a_branch_before_this", "<init>", 0, Parts::VALUES),
    ("constructor_after_super", "<init>", 1, Parts::VALUES),
    ("constructor_calls", "<init>", 1, Parts::ALL_CALLS),
    ("slot_reused_with_another_type", "reused", 0, Parts::VALUES),
    ("argument_stored_to", "clamp", 0, Parts::VALUES),
    ("calls_outside_of_java", "calls", 0, Parts::CALLS),
    ("calls_and_handlers", "calls", 0, Parts::ALL_CALLS),
    ("lines_and_locals", "clamp", 0, Parts::LINES),
    ("everything", "clamp", 0, EVERYTHING),
];

fn find<'a, 'b>(class: &'b ClassFile<'a>, name: &str, place: usize) -> &'b Member<'a> {
    class.methods.iter().filter(|method| method.name == name.as_bytes()).nth(place).unwrap()
}

#[test]
fn methods_are_woven_as_the_cases_say() {
    let scratch = tempfile::tempdir().unwrap();
    compile("17", &["--release", "8"], &[fixture("Shapes.java")], scratch.path());
    let bytes = std::fs::read(scratch.path().join("Shapes.class")).unwrap();
    let class = ClassFile::read(&bytes).unwrap();
    let mut wrong = Vec::new();
    for &(case, name, place, parts) in CASES {
        let method = find(&class, name, place);
        let mut plan = plan(&bytes, 1000, parts);
        plan.methods.retain(|planned| planned.name == method.name && planned.descriptor == method.descriptor);
        let woven = weave(&bytes, &plan).unwrap();
        assert!(woven.refused.is_empty(), "{case}: {:?}", woven.refused);
        let after = ClassFile::read(&woven.bytes).unwrap();
        let text = format!(
            "{}{}\n\n-- before\n{}\n-- after\n{}",
            name,
            String::from_utf8_lossy(method.descriptor),
            listing(&class, method),
            listing(&after, find(&after, name, place))
        );
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/{case}.txt"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        if std::fs::read_to_string(&file).unwrap_or_default() != text {
            wrong.push(format!("{case} is now:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nIf that is meant, run with BLESS=1.", wrong.join("\n"));
}
