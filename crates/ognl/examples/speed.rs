//! How long typical conditions take on the tests' model of a JVM: `cargo run --release -p ognl --example speed`
//!
//! The model remembers members at each place, as an embedding does; what its own calls take is in the figures. They are
//! good for comparing two versions of the evaluator on one machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for whoever measures")]

#[path = "../tests/model/mod.rs"]
mod model;

use std::hint::black_box;
use std::time::{Duration, Instant};

use model::{Model, make, shown};
use ognl::{Prepared, Scene, Term, Value};

const CONDITIONS: [&str; 10] = [
    "i > 40",
    "#cost > 10",
    "i > 40 && name == \"Ada\"",
    "order.id == 17",
    "order.total().amount >= 1000",
    "items.size > 2 && items[0].price < 5",
    "items.{? price > 10}.size > 1",
    "items.{name}",
    "name.startsWith(\"A\") || level == @shop.Level@GOLD",
    "\"order \" + order.id + \" of \" + name",
];

/// For as long as this each one is repeated, three times.
const ROUND: Duration = Duration::from_millis(200);

fn main() {
    let model = Model::new();
    let variables = [("cost", Term::Value(Value::Double(12.5)))];
    let scene = Scene::new(Term::Value(Value::Object(make(&model)))).with_variables(&variables);
    for text in CONDITIONS {
        let prepared = Prepared::<model::Memory>::new(text, &[]).unwrap();
        let value = shown(&model, &prepared.evaluate(&model, &scene).unwrap());
        let best = (0..3).map(|_| round(&prepared, &model, &scene)).fold(f64::INFINITY, f64::min);
        println!("{best:8.0} ns  {text:60} {value}");
    }
}

/// Nanoseconds for one evaluation.
fn round<'p>(prepared: &'p Prepared<model::Memory>, model: &'p Model, scene: &'p Scene<'p, Model>) -> f64 {
    let start = Instant::now();
    let mut count = 0_u32;
    while start.elapsed() < ROUND {
        for _ in 0..100 {
            black_box(prepared.evaluate(model, scene).is_ok());
        }
        count += 100;
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(count)
}
