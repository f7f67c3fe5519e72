//! One command line over a toy host: what a transport sees, event by event.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod toy;

use std::time::Duration;

use shell::{Event, Session};
use toy::{Toy, exec, text_of};

#[test]
fn results_come_before_the_status() {
    let toy = Toy::new();
    let events = exec(&toy, "greet World -n 2");
    assert_eq!(text_of(&events), "Hello World\nHello World\n");
    assert_eq!(events.last(), Some(&Event::Done { status: 0, message: None, dropped: 0 }));
}

#[test]
fn many_results_wake_the_session_now_and_then_and_all_come_in_order() {
    let toy = Toy::new();
    let lines: String = (0..10_000).map(|number| format!("line {number}\n")).collect();
    assert_eq!(text_of(&exec(&toy, "many")), lines);
    let mut session = Session::exec(toy.shell.clone(), toy.setup_json(), "many");
    let events = toy.until_done(&mut session);
    let values = events.iter().filter(|event| matches!(event, Event::Value(_))).count();
    assert_eq!(values, 10_001, "each is a value of its own, and the status");
    // One in twenty milliseconds, or for 32 KiB.
    assert!(toy.wakes() < 1_000, "{} wakes", toy.wakes());
}

#[test]
fn json_ends_with_a_status_object() {
    let toy = Toy::new();
    let mut session = Session::exec(toy.shell.clone(), toy.setup_json(), "greet World");
    let events = toy.until_done(&mut session);
    assert_eq!(
        events,
        [
            Event::Value(r#"{"jobId":1,"message":"Hello World","type":"message"}"#.to_owned()),
            Event::Value(r#"{"jobId":1,"statusCode":0,"type":"status"}"#.to_owned()),
            Event::Done { status: 0, message: None, dropped: 0 },
        ]
    );
}

#[test]
fn a_failure_says_why_in_done() {
    let toy = Toy::new();
    assert_eq!(
        exec(&toy, "fail").last(),
        Some(&Event::Done { status: 7, message: Some("It went wrong: try another.".to_owned()), dropped: 0 })
    );
}

#[test]
fn a_wrong_line_is_shown_with_carets() {
    let toy = Toy::new();
    let said = |line: &str| match exec(&toy, line).pop() {
        Some(Event::Done { status: -10, message: Some(message), .. }) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        said("greet 世界 -n x"),
        "--count: `x` is not a whole number.\n  greet 世界 -n x\n                ^"
    );
    assert!(said("greet").contains("needs `who`"));
    assert!(said("greet x -n").starts_with("--count needs a value"));
    assert!(said("greet 'x").contains("never closed"));
    assert!(said("greet x | sort").ends_with("  greet x | sort\n            ^^^^"));
    assert!(said("gret x").starts_with("gret: command not found. Did you mean `greet`?"));
    assert!(said(&"x".repeat(1 << 20)).contains("1048576 bytes"));
}

#[test]
fn help_is_a_result_of_every_command() {
    let toy = Toy::new();
    let events = exec(&toy, "greet -h");
    assert!(text_of(&events).contains("greet [-n <n>] [--loud] who"), "{events:?}");
    assert_eq!(events.last(), Some(&Event::Done { status: -10, message: None, dropped: 0 }));
}

#[test]
fn an_empty_line_is_done_at_once() {
    let toy = Toy::new();
    assert_eq!(exec(&toy, "  "), [Event::Done { status: 0, message: None, dropped: 0 }]);
}

#[test]
fn a_panic_is_a_failed_status() {
    let toy = Toy::new();
    match exec(&toy, "panics").pop() {
        Some(Event::Done { status: -1, message: Some(message), .. }) => {
            assert!(message.contains("on purpose"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_interrupt_wakes_a_sleeping_command() {
    let toy = Toy::new();
    let mut session = Session::exec(toy.shell.clone(), toy.setup(), "forever");
    toy.until(&mut session, |events| text_of(events).contains("started"));
    session.interrupt();
    let events = toy.until_done(&mut session);
    assert_eq!(text_of(&events), "ended\n", "the last words of an interrupted command are heard");
    assert_eq!(
        events.last(),
        Some(&Event::Done { status: -1, message: Some("Interrupted.".to_owned()), dropped: 0 })
    );
}

#[test]
fn a_job_waits_while_nobody_takes_its_output_and_ends_when_the_session_goes() {
    let toy = Toy::new();
    let mut session = Session::exec(toy.shell.clone(), toy.setup(), "flood");
    toy.flood_stalls();
    assert!(toy.emitted() <= 256 * 1024 + 2 * 1024, "{} bytes queued", toy.emitted());
    assert!(session.poll(0).is_none());
    drop(session);
    assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
}

#[test]
fn stop_comes_after_the_output() {
    let toy = Toy::new();
    let events = exec(&toy, "halt");
    assert_eq!(events.last(), Some(&Event::StopAgent));
    assert!(matches!(events.get(events.len() - 2), Some(Event::Done { status: 0, .. })));
    assert!(text_of(&events).contains("Stopping"));
}

#[test]
fn other_jobs_are_cancelled_and_a_deaf_one_is_named() {
    let toy = Toy::new();
    let mut kind = Session::exec(toy.shell.clone(), toy.setup(), "forever");
    toy.until(&mut kind, |events| text_of(events).contains("started"));
    let mut deaf = Session::exec(toy.shell.clone(), toy.setup(), "deaf");
    toy.until(&mut deaf, |events| text_of(events).contains("started"));
    assert_eq!(toy.shell.cancel_all(Duration::from_millis(50)), ["deaf"]);
    toy.hear();
    assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
}

#[test]
fn a_stopping_agent_takes_no_commands() {
    let toy = Toy::new();
    toy.shell.refuse_new_sessions();
    assert!(matches!(exec(&toy, "greet x").pop(), Some(Event::Done { status: -1, .. })));
}

#[test]
fn a_disabled_command_is_not_there() {
    let toy = Toy::new();
    toy.shell.disable(&["greet".to_owned()]);
    assert!(matches!(exec(&toy, "greet x").pop(), Some(Event::Done { status: -10, .. })));
    assert!(toy.shell.signatures().all(|signature| signature.name != "greet"));
}

#[test]
fn text_is_cut_at_characters() {
    let toy = Toy::new();
    let mut session = Session::exec(toy.shell.clone(), toy.setup(), "greet 世界");
    let mut all = Vec::new();
    for event in toy.until_done_by(&mut session, 2) {
        if let Event::Output(bytes) = event {
            assert!(bytes.len() <= 3 && std::str::from_utf8(&bytes).is_ok());
            all.extend(bytes);
        }
    }
    assert_eq!(String::from_utf8(all).unwrap(), "Hello 世界\n");
}
