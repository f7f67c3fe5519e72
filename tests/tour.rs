//! The tour of `docs/watch.md`, run as it stands there: its commands in their order, in one real JVM, through the real
//! `oxprobe exec`. What they say is what the tour shows, but for times, hashes and how many calls went by.
//! `BLESS=1` writes what they say into the tour.

use std::path::PathBuf;

use harness::{Java, JavaBuilder, Running, jdk, oxprobe};

const FENCE: &str = "```";
const PROMPT: &str = "$ oxprobe exec 4711 \"";

/// Commands that wait for calls.
const WAITING: &[&str] = &["trace ", "watch ", "stack ", "tt -t ", "line "];

fn tour() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/watch.md")
}

/// What a command says. Those that wait for calls get some, as from the tour's customer.
fn run(java: &mut Java, command: &str) -> Vec<String> {
    let pid = java.pid().to_string();
    let mut client = Running::start(oxprobe().args(["exec", &pid, command]));
    let waits =
        WAITING.iter().any(|waiting| command.starts_with(waiting)) && !command.contains("--list-lines");
    harness::eventually(command, || {
        if waits {
            java.ask("orders 4");
            java.ask("slow 200");
        }
        (!client.is_alive()).then_some(())
    });
    client.wait();
    let mut said = client.output();
    said.extend(client.errors().into_iter().filter(|line| !line.starts_with("oxprobe: attached to ")));
    said.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// A line without what differs from run to run: how many calls went by, times, hashes, the width of columns.
fn lasting(line: &str) -> String {
    if line.ends_with("of the application's time") {
        return "what it has cost".to_owned();
    }
    let words: Vec<String> = line.split_whitespace().map(lasting_word).collect();
    // `2 ms` is a time, too.
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let shown = (0..words.len()).map(|at| match word(at + 1) {
        "ms" | "ms," | "ns" => "#",
        _ => word(at),
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn lasting_word(word: &str) -> String {
    let mut shown = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let run = |of: &dyn Fn(char) -> bool, text: &str| text.find(|c: char| !of(c)).unwrap_or(text.len());
        let digits = run(&|c| c.is_ascii_digit() || ".-:".contains(c), rest);
        let number = rest[..digits].trim_end_matches(['.', '-', ':']);
        let hex = run(&|c| c.is_ascii_hexdigit(), rest);
        let is_time = number.contains(['.', '-', ':']) || rest[number.len()..].starts_with("ms");
        if first.is_ascii_digit() && !shown.ends_with([':', '#']) && is_time {
            shown.push('#');
            rest = &rest[number.len()..];
        } else if (shown.ends_with('@') && hex >= 4) || shown.ends_with("0x") {
            shown.push('#');
            rest = &rest[hex..];
        } else {
            shown.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shown
}

#[test]
fn the_tour_is_what_one_sees() {
    let mut java = JavaBuilder::new(&jdk("17"), "demo.Shop").start();
    let text = std::fs::read_to_string(tour()).expect("the tour");
    let bless = std::env::var_os("BLESS").is_some();
    let (mut written, mut wrong, mut commands) = (Vec::new(), Vec::new(), 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        written.push(line.to_owned());
        let Some(command) = line.strip_prefix(PROMPT) else { continue };
        let command = command.strip_suffix('"').expect("the command's end").replace("\\\"", "\"");
        let shown: Vec<&str> = lines.by_ref().take_while(|line| *line != FENCE).collect();
        let mut said = run(&mut java, &command);
        while said.last().is_some_and(String::is_empty) {
            said.pop();
        }
        commands += 1;
        let same = said.iter().map(|line| lasting(line)).eq(shown.iter().map(|line| lasting(line)));
        if !same {
            wrong.push(format!(
                "$ {command}\n-- in the tour\n{}\n-- now\n{}",
                shown.join("\n"),
                said.join("\n")
            ));
        }
        match bless && !same {
            true => written.extend(said),
            false => written.extend(shown.iter().map(|line| (*line).to_owned())),
        }
        written.push(FENCE.to_owned());
    }
    assert!(commands > 10, "only {commands} commands were found");
    if bless {
        std::fs::write(tour(), written.join("\n") + "\n").expect("the tour is written");
    } else {
        assert!(wrong.is_empty(), "the tour is stale; BLESS=1 writes it anew\n{}", wrong.join("\n\n"));
    }
}

#[test]
fn what_differs_from_run_to_run_is_left_out() {
    for (left, right) in [
        (
            "ts=2026-11-30 10:25:27.939; [cost=200.25ms] result=@Long[200]",
            "ts=2026-12-01 01:02:03.004; [cost=7ms] result=@Long[200]",
        ),
        ("TCCL=a.B$C@4e0e2f2a", "TCCL=a.B$C@12345"),
        ("cost in 2 ms, listenerId: 1", "cost in 12 ms, listenerId: 1"),
        ("1000   0.040926  0x5c54996f  Shop", "1000 1.1 0x1  Shop"),
        ("+---[0.00% min=0.000531ms,max=1ms,count=3] a", "+---[10.00% min=5.1ms,max=0.3ms,count=3] a"),
    ] {
        assert_eq!(lasting(left), lasting(right));
    }
    for (left, right) in [
        ("at demo.Shop.check(Shop.java:94)", "at demo.Shop.check(Shop.java:95)"),
        ("    @Integer[4],", "    @Integer[5],"),
        ("#86", "#87"),
        ("lines=[83, 84]", "lines=[83, 85]"),
    ] {
        assert_ne!(lasting(left), lasting(right));
    }
}
