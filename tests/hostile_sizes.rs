//! Looking at values that are too large, change meanwhile or are looked at again and again takes a bounded time and
//! leaves nothing.

use std::time::Duration;

use harness::hostile::{end, hostile, passed, some_jdks, text, watch};
use harness::resources::{Holdings, slope};
use harness::{Java, Jdk, LocalSocket, Observation, eventually};

/// So long may a value of any size keep the application waiting, with every call of JNI checked.
const BOUND: Duration = Duration::from_millis(1_500);
/// So much of it is shown.
const MOST: usize = 4 << 20;

#[test]
fn of_the_largest_values_so_much_is_shown_as_takes_no_time() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).vm("-Xmx1g").start();
        let names = java.ask("large-names");
        for (how, express, expand) in
            [("large", "params[0]", 2), ("list", "params[0]", 2), ("list", "params[0]", 1)]
        {
            let mut watch = watch(&java, express, &format!("-x {expand} -n 1000"));
            for name in names.split(' ') {
                let (_, took) = passed(&mut java, &format!("{how} {name}"));
                let shown = watch.next("watch");
                let text = text(&shown);
                let what = || format!("JDK {} -x {expand} {how} {name}: {took:?}, {:.200}", jdk.major, text);
                println!("{}", what());
                assert!(took < BOUND, "{}", what());
                assert!(shown.to_string().len() < MOST, "{} bytes, {}", shown.to_string().len(), what());
                if how == "large" {
                    let is_whole = matches!(name, "sub-list" | "big-decimal");
                    let says = text.contains("more)") || text.contains("...") || is_whole;
                    assert!(says, "nothing says that it was cut: {}", what());
                }
                if name == "sub-list" && (how, expand) != ("list", 1) {
                    assert_eq!(text.matches("@String[value]").count(), 3, "{}", what());
                }
            }
            watch.interrupt();
        }
        java.assert_undisturbed();
    }
}

/// In a checked run the JVM tells of each reference too many.
#[test]
fn expressions_that_hold_thousands_of_objects_hold_them_quietly() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        for (name, express, part) in [
            ("many-list", "params[0].{#this}", "@String[element 4999],"),
            ("many-list", "params[0].{? #this.length() > 3}", "@String[element 4999],"),
            ("many-list", "params[0].{#this.length()}", "@Integer[12],"),
            ("many-list", "params[0].{#this + \"x\"}", "@String[element 4999x],"),
            ("many-list", "params[0].{{#this, #root.params[0]}}", "@ArrayList[isEmpty=false;size=5000],"),
            ("many-map", "params[0].keySet().{#this}", "@String[key 4999],"),
            ("many-map", "params[0].values().{#this[0]}", "@Integer[4999],"),
            ("many-map", "params[0].entrySet().{key}", "@String[key 4999],"),
            ("many-map", "params[0].entrySet().{getKey() + value.length}", "@String[key 49991],"),
            ("many-map", "params[0].{? #this != null}", "@Integer[4999],"),
        ] {
            let mut watch = watch(&java, express, "-x 2 -n 1");
            passed(&mut java, &format!("show {name}"));
            let lines = watch.wait();
            let shown = lines.iter().find(|line| line["type"] == "watch");
            let shown = shown.unwrap_or_else(|| panic!("{express}: {}", end(&lines)));
            assert!(text(shown).contains(part), "{express}: {:.2000}", text(shown));
        }
        java.assert_undisturbed();
    }
}

#[test]
fn containers_that_change_under_the_copy_are_shown_somehow() {
    const TIMES: usize = 10_000;
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        let watch = watch(&java, "params", "-x 3 -n 1000000");
        let changes: u64 = java.ask(&format!("changing {TIMES}")).parse().unwrap();
        assert!(changes > 10_000, "only {changes} changes");
        let all = watch.interrupt();
        let observed = all.iter().find(|line| line["type"] == "observed").expect("last words");
        let made = observed["results"].as_u64().unwrap();
        let dropped = observed["dropped"]["results"].as_u64().unwrap();
        assert_eq!(made + dropped, TIMES as u64, "{observed}");
        assert!(made > 1_000, "{observed}");
        java.assert_undisturbed();
    }
}

#[test]
fn a_stack_that_overflows_in_watched_calls_ends_with_its_own_error() {
    for jdk in some_jdks() {
        // In a checked run the JVM itself warns of calls on a full stack.
        let mut java = hostile(&jdk).without_checks().start();
        java.tell("overflow");
        let all = Observation::start(
            &java,
            "watch values.Hostile deep '{params,target}' -b -f -x 2 -n 1000000 --budget off",
        );
        let asked = Observation::start(
            &java,
            "watch values.Hostile deep 'params[0].toString()' 'params[0].toString().length() > 20' -b --budget off",
        );
        for _ in 0..3 {
            java.tell("overflow");
        }
        for observation in [all, asked] {
            let lines = observation.interrupt();
            assert!(lines.iter().any(|line| line["type"] == "observed"), "{lines:#?}");
        }
        java.tell("overflow");
        java.assert_undisturbed();
    }
}

/// Rounds of a slice; the environment can ask for all of them.
fn rounds() -> usize {
    std::env::var("OXPROBE_WATCH_ROUNDS").map_or(1_000, |rounds| rounds.parse().expect("a number of rounds"))
}

/// What the JVM holds for us: references, metaspace in KiB, resident memory in KiB.
#[derive(Clone, Copy, Debug)]
struct Held {
    references: f64,
    metaspace: f64,
    rss: f64,
}

impl Held {
    fn of(java: &Java) -> Self {
        let dump = java.jdk_tool("jcmd", &["Thread.print"]);
        let line =
            dump.lines().find(|line| line.starts_with("JNI global ref")).expect("the dump tells references");
        let numbers =
            line.split(|one: char| !one.is_ascii_digit()).filter_map(|number| number.parse::<f64>().ok());
        let gc = java.jdk_tool("jstat", &["-gc"]);
        let mut rows = gc.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        let (titles, values) = (rows.next().unwrap(), rows.next().unwrap());
        let column = |title: &str| -> f64 {
            values[titles.iter().position(|known| *known == title).unwrap()].parse().unwrap()
        };
        Self {
            references: numbers.sum(),
            metaspace: column("MU") + column("CCSU"),
            rss: Holdings::of(java.pid()).rss_kib as f64,
        }
    }
}

/// Classes stay woven between the rounds. A reset in each would measure HotSpot, which does not give back the versions of a
/// class that come and go while its `main` runs.
fn rounds_leave_nothing(jdk: &Jdk) {
    // As in `lifecycle.rs`: what the JVM takes for itself meanwhile is kept out.
    let mut java = hostile(jdk)
        .env("MALLOC_ARENA_MAX", "1")
        .vm("-Xint")
        .vm("-Xms64m")
        .vm("-Xmx64m")
        .vm("-XX:+AlwaysPreTouch")
        .with_agent("")
        .start();
    java.tell("begin");
    let rounds = rounds();
    let warm = rounds / 2;
    let mut socket = eventually("the agent to listen", || {
        harness::socket::path(java.pid()).exists().then(|| LocalSocket::connect(java.pid()))
    });
    let mut held = Vec::new();
    for round in 0..rounds {
        let express =
            ["params", "{params,target,returnObj}", "params[0].toString() + #cost", "params.{#this}"]
                [round % 4];
        let line = format!(
            "watch values.Hostile show '{express}' 'params[0] != null && #cost >= 0' -x 2 -n 1 --budget off"
        );
        let run = socket.exec(&line);
        let seen = run.results.iter().filter(|result| result["type"] == "watch").count();
        assert_eq!(seen, 1, "{round}: {:#?}", run.results);
        if round >= warm && round % (rounds / 20) == 0 {
            java.jdk_tool("jcmd", &["GC.run"]);
            held.push(Held::of(&java));
        }
    }
    let per_round =
        |of: fn(&Held) -> f64| slope(&held.iter().map(of).collect::<Vec<_>>()) / (rounds / 20) as f64;
    let report = format!(
        "JDK {}: per round {:+.4} references, {:+.4} KiB of metaspace, {:+.3} KiB resident; {held:?}",
        jdk.major,
        per_round(|held| held.references),
        per_round(|held| held.metaspace),
        per_round(|held| held.rss),
    );
    println!("{report}");
    assert!(per_round(|held| held.references).abs() < 0.02, "{report}");
    assert!(per_round(|held| held.metaspace).abs() < 0.1, "{report}");
    assert!(per_round(|held| held.rss).abs() < 1.0, "{report}");
    java.assert_undisturbed();
}

#[test]
fn rounds_of_watch_leave_nothing_on_jdk_8() {
    some_jdks().filter(|jdk| jdk.major == 8).for_each(|jdk| rounds_leave_nothing(&jdk));
}

#[test]
fn rounds_of_watch_leave_nothing_on_jdk_17() {
    some_jdks().filter(|jdk| jdk.major == 17).for_each(|jdk| rounds_leave_nothing(&jdk));
}

#[test]
fn rounds_of_watch_leave_nothing_on_jdk_25() {
    some_jdks().filter(|jdk| jdk.major == 25).for_each(|jdk| rounds_leave_nothing(&jdk));
}
