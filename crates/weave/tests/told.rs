//! What woven code tells is what happened: values, calls, lines, in a real JVM.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a test reports"
)]

mod support;

use std::process::Command;

use support::{CHECKS, compile, fixture, patched, plan, run, telling_spy, tool};
use weave::{Parts, Woven, weave};

/// Weaves a class of the fixtures but for its `main` and runs it.
fn told(class: &str, jdk: &str, options: &[&str], parts: Parts) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    compile(jdk, options, &[fixture(&format!("{class}.java"))], &at("classes"));
    std::fs::write(at("Spy_test.java"), telling_spy()).unwrap();
    compile(jdk, &[], &[at("Spy_test.java")], &at("spy"));
    let file = at(&format!("classes/{class}.class"));
    let bytes = std::fs::read(&file).unwrap();
    let mut plan = plan(&bytes, 0, parts);
    plan.methods.retain(|method| method.name != b"main");
    let woven: Woven<'_> = weave(&bytes, &plan).unwrap();
    assert!(woven.refused.is_empty(), "{:?}", woven.refused);
    std::fs::write(&file, &woven.bytes).unwrap();
    let out = run(Command::new("timeout")
        .arg("60")
        .arg(tool(jdk, "java"))
        .args(CHECKS)
        .args(patched(jdk, &at("spy")))
        .arg("-cp")
        .arg(at("classes"))
        .arg(class));
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

fn on_each(check: impl Fn(&str, &[&str])) {
    check("17", &[]);
    check("8", &["-source", "1.4", "-target", "1.4"]);
}

#[test]
fn values_are_those_that_came_and_went() {
    on_each(|jdk, options| {
        let nulls = "null ".repeat(7);
        let mix = |b: i32| {
            let [d, e] = [i64::from(1.5_f32.to_bits()), (-0.5_f64).to_bits().cast_signed()];
            format!("a {nulls}{b} {} {d} {e} 1 103 0 0", 1_i64 << 40)
        };
        let result = (-0.5_f64).to_bits().cast_signed();
        let expected = [
            // The receiver of a constructor is there once `super()` has returned.
            "enter 0 Told s 7".to_owned(),
            "exit 0 100 0 null Told s 7".to_owned(),
            // At the exit an argument has the value that was stored.
            format!("enter 1 {}", mix(-2)),
            format!("exit 1 101 {result} null {}", mix(-1)),
            "enter 2 Told -1 300".to_owned(),
            "exit 2 102 312 null Told 5 300".to_owned(),
            "enter 4 null 20".to_owned(),
            // What is thrown comes with the arguments as they came in.
            "enter 3 null 20".to_owned(),
            "thrown 3 103 IllegalStateException null 20".to_owned(),
            "enter 5 null 21".to_owned(),
            "exit 5 105 42 null null 21".to_owned(),
            "exit 4 104 42 null null 21".to_owned(),
            "enter 6 t".to_owned(),
            "exit 6 106 0 r null".to_owned(),
        ];
        assert_eq!(told("Told", jdk, options, Parts::VALUES), expected, "JDK {jdk}");
    });
}

#[test]
fn calls_are_told_before_and_after_and_when_caught() {
    on_each(|jdk, options| {
        let told = told("Told", jdk, options, Parts::VALUES | Parts::CALLS);
        let of_caller: Vec<&str> =
            told.iter().map(String::as_str).filter(|line| line.split(' ').nth(1) == Some("4")).collect();
        let expected = [
            "enter 4 null 20",
            "first 4 104 0",
            "caught 4 104",
            "before 4 104 1",
            "exit 4 104 42 null null 21",
        ];
        assert_eq!(of_caller, expected, "JDK {jdk}");
    });
}

#[test]
fn calls_that_follow_each_other_at_once_are_told_in_one() {
    on_each(|jdk, options| {
        let told = told("Laps", jdk, options, Parts::VALUES | Parts::CALLS);
        let of_laps: Vec<&str> =
            told.iter().map(String::as_str).filter(|line| line.contains(" 101")).collect();
        let expected = [
            "first 1 101 0",
            "next 1 101 0 1",
            "after 1 101 1",
            "before 1 101 2",
            "after 1 101 2",
            "exit 1 101 8 null int[] 3",
        ];
        assert_eq!(of_laps, expected, "JDK {jdk}");
    });
}

#[test]
fn lines_are_told_with_the_variables_known_there() {
    on_each(|jdk, options| {
        let told = told("Told", jdk, options, Parts::VALUES | Parts::LINES);
        let of_twice: Vec<&str> =
            told.iter().map(String::as_str).filter(|line| line.split(' ').nth(1) == Some("5")).collect();
        let expected = [
            "enter 5 null 21",
            "line 5 105 0 null 21",
            "line 5 105 4 null 21 42",
            "exit 5 105 42 null null 21",
        ];
        assert_eq!(of_twice, expected, "JDK {jdk}");
    });
}
