//! A command that observes methods and goes on until it is told to end.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::PATIENCE;
use crate::binaries::oxprobe;
use crate::java::Java;
use crate::process::Running;

/// `oxprobe exec --json` of such a command.
pub struct Observation {
    process: Running,
    line: String,
    /// What it said about the classes and methods it put its probes into.
    pub enhanced: Value,
}

impl Observation {
    /// Starts it and waits until its probes are in.
    pub fn start(java: &Java, line: &str) -> Self {
        Self::start_within(PATIENCE, java, line)
    }

    /// The same, waiting so long: a whole JVM takes its time.
    pub fn start_within(patience: Duration, java: &Java, line: &str) -> Self {
        let mut observation = Self::start_unready(java, line);
        observation.enhanced = observation.next_within(patience, "enhancer");
        assert_eq!(observation.enhanced["success"], true, "{line}: {}", observation.enhanced);
        observation
    }

    /// Starts it and waits for nothing.
    pub fn start_unready(java: &Java, line: &str) -> Self {
        let process = Running::start(oxprobe().args(["exec", &java.pid().to_string(), "--json", line]));
        Self { process, line: line.to_owned(), enhanced: Value::Null }
    }

    /// How many methods its probes are in.
    pub fn methods(&self) -> u64 {
        self.enhanced["effect"]["methodCount"].as_u64().unwrap_or(0)
    }

    /// The next result of a type.
    pub fn next(&mut self, kind: &str) -> Value {
        self.next_within(PATIENCE, kind)
    }

    fn next_within(&mut self, patience: Duration, kind: &str) -> Value {
        let what = format!("{kind} of {}", self.line);
        let line = self.process.line_within(patience, &what, |line| of_type(line, kind).is_some());
        of_type(&line, kind).unwrap_or_default()
    }

    /// All results of a type so far.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.process.output().iter().filter_map(|line| of_type(line, kind)).collect()
    }

    /// Calls and failures of a method, over all cycles of a `monitor` so far.
    pub fn calls(&self, class: &str, method: &str) -> (u64, u64) {
        let cycles = self.all("monitor");
        let rows = cycles.iter().flat_map(|cycle| cycle["monitorDataList"].as_array().into_iter().flatten());
        let of_method = rows.filter(|row| row["className"] == class && row["methodName"] == method);
        let number = |row: &Value, field: &str| row[field].as_u64().unwrap_or(0);
        of_method.fold((0, 0), |(total, failed), row| {
            (total + number(row, "total"), failed + number(row, "failed"))
        })
    }

    /// Waits until a `monitor` has told at least so many calls of a method, and gives calls and failures.
    pub fn at_least(&self, class: &str, method: &str, calls: u64) -> (u64, u64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = self.calls(class, method);
            if seen.0 >= calls {
                return seen;
            }
            assert!(
                Instant::now() < deadline,
                "{}: {seen:?} of {calls} calls of {class} {method}",
                self.line
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Interrupts it, as Ctrl-C does, and gives all it printed.
    pub fn interrupt(mut self) -> Vec<Value> {
        self.process.signal("INT");
        self.wait()
    }

    /// Waits for its own end and gives all it printed.
    pub fn wait(&mut self) -> Vec<Value> {
        self.process.wait_for(PATIENCE);
        let lines = self.process.output();
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Kills the client: its session is lost without a word.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// What the client said on its errors.
    pub fn errors(&self) -> String {
        self.process.errors().join("\n")
    }
}

fn of_type(line: &str, kind: &str) -> Option<Value> {
    serde_json::from_str::<Value>(line).ok().filter(|value| value["type"] == kind)
}
