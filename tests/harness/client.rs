//! `oxprobe exec`, as a script would use it.

use std::process::Output;

use serde_json::Value;

use crate::binaries::oxprobe;

/// What `oxprobe` said and how it ended.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its exit code.
    pub code: i32,
    /// Its output.
    pub out: String,
    /// Its errors.
    pub err: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Answer {
    /// The answer of a run of `oxprobe`.
    pub fn of(args: &[&str]) -> Self {
        oxprobe().args(args).output().expect("oxprobe starts").into()
    }

    /// The output of a run that must succeed.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.out
    }
}

/// Runs a command line in a JVM and gives its text. The agent is attached if it is not in.
pub fn exec(pid: u32, line: &str) -> Answer {
    Answer::of(&["exec", &pid.to_string(), line])
}

/// Runs a command line in a JVM and gives its results, which must end with a status of 0.
pub fn exec_json(pid: u32, line: &str) -> Vec<Value> {
    let answer = Answer::of(&["exec", &pid.to_string(), "--json", line]);
    let results: Vec<Value> = answer
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why} in {line}")))
        .collect();
    let status = results.last().unwrap_or_else(|| panic!("no result: {answer:#?}"));
    assert_eq!(status["type"], "status", "{answer:#?}");
    assert_eq!(status["statusCode"], 0, "{line}: {answer:#?}");
    results
}

/// The first result of a type.
pub fn result<'a>(results: &'a [Value], kind: &str) -> &'a Value {
    results
        .iter()
        .find(|result| result["type"] == kind)
        .unwrap_or_else(|| panic!("no {kind} in {results:#?}"))
}
