//! Two JVMs that run the same program, one with the real Arthas and one with us, and the same line asked of both: the JSON
//! results are compared value by value.
//!
//! ```no_run
//! # use harness::{jdk, twins::{Line, Twins}, JavaBuilder};
//! let twins = Twins::start(|| JavaBuilder::new(&jdk("17"), "demo.Shop").start());
//! twins.compare(&[Line::of("sc demo.*"), Line::of("sm demo.Shop").sorted("sm")]);
//! ```
//!
//! What no two JVMs agree on is taken out before: numbers of jobs, ids of processes, hashes (those of loaders stand at the
//! place they first occur: `#1`, `#2`, …, so that the same is the same), numbers of lambdas and hidden classes, costs and
//! times. Fields that we have and Arthas has not are no difference; a field that Arthas has must be there with its value.
//! `SIDE` in a line stands for `theirs` or `ours`. A difference that is on purpose is named by its line, with the reason in
//! docs/differences.md.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::arthas::{self, Arthas};
use crate::{Curl, Java};

/// The program twice.
pub struct Twins {
    /// With Arthas.
    pub theirs: Java,
    /// With us.
    pub ours: Java,
    arthas: Arthas,
    curl: Arc<Curl>,
}

/// A command line and how its results are compared.
pub struct Line {
    line: String,
    sorted: Vec<&'static str>,
    left_out: Vec<(&'static str, &'static str)>,
    only: Vec<&'static str>,
    ours: Option<String>,
}

impl Line {
    /// Everything must be equal, in this order.
    pub fn of(line: impl Into<String>) -> Self {
        let (sorted, left_out, only) = Default::default();
        Self { line: line.into(), sorted, left_out, only, ours: None }
    }

    /// Results of this type are in no promised order.
    #[must_use]
    pub fn sorted(mut self, kind: &'static str) -> Self {
        self.sorted.push(kind);
        self
    }

    /// The elements of the arrays that are called so are in no promised order.
    #[must_use]
    pub fn unordered(mut self, field: &'static str) -> Self {
        self.sorted.push(field);
        self
    }

    /// The field of this name differs on purpose, wherever it is; the words of the row in docs/differences.md that says why.
    #[must_use]
    pub fn but(mut self, field: &'static str, why: &'static str) -> Self {
        let page = include_str!("../../docs/differences.md");
        assert!(page.contains(why), "docs/differences.md does not say: {why}");
        self.left_out.push((field, why));
        self
    }

    /// Only results of this type are compared, and the status.
    #[must_use]
    pub fn only(mut self, kind: &'static str) -> Self {
        self.only.push(kind);
        self
    }

    /// We are asked this instead, since a name or a hash is another one in each JVM.
    #[must_use]
    pub fn ours(mut self, line: impl Into<String>) -> Self {
        self.ours = Some(line.into());
        self
    }
}

impl Twins {
    /// Starts the program twice and puts one agent into each.
    pub fn start(java: impl Fn() -> Java) -> Self {
        let (theirs, ours) = (java(), java());
        let arthas = arthas::boot(&theirs, &[]);
        let curl = Arc::new(Curl::open(&ours, ""));
        Self { theirs, ours, arthas, curl }
    }

    /// The results of both, theirs first, as they are.
    pub fn ask(&self, line: &str) -> (Vec<Value>, Vec<Value>) {
        self.ask_each(&line.replace("SIDE", "theirs"), &line.replace("SIDE", "ours"))
    }

    fn ask_each(&self, theirs: &str, ours: &str) -> (Vec<Value>, Vec<Value>) {
        let (curl, ours) = (self.curl.clone(), ours.to_owned());
        let asked = std::thread::spawn(move || curl.api(&json!({"action": "exec", "command": ours})));
        let theirs = self.arthas.exec(theirs);
        let results = |answer: &Value| answer["body"]["results"].as_array().cloned().unwrap_or_default();
        (results(&theirs), results(&asked.join().expect("we answer")))
    }

    /// Says of each line what differs, and fails if anything does.
    pub fn compare(&self, lines: &[Line]) {
        let wrong: Vec<String> = lines.iter().flat_map(|line| self.differences(line)).collect();
        assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    }

    /// What differs on a line, each in a line of text.
    pub fn differences(&self, line: &Line) -> Vec<String> {
        let for_us = line.ours.as_deref().unwrap_or(&line.line);
        let (theirs, ours) =
            self.ask_each(&line.line.replace("SIDE", "theirs"), &for_us.replace("SIDE", "ours"));
        let [theirs, ours] = [theirs, ours].map(|results| plain(results, line));
        let mut wrong = Vec::new();
        differ(&line.line, &Value::Array(theirs), &Value::Array(ours), line, &mut wrong);
        wrong
    }

    /// Stops Arthas; both programs end when this is dropped.
    pub fn stop(self) {
        self.arthas.stop();
    }
}

/// What Arthas has and we have otherwise. Long values are cut.
fn differ(place: &str, theirs: &Value, ours: &Value, line: &Line, wrong: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, theirs) in theirs {
                if line.left_out.iter().any(|(field, _)| field == name) {
                    continue;
                }
                let ours = ours.get(name).unwrap_or(&Value::Null);
                differ(&format!("{place} .{name}"), theirs, ours, line, wrong);
            }
        }
        (Value::Array(theirs), Value::Array(ours)) if theirs.len() == ours.len() => {
            for (index, (theirs, ours)) in theirs.iter().zip(ours).enumerate() {
                differ(&format!("{place} [{index}]"), theirs, ours, line, wrong);
            }
        }
        (theirs, ours) if theirs != ours => {
            let cut = |value: &Value| value.to_string().chars().take(400).collect::<String>();
            wrong.push(format!("{place}: theirs {} ours {}", cut(theirs), cut(ours)));
        }
        _ => {}
    }
}

/// The results without what no two JVMs agree on.
fn plain(results: Vec<Value>, line: &Line) -> Vec<Value> {
    let mut names = Names::default();
    let wanted = |result: &Value| {
        line.only.is_empty()
            || result["type"] == "status"
            || line.only.iter().any(|kind| result["type"] == *kind)
    };
    let mut results: Vec<Value> = results
        .into_iter()
        .filter(wanted)
        // What we say in words besides, as of classes that were left out, Arthas does not.
        .filter(|result| result["type"] != "message")
        .collect();
    // Before hashes get their numbers: those go by the order.
    sort_results(&mut results, line);
    results.into_iter().map(|result| names.plain(result, line)).collect()
}

fn sort_results(results: &mut [Value], line: &Line) {
    for kind in &line.sorted {
        let first = results.iter().position(|result| result["type"] == *kind);
        let last = results.iter().rposition(|result| result["type"] == *kind);
        if let (Some(first), Some(last)) = (first, last) {
            results[first..=last].sort_by_cached_key(|value| key(value, line));
        }
    }
}

/// By what a value is sorted: itself, with its own hashes numbered.
fn key(value: &Value, line: &Line) -> String {
    Names::default().plain(value.clone(), line).to_string()
}

/// Hashes in the order in which they occur.
#[derive(Default)]
struct Names(Vec<String>);

/// Fields whose values are of one JVM and one moment.
const OF_THE_MOMENT: [&str; 4] = ["jobId", "cost", "timestamp", "ts"];

impl Names {
    fn plain(&mut self, value: Value, line: &Line) -> Value {
        match value {
            Value::Object(fields) => {
                let kept = fields.into_iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()));
                let plain = kept.map(|(name, value)| {
                    let value = match value {
                        Value::String(hash) if name.ends_with("ash") => Value::String(self.number(&hash)),
                        Value::Array(mut all) if line.sorted.contains(&name.as_str()) => {
                            all.sort_by_cached_key(|value| key(value, line));
                            self.plain(Value::Array(all), line)
                        }
                        value => self.plain(value, line),
                    };
                    (name, value)
                });
                Value::Object(plain.collect::<Map<_, _>>())
            }
            Value::Array(values) => values.into_iter().map(|value| self.plain(value, line)).collect(),
            Value::String(text) => {
                Value::String(self.text(&text.replace("/theirs/", "/SIDE/").replace("/ours/", "/SIDE/")))
            }
            other => other,
        }
    }

    /// `a.Loader@1b2c` and `Foo$$Lambda$14/0x00007f` without their numbers.
    fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['@', '/', '$', '-']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let (mark, behind) = from.split_at(1);
            out.push_str(mark);
            let (kind, digits) = match behind.strip_prefix("0x") {
                Some(digits) => ("0x", digits),
                None => ("", behind),
            };
            let end = digits.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(digits.len());
            let (word, after) = digits.split_at(end);
            let is_number = match mark {
                // Of the boot loader it says `null`.
                "@" | "-" => (5..=8).contains(&word.len()) && !after.starts_with(char::is_alphanumeric),
                "$" => out.ends_with("$Lambda$") && !word.is_empty(),
                _ => (kind == "0x" || out.contains("$Lambda")) && !word.is_empty(),
            };
            if is_number {
                let number = if matches!(mark, "@" | "-") { self.number(word) } else { "N".to_owned() };
                out.push_str(&number);
                rest = after;
            } else {
                rest = behind;
            }
        }
        out.push_str(rest);
        out
    }

    fn number(&mut self, hash: &str) -> String {
        if hash == "null" {
            return hash.to_owned();
        }
        let known = self.0.iter().position(|known| known == hash).unwrap_or_else(|| {
            self.0.push(hash.to_owned());
            self.0.len() - 1
        });
        format!("#{}", known + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_two_jvms_are_the_same_where_their_places_are() {
        let one = json!([{"hash": "1b2c3d4e", "name": "a.B@1b2c3d4e", "jobId": 1, "type": "x"}]);
        let other = json!([{"hash": "a0b0c0d0", "name": "a.B@a0b0c0d0", "jobId": 9, "type": "x"}]);
        let line = Line::of("x");
        let plain = |value: &Value| plain(value.as_array().unwrap().clone(), &line);
        assert_eq!(plain(&one), plain(&other));
        let third = json!([{"hash": "a0b0c0d0", "name": "a.B@a0b0c0d1", "type": "x"}]);
        assert_ne!(plain(&one), plain(&third));
    }

    #[test]
    fn lambdas_lose_their_numbers_and_names_keep_theirs() {
        let mut names = Names::default();
        assert_eq!(names.text("p.P$$Lambda$14/0x00007f01"), "p.P$$Lambda$N/N");
        assert_eq!(names.text("p.P$$Lambda/0x00007f01"), "p.P$$Lambda/N");
        assert_eq!(names.text("p.P$$Lambda$1/31168322"), "p.P$$Lambda$N/N");
        assert_eq!(names.text("p.P$1$2 /a/b/c"), "p.P$1$2 /a/b/c");
    }

    #[test]
    fn a_value_that_differs_is_told_with_its_place() {
        let mut wrong = Vec::new();
        differ("l", &json!([{"a": [1, 2]}]), &json!([{"a": [1, 3], "more": 1}]), &Line::of("l"), &mut wrong);
        assert_eq!(wrong, ["l [0] .a [1]: theirs 2 ours 3"]);
    }
}
