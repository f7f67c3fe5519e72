//! How long the application stands still for commands over all classes, by the JVM's own log: collections are not ours to
//! count, everything else is.

use std::path::Path;

use benches::row::Row;
use harness::{Answer, JavaBuilder, Jdk, exec};

/// What a stop of ours may take, in milliseconds.
const MOST: f64 = 10.0;

/// The longest stop while each line is asked.
pub fn measure(jdk: &Jdk, lines: &[&str], classes: usize) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let path = log.display();
    // JDK 8 keeps the log of collections, to which its stops belong, in a buffer, but not what it says to its terminal.
    let options = match jdk.major {
        8 => format!(
            "-XX:+UnlockDiagnosticVMOptions -XX:-DisplayVMOutput -XX:+LogVMOutput -XX:LogFile={path} \
             -XX:+PrintGCApplicationStoppedTime -XX:+PrintSafepointStatistics -XX:PrintSafepointStatisticsCount=1"
        ),
        _ => format!("-Xlog:safepoint=info:file={path}"),
    };
    let builder = JavaBuilder::new(jdk, "classes.Main");
    let java = super::program(options.split_whitespace().fold(builder, JavaBuilder::vm), classes);
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    let longest = |line: &str| {
        let before = stops(&log).len();
        let answer = exec(java.pid(), line);
        assert!(answer.err.is_empty() && !answer.out.is_empty(), "{line}: {}", answer.err);
        let seen = stops(&log);
        let new = seen.get(before..).unwrap_or_default();
        let longest = new.iter().copied().fold(0.0, f64::max);
        eprintln!("  {line}: {} stops, the longest {longest:.2} ms", new.len());
        longest
    };
    let row = |line: &&str| {
        let what = format!("longest stop in `{line}`, {classes} classes");
        Row::alone(&what, jdk, "ms", longest(line), MOST)
    };
    let rows = lines.iter().map(row).collect();
    // The log tells of stops: of this one, which nobody can do without.
    let before = stops(&log).len();
    java.jdk_tool("jcmd", &["Thread.print"]);
    harness::eventually("the log tells of a stop", || (stops(&log).len() > before).then_some(()));
    rows
}

/// The lengths in milliseconds of all stops so far but those of collections.
fn stops(log: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let (mut all, mut operation) = (Vec::new(), String::new());
    for line in text.lines() {
        // JDK 17: `Safepoint "Operation", …, Total: N ns`. JDK 8: `1.686: Operation  [ … ]`, then `Total time for which
        // application threads were stopped: 0.0033188 seconds, …`.
        let (length, unit) = if let Some((_, rest)) = line.split_once("Safepoint \"") {
            operation = rest.split('"').next().unwrap_or_default().to_owned();
            (rest.split_once("Total:"), 1e-6)
        } else if line.starts_with("Total time for which") {
            (line.split_once("stopped:"), 1e3)
        } else {
            let mut words = line.split_whitespace();
            if words.next().is_some_and(|when| when.trim_end_matches(':').parse::<f64>().is_ok()) {
                operation = words.next().unwrap_or_default().to_owned();
            }
            continue;
        };
        let length = length.and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<f64>().ok());
        let is_collection = operation.contains("Collect") || operation.starts_with("G1");
        all.extend(length.filter(|_| !is_collection).map(|length| length * unit));
    }
    all
}
