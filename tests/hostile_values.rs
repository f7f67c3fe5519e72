//! Looking at values that do not want to be looked at: what blocks, throws, exits or loads when it is called is shown
//! without the application noticing. `values.Hostile` counts the calls of its values' methods itself.

use std::time::{Duration, Instant};

use harness::hostile::{end, hostile, passed, some_jdks, text, watch};
use harness::resources::thread_names;
use harness::{Observation, eventually, exec, exec_json, jdks};
use serde_json::Value;

/// Who may look, and call nothing of the application's.
const LOOKER: &str = "permissions=view observe admin";

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
        let mut values = watch(&java, express, "-x 2");
        for (name, first) in [
            ("null", serde_json::json!(null)),
            ("null-list", serde_json::json!([null, null])),
            ("null-array", serde_json::json!([null, null])),
            ("null-map", serde_json::json!([[null, null]])),
        ] {
            passed(&mut java, &format!("show {name}"));
            let shown = values.next("watch");
            assert_eq!(shown["data"], serde_json::json!([first, null, first, null, first]), "{shown}");
        }
        values.interrupt();
        let line = "watch values.Hostile$Bare * '{params,target==null,returnObj}' -x 2 --budget off";
        let mut bare = Observation::start(&java, line);
        java.tell("nothing");
        let shown = [bare.next("watch"), bare.next("watch"), bare.next("watch")];
        let data: Vec<_> = shown.iter().map(|shown| (&shown["methodName"], &shown["data"])).collect();
        let expected = [
            (serde_json::json!("none"), serde_json::json!([[], true, null])),
            (serde_json::json!("<init>"), serde_json::json!([[], false, null])),
            (serde_json::json!("same"), serde_json::json!([[null], false, null])),
        ];
        assert_eq!(data, expected.each_ref().map(|(name, data)| (name, data)));
        bare.interrupt();
        // To ask null for something is a fault, told and no more.
        let mut fault = watch(&java, "params[0].name", "-n 1");
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
