//! A session that must say a password first, the permissions of one, and what the log says of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics"
)]

mod toy;

use std::sync::{Arc, Mutex};

use shell::{Credentials, Event, Grant, Lock, Permissions, Session, Setup};
use toy::{Toy, text_of};

struct Hush;

impl Credentials for Hush {
    fn check(&self, user: &str, password: &str) -> Result<bool, String> {
        match password {
            "too often" => Err("too many passwords were wrong; try again in 2 s".to_owned()),
            password => Ok(user == "arthas" && password == "hush"),
        }
    }
}

fn locked(toy: &Toy) -> Setup {
    Setup { lock: Some(Arc::new(Lock::new(Arc::new(Hush)))), ..toy.setup() }
}

fn run(toy: &Toy, setup: &Setup, line: &str) -> (i32, String) {
    let events = toy.until_done(&mut Session::exec(toy.shell.clone(), setup.clone(), line));
    let done = events.iter().find_map(|event| match event {
        Event::Done { status, message, .. } => Some((*status, message.clone().unwrap_or_default())),
        _ => None,
    });
    let (status, message) = done.unwrap();
    (status, text_of(&events) + &message)
}

#[test]
fn nothing_runs_before_the_password_is_said_but_what_says_it_or_leaves() {
    let toy = Toy::new();
    let setup = locked(&toy);
    for line in ["greet World", "help", "greet -h", "halt", "find x"] {
        let (status, text) = run(&toy, &setup, line);
        assert_eq!(status, -1, "{line}");
        assert!(text.contains("say the password with `auth PASSWORD`"), "{line}: {text}");
    }
    assert_eq!(run(&toy, &setup, "quit").0, 0);
    assert_eq!(run(&toy, &setup, "auth guess"), (1, "false\n".to_owned()));
    let (status, text) = run(&toy, &setup, "auth 'too often'");
    assert!(status == 1 && text.contains("try again in 2 s"), "{text}");
    assert_eq!(run(&toy, &setup, "greet World").0, -1);
    assert_eq!(run(&toy, &setup, "auth hush"), (0, "true\n".to_owned()));
    assert_eq!(run(&toy, &setup, "greet World"), (0, "Hello World\n".to_owned()));
    assert_eq!(run(&toy, &setup, "auth guess").0, 1, "what is wrong later");
    assert_eq!(run(&toy, &setup, "greet World").0, 0, "locks nobody out");
    assert_eq!(run(&toy, &locked(&toy), "greet World").0, -1, "other sessions have locks of their own");
}

#[test]
fn a_locked_terminal_shows_and_keeps_nothing_that_was_typed() {
    let toy = Toy::new();
    let mut known = Session::terminal(toy.shell.clone(), toy.setup());
    known.input(b"greet secret-of-others\r");
    toy.until(&mut known, |events| text_of(events).contains("Hello secret-of-others"));
    let mut stranger = Session::terminal(toy.shell.clone(), locked(&toy));
    // Up for history, Tab for names, and a line of his own.
    stranger.input(b"\x1b[A\x1b[Agre\t\x15greet mine\r");
    let events = toy.until(&mut stranger, |events| text_of(events).contains("auth PASSWORD"));
    let text = text_of(&events);
    assert!(!text.contains("secret-of-others") && !text.contains("greet [-n"), "{text:?}");
    let mut known = Session::terminal(toy.shell.clone(), toy.setup());
    known.input(b"\x1b[A");
    let text = text_of(&toy.until(&mut known, |events| text_of(events).contains("secret-of-others")));
    assert!(!text.contains("mine"), "{text:?}");
}

#[test]
fn a_session_does_what_it_and_the_agent_both_allow() {
    let toy = Toy::new();
    let with = |names: &[&'static str]| {
        let (permissions, unknown) = Permissions::named(names.iter().copied());
        assert!(unknown.is_empty());
        Setup { permissions: Arc::new(Grant::of(permissions)), ..toy.setup() }
    };
    let viewer = with(&["view"]);
    assert_eq!(run(&toy, &viewer, "greet World").0, 0);
    viewer.permissions.set(Permissions::NONE);
    assert_eq!(run(&toy, &viewer, "greet World").0, -1, "what is taken back is gone at once");
    let (status, text) = run(&toy, &with(&["admin", "dump"]), "greet World");
    assert_eq!(status, -1);
    assert!(text.contains("needs the permission view") && text.contains("sessions from test"), "{text}");
    toy.shell.permit(Permissions::named(["admin"]).0);
    let (status, text) = run(&toy, &with(&["view"]), "greet World");
    assert!(status == -1 && text.contains("option `permissions`"), "{text}");
}

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Said;

impl log::Log for Said {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        SAID.lock().unwrap().push(record.args().to_string());
    }

    fn flush(&self) {}
}

#[test]
fn every_command_that_ran_is_in_the_log_and_no_password() {
    drop(log::set_logger(&Said));
    log::set_max_level(log::LevelFilter::Info);
    let toy = Toy::new();
    let setup = Setup { peer: "10.0.0.7:1234".to_owned(), id: Some("s1".to_owned()), ..locked(&toy) };
    run(&toy, &setup, "greet refused-first");
    run(&toy, &setup, "auth hush");
    run(&toy, &setup, "greet '\u{1b}[2J\u{202e}\n'");
    run(&toy, &setup, "fail");
    let said = SAID.lock().unwrap().clone();
    let audit: Vec<&String> =
        said.iter().filter(|line| line.starts_with("audit: ") && line.contains("s1")).collect();
    assert_eq!(audit.len(), 4, "{said:#?}");
    for (line, parts) in audit.iter().zip([
        ["user=\"tester\"", "command=\"greet refused-first\"", "end=\"status -1\""],
        ["user=\"arthas\"", "command=\"auth\"", "end=\"status 0\""],
        ["user=\"arthas\"", "command=\"greet '\\u{1b}[2J\\u{202e}\\n'\"", "end=\"status 0\""],
        ["user=\"arthas\"", "command=\"fail\"", "end=\"status 7\""],
    ]) {
        for part in parts.iter().chain(&["from=test", "peer=\"10.0.0.7:1234\"", "session=s1", "took="]) {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    assert!(said.iter().all(|line| !line.contains("hush")));
}
