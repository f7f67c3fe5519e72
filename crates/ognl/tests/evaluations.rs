//! The evaluator gives what OGNL gives.
//!
//! `evaluations.txt` is made by `scripts/ognl --values`, which evaluates `evaluated.txt` with OGNL 3.3.5 on the classes of
//! `fixtures/shop`; here the same lines are evaluated on a model of those. Lines after `--- jvm` need a real JVM.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod model;
#[path = "fixtures/ours.rs"]
mod ours;

use std::rc::Rc;

use model::{Model, kind, make, shown};
use ognl::{Prepared, Scene, Term, Value};
use ours::OURS;

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

/// Where OGNL converts, it takes the first method that the JVM lists, so that these have no line in the table.
#[test]
fn what_ognl_leaves_to_chance_is_always_the_same() {
    let classes = Model::read(include_str!("classes.txt"));
    let cases = [
        ("order.over(null)", "String \"Object\""),
        ("overs.k(null)", "String \"k(Object)\""),
        ("overs.q(null)", "String \"q(Integer)\""),
        ("overs.a(b)", "String \"a(int)\""),
        ("overs.a('a')", "String \"a(int)\""),
        ("overs.c(1.5)", "String \"c(Long)\""),
        ("overs.n(1)", "String \"n(float)\""),
        ("overs.s(1L)", "String \"s(Integer)\""),
    ];
    for (text, expected) in cases {
        assert_eq!(evaluated(&classes, text), expected, "{text}");
    }
}

#[test]
fn what_fails_in_a_text_that_is_evaluated_is_told_where_that_stands() {
    let model = Model::new();
    for (text, part) in [
        ("1 + (\"2 + nope.and.more.of.that.sort\")(name)", "(\"2 + nope.and.more.of.that.sort\")(name)"),
        ("(\"#f = :[          nope]\")(1), #f(2)", "(\"#f = :[          nope]\")(1)"),
    ] {
        let prepared = Prepared::new(text, &[]).unwrap();
        let scene = Scene::new(Term::Value(Value::Object(make(&model))));
        let why = prepared.evaluate(&model, &scene).map(drop).unwrap_err();
        assert_eq!(text.get(why.at.clone()), Some(part), "{text}: {why}");
    }
}
