//! The log: a line an event on stderr, with its moment and level.
//!
//! What outsiders send is shown with its control characters escaped, so that nobody can forge a
//! line or move the operator's cursor.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

use crate::clock;

struct Stderr;

static STDERR: Stderr = Stderr;

/// Logs from this level on. A second call changes the level.
pub(crate) fn start(level: LevelFilter) {
    // Only a second call fails, and then this logger is already in place.
    let _ = log::set_logger(&STDERR);
    log::set_max_level(level);
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Libraries tell every frame at debug and trace; their warnings are worth seeing.
        metadata.target().starts_with("oxprobe") || metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let line = format!("{} {:5} {}", clock::rfc3339(clock::now_ms()), record.level(), record.args());
            // A closed stderr must not end the server.
            let _ = writeln!(std::io::stderr().lock(), "{}", printable(&line));
        }
    }

    fn flush(&self) {}
}

/// The text with its control characters escaped.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_unicode());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(super::printable("a\u{1b}[1m\nb\u{e9}"), "a\\u{1b}[1m\\u{a}b\u{e9}");
    }
}
