//! `values.Hostile`, a program with values that are hard to look at, and what commands say of them.

use std::time::Duration;

use serde_json::Value;

use crate::{Java, JavaBuilder, Jdk, Observation, jdks};

/// The program on a JDK.
pub fn hostile(jdk: &Jdk) -> JavaBuilder {
    JavaBuilder::new(jdk, "values.Hostile")
}

/// With the oldest JDK, the most used and the newest.
pub fn some_jdks() -> impl Iterator<Item = Jdk> {
    jdks().into_iter().filter(|jdk| matches!(jdk.major, 8 | 17 | 25))
}

/// What the program says of a value that it has passed to a method: how often it was called, and how long that took.
pub fn passed(java: &mut Java, line: &str) -> (u64, Duration) {
    let answer = java.ask(line);
    let number = |name: &str| {
        let value = answer.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {answer}"))
    };
    (number("touched"), Duration::from_micros(number("micros")))
}

/// Watches the method that values are passed to.
pub fn watch(java: &Java, express: &str, more: &str) -> Observation {
    Observation::start(java, &format!("watch values.Hostile show '{express}' --budget off {more}"))
}

/// The text of a result.
pub fn text(shown: &Value) -> &str {
    shown["value"].as_str().unwrap_or_default()
}

/// Why a command ended.
pub fn end(lines: &[Value]) -> &str {
    let status = lines.iter().rfind(|line| line["type"] == "status");
    status.and_then(|status| status["message"].as_str()).unwrap_or_default()
}
