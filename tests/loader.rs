//! What `oxprobe` says of JVMs without a command in them: the list, the checks, a target by name.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

use harness::{Answer, Java, JavaBuilder, Running, exec, jdk, jdks};
use serde_json::Value;

/// The lines of `ps --json`.
fn seen() -> Vec<Value> {
    let text = Answer::of(&["ps", "--json"]).ok();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}")))
        .collect()
}

fn seen_as(pid: u32) -> Value {
    let all = seen();
    all.iter().find(|jvm| jvm["pid"] == pid).unwrap_or_else(|| panic!("{pid} is not in {all:#?}")).clone()
}

#[test]
fn ps_tells_of_each_jvm_what_it_is_and_whether_the_agent_is_in() {
    for jdk in jdks() {
        let java = Java::demo(&jdk);
        let pid = java.pid();
        let uid = std::fs::metadata(format!("/proc/{pid}")).unwrap().uid();
        let before = seen_as(pid);
        assert_eq!(before["main"], "demo.MathGame");
        assert_eq!(before["uid"], uid);
        assert_eq!(before["containerPid"], pid);
        assert_eq!(before["agent"], false);
        assert_eq!(before["tool"], false);
        let properties = java.jdk_tool("jcmd", &["VM.system_properties"]);
        let version = before["version"].as_str().unwrap_or_default();
        assert!(properties.contains(&format!("java.version={version}\n")), "JDK {}: {version}", jdk.major);
        Answer::of(&["attach", &pid.to_string()]).ok();
        assert_eq!(seen_as(pid)["agent"], true);
        let table = Answer::of(&["ps"]).ok();
        let row = table.lines().find(|line| line.starts_with(&format!("{pid} "))).unwrap_or_default();
        for part in [version, "yes", "demo.MathGame"] {
            assert!(row.contains(part), "JDK {}: no {part} in {row:?}", jdk.major);
        }
    }
}

#[test]
fn a_jvm_of_another_pid_namespace_is_listed_once_with_both_numbers() {
    let java = JavaBuilder::new(&jdk("17"), "SelfCheck").command();
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child"]).arg(java.get_program()).args(java.get_args());
    let mut process = Running::start(&mut command);
    process.line("the program to be ready", |line| line == "ready");
    // Its counters lie in our /tmp under the number 1, which is another process here.
    let ours: Vec<Value> = seen().into_iter().filter(|jvm| jvm["main"] == "SelfCheck").collect();
    assert_eq!(ours.len(), 1, "{ours:#?}");
    assert_eq!(ours[0]["containerPid"], 1);
    assert_ne!(ours[0]["pid"], 1);
    // It takes its counters with it; nobody else would remove those of a number that is always alive.
    process.say("exit");
    process.wait();
}

#[test]
fn a_part_of_the_name_in_any_case_is_a_target() {
    let java = JavaBuilder::new(&jdk("17"), "LoadLibrary").arg(&library().display().to_string()).start();
    let session = Answer::of(&["exec", "loadlib", "session"]).ok();
    assert!(session.contains(&java.pid().to_string()), "{session}");
}

/// A small library of the JDK.
fn library() -> std::path::PathBuf {
    jdk("17").home.join("lib/libprefs.so")
}

#[test]
fn doctor_finds_nothing_wrong_and_changes_nothing() {
    for jdk in jdks() {
        let mut java = Java::demo(&jdk);
        let report = Answer::of(&["doctor", &java.pid().to_string()]).ok();
        assert!(!report.contains("FAIL"), "JDK {}: {report}", jdk.major);
        assert!(report.lines().filter(|line| line.starts_with("ok")).count() > 8, "{report}");
        assert_eq!(seen_as(java.pid())["agent"], false, "the doctor has attached");
        assert_eq!(exec(java.pid(), "version").code, 0, "JDK {}: the doctor was wrong", jdk.major);
        java.assert_undisturbed();
    }
}

#[test]
fn doctor_names_what_stands_in_the_way_with_its_remedy() {
    let java = JavaBuilder::new(&jdk("17"), "demo.MathGame").vm("-XX:+DisableAttachMechanism").start();
    let pid = java.pid().to_string();
    let report = Answer::of(&["doctor", &pid]);
    assert_eq!(report.code, 4, "{report:#?}");
    let line = report.out.lines().find(|line| line.starts_with("FAIL")).unwrap_or_default();
    assert!(line.contains("DisableAttachMechanism") && line.contains("-agentpath"), "{report:#?}");
    // The same words and code as the attempt itself.
    let attempt = Answer::of(&["attach", &pid]);
    assert_eq!(attempt.code, report.code);
    let missing = Answer::of(&["doctor", &pid, "--agent", "/no/such/liboxprobe.so"]);
    assert!(missing.out.contains("--agent") && missing.code != 0, "{missing:#?}");
}
