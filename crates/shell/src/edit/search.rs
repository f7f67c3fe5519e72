//! Searching the history while typing: the newest line that has the text, and older ones on demand.

use std::sync::Arc;

use crate::history::History;

/// A search that goes on.
#[derive(Debug)]
pub(super) struct Search {
    lines: Vec<Arc<str>>,
    /// The line shown; `lines.len()` before any.
    at: usize,
    text: String,
    /// No line has the text.
    failed: bool,
    /// What was typed before.
    pub(super) typed: String,
}

impl Search {
    pub(super) fn new(history: &History, typed: String) -> Self {
        let lines = history.snapshot();
        Self { at: lines.len(), lines, text: String::new(), failed: false, typed }
    }

    /// What stands before the line meanwhile.
    pub(super) fn prompt(&self) -> String {
        let failed = if self.failed { "failed " } else { "" };
        format!("({failed}reverse-i-search)`{}': ", self.text)
    }

    /// One more character to look for.
    pub(super) fn add(&mut self, c: char) -> Option<Arc<str>> {
        self.text.push(c);
        // The line shown may still do.
        self.find(self.at.saturating_add(1))
    }

    /// One character less.
    pub(super) fn remove(&mut self) -> Option<Arc<str>> {
        self.text.pop();
        self.find(self.lines.len())
    }

    /// An older line.
    pub(super) fn older(&mut self) -> Option<Arc<str>> {
        self.find(self.at)
    }

    /// The newest line before this one that has the text and is not the one shown.
    fn find(&mut self, before: usize) -> Option<Arc<str>> {
        if self.text.is_empty() {
            self.failed = false;
            return None;
        }
        let shown = self.lines.get(self.at).filter(|_| before <= self.at).cloned();
        let fits = |line: &Arc<str>| line.contains(&self.text) && Some(line) != shown.as_ref();
        let found = self.lines.iter().take(before).rposition(fits);
        self.failed = found.is_none();
        self.at = found?;
        self.lines.get(self.at).cloned()
    }
}
