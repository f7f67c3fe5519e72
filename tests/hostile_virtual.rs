//! Ten thousand virtual threads within observed methods: parked there and moved to other carriers,
//! or pinned to theirs.

use harness::spy::assert_nobody_listens;
use harness::{JavaBuilder, Observation, eventually, exec_json, jdk};
use serde_json::Value;

const THREADS: u64 = 10_000;

fn is_right(tree: &Value) -> bool {
    // A tree of another thread's calls would have a step twice, or none.
    let text = tree["root"].to_string();
    ["first", "second", "third"]
        .iter()
        .all(|step| text.matches(&format!("\"methodName\":\"{step}\"")).count() == 1)
}

fn ten_thousand(version: &str) {
    let mut java = JavaBuilder::new(&jdk(version), "hostile.Main").vm("-Xmx512m").start();
    let monitor = Observation::start(&java, "monitor -c 1 hostile.Virtual *");
    let trace = Observation::start(&java, "trace -n 2000 hostile.Virtual visit|pinned -E");
    let stack = Observation::start(&java, "stack -n 5 hostile.Virtual third");
    java.ask(&format!("virtual {THREADS} mounted"));
    for method in ["visit", "first", "second", "third"] {
        assert_eq!(monitor.at_least("hostile.Virtual", method, THREADS), (THREADS, 0), "{method}");
    }
    java.ask(&format!("virtual {THREADS} pinned"));
    assert_eq!(monitor.at_least("hostile.Virtual", "pinned", THREADS), (THREADS, 0));
    let trees = eventually("a tree", || Some(trace.all("trace")).filter(|trees| !trees.is_empty()));
    for tree in &trees {
        assert!(is_right(tree), "{tree}");
    }
    eventually("a stack", || (!stack.all("stack").is_empty()).then_some(()));
    for observation in [monitor, trace, stack] {
        observation.interrupt();
    }
    assert_nobody_listens(&mut java);
    // With 10,000 inside when the class goes back, and when the agent goes.
    let monitor = Observation::start(&java, "monitor --in-flight -c 1 hostile.Virtual visit");
    java.ask(&format!("virtual {THREADS} mounted"));
    exec_json(java.pid(), "reset");
    drop(monitor);
    java.ask("virtual 1000 mounted");
    java.assert_undisturbed();
}

#[test]
fn ten_thousand_virtual_threads_on_jdk_21() {
    ten_thousand("21");
}

#[test]
fn ten_thousand_virtual_threads_on_jdk_25() {
    ten_thousand("25");
}
