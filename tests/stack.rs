//! `stack` beside what the JVM itself says of a thread's stack.

use harness::spy::assert_nobody_listens;
use harness::{JavaBuilder, Observation, jdk, jdks};
use serde_json::Value;

fn methods(stack: &Value) -> Vec<&str> {
    let frames = stack["stackTrace"].as_array().into_iter().flatten();
    frames.map(|frame| frame["methodName"].as_str().unwrap_or("?")).collect()
}

#[test]
fn the_frames_are_those_of_the_call_on_every_jdk() {
    for jdk in jdks() {
        let mut java = JavaBuilder::new(&jdk, "demo.Shop").start();
        let mut stack = Observation::start(&java, "stack demo.Shop tax -n 1");
        java.ask("orders 1");
        let seen = stack.next("stack");
        assert_eq!(
            methods(&seen),
            ["tax", "price", "order", "take", "obey", "main"],
            "JDK {}: {seen:#}",
            jdk.major
        );
        let frame = &seen["stackTrace"][1];
        assert_eq!(
            (&frame["className"], &frame["fileName"]),
            (&"demo.Shop".into(), &"Shop.java".into()),
            "{frame}"
        );
        assert!(frame["lineNumber"].as_i64().unwrap_or(-1) > 80, "{frame}");
        assert_eq!((&seen["threadName"], &seen["daemon"]), (&"main".into(), &false.into()), "{seen:#}");
        assert!(seen["threadId"].is_string() && seen["ts"].is_string(), "{seen:#}");
        stack.wait();
        assert_nobody_listens(&mut java);
        java.assert_undisturbed_but(&java.process.output());
    }
}

#[test]
fn a_condition_picks_the_calls() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").start();
    let stack = Observation::start(&java, "stack demo.Shop order 'params[0]==7' -v");
    java.ask("orders 20");
    let seen = harness::eventually("a stack", || stack.all("stack").pop());
    assert_eq!(methods(&seen)[0], "order");
    let verbose = harness::eventually("a sentence", || stack.all("message").pop());
    let lines = stack.interrupt();
    assert_eq!(lines.iter().filter(|line| line["type"] == "stack").count(), 1);
    assert_eq!(verbose["message"], "Condition express: params[0]==7 , result: true");
    assert_nobody_listens(&mut java);
}

#[test]
fn a_method_that_throws_is_seen_with_its_callers() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").start();
    let mut stack = Observation::start(&java, "stack demo.Shop check 'throwExp!=null' -n 1");
    java.ask("orders 4");
    assert_eq!(methods(&stack.next("stack"))[..2], ["check", "order"]);
    stack.wait();
}

#[test]
fn a_flood_switches_the_probe_off_and_says_why() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").start();
    let mut stack = Observation::start(&java, "stack demo.Shop tax -n 100000000");
    let lines = loop {
        java.ask("orders 20000");
        if !stack.all("observed").is_empty() {
            break stack.wait();
        }
    };
    let observed = lines.iter().find(|line| line["type"] == "observed").expect("last words");
    let why = observed["off"].as_str().unwrap_or_default();
    assert!(why.contains("budget"), "{observed}");
    assert_nobody_listens(&mut java);
}
