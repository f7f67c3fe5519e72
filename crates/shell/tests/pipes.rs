//! What filters and redirects do to the output of a command, without a JVM.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod console;
mod toy;

use std::sync::atomic::Ordering;

use console::Console;
use serde_json::Value;
use shell::{Event, Permissions, Session};
use toy::{Toy, exec, text_of};

fn done(events: &[Event]) -> (i32, String) {
    match events.last() {
        Some(Event::Done { status, message, .. }) => (*status, message.clone().unwrap_or_default()),
        other => (i32::MIN, format!("{other:?}")),
    }
}

#[test]
fn the_output_passes_through_the_filters_in_order() {
    let toy = Toy::new();
    for (line, out) in [
        ("greet World -n 3 | wc -l", "3\n"),
        ("help | grep -i greet | plaintext", "greet      Say hello\n"),
        ("greet a -n 2 | grep -n Hello", "1:Hello a\n2:Hello a\n"),
        ("greet a | grep b", ""),
    ] {
        let events = exec(&toy, line);
        assert_eq!((text_of(&events).trim_start(), done(&events).0), (out, 0), "{line}");
    }
}

#[test]
fn a_word_that_is_no_filter_is_pointed_at() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("greet World | sort\r");
    assert_eq!(console.lines()[1], "                ^^^^");
    assert!(console.lines()[2].starts_with("There is no filter `sort`"), "{:?}", console.lines());
    let (status, said) = done(&exec(&toy, "greet World | greet x"));
    assert!(status == -10 && said.contains("`greet` is no filter"), "{said}");
    let (status, said) = done(&exec(&toy, "greet World | wc"));
    assert!(status == -10 && said.contains("wc -l"), "{said}");
}

#[test]
fn a_filter_alone_says_that_it_wants_a_pipe_and_has_help() {
    let toy = Toy::new();
    let (status, said) = done(&exec(&toy, "grep x"));
    assert!(status == -1 && said.contains("behind a pipe"), "{said}");
    assert!(text_of(&exec(&toy, "grep -h")).contains("--max-count"));
    assert!(text_of(&exec(&toy, "help tee")).contains("--append"));
    assert!(text_of(&exec(&toy, "help")).contains("Leave colours"));
}

#[test]
fn a_command_ends_when_its_filter_has_enough() {
    let toy = Toy::new();
    let events = exec(&toy, "flood | grep -m 2 x | wc -l");
    assert_eq!((text_of(&events).as_str(), done(&events).0), ("2\n", 0));
}

#[test]
fn an_interrupted_command_still_counts() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    toy.count_to(2);
    console.keys("count | tee /seen | wc -l\r");
    while toy.file("/seen").is_none_or(|text| !text.contains("line 1")) {
        std::thread::yield_now();
    }
    console.keys("\x03");
    assert_eq!(console.until_last("$")[1..], ["^C", "3", "$"]);
}

#[test]
fn a_redirect_writes_to_a_file_and_says_where() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("greet World -n 2 > /tmp/a\r");
    assert_eq!(console.until_last("$")[1..], ["The output goes to /tmp/a", "$"]);
    assert_eq!(toy.file("/tmp/a").unwrap(), "Hello World\nHello World\n");
    exec(&toy, "greet Moon | grep M >> /tmp/a");
    assert_eq!(toy.file("/tmp/a").unwrap(), "Hello World\nHello World\nHello Moon\n");
    exec(&toy, "greet Sun > /tmp/a");
    assert_eq!(toy.file("/tmp/a").unwrap(), "Hello Sun\n");
    let events = exec(&toy, "greet Sun >");
    assert!(text_of(&events).contains("goes to /cache/"), "{events:?}");
}

#[test]
fn tee_writes_and_hands_on() {
    let toy = Toy::new();
    assert_eq!(text_of(&exec(&toy, "greet a | tee /t | grep b")), "");
    assert_eq!(toy.file("/t").unwrap(), "Hello a\n");
    assert_eq!(text_of(&exec(&toy, "greet b | tee -a /t")), "Hello b\n");
    assert_eq!(toy.file("/t").unwrap(), "Hello a\nHello b\n");
}

#[test]
fn a_file_that_cannot_be_written_is_why_the_command_ends() {
    let toy = Toy::new();
    let (status, said) = done(&exec(&toy, "greet a > /forbidden/x"));
    assert!(status == -1 && said.starts_with("/forbidden/x cannot be written: permission denied"), "{said}");
    toy.outside.disk_is_full.store(true, Ordering::SeqCst);
    for line in ["flood > /full", "flood | tee /full | grep nothing"] {
        let (status, said) = done(&exec(&toy, line));
        assert!(status == -1 && said.contains("the command has ended"), "{line}: {said}");
    }
}

#[test]
fn writing_files_takes_a_permission() {
    let toy = Toy::new();
    toy.shell.permit(Permissions::named(["view"]).0);
    for line in ["greet a > /tmp/x", "greet a | tee /tmp/x", "greet a >"] {
        let (status, said) = done(&exec(&toy, line));
        assert!(status == -1 && said.contains("needs the permission dump"), "{line}: {said}");
    }
    assert_eq!(toy.file("/tmp/x"), None);
    assert_eq!(text_of(&exec(&toy, "greet a | grep a")), "Hello a\n");
}

#[test]
fn programs_get_values_whole_and_files_get_text() {
    let toy = Toy::new();
    let values = |line: &str| -> Vec<Value> {
        let events = toy.until_done(&mut Session::exec(toy.shell.clone(), toy.setup_json(), line));
        let values = events.iter().filter_map(|event| match event {
            Event::Value(value) => Some(serde_json::from_str(value).unwrap()),
            _ => None,
        });
        values.collect()
    };
    let kinds =
        |values: &[Value]| values.iter().map(|v| v["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&values("greet a -n 2 | grep nothing | wc -l")), ["message", "message", "status"]);
    assert_eq!(kinds(&values("greet a -n 2 | grep -n H | tee /tee")), ["message", "message", "status"]);
    assert_eq!(toy.file("/tee").unwrap(), "1:Hello a\n2:Hello a\n");
    let redirected = values("greet a > /file");
    assert_eq!(redirected[0]["message"], "The output goes to /file");
    assert_eq!(kinds(&redirected), ["message", "status"]);
    assert_eq!(toy.file("/file").unwrap(), "Hello a\n");
}

#[test]
fn what_is_said_about_the_line_goes_to_who_typed_it() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("screen --loud > /file\r");
    let lines = console.until_last("$");
    assert!(lines.contains(&"`screen` has no option `--loud`: it is ignored.".to_owned()), "{lines:#?}");
    assert_eq!(toy.file("/file").unwrap(), "80x65535\n");
}

#[test]
fn saved_results_are_text_beside_what_is_shown() {
    let toy = Toy::new();
    toy.outside.saves.store(true, Ordering::SeqCst);
    assert_eq!(text_of(&exec(&toy, "greet a | grep b")), "");
    toy.until_done(&mut Session::exec(toy.shell.clone(), toy.setup_json(), "greet c"));
    assert_eq!(toy.file("/results").unwrap(), "Hello a\nHello c\n");
    toy.outside.disk_is_full.store(true, Ordering::SeqCst);
    assert_eq!(text_of(&exec(&toy, "greet d")), "Hello d\n", "that it fails is no concern of the command");
}

#[test]
fn what_is_filtered_is_not_cut_to_a_screen() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("screen | grep x\r");
    assert_eq!(console.until_last("$")[1], "240x65535");
}
