//! What holds for every expression: it ends within its limits and without a panic, and while `strict` it changes nothing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test reports")]

mod model;

use std::rc::Rc;

use model::{Classes, Model, make, snapshot};
use ognl::{ErrorKind, Limits, Prepared, Scene, Term, Value};
use proptest::prelude::*;

const LIMITS: Limits = Limits { steps: 3_000, bytes: 1 << 15, depth: 40 };

/// How much the model may be asked for, for each step and each byte that the limits allow.
const CALLS_PER_STEP: u64 = 16;
const BYTES_PER_BYTE: u64 = 4;

/// Words that expressions are made of, wild ones among them.
const TOKENS: &[&str] = &[
    "a",
    "name",
    "items",
    "order",
    "map",
    "ints",
    "numbers",
    "i",
    "l",
    "d",
    "big",
    "price",
    "level",
    "set",
    "odd",
    "0",
    "1",
    "-1",
    "2147483647",
    "9223372036854775807L",
    "1.5",
    "1e308",
    "2B",
    "1e999999B",
    "3H",
    "'c'",
    "\"s\"",
    "\"\"",
    "\"x + 1\"",
    "true",
    "false",
    "null",
    "#this",
    "#root",
    "#x",
    "#f",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ".",
    ",",
    "?",
    ":",
    "=",
    "=",
    "==",
    "!=",
    "<",
    ">=",
    "<<",
    ">>>",
    "+",
    "-",
    "*",
    "/",
    "%",
    "!",
    "~",
    "&&",
    "||",
    "|",
    "^",
    "&",
    "instanceof",
    "in",
    "not in",
    "@shop.Order@count",
    "@Math@max(",
    "new int[",
    "new shop.Item(",
    "new Object[] {",
    "#{",
    ":[",
    "[^]",
    "[*]",
    "[$]",
    ".{",
    ".{?",
    ".{^",
    ".{$",
    "size",
    "length",
    "class",
    "get(0)",
    "clear",
    "iterator",
    "next",
    "put(1, 2)",
    "add(1)",
    "setName(\"x\")",
    "toString()",
    "slot",
    "attribute",
    "é",
    "\\",
    "\"",
    "'",
];

/// Parts without parts.
const LEAVES: &[&str] = &[
    "0",
    "1",
    "-1",
    "7",
    "300",
    "2147483647",
    "1L",
    "9223372036854775807L",
    "1.5",
    "0.0",
    "1f",
    "2B",
    "1.50B",
    "1e5000B",
    "1e-5000B",
    "5H",
    "1234567890123456789H",
    "'c'",
    "\"\"",
    "\"12\"",
    "\"x\"",
    "\"true\"",
    "true",
    "false",
    "null",
    "#this",
    "#root",
    "#x",
    "#y",
    "yes",
    "b",
    "s",
    "c",
    "i",
    "l",
    "f",
    "d",
    "noInt",
    "big",
    "price",
    "name",
    "emoji",
    "lone",
    "nothing",
    "order",
    "express",
    "item",
    "level",
    "money",
    "odd",
    "box",
    "items",
    "mixed",
    "numbers",
    "map",
    "keyed",
    "set",
    "ints",
    "strings",
    "objects",
    "grid",
    "emptyList",
    "items.iterator",
    "map.keySet",
    "names",
    "overs",
    "{1, 2}",
    "#{1: 2}",
    "new int[2]",
    "@shop.Level@GOLD",
    "nope",
    "chars",
    "doubles",
];

/// Parts with one part or two: `A` and `B` stand for them.
const SHAPES: &[&str] = &[
    "(A) + (B)",
    "(A) - (B)",
    "(A) * (B)",
    "(A) / (B)",
    "(A) % (B)",
    "(A) << (B)",
    "(A) >>> (B)",
    "(A) & (B)",
    "(A) == (B)",
    "(A) < (B)",
    "(A) && (B)",
    "(A) || (B)",
    "(A) ? (B) : (A)",
    "(A) in (B)",
    "-(A)",
    "~(A)",
    "!(A)",
    "(A).name",
    "(A).size",
    "(A).length",
    "(A).class",
    "(A).clear",
    "(A).next",
    "(A)[B]",
    "(A)[^]",
    "(A)[*]",
    "(A)[$]",
    "(A).{B}",
    "(A).{? B}",
    "(A).{^ B}",
    "(A).{$ B}",
    "{A, B}",
    "{A}",
    "#{A: B}",
    "(#x = A, B)",
    "(#y = A, B)",
    "(A) = (B)",
    "(name = A, B)",
    "(items[0] = A, B)",
    "((A).name = B)",
    "((A)[B] = 1)",
    "((A)[*] = B)",
    "(map.x = A, B)",
    "(order.slot[0] = A, B)",
    "(order.attribute[A] = B)",
    "(A)(B)",
    "(#f = :[A], #f(B))",
    "(#f = :[#f(A)], #f(B))",
    "(#f = :[#this > 0 ? #f(#this - 1) + (A) : (B)], #f(30))",
    "new int[] {A, B}",
    "new String[] {A, B}",
    "new Object[] {A, B}",
    "new int[A]",
    "new Object[(A).size]",
    "order.over(A)",
    "order.onlyInts(A)",
    "order.onlyText(A)",
    "order.onlyObjects(A)",
    "order.join(A, B)",
    "order.setId(A)",
    "numbers.add(A)",
    "map.put(A, B)",
    "items.clear()",
    "(A).toString()",
    "(A).get(B)",
    "(A) instanceof Number",
    "2147483647.{A}",
    "2147483647.{? A}",
    "3000.{#x = {#x, #x}}",
    "50.{#x = #x + \"a\" + #x}",
    "50.{#y = {A, #y}}",
    "100.{#x = #x * 99999H}",
    "(#x = {A}, 20.{#x = {#x, #x}}, \"\" + #x)",
    "\"A\"(B)",
    "(#root = A, B)",
    "(#this = A, B)",
    "@Math@max(A, B)",
    "new shop.Item(A, B)",
];

thread_local! {
    static CLASSES: Rc<Classes> = Model::read(include_str!("classes.txt"));
}

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec((proptest::sample::select(TOKENS), any::<bool>()), 1..24).prop_map(|words| {
        words.iter().fold(String::new(), |text, (word, blank)| text + word + if *blank { " " } else { "" })
    })
}

fn tree() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(LEAVES).prop_map(str::to_owned);
    leaf.prop_recursive(5, 24, 2, |inner| {
        (proptest::sample::select(SHAPES), inner.clone(), inner).prop_map(|(shape, a, b)| {
            shape.chars().fold(String::new(), |mut text, char| {
                match char {
                    'A' => text.push_str(&a),
                    'B' => text.push_str(&b),
                    other => text.push(other),
                }
                text
            })
        })
    })
}

/// Evaluates a text; says what it cost.
fn run(text: &str, strict: bool) -> Result<(), TestCaseError> {
    let classes = CLASSES.with(Rc::clone);
    let mut model = Model::with(classes);
    model.only_reads = strict;
    let Ok(prepared) = Prepared::new(text, &[]) else { return Ok(()) };
    let root = make(&model);
    let before = strict.then(|| snapshot(&model, &root));
    model.cost.calls.set(0);
    model.cost.bytes.set(0);
    let scene =
        Scene::new(Term::Value(Value::Object(Rc::clone(&root)))).with_strict(strict).with_limits(LIMITS);
    let result = prepared.evaluate(&model, &scene);
    let (calls, bytes) = (model.cost.calls.get(), model.cost.bytes.get());
    prop_assert!(calls <= CALLS_PER_STEP * u64::from(LIMITS.steps), "{calls} calls");
    prop_assert!(bytes <= BYTES_PER_BYTE * LIMITS.bytes as u64, "{bytes} bytes");
    match &result {
        Ok(term) => {
            // What comes out can be shown.
            let _ = model::shown(&model, term);
        }
        Err(why) => {
            prop_assert!(text.get(why.at.clone()).is_some(), "{:?} is no place", why.at);
            prop_assert!(why.message.ends_with(['.', '?']), "{}", why.message);
            let is_known = why.kind != ErrorKind::Broken || why.message.contains("The model");
            prop_assert!(is_known, "{}", why.message);
        }
    }
    if let Some(before) = before {
        prop_assert_eq!(before, snapshot(&model, &root));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_end_within_the_limits(text in soup()) {
        run(&text, false)?;
    }

    #[test]
    fn any_tree_ends_within_the_limits(text in tree()) {
        run(&text, false)?;
    }

    #[test]
    fn while_strict_no_words_change_anything(text in soup()) {
        run(&text, true)?;
    }

    #[test]
    fn while_strict_no_tree_changes_anything(text in tree()) {
        run(&text, true)?;
    }
}
