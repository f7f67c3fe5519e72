//! What `gc` tells as it happens beside the JVM's own log of the same collections.

use harness::{JavaBuilder, exec_json, jdks};
use serde_json::Value;

#[test]
fn pauses_agree_with_the_jvms_own_log() {
    for jdk in jdks() {
        let log = tempfile::NamedTempFile::new().unwrap();
        let option = match jdk.major {
            8 => format!("-Xloggc:{}", log.path().display()),
            _ => format!("-Xlog:gc:file={}", log.path().display()),
        };
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame").vm(option).start();
        exec_json(java.pid(), "gc");
        let mut live = harness::Running::start(harness::oxprobe().args([
            "exec",
            &java.pid().to_string(),
            "--json",
            "gc -n 3",
        ]));
        live.line("the totals", |line| line.contains("collectors"));
        let logged = || {
            let text = std::fs::read_to_string(log.path()).unwrap();
            text.lines()
                .filter(|line| line.contains("Pause") || line.contains("Full GC"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let before = logged().len();
        for _ in 0..3 {
            java.tell("gc");
            // The JVM keeps the details of the last collection only, so one after the other.
            live.line("the pause", |line| line.contains("gc-event"));
        }
        assert_eq!(live.wait().code(), Some(0), "{:?}", live.errors());
        let events: Vec<Value> = live
            .output()
            .iter()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["type"] == "gc-event")
            .collect();
        assert_eq!(events.len(), 3, "JDK {}: {events:?}", jdk.major);
        // `[1.2s][info][gc] GC(3) Pause Full (System.gc()) 2M->1M(247M) 2.345ms`, on 8 `…, 0.0023450 secs]`
        let theirs: Vec<f64> = logged()[before..]
            .iter()
            .map(|line| {
                let (number, scale) = match line.split_once(" secs]") {
                    Some((head, _)) => (head.rsplit(' ').next().unwrap(), 1e3),
                    None => (line.trim_end_matches("ms").rsplit(' ').next().unwrap(), 1.0),
                };
                number.parse::<f64>().unwrap_or_else(|why| panic!("{why}: {line}")) * scale
            })
            .collect();
        assert_eq!(theirs.len(), 3, "JDK {}: {:?}", jdk.major, logged());
        for (event, theirs) in events.iter().zip(theirs) {
            // The JVM's log takes its times a little inside of where the events stand.
            let ours = event["durationMs"].as_f64().unwrap_or(0.0);
            assert!(
                ours > theirs * 0.7 && ours < theirs * 1.5 + 5.0,
                "JDK {}: {ours} ms, {theirs} ms",
                jdk.major
            );
            assert!(event["collector"].as_str().is_some_and(|name| name.contains("MarkSweep")), "{event}");
        }
    }
}

/// A marking runs for longer than any of its pauses: taken for one it would stand out.
#[test]
fn a_concurrent_marking_is_told_by_its_pauses_alone() {
    for jdk in ["17", "25"].map(harness::jdk) {
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut java = JavaBuilder::new(&jdk, "demo.MathGame")
            .vm("-XX:-UseSerialGC")
            .vm("-XX:+UseG1GC")
            .vm("-XX:+ExplicitGCInvokesConcurrent")
            .vm(format!("-Xlog:gc:file={}", log.path().display()))
            .start();
        exec_json(java.pid(), "gc");
        let pid = java.pid().to_string();
        let mut live = harness::Running::start(harness::oxprobe().args(["exec", &pid, "--json", "gc -i 20"]));
        live.line("the totals", |line| line.contains("collectors"));
        let logged = |what: &str| -> Vec<f64> {
            let text = std::fs::read_to_string(log.path()).unwrap();
            let ends = text
                .lines()
                .filter(|line| line.contains(what))
                .filter_map(|line| line.strip_suffix("ms")?.rsplit(' ').next()?.parse::<f64>().ok());
            ends.collect()
        };
        let before = logged("Pause").len();
        for marking in 1..=3 {
            java.tell("gc");
            harness::eventually("the marking to end", || {
                (logged("Concurrent Mark Cycle").len() == marking).then_some(())
            });
        }
        let (events, theirs) = harness::eventually("every pause to be told", || {
            let output = live.output();
            let events: Vec<Value> = output
                .iter()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .filter(|event| event["type"] == "gc-event")
                .collect();
            let theirs = logged("Pause").split_off(before);
            (events.len() >= theirs.len()).then_some((events, theirs))
        });
        assert_eq!(events.len(), theirs.len(), "JDK {}: {events:#?} {theirs:?}", jdk.major);
        assert!(theirs.len() >= 9, "three pauses for each of three markings: {theirs:?}");
        for (event, theirs) in events.iter().zip(theirs) {
            assert_eq!(event["kind"], "pause", "JDK {}: {event}", jdk.major);
            let ours = event["durationMs"].as_f64().unwrap_or(0.0);
            assert!(
                ours > theirs * 0.7 - 0.1 && ours < theirs * 1.5 + 5.0,
                "JDK {}: {ours} ms, {theirs} ms",
                jdk.major
            );
        }
        assert!(!live.output().iter().any(|line| line.contains("gc-missed")), "{:?}", live.output());
    }
}
