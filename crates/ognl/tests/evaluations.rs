//! The evaluator gives what OGNL gives.
//!
//! `evaluations.txt` is made by `scripts/ognl --values`, which evaluates `evaluated.txt` with OGNL 3.3.5 on the classes of
//! `fixtures/shop`; here the same lines are evaluated on a model of those. Lines after `--- jvm` need a real JVM.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod model;

use std::rc::Rc;

use model::{Model, kind, make, shown};
use ognl::{Prepared, Scene, Term, Value};

/// Where we differ on purpose: why, and the expressions with what we give.
const OURS: &[(&str, &[(&str, &str)])] = &[
    (
        "OGNL assigns to [^], [|] and [$] of an array without effect, and copies [*] the wrong way round",
        &[
            ("ints[^] = 1, ints", "int[] {Integer 1, Integer 20, Integer 30}"),
            ("ints[$] = 3, ints", "int[] {Integer 10, Integer 20, Integer 3}"),
            ("ints[|] = 2, ints", "int[] {Integer 10, Integer 2, Integer 30}"),
            ("ints[*] = new int[] {1, 2, 3}, ints", "int[] {Integer 1, Integer 2, Integer 3}"),
            ("strings[$] = \"z\", strings", "String[] {String \"a\", String \"b\", String \"z\"}"),
        ],
    ),
    (
        "OGNL's varargs lose nulls, and fail where there are none or where they are no Object[]",
        &[
            ("order.join(\",\")", "String \"\""),
            ("order.join(\",\", 1, \"a\", null)", "String \"1,a,null\""),
            ("order.join(\",\", null)", "String \"null\""),
            ("order.join()", "error NoSuchMethod"),
            ("order.sum()", "Integer 0"),
            ("order.sum(1)", "Integer 1"),
            ("order.sum(1, 2, 3)", "Integer 6"),
            ("order.sum(null)", "Integer 0"),
            ("order.mixed()", "String \"many 0\""),
            ("@String@join(\"-\", strings)", "String \"a-b-c\""),
        ],
    ),
    ("OGNL does not call static methods of interfaces", &[("@shop.Priced@kind()", "String \"priced\"")]),
    (
        "both fail, with other exceptions",
        &[
            ("order.slot = \"x\"", "error NoSuchProperty"),
            ("#@java.util.Map@{\"a\": 2}", "error NoSuchMethod"),
        ],
    ),
];

/// What an expression gives on a fresh root.
fn evaluated(classes: &Rc<model::Classes>, text: &str) -> String {
    let model = Model::with(Rc::clone(classes));
    let prepared = match Prepared::new(text, &[]) {
        Ok(prepared) => prepared,
        Err(_) => return "error Syntax".to_owned(),
    };
    let scene = Scene::new(Term::Value(Value::Object(make(&model)))).with_strict(false);
    prepared.evaluate(&model, &scene).map_or_else(|why| kind(&why.kind), |term| shown(&model, &term))
}

/// The table; another one where it is named.
fn table() -> String {
    let path = std::env::var("OGNL_VALUES").unwrap_or_else(|_| "tests/evaluations.txt".to_owned());
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn values_are_those_of_ognl() {
    let table = table();
    let classes = Model::read(include_str!("classes.txt"));
    let mut lines = table.lines();
    let (mut count, mut in_jvm, mut wrong) = (0, false, Vec::new());
    while let Some(text) = lines.next() {
        if let Some(section) = text.strip_prefix("// --- ") {
            in_jvm = section == "jvm";
            continue;
        }
        let expected = lines.next().unwrap().trim();
        if in_jvm {
            continue;
        }
        count += 1;
        let ours = evaluated(&classes, text);
        let meant = OURS.iter().flat_map(|(_, lines)| *lines).find(|(line, _)| *line == text);
        let expected = meant.map_or(expected, |(_, ours)| *ours);
        if ours != expected {
            wrong.push(format!("{text}\n  OGNL {expected}\n  ours {ours}"));
        }
    }
    assert!(count > 2000, "{count} lines");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
