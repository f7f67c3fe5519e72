//! How long the application stands still for commands over all classes, by the JVM's own log: collections are not ours to
//! count, everything else is.

use std::path::Path;

use benches::row::Row;
use harness::{Answer, JavaBuilder, Jdk, exec};

/// What a stop of ours may take, in milliseconds.
const MOST: f64 = 10.0;

/// The longest stop while each line is asked.
pub fn measure(jdk: &Jdk, lines: &[&str], classes: usize) -> Vec<Row> {
    if jdk.major == 8 {
        // Its log of stops lies in a buffer until that is full.
        return Vec::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let builder = JavaBuilder::new(jdk, "classes.Main");
    let builder = builder.vm(format!("-Xlog:safepoint=info:file={}", log.display()));
    let java = super::program(builder, classes);
    Answer::of(&["attach", &java.pid().to_string()]).ok();
    let longest = |line: &str| {
        let before = stops(&log).len();
        let answer = exec(java.pid(), line);
        assert!(answer.out.contains(super::NAMED), "{line}: {}", answer.err);
        let seen = stops(&log);
        let new = seen.get(before..).unwrap_or_default();
        eprintln!("  {line}: {} stops", new.len());
        new.iter().copied().fold(0.0, f64::max)
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
    let mut all = Vec::new();
    for line in text.lines() {
        // `Safepoint "Operation", …, Total: N ns`.
        if let (Some(rest), false) = (line.split("Safepoint \"").nth(1), line.contains("Safepoint \"G1")) {
            let nanos = rest
                .split("Total:")
                .nth(1)
                .and_then(|rest| rest.trim().split(' ').next()?.parse::<f64>().ok());
            all.extend(nanos.map(|nanos| nanos / 1e6));
        }
    }
    all
}
