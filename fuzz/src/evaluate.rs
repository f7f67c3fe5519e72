//! Expressions that run: what a person types is evaluated in threads of somebody's application.

use std::rc::Rc;

use ognl::{Limits, Prepared, Scene, Term, Value};

#[path = "../../crates/ognl/tests/model/mod.rs"]
mod model;

use model::{Classes, Model, make, snapshot};

const LIMITS: Limits = Limits { steps: 5_000, bytes: 1 << 16, depth: 50 };

thread_local! {
    static CLASSES: Rc<Classes> = Model::read(include_str!("../../crates/ognl/tests/classes.txt"));
}

/// Evaluates a text on the model of the tests. It ends, its failures have places in the text, and while strict nothing of
/// the root is changed.
pub(crate) fn ognl_evaluate(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(prepared) = Prepared::new(text, &[]) else { return };
    for strict in [true, false] {
        let mut model = Model::with(CLASSES.with(Rc::clone));
        model.only_reads = strict;
        let root = make(&model);
        let before = strict.then(|| snapshot(&model, &root));
        let scene = Scene::new(Term::Value(Value::Object(Rc::clone(&root))));
        let scene = scene.with_strict(strict).with_limits(LIMITS);
        match prepared.evaluate(&model, &scene) {
            Ok(term) => drop(model::shown(&model, &term)),
            Err(why) => assert!(text.get(why.at.clone()).is_some(), "{why:?}"),
        }
        if let Some(before) = before {
            assert_eq!(before, snapshot(&model, &root), "an expression changed something while strict");
        }
    }
}
