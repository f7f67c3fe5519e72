//! What is said of an expression that cannot be read, and under which part of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is how a test reports"
)]

use ognl::{MAX_DEPTH, MAX_LENGTH, parse};

/// The expression's wrong part, in `[ ]`, and the sentence.
fn said(text: &str) -> String {
    let why = parse(text).map(|node| format!("{node:?}")).unwrap_err();
    let (before, rest) = text.split_at(why.at.start);
    let (wrong, after) = rest.split_at(why.at.len());
    format!("{before}⟨{wrong}⟩{after}: {}", why.message)
}

#[test]
fn an_error_shows_the_part_and_says_what_to_do() {
    let cases = [
        ("params[0] >", "params[0] >⟨⟩: The expression ends too early: a value is missing."),
        ("", "⟨⟩: The expression ends too early: a value is missing."),
        ("(a && b", "⟨(⟩a && b: This ( is never closed: add a )."),
        ("f(1, {2)", "f(1, {2⟨)⟩: ) cannot stand here: a } or an operator is missing before it."),
        ("a b", "a ⟨b⟩: b cannot stand here: an operator such as && or == may be missing before it."),
        ("é == 'x", "é == ⟨'⟩x: This ' is never closed: add a ' where the text ends."),
        ("a.in", "a.⟨in⟩: in is a word of the language and cannot be a name here."),
        (
            "x > 3000000000",
            "x > ⟨3000000000⟩: 3000000000 does not fit an int, whose greatest value is 2147483647: write 3000000000L.",
        ),
        (
            "\"\\q\"",
            "\"⟨\\q⟩\": A \\ in a text takes one of n r t b f \\ ' \" or up to three digits of base 8; write \\\\ for the sign itself.",
        ),
        ("a ; b", "a ⟨;⟩ b: ; has no meaning here; quote it if it is text."),
        ("a b ;", "a ⟨b⟩ ;: b cannot stand here: an operator such as && or == may be missing before it."),
        ("'\\u00'", "'⟨\\u00⟩': A \\u takes four digits of base 16, as in \\u00e9."),
        ("'\\ud800'", "'⟨\\ud800⟩': This is half of a character: the other \\u of the pair is missing."),
        (
            "@C",
            "@C⟨⟩: The expression ends too early: a class is written @java.lang.Math@, and its second @ is missing.",
        ),
        ("a ? b", "a ⟨?⟩ b: This ? is never closed: add a :."),
    ];
    for (text, expected) in cases {
        assert_eq!(said(text), expected);
    }
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    let deep = usize::from(MAX_DEPTH) + 1;
    for text in [
        "(".repeat(deep),
        "[".repeat(deep),
        "!".repeat(deep),
        "a?".repeat(deep),
        "a=".repeat(deep),
        "f(".repeat(deep),
        "#{1:".repeat(deep),
        format!("1{}", "-1".repeat(deep)),
        format!("a{}", "(b)".repeat(deep)),
    ] {
        assert!(said(&text).contains("nested too deeply"), "{}", said(&text));
    }
    assert!(said(&" ".repeat(MAX_LENGTH + 1)).contains("are not read"));
}

#[test]
fn a_long_sum_is_flat() {
    let text = format!("1{}", "+1".repeat(MAX_LENGTH / 2 - 1));
    assert_eq!(parse(&text).unwrap().children.len(), MAX_LENGTH / 2);
}

#[test]
fn no_part_of_an_expression_is_a_panic() {
    let table = std::fs::read_to_string("tests/expressions.txt").unwrap();
    for line in table.lines() {
        for (start, _) in line.char_indices() {
            for (end, char) in line.char_indices().skip_while(|(end, _)| *end < start) {
                let _ = parse(&line[start..end + char.len_utf8()]);
            }
        }
    }
}
