//! Commands that ask yes or no: who may answer, and with what.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod console;
mod toy;

use console::Console;
use toy::{Toy, exec, text_of};

fn ends(lines: &[String], last: &[&str]) -> bool {
    lines.ends_with(&last.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
}

#[test]
fn only_a_y_is_a_yes() {
    for (keys, shown, answer) in [
        ("y", "y", "Some(true)"),
        ("Y", "y", "Some(true)"),
        ("n", "n", "Some(false)"),
        ("\r", "n", "Some(false)"),
        ("q", "n", "Some(false)"),
        ("xx\x1b[A\ty", "y", "Some(true)"),
    ] {
        let toy = Toy::new();
        toy.hear();
        let mut console = Console::open(&toy);
        console.keys("agree\r").until_last("Agree? [y/N]");
        console.keys(keys);
        let (shown, answer) = (format!("Agree? [y/N] {shown}"), format!("answer: {answer}"));
        console.until(|lines| ends(lines, &["started", &shown, &answer, "$"]));
        console.keys("greet a\r");
        console.until(|lines| ends(lines, &["Hello a", "$"]));
    }
}

#[test]
fn what_was_typed_ahead_agrees_to_nothing() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("agree\r").until_last("started");
    console.keys("y\r");
    toy.hear();
    console.until_last("Agree? [y/N]");
    console.keys("n");
    // It is the next line.
    console.until(|lines| lines.iter().any(|line| line == "answer: Some(false)"));
    console.until(|lines| lines.iter().any(|line| line == "$ y") && ends(lines, &["$"]));
}

#[test]
fn a_question_that_was_suspended_is_asked_again() {
    let toy = Toy::new();
    toy.hear();
    let mut console = Console::open(&toy);
    console.keys("agree\r").until_last("Agree? [y/N]");
    console.keys("\x1a");
    console.until(|lines| ends(lines, &["[1]  Stopped  agree", "$"]));
    console.keys("fg\r").until_last("Agree? [y/N]");
    console.keys("y");
    console.until(|lines| ends(lines, &["answer: Some(true)", "$"]));
}

#[test]
fn an_interrupt_is_no_answer() {
    let toy = Toy::new();
    toy.hear();
    let mut console = Console::open(&toy);
    console.keys("agree\r").until_last("Agree? [y/N]");
    console.keys("\x03");
    let lines = console.until(|lines| ends(lines, &["$"]));
    assert!(!lines.iter().any(|line| line.starts_with("answer")), "{lines:?}");
}

#[test]
fn nobody_is_asked_where_nobody_sees_the_question() {
    let toy = Toy::new();
    toy.hear();
    assert!(text_of(&exec(&toy, "agree")).ends_with("answer: None\n"));
    let mut console = Console::open(&toy);
    console.keys("agree | grep answer\r");
    console.until(|lines| ends(lines, &["answer: None", "$"]));
    console.keys("agree &\r");
    console.until(|lines| ends(lines, &["started", "answer: None", "[3]  Done     agree &", "$"]));
}
