//! The longest time that all threads stood still, from the JVM's own log.

use std::path::Path;

use harness::{JavaBuilder, Jdk};

/// The program, with a log of its stops.
pub fn logged(builder: JavaBuilder, jdk: &Jdk, log: &Path) -> JavaBuilder {
    let log = log.display();
    if jdk.major == 8 {
        return builder.vm("-XX:+PrintGCApplicationStoppedTime").vm(format!("-Xloggc:{log}"));
    }
    builder.vm(format!("-Xlog:safepoint:file={log}"))
}

/// Milliseconds of every stop in the log, in order.
pub fn millis(log: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(log).expect("the JVM writes its log");
    text.lines().filter_map(stop).collect()
}

/// `Total time for which application threads were stopped: 0.0123 seconds, …` up to JDK 12, later
/// `Safepoint "RedefineClasses", Time since last: 1 ns, …, Total: 12345 ns`.
fn stop(line: &str) -> Option<f64> {
    let number = |label: &str| -> Option<f64> {
        let (_, after) = line.split_once(label)?;
        after.split_whitespace().next()?.trim_end_matches(',').parse().ok()
    };
    let old = number("application threads were stopped: ").map(|seconds| seconds * 1e3);
    old.or_else(|| Some(number("Total: ")? / 1e6))
}

#[cfg(test)]
mod tests {
    use super::stop;

    #[test]
    fn a_stop_is_read_from_the_lines_of_every_jdk() {
        let eight = "1.1: Total time for which application threads were stopped: 0.0200000 seconds, Stopping threads took: 0.0000100 seconds";
        assert_eq!(stop(eight), Some(20.0));
        let seventeen = "[0.1s][info][safepoint] Safepoint \"RedefineClasses\", Time since last: 17 ns, Reaching safepoint: 3 ns, Cleanup: 4 ns, At safepoint: 5 ns, Total: 1500000 ns";
        assert_eq!(stop(seventeen), Some(1.5));
        assert_eq!(stop("[0.1s][info][safepoint] Application time: 0.2 seconds"), None);
    }
}
