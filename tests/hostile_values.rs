//! Looking at values that do not want to be looked at: what blocks, throws, exits, loads, changes meanwhile or is too
//! large is shown without the application noticing. `values.Hostile` counts the calls of its values' methods itself.

use std::time::{Duration, Instant};

use harness::resources::{Holdings, slope, thread_names};
use harness::{Java, JavaBuilder, Jdk, LocalSocket, Observation, eventually, exec, exec_json, jdks};
use serde_json::Value;

fn hostile(jdk: &Jdk) -> JavaBuilder {
    JavaBuilder::new(jdk, "values.Hostile")
}

/// With the oldest JDK, the most used and the newest.
fn some_jdks() -> impl Iterator<Item = Jdk> {
    jdks().into_iter().filter(|jdk| matches!(jdk.major, 8 | 17 | 25))
}

/// Who may look, and call nothing of the application's.
const LOOKER: &str = "permissions=view observe admin";

/// What the program says of a value that it has passed to a method: how often it was called, and how long that took.
fn passed(java: &mut Java, line: &str) -> (u64, Duration) {
    let answer = java.ask(line);
    let number = |name: &str| {
        let value = answer.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {answer}"))
    };
    (number("touched"), Duration::from_micros(number("micros")))
}

fn watch(java: &Java, express: &str, more: &str) -> Observation {
    Observation::start(java, &format!("watch values.Hostile show '{express}' --budget off {more}"))
}

fn text(shown: &Value) -> &str {
    shown["value"].as_str().unwrap_or_default()
}

/// Why a command ended.
fn end(lines: &[Value]) -> &str {
    let status = lines.iter().rfind(|line| line["type"] == "status");
    status.and_then(|status| status["message"].as_str()).unwrap_or_default()
}

#[test]
fn looking_at_values_calls_none_of_their_methods() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let names = java.ask("names");
        let views = [("params", 2), ("{params,target,returnObj}", 4), ("params[0]", 0), ("#root", 2)];
        let all = matches!(jdk.major, 8 | 17 | 25);
        for (express, expand) in views.into_iter().take(if all { 4 } else { 1 }) {
            let mut watch = watch(&java, express, &format!("-x {expand} -n 1000"));
            for name in names.split(' ') {
                let (touched, _) = passed(&mut java, &format!("show {name}"));
                let shown = watch.next("watch");
                assert_eq!(touched, 0, "JDK {}: looking at {name} called it: {shown}", jdk.major);
                assert!(!text(&shown).contains("cannot be read"), "{name}: {shown}");
                if expand != 2 {
                    continue;
                }
                let part = match name {
                    "lazy-list" => "rows=null",
                    "lazy-array-list" | "lazy-hash-map" => "@String[row]",
                    "lazy-proxy" => "h=@Lazy$1[",
                    "cycle-exception" => "[CIRCULAR REFERENCE: ",
                    "null" => "null,",
                    _ => match name.rsplit_once('-') {
                        Some(("throw" | "block" | "exit", _)) => "label=label of ",
                        _ => "",
                    },
                };
                assert!(text(&shown).contains(part), "{name}: {shown}");
            }
            watch.interrupt();
        }
        java.assert_undisturbed();
    }
}

#[test]
fn what_contains_itself_is_said_to() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        let mut watch = watch(&java, "params[0]", "-x 4");
        for (name, part) in [
            ("cycle-list", "@ArrayList[the object 1 level above]"),
            ("cycle-array", "@Object[][the object 2 levels above]"),
            ("cycle-map", "@HashMap[the object 1 level above]"),
            ("cycle-object", "next=@Touchy[the object 1 level above]"),
        ] {
            passed(&mut java, &format!("show {name}"));
            let shown = watch.next("watch");
            assert!(text(&shown).contains(part), "{name}: {}", text(&shown));
        }
        watch.interrupt();
        java.assert_undisturbed();
    }
}

/// What asks values for something: the line that passes them, and the expression.
const ASKING: [(&str, &str); 9] = [
    ("show MANNER", "params[0].name"),
    ("show MANNER", "params[0].getName()"),
    ("show MANNER", "params[0].toString()"),
    ("show MANNER", "params[0].hashCode()"),
    ("show MANNER", "\"it is \" + params[0]"),
    ("pair MANNER MANNER-list", "params[1].contains(params[0])"),
    ("pair MANNER MANNER-key", "params[1].get(params[0])"),
    ("pair MANNER MANNER-tree", "params[1].containsKey(params[0])"),
    ("pair MANNER null-object", "params[0].equals(params[1])"),
];

#[test]
fn without_the_permission_nothing_is_called_and_the_answer_says_so() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).with_agent(LOOKER).start();
        for manner in ["throw", "block", "overflow", "exit"] {
            for (line, express) in ASKING {
                let line = line.replace("MANNER", manner);
                let method = if line.starts_with("show") { "show" } else { "same" };
                let watch = format!("watch values.Hostile {method} '{express}' -n 1 --budget off");
                let mut watch = Observation::start(&java, &watch);
                let (touched, _) = passed(&mut java, &line);
                assert_eq!(touched, 0, "{manner} {express}");
                let lines = watch.wait();
                assert!(end(&lines).contains("permission evaluate"), "{express}: {lines:#?}");
            }
            // Operators ask, too, or know without.
            for express in [
                "params[0] == params[1]",
                "params[0] != params[1]",
                "params[0] > params[1]",
                "params[0] in params",
            ] {
                let watch = format!("watch values.Hostile same '{express}' -n 1 --timeout 3 --budget off");
                let mut watch = Observation::start(&java, &watch);
                for other in [manner, "recur", "null-object"] {
                    let (touched, _) = passed(&mut java, &format!("pair {manner} {other}"));
                    assert_eq!(touched, 0, "{manner} {express} {other}");
                }
                let lines = watch.wait();
                let answered = lines.iter().any(|line| line["type"] == "watch");
                assert!(answered || end(&lines).contains("permission evaluate"), "{express}: {lines:#?}");
            }
            // A getter that only reads a field is no call.
            let mut watch = watch(&java, "params[0].label", "-n 1");
            assert_eq!(passed(&mut java, &format!("show {manner}")).0, 0);
            assert_eq!(text(&watch.next("watch")), format!("@String[label of {manner}]"));
            watch.wait();
        }
        java.assert_undisturbed();
    }
}

#[test]
fn what_is_called_and_fails_is_a_fault_of_the_command_alone() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        for (manner, why) in [("throw", "IllegalStateException"), ("overflow", "StackOverflowError")] {
            for express in ["params[0].name", "params[0].toString()", "params[0].hashCode()"] {
                let mut watch = watch(&java, express, "-n 1");
                assert_eq!(passed(&mut java, &format!("show {manner}")).0, 1, "it was to be called");
                let lines = watch.wait();
                assert!(end(&lines).contains(why), "{manner} {express}: {lines:#?}");
                assert_eq!(lines.iter().rfind(|line| line["type"] == "observed").unwrap()["faults"], 1);
            }
        }
        // Who calls the watched method from within is not told of it, nor waits for itself.
        let mut watch = watch(&java, "params[0].name", "-n 100");
        assert_eq!(passed(&mut java, "show recur").0, 1);
        assert_eq!(text(&watch.next("watch")), "@String[getName]");
        let all = watch.interrupt();
        assert_eq!(all.iter().filter(|line| line["type"] == "watch").count(), 1, "{all:#?}");
        // As a condition.
        let line = "watch values.Hostile show params 'params[0].name == \"x\"' --budget off";
        let mut condition = Observation::start(&java, line);
        passed(&mut java, "show throw");
        assert!(end(&condition.wait()).contains("IllegalStateException"));
        assert!(java.process.is_alive());
        assert_eq!(exec(java.pid(), "stop").code, 0);
        java.assert_undisturbed();
    }
}

/// Whoever calls a method that blocks has blocked the application, as with every such tool. The command, the agent and
/// the way back are not.
#[test]
fn a_getter_that_blocks_holds_up_neither_the_command_nor_the_agents_end() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        let blocked = watch(&java, "params[0].name", "-n 1");
        java.tell("enter block");
        eventually("the getter to wait", || {
            let stack = java.jdk_tool("jcmd", &["Thread.print"]);
            stack.contains("values.Touchy.await").then_some(())
        });
        let start = Instant::now();
        blocked.interrupt();
        // Others see what they look at meanwhile.
        let mut other = watch(&java, "params[0]", "-n 1");
        passed(&mut java, "show null");
        assert_eq!(text(&other.next("watch")), "null");
        other.wait();
        exec_json(java.pid(), "reset");
        assert_eq!(exec(java.pid(), "stop").code, 0);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        java.tell("release");
        eventually("our threads to end", || {
            thread_names(java.pid()).iter().all(|name| !name.starts_with("oxprobe")).then_some(())
        });
        let mut again = watch(&java, "params[0]", "-n 1");
        passed(&mut java, "show null");
        again.next("watch");
        again.wait();
        java.assert_undisturbed();
    }
}

#[test]
fn a_getter_that_exits_ends_the_jvm_with_its_own_code() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        let mut watch = watch(&java, "params[0].name", "-n 1");
        java.process.say("show exit");
        let start = Instant::now();
        assert_eq!(java.process.wait().code(), Some(99), "{:?}", java.process.errors());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        watch.wait();
        java.assert_undisturbed();
    }
}

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
fn arguments_are_what_they_are_at_the_moment_that_is_shown() {
    for jdk in some_jdks() {
        let mut java = hostile(&jdk).start();
        let line = "watch values.Hostile assigned params -x 2 -b -f --budget off";
        let mut watch = Observation::start(&java, line);
        let answer = java.ask("assign");
        assert_eq!(answer, "first10201.52/second1140-1.53");
        let data = |shown: Value| (shown["accessPoint"].clone(), shown["data"].clone());
        let before = data(watch.next("watch"));
        assert_eq!(before, ("AtEnter".into(), serde_json::json!(["first", 10, 20, 1.5, [1, 2]])));
        // As Arthas shows them: what the method has stored is what its parameters are.
        let after = data(watch.next("watch"));
        assert_eq!(after, ("AtExit".into(), serde_json::json!(["second", 11, 40, -1.5, [7, 8, 9]])));
        watch.interrupt();
        java.assert_undisturbed();
    }
}

#[test]
fn nothing_is_shown_as_null_wherever_it_is() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let express = "{params[0],target,returnObj,throwExp,params[0]}";
        let mut watch = watch(&java, express, "-x 2");
        for (name, first) in [
            ("null", serde_json::json!(null)),
            ("null-list", serde_json::json!([null, null])),
            ("null-array", serde_json::json!([null, null])),
            ("null-map", serde_json::json!([[null, null]])),
        ] {
            passed(&mut java, &format!("show {name}"));
            let shown = watch.next("watch");
            assert_eq!(shown["data"], serde_json::json!([first, null, first, null, first]), "{shown}");
        }
        watch.interrupt();
        let line = "watch values.Hostile$Bare * '{params,target==null,returnObj}' -x 2 --budget off";
        let mut watch = Observation::start(&java, line);
        java.tell("nothing");
        let shown = [watch.next("watch"), watch.next("watch"), watch.next("watch")];
        let data: Vec<_> = shown.iter().map(|shown| (&shown["methodName"], &shown["data"])).collect();
        let expected = [
            (serde_json::json!("none"), serde_json::json!([[], true, null])),
            (serde_json::json!("<init>"), serde_json::json!([[], false, null])),
            (serde_json::json!("same"), serde_json::json!([[null], false, null])),
        ];
        assert_eq!(data, expected.each_ref().map(|(name, data)| (name, data)));
        watch.interrupt();
        // To ask null for something is a fault, told and no more.
        let mut fault = self::watch(&java, "params[0].name", "-n 1");
        passed(&mut java, "show null");
        assert!(end(&fault.wait()).contains("null"));
        java.assert_undisturbed();
    }
}

/// UTF-16 units as the program prints them.
fn units(escaped: &str) -> Vec<u16> {
    escaped
        .as_bytes()
        .chunks(4)
        .map(|unit| u16::from_str_radix(std::str::from_utf8(unit).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn texts_arrive_unit_by_unit_and_broken_ones_as_the_mark_for_that() {
    for jdk in jdks() {
        let mut java = hostile(&jdk).start();
        let names = java.ask("names");
        let mut watch = watch(&java, "params[0]", "-n 1000");
        let mut seen = 0;
        for name in names.split(' ').filter(|name| name.starts_with("text-")) {
            let expected = String::from_utf16_lossy(&units(&java.ask(&format!("escapes {name}"))));
            passed(&mut java, &format!("show {name}"));
            let shown = watch.next("watch");
            assert_eq!(shown["data"], expected, "{name}");
            let line = expected.replace('\n', "\\n").replace('\r', "\\r");
            assert_eq!(text(&shown), format!("@String[{line}]"), "{name}");
            seen += 1;
        }
        assert!(seen >= 7, "{names}");
        watch.interrupt();
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
        if round % 100 == 99 {
            socket.exec("reset");
        }
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
    assert!(per_round(|held| held.metaspace).abs() < 0.25, "{report}");
    assert!(per_round(|held| held.rss).abs() < 2.0, "{report}");
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
