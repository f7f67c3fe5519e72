//! Several commands on one connection: `oxprobe exec -c` and `-f`, their order, their statuses and their
//! exit codes.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use harness::{Answer, Java, jdk, oxprobe};
use serde_json::Value;

fn run(java: &Java, args: &[&str]) -> Answer {
    let pid = java.pid().to_string();
    Answer::of(&[&["exec", &pid], args].concat())
}

fn json(java: &Java, args: &[&str]) -> Vec<Value> {
    let answer = run(java, &[&["--json"], args].concat());
    answer.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["type"].as_str().unwrap()).collect()
}

#[test]
fn commands_run_in_order_and_the_first_failure_is_the_exit_code() {
    let java = Java::demo(&jdk("17"));
    let cwd = std::fs::read_link(format!("/proc/{}/cwd", java.pid())).unwrap();
    let version = run(&java, &["version"]).ok();
    let both = format!("{version}{}\n", cwd.display());
    assert_eq!(run(&java, &["-c", "version; pwd"]).ok(), both);
    assert_eq!(run(&java, &["-c", " version ;; pwd | grep '/' ; "]).ok(), both);
    assert_eq!(run(&java, &["-c", "pwd | grep 'a;b'; version"]).ok(), version, "a quoted ; is text");

    let failed = run(&java, &["-c", "version; sysprop no.such.key; thread -n x; pwd"]);
    assert_eq!((failed.code, failed.out.as_str()), (1, both.as_str()), "{failed:#?}");
    assert!(failed.err.contains("that was `sysprop no.such.key`"), "{failed:#?}");
    assert_eq!(run(&java, &["-c", "nosuch; sysprop no.such.key"]).code, 2, "the first counts");
    let stopped = run(&java, &["--stop-on-error", "-c", "version; sysprop no.such.key; pwd"]);
    assert_eq!((stopped.code, stopped.out), (1, version.clone()));
    assert_eq!(run(&java, &["-c", "version; quit; pwd"]).ok(), version);
}

#[test]
fn programs_get_each_commands_results_and_status() {
    let java = Java::demo(&jdk("17"));
    let results = json(&java, &["-c", "version; sysprop no.such.key; thread -n x; pwd"]);
    assert_eq!(kinds(&results), ["version", "status", "status", "status", "pwd", "status"]);
    let statuses: Vec<&Value> = results
        .iter()
        .filter(|result| result["type"] == "status")
        .map(|status| &status["statusCode"])
        .collect();
    assert_eq!(statuses, [0, 1, -10, 0]);
    let (first, last) = (&results[0]["jobId"], &results[4]["jobId"]);
    assert!(first.as_u64() < last.as_u64(), "{results:#?}");
    assert_eq!(results[1]["jobId"], *first);
}

#[test]
fn a_file_has_a_command_a_line() {
    let java = Java::demo(&jdk("17"));
    let version = run(&java, &["version"]).ok();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all("# 版本\n\n  version  \r\nsysprop java.vendor | grep 'no such; text'\nversion".as_bytes())
        .unwrap();
    let path = file.path().to_owned();
    let path = path.to_str().unwrap();
    assert_eq!(run(&java, &["-f", path]).ok(), version.repeat(2));

    let pid = java.pid().to_string();
    let mut child = oxprobe()
        .args(["exec", &pid, "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"version\n").unwrap();
    assert_eq!(Answer::from(child.wait_with_output().unwrap()).ok(), version);

    file.write_all(b"\nversion\n\xff\n").unwrap();
    let torn = run(&java, &["-f", path]);
    assert!(torn.code == 2 && torn.err.contains("line 7 is not UTF-8") && torn.out.is_empty(), "{torn:#?}");
    assert_eq!(run(&java, &["-f", "/no/such/file"]).code, 2);
    assert_eq!(run(&java, &["-c", " ; "]).code, 2);
    assert_eq!(run(&java, &["-c", "version", "-f", path]).code, 2);
}

#[test]
fn the_time_is_that_of_all_commands_together() {
    let java = Java::demo(&jdk("17"));
    let begun = Instant::now();
    let late = run(&java, &["--timeout", "1", "-c", "version; dashboard; version"]);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(late.code, 1, "{late:#?}");
    assert!(late.err.contains("its time was up"), "{late:#?}");
    let version = run(&java, &["version"]).ok();
    assert!(late.out.starts_with(&version) && !late.out.ends_with(&version), "{late:#?}");
}

#[test]
fn a_jvm_that_is_not_there_is_told_apart_from_a_command_that_failed() {
    let mut java = Java::demo(&jdk("17"));
    assert_eq!(run(&java, &["--no-attach", "-c", "version; pwd"]).code, 3);
    let stopped = run(&java, &["-c", "stop; version"]);
    assert!(stopped.code != 0 && stopped.out.trim_end().ends_with("has left the JVM."), "{stopped:#?}");
    java.process.kill();
    assert_eq!(run(&java, &["-c", "version; pwd"]).code, 3);
}
