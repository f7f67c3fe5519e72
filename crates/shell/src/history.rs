//! The lines typed so far, shared by all sessions of a shell.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

/// How many lines are kept.
const LINES: usize = 500;

/// Lines, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: Mutex<VecDeque<Arc<str>>>,
}

impl History {
    /// Adds a line. Blank lines and a repetition of the last line are left out.
    pub(crate) fn add(&self, line: &str) {
        let line = shown(line);
        if line.is_empty() {
            return;
        }
        let mut lines = self.lines.lock();
        if lines.back().is_some_and(|last| **last == *line) {
            return;
        }
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(line.into());
    }

    /// The lines at this moment.
    pub(crate) fn snapshot(&self) -> Vec<Arc<str>> {
        self.lines.lock().iter().cloned().collect()
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().iter().map(|line| line.to_string()).collect()
    }

    pub(crate) fn clear(&self) {
        self.lines.lock().clear();
    }
}

/// A line as others may see it: of `auth` only the word, since a password follows.
pub(crate) fn shown(line: &str) -> &str {
    let line = line.trim();
    match line.split([' ', '\t']).next() {
        Some("auth") => "auth",
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_kept() {
        let history = History::default();
        history.add("auth secret");
        history.add("  auth\tsecret");
        history.add("author x");
        assert_eq!(history.lines(), ["auth", "author x"]);
    }

    #[test]
    fn repetitions_and_blanks_are_left_out_and_old_lines_go() {
        let history = History::default();
        for line in ["a", "a", " ", "b", "a"] {
            history.add(line);
        }
        assert_eq!(history.lines(), ["a", "b", "a"]);
        (0..600).for_each(|n| history.add(&n.to_string()));
        assert_eq!(history.lines().len(), 500);
        assert_eq!(history.lines()[0], "100");
    }
}
