//! Jobs in the background, suspended, taken up again, left behind, and ended by time. The clock is set,
//! not waited for.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

mod console;
mod toy;

use std::time::Duration;

use console::Console;
use shell::{Event, Permissions, Session, Setup};
use toy::{Toy, exec, text_of, wait_limit};

const MINUTE: Duration = Duration::from_secs(60);

fn ends(lines: &[String], last: &[&str]) -> bool {
    lines.ends_with(&last.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>())
}

/// What `jobs` says in a new session.
fn jobs(toy: &Toy) -> String {
    text_of(&exec(toy, "jobs"))
}

/// Waits until there is no job.
fn no_jobs(toy: &Toy) {
    let deadline = wait_limit();
    while !jobs(toy).is_empty() {
        assert!(std::time::Instant::now() < deadline, "{}", jobs(toy));
        toy.shell.tick();
        std::thread::yield_now();
    }
}

#[test]
fn a_job_in_the_background_writes_between_the_lines() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("count &\r");
    console.until(|lines| lines == ["$ count &", "[1]  Running  count &", "started", "$"]);
    console.keys("greet you");
    toy.count_to(2);
    console.until(|lines| ends(lines, &["started", "line 0", "line 1", "$ greet you"]));
    console.keys("\r");
    console.until(|lines| ends(lines, &["$ greet you", "Hello you", "$"]));
    console.keys("kill 1\r");
    console.until(|lines| lines.iter().any(|line| line == "[1]  Ended    count &") && ends(lines, &["$"]));
    no_jobs(&toy);
}

#[test]
fn a_job_that_ends_in_the_background_says_how() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("greet a &\r");
    console.until(|lines| {
        lines.iter().any(|line| line == "Hello a")
            && lines.iter().any(|line| line.starts_with("[1]  Done"))
            && ends(lines, &["$"])
    });
    console.keys("fail &\r");
    console.until(|lines| ends(lines, &["[2]  Failed   fail &", "It went wrong: try another.", "$"]));
}

#[test]
fn a_suspended_job_waits_and_goes_on_where_it_was() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("count\r").until_last("started");
    console.keys("\x1a");
    console.until(|lines| ends(lines, &["started", "^Z", "[1]  Stopped  count", "$"]));
    toy.count_to(3);
    console.keys("jobs\r");
    console.until(|lines| ends(lines, &["$ jobs", "1 Stopped mine count", "$"]));
    console.keys("fg\r");
    console.until(|lines| ends(lines, &["$ fg", "count", "line 0", "line 1", "line 2"]));
    console.keys("\x1a");
    console.until(|lines| ends(lines, &["^Z", "[1]  Stopped  count", "$"]));
    console.keys("bg %1\r");
    console.until(|lines| ends(lines, &["$ bg %1", "[1]  Running  count", "$"]));
    toy.count_to(4);
    console.until(|lines| ends(lines, &["line 3", "$"]));
    console.keys("bg 1\r");
    console.until(|lines| ends(lines, &["Job 1 is running already.", "$"]));
    console.keys("fg 1\r").until_last("count");
    console.keys("\x03");
    console.until(|lines| ends(lines, &["^C", "$"]));
    no_jobs(&toy);
}

#[test]
fn a_suspended_job_can_be_ended() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("count\r").until_last("started");
    console.keys("\x1akill 1\r");
    console.until(|lines| lines.iter().any(|line| line == "[1]  Ended    count") && ends(lines, &["$"]));
    console.keys("forever\r").until_last("started");
    console.keys("\x1a");
    console.until(|lines| lines.iter().any(|line| line.contains("Stopped  forever")) && ends(lines, &["$"]));
    toy.passes(Duration::from_secs(25 * 3600));
    console.until(|lines| lines.iter().any(|line| line.contains("it ran for 1d")) && ends(lines, &["$"]));
    no_jobs(&toy);
}

#[test]
fn a_suspended_job_writes_nothing_to_its_file() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    toy.count_to(1);
    console.keys("count > /log\r");
    let holds = |text: &str| {
        let deadline = wait_limit();
        while toy.file("/log").is_none_or(|file| file != text) {
            assert!(std::time::Instant::now() < deadline, "{:?}", toy.file("/log"));
            std::thread::yield_now();
        }
    };
    holds("started\nline 0\n");
    console.keys("\x1a");
    toy.count_to(2);
    // Time enough to write it, if it did.
    console.keys("greet a\rgreet b\r");
    console.until(|lines| ends(lines, &["Hello b", "$"]));
    holds("started\nline 0\n");
    console.keys("bg\r");
    console.until(|lines| lines.iter().any(|line| line == "[1]  Running  count > /log"));
    holds("started\nline 0\nline 1\n");
}

#[test]
fn keys_typed_before_a_suspend_are_kept() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("deaf\r").until_last("started");
    console.keys("greet y\x1a");
    console.until(|lines| ends(lines, &["[1]  Stopped  deaf", "$ greet y"]));
    toy.hear();
    console.keys("\r");
    console.until(|lines| ends(lines, &["Hello y", "$"]));
    console.keys("fg\r");
    console.until(|lines| ends(lines, &["deaf", "$"]));
}

#[test]
fn what_is_not_there_or_anothers_cannot_be_moved() {
    let toy = Toy::new();
    let (mut one, mut other) = (Console::open(&toy), Console::open(&toy));
    one.keys("count &\r");
    one.until(|lines| ends(lines, &["started", "$"]));
    other.keys("jobs\r");
    other.until(|lines| ends(lines, &["1 Running other count &", "$"]));
    for (keys, said) in [
        ("fg 1\r", "Job 1 belongs to another session"),
        ("bg\r", "This session has no jobs"),
        ("fg 99\r", "99: no such job"),
        ("kill 99\r", "99: no such job"),
        ("kill x\r", "job: `x` is not the number of a job"),
    ] {
        other.keys(keys);
        other.until(|lines| lines.iter().any(|line| line.starts_with(said)) && ends(lines, &["$"]));
    }
    assert!(matches!(exec(&toy, "fg 1").last(), Some(Event::Done { status: -1, .. })), "it takes a terminal");
    other.keys("kill 1\r");
    one.until(|lines| lines.iter().any(|line| line.starts_with("[1]  Ended")));
}

#[test]
fn another_users_job_is_ended_by_who_governs_only() {
    let toy = Toy::new();
    let mut one = Console::open(&toy);
    one.keys("count &\r");
    one.until(|lines| ends(lines, &["started", "$"]));
    toy.shell.permit(Permissions::named(["view"]).0);
    let setup = Setup { user: "somebody".to_owned(), ..toy.setup() };
    let events = toy.until_done(&mut Session::exec(toy.shell.clone(), setup, "kill 1"));
    let Some(Event::Done { status: -1, message: Some(said), .. }) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(said, "Job 1 is tester's: to end it takes the permission admin.");
    assert!(jobs(&toy).contains("1 Running"));
}

#[test]
fn the_foreground_goes_with_its_session_and_the_background_stays_for_ten_minutes() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    let started =
        |times| move |lines: &[String]| lines.iter().filter(|line| *line == "started").count() == times;
    console.keys("count &\rforever\r");
    console.until(started(2));
    console.keys("\x1a");
    console.keys("deaf\r");
    console.until(started(3));
    drop(console);
    toy.hear();
    let deadline = wait_limit();
    while jobs(&toy) != "1 Running other left count &\n" {
        assert!(std::time::Instant::now() < deadline, "{}", jobs(&toy));
        std::thread::yield_now();
    }
    assert!(toy.passes(9 * MINUTE).is_some());
    assert!(jobs(&toy).contains("1 Running"), "somebody may come back");
    toy.passes(2 * MINUTE);
    no_jobs(&toy);
}

#[test]
fn who_comes_back_takes_up_what_was_left() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("count &\r");
    console.until(|lines| ends(lines, &["started", "$"]));
    drop(console);
    toy.count_to(2);
    let mut again = Console::open(&toy);
    again.keys("fg 1\r");
    again.until(|lines| ends(lines, &["$ fg 1", "count &", "line 0", "line 1"]));
    toy.passes(11 * MINUTE);
    toy.count_to(3);
    again.until_last("line 2");
    again.keys("\x03").until_last("$");

    again.keys("count &\r");
    again.until(|lines| lines.iter().any(|line| line.contains("Running")));
    drop(again);
    let mut stranger = Console::of(&toy, Setup { user: "somebody".to_owned(), ..toy.setup() });
    let id = jobs(&toy).split(' ').next().unwrap().to_owned();
    stranger.keys(format!("fg {id}\r"));
    stranger.until(|lines| lines.iter().any(|line| line.contains("belongs to another session")));
}

#[test]
fn a_command_line_leaves_its_background_job_to_who_comes() {
    let toy = Toy::new();
    let events = exec(&toy, "count &");
    assert_eq!(text_of(&events), "Job 1 runs in the background: count &\n");
    let mut console = Console::open(&toy);
    console.keys("fg 1\r");
    console.until(|lines| ends(lines, &["count &", "started"]));
}

#[test]
fn a_password_is_in_no_list_of_jobs() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("auth secret &\r");
    console.until(|lines| lines.iter().any(|line| line.starts_with("[1]  Done")));
    exec(&toy, "auth secret > /file &");
    let said =
        format!("{:?}{}{:?}", console.lines().split_off(1), jobs(&toy), toy.shell.cancel_all(Duration::ZERO));
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn a_job_that_writes_to_a_file_needs_no_reader() {
    let toy = Toy::new();
    exec(&toy, "count > /log &");
    toy.passes(60 * MINUTE);
    toy.count_to(1);
    let deadline = wait_limit();
    while toy.file("/log").is_none_or(|text| text != "started\nline 0\n") {
        assert!(std::time::Instant::now() < deadline, "{:?}", toy.file("/log"));
        std::thread::yield_now();
    }
    toy.passes(24 * 60 * MINUTE);
    no_jobs(&toy);
}

#[test]
fn a_job_ends_when_its_time_is_up_and_says_so() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("forever\r").until_last("started");
    assert!(toy.passes(Duration::from_secs(23 * 3600)).is_some());
    toy.passes(Duration::from_secs(3600));
    let lines = console.until_last("$");
    assert!(
        lines.iter().any(|line| line.contains("it ran for 1d, the limit of `options job-timeout`")),
        "{lines:#?}"
    );
}

#[test]
fn a_background_job_whose_terminal_does_not_read_ends() {
    let toy = Toy::new();
    let mut session = Session::terminal(toy.shell.clone(), toy.setup());
    session.input(b"flood &\r");
    toy.flood_stalls();
    while session.poll(0).is_some() {}
    toy.passes(11 * MINUTE);
    assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
}

#[test]
fn an_idle_session_without_jobs_is_closed_and_says_so() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("half a line");
    let two_hours = Duration::from_secs(2 * 3600);
    assert!(toy.passes(two_hours).is_some());
    console.keys("!");
    toy.passes(two_hours);
    console.take();
    assert!(console.over.is_none(), "it was used meanwhile");
    console.keys("\x03count &\r");
    console.until(|lines| lines.iter().any(|line| line == "started"));
    toy.passes(two_hours * 2);
    console.take();
    assert!(console.over.is_none(), "it has a job");
    console.keys("kill 1\r");
    console.until(|lines| lines.iter().any(|line| line.starts_with("[1]  Ended")) && ends(lines, &["$"]));
    toy.passes(two_hours * 2);
    assert!(matches!(console.until_over(), Event::Close { .. }));
    assert!(console.lines().iter().any(|line| line.contains("idle for 3h")), "{:?}", console.lines());
    drop(console);
    assert_eq!(toy.shell.tick(), None, "nothing is left to wait for");
    let mut console = Console::open(&toy);
    toy.shell.close_idle_after(None);
    toy.passes(two_hours * 100);
    console.take();
    assert!(console.over.is_none(), "for ever");
    toy.shell.close_idle_after(Some(MINUTE));
    toy.shell.tick();
    assert!(matches!(console.until_over(), Event::Close { .. }));
}

#[test]
fn there_is_a_limit_to_jobs_in_the_background() {
    let toy = Toy::new();
    for _ in 0..8 {
        assert!(matches!(exec(&toy, "count > &").last(), Some(Event::Done { status: 0, .. })));
    }
    let said = |line: &str| match exec(&toy, line).pop() {
        Some(Event::Done { status: -1, message: Some(message), .. }) => message,
        other => panic!("{other:?}"),
    };
    assert!(said("count > &").contains("8 jobs write to files of their own"));
    for _ in 8..32 {
        exec(&toy, "count &");
    }
    assert!(said("count &").contains("32 jobs run in the background"));
    assert!(toy.shell.cancel_all(Duration::from_secs(10)).is_empty());
}

#[test]
fn a_job_in_the_background_can_stop_the_agent() {
    let toy = Toy::new();
    let mut console = Console::open(&toy);
    console.keys("halt &\r");
    assert_eq!(console.until_over(), Event::StopAgent);
}
